// Requests that wait for a connection while every backend has as many as it may. First come, first served;
// who waits for too long, or for longer than overload allows, is refused.
#pragma once

#include "upstream/codel.hpp"

#include <vestibule/base/metrics.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/upstream/lease.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <boost/asio/io_context.hpp>

namespace vestibule::upstream {

/// One per worker. Not thread-safe. Whoever waits is resumed by the event loop, never within a call.
class waiting_line {
  public:
    waiting_line(boost::asio::io_context& io, net::deadline_sweeper& sweeper, metrics_registry& metrics);

    /// `share`: how many may wait here.
    void configure(const load_params& p, std::size_t share);

    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

    /// Waits until served or refused. Errors: pending_full, pending_timeout, pending_shed, client_closed.
    /// What was granted stands in the search.
    auto wait(search& s) {
        struct awaiter {
            waiting_line& line;
            search& s;
            bool await_ready() { return !line.enter(s); }
            void await_suspend(std::coroutine_handle<> h) noexcept { s.waiter_ = h; }
            error_code await_resume() const noexcept { return s.refused_; }
        };
        return awaiter{*this, s};
    }

    /// Who is to be served next; null where nobody is. Refuses those that overload makes wait too long.
    search* next_to_serve();

    /// Takes it out of the line; it goes on with what it was granted, or not.
    void serve(search& s) { leave(s, {}); }
    void refuse(search& s, errc why);

  private:
    bool enter(search& s);
    void leave(search& s, error_code refused);
    void expire();
    void arm();

    boost::asio::io_context& io_;
    net::deadline limit_;
    milliseconds wait_{0};
    std::size_t share_ = 0;
    codel overload_{{}};
    search* first_ = nullptr;
    search* last_ = nullptr;
    std::size_t size_ = 0;
    metric_cell& waiting_;
    metric_cell &full_, &late_, &shed_;
};

}  // namespace vestibule::upstream
