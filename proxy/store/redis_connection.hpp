// The one connection of a worker to a Redis, kept up for ever: connects, greets, serves operations over a
// redis_link, and after a loss begins again with backoff.
//
//     start() -> connecting -> serving -> (lost) -> pausing -> connecting -> ...  until stop()
//
// The rules for operations:
//   - connected: sent at the end of this event-loop turn, answered in order
//   - not connected: waits for the connection, unless the next attempt comes too late for its deadline
//   - broken (three attempts in a row have failed, or somebody has waited in vain): what comes now fails at
//     once, until an attempt succeeds. The attempts go on by themselves, so no request has to try.
//   - connection lost: what never left is sent on the next one; what may be asked twice is, once and
//     within its deadline; all else fails
//   - refused since this is no primary any more: the connection is given up, and what was refused is sent
//     on the next one, within its deadline
//   - deadline passed: fails; its late reply is thrown away. Where the server says nothing at all for
//     that long, the connection is given up. Where it does, but not fast enough, as many operations are
//     let in as it has lately answered within one timeout, then slowly more; all else fails at once.
#pragma once

#include <vestibule/store/store_params.hpp>

#include "store/backoff.hpp"
#include "store/dialer.hpp"
#include "store/link_metrics.hpp"
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
    /// From now on operations leave over a new link to `at` that speaks `v`.
    virtual void connected(resp_version v, const net::endpoint& at) = 0;
    /// The link is gone, and with it all that its server knew of it.
    virtual void disconnected() = 0;
    /// RESP3: the server says something by itself.
    virtual void pushed(const reply& r) = 0;
};

/// Who knows where else an operation may be answered.
class referee {
  public:
    virtual ~referee() = default;
    /// `op` was refused. True: it has been sent elsewhere, or completed.
    virtual bool redirected(redis_operation& op, const reply& refusal) = 0;
    /// Something is wrong with a connection.
    virtual void in_trouble() = 0;
};

class redis_connection : public std::enable_shared_from_this<redis_connection> {
  public:
    redis_connection(boost::asio::io_context& io, const store_params& params, std::unique_ptr<dialer> d,
                     link_metrics metrics);

    /// Before start(); both live until stop().
    void observe(link_observer& o) noexcept { observer_ = &o; }
    void ask_for_redirects(referee& r) noexcept { referee_ = &r; }
    void start();

    /// Fails what is pending and what comes after with store_unavailable. What the event loop still has
    /// of it ends with the loop's next turns, at most dialer::connect_timeout later.
    void stop();

    /// Whether a connection serves, or nothing is known to be wrong with the next one.
    bool reachable() const noexcept { return link_ != nullptr || reported_.empty(); }

    /// Why there is no connection, for people; empty: there is, or it is the first attempt.
    const std::string& problem() const noexcept { return reported_; }

    /// Whether operations fail without being waited for.
    bool broken() const noexcept { return broken_; }

    /// Operations sent or waiting.
    std::size_t pending() const noexcept { return waiting_.size() + (link_ ? link_->in_flight() : 0); }

    /// Where the link leads; null: there is none.
    const net::endpoint* at() const noexcept { return link_ ? &at_ : nullptr; }

    /// False: it failed at once, and op.ec says how; else it will be completed.
    bool begin(redis_operation& op);

    /// Not here any more: connects again at once.
    void leave(std::string why);

    /// Whether a question can leave now.
    bool connected() const noexcept { return link_ != nullptr; }

    /// A reply was not one to its question: nothing that follows can be trusted.
    void distrust();

    static constexpr std::size_t max_unsent_bytes = 64 * 1024 * 1024;

  private:
    using failures = std::vector<std::pair<redis_operation*, error_code>>;

    task<void> run();
    task<void> serve(dialer::dialled d, failures& failed);
    bool take_answer(redis_operation& op);
    bool send_again(redis_operation& op);
    void show_broken(bool now);
    void limit(std::size_t expired);
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
    referee* referee_ = nullptr;
    link_metrics metrics_;

    std::shared_ptr<redis_link> link_;       // while serving
    std::optional<mono_time> next_attempt_;  // while pausing
    std::deque<redis_operation*> waiting_;   // for a connection
    std::size_t waiting_bytes_ = 0;
    bool stopped_ = false;
    bool was_connected_ = false;

    bool broken_ = false;
    unsigned failed_attempts_ = 0;  // in a row
    net::endpoint at_;
    mono_time connected_at_{};

    std::size_t limit_;               // operations let in
    unsigned answered_at_limit_ = 0;  // since it was raised last
    mono_time counted_since_{};
    std::optional<double> per_timeout_;  // answers, in the count before this one
    bool limited_ = false;               // since the count began
    std::uint64_t counted_from_ = 0;     // link_->answered() then

    backoff backoff_;
    std::unique_ptr<dialer> dialer_;
    net::timer pause_;
    net::timer watchdog_;  // for the oldest deadline of all operations
    bool watching_ = false;

    error_code last_failure_;  // why there is no connection
    std::string reported_;     // the reason last logged; empty: connected
    std::string leaving_;      // why the link was given up, where it was
};

}  // namespace vestibule::store
