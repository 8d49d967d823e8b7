// The two head builders, as tables of text in and text out.
#include "server/backend_head.hpp"
#include "server/client_head.hpp"

#include <vestibule/session/cookie_value.hpp>

#include <gtest/gtest.h>

namespace vestibule::server {
namespace {

site make_site(bool forward_cookie = false) {
    server_params p;
    p.session.secrets = {"keyboard cat"};
    p.session.cookie.name = "sid";
    p.session.cookie.forward = forward_cookie;
    p.inject.headers.push_back({"X-Session-User", session::json_pointer::parse("/user/id").value()});
    p.inject.client_subject = "X-Client-Subject";
    p.inject.remaining = {"X-Idle-Left", "X-Ends-In", "X-Renewal-In"};
    return site(std::move(p));
}

// The head that a backend gets, without what is always added behind (forwarding and tracing fields).
std::string backend_head(const std::string& request, std::string_view injected = "",
                         bool forward_cookie = false, std::string_view subject = "",
                         bool plain_answer = false) {
    const site s = make_site(forward_cookie);
    http::request_head head;
    EXPECT_FALSE(http::parse_request_head(request, {}, head)) << request;
    http::normal_target target;
    EXPECT_FALSE(http::normalise_target(head.target, target));
    const auto framing = http::request_framing(head);
    EXPECT_TRUE(framing.has_value()) << request;
    std::string out;
    build_backend_head(out, s,
                       {.head = head,
                        .target = target,
                        .framing = *framing,
                        .client = {.address = http::ip_address::parse("192.0.2.7")},
                        .peer = "192.0.2.7",
                        .request_id = "id",
                        .traceparent = "trace",
                        .injected = injected,
                        .client_subject = subject,
                        .upgrade = asks_for_upgrade(head, *framing),
                        .plain_answer = plain_answer});
    std::string shown;
    std::size_t at = 0;
    while (at < out.size()) {
        const std::size_t end = out.find("\r\n", at) + 2;
        const std::string line = out.substr(at, end - at);
        at = end;
        if (line.starts_with("X-Forwarded") || line.starts_with("Forwarded:") ||
            line.starts_with("traceparent:") || line.starts_with("X-Request-Id:"))
            continue;
        shown += line;
    }
    return shown;
}

TEST(build_backend_head, tells_the_subject_of_a_client_and_nobody_elses_word_for_it) {
    const std::string spoofed =
        "GET / HTTP/1.1\r\nHost: x\r\nX-Client-Subject: CN=root\r\nx_client.subject: CN=root\r\n\r\n";
    EXPECT_EQ(backend_head(spoofed), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(backend_head(spoofed, "X-Session-User: a\r\n", false, "CN=alice"),
              "GET / HTTP/1.1\r\nHost: x\r\nX-Session-User: a\r\nX-Client-Subject: CN=alice\r\n\r\n");
}

TEST(build_backend_head, asks_for_the_whole_and_plain_answer_where_it_is_looked_into) {
    const std::string asked =
        "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nRange: bytes=5-9\r\nIf-Range: \"e\"\r\n\r\n";
    EXPECT_EQ(backend_head(asked), asked);
    EXPECT_EQ(backend_head(asked, "", false, "", true),
              "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n\r\n");
}

TEST(append_cookies, a_sid_that_has_changed_is_the_new_one_for_the_backend) {
    const site s = make_site(true);
    http::request_head head;
    ASSERT_FALSE(http::parse_request_head(
        "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1; sid=old; b=2\r\nCookie: sid=old\r\n\r\n", {}, head));
    std::string out;
    append_cookies(out, s, head.fields, {.session = "new"});
    EXPECT_EQ(out, "a=1; b=2; sid=new");
    out.clear();
    append_cookies(out, s, head.fields, {});
    EXPECT_EQ(out, "a=1; sid=old; b=2; sid=old");
}

TEST(build_backend_head, nobody_else_says_how_much_time_is_left) {
    EXPECT_EQ(
        backend_head("GET / HTTP/1.1\r\nHost: x\r\nX-Idle-Left: 9\r\nx_ends.in: 9\r\nX-RENEWAL-IN: 9\r\n"
                     "Connection: X-Idle-Left\r\n\r\n"),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(build_backend_head, table) {
    const struct {
        std::string name, request, expected;
    } test_cases[] = {
        {"plain", "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
         "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"},
        {"what was matched is forwarded", "GET /x/..//%61 HTTP/1.1\r\nHost: x\r\n\r\n",
         "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"absolute form", "GET http://y/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a HTTP/1.1\r\nHost: y\r\n\r\n"},
        {"hop-by-hop",
         "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nTE: "
         "gzip\r\nProxy-Connection: x\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"te: trailers", "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: TE\r\n\r\n"},
        {"session names in any spelling",
         "GET / HTTP/1.1\r\nHost: x\r\nX-Session-User: a\r\nx_session.user: b\r\nX-SESSION-STATE: "
         "c\r\nX+Session+Id: d\r\nX-Session-Users: e\r\nx_session_assertion: f\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\nX-Session-Users: e\r\n\r\n"},
        {"httpoxy, framing lookalikes",
         "GET / HTTP/1.1\r\nHost: x\r\nProxy: p\r\nContent_Length: 5\r\nTransfer.Encoding: chunked\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"own cookie",
         "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1; sid=secret; b=2\r\nCookie: sid=again\r\nCookie: "
         "c=3\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1; b=2; c=3\r\n\r\n"},
        {"only our cookie", "GET / HTTP/1.1\r\nHost: x\r\nCookie: sid=secret\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"body with a length", "POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: x\r\n\r\n",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"},
        {"empty body with a length", "POST / HTTP/1.1\r\nContent-Length: 0\r\nHost: x\r\n\r\n",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
        {"chunks and expect",
         "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nHost: x\r\n\r\n",
         "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"upgrade",
         "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: "
         "k\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: k\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\n\r\n"},
        {"announced trailers",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Content-Length, "
         "X_Session.User\r\n\r\n",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"},
        {"h2c is no upgrade",
         "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: "
         "h2c\r\nHTTP2-Settings: AA\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"nor is HTTP in another coat",
         "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket, TLS/1.0, HTTP/1.1\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"a name that begins like it is another",
         "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: httpx/1\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: httpx/1\r\nConnection: Upgrade\r\n\r\n"},
        {"settings without an upgrade", "GET / HTTP/1.1\r\nHost: x\r\nHTTP2-Settings: AA\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
        {"nothing is expected of an empty body",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
        {"an old client without host", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
    };
    for (const auto& t : test_cases) EXPECT_EQ(backend_head(t.request), t.expected) << t.name;
}

TEST(build_backend_head, injects_last_and_keeps_the_cookie_where_asked) {
    EXPECT_EQ(backend_head("GET / HTTP/1.1\r\nHost: x\r\nCookie: sid=s\r\nConnection: X-Session-User\r\n\r\n",
                           "X-Session-User: u1\r\n", true),
              "GET / HTTP/1.1\r\nHost: x\r\nCookie: sid=s\r\nX-Session-User: u1\r\n\r\n");
}

TEST(build_backend_head, sends_the_vaults_cookies_behind_the_clients) {
    server_params p;
    p.session.secrets = {"keyboard cat"};
    p.session.cookie.name = "sid";
    p.vault.cookies = {"V", "W"};
    const site s(std::move(p));
    const unix_time now(milliseconds(1'767'323'045'678));
    const std::vector<session::vault_cookie> vault{
        {"V", "\"a b\"", "/shop/cart"}, {"W", "\xff=", "/shop"}, {"V", "old", "/", now}, {"V", "", "/"}};
    const auto cookies = [&](const std::string& path, const std::string& sent) {
        http::request_head head;
        const std::string text = "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + sent + "\r\n";
        EXPECT_FALSE(http::parse_request_head(text, {}, head));
        http::normal_target target;
        EXPECT_FALSE(http::normalise_target(head.target, target));
        std::string out;
        build_backend_head(out, s,
                           {.head = head,
                            .target = target,
                            .framing = {},
                            .client = {},
                            .peer = "",
                            .request_id = "",
                            .traceparent = "",
                            .injected = "",
                            .cookies = {vault, target.path, now}});
        const auto at = out.find("Cookie: ");
        return at == out.npos ? "" : out.substr(at + 8, out.find("\r\n", at) - at - 8);
    };
    EXPECT_EQ(cookies("/shop/cart?x", "Cookie: sid=s; a=1; V=evil\r\nCookie: w=evil; b=2\r\n"),
              "a=1; b=2; V=\"a b\"; W=\xff=; V=");
    EXPECT_EQ(cookies("/shop/carts", ""), "W=\xff=; V=");
    EXPECT_EQ(cookies("/other", "Cookie: W=1\r\n"), "V=");
}

TEST(append_trailers, lets_only_harmless_fields_pass) {
    const site s = make_site();
    http::field_list trailers;
    ASSERT_FALSE(http::parse_trailers(
        "X-Sum: 1\r\nCookie: a\r\nSet-Cookie: b\r\nX_Session_User: c\r\n"
        "Authorization: d\r\nX-Forwarded-For: e\r\nIf-Match: f\r\n"
        "Access-Control-Allow-Origin: *\r\nRange: bytes=0-\r\nWWW-Authenticate: g\r\nX-Session-Patch: {}\r\n"
        "Vary: *\r\nServer-Timing: h\r\n\r\n",
        64, trailers));
    for (const char* harmful :
         {"Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n", "Host: y\r\n\r\n"}) {
        http::field_list refused;
        EXPECT_TRUE(http::parse_trailers(harmful, 64, refused)) << harmful;
    }
    std::string out;
    append_trailers(out, trailers, s.stripped);
    EXPECT_EQ(out, "X-Sum: 1\r\nServer-Timing: h\r\n");
}

std::string client_head(const std::string& response, const client_head_plan& plan) {
    const site s = make_site();
    http::response_head head;
    EXPECT_FALSE(http::parse_response_head(response, head)) << response;
    std::string out;
    build_client_head(out, s, head, judge_backend_cookies(s, head.fields), plan);
    return out;
}

TEST(build_client_head, hides_old_cookies_with_the_vault) {
    server_params p;
    p.session.secrets = {"keyboard cat"};
    const std::string answer = "HTTP/1.1 200 OK\r\nSet-Cookie2: V=1; Version=1\r\n\r\n";
    for (const bool vault : {false, true}) {
        if (vault) p.vault.cookies = {"V"};
        const site s(p);
        http::response_head head;
        ASSERT_FALSE(http::parse_response_head(answer, head));
        std::string out;
        build_client_head(out, s, head, backend_cookie::untouched, {});
        EXPECT_EQ(out, vault ? "HTTP/1.1 200 OK\r\n\r\n" : answer);
    }
}

TEST(build_client_head, table) {
    const std::string signed_value = make_site().signer.sign("abc");
    const struct {
        std::string name, response;
        client_head_plan plan;
        std::string expected;
    } test_cases[] = {
        {"plain",
         "HTTP/1.0 200 Fine\r\nA: b\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
         {},
         "HTTP/1.1 200 Fine\r\nA: b\r\nContent-Length: 2\r\n\r\n"},
        {"close", "HTTP/1.1 200 OK\r\n\r\n", {.close = true}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
        {"old client stays",
         "HTTP/1.1 200 OK\r\n\r\n",
         {.keep_alive_1_0 = true},
         "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"},
        {"chunks, nominated field",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nTrailer: "
         "X-T\r\n\r\n",
         {.chunked = true},
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"},
        {"only trailers that will pass are announced",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie, ,X-A\r\nTrailer: "
         "x-session-patch , Server-Timing\r\n\r\n",
         {.chunked = true},
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A, Server-Timing\r\n\r\n"},
        {"no trailers without chunks",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTrailer: X-T\r\n\r\n",
         {},
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
        {"session cookie makes it private",
         "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=60\r\nSurrogate-Control: max-age=9\r\n\r\n",
         {.set_cookie = "Set-Cookie: sid=x\r\n"},
         "HTTP/1.1 200 OK\r\nCache-Control: max-age=60, private\r\nSet-Cookie: sid=x\r\n\r\n"},
        {"a foreign cookie under our name is dropped",
         "HTTP/1.1 200 OK\r\nSet-Cookie: sid=forged; Path=/\r\nSet-Cookie: other=1\r\n\r\n",
         {},
         "HTTP/1.1 200 OK\r\nSet-Cookie: other=1\r\n\r\n"},
        {"an express backend's cookie passes, privately",
         "HTTP/1.1 200 OK\r\nSet-Cookie: sid=" + signed_value + "; Path=/\r\n\r\n",
         {},
         "HTTP/1.1 200 OK\r\nSet-Cookie: sid=" + signed_value + "; Path=/\r\nCache-Control: private\r\n\r\n"},
        {"other origins are our business",
         "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nVary: Accept\r\nA: b\r\nVary: Cookie\r\n\r\n",
         {.cors = true, .cors_lines = "Access-Control-Allow-Origin: https://a.test\r\n"},
         "HTTP/1.1 200 OK\r\nA: b\r\nVary: Accept, Cookie, Origin\r\nAccess-Control-Allow-Origin: "
         "https://a.test\r\n\r\n"},
        {"nobody's origin",
         "HTTP/1.1 200 OK\r\naccess-control-expose-headers: x\r\n\r\n",
         {.cors = true},
         "HTTP/1.1 200 OK\r\nVary: Origin\r\n\r\n"},
        {"without cors they are the backend's",
         "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nVary: Accept\r\n\r\n",
         {},
         "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nVary: Accept\r\n\r\n"},
        {"other origins are our business before an answer, too",
         "HTTP/1.1 103 Early Hints\r\nAccess-Control-Allow-Origin: *\r\nLink: x\r\n\r\n",
         {.cors = true},
         "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
        {"no length where no body can be",
         "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA: b\r\n\r\n",
         {},
         "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n"},
        {"nor before an answer",
         "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: x\r\n\r\n",
         {},
         "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
        {"upgrade",
         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: y\r\n\r\n",
         {.upgrade = true},
         "HTTP/1.1 101 Switching Protocols\r\nX: y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
    };
    for (const auto& t : test_cases) EXPECT_EQ(client_head(t.response, t.plan), t.expected) << t.name;
}

}  // namespace
}  // namespace vestibule::server
