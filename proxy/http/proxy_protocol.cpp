#include <vestibule/http/proxy_protocol.hpp>

#include "http/ascii.hpp"

#include <algorithm>
#include <charconv>

namespace vestibule::http {
namespace {

using namespace std::string_view_literals;

constexpr auto line_start = "PROXY "sv;
constexpr auto signature = "\r\n\r\n\0\r\nQUIT\n"sv;  // of version 2
constexpr std::size_t shortest_line = 15;             // "PROXY UNKNOWN\r\n"
constexpr std::size_t block_head = 16;
constexpr unsigned char checksum_type = 0x03;  // PP2_TYPE_CRC32C

std::uint8_t byte_at(std::string_view s, std::size_t i) noexcept {
    return static_cast<std::uint8_t>(s[i]);
}

std::uint16_t number_at(std::string_view s, std::size_t i) noexcept {
    return static_cast<std::uint16_t>(byte_at(s, i) << 8 | byte_at(s, i + 1));
}

// Decimal, without a leading zero.
std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (text.size() > 1 && text[0] == '0') return std::nullopt;
    return port;
}

// The text before the next blank, or all of it.
std::string_view take_word(std::string_view& rest) noexcept {
    const std::size_t blank = rest.find(' ');
    const std::string_view word = rest.substr(0, blank);
    rest = blank == rest.npos ? std::string_view() : rest.substr(blank + 1);
    return word;
}

// "TCP4 192.0.2.1 198.51.100.1 56324 443", or "UNKNOWN" and anything.
result<proxy_header> read_line(std::string_view line, std::size_t size) noexcept {
    proxy_header header{.size = size, .missing = 0, .source = std::nullopt, .source_port = 0};
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return header;
    if (std::ranges::count(line, ' ') != 4) return errc::malformed_head;
    const std::string_view family = take_word(line);
    if (family != "TCP4" && family != "TCP6") return errc::malformed_head;
    const std::string_view from = take_word(line), to = take_word(line);
    const bool v4 = family == "TCP4";
    if ((from.find(':') == from.npos) != v4 || (to.find(':') == to.npos) != v4) return errc::malformed_head;
    header.source = ip_address::parse(from);
    const auto source_port = read_port(take_word(line));
    if (!header.source || !ip_address::parse(to) || !source_port || !read_port(line))
        return errc::malformed_head;
    header.source_port = *source_port;
    return header;
}

result<proxy_header> read_version_1(std::string_view bytes) noexcept {
    const std::string_view within = bytes.substr(0, max_proxy_line);
    const std::size_t end = within.find_first_of("\r\n");
    if (end != within.npos && end + 1 < within.size()) {
        if (within.substr(end, 2) != "\r\n") return errc::malformed_head;
        return read_line(within.substr(line_start.size(), end - line_start.size()), end + 2);
    }
    if ((end != within.npos && within[end] == '\n') || within.size() == max_proxy_line)
        return errc::malformed_head;
    const std::size_t least = end != within.npos ? 1 : 2;
    const std::size_t short_of = within.size() < shortest_line ? shortest_line - within.size() : 0;
    return proxy_header{.size = 0, .missing = std::max(least, short_of), .source = {}, .source_port = 0};
}

// CRC32C (Castagnoli, RFC 3720 B.4), bit by bit: a few hundred bytes once in a connection. The four bytes
// at `hole` count as zero.
std::uint32_t checksum(std::string_view bytes, std::size_t hole) noexcept {
    std::uint32_t crc = ~0u;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        crc ^= i >= hole && i < hole + 4 ? 0 : byte_at(bytes, i);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82F63B78 & (0 - (crc & 1)));
    }
    return ~crc;
}

// Type, length and value from `at` on to the end.
bool valid_extras(std::string_view bytes, std::size_t at) noexcept {
    while (at < bytes.size()) {
        if (bytes.size() - at < 3) return false;
        const std::uint8_t type = byte_at(bytes, at);
        const std::size_t length = number_at(bytes, at + 1);
        at += 3;
        if (bytes.size() - at < length) return false;
        if (type == checksum_type) {
            if (length != 4) return false;
            const std::uint32_t told = std::uint32_t(number_at(bytes, at)) << 16 | number_at(bytes, at + 2);
            if (told != checksum(bytes, at)) return false;
        }
        at += length;
    }
    return true;
}

result<proxy_header> read_version_2(std::string_view bytes) noexcept {
    if (bytes.size() < block_head)
        return proxy_header{.size = 0, .missing = block_head - bytes.size(), .source = {}, .source_port = 0};
    const std::uint8_t version_and_command = byte_at(bytes, 12), family_and_transport = byte_at(bytes, 13);
    const std::size_t length = number_at(bytes, 14);
    if ((version_and_command != 0x20 && version_and_command != 0x21) || length > max_proxy_block)
        return errc::malformed_head;
    const std::size_t size = block_head + length;
    if (bytes.size() < size)
        return proxy_header{.size = 0, .missing = size - bytes.size(), .source = {}, .source_port = 0};
    proxy_header header{.size = size, .missing = 0, .source = std::nullopt, .source_port = 0};
    if (version_and_command == 0x20) return header;  // LOCAL: the proxy speaks for itself

    const std::uint8_t family = family_and_transport >> 4, transport = family_and_transport & 15;
    if (family > 3 || transport > 2) return errc::malformed_head;
    constexpr std::size_t lengths[] = {0, 12, 36, 216};  // unspecified, IPv4, IPv6, unix
    if (length < lengths[family]) return errc::malformed_head;
    if (!valid_extras(bytes.substr(0, size), block_head + lengths[family])) return errc::malformed_head;
    if (family == 1) header.source = ip_address::from_v4(bytes.substr(block_head, 4));
    if (family == 2) header.source = ip_address::from_v6(bytes.substr(block_head, 16));
    if (header.source) header.source_port = number_at(bytes, block_head + (family == 1 ? 8 : 32));
    return header;
}

}  // namespace

result<proxy_header> read_proxy_header(std::string_view bytes) noexcept {
    const std::string_view front = bytes.substr(0, signature.size());
    if (signature.starts_with(front) && !front.empty()) {
        if (front.size() < signature.size())
            return proxy_header{
                .size = 0, .missing = block_head - front.size(), .source = {}, .source_port = 0};
        return read_version_2(bytes);
    }
    if (!line_start.starts_with(front.substr(0, line_start.size()))) return errc::malformed_head;
    return read_version_1(bytes);
}

}  // namespace vestibule::http
