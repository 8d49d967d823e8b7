// Running coroutines to completion in a test.
//
//     int n = run(io, answer());        // drives the io_context until it is done
//     run_all(io, std::move(tasks));    // all at once
#pragma once

#include <vestibule/base/task.hpp>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace vestibule::test {

template <class T>
task<void> keep_result(task<T> t, std::optional<T>& out) {
    out.emplace(co_await std::move(t));
}

inline task<void> count_down(task<void> t, std::size_t& left) {
    co_await std::move(t);
    --left;
}

inline void fail_on(std::exception_ptr e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        ADD_FAILURE() << "a task threw: " << x.what();
    }
}

/// Runs all tasks concurrently on `io`; throws where they are not done after `limit`.
inline void run_all(boost::asio::io_context& io, std::vector<task<void>> tasks,
                    std::chrono::seconds limit = std::chrono::seconds(30)) {
    std::size_t left = tasks.size();
    for (auto& t : tasks) detach(count_down(std::move(t), left), fail_on);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (left > 0) {
        io.restart();
        io.run_one_until(deadline);
        if (left > 0 && std::chrono::steady_clock::now() >= deadline)
            throw std::runtime_error("tasks do not end");
    }
}

inline void run(boost::asio::io_context& io, task<void> t) {
    std::vector<task<void>> tasks;
    tasks.push_back(std::move(t));
    run_all(io, std::move(tasks));
}

template <class T>
T run(boost::asio::io_context& io, task<T> t) {
    std::optional<T> out;
    run(io, keep_result(std::move(t), out));
    return std::move(*out);
}

/// Lets `io` work for a while.
inline void run_for(boost::asio::io_context& io, std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
}

}  // namespace vestibule::test
