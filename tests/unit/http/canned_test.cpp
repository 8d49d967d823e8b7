#include <vestibule/http/canned.hpp>
#include <vestibule/http/framing.hpp>
#include <vestibule/http/head.hpp>

#include <gtest/gtest.h>

#include <string>

namespace vestibule::http {
namespace {

struct answer {
    std::string bytes;
    response_head head;
    std::string_view body;

    explicit answer(unsigned status, std::string_view extra = {}, bool close = false,
                    bool head_request = false) {
        append_canned(bytes, status, extra, close, head_request);
        const auto end = find_head_end(bytes);
        EXPECT_NE(end, std::string::npos);
        EXPECT_FALSE(parse_response_head(std::string_view(bytes).substr(0, end), head));
        body = std::string_view(bytes).substr(end);
    }
};

TEST(canned, bodies) {
    const struct {
        unsigned status;
        std::string_view reason, body;
    } cases[] = {
        {400, "Bad Request", R"({"error":"bad_request"})"},
        {401, "Unauthorized", R"({"error":"unauthorized"})"},
        {403, "Forbidden", R"({"error":"forbidden"})"},
        {404, "Not Found", R"({"error":"not_found"})"},
        {405, "Method Not Allowed", R"({"error":"method_not_allowed"})"},
        {408, "Request Timeout", R"({"error":"request_timeout"})"},
        {413, "Content Too Large", R"({"error":"content_too_large"})"},
        {414, "URI Too Long", R"({"error":"uri_too_long"})"},
        {417, "Expectation Failed", R"({"error":"expectation_failed"})"},
        {426, "Upgrade Required", R"({"error":"upgrade_required"})"},
        {429, "Too Many Requests", R"({"error":"too_many_requests"})"},
        {431, "Request Header Fields Too Large", R"({"error":"request_header_fields_too_large"})"},
        {500, "Internal Server Error", R"({"error":"internal_server_error"})"},
        {501, "Not Implemented", R"({"error":"not_implemented"})"},
        {502, "Bad Gateway", R"({"error":"bad_gateway"})"},
        {503, "Service Unavailable", R"({"error":"service_unavailable"})"},
        {504, "Gateway Timeout", R"({"error":"gateway_timeout"})"},
        {505, "HTTP Version Not Supported", R"({"error":"http_version_not_supported"})"},
        {599, "Unknown", R"({"error":"unknown"})"},
        {302, "Found", ""},
        {303, "See Other", ""},
    };
    for (const auto& c : cases) {
        const answer a(c.status);
        EXPECT_EQ(a.head.status, c.status);
        EXPECT_EQ(a.head.reason, c.reason);
        EXPECT_EQ(reason_phrase(c.status), c.reason);
        EXPECT_EQ(a.body, c.body);
        EXPECT_EQ(a.head.fields.find(field_id::content_length), std::to_string(c.body.size()));
        EXPECT_EQ(a.head.fields.find(field_id::content_type), c.body.empty() ? "" : "application/json");
        EXPECT_EQ(a.head.fields.find(field_id::cache_control), "no-store");
        EXPECT_EQ(a.head.fields.count(field_id::connection), 0u);
        const auto date = a.head.fields.find(field_id::date);
        EXPECT_EQ(date.size(), 29u);
        EXPECT_TRUE(date.ends_with(" GMT"));
    }
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(0), "Unknown");
    EXPECT_EQ(reason_phrase(1000), "Unknown");
}

TEST(canned, extra_lines_and_close) {
    const answer a(503, "Retry-After: 1\r\nX-Request-Id: abc\r\n", true);
    EXPECT_EQ(a.head.fields.find(field_id::retry_after), "1");
    EXPECT_EQ(a.head.fields.find_named("x-request-id"), "abc");
    EXPECT_FALSE(wants_keep_alive(a.head.version, a.head.fields));
    EXPECT_FALSE(a.body.empty());
}

TEST(canned, head_has_the_length_but_no_body) {
    const answer a(404, {}, false, true);
    EXPECT_EQ(a.head.fields.find(field_id::content_length), "21");
    EXPECT_TRUE(a.body.empty());
}

TEST(canned, without_content) {
    for (const unsigned status : {100u, 204u, 304u}) {
        const answer a(status);
        EXPECT_EQ(a.head.fields.count(field_id::content_length), 0u) << status;
        EXPECT_TRUE(a.body.empty());
    }
}

TEST(canned, appends) {
    std::string out = "before";
    append_canned(out, 502, {}, true, false);
    EXPECT_TRUE(out.starts_with("beforeHTTP/1.1 502 Bad Gateway\r\nDate: "));
    EXPECT_TRUE(out.ends_with("Connection: close\r\n\r\n{\"error\":\"bad_gateway\"}"));
}

}  // namespace
}  // namespace vestibule::http
