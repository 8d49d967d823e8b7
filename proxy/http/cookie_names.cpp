#include <vestibule/http/cookie_names.hpp>

#include <vestibule/http/field_names.hpp>

#include "http/ascii.hpp"

namespace vestibule::http {
namespace {

// Where a backend could begin to read another cookie.
constexpr std::string_view boundaries = " \t,;\"'=";

char take_char(std::string_view& text, bool decode) noexcept {
    const char c = text.front();
    if (decode && c == '%' && text.size() > 2) {
        const int high = ascii::hex_value(text[1]), low = ascii::hex_value(text[2]);
        if (high >= 0 && low >= 0) {
            text.remove_prefix(3);
            return static_cast<char>(high * 16 + low);
        }
    }
    text.remove_prefix(1);
    return c;
}

bool same(char a, char b) noexcept {
    return equivalent_names({&a, 1}, {&b, 1});
}

bool may_be(std::string_view spelled, std::string_view name, bool decode) noexcept {
    // What is space once it is decoded, before the name.
    for (auto rest = spelled; !rest.empty(); spelled = rest) {
        const char c = take_char(rest, decode);
        if (c != ' ' && c != '+' && (c < '\t' || c > '\r')) break;
    }
    for (const char wanted : name)
        if (spelled.empty() || !same(take_char(spelled, decode), wanted)) return false;
    if (spelled.empty()) return true;
    const char behind = take_char(spelled, decode);
    return behind == '[' || behind == '\0';  // PHP ends a name at both
}

bool may_be(std::string_view spelled, std::string_view name) noexcept {
    return spelled == name || may_be(spelled, name, false) || may_be(spelled, name, true);
}

}  // namespace

bool may_hold_cookie(std::string_view part, std::string_view name) noexcept {
    part = ascii::trim(part);
    if (part.find('=') == part.npos) return may_be(part, name);
    for (auto at = part.find('='); at != part.npos; at = part.find('=', at + 1)) {
        const auto before = ascii::trim(part.substr(0, at));
        const auto boundary = before.find_last_of(boundaries);
        if (may_be(before.substr(boundary == before.npos ? 0 : boundary + 1), name)) return true;
    }
    // With what would be a boundary elsewhere as part of the name.
    return may_be(ascii::trim(part.substr(0, part.find('='))), name);
}

}  // namespace vestibule::http
