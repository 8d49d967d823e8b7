#include <vestibule/session/lifecycle.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <ostream>
#include <span>

namespace vestibule::session {

void PrintTo(const life& l, std::ostream* out) {
    constexpr const char* states[] = {"live", "expired_idle", "expired_absolute"};
    *out << states[static_cast<int>(l.state)];
    if (l.touch) *out << ", touch " << l.touch->count();
    if (l.record_since) *out << ", record since";
}

bool operator==(const life& a, const life& b) {
    return a.state == b.state && a.touch == b.touch && a.record_since == b.record_since;
}

void PrintTo(const time_left& l, std::ostream* out) {
    for (const auto& each : {l.idle, l.absolute, l.renewal})
        if (each)
            *out << each->count() << ' ';
        else
            *out << "- ";
}

bool operator==(const time_left& a, const time_left& b) {
    return a.idle == b.idle && a.absolute == b.absolute && a.renewal == b.renewal;
}

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr unix_time now{milliseconds(1'785'000'000'000)};
constexpr std::int64_t day_ms = 86'400'000;
constexpr milliseconds ms(1);
constexpr auto lowest = milliseconds::min();
constexpr auto highest = milliseconds::max();

life live(std::optional<seconds> touch = {}, bool record_since = false) {
    return {verdict::live, touch, record_since};
}
const life idle_end{verdict::expired_idle, {}, false};
const life absolute_end{verdict::expired_absolute, {}, false};

struct ttl_case {
    const char* name;
    session_facts facts;
    lifecycle_params params;
    std::optional<seconds> ttl;
};

TEST(lifecycle, touch_ttl) {
    const ttl_case cases[] = {
        {"idle_timeout where the session has no life of its own", {}, {}, hours(24)},
        {"its own life", {.original_max_age = 3'600'000}, {}, hours(1)},
        {"rounded up", {.original_max_age = 86'399'999}, {}, hours(24)},
        {"rounded up from 1 ms", {.original_max_age = 1}, {}, seconds(1)},
        {"no life of 0", {.original_max_age = 0}, {}, hours(24)},
        {"no negative life", {.original_max_age = -5}, {}, hours(24)},
        {"capped", {.original_max_age = day_ms}, {.idle_limit = minutes(30)}, minutes(30)},
        {"capped idle_timeout", {}, {.idle_limit = minutes(30)}, minutes(30)},
        {"not capped", {.original_max_age = 60'000}, {.idle_limit = minutes(30)}, minutes(1)},
        {"all off", {}, {.idle_timeout = std::nullopt}, std::nullopt},
        {"the limit alone", {}, {.idle_timeout = std::nullopt, .idle_limit = hours(1)}, hours(1)},
        {"own life without idle_timeout",
         {.original_max_age = 5000},
         {.idle_timeout = std::nullopt},
         seconds(5)},
        {"never 0, which deletes", {}, {.idle_timeout = milliseconds(0)}, seconds(1)},
        {"never negative", {}, {.idle_timeout = lowest, .idle_limit = lowest}, seconds(1)},
        {"largest",
         {.original_max_age = std::numeric_limits<std::int64_t>::max()},
         {},
         seconds(8'640'000'000'000)},
        {"largest timeout", {}, {.idle_timeout = highest, .idle_limit = highest}, seconds(8'640'000'000'000)},
    };
    for (const auto& [name, facts, params, ttl] : cases) {
        SCOPED_TRACE(name);
        EXPECT_EQ(touch_ttl(facts, params), ttl);
    }
}

struct judge_case {
    const char* name;
    session_facts facts;
    lifecycle_params params;
    life expected;
};

void check(std::span<const judge_case> cases) {
    for (const auto& [name, facts, params, expected] : cases) {
        SCOPED_TRACE(name);
        EXPECT_EQ(judge(facts, params, now), expected);
    }
}

TEST(lifecycle, a_touch_is_due_when_the_ttl_has_run_down) {
    const judge_case cases[] = {
        {"fresh", {.ttl = hours(24)}, {}, live()},
        {"just before", {.ttl = hours(24) - minutes(1) + ms}, {}, live()},
        {"just then", {.ttl = hours(24) - minutes(1)}, {}, live(hours(24))},
        {"long after", {.ttl = ms}, {}, live(hours(24))},
        {"nothing left", {.ttl = milliseconds(0)}, {}, live(hours(24))},
        {"negative", {.ttl = lowest}, {}, live(hours(24))},
        {"no expiry", {}, {}, live(hours(24))},
        {"no expiry, own life", {.original_max_age = 3'600'000}, {}, live(hours(1))},
        {"own life runs down", {.ttl = minutes(59), .original_max_age = 3'600'000}, {}, live(hours(1))},
        {"above what a touch sets",
         {.ttl = hours(1) + ms, .original_max_age = 3'600'000},
         {},
         live(hours(1))},
        {"exactly what a touch sets", {.ttl = hours(1), .original_max_age = 3'600'000}, {}, live()},
        {"odd millisecond", {.ttl = hours(24), .original_max_age = 86'399'999}, {}, live()},
        {"interval 0", {.ttl = hours(24)}, {.touch_interval = milliseconds(0)}, live(hours(24))},
        {"interval above the life: before its half",
         {.ttl = hours(12) + ms},
         {.touch_interval = hours(48)},
         live()},
        {"interval above the life: at its half",
         {.ttl = hours(12)},
         {.touch_interval = hours(48)},
         live(hours(24))},
        {"a life of one minute, touched in time",
         {.ttl = seconds(30), .original_max_age = 60'000},
         {},
         live(minutes(1))},
        {"no idle timeout at all", {.ttl = ms}, {.idle_timeout = std::nullopt}, live()},
        {"no idle timeout, no expiry", {}, {.idle_timeout = std::nullopt}, live()},
        {"a huge TTL", {.ttl = highest}, {}, live(hours(24))},
        {"a huge interval", {.ttl = hours(13)}, {.touch_interval = highest}, live()},
        {"a negative interval", {.ttl = hours(24)}, {.touch_interval = lowest}, live(hours(24))},
    };
    check(cases);
}

TEST(lifecycle, idle_limit) {
    const lifecycle_params limit{.idle_limit = minutes(30)};
    const judge_case cases[] = {
        {"a fresh session of express is cut down",
         {.ttl = hours(24), .original_max_age = day_ms},
         limit,
         live(minutes(30))},
        {"idle just below the limit",
         {.ttl = hours(24) - minutes(30) + ms, .original_max_age = day_ms},
         limit,
         live(minutes(30))},
        {"idle for the limit", {.ttl = hours(24) - minutes(30), .original_max_age = day_ms}, limit, idle_end},
        {"idle for hours", {.ttl = hours(3), .original_max_age = day_ms}, limit, idle_end},
        {"idle_timeout is a life, too", {.ttl = hours(3)}, limit, idle_end},
        {"just above the limit", {.ttl = minutes(30) + ms, .original_max_age = day_ms}, limit, idle_end},
        {"after our touch", {.ttl = minutes(30), .original_max_age = day_ms}, limit, live()},
        {"some time after our touch",
         {.ttl = minutes(10), .original_max_age = day_ms},
         limit,
         live(minutes(30))},
        {"longer than its life: set by somebody else",
         {.ttl = hours(48), .original_max_age = day_ms},
         limit,
         live(minutes(30))},
        {"no expiry: nothing to judge by", {.original_max_age = day_ms}, limit, live(minutes(30))},
        {"unknown life: nothing to judge by",
         {.ttl = hours(3)},
         {.idle_timeout = std::nullopt, .idle_limit = minutes(30)},
         live(minutes(30))},
        {"limit above the life", {.ttl = ms, .original_max_age = 60'000}, limit, live(minutes(1))},
        {"limit equal to the life",
         {.ttl = hours(24), .original_max_age = day_ms},
         {.idle_limit = hours(24)},
         live()},
        {"huge numbers",
         {.ttl = highest, .original_max_age = std::numeric_limits<std::int64_t>::max()},
         {.idle_limit = highest},
         live()},
        {"a limit of 0 ends all",
         {.ttl = hours(1), .original_max_age = 3'600'000},
         {.idle_limit = milliseconds(0)},
         idle_end},
    };
    check(cases);
}

TEST(lifecycle, absolute_timeout) {
    const lifecycle_params week{.absolute_timeout = hours(168)};
    const judge_case cases[] = {
        {"off: since is not looked at", {.ttl = hours(24), .since = unix_time(milliseconds(0))}, {}, live()},
        {"not recorded yet", {.ttl = hours(24)}, week, live(std::nullopt, true)},
        {"not recorded yet, touch due", {.ttl = hours(1)}, week, live(hours(24), true)},
        {"young", {.ttl = hours(24), .since = now - hours(1)}, week, live()},
        {"last millisecond", {.ttl = ms, .since = now - hours(168) + ms}, week, live()},
        {"the end", {.ttl = hours(24), .since = now - hours(168)}, week, absolute_end},
        {"long past", {.ttl = hours(24), .since = unix_time(milliseconds(0))}, week, absolute_end},
        {"no touch beyond the end",
         {.ttl = minutes(5), .since = now - hours(168) + minutes(10)},
         week,
         live(minutes(10))},
        {"rounded down to the end",
         {.ttl = minutes(5), .since = now - hours(168) + milliseconds(600'999)},
         week,
         live(minutes(10))},
        {"no expiry: one up to the end", {.since = now - hours(168) + minutes(10)}, week, live(minutes(10))},
        {"a TTL up to the end is left alone",
         {.ttl = minutes(10), .since = now - hours(168) + minutes(10)},
         week,
         live()},
        {"within the second",
         {.ttl = minutes(10) + seconds(1), .since = now - hours(168) + minutes(10)},
         week,
         live()},
        {"a TTL beyond the end is cut",
         {.ttl = hours(24), .since = now - hours(168) + minutes(10)},
         week,
         live(minutes(10))},
        {"less than a second left", {.since = now - hours(168) + milliseconds(10)}, week, live()},
        {"a second left", {.since = now - hours(168) + milliseconds(1010)}, week, live(seconds(1))},
        {"interval 0 keeps to the end",
         {.ttl = minutes(10), .since = now - hours(168) + minutes(10)},
         {.absolute_timeout = hours(168), .touch_interval = milliseconds(0)},
         live(minutes(10))},
        {"before idle",
         {.ttl = hours(3), .original_max_age = day_ms, .since = now - hours(168)},
         {.idle_limit = minutes(30), .absolute_timeout = hours(168)},
         absolute_end},
        {"a timeout of 0 ends all", {.ttl = hours(24)}, {.absolute_timeout = milliseconds(0)}, absolute_end},
    };
    check(cases);
}

TEST(lifecycle, a_since_in_the_future_gives_no_longer_life) {
    const lifecycle_params hour{.absolute_timeout = hours(1)};
    const judge_case cases[] = {
        {"clock skew", {.ttl = hours(1), .since = now + seconds(60)}, hour, live()},
        {"more than that is written anew",
         {.ttl = hours(1), .since = now + seconds(60) + ms},
         hour,
         live(std::nullopt, true)},
        {"a year", {.ttl = hours(1), .since = now + hours(8766)}, hour, live(std::nullopt, true)},
        {"a longer TTL is cut", {.ttl = hours(24), .since = now + hours(8766)}, hour, live(hours(1), true)},
        {"the largest", {.ttl = hours(1), .since = unix_time(highest)}, hour, live(std::nullopt, true)},
        {"the smallest", {.ttl = hours(1), .since = unix_time(lowest)}, hour, absolute_end},
        {"a timeout without end",
         {.ttl = hours(24), .since = now - hours(1)},
         {.absolute_timeout = highest},
         live()},
        {"everything at once",
         {.ttl = highest,
          .original_max_age = std::numeric_limits<std::int64_t>::max(),
          .since = unix_time(highest)},
         {.idle_timeout = highest,
          .idle_limit = highest,
          .absolute_timeout = highest,
          .touch_interval = highest},
         live(std::nullopt, true)},
    };
    check(cases);
}

TEST(lifecycle, judge_at_the_ends_of_time) {
    const lifecycle_params p{.idle_limit = highest, .absolute_timeout = highest};
    for (const auto at : {unix_time(lowest), unix_time(milliseconds(0)), unix_time(highest)}) {
        for (const auto since : {unix_time(lowest), unix_time(milliseconds(0)), unix_time(highest)}) {
            const life l = judge({.ttl = hours(24), .since = since}, p, at);
            EXPECT_TRUE(l.state == verdict::live || (at > since && l.state == verdict::expired_absolute));
        }
    }
}

// Time goes on, requests come, TTLs are what the touches made them.
struct simulation {
    lifecycle_params params;
    std::optional<std::int64_t> original_max_age;
    unix_time begin = now;
    unix_time expiry = now;

    life request(unix_time at) {
        const life l = judge({expiry - at, original_max_age, begin}, params, at);
        if (l.touch) expiry = at + *l.touch;
        return l;
    }
};

TEST(lifecycle, a_busy_session_is_touched_once_an_interval_and_ends_at_its_absolute_end) {
    simulation s{{.idle_limit = hours(2), .absolute_timeout = hours(10)}, day_ms};
    s.expiry = now + hours(24);
    int touches = 0;
    unix_time at = now;
    for (; at < now + hours(10); at += milliseconds(1'300)) {
        const life l = s.request(at);
        ASSERT_EQ(l.state, verdict::live);
        ASSERT_GE(s.expiry, at) << "the store would have lost it";
        ASSERT_LE(s.expiry, now + hours(10) + seconds(1)) << "past the absolute end";
        touches += l.touch ? 1 : 0;
    }
    EXPECT_EQ(s.request(now + hours(10)).state, verdict::expired_absolute);
    // Eight hours at one a minute (1.3 s apart: every 61.1 s); none near the end, where the TTL is up to it.
    EXPECT_NEAR(touches, 8 * 60, 12);
}

TEST(lifecycle, left_of) {
    const struct {
        const char* name;
        session_facts facts;
        std::optional<unix_time> made;
        lifecycle_params params;
        time_left left;
    } cases[] = {
        {"as the store has it, rounded down",
         {.ttl = hours(24) - seconds(30) - ms},
         {},
         {},
         {.idle = hours(24) - seconds(31)}},
        {"touched by this very request", {.ttl = hours(1)}, {}, {}, {.idle = hours(24)}},
        {"its own life", {.ttl = minutes(1), .original_max_age = 3'600'000}, {}, {}, {.idle = hours(1)}},
        {"no end", {}, {}, {.idle_timeout = std::nullopt}, {}},
        {"an end, and no rule for one",
         {.ttl = minutes(7)},
         {},
         {.idle_timeout = std::nullopt},
         {.idle = minutes(7)}},
        {"absolute",
         {.ttl = minutes(30), .since = now - hours(1) - ms},
         {},
         {.idle_timeout = minutes(30), .absolute_timeout = hours(8)},
         {.idle = minutes(30), .absolute = hours(7) - seconds(1)}},
        {"absolute, not noted yet",
         {.ttl = minutes(30)},
         {},
         {.idle_timeout = minutes(30), .absolute_timeout = hours(8)},
         {.idle = minutes(30), .absolute = hours(8)}},
        {"absolute, noted by a clock ahead of ours",
         {.ttl = minutes(30), .since = now + hours(1)},
         {},
         {.idle_timeout = minutes(30), .absolute_timeout = hours(8)},
         {.idle = minutes(30), .absolute = hours(8)}},
        {"the absolute end comes first",
         {.ttl = minutes(5), .since = now - hours(8) + minutes(5)},
         {},
         {.absolute_timeout = hours(8)},
         {.idle = minutes(5), .absolute = minutes(5)}},
        {"absolute where nothing else ends it",
         {.since = now - hours(1)},
         {},
         {.idle_timeout = std::nullopt, .absolute_timeout = hours(8)},
         {.idle = hours(7), .absolute = hours(7)}},
        {"renewal",
         {.ttl = hours(24)},
         now - minutes(20) - ms,
         {.renew_id = hours(1)},
         {.idle = hours(24), .renewal = minutes(40) - seconds(1)}},
        {"renewal, not noted yet",
         {.ttl = hours(24)},
         {},
         {.renew_id = hours(1)},
         {.idle = hours(24), .renewal = hours(1)}},
        {"renewal that is due",
         {.ttl = hours(24)},
         now - hours(2),
         {.renew_id = hours(1)},
         {.idle = hours(24), .renewal = seconds(0)}},
        {"largest",
         {.ttl = highest,
          .original_max_age = std::numeric_limits<std::int64_t>::max(),
          .since = unix_time(highest)},
         unix_time(lowest),
         {.absolute_timeout = highest, .renew_id = highest},
         {.idle = seconds(8'640'000'000'000), .absolute = seconds(8'640'000'000'000), .renewal = seconds(0)}},
    };
    for (const auto& [name, facts, made, params, left] : cases) {
        SCOPED_TRACE(name);
        EXPECT_EQ(left_of(facts, made, params, now), left);
    }
}

TEST(lifecycle, anonymous_alive) {
    const lifecycle_params p{.anonymous_lifetime = hours(24)};
    EXPECT_TRUE(anonymous_alive(now, p, now));
    EXPECT_TRUE(anonymous_alive(now - hours(24) + ms, p, now));
    EXPECT_FALSE(anonymous_alive(now - hours(24), p, now));
    EXPECT_TRUE(anonymous_alive(now + seconds(60), p, now));
    EXPECT_FALSE(anonymous_alive(now + seconds(60) + ms, p, now));
    EXPECT_FALSE(anonymous_alive(unix_time(highest), p, now));
    EXPECT_FALSE(anonymous_alive(unix_time(lowest), p, now));
    EXPECT_TRUE(anonymous_alive(unix_time(milliseconds(0)), {.anonymous_lifetime = highest}, now));
    EXPECT_FALSE(anonymous_alive(now, {.anonymous_lifetime = milliseconds(0)}, now));
}

}  // namespace
}  // namespace vestibule::session
