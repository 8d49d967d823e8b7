#include <vestibule/session/changes.hpp>

#include <gtest/gtest.h>

namespace vestibule::session {
namespace {

constexpr std::string_view cookie = R"({"cookie":{},"d":)";

// The document of RFC 7396 as member d of a session.
std::string merged(std::string_view target, std::string_view patch) {
    session_changes c;
    c.merge_patch = R"({"d":)" + std::string(patch) + "}";
    const auto text = applied(std::string(cookie) + std::string(target) + "}", c);
    if (!text) return text.error().message();
    const auto d = document::parse(*text).value().find(json_pointer::of({"d"}));
    return d ? std::string(*d) : "";
}

// RFC 7396 appendix A, those whose patch is an object.
TEST(merge_patch, vectors_of_the_rfc) {
    EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
    EXPECT_EQ(merged(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
    EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":null})"), R"({})");
    EXPECT_EQ(merged(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
    EXPECT_EQ(merged(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
    EXPECT_EQ(merged(R"({"a":"c"})", R"({"a":["b"]})"), R"({"a":["b"]})");
    EXPECT_EQ(merged(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
    EXPECT_EQ(merged(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
    EXPECT_EQ(merged(R"(["a","b"])", R"(["c","d"])"), R"(["c","d"])");
    EXPECT_EQ(merged(R"({"a":"b"})", R"(["c"])"), R"(["c"])");
    EXPECT_EQ(merged(R"({"a":"foo"})", "null"), "");
    EXPECT_EQ(merged(R"({"a":"foo"})", R"("bar")"), R"("bar")");
    EXPECT_EQ(merged(R"({"e":null})", R"({"a":1})"), R"({"e":null,"a":1})");
    EXPECT_EQ(merged("[1,2]", R"({"a":"b","c":null})"), R"({"a":"b"})");
    EXPECT_EQ(merged("{}", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
}

TEST(merge_patch, leaves_every_other_byte) {
    const std::string text =
        R"({ "cookie":{"x":1e3} ,"big":12345678901234567890,"e":"\u00e9", "cart":{"n":1} })";
    session_changes c;
    c.merge_patch = R"({"cart":{"n":2,"m\/":"x"}})";
    EXPECT_EQ(applied(text, c).value(),
              R"({ "cookie":{"x":1e3} ,"big":12345678901234567890,"e":"\u00e9", "cart":{"n":2,"m/":"x"} })");
}

TEST(merge_patch, keeps_what_separates_the_rest) {
    const std::pair<const char*, const char*> table[] = {
        {R"({"a":null})", R"({ "b": 2 , "c" :[ 3 ] })"},
        {R"({"b":null})", R"({ "a":1, "c" :[ 3 ] })"},
        {R"({"c":null})", R"({ "a":1, "b": 2 })"},
        {R"({"a":null,"b":null})", R"({ "c" :[ 3 ] })"},
        {R"({"b":null,"c":null,"d":4})", R"({ "a":1,"d":4 })"},
        {R"({"b":{"x":null,"y":5}})", R"({ "a":1, "b": {"y":5} , "c" :[ 3 ] })"},
        {"{}", R"({ "a":1, "b": 2 , "c" :[ 3 ] })"},
    };
    for (const auto& [patch, left] : table)
        EXPECT_EQ(merged(R"({ "a":1, "b": 2 , "c" :[ 3 ] })", patch), left) << patch;
    EXPECT_EQ(merged("{ }", R"({"a":1})"), R"({"a":1 })");
    EXPECT_EQ(merged(R"({ "a":1 })", R"({"a":null,"b":2})"), R"({ "b":2 })");
}

TEST(merge_patch, of_a_key_twice_the_last_counts) {
    EXPECT_EQ(merged(R"({"a":1,"b":2,"\u0061":3})", R"({"a":4})"), R"({"a":1,"b":2,"\u0061":4})");
    EXPECT_EQ(merged(R"({"a":1,"b":2,"\u0061":3})", R"({"a":null})"), R"({"b":2})");
    EXPECT_EQ(merged("{}", R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
}

TEST(merge_patch, takes_the_time_of_one_walk) {
    session_changes c;
    c.merge_patch = "{\"m0\":0";
    for (int i = 1; i < 1000; ++i) c.merge_patch += ",\"m" + std::to_string(i) + "\":" + std::to_string(i);
    c.merge_patch += "}";
    const std::string text = R"({"cookie":{},"blob":")" + std::string(300'000, 'x') + "\"}";
    const auto began = std::chrono::steady_clock::now();
    const auto out = applied(text, c);
    const auto took = std::chrono::steady_clock::now() - began;
    ASSERT_TRUE(out);
    EXPECT_EQ(out->size(), text.size() + c.merge_patch.size() - 1);
    EXPECT_LT(took, std::chrono::milliseconds(250));  // with a walk for each member, twice that at least
}

TEST(merge_patch, leaves_no_document_that_nobody_can_read) {
    session_changes c;
    c.merge_patch = R"({"d":)" + std::string(63, '[') + std::string(63, ']') + "}";
    EXPECT_TRUE(applied(R"({"cookie":{}})", c));
    c.merge_patch = R"({"d":{"d":)" + std::string(63, '[') + std::string(63, ']') + "}}";
    EXPECT_EQ(applied(R"({"cookie":{}})", c).error(), errc::malformed_value);
}

TEST(applied, sets_in_order_and_nothing_where_nothing_differs) {
    session_changes c;
    c.set.push_back({json_pointer::of({"user", "id"}), "\"u1\""});
    c.set.push_back({json_pointer::of({"user", "id"}), "\"u2\""});
    c.set.push_back({json_pointer::of({"n"}), "1"});
    const std::string text = R"({"cookie":{},"n":1})";
    EXPECT_EQ(applied(text, c).value(), R"({"cookie":{},"n":1,"user":{"id":"u2"}})");
    EXPECT_EQ(applied(text, {}).value(), text);
    EXPECT_EQ(applied("[]", {}).error(), errc::malformed_value);
}

TEST(applied, what_is_no_object_gives_way_to_one) {
    const auto with_user = [](const std::string& before) {
        session_changes c;
        c.set.push_back({json_pointer::of({"user", "now", "id"}), "\"u1\""});
        const auto text = applied(R"({"cookie":{},"user":)" + before + R"(,"n":1e3})", c);
        return text ? *text : text.error().message();
    };
    const std::string set = R"({"cookie":{},"user":{"now":{"id":"u1"}},"n":1e3})";
    for (const char* before :
         {"null", "\"\"", "false", "\"guest\"", "7", R"({"now":null})", R"({"now":"[]"})", "{}"})
        EXPECT_EQ(with_user(before), set) << before;
    const std::string conflict = error_code(errc::pointer_conflict).message();
    EXPECT_EQ(with_user("[]"), conflict);
    EXPECT_EQ(with_user(R"({"now":[1]})"), conflict);
}

TEST(applied, keeps_other_notes_beside_the_vault) {
    const std::string entry = R"({"name":"a","value":"1","path":"/","set":5})";
    session_changes c;
    c.vault.push_back({{.name = "a", .value = "1"}});
    c.at = unix_time(milliseconds(5));
    EXPECT_EQ(applied(R"({"cookie":{},"vestibule":{"since":5}})", c).value(),
              R"({"cookie":{},"vestibule":{"since":5,"vault":[)" + entry + "]}}");
    EXPECT_EQ(applied(R"({"cookie":{}})", c).value(),
              R"({"cookie":{},"vestibule":{"vault":[)" + entry + "]}}");
    EXPECT_EQ(applied(R"({"cookie":{},"vestibule":5})", c).value(),
              R"({"cookie":{},"vestibule":{"vault":[)" + entry + "]}}");
    // Old marks go with the next change; without a cookie left there is no list.
    const std::string mark = R"({"name":"b","path":"/","set":5})";
    c.at += vault_memory_time;
    c.vault = {{{.name = "a", .value = "2", .expires = c.at + seconds(1)}}};
    EXPECT_EQ(applied(R"({"cookie":{},"vestibule":{"vault":[)" + mark + "]}}", c).value(),
              R"({"cookie":{},"vestibule":{"vault":[{"name":"a","value":"2","path":"/","expires":61005,)"
              R"("set":60005}]}})");
    c.vault.front().remove = true;
    EXPECT_EQ(applied(R"({"cookie":{}})", c).value(), R"({"cookie":{}})");
    EXPECT_EQ(applied(R"({"cookie":{},"vestibule":{"since":5,"vault":[)" + entry + "]}}", c).value(),
              R"({"cookie":{},"vestibule":{"since":5,"vault":[{"name":"a","path":"/","set":60005}]}})");
}

TEST(restored, puts_back_what_was_written_over) {
    const unix_time now(milliseconds(7));
    const std::vector<vault_cookie> remembered{{"a", "1", "/", {}, unix_time(milliseconds(5))}};
    const std::string entry = R"({"name":"a","value":"1","path":"/","set":5})";
    EXPECT_EQ(restored(R"({"cookie":{},"views":7})", remembered, now).value(),
              R"({"cookie":{},"views":7,"vestibule":{"vault":[)" + entry + "]}}");
    const std::string there = R"({"cookie":{},"vestibule":{"vault":[)" + entry + "]}}";
    EXPECT_EQ(restored(there, remembered, now).value(), there);
    EXPECT_EQ(restored("[]", remembered, now).error(), errc::malformed_value);
}

TEST(applied, reports_what_came_of_the_vault) {
    session_changes c;
    c.vault = {{{.name = "a", .value = "1"}}, {{.name = "b"}, true}, {{.name = "c", .value = "\n"}}};
    vault_report r{.kept = 9, .deleted = 9, .refused = {"x"}};
    ASSERT_TRUE(applied(R"({"cookie":{}})", c, &r));
    EXPECT_EQ(r.kept, 1u);
    EXPECT_EQ(r.deleted, 1u);
    EXPECT_EQ(r.refused, std::vector<std::string>{"c"});
    ASSERT_TRUE(applied(R"({"cookie":{}})", {}, &r));
    EXPECT_EQ(r.kept + r.deleted + r.refused.size(), 0u);
}

TEST(without_vault, leaves_the_rest) {
    EXPECT_EQ(without_vault(R"({"cookie":{},"a":1})").value(), R"({"cookie":{},"a":1})");
    EXPECT_EQ(without_vault(R"({"cookie":{},"vestibule":{"vault":[]},"a":1})").value(),
              R"({"cookie":{},"a":1})");
    EXPECT_EQ(without_vault(R"({"cookie":{},"vestibule":{"vault":[1],"made":5}})").value(),
              R"({"cookie":{},"vestibule":{"made":5}})");
    EXPECT_EQ(without_vault("[]").error(), errc::malformed_value);
}

TEST(check_patch, table) {
    EXPECT_FALSE(check_patch(R"({"cart":{"a":1},"x":null})", {}));
    EXPECT_FALSE(check_patch(" {} ", {}));
    EXPECT_FALSE(check_patch(R"({"cart":1})", {"cart", "user"}));
    for (const char* bad : {"", "x", "[]", "1", "null", "{", R"({"cookie":{"expires":null}})",
                            R"({"vestibule":null})", R"({"c\u006fokie":1})", R"({"__proto__":{}})",
                            R"({"save":1})", R"({"":1})", R"({"a":1,"cookie":2})"})
        EXPECT_TRUE(check_patch(bad, {})) << bad;
    EXPECT_TRUE(check_patch(R"({"cart":1,"user":2})", {"cart"}));
    EXPECT_FALSE(check_patch("{\"a\":\"" + std::string(64 * 1024 - 8, 'x') + "\"}", {}));
    EXPECT_EQ(check_patch("{\"a\":\"" + std::string(64 * 1024 - 7, 'x') + "\"}", {}),
              "is longer than 64 KiB");
}

}  // namespace
}  // namespace vestibule::session
