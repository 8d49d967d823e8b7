// Connections to the backend: fresh ones, and idle ones kept for reuse (most recently used first).
//
//     auto lease = co_await pool.acquire(reuse::allowed);  // errors: connect_failed, connect_timeout
//     ... one exchange over lease.stream ...
//     pool.give_back(std::move(lease));                    // only when it is idle and clean
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/net/connect.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace vestibule::upstream {

/// A connection for one exchange. Reused ones may turn out to be stale.
struct lease {
    std::unique_ptr<net::byte_stream> stream;
    bool reused = false;
    unsigned generation = 0;  // of the pool's configuration; an older one is not taken back
};

enum class reuse {
    allowed,   // an idle connection of which nothing was heard: the request can be repeated
    verified,  // an idle connection is looked at first (one system call): the request cannot be repeated
    never,     // a fresh one: the retry after a stale one
};

/// How connections are made; tests hand in their own.
using connector = std::function<task<result<std::unique_ptr<net::byte_stream>>>()>;

/// One per worker, for one backend. Not thread-safe.
class pool {
  public:
    /// `connect` unset: connections to params.backend.
    pool(boost::asio::io_context& io, net::deadline_sweeper& sweeper, const upstream_params& params,
         metrics_registry& metrics, connector connect = {});
    ~pool();

    task<result<lease>> acquire(reuse r);
    void give_back(lease l);

    /// New parameters (on reload): connections to another backend are not used again.
    void reconfigure(const upstream_params& params);

    std::size_t idle() const noexcept { return idle_.size(); }

  private:
    struct idle_connection {
        std::unique_ptr<net::byte_stream> stream;
        mono_time until;
    };
    void arm();
    void expire();

    upstream_params params_;
    connector connect_;
    std::vector<idle_connection> idle_;  // oldest first
    net::deadline sweep_;
    unsigned generation_ = 0;
    metric_cell& connects_;
    metric_cell& connect_failures_;
    metric_cell& idle_gauge_;
};

}  // namespace vestibule::upstream
