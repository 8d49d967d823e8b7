// One question to Redis: one or more commands that are sent together and answered together. It lives in
// the frame of the coroutine that awaits it, so asking needs no memory of its own; that coroutine must
// not be destroyed before the answer, which comes within the deadline in every case.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>

#include "store/resp.hpp"

#include <chrono>
#include <coroutine>
#include <span>
#include <string>
#include <utility>

namespace vestibule::store {

/// Deadlines of the store are shorter than a coarse clock is good for.
inline mono_time exact_now() noexcept {
    return std::chrono::steady_clock::now();
}

struct redis_operation {
    redis_operation(std::span<reply> answers, bool may_repeat, mono_time until) noexcept
        : replies(answers), repeatable(may_repeat), deadline(until) {}
    redis_operation(const redis_operation&) = delete;
    redis_operation& operator=(const redis_operation&) = delete;

    void complete(error_code with) {
        ec = with;
        std::exchange(waiter, {}).resume();
    }

    std::string request;  // the commands, encoded; kept for sending it again
    std::span<reply> replies;
    bool repeatable;  // asking twice does no harm
    bool repeated = false;
    mono_time deadline;
    error_code ec;
    std::coroutine_handle<> waiter;
};

}  // namespace vestibule::store
