"""backend_control: what headers of the backend's answer do to the session."""
import json

import pytest

from harness.browser import Browser, changed, patched, steered
from test_capture import RULES

CONTROLLED = {**RULES, "backend_control": {"enabled": True, "allow": ["user", "cart"]}}
SPELLINGS = ["X-Session-Patch", "x_session.patch", "X-SESSION_DESTROY", "X~Session~Regenerate"]


@pytest.fixture
def controlled(vestibule, backend):
    backend.script = steered
    return vestibule(CONTROLLED)


def test_patches(controlled, redis):
    browser = Browser()
    got = browser.visit(controlled, answer=patched(cart={"a": 1, "b": {"c": 2}}))
    assert got.status == 200 and not [name for name, _ in got.headers if "session" in name.lower()]
    sid = browser.sid
    browser.visit(controlled, answer=patched(cart={"a": None, "b": {"d": 3}}))
    assert browser.sid == sid
    assert json.loads(redis.value(sid))["cart"] == {"b": {"c": 2, "d": 3}}
    browser.visit(controlled, answer=patched(user={"id": "u1"}))
    assert browser.sid != sid and browser.seen(controlled, "/account/")["user"] == "u1"


@pytest.mark.parametrize("patch", ["{", "[]", '{"cookie":{"expires":null}}', '{"vestibule":null}', '{"other":1}',
                                   '{"__proto__":{}}'])
def test_bad_patches_are_refused_and_the_answer_passes(controlled, redis, patch):
    browser = Browser()
    browser.visit(controlled, answer=patched(cart=1))
    before = redis.value(browser.sid)
    got = browser.visit(controlled, answer={"body": "page", **changed(X_Session_Patch=patch)})
    assert got.status == 200 and got.body == b"page" and redis.value(browser.sid) == before
    assert controlled.metric("vestibule_session_changes_total", outcome="refused") == 1
    controlled.wait_log(lambda line: line.get("message") == "backend's change of the session refused")


def test_regenerate_and_destroy_by_header(controlled):
    browser = Browser()
    browser.visit(controlled, answer=patched(user={"id": "u1"}))
    old = browser.copy()
    browser.visit(controlled, answer=changed(X_Session_Regenerate="true"))
    assert browser.cookie != old.cookie and old.visit(controlled, "/account/").status == 401
    other = Browser()
    other.visit(controlled, answer=patched(user={"id": "u1"}))
    browser.visit(controlled, answer=changed(X_Session_Destroy="all"))
    assert browser.cookie is None and other.visit(controlled, "/account/").status == 401


def test_a_destroy_counts_beside_what_is_wrong(controlled):
    twice = [["X-Session-Patch", "{}"], ["X-Session-Patch", "{}"]]
    for headers in (twice + [["X-Session-Destroy", "true"]], [["X-Session-Destroy", "true"]] + twice):
        browser = Browser()
        browser.visit(controlled, answer=patched(user={"id": "u1"}))
        kept = browser.copy()
        browser.visit(controlled, answer={"headers": headers})
        assert browser.cookie is None and kept.visit(controlled, "/account/").status == 401
    assert controlled.metric("vestibule_session_changes_total", outcome="refused") == 2


@pytest.mark.parametrize("header", ["X-Session-Regenerate", "X-Session-Destroy"])
def test_what_is_neither_yes_nor_no_is_told(controlled, header):
    browser = Browser()
    browser.visit(controlled, answer=patched(user={"id": "u1"}))
    browser.visit(controlled, answer={"headers": [[header, "yes"]]})
    line = controlled.wait_log(lambda line: line.get("message") == "backend's change of the session refused")
    assert header in line["reason"] and browser.seen(controlled, "/account/")["user"] == "u1"


UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
           ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]


def switching(*fields):
    head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", *fields]
    return lambda x: (x.send("\r\n".join(head) + "\r\n\r\n"), x.close())


def test_a_handshake_may_steer(controlled, backend, redis):
    backend.script = switching('X-Session-Patch: {"cart":1}')
    browser = Browser()
    got = browser.visit(controlled, "/", headers=UPGRADE)
    assert got.status == 101 and not got.all("X-Session-Patch")
    assert json.loads(redis.value(browser.sid))["cart"] == 1
    sid = browser.sid
    backend.script = switching("X-Session-Destroy: true")
    got = browser.visit(controlled, "/", headers=UPGRADE)
    assert got.status == 101 and browser.cookie is None and redis.value(sid) is None


@pytest.mark.parametrize("rules", [RULES, CONTROLLED], ids=["off", "on"])
def test_control_headers_never_reach_the_client(vestibule, backend, redis, rules):
    backend.script = steered
    program = vestibule(rules)
    for path in ("/", "/off/x", "/open/x"):
        answer = {"headers": [[name, "x"] for name in SPELLINGS] + [["X-Session-Other", "kept"]]}
        got = Browser().visit(program, path, answer=answer)
        assert got.status == 200 and got.header("X-Session-Other") == "kept"
        assert not {name for name, _ in got.headers} & set(SPELLINGS), got.headers


def test_off_by_default(vestibule, backend, redis):
    backend.script = steered
    program, browser = vestibule(RULES), Browser()
    browser.visit(program, answer=patched(user={"id": "admin"}))
    assert browser.visit(program, "/account/").status == 401 and redis.keys() == []
