#include <vestibule/http/received_cookie.hpp>

#include <gtest/gtest.h>

namespace vestibule::http {
namespace {

using namespace std::chrono_literals;

constexpr unix_time now{1'767'323'045'678ms};    // 2026-01-02T03:04:05.678Z
constexpr unix_time rfc_day{784'111'777'000ms};  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(read_set_cookie, names_values_paths) {
    const struct {
        std::string_view line, name, value, path;
    } test_cases[] = {
        {"a=b", "a", "b", ""},
        {"PHPSESSID=k3l; path=/", "PHPSESSID", "k3l", "/"},
        {" a \t= b c ; HttpOnly", "a", "b c", ""},
        {"a=\"b c\"; Path=/x", "a", "\"b c\"", "/x"},
        {"a=b=c=", "a", "b=c=", ""},
        {"a=", "a", "", ""},
        {"a=b;PATH = /x ;secure", "a", "b", "/x"},
        {"a=b; Path=/x; Path=/y", "a", "b", "/y"},
        {"a=b; Path=/x; Path=y", "a", "b", ""},
        {"a=b; Path=\"/x\"", "a", "b", ""},
        {"a=b; Path", "a", "b", ""},
        {"a=b; Domain=example.com; SameSite=None; Secure", "a", "b", ""},
        {"a=\xc3\xa9\xff; path=/\xe9", "a", "\xc3\xa9\xff", "/\xe9"},
    };
    for (const auto& t : test_cases) {
        const auto c = read_set_cookie(t.line, now);
        ASSERT_TRUE(c) << t.line;
        EXPECT_EQ(c->name, t.name) << t.line;
        EXPECT_EQ(c->value, t.value) << t.line;
        EXPECT_EQ(c->path, t.path) << t.line;
        EXPECT_FALSE(c->expires) << t.line;
    }
    for (const char* none : {"", ";", "a", "a; b=c", "=b", " =b; Path=/", "; a=b"})
        EXPECT_FALSE(read_set_cookie(none, now)) << none;
    EXPECT_EQ(read_set_cookie("a=b; Path=/" + std::string(1023, 'x'), now)->path.size(), 1024u);
    EXPECT_EQ(read_set_cookie("a=b; Path=/" + std::string(1024, 'x'), now)->path, "");
}

TEST(read_set_cookie, ends) {
    const struct {
        std::string_view attributes;
        std::optional<unix_time> expires;
    } test_cases[] = {
        {"Max-Age=60", now + 60s},
        {"max-age = 60 ", now + 60s},
        {"Max-Age=0", unix_time{}},
        {"Max-Age=-1", unix_time{}},
        {"Max-Age=-99999999999999999999", unix_time{}},
        {"Max-Age=99999999999999999999", now + 9600h},
        {"Max-Age=34560001", now + 9600h},
        {"Max-Age=", {}},
        {"Max-Age=-", {}},
        {"Max-Age=+5", {}},
        {"Max-Age=5.5", {}},
        {"Max-Age=\"5\"", {}},
        {"Max-Age", {}},
        {"Expires=Sun, 06 Nov 1994 08:49:37 GMT", rfc_day},
        {"expires=soon", {}},
        {"Expires=Fri, 31 Dec 9999 23:59:59 GMT", now + 9600h},
        // Max-Age wins, wherever it stands; of each kind the last good one.
        {"Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT", now + 60s},
        {"Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=60", now + 60s},
        {"Max-Age=x; Expires=Sun, 06 Nov 1994 08:49:37 GMT", rfc_day},
        {"Max-Age=60; Max-Age=0", unix_time{}},
        {"Max-Age=60; Max-Age=x", now + 60s},
    };
    for (const auto& t : test_cases) {
        const auto c = read_set_cookie("a=b; " + std::string(t.attributes), now);
        ASSERT_TRUE(c) << t.attributes;
        EXPECT_EQ(c->expires, t.expires) << t.attributes;
    }
}

TEST(read_cookie_date, as_they_come) {
    const struct {
        std::string_view text;
        std::optional<unix_time> time;
    } test_cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", rfc_day},      // RFC 9110
        {"Sunday, 06-Nov-94 08:49:37 GMT", rfc_day},     // RFC 850
        {"Sun Nov  6 08:49:37 1994", rfc_day},           // asctime
        {"Sun, 06-Nov-1994 08:49:37 GMT", rfc_day},      // PHP before 5.x, ASP.NET
        {"Sun, 6 Nov 1994 8:49:37 GMT", rfc_day},        // no zeros
        {"06 november 1994 08:49:37", rfc_day},          // months by their first letters
        {"NOV 06 1994 08:49:37 +0530", rfc_day},         // zones do not count
        {"08:49:37 06 Nov 1994", rfc_day},               // any order
        {"Sun, 06 Nov 1994 08:49:37.123 GMT", rfc_day},  // fractions
        {"Sun, 06 Nov 1994 08:49:37GMT", rfc_day},
        {"Sun,06-Nov-1994,08:49:37", rfc_day},
        {"\tSun;06/Nov/1994\t08:49:37", rfc_day},
        {"Thu, 01 Jan 1970 00:00:00 GMT", unix_time{}},
        {"Thu, 01-Jan-70 00:00:01 GMT", unix_time{1s}},
        {"Wed, 31-Dec-69 23:59:59 GMT", unix_time{3'155'759'999'000ms}},  // 2069
        {"Mon, 01 Jan 1601 00:00:00 GMT", unix_time{-11'644'473'600'000ms}},
        {"Thu, 29 Feb 2024 00:00:00 GMT", unix_time{1'709'164'800'000ms}},
        {"1 Jan 1 2000 00:00:00", unix_time{946'684'800'000ms}},  // a second day is none
        {"01 Jan 00 00:00:00", unix_time{946'684'800'000ms}},
        {"", {}},
        {"0", {}},
        {"-1", {}},
        {"1767323045", {}},            // epoch seconds
        {"2026-01-02T03:04:05Z", {}},  // ISO 8601 is none
        {"Sun, 06 Nov 1994", {}},
        {"Sun, 06 Nov 08:49:37 GMT", {}},
        {"Sun, 06 1994 08:49:37 GMT", {}},
        {"Nov 1994 08:49:37 GMT", {}},
        {"Sun, 06 Nov 1994 08:49 GMT", {}},
        {"Sun, 06 Nov 1994 24:00:00 GMT", {}},
        {"Sun, 06 Nov 1994 08:60:00 GMT", {}},
        {"Sun, 06 Nov 1994 08:49:60 GMT", {}},
        {"Sun, 006 Nov 1994 08:49:37 GMT", {}},
        {"Sun, 00 Nov 1994 08:49:37 GMT", {}},
        {"Sun, 31 Nov 1994 08:49:37 GMT", {}},
        {"Wed, 29 Feb 2023 00:00:00 GMT", {}},
        {"Sun, 06 Nov 1600 08:49:37 GMT", {}},
        {"Sun, 06 Nov 01994 08:49:37 GMT", {}},
        {"Sun, 06 Nov 1994 008:49:37 GMT", {}},
        {"Sun, 06 Nvo 1994 08:49:37 GMT", {}},
    };
    for (const auto& t : test_cases) EXPECT_EQ(read_cookie_date(t.text), t.time) << t.text;
}

TEST(cookie_paths, table) {
    for (const auto& [request, path] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", "/"},
                                                                    {"x", "/"},
                                                                    {"/", "/"},
                                                                    {"/a", "/"},
                                                                    {"/a/", "/a"},
                                                                    {"/a/b", "/a"},
                                                                    {"/a/b/", "/a/b"}})
        EXPECT_EQ(default_cookie_path(request), path) << request;
    const struct {
        const char *request, *cookie;
        bool matches;
    } test_cases[] = {
        {"/", "/", true},        {"/a", "/", true},     {"/a", "/a", true},   {"/a/", "/a", true},
        {"/a/b", "/a", true},    {"/a/b", "/a/", true}, {"/ab", "/a", false}, {"/a", "/a/", false},
        {"/b", "/a", false},     {"/", "/a", false},    {"/A", "/a", false},  {"/a/bc", "/a/b", false},
        {"/a;x/b", "/a", false},
    };
    for (const auto& t : test_cases)
        EXPECT_EQ(cookie_path_matches(t.request, t.cookie), t.matches) << t.request << ' ' << t.cookie;
}

}  // namespace
}  // namespace vestibule::http
