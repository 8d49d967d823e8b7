#include <vestibule/session/document.hpp>

#include "count_allocations.hpp"

#include <gtest/gtest.h>

namespace vestibule::session {
namespace {

json_pointer pointer(std::string_view text) {
    return json_pointer::parse(text).value();
}

// What stands at the pointer, or "(nothing)".
std::string found(std::string_view text, std::string_view p) {
    const auto d = document::parse(text);
    if (!d) return "(no document)";
    return std::string(d->find(pointer(p)).value_or("(nothing)"));
}

TEST(json_pointer, parse) {
    using texts = std::vector<std::string>;
    EXPECT_EQ(pointer("").tokens(), texts{});
    EXPECT_EQ(pointer("/").tokens(), texts{""});
    EXPECT_EQ(pointer("/user/id").tokens(), (texts{"user", "id"}));
    EXPECT_EQ(pointer("//a/").tokens(), (texts{"", "a", ""}));
    EXPECT_EQ(pointer("/a~1b/m~0n/~01").tokens(), (texts{"a/b", "m~n", "~1"}));
    EXPECT_EQ(pointer("/user/id").text(), "/user/id");
    for (const std::string_view bad : {"user", "user/id", " /user", "/a~", "/a~2", "/~/b", "/\xFF"}) {
        EXPECT_EQ(json_pointer::parse(bad).error(), errc::invalid_argument) << bad;
    }
}

const char captured[] =
    R"({"cookie":{"originalMaxAge":86400000,"expires":"2026-11-25T02:28:00.549Z","secure":false,)"
    R"("httpOnly":true,"path":"/","sameSite":false},"user":{"id":"u1","email":"zo)"
    "\xC3\xAB"
    R"(@example.test","tier":"gold"},"passport":{"user":"u1"}})";

TEST(document, as_express_writes_it) {
    const auto d = document::parse(captured);
    ASSERT_TRUE(d);
    EXPECT_EQ(d->text(), captured);
    EXPECT_EQ(d->cookie().original_max_age, 86400000);
    EXPECT_FALSE(d->own().since);
    EXPECT_EQ(found(captured, "/user/id"), "\"u1\"");
    EXPECT_EQ(found(captured, "/user/email"), "\"zo\xC3\xAB@example.test\"");
    EXPECT_EQ(found(captured, "/passport"), "{\"user\":\"u1\"}");
    EXPECT_EQ(found(captured, "/cookie/sameSite"), "false");
    EXPECT_EQ(found(captured, ""), captured);
    EXPECT_EQ(found(captured, "/user/name"), "(nothing)");
    EXPECT_EQ(found(captured, "/user/id/x"), "(nothing)");
}

std::string nested(int depth, const char* open, const char* close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "1";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
}

std::string with(const std::string& json) {
    return R"({"cookie":{},"a":)" + json + "}";
}

TEST(document, accepted) {
    const std::string cases[] = {
        R"({"cookie":{}})",
        " \t\r\n{ \"cookie\" : { } } \n",
        R"({"a":1,"cookie":{"expires":null}})",
        R"({"cookie":1,"cookie":{}})",
        R"({"\u0063ookie":{}})",
        with("0"),
        with("-0"),
        with("-12.50e+10"),
        with("1E-5"),
        with("123456789012345678901234567890"),
        with("true"),
        with("false"),
        with("null"),
        with("[]"),
        with("{}"),
        with("[ ]"),
        with("[1,[2],{}]"),
        with(R"("")"),
        with(R"("\"\\\/\b\f\n\r\t\u0000\uFFFF")"),
        with(R"("\ud800")"),
        with(R"("\udc00\ud800x")"),
        with(R"("\ud83d\ude00")"),
        with("\"\x7F\""),
        with("\"\xC2\x80\xE2\x80\xA8\xF0\x9F\x98\x80\""),
        with(nested(63, "[", "]")),
        with(nested(63, "{\"a\":", "}")),
    };
    for (const std::string& text : cases) {
        EXPECT_TRUE(document::parse(text)) << text;
    }
}

TEST(document, refused) {
    const std::string cases[] = {
        "",
        " ",
        "null",
        "5",
        "\"text\"",
        "[]",
        "[{\"cookie\":{}}]",
        "{}",
        "true",
        "OK",
        "TOPSECRET-1",
        R"({"user":{}})",
        R"({"cookie":null})",
        R"({"cookie":[]})",
        R"({"cookie":"{}"})",
        R"({"cookie":1})",
        R"({"Cookie":{}})",
        R"({"cookie":{},"cookie":null})",
        R"({"cookie":{}}x)",
        R"({"cookie":{}}{})",
        R"({"cookie":{}},)",
        R"({"cookie":{}})" + std::string(1, '\0'),
        std::string(1, '\0') + R"({"cookie":{}})",
        "\xEF\xBB\xBF{\"cookie\":{}}",
        R"({"cookie":{})",
        R"({"cookie":{}]})",
        R"({"cookie":{},})",
        R"({,"cookie":{}})",
        R"({"cookie" {}})",
        R"({"cookie":{} "a":1})",
        R"({cookie:{}})",
        R"({'cookie':{}})",
        R"({"cookie":})",
        R"({"cookie)",
        R"({"cookie":{},"a"})",
        R"({"cookie":{},1:2})",
        "{\"cookie\":{},\"a\":1\v}",
        "{\"cookie\":{}\xC2\xA0}",
        with("01"),
        with("-"),
        with("+1"),
        with(".5"),
        with("1."),
        with("1e"),
        with("1e+"),
        with("0x1"),
        with("1 2"),
        with("NaN"),
        with("Infinity"),
        with("-Infinity"),
        with("undefined"),
        with("tru"),
        with("True"),
        with("nul"),
        with("[1,]"),
        with("[,1]"),
        with("[1 2]"),
        with("[1"),
        with("]"),
        with("{\"a\":1,}"),
        with("{]"),
        with("[}"),
        with("\"a"),
        with("\"\n\""),
        with("\"\t\""),
        with(std::string("\"\0\"", 3)),
        with("\"\x1F\""),
        with(R"("\x41")"),
        with(R"("\u12")"),
        with(R"("\u12G4")"),
        with(R"("\U0041")"),
        with(R"("\")"),
        with(R"("\u")"),
        with("\"\xFF\""),
        with("\"\x80\""),
        with("\"\xC3\""),
        with("\"\xC0\xAF\""),
        with("\"\xED\xA0\x80\""),
        with("\"\xF4\x90\x80\x80\""),
        with("\"\xE2\x82\""),
        with("// comment\n1"),
        with("/**/1"),
        with(nested(64, "[", "]")),
        with(nested(64, "{\"a\":", "}")),
        with(nested(10000, "[", "]")),
        with(nested(10000, "{\"a\":", "}")),
        std::string(100000, '['),
        with("\"" + std::string(4 * 1024 * 1024, 'x') + "\""),
    };
    for (const std::string& text : cases) {
        const auto d = document::parse(text);
        EXPECT_FALSE(d) << text.substr(0, 100);
        EXPECT_EQ(d.error(), errc::malformed_value);
    }
}

TEST(document, size_bound) {
    const std::size_t bound = 4 * 1024 * 1024;
    std::string text = with("\"\"");
    text.insert(text.size() - 2, bound - text.size(), 'x');
    ASSERT_EQ(text.size(), bound);
    EXPECT_TRUE(document::parse(text));
    EXPECT_FALSE(document::parse(text + " "));
}

TEST(document, every_cut_of_a_document_is_refused) {
    const std::string_view text = captured;
    for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(document::parse(text.substr(0, n))) << n;
}

TEST(document, original_max_age) {
    const std::pair<const char*, std::optional<std::int64_t>> cases[] = {
        {"86400000", 86400000},
        {"8.64e7", 86400000},
        {"8.64E+7", 86400000},
        {"86400000.999", 86400000},
        {"1", 1},
        {"1.5", 1},
        {"0.5", {}},
        {"0", {}},
        {"-0", {}},
        {"-5", {}},
        {"null", {}},
        {"true", {}},
        {"\"86400000\"", {}},
        {"[86400000]", {}},
        {"{}", {}},
        {"8640000000000000", 8640000000000000},
        {"9223372036854775807", 8640000000000000},
        {"1e300", 8640000000000000},
        {"1e999", {}},
        {"1e-999", {}},
        {"1,\"originalMaxAge\":2", 2},
        {"5,\"originalMaxAge\":null", {}},
        {"5 , \"x\" : 1", 5},
        {"null,\"original\\u004daxAge\":7", 7},
    };
    for (const auto& [json, expected] : cases) {
        const std::string text = std::string("{\"cookie\":{\"originalMaxAge\": ") + json + "}}";
        const auto d = document::parse(text);
        ASSERT_TRUE(d) << text;
        EXPECT_EQ(d->cookie().original_max_age, expected) << text;
    }
    EXPECT_FALSE(document::parse(R"({"cookie":{},"originalMaxAge":5})")->cookie().original_max_age);
}

TEST(document, since) {
    const std::pair<const char*, std::optional<std::int64_t>> cases[] = {
        {R"({"since":1785000000000})", 1785000000000},
        {R"({"since":0})", 0},
        {R"({"since":-1})", {}},
        {R"({"since":1.5})", {}},
        {R"({"since":1e12})", {}},
        {R"({"since":"1785000000000"})", {}},
        {R"({"since":null})", {}},
        {R"({"since":9223372036854775807})", 9223372036854775807},
        {R"({"since":9223372036854775808})", {}},
        {R"({})", {}},
        {"[]", {}},
        {"5", {}},
        {"null", {}},
        {R"({"since":1,"since":2})", 2},
    };
    for (const auto& [json, expected] : cases) {
        const std::string text = std::string("{\"cookie\":{},\"vestibule\":") + json + "}";
        const auto since = document::parse(text)->own().since;
        ASSERT_EQ(since.has_value(), expected.has_value()) << text;
        if (since) {
            EXPECT_EQ(since->time_since_epoch().count(), *expected) << text;
        }
    }
}

TEST(document, find) {
    const std::string text =
        R"( {"cookie" : {}, "a" : [10, [ 20 ], {"b" : "x]}\"," , "\u0063" : 30}], "" : {"" : 40}, "u/v~w" : )"
        R"(50, "dup" : 1, "dup" : {"x" : 2, "x" : 3}, "\ud83d\ude00" : 60, "\ud800" : 70, "n" : null , )"
        R"("e" : [] } )";
    const std::pair<const char*, const char*> cases[] = {
        {"/a/0", "10"},
        {"/a/1", "[ 20 ]"},
        {"/a/1/0", "20"},
        {"/a/2/b", R"("x]}\",")"},
        {"/a/2/c", "30"},
        {"/a/3", "(nothing)"},
        {"/a/-", "(nothing)"},
        {"/a/00", "(nothing)"},
        {"/a/01", "(nothing)"},
        {"/a/-1", "(nothing)"},
        {"/a/+1", "(nothing)"},
        {"/a/ 1", "(nothing)"},
        {"/a/", "(nothing)"},
        {"/a/99999999999999999999999", "(nothing)"},
        {"/a/1e0", "(nothing)"},
        {"/a/2/\\u0063", "(nothing)"},
        {"//", "40"},
        {"/u~1v~0w", "50"},
        {"/dup", R"({"x" : 2, "x" : 3})"},
        {"/dup/x", "3"},
        {"/\xF0\x9F\x98\x80", "60"},
        {"/\xEF\xBF\xBD", "(nothing)"},
        {"/n", "null"},
        {"/n/x", "(nothing)"},
        {"/e", "[]"},
        {"/e/0", "(nothing)"},
        {"/A", "(nothing)"},
        {"/dup/x/", "(nothing)"},
    };
    for (const auto& [p, expected] : cases) EXPECT_EQ(found(text, p), expected) << p;
}

TEST(document, reading_allocates_nothing) {
    const auto id = pointer("/user/id");
    bool all = false;
    const std::size_t n = test::count_allocations([&] {
        const auto d = document::parse(captured);
        all = d && d->find(id) && equals_text(*d->find(id), "u1") && !d->own().since;
    });
    EXPECT_TRUE(all);
    EXPECT_EQ(n, 0u);
}

}  // namespace
}  // namespace vestibule::session
