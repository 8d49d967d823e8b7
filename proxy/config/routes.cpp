#include "config/request_match.hpp"
#include "config/route_checks.hpp"
#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <vestibule/http/framing.hpp>
#include <vestibule/http/path.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace vestibule::config {
namespace {

using policy::session_mode;

void read_host(const cursor& at, std::string& out) {
    std::string host;
    if (at.absent() || !read_text(at, host)) return;
    boost::system::error_code ec;
    boost::asio::ip::make_address(host, ec);
    if (!host.empty() && ec && !is_host_name(host))
        return at.error(at.shown() + " is no host name (like shop.example.com; no port, no wildcard)");
    out = host;
}

void read_match(const cursor& at, policy::route_params& out) {
    const map_reader m(at);
    read_path_pattern(m["path"], out.path);
    read_methods(m["methods"], out.methods);
    read_host(m["host"], out.host);
}

/// `present`, one value, or a list of values. In a list, present is a value like others.
void read_requirement(const entry& e, std::vector<policy::requirement>& out) {
    policy::requirement r;
    const auto pointer = session::json_pointer::parse(e.key);
    if (!pointer || e.key.empty()) {
        e.name.error("is no JSON Pointer (like /user/id; RFC 6901)");
    } else {
        r.pointer = *pointer;
    }
    if (e.value.is(node_kind::list)) {
        if (e.value.empty()) e.value.error("allows no value (present, a value, or a list of values)");
        for (const auto& item : items_of(e.value))
            if (const auto text = item.text()) r.any_of.push_back(*text);
    } else if (const auto text = e.value.text()) {
        r.present = *text == "present";
        if (!r.present) r.any_of.push_back(*text);
    }
    if (pointer) out.push_back(std::move(r));
}

void read_redirect(const cursor& at, std::optional<std::string>& out) {
    constexpr std::string_view target = "{target}";
    std::string redirect;
    if (at.absent() || !read_text(at, redirect)) return;
    const bool local = redirect.starts_with('/') && !redirect.starts_with("//");
    if (!local && !redirect.starts_with("https://") && !redirect.starts_with("http://"))
        return at.error(at.shown() + " is no place to go (a path like /login, or an http or https URL)");
    for (std::size_t i = 0; i < redirect.size(); ++i) {
        const char c = redirect[i];
        if (c == '{' && std::string_view(redirect).substr(i).starts_with(target)) {
            i += target.size() - 1;
        } else if (c <= ' ' || c > '~' || std::string_view("{}\\\"<>^`|").find(c) != std::string_view::npos) {
            return at.error(
                at.shown() +
                " holds what a URL may not (percent-encode it; {target} is the only placeholder)");
        }
    }
    out = std::move(redirect);
}

/// Where the redirect stands.
cursor read_deny(const cursor& at, policy::denial& out) {
    const map_reader m(at);
    read_choice(m["status"], out.status, {{"401", 401u}, {"403", 403u}});
    read_redirect(m["redirect"], out.redirect);
    return m["redirect"];
}

/// In place of store.on_failure.
void read_on_failure(const cursor& at, policy::route_params& out) {
    auto wanted = policy::failure_policy::reject;
    if (at.absent() || !read_failure_policy(at, wanted)) return;
    out.on_failure = wanted;
    if (out.session == session_mode::off)
        at.error("has no effect with session: off, which asks no store");
    else if (out.session == session_mode::required && wanted == policy::failure_policy::anonymous)
        at.error(
            "is anonymous, and nobody gets in here without a session (reject, or another session mode: "
            "optional)");
}

route_place read_route(const cursor& at, policy::route_params& out) {
    const map_reader m(at);
    read_match(m["match"], out);
    const bool mode = read_choice(m["session"], out.session,
                                  {{"off", session_mode::off},
                                   {"optional", session_mode::optional},
                                   {"issue", session_mode::issue},
                                   {"required", session_mode::required}});
    for (const auto& e : entries_of(m["require"])) read_requirement(e, out.require);
    route_place place{at, read_deny(m["deny"], out.deny)};
    for (const char* key : {"require", "deny"})
        if (mode && out.session != session_mode::required && m[key].given())
            m[key].error("has no effect without session: required");
    if (mode) read_on_failure(m["on_failure"], out);
    return place;
}

}  // namespace

void read_routes(const cursor& at, policy::policy_params& out) {
    constexpr std::size_t most = 1000;
    const auto items = items_of(at);
    if (items.size() > most) return at.error("has more than " + std::to_string(most) + " routes");
    const auto problems_before = at.shared().problems.size();
    out.routes.assign(items.size(), {});
    std::vector<route_place> places;
    for (std::size_t i = 0; i < items.size(); ++i) places.push_back(read_route(items[i], out.routes[i]));
    // Among routes that are not all what was meant, this would raise false alarms.
    if (at.shared().problems.size() == problems_before) check_routes(places, out);
}

}  // namespace vestibule::config
