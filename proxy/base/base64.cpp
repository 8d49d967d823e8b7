#include <vestibule/base/base64.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace vestibule {
namespace {

constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::span<const unsigned char> bytes, std::string_view alphabet) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3 + 2);
    std::uint32_t acc = 0;
    unsigned bits = 0;
    for (unsigned char b : bytes) {
        acc = (acc << 8) | b;
        for (bits += 8; bits >= 6; bits -= 6) out += alphabet[(acc >> (bits - 6)) & 63];
    }
    if (bits > 0) out += alphabet[(acc << (6 - bits)) & 63];
    return out;
}

consteval std::array<std::int8_t, 256> reverse(std::string_view alphabet) {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}

constexpr auto url_safe_values = reverse(url_safe);

}  // namespace

std::string base64_unpadded(std::span<const unsigned char> bytes) {
    return encode(bytes, standard);
}

std::string base64_padded(std::span<const unsigned char> bytes) {
    std::string out = encode(bytes, standard);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string base64url(std::span<const unsigned char> bytes) {
    return encode(bytes, url_safe);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t acc = 0;
    unsigned bits = 0;
    for (char c : text) {
        const int v = url_safe_values[static_cast<unsigned char>(c)];
        if (v < 0) return std::nullopt;
        acc = (acc << 6) | static_cast<std::uint32_t>(v);
        if (bits += 6; bits >= 8) out += static_cast<char>((acc >> (bits -= 8)) & 0xff);
    }
    if ((acc & ((1u << bits) - 1)) != 0) return std::nullopt;  // spare bits must be zero
    return out;
}

}  // namespace vestibule
