#include <vestibule/base/task.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace vestibule {
namespace {

// Suspends until somebody resumes it.
struct gate {
    std::coroutine_handle<> waiter;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) noexcept { waiter = h; }
    void await_resume() const noexcept {}
};

task<int> answer() {
    co_return 42;
}
task<std::string> wait_and_say(gate& g, std::string text) {
    co_await g;
    co_return text;
}
task<int> fails() {
    throw std::runtime_error("no");
    co_return 0;
}

void no_error(std::exception_ptr e) {
    EXPECT_EQ(e, nullptr);
}

TEST(task, is_lazy_and_returns_its_value) {
    int got = 0;
    bool started = false;
    const auto outer = [](int& out, bool& flag) -> task<void> {
        flag = true;
        out = co_await answer();
    };
    task<void> t = outer(got, started);
    EXPECT_FALSE(started);
    detach(std::move(t), no_error);
    EXPECT_EQ(got, 42);
}

TEST(task, resumes_its_awaiter_when_its_operation_completes) {
    gate g;
    std::string got;
    const auto outer = [](gate& where, std::string& out) -> task<void> {
        out = co_await wait_and_say(where, "hello");
    };
    detach(outer(g, got), no_error);
    EXPECT_EQ(got, "");
    g.waiter.resume();
    EXPECT_EQ(got, "hello");
}

TEST(task, rethrows_where_it_is_awaited) {
    std::string caught;
    const auto outer = [](std::string& out) -> task<void> {
        try {
            co_await fails();
        } catch (const std::runtime_error& e) {
            out = e.what();
        }
    };
    detach(outer(caught), no_error);
    EXPECT_EQ(caught, "no");
}

TEST(task, detach_hands_an_exception_to_on_error) {
    std::string caught;
    const auto outer = []() -> task<void> { co_await fails(); };
    detach(outer(), [&](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& x) {
            caught = x.what();
        }
    });
    EXPECT_EQ(caught, "no");
}

TEST(task, a_task_never_awaited_frees_its_frame) {
    task<int> t = answer();
    static_cast<void>(t);
}

TEST(task, frames_are_reused) {
    // The pool hands the same block out again: the steady path does not allocate.
    void* a = frame_pool::allocate(300);
    frame_pool::deallocate(a, 300);
    void* b = frame_pool::allocate(290);
#if !defined(__SANITIZE_ADDRESS__)
    EXPECT_EQ(a, b);
#endif
    frame_pool::deallocate(b, 290);
    void* large = frame_pool::allocate(100'000);
    frame_pool::deallocate(large, 100'000);
}

}  // namespace
}  // namespace vestibule
