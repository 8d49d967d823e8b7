"""Cross-site requests are refused before the backend or the store hears of them."""
import json
import time

import pytest

from harness.wire import request_text

EVIL, PARTNER, OWN = "https://evil.test", "https://partner.test", "http://app.example.test"
GUARDED = {"csrf": {"mode": "origin", "allow": [PARTNER]},
           "routes": [{"match": {"path": "/hook/*"}, "session": "off"}]}
HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}

# (method, headers, reason of the refusal or None)
ROWS = [
    ("GET", {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}, None),
    ("HEAD", {"Origin": EVIL}, None),
    ("OPTIONS", {"Origin": EVIL}, None),
    ("POST", {}, None),
    ("POST", {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, None),
    ("POST", {"Sec-Fetch-Site": "same-site", "Origin": "http://www.example.test"}, None),
    ("POST", {"Sec-Fetch-Site": "none"}, None),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": PARTNER}, None),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}, "cross_site"),
    ("PUT", {"Sec-Fetch-Site": "cross-site"}, "cross_site"),
    ("POST", {"Origin": OWN}, None),
    ("POST", {"Origin": "HTTP://App.Example.Test:80"}, None),
    ("POST", {"Origin": PARTNER}, None),
    ("POST", {"Origin": "https://app.example.test"}, "origin"),
    ("POST", {"Origin": EVIL}, "origin"),
    ("DELETE", {"Origin": EVIL, "Referer": OWN + "/"}, "origin"),
    ("POST", {"Origin": "null"}, "null_origin"),
    ("POST", [("Origin", OWN), ("Origin", OWN)], "unreadable"),
    ("POST", {"Origin": "rubbish"}, "unreadable"),
    ("POST", {"Referer": OWN + "/a?b"}, None),
    ("POST", {"Referer": EVIL + "/?" + OWN}, "referer"),
    ("GET", {**HANDSHAKE, "Origin": OWN}, None),
    ("GET", {**HANDSHAKE, "Origin": EVIL}, "origin"),
    ("GET", {**HANDSHAKE, "Sec-Fetch-Site": "cross-site", "Origin": EVIL}, "cross_site"),
]


def pairs(headers):
    return list(headers.items()) if isinstance(headers, dict) else list(headers)


def test_who_may_and_who_may_not(vestibule, backend, redis):
    program = vestibule(GUARDED)
    sid, cookie = redis.login(user={"id": "u1"})
    refused = {}
    for method, headers, reason in ROWS:
        before = len(backend.requests)
        answer = program.request(method, "/a", [*pairs(headers), ("Cookie", f"sid={cookie}")])
        assert answer.status == (403 if reason else 200), (method, headers)
        assert len(backend.requests) - before == (0 if reason else 1), (method, headers)
        if reason:
            assert json.loads(answer.body) == {"error": "forbidden"}
            assert answer.header("Cache-Control") == "no-store" and not answer.all("Set-Cookie")
            refused[reason] = refused.get(reason, 0) + 1
    for reason, count in refused.items():
        program.wait_metric(count, "vestibule_csrf_refused_total", reason=reason)
    # Lines of different workers may come in any order.
    line = program.wait_log(lambda x: x.get("message") == "cross-site request refused" and x["from"] == EVIL
                            and x["reason"] == "cross_site" and x["method"] == "POST")
    assert line["level"] == "info" and line["path"] == "/a"


def test_routes_without_session_are_nobodys_target(vestibule, backend):
    program = vestibule(GUARDED)
    assert program.request("POST", "/hook/x", {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}).status == 200
    assert program.request("POST", "/other", {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}).status == 403


def test_nothing_changes_without_it(vestibule, backend):
    program = vestibule()
    assert program.request("POST", "/a", {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}).status == 200
    assert program.metric("vestibule_csrf_refused_total") == 0


def test_the_store_is_not_asked_for_refused_requests(vestibule, redis):
    program = vestibule({**GUARDED, "store": {"near_cache": {"enabled": False}}})
    sid, cookie = redis.login(user={"id": "u1"})
    monitor = redis.monitor()
    for _ in range(3):
        assert program.request("POST", "/a", {"Origin": EVIL, "Cookie": f"sid={cookie}"}).status == 403
    assert not [c for c in monitor.commands() if sid in str(c)]
    assert program.request("POST", "/a", {"Origin": OWN, "Cookie": f"sid={cookie}"}).status == 200
    assert [c for c in monitor.commands() if sid in str(c)]
    monitor.close()


def test_behind_a_proxy_that_ends_tls(vestibule, backend):
    """What the browser asked for is what the trusted proxy says; nobody else's word counts."""
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example.test, inner", "Host": "inner:8080"}
    program = vestibule(GUARDED)
    for origin, status in [("https://shop.example.test", 200), ("http://shop.example.test", 403),
                           ("http://inner:8080", 403)]:
        assert program.request("POST", "/a", {**forwarded, "Origin": origin}).status == status, origin
    program = vestibule({**GUARDED, "proxy": {"trusted_proxies": []}})
    for origin, status in [("https://shop.example.test", 403), ("http://inner:8080", 200)]:
        assert program.request("POST", "/a", {**forwarded, "Origin": origin}).status == status, origin


def test_shadow_counts_and_lets_pass(vestibule, backend):
    program = vestibule({"csrf": {"mode": "origin", "shadow": True}})
    assert program.request("POST", "/a", {"Origin": EVIL}).status == 200
    assert backend.last().method == "POST"
    program.wait_metric(1, "vestibule_csrf_shadow_total", reason="origin")
    assert program.metric("vestibule_csrf_refused_total") == 0
    assert program.wait_log(lambda x: x.get("message") == "cross-site request let pass")["from"] == EVIL


@pytest.mark.parametrize("headers, body", [({}, b"a=1"), ({"Content-Length": "100000"}, None),
                                           ({"Expect": "100-continue", "Content-Length": "3"}, None)])
def test_a_refused_body_is_not_the_next_request(vestibule, backend, headers, body):
    program = vestibule(GUARDED)
    with program.client() as client:
        client.send(request_text("POST", "/a", {**headers, "Origin": EVIL}, body))
        answer = client.response()
        assert answer.status == 403 and not answer.interim
        if body is not None:
            client.send(request_text("GET", "/b"))
            assert client.response().status == 200
        else:
            assert answer.header("Connection") == "close"
    assert [r.target for r in backend.requests] == (["/b"] if body is not None else [])


def test_reload_switches_it(vestibule, backend):
    program = vestibule()
    assert program.request("POST", "/a", {"Origin": EVIL}).status == 200
    text = json.loads(program.config.read_text())
    text["csrf"] = {"mode": "origin"}
    program.config.write_text(json.dumps(text))
    program.signal(1)
    program.wait_log(lambda line: line.get("message") == "reloaded")
    end = time.monotonic() + 5  # each worker takes it over when its turn comes
    while program.request("POST", "/a", {"Origin": EVIL}).status != 403:
        assert time.monotonic() < end, "still let through"
