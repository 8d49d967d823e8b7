#include <vestibule/session/document.hpp>

#include <gtest/gtest.h>

namespace vestibule::session {
namespace {

struct text_case {
    std::string json, expected;
};

TEST(header_text, table) {
    const text_case cases[] = {
        {R"("u1")", "u1"},
        {R"("")", ""},
        {R"("a b")", "a b"},
        {"42", "42"},
        {"-1.50e+3", "-1.50e+3"},
        {"12345678901234567890", "12345678901234567890"},
        {"true", "true"},
        {"null", "null"},
        {" 7 ", "7"},
        {"\"zo\xC3\xAB\"", "zo%C3%AB"},
        {R"("zo\u00eb")", "zo%C3%AB"},
        {R"("\u0041\u00e9\u20ac\ud83d\ude00")", "A%C3%A9%E2%82%AC%F0%9F%98%80"},
        {R"("100%")", "100%25"},
        {R"("a\r\nX-Admin: 1")", "a%0D%0AX-Admin: 1"},
        {R"("\b\f\n\r\t\"\\\/")", "%08%0C%0A%0D%09\"\\/"},
        {R"("\u0000\u001f\u007f")", "%00%1F%7F"},
        {R"("\ud800")", "%EF%BF%BD"},
        {R"("\udc00")", "%EF%BF%BD"},
        {R"("\ud800\ud83d\ude00x")", "%EF%BF%BD%F0%9F%98%80x"},
        {R"("\ud800\u0041\udfff")", "%EF%BF%BDA%EF%BF%BD"},
        {R"("\ud800\n")", "%EF%BF%BD%0A"},
        {R"(" root")", "%20root"},
        {R"("root  ")", "root%20%20"},
        {R"("  a b  ")", "%20%20a b%20%20"},
        {R"("  ")", "%20%20"},
        {R"({ "a" : [ 1 , "x y" , null ] , "b" : { } })", R"({"a":[1,"x y",null],"b":{}})"},
        {"[\n\t1,\r\n2\n]", "[1,2]"},
        {R"(["a\" b", " c " , "\\" , 1])", R"(["a\" b"," c ","\\",1])"},
        {"[\"\xC3\xAB\",\"%\"]", "[\"%C3%AB\",\"%25\"]"},
        {"{}", "{}"},
    };
    for (const auto& [json, expected] : cases) EXPECT_EQ(header_text(json), expected) << json;
}

TEST(header_text, bytes_that_are_no_json_do_no_harm) {
    for (const std::string json :
         {"", "\"", "\"\\", "\"\\u", "\"\\u12\"", "\"\\ud800\\", "\"\\ud800\\u\"", "\\", "[\"\\"}) {
        for (const char c : header_text(json)) EXPECT_TRUE(c >= ' ' && c <= '~');
        EXPECT_FALSE(equals_text(json, "x"));
    }
}

TEST(plain_text, table) {
    const text_case cases[] = {
        {R"("u1")", "u1"},
        {R"("")", ""},
        {R"(" 100% \u00eb\"")", " 100% \xC3\xAB\""},
        {"\"zo\xC3\xAB\"", "zo\xC3\xAB"},
        {R"("\ud83d\ude00\ud800")", "\xF0\x9F\x98\x80\xEF\xBF\xBD"},
        {"12345678901234567890", "12345678901234567890"},
        {" true ", "true"},
        {R"({ "id" : "a b" })", R"({"id":"a b"})"},
        {"", ""},
    };
    for (const auto& [json, expected] : cases) EXPECT_EQ(plain_text(json), expected) << json;
}

TEST(equals_text, table) {
    struct equals_case {
        const char *json, *expected;
        bool equal;
    };
    const equals_case cases[] = {
        {R"("gold")", "gold", true},
        {R"("gold")", "Gold", false},
        {R"("gold")", "gol", false},
        {R"("gold")", "golds", false},
        {R"("")", "", true},
        {R"("g\u006fld")", "gold", true},
        {R"("a\/b")", "a/b", true},
        {R"("\ud83d\ude00")", "\xF0\x9F\x98\x80", true},
        {"\"\xC3\xAB\"", "\xC3\xAB", true},
        {R"("\u00eb")", "\xC3\xAB", true},
        {R"("\ud800")", "\xEF\xBF\xBD", false},
        {R"("\ud800")", "", false},
        {R"("gold")", "\"gold\"", false},
        {"7", "7", true},
        {"7.0", "7", false},
        {R"("7")", "7", true},
        {"true", "true", true},
        {R"("true")", "true", true},
        {"null", "null", true},
        {"null", "", false},
        {"[]", "[]", false},
        {"{}", "{}", false},
        {R"(["gold"])", "gold", false},
    };
    for (const auto& [json, expected, equal] : cases) {
        EXPECT_EQ(equals_text(json, expected), equal) << json << " and " << expected;
    }
}

constexpr unix_time at{milliseconds(1'795'573'960'467)};  // 2026-11-25T02:32:40.467Z

TEST(cookie_member, as_express_writes_it) {
    const auto day = std::chrono::hours(24);
    EXPECT_EQ(
        cookie_member_json({.max_age = day, .secure = true, .same_site = "lax"}, at - day),
        R"({"originalMaxAge":86400000,"expires":"2026-11-25T02:32:40.467Z","secure":true,"httpOnly":true,)"
        R"("path":"/","sameSite":"lax"})");
    EXPECT_EQ(cookie_member_json({}, at),
              R"({"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"})");
    EXPECT_EQ(
        cookie_member_json({.max_age = std::chrono::minutes(1)}, unix_time(milliseconds(1'767'225'600'000))),
        R"({"originalMaxAge":60000,"expires":"2026-01-01T00:01:00.000Z","httpOnly":true,"path":"/"})");
}

TEST(cookie_member, everything_set) {
    const cookie_attributes a{.max_age = milliseconds(1001),
                              .http_only = false,
                              .secure = true,
                              .partitioned = true,
                              .path = "/shop",
                              .domain = "example.test",
                              .same_site = "none"};
    EXPECT_EQ(
        cookie_member_json(a, unix_time(milliseconds(0))),
        R"({"originalMaxAge":1001,"partitioned":true,"expires":"1970-01-01T00:00:01.001Z","secure":true,)"
        R"("httpOnly":false,"domain":"example.test","path":"/shop","sameSite":"none"})");
}

TEST(cookie_member, text_is_escaped_and_the_outcome_loads) {
    const std::string member = cookie_member_json({.path = "/\"\\\b\t\n\v\f\r\x01\x1F\x7F\xC3\xAB"}, at);
    EXPECT_EQ(member,
              "{\"originalMaxAge\":null,\"expires\":null,\"httpOnly\":true,"
              "\"path\":\"/\\\"\\\\\\b\\t\\n\\u000b\\f\\r\\u0001\\u001f\x7F\xC3\xAB\"}");
    EXPECT_TRUE(document::parse("{\"cookie\":" + member + "}"));
}

TEST(cookie_member, expires_is_always_a_date) {
    const std::pair<std::int64_t, const char*> cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951'782'400'000, "2000-02-29T00:00:00.000Z"},
        {2'147'483'648'000, "2038-01-19T03:14:08.000Z"},
        {4'102'444'799'999, "2099-12-31T23:59:59.999Z"},
        {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
        {253'402'300'800'000, "9999-12-31T23:59:59.999Z"},
        {milliseconds::max().count(), "9999-12-31T23:59:59.999Z"},
    };
    for (const auto& [ms, expected] : cases) {
        const std::string member =
            cookie_member_json({.max_age = milliseconds(ms)}, unix_time(milliseconds(0)));
        EXPECT_NE(member.find("\"expires\":\"" + std::string(expected) + "\""), member.npos) << member;
    }
}

TEST(is_present, table) {
    for (const char* something :
         {"0", "1", "true", "\"a\"", "\" \"", "\"false\"", "[0]", "{\"a\":null}", "[[]]"})
        EXPECT_TRUE(is_present(something)) << something;
    for (const char* nothing : {"null", "false", "\"\"", "[]", "{}", "[ ]", "{\n}", " null "})
        EXPECT_FALSE(is_present(nothing)) << nothing;
}

}  // namespace
}  // namespace vestibule::session
