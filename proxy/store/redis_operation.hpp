// One question to Redis: one or more commands that are sent together and answered together. It lives in
// the frame of the coroutine that awaits it, so asking needs no memory of its own; that coroutine must
// not be destroyed before the answer, which comes within the deadline in every case.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>

#include "store/resp.hpp"

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace vestibule::store {

/// Deadlines of the store are shorter than a coarse clock is good for.
inline mono_time exact_now() noexcept {
    return std::chrono::steady_clock::now();
}

class redis_connection;

struct redis_operation {
    redis_operation(std::span<reply> answers, bool may_repeat, mono_time until) noexcept
        : replies(answers), repeatable(may_repeat), deadline(until) {}
    redis_operation(const redis_operation&) = delete;
    redis_operation& operator=(const redis_operation&) = delete;

    void complete(error_code with) {
        ec = with;
        std::exchange(waiter, {}).resume();
    }

    /// The last of the replies that is an error; null: there is none.
    const reply* refusal() const noexcept {
        const reply* last = nullptr;
        for (const reply& r : replies)
            if (r.is_error()) last = &r;
        return last;
    }

    std::string request;  // the commands, encoded; kept for sending it again
    std::span<reply> replies;
    bool repeatable;  // asking twice does no harm
    bool repeated = false;
    mono_time deadline;
    bool urgent = false;  // however slow the server is
    error_code ec;
    std::coroutine_handle<> waiter;

    // On a Cluster:
    std::uint16_t slot = 0;     // of all its keys
    int part = -1;              // not negative: for that one of the primaries, whatever the slot
    bool several_keys = false;  // where ASK is said of one alone, the others are not to be asked for there
    bool asking = false;        // each command behind an ASKING
    std::uint8_t redirects = 0;
    redis_connection* answered_by = nullptr;  // it went there last
};

/// co_await carried(by, op) -> error_code: store_unavailable, store_timeout, store_refused (the server lets
/// nobody in), store_protocol, store_overloaded. None: op.replies are there. `by`: a redis_connection, or a
/// redis_service.
template <class Carrier>
auto carried(Carrier& by, redis_operation& op) noexcept {
    struct awaiter {
        Carrier& by;
        redis_operation& op;
        bool await_ready() { return !by.begin(op); }
        void await_suspend(std::coroutine_handle<> h) noexcept { op.waiter = h; }
        error_code await_resume() const noexcept { return op.ec; }
    };
    return awaiter{by, op};
}

}  // namespace vestibule::store
