"""Several at once on one session, hundreds of times: over two replicas, each with a backend of its own, and with
Express and others who write it. Nothing is lost, nothing rises again, nobody becomes somebody else."""
import json
import time

import pytest

from harness import cookies
from harness.browser import Browser, changed, patched, steered
from harness.fleet import at_once
from harness.program import SANITIZED, merged
from harness.wire import request
from test_identity import RULES, login

ROUNDS = 40 if SANITIZED else 200


RACING = merged(RULES, {"log": {"access": False},
                        "capture": [*RULES["capture"], {"on": {"path": "/everywhere"}, "destroy": "all"}]})


@pytest.fixture
def pair(fleet):
    return fleet(RACING, steered)


def save(express, browser, n):
    """A save of Express that began, and ends, at about the time of the others."""
    return lambda: express.get(f"/write?pause={n % 8}", browser.cookie)


def test_a_thousand_patches_of_one_session(pair, redis):
    count = 200 if SANITIZED else 1000
    browser = login(Browser(), pair[0])
    sid = browser.sid

    def patches(first):
        for i in range(first, count, 20):
            got = browser.copy().visit(pair[i % 2], answer=patched(**{f"m{i}": i}))
            assert got.status == 200, got

    at_once(*(lambda first=first: patches(first) for first in range(20)))
    stored = json.loads(redis.value(sid))
    assert [i for i in range(count) if stored.get(f"m{i}") != i] == []


def test_patches_beside_the_writes_of_others(pair, redis):
    """An outside client that writes as we do, by compare-and-set, loses nothing to us, nor we to it."""
    swap = ("if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
            "redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') return 1")
    browser = login(Browser(), pair[0])
    key, count = f"sess:{browser.sid}", 100

    def outside():
        for i in range(count):
            while True:
                text = redis.command("GET", key)
                value = {**json.loads(text), f"o{i}": i}
                if redis.command("EVAL", swap, 1, key, text, json.dumps(value)):
                    break

    def inside(which):
        for i in range(count):
            assert browser.copy().visit(pair[which], answer=patched(**{f"p{which}_{i}": i})).status == 200

    at_once(outside, lambda: inside(0), lambda: inside(1))
    stored = json.loads(redis.value(browser.sid))
    for name in ("o", "p0_", "p1_"):
        assert [i for i in range(count) if stored.get(f"{name}{i}") != i] == [], name


def dead(pair, browser, n):
    for program in pair:
        assert browser.copy().visit(program, "/account/").status == 401, n


def test_patch_against_destroy(pair, redis):
    """Whoever is first: the session is gone afterwards, and stays so."""
    for n in range(ROUNDS):
        browser = login(Browser(), pair[n % 2])
        at_once(lambda: browser.copy().visit(pair[0], answer=patched(n=n)),
                lambda: browser.copy().visit(pair[1], "/logout"),
                lambda: browser.copy().visit(pair[1], answer=patched(m=n)))
        assert redis.value(browser.sid) is None, n
        dead(pair, browser, n)


def test_save_of_express_after_logout(pair, redis, express):
    """Of Express itself, around the logout; and again of its value, when all is over."""
    risen = 0
    for n in range(ROUNDS):
        browser = login(Browser(), pair[n % 2])
        sid, text = browser.sid, redis.value(browser.sid)
        at_once(lambda: browser.copy().visit(pair[n % 2], "/logout"), save(express, browser, n),
                lambda: browser.copy().visit(pair[1 - n % 2], "/account/"))
        risen += redis.value(sid) is not None
        dead(pair, browser, n)
        redis.put(sid, text)
        dead(pair, browser, n)
        assert express.get("/whoami", browser.cookie)[1]["user"] is None, "it is out of Redis again"
    assert risen >= ROUNDS // 20, f"Express was late only {risen} times"


def test_patches_and_a_logout_beside_saves_of_express(pair, redis, express):
    for n in range(ROUNDS):
        browser = login(Browser(), pair[n % 2])
        at_once(lambda: browser.copy().visit(pair[0], answer=patched(n=n)), save(express, browser, n),
                lambda: browser.copy().visit(pair[1], "/logout"), save(express, browser, n + 3),
                lambda: browser.copy().visit(pair[1], answer=patched(m=n)))
        dead(pair, browser, n)


def test_parallel_regenerate(pair, redis):
    """Of several that regenerate one session, one wins: one live session is left, and it is the user's."""
    for n in range(ROUNDS):
        browser = login(Browser(), pair[n % 2], f"u{n}")
        copies = [browser.copy() for _ in range(4)]
        at_once(*(lambda b=b, i=i: b.visit(pair[i % 2], answer=changed(X_Session_Regenerate="true"))
                  for i, b in enumerate(copies)))
        assert redis.value(browser.sid) is None
        winners = {b.sid for b in copies if b.sid != browser.sid}
        alive = [sid for sid in winners if redis.value(sid)]
        assert len(alive) == 1, (n, winners)
        winner = Browser()
        winner.cookie = cookies.sign(alive[0])
        assert winner.seen(pair[0], "/account/")["user"] == f"u{n}"


def test_parallel_logins_of_two_users(pair, redis):
    """Each browser that got a cookie is whom its answer logged in."""
    for n in range(ROUNDS):
        visitor = Browser()
        visitor.visit(pair[0], answer=patched(cart=n))
        planted = visitor.sid
        a, b = visitor.copy(), visitor.copy()
        at_once(lambda: a.visit(pair[0], "/login", answer=changed(X_User="a")),
                lambda: b.visit(pair[1], "/login", answer=changed(X_User="b")))
        for browser, user in ((a, "a"), (b, "b")):
            if browser.sid == planted:
                assert browser.visit(pair[0], "/account/").status == 401
            else:
                assert browser.seen(pair[1], "/account/")["user"] == user, n
        assert {a.sid, b.sid} != {planted}, n


@pytest.mark.parametrize("by", ["regenerate", "login"])
def test_a_new_sid_beside_saves_of_express(pair, express, by):
    """What Express saves under the old sid leads nowhere, and the new one is the user's."""
    for n in range(ROUNDS):
        browser = Browser()
        if by == "regenerate":
            login(browser, pair[n % 2], f"u{n}")
        else:
            browser.visit(pair[n % 2], answer=patched(cart=n))
        old = browser.copy()
        act = (lambda: browser.visit(pair[0], answer=changed(X_Session_Regenerate="true"))) if by == "regenerate" \
            else (lambda: login(browser, pair[1], f"u{n}"))
        at_once(act, save(express, old, n), save(express, old, n + 3))
        assert browser.sid != old.sid
        dead(pair, old, n)
        for program in pair:
            assert browser.copy().seen(program, "/account/")["user"] == f"u{n}"
        assert express.get("/whoami", browser.cookie)[1]["user"]["id"] == f"u{n}"


def regenerated(browser, program):
    return lambda: browser.visit(program, answer=changed(X_Session_Regenerate="true"))


@pytest.mark.parametrize("how", ["/logout", "/everywhere", "api"])
def test_a_new_sid_beside_the_end(pair, how):
    """The end finds the session wherever it has gone meanwhile."""
    for n in range(ROUNDS):
        browser = login(Browser(), pair[n % 2], f"u{n}")
        other = login(Browser(), pair[0], f"u{n}")
        mover, ender = browser.copy(), (other if how != "/logout" else browser).copy()
        end = {"api": lambda: request(pair[1].admin_port, "DELETE", f"/api/users/u{n}/sessions", host="localhost")}.get(
            how, lambda: ender.visit(pair[1], how))
        at_once(regenerated(mover, pair[0]), end)
        for each in (browser, mover, *([other] if how != "/logout" else [])):
            if each.cookie:
                dead(pair, each, n)


@pytest.mark.parametrize("how", ["/logout", "/everywhere"])
def test_renewal_beside_the_end(fleet, how):
    pair = fleet(merged(RACING, {"session": {"renew_id": "2s", "renew_grace": "1s"}}), steered)
    logged_in = [login(Browser(), pair[n % 2], f"u{n}") for n in range(ROUNDS // 4)]
    others = [login(Browser(), pair[0], f"u{n}") for n in range(len(logged_in))]
    time.sleep(2.1)
    for n, (browser, other) in enumerate(zip(logged_in, others)):
        copies = [browser.copy() for _ in range(3)]
        ender = other if how == "/everywhere" else copies[2]
        at_once(lambda: copies[0].visit(pair[0]), lambda: ender.visit(pair[1], how), lambda: copies[1].visit(pair[1]))
        for each in (browser, *copies):
            if each.cookie and "anon-" not in each.cookie:
                dead(pair, each, n)


def test_a_login_sent_twice(pair):
    """A double click: each answer's cookie is good, whichever the browser keeps."""
    for n in range(ROUNDS):
        visitor = Browser()
        visitor.visit(pair[0], answer=patched(cart=n))
        copies = [visitor.copy(), visitor.copy()]
        at_once(*(lambda b=b, i=i: login(b, pair[i], f"u{n}") for i, b in enumerate(copies)))
        for browser in copies:
            assert browser.sid != visitor.sid and browser.seen(pair[n % 2], "/account/")["user"] == f"u{n}"
        dead(pair, visitor, n)


@pytest.mark.parametrize("count", [1, 2])
def test_logins_at_once_leave_as_many_as_may_be(fleet, count):
    pair = fleet(merged(RACING, {"session": {"max_per_user": {"count": count}}}), steered)
    for n in range(ROUNDS):
        browsers = [Browser() for _ in range(count + 1)]
        at_once(*(lambda b=b, i=i: login(b, pair[i % 2], f"u{n}") for i, b in enumerate(browsers)))
        alive = [b.copy().visit(pair[n % 2], "/account/").status for b in browsers].count(200)
        assert alive == count, n


@pytest.mark.parametrize("beside", ["login", "regenerate"])
def test_a_patch_beside_a_new_sid(pair, redis, beside):
    """What is in an answer that passed is in the session, under whichever sid."""
    late = []
    for n in range(ROUNDS):
        browser = login(Browser(), pair[0], "u1") if beside == "regenerate" else Browser()
        if beside == "login":
            browser.visit(pair[0], answer=patched(n=0))
        mover, writer = browser.copy(), browser.copy()
        act = regenerated(mover, pair[0]) if beside == "regenerate" else (lambda: login(mover, pair[0], "u1"))
        _, got = at_once(act, lambda: writer.visit(pair[1], answer=patched(cart=n)))
        assert got.status == 200
        if json.loads(redis.value(mover.sid)).get("cart") != n:
            late.append(n)
        assert mover.seen(pair[1])["user"] == "u1"
    # Which it can be that comes when the sid is no longer anybody's.
    gone = sum(p.metric("vestibule_session_changes_total", outcome="gone") for p in pair)
    assert len(late) == gone, (late, gone)
    print(f"beside a {beside}: {gone:.0f} of {ROUNDS} came with a sid that was dead already")


def test_first_patches_of_one_visitor(pair, redis):
    """Two at once find no session: one makes it, both are in it."""
    for n in range(ROUNDS):
        visitor = Browser()
        visitor.visit(pair[0])
        copies = [visitor.copy(), visitor.copy()]
        at_once(*(lambda b=b, i=i: b.visit(pair[i], answer=patched(**{f"m{i}": n})) for i, b in enumerate(copies)))
        stored = [b for b in copies if b.sid != visitor.sid]
        assert len(stored) == 1, "the other one keeps the cookie that it had, for the first one's to come"
        value = json.loads(redis.value(stored[0].sid))
        assert (value["m0"], value["m1"]) == (n, n)
