#include <vestibule/session/identity.hpp>

namespace vestibule::session {
namespace {

std::string name_in(std::string_view json) {
    return is_present(json) ? header_text(json) : std::string();
}

// JSON text; "null": nobody.
std::string_view user_json(const document& d, const lifecycle_params& p) {
    const auto user = p.user ? d.find(*p.user) : std::nullopt;
    return user && !name_in(*user).empty() ? *user : "null";
}

std::string ms_text(unix_time t) {
    return std::to_string(t.time_since_epoch().count());
}

// Member `vestibule`, whole; empty: there is nothing to note.
std::string notes_json(const document& d, const lifecycle_params& p, noting how, unix_time now) {
    std::string out;
    const auto put = [&](std::string_view name, std::string_view json) {
        out += out.empty() ? "{\"" : ",\"";
        out.append(name).append("\":").append(json);
    };
    const bookkeeping& own = d.own();
    if (p.absolute_timeout)
        put("since", ms_text(how == noting::login || !own.since || *own.since > now ? now : *own.since));
    if (p.renew_id) put("made", ms_text(how == noting::as_it_is && own.made ? *own.made : now));
    // Kept under the same sid, or a change in place would never be seen.
    if (p.user) put("user", how == noting::as_it_is && own.user ? *own.user : user_json(d, p));
    if (own.vault) put("vault", *own.vault);
    return out.empty() ? out : out + '}';
}

}  // namespace

std::string user_of(const document& d, const lifecycle_params& p) {
    const auto user = p.user ? d.find(*p.user) : std::nullopt;
    return user ? name_in(*user) : std::string();
}

std::string owner_of(const document& d, const lifecycle_params& p) {
    return p.user && d.own().user ? name_in(*d.own().user) : user_of(d, p);
}

bool logs_in(const session_changes& c, const lifecycle_params& p) {
    if (!p.user || !c.sets(*p.user)) return false;
    const auto text = applied("{\"cookie\":{}}", c);
    if (!text) return false;
    const auto d = document::parse(*text);
    return d && !user_of(*d, p).empty();
}

sid_step judge_sid(const document& d, const lifecycle_params& p, unix_time now) {
    const bookkeeping& own = d.own();
    if (p.user && own.user && name_in(*own.user) != name_in(user_json(d, p))) return sid_step::replace;
    if (p.renew_id && own.made && now - *own.made >= *p.renew_id) return sid_step::renew;
    const bool missing = (p.user && !own.user) || (p.renew_id && !own.made);
    return missing ? sid_step::note : sid_step::keep;
}

result<std::string> noted(std::string_view text, const lifecycle_params& p, noting how, unix_time now) {
    const auto d = document::parse(text);
    if (!d) return d.error();
    std::string out(text);
    if (how != noting::as_it_is && d->cookie().original_max_age) {
        const milliseconds life(*d->cookie().original_max_age);
        auto renewed = edit_set(out, json_pointer::of({"cookie", "expires"}), json_date(now + life));
        if (!renewed) return renewed;
        out = *std::move(renewed);
    }
    const std::string notes = notes_json(*d, p, how, now);
    return notes.empty() ? result<std::string>(std::move(out))
                         : edit_set(out, json_pointer::of({"vestibule"}), notes);
}

}  // namespace vestibule::session
