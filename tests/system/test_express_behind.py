"""Express behind both replicas (cookie.forward): its logins, logouts and saves are seen in its own answers, and no
cookie that is on its way is overtaken by a dead one."""
import json
import threading
import time

import pytest

from harness import cookies
from harness.browser import Browser, changed, steered
from harness.fleet import at_once
from harness.program import SANITIZED, merged
from test_identity import RULES, login, until

ROUNDS = 10 if SANITIZED else 60
BEHIND = {"session": {"user": "/user/id", "cookie": {"forward": True}}, "inject": RULES["inject"],
          "routes": RULES["routes"], "log": {"access": False}}


@pytest.fixture
def behind(start, express, redis):
    """behind(changes) -> two replicas in front of Express."""
    def factory(changes=None):
        base = merged(BEHIND, {"backends": [{"url": express.url}], "store": {"url": redis.url}})
        return [start(merged(base, changes or {})) for _ in range(2)]

    return factory


def visitor(program):
    """A browser with a session that Express has stored for nobody."""
    browser = Browser()
    assert browser.visit(program, "/write").status == 200 and "anon-" not in browser.cookie
    return browser


def who(browser, program):
    got = browser.copy().visit(program, "/account/")
    return got.status


def allowed(browser, program):
    return who(browser, program) == 404  # from Express


@pytest.mark.parametrize("cache", [True, False], ids=["near_cache", "no_near_cache"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_a_login_in_place_is_its_own_visitors(behind, redis, cache, first):
    """Without regenerate(): whoever planted the cookie and asks all the time does not get the new one, in no round."""
    pair = behind({"store": {"near_cache": {"enabled": cache}}})
    for n in range(ROUNDS // 4):
        planted = visitor(pair[0])
        if not first:
            planted.copy().visit(pair[1], "/whoami")
            until(lambda: "vestibule" in json.loads(redis.value(planted.sid)))
        attacker, victim, over, seen = planted.copy(), planted.copy(), threading.Event(), []

        def poll():
            while not over.is_set():
                got = attacker.visit(pair[1], "/whoami")
                seen.append(json.loads(got.body).get("user"))

        poller = threading.Thread(target=poll)
        poller.start()
        assert victim.visit(pair[0], f"/become?user=u{n}&pause=20", "POST").status == 200
        time.sleep(0.3)
        over.set()
        poller.join()
        assert victim.sid != planted.sid
        assert json.loads(victim.visit(pair[1], "/whoami").body)["user"] == {"id": f"u{n}"}
        # One that Express had in its hands at that moment it answers by itself.
        assert len([user for user in seen if user and user.get("id")]) <= 1, "the attacker was somebody"
        for each in (planted, attacker):
            for program in pair:
                assert each.copy().visit(program, "/account/").status == 401


@pytest.mark.parametrize("how", ["/logout", "/login?user=u1&tier=gold"])
def test_an_end_by_express_is_an_end(behind, redis, express, how):
    """destroy() sets no cookie, regenerate() another one: a save under the old sid brings nothing back."""
    pair = behind()
    for n in range(ROUNDS):
        browser = Browser()
        browser.visit(pair[0], "/login?user=u1&tier=gold")
        old, text = browser.copy(), redis.value(browser.sid)
        at_once(lambda: browser.visit(pair[n % 2], how),
                lambda: (time.sleep(0.03), express.get("/write?pause=30", old.cookie)))
        redis.put(old.sid, text)
        for program in pair:
            assert old.copy().visit(program, "/account/").status == 401, n
        if how != "/logout":
            assert json.loads(browser.visit(pair[1 - n % 2], "/whoami").body)["user"]["id"] == "u1"


def test_a_login_in_place_over_the_limit_is_none(behind, redis):
    """on_excess: deny. It is answered 403, and nothing is left of it, which Express has stored by then."""
    pair = behind({"session": {"max_per_user": {"count": 1, "on_excess": "deny"}}})
    first, second = visitor(pair[0]), visitor(pair[1])
    assert first.visit(pair[0], "/become?user=u1", "POST").status == 200
    assert allowed(first, pair[1])
    known = len(pair[1].lines)
    got = second.copy().visit(pair[1], "/become?user=u1", "POST")
    assert got.status == 403 and got.all("Set-Cookie") == [] and b'"id"' not in got.body
    line = pair[1].wait_log(lambda x: x.get("message") == "login denied", since=known)
    assert line["reason"] == "max_per_user"
    for program in pair:
        assert who(second, program) == 401 and allowed(first, program)
    assert redis.value(second.sid) is None or not redis.value(second.sid).startswith("{")
    assert second.visit(pair[0], "/become?user=u2", "POST").status == 200 and allowed(second, pair[1])


def test_renewal_with_express_behind(behind, redis):
    """It gets the new sid at once, and the session goes on for both."""
    pair = behind({"session": {"renew_id": "2s", "renew_grace": "1500ms", "touch_interval": "1s"}})
    browser = Browser()
    browser.visit(pair[0], "/login?user=u1&tier=gold")
    browser.visit(pair[0], "/whoami")
    until(lambda: json.loads(redis.value(browser.sid)).get("vestibule"))
    old = browser.copy()
    time.sleep(2.2)
    copies = [old.copy() for _ in range(6)]
    got = at_once(*(lambda b=b, i=i: b.visit(pair[i % 2], "/write") for i, b in enumerate(copies)))
    assert {json.loads(g.body)["id"] for g in got} == {copies[0].sid} != {old.sid}
    assert {b.sid for b in copies} == {copies[0].sid}
    late = old.copy()
    told = json.loads(late.visit(pair[1], "/whoami").body)
    assert told["user"]["id"] == "u1" and told["id"] == copies[0].sid == late.sid
    time.sleep(1.6)
    for browser in copies:
        assert json.loads(browser.visit(pair[0], "/whoami").body)["user"]["id"] == "u1"


def test_no_anonymous_cookie_beside_a_login_on_its_way(behind, redis):
    pair = behind()
    browser = Browser()
    browser.visit(pair[0], "/login?user=u1&tier=gold")
    old = browser.copy()
    redis.command("DEL", f"sess:{old.sid}")  # as regenerate() does first
    for mode, issued in (("cors", False), ("no-cors", False), ("navigate", True)):
        got = old.copy().visit(pair[1], "/whoami", headers={"Sec-Fetch-Mode": mode})
        assert bool(cookies.set_cookies(got, "sid")) == issued, mode
    assert cookies.set_cookies(old.copy().visit(pair[1], "/whoami"), "sid"), "who is no browser gets one"


def test_a_slow_answer_brings_no_dead_cookie(vestibule, backend, redis):
    def slow(exchange):
        time.sleep(0.4 if exchange.request.target == "/slow" else 0)
        steered(exchange)

    backend.script = slow
    rules = merged(RULES, {"session": {"touch_interval": "0s"}})
    pair = vestibule(rules), vestibule(rules)
    for n in range(10):
        browser = login(Browser(), pair[0])
        slow_one, other = browser.copy(), browser.copy()
        worker = threading.Thread(target=lambda: slow_one.visit(pair[0], "/slow"))
        worker.start()
        time.sleep(0.1)
        other.visit(pair[1], answer=changed(X_Session_Regenerate="true"))
        worker.join()
        assert slow_one.cookie == browser.cookie != other.cookie, "no Set-Cookie of a sid that is dead by then"


def test_a_session_in_constant_use_stays_in_its_list(vestibule, backend, redis):
    """Others renew it so often that we never have to."""
    backend.script = steered
    rules = merged(RULES, {"capture": [*RULES["capture"], {"on": {"path": "/everywhere"}, "destroy": "all"}]})
    program = vestibule(rules)
    busy = Browser()
    sid = cookies.new_sid()
    redis.put(sid, {"cookie": {"originalMaxAge": 4000}, "user": {"id": "u1"}}, ttl=4)
    busy.cookie = cookies.sign(sid)
    end = time.monotonic() + 7
    while time.monotonic() < end:
        redis.command("EXPIRE", f"sess:{sid}", 4)
        assert busy.copy().visit(program, "/account/").status == 200
        time.sleep(0.3)
    redis.command("EXPIRE", f"sess:{sid}", 100)
    login(Browser(), program).visit(program, "/everywhere")
    assert busy.copy().visit(program, "/account/").status == 401
