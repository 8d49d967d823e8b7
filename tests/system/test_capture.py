"""What the backend's own answers say about the session: login, logout and data without changing the backend."""
import gzip
import json
import time

import pytest

from harness import cookies
from harness.browser import Browser, changed, patched, steered
from test_identity import until

RULES = {
    "inject": {"headers": {"X-Session-User": "/user/id", "X-Session-Name": "/user/name", "X-Session-Login": "/login",
                           "X-Session-Via": "/via", "X-Session-Php": "/php", "X-Session-Cart": "/cart"}},
    "capture": [
        {"on": {"method": "POST", "path": "/login", "status": "302"},
         "set": {"/user/id": {"header": "X-Authenticated-User"}, "/login": {"form": "username"},
                 "/via": {"value": "form"}, "/php": {"cookie": "PHPSESSID"}}},
        {"on": {"method": "POST", "path": "/api/login"},
         "set": {"/user/id": {"json": "/user/id"}, "/user/name": {"json": "/user/name"}, "/login": {"form": "name"}}},
        {"on": {"path": "/logout", "method": "POST"}, "destroy": True},
        {"on": {"path": "/logout-all", "method": "POST"}, "destroy": "all"},
        {"on": {"path": "/sudo", "method": "POST"}, "regenerate": True},
    ],
    "routes": [{"match": {"path": "/account/*"}, "session": "required", "require": {"/user/id": "present"}},
               {"match": {"path": "/open/*"}, "session": "optional"},
               {"match": {"path": "/off/*"}, "session": "off"}],
}
LOGIN = {"status": 302, "headers": [["Location", "/"], ["X-Authenticated-User", "u1"],
                                    ["Set-Cookie", "PHPSESSID=abc; Path=/"]], "body": ""}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def replicas(vestibule, backend):
    """Two of them, in front of the same backend and Redis."""
    backend.script = steered
    return vestibule(RULES), vestibule(RULES)


def login_with(redis):
    browser = Browser()
    _, browser.cookie = redis.login(user={"id": "u1"})
    return browser


def login(browser, program, user="u1"):
    answer = {**LOGIN, "headers": [["Location", "/"], ["X-Authenticated-User", user]]}
    got = browser.post(program, "/login", answer, headers=FORM, body=f"username={user}&password=x".encode())
    assert got.status == 302 and not cookies.unsign(browser.cookie).startswith("anon-")
    return got


def test_a_form_login(replicas, redis):
    one, two = replicas
    browser = Browser()
    browser.visit(one)
    before = browser.copy()
    got = browser.post(one, "/login", LOGIN, headers=FORM, body=b"username=zo%C3%AB+m&password=secret")
    assert got.status == 302 and got.header("Location") == "/" and got.header("Cache-Control") == "private"
    assert browser.sid != before.sid
    stored = json.loads(redis.value(browser.sid))
    assert list(stored)[0] == "cookie" and stored["cookie"]["originalMaxAge"] == 86400_000
    assert stored["user"] == {"id": "u1"} and stored["login"] == "zo\u00eb m" and stored["php"] == "abc"
    assert "password" not in redis.value(browser.sid) and redis.ttl(browser.sid) > 86390
    for program in replicas:
        seen = browser.seen(program, "/account/")
        assert seen["user"] == "u1" and seen["login"] == "zo%C3%AB m" and seen["via"] == "form"
        assert before.copy().visit(program, "/account/").status == 401, "the cookie of before the login"


@pytest.mark.parametrize("answer", [{"status": 403}, {"status": 200}, {"status": 500}])
def test_a_failed_login_changes_nothing(replicas, redis, answer):
    browser = Browser()
    got = browser.post(replicas[0], "/login", {**answer, "headers": LOGIN["headers"][1:2]}, headers=FORM,
                       body=b"username=u1&password=wrong")
    assert got.status == answer["status"]
    assert browser.visit(replicas[0], "/account/").status == 401 and redis.keys() == []


def test_a_json_login(replicas, redis):
    browser = Browser()
    body = json.dumps({"ok": True, "user": {"id": 12345678901234567890, "name": "Zo\u00eb"}})
    got = browser.post(replicas[0], "/api/login", {"body": body}, headers={"Content-Type": "application/json",
                       "Accept-Encoding": "gzip"}, body=json.dumps({"name": "zoe", "password": "x"}).encode())
    assert got.status == 200 and got.body.decode() == body, "the body passes unchanged"
    assert '"id":12345678901234567890' in redis.value(browser.sid)
    seen = browser.seen(replicas[1], "/account/")
    assert seen["user"] == "12345678901234567890" and seen["name"] == "Zo%C3%AB" and seen["login"] == "zoe"


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_an_answer_too_long_to_look_at_passes_whole(replicas, redis, size):
    browser = Browser()
    body = json.dumps({"user": {"id": "u1"}, "more": "x" * size})
    answer = {"body": body.replace("x" * size, "PADDING"), "padding": size}
    got = browser.post(replicas[0], "/api/login", answer, body=b"")
    assert got.status == 200 and got.body.decode() == body
    assert browser.visit(replicas[0], "/account/").status == 401 and redis.keys() == []


def test_a_chunked_answer_is_looked_at_and_passes_whole(vestibule, backend, redis):
    def chunked(exchange):
        exchange.read_body()
        if exchange.request.target != "/api/login":
            return steered(exchange)
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in ('{"user":', '{"id":"u1"', '}}'):
            exchange.send(f"{len(piece):x}\r\n{piece}\r\n")
        exchange.send("0\r\n\r\n")
        return None

    backend.script = chunked
    program, browser = vestibule(RULES), Browser()
    got = browser.post(program, "/api/login", body=b"")
    assert got.body == b'{"user":{"id":"u1"}}' and browser.seen(program, "/account/")["user"] == "u1"


def test_logout(replicas, redis):
    one, two = replicas
    browser = Browser()
    login(browser, one)
    for program in replicas:
        assert browser.visit(program, "/account/").status == 200
    replay = browser.copy()
    got = browser.post(two, "/logout")
    expired = cookies.set_cookies(got, "sid")
    assert got.status == 200 and [c.value for c in expired] == [""] and expired[0]["Path"] == "/"
    assert expired[0]["Expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert redis.value(replay.sid) is None
    for program in replicas:
        assert replay.copy().visit(program, "/account/").status == 401


def test_logout_everywhere(replicas):
    one, two = replicas
    mine, also_mine, others = Browser(), Browser(), Browser()
    login(mine, one), login(also_mine, two), login(others, one, "u2")
    mine.post(one, "/logout-all")
    assert also_mine.visit(one, "/account/").status == 401 and also_mine.visit(two, "/account/").status == 401
    assert others.seen(two, "/account/")["user"] == "u2"


def test_logout_everywhere_ends_sessions_of_this_user_alone(replicas, redis):
    """What the list names may have become something else meanwhile."""
    one, _ = replicas
    mine, now_another, now_no_session = Browser(), Browser(), Browser()
    for browser in (mine, now_another, now_no_session):
        login(browser, one)
    text = redis.value(now_another.sid).replace('"u1"', '"u2"')
    redis.command("SET", f"sess:{now_another.sid}", text, "KEEPTTL")
    redis.command("SET", f"sess:{now_no_session.sid}", "somebody's own", "KEEPTTL")
    mine.post(one, "/logout-all")
    assert redis.value(now_another.sid) == text and redis.value(now_no_session.sid) == "somebody's own"


def refused(program, message, reason):
    program.wait_log(lambda line: line.get("message") == message and line.get("reason") == reason)
    assert program.metric("vestibule_session_changes_total", outcome="refused") == 1


@pytest.mark.parametrize("content_type, body, reason", [
    (FORM["Content-Type"], b"username=ada&username=bob", "it can be read in more than one way"),
    (FORM["Content-Type"], b"username=zo%EB", "it is not UTF-8"),
    (FORM["Content-Type"], b"username=ada&more=" + b"x" * 70_000, "it is too long"),
    ("multipart/form-data; boundary=x",
     b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nada\r\n--x--\r\n', "it is multipart/form-data"),
    ("application/json", b'{"username":{"id":"ada"}}', "it can be read in more than one way"),
], ids=["twice", "latin-1", "long", "multipart", "object"])
def test_a_form_that_is_not_captured_is_told(replicas, content_type, body, reason):
    browser = Browser()
    browser.post(replicas[0], "/login", {**LOGIN, "headers": LOGIN["headers"][:1]},
                 headers={"Content-Type": content_type}, body=body)
    refused(replicas[0], "form not captured", reason)


@pytest.mark.parametrize("content_type", ["text/html; charset=UTF-8", "text/plain", "text/json", "text/javascript",
                                          "application/javascript", None])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "marked"])
def test_json_of_any_type(vestibule, backend, redis, content_type, mark):
    headers = {"Content-Type": content_type} if content_type else {}
    backend.script = lambda x: (x.read_body(), x.reply(200, headers, mark + b'{"user":{"id":"u1"}}'))
    program, browser = vestibule(RULES), Browser()
    got = browser.post(program, "/api/login", body=b"")
    assert got.body == mark + b'{"user":{"id":"u1"}}' and json.loads(redis.value(browser.sid))["user"]["id"] == "u1"


JSON_TYPE = ("Content-Type", "application/json")
GZIP = ("Content-Encoding", "gzip")


@pytest.mark.parametrize("status, headers, body, reason", [
    (200, [JSON_TYPE, GZIP], gzip.compress(b'{"user":{"id":"u1"}}'), "it has a content coding"),
    (200, [("Content-Type", "text/html")], b"<html>" + b"x" * 1_000_000, "it is not JSON"),
    (200, [JSON_TYPE], b'{"user":{"id":"\xeb"}}', "it is not JSON"),
    (200, [JSON_TYPE], b'{"user":{"id":"u1"},"more":"' + b"x" * 70_000 + b'"}', "it is too long"),
    (206, [JSON_TYPE, ("Content-Range", "bytes 9-28/99")], b'{"user":{"id":"u1"}}', "it is a part of one"),
], ids=["packed", "html", "latin-1", "long", "part"])
def test_an_answer_that_is_not_captured_is_told(vestibule, backend, redis, status, headers, body, reason):
    backend.script = lambda x: (x.read_body(), x.reply(status, headers, body))
    program, browser = vestibule(RULES), Browser()
    got = browser.post(program, "/api/login", body=b"")
    assert got.status == status and got.body == body and redis.keys() == []
    refused(program, "answer not captured", reason)


def test_a_client_does_not_choose_what_part_of_an_answer_counts(vestibule, backend, redis):
    whole = json.dumps({"user": {"id": "bob"}, "settings": {"user": {"id": "ada"}}})

    def ranged(exchange):
        exchange.read_body()
        asked = exchange.request.header("Range")
        if not asked:
            return exchange.reply(200, [JSON_TYPE], whole.encode())
        first, last = map(int, asked.removeprefix("bytes=").split("-"))
        return exchange.reply(206, [JSON_TYPE, ("Content-Range", f"bytes {first}-{last}/{len(whole)}")],
                              whole[first:last + 1].encode())

    backend.script = ranged
    program, browser = vestibule(RULES), Browser()
    first = whole.index('{"user": {"id": "ada"}')
    wanted = {"Range": f"bytes={first}-{len(whole) - 2}"}
    got = browser.post(program, "/api/login", headers={**wanted, "If-Range": '"e"'}, body=b"")
    assert got.status == 200 and got.body.decode() == whole
    assert json.loads(redis.value(browser.sid))["user"]["id"] == "bob"
    got = browser.post(program, "/other", headers=wanted, body=b"")
    assert got.status == 206, "where no rule looks into the answer, ranges are as they were"


@pytest.mark.parametrize("content_type, piece", [("text/event-stream", "data: 1\n\n"), ("text/plain", "up 1 h\n"),
                                                 ("application/x-ndjson", '{"n":1}\n'), ("text/plain", "[info] up\n"),
                                                 ("application/json", '{"n":1}\n{"n":2}\n')])
def test_what_goes_on_and_on_is_not_held_back(vestibule, backend, redis, content_type, piece):
    def drip(exchange):
        exchange.read_body()
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n")
        exchange.send(f"{len(piece):x}\r\n{piece}\r\n")
        time.sleep(1.5)
        exchange.send("0\r\n\r\n")

    backend.script = drip
    with vestibule(RULES).client() as client:
        began = time.monotonic()
        client.send("POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert client.response_head().status == 200 and time.monotonic() - began < 1


def test_a_name_in_latin_1(vestibule, backend, redis):
    backend.script = lambda x: (x.read_body(), x.send(
        b"HTTP/1.1 302 Found\r\nX-Authenticated-User: zo\xeb\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"))
    program, browser = vestibule(RULES), Browser()
    browser.post(program, "/login", headers=FORM, body=b"username=u1")
    assert json.loads(redis.value(browser.sid))["user"]["id"] == "zo\u00eb"


@pytest.mark.parametrize("lines, kept", [
    (["PHPSESSID=first; Path=/", "PHPSESSID=second; Path=/"], "second"),
    (["PHPSESSID=deleted; Max-Age=0; Path=/old", "PHPSESSID=real; Path=/"], "real"),
    (["PHPSESSID=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; Path=/"], None),
    (["PHPSESSID="], None),
])
def test_the_cookie_that_a_browser_keeps(replicas, redis, lines, kept):
    browser = Browser()
    headers = [["X-Authenticated-User", "u1"], *(["Set-Cookie", line] for line in lines)]
    browser.post(replicas[0], "/login", {"status": 302, "headers": headers}, headers=FORM, body=b"username=u1")
    assert json.loads(redis.value(browser.sid)).get("php") == kept


@pytest.mark.parametrize("user", [None, "", False, "guest", {}])
def test_who_was_nobody_can_log_in(replicas, redis, user):
    """As applications leave it after a logout."""
    browser = Browser()
    _, browser.cookie = redis.login(user=user, views=3)
    login(browser, replicas[0])
    stored = json.loads(redis.value(browser.sid))
    assert stored["user"] == {"id": "u1"} and stored["views"] == 3
    assert browser.seen(replicas[1], "/account/")["user"] == "u1"


@pytest.mark.parametrize("value, header", [("null", None), ("false", "false"), ('""', ""), ("{}", "{}"), ("[]", "[]")])
def test_nobody_is_nobody_everywhere(replicas, redis, value, header):
    browser = Browser()
    browser.post(replicas[0], "/api/login", {"body": '{"user":{"id":%s,"name":"x"}}' % value}, body=b"")
    assert '"id":' + value in redis.value(browser.sid)
    assert browser.visit(replicas[0], "/account/").status == 401
    assert browser.seen(replicas[0]).get("user") == header
    browser.post(replicas[0], "/api/login", {"body": '{"user":{"id":0}}'}, body=b"")
    assert browser.seen(replicas[0], "/account/")["user"] == "0"


def test_a_session_carried_cart_survives_the_login(vestibule, backend, redis):
    backend.script = steered
    program = vestibule({**RULES, "backend_control": {"enabled": True}})
    browser = Browser()
    browser.visit(program)
    browser.visit(program, answer=patched(cart={"apples": 1}))
    with_cart = browser.sid
    assert not with_cart.startswith("anon-") and browser.seen(program)["cart"] == '{"apples":1}'
    login(browser, program)
    assert browser.sid != with_cart and browser.seen(program)["cart"] == '{"apples":1}'
    # Somebody else gets nothing of it.
    login(browser, program, "u2")
    seen = browser.seen(program)
    assert seen["user"] == "u2" and "cart" not in seen


def test_regenerate(replicas, redis):
    browser = Browser()
    login(browser, replicas[0])
    old, sid = browser.copy(), browser.sid
    browser.post(replicas[0], "/sudo")
    assert browser.sid != sid and browser.seen(replicas[1], "/account/")["user"] == "u1"
    assert old.visit(replicas[1], "/account/").status == 401 and redis.value(sid) is None
    nobody = Browser()
    nobody.post(replicas[0], "/sudo")
    assert nobody.sid.startswith("anon-") and redis.value(browser.sid), "nothing to give a new sid to"


def test_routes_without_sessions_capture_nothing(vestibule, backend, redis):
    backend.script = steered
    rules = {**RULES, "capture": [{"on": {"path": "/*"}, "set": {"/user/id": {"value": "u1"}}}]}
    program, browser = vestibule(rules), Browser()
    assert browser.visit(program, "/off/x").status == 200 and browser.cookie is None and redis.keys() == []
    browser.visit(program, "/open/x")
    assert browser.seen(program, "/account/")["user"] == "u1"


@pytest.mark.parametrize("answer", [changed(X_Session_Destroy="true"), patched(cart=1), None],
                         ids=["destroy", "patch", "login"])
def test_who_goes_on_without_the_store_keeps_the_session_there(vestibule, backend, redis_server, redis, answer):
    """on_failure: anonymous lets the request pass, and not an answer that would end or replace what is not seen."""
    backend.script = steered
    program = vestibule({**RULES, "backend_control": {"enabled": True}, "store": {"on_failure": "anonymous",
                                                                                "near_cache": {"enabled": False}}})
    browser = login_with(redis)
    redis_server.freeze()
    try:
        if answer:
            got = browser.visit(program, "/", "POST", answer=answer)
        else:
            got = browser.copy().post(program, "/api/login", {"body": '{"user":{"id":"u2"}}'})
        assert got.status == 503 and got.all("Set-Cookie") == [] and got.header("Retry-After")
        assert browser.visit(program, "/").status == 200
    finally:
        redis_server.thaw()
    until(lambda: program.metric("vestibule_store_breaker_open") == 0)  # each worker has found it again
    assert browser.seen(program, "/account/")["user"] == "u1"


def test_a_store_that_cannot_answer_is_no_success(vestibule, backend, redis_server, redis):
    backend.script = steered
    program, browser = vestibule(RULES), Browser()
    browser.visit(program)
    login(browser, program)
    kept = browser.copy()
    redis_server.freeze()
    try:
        for target in ("/login", "/logout"):
            got = browser.copy().post(program, target, LOGIN if target == "/login" else None, headers=FORM,
                                      body=b"username=u2")
            assert got.status == 503 and got.header("Retry-After") and not cookies.set_cookies(got, "sid")
    finally:
        redis_server.thaw()
    until(lambda: program.metric("vestibule_store_breaker_open") == 0)
    end = kept.visit(program, "/account/")
    assert end.status in (200, 401), "done or not done, and nothing between"
    if end.status == 200:
        assert kept.seen(program, "/account/")["user"] == "u1"
