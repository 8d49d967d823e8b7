"""The four modes of a route, require and deny, and anonymous sessions."""
import json
import time
from urllib.parse import quote

from harness import cookies
from harness.scenes import MODES, state
from harness.wire import request_text


def test_the_modes(vestibule, backend, redis):
    program = vestibule(MODES)
    _, live = redis.login(user={"id": "u1"})
    anonymous = cookies.set_cookies(program.get("/issue"), "sid")[0].value
    for path, cookie, expected in [
        ("/off", None, None), ("/off", live, None), ("/off", anonymous, None),
        ("/optional", None, "none"), ("/optional", "bad", "none"), ("/optional", live, "active"),
        ("/issue", None, "new"), ("/issue", "bad", "new"), ("/issue", live, "active"),
        ("/issue", anonymous, "active"), ("/required", live, "active"),
    ]:
        answer = program.get(path, cookie=cookie)
        assert answer.status == 200 and state(backend) == expected, (path, cookie)
        issued = cookies.set_cookies(answer, "sid")
        assert len(issued) == (1 if expected == "new" else 0), (path, cookie)
        assert (backend.last().header("X-Session-Id") is not None) == (expected in ("new", "active"))
    for cookie in (None, "bad", anonymous):  # what is required is a session that holds something
        answer = program.get("/required", cookie=cookie)
        assert answer.status == 401 and not answer.all("Set-Cookie")


def test_requirements(vestibule, backend, redis):
    program = vestibule(MODES)
    rows = [
        ({"user": {"id": "u1", "tier": "gold"}}, {"/user": 200, "/tier": 200, "/both": 200}),
        ({"user": {"id": "u1", "tier": "silver"}}, {"/user": 200, "/tier": 401, "/both": 401}),
        ({"user": {"tier": "platinum"}}, {"/user": 401, "/tier": 200, "/both": 401}),
        ({"user": {"id": "u1", "tier": ["gold"]}}, {"/tier": 401}),
        ({"user": {"id": "u1", "tier": "Gold"}}, {"/tier": 401}),
        ({"user": {"id": "u1", "tier": "gold "}}, {"/tier": 401}),
        ({"user": {"id": "u1", "tier": None}}, {"/tier": 401}),
        ({"user": {"id": 0}}, {"/user": 200}),
        ({"user": "text"}, {"/user": 401}),
        ({}, {"/required": 200, "/user": 401, "/tier": 401}),
    ]
    for members, expected in rows:
        _, cookie = redis.login(**members)
        for path, status in expected.items():
            assert program.get(path, cookie=cookie).status == status, (members, path)
    anonymous = cookies.set_cookies(program.get("/issue"), "sid")[0].value
    assert program.get("/user", cookie=anonymous).status == 401


def test_denials(vestibule, backend):
    program = vestibule(MODES)
    answer = program.get("/required")
    assert (answer.status, answer.header("Cache-Control")) == (401, "no-store")
    assert "error" in json.loads(answer.body)
    assert program.get("/forbidden").status == 403
    browser = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html,*/*"}
    old_browser = {"Accept": "text/html,application/xhtml+xml"}
    for headers in (browser, old_browser):
        answer = program.get("/page?a=1&b=%20x", headers)
        assert answer.status == 302 and answer.header("Cache-Control") == "no-store"
        assert answer.header("Location") == "/login?next=" + quote("/page?a=1&b=%20x", safe="")
        assert program.request("POST", "/page", headers, b"x=1").status == 303
    for headers in ({"Sec-Fetch-Mode": "cors", "Accept": "text/html"}, {"Accept": "application/json"}, {},
                    {"Accept": "*/*"}, {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}):
        assert program.get("/page", headers).status == 401, headers
    assert backend.requests == []


def test_a_denied_upload_does_not_reach_the_backend(vestibule, backend):
    program = vestibule(MODES)
    with program.client() as client:
        client.send(request_text("POST", "/required", {"Content-Length": "1000000"}) + b"x" * 1000)
        assert client.response().status == 401
    assert backend.requests == []


def test_anonymous_sessions_are_not_stored(vestibule, backend, redis):
    program = vestibule(MODES)
    first = program.get("/issue")
    cookie = cookies.set_cookies(first, "sid")[0]
    sid = cookies.unsign(cookie.value)
    assert sid.startswith("anon-") and len(sid) == 37
    handle = backend.last().header("X-Session-Id")
    for _ in range(3):
        again = program.get("/issue", cookie=cookie.value)
        assert state(backend) == "active" and backend.last().header("X-Session-Id") == handle
        assert not cookies.set_cookies(again, "sid")
    assert redis.keys() == []
    others = {cookies.set_cookies(program.get("/issue"), "sid")[0].value for _ in range(20)}
    assert len(others) == 20 and redis.keys() == []


def test_anonymous_lifetime(vestibule, backend):
    program = vestibule({"session": {"anonymous_lifetime": "2s"}})
    cookie = cookies.set_cookies(program.get("/"), "sid")[0].value
    program.get("/", cookie=cookie)
    assert state(backend) == "active"
    time.sleep(3.2)
    fresh = cookies.set_cookies(program.get("/", cookie=cookie), "sid")
    assert state(backend) == "new" and fresh[0].value != cookie


def test_handles_agree_between_replicas_and_hide_the_sid(vestibule, backend, redis):
    sid, cookie = redis.login(user={"id": "u1"})
    handles = set()
    for keys in ({}, {}, {"handle_key": "another key, only for handles, long enough"}):
        program = vestibule({"session": keys})
        program.get("/", cookie=cookie)
        handles.add(backend.last().header("X-Session-Id"))
        assert program.access(lambda line: line["path"] == "/")["handle"] == backend.last().header("X-Session-Id")
    assert len(handles) == 2 and all(len(h) == 22 and h not in sid for h in handles)
