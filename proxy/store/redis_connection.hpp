// The one connection of a worker to Redis, kept up for ever: connects, greets, serves operations over a
// redis_link, and after a loss begins again with backoff.
//
//     start() -> connecting -> serving -> (lost) -> pausing -> connecting -> ...  until stop()
//
// The rules for operations:
//   - connected: sent at the end of this event-loop turn, answered in order
//   - not connected: waits for the connection, unless the next attempt comes too late for its deadline
//   - connection lost: what never left is sent on the next one; what may be asked twice is, once and
//     within its deadline; all else fails
//   - deadline passed: fails; its late reply is thrown away. Where the server says nothing at all for
//     that long, the connection is given up.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/store/store_params.hpp>

#include "store/backoff.hpp"
#include "store/redis_dialer.hpp"
#include "store/redis_link.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vestibule::store {

/// What becomes of a connection, told as it happens.
class link_observer {
  public:
    virtual ~link_observer() = default;
    /// From now on operations leave over a new link that speaks `v`.
    virtual void connected(resp_version v) = 0;
    /// The link is gone, and with it all that its server knew of it.
    virtual void disconnected() = 0;
    /// RESP3: the server says something by itself.
    virtual void pushed(const reply& r) = 0;
};

class redis_connection : public std::enable_shared_from_this<redis_connection> {
  public:
    redis_connection(boost::asio::io_context& io, const store_params& params, metrics_registry& metrics);

    /// Before start(); `o` lives until stop().
    void observe(link_observer& o) noexcept { observer_ = &o; }
    void start();

    /// Fails what is pending and what comes after with store_unavailable. What the event loop still has
    /// of it ends with the loop's next turns, at most redis_dialer::connect_timeout later.
    void stop();

    /// co_await connection.execute(op) -> error_code: store_unavailable, store_timeout, store_refused (the
    /// server lets nobody in), store_protocol, store_overloaded. None: op.replies are there.
    auto execute(redis_operation& op) noexcept {
        struct awaiter {
            redis_connection& connection;
            redis_operation& op;
            bool await_ready() { return !connection.begin(op); }
            void await_suspend(std::coroutine_handle<> h) noexcept { op.waiter = h; }
            error_code await_resume() const noexcept { return op.ec; }
        };
        return awaiter{*this, op};
    }

    /// Whether a connection serves, or nothing is known to be wrong with the next one.
    bool reachable() const noexcept { return link_ != nullptr || reported_.empty(); }

    /// Whether a question can leave now.
    bool connected() const noexcept { return link_ != nullptr; }

    /// A reply was not one to its question: nothing that follows can be trusted.
    void distrust();

    static constexpr std::size_t max_unsent_bytes = 64 * 1024 * 1024;

  private:
    using failures = std::vector<std::pair<redis_operation*, error_code>>;

    bool begin(redis_operation& op);
    task<void> run();
    task<void> serve(redis_dialer::dialled d, failures& failed);
    void sort_orphans(redis_link& link, error_code why, failures& failed);
    void drop_hopeless(failures& failed);

    void watch(mono_time until);
    void sweep();
    void set_waiting(std::deque<redis_operation*> waiting);
    static void complete(const failures& failed);
    void report(error_code kind, std::string reason);
    void report_connected();

    boost::asio::io_context& io_;
    const store_params params_;
    link_observer* observer_ = nullptr;
    metric_cell& connected_;
    metric_cell& reconnects_;

    std::shared_ptr<redis_link> link_;       // while serving
    std::optional<mono_time> next_attempt_;  // while pausing
    std::deque<redis_operation*> waiting_;   // for a connection
    std::size_t waiting_bytes_ = 0;
    bool stopped_ = false;
    bool was_connected_ = false;

    backoff backoff_;
    redis_dialer dialer_;
    net::timer pause_;
    net::timer watchdog_;  // for the oldest deadline of all operations
    bool watching_ = false;

    error_code last_failure_;  // why there is no connection
    std::string reported_;     // the reason last logged; empty: connected
};

}  // namespace vestibule::store
