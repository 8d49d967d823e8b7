"""Values under a session's key that are no session, or a strange one."""
import json

import pytest

from harness import cookies
from harness.program import SLOWER

CONFIG = {
    "store": {"timeout": f"{250 * SLOWER}ms"},
    "inject": {"headers": {"X-Session-User": "/user/id", "X-Deep": "/a/a/a", "X-Big": "/big"}},
    "routes": [{"match": {"path": "/account"}, "session": "required", "require": {"/user/id": "present"}},
               {"match": {"path": "/*"}, "session": "issue"}],
}

SECRET_TEXT = "TOPSECRET-session-content"
cookies.CONFIDENTIAL.add(SECRET_TEXT)

NO_SESSIONS = {
    "empty": b"",
    "text": SECRET_TEXT.encode(),
    "broken": b'{"cookie":{},"user":{"id":"u1"}',
    "trailing": b'{"cookie":{},"user":{"id":"u1"}}x',
    "two documents": b'{"cookie":{}}{"cookie":{}}',
    "null": b"null",
    "number": b"12",
    "string": b'"s"',
    "array": b"[]",
    "no cookie": b'{"user":{"id":"u1"}}',
    "empty object": b"{}",
    "cookie is text": b'{"cookie":"x","user":{"id":"u1"}}',
    "cookie is null": b'{"cookie":null,"user":{"id":"u1"}}',
    "nul inside": b'{"cookie":{},"user":{"id":"a\x00b"}}',
    "single quotes": b"{'cookie':{},'user':{'id':'u1'}}",
    "comments": b'{"cookie":{} /* x */,"user":{"id":"u1"}}',
    "NaN": b'{"cookie":{},"user":{"id":NaN}}',
    "msgpack": b"\x82\xa6cookie\x80\xa4user\x81\xa2id\xa2u1",
    "1 MB of garbage": SECRET_TEXT.encode() + b"x" * 1_000_000,
    "1 MB without an end": b'{"cookie":{},"a":"' + b"x" * 1_000_000,
    "nested 10,000 arrays": b'{"cookie":{},"user":{"id":"u1"},"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "nested 10,000 objects": b'{"cookie":{},"user":{"id":"u1"},"a":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
    "nested 10,000, never closed": b'{"cookie":{},"a":' + b"[" * 10_000,
    "nested 10,000 in cookie": b'{"cookie":{"a":' + b"[" * 10_000 + b"]" * 10_000 + b'},"user":{"id":"u1"}}',
    "5 MB": b'{"cookie":{},"user":{"id":"u1"},"a":"' + b"x" * 5_000_000 + b'"}',
}


def test_what_is_no_session_is_never_shown_nor_deleted(vestibule, backend, redis):
    program = vestibule(CONFIG)
    before = program.metrics()
    for what, value in NO_SESSIONS.items():
        sid = cookies.new_sid()
        redis.put(sid, value, ttl=1000)
        cookie = cookies.sign(sid)
        for _ in range(2):
            denied = program.get("/account", cookie=cookie)
            assert denied.status == 401, f"{what}: {denied}"
            answer = program.get("/", cookie=cookie)
            assert answer.status == 200, f"{what}: {answer}"
            assert backend.last().header("X-Session-User") is None, what
            assert backend.last().header("X-Session-State") == "new", what
        for shown in (denied, answer):
            assert SECRET_TEXT.encode() not in shown.body + str(shown.headers).encode()
        assert redis.command("GET", f"sess:{sid}") == value, f"{what}: changed"
        assert 990 <= redis.ttl(sid) <= 1000, f"{what}: touched"
    assert len(redis.keys()) == len(NO_SESSIONS)
    after = program.metrics()
    grown = [name for name in after if "malformed" in name and after[name] - before.get(name, 0) >= len(NO_SESSIONS)]
    assert grown, f"counted nowhere: {after}"
    program.wait_log(lambda line: line.get("level") in ("warn", "error") and "session" in line.get("message", ""))


def test_a_key_of_another_type_is_no_session(vestibule, backend, redis):
    program = vestibule(CONFIG)
    sid = cookies.new_sid()
    redis.command("RPUSH", f"sess:{sid}", "a", "b")
    assert program.get("/account", cookie=cookies.sign(sid)).status == 401
    assert program.get("/", cookie=cookies.sign(sid)).status == 200
    assert redis.command("LLEN", f"sess:{sid}") == 2


STRANGE_SESSIONS = {
    "empty cookie": '{"cookie":{},"user":{"id":"u1"}}',
    "expired long ago": '{"cookie":{"originalMaxAge":60000,"expires":"2001-01-01T00:00:00.000Z"},"user":{"id":"u1"}}',
    "no expiry": '{"cookie":{"originalMaxAge":null,"expires":null},"user":{"id":"u1"}}',
    "expires is false": '{"cookie":{"expires":false},"user":{"id":"u1"}}',
    "far future": '{"cookie":{"originalMaxAge":9e12,"expires":"2300-01-01T00:00:00.000Z"},"user":{"id":"u1"}}',
    "text as originalMaxAge": '{"cookie":{"originalMaxAge":"TOPSECRET"},"user":{"id":"u1"}}',
    "negative originalMaxAge": '{"cookie":{"originalMaxAge":-5},"user":{"id":"u1"}}',
    "huge originalMaxAge": '{"cookie":{"originalMaxAge":1e308},"user":{"id":"u1"}}',
    "original of twenty digits": '{"cookie":{"originalMaxAge":99999999999999999999},"user":{"id":"u1"}}',
    "member twice, the last counts": '{"user":{"id":"u0"},"cookie":{},"user":{"id":"u1"}}',
    "cookie twice": '{"cookie":"x","user":{"id":"u1"},"cookie":{}}',
    "blanks": ' \n\t{ "cookie" : { } , "user" : { "id" : "u1" } }\r\n ',
    "escaped names": r'{"c\u006fokie":{},"us\u0065r":{"\u0069d":"\u00751"}}',
    "lone surrogate elsewhere": r'{"cookie":{},"x":"\ud800","user":{"id":"u1"}}',
    "prototype names": '{"cookie":{},"__proto__":{"id":"x"},"constructor":1,"user":{"id":"u1"}}',
    "60 levels": '{"cookie":{},"a":' + "[" * 60 + "]" * 60 + ',"user":{"id":"u1"}}',
    "1 MB": '{"cookie":{},"big":"' + "x" * 1_000_000 + '","user":{"id":"u1"}}',
    "100,000 members": '{"cookie":{},' + ",".join(f'"k{n}":{n}' for n in range(100_000)) + ',"user":{"id":"u1"}}',
}


@pytest.mark.parametrize("what", STRANGE_SESSIONS)
def test_strange_sessions_are_sessions(vestibule, backend, redis, what):
    program = vestibule({**CONFIG, "inject": {"headers": {"X-Session-User": "/user/id"}}})
    sid = cookies.new_sid()
    redis.put(sid, STRANGE_SESSIONS[what], ttl=3000)
    answer = program.get("/account", cookie=cookies.sign(sid))
    assert answer.status == 200, answer
    assert backend.last().header("X-Session-User") == "u1"
    assert redis.value(sid) == STRANGE_SESSIONS[what], "a read changes no byte"
    assert redis.ttl(sid) > 0


def test_bytes_that_are_not_utf8_do_no_harm(vestibule, backend, redis):
    program = vestibule(CONFIG)
    sid = cookies.new_sid()
    value = b'{"cookie":{},"user":{"id":"\xff\xc3\x28\xfe"}}'
    redis.put(sid, value)
    assert program.get("/account", cookie=cookies.sign(sid)).status in (200, 401)
    for request in backend.requests:
        assert request.header("X-Session-User", "").isprintable()
    assert redis.command("GET", f"sess:{sid}") == value


def test_a_value_too_big_for_a_header_does_no_harm(vestibule, backend, redis):
    program = vestibule(CONFIG)
    sid = cookies.new_sid()
    redis.put(sid, json.dumps({"cookie": {}, "user": {"id": "u1"}, "big": "x" * 1_000_000}))
    answer = program.get("/account", {"X-Big": "spoofed"}, cookie=cookies.sign(sid))
    assert answer.status < 600 and answer.complete
    assert "spoofed" not in [value for request in backend.requests for _, value in request.headers]
    assert program.get("/").status == 200


def test_a_session_without_expiry_gets_one(vestibule, redis):
    program = vestibule({**CONFIG, "session": {"idle_timeout": "10m"}})
    sid = cookies.new_sid()
    redis.put(sid, '{"cookie":{"originalMaxAge":null,"expires":null},"user":{"id":"u1"}}', ttl=None)
    assert program.get("/account", cookie=cookies.sign(sid)).status == 200
    program.stop()
    assert 590 <= redis.ttl(sid) <= 600
