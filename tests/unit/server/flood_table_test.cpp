// Flood limits as a table of events: who, when, what came of it. The clock stands still but for the rows.
#include "server/flood_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vestibule::server {
namespace {

constexpr mono_time start{std::chrono::hours(1)};

http::ip_address ip(std::string_view text) {
    return http::ip_address::parse(text).value();
}

flood_params three() {
    return {.new_sessions = 3, .failed_cookies = 3, .window = milliseconds(10'000), .max_addresses = 64};
}

std::string shown(const flood_table::verdict& v) {
    if (!v.over) return "within";
    return std::string(v.now ? "passed " : "over ") + std::to_string(v.left.count());
}

TEST(flood_table, sessions) {
    flood_table t(three(), 1);
    const struct {
        int ms;
        const char *client, *expected;
    } events[] = {
        {0, "192.0.2.1", "within"},
        {1000, "192.0.2.1", "within"},
        {1000, "192.0.2.2", "within"},
        {2000, "192.0.2.1", "within"},
        {3000, "192.0.2.1", "passed 7000"},
        {4000, "192.0.2.1", "over 6000"},
        {4000, "192.0.2.2", "within"},
        {9999, "192.0.2.1", "over 1"},
        {10000, "192.0.2.1", "within"},  // a window of its own
        {10000, "192.0.2.1", "within"},
        {10001, "192.0.2.1", "within"},
        {10001, "192.0.2.1", "passed 9999"},
        // An IPv4 address is the same where it comes mapped; one /64 is one client.
        {10001, "::ffff:192.0.2.1", "over 9999"},
        {11000, "2001:db8:0:1::1", "within"},
        {11000, "2001:db8:0:1::2", "within"},
        {11000, "2001:db8:0:1:ffff::", "within"},
        {11000, "2001:db8:0:1::3", "passed 10000"},
        {11000, "2001:db8:0:2::3", "within"},
    };
    for (const auto& [ms, client, expected] : events)
        EXPECT_EQ(shown(t.count_session(ip(client), start + milliseconds(ms))), expected)
            << client << " at " << ms;
}

TEST(flood_table, failures) {
    flood_table t(three(), 1);
    const struct {
        int ms;
        std::uint32_t count, fingerprint;
        const char* expected;
    } events[] = {
        {0, 1, 7, "within"},
        {0, 1, 7, "within"},  // a browser that keeps its dead cookie
        {0, 1, 7, "within"},
        {0, 1, 7, "within"},
        {0, 1, 8, "within"},
        {50, 1, 7, "within"},  // and another one behind the same address, in turn
        {60, 1, 8, "within"},
        {70, 1, 7, "within"},
        {100, 1, 9, "within"},
        {200, 1, 10, "passed 9800"},
        {300, 1, 10, "over 9700"},
        {300, 1, 11, "over 9700"},
        {10'000, 64, 12, "passed 10000"},  // many in one request
        {20'000, 3, 0, "within"},          // whatever the fingerprint is
        {20'000, 4'294'967'295u, 1, "passed 10000"},
        {20'000, 4'294'967'295u, 2, "over 10000"},
    };
    for (const auto& [ms, count, fingerprint, expected] : events)
        EXPECT_EQ(shown(t.count_failures(ip("192.0.2.1"), count, fingerprint, start + milliseconds(ms))),
                  expected)
            << "at " << ms;
}

TEST(flood_table, kinds_are_counted_apart_and_may_be_off) {
    flood_table t(three(), 1);
    for (std::uint32_t i = 0; i < 9; ++i) t.count_failures(ip("192.0.2.1"), 1, i, start);
    EXPECT_FALSE(t.count_session(ip("192.0.2.1"), start).over);

    flood_table sessions_only({.new_sessions = 1}, 1);
    flood_table failures_only({.failed_cookies = 1}, 1);
    for (std::uint32_t i = 0; i < 9; ++i) {
        EXPECT_FALSE(sessions_only.count_failures(ip("192.0.2.1"), 1, i, start).over);
        EXPECT_FALSE(failures_only.count_session(ip("192.0.2.1"), start).over);
    }
    EXPECT_TRUE(flood_params{.new_sessions = 1}.on() && flood_params{.failed_cookies = 1}.on());
    EXPECT_FALSE(flood_params{}.on());
}

TEST(flood_table, when_full_forgets_who_began_first) {
    flood_params p = three();
    p.max_addresses = 8;  // one set
    flood_table t(p, 1);
    EXPECT_EQ(t.capacity(), 8u);
    for (int i = 0; i < 8; ++i)
        for (int n = 0; n < 4; ++n)
            t.count_session(ip("192.0.2." + std::to_string(i)), start + milliseconds(i));
    EXPECT_FALSE(t.count_session(ip("198.51.100.1"), start + milliseconds(9)).over);
    EXPECT_TRUE(t.count_session(ip("192.0.2.1"), start + milliseconds(9)).over);
    EXPECT_TRUE(t.count_session(ip("192.0.2.7"), start + milliseconds(9)).over);
    EXPECT_FALSE(t.count_session(ip("192.0.2.0"), start + milliseconds(9)).over) << "the first was forgotten";
}

TEST(flood_table, memory_is_what_was_configured) {
    flood_params p = three();
    for (const std::size_t most : {1u, 8u, 63u, 64u, 1000u, 65'536u}) {
        p.max_addresses = most;
        flood_table t(p, 1);
        EXPECT_EQ(t.capacity(), std::max<std::size_t>(8, most / 8 * 8));
    }
    // A flood of addresses is forgotten again, and never refused what is within the limit.
    flood_table t(p, 42);
    for (unsigned i = 0; i < 300'000; ++i) {
        const auto a = ip("10." + std::to_string(i >> 16) + "." + std::to_string((i >> 8) & 255) + "." +
                          std::to_string(i & 255));
        ASSERT_FALSE(t.count_session(a, start).over);
    }
}

TEST(flood_table, threads_count_together) {
    flood_params p = three();
    p.new_sessions = 3000;
    flood_table t(p, 1);
    std::atomic<int> within{0};
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n)
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) within += !t.count_session(ip("192.0.2.1"), start).over;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(within, 3000);
}

}  // namespace
}  // namespace vestibule::server
