#include <vestibule/session/vault.hpp>

#include <gtest/gtest.h>

namespace vestibule::session {
namespace {

using namespace std::chrono_literals;

constexpr unix_time now{1'767'323'045'678ms};

std::string vault_document(std::string_view list) {
    return R"({"cookie":{},"vestibule":{"vault":)" + std::string(list) + "}}";
}

// What of a list is understood, as it would be written.
std::string understood(std::string_view list) {
    const std::string text = vault_document(list);
    return vault_json(read_vault(document::parse(text).value()));
}

TEST(read_vault, leaves_out_what_is_no_cookie) {
    const std::string good = R"({"name":"a","value":"1","path":"/","expires":5,"set":6})";
    EXPECT_EQ(understood("[" + good + "]"), "[" + good + "]");
    EXPECT_EQ(understood(R"([{"value":"","name":"\u0061","path":"\/x","more":1}])"),
              R"([{"name":"a","value":"","path":"/x","set":0}])");
    for (const char* bad : {"1",
                            "null",
                            "\"a\"",
                            "[]",
                            "{}",
                            R"({"name":"a","value":"1"})",
                            R"({"path":"/"})",
                            R"({"name":"a"})",
                            R"({"name":"","value":"1","path":"/"})",
                            R"({"name":"a=b","value":"1","path":"/"})",
                            R"({"name":"a","value":"1;b=2","path":"/"})",
                            R"({"name":"a","value":"1\r\nX: y","path":"/"})",
                            R"({"name":"a\u0000","value":"1","path":"/"})",
                            R"({"name":"a","value":1,"path":"/"})",
                            R"({"name":"a","value":"1","path":"x"})",
                            R"({"name":"a","value":"1","path":""})",
                            R"({"name":"a","value":"1","path":"/","expires":"5"})",
                            R"({"name":"a","value":"1","path":"/","expires":-5})",
                            R"({"name":"a","value":"1","path":"/","expires":1e99})",
                            R"({"name":"a","value":"\u0100","path":"/"})",
                            R"({"name":"a","value":"\ud800","path":"/"})",
                            R"({"name":"a","value":"\u20ac","path":"/"})"})
        EXPECT_EQ(understood("[" + std::string(bad) + "," + good + "]"), "[" + good + "]") << bad;
    EXPECT_EQ(understood("{}"), "[]");
    EXPECT_EQ(understood("null"), "[]");
    const std::string none = R"({"cookie":{}})";
    EXPECT_TRUE(read_vault(document::parse(none).value()).empty());
}

TEST(vault_json, every_byte_comes_back) {
    std::string bytes;
    for (int c = 0x20; c < 256; ++c)
        if (c != ';' && c != 0x7f) bytes += static_cast<char>(c);
    const std::vector<vault_cookie> one{{.name = "n\xff", .value = bytes + '\t', .path = "/\xe9"}};
    const std::string text = vault_document(vault_json(one));
    const auto back = read_vault(document::parse(text).value());
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(back[0].name, one[0].name);
    EXPECT_EQ(back[0].value, one[0].value);
    EXPECT_EQ(back[0].path, one[0].path);
}

vault_change set(std::string name, std::string value, std::string path = "/",
                 std::optional<unix_time> expires = {}) {
    return {{std::move(name), std::move(value), std::move(path), expires}};
}
vault_change remove(std::string name, std::string path = "/") {
    return {{.name = std::move(name), .path = std::move(path)}, true};
}

struct outcome {
    std::string list;  // empty: nothing to write
    vault_report report;
};

outcome changed(std::vector<vault_cookie> cookies, const std::vector<vault_change>& changes) {
    outcome o;
    if (change_vault(cookies, changes, now, o.report)) o.list = vault_json(cookies);
    return o;
}

// As it is written; without a value, a mark.
std::string entry(std::string name, std::optional<std::string> value, std::string path = "/",
                  milliseconds later = 0ms) {
    return R"({"name":")" + name + '"' + (value ? R"(,"value":")" + *value + '"' : "") + R"(,"path":")" +
           path + R"(","set":)" + std::to_string((now + later).time_since_epoch().count()) + "}";
}
std::string old(std::string name, std::string value) {
    return R"({"name":")" + name + R"(","value":")" + value + R"(","path":"/","set":0})";
}
std::string listed(std::initializer_list<std::string> entries) {
    std::string out = "[";
    for (const auto& e : entries) out += (out.size() > 1 ? "," : "") + e;
    return out + "]";
}

TEST(change_vault, sets_replaces_and_removes) {
    const std::vector<vault_cookie> two{{"a", "1"}, {"b", "2"}};
    EXPECT_EQ(changed({}, {set("a", "1")}).list, listed({entry("a", "1")}));
    EXPECT_EQ(changed(two, {set("c", "3")}).list, listed({old("a", "1"), old("b", "2"), entry("c", "3")}));
    // In its place; a name is the same only with its path, to the byte.
    EXPECT_EQ(changed(two, {set("a", "9")}).list, listed({entry("a", "9"), old("b", "2")}));
    EXPECT_EQ(changed({{"a", "1"}}, {set("a", "1", "/x")}).list,
              listed({old("a", "1"), entry("a", "1", "/x")}));
    EXPECT_EQ(changed({{"a", "1"}}, {set("A", "1")}).list, listed({old("a", "1"), entry("A", "1")}));
    EXPECT_EQ(changed(two, {remove("a")}).list, listed({entry("a", {}), old("b", "2")}));
    // In order, and each state later than the one before.
    EXPECT_EQ(changed({}, {set("a", "1"), set("a", "2")}).list, listed({entry("a", "2", "/", 1ms)}));
    EXPECT_EQ(changed({}, {remove("a"), set("a", "2")}).list, listed({entry("a", "2")}));
    EXPECT_EQ(changed({{"a", "1"}}, {set("c", "3"), remove("c"), remove("a"), set("a", "1")}).list,
              listed({entry("a", "1", "/", 1ms), entry("c", {}, "/", 1ms)}));
    EXPECT_EQ(changed({{"a", "1", "/", {}, now + 5s}}, {remove("a")}).list,
              listed({entry("a", {}, "/", 5001ms)}));
}

TEST(change_vault, tells_what_it_writes) {
    const auto o =
        changed({{"a", "1"}, {"b", "2"}}, {set("a", "1"), set("c", "3"), set("c", "4"), remove("b")});
    EXPECT_EQ(vault_json(o.report.written), listed({entry("c", "4", "/", 1ms), entry("b", {})}));
}

TEST(change_vault, writes_nothing_for_nothing) {
    const std::vector<vault_cookie> one{{"a", "1"}};
    for (const auto& changes : std::vector<std::vector<vault_change>>{
             {}, {set("a", "1")}, {remove("b")}, {remove("a", "/x")}, {set("b", "\n")}}) {
        const auto o = changed(one, changes);
        EXPECT_EQ(o.list, "");
        EXPECT_TRUE(o.report.written.empty());
    }
    EXPECT_EQ(changed(one, {set("a", "1")}).report.kept, 1u);
    EXPECT_EQ(changed(one, {remove("b")}).report.deleted, 1u);
    // What does not count any more is gone, but not worth a write by itself.
    const std::vector<vault_cookie> over{{"a", "1", "/", now}, {"c", "", "/", {}, now - 60s, true}};
    EXPECT_EQ(changed(over, {remove("b"), remove("c")}).list, "");
    EXPECT_EQ(changed(over, {set("b", "2")}).list, listed({entry("b", "2")}));
}

TEST(change_vault, renews_an_end_that_has_moved_by_a_tenth) {
    const struct {
        std::optional<unix_time> before, after;
        bool written;
    } test_cases[] = {
        {now + 3600s, now + 3600s, false},  // the same
        {now + 3600s, now + 3601s, false},
        {now + 3241s, now + 3600s, false},
        {now + 3240s, now + 3600s, true},  // a tenth
        {now + 60s, now + 3600s, true},
        {now + 3601s, now + 3600s, false},  // earlier by little
        {now + 3960s, now + 3600s, true},   // by a tenth
        {{}, now + 3600s, true},
        {now + 3600s, {}, true},
        {now, now + 1ms, true},  // was over
    };
    for (const auto& t : test_cases) {
        const auto o = changed({{"a", "1", "/", t.before}}, {set("a", "1", "/", t.after)});
        EXPECT_EQ(!o.list.empty(), t.written) << (t.before ? (*t.before - now).count() : -1);
        EXPECT_EQ(o.report.kept, 1u);
    }
}

TEST(change_vault, bounds) {
    const auto refused = [](const outcome& o) { return o.report.refused; };
    const std::string most(vault_limits::pair - 1, 'x');
    EXPECT_TRUE(refused(changed({}, {set("a", most)})).empty());
    EXPECT_EQ(refused(changed({}, {set("aa", most)})), std::vector<std::string>{"aa"});
    // The one before stays.
    EXPECT_EQ(changed({{"aa", "1"}}, {set("aa", most)}).list, "");

    std::vector<vault_cookie> many;
    for (std::size_t i = 0; i < vault_limits::cookies; ++i) many.push_back({std::to_string(i), ""});
    EXPECT_EQ(refused(changed(many, {set("x", "")})), std::vector<std::string>{"x"});
    EXPECT_TRUE(refused(changed(many, {set("7", "new")})).empty());
    EXPECT_TRUE(refused(changed(many, {remove("7"), set("x", "")})).empty());
    many[3].expires = now;
    EXPECT_TRUE(refused(changed(many, {set("x", "")})).empty());

    std::vector<vault_cookie> big;
    for (const char* name : {"a", "b", "c", "d"})
        big.push_back({name, std::string(vault_limits::total / 4 - 2, 'x')});
    EXPECT_EQ(refused(changed(big, {set("e", "")})), std::vector<std::string>{"e"});
    EXPECT_TRUE(refused(changed(big, {set("a", "small"), set("e", "")})).empty());
    EXPECT_EQ(refused(changed(big, {set("a", std::string(vault_limits::total / 4 - 1, 'x'))})),
              std::vector<std::string>{"a"});
}

TEST(change_vault, refuses_what_cannot_be_sent) {
    for (const auto& bad :
         {set("", "1"), set("a=b", "1"), set("a;b", "1"), set("a", "1;2"), set("a", "1\r\nX: y"),
          set("a", std::string(1, '\0')), set("a", "\x7f"), set("a", "1", "x"), set("a", "1", "")})
        EXPECT_EQ(changed({}, {bad}).report.refused.size(), 1u) << bad.cookie.name << bad.cookie.value;
}

TEST(restore_vault, the_later_state_counts) {
    const unix_time before = now - 1ms, after = now + 1ms;
    const vault_cookie mine{"a", "mine", "/", {}, now}, mark{"a", "", "/", {}, now, true};
    const struct {
        std::vector<vault_cookie> there;
        vault_cookie remembered;
        std::string restored;
    } test_cases[] = {
        {{}, mine, listed({entry("a", "mine")})},
        {{{"a", "old", "/", {}, before}}, mine, listed({entry("a", "mine")})},
        {{{"a", "", "/", {}, before, true}}, mine, listed({entry("a", "mine")})},
        {{{"a", "new", "/", {}, after}}, mine, ""},
        {{{"a", "", "/", {}, after, true}}, mine, ""},
        {{mine}, mine, ""},
        {{}, mark, ""},
        {{{"a", "old", "/", {}, before}}, mark, listed({entry("a", {})})},
        {{{"a", "new", "/", {}, after}}, mark, ""},
        {{}, {"a", "over", "/", now, before}, ""},
        {{{"b", "2"}}, mine, listed({old("b", "2"), entry("a", "mine")})},
    };
    for (auto t : test_cases) {
        const bool restored = restore_vault(t.there, {&t.remembered, 1}, now);
        EXPECT_EQ(restored ? vault_json(t.there) : "", t.restored) << t.restored;
    }
    std::vector<vault_cookie> full;
    for (std::size_t i = 0; i < vault_limits::cookies; ++i) full.push_back({std::to_string(i), ""});
    EXPECT_FALSE(restore_vault(full, {&mine, 1}, now));
}

TEST(vault_to_send, longest_path_first_then_oldest) {
    const std::string text =
        vault_document(listed({entry("a", "1"), entry("b", "2", "/x/y"), entry("c", "3", "/x"),
                               entry("d", "4", "/z/y"), entry("gone", {}, "/long/path"), entry("e", "old")}));
    const std::vector<vault_cookie> remembered{{"e", "new", "/", {}, now + 1ms}, {"f", "6", "/", {}, now}};
    std::string order;
    for (const auto& c : vault_to_send(document::parse(text).value(), remembered, now))
        order += c.name + c.value;
    EXPECT_EQ(order, "b2d4c3a1enewf6");
}

TEST(goes_with, path_and_time) {
    EXPECT_TRUE(goes_with({"a", "1"}, "/x", now));
    EXPECT_TRUE(goes_with({"a", "1", "/x", now + 1ms}, "/x/y", now));
    EXPECT_FALSE(goes_with({"a", "1", "/x", now}, "/x", now));
    EXPECT_FALSE(goes_with({"a", "1", "/x"}, "/xy", now));
    EXPECT_FALSE(goes_with({"a", "", "/", {}, now, true}, "/", now));
}

}  // namespace
}  // namespace vestibule::session
