// UTF-8 well-formedness (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace vestibule {

/// Length in bytes of the well-formed sequence that `text` begins with; 0 where there is none.
constexpr std::size_t utf8_sequence(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto continuation = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
    const unsigned a = at(0), b = at(1);
    if (text.empty()) return 0;
    if (a < 0x80) return 1;
    if (a >= 0xc2 && a <= 0xdf) return continuation(1) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef) {
        if (!continuation(1) || !continuation(2)) return 0;
        return (a == 0xe0 && b < 0xa0) || (a == 0xed && b >= 0xa0) ? 0 : 3;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        if (!continuation(1) || !continuation(2) || !continuation(3)) return 0;
        return (a == 0xf0 && b < 0x90) || (a == 0xf4 && b >= 0x90) ? 0 : 4;
    }
    return 0;
}

/// Whether the whole text is well-formed.
constexpr bool valid_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        // ASCII, eight bytes at a time.
        if (!std::is_constant_evaluated()) {
            std::uint64_t eight;
            while (text.size() >= 8) {
                std::memcpy(&eight, text.data(), 8);
                if ((eight & 0x8080808080808080) != 0) break;
                text.remove_prefix(8);
            }
            if (text.empty()) break;
        }
        const std::size_t n = utf8_sequence(text);
        if (n == 0) return false;
        text.remove_prefix(n);
    }
    return true;
}

}  // namespace vestibule
