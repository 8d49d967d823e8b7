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
    std::string form, body, query, cookies;
    std::string_view method = "POST", path = "/login";
    bool coded = false;

    // `missed`: what could not be taken, and why.
    session::session_changes operator()(const std::vector<capture_rule>& rules,
                                        std::string* missed = nullptr) const {
        http::response_head answer;
        EXPECT_FALSE(http::parse_response_head(head, answer));
        body_copy request, response;
        request.add(form);
        response.add(body);
        const request_form read{.type = type, .coded = coded, .query = query, .cookies = cookies};
        session::session_changes c;
        const auto all = append_captured(c, rules,
                                         {.request = {method, path, {}},
                                          .form = &read,
                                          .request_body = &request,
                                          .answer = answer,
                                          .answer_body = &response,
                                          .now = unix_time(std::chrono::days(20'000))});
        if (missed == nullptr) return c;
        missed->clear();
        for (const not_captured& m : all)
            *missed +=
                std::string(m.where == not_captured::from::form ? "form: " : "answer: ") + std::string(m.why);
        return c;
    }

    // Why the field is not captured.
    std::string missed_field(const std::string& name) const {
        std::string why;
        EXPECT_TRUE((*this)({rule("/*", {}, from(place::form, name))}, &why).set.empty()) << form;
        return why;
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
    EXPECT_EQ(s.missed_field("password"), "") << "a field that is not there is no riddle";
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
        const char *type, *body, *query = "", *cookies = "";
        bool coded = false;
    } attacks[] = {
        {"application/x-www-form-urlencoded", "username=ada&username=bob", ""},
        {"application/x-www-form-urlencoded", "username=ada", "username=bob"},
        {"application/x-www-form-urlencoded +json", R"({"username":"ada","more":"&username=bob&"})", ""},
        {"application/x-www-form-urlencoded,+json", R"({"username":"ada","more":"&username=bob&"})", ""},
        {"application/json", R"({"username":"ada","more":"&username=bob&"})", ""},
        {"application/json", R"({"username":"ada","username":"bob"})", ""},
        {"application/json", R"({"username":"ada","Username":"bob"})", ""},
        {"application/x-www-form-urlencoded", R"({"username":"bob","more":"&username=ada&"})", ""},
        {"application/x-www-form-urlencoded", "username=ada&username[x=bob", "", "", true},
        {"application/x-www-form-urlencoded", "username=ada&[username]=bob"},
        {"application/x-www-form-urlencoded", "username=ada", "", "a=1; username=bob"},
        {"application/x-www-form-urlencoded", "username=ada", "", "a=1, username=bob"},
        {"application/x-www-form-urlencoded", "username=ada", "", "", true},
        {"application/x-www-form-urlencoded; charset=cp037", "username=ada"},
        {"application/json; charset=utf-7", R"({"username":"ada","+AHU-sername":"bob"})"},
        {"application/json", R"({"username":["ada"]})"},
        {"application/json", R"({"username":{"id":"ada"}})"},
        {"text/plain", "username=ada"},
        {"", "username=ada"},
    };
    for (const auto& a : attacks) {
        scene s;
        s.type = a.type;
        s.form = a.body;
        s.query = a.query;
        s.cookies = a.cookies;
        s.coded = a.coded;
        EXPECT_EQ(s.missed_field("username"), "form: it can be read in more than one way")
            << a.type << ": " << a.body;
    }
    scene s;
    s.form = "user_name=ada&user[name=bob";
    EXPECT_EQ(s.missed_field("user_name"), "form: it can be read in more than one way");
    s = {};
    s.form = "username=ada";
    s.cookies = "theme=dark; user=bob";
    EXPECT_EQ(s.value(place::form, "username"), "\"ada\"");
    s.type += "; charset=UTF-8";
    EXPECT_EQ(s.value(place::form, "username"), "\"ada\"");
}

TEST(capture, tells_why_a_form_is_not_read) {
    scene s;
    s.form = "username=zo%eb";
    EXPECT_EQ(s.missed_field("username"), "form: it is not UTF-8");
    s.form = "username=ada&x=" + std::string(body_copy::limit, 'x');
    EXPECT_EQ(s.missed_field("username"), "form: it is too long");
    s.type = "multipart/form-data; boundary=x";
    s.form = "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada\r\n--x--\r\n";
    EXPECT_EQ(s.missed_field("username"), "form: it is multipart/form-data");
    EXPECT_EQ(s.missed_field("login"), "");
}

TEST(form_of, what_the_head_says) {
    const auto read = [](const std::string& fields) {
        http::request_head head;
        const std::string text = "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
        EXPECT_FALSE(http::parse_request_head(text, {}, head));
        return form_of(head.fields, "a=1");
    };
    EXPECT_EQ(read("Content-Type: a/b; c\r\n").type, "a/b; c");
    EXPECT_EQ(read("").query, "a=1");
    EXPECT_FALSE(read("Accept-Encoding: gzip\r\n").coded);
    for (const char* two :
         {"Content-Type: a/b\r\nContent-Type: a/b\r\n", "Content-Type: a/b\r\ncontent_type: c\r\n"})
        EXPECT_EQ(read(two).type, "") << two;
    for (const char* coded : {"Content-Encoding: deflate\r\n", "Content_Encoding: gzip\r\n"})
        EXPECT_TRUE(read(coded).coded) << coded;
}

TEST(capture, takes_nothing_that_is_broken) {
    scene s;
    std::string missed;
    const std::vector<capture_rule> wants_json{rule("/*", {}, from(place::json, "/a"))};
    s.form = "username=%ff";
    EXPECT_EQ(s.value(place::form, "username"), "");
    for (const char* bad : {R"({"a":)", "<html>", "{\"a\":\"\xeb\"}", "{\"a\":1}{", "\xEF\xBB\xBF"}) {
        s.body = bad;
        EXPECT_TRUE(s(wants_json, &missed).set.empty()) << bad;
        EXPECT_EQ(missed, "answer: it is not JSON") << bad;
    }
    s.body = R"({"a":")" + std::string(body_copy::limit, 'x') + R"("})";
    EXPECT_TRUE(s(wants_json, &missed).set.empty());
    EXPECT_EQ(missed, "answer: it is too long");
    for (const char* without : {"", R"({"b":1})"}) {
        s.body = without;
        EXPECT_TRUE(s(wants_json, &missed).set.empty());
        EXPECT_EQ(missed, "") << without;
    }
}

TEST(capture, takes_json_behind_a_mark_of_its_bytes) {
    scene s;
    s.body = "\xEF\xBB\xBF{\"a\":\"u1\"}";
    EXPECT_EQ(s.value(place::json, "/a"), "\"u1\"");
}

TEST(capture, takes_headers_in_latin_1) {
    scene s;
    s.head = "HTTP/1.1 200 OK\r\nX-User: zo\xeb\r\nX-Other: \xff\r\nSet-Cookie: N=zo\xeb\r\n\r\n";
    EXPECT_EQ(s.value(place::header, "X-User"), "\"zo\xc3\xab\"");
    EXPECT_EQ(s.value(place::header, "X-Other"), "\"\xc3\xbf\"");
    EXPECT_EQ(s.value(place::cookie, "N"), "\"zo\xc3\xab\"");
}

TEST(capture, takes_the_cookie_that_a_browser_keeps) {
    const std::pair<const char*, const char*> table[] = {
        {"SID=first; Path=/\r\nSet-Cookie: SID=second; Path=/", "\"second\""},
        {"SID=deleted; Max-Age=0; Path=/old\r\nSet-Cookie: SID=real; Path=/", "\"real\""},
        {"SID=real\r\nSet-Cookie: SID=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT", "\"real\""},
        {"SID=deleted; Max-Age=-1", ""},
        {"SID=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT", ""},
        {"SID=; Path=/", ""},
        {"SID=x; Max-Age=60", "\"x\""},
        {"sid=x", ""},
    };
    for (const auto& [lines, value] : table) {
        scene s;
        s.head = std::string("HTTP/1.1 200 OK\r\nSet-Cookie: ") + lines + "\r\n\r\n";
        EXPECT_EQ(s.value(place::cookie, "SID"), value) << lines;
    }
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

TEST(judge_body, table) {
    const std::vector<capture_rule> rules{rule("/api/*", {}, from(place::json, "/u"))};
    const auto judge = [&](const std::string& fields, unsigned status = 200, std::string_view method = "GET",
                           std::string_view path = "/api/me") {
        http::response_head answer;
        const std::string text = "HTTP/1.1 " + std::to_string(status) + " x\r\n" + fields + "\r\n";
        EXPECT_FALSE(http::parse_response_head(text, answer));
        const auto v = judge_body(rules, {method, path, {}}, answer);
        return v.hold ? "held" : v.why ? std::string(v.why->why) : "passes";
    };
    for (const char* type :
         {"Content-Type: application/json\r\n", "Content-Type: text/html; charset=UTF-8\r\n",
          "Content-Type: text/plain\r\n", "Content-Type: text/javascript\r\n", "",
          "Content-Type: application/problem+json\r\nContent-Encoding: identity\r\n"})
        EXPECT_EQ(judge(type), "held") << type;
    EXPECT_EQ(judge("Content-Type: application/json\r\nContent-Encoding: gzip\r\n"),
              "it has a content coding");
    // What a client can ask a part of, it must not have taken for the whole.
    EXPECT_EQ(judge("Content-Type: application/json\r\n", 206), "it is a part of one");
    EXPECT_EQ(judge("Content-Range: bytes 5-9/20\r\n"), "it is a part of one");
    for (const char* type :
         {"text/event-stream", "Text/Event-Stream; charset=utf-8", "multipart/x-mixed-replace; boundary=x",
          "application/x-ndjson", "application/stream+json"})
        EXPECT_EQ(judge("Content-Type: " + std::string(type) + "\r\n"), "passes") << type;
    EXPECT_EQ(judge("", 401), "passes");
    EXPECT_EQ(judge("", 304), "passes");
    EXPECT_EQ(judge("", 200, "HEAD"), "passes");
    EXPECT_EQ(judge("", 200, "GET", "/"), "passes");
}

TEST(may_become_json, table) {
    for (const char* text : {"", " ", "\xEF", "\xEF\xBB\xBF", "\xEF\xBB\xBF{", "{", "{\"a", "[1,", "[tru",
                             "{\"a\":-", "{\"a\":\"\\", "\"zo\xc3", "{\"a\":1} ", "12"})
        EXPECT_TRUE(may_become_json(text)) << text;
    for (const char* text : {"<", "<!doctype", "\xEF\xBB\xBF<", "data: {}", "2024-01-01", "[info] up",
                             "{}\n{", "{a", "zo", "\"\xeb!", "\xEF\xBBx"})
        EXPECT_FALSE(may_become_json(text)) << text;
}

}  // namespace
}  // namespace vestibule::server
