// task<T>: a lazy coroutine that resumes whoever awaits it. No executor and no thread of its own: it
// runs where its last awaited operation completes, which here is always one worker's thread.
//
//     task<int> answer();            // nothing runs yet
//     int n = co_await answer();     // runs it; rethrows what it throws
//     detach(serve(), on_error);     // runs it on its own; frees itself when done
//
// Frames come from a per-thread pool (frame_pool), so that the steady path does not allocate.
// Chosen over asio::awaitable because the session room knows no Asio, and because it is leaner: see
// tests/bench/README.md.
#pragma once

#include <vestibule/base/frame_pool.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace vestibule {

template <class T = void>
class task;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr error;

    static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
    static void operator delete(void* p, std::size_t size) noexcept { frame_pool::deallocate(p, size); }

    std::suspend_always initial_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }

    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) noexcept {
            return h.promise().continuation;
        }
        void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
};

template <class T>
struct promise final : promise_base {
    std::optional<T> value;
    task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& v) {
        value.emplace(std::forward<U>(v));
    }
    T take() {
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
};

template <>
struct promise<void> final : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void take() {
        if (error) std::rethrow_exception(error);
    }
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
  public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    explicit task(handle h) noexcept : h_(h) {}
    task(task&& other) noexcept : h_(std::exchange(other.h_, {})) {}
    task& operator=(task&& other) noexcept {
        std::swap(h_, other.h_);
        return *this;
    }
    ~task() {
        if (h_) h_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        h_.promise().continuation = caller;
        return h_;
    }
    T await_resume() { return h_.promise().take(); }

  private:
    handle h_;
};

template <class T>
task<T> detail::promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}
inline task<void> detail::promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

namespace detail {

// The coroutine type behind detach(): starts at once and frees itself at the end.
struct detached {
    struct promise_type {
        static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
        static void operator delete(void* p, std::size_t size) noexcept { frame_pool::deallocate(p, size); }
        detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }  // on_error itself threw
    };
};

template <class OnError>
detached run_detached(task<void> t, OnError on_error) {
    try {
        co_await std::move(t);  // NOLINT(bugprone-use-after-move): once
    } catch (...) {
        on_error(std::current_exception());
    }
}

}  // namespace detail

/// Runs `t` up to its first suspension now and the rest as its operations complete. `on_error` gets
/// what it throws; an exception out of `on_error` ends the program.
template <class OnError>
void detach(task<void> t, OnError on_error) {
    detail::run_detached(std::move(t), std::move(on_error));
}

/// The same of a task that fails of nothing but want of memory: that ends the program.
inline void detach(task<void> t) {
    detach(std::move(t), [](const std::exception_ptr& e) { std::rethrow_exception(e); });
}

}  // namespace vestibule
