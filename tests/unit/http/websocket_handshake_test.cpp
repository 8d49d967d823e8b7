#include <vestibule/http/websocket_handshake.hpp>

#include <gtest/gtest.h>

#include <string>

namespace vestibule::http {
namespace {

TEST(websocket_handshake, table) {
    const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                      version = "Sec-WebSocket-Version: 13\r\n";
    const struct {
        const char* name;
        std::string method, lines;
        websocket_verdict expected;
    } cases[] = {
        {"as in RFC 6455", "GET", key + version, websocket_verdict::passes},
        {"POST", "POST", key + version, websocket_verdict::malformed},
        {"no key", "GET", version, websocket_verdict::malformed},
        {"two keys", "GET", key + key + version, websocket_verdict::malformed},
        {"empty key", "GET", "Sec-WebSocket-Key:\r\n" + version, websocket_verdict::malformed},
        {"15 bytes", "GET", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" + version,
         websocket_verdict::malformed},
        {"17 bytes", "GET", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZXg=\r\n" + version,
         websocket_verdict::malformed},
        {"no padding", "GET", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" + version,
         websocket_verdict::malformed},
        {"base64url", "GET", "Sec-WebSocket-Key: dGhlIHNh-XBsZSBub25jZQ==\r\n" + version,
         websocket_verdict::malformed},
        {"spare bits", "GET", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n" + version,
         websocket_verdict::passes},
        {"no version", "GET", key, websocket_verdict::malformed},
        {"version 8", "GET", key + "Sec-WebSocket-Version: 8\r\n", websocket_verdict::other_version},
        {"version 013", "GET", key + "Sec-WebSocket-Version: 013\r\n", websocket_verdict::other_version},
        {"two versions", "GET", key + version + version, websocket_verdict::malformed},
    };
    for (const auto& c : cases) {
        request_head head;
        const std::string text = c.method + " / HTTP/1.1\r\nHost: x\r\n" + c.lines + "\r\n";
        ASSERT_FALSE(parse_request_head(text, {}, head)) << c.name;
        EXPECT_EQ(judge_websocket(head), c.expected) << c.name;
    }
}

TEST(websocket_handshake, accept_of_rfc_6455) {
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace vestibule::http
