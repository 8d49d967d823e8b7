// What a session says to the backend and to the route. Worked out once for a stored session, and kept with
// it for as long as it is used unchanged.
#include "server/exchange.hpp"

#include <vestibule/base/logger.hpp>

namespace vestibule::server {

namespace {

constexpr std::size_t max_injected = 8 * 1024;  // of one header's value
constexpr std::size_t remembered_routes = 64;

void append_line(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

// The notes of session_, which is there; made where they are missing or of another configuration.
session::session_notes& exchange::notes() {
    session::session_notes& n = session_->notes();
    if (n.site == site_->number) return n;
    n.site = site_->number;
    n.judged = n.met = 0;
    n.is_verified = false;
    note_identity(n);
    n.handle.assign(site_->make_handle(sid_));  // in place: exchanges of the old configuration still view it
    handle_ = n.handle;
    n.injected.clear();
    append_injection(n.injected);
    append_members(n.injected);
    n.subject = site_->assertion ? site_->assertion->subject_of(*session_->parsed()) : std::string();
    n.vault.clear();
    if (site_->vault.on())
        n.vault = session::vault_to_send(*session_->parsed(), w_.vaults.of(sid_, n.user), wall_now());
    std::erase_if(n.vault, [&](const session::vault_cookie& c) { return !site_->vault.keeps(c.name); });
    return n;
}

// Who is logged in, and what that and the age of its sid call for.
void exchange::note_identity(session::session_notes& n) const {
    const auto& life = site_->params.session.life;
    const session::document& d = *session_->parsed();
    const unix_time now = wall_now();
    const session::sid_step step = session::judge_sid(d, life, now);
    n.user = session::user_of(d, life);
    n.list_again = n.user.empty() ? mono_time::max() : w_.lists.due(sid_);
    n.to_note = step == session::sid_step::note;
    // The note of whom its sid is may have been written over by a save that changed just that.
    n.to_replace = step == session::sid_step::replace || w_.vaults.is_of_other(sid_, n.user);
    n.renew_at = mono_time::max();
    if (life.renew_id && d.own().made)
        n.renew_at = mono_now() + std::max(*d.own().made + *life.renew_id - now, milliseconds(0));
}

// The session headers, set by us alone: the client's were stripped by name.
void exchange::append_injection(std::string& out) const {
    const inject_params& inject = site_->params.inject;
    if (!inject.state.empty())
        append_line(out, inject.state,
                    outcome_ == session_outcome::unavailable ? "none" : to_string(outcome_));
    if (!inject.id.empty() && !handle_.empty()) append_line(out, inject.id, handle_);
}

// Those of inject.headers.
void exchange::append_members(std::string& out) const {
    for (const injected_header& h : site_->params.inject.headers) {
        const auto json = session_->parsed()->find(h.pointer);
        if (!json || *json == "null") continue;
        // A cut value would be another value: too long ones are not sent at all.
        const std::string text = json->size() <= max_injected ? session::header_text(*json) : std::string();
        if (json->size() > max_injected || text.size() > max_injected)
            log::warn("session value too long to inject",
                      {{"side", "session"}, {"header", h.name}, {"handle", handle_}});
        else
            append_line(out, h.name, text);
    }
}

// Those of inject.remaining: of a stored session, as it is now that this request has used it.
std::string_view exchange::remaining_lines() {
    const remaining_params& names = site_->params.inject.remaining;
    if (!session_ || !names.on()) return {};
    const session::document& d = *session_->parsed();
    const session::time_left left =
        session::left_of(life_facts(*session_, d), d.own().made, site_->params.session.life, wall_now());
    std::string& lines = texts_.injected;  // not needed: the session keeps its other lines itself
    lines.clear();
    const auto append = [&lines](const std::string& name, std::optional<seconds> time) {
        if (!name.empty() && time) append_line(lines, name, std::to_string(time->count()));
    };
    append(names.idle, left.idle);
    append(names.absolute, left.absolute);
    append(names.renewal, left.renewal);
    return lines;
}

// Whether the session, if any, meets what the route requires.
bool exchange::meets_route() {
    const auto& require = site_->routes.at(route_).require;
    if (!session_) return policy::meets(require, nullptr);
    if (route_ >= remembered_routes) return policy::meets(require, session_->parsed());
    session::session_notes& n = notes();
    const std::uint64_t bit = std::uint64_t(1) << route_;
    if ((n.judged & bit) == 0) {
        n.judged |= bit;
        if (policy::meets(require, session_->parsed())) n.met |= bit;
    }
    return (n.met & bit) != 0;
}

}  // namespace vestibule::server
