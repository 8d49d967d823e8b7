// Finding bytes that may not stand in a line, eight at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace vestibule::http {

/// The first byte of [p, end) that is below `Low` or DEL; `end` where there is none. Bytes from 0x80
/// are never found.
template <unsigned char Low>
const char* find_control(const char* p, const char* end) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
        for (; end - p >= 8; p += 8) {
            std::uint64_t x;
            std::memcpy(&x, p, 8);
            // High bit set in each byte that is too small, or DEL; a borrow can only mark bytes
            // behind the first that is rightly marked.
            const std::uint64_t low = (x - ones * Low) & ~x & highs;
            const std::uint64_t y = x ^ (ones * 0x7F);
            const std::uint64_t del = (y - ones) & ~y & highs;
            if ((low | del) != 0) return p + std::countr_zero(low | del) / 8;
        }
    }
    for (; p != end; ++p) {
        const auto c = static_cast<unsigned char>(*p);
        if (c < Low || c == 0x7F) break;
    }
    return p;
}

/// Whether a byte of [p, end) is 0x80 or above.
inline bool has_high(const char* p, const char* end) noexcept {
    std::uint64_t all = 0;
    for (; end - p >= 8; p += 8) {
        std::uint64_t x;
        std::memcpy(&x, p, 8);
        all |= x;
    }
    for (; p != end; ++p) all |= static_cast<unsigned char>(*p);
    return (all & 0x8080808080808080) != 0;
}

}  // namespace vestibule::http
