#include "server/vault.hpp"

#include <vestibule/http/cookie_names.hpp>
#include <vestibule/http/cookies.hpp>
#include <vestibule/http/received_cookie.hpp>

#include <algorithm>

namespace vestibule::server {

vault_names::vault_names(const vault_params& p, const cookie_params& own)
    : names_(p.cookies), all_(p.all), own_(own.name), forward_own_(own.forward) {}

bool vault_names::keeps(std::string_view name) const noexcept {
    if (name == own_) return false;
    return all_ || std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool vault_names::hides(std::string_view set_cookie_line) const noexcept {
    const auto c = http::read_set_cookie(set_cookie_line, {});
    return c ? keeps(c->name) : all_;
}

bool vault_names::passes(std::string_view part) const noexcept {
    std::string_view rest = part;
    const auto pair = http::next_cookie(rest);
    if (pair && pair->name == own_) return forward_own_;
    return !all_ && std::none_of(names_.begin(), names_.end(),
                                 [&](const std::string& name) { return http::may_hold_cookie(part, name); });
}

void vault_names::append_others(std::string& out, std::string_view cookies) const {
    const std::size_t start = out.size();
    while (!cookies.empty()) {
        const std::size_t end = std::min(cookies.find(';'), cookies.size());
        std::string_view part = cookies.substr(0, end);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        while (part.starts_with(' ') || part.starts_with('\t')) part.remove_prefix(1);
        if (part.empty() || !passes(part)) continue;
        if (out.size() > start) out += "; ";
        out += part;
    }
}

vaulted vaulted_in(const http::field_list& answer, const vault_names& names, std::string_view request_path,
                   unix_time now) {
    vaulted v;
    for (const http::field& f : answer) {
        if (f.id != http::field_id::set_cookie || !names.hides(f.value)) continue;
        const auto c = http::read_set_cookie(f.value, now);
        if (!c) {
            ++v.unreadable;
            continue;
        }
        v.changes.push_back(
            {{.name = std::string(c->name),
              .value = std::string(c->value),
              .path = std::string(c->path.empty() ? http::default_cookie_path(request_path) : c->path),
              .expires = c->expires},
             c->expires && *c->expires <= now});
    }
    return v;
}

}  // namespace vestibule::server
