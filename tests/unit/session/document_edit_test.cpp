#include <vestibule/session/document.hpp>

#include <gtest/gtest.h>

namespace vestibule::session {
namespace {

json_pointer pointer(std::string_view text) {
    return json_pointer::parse(text).value();
}

std::string outcome(const result<std::string>& r) {
    if (r) return *r;
    if (r.error() == errc::pointer_conflict) return "(conflict)";
    return r.error() == errc::malformed_value ? "(malformed)" : r.error().message();
}

struct edit_case {
    const char *text, *pointer, *json, *expected;
};

TEST(edit_set, table) {
    const edit_case cases[] = {
        // An existing value, and nothing else.
        {R"({"cookie":{},"a":1})", "/a", "2", R"({"cookie":{},"a":2})"},
        {R"( { "cookie" : { } , "a" : 1 } )", "/a", " [ 2 ]\n", R"( { "cookie" : { } , "a" : [ 2 ] } )"},
        {R"({"cookie":{},"a":{"b":{"c":"x"},"d":[]}})", "/a/b", "null",
         R"({"cookie":{},"a":{"b":null,"d":[]}})"},
        {R"({"cookie":{},"\u0061":1})", "/a", "2", R"({"cookie":{},"\u0061":2})"},
        {R"({"cookie":{},"n":12345678901234567890,"s":"\ud800\/","a":1.0e0})", "/a", "1",
         R"({"cookie":{},"n":12345678901234567890,"s":"\ud800\/","a":1})"},
        {R"({"cookie":{},"a":1,"b":5,"a":2,"c":6})", "/a", "3", R"({"cookie":{},"a":1,"b":5,"a":3,"c":6})"},
        {R"({"cookie":{},"o":{"a":1},"o":{"b":2}})", "/o/a", "3",
         R"({"cookie":{},"o":{"a":1},"o":{"b":2,"a":3}})"},
        // A new member, at the end of its parent.
        {R"({"cookie":{}})", "/a", "1", R"({"cookie":{},"a":1})"},
        {R"({"cookie":{} })", "/a", "1", R"({"cookie":{},"a":1 })"},
        {R"({"cookie":{},"o":{ }})", "/o/a", "1", R"({"cookie":{},"o":{"a":1 }})"},
        {R"({"cookie":{}})", "/", "1", R"({"cookie":{},"":1})"},
        {R"({"cookie":{}})",
         "/q\"\\\x01"
         "\xC3\xAB",
         "1", "{\"cookie\":{},\"q\\\"\\\\\\u0001\xC3\xAB\":1}"},
        {R"({"cookie":{}})", "/m~1n~0", "1", R"({"cookie":{},"m/n~":1})"},
        // Objects on the way.
        {R"({"cookie":{}})", "/vestibule/since", "1785000000000",
         R"({"cookie":{},"vestibule":{"since":1785000000000}})"},
        {R"({"cookie":{},"a":{}})", "/a/0/-/c", "[]", R"({"cookie":{},"a":{"0":{"-":{"c":[]}}}})"},
        // Arrays, as RFC 6902 "add".
        {R"({"cookie":{},"l":[1,2]})", "/l/0", "0", R"({"cookie":{},"l":[0,1,2]})"},
        {R"({"cookie":{},"l":[ 1 , 2 ]})", "/l/1", "9", R"({"cookie":{},"l":[ 1 , 9,2 ]})"},
        {R"({"cookie":{},"l":[1,2]})", "/l/2", "3", R"({"cookie":{},"l":[1,2,3]})"},
        {R"({"cookie":{},"l":[1,2]})", "/l/-", "3", R"({"cookie":{},"l":[1,2,3]})"},
        {R"({"cookie":{},"l":[]})", "/l/-", "3", R"({"cookie":{},"l":[3]})"},
        {R"({"cookie":{},"l":[]})", "/l/0", "3", R"({"cookie":{},"l":[3]})"},
        {R"({"cookie":{},"l":[{"a":1}]})", "/l/0/a", "3", R"({"cookie":{},"l":[{"a":3}]})"},
        {R"({"cookie":{},"l":[{"a":1}]})", "/l/0/b/c", "3", R"({"cookie":{},"l":[{"a":1,"b":{"c":3}}]})"},
        {R"({"cookie":{},"l":[1,2]})", "/l/3", "0", "(conflict)"},
        {R"({"cookie":{},"l":[1,2]})", "/l/01", "0", "(conflict)"},
        {R"({"cookie":{},"l":[1,2]})", "/l/a", "0", "(conflict)"},
        {R"({"cookie":{},"l":[1,2]})", "/l/-/a", "0", "(conflict)"},
        {R"({"cookie":{},"l":[1,2]})", "/l/2/a", "0", "(conflict)"},
        // Something else on the way.
        {R"({"cookie":{},"a":1})", "/a/b", "2", "(conflict)"},
        {R"({"cookie":{},"a":null})", "/a/b", "2", "(conflict)"},
        {R"({"cookie":{},"a":"{}"})", "/a/b/c", "2", "(conflict)"},
        {R"({"cookie":{},"l":[1]})", "/l/0/a", "2", "(conflict)"},
        // The whole.
        {R"({"cookie":{}})", "", R"( {"cookie":{"path":"/"}} )", R"({"cookie":{"path":"/"}})"},
        {R"({"cookie":{}})", "", "1", "(malformed)"},
        // What must stay a document.
        {R"({"cookie":{}})", "/cookie", "null", "(malformed)"},
        {R"({"cookie":{}})", "/cookie", R"({"path":"/"})", R"({"cookie":{"path":"/"}})"},
        {R"({"cookie":{}})", "/a", "", "(malformed)"},
        {R"({"cookie":{}})", "/a", "1,\"b\":2", "(malformed)"},
        {R"({"cookie":{}})", "/a", "1}", "(malformed)"},
        {R"({"cookie":{}})", "/a", "\"\xFF\"", "(malformed)"},
        {R"({"a":1})", "/a", "2", "(malformed)"},
        {"", "/a", "2", "(malformed)"},
        {"{\"cookie\":{}", "/a", "2", "(malformed)"},
        {"null", "", R"({"cookie":{}})", "(malformed)"},
    };
    for (const auto& [text, p, json, expected] : cases) {
        EXPECT_EQ(outcome(edit_set(text, pointer(p), json)), expected) << text << " " << p << " " << json;
    }
}

struct removal_case {
    const char *text, *pointer, *expected;
};

TEST(edit_remove, table) {
    const removal_case cases[] = {
        {R"({"cookie":{},"a":1,"b":2})", "/a", R"({"cookie":{},"b":2})"},
        {R"({"cookie":{},"a":1})", "/a", R"({"cookie":{}})"},
        {R"({"a":1,"cookie":{}})", "/a", R"({"cookie":{}})"},
        {R"({ "a" : 1 , "cookie" : {} })", "/a", R"({  "cookie" : {} })"},
        {R"({ "cookie" : {} , "a" : 1 , "b" : 2 })", "/a", R"({ "cookie" : {}  , "b" : 2 })"},
        {R"({"cookie":{},"o":{ "a" : 1 }})", "/o/a", R"({"cookie":{},"o":{  }})"},
        {R"({"cookie":{},"\u0061":1})", "/a", R"({"cookie":{}})"},
        {R"({"cookie":{},"l":[1,2,3]})", "/l/0", R"({"cookie":{},"l":[2,3]})"},
        {R"({"cookie":{},"l":[1,2,3]})", "/l/1", R"({"cookie":{},"l":[1,3]})"},
        {R"({"cookie":{},"l":[1,2,3]})", "/l/2", R"({"cookie":{},"l":[1,2]})"},
        {R"({"cookie":{},"l":[1]})", "/l/0", R"({"cookie":{},"l":[]})"},
        {R"({"cookie":{},"l":[{"a":1,"b":2}]})", "/l/0/a", R"({"cookie":{},"l":[{"b":2}]})"},
        // No older value of a key comes back.
        {R"({"a":0,"cookie":{},"a":1,"b":2,"a":3})", "/a", R"({"cookie":{},"b":2})"},
        {R"({"cookie":{},"o":{"a":1,"a":2}})", "/o/a", R"({"cookie":{},"o":{}})"},
        {R"({"cookie":{},"o":{"a":1,"a":2,"b":3,"a":4}})", "/o/a", R"({"cookie":{},"o":{"b":3}})"},
        {R"({"cookie":{},"o":{"a":1},"o":{"a":2}})", "/o/a", R"({"cookie":{},"o":{"a":1},"o":{}})"},
        // Nothing there.
        {R"( {"cookie":{},"a":1} )", "/b", R"( {"cookie":{},"a":1} )"},
        {R"({"cookie":{},"a":1})", "/a/b", R"({"cookie":{},"a":1})"},
        {R"({"cookie":{},"a":1})", "/b/c", R"({"cookie":{},"a":1})"},
        {R"({"cookie":{},"l":[1]})", "/l/1", R"({"cookie":{},"l":[1]})"},
        {R"({"cookie":{},"l":[1]})", "/l/-", R"({"cookie":{},"l":[1]})"},
        {R"({"cookie":{},"l":[]})", "/l/0/a", R"({"cookie":{},"l":[]})"},
        // What must stay a document.
        {R"({"cookie":{}})", "/cookie", "(malformed)"},
        {R"({"cookie":{}})", "", "(malformed)"},
        {R"({"a":1})", "/a", "(malformed)"},
        {"[1]", "/0", "(malformed)"},
    };
    for (const auto& [text, p, expected] : cases) {
        EXPECT_EQ(outcome(edit_remove(text, pointer(p))), expected) << text << " " << p;
    }
}

TEST(edit_set, never_grows_past_what_can_be_read) {
    const std::string text = R"({"cookie":{}})";
    std::string deep_pointer, deep_json;
    for (int i = 0; i < 63; ++i) deep_pointer += "/a", deep_json += '[';
    deep_json += std::string(63, ']');
    EXPECT_TRUE(edit_set(text, pointer(deep_pointer), "1"));
    EXPECT_TRUE(edit_set(text, pointer("/a"), deep_json));
    EXPECT_EQ(edit_set(text, pointer(deep_pointer + "/a/a"), "1").error(), errc::malformed_value);
    EXPECT_EQ(edit_set(text, pointer("/a/a"), deep_json).error(), errc::malformed_value);
    const std::string large = '"' + std::string(4 * 1024 * 1024 - 10, 'x') + '"';
    EXPECT_EQ(edit_set(text, pointer("/a"), large).error(), errc::malformed_value);
}

TEST(edit_remove, of_very_many_duplicates_is_linear) {
    std::string text = R"({"cookie":{})";
    for (int i = 0; i < 400'000; ++i) text += R"(,"a":1)";
    EXPECT_EQ(outcome(edit_remove(text + '}', pointer("/a"))), R"({"cookie":{}})");
}

}  // namespace
}  // namespace vestibule::session
