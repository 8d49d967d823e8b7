// Finding bytes that may not stand in a line, and line ends: sixteen bytes at a time where the processor has
// SSE2 (every x86-64), eight elsewhere and at the end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace vestibule::http {

/// The first byte of [p, end) that is below `Low` or DEL; `end` where there is none. Bytes from 0x80
/// are never found.
template <unsigned char Low>
const char* find_control(const char* p, const char* end) noexcept {
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(Low - 1)), x);
        const __m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7F));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
        if (found != 0) return p + std::countr_zero(found);
    }
#endif
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

/// Where the first empty line of [p, end) begins, behind a '\n': with "\r\n" or a '\n' alone. Null where
/// there is none.
inline const char* find_empty_line(const char* p, const char* end) noexcept {
    const auto is_empty = [end](const char* line) {
        return (end - line >= 1 && line[0] == '\n') ||
               (end - line >= 2 && line[0] == '\r' && line[1] == '\n');
    };
#ifdef __SSE2__
    const __m128i feed = _mm_set1_epi8('\n'), carriage_return = _mm_set1_epi8('\r');
    for (; end - p >= 17; p += 16) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 1));
        const __m128i may_be =
            _mm_or_si128(_mm_cmpeq_epi8(next, feed), _mm_cmpeq_epi8(next, carriage_return));
        auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(x, feed), may_be)));
        for (; found != 0; found &= found - 1)
            if (const char* const line = p + std::countr_zero(found) + 1; is_empty(line)) return line;
    }
#endif
    while (p != end) {
        p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
        if (p == nullptr) break;
        if (is_empty(++p)) return p;
    }
    return nullptr;
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
