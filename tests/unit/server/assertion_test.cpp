// Claims as tables, what is sent again and for how long, and whole exchanges that carry a token.
#include "scene.hpp"
#include "server/assertion_cache.hpp"

#include <vestibule/base/base64.hpp>
#include <vestibule/server/jwks.hpp>

#include <gtest/gtest.h>

namespace vestibule::server::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unix_time now{milliseconds(1'700'000'000'900)};
const std::string seed(32, 'k');

assertion_params enabled() {
    assertion_params p;
    p.enabled = true;
    p.keys = {seed};
    return p;
}

TEST(assertion_claims, table) {
    assertion_params all = enabled();
    all.audience = "shop";
    all.lifetime = seconds(10);
    assertion_params bare = enabled();
    bare.issuer.clear();
    const struct {
        std::string name;
        assertion_params params;
        assertion_facts facts;
        std::string claims;
    } test_cases[] = {
        {"all",
         all,
         {"u1", "handle", "GET", "/a"},
         R"({"iss":"vestibule","aud":"shop","sub":"u1","handle":"handle","iat":1700000000,"exp":1700000010,)"
         R"("jti":"id","method":"GET","path":"/a"})"},
        {"no session", enabled(), {}, R"({"iss":"vestibule","iat":1700000000,"exp":1700000060,"jti":"id"})"},
        {"no issuer", bare, {}, R"({"iat":1700000000,"exp":1700000060,"jti":"id"})"},
        {"text that JSON escapes",
         bare,
         {.subject = "a\"b\\\n\xC3\xAB", .handle = {}, .method = {}, .path = {}},
         "{\"sub\":\"a\\\"b\\\\\\n\xC3\xAB\",\"iat\":1700000000,\"exp\":1700000060,\"jti\":\"id\"}"},
    };
    for (const auto& t : test_cases)
        EXPECT_EQ(assertion_claims(t.params, t.facts, now, "id"), t.claims) << t.name;
}

TEST(asserter, subject_of) {
    const struct {
        std::string pointer, members, subject;
    } test_cases[] = {
        {"/user/id", R"("user":{"id":"u1"})", "u1"},
        {"/user/id", R"("user":{"id":42})", "42"},
        {"/user/id", R"("user":{"id":"zo\u00eb"})", "zo\xC3\xAB"},
        {"/user/id", R"("user":{"id":null})", ""},
        {"/user/id", R"("user":{"id":""})", ""},
        {"/user/id", R"("user":{})", ""},
        {"/user", R"("user":{"id": 1})", R"({"id":1})"},
        {"/user/id", R"("user":{"id":")" + std::string(1022, 'u') + R"("})", std::string(1022, 'u')},
        {"/user/id", R"("user":{"id":")" + std::string(1023, 'u') + R"("})", ""},
        {"", R"("user":{"id":"u1"})", ""},
    };
    for (const auto& t : test_cases) {
        assertion_params p = enabled();
        p.subject = session::json_pointer::parse(t.pointer).value();
        const std::string text = R"({"cookie":{},)" + t.members + "}";
        EXPECT_EQ(asserter(p).subject_of(session::document::parse(text).value()), t.subject) << t.members;
    }
}

TEST(asserter, half_of_the_lifetime_is_left_when_sent_again) {
    for (const int lifetime : {2, 3, 10, 60}) {
        assertion_params p = enabled();
        p.lifetime = seconds(lifetime);
        const unix_time exp = std::chrono::floor<seconds>(now) + seconds(lifetime);
        EXPECT_EQ(exp - asserter(p).reuse_until(now), milliseconds(lifetime * 500)) << lifetime;
    }
}

TEST(asserter, line) {
    std::string line, other;
    const asserter a(enabled());
    a.append_line(line, {}, now);
    a.append_line(other, {}, now);
    EXPECT_NE(line, other);  // jti
    EXPECT_TRUE(line.starts_with("X-Session-Assertion: eyJ"));
    EXPECT_TRUE(line.ends_with("\r\n"));
    const auto from = line.find(' ') + 1;
    const auto header = base64url_decode(line.substr(from, line.find('.') - from));
    EXPECT_EQ(header, R"({"alg":"EdDSA","typ":"JWT","kid":")" +
                          signing_key(signing_algorithm::eddsa, seed).id() + R"("})");
}

TEST(jwks, table) {
    const auto jwk = [](char c) {
        return signing_key(signing_algorithm::eddsa, std::string(32, c)).public_jwk();
    };
    assertion_params p;
    EXPECT_EQ(jwks(p), "");
    p.keys = {seed, std::string(32, 'o')};
    EXPECT_EQ(jwks(p), "");
    p.enabled = true;
    EXPECT_EQ(jwks(p), "{\"keys\":[" + jwk('k') + "," + jwk('o') + "]}\n");
    p.algorithm = signing_algorithm::hs256;
    EXPECT_EQ(jwks(p), "{\"keys\":[]}\n");
}

TEST(assertion_cache, finds_what_says_the_same_while_it_may_be_sent) {
    assertion_cache c;
    const assertion_facts f{"u1", "h", "GET", "/a"};
    EXPECT_EQ(c.find(1, f, now), "");
    c.keep(1, f, "line", now, now + seconds(30));
    EXPECT_EQ(c.find(1, f, now), "line");
    EXPECT_EQ(c.find(1, f, now + milliseconds(29'999)), "line");
    EXPECT_EQ(c.find(1, f, now + seconds(30)), "");
    EXPECT_EQ(c.find(1, f, now - milliseconds(1)), "") << "the clock was set back";
    EXPECT_EQ(c.find(2, f, now), "") << "another configuration";
    for (const assertion_facts& other : {assertion_facts{"u2", "h", "GET", "/a"},
                                         {"u1", "i", "GET", "/a"},
                                         {"u1", "h", "HEAD", "/a"},
                                         {"u1", "h", "GET", "/b"},
                                         {"", "h", "GET", "/a"},
                                         {"u1", "hGET", "", "/a"}})
        EXPECT_EQ(c.find(1, other, now), "");
    c.keep(1, f, "newer", now + seconds(30), now + seconds(60));
    EXPECT_EQ(c.find(1, f, now + seconds(31)), "newer");
}

TEST(assertion_cache, is_bounded) {
    assertion_cache c;
    std::vector<std::string> paths;
    for (int i = 0; i < 10'000; ++i) paths.push_back("/" + std::to_string(i));
    for (const std::string& path : paths) c.keep(1, {"", "", "GET", path}, path, now, now + seconds(30));
    std::size_t kept = 0;
    for (const std::string& path : paths) {
        const auto line = c.find(1, {"", "", "GET", path}, now);
        kept += line == path;
        EXPECT_TRUE(line == path || line.empty());
    }
    EXPECT_LE(kept, 2048u);
    EXPECT_GT(kept, 1800u);
    const std::string longer(2049, 'x');
    c.keep(1, {"", "", "GET", "/long"}, longer, now, now + seconds(30));
    EXPECT_EQ(c.find(1, {"", "", "GET", "/long"}, now), "");
}

server_params asserting() {
    server_params p = basic_params();
    p.assertion = enabled();
    p.policy.routes.push_back({.path = "/off", .session = policy::session_mode::off});
    p.policy.routes.push_back({.path = "/optional", .session = policy::session_mode::optional});
    return p;
}

// What the backend got as tokens for one request each.
std::vector<std::string> tokens(scene& s, const std::vector<std::string>& request_lines) {
    std::vector<std::string> found;
    for (const std::string& line : request_lines) {
        const auto backend = s.backend_answers({"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"});
        s.request(line + " HTTP/1.1\r\nHost: x\r\nX_Session_Assertion: forged\r\nContent-Length: 0\r\n\r\n");
        EXPECT_EQ(backend->written.find("forged"), std::string::npos);
        const auto at = backend->written.find("X-Session-Assertion: ");
        found.push_back(at == std::string::npos
                            ? ""
                            : backend->written.substr(at + 21, backend->written.find("\r\n", at) - at - 21));
    }
    return found;
}

TEST(assertion, goes_with_every_request_whose_route_has_sessions) {
    scene s(asserting());
    const auto t = tokens(s, {"GET /off", "GET /optional", "GET /"});
    EXPECT_EQ(t[0], "");
    EXPECT_TRUE(t[1].starts_with("eyJ"));
    EXPECT_TRUE(t[2].starts_with("eyJ"));
}

TEST(assertion, is_sent_again_for_reading_only) {
    scene s(asserting());
    const auto t = tokens(s, {"GET /optional", "GET /optional?q", "HEAD /optional", "HEAD /optional",
                              "POST /optional", "POST /optional"});
    EXPECT_EQ(t[0], t[1]);
    EXPECT_NE(t[0], t[2]);
    EXPECT_EQ(t[2], t[3]);
    EXPECT_NE(t[4], t[5]);
    EXPECT_NE(t[4], "");
}

TEST(assertion, without_method_and_path_is_one_a_session) {
    server_params p = asserting();
    p.assertion.method_and_path = false;
    p.policy.routes[1].path = "/optional/*";
    scene s(std::move(p));
    const auto t = tokens(s, {"GET /optional", "POST /optional/a"});
    EXPECT_EQ(t[0], t[1]);
}

TEST(assertion, off_is_off_and_strips_all_the_same) {
    scene s;
    EXPECT_EQ(tokens(s, {"GET /"}), std::vector<std::string>{""});
}

}  // namespace
}  // namespace vestibule::server::test
