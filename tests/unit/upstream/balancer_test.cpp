// Several backends: who gets a request, and where it goes when that one fails.
#include "scene.hpp"

#include <gtest/gtest.h>

namespace vestibule::upstream {
namespace {

using test::scene;

TEST(balancer, spreads_requests_by_weight) {
    scene s({}, {"a", "b"});
    s.params.backends[1].weight = 3;
    s.b.reconfigure(s.params);
    for (int i = 0; i < 40; ++i) s.lease_of(reuse::never).reset();
    EXPECT_EQ(s.connects["a"], 10);
    EXPECT_EQ(s.connects["b"], 30);
}

TEST(balancer, least_requests_avoids_who_is_busy) {
    scene s({.balance = balance_mode::least_requests}, {"a", "b"});
    std::vector<lease> held;
    for (int i = 0; i < 10; ++i) held.push_back(s.lease_of(reuse::never));
    EXPECT_EQ(s.connects["a"], 5);
    EXPECT_EQ(s.connects["b"], 5);
    // What ends makes room where it was.
    for (lease& l : held)
        if (held.size() > 5) l.reset();
}

TEST(balancer, who_cannot_be_connected_to_is_passed_over) {
    scene s({}, {"a", "b", "c"});
    s.refusing = {"a", "b"};
    for (int i = 0; i < 20; ++i) {
        search one;
        one.how = i % 2 == 0 ? reuse::allowed : reuse::verified;
        EXPECT_TRUE(s.acquire(one).has_value()) << i;
    }
    s.refusing = {"a", "b", "c"};
    search last;
    EXPECT_EQ(s.acquire(last).error(), errc::connect_failed);
    EXPECT_FALSE(s.b.has_other(last));
}

TEST(balancer, a_request_that_stays_is_not_passed_on) {
    scene s({}, {"a", "b"});
    search one;
    one.how = reuse::verified;
    auto first = s.acquire(one).value();
    s.refusing = {"a", "b"};
    one.stay = true;
    s.b.replace(one, first);
    EXPECT_FALSE(s.acquire(one).has_value());
    EXPECT_EQ(s.connects["a"], 2);
    EXPECT_EQ(s.connects["b"], 0);
}

TEST(balancer, failures_in_a_row_take_one_out_for_all_workers) {
    scene s({}, {"a", "b"});
    s.refusing = {"a"};
    for (int i = 0; i < 40; ++i) s.lease_of(reuse::never).reset();
    EXPECT_EQ(s.connects["a"], 5);
    EXPECT_EQ(s.connects["b"], 40);
    EXPECT_TRUE(s.board.of("http://a", s.metrics)->ejected(mono_now()));
    // Another worker has heard of it.
    std::map<std::string, int> there;
    balancer other(s.io, s.sweeper, s.params, s.board, s.metrics, {.index = 1, .of = 2},
                   [&](const endpoint_params& to, auto&&...) {
                       ++there[to.host];
                       return s.connect(to.host);
                   });
    for (int i = 0; i < 10; ++i) {
        search one;
        auto w = [](balancer& from, search& way) -> task<void> {
            static_cast<void>(co_await from.acquire(way));
        };
        static_cast<void>(other.at_hand(one));
        detach(w(other, one), [](std::exception_ptr) { ADD_FAILURE(); });
    }
    EXPECT_EQ(there["a"], 0);
    EXPECT_EQ(there["b"], 10);
}

TEST(balancer, an_answer_ends_the_row) {
    scene s({.health = {.failures = 2}}, {"a", "b"});
    for (int i = 0; i < 10; ++i) {
        search one;
        auto l = s.acquire(one).value();
        if (i % 2 == 0)
            s.b.failed(one, l, errc::upstream_closed);
        else
            s.b.answered(l);
        l.keep();
    }
    const auto now = mono_now();
    // a got 0, 2, 4 ..., b the others.
    EXPECT_TRUE(s.board.of("http://a", s.metrics)->ejected(now));
    EXPECT_FALSE(s.board.of("http://b", s.metrics)->ejected(now));
}

TEST(balancer, the_last_half_stays_in) {
    scene s({.health = {.failures = 1}}, {"a", "b", "c", "d"});
    s.refusing = {"a", "b", "c", "d"};
    for (int i = 0; i < 20; ++i) {
        search one;
        EXPECT_FALSE(s.acquire(one).has_value());
    }
    int out = 0;
    for (const char* url : {"http://a", "http://b", "http://c", "http://d"})
        out += s.board.of(url, s.metrics)->ejected(mono_now());
    EXPECT_EQ(out, 2);
}

TEST(balancer, where_all_are_down_all_are_used) {
    scene s({.health = {.check = {.path = "/health", .interval = std::chrono::hours(1)}}}, {"a", "b"});
    for (const char* url : {"http://a", "http://b"}) s.board.of(url, s.metrics)->set_down(true, mono_now());
    for (int i = 0; i < 10; ++i) s.lease_of(reuse::never).reset();
    EXPECT_EQ(s.connects["a"], 5);
    EXPECT_EQ(s.connects["b"], 5);
}

TEST(balancer, a_full_one_is_passed_over_and_room_anywhere_is_taken) {
    scene s({.load = {.connections = 1}}, {"a", "b"});
    auto one = s.lease_of(reuse::allowed);
    auto two = s.lease_of(reuse::allowed);
    EXPECT_EQ(s.connects["a"], 1);
    EXPECT_EQ(s.connects["b"], 1);
    search first, second;
    auto &w1 = s.begin(first), &w2 = s.begin(second);
    two.keep();
    s.run();
    EXPECT_TRUE(w1.done);
    one.keep();
    s.run();
    EXPECT_TRUE(w2.done);
}

TEST(balancer, reload_keeps_who_stays) {
    scene s({}, {"a", "b"});
    s.lease_of(reuse::allowed).keep();
    s.lease_of(reuse::allowed).keep();
    upstream_params changed = scene::with({}, {"c", "b"});
    s.b.reconfigure(changed);
    EXPECT_EQ(s.b.idle(), 1u);
    for (int i = 0; i < 4; ++i) s.lease_of(reuse::never).reset();
    EXPECT_EQ(s.connects["a"], 1);
    EXPECT_EQ(s.connects["c"], 2);
}

}  // namespace
}  // namespace vestibule::upstream
