// A Redis store under test on an io_context of its own.
#pragma once

#include <vestibule/store/redis_store.hpp>

#include "fake_redis.hpp"
#include "run_task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace vestibule::test {

using namespace std::chrono_literals;
using session::session_ptr;
using session::session_store;
using session::write_outcome;

class redis_rig : public testing::Test {
  protected:
    ~redis_rig() override {
        store.reset();
        fake.reset();
        io.restart();
        EXPECT_LT(elapsed([&] { io.run(); }), 1500ms) << "destroying the store leaves work behind";
        EXPECT_EQ(metric("vestibule_store_connected"), 0);
    }

    // Without near cache and tombstones, unless the test has said what it wants.
    void start(const std::string& url, milliseconds timeout = 5s) {
        std::string problem;
        params.url = store::parse_store_url(url, problem).value();
        params.timeout = timeout;
        store = store::make_redis_store(io, params, metrics);
    }

    // A store in front of the fake.
    void start(milliseconds timeout = 5s) {
        fake = std::make_unique<fake_redis>(io);
        start("redis://127.0.0.1:" + std::to_string(fake->port()), timeout);
    }

    template <class T>
    T wait(task<T> t) {
        return run(io, std::move(t));
    }

    template <class F>
    static milliseconds elapsed(F f) {
        const auto begin = std::chrono::steady_clock::now();
        f();
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    }

    // The sum over all samples of a family that have this label value.
    std::int64_t metric(const std::string& name, const std::string& label = "") const {
        std::int64_t sum = 0;
        for (const auto& family : metrics.collect()) {
            if (family.name != name) continue;
            for (const auto& sample : family.samples) {
                bool wanted = label.empty();
                for (const auto& l : sample.labels) wanted = wanted || l.second == label;
                if (!wanted) continue;
                sum += sample.value;
                for (const auto n : sample.buckets) sum += static_cast<std::int64_t>(n);
            }
        }
        return sum;
    }

    boost::asio::io_context io;
    metrics_registry metrics;
    store::store_params params{.near_cache = {.enabled = false}, .tombstone = std::chrono::seconds(0)};
    std::unique_ptr<fake_redis> fake;
    std::unique_ptr<session_store> store;
};

}  // namespace vestibule::test
