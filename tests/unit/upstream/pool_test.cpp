// Connections to one backend: reuse, limits, and the line of those who wait.
#include "scene.hpp"

#include <vestibule/upstream/balancer.hpp>

#include <gtest/gtest.h>

namespace vestibule::upstream {
namespace {

using test::scene;

TEST(pool, gives_the_most_recently_used_connection_out_again) {
    scene s;
    auto a = s.lease_of(reuse::allowed);
    auto b = s.lease_of(reuse::allowed);
    EXPECT_FALSE(a.reused());
    const net::byte_stream* second = b.operator->();
    a.keep();
    b.keep();
    auto again = s.lease_of(reuse::allowed);
    EXPECT_TRUE(again.reused());
    EXPECT_EQ(again.operator->(), second);
    EXPECT_EQ(s.made.size(), 2u);
}

TEST(pool, looks_before_it_gives_out_where_asked) {
    scene s;
    s.lease_of(reuse::allowed).keep();
    s.made[0]->input.push_back("unexpected");
    EXPECT_FALSE(s.lease_of(reuse::verified).reused());
    EXPECT_EQ(s.made.size(), 2u);
}

TEST(pool, never_means_a_fresh_one) {
    scene s;
    s.lease_of(reuse::allowed).keep();
    EXPECT_FALSE(s.lease_of(reuse::never).reused());
    EXPECT_EQ(s.b.idle(), 1u);
}

TEST(pool, closes_what_was_idle_for_too_long) {
    scene s({.idle_timeout = milliseconds(50)});
    s.lease_of(reuse::allowed).keep();
    s.io.run_for(milliseconds(400));
    EXPECT_EQ(s.b.idle(), 0u);
    EXPECT_TRUE(s.made[0]->closed);
}

TEST(pool, keeps_none_where_the_idle_timeout_is_off) {
    scene s({.idle_timeout = milliseconds(0)});
    s.lease_of(reuse::allowed).keep();
    EXPECT_EQ(s.b.idle(), 0u);
}

TEST(pool, forgets_another_backends_connections_on_reload) {
    scene s;
    auto leased = s.lease_of(reuse::allowed);
    s.lease_of(reuse::allowed).keep();
    upstream_params other = s.params;
    s.b.reconfigure(other);  // the same backend
    EXPECT_EQ(s.b.idle(), 1u);
    other.backends[0].port = 81;
    s.b.reconfigure(other);
    EXPECT_EQ(s.b.idle(), 0u);
    EXPECT_TRUE(s.made[1]->closed);
    leased.keep();  // out when the backend changed
    EXPECT_EQ(s.b.idle(), 0u);
    EXPECT_TRUE(s.made[0]->closed);
}

TEST(pool, hands_on_why_it_could_not_connect) {
    scene s;
    s.refusing = {"a"};
    search one;
    EXPECT_EQ(s.acquire(one).error(), errc::connect_failed);
}

// What is over the limit waits, and gets what comes free in the order in which it came.
TEST(pool, over_the_limit_requests_wait_their_turn) {
    scene s({.load = {.connections = 2}});
    auto a = s.lease_of(reuse::allowed);
    auto b = s.lease_of(reuse::allowed);
    search first, second, third;
    auto &w1 = s.begin(first), &w2 = s.begin(second), &w3 = s.begin(third);
    EXPECT_EQ(s.b.waiting(), 3u);
    const net::byte_stream* kept = a.operator->();
    a.keep();
    s.run();
    ASSERT_TRUE(w1.done && w1.got);
    EXPECT_EQ(w1.got->value().operator->(), kept);
    EXPECT_TRUE(w1.got->value().reused());
    EXPECT_FALSE(w2.done);
    b.reset();  // closed: there is room for a fresh one
    s.run();
    ASSERT_TRUE(w2.done);
    EXPECT_FALSE(w2.got->value().reused());
    EXPECT_EQ(s.made.size(), 3u);
    third.give_up();
    s.run();
    EXPECT_EQ(w3.got->error(), errc::client_closed);
    EXPECT_EQ(s.b.waiting(), 0u);
    w1.got->value().keep();
    EXPECT_EQ(s.b.idle(), 1u);
}

TEST(pool, a_line_has_an_end) {
    scene s({.load = {.connections = 1, .pending = 1}});
    auto a = s.lease_of(reuse::allowed);
    search first, second;
    auto& w = s.begin(first);
    EXPECT_EQ(s.acquire(second).error(), errc::pending_full);
    a.keep();
    s.run();
    EXPECT_TRUE(w.got->has_value());
}

TEST(pool, nobody_waits_for_ever) {
    scene s({.load = {.connections = 1, .wait = milliseconds(30)}});
    auto a = s.lease_of(reuse::allowed);
    search first;
    auto& w = s.begin(first);
    s.io.restart();
    s.io.run_for(milliseconds(400));
    ASSERT_TRUE(w.done);
    EXPECT_EQ(w.got->error(), errc::pending_timeout);
}

TEST(pool, a_fresh_one_where_all_are_idle_takes_the_place_of_the_oldest) {
    scene s({.load = {.connections = 1}});
    s.lease_of(reuse::allowed).keep();
    EXPECT_FALSE(s.lease_of(reuse::never).reused());
    EXPECT_TRUE(s.made[0]->closed);
}

TEST(pool, a_stale_one_is_replaced_in_its_room_before_those_who_wait) {
    scene s({.load = {.connections = 1}});
    search one, other;
    auto stale = s.acquire(one).value();
    auto& w = s.begin(other);
    s.b.replace(one, stale);
    EXPECT_FALSE(stale);
    auto fresh = s.acquire(one).value();
    EXPECT_FALSE(fresh.reused());
    s.run();
    EXPECT_FALSE(w.done);
    fresh.keep();
    s.run();
    EXPECT_TRUE(w.done);
}

TEST(pool, more_room_on_reload_is_for_those_who_wait) {
    scene s({.load = {.connections = 1}});
    auto a = s.lease_of(reuse::allowed);
    search first;
    auto& w = s.begin(first);
    s.params.load.connections = 2;
    s.b.reconfigure(s.params);
    s.run();
    ASSERT_TRUE(w.done);
    EXPECT_TRUE(w.got->has_value());
}

TEST(pool, limits_are_divided_among_workers) {
    const struct {
        unsigned index, of;
        std::size_t limit, part;
    } test_cases[] = {{0, 1, 0, 0}, {0, 1, 5, 5}, {0, 2, 5, 3}, {1, 2, 5, 2}, {3, 4, 2, 1}, {1, 3, 0, 0}};
    for (const auto& t : test_cases)
        EXPECT_EQ((worker_share{t.index, t.of}.part_of(t.limit)), t.part) << t.index << "/" << t.of;
}

}  // namespace
}  // namespace vestibule::upstream
