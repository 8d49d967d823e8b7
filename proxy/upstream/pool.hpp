// One worker's connections to one backend: idle ones kept for reuse (most recently used first), and fresh
// ones, up to a limit.
#pragma once

#include "upstream/waiting_line.hpp"

#include <vestibule/base/metrics.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/upstream/balancer.hpp>
#include <vestibule/upstream/health.hpp>
#include <vestibule/upstream/lease.hpp>
#include <vestibule/upstream/open.hpp>

#include <array>
#include <memory>
#include <vector>

namespace vestibule::upstream {

/// What one worker counts of one backend.
struct backend_cells {
    backend_cells(metrics_registry& r, const std::string& url);
    void count_failure(error_code ec) noexcept;

    metric_cell& requests;
    metric_cell& connects;
    metric_cell& connect_failures;
    metric_cell& idle;
    metric_cell& active;
    std::array<metric_cell*, 5> failures;
};

/// Who has requests that wait for a connection.
class pool_owner {
  public:
    /// While somebody waits, a connection of `from` is not used any more; `clean`: it may be again, null: it
    /// was closed. True: it, or the room for another, is taken and stays counted.
    virtual bool take_over(pool& from, std::unique_ptr<net::byte_stream>& clean) = 0;

  protected:
    ~pool_owner() = default;
};

class pool {
  public:
    pool(pool_owner& owner, const waiting_line& line, net::deadline_sweeper& sweeper, endpoint_params where,
         backend_cells& cells, std::shared_ptr<backend_health> health, connector connect);

    /// `limit`: of connections, idle ones included; 0: none.
    void configure(unsigned weight, std::size_t limit, milliseconds connect_timeout,
                   milliseconds idle_timeout);
    /// No new requests; connections are closed as they are not used any more.
    void retire();

    const endpoint_params& where() const noexcept { return where_; }
    backend_health& health() const noexcept { return *health_; }
    backend_cells& cells() const noexcept { return cells_; }
    std::uint32_t weight() const noexcept { return where_.weight; }
    std::uint32_t active() const noexcept { return active_; }
    std::size_t idle() const noexcept { return idle_.size(); }
    bool unused() const noexcept { return open_ == 0; }
    /// Whether a request would have to wait.
    bool full() const noexcept { return limit_ != 0 && open_ >= limit_ && idle_.empty(); }

    /// An idle connection, or an empty lease.
    lease take(reuse r);

    /// A fresh connection; its room is counted from count_in() on, until the lease ends or this fails.
    void count_in();
    task<result<lease>> open();

    /// Closes the connection of a lease, which ends; its room stays counted.
    void close_only(lease& l);

    std::size_t position = 0;  // among all; the owner's

  private:
    friend class lease;
    struct idle_connection {
        std::unique_ptr<net::byte_stream> stream;
        mono_time until;
    };
    void begin_use() noexcept;
    void end_use(std::unique_ptr<net::byte_stream> stream, bool clean);
    void put_idle(std::unique_ptr<net::byte_stream> stream);
    void free_room();
    void tell(const std::string& problem);
    void arm();
    void expire();

    pool_owner& owner_;
    const waiting_line& line_;
    endpoint_params where_;
    backend_cells& cells_;
    std::shared_ptr<backend_health> health_;
    const std::shared_ptr<net::tls_client_context> tls_;  // held for connect_
    connector connect_;
    std::vector<idle_connection> idle_;  // oldest first
    net::deadline sweep_;
    milliseconds connect_timeout_{0}, idle_timeout_{0};
    std::size_t limit_ = 0;
    std::size_t open_ = 0;  // idle, leased, and being connected
    std::uint32_t active_ = 0;
    bool retired_ = false;
    std::string told_;  // why the last one could not be opened
};

}  // namespace vestibule::upstream
