#include <vestibule/http/cookies.hpp>

#include "http/ascii.hpp"

namespace vestibule::http {
namespace {

// The value between its quotes. As in npm's reader a lone quote counts as both.
std::string_view unquoted(std::string_view value) noexcept {
    if (!value.starts_with('"') || !value.ends_with('"')) return value;
    return value.size() < 2 ? std::string_view{} : value.substr(1, value.size() - 2);
}

bool is_named(std::string_view part, std::string_view name) noexcept {
    const auto equals = part.find('=');
    return equals != std::string_view::npos && ascii::trim(part.substr(0, equals)) == name;
}

}  // namespace

std::optional<cookie_pair> next_cookie(std::string_view& rest) noexcept {
    while (!rest.empty()) {
        const auto whole = ascii::take_part(rest, ';');
        const auto equals = whole.find('=');
        if (equals == std::string_view::npos) continue;
        return cookie_pair{.name = ascii::trim(whole.substr(0, equals)),
                           .value = unquoted(ascii::trim(whole.substr(equals + 1))),
                           .whole = whole};
    }
    return std::nullopt;
}

bool append_cookies_without(std::string& out, std::string_view header, std::string_view name) {
    // Untouched headers keep their white space too.
    bool found = false;
    for (auto rest = header; !rest.empty() && !found;) found = is_named(ascii::take_part(rest, ';'), name);
    if (!found) {
        out += header;
        return !header.empty();
    }
    bool any = false;
    while (!header.empty()) {
        const auto part = ascii::take_part(header, ';');
        if (part.empty() || is_named(part, name)) continue;
        if (any) out += "; ";
        out += part;
        any = true;
    }
    return any;
}

}  // namespace vestibule::http
