#include "session/json_string.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace vestibule::session::json {
namespace {

constexpr bool high_surrogate(std::uint32_t c) noexcept {
    return c >= 0xD800 && c < 0xDC00;
}
constexpr bool low_surrogate(std::uint32_t c) noexcept {
    return c >= 0xDC00 && c < 0xE000;
}

// The code unit of a \uXXXX at the begin of `content`.
std::optional<std::uint32_t> code_unit(std::string_view content) noexcept {
    if (content.size() < 6 || content[0] != '\\' || content[1] != 'u') return {};
    std::uint32_t unit = 0;
    const char* const end = content.data() + 6;
    const auto [stop, failed] = std::from_chars(content.data() + 2, end, unit, 16);
    if (failed != std::errc() || stop != end) return {};
    return unit;
}

std::size_t encode(std::uint32_t c, std::span<char, 4> out) noexcept {
    const auto put = [&](std::size_t i, std::uint32_t bits) { out[i] = static_cast<char>(bits); };
    const auto tail = [&](int shift) { return 0x80 | (c >> shift & 0x3F); };
    if (c < 0x80) {
        put(0, c);
        return 1;
    }
    if (c < 0x800) {
        put(0, 0xC0 | c >> 6), put(1, tail(0));
        return 2;
    }
    if (c < 0x10000) {
        put(0, 0xE0 | c >> 12), put(1, tail(6)), put(2, tail(0));
        return 3;
    }
    put(0, 0xF0 | c >> 18), put(1, tail(12)), put(2, tail(6)), put(3, tail(0));
    return 4;
}

constexpr char short_escape(char letter) noexcept {
    switch (letter) {
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return letter;  // quote, backslash, slash
    }
}

}  // namespace

std::string_view take_piece(std::string_view& content, std::span<char, 4> buffer,
                            std::string_view lone) noexcept {
    const auto take = [&](std::size_t n) {
        const std::string_view piece = content.substr(0, n);
        content.remove_prefix(piece.size());
        return piece;
    };
    const std::size_t plain = std::min(content.find('\\'), content.size());
    if (plain > 0) return take(plain);

    const auto unit = code_unit(content);
    if (!unit) {
        const std::string_view escape = take(2);
        buffer[0] = short_escape(escape.back());
        return {buffer.data(), 1};
    }
    take(6);
    std::uint32_t c = *unit;
    if (high_surrogate(c)) {
        const auto second = code_unit(content);
        if (!second || !low_surrogate(*second)) return lone;
        take(6);
        c = 0x10000 + ((c - 0xD800) << 10) + (*second - 0xDC00);
    } else if (low_surrogate(c)) {
        return lone;
    }
    return {buffer.data(), encode(c, buffer)};
}

std::string unescaped(std::string_view content) {
    std::string out;
    std::array<char, 4> buffer;
    while (!content.empty()) out += take_piece(content, buffer, "\xEF\xBF\xBD");
    return out;
}

bool means(std::string_view content, std::string_view text) noexcept {
    // The usual key has nothing escaped in it.
    if (content.find('\\') == content.npos) return content == text;
    std::array<char, 4> buffer;
    while (!content.empty()) {
        // FF is in no UTF-8.
        const std::string_view piece = take_piece(content, buffer, "\xFF");
        if (!text.starts_with(piece)) return false;
        text.remove_prefix(piece.size());
    }
    return text.empty();
}

void append_string(std::string& out, std::string_view text) {
    constexpr std::string_view letters = "btnvfr";  // of 08 to 0D; \v has no short form
    constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) >= 0x20) {
            out += c;
        } else if (c >= '\b' && c <= '\r' && c != '\v') {
            out += '\\';
            out += letters[static_cast<std::size_t>(c - '\b')];
        } else {
            out += "\\u00";
            out += digits[c >> 4];
            out += digits[c & 15];
        }
    }
    out += '"';
}

}  // namespace vestibule::session::json
