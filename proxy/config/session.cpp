#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr duration_range life_range{1s, days(3650)};

void read_secrets(const cursor& at, std::vector<std::string>& out) {
    constexpr std::size_t short_secret = 16;
    if (at.absent() || at.empty())
        at.error("is required (like [\"${SESSION_SECRET}\"]; \"vestibule keygen\" makes one)");
    for (const auto& item : items_of(at)) {
        std::string secret;
        if (!read_secret(item, secret)) continue;
        if (secret.empty()) {
            item.error("is empty (a secret of at least 16 bytes; \"vestibule keygen\" makes one)");
            continue;
        }
        if (secret.size() < short_secret)
            item.warn("is shorter than 16 bytes and may be guessed (\"vestibule keygen\" makes a good one)");
        for (std::size_t i = 0; i < out.size(); ++i)
            if (out[i] == secret) item.warn("is the same secret as an earlier one");
        out.push_back(std::move(secret));
    }
}

/// `max_age` of the cookie is the idle time of the sessions made here.
void read_life(const map_reader& m, const std::optional<milliseconds>& max_age,
               session::lifecycle_params& out) {
    const bool idle = read_duration_or_none(m["idle_timeout"], out.idle_timeout, life_range);
    const bool limit = read_duration_or_none(m["idle_limit"], out.idle_limit, life_range);
    const bool end = read_duration_or_none(m["absolute_timeout"], out.absolute_timeout, life_range);
    const bool touch = read_duration_or_zero(m["touch_interval"], out.touch_interval, {1s, days(1)});
    read_duration(m["anonymous_lifetime"], out.anonymous_lifetime, {1s, days(365)});

    if (idle && limit && end && !out.idle_timeout && !out.idle_limit && !out.absolute_timeout)
        m["idle_timeout"].warn("sessions that bring no life of their own never leave the store");
    if (!touch) return;
    // Where touch_interval is a default, the problem stands at what is shorter.
    const auto longer_than = [&](const cursor& at, const std::optional<milliseconds>& life,
                                 const char* name) {
        if (!life || out.touch_interval < *life) return;
        const auto touch_at = m["touch_interval"];
        (touch_at.absent() ? at : touch_at)
            .error("touch_interval (" + format_duration(out.touch_interval) + ") has to be shorter than " +
                   name + " (" + format_duration(*life) + "), or sessions end while they are in use");
    };
    if (idle) longer_than(m["idle_timeout"], out.idle_timeout, "idle_timeout");
    if (limit) longer_than(m["idle_limit"], out.idle_limit, "idle_limit");
    longer_than(m["cookie"].key("max_age"), max_age, "cookie.max_age");
}

/// Who is logged in, and how many sessions that user may have.
void read_identity(const map_reader& m, server::session_params& out) {
    const cursor user = m["user"];
    std::string text;
    if (user.given() && read_text(user, text) && text != "auto") {
        auto pointer = session::json_pointer::parse(text);
        if (text.empty() || parse_boolean(text) == false)
            out.life.user.reset();
        else if (pointer && session::is_own_place(*pointer))
            user.error(user.shown() + " is vestibule's own (a member of the application, like /user/id)");
        else if (pointer)
            out.life.user = std::move(*pointer);
        else
            user.error(user.shown() +
                       " is no JSON Pointer (like /user/id or /passport/user; auto, or off for none)");
    }
    read_duration_or_none(m["renew_id"], out.life.renew_id, {1s, days(365)});
    read_duration(m["renew_grace"], out.life.renew_grace, {1s, 5min});
    if (out.life.renew_id && *out.life.renew_id <= out.life.renew_grace)
        m["renew_id"].error("has to be longer than renew_grace (" + format_duration(out.life.renew_grace) +
                            ")");

    const cursor limit = m["max_per_user"];
    if (limit.is(node_kind::scalar)) {
        if (read_text(limit, text) && parse_boolean(text) != false)
            limit.error(limit.shown() +
                        " is not off and not a map (like {count: 5, on_excess: evict_oldest})");
        return;
    }
    if (!limit.given()) return;
    const map_reader l(limit);
    std::uint64_t count = 0;
    if (read_count_or_zero(l["count"], count, 1, 1000)) out.max_per_user.count = count;
    read_choice(l["on_excess"], out.max_per_user.evict, {{"evict_oldest", true}, {"deny", false}});
    if (out.max_per_user.count > 0 && !out.life.user) limit.error("needs session.user, which is off");
}

}  // namespace

void read_session(const cursor& at, server::session_params& out, std::chrono::seconds& tombstone) {
    const map_reader m(at);
    read_secrets(m["secrets"], out.secrets);
    read_secret(m["handle_key"], out.handle_key);
    read_cookie(m["cookie"], out.cookie);
    read_life(m, out.cookie.max_age, out.life);
    read_identity(m, out);
    milliseconds lasting = tombstone;
    if (read_duration_or_zero(m["tombstone"], lasting, {1s, days(1)}))
        tombstone = std::chrono::ceil<std::chrono::seconds>(lasting);
}

}  // namespace vestibule::config
