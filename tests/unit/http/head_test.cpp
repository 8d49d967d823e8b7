#include <vestibule/http/head.hpp>

#include <gtest/gtest.h>

#include <string>

namespace vestibule::http {
namespace {

using namespace std::string_literals;

error_code parse_request(std::string_view bytes, request_head& out, const head_limits& limits = {}) {
    return parse_request_head(bytes, limits, out);
}

TEST(find_head_end, table) {
    constexpr auto none = std::string_view::npos;
    const struct {
        std::string bytes;
        std::size_t end;
    } cases[] = {
        {"", none},
        {"GET / HTTP/1.1\r\n", none},
        {"GET / HTTP/1.1\r\n\r", none},
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"GET / HTTP/1.1\r\n\r\nbody\r\n\r\n", 18},
        {"GET / HTTP/1.1\r\nA: b\r\n\r\n", 24},
        {"GET / HTTP/1.1\n\n", 16},
        {"GET / HTTP/1.1\r\n\n", 17},
        {"GET / HTTP/1.1\n\r\n", 17},
        {"\r\nGET / HTTP/1.1\r\n", none},
        {"a\rb\r\r\rc", none},
        {"a\n\r\r\n", none},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.bytes);
        EXPECT_EQ(find_head_end(c.bytes), c.end);
        // Byte by byte, with the search resumed where it left off.
        std::size_t found = none, searched = 0;
        for (std::size_t n = 0; n <= c.bytes.size() && found == none; ++n) {
            found = find_head_end(std::string_view(c.bytes).substr(0, n), searched);
            searched = n;
        }
        EXPECT_EQ(found, c.end);
    }
}

TEST(find_trailers_end, may_be_the_empty_line_alone) {
    EXPECT_EQ(find_trailers_end("\r\n"), 2u);
    EXPECT_EQ(find_trailers_end("\r\nGET / HTTP/1.1\r\n\r\n"), 2u);
    EXPECT_EQ(find_trailers_end("\nx"), 1u);
    EXPECT_EQ(find_trailers_end("\r"), std::string_view::npos);
    EXPECT_EQ(find_trailers_end("A: b\r\n"), std::string_view::npos);
    EXPECT_EQ(find_trailers_end("A: b\r\n\r\nrest"), 8u);
}

TEST(request_head, views_into_the_buffer) {
    const std::string bytes =
        "POST /a?b=c HTTP/1.1\r\n"
        "Host: example.test:8080\r\n"
        "X-Empty:\r\n"
        "X-Blank: \t \r\n"
        "cOOKIE:\t a=b; c=\"d\" \t\r\n"
        "X-Tab: a\tb\r\n"
        "X-High: \xC3\xA9\xFF\r\n"
        "\r\n";
    request_head head;
    ASSERT_EQ(parse_request(bytes, head), error_code{});
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/a?b=c");
    EXPECT_EQ(head.version, 11u);
    ASSERT_EQ(head.fields.size(), 6u);
    const auto* f = &*head.fields.begin();
    EXPECT_EQ(f[0].id, field_id::host);
    EXPECT_EQ(f[0].value, "example.test:8080");
    EXPECT_EQ(f[1].name, "X-Empty");
    EXPECT_EQ(f[1].value, "");
    EXPECT_NE(f[1].value.data(), nullptr);
    EXPECT_EQ(f[2].value, "");
    EXPECT_EQ(f[3].id, field_id::cookie);
    EXPECT_EQ(f[3].name, "cOOKIE");
    EXPECT_EQ(f[3].value, "a=b; c=\"d\"");
    EXPECT_EQ(f[4].value, "a\tb");
    EXPECT_EQ(f[5].value, "\xC3\xA9\xFF");
    for (const field& each : head.fields) {
        EXPECT_GE(each.name.data(), bytes.data());
        EXPECT_LE(each.value.data() + each.value.size(), bytes.data() + bytes.size());
    }
    EXPECT_EQ(head.fields.find(field_id::cookie), "a=b; c=\"d\"");
    EXPECT_EQ(head.fields.find_named("x-TAB"), "a\tb");
    EXPECT_EQ(head.fields.find(field_id::range).data(), nullptr);
    EXPECT_EQ(head.fields.find_named("x-none").data(), nullptr);
    EXPECT_EQ(head.fields.count(field_id::host), 1u);
    EXPECT_EQ(head.fields.count(field_id::range), 0u);
}

TEST(request_head, accepted) {
    const struct {
        std::string line;
        std::string_view method, target;
        unsigned version;
    } cases[] = {
        {"GET / HTTP/1.0", "GET", "/", 10},
        {"get / HTTP/1.1", "get", "/", 11},
        {"M-SEARCH * HTTP/1.1", "M-SEARCH", "*", 11},
        {"CONNECT a.test:443 HTTP/1.1", "CONNECT", "a.test:443", 11},
        {"GET http://a.test/b?c HTTP/1.1", "GET", "http://a.test/b?c", 11},
        {"GET /caf\xC3\xA9 HTTP/1.1", "GET", "/caf\xC3\xA9", 11},
        {"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ", "/", 11},
        {std::string(32, 'M') + " / HTTP/1.1", "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM", "/", 11},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.line);
        const auto bytes = c.line + "\r\n\r\n";
        request_head head;
        ASSERT_EQ(parse_request(bytes, head), error_code{});
        EXPECT_EQ(head.method, c.method);
        EXPECT_EQ(head.target, c.target);
        EXPECT_EQ(head.version, c.version);
        EXPECT_EQ(head.fields.size(), 0u);
    }
}

TEST(request_head, malformed) {
    const std::string cases[] = {
        "",
        "\r\n",
        "\r\n\r\n",
        "\n\n",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n",
        "GET / HTTP/1.1\r\nA: b",
        // Line ends
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\r\n\n",
        "GET / HTTP/1.1\n\r\n",
        "GET / HTTP/1.1\r\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\n\r\n",
        "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\nrest",
        "GET / HTTP/1.1\r\n\r\nrest\r\n",
        "GET / HTTP/1.1\r\n\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n\rX\r\n",
        // Request line
        " GET / HTTP/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /  HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET\t/ HTTP/1.1\r\n\r\n",
        "GET /\tHTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 x\r\n\r\n",
        "GET /\r\n\r\n",
        "GET\r\n\r\n",
        " / HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "G\xC3\xA9T / HTTP/1.1\r\n\r\n",
        std::string(33, 'M') + " / HTTP/1.1\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET /\0 HTTP/1.1\r\n\r\n"s,
        "GET /\x7F HTTP/1.1\r\n\r\n",
        "GET /12345678\x7F HTTP/1.1\r\n\r\n",
        // Version
        "GET / HTTP/0.9\r\n\r\n",
        "GET / HTTP/1.2\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.\r\n\r\n",
        "GET / HTTP/1.10\r\n\r\n",
        "GET / HTTP/1,1\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / HTTP/11\r\n\r\n",
        "GET / HTTPS/1.1\r\n\r\n",
        // Fields
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n",
        "GET / HTTP/1.1\r\n: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
        "GET / HTTP/1.1\r\nH\xC3\xA9: a\r\n\r\n",
        "GET / HTTP/1.1\r\nA\0: b\r\n\r\n"s,
        "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"s,
        "GET / HTTP/1.1\r\nA: b\x0B"
        "c\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \x1F\r\n\r\n",
        "GET / HTTP/1.1\r\nA: bcdefghijklmnop\x7F\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \tbcdefghijklmnop\x01qrst\r\n\r\n",
    };
    for (const auto& bytes : cases) {
        SCOPED_TRACE(bytes);
        request_head head;
        EXPECT_EQ(parse_request(bytes, head), errc::malformed_head);
    }
}

TEST(request_head, every_byte_value_in_a_field_value) {
    // At every offset of the eight bytes that are looked at together.
    for (unsigned byte = 0; byte < 256; ++byte) {
        for (std::size_t at = 0; at < 17; ++at) {
            std::string value(17, 'v');
            value[at] = static_cast<char>(byte);
            const auto bytes = "GET / HTTP/1.1\r\nA: " + value + "\r\n\r\n";
            request_head head;
            const bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
            EXPECT_EQ(!parse_request(bytes, head), good) << byte << " at " << at;
        }
    }
}

TEST(request_head, limits) {
    const std::string bytes = "GET /12345678 HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
    request_head head;
    EXPECT_EQ(parse_request(bytes, head, {.bytes = bytes.size(), .fields = 2, .target = 9}), error_code{});
    EXPECT_EQ(parse_request(bytes, head, {.bytes = bytes.size() - 1, .fields = 2, .target = 9}),
              errc::head_too_large);
    EXPECT_EQ(parse_request(bytes, head, {.fields = 1}), errc::too_many_headers);
    EXPECT_EQ(parse_request(bytes, head, {.target = 8}), errc::target_too_long);
    EXPECT_EQ(parse_request(bytes, head, {.bytes = 0, .fields = 0, .target = 0}), error_code{});
}

TEST(request_head, is_reused) {
    request_head head;
    ASSERT_EQ(parse_request("GET /a HTTP/1.0\r\nA: b\r\nC: d\r\n\r\n", head), error_code{});
    ASSERT_EQ(parse_request("PUT /b HTTP/1.1\r\nE: f\r\n\r\n", head), error_code{});
    EXPECT_EQ(head.method, "PUT");
    EXPECT_EQ(head.version, 11u);
    ASSERT_EQ(head.fields.size(), 1u);
    EXPECT_EQ(head.fields.begin()->name, "E");
    head.fields.release();
    EXPECT_EQ(head.fields.size(), 0u);
}

TEST(response_head, accepted) {
    const struct {
        std::string_view bytes;
        unsigned version, status;
        std::string_view reason;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", 11, 200, "OK"},
        {"HTTP/1.0 404 Not Found\r\n\r\n", 10, 404, "Not Found"},
        {"HTTP/1.1 100 Continue\r\n\r\n", 11, 100, "Continue"},
        {"HTTP/1.1 999 \r\n\r\n", 11, 999, ""},
        {"HTTP/1.1 204\r\n\r\n", 11, 204, ""},
        {"HTTP/1.1 200 Tr\xC3\xA8s\tbien\r\n\r\n", 11, 200, "Tr\xC3\xA8s\tbien"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.bytes);
        response_head head;
        ASSERT_EQ(parse_response_head(c.bytes, head), error_code{});
        EXPECT_EQ(head.version, c.version);
        EXPECT_EQ(head.status, c.status);
        EXPECT_EQ(head.reason, c.reason);
    }
}

TEST(response_head, fields) {
    response_head head;
    ASSERT_EQ(parse_response_head("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n\r\n", head),
              error_code{});
    EXPECT_EQ(head.fields.count(field_id::set_cookie), 2u);
    EXPECT_EQ(head.fields.find(field_id::set_cookie), "a=b");
}

TEST(response_head, bad) {
    const std::string cases[] = {
        "",
        "\r\n",
        "HTTP/1.1 \r\n",
        "HTTP/1.1 20\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "HTTP/1.1 200\tOK\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n"s,
        "HTTP/2 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        " HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"s,
        "HTTP/1.1 200 OK\r\n\r\n<html>\r\n",
    };
    for (const auto& bytes : cases) {
        SCOPED_TRACE(bytes);
        response_head head;
        EXPECT_EQ(parse_response_head(bytes, head), errc::bad_response);
    }
}

TEST(response_head, may_begin) {
    for (const std::string_view good : {"", "H", "HTTP/", "HTTP/1.", "HTTP/1.1 200", "HTTP/1.x"})
        EXPECT_TRUE(may_begin_response(good)) << good;
    for (const std::string_view bad : {"h", "<html>", "HTTP/2", "HTTPS", "\r", "ICY 200 OK", " HTTP/1.1"})
        EXPECT_FALSE(may_begin_response(bad)) << bad;
}

TEST(trailers, table) {
    field_list fields;
    EXPECT_EQ(parse_trailers("\r\n", 1, fields), error_code{});
    EXPECT_EQ(fields.size(), 0u);
    EXPECT_EQ(parse_trailers("A: b\r\nC:d\r\n\r\n", 2, fields), error_code{});
    ASSERT_EQ(fields.size(), 2u);
    EXPECT_EQ(fields.find_named("c"), "d");
    EXPECT_EQ(parse_trailers("A: b\r\n\r\n", 0, fields), error_code{});

    for (const std::string_view bad : {"", "\n", "\r", "A: b\r\n", "A: b\n\r\n", " A: b\r\n\r\n",
                                       "A : b\r\n\r\n", "A: b\r\n\r\nC: d\r\n\r\n", "A: b\r\n c\r\n\r\n"}) {
        SCOPED_TRACE(bad);
        EXPECT_EQ(parse_trailers(bad, 10, fields), errc::malformed_head);
    }
    EXPECT_EQ(parse_trailers("A: b\r\nC: d\r\n\r\n", 1, fields), errc::malformed_head);

    for (const std::string name : {"Content-Length", "transfer-encoding", "HOST"})
        EXPECT_EQ(parse_trailers("A: b\r\n" + name + ": 1\r\n\r\n", 10, fields), errc::malformed_head)
            << name;
}

}  // namespace
}  // namespace vestibule::http
