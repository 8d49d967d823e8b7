#include <vestibule/session/session_summary.hpp>

#include <vestibule/session/identity.hpp>

#include "session/json_string.hpp"
#include "session/json_text.hpp"
#include "session/percent.hpp"

#include <algorithm>

namespace vestibule::session {
namespace {

// Times that anybody may have written; beyond JavaScript's there are none, and no sum overflows.
std::optional<unix_time> clamped(std::optional<unix_time> t) noexcept {
    constexpr milliseconds most(8'640'000'000'000'000);
    if (!t) return t;
    return unix_time(std::clamp(t->time_since_epoch(), -most, most));
}

std::string_view type_of(std::string_view json) noexcept {
    switch (json.empty() ? '\0' : json.front()) {
        case '{': return "object";
        case '[': return "array";
        case '"': return "string";
        case 't':
        case 'f': return "boolean";
        case 'n': return "null";
        default: return "number";
    }
}

// In valid JSON a line break is space between tokens.
std::string on_one_line(std::string_view json) {
    std::string out(json);
    for (char& c : out)
        if (c == '\n' || c == '\r') c = ' ';
    return out;
}

bool holds(std::string_view text, std::string_view sid) noexcept {
    return !sid.empty() && text.find(sid) != std::string_view::npos;
}

void put(std::string& out, std::string_view name, std::string_view json) {
    out += out.back() == '{' ? "\"" : ",\"";
    out.append(name).append("\":").append(json);
}

std::string json_of(const std::optional<unix_time>& t) {
    return t ? json_date(*t) : "null";
}

}  // namespace

std::string_view to_string(session_state s) noexcept {
    switch (s) {
        case session_state::live: return "live";
        case session_state::expired: return "expired";
        case session_state::malformed: break;
    }
    return "malformed";
}

session_summary summary_of(std::string handle, const stored_session& stored, const lifecycle_params& p,
                           unix_time now, mono_time at) {
    session_summary s{.handle = std::move(handle)};
    s.ttl = stored.ttl_at(at);
    s.bytes = stored.value.size();
    const document* const d = stored.parsed();
    if (d == nullptr) {
        s.state = session_state::malformed;
        return s;
    }
    // The text as a header carries it tells every other text by percent-encoding, which is taken back here.
    s.user = percent_decoded(user_of(*d, p));
    s.since = clamped(d->own().since);
    s.renewed = clamped(d->own().made);
    if (s.since && p.absolute_timeout) s.ends = clamped(*s.since + *p.absolute_timeout);
    const life l = judge({s.ttl, d->cookie().original_max_age, s.since}, p, now);
    if (l.state != verdict::live) s.state = session_state::expired;
    return s;
}

std::vector<member_summary> members_of(const stored_session& stored, std::string_view sid, bool content) {
    std::vector<member_summary> out;
    if (stored.parsed() == nullptr) return out;
    const std::string_view text = json::trimmed(stored.value);
    json::items all(text, 0);
    while (const auto item = all.next()) {
        const std::string_view value = item->value_of(text);
        member_summary m{.name = json::unescaped(item->key), .type = type_of(value), .bytes = value.size()};
        const bool own = m.name == "cookie" || m.name == "vestibule";
        if (content && !own && !holds(value, sid)) m.value = on_one_line(value);
        if (holds(m.name, sid)) m.name.clear();
        out.push_back(std::move(m));
    }
    return out;
}

std::string to_json(const session_summary& s) {
    std::string out = "{";
    put(out, "handle", json_string(s.handle));
    put(out, "state", json_string(to_string(s.state)));
    put(out, "user", s.user.empty() ? "null" : json_string(s.user));
    put(out, "ttl", s.ttl ? std::to_string(std::chrono::ceil<seconds>(*s.ttl).count()) : "null");
    put(out, "since", json_of(s.since));
    put(out, "ends", json_of(s.ends));
    put(out, "renewed", json_of(s.renewed));
    put(out, "bytes", std::to_string(s.bytes));
    return out + '}';
}

std::string to_json(const session_details& s) {
    std::string out = to_json(s.summary);
    out.pop_back();
    out += ",\"members\":[";
    for (const member_summary& m : s.members) {
        std::string one = "{";
        put(one, "name", json_string(m.name));
        put(one, "type", json_string(m.type));
        put(one, "bytes", std::to_string(m.bytes));
        if (m.value) put(one, "value", *m.value);
        out.append(out.ends_with('[') ? "" : ",").append(one).append("}");
    }
    return out + "]}";
}

}  // namespace vestibule::session
