// Character classes of HTTP (RFC 9110 5.6) as look-up tables, and what is done with them everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace vestibule::http::ascii {

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alnum(char c) noexcept {
    return is_alpha(c) || is_digit(c);
}
constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}
constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// A set of characters, made at compile time.
class char_set {
  public:
    /// Letters and digits, and the ones in `others`.
    constexpr explicit char_set(std::string_view others) noexcept {
        for (unsigned c = 0; c < 128; ++c) in_[c] = is_alnum(static_cast<char>(c));
        for (const char c : others) in_[static_cast<unsigned char>(c)] = true;
    }
    constexpr bool contains(char c) const noexcept { return in_[static_cast<unsigned char>(c)]; }
    constexpr bool contains_all(std::string_view text) const noexcept {
        for (const char c : text)
            if (!contains(c)) return false;
        return true;
    }

  private:
    std::array<bool, 256> in_{};
};

inline constexpr char_set token{"!#$%&'*+-.^_`|~"};
inline constexpr char_set unreserved{"-._~"};  // RFC 3986 2.3

constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && token.contains_all(text);
}

/// 0 to 15, or -1 for what is no hexadecimal digit.
constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// `text` without SP and HTAB at its ends.
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Takes what is before the first `separator` (or everything) off `rest`, trimmed.
constexpr std::string_view take_part(std::string_view& rest, char separator) noexcept {
    const auto at = rest.find(separator);
    const auto part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return trim(part);
}

/// Writes "%2F".
inline void append_escaped(std::string& out, unsigned char c) {
    constexpr char digits[] = "0123456789ABCDEF";
    out += '%';
    out += digits[c >> 4];
    out += digits[c & 15];
}

}  // namespace vestibule::http::ascii
