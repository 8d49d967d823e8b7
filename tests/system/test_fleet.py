"""Everything for backends that know nothing of sessions, as it is deployed: two replicas, a backend behind each, one
Redis, and Express that writes the same sessions all the while."""
import json
import time

import pytest

from harness import cookies
from harness.browser import Browser, changed, patched, steered
from harness.fleet import Meanwhile, at_once
from harness.live import EventStream, LiveBackend, WebSocket
from harness.program import SANITIZED, SLOWER, merged
from harness.wire import request
from test_assertion import asserting, claims, key_set, new_key, verified
from test_identity import until

ROUNDS = 10 if SANITIZED else 50
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
RULES = {
    "session": {"user": "/user/id"},
    "inject": {"headers": {"X-Session-User": "/user/id", "X-Session-Name": "/user/name", "X-Session-N": "/n",
                           "X-Session-Views": "/views"}},
    "capture": [
        {"on": {"method": "POST", "path": "/login", "status": "302"}, "set": {"/user/id": {"form": "username"}}},
        {"on": {"method": "POST", "path": "/api/login"},
         "set": {"/user/id": {"json": "/id"}, "/user/name": {"header": "X-Name"}}},
        {"on": {"method": "POST", "path": "/logout"}, "destroy": True},
        {"on": {"method": "POST", "path": "/logout/everywhere"}, "destroy": "all"},
    ],
    "backend_control": {"enabled": True, "allow": ["n", "cart"]},
    "routes": [{"match": {"path": "/account/*"}, "session": "required", "require": {"/user/id": "present"}}],
    "log": {"access": False},
}
REDIRECT = {"status": 302, "headers": [["Location", "/"]], "body": ""}


def holding(value):
    """A browser with this cookie."""
    browser = Browser()
    browser.cookie = value
    return browser


def refused(programs, *values):
    """Every replica refuses them, within a second."""
    until(lambda: {holding(v).visit(p, "/account/").status for v in values for p in programs} == {401}, 1)


def visitor(express):
    """The cookie of a session that Express has just stored for somebody who is not logged in."""
    answer, _ = express.get("/write")
    value = cookies.set_cookies(answer, "sid")[0].value
    cookies.CONFIDENTIAL.add(cookies.unsign(value))
    return value


def test_capture(fleet, express, redis):
    """Logins and logouts by form and by JSON, through either replica, of sessions that Express is writing."""
    pair = fleet(RULES, steered)
    for n in range(ROUNDS):
        here, there = pair[n % 2], pair[1 - n % 2]
        user, planted = f"u{n}", visitor(express)
        browser = holding(planted)
        with Meanwhile(express, planted, pause=n % 3):
            if n % 4 < 2:
                got = browser.post(here, "/login", REDIRECT, headers=FORM, body=f"username={user}".encode())
                assert got.status == 302
            else:
                answer = {"headers": [["X-Name", "Ada"]], "body": json.dumps({"id": user})}
                assert browser.post(here, "/api/login", answer, headers=JSON, body=b"{}").status == 200
            assert browser.cookie != planted
            assert browser.copy().seen(there, "/account/")["user"] == user
            refused(pair, planted)
        refused(pair, planted)  # whatever Express has saved there since
        assert express.get("/whoami", browser.cookie)[1]["user"]["id"] == user
        assert int(browser.copy().seen(here)["views"]) >= 1, "what was in the session came along"
        with Meanwhile(express, browser.cookie, pause=n % 3):
            ended = browser.copy()
            assert browser.post(there, "/logout", {}).status == 200 and browser.cookie is None
            refused(pair, ended.cookie)
        refused(pair, ended.cookie)


def test_backend_control(fleet, express, redis):
    """Patches of two backends and saves of Express: no save is lost, no patch that follows it, and none of what the
    backends may not change is changed."""
    pair = fleet(RULES, steered)
    browser = holding(express.login("u1"))
    sid = browser.sid
    for n in range(ROUNDS):
        for i, program in enumerate(pair):
            answer = patched(n=n, cart={f"c{i}": n}, **({"user": {"id": "root"}} if n % 5 == 0 else {}))
            at_once(lambda: express.get(f"/write?pause={n % 3}", browser.cookie),
                    lambda: browser.copy().visit(program, answer=answer))
        got = at_once(*(lambda p=p, i=i: browser.copy().visit(p, answer=patched(cart={f"d{i}": n}))
                        for i, p in enumerate(pair)))
        assert [g.status for g in got] == [200, 200]
        stored = json.loads(redis.value(sid))
        assert stored["views"] == 2 * (n + 1) and stored["user"]["id"] == "u1"
        assert (stored["cart"]["d0"], stored["cart"]["d1"]) == (n, n)
    assert sum(p.metric("vestibule_session_changes_total", outcome="refused") for p in pair) == 2 * -(-ROUNDS // 5)
    with Meanwhile(express, browser.cookie):
        old = browser.copy()
        browser.visit(pair[0], answer=changed(X_Session_Regenerate="true"))
        assert browser.cookie != old.cookie
        refused(pair, old.cookie)
    assert browser.copy().seen(pair[1], "/account/")["user"] == "u1"
    with Meanwhile(express, browser.cookie):
        browser.copy().visit(pair[1], answer=changed(X_Session_Destroy="true"))
        refused(pair, browser.cookie)
    refused(pair, old.cookie, browser.cookie)


def test_somebody_else_in_place(fleet, express, redis):
    """Express logs another user in without regenerate(), while both replicas serve the session: whoever held the old
    cookie is nobody, whoever got the new one is the new user, and nobody is two."""
    pair = fleet(RULES, steered)
    for n in range(ROUNDS):
        old = express.login("u1")
        for program in pair:
            assert holding(old).seen(program, "/account/")["user"] == "u1"
        until(lambda: "vestibule" in json.loads(redis.value(cookies.unsign(old))))
        copies = [holding(old) for _ in range(4)]
        _, *seen = at_once(lambda: express.get(f"/become?user=u2&pause={n % 4}", old),
                           *(lambda b=b, i=i: b.visit(pair[i % 2]) for i, b in enumerate(copies)))
        for got in seen:
            assert got.status == 200 and json.loads(got.body).get("x-session-user") in ("u1", "u2", None)
        # The next to come with the old cookie, and all who came before.
        for i in range(4):
            copies[i % 4].visit(pair[i % 2])
        refused(pair, old)
        holders = {b.cookie for b in copies if b.cookie and b.cookie != old}
        users = {holding(value).visit(pair[n % 2], "/account/").body for value in holders}
        named = [json.loads(body)["x-session-user"] for body in users if b"x-session-user" in body]
        assert named == ["u2"], (n, users)


def test_timeouts(fleet, express, redis):
    """The absolute end comes while Express keeps the session busy, on both replicas; renewal loses nobody."""
    pair = fleet(merged(RULES, {"session": {"absolute_timeout": "4s", "touch_interval": "1s", "renew_id": "2s",
                                            "renew_grace": "1s"}}), steered)
    value = express.login("u1")
    begin, browsers, values = time.monotonic(), [holding(value), holding(value)], {value}
    with Meanwhile(express, value):
        while time.monotonic() - begin < 3:
            for browser, program in zip(browsers, pair):
                assert browser.seen(program, "/account/")["user"] == "u1", "one of two browsers was logged out"
                values.add(browser.cookie)
            time.sleep(0.05)
        until(lambda: {b.copy().visit(p, "/account/").status for b in browsers for p in pair} == {401}, 3)
    assert 3 < time.monotonic() - begin < 4 + 2 * SLOWER and len(values) >= 2
    refused(pair, *values)


def test_users(fleet, express, redis):
    """The list of a user's sessions, of those that Express opened as well: shown, limited, and ended all at once."""
    pair = fleet(merged(RULES, {"session": {"max_per_user": {"count": 3}}}), steered)
    for n in range(ROUNDS // 5):
        user = f"user {n}"
        values = [express.login(user) for _ in range(3)]
        for i, value in enumerate(values):
            assert holding(value).seen(pair[i % 2], "/account/")["user"] == user
        listed = f"vestibule:user:sess:{user}"
        until(lambda: redis.command("ZCARD", listed) == 3)
        with Meanwhile(express, *values):
            browser = Browser()
            browser.post(pair[n % 2], "/login", REDIRECT, headers=FORM, body=f"username={user}".encode())
            until(lambda: sum(holding(v).visit(pair[0], "/account/").status == 200 for v in values) == 2)
            refused(pair, *[v for v in values if holding(v).visit(pair[0], "/account/").status == 401])
            assert browser.copy().seen(pair[1 - n % 2], "/account/")["user"] == user
            answer = request(pair[0].admin_port, "GET", f"/api/sessions?user=user%20{n}", host="localhost")
            rows = json.loads(answer.body)["sessions"]
            assert len(rows) == 3 and not {cookies.unsign(v) for v in values} & {r["handle"] for r in rows}
            if n % 2:
                answer = request(pair[1].admin_port, "DELETE", f"/api/users/user%20{n}/sessions", host="localhost")
                assert json.loads(answer.body) == {"ended": 3}
            else:
                assert browser.copy().post(pair[1], "/logout/everywhere", {}).status == 200
            refused(pair, browser.cookie, *values)
        refused(pair, browser.cookie, *values)


def ended(streams, begin):
    for stream in streams:
        stream.wait_ended(begin, 1 * SLOWER)
        assert stream.clean and getattr(stream, "code", 1008) == 1008


@pytest.mark.parametrize("by", ["express", "capture", "api"])
def test_live_end(fleet, backends, express, redis, by):
    """What is open goes on through every save of Express and ends with the session."""
    scripts = [LiveBackend(), LiveBackend()]
    pair = fleet(merged(RULES, {"proxy": {"timeouts": {"drain": "1s"}}}), None)
    for backend, script in zip(backends, scripts):
        backend.script = script
    value = express.login("ada")
    handle = until(lambda: pair[0].get("/", cookie=value) and backends[0].last().header("X-Session-Id"))
    with Meanwhile(express, value):
        streams = [kind(program, value) for program in pair for kind in (WebSocket, EventStream)]
        for n in range(3):
            time.sleep(0.4)
            for script in scripts:
                script.publish("ada", f"news {n}")
            for stream in streams:
                stream.works(f"{n}") if isinstance(stream, WebSocket) else stream.heard(f"news {n}")
        if by == "capture":
            assert pair[1].request("POST", "/logout", {"Cookie": f"sid={value}"}).status == 200
        elif by == "api":
            assert request(pair[0].admin_port, "DELETE", f"/api/sessions/{handle}", host="localhost").status == 204
        begin = time.monotonic()
        if by != "express":
            ended(streams, begin)
    if by == "express":
        express.get("/logout", value)
        ended(streams, time.monotonic())
    for script in scripts:
        script.over.set()


def test_vault(fleet, express, redis):
    """Cookies of two backends in the session that Express saves as it was: what that loses comes back."""
    def jar(exchange):
        name = exchange.request.target.strip("/")
        sets = [("Set-Cookie", f"{name}=of-{name}; Path=/; HttpOnly")] if name else []
        exchange.reply(200, sets, (exchange.request.header("Cookie") or "").encode())

    pair = fleet(merged(RULES, {"vault": {"cookies": ["PHPSESSID", "JSESSIONID"]}}), jar)
    for n in range(ROUNDS // 5):
        value = express.login(f"u{n}")
        expected = "JSESSIONID=of-JSESSIONID; PHPSESSID=of-PHPSESSID"
        with Meanwhile(express, value):
            got = at_once(lambda: pair[0].get("/PHPSESSID", cookie=value),
                          lambda: pair[1].get("/JSESSIONID", cookie=value))
            assert [(g.status, g.all("Set-Cookie")) for g in got] == [(200, [])] * 2, "no browser sees them"

            def told():
                return {"; ".join(sorted(p.get("/", cookie=value).body.decode().split("; "))) for p in pair}
            until(lambda: told() == {expected}, 5)
        until(lambda: told() == {expected}, 5)
        spoofed = request(pair[0].address, "GET", "/", {"Cookie": f"PHPSESSID=evil; sid={value}; phpsessid=evil"})
        assert b"evil" not in spoofed.body and expected.split("; ")[1].encode() in spoofed.body


def test_csrf_and_cors(fleet, backends, express, redis):
    """A page of another site changes nothing of a session that is in use, by whichever replica."""
    own, friend, evil = "http://localhost", "https://app.example.com", "https://evil.test"
    pair = fleet(merged(RULES, {"csrf": {"mode": "origin"}, "cors": {"allow_origins": [friend], "credentials": True}}),
                 steered)
    value = express.login("u1")
    with Meanwhile(express, value):
        for n in range(ROUNDS):
            for program in pair:
                def ask(origin, method="POST", target="/", answer=None, program=program):
                    headers = {"Origin": origin, "Host": "localhost"}
                    return holding(value).visit(program, target, method, answer, headers)
                assert ask(evil, answer=patched(n="evil")).status == 403
                assert ask(evil, target="/logout", answer={}).status == 403
                assert ask(own, answer=patched(n=n)).status == 200
                got = ask(friend, answer=patched(cart=n))
                assert got.status == 200 and got.header("Access-Control-Allow-Origin") == friend
                assert got.header("Access-Control-Allow-Credentials") == "true" and "Origin" in got.header("Vary")
                assert ask(evil, "GET").header("Access-Control-Allow-Origin") is None
                flight = program.request("OPTIONS", "/", {"Origin": friend, "Access-Control-Request-Method": "POST"})
                assert flight.status == 204 and flight.header("Access-Control-Allow-Origin") == friend
    stored = json.loads(redis.value(cookies.unsign(value)))
    assert stored["user"]["id"] == "u1" and stored.get("n") != "evil"
    assert not [r for b in backends for r in b.requests if r.method == "OPTIONS" or
                (r.method == "POST" and r.header("Origin") == evil)]
    for program in pair:
        assert program.metric("vestibule_csrf_refused_total") == 2 * ROUNDS


def test_assertion(fleet, backends, express, redis):
    """Tokens name who is logged in now, whoever of Node and the two replicas changed that; either replica's key set
    verifies the tokens of both."""
    pair = fleet(merged(RULES, asserting(new_key())), steered)
    sets = [key_set(program) for program in pair]
    assert sets[0] == sets[1]
    tokens, browser, user = [], holding(express.login("u0")), "u0"

    def token(i):
        browser.visit(pair[i], "/account/x")
        text, = backends[i].last().all("X-Session-Assertion")
        cookies.CONFIDENTIAL.add(text.rpartition(".")[2])
        tokens.append(text)
        assert claims(text)["handle"] == backends[i].last().header("X-Session-Id")
        return claims(text).get("sub")

    for n in range(ROUNDS):
        with Meanwhile(express, browser.cookie):
            assert [token(0), token(1)] == [user, user]
        user = f"u{n + 1}"
        if n % 2:
            browser.post(pair[n // 2 % 2], "/login", REDIRECT, headers=FORM, body=f"username={user}".encode())
        else:
            express.get(f"/become?user={user}", browser.cookie)
            until(lambda: token(n // 2 % 2) == user)
    assert verified(sets[1], *tokens) == [sets[0]["keys"][0]["kid"]] * len(tokens)


def test_flood(fleet, backends, express, redis):
    """Who guesses is stopped by each replica; who is logged in goes on from that very address, Express writing; and
    crawlers, probes and assets store nothing."""
    pair = fleet(merged(RULES, {"flood": {"new_sessions": 5, "failed_cookies": 10},
                                "routes": [{"match": {"path": "/assets/*"}, "session": "off"}]}), steered)
    value = express.login("u1")
    by = {"X-Forwarded-For": "203.0.113.7"}
    with Meanwhile(express, value) as meanwhile:
        keys = redis.command("DBSIZE")
        for n in range(30):
            for program in pair:
                guess = cookies.sign(cookies.new_sid(), "a secret that is not ours, but long")
                statuses = (program.get("/", by, cookie=guess).status, program.get("/", by).status)
                assert statuses == (200 if n < 10 else 429, 200)
                assert program.get("/assets/app.css", by).status == 200
                assert program.get("/", {"User-Agent": "a crawler"}).status == 200
                assert request(program.admin_port, "GET", "/healthz").status == 200
                got = program.get("/account/", by, cookie=value)
                assert got.status == 200 and json.loads(got.body)["x-session-user"] == "u1"
        assert redis.command("DBSIZE") <= keys + 1, "the list of the user, and nothing else"
        assert meanwhile.count(value) > 0
    for program in pair:
        assert program.metric("vestibule_flood_limited_total", kind="failed_cookies") == 20
