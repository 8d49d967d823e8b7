// Cookies of the backend that live in the session: names, what messages say, and whole exchanges.
#include "server/vault.hpp"
#include "run_task.hpp"
#include "scene.hpp"

#include <vestibule/session/document.hpp>

#include <gtest/gtest.h>

namespace vestibule::server::test {
namespace {

using namespace std::chrono_literals;

vault_names names(std::vector<std::string> cookies, bool all = false, bool forward = false) {
    cookie_params own;
    own.name = "sid";
    own.forward = forward;
    return vault_names({std::move(cookies), all}, own);
}

TEST(vault_names, keeps_and_hides) {
    const vault_names some = names({"PHPSESSID"}), all = names({}, true), none = names({});
    EXPECT_TRUE(some.on() && all.on() && !none.on());
    EXPECT_TRUE(some.hides("PHPSESSID=x; Path=/"));
    EXPECT_TRUE(some.hides(" PHPSESSID\t= "));
    for (const char* other : {"phpsessid=x", "PHPSESSID2=x", "a=PHPSESSID", "PHPSESSID", "=x", "", "sid=x"}) {
        EXPECT_FALSE(some.hides(other)) << other;
        EXPECT_EQ(all.hides(other), std::string_view(other) != "sid=x") << other;
        EXPECT_FALSE(none.hides(other)) << other;
    }
}

TEST(vault_names, lets_the_clients_other_cookies_pass) {
    const auto left = [](const vault_names& v, std::string_view cookies) {
        std::string out = "Cookie: ";
        v.append_others(out, cookies);
        return out.substr(8);
    };
    const vault_names some = names({"PHPSESSID", "cart"});
    EXPECT_EQ(left(some, "a=1; PHPSESSID=evil; b=\"2\" ;c"), "a=1; b=\"2\" ; c");
    EXPECT_EQ(left(some, "sid=s;cart=1;  ;;"), "");
    EXPECT_EQ(left(some, "phpsessid=1; a=1,PHPSESSID=2; PHPSESSI%44=3; cart[x]=4; carts=5"), "carts=5");
    EXPECT_EQ(left(names({"PHPSESSID"}, false, true), "sid=s; PHPSESSID=1; a=2"), "sid=s; a=2");
    EXPECT_EQ(left(names({}, true), "sid=s; PHPSESSID=1; a=2; b"), "");
    EXPECT_EQ(left(names({}, true, true), "sid=s; PHPSESSID=1; a=2; sid=t"), "sid=s; sid=t");
}

vaulted of(const std::string& lines, const vault_names& v, unix_time now) {
    static std::string text;
    static http::response_head head;
    text = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
    head.fields.clear();
    EXPECT_FALSE(http::parse_response_head(text, head));
    return vaulted_in(head.fields, v, "/shop/cart", now);
}

TEST(vaulted_in, what_an_answer_sets) {
    constexpr unix_time now{1'767'323'045'678ms};
    const auto v =
        of("Set-Cookie: PHPSESSID=k3l; path=/\r\nset-cookie: other=1\r\nX: y\r\n"
           "Set-Cookie: cart=\"a b\"; Max-Age=60\r\nSet-Cookie: cart=deleted; Max-Age=0; Path=/x\r\n"
           "Set-Cookie: cart=gone; expires=Thu, 01-Jan-1970 00:00:01 GMT; Path=x\r\n",
           names({"PHPSESSID", "cart"}), now);
    ASSERT_EQ(v.changes.size(), 4u);
    EXPECT_EQ(v.unreadable, 0u);
    const auto &session = v.changes[0], &cart = v.changes[1], &there = v.changes[2], &here = v.changes[3];
    EXPECT_EQ(session.cookie.name + "=" + session.cookie.value + session.cookie.path, "PHPSESSID=k3l/");
    EXPECT_FALSE(session.cookie.expires || session.remove);
    EXPECT_EQ(cart.cookie.value + cart.cookie.path, "\"a b\"/shop");
    EXPECT_EQ(cart.cookie.expires, now + 60s);
    EXPECT_TRUE(there.remove && there.cookie.path == "/x");
    EXPECT_TRUE(here.remove && here.cookie.path == "/shop");
    EXPECT_EQ(of("Set-Cookie: nameless\r\n", names({}, true), now).unreadable, 1u);
    EXPECT_FALSE(of("Set-Cookie: nameless\r\n", names({"a"}), now).any());
}

// Whole exchanges.

const std::string get = "GET /shop HTTP/1.1\r\nHost: x\r\n";

server_params params(std::vector<std::string> cookies = {"PHPSESSID"}, bool all = false) {
    server_params p = basic_params();
    p.session.cookie.name = "sid";
    p.session.life.user = session::json_pointer::parse("/user/id").value();
    p.vault = {std::move(cookies), all};
    p.policy.routes.push_back({.path = "/off", .session = policy::session_mode::off});
    return p;
}

std::string answer(const std::string& fields, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: 2\r\n\r\nhi";
}

struct vault_scene : scene {
    explicit vault_scene(server_params p = params()) : scene(std::move(p)) {}

    // One exchange; what the client and the backend got.
    void exchange(const std::string& request, const std::string& response) {
        backend = backend_answers({response});
        client = request_(request + "\r\n");
        const auto at = client->written.find("Set-Cookie: sid=");
        if (at == std::string::npos) return;
        const auto value = client->written.substr(at + 16, client->written.find(';', at) - at - 16);
        cookie = "Cookie: sid=" + value + "\r\n";
        const auto v = current->signer.verify(value);
        sid = v ? std::string(std::string_view(v->sid)) : "";
    }
    bool client_has(std::string_view text) const { return client->written.find(text) != std::string::npos; }
    bool backend_has(std::string_view text) const { return backend->written.find(text) != std::string::npos; }

    std::string stored() {
        const auto s = vestibule::test::run(io, store->load(sid)).value();
        return s && s->state == session::standing::live ? s->value : "";
    }
    std::int64_t counted(std::string_view outcome) {
        for (const auto& family : metrics.collect())
            if (family.name == "vestibule_vault_cookies_total")
                for (const auto& sample : family.samples)
                    if (sample.labels.at(0).second == outcome) return sample.value;
        return -1;
    }

    std::shared_ptr<stream_record> backend, client;
    std::string cookie, sid;

  private:
    std::shared_ptr<stream_record> request_(const std::string& text) { return request(text); }
};

TEST(vault, a_cookie_goes_round_without_the_browser) {
    vault_scene s;
    s.exchange(get, answer("Set-Cookie: PHPSESSID=k3l; path=/; HttpOnly\r\nSet-Cookie: theme=dark\r\n"
                           "Cache-Control: public\r\n"));
    EXPECT_FALSE(s.client_has("PHPSESSID"));
    EXPECT_TRUE(s.client_has("Set-Cookie: theme=dark\r\n"));
    EXPECT_TRUE(s.client_has("private"));
    ASSERT_FALSE(s.sid.empty() || s.sid.starts_with("anon-"));
    EXPECT_NE(s.stored().find(R"("vault":[{"name":"PHPSESSID","value":"k3l","path":"/","set":)"),
              std::string::npos);

    s.exchange(get + s.cookie + "Cookie: theme=dark; PHPSESSID=evil\r\n", answer(""));
    EXPECT_TRUE(s.backend_has("\r\nCookie: theme=dark; PHPSESSID=k3l\r\n")) << s.backend->written;
    EXPECT_FALSE(s.client_has("Set-Cookie"));

    // Set again as it is: no write, and still not the client's to see, nor a cache's to keep.
    const auto before = s.stored();
    s.exchange(get + s.cookie, answer("Set-Cookie: PHPSESSID=k3l; path=/\r\nCache-Control: public\r\n"));
    EXPECT_EQ(s.stored(), before);
    EXPECT_FALSE(s.client_has("PHPSESSID"));
    EXPECT_TRUE(s.client_has("private"));

    s.exchange(get + s.cookie, answer("Set-Cookie: PHPSESSID=deleted; Max-Age=0; path=/\r\n"));
    EXPECT_EQ(s.stored().find("value"), std::string::npos) << "only a mark, for a while";
    s.exchange(get + s.cookie, answer(""));
    EXPECT_FALSE(s.backend_has("Cookie:"));
    EXPECT_EQ(s.counted("kept"), 2);
    EXPECT_EQ(s.counted("deleted"), 1);
    EXPECT_EQ(s.counted("dropped") + s.counted("refused"), 0);
}

TEST(vault, nothing_to_keep_stores_no_session) {
    vault_scene s;
    const std::string big(5000, 'x');
    s.exchange(get, answer("Set-Cookie: PHPSESSID=; Max-Age=0\r\nSet-Cookie: PHPSESSID=" + big + "\r\n"));
    EXPECT_TRUE(s.sid.starts_with("anon-")) << s.client->written;
    EXPECT_TRUE(s.client->written.ends_with("\r\n\r\nhi"));
    EXPECT_EQ(s.counted("refused"), 1);
    EXPECT_EQ(s.counted("deleted"), 1);
}

TEST(vault, off_routes_have_none) {
    vault_scene s;
    s.exchange("GET /off HTTP/1.1\r\nHost: x\r\nCookie: a=1; PHPSESSID=evil\r\n",
               answer("Set-Cookie: PHPSESSID=k3l\r\nCache-Control: public\r\n"));
    EXPECT_TRUE(s.backend_has("\r\nCookie: a=1\r\n"));
    EXPECT_FALSE(s.client_has("Set-Cookie") || s.client_has("private"));
    EXPECT_EQ(s.counted("dropped"), 1);
}

TEST(vault, interim_answers_upgrades_and_trailers) {
    vault_scene s;
    s.exchange(
        get,
        "HTTP/1.1 103 Early Hints\r\nSet-Cookie: PHPSESSID=early\r\nLink: </x>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: PHPSESSID=late\r\n\r\n");
    EXPECT_TRUE(s.client_has("HTTP/1.1 103") && s.client_has("HTTP/1.1 200"));
    EXPECT_FALSE(s.client_has("PHPSESSID"));
    EXPECT_EQ(s.counted("dropped"), 1);
    s.exchange(
        get +
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Set-Cookie: PHPSESSID=k3l\r\n\r\n");
    EXPECT_TRUE(s.client_has("HTTP/1.1 101"));
    EXPECT_FALSE(s.client_has("PHPSESSID"));
    EXPECT_NE(s.stored().find(R"("value":"k3l")"), std::string::npos);
}

TEST(vault, all_of_them) {
    vault_scene s(params({}, true));
    s.exchange(get,
               answer("Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/shop\r\nSet-Cookie: nameless\r\n"));
    EXPECT_FALSE(s.client_has("a=1") || s.client_has("b=2") || s.client_has("nameless"));
    s.exchange(get + s.cookie + "Cookie: a=evil; c=3\r\n", answer(""));
    EXPECT_TRUE(s.backend_has("\r\nCookie: b=2; a=1\r\n")) << s.backend->written;
    s.exchange("GET /other HTTP/1.1\r\nHost: x\r\n" + s.cookie, answer(""));
    EXPECT_TRUE(s.backend_has("\r\nCookie: a=1\r\n")) << s.backend->written;
}

server_params login_params() {
    server_params p = params();
    capture_rule login;
    login.path = "/login";
    login.set.push_back({session::json_pointer::parse("/user/id").value(),
                         {.from = capture_source::place::header, .name = "X-User", .pointer = {}}});
    capture_rule out;
    out.path = "/out";
    out.end = session::ending::one;
    p.capture = {login, out};
    p.control.enabled = true;
    return p;
}

TEST(vault, belongs_to_who_is_logged_in) {
    const std::string login = "GET /login HTTP/1.1\r\nHost: x\r\n";
    vault_scene s(login_params());
    s.exchange(get, answer("Set-Cookie: PHPSESSID=nobody; path=/\r\n"));
    s.exchange(login + s.cookie, answer("X-User: u1\r\n"));
    const std::string first = s.sid;
    EXPECT_NE(s.stored().find(R"("value":"nobody")"), std::string::npos) << "goes along into the login";

    s.exchange(login + s.cookie, answer("X-User: u2\r\n"));
    EXPECT_NE(s.sid, first);
    EXPECT_EQ(s.stored().find("vault"), std::string::npos) << "somebody else's";

    s.exchange(login + s.cookie, answer("X-User: u3\r\nSet-Cookie: PHPSESSID=third; path=/\r\n"));
    EXPECT_NE(s.stored().find(R"("value":"third")"), std::string::npos) << "set in the login itself";

    // Logged out in place, with and without a new cookie.
    s.exchange(get + s.cookie, answer("X-Session-Patch: {\"user\":null,\"x\":1}\r\n"));
    EXPECT_NE(s.stored().find("\"x\":1"), std::string::npos);
    EXPECT_EQ(s.stored().find("vault"), std::string::npos);
    s.exchange(login + s.cookie, answer("X-User: u4\r\nSet-Cookie: PHPSESSID=fourth; path=/\r\n"));
    s.exchange(get + s.cookie,
               answer("X-Session-Patch: {\"user\":null}\r\nSet-Cookie: PHPSESSID=5th; path=/\r\n"));
    EXPECT_EQ(s.stored().find("fourth"), std::string::npos);
    EXPECT_NE(s.stored().find(R"("value":"5th")"), std::string::npos);

    // The end of the session, also with a new cookie in the answer.
    const std::string last = s.sid;
    s.exchange("GET /out HTTP/1.1\r\nHost: x\r\n" + s.cookie,
               answer("Set-Cookie: PHPSESSID=6th; path=/\r\n"));
    s.sid = last;
    EXPECT_EQ(s.stored(), "");
    EXPECT_FALSE(s.client_has("6th"));
    EXPECT_EQ(s.counted("dropped"), 1);
}

TEST(vault, changed_in_place_by_others_it_stays_behind) {
    vault_scene s;
    s.sid = "1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR";
    const std::string text =
        R"({"cookie":{"originalMaxAge":60000},"user":{"id":"u2"},"vestibule":{"user":"u1",)"
        R"("vault":[{"name":"PHPSESSID","value":"of-u1","path":"/"}]}})";
    ASSERT_TRUE(vestibule::test::run(s.io, s.store->create(s.sid, text, seconds(60))));
    s.exchange(get + "Cookie: sid=" + s.current->signer.sign(s.sid) + "\r\n", answer(""));
    EXPECT_FALSE(s.backend_has("of-u1")) << s.backend->written;
    EXPECT_TRUE(s.backend_has("X-Session-User: u2"));
    EXPECT_EQ(s.stored().find("vault"), std::string::npos);
}

TEST(vault, a_rule_that_does_not_fit_loses_no_cookie) {
    server_params p = login_params();
    p.capture[0].set[0].at = session::json_pointer::parse("/cart/0/x").value();
    vault_scene s(std::move(p));
    s.exchange(get, answer("X-Session-Patch: {\"cart\":1}\r\n"));
    s.exchange("GET /login HTTP/1.1\r\nHost: x\r\n" + s.cookie,
               answer("X-User: u1\r\nSet-Cookie: PHPSESSID=k3l; path=/\r\n"));
    EXPECT_NE(s.stored().find(R"("value":"k3l")"), std::string::npos) << s.stored();
}

}  // namespace
}  // namespace vestibule::server::test
