// The innermost loop over JSON text.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace vestibule::session::json {

/// Whether a byte inside a string is just itself: ASCII, no control, no quote, no backslash.
constexpr bool is_plain(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

constexpr bool is_space(char c) noexcept {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// How many plain bytes `text` has from `at` on. Eight at a time: this is where the time goes.
inline std::size_t plain_run(std::string_view text, std::size_t at) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = ones * 0x80;
    const auto zero_byte = [](std::uint64_t v) { return (v - ones) & ~v & tops; };
    const std::size_t begin = at;
    if constexpr (std::endian::native == std::endian::little) {
        for (; text.size() - at >= 8; at += 8) {
            std::uint64_t v;
            std::memcpy(&v, text.data() + at, 8);
            const std::uint64_t control = (v - ones * 0x20) & ~v & tops;
            // A borrow marks only bytes behind the first that is rightly marked.
            const std::uint64_t other =
                (v & tops) | control | zero_byte(v ^ ones * '"') | zero_byte(v ^ ones * '\\');
            if (other != 0) return at + std::size_t(std::countr_zero(other)) / 8 - begin;
        }
    }
    while (at < text.size() && is_plain(text[at])) ++at;
    return at - begin;
}

}  // namespace vestibule::session::json
