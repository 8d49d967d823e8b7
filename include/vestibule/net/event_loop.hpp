// Small awaitable pieces of an event loop: sleeping, and a queue of coroutines that wait for a signal.
#pragma once

#include <vestibule/base/task.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <coroutine>
#include <utility>

namespace vestibule::net {

using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>,
                                                boost::asio::io_context::executor_type>;

/// Waits until the timer expires or is cancelled. False: cancelled.
///     t.expires_after(100ms);  if (!co_await net::wait(t)) co_return;
inline auto wait(timer& t) {
    struct awaiter {
        timer& t;
        bool expired = false;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            t.async_wait([this, h](const boost::system::error_code& ec) {
                expired = !ec;
                h.resume();
            });
        }
        bool await_resume() const noexcept { return expired; }
    };
    return awaiter{t};
}

/// Goes on when everything that is ready now has been handled.
inline auto others_first(boost::asio::io_context& io) {
    struct awaiter {
        boost::asio::io_context& io;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            boost::asio::post(io, [h] { h.resume(); });
        }
        void await_resume() const noexcept {}
    };
    return awaiter{io};
}

/// One coroutine waits, somebody sets: an edge that is remembered. Single-threaded.
class signal {
  public:
    /// Wakes the waiter, or lets the next wait pass at once.
    void set() {
        if (auto h = std::exchange(waiter_, {}))
            h.resume();
        else
            set_ = true;
    }
    bool waiting() const noexcept { return static_cast<bool>(waiter_); }

    bool await_ready() noexcept { return std::exchange(set_, false); }
    void await_suspend(std::coroutine_handle<> h) noexcept { waiter_ = h; }
    void await_resume() const noexcept {}

  private:
    std::coroutine_handle<> waiter_;
    bool set_ = false;
};

}  // namespace vestibule::net
