#include "config/request_match.hpp"
#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <algorithm>

namespace vestibule::config {
namespace {

using source_place = server::capture_source::place;

constexpr std::pair<std::string_view, source_place> places[] = {{"header", source_place::header},
                                                                {"json", source_place::json},
                                                                {"form", source_place::form},
                                                                {"cookie", source_place::cookie},
                                                                {"value", source_place::value}};

void read_on(const cursor& at, server::capture_rule& out) {
    const map_reader m(at);
    read_path_pattern(m["path"], out.path);
    read_methods(m["method"], out.methods);
    read_statuses(m["status"], out.status);
}

bool read_source(const cursor& at, server::capture_source& out) {
    const auto entries = entries_of(at);
    if (entries.size() != 1) {
        at.error(
            "is not one source (like {header: X-Authenticated-User}; header, json, form, cookie or value)");
        return false;
    }
    const auto& [key, name, value] = entries.front();
    const auto found =
        std::find_if(std::begin(places), std::end(places), [&](const auto& p) { return p.first == key; });
    if (found == std::end(places)) {
        name.error("is no source (header, json, form, cookie or value)");
        return false;
    }
    std::string text;
    if (!read_text(value, text)) return false;
    out.from = found->second;
    out.name = text;
    if (out.from == source_place::json) {
        auto pointer = session::json_pointer::parse(text);
        if (!pointer) {
            value.error(value.shown() + " is no JSON Pointer into the answer (like /user/name; RFC 6901)");
            return false;
        }
        out.pointer = std::move(*pointer);
    } else if ((out.from == source_place::header || out.from == source_place::cookie) && !is_token(text)) {
        value.error(value.shown() + " is no name of a " + std::string(key));
        return false;
    }
    return true;
}

/// Where a backend's value may go: into a member that is the application's.
bool read_member(const entry& e, session::json_pointer& out) {
    auto pointer = session::json_pointer::parse(e.key);
    if (!pointer || pointer->tokens().empty()) {
        e.name.error("is no JSON Pointer into the session (like /user/id; RFC 6901)");
        return false;
    }
    if (!session::is_free_member(pointer->tokens().front())) {
        e.name.error("\"" + printable(pointer->tokens().front()) +
                     "\" is not the application's to set (cookie, vestibule, and what express-session keeps "
                     "to itself)");
        return false;
    }
    out = std::move(*pointer);
    return true;
}

void read_destroy(const cursor& at, session::ending& out) {
    read_choice(
        at, out,
        {{"off", session::ending::none}, {"on", session::ending::one}, {"all", session::ending::all}});
}

void read_rule(const cursor& at, server::capture_rule& out) {
    const map_reader m(at);
    read_on(m["on"], out);
    for (const auto& e : entries_of(m["set"])) {
        server::capture_set s;
        const bool named = read_member(e, s.at);
        if (read_source(e.value, s.source) && named) out.set.push_back(std::move(s));
    }
    read_destroy(m["destroy"], out.end);
    read_boolean(m["regenerate"], out.regenerate);
    const bool nothing = m["set"].absent() && m["destroy"].absent() && m["regenerate"].absent();
    if (nothing) at.error("does nothing (set, destroy or regenerate)");
    if (out.end != session::ending::none && !out.set.empty())
        at.error("sets members of a session that it ends (two rules, or one of the two)");
}

}  // namespace

void read_capture(const cursor& at, std::vector<server::capture_rule>& out) {
    for (const auto& item : items_of(at)) {
        server::capture_rule rule;
        read_rule(item, rule);
        out.push_back(std::move(rule));
    }
}

void read_backend_control(const cursor& at, server::control_params& out) {
    const map_reader m(at);
    read_boolean(m["enabled"], out.enabled);
    for (const auto& item : items_of(m["allow"])) {
        std::string name;
        if (!read_text(item, name)) continue;
        if (!session::is_free_member(name))
            item.error(item.shown() +
                       " is not a backend's to change (a top-level member of the session, like cart)");
        else
            out.allow.push_back(std::move(name));
    }
}

}  // namespace vestibule::config
