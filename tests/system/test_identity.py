"""The sid follows who is logged in and how old it is, whoever changed that; what has ended stays ended."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import cookies
from harness.browser import Browser, changed, patched, steered
from harness.node import Express
from harness.program import SLOWER, merged

RULES = {
    "session": {"user": "/user/id"},
    "inject": {"headers": {"X-Session-User": "/user/id", "X-Session-Cart": "/cart", "X-Session-N": "/n"}},
    "backend_control": {"enabled": True},
    "capture": [{"on": {"path": "/login"}, "set": {"/user/id": {"header": "X-User"}}},
                {"on": {"path": "/logout"}, "destroy": True}],
    "routes": [{"match": {"path": "/account/*"}, "session": "required", "require": {"/user/id": "present"}},
               {"match": {"path": "/open/*"}, "session": "optional"}],
}


@pytest.fixture
def pair(vestibule, backend, redis):
    """pair(changes) -> two replicas."""
    backend.script = steered
    return lambda changes=None: (vestibule(merged(RULES, changes or {})), vestibule(merged(RULES, changes or {})))


def login(browser, program, user="u1"):
    browser.visit(program, "/login", answer=changed(X_User=user))
    return browser


def until(what, seconds=3):
    end = time.monotonic() + seconds * SLOWER
    while not (got := what()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)
    return got


def edit(redis, sid, **members):
    """As another client of the store does: the whole value."""
    value = json.loads(redis.value(sid))
    value.update(members)
    redis.command("SET", f"sess:{sid}", json.dumps(value), "KEEPTTL")


def noted(redis, sid):
    return until(lambda: json.loads(redis.value(sid)).get("vestibule"))


# Fixation.

def test_a_planted_cookie_is_worthless_after_the_login(pair):
    one, two = pair()
    attacker = Browser()
    attacker.visit(one, answer=patched(cart=1))  # a stored session, planted in the victim's browser
    victim = attacker.copy()
    login(victim, two)
    assert victim.sid != attacker.sid and victim.seen(one, "/account/")["user"] == "u1"
    for program in (one, two):
        assert attacker.copy().visit(program, "/account/").status == 401
        assert "user" not in attacker.copy().seen(program)


def test_a_login_by_others_in_place_changes_the_sid(pair, redis):
    one, two = pair()
    planted = Browser()
    sid, planted.cookie = redis.login(n=1)
    planted.visit(one)
    assert noted(redis, sid) == {"user": None}
    victim = planted.copy()
    edit(redis, sid, user={"id": "u1"})
    seen = until(lambda: (s := victim.copy().seen(two)) and s.get("user") and s)
    assert seen["user"] == "u1"
    assert redis.value(sid) is None and planted.visit(one, "/account/").status == 401


def test_the_new_sid_comes_with_that_very_answer(pair, redis):
    one, _ = pair({"store": {"near_cache": {"enabled": False}}})
    browser = Browser()
    sid, browser.cookie = redis.login(user={"id": "u1"})
    browser.visit(one)
    assert noted(redis, sid) == {"user": "u1"}
    edit(redis, sid, user={"id": "u2"})
    assert browser.seen(one, "/account/")["user"] == "u2" and browser.sid != sid
    # Out, in place (passport: {}).
    sid = browser.sid
    edit(redis, sid, user={})
    assert browser.visit(one, "/account/").status == 401 and redis.value(sid) is None


def test_a_regenerated_login_of_express_keeps_its_sid(pair, redis):
    one, two = pair()
    browser = Browser()
    sid, browser.cookie = redis.login(user={"id": "u1"})
    assert browser.seen(one, "/account/")["user"] == "u1" and browser.sid == sid
    noted(redis, sid)
    assert browser.seen(two, "/account/")["user"] == "u1" and browser.sid == sid


@pytest.mark.parametrize("by", ["capture", "backend_control"])
def test_who_logs_in_again_gets_a_new_sid_and_a_new_time(pair, redis, by):
    """ASVS 7.2.4, NIST: a new token for each authentication; both timeouts begin anew."""
    one, two = pair({"session": {"absolute_timeout": "1h"},
                     "capture": [{"on": {"path": "/login"}, "set": {"/user/id": {"header": "X-User"}},
                                  "regenerate": True}]})

    def since():
        return json.loads(redis.value(browser.sid))["vestibule"]["since"]

    def again():
        if by == "capture":
            return login(browser, two)
        return browser.visit(two, answer=changed(X_Session_Patch='{"user":{"id":"u1"}}', X_Session_Regenerate="true"))

    browser = login(Browser(), one)
    stolen, first = browser.copy(), since()
    time.sleep(0.05)
    again()
    assert browser.sid != stolen.sid and since() >= first + 50
    assert browser.seen(one, "/account/")["user"] == "u1"
    for program in (one, two):
        assert stolen.copy().visit(program, "/account/").status == 401
    second, sid = since(), browser.sid
    browser.visit(one, answer=changed(X_Session_Regenerate="true"))
    assert browser.sid != sid and since() == second, "a new sid alone is no login"


# Age.

def test_renewal_with_grace(pair, redis):
    one, two = pair({"session": {"renew_id": "2s", "renew_grace": "1s", "touch_interval": "1s"}})
    browser = login(Browser(), one)
    old = browser.copy()
    time.sleep(2.1)
    answers = [old.copy() for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        got = list(pool.map(lambda pair: pair[0].visit(pair[1], "/account/"), zip(answers, [one, two] * 5)))
    seen = [json.loads(answer.body)["x-session-user"] for answer in got]
    assert all("Expires" in c for answer in got for c in cookies.set_cookies(answer, "sid")), "it outlives the browser"
    assert seen == ["u1"] * 10, "parallel requests, and a lost Set-Cookie"
    assert len({b.sid for b in answers}) == 1 and answers[0].sid != old.sid, "all go to the same new one"
    assert redis.value(old.sid) is None
    time.sleep(1.1)
    assert old.copy().visit(one, "/account/").status == 401, "the grace is over"
    assert answers[0].seen(two, "/account/")["user"] == "u1"


def test_absolute_time_survives_renewal(pair, redis):
    one, _ = pair({"session": {"renew_id": "2s", "renew_grace": "1s", "absolute_timeout": "5s",
                               "touch_interval": "1s"}})
    browser = login(Browser(), one)
    begin, since, sids = time.monotonic(), json.loads(redis.value(browser.sid))["vestibule"]["since"], set()
    while (got := browser.visit(one, "/account/")).status == 200:
        sids.add(browser.sid)
        assert json.loads(redis.value(browser.sid))["vestibule"]["since"] == since
        assert time.monotonic() - begin < 7
        time.sleep(0.2)
    assert got.status == 401 and len(sids) >= 2 and 4 < time.monotonic() - begin < 6.5


def test_absolute_time_survives_regenerate_of_express(start, redis):
    app = Express(redis.url)
    try:
        program = start(merged(RULES, {"backends": [{"url": app.url}], "store": {"url": redis.url},
                                       "session": {"absolute_timeout": "1h", "cookie": {"forward": True}},
                                       "capture": []}))
        browser = Browser()
        browser.visit(program, "/login?user=u1&tier=gold")
        first = browser.sid
        browser.visit(program, "/whoami")
        since = until(lambda: json.loads(redis.value(first)).get("vestibule", {}).get("since"))
        time.sleep(0.3)
        browser.visit(program, "/login?user=u1&tier=gold")  # regenerates
        assert browser.sid != first
        carried = until(lambda: json.loads(redis.value(browser.sid)).get("vestibule", {}).get("since"))
        assert carried == since
        browser.visit(program, "/login?user=u2&tier=gold")
        other = browser.sid
        browser.visit(program, "/whoami")
        assert until(lambda: json.loads(redis.value(other)).get("vestibule", {}).get("since")) > since
    finally:
        app.stop()


# Ends.

def test_a_late_save_brings_nothing_back(pair, redis):
    one, two = pair()
    browser = login(Browser(), one)
    replay, text = browser.copy(), redis.value(browser.sid)
    browser.visit(one, "/logout")
    redis.put(replay.sid, text)
    for program in (one, two):
        assert replay.copy().visit(program, "/account/").status == 401
    until(lambda: redis.value(replay.sid) is None)
    assert one.metric("vestibule_sessions_risen_total") + two.metric("vestibule_sessions_risen_total") >= 1
    redis.put(replay.sid, text)  # and again, while both have heard of the end
    assert replay.copy().visit(two, "/account/").status == 401


def test_a_tombstone_lasts_as_configured(pair, redis):
    one, _ = pair({"session": {"tombstone": "2s"}})
    browser = login(Browser(), one)
    sid = browser.sid
    browser.visit(one, "/logout")
    assert 0 < redis.command("TTL", f"vestibule:ended:{{sess:{sid}}}") <= 2


def test_an_express_logout_through_us_is_an_end(start, redis):
    app = Express(redis.url)
    try:
        program = start(merged(RULES, {"backends": [{"url": app.url}], "store": {"url": redis.url}, "capture": [],
                                       "session": {"cookie": {"forward": True}}}))
        browser = Browser()
        browser.visit(program, "/login?user=u1&tier=gold")
        sid, text = browser.sid, redis.value(browser.sid)
        browser.visit(program, "/login?user=u1&tier=gold")  # destroys the first
        until(lambda: redis.command("EXISTS", f"vestibule:ended:{{sess:{sid}}}"))
        redis.put(sid, text)
        ghost = Browser()
        ghost.cookie = cookies.sign(sid)
        assert ghost.visit(program, "/account/").status == 401
    finally:
        app.stop()


# Told.

def test_turns_of_a_session_are_logged(pair, redis):
    one, two = pair({"session": {"absolute_timeout": "1h", "renew_id": "2s", "renew_grace": "1s",
                                 "max_per_user": {"count": 1}}})
    client = "203.0.113.9"
    by = {"X-Forwarded-For": client}

    def told(program, since, count):
        program.access(since=since)
        lines = [x for x in program.lines[since:] if x.get("message", "").startswith("session ")]
        assert len(lines) == count, lines
        return lines

    def act(program, target="/", **more):
        known = len(program.lines)
        browser.visit(program, target, headers=by, **more)
        return known

    def handle():
        return browser.copy().seen(two)["id"]

    browser = Browser()
    line, = told(one, act(one, answer=patched(cart=1)), 1)
    stored = handle()
    assert (line["message"], line["handle"], line["client"]) == ("session stored", stored, client) and line["route"]
    line, = told(one, act(one, "/login", answer=changed(X_User="u1")), 1)
    logged_in = handle()
    assert (line["message"], line["handle"], line["from"]) == ("session login", logged_in, stored)
    line, = told(one, act(one, answer=changed(X_Session_Regenerate="true")), 1)
    regenerated = handle()
    assert (line["message"], line["handle"], line["from"]) == ("session id renewed", regenerated, logged_in)
    time.sleep(2.1)
    line, = told(two, act(two), 1)
    renewed = browser.copy().seen(one)["id"]
    assert (line["message"], line["reason"], line["from"]) == ("session id renewed", "renew_id", regenerated)
    assert line["handle"] == renewed
    known = len(one.lines)
    second = login(Browser(), one)
    line = one.wait_log(lambda x: x.get("reason") == "max_per_user", since=known)
    assert (line["message"], line["handle"]) == ("session ended", renewed)
    browser = second
    second = browser.copy().seen(two)["id"]
    line, = told(one, act(one, "/logout"), 1)
    assert (line["message"], line["reason"], line["handle"]) == ("session ended", "logout", second)
    sid, browser.cookie = redis.login(user={"id": "u1"}, vestibule={"since": 1, "made": 1, "user": "u1"})
    line, = told(one, act(one), 1)
    assert (line["message"], line["reason"]) == ("session ended", "absolute_timeout") and len(line["handle"]) == 22

    three, _ = pair({"log": {"sessions": False}})
    browser = login(Browser(), three)
    browser.visit(three, "/logout")
    assert told(three, 0, 0) == []


# Many sessions of one user.

@pytest.mark.parametrize("kind", ["evict_oldest", "deny"])
def test_max_per_user(pair, redis, kind):
    one, two = pair({"session": {"max_per_user": {"count": 2, "on_excess": kind}}})
    first, second, third = (Browser() for _ in range(3))
    login(first, one)
    redis.command("EXPIRE", f"sess:{first.sid}", 5000)
    login(second, two)
    replay = third.visit(one, "/login", answer=changed(X_User="u1"))
    alive = [b.copy().visit(two, "/account/").status for b in (first, second)]
    if kind == "deny":
        assert replay.status == 403 and third.cookie is None and alive == [200, 200]
        first.visit(one, "/logout")
        login(third, one)
        assert third.visit(two, "/account/").status == 200
    else:
        assert replay.status == 200 and alive == [401, 200] and third.visit(two, "/account/").status == 200
    assert login(Browser(), one, "u2").visit(two, "/account/").status == 200


def test_sessions_of_express_count_too(pair, redis):
    one, two = pair({"session": {"max_per_user": {"count": 1}}})
    browser = Browser()
    sid, browser.cookie = redis.login(user={"id": "u1"})
    assert browser.visit(one, "/account/").status == 200
    until(lambda: redis.command("ZSCORE", "vestibule:user:sess:u1", sid))
    login(Browser(), two)
    assert browser.visit(one, "/account/").status == 401


def test_the_list_mends_itself(pair, redis):
    one, two = pair({"session": {"max_per_user": {"count": 2}}})
    gone, kept = login(Browser(), one), login(Browser(), two)
    redis.command("DEL", f"sess:{gone.sid}")  # by somebody who knows of no list
    redis.command("ZADD", "vestibule:user:sess:u1", 5, "expired long ago")
    third = login(Browser(), one)
    assert kept.visit(one, "/account/").status == 200 and third.visit(two, "/account/").status == 200
    assert sorted(redis.command("ZRANGE", "vestibule:user:sess:u1", 0, -1)) == sorted(
        b.sid.encode() for b in (kept, third))
    assert 0 < redis.command("TTL", "vestibule:user:sess:u1") <= 86400
