#include <vestibule/session/lifecycle.hpp>

#include <algorithm>

namespace vestibule::session {
namespace {

using std::chrono::ceil;
using std::chrono::floor;

// The end of JavaScript's time. Everything is brought into it first, so that no sum overflows.
constexpr milliseconds longest(8'640'000'000'000'000);
constexpr seconds shortest_ttl(1);  // an EXPIRE of 0 deletes
constexpr seconds clock_skew(60);   // between replicas

constexpr milliseconds bounded(milliseconds m) noexcept {
    return std::clamp(m, milliseconds::zero(), longest);
}

constexpr milliseconds bounded(unix_time t) noexcept {
    return std::clamp(t.time_since_epoch(), -longest, longest);
}

// The idle time that whoever made the session, or idle_timeout, gives it.
std::optional<milliseconds> own_idle_time(const session_facts& s, const lifecycle_params& p) noexcept {
    if (s.original_max_age && *s.original_max_age > 0) return bounded(milliseconds(*s.original_max_age));
    if (p.idle_timeout) return bounded(*p.idle_timeout);
    return {};
}

// Whether a session has been idle for idle_limit though its key lives on. Only a TTL above the limit tells:
// it began at the session's own idle time. A smaller one may have been cut down to the limit by a touch.
bool past_idle_limit(const session_facts& s, const lifecycle_params& p) noexcept {
    const auto own = own_idle_time(s, p);
    if (!p.idle_limit || !s.ttl || !own) return false;
    const milliseconds limit = bounded(*p.idle_limit);
    const milliseconds left = bounded(*s.ttl);
    const milliseconds full = ceil<seconds>(*own);
    return left > limit && full - left >= limit;
}

// The TTL to set now, if it is time to. `remaining`: until the absolute end.
std::optional<seconds> due_touch(const session_facts& s, const lifecycle_params& p,
                                 std::optional<milliseconds> remaining) noexcept {
    const auto idle = touch_ttl(s, p);
    if (!idle || (remaining && *remaining < shortest_ttl)) return {};
    const seconds target = remaining ? std::min(floor<seconds>(*remaining), *idle) : *idle;
    if (!s.ttl || p.touch_interval <= milliseconds::zero()) return target;

    const milliseconds left = bounded(*s.ttl);
    // A life shorter than the interval must not end in use, either.
    const milliseconds interval = std::min(bounded(p.touch_interval), milliseconds(target) / 2);
    const bool run_down = target - left >= interval;
    // The absolute end moves against TTLs by rounding and clock differences: a second of it is no news.
    const bool too_long = left > *idle || (remaining && left > *remaining + seconds(1));
    if (run_down || too_long) return target;
    return {};
}

}  // namespace

std::optional<seconds> touch_ttl(const session_facts& s, const lifecycle_params& p) noexcept {
    auto idle = own_idle_time(s, p);
    if (p.idle_limit) idle = std::min(idle.value_or(longest), bounded(*p.idle_limit));
    if (!idle) return {};
    return std::max(shortest_ttl, ceil<seconds>(*idle));
}

life judge(const session_facts& s, const lifecycle_params& p, unix_time now) noexcept {
    life l;
    std::optional<milliseconds> remaining;
    if (p.absolute_timeout) {
        const milliseconds age = s.since ? bounded(now) - bounded(*s.since) : milliseconds::zero();
        // A beginning in the future counts from now; written anew, or it would do so for ever.
        l.record_since = !s.since || age < -clock_skew;
        remaining = bounded(*p.absolute_timeout) - std::max(age, milliseconds::zero());
        if (*remaining <= milliseconds::zero()) return {.state = verdict::expired_absolute};
    }
    if (past_idle_limit(s, p)) return {.state = verdict::expired_idle};
    l.touch = due_touch(s, p, remaining);
    return l;
}

time_left left_of(const session_facts& s, std::optional<unix_time> made, const lifecycle_params& p,
                  unix_time now) noexcept {
    const auto until = [&](std::optional<unix_time> begin, milliseconds time) {
        const milliseconds age = begin ? bounded(now) - bounded(*begin) : milliseconds::zero();
        return floor<seconds>(
            std::max(bounded(time) - std::max(age, milliseconds::zero()), milliseconds::zero()));
    };
    time_left left{.idle = judge(s, p, now).touch};
    if (!left.idle && s.ttl) left.idle = floor<seconds>(bounded(*s.ttl));
    if (p.absolute_timeout) {
        left.absolute = until(s.since, *p.absolute_timeout);
        left.idle = std::min(left.idle.value_or(*left.absolute), *left.absolute);
    }
    if (p.renew_id) left.renewal = until(made, *p.renew_id);
    return left;
}

bool anonymous_alive(unix_time issued, const lifecycle_params& p, unix_time now) noexcept {
    const milliseconds age = bounded(now) - bounded(issued);
    return age >= -clock_skew && age < bounded(p.anonymous_lifetime);
}

}  // namespace vestibule::session
