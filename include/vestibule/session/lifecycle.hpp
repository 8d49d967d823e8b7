// The rules of a session's life, as functions of facts and time. No I/O.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/session/document.hpp>

#include <cstdint>
#include <optional>

namespace vestibule::session {

/// Timeouts; an empty optional is `off`.
struct lifecycle_params {
    std::optional<milliseconds> idle_timeout =
        std::chrono::hours(24);                // sessions without a life of their own
    std::optional<milliseconds> idle_limit{};  // upper bound for every idle time
    std::optional<milliseconds> absolute_timeout{};
    milliseconds touch_interval = std::chrono::seconds(60);  // 0: at every request
    milliseconds anonymous_lifetime = std::chrono::hours(24);
    std::optional<milliseconds> renew_id{};  // a session gets a new sid so long after it got its last
    milliseconds renew_grace = seconds(10);  // for so long the one before still leads to it
    std::optional<json_pointer> user{};      // who is logged in; nothing: sids do not follow it
};

/// What is known of a stored session when it was loaded.
struct session_facts {
    std::optional<milliseconds> ttl{};               // remaining; nothing: the key has no expiry
    std::optional<std::int64_t> original_max_age{};  // ms, positive; from its `cookie` member
    std::optional<unix_time> since{};                // begin of absolute_timeout; nothing: not recorded yet
};

/// The idle time a touch restores: originalMaxAge, else idle_timeout, capped by idle_limit, in whole
/// seconds rounded up, 1 at least. Nothing (all of them off): this session is never touched.
std::optional<seconds> touch_ttl(const session_facts& s, const lifecycle_params& p) noexcept;

enum class verdict {
    live,
    expired_idle,  // idle_limit is shorter than the store knows, and has passed
    expired_absolute,
};

struct life {
    verdict state = verdict::live;
    std::optional<seconds> touch{};  // renew now, to this TTL
    bool record_since = false;       // absolute_timeout counts from now: write /vestibule/since
};

/// What to do with a session at `now`. A touch is due when the TTL has run down by touch_interval or half
/// of what a touch would set (so all replicas agree without talking, and a life shorter than the interval
/// does not end in use), when the key has no expiry, or when its TTL is above what a touch would set.
/// Never lets an idle time reach past the absolute end.
///
/// expired_idle is told by a TTL that began at the session's own idle time and is still above idle_limit;
/// one within the limit may be our own touch's, so it is live. A `since` in the future counts from now,
/// and beyond 60 s (clock skew between replicas) it is recorded anew. Any numbers are safe.
life judge(const session_facts& s, const lifecycle_params& p, unix_time now) noexcept;

/// In how long the times of a live session end, in whole seconds, rounded down. Nothing: not at all.
struct time_left {
    std::optional<seconds> idle{};      // without further requests, and before `absolute` in any case
    std::optional<seconds> absolute{};  // however busy
    std::optional<seconds> renewal{};   // until its sid is renewed
};

/// That of a session used at `now`, when what judge() asks for is done. `made`: when it got its sid; nothing:
/// not recorded yet, so now.
time_left left_of(const session_facts& s, std::optional<unix_time> made, const lifecycle_params& p,
                  unix_time now) noexcept;

/// Whether an anonymous session issued at `issued` is still one. Up to 60 s in the future is accepted
/// (clock skew between replicas).
bool anonymous_alive(unix_time issued, const lifecycle_params& p, unix_time now) noexcept;

}  // namespace vestibule::session
