// What greedy and slow clients are measured by: connections of an address, who goes first, how long one is
// waited for.
#include "server/address_counts.hpp"
#include "server/idle_list.hpp"
#include "server/patience.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace vestibule::server {
namespace {

http::ip_address ip(std::string_view text) {
    return http::ip_address::parse(text).value();
}

TEST(address_counts, up_to_the_limit) {
    address_counts counts;
    EXPECT_TRUE(counts.add(ip("192.0.2.1"), 2));
    EXPECT_TRUE(counts.add(ip("::ffff:192.0.2.1"), 2)) << "the same address";
    EXPECT_FALSE(counts.add(ip("192.0.2.1"), 2));
    EXPECT_TRUE(counts.add(ip("192.0.2.2"), 2));
    counts.remove(ip("192.0.2.1"));
    EXPECT_TRUE(counts.add(ip("192.0.2.1"), 2));
    EXPECT_TRUE(counts.add(ip("2001:db8:0:1::1"), 2));
    EXPECT_TRUE(counts.add(ip("2001:db8:0:1:ffff::"), 2));
    EXPECT_FALSE(counts.add(ip("2001:db8:0:1::2"), 2)) << "one /64 is one client";
    EXPECT_TRUE(counts.add(ip("2001:db8:0:2::1"), 2));
    EXPECT_EQ(counts.size(), 4u);
    EXPECT_TRUE(counts.add(ip("192.0.2.1"), 3)) << "a limit that was raised";
}

TEST(address_counts, forgets_who_has_none) {
    address_counts counts;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 250; ++i) EXPECT_TRUE(counts.add(ip("10.0.0." + std::to_string(i)), 1));
        EXPECT_EQ(counts.size(), 250u);
        for (int i = 0; i < 250; ++i) counts.remove(ip("10.0.0." + std::to_string(i)));
        EXPECT_EQ(counts.size(), 0u);
    }
    counts.remove(ip("10.0.0.1"));
    EXPECT_EQ(counts.size(), 0u);
}

TEST(address_counts, from_many_threads) {
    address_counts counts;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&counts] {
            for (int i = 0; i < 2000; ++i) {
                const auto a = ip("10.0.0." + std::to_string(i % 50));
                if (counts.add(a, 2)) counts.remove(a);
            }
        });
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(counts.size(), 0u);
}

TEST(idle_list, longest_first) {
    idle_list list;
    EXPECT_EQ(list.longest(), nullptr);
    std::optional<idle_link> a(std::in_place), b(std::in_place), c(std::in_place);
    list.append(*a);
    list.append(*b);
    list.append(*c);
    EXPECT_EQ(list.longest(), &*a);
    list.append(*a);
    EXPECT_EQ(list.longest(), &*b) << "a begins anew";
    b->unlink();
    b->unlink();
    EXPECT_EQ(list.longest(), &*c);
    c.reset();
    EXPECT_EQ(list.longest(), &*a);
    a.reset();
    EXPECT_EQ(list.longest(), nullptr);
}

TEST(patience, only_the_average_counts) {
    using ms = milliseconds;
    patience p(ms(30'000), 100);
    EXPECT_EQ(p.left(), ms(30'000));
    p.waited(ms(0), 1000);
    EXPECT_EQ(p.left(), ms(30'000)) << "what came without waiting earns no more at a time";
    p.waited(ms(30'000), 0);
    EXPECT_EQ(p.left(), ms(10'000)) << "but in all";
    p.waited(ms(9'990), 1);
    EXPECT_EQ(p.left(), ms(20));
    p.waited(ms(20'000), 1);
    EXPECT_EQ(p.left(), ms(1)) << "a byte now and then is too slow";
    p.waited(ms(0), 2'000);
    EXPECT_EQ(p.left(), ms(30)) << "30.02 s earned and 30 s, of which 59.99 s are used up";
}

TEST(patience, without_a_rate_or_an_end) {
    using ms = milliseconds;
    patience idle_alone(ms(30'000), 0);
    idle_alone.waited(ms(1'000'000), 1);
    EXPECT_EQ(idle_alone.left(), ms(30'000));
    patience none(ms(0), 240);
    none.waited(ms(1'000'000), 1);
    EXPECT_EQ(none.left(), ms(0));
    patience much(ms(30'000), 1);
    for (int i = 0; i < 4; ++i) much.waited(ms(1), ~std::uint64_t(0) / 2);
    EXPECT_EQ(much.left(), ms(30'000));
}

}  // namespace
}  // namespace vestibule::server
