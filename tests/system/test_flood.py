"""Limits for each client address: new sessions, and cookies that lead nowhere. Who has a session goes on."""
import signal
import time

import pytest

from harness import cookies
from harness.program import SANITIZED
from harness.scenes import MODES, state
from harness.wire import request_text


def by(address, **headers):
    return {"X-Forwarded-For": address, **headers}


def guess():
    """A cookie nobody signed."""
    return cookies.sign(cookies.new_sid(), "another secret that is not ours")


def unknown():
    """A signed cookie of a session that is no more."""
    return cookies.sign(cookies.new_sid())


def test_new_sessions(vestibule, backend, redis):
    program = vestibule({**MODES, "flood": {"new_sessions": 5}})
    answers = []
    for _ in range(8):
        answers.append(program.get("/issue", by("203.0.113.7")))
        answers[-1].state = state(backend)
    assert [a.status for a in answers] == [200] * 8, "nobody is turned away"
    assert [a.state for a in answers] == ["new"] * 5 + ["none"] * 3
    assert [len(cookies.set_cookies(a, "sid")) for a in answers] == [1] * 5 + [0] * 3
    assert backend.last().header("X-Session-Id") is None
    program.wait_metric(3, "vestibule_flood_limited_total", kind="new_sessions")
    assert program.metric("vestibule_sessions_created_total") == 5

    # Those who have one, anonymous or stored, and those elsewhere, are not concerned.
    assert program.get("/issue", by("203.0.113.8")).all("Set-Cookie") and state(backend) == "new"
    first = cookies.set_cookies(answers[0], "sid")[0].value
    _, live = redis.login(user={"id": "u1"})
    for cookie in (first, live):
        program.get("/issue", by("203.0.113.7"), cookie=cookie)
        assert state(backend) == "active"

    line = program.wait_log(lambda x: x.get("message") == "flood limit passed")
    assert (line["kind"], line["client"], line["limit"]) == ("new_sessions", "203.0.113.7", 5)
    assert sum(x.get("message") == "flood limit passed" for x in program.lines) == 1, "said once"


STORING = {
    "patch": {"backend_control": {"enabled": True}},
    "vault": {"vault": {"cookies": ["*"]}},
    "capture": {"capture": [{"on": {"path": "/*"}, "set": {"/seen": {"value": "1"}}}]},
}


@pytest.mark.parametrize("how", STORING)
@pytest.mark.parametrize("route", ["/issue", "/optional", "/issue again"])
def test_what_answers_put_into_sessions_is_stored_for_so_many_only(vestibule, backend, redis, how, route):
    """The backend has something for everybody: crawlers must not fill the store, with one anonymous cookie neither."""
    again = route.endswith("again")
    program = vestibule({**MODES, **STORING[how], "flood": {"new_sessions": 5}})
    cookie = None
    if again:
        cookie = cookies.set_cookies(program.get("/off/../issue", {"X-Forwarded-For": "203.0.113.99"}), "sid")[0].value
        redis.command("FLUSHALL")
    backend.script = lambda x: x.reply(200, {"patch": {"X-Session-Patch": '{"cart":1}'}, "capture": {},
                                             "vault": {"Set-Cookie": "PHPSESSID=abc; Path=/"}}[how], b"page")
    for _ in range(20):
        answer = program.get(route.split()[0], by("203.0.113.7"), cookie=cookie)
        assert answer.status == 200 and answer.body == b"page"
    # Who comes again with the cookie of before gets to what the first answer stored.
    sessions = 1 if again and how != "capture" else 5
    assert len(redis.command("KEYS", "sess:*")) == sessions
    assert redis.command("DBSIZE") <= sessions + 1, "and at most a note of where the anonymous one went"
    stored = program.metric("vestibule_sessions_stored_total")
    assert stored == sessions + (again and how == "capture")
    program.wait_metric(15, "vestibule_flood_limited_total", kind="new_sessions")


def test_a_login_is_never_limited(vestibule, backend, redis):
    program = vestibule({**MODES, "flood": {"new_sessions": 1},
                         "capture": [{"on": {"method": "POST", "path": "/login"},
                                      "set": {"/user/id": {"header": "X-U"}}}]})
    backend.script = lambda x: x.reply(200, {"X-U": "ada"})
    for _ in range(5):
        answer = program.request("POST", "/login", by("203.0.113.7"))
        assert program.get("/user", cookie=cookies.set_cookies(answer, "sid")[0].value).status == 200


def test_reload_forgets_nobody(vestibule, backend):
    program = vestibule({"flood": {"new_sessions": 2}})
    changes = {"backends": [{"url": backend.url}], "store": {"url": "memory:"}}

    def states(count):
        out = []
        for _ in range(count):
            program.get("/", by("203.0.113.7"))
            out.append(state(backend))
        return out

    assert states(3) == ["new", "new", "none"]
    for limit, expected in ((2, ["none"]), (3, ["new"])):
        known = len(program.lines)
        program.configure({**changes, "flood": {"new_sessions": limit}})
        program.signal(signal.SIGHUP)
        program.wait_log(lambda line: line.get("message") == "reloaded", since=known)
        assert states(1) == expected, "a new limit counts anew"


def test_one_network_of_ipv6_is_one_client(vestibule, backend):
    program = vestibule({"flood": {"new_sessions": 2}})
    states = []
    for address in ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1"):
        program.get("/", by(address))
        states.append(state(backend))
    assert states == ["new", "new", "none", "new"]


def test_the_whole_process_counts_together(vestibule, backend):
    """Each connection may land on another worker."""
    program = vestibule({"workers": 4, "flood": {"new_sessions": 10}})
    for _ in range(40):
        assert program.get("/", by("203.0.113.7")).status == 200
    assert [r.header("X-Session-State") for r in backend.requests].count("new") == 10


def test_failed_cookies(vestibule, backend, redis):
    program = vestibule({**MODES, "flood": {"failed_cookies": 6}, "store": {"near_cache": {"enabled": False}}})
    _, live = redis.login(user={"id": "u1"})
    attacker = by("203.0.113.7")
    for make in (guess, unknown, lambda: "s%3Arubbish" + cookies.new_sid()):
        for path in ("/issue", "/optional"):
            assert program.get(path, attacker, cookie=make()).status == 200
    backend.clear()
    for path in ("/issue", "/optional", "/required", "/page"):
        for make in (guess, unknown, lambda: "rubbish"):
            answer = program.get(path, attacker, cookie=make())
            assert answer.status == 429 and not answer.all("Set-Cookie"), path
            assert 1 <= int(answer.header("Retry-After")) <= 61
            assert answer.header("Cache-Control") == "no-store"
    assert backend.requests == []
    program.wait_metric(12, "vestibule_flood_limited_total", kind="failed_cookies")
    line = program.wait_log(lambda x: x.get("message") == "flood limit passed")
    assert line["kind"] == "failed_cookies" and line["client"] == "203.0.113.7"

    # Behind the same address: a live session goes on, also beside a dead cookie; so does who brings none.
    for cookie in (live, f"{guess()}; sid={live}", f"{unknown()}; sid={live}"):
        for path in ("/required", "/issue", "/optional"):
            assert program.get(path, attacker, cookie=cookie).status == 200
            assert state(backend) == "active"
    assert program.get("/optional", attacker).status == 200
    fresh = cookies.set_cookies(program.get("/issue", attacker), "sid")[0].value
    assert program.get("/issue", attacker, cookie=fresh).status == 200 and state(backend) == "active"
    # Where cookies are not looked at none fails; and other addresses are others.
    assert program.get("/off", attacker, cookie=guess()).status == 200
    assert program.get("/issue", by("203.0.113.8"), cookie=guess()).status == 200


def test_a_forged_signature_never_reaches_the_store(vestibule, redis):
    program = vestibule({"flood": {"failed_cookies": 2}, "store": {"near_cache": {"enabled": False}}})
    sids = [cookies.new_sid() for _ in range(20)]
    monitor = redis.monitor()
    statuses = [program.get("/", by("203.0.113.7"), cookie=cookies.sign(sid, "not the secret")).status
                for sid in sids]
    assert statuses == [200] * 2 + [429] * 18
    assert not [c for c in monitor.commands() if any(sid in str(c) for sid in sids)]
    monitor.close()


def test_a_dead_cookie_that_is_kept_is_one_failure(vestibule, backend):
    """A browser goes on sending it where nothing replaces it; that is no guessing."""
    program = vestibule({**MODES, "flood": {"failed_cookies": 3}})
    for dead in (unknown(), guess()):
        for _ in range(10):
            assert program.get("/optional", by("203.0.113.7"), cookie=dead).status == 200
    program.get("/optional", by("203.0.113.7"), cookie=guess())
    assert program.get("/optional", by("203.0.113.7"), cookie=guess()).status == 429


def test_many_guesses_in_one_request(vestibule, backend):
    program = vestibule({"flood": {"failed_cookies": 10}})
    many = "; ".join(f"sid={guess()}" for _ in range(11))
    assert program.get("/", {**by("203.0.113.7"), "Cookie": many}).status == 429
    assert backend.requests == []


def test_an_outage_is_no_failed_cookie(vestibule, redis_server, backend, redis):
    program = vestibule({**MODES, "flood": {"failed_cookies": 2},
                         "store": {"on_failure": "anonymous", "near_cache": {"enabled": False}}})
    _, live = redis.login(user={"id": "u1"})
    redis_server.kill()
    try:
        for _ in range(6):
            assert program.get("/optional", by("203.0.113.7"), cookie=live).status == 200
            assert state(backend) == "none"
    finally:
        redis_server.start()


def test_windows_end(vestibule, backend):
    program = vestibule({"flood": {"new_sessions": 1, "failed_cookies": 1, "window": "1s"}})
    program.get("/", by("203.0.113.7"))
    program.get("/", by("203.0.113.7"))
    assert state(backend) == "none"
    program.get("/", by("203.0.113.7"), cookie=guess())
    answer = program.get("/", by("203.0.113.7"), cookie=guess())
    assert answer.status == 429 and answer.header("Retry-After") == "1"
    time.sleep(1.1)
    assert program.get("/", by("203.0.113.7"), cookie=guess()).status == 200
    assert state(backend) == "new"


def test_off_by_default(vestibule, backend):
    program = vestibule()
    for _ in range(200):
        assert program.get("/", by("203.0.113.7"), cookie=guess()).status == 200
    assert {r.header("X-Session-State") for r in backend.requests} == {"new"}


def test_more_addresses_than_there_is_room_for(vestibule, backend):
    program = vestibule({"flood": {"new_sessions": 1, "max_addresses": 64}})
    before = program.rss()
    with program.client() as client:
        for i in range(2000):
            client.send(request_text("GET", "/", by(f"10.0.{i // 250}.{i % 250}")))
            assert client.response().status == 200
    assert {r.header("X-Session-State") for r in backend.requests} == {"new"}
    if not SANITIZED:
        assert program.rss() - before < 8 * 1024 * 1024
