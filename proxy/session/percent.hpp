// Percent-encoding of one byte (RFC 3986, section 2.1).
#pragma once

#include <string>

namespace vestibule::session {

/// Appends "%2F" for '/'.
inline void append_percent(std::string& out, char c) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

}  // namespace vestibule::session
