// Ejection and return, with a clock that is told.
#include <vestibule/base/logger.hpp>
#include <vestibule/upstream/health.hpp>

#include <gtest/gtest.h>

#include <array>

namespace vestibule::upstream {
namespace {

using namespace std::chrono_literals;

struct two {
    two() { log::start({.min_level = log::level::off, .access = false}); }
    bool fail(mono_time now, int times = 1) {
        bool ejected = false;
        for (int i = 0; i < times; ++i) ejected = board.note_failure(*a, all, params, now);
        return ejected;
    }

    metrics_registry metrics;
    health_board board;
    std::shared_ptr<backend_health> a = board.of("http://a", metrics), b = board.of("http://b", metrics);
    std::array<backend_health*, 2> all{a.get(), b.get()};
    health_params params;
};

constexpr mono_time start{1h};

TEST(ejection_time, grows_with_each_time) {
    const health_params p;
    EXPECT_EQ(ejection_time(p, 1), 10s);
    EXPECT_EQ(ejection_time(p, 2), 20s);
    EXPECT_EQ(ejection_time(p, 30), 300s);
    EXPECT_EQ(ejection_time(p, 31), 300s);
    EXPECT_EQ(ejection_time(p, 4'000'000'000u), 300s);
}

TEST(may_eject, half_of_them) {
    const struct {
        std::size_t backends, ejected;
        bool may;
    } test_cases[] = {{1, 0, false}, {2, 0, true}, {2, 1, false}, {3, 0, true},
                      {3, 1, false}, {4, 1, true}, {5, 1, true},  {5, 2, false}};
    for (const auto& t : test_cases)
        EXPECT_EQ(may_eject(t.backends, t.ejected), t.may) << t.ejected << " of " << t.backends;
}

TEST(health, failures_in_a_row_eject_and_time_brings_back) {
    two t;
    EXPECT_FALSE(t.fail(start, 4));
    EXPECT_TRUE(t.a->fine());
    EXPECT_TRUE(t.fail(start));
    EXPECT_EQ(t.a->part(start), 0u);
    EXPECT_EQ(t.a->part(start + 9999ms), 0u);
    EXPECT_EQ(t.a->part(start + 10s), first_part);
    EXPECT_EQ(t.a->part(start + 15s), 55u);
    EXPECT_EQ(t.a->part(start + 20s), 100u);
    EXPECT_FALSE(t.a->fine());
    t.a->settle(start + 15s);
    EXPECT_FALSE(t.a->fine());
    t.a->settle(start + 20s);
    EXPECT_TRUE(t.a->fine());
}

TEST(health, who_comes_back_has_to_prove_itself) {
    two t;
    EXPECT_TRUE(t.fail(start, 5));
    EXPECT_TRUE(t.fail(start + 11s)) << "one failure is enough now";
    EXPECT_EQ(t.a->part(start + 30s), 0u) << "for twice as long";
    EXPECT_EQ(t.a->part(start + 31s), first_part);
    // Long after that it is as if nothing had been.
    const mono_time later = start + 500s;
    t.a->settle(later);
    EXPECT_FALSE(t.fail(later, 4));
    EXPECT_TRUE(t.fail(later));
    EXPECT_EQ(t.a->part(later + 10s), first_part);
}

TEST(health, an_answer_ends_the_row) {
    two t;
    EXPECT_FALSE(t.fail(start, 4));
    t.a->note_success();
    EXPECT_FALSE(t.fail(start, 4));
}

TEST(health, not_both_and_never_where_it_is_off) {
    two t;
    EXPECT_TRUE(t.fail(start, 5));
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(t.board.note_failure(*t.b, t.all, t.params, start));
    two off;
    off.params.failures = 0;
    EXPECT_FALSE(off.fail(start, 100));
}

TEST(health, the_check_takes_out_until_it_says_otherwise) {
    two t;
    EXPECT_TRUE(t.a->set_down(true, start));
    EXPECT_FALSE(t.a->set_down(true, start));
    EXPECT_EQ(t.a->part(start + 100h), 0u);
    EXPECT_TRUE(t.a->set_down(false, start + 100h));
    EXPECT_EQ(t.a->part(start + 100h), first_part);
    t.a->settle(start + 101h);
    EXPECT_TRUE(t.a->fine());
}

}  // namespace
}  // namespace vestibule::upstream
