// Percent-encoding (RFC 3986, section 2.1).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vestibule::session {

/// Appends "%2F" for '/'.
inline void append_percent(std::string& out, char c) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

/// -1: it is none.
constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Takes back what append_percent did; a '%' without two digits stands for itself.
inline std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        out += low >= 0 ? static_cast<char>(high << 4 | low) : text[i];
        if (low >= 0) i += 2;
    }
    return out;
}

}  // namespace vestibule::session
