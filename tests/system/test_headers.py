"""What the backend is told about the session, the client and the request, and who may say it."""
import json

import pytest

from harness import cookies, wire

IDENTITY = {"inject": {"headers": {"X-Session-User": "/user/id"}}}

# Spellings that CGI, WSGI, PHP or a case-blind backend takes for an injected header.
SPELLINGS = [
    "X-Session-User", "x-session-user", "X-SESSION-USER", "X_Session_User", "X_SESSION-user", "X.Session.User",
    "X-Session_User", "X~Session!User", "X|Session|User", "X-Session-State", "x_session_state", "X.Session-Id",
    "X_SESSION_ID", "x*session+id",
]
ROUTES = {"routes": [
    {"match": {"path": "/off/*"}, "session": "off"},
    {"match": {"path": "/optional/*"}, "session": "optional"},
    {"match": {"path": "/issue/*"}, "session": "issue"},
]}


def folded(name):
    return "".join(c.lower() if c.isalnum() else "-" for c in name)


def identity(request):
    """Every header whose name a sloppy backend takes for one of ours, as {folded name: [values]}."""
    found = {}
    for name, value in request.headers + request.trailers:
        if folded(name).startswith("x-session-"):
            found.setdefault(folded(name), []).append(value)
    return found


@pytest.mark.parametrize("route", ["off", "optional", "issue"])
def test_spoofed_names_are_stripped_on_every_route(vestibule, backend, route):
    program = vestibule({**IDENTITY, **ROUTES})
    for name in SPELLINGS:
        assert program.get(f"/{route}/x", {name: "admin"}).status == 200
        seen = identity(backend.last())
        assert "admin" not in [v for values in seen.values() for v in values], f"{name} came through"
        assert "x-session-user" not in seen
        if route == "off":
            assert seen == {}
        if route == "optional":
            assert seen == {"x-session-state": ["none"]}
        if route == "issue":
            assert seen["x-session-state"] == ["new"] and len(seen["x-session-id"][0]) == 22


def test_every_duplicate_is_stripped(vestibule, backend):
    program = vestibule({**IDENTITY, **ROUTES})
    program.get("/issue/x", [(name, "admin") for name in SPELLINGS])
    assert set(identity(backend.last())) == {"x-session-state", "x-session-id"}


def test_session_values_are_set_once_whatever_the_client_says(vestibule, backend, redis):
    program = vestibule(IDENTITY)
    sid = cookies.new_sid()
    redis.put(sid, user={"id": "u1"})
    program.get("/", [(name, "admin") for name in SPELLINGS], cookie=cookies.sign(sid))
    seen = identity(backend.last())
    assert seen["x-session-user"] == ["u1"]
    assert seen["x-session-state"] == ["active"]
    assert len(seen["x-session-id"]) == 1 and sid not in seen["x-session-id"][0]


@pytest.mark.parametrize("nominated", ["X-Session-User", "x-session-user, X-Session-State", "close, X-Session-Id"])
def test_a_connection_nomination_removes_nothing_of_ours(vestibule, backend, redis, nominated):
    program = vestibule(IDENTITY)
    sid = cookies.new_sid()
    redis.put(sid, user={"id": "u1"})
    program.get("/", {"Connection": nominated, "X-Session-User": "admin"}, cookie=cookies.sign(sid))
    seen = identity(backend.last())
    assert seen["x-session-user"] == ["u1"] and seen["x-session-state"] == ["active"] and seen["x-session-id"]
    # The backend must not be asked to drop them either.
    assert "session" not in backend.last().header("Connection", "").lower()


@pytest.mark.parametrize("name", SPELLINGS)
def test_trailers_cannot_carry_them(vestibule, backend, name):
    program = vestibule({**IDENTITY, **ROUTES})
    with program.client() as client:
        client.send(wire.request_text("POST", "/off/x", {"Transfer-Encoding": "chunked", "Trailer": name}))
        client.send(f"3\r\nabc\r\n0\r\nX-Kind: kept\r\n{name}: admin\r\n\r\n")
        answer = client.response()
    assert answer.status == 200, answer
    request = backend.last()
    assert request.body == b"abc"
    assert "admin" not in [value for _, value in request.trailers]


def test_values_are_text_that_a_header_can_carry(vestibule, backend, redis):
    values = {
        "plain": ("u1", "u1"),
        "number": (42, "42"),
        "fraction": (1.50, "1.5"),
        "yes": (True, "true"),
        "object": ({"b": [1, 2, {"c": "d"}]}, '{"b":[1,2,{"c":"d"}]}'),
        "list": (["x", "y z"], '["x","y z"]'),
        "accent": ("zo\u00eb", "zo%C3%AB"),
        "percent": ("50%", "50%25"),
        "lines": ("a\r\nX-Admin: 1", "a%0D%0AX-Admin: 1"),
        "nul": ("a\x00b", "a%00b"),
        "tab": ("a\tb", "a%09b"),
        "empty": ("", ""),
    }
    program = vestibule({"inject": {"headers": {f"X-V-{name}": f"/v/{name}" for name in values}}})
    sid = cookies.new_sid()
    redis.put(sid, v={name: value for name, (value, _) in values.items()})
    assert program.get("/", cookie=cookies.sign(sid)).status == 200
    for name, (_, expected) in values.items():
        assert backend.last().all(f"X-V-{name}") == [expected], name
    assert backend.last().header("X-Admin") is None


def test_big_numbers_and_pointers(vestibule, backend, redis):
    program = vestibule({"inject": {"headers": {
        "X-Big": "/big", "X-Second": "/list/1", "X-Tilde": "/a~1b/m~0n",
        "X-None": "/list/7", "X-Missing": "/no/such"}}})
    sid = cookies.new_sid()
    redis.put(sid, '{"cookie":{},"big":12345678901234567890123,"list":[1,"two"],"a/b":{"m~n":"found"}}')
    program.get("/", {"X-Missing": "spoofed", "X-None": "spoofed"}, cookie=cookies.sign(sid))
    seen = backend.last()
    assert seen.header("X-Big") == "12345678901234567890123"
    assert seen.header("X-Second") == "two" and seen.header("X-Tilde") == "found"
    assert seen.header("X-None") is None and seen.header("X-Missing") is None


def test_own_cookie_is_not_forwarded_but_others_are(vestibule, backend):
    program = vestibule()
    value = cookies.sign(cookies.new_sid())
    program.get("/", {"Cookie": f"a=1; sid={value}; b=\"2\"; sidecar=3"})
    assert backend.last().all("Cookie") == ['a=1; b="2"; sidecar=3']
    program.get("/", {"Cookie": f"sid={value}"})
    assert backend.last().all("Cookie") == []
    program.get("/", [("Cookie", f"sid={value}"), ("Cookie", f"x=y; sid={value}"), ("Cookie", "z=1")])
    assert not any("sid=" in line for line in backend.last().all("Cookie"))
    assert "; ".join(backend.last().all("Cookie")) == "x=y; z=1"


def test_own_cookie_is_forwarded_where_configured(vestibule, backend):
    program = vestibule({"session": {"cookie": {"forward": True}}})
    value = cookies.sign(cookies.new_sid())
    program.get("/", {"Cookie": f"a=1; sid={value}"})
    assert backend.last().all("Cookie") == [f"a=1; sid={value}"]


FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
          "Forwarded": "for=203.0.113.9;proto=https;host=evil.example"}


def test_forwarding_headers_of_strangers_are_replaced(vestibule, backend):
    program = vestibule({"proxy": {"trusted_proxies": ["10.9.8.0/24"]}})
    for spell in (str, lambda name: name.replace("-", "_"), str.lower):
        program.get("/", {spell(name): value for name, value in FORGED.items()})
        seen = backend.last()
        text = json.dumps([pair for pair in seen.headers])
        assert "203.0.113.9" not in text and "evil.example" not in text
        assert seen.all("X-Forwarded-For") == ["127.0.0.1"]
        assert seen.all("X-Forwarded-Proto") == ["http"]
        assert seen.all("X-Forwarded-Host") == ["app.example.test"]


def test_forwarding_headers_of_trusted_proxies_are_extended(vestibule, backend):
    program = vestibule({"proxy": {"trusted_proxies": ["127.0.0.0/8"]}})
    program.get("/", {**FORGED, "X-Forwarded-For": "203.0.113.9"})
    seen = backend.last()
    assert ", ".join(seen.all("X-Forwarded-For")) == "203.0.113.9, 127.0.0.1"
    assert seen.all("X-Forwarded-Proto") == ["https"]
    assert seen.all("X-Forwarded-Host") == ["evil.example"]
    assert ", ".join(seen.all("Forwarded")).startswith("for=203.0.113.9;proto=https;host=evil.example, for=")
    assert program.access()["client"] == "203.0.113.9"


WORDS_OF_PROXIES = ["X-Forwarded-Prefix", "X-Forwarded-Port", "X-Forwarded-Ssl", "X-Real-IP", "Client-IP",
                    "True-Client-IP", "CF-Connecting-IP", "X-Original-Host", "X-Request-Base", "Front-End-Https",
                    "$WSRU", "WL-Proxy-SSL"]


@pytest.mark.parametrize("trusted", [True, False])
def test_what_else_only_proxies_may_say(vestibule, backend, trusted):
    program = vestibule({"proxy": {"trusted_proxies": ["127.0.0.0/8"] if trusted else []}})
    for spell in (str, lambda name: name.replace("-", "_")):
        names = {spell(name) for name in WORDS_OF_PROXIES}
        program.get("/", {name: "203.0.113.9" for name in names})
        seen = {name for name, value in backend.last().headers if value == "203.0.113.9"}
        assert seen == (names if trusted else set())


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script-Name", "PATH_INFO", "X-Script-Name", "X-Original-URL",
                                  "X_Rewrite_URL", "X-Traversal-Path"])
def test_no_path_but_that_which_was_matched(vestibule, backend, name):
    """Backends take it for the request's own; a proxy in front may have passed it on from anybody."""
    vestibule({"proxy": {"trusted_proxies": ["127.0.0.0/8"]}}).get("/open", {name: "/account"})
    assert "/account" not in json.dumps(backend.last().headers)


def test_the_client_is_the_last_untrusted_address(vestibule):
    program = vestibule({"proxy": {"trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]}})
    program.get("/", {"X-Forwarded-For": "198.51.100.66, 203.0.113.9, 10.1.2.3"})
    assert program.access()["client"] == "203.0.113.9"


def test_request_id_and_trace_are_passed_on_or_made(vestibule, backend):
    program = vestibule()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    program.get("/", {"X-Request-Id": "abc-123", "traceparent": trace})
    assert backend.last().all("X-Request-Id") == ["abc-123"]
    assert backend.last().all("traceparent") == [trace]
    assert program.access(lambda line: line["request_id"] == "abc-123")["status"] == 200
    program.get("/")
    first = backend.last()
    program.get("/", {"X-Request-Id": "with blank and \xe9", "traceparent": "00-00000000000000000000000000000000-0-01"})
    second = backend.last()
    for seen in first, second:
        assert len(seen.header("X-Request-Id")) == 32
        assert len(seen.header("traceparent")) == 55 and seen.header("traceparent") != trace
    assert first.header("X-Request-Id") != second.header("X-Request-Id")


HOP_BY_HOP = {"Connection": "keep-alive, X-Private", "Keep-Alive": "timeout=5", "Proxy-Connection": "keep-alive",
              "TE": "gzip", "X-Private": "1", "Upgrade": "h2c"}


def test_hop_by_hop_fields_end_here(vestibule, backend):
    backend.script = lambda x: x.reply(200, {**HOP_BY_HOP, "X-Kept": "yes"}, b"ok")
    program = vestibule()
    answer = program.get("/", {**HOP_BY_HOP, "X-Kept": "yes"})
    for name in ("Keep-Alive", "Proxy-Connection", "X-Private", "Upgrade"):
        assert backend.last().header(name) is None, name
        assert answer.header(name) is None, name
    assert backend.last().header("TE") in (None, "trailers")
    assert backend.last().header("X-Kept") == "yes" and answer.header("X-Kept") == "yes"


def test_everything_else_passes_unchanged(vestibule, backend):
    sent = [("Accept", "text/html, */*;q=0.1"), ("X-Dup", "1"), ("X-Dup", "2"), ("x-MiXeD", "  spaced  "),
            ("Authorization", "Basic abc="), ("X-Empty", ""), ("X-High", "caf\xe9")]
    backend.script = lambda x: x.reply(200, [("X-Dup", "1"), ("X-Dup", "2"), ("Set-Cookie", "a=1"),
                                             ("Set-Cookie", "b=2"), ("ETag", '"x"')], b"ok")
    answer = vestibule({"routes": [{"match": {"path": "/*"}, "session": "off"}]}).get("/", sent)
    got = [(name, value) for name, value in backend.last().headers if name in dict(sent)]
    assert got == [(name, value.strip()) for name, value in sent]
    assert answer.all("X-Dup") == ["1", "2"] and answer.all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.header("ETag") == '"x"'
    assert backend.last().header("Host") == "app.example.test"
