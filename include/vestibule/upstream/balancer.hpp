// All backends as one worker sees them: whose turn it is, connections to them, and the line of those who wait
// for one.
//
//     search s;
//     lease l = backends.at_hand(s);                    // nothing is waited for
//     if (!l) ... co_await backends.acquire(s) ...      // errors: connect_*, pending_*, client_closed
//     ... one exchange over *l; answered(l) or failed(s, l, why) ...
//     l.keep();                                         // only where the connection is idle and clean
//
// Where a backend cannot be connected to, the next one is tried, for any request: nothing was sent.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/upstream/health.hpp>
#include <vestibule/upstream/lease.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace vestibule::upstream {

/// How connections are made; tests hand in their own. `problem`: what the error does not say, for the log.
using connector = std::function<task<result<std::unique_ptr<net::byte_stream>>>(
    const endpoint_params& to, milliseconds timeout, std::string& problem)>;

/// Which of the workers this is: limits of the process are divided, and the first one runs the checks.
struct worker_share {
    unsigned index = 0, of = 1;
    /// What of a process's limit is this worker's: at least 1, or nothing of nothing.
    std::size_t part_of(std::size_t limit) const noexcept;
};

/// One per worker. Not thread-safe; what it knows of health is everybody's.
class balancer {
  public:
    /// `connect` unset: real connections.
    balancer(boost::asio::io_context& io, net::deadline_sweeper& sweeper, const upstream_params& params,
             health_board& board, metrics_registry& metrics, worker_share share = {}, connector connect = {});
    ~balancer();

    /// An idle connection to the backend whose turn it is; empty where it has none, or others wait.
    lease at_hand(search& s);

    /// A connection, fresh or come free, after at_hand() had none.
    task<result<lease>> acquire(search& s);

    /// It was stale: closes it, and lets the search find a fresh connection to the same backend, in its room.
    void replace(search& s, lease& l);

    /// The exchange over it has an answer, whatever its status.
    void answered(const lease& l) noexcept;
    /// It has none, by the backend's fault. The next search goes elsewhere, if it can.
    void failed(search& s, const lease& l, error_code why);
    /// Whether there is a backend that was not tried yet.
    bool has_other(const search& s) const noexcept;

    /// New parameters (on reload): backends that stay keep their connections.
    void reconfigure(const upstream_params& params);

    std::size_t idle() const noexcept;
    std::size_t waiting() const noexcept;

  private:
    void failed_at(search& s, const pool& at);

    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace vestibule::upstream
