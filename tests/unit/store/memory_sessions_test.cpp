#include <vestibule/store/memory_store.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace vestibule::store {
namespace {

using namespace std::chrono_literals;
using session::write_outcome;

struct memory_sessions_test : testing::Test {
    metrics_registry metrics;
    manual_clock clock{unix_time(milliseconds(1'700'000'000'000))};

    std::int64_t metric(const std::string& name) const {
        for (const auto& family : metrics.collect())
            if (family.name == name) return family.samples.at(0).value;
        return -1;
    }
};

TEST_F(memory_sessions_test, drops_the_least_recently_used_where_it_is_full) {
    memory_sessions s(10'000, clock, metrics);
    const std::string value(1500, 'v');
    for (const char* sid : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(s.create(sid, value, 60s));
    ASSERT_EQ(s.size(), 5u);
    EXPECT_TRUE(s.load("a"));
    EXPECT_EQ(s.touch("b", 60s), write_outcome::done);
    ASSERT_TRUE(s.create("f", value, 60s));
    EXPECT_FALSE(s.load("c"));
    for (const char* sid : {"a", "b", "d", "e", "f"}) EXPECT_TRUE(s.load(sid)) << sid;
    EXPECT_EQ(metric("vestibule_store_evictions_total"), 1);
    EXPECT_LE(s.bytes(), 10'000u);
    EXPECT_EQ(metric("vestibule_store_memory_bytes"), static_cast<std::int64_t>(s.bytes()));
}

TEST_F(memory_sessions_test, drops_the_expired_before_the_living) {
    memory_sessions s(10'000, clock, metrics);
    const std::string value(1500, 'v');
    ASSERT_TRUE(s.create("old", value, std::nullopt));
    for (const char* sid : {"b", "c", "d", "e"}) ASSERT_TRUE(s.create(sid, value, 60s));
    clock.advance(61s);
    ASSERT_TRUE(s.create("f", std::string(7000, 'v'), 60s));
    EXPECT_TRUE(s.load("old"));
    EXPECT_EQ(metric("vestibule_store_evictions_total"), 0);
}

TEST_F(memory_sessions_test, gives_the_memory_of_the_expired_back) {
    memory_sessions s(1'000'000, clock, metrics);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(s.create(std::to_string(i), "v", 60s));
    ASSERT_EQ(s.size(), 100u);
    clock.advance(60s);
    for (int i = 0; i < 25; ++i) EXPECT_FALSE(s.load("other"));
    EXPECT_EQ(s.size(), 0u);
    EXPECT_EQ(s.bytes(), 0u);
}

TEST_F(memory_sessions_test, refuses_what_is_larger_than_itself_and_drops_nothing_for_it) {
    memory_sessions s(10'000, clock, metrics);
    ASSERT_TRUE(s.create("a", "v", 60s));
    ASSERT_TRUE(s.create("b", "v", 60s));
    EXPECT_EQ(s.create("c", std::string(10'000, 'v'), 60s).error(), errc::store_refused);
    EXPECT_EQ(s.compare_and_set("a", "v", std::string(10'000, 'v')).error(), errc::store_refused);
    EXPECT_EQ(s.load("a")->value, "v");
    EXPECT_TRUE(s.load("b"));
}

TEST_F(memory_sessions_test, grows_a_value_at_the_cost_of_others_only) {
    memory_sessions s(10'000, clock, metrics);
    for (const char* sid : {"a", "b", "c"}) ASSERT_TRUE(s.create(sid, std::string(2500, 'v'), 60s));
    EXPECT_EQ(s.compare_and_set("a", std::string(2500, 'v'), std::string(9000, 'w')).value(),
              write_outcome::done);
    EXPECT_EQ(s.load("a")->value.size(), 9000u);
    EXPECT_FALSE(s.load("b"));
    EXPECT_FALSE(s.load("c"));
    EXPECT_LE(s.bytes(), 10'000u);
}

TEST_F(memory_sessions_test, counts_every_byte_back) {
    memory_sessions s(100'000, clock, metrics, 0s);
    for (int round = 0; round < 50; ++round) {
        const std::string sid = std::to_string(round % 7);
        const std::string value(static_cast<std::size_t>(round) * 37, 'v');
        if (auto old = s.load(sid))
            ASSERT_EQ(s.compare_and_set(sid, old->value, value).value(), write_outcome::done);
        else
            ASSERT_EQ(s.create(sid, value, 60s).value(), write_outcome::done);
        s.touch(sid, seconds(round + 1));
        s.enlist(round % 3 == 0 ? "u1" : "another user", sid);
    }
    for (int i = 0; i < 7; ++i) EXPECT_TRUE(s.destroy(std::to_string(i)).existed);
    EXPECT_EQ(s.bytes(), 0u);
    EXPECT_EQ(s.size(), 0u);
}

// Worth running under TSan.
TEST_F(memory_sessions_test, concurrent_workers_lose_nothing) {
    memory_sessions s(64 * 1024, clock, metrics);  // small: evictions happen all the time
    ASSERT_TRUE(s.create("n", "0", std::nullopt));
    constexpr int workers = 4, rounds = 2000;
    std::atomic<int> lost{0};
    std::vector<std::thread> threads;
    for (int w = 0; w < workers; ++w)
        threads.emplace_back([&s, &lost, w] {
            for (int i = 0; i < rounds;) {
                const auto n = s.load("n");
                if (!n) {
                    ++lost;
                    return;
                }
                if (s.compare_and_set("n", n->value, std::to_string(std::stoi(n->value) + 1)).value() !=
                    write_outcome::done)
                    continue;
                ++i;
                const std::string own = std::to_string(w) + "/" + std::to_string(i % 50);
                (void)s.create(own, std::string(1000, 'x'), 60s);
                (void)s.touch(own, 30s);
                if (i % 3 == 0) s.destroy(own);
                (void)s.bytes();
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(s.load("n")->value, std::to_string(workers * rounds));
    EXPECT_LE(s.bytes(), 64u * 1024);
    EXPECT_GT(metric("vestibule_store_evictions_total"), 0);
}

}  // namespace
}  // namespace vestibule::store
