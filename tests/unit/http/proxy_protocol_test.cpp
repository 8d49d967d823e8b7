#include <vestibule/http/proxy_protocol.hpp>

#include <gtest/gtest.h>

#include <string>

namespace vestibule::http {
namespace {

using namespace std::string_literals;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string block(unsigned char command, unsigned char family, const std::string& rest,
                  std::optional<std::size_t> length = std::nullopt) {
    const std::size_t n = length.value_or(rest.size());
    std::string out = signature;
    for (const unsigned b : {unsigned(command), unsigned(family), unsigned(n >> 8), unsigned(n & 255)})
        out += static_cast<char>(b);
    return out + rest;
}

std::string shown(std::string_view bytes) {
    const auto h = read_proxy_header(bytes);
    if (!h) return h.error() == errc::malformed_head ? "wrong" : "another error";
    if (h->missing > 0) return "missing " + std::to_string(h->missing);
    return std::to_string(h->size) + " " +
           (h->source ? h->source->to_string() + " " + std::to_string(h->source_port) : "none");
}

TEST(proxy_protocol, version_1) {
    const struct {
        std::string bytes, expected;
    } cases[] = {
        {"", "missing 15"},
        {"P", "missing 14"},
        {"PROXY ", "missing 9"},
        {"PROXY UNKNOWN\r", "missing 1"},
        {"PROXY UNKNOWN\r\n", "15 none"},
        {"PROXY UNKNOWN ff:ff 1 2 whatever\r\n", "34 none"},
        {"PROXY UNKNOWNX\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET / HTTP/1.1\r\n", "45 192.0.2.1 56324"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 44", "missing 2"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r", "missing 1"},
        {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "32 0.0.0.0 0"},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "56 255.255.255.255 65535"},
        {"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "32 2001:db8::7 1"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
         "65535\r\n",
         "104 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
        // Only one reading.
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\rX", "wrong"},
        {"PROXY TCP4  192.0.2.1 198.51.100.2 56324 443\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 \r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 056324 443\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 198.51.100.2 1 \r\n", "wrong"},
        {"PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n", "wrong"},
        {"PROXY TCP4 ::1 198.51.100.2 1 2\r\n", "wrong"},
        {"PROXY TCP4 192.0.2.1 ::1 1 2\r\n", "wrong"},
        {"PROXY TCP6 192.0.2.1 ::1 1 2\r\n", "wrong"},
        {"PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n", "wrong"},
        {"PROXY\tTCP4 192.0.2.1 198.51.100.2 1 2\r\n", "wrong"},
        {"proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n", "wrong"},
        {"GET / HTTP/1.1\r\n", "wrong"},
        {"PRI * HTTP/2.0\r\n", "wrong"},
        {"PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "107 none"},
        {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", "wrong"},
        {"PROXY UNKNOWN " + std::string(92, 'x'), "missing 2"},
        {"PROXY UNKNOWN " + std::string(93, 'x'), "wrong"},
    };
    for (const auto& c : cases) EXPECT_EQ(shown(c.bytes), c.expected) << c.bytes;
}

TEST(proxy_protocol, version_2) {
    const std::string v4 = "\xC0\x00\x02\x01\xC6\x33\x64\x02\xDC\x04\x01\xBB"s;
    const std::string v6 =
        "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07" + std::string(16, '\0') + "\x00\x01\x00\x02"s;
    const std::string noop = "\x04\x00\x02xy"s;
    // The checksum of the whole header with its four bytes as zero, worked out by another implementation.
    const std::string sum = block(0x21, 0x11, v4 + "\x03\x00\x04\x20\xEC\x95\x49"s);
    const struct {
        const char* name;
        std::string bytes, expected;
    } cases[] = {
        {"one byte", signature.substr(0, 1), "missing 15"},
        {"signature alone", signature, "missing 4"},
        {"other signature", "\r\n\r\n\0\r\nQUIT\r"s, "wrong"},
        {"no address", block(0x21, 0x11, v4).substr(0, 16), "missing 12"},
        {"IPv4", block(0x21, 0x11, v4) + "GET /", "28 192.0.2.1 56324"},
        {"IPv6", block(0x21, 0x21, v6), "52 2001:db8::7 1"},
        {"unix", block(0x21, 0x31, std::string(216, 'x')), "232 none"},
        {"unspecified", block(0x21, 0x00, ""), "16 none"},
        {"unspecified with something", block(0x21, 0x00, noop), "21 none"},
        {"LOCAL", block(0x20, 0x00, ""), "16 none"},
        {"LOCAL with an address", block(0x20, 0x11, v4), "28 none"},
        {"LOCAL with anything", block(0x20, 0xFF, "xyz"), "19 none"},
        {"TLVs", block(0x21, 0x11, v4 + noop + noop), "38 192.0.2.1 56324"},
        {"datagrams", block(0x21, 0x12, v4), "28 192.0.2.1 56324"},
        {"right checksum", sum, "35 192.0.2.1 56324"},
        {"wrong checksum", block(0x21, 0x11, v4 + "\x03\x00\x04\x00\x00\x00\x00"s), "wrong"},
        {"short checksum", block(0x21, 0x11, v4 + "\x03\x00\x02\x00\x00"s), "wrong"},
        {"TLV past the end", block(0x21, 0x11, v4 + "\x04\x00\x03xy"s), "wrong"},
        {"half a TLV", block(0x21, 0x11, v4 + "\x04\x00"s), "wrong"},
        {"short address", block(0x21, 0x11, v4.substr(1)), "wrong"},
        {"short IPv6 address", block(0x21, 0x21, v6.substr(1)), "wrong"},
        {"version 1", block(0x11, 0x11, v4), "wrong"},
        {"version 3", block(0x31, 0x11, v4), "wrong"},
        {"command 2", block(0x22, 0x11, v4), "wrong"},
        {"family 4", block(0x21, 0x41, std::string(216, 'x')), "wrong"},
        {"transport 3", block(0x21, 0x13, v4), "wrong"},
        {"largest", block(0x21, 0x00, "\x04\x0F\xFD"s + std::string(4093, 'x')), "4112 none"},
        {"too large", block(0x21, 0x00, "", 4097), "wrong"},
    };
    for (const auto& c : cases) EXPECT_EQ(shown(c.bytes), c.expected) << c.name;
}

// Whoever reads as many bytes as are missing gets there without one too much.
TEST(proxy_protocol, is_read_exactly) {
    for (const std::string& header :
         {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"s, "PROXY UNKNOWN\r\n"s,
          block(0x21, 0x11, "\xC0\x00\x02\x01\xC6\x33\x64\x02\xDC\x04\x01\xBB\x04\x00\x01x"s)}) {
        const std::string all = header + "GET / HTTP/1.1\r\n\r\n";
        for (const std::size_t most : {1u, 3u, 4096u}) {
            std::size_t have = 0, rounds = 0;
            for (; ++rounds < 200;) {
                const auto h = read_proxy_header(std::string_view(all).substr(0, have));
                ASSERT_TRUE(h);
                if (h->missing == 0) break;
                have += std::min(most, h->missing);
            }
            EXPECT_EQ(have, header.size()) << most;
        }
    }
}

}  // namespace
}  // namespace vestibule::http
