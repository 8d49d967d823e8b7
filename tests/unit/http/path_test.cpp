#include <vestibule/http/path.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace vestibule::http {
namespace {

using namespace std::string_literals;

TEST(normalise_target, one_spelling) {
    const struct {
        std::string_view target, path, match_path;
        std::string_view query = {}, authority = {};
    } cases[] = {
        {"/", "/", "/"},
        {"/account", "/account", "/account"},
        {"/account/", "/account/", "/account/"},
        {"/Account", "/Account", "/Account"},
        {"/a/b.c/d-e_f~g", "/a/b.c/d-e_f~g", "/a/b.c/d-e_f~g"},
        // Slashes
        {"//account", "/account", "/account"},
        {"///", "/", "/"},
        {"/a//b///c", "/a/b/c", "/a/b/c"},
        {"/a//", "/a/", "/a/"},
        // Dot segments
        {"/.", "/", "/"},
        {"/./", "/", "/"},
        {"/./account", "/account", "/account"},
        {"/a/.", "/a/", "/a/"},
        {"/a/./b", "/a/b", "/a/b"},
        {"/x/../account", "/account", "/account"},
        {"/a/..", "/", "/"},
        {"/a/../", "/", "/"},
        {"/a/b/..", "/a/", "/a/"},
        {"/a/b/../..", "/", "/"},
        {"/a/b/../../c", "/c", "/c"},
        {"/a//../b", "/b", "/b"},
        {"/a/.//../b", "/b", "/b"},
        {"/%2e/account", "/account", "/account"},
        {"/x/%2e%2E/account", "/account", "/account"},
        {"/x/.%2e/account", "/account", "/account"},
        {"/x/%2e./account", "/account", "/account"},
        {"/...", "/...", "/..."},
        {"/..a", "/..a", "/..a"},
        {"/.well-known/x", "/.well-known/x", "/.well-known/x"},
        {"/a/b../c", "/a/b../c", "/a/b../c"},
        // Escapes
        {"/%61ccount", "/account", "/account"},
        {"/%41%7a%30%2D%2e%5F%7e", "/Az0-._~", "/Az0-._~"},
        {"/a%20b", "/a%20b", "/a%20b"},
        {"/%2561ccount", "/%2561ccount", "/%2561ccount"},
        {"/%25%36%31", "/%2561", "/%2561"},
        {"/%252e%252e/a", "/%252e%252e/a", "/%252e%252e/a"},
        {"/a%c3%a9", "/a%C3%A9", "/a%C3%A9"},
        {"/a\xC3\xA9", "/a%C3%A9", "/a%C3%A9"},
        {"/\xFF", "/%FF", "/%FF"},
        {"/%c0x", "/%C0x", "/%C0x"},
        {"/%e2%82%ac", "/%E2%82%AC", "/%E2%82%AC"},
        {"/%23", "/%23", "/%23"},
        {"/%3f", "/%3F", "/%3F"},
        {"/a|b\"<>^`{}[]", "/a%7Cb%22%3C%3E%5E%60%7B%7D%5B%5D", "/a%7Cb%22%3C%3E%5E%60%7B%7D%5B%5D"},
        {"/a%7cb", "/a%7Cb", "/a%7Cb"},
        {"/!$&'()*+,=:@", "/!$&'()*+,=:@", "/!$&'()*+,=:@"},
        {"/%21%24%26%27%28%29%2a%2B%2c%3d%3A%40", "/%21%24%26%27%28%29%2A%2B%2C%3D%3A%40", "/!$&'()*+,=:@"},
        // Parameters
        {"/account;a=b", "/account;a=b", "/account"},
        {"/account;", "/account;", "/account"},
        {"/account;a=b/", "/account;a=b/", "/account/"},
        {"/account/;a=b", "/account/;a=b", "/account/"},
        {"/;a/account", "/;a/account", "/account"},
        {"/;a/;b/account;c;d", "/;a/;b/account;c;d", "/account"},
        {"/a;x=/b;y/c", "/a;x=/b;y/c", "/a/b/c"},
        {"/a/;x/../b", "/a/b", "/a/b"},
        {"/a;x/../b", "/b", "/b"},
        {"/%61;%62", "/a;b", "/a"},
        {"/a%3Bb", "/a%3Bb", "/a%3Bb"},
        {"/...;a", "/...;a", "/..."},
        // Query
        {"/?", "/", "/", "?"},
        {"/a?b=c&d", "/a", "/a", "?b=c&d"},
        {"/a?/../%2F\\%zz?;\"", "/a", "/a", "?/../%2F\\%zz?;\""},
        {"//a/?x", "/a/", "/a/", "?x"},
        {"/a;b?c;d", "/a;b", "/a", "?c;d"},
        {"/?\xC3\xA9", "/", "/", "?%C3%A9"},
        // Absolute form
        {"http://a.test", "/", "/", "", "a.test"},
        {"http://a.test/", "/", "/", "", "a.test"},
        {"HTTP://A.test:80/b", "/b", "/b", "", "A.test:80"},
        {"https://[::1]:8443//b/../c?d", "/c", "/c", "?d", "[::1]:8443"},
        {"hTTps://a?b", "/", "/", "?b", "a"},
        {"http://a//b", "/b", "/b", "", "a"},
    };
    normal_target out;
    for (const auto& c : cases) {
        SCOPED_TRACE(c.target);
        ASSERT_EQ(normalise_target(c.target, out), error_code{});
        EXPECT_EQ(out.path, c.path);
        EXPECT_EQ(out.match_path, c.match_path);
        EXPECT_EQ(out.query, c.query);
        EXPECT_EQ(out.authority, c.authority);
    }
}

TEST(normalise_target, refused) {
    const std::string cases[] = {
        "",
        "*",
        "a",
        "account",
        "a.test:443",
        "?a",
        "#",
        // Escapes that hide structure
        "/a%2Fb",
        "/a%2fb",
        "/a%5Cb",
        "/a%5cb",
        "/%00",
        "/a%00b",
        "/%0a",
        "/%0D%0A",
        "/%1f",
        "/%7F",
        "/%09",
        // Raw bytes
        "/a\\b",
        "/\\account",
        "/a#b",
        "/a?b#c",
        "/a b",
        "/a\tb",
        "/a\0b"s,
        "/\x7F",
        "/a?b c",
        "/a?b\nc",
        "/a?\0"s,
        // Broken escapes
        "/%",
        "/%6",
        "/%/a",
        "/%6/1",
        "/%6g",
        "/%g6",
        "/%u0061",
        "/a%?61",
        // Above the root
        "/..",
        "/../",
        "/../a",
        "/a/../..",
        "/a/../../b",
        "/./../a",
        "//../a",
        "/%2e%2e",
        "/a/%2e%2e/%2e%2e/b",
        // Dot segments with parameters
        "/..;/account",
        "/a/..;/account",
        "/a/..;x=y/account",
        "/a/.;/account",
        "/a/.;x",
        "/a/%2e%2e;/b",
        "/a/..%3B/b",
        "/a/..%3bx/b",
        "/a/.%3bx",
        // ASCII in two, three and four bytes
        "/%c0%af",
        "/%C0%AE%C0%AE/",
        "/\xC0\xAF",
        "/%c1%9c",
        "/%e0%80%af",
        "/%f0%80%80%af",
        // Absolute form
        "ftp://a/",
        "http:/a",
        "http:a",
        "http://",
        "http:///a",
        "http://?a",
        "http://u@a/",
        "http://u:p@a/",
        "http://a:x/",
        "http://a b/",
        "http://a\\b/",
        "http://a#b",
        "http://a/..",
        "http://[::1/",
        "javascript://a/",
    };
    normal_target out;
    for (const auto& target : cases) {
        SCOPED_TRACE(target);
        EXPECT_EQ(normalise_target(target, out), errc::bad_target);
    }
}

TEST(normalise_target, no_detour_around_a_rule) {
    for (const std::string_view target :
         {"/account", "//account", "/./account", "/%61ccount", "/x/../account", "/account;a=b", "/;/account",
          "/.//account", "/x/%2e%2e/account", "/x/..//account", "/%61%63%63%6f%75%6e%74", "/account;",
          "/;a=b;c/./account;d", "http://other.test/account", "/account?x", "///x/y/.././../account"}) {
        SCOPED_TRACE(target);
        normal_target out;
        ASSERT_FALSE(normalise_target(target, out));
        EXPECT_EQ(out.match_path, "/account");
    }
}

TEST(normalise_target, every_single_escape_has_one_outcome) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        char upper[8], lower[8];
        std::snprintf(upper, sizeof upper, "/a%%%02Xb", byte);
        std::snprintf(lower, sizeof lower, "/a%%%02xb", byte);
        normal_target a, b;
        const auto ec = normalise_target(upper, a);
        EXPECT_EQ(ec, normalise_target(lower, b));
        const bool refused = byte < 0x20 || byte == 0x7F || byte == '/' || byte == '\\';
        EXPECT_EQ(static_cast<bool>(ec), refused) << byte;
        if (!ec) {
            EXPECT_EQ(a.path, b.path);
        }
    }
}

TEST(normalise_target, queries_are_ascii) {
    normal_target out;
    ASSERT_FALSE(normalise_target("/a?q=caf\xC3\xA9&12345678=\xFF", out));
    EXPECT_EQ(out.query, "?q=caf%C3%A9&12345678=%FF");
    ASSERT_FALSE(normalise_target("/a?q=%c3|d", out));
    EXPECT_EQ(out.query, "?q=%c3|d");
}

TEST(check_authority, table) {
    const struct {
        std::string_view target, host;
        bool good;
    } cases[] = {
        {"/", "a", true},
        {"http://a/", "a", true},
        {"http://A.test/", "a.TEST", true},
        {"http://a:80/", "a", true},
        {"http://a/", "a:80", true},
        {"http://a:/", "a", true},
        {"https://a:443/", "a", true},
        {"http://[::1]/", "[::1]:80", true},
        {"http://a/", "b", false},
        {"http://a/", "", false},
        {"http://a:81/", "a", false},
        {"http://a:443/", "a", false},
        {"https://a:80/", "a", false},
        {"http://a/", "a.b", false},
        {"http://[::1]/", "[::2]", false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.target);
        normal_target out;
        ASSERT_FALSE(normalise_target(c.target, out));
        EXPECT_EQ(!check_authority(out, c.host), c.good) << c.host;
        EXPECT_EQ(out.https, c.target.starts_with("https"));
        EXPECT_FALSE(check_authority(out, {}));
    }
}

// Whatever passes is a fixed point: a second proxy, or the backend, has nothing left to resolve.
TEST(normalise_target, is_idempotent) {
    constexpr std::string_view pieces[] = {
        "/",   "//",  ".",   "..",  "/..", "/../", "/./",  "a",    "b",      ";", ";x=", "%2e", "%2E", "%61",
        "%25", "%3b", "%3B", "%40", "%2a", "?",    "\xC3", "\xA9", "%C3%A9", "|", "@",   "%7c", "%20"};
    std::mt19937 random(7);
    std::uniform_int_distribution<std::size_t> pick(0, std::size(pieces) - 1), count(0, 9);
    int passed = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string target = "/";
        for (auto n = count(random); n != 0; --n) target += pieces[pick(random)];
        normal_target once, twice;
        if (normalise_target(target, once)) continue;
        ++passed;
        ASSERT_FALSE(normalise_target(once.path, twice)) << target;
        ASSERT_EQ(twice.path, once.path) << target;
        ASSERT_EQ(twice.match_path, once.match_path) << target;
        for (const std::string& path : {once.path, once.match_path}) {
            ASSERT_TRUE(path.starts_with('/')) << target;
            ASSERT_EQ((path + "/").find("/./"), std::string::npos) << target;
            ASSERT_EQ((path + "/").find("/../"), std::string::npos) << target;
            ASSERT_EQ(path.find("//"), std::string::npos) << target;
        }
        ASSERT_EQ(once.match_path.find(';'), std::string::npos) << target;
    }
    EXPECT_GT(passed, 30'000);
}

}  // namespace
}  // namespace vestibule::http
