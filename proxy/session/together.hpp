// Several tasks at once, for a store far away: their questions leave together.
#pragma once

#include <vestibule/base/task.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace vestibule::session {
namespace detail {

// Lives in the frame of together(), which may be gone once down() has resumed it.
struct countdown {
    std::size_t left;
    std::coroutine_handle<> waiter{};
    std::exception_ptr error{};

    void down() {
        if (--left == 0 && waiter) waiter.resume();
    }
    bool await_ready() const noexcept { return left == 0; }
    void await_suspend(std::coroutine_handle<> h) noexcept { waiter = h; }
    void await_resume() const {
        if (error) std::rethrow_exception(error);
    }
};

inline task<void> counted(task<void> t, countdown& c) {
    try {
        co_await std::move(t);
    } catch (...) {
        c.error = std::current_exception();
    }
    c.down();
}

}  // namespace detail

/// Runs them all and waits for the last of them. Throws what one of them threw, once all have ended.
inline task<void> together(std::vector<task<void>> tasks) {
    detail::countdown c{tasks.size()};
    for (task<void>& t : tasks) detach(detail::counted(std::move(t), c), [](const std::exception_ptr&) {});
    co_await c;
}

}  // namespace vestibule::session
