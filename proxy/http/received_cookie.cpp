#include <vestibule/http/received_cookie.hpp>

#include <vestibule/http/framing.hpp>

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr milliseconds longest_life = std::chrono::days(400);  // RFC 6265bis 5.5
constexpr std::size_t longest_path = 1024;                     // the same, 5.6

// 5.2.2. Nothing where it is no number; a time that is over where it is 0 or less.
std::optional<unix_time> end_of(std::string_view max_age, unix_time now) noexcept {
    const bool negative = max_age.starts_with('-');
    const auto digits = max_age.substr(negative ? 1 : 0);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), ascii::is_digit)) return {};
    std::int64_t life = 0;  // seconds
    for (const char c : digits)
        life = std::min<std::int64_t>(life * 10 + (c - '0'), longest_life / std::chrono::seconds(1));
    if (negative || life == 0) return unix_time{};
    return now + std::chrono::seconds(life);
}

}  // namespace

std::optional<received_cookie> read_set_cookie(std::string_view line, unix_time now) noexcept {
    const auto pair = ascii::take_part(line, ';');
    const auto equals = pair.find('=');
    if (equals == pair.npos) return {};
    received_cookie c{ascii::trim(pair.substr(0, equals)), ascii::trim(pair.substr(equals + 1)), {}, {}};
    if (c.name.empty()) return {};
    std::optional<unix_time> by_age, by_date;
    while (!line.empty()) {
        const auto attribute = ascii::take_part(line, ';');
        const auto at = attribute.find('=');
        const auto name = ascii::trim(attribute.substr(0, at));
        const auto value = at == attribute.npos ? std::string_view() : ascii::trim(attribute.substr(at + 1));
        if (iequals(name, "max-age")) {
            if (const auto end = end_of(value, now)) by_age = end;
        } else if (iequals(name, "expires")) {
            if (const auto end = read_cookie_date(value)) by_date = end;
        } else if (iequals(name, "path") && value.size() <= longest_path) {
            c.path = value.starts_with('/') ? value : std::string_view();
        }
    }
    c.expires = by_age ? by_age : by_date;
    if (c.expires) c.expires = std::min(*c.expires, now + longest_life);
    return c;
}

std::string_view default_cookie_path(std::string_view request_path) noexcept {
    if (!request_path.starts_with('/')) return "/";
    const auto last = request_path.rfind('/');
    return last == 0 ? "/" : request_path.substr(0, last);
}

bool cookie_path_matches(std::string_view request_path, std::string_view cookie_path) noexcept {
    if (!request_path.starts_with(cookie_path)) return false;
    return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
           request_path[cookie_path.size()] == '/';
}

}  // namespace vestibule::http
