#include <vestibule/http/cookies.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vestibule::http {
namespace {

using namespace std::chrono;

TEST(next_cookie, table) {
    struct pair {
        std::string_view name, value, whole;
        bool operator==(const pair&) const = default;
    };
    const struct {
        std::string_view header;
        std::vector<pair> pairs;
    } cases[] = {
        {"", {}},
        {";", {}},
        {" ; ;\t;", {}},
        {"a", {}},
        {"a=b", {{"a", "b", "a=b"}}},
        {"a=b; c=d", {{"a", "b", "a=b"}, {"c", "d", "c=d"}}},
        {"a=b;c=d;", {{"a", "b", "a=b"}, {"c", "d", "c=d"}}},
        {" \ta \t=\t b ; c=d", {{"a", "b", "a \t=\t b"}, {"c", "d", "c=d"}}},
        {"a=b=c==", {{"a", "b=c==", "a=b=c=="}}},
        {"a=", {{"a", "", "a="}}},
        {"=b", {{"", "b", "=b"}}},
        {"=", {{"", "", "="}}},
        {"lonely; a=b; lonely", {{"a", "b", "a=b"}}},
        {"a=1; a=2", {{"a", "1", "a=1"}, {"a", "2", "a=2"}}},
        {"A=1; a=2", {{"A", "1", "A=1"}, {"a", "2", "a=2"}}},
        {"a=\"b\"", {{"a", "b", "a=\"b\""}}},
        {"a=\"b", {{"a", "\"b", "a=\"b"}}},
        {"a=b\"", {{"a", "b\"", "a=b\""}}},
        {"a=\"", {{"a", "", "a=\""}}},
        {"a=\"\"", {{"a", "", "a=\"\""}}},
        {"a=\"\"b\"\"", {{"a", "\"b\"", "a=\"\"b\"\""}}},
        {"a=\" b \"", {{"a", " b ", "a=\" b \""}}},
        {"a=\"b;c\"; d=e", {{"a", "\"b", "a=\"b"}, {"d", "e", "d=e"}}},
        {"a=%zz; s=s%3Aid.sig", {{"a", "%zz", "a=%zz"}, {"s", "s%3Aid.sig", "s=s%3Aid.sig"}}},
        {"a=b, c=d", {{"a", "b, c=d", "a=b, c=d"}}},
        {"\xC3\xA9=\xC3\xA8", {{"\xC3\xA9", "\xC3\xA8", "\xC3\xA9=\xC3\xA8"}}},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.header);
        auto rest = c.header;
        std::vector<pair> found;
        while (const auto next = next_cookie(rest)) found.push_back({next->name, next->value, next->whole});
        EXPECT_EQ(found, c.pairs);
        EXPECT_TRUE(rest.empty());
    }
}

TEST(append_cookies_without, table) {
    const struct {
        std::string_view header, left;
    } cases[] = {
        {"", ""},
        {"sid=1", ""},
        {" sid = 1 ;", ""},
        {"sid=1; sid=2;sid=3", ""},
        {"a=b; sid=1", "a=b"},
        {"sid=1; a=b", "a=b"},
        {"a=b; sid=1; c=d", "a=b; c=d"},
        {"a=b;sid=1;c=d", "a=b; c=d"},
        {"a= \"b c\" ; sid=1;lonely", "a= \"b c\"; lonely"},
        {"sid; sid=1", "sid"},
        {"sid=\"1;2\"; a=b", "2\"; a=b"},
        // Not ours, byte for byte
        {"a=b;c=d ;; e", "a=b;c=d ;; e"},
        {"Sid=1; sid2=1; xsid=1; sid", "Sid=1; sid2=1; xsid=1; sid"},
        {"a=sid=1", "a=sid=1"},
        {"a=%zz; b=\"", "a=%zz; b=\""},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.header);
        std::string out = "Cookie: ";
        EXPECT_EQ(append_cookies_without(out, c.header, "sid"), !c.left.empty());
        EXPECT_EQ(out, "Cookie: " + std::string(c.left));
    }
}

std::string date(unix_time t) {
    std::string out;
    append_http_date(out, t);
    return out;
}

TEST(http_date, table) {
    EXPECT_EQ(date(unix_time{}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(date(unix_time{999ms}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(date(unix_time{-1ms}), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(date(unix_time{784111777s}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date(sys_days{2026y / November / 25} + 2h + 32min + 40s), "Wed, 25 Nov 2026 02:32:40 GMT");
    EXPECT_EQ(date(sys_days{2024y / February / 29} + 23h + 59min + 59s), "Thu, 29 Feb 2024 23:59:59 GMT");
    EXPECT_EQ(date(sys_days{2038y / January / 19} + 3h + 14min + 8s), "Tue, 19 Jan 2038 03:14:08 GMT");
    EXPECT_EQ(date(unix_time::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(date(unix_time::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(set_cookie, as_express_writes_it) {
    const auto expires = sys_days{2026y / November / 25} + 2h + 32min + 40s;
    const struct {
        set_cookie cookie;
        std::string_view text;
    } cases[] = {
        {{.name = "loyalty-session-id",
          .value = "s%3A1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR.tKsUEW8QvUIfTqavSdT8z3PsNYW%2BemjlwLfMYz%2F5caQ",
          .path = "/",
          .expires = expires,
          .http_only = true},
         "loyalty-session-id=s%3A1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR.tKsUEW8QvUIfTqavSdT8z3PsNYW%2BemjlwLfMYz%"
         "2F5"
         "caQ; Path=/; Expires=Wed, 25 Nov 2026 02:32:40 GMT; HttpOnly"},
        {{.name = "loyalty-session-id",
          .value = "s%3ANBKN21DeThsOPVIKvTbXJhmlaFbw6fd7.uLwHMnOy6dFsTobCd9fPbhUZSP6lmPa4v2BQpsc9AbU",
          .path = "/",
          .expires = expires,
          .http_only = true,
          .secure = true,
          .same_site = same_site_mode::lax},
         "loyalty-session-id=s%3ANBKN21DeThsOPVIKvTbXJhmlaFbw6fd7."
         "uLwHMnOy6dFsTobCd9fPbhUZSP6lmPa4v2BQpsc9AbU; "
         "Path=/; Expires=Wed, 25 Nov 2026 02:32:40 GMT; HttpOnly; Secure; SameSite=Lax"},
        {{.name = "n", .value = "", .path = "/", .expires = unix_time{}},
         "n=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
        {{.name = "n", .value = "v"}, "n=v"},
        {{.name = "n", .value = "v", .same_site = same_site_mode::strict}, "n=v; SameSite=Strict"},
        {{.name = "n",
          .value = "v",
          .domain = "a.test",
          .path = "/p",
          .expires = expires,
          .http_only = true,
          .secure = true,
          .partitioned = true,
          .same_site = same_site_mode::none},
         "n=v; Domain=a.test; Path=/p; Expires=Wed, 25 Nov 2026 02:32:40 GMT; HttpOnly; Secure; Partitioned; "
         "SameSite=None"},
    };
    for (const auto& c : cases) {
        std::string out;
        append_set_cookie(out, c.cookie);
        EXPECT_EQ(out, c.text);
    }
}

}  // namespace
}  // namespace vestibule::http
