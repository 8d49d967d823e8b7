#include <vestibule/http/origin.hpp>

#include <gtest/gtest.h>

namespace vestibule::http {
namespace {

std::string shown(const std::optional<origin>& o) {
    return o ? to_string(*o) + " " + std::to_string(o->port) : "none";
}

TEST(parse_origin, table) {
    const struct {
        std::string_view text;
        std::string expected;
    } cases[] = {
        {"https://app.example.com", "https://app.example.com 443"},
        {"HTTPS://App.Example.COM:443", "https://app.example.com 443"},
        {"http://app.example.com:80", "http://app.example.com 80"},
        {"http://app.example.com:443", "http://app.example.com:443 443"},
        {"https://app.example.com:8443", "https://app.example.com:8443 8443"},
        {"http://127.0.0.1:3000", "http://127.0.0.1:3000 3000"},
        {"http://[::1]", "http://[::1] 80"},
        {"http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080 8080"},
        {"wss://x", "wss://x 443"},
        {"chrome-extension://abcdefgh", "chrome-extension://abcdefgh 0"},
        {"capacitor://localhost", "capacitor://localhost 0"},
        {"http://a:00080", "http://a 80"},
        {"", "none"},
        {"null", "none"},
        {"*", "none"},
        {"https://", "none"},
        {"://a", "none"},
        {"1http://a", "none"},
        {"ht tp://a", "none"},
        {"https:/a", "none"},
        {"https://a/", "none"},
        {"https://a/b", "none"},
        {"https://a?b", "none"},
        {"https://a#b", "none"},
        {"https://user@a", "none"},
        {"https://a:", "none"},
        {"https://a:0", "none"},
        {"https://a:65536", "none"},
        {"https://a:99999", "none"},
        {"https://a:123456", "none"},
        {"https://a:8x", "none"},
        {"https://a:1:2", "none"},
        {"https://[::1", "none"},
        {"https://::1", "none"},
        {"https://a b", "none"},
        {"https://a, https://b", "none"},
        {"https://a%2eb", "none"},
        {"https://\xC3\xA9", "none"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(shown(parse_origin(text)), expected) << text;
}

TEST(origin_of_url, table) {
    const struct {
        std::string_view url;
        std::string expected;
    } cases[] = {
        {"https://app.example.com/a/b?c=https://evil.test#d", "https://app.example.com 443"},
        {"https://app.example.com", "https://app.example.com 443"},
        {"https://app.example.com?x", "https://app.example.com 443"},
        {"http://[::1]:81/", "http://[::1]:81 81"},
        {"https://app.example.com@evil.test/", "none"},
        {"https://app.example.com\\@evil.test/", "none"},
        {"/a", "none"},
        {"about:blank", "none"},
        {"", "none"},
    };
    for (const auto& [url, expected] : cases) EXPECT_EQ(shown(origin_of_url(url)), expected) << url;
}

TEST(origin_of_request, table) {
    const struct {
        bool https;
        std::string_view host;
        std::string expected;
    } cases[] = {
        {false, "App.example.com", "http://app.example.com 80"},
        {true, "app.example.com", "https://app.example.com 443"},
        {true, "app.example.com:443", "https://app.example.com 443"},
        {true, "app.example.com:", "https://app.example.com 443"},
        {false, "app.example.com:8080", "http://app.example.com:8080 8080"},
        {false, "[::1]:8080", "http://[::1]:8080 8080"},
        {false, "[::1]", "http://[::1] 80"},
        {false, "", "none"},
        {false, "a/b", "none"},
    };
    for (const auto& [https, host, expected] : cases)
        EXPECT_EQ(shown(origin_of_request(https, host)), expected) << host;
}

TEST(origin_set, compares_without_letter_case_and_default_ports) {
    const std::vector<std::string> texts{"https://App.example.com", "http://b:81", "*", "null", "app://x"};
    const origin_set set(texts);
    for (const std::string_view in :
         {"https://app.example.com:443", "HTTPS://APP.example.com", "http://B:81", "app://x"})
        EXPECT_TRUE(set.contains(parse_origin(in).value())) << in;
    for (const std::string_view out :
         {"http://app.example.com", "https://app.example.com:444", "http://b", "https://example.com",
          "https://x.app.example.com", "app://y", "https://app.example.com."})
        EXPECT_FALSE(set.contains(parse_origin(out).value())) << out;
    EXPECT_FALSE(origin_set().contains(parse_origin("http://a").value()));
    EXPECT_TRUE(origin_set().empty());
}

}  // namespace
}  // namespace vestibule::http
