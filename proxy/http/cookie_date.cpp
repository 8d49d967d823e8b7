#include <vestibule/http/received_cookie.hpp>

#include "http/ascii.hpp"

#include <array>

namespace vestibule::http {
namespace {

// RFC 6265 5.1.1 "delimiter": everything printable but letters, digits and ':', and HTAB.
constexpr bool is_delimiter(char c) noexcept {
    return c == '\t' || (c >= ' ' && c <= '~' && c != ':' && !ascii::is_alnum(c));
}

// Takes a number of `least` to `most` digits off the front; nothing where there is none, or another digit
// follows.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) noexcept {
    std::size_t n = 0;
    int value = 0;
    for (; n < text.size() && ascii::is_digit(text[n]); ++n) {
        if (n == most) return {};
        value = value * 10 + (text[n] - '0');
    }
    if (n < least) return {};
    text.remove_prefix(n);
    return value;
}

// hh:mm:ss; what follows and is no digit does not count.
std::optional<std::array<int, 3>> read_time(std::string_view token) noexcept {
    std::array<int, 3> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i > 0 && !token.starts_with(':')) return {};
        if (i > 0) token.remove_prefix(1);
        const auto part = take_number(token, 1, 2);
        if (!part) return {};
        out[i] = *part;
    }
    return out;
}

std::optional<int> read_month(std::string_view token) noexcept {
    constexpr std::string_view months = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (token.size() < 3) return {};
    const std::array<char, 3> word{ascii::to_lower(token[0]), ascii::to_lower(token[1]),
                                   ascii::to_lower(token[2])};
    for (std::size_t i = 0; i < months.size(); i += 3)
        if (months.substr(i, 3) == std::string_view(word.data(), word.size()))
            return static_cast<int>(i / 3 + 1);
    return {};
}

std::string_view take_token(std::string_view& rest) noexcept {
    while (!rest.empty() && is_delimiter(rest.front())) rest.remove_prefix(1);
    std::size_t n = 0;
    while (n < rest.size() && !is_delimiter(rest[n])) ++n;
    const auto token = rest.substr(0, n);
    rest.remove_prefix(n);
    return token;
}

}  // namespace

std::optional<unix_time> read_cookie_date(std::string_view text) noexcept {
    std::optional<std::array<int, 3>> time;
    std::optional<int> day, month, year;
    const auto number = [](std::string_view token, std::size_t least, std::size_t most) {
        return take_number(token, least, most);
    };
    for (auto token = take_token(text); !token.empty(); token = take_token(text)) {
        if (!time && (time = read_time(token))) continue;
        if (!day && (day = number(token, 1, 2))) continue;
        if (!month && (month = read_month(token))) continue;
        if (!year) year = number(token, 2, 4);
    }
    if (!time || !day || !month || !year) return {};
    if (*year >= 70 && *year <= 99) *year += 1900;
    if (*year >= 0 && *year <= 69) *year += 2000;
    const auto [hour, minute, second] = *time;
    if (*year < 1601 || hour > 23 || minute > 59 || second > 59) return {};
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(unsigned(*month)),
                                           std::chrono::day(unsigned(*day))};
    if (!date.ok()) return {};
    return unix_time(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

}  // namespace vestibule::http
