#include "server/capture.hpp"

#include <gtest/gtest.h>

namespace vestibule::server {
namespace {

using place = capture_source::place;
using session::ending;
using session::json_pointer;

capture_rule rule(std::string path, std::vector<std::string> methods, capture_source source) {
    capture_rule r;
    r.path = std::move(path);
    r.methods = std::move(methods);
    r.set.push_back({json_pointer::of({"x"}), std::move(source)});
    return r;
}

capture_source from(place p, std::string name) {
    capture_source s{.from = p, .name = name, .pointer = {}};
    if (p == place::json) s.pointer = json_pointer::parse(name).value();
    return s;
}

struct scene {
    std::string head = "HTTP/1.1 200 OK\r\n\r\n";
    std::string type = "application/x-www-form-urlencoded";
    std::string form, body, query;
    std::string_view method = "POST", path = "/login";

    session::session_changes operator()(const std::vector<capture_rule>& rules, bool* clear = nullptr) const {
        http::response_head answer;
        EXPECT_FALSE(http::parse_response_head(head, answer));
        body_copy request, response;
        request.add(form);
        response.add(body);
        session::session_changes c;
        const bool read = append_captured(c, rules,
                                          {.request = {method, path, {}},
                                           .request_type = type,
                                           .request_query = query,
                                           .request_body = &request,
                                           .answer = answer,
                                           .answer_body = &response});
        if (clear != nullptr) *clear = read;
        return c;
    }

    // What is captured from the one source; empty: nothing.
    std::string value(place p, std::string name) const {
        const auto c = (*this)({rule("/*", {}, from(p, std::move(name)))});
        return c.set.empty() ? "" : c.set.front().json;
    }
};

TEST(capture, takes_from_each_place) {
    scene s;
    s.head =
        "HTTP/1.1 200 OK\r\nX-User: zo\xc3\xab \"q\"\r\nSet-Cookie: SID=abc; Path=/\r\nSet-Cookie: "
        "B=2\r\n\r\n";
    s.form = "username=u%201&x=";
    s.body = R"({"user":{"id":12345678901234567890},"ok":true})";
    EXPECT_EQ(s.value(place::header, "x-user"), "\"zo\xc3\xab \\\"q\\\"\"");
    EXPECT_EQ(s.value(place::header, "X-Other"), "");
    EXPECT_EQ(s.value(place::form, "username"), "\"u 1\"");
    EXPECT_EQ(s.value(place::form, "password"), "");
    bool clear = false;
    s({rule("/*", {}, from(place::form, "password"))}, &clear);
    EXPECT_TRUE(clear) << "a field that is not there is no riddle";
    EXPECT_EQ(s.value(place::json, "/user/id"), "12345678901234567890");
    EXPECT_EQ(s.value(place::json, "/user"), R"({"id":12345678901234567890})");
    EXPECT_EQ(s.value(place::json, "/none"), "");
    EXPECT_EQ(s.value(place::cookie, "B"), "\"2\"");
    EXPECT_EQ(s.value(place::cookie, "C"), "");
    EXPECT_EQ(s.value(place::value, "form"), "\"form\"");
}

TEST(capture, reads_a_json_request_as_a_form) {
    scene s;
    s.type = "application/json; charset=utf-8";
    s.form = R"({"username":"u1","n":{"a":1}})";
    EXPECT_EQ(s.value(place::form, "username"), "\"u1\"");
    s.type = "multipart/form-data; boundary=x";
    EXPECT_EQ(s.value(place::form, "username"), "");
    s.type = "application/vnd.api+json";
    EXPECT_EQ(s.value(place::form, "username"), "\"u1\"");
}

// Somebody who knows only his own password must not be taken for another.
TEST(capture, takes_no_form_that_backends_read_differently) {
    const struct {
        const char *type, *body, *query;
    } attacks[] = {
        {"application/x-www-form-urlencoded", "username=ada&username=bob", ""},
        {"application/x-www-form-urlencoded", "username=ada", "username=bob"},
        {"application/x-www-form-urlencoded +json", R"({"username":"ada","more":"&username=bob&"})", ""},
        {"application/x-www-form-urlencoded,+json", R"({"username":"ada","more":"&username=bob&"})", ""},
        {"application/json", R"({"username":"ada","more":"&username=bob&"})", ""},
        {"application/json", R"({"username":"ada","username":"bob"})", ""},
        {"application/json", R"({"username":"ada","Username":"bob"})", ""},
        {"application/x-www-form-urlencoded", R"({"username":"bob","more":"&username=ada&"})", ""},
        {"text/plain", "username=ada", ""},
        {"", "username=ada", ""},
    };
    for (const auto& a : attacks) {
        scene s;
        s.type = a.type;
        s.form = a.body;
        s.query = a.query;
        bool clear = true;
        const auto c = s({rule("/*", {}, from(place::form, "username"))}, &clear);
        EXPECT_TRUE(c.set.empty() && !clear) << a.type << ": " << a.body;
    }
}

TEST(capture, takes_nothing_that_is_broken) {
    scene s;
    s.head = "HTTP/1.1 200 OK\r\nX-User: \xff\r\n\r\n";
    s.form = "username=%ff";
    s.body = R"({"user":)";
    EXPECT_EQ(s.value(place::header, "X-User"), "");
    EXPECT_EQ(s.value(place::form, "username"), "");
    EXPECT_EQ(s.value(place::json, "/user"), "");
    s.body = R"({"a":")" + std::string(body_copy::limit, 'x') + R"("})";
    EXPECT_EQ(s.value(place::json, "/a"), "");
}

TEST(capture, matches_method_path_and_status) {
    const auto login = rule("/login", {"POST"}, from(place::value, "v"));
    auto redirect = login;
    redirect.status = {{302, 302}, {303, 307}};
    scene s;
    const auto hits = [&](const capture_rule& r) { return !s({r}).set.empty(); };
    EXPECT_TRUE(hits(login));
    EXPECT_FALSE(hits(redirect));
    s.head = "HTTP/1.1 302 Found\r\n\r\n";
    EXPECT_TRUE(hits(login));
    EXPECT_TRUE(hits(redirect));
    s.head = "HTTP/1.1 403 No\r\n\r\n";
    EXPECT_FALSE(hits(login));
    s = {};
    s.method = "GET";
    EXPECT_FALSE(hits(login));
    s = {};
    s.path = "/login/x";
    EXPECT_FALSE(hits(login));
}

TEST(capture, all_matching_rules_count) {
    capture_rule one, all, fresh;
    one.end = ending::one;
    all.end = ending::all;
    fresh.regenerate = true;
    EXPECT_EQ(scene{}({one, all}).end, ending::all);
    EXPECT_EQ(scene{}({all, one}).end, ending::all);
    EXPECT_TRUE(scene{}({fresh}).regenerate);
    EXPECT_FALSE(scene{}({}).any());
}

TEST(needs_of, what_the_rules_may_look_at) {
    const std::vector<capture_rule> rules{rule("/login", {"POST"}, from(place::form, "u")),
                                          rule("/api/*", {}, from(place::json, "/u"))};
    EXPECT_TRUE(needs_of(rules, {"POST", "/login", {}}).form);
    EXPECT_FALSE(needs_of(rules, {"POST", "/login", {}}).json);
    EXPECT_FALSE(needs_of(rules, {"GET", "/login", {}}).any);
    EXPECT_TRUE(needs_of(rules, {"GET", "/api/x", {}}).json);
}

TEST(wants_body, only_of_readable_json) {
    const std::vector<capture_rule> rules{rule("/*", {}, from(place::json, "/u"))};
    const auto wants = [&](const std::string& fields, unsigned status = 200) {
        http::response_head answer;
        const std::string text = "HTTP/1.1 " + std::to_string(status) + " x\r\n" + fields + "\r\n";
        EXPECT_FALSE(http::parse_response_head(text, answer));
        return wants_body(rules, {"POST", "/", {}}, answer);
    };
    EXPECT_TRUE(wants("Content-Type: application/json\r\n"));
    EXPECT_TRUE(wants("Content-Type: application/problem+json; x=y\r\nContent-Encoding: identity\r\n"));
    EXPECT_FALSE(wants("Content-Type: application/json\r\nContent-Encoding: gzip\r\n"));
    EXPECT_FALSE(wants("Content-Type: text/html\r\n"));
    EXPECT_FALSE(wants("Content-Type: application/json\r\n", 401));
}

struct controlled {
    session::session_changes changes;
    std::optional<std::string_view> wrong;
};

controlled control(const std::string& fields, std::vector<std::string> allow = {}) {
    http::response_head answer;
    static std::string text;
    text = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    EXPECT_FALSE(http::parse_response_head(text, answer));
    controlled c;
    c.wrong = append_control(c.changes, {.enabled = true, .allow = std::move(allow)}, answer.fields);
    return c;
}

TEST(backend_control, says_what_to_do) {
    EXPECT_EQ(control("X-Session-Patch: {\"cart\":1}\r\n").changes.merge_patch, "{\"cart\":1}");
    EXPECT_TRUE(control("x-session-regenerate: true\r\n").changes.regenerate);
    EXPECT_EQ(control("X-Session-Destroy: true\r\n").changes.end, ending::one);
    EXPECT_EQ(control("X-Session-Destroy: ALL\r\n").changes.end, ending::all);
    EXPECT_FALSE(control("X-Session-Regenerate: false\r\n").changes.any());
}

TEST(backend_control, what_is_bad_changes_nothing_and_is_told) {
    for (const char* bad :
         {"X-Session-Patch: {\r\n", "X-Session-Patch: []\r\n", "X-Session-Patch: {\"cookie\":1}\r\n",
          "X-Session-Patch: {}\r\nX-Session-Patch: {}\r\n", "X-Session-Destroy: maybe\r\n"}) {
        const auto c = control(bad);
        EXPECT_TRUE(c.wrong) << bad;
        EXPECT_FALSE(c.changes.any()) << bad;
    }
    EXPECT_TRUE(control("X-Session-Patch: {\"user\":1}\r\n", {"cart"}).wrong);
    EXPECT_FALSE(control("X-Session-Patch: {\"cart\":1}\r\n", {"cart"}).wrong);
}

}  // namespace
}  // namespace vestibule::server
