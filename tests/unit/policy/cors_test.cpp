#include <vestibule/policy/cors.hpp>

#include <gtest/gtest.h>

namespace vestibule::policy {
namespace {

http::request_head parsed(const std::string& text) {
    http::request_head head;
    EXPECT_FALSE(http::parse_request_head(text, {}, head)) << text;
    return head;
}

std::string answer(const cors_params& p, std::string_view origin) {
    const cors_table t(p);
    std::string out;
    if (t.allows(origin)) t.append_answer(out, origin);
    return out;
}

std::string preflight(const cors_params& p, std::string_view origin, std::string_view asked) {
    std::string out;
    cors_table(p).append_preflight(out, origin, asked);
    return out;
}

TEST(cors_table, is_off_without_origins) {
    EXPECT_FALSE(cors_table({}).on());
    EXPECT_TRUE(cors_table({.allow_origins = {"https://a.test"}}).on());
    EXPECT_TRUE(cors_table({.allow_origins = {"*"}, .credentials = false}).on());
    EXPECT_FALSE(cors_table({}).allows("https://a.test"));
}

TEST(cors_table, answers) {
    const cors_params listed{.allow_origins = {"https://a.test", "http://b.test:8080"}};
    const std::string with_cookies = "Access-Control-Allow-Credentials: true\r\n";
    EXPECT_EQ(answer(listed, "https://a.test"),
              "Access-Control-Allow-Origin: https://a.test\r\n" + with_cookies);
    EXPECT_EQ(answer(listed, "http://b.test:8080"),
              "Access-Control-Allow-Origin: http://b.test:8080\r\n" + with_cookies);
    for (const std::string_view stranger :
         {"http://a.test", "https://a.test:8443", "https://x.a.test", "https://a.test.evil", "null", "*", "",
          "https://a.test https://b.test", "https://a.test/"})
        EXPECT_EQ(answer(listed, stranger), "") << stranger;

    const cors_params open{.allow_origins = {"*"}, .expose_headers = {"X-A", "X-B"}, .credentials = false};
    EXPECT_EQ(answer(open, "https://any.test"),
              "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: X-A, X-B\r\n");
    EXPECT_EQ(answer(open, "null"),
              "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: X-A, X-B\r\n");
    EXPECT_EQ(answer(open, ""), "");
}

TEST(cors_table, preflights) {
    const std::string methods = "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n";
    const std::string head =
        "Access-Control-Allow-Origin: https://a.test\r\nAccess-Control-Allow-Credentials: true\r\n";
    const cors_params p{.allow_origins = {"https://a.test"}, .expose_headers = {"X-A"}};
    EXPECT_EQ(preflight(p, "https://a.test", ""), head + methods + "Access-Control-Max-Age: 600\r\n");
    EXPECT_EQ(preflight(p, "https://a.test", "content-type, x-csrf"),
              head + methods +
                  "Access-Control-Max-Age: 600\r\nAccess-Control-Allow-Headers: content-type, x-csrf\r\n");
    EXPECT_EQ(preflight(p, "https://a.test", "<script>"), head + methods + "Access-Control-Max-Age: 600\r\n");

    const cors_params strict{.allow_origins = {"*"},
                             .allow_methods = {"GET"},
                             .allow_headers = {"X-A", "X-B"},
                             .credentials = false,
                             .max_age = milliseconds(0)};
    EXPECT_EQ(preflight(strict, "https://a.test", "x-c"),
              "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET\r\n"
              "Access-Control-Allow-Headers: X-A, X-B\r\nAccess-Control-Max-Age: 0\r\n");
}

TEST(is_preflight, table) {
    const struct {
        const char* lines;
        bool preflight;
    } cases[] = {
        {"Origin: https://a.test\r\nAccess-Control-Request-Method: PUT\r\n", true},
        {"origin: null\r\naccess-control-request-method: PUT\r\n", true},
        {"Origin: https://a.test\r\n", false},
        {"Access-Control-Request-Method: PUT\r\n", false},
        {"", false},
    };
    for (const auto& c : cases) {
        const std::string text = "OPTIONS / HTTP/1.1\r\nHost: x\r\n" + std::string(c.lines) + "\r\n";
        const auto head = parsed(text);
        EXPECT_EQ(is_preflight("OPTIONS", head.fields), c.preflight) << c.lines;
        EXPECT_FALSE(is_preflight("GET", head.fields)) << c.lines;
    }
}

TEST(is_cors_field, table) {
    const std::string text =
        "GET / HTTP/1.1\r\nHost: x\r\nAccess-Control-Allow-Origin: *\r\naccess-control-anything: x\r\n"
        "Vary: a\r\nAccess-Control-: x\r\nAccess-Controls: x\r\nX-Access-Control-Allow-Origin: x\r\n\r\n";
    std::string found;
    const auto head = parsed(text);
    for (const http::field& f : head.fields)
        if (is_cors_field(f)) found.append(f.name).append(" ");
    EXPECT_EQ(found, "Access-Control-Allow-Origin access-control-anything Vary ");
}

TEST(append_vary_origin, table) {
    const struct {
        const char *lines, *expected;
    } cases[] = {
        {"", "Vary: Origin\r\n"},
        {"Vary: Accept-Encoding\r\n", "Vary: Accept-Encoding, Origin\r\n"},
        {"Vary: Accept-Encoding\r\nvary: Cookie, Accept\r\n",
         "Vary: Accept-Encoding, Cookie, Accept, Origin\r\n"},
        {"Vary: Accept, origin\r\n", "Vary: Accept, origin\r\n"},
        {"Vary: ORIGIN\r\nVary: Accept\r\n", "Vary: ORIGIN, Accept\r\n"},
        {"Vary: X-Origin\r\n", "Vary: X-Origin, Origin\r\n"},
        {"Vary: *\r\n", "Vary: *\r\n"},
        {"Vary:\r\n", "Vary: Origin\r\n"},
    };
    for (const auto& c : cases) {
        const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(c.lines) + "\r\n";
        const auto head = parsed(text);
        std::string out;
        append_vary_origin(out, head.fields);
        EXPECT_EQ(out, c.expected) << c.lines;
    }
}

}  // namespace
}  // namespace vestibule::policy
