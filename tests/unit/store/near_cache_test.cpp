#include "store/near_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vestibule::store {
namespace {

using namespace std::chrono_literals;
using session::session_ptr;

const mono_time start{1000s};
const std::string member = R"({"cookie":{}})";

session_ptr made(std::string value = member, std::optional<milliseconds> ttl = std::nullopt) {
    return session_ptr(new session::stored_session(std::move(value), ttl, start));
}

void store_in(near_cache& cache, const std::string& sid, session_ptr s = made()) {
    near_cache::flight f;
    cache.take_off(f, sid);
    cache.land(f, sid, s, true);
}

struct open_cache : near_cache {
    explicit open_cache(std::size_t bytes = 1 << 20) : near_cache(bytes, 3s) { armed(start); }
};

TEST(near_cache, answers_only_while_it_is_open) {
    near_cache cache(1 << 20, 3s);
    store_in(cache, "a");
    EXPECT_FALSE(cache.find("a", start));
    cache.armed(start);
    EXPECT_FALSE(cache.find("a", start)) << "what was read before tracking began may have changed since";
    const session_ptr s = made();
    store_in(cache, "a", s);
    EXPECT_EQ(cache.find("a", start), s);
    EXPECT_FALSE(cache.find("b", start));
    cache.lost();
    EXPECT_FALSE(cache.find("a", start));
    EXPECT_EQ(cache.find_stale("a", start + 3s), s) << "for an outage";
    EXPECT_FALSE(cache.find_stale("a", start + 3001ms));
    EXPECT_EQ(cache.size(), 0u) << "too old for everything";
    cache.armed(start + 4s);
    EXPECT_FALSE(cache.find("a", start + 4s));
}

TEST(near_cache, answers_no_longer_than_the_store_is_heard_of) {
    open_cache cache;
    store_in(cache, "a");
    EXPECT_TRUE(cache.find("a", start + 3s));
    EXPECT_FALSE(cache.find("a", start + 3001ms));
    cache.confirmed(start + 2s);
    EXPECT_TRUE(cache.find("a", start + 5s));
    cache.confirmed(start + 1s);
    EXPECT_TRUE(cache.find("a", start + 5s)) << "an older confirmation takes nothing back";
    EXPECT_FALSE(cache.find_stale("a", start + 5001ms)) << "nor in an outage";
}

TEST(near_cache, entries_end_by_themselves) {
    open_cache cache;
    store_in(cache, "a", made(member, 2s));
    store_in(cache, "for ever");
    EXPECT_TRUE(cache.find("a", start + 1999ms));
    EXPECT_FALSE(cache.find("a", start + 2s));
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_TRUE(cache.find("for ever", start + 2s));
}

TEST(near_cache, changes_end_entries) {
    open_cache cache;
    for (const char* sid : {"a", "b", "c"}) store_in(cache, sid);
    cache.invalidate("b");
    cache.invalidate("never seen");
    EXPECT_TRUE(cache.find("a", start));
    EXPECT_FALSE(cache.find("b", start));
    cache.invalidate_all();
    EXPECT_FALSE(cache.find("a", start));
    EXPECT_EQ(cache.bytes(), 0u);
    EXPECT_TRUE(cache.open());
}

TEST(near_cache, an_answer_that_a_change_has_overtaken_is_not_kept) {
    open_cache cache;
    {
        near_cache::flight f;
        cache.take_off(f, "a");
        EXPECT_EQ(cache.in_flight("a"), &f);
        cache.invalidate("a");
        EXPECT_EQ(cache.in_flight("a"), nullptr) << "who asks now must not wait for an older answer";
        near_cache::flight younger;
        cache.take_off(younger, "a");
        cache.land(f, "a", made(), true);
        EXPECT_FALSE(cache.find("a", start));
        EXPECT_EQ(cache.in_flight("a"), &younger);
        cache.land(younger, "a", made(), true);
        EXPECT_TRUE(cache.find("a", start));
    }
    near_cache::flight f;
    cache.take_off(f, "b");
    cache.lost();
    cache.armed(start + 1s);
    cache.land(f, "b", made(), true);
    EXPECT_FALSE(cache.find("b", start + 1s)) << "asked before tracking was in force";
}

TEST(near_cache, opened_again_it_keeps_for_an_outage_what_it_had) {
    open_cache cache;
    cache.confirmed(start + 1s);
    const session_ptr a = made();
    store_in(cache, "a", a);
    store_in(cache, "b");
    store_in(cache, "c");
    store_in(cache, "d");
    cache.lost();
    cache.armed(start + 2s);
    EXPECT_FALSE(cache.find("a", start + 2s)) << "it may have changed in between";
    EXPECT_EQ(cache.find_stale("a", start + 4s), a);
    EXPECT_FALSE(cache.find_stale("a", start + 4001ms))
        << "max_stale after the first connection was heard of";

    cache.invalidate("b");
    EXPECT_FALSE(cache.find_stale("b", start + 2s));
    near_cache::flight f;
    cache.take_off(f, "c");
    cache.land(f, "c", nullptr, true);
    EXPECT_FALSE(cache.find_stale("c", start + 2s)) << "the store has said otherwise";
    const session_ptr d = made();
    store_in(cache, "d", d);
    EXPECT_EQ(cache.find("d", start + 2s), d);
    near_cache::flight untracked;
    cache.land(untracked, "a", made(), false);
    EXPECT_EQ(cache.find_stale("a", start + 4s), a) << "the store has said the same";

    cache.lost();
    cache.armed(start + 3s);
    EXPECT_EQ(cache.find_stale("a", start + 4s), a) << "however often";
    EXPECT_EQ(cache.find_stale("d", start + 5s), d);
    cache.confirmed(start + 4500ms);
    EXPECT_FALSE(cache.find_stale("a", start + 4500ms));
    EXPECT_EQ(cache.size(), 2u);
    cache.confirmed(start + 5500ms);
    EXPECT_EQ(cache.size(), 0u) << "of no use any more";
}

TEST(near_cache, a_flight_that_never_lands_is_forgotten) {
    open_cache cache;
    {
        near_cache::flight f;
        cache.take_off(f, "a");
    }
    EXPECT_EQ(cache.in_flight("a"), nullptr);
}

TEST(near_cache, keeps_no_absence_and_no_other_value) {
    open_cache cache;
    store_in(cache, "absent", nullptr);
    store_in(cache, "not a session", made("[]"));
    EXPECT_EQ(cache.size(), 0u);
}

TEST(near_cache, one_large_value_does_not_push_out_all) {
    open_cache cache(64 * 1024);
    store_in(cache, "small");
    store_in(cache, "large", made(R"({"cookie":{},"x":")" + std::string(8 * 1024, 'x') + "\"}"));
    EXPECT_TRUE(cache.find("small", start));
    EXPECT_FALSE(cache.find("large", start));
}

TEST(near_cache, spares_what_is_used) {
    open_cache cache(100 * 1024);
    std::size_t most = 0;
    const auto name = [](int n) { return "session-" + std::to_string(n); };
    for (int n = 0; n < 50; ++n) store_in(cache, name(n));
    // Ten are in use, thousands pass by once.
    for (int n = 50; n < 5000; ++n) {
        for (int used = 0; used < 10; ++used)
            ASSERT_TRUE(cache.find(name(used), start)) << used << " at " << n;
        store_in(cache, name(n));
        most = std::max(most, cache.bytes());
    }
    EXPECT_LE(most, 100u * 1024);
    EXPECT_GT(most, 95u * 1024);
    EXPECT_EQ(cache.evictions(), 5000 - cache.size());
}

TEST(near_cache, eviction_and_invalidation_in_any_order_keep_count) {
    open_cache cache(20 * 1024);
    unsigned random = 1;
    const auto next = [&random] { return (random = random * 1664525 + 1013904223) >> 8; };
    for (int i = 0; i < 200'000; ++i) {
        const std::string sid = std::to_string(next() % 60);
        switch (next() % 4) {
            case 0: store_in(cache, sid, made(member + std::string(next() % 700, ' '))); break;
            case 1: cache.invalidate(sid); break;
            default: cache.find(sid, start);
        }
        ASSERT_LE(cache.bytes(), 20u * 1024);
    }
    for (int n = 0; n < 60; ++n) cache.invalidate(std::to_string(n));
    EXPECT_EQ(cache.bytes(), 0u);
    EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace vestibule::store
