#include "server/stream_verdict.hpp"

#include <vestibule/session/identity.hpp>

namespace vestibule::server {

using session::standing;

namespace {

bool is_of(std::string_view user, const session::stored_session& s, const session::document& d,
           const site& of) {
    const session::session_notes& known = s.notes();
    if (known.site == of.number) return known.user == user;
    return session::user_of(d, of.params.session.life) == user;
}

}  // namespace

std::string_view to_string(stream_end e) noexcept {
    switch (e) {
        case stream_end::none: return "none";
        case stream_end::gone: return "session gone";
        case stream_end::expired: return "session expired";
        case stream_end::denied: return "session denied";
        case stream_end::other_user: break;
    }
    return "user changed";
}

session::session_facts life_facts(const session::stored_session& s, const session::document& d) {
    return {s.ttl_at(mono_now()), d.cookie().original_max_age, d.own().since};
}

session::life judge_life(const session::stored_session& s, const session::document& d, const site& of) {
    return session::judge(life_facts(s, d), of.params.session.life, wall_now());
}

stream_verdict judge_stream(const session::stored_session* s, const stream_origin& o) {
    if (s == nullptr) return {.end = stream_end::gone};
    if (s->state == standing::moved) return {.follow = s->value};
    // What is no session document is no session for the next request, either.
    const session::document* const d = s->parsed();
    if (s->state != standing::live || d == nullptr) return {.end = stream_end::gone};
    if (judge_life(*s, *d, *o.of).state != session::verdict::live) return {.end = stream_end::expired};
    const policy::route_params& r = o.of->routes.at(o.route);
    if (r.session == policy::session_mode::required && !policy::meets(r.require, d))
        return {.end = stream_end::denied};
    if (!is_of(o.user, *s, *d, *o.of)) return {.end = stream_end::other_user};
    return {};
}

}  // namespace vestibule::server
