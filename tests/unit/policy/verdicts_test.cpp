#include <vestibule/policy/policy.hpp>

#include <gtest/gtest.h>

namespace vestibule::policy {
namespace {

requirement present(std::string_view pointer) {
    return {.pointer = session::json_pointer::parse(pointer).value(), .present = true};
}

requirement any_of(std::string_view pointer, std::vector<std::string> values) {
    return {.pointer = session::json_pointer::parse(pointer).value(), .any_of = std::move(values)};
}

TEST(meets, table) {
    const std::string text =
        R"({"cookie":{},"user":{"id":"u1","tier":"gold","age":18,"mail":"","none":null,"no":false,"zero":0,)"
        R"("role":["admin"],"nothing":[],"nobody":{ }}})";
    const session::document doc = session::document::parse(text).value();
    const std::pair<std::vector<requirement>, bool> cases[] = {
        {{}, true},
        {{present("/user/id")}, true},
        {{present("/user/name")}, false},
        {{present("/user/none")}, false},
        {{present("/user/mail")}, false},
        {{present("/user/no")}, false},
        {{present("/user/nothing")}, false},
        {{present("/user/nobody")}, false},
        {{present("/user/zero")}, true},
        {{present("/user/role")}, true},
        {{present("/user/role/0")}, true},
        {{present("/user/role/1")}, false},
        {{present("")}, true},
        {{any_of("/user/tier", {"gold", "platinum"})}, true},
        {{any_of("/user/tier", {"platinum", "gold"})}, true},
        {{any_of("/user/tier", {"platinum"})}, false},
        {{any_of("/user/tier", {"Gold"})}, false},
        {{any_of("/user/tier", {"\"gold\""})}, false},
        {{any_of("/user/tier", {})}, false},
        {{any_of("/user/age", {"18"})}, true},
        {{any_of("/user/no", {"false"})}, true},
        {{any_of("/user/none", {"null"})}, true},
        {{any_of("/user/role", {"admin"})}, false},
        {{any_of("/user/name", {""})}, false},
        {{any_of("/user/mail", {""})}, true},
        {{present("/user/id"), any_of("/user/tier", {"gold"})}, true},
        {{present("/user/id"), any_of("/user/tier", {"silver"})}, false},
        {{present("/user/name"), any_of("/user/tier", {"gold"})}, false},
    };
    int row = 0;
    for (const auto& [require, met] : cases) {
        SCOPED_TRACE(row++);
        EXPECT_EQ(meets(require, &doc), met);
        EXPECT_FALSE(meets(require, nullptr)) << "without a stored session";
    }
}

const denial to_login{.status = 401, .redirect = "/login?next={target}"};

struct denial_case {
    const char* name;
    denial deny;
    navigation_facts facts;
    unsigned status;
    const char* location;
};

TEST(answer_denial, table) {
    const char* const at_login = "/login?next=%2Fa";
    const denial_case cases[] = {
        {"no redirect", {}, {"GET", "/a", "navigate", "text/html"}, 401, ""},
        {"403", {.status = 403}, {"GET", "/a", "navigate", "text/html"}, 403, ""},
        {"navigation", to_login, {"GET", "/a", "navigate", "*/*"}, 302, at_login},
        {"navigation, HEAD", to_login, {"HEAD", "/a", "navigate", ""}, 302, at_login},
        {"navigation, form", to_login, {"POST", "/a", "navigate", ""}, 303, at_login},
        {"fetch", to_login, {"GET", "/a", "cors", "text/html"}, 401, ""},
        {"image", to_login, {"GET", "/a", "no-cors", "text/html"}, 401, ""},
        {"WebSocket", to_login, {"GET", "/a", "websocket", ""}, 401, ""},
        {"fetch keeps 403", {.status = 403, .redirect = "/"}, {"GET", "/a", "cors", ""}, 403, ""},
        {"old browser",
         to_login,
         {"GET", "/a", "", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"},
         302,
         at_login},
        {"old browser, form", to_login, {"PUT", "/a", "", "text/html"}, 303, at_login},
        {"html further behind",
         to_login,
         {"GET", "/a", "", "application/json , Text/HTML ;level=1; q=0.1"},
         302,
         at_login},
        {"html refused", to_login, {"GET", "/a", "", "text/html;q=0, */*"}, 401, ""},
        {"html refused, long", to_login, {"GET", "/a", "", "text/html; Q=0.000"}, 401, ""},
        {"html nearly refused", to_login, {"GET", "/a", "", "text/html;q=0.001"}, 302, at_login},
        {"html refused, then not",
         to_login,
         {"GET", "/a", "", "text/html;q=0,text/html;level=1"},
         302,
         at_login},
        {"api client", to_login, {"GET", "/a", "", "application/json"}, 401, ""},
        {"curl", to_login, {"GET", "/a", "", "*/*"}, 401, ""},
        {"nothing accepted", to_login, {"GET", "/a", "", ""}, 401, ""},
        {"only commas", to_login, {"GET", "/a", "", ",;,; ,"}, 401, ""},
        {"something like html", to_login, {"GET", "/a", "", "text/html5, xtext/html, text/htm"}, 401, ""},
    };
    for (const auto& [name, deny, facts, status, location] : cases) {
        SCOPED_TRACE(name);
        const denial_answer answer = answer_denial(deny, facts);
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.location, location);
    }
}

TEST(goes_on_without_store, by_the_route_or_else_as_usual) {
    using enum session_mode;
    constexpr auto reject = failure_policy::reject, anonymous = failure_policy::anonymous;
    struct {
        session_mode session;
        std::optional<failure_policy> of_route;
        bool usually_rejected, usually_anonymous;
    } rows[] = {
        {off, {}, true, true},
        {optional, {}, false, true},
        {optional, reject, false, false},
        {optional, anonymous, true, true},
        {issue, {}, false, true},
        {issue, reject, false, false},
        {issue, anonymous, true, true},
        {required, {}, false, false},
        {required, reject, false, false},
        {required, anonymous, false, false},
    };
    for (const auto& [session, of_route, rejected, as_anonymous] : rows) {
        const route_params r{.session = session, .on_failure = of_route};
        EXPECT_EQ(goes_on_without_store(r, reject), rejected) << static_cast<int>(session);
        EXPECT_EQ(goes_on_without_store(r, anonymous), as_anonymous) << static_cast<int>(session);
    }
}

TEST(answer_denial, target) {
    const auto location = [](const char* redirect, std::string_view target) {
        return answer_denial({.redirect = redirect}, {"GET", target, "navigate", ""}).location;
    };
    EXPECT_EQ(location("/login?next={target}", "/a/b?x=1&y=%20#"),
              "/login?next=%2Fa%2Fb%3Fx%3D1%26y%3D%2520%23");
    EXPECT_EQ(location("/login?next={target}", "//evil.test/\r\nX: 1"),
              "/login?next=%2F%2Fevil.test%2F%0D%0AX%3A%201");
    EXPECT_EQ(location("/login?next={target}", "/\xC3\xAB\xFF"), "/login?next=%2F%C3%AB%FF");
    EXPECT_EQ(location("/login?next={target}", "/{target}"), "/login?next=%2F%7Btarget%7D");
    EXPECT_EQ(location("{target}-{target}&x={Target}{}%20", "a"), "a-a&x={Target}{}%20");
    EXPECT_EQ(location("https://id.test/?a=b", "/a"), "https://id.test/?a=b");
    EXPECT_EQ(location("/login?next={target}", ""), "/login?next=");
}

}  // namespace
}  // namespace vestibule::policy
