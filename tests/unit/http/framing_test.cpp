#include <vestibule/http/framing.hpp>

#include <gtest/gtest.h>

#include <string>

namespace vestibule::http {
namespace {

const std::string host = "Host: a\r\n";

TEST(request_framing, accepted) {
    const struct {
        std::string version, fields;
        body_kind kind;
        std::uint64_t length;
    } cases[] = {
        {"1.1", host, body_kind::none, 0},
        {"1.0", "", body_kind::none, 0},
        {"1.0", host, body_kind::none, 0},
        {"1.1", host + "Content-Length: 0\r\n", body_kind::length, 0},
        {"1.1", host + "content-LENGTH:5\r\n", body_kind::length, 5},
        {"1.0", "Content-Length: 0005\r\n", body_kind::length, 5},
        {"1.1", host + "Content-Length: 9999999999999999999\r\n", body_kind::length, 9999999999999999999u},
        {"1.1", host + "Transfer-Encoding: chunked\r\n", body_kind::chunked, 0},
        {"1.1", host + "transfer-encoding: \t Chunked \r\n", body_kind::chunked, 0},
        {"1.1", host + "Content_Length: 5\r\n", body_kind::none, 0},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.fields);
        const auto bytes = "POST / HTTP/" + c.version + "\r\n" + c.fields + "\r\n";
        request_head head;
        ASSERT_FALSE(parse_request_head(bytes, {}, head));
        const auto framing = request_framing(head);
        ASSERT_TRUE(framing) << framing.error();
        EXPECT_EQ(framing->kind, c.kind);
        EXPECT_EQ(framing->length, c.length);
    }
}

// What is wrong for a request is wrong for a response.
const std::string bad_framing_fields[] = {
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length:\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: -5\r\n",
    "Content-Length: 5 5\r\n",
    "Content-Length: 0x5\r\n",
    "Content-Length: 5a\r\n",
    "Content-Length: 5.0\r\n",
    "Content-Length: \"5\"\r\n",
    "Content-Length: 10000000000000000000\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 00000000000000000005\r\n",
    "Transfer-Encoding:\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: chunked;a=b\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
};

TEST(request_framing, bad) {
    for (const auto& fields : bad_framing_fields) {
        SCOPED_TRACE(fields);
        const auto bytes = "POST / HTTP/1.1\r\n" + host + fields + "\r\n";
        request_head head;
        ASSERT_FALSE(parse_request_head(bytes, {}, head));
        EXPECT_EQ(request_framing(head).error(), errc::bad_framing);
    }
    request_head head;
    ASSERT_FALSE(parse_request_head("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", {}, head));
    EXPECT_EQ(request_framing(head).error(), errc::bad_framing);
}

TEST(request_framing, host) {
    const struct {
        std::string_view value;
        bool good;
    } cases[] = {
        {"example.test", true},
        {"EXAMPLE.test:80", true},
        {"example.test:", true},
        {"a_b-c~d.test.", true},
        {"127.0.0.1:65535", true},
        {"[::1]", true},
        {"[2001:db8::1]:8080", true},
        {"[::ffff:1.2.3.4]", true},
        {"my_service.", true},
        {"a%20b", false},
        {"a,b", false},
        {"a'b", false},
        {"a;b", false},
        {"a=b", false},
        {"(a)", false},
        {"*", false},
        {"a&b", false},
        {".", false},
        {".a", false},
        {"a..b", false},
        {"a:65536", false},
        {"a:99999", false},
        {"", false},
        {":80", false},
        {"a:b", false},
        {"a:80:80", false},
        {"a:123456", false},
        {"a b", false},
        {"a/b", false},
        {"a?b", false},
        {"a#b", false},
        {"user@a", false},
        {"a\\b", false},
        {"a\"b", false},
        {"a<b", false},
        {"a%2", false},
        {"a%", false},
        {"a%gg", false},
        {"caf\xC3\xA9", false},
        {"::1", false},
        {"[]", false},
        {"[::1", false},
        {"[::1]x", false},
        {"[::1]80", false},
        {"[::g]", false},
        {"[127.0.0.1]", false},
        {"[::1%25eth0]", false},
        {"http://a", false},
    };
    for (const auto& c : cases) {
        for (const std::string version : {"1.0", "1.1"}) {
            SCOPED_TRACE(c.value);
            const auto bytes = "GET / HTTP/" + version + "\r\nHost: " + std::string(c.value) + "\r\n\r\n";
            request_head head;
            ASSERT_FALSE(parse_request_head(bytes, {}, head));
            const auto framing = request_framing(head);
            EXPECT_EQ(framing.has_value(), c.good);
            if (!c.good) {
                EXPECT_EQ(framing.error(), errc::malformed_head);
            }
        }
    }
    for (const std::string_view bytes :
         {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"}) {
        SCOPED_TRACE(bytes);
        request_head head;
        ASSERT_FALSE(parse_request_head(bytes, {}, head));
        EXPECT_EQ(request_framing(head).error(), errc::malformed_head);
    }
}

TEST(request_framing, methods_that_are_refused) {
    for (const std::string method :
         {"CONNECT", "connect", "Connect", "TRACE", "trace", "head", "Head", "heaD"}) {
        const auto bytes = method + " / HTTP/1.1\r\n" + host + "\r\n";
        request_head head;
        ASSERT_FALSE(parse_request_head(bytes, {}, head));
        EXPECT_EQ(request_framing(head).error(), errc::malformed_head) << method;
    }
    for (const std::string method : {"HEAD", "POST", "get", "patch", "READ", "TRACK", "CONNECTS"}) {
        const auto bytes = method + " / HTTP/1.1\r\n" + host + "\r\n";
        request_head head;
        ASSERT_FALSE(parse_request_head(bytes, {}, head));
        EXPECT_TRUE(request_framing(head)) << method;
    }
}

TEST(request_framing, fields_that_stand_once) {
    for (const std::string line : {"Authorization: a\r\n", "Content-Type: a\r\n", "Content-Range: a\r\n",
                                   "Expect: 100-continue\r\n"}) {
        for (const auto& [fields, good] :
             {std::pair{line, true}, std::pair{line + "X: y\r\n" + line, false}}) {
            const auto bytes = "POST / HTTP/1.1\r\n" + host + fields + "\r\n";
            request_head head;
            ASSERT_FALSE(parse_request_head(bytes, {}, head));
            const auto framing = request_framing(head);
            EXPECT_EQ(framing.has_value(), good) << fields;
            if (!good) {
                EXPECT_EQ(framing.error(), errc::malformed_head) << fields;
            }
        }
    }
    const std::string lists = "Accept: a\r\nAccept: b\r\nCookie: a=b\r\nCookie: c=d\r\nVia: a\r\nVia: b\r\n";
    const auto bytes = "GET / HTTP/1.1\r\n" + host + lists + "\r\n";
    request_head head;
    ASSERT_FALSE(parse_request_head(bytes, {}, head));
    EXPECT_TRUE(request_framing(head));
}

TEST(request_framing, expectations) {
    const struct {
        std::string version, value;
        bool good;
    } cases[] = {
        {"1.1", "100-continue", true},
        {"1.1", "100-CONTINUE", true},
        {"1.1", "", false},
        {"1.1", "100", false},
        {"1.1", "y", false},
        {"1.1", "y 100-continue", false},
        {"1.1", "100-continue, y", false},
        {"1.1", "100-continue;a", false},
        {"1.0", "y", true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.value);
        const auto bytes = "POST / HTTP/" + c.version + "\r\n" + host + "Expect: " + c.value + "\r\n\r\n";
        request_head head;
        ASSERT_FALSE(parse_request_head(bytes, {}, head));
        const auto framing = request_framing(head);
        EXPECT_EQ(framing.has_value(), c.good);
        if (!c.good) {
            EXPECT_EQ(framing.error(), errc::bad_expectation);
        }
    }
}

TEST(response_framing, accepted) {
    const struct {
        std::string line, fields;
        std::string_view method;
        body_kind kind;
        std::uint64_t length;
    } cases[] = {
        {"HTTP/1.1 200 OK", "", "GET", body_kind::until_close, 0},
        {"HTTP/1.0 200 OK", "", "GET", body_kind::until_close, 0},
        {"HTTP/1.1 200 OK", "Content-Length: 7\r\n", "GET", body_kind::length, 7},
        {"HTTP/1.1 200 OK", "Content-Length: 0\r\n", "GET", body_kind::length, 0},
        {"HTTP/1.1 200 OK", "Transfer-Encoding: CHUNKED\r\n", "POST", body_kind::chunked, 0},
        {"HTTP/1.1 200 OK", "Content-Length: 7\r\n", "HEAD", body_kind::none, 0},
        {"HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", "HEAD", body_kind::none, 0},
        {"HTTP/1.1 200 OK", "Content-Length: 7\r\n", "head", body_kind::length, 7},
        {"HTTP/1.1 304 Not Modified", "Content-Length: 7\r\n", "GET", body_kind::none, 0},
        {"HTTP/1.1 204 No Content", "Transfer-Encoding: chunked\r\n", "GET", body_kind::none, 0},
        {"HTTP/1.1 100 Continue", "", "POST", body_kind::none, 0},
        {"HTTP/1.1 101 Switching Protocols", "", "GET", body_kind::none, 0},
        {"HTTP/1.1 205 Reset Content", "Content-Length: 0\r\n", "GET", body_kind::length, 0},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.line + "\n" + c.fields);
        const auto bytes = c.line + "\r\n" + c.fields + "\r\n";
        response_head head;
        ASSERT_FALSE(parse_response_head(bytes, head));
        const auto framing = response_framing(head, c.method);
        ASSERT_TRUE(framing) << framing.error();
        EXPECT_EQ(framing->kind, c.kind);
        EXPECT_EQ(framing->length, c.length);
    }
}

TEST(response_framing, a_204_that_announces_a_body_is_dubious) {
    const struct {
        std::string_view bytes;
        bool dubious;
    } cases[] = {
        {"HTTP/1.1 204 N\r\n\r\n", false},
        {"HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.1 204 N\r\nContent-Length: 1\r\n\r\n", true},
        {"HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n", true},
        {"HTTP/1.1 304 N\r\nContent-Length: 1\r\n\r\n", false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.bytes);
        response_head head;
        ASSERT_FALSE(parse_response_head(c.bytes, head));
        const auto framing = response_framing(head, "GET");
        ASSERT_TRUE(framing);
        EXPECT_EQ(framing->kind, body_kind::none);
        EXPECT_EQ(framing->dubious, c.dubious);
    }
}

TEST(response_framing, bad) {
    for (const auto& fields : bad_framing_fields) {
        SCOPED_TRACE(fields);
        const auto bytes = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
        response_head head;
        ASSERT_FALSE(parse_response_head(bytes, head));
        EXPECT_EQ(response_framing(head, "GET").error(), errc::bad_response);
        EXPECT_EQ(response_framing(head, "HEAD").error(), errc::bad_response);
    }
    for (const std::string_view bytes :
         {"HTTP/1.1 103 E\r\nContent-Length: 1\r\n\r\n",
          "HTTP/1.1 100 C\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 101 S\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 304 N\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 204 N\r\nContent-Length: 1, 1\r\n\r\n"}) {
        SCOPED_TRACE(bytes);
        response_head head;
        ASSERT_FALSE(parse_response_head(bytes, head));
        EXPECT_EQ(response_framing(head, "GET").error(), errc::bad_response);
    }
    response_head head;
    ASSERT_FALSE(parse_response_head("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", head));
    EXPECT_EQ(response_framing(head, "GET").error(), errc::bad_response);
}

TEST(wants_keep_alive, table) {
    const struct {
        unsigned version;
        std::vector<std::string_view> connection;
        bool keep;
    } cases[] = {
        {11, {}, true},
        {10, {}, false},
        {11, {"close"}, false},
        {11, {"Close"}, false},
        {11, {"upgrade, close"}, false},
        {11, {"keep-alive"}, true},
        {11, {"closed"}, true},
        {11, {""}, true},
        {10, {"keep-alive"}, true},
        {10, {"Keep-Alive, foo"}, true},
        {10, {"keep-alive, close"}, false},
        {10, {"keep-alive", "close"}, false},
        {10, {"close", "keep-alive"}, false},
    };
    for (const auto& c : cases) {
        field_list fields;
        for (const auto value : c.connection) fields.push({field_id::connection, "Connection", value});
        EXPECT_EQ(wants_keep_alive(c.version, fields), c.keep)
            << c.version << (c.connection.empty() ? "" : c.connection[0]);
    }
}

TEST(list_contains, table) {
    EXPECT_TRUE(list_contains("a", "a"));
    EXPECT_TRUE(list_contains(" b ,\tA\t, c", "a"));
    EXPECT_TRUE(list_contains(",,a", "A"));
    EXPECT_FALSE(list_contains("", "a"));
    EXPECT_FALSE(list_contains("ab, ba", "a"));
    EXPECT_FALSE(list_contains("a b", "a"));
    EXPECT_FALSE(list_contains("a;q=1", "a"));
}

TEST(iequals, only_letters_fold) {
    EXPECT_TRUE(iequals("", ""));
    EXPECT_TRUE(iequals("AbC-1", "aBc-1"));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("[", "{"));
    EXPECT_FALSE(iequals("-", "\r"));
    EXPECT_FALSE(iequals("\xC0", "\xE0"));
}

}  // namespace
}  // namespace vestibule::http
