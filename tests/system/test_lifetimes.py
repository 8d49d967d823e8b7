"""How long a session lives: idle time and its renewal, absolute time, and ends by others."""
import json
import pathlib
import re
import time

import pytest

from harness import cookies
from harness.program import SLOWER
from harness.scenes import MODES, state


def until_ttl(redis, sid, low, high):
    end = time.monotonic() + 3 * SLOWER
    while not low <= redis.ttl(sid) <= high:
        assert time.monotonic() < end, f"TTL {redis.ttl(sid)} is not in {low}..{high}"
        time.sleep(0.01)


def test_a_session_in_use_is_renewed_and_so_is_its_cookie(vestibule, redis):
    program = vestibule()
    sid, cookie = redis.login(ttl=3000)  # its originalMaxAge is an hour
    text = redis.value(sid)
    renewed, = cookies.set_cookies(program.get("/", cookie=cookie), "sid")
    until_ttl(redis, sid, 3595, 3600)
    assert cookies.unsign(renewed.value) == sid
    assert redis.value(sid) == text, "a touch is an EXPIRE alone"


def test_touches_are_coalesced(vestibule, redis):
    program = vestibule()
    sid, cookie = redis.login(ttl=3600 - 30)
    monitor = redis.monitor()
    for _ in range(10):
        assert not cookies.set_cookies(program.get("/", cookie=cookie), "sid")
    assert not [line for line in monitor.commands() if "expire" in line.lower()]
    redis.command("EXPIRE", f"sess:{sid}", 3600 - 61)
    monitor.commands()  # that one was ours
    for _ in range(10):
        program.get("/", cookie=cookie)
    assert len([line for line in monitor.commands() if "expire" in line.lower()]) == 1
    monitor.close()


def test_touch_interval_zero_renews_every_time(vestibule, redis):
    program = vestibule({"session": {"touch_interval": 0}})
    sid, cookie = redis.login(ttl=3600)
    monitor = redis.monitor()
    for _ in range(3):
        time.sleep(0.01)
        assert cookies.set_cookies(program.get("/", cookie=cookie), "sid")
    assert len([line for line in monitor.commands() if "expire" in line.lower()]) == 3
    monitor.close()


@pytest.mark.parametrize("members, config, expected", [
    ({"originalMaxAge": 1_800_000}, {}, 1800),                          # Express decides for its own
    ({"originalMaxAge": None}, {"idle_timeout": "20m"}, 1200),          # else the configuration does
    ({"originalMaxAge": 1_799_001}, {}, 1800),                          # whole seconds, rounded up
    ({"originalMaxAge": 1_800_000}, {"idle_limit": "10m"}, 600),        # the limit caps both
    ({}, {"idle_timeout": "20m", "idle_limit": "5m"}, 300),
])
def test_what_a_touch_restores(vestibule, redis, members, config, expected):
    program = vestibule({"session": config})
    sid = cookies.new_sid()
    redis.put(sid, {"cookie": members, "user": {"id": "u1"}}, ttl=200)
    assert program.get("/", cookie=cookies.sign(sid)).status == 200
    until_ttl(redis, sid, expected - 5, expected)


LEFT = {"idle": "X-Session-Idle-Left", "absolute": "X-Session-Ends-In", "renewal": "X-Session-Renewal-In"}


def test_the_backend_is_told_how_much_time_is_left(vestibule, backend, redis):
    program = vestibule({"session": {"idle_timeout": "100s", "touch_interval": "20s", "absolute_timeout": "1h",
                                     "renew_id": "30m"},
                         "inject": {"remaining": LEFT},
                         "routes": [{"match": {"path": "/off"}, "session": "off"}]})

    def told(target="/", cookie=None):
        spoofed = {**{name: "999999" for name in LEFT.values()}, "x_session.ends-in": "999999"}
        assert program.get(target, spoofed, cookie=cookie).status == 200
        seen = {key: backend.last().all(name) for key, name in LEFT.items()}
        assert backend.last().header("x_session.ends-in") is None
        return {key: int(*values) for key, values in seen.items() if values}

    sid = cookies.new_sid()
    cookie = cookies.sign(sid)
    now = round(time.time() * 1000)
    redis.put(sid, {"cookie": {"originalMaxAge": None}, "vestibule": {"since": now - 600_000, "made": now - 300_000}},
              ttl=90)
    left = told(cookie=cookie)
    assert 80 <= left["idle"] <= 90, "too early for a touch"
    assert 2980 <= left["absolute"] <= 3000 and 1480 <= left["renewal"] <= 1500
    redis.command("EXPIRE", f"sess:{sid}", 50)
    time.sleep(0.1)
    assert told(cookie=cookie)["idle"] == 100, "this request has touched it"
    assert redis.ttl(sid) > 95
    # A new sid begins its time anew, the session does not.
    redis.put(sid, {"cookie": {"originalMaxAge": None}, "vestibule": {"since": now - 600_000, "made": now - 1_800_000}})
    time.sleep(0.1)
    left = told(cookie=cookie)
    assert left["renewal"] >= 1799 - SLOWER and left["absolute"] <= 3000 and redis.value(sid) is None
    # Nobody's time, and nobody else's word for it.
    assert told() == told("/off", cookie) == told(cookie=cookies.sign(cookies.new_sid())) == {}


def test_idle_sessions_end(vestibule, backend, redis):
    program = vestibule(MODES)
    sid, cookie = redis.login(ttl=3600)
    assert program.get("/required", cookie=cookie).status == 200
    redis.command("PEXPIRE", f"sess:{sid}", 200)
    time.sleep(0.4)
    assert program.get("/required", cookie=cookie).status == 401
    assert program.get("/issue", cookie=cookie).status == 200
    assert state(backend) == "new"


def test_a_session_deleted_by_others_is_gone(vestibule, redis):
    program = vestibule(MODES)
    sid, cookie = redis.login()
    assert program.get("/required", cookie=cookie).status == 200
    redis.command("DEL", f"sess:{sid}")
    assert program.get("/required", cookie=cookie).status == 401
    assert redis.keys() == [], "a touch brings nothing back"


def test_absolute_timeout_ends_the_busiest_session(vestibule, backend, redis):
    program = vestibule({**MODES, "session": {"absolute_timeout": "2s"}})
    sid = cookies.new_sid()
    text = '{"cookie":{"originalMaxAge":3600000},"big":12345678901234567890123,"user":{"id":"u1"}, "x":"\\u00e9"}'
    redis.put(sid, text)
    cookie = cookies.sign(sid)
    begin = time.monotonic()
    assert program.get("/user", cookie=cookie).status == 200
    while (written := redis.value(sid)) == text:
        assert time.monotonic() - begin < 1.5, "nothing was noted"
        time.sleep(0.01)
    assert "since" in json.loads(written)["vestibule"]
    assert written.startswith(text[:-1]), "what was there stays to the byte"
    while program.get("/user", cookie=cookie).status == 200:
        assert redis.value(sid) == written
        assert time.monotonic() - begin < 4, "lives on"
        time.sleep(0.05)
    assert time.monotonic() - begin > 1.5
    assert program.get("/user", cookie=cookie).status == 401
    assert program.get("/issue", cookie=cookie).status == 200 and state(backend) == "new"


def test_a_long_session_is_not_touched_past_its_absolute_end(vestibule, redis):
    program = vestibule({"session": {"absolute_timeout": "10m", "touch_interval": 0}})
    sid, cookie = redis.login(ttl=3600)
    for _ in range(2):
        program.get("/", cookie=cookie)
    until_ttl(redis, sid, 1, 605)


# What NIST SP 800-63B-4 allows in all, and idle; None: it does not say.
LEVELS = {"AAL1": (30 * 86400, None), "AAL2": (86400, 3600), "AAL3": (12 * 3600, 900)}
SETTINGS = pathlib.Path(__file__).parents[2] / "deploy/SECURITY.md"


def until_noted(redis, sid):
    end = time.monotonic() + 3 * SLOWER
    while "since" not in (stored := json.loads(redis.value(sid))).get("vestibule", {}):
        assert time.monotonic() < end, "its beginning is not noted"
        time.sleep(0.01)
    return stored


@pytest.mark.parametrize("level", LEVELS)
def test_the_settings_of_each_assurance_level(vestibule, backend, redis, level):
    """As deploy/SECURITY.md has them, for sessions of our own and for one that Express wants to live for a year."""
    keys = re.search(rf"^session: {{(.*)}} +# {level}$", SETTINGS.read_text(), re.M)[1]
    program = vestibule({**MODES, "session": dict(key.split(": ") for key in keys.split(", ")),
                         "inject": {"remaining": LEFT}, "store": {"near_cache": {"enabled": False}},
                         "capture": [{"on": {"path": "/issue"}, "set": {"/user/id": {"value": "u1"}}}]})
    in_all, idle = LEVELS[level]
    year = 365 * 86400
    redis.put(express := cookies.new_sid(), {"cookie": {"originalMaxAge": year * 1000}, "user": {"id": "u1"}}, ttl=year)
    own, = cookies.set_cookies(program.get("/issue"), "sid")
    for cookie in (own.value, cookies.sign(express)):
        assert program.get("/user", cookie=cookie).status == 200
        until_ttl(redis, cookies.unsign(cookie), 1, min(in_all, idle or in_all) + 1)
        left = {key: int(backend.last().header(name, 0)) for key, name in LEFT.items()}
        assert in_all - 10 * SLOWER <= left["absolute"] <= in_all and 0 < left["idle"] <= (idle or in_all)
        stored = until_noted(redis, cookies.unsign(cookie))
        stored["vestibule"]["since"] -= in_all * 1000
        redis.put(cookies.unsign(cookie), stored)
        assert program.get("/user", cookie=cookie).status == 401, "its cookie is as good as ever"
