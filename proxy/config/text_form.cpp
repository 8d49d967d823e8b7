#include "config/text_form.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace vestibule::config {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr std::array<unit, 5> duration_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<unit, 4> size_units{{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}}};

constexpr std::uint64_t longest_duration = 36'500ull * 86'400'000ull;
constexpr std::uint64_t largest_size = 1ull << 50;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const std::array<unit, N>& units,
                                             std::uint64_t most) noexcept {
    const auto digits =
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
    const auto number = parse_count(text.substr(0, digits));
    if (!number) return std::nullopt;
    for (const auto& u : units) {
        if (text.substr(digits) != u.name) continue;
        if (*number > most / u.factor) return std::nullopt;
        return *number * u.factor;
    }
    return std::nullopt;
}

template <std::size_t N>
std::string format_with_unit(std::uint64_t value, const std::array<unit, N>& units) {
    for (const auto& u : units)
        if (value >= u.factor && value % u.factor == 0)
            return std::to_string(value / u.factor).append(u.name);
    return std::to_string(value);
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) noexcept {
    if (text == "0") return milliseconds(0);
    const auto ms = parse_with_unit(text, duration_units, longest_duration);
    if (!ms) return std::nullopt;
    return milliseconds(static_cast<milliseconds::rep>(*ms));
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    return parse_with_unit(text, size_units, largest_size);
}

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
    if (text.empty() || text.size() > 15 || !std::all_of(text.begin(), text.end(), is_digit))
        return std::nullopt;
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
    for (const std::string_view word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
        if (text == word) return true;
    for (const std::string_view word : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
        if (text == word) return false;
    return std::nullopt;
}

std::string format_duration(milliseconds d) {
    return format_with_unit(static_cast<std::uint64_t>(d.count()), duration_units);
}

std::string format_size(std::uint64_t bytes) {
    return format_with_unit(bytes, size_units);
}

bool is_token(std::string_view text) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_letter(c) || is_digit(c) || others.find(c) != others.npos;
    });
}

bool is_host_name(std::string_view text) noexcept {
    if (text.empty() || text.size() > 253) return false;
    while (true) {
        const auto label = text.substr(0, text.find('.'));
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        for (const char c : label)
            if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') return false;
        if (label.size() == text.size()) return true;
        text.remove_prefix(label.size() + 1);
    }
}

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string printable(std::string_view text) {
    constexpr std::size_t longest = 60;
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        // Not in the middle of a UTF-8 sequence.
        if (out.size() >= longest && (byte & 0xc0) != 0x80) return out + "...";
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else {
            out.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
        }
    }
    return out;
}

std::string join_path(const std::string& path, std::string_view key) {
    return path.empty() ? printable(key) : path + "." + printable(key);
}

std::string item_suffix(std::size_t index) {
    return "[" + std::to_string(index) + "]";
}

}  // namespace vestibule::config
