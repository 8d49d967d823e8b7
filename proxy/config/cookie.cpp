#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <vestibule/http/framing.hpp>

#include <algorithm>
#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

void read_name(const cursor& at, std::string& out) {
    constexpr std::size_t longest = 128;
    std::string name = out;
    if (!read_text(at, name)) return;
    if (!is_token(name) || name.size() > longest) {
        at.error(at.shown() + " is no cookie name (1 to 128 letters, digits and any of !#$%&'*+-.^_`|~)");
        return;
    }
    out = name;
}

void read_path(const cursor& at, std::string& out) {
    std::string path = out;
    if (!read_text(at, path)) return;
    const bool plain =
        std::all_of(path.begin(), path.end(), [](char c) { return c >= ' ' && c <= '~' && c != ';'; });
    if (!path.starts_with('/') || !plain) {
        at.error(at.shown() + " is no cookie path (it begins with / and is ASCII without a semicolon)");
        return;
    }
    out = path;
}

void read_domain(const cursor& at, std::string& out) {
    std::string domain = out;
    if (!read_text(at, domain)) return;
    if (!domain.empty() && !is_host_name(domain)) {
        const bool dotted = domain.starts_with('.') && is_host_name(std::string_view(domain).substr(1));
        at.error(at.shown() + " is no host name (" +
                 (dotted ? "leave the first dot out" : "like example.com") + ")");
        return;
    }
    out = domain;
}

bool has_prefix(std::string_view name, std::string_view prefix) {
    return http::iequals(name.substr(0, prefix.size()), prefix);
}

/// What a browser silently drops (RFC 6265bis 5.7, CHIPS). Only `on` is good enough for Secure: with
/// `auto` the cookie would be dropped on every plain connection.
void check_secure(const map_reader& m, const server::cookie_params& c) {
    if (c.secure == server::secure_mode::on) return;
    const auto needed = [&](const char* cause, const std::string& what) {
        const auto secure = m["secure"];
        (secure.absent() ? m[cause] : secure)
            .error(what + " needs secure: on (" + (c.secure == server::secure_mode::off ? "off" : "auto") +
                   " is not enough: a browser refuses the cookie without Secure)");
    };
    if (has_prefix(c.name, "__Host-")) needed("name", "a name that begins with __Host-");
    if (has_prefix(c.name, "__Secure-")) needed("name", "a name that begins with __Secure-");
    if (c.same_site == http::same_site_mode::none) needed("same_site", "same_site: none");
    if (c.partitioned) needed("partitioned", "partitioned: true");
}

void check_host_prefix(const map_reader& m, const server::cookie_params& c) {
    if (!has_prefix(c.name, "__Host-")) return;
    if (c.path != "/") m["path"].error("a name that begins with __Host- needs path: /");
    if (!c.domain.empty()) m["domain"].error("a name that begins with __Host- allows no domain");
}

}  // namespace

void read_cookie(const cursor& at, server::cookie_params& out) {
    const map_reader m(at);
    read_name(m["name"], out.name);
    read_path(m["path"], out.path);
    read_domain(m["domain"], out.domain);
    read_boolean(m["http_only"], out.http_only);
    const bool secure = read_choice(m["secure"], out.secure,
                                    {{"auto", server::secure_mode::automatic},
                                     {"on", server::secure_mode::on},
                                     {"off", server::secure_mode::off}});
    read_choice(m["same_site"], out.same_site,
                {{"lax", http::same_site_mode::lax},
                 {"strict", http::same_site_mode::strict},
                 {"none", http::same_site_mode::none},
                 {"off", http::same_site_mode::off}});
    read_duration_or_none(m["max_age"], out.max_age, {1s, std::chrono::days(3650)});
    read_boolean(m["partitioned"], out.partitioned);
    read_boolean(m["forward"], out.forward);
    if (!out.http_only)
        m["http_only"].warn("scripts in the page can read the session cookie (leave it true)");
    // What was wrong above has kept its default, which breaks no rule: but for secure.
    if (secure) check_secure(m, out);
    check_host_prefix(m, out);
}

}  // namespace vestibule::config
