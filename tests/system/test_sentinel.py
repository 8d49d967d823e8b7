"""Redis Sentinel: the program goes where the primary is, and nobody is logged out on the way."""
import json
import time

import pytest

from harness import acl, cookies
from harness.browser import Browser, patched, steered
from harness.program import SLOWER, merged
from harness.sentinel import NAME, Sentinels
from harness.visitors import VISITED, Site

AGAIN = 2.0  # everybody is served within that after the new primary's promotion
PASSWORD, OTHER_PASSWORD = "the-password-of-the-data", "the-password-of-the-sentinels"
cookies.CONFIDENTIAL.update({PASSWORD, OTHER_PASSWORD})


@pytest.fixture
def own(tmp_path_factory):
    """own(...) -> Sentinels of the test's own."""
    made = []

    def factory(**kind):
        made.append(Sentinels(tmp_path_factory.mktemp("s"), down_after=700 * SLOWER, **kind))
        return made[-1]

    yield factory
    for each in made:
        each.stop()


@pytest.fixture
def in_front(start, backend):
    """in_front(sentinels, store=..., ...) -> a program whose sessions are there."""
    backend.script = steered

    def factory(sentinels, store=None, near=False, **more):
        where = {"url": sentinels.url, "near_cache": {"enabled": near, "max_stale": "30s"}}
        if sentinels.tls:
            where["tls"] = {"ca": sentinels.tls["ca"]}
        if sentinels.sentinel_password:
            where["sentinel"] = {"user": sentinels.sentinel_user, "password": sentinels.sentinel_password}
        changes = {**VISITED, "backends": [{"url": backend.url}], "store": merged(where, store or {})}
        return start(changes, **more)

    return factory


@pytest.mark.parametrize("how, near", [("killed", False), ("killed", True), ("frozen", True), ("by command", False)])
def test_failover(own, in_front, how, near):
    """What was acknowledged and is on the replicas stays; nobody is logged out; all is well soon after the promotion.
    Sessions in the near cache do not even notice."""
    sentinels = own()
    site = Site(in_front(sentinels, near=near), sentinels)
    with site:
        replicated = sentinels.wait_replicated()
        before = sentinels.primary()
        begin = time.monotonic()
        {"killed": before.kill, "frozen": before.freeze, "by command": sentinels.failover}[how]()
        promoted = sentinels.wait_promoted(before)
        again = site.served_again(promoted)
        if how == "frozen":
            before.thaw()  # it takes itself for the primary until it is told
        time.sleep(0.5)
    print(f"{how}{', near cache' * near}: {site.told(begin, promoted, again)}")
    after = [v for v in site.writers.all(promoted + AGAIN) if v.wrote]
    site.assert_all_was_right(replicated)
    assert again < AGAIN * SLOWER
    if near:
        assert not [v for v in site.readers.all() if v.status != 200], "a session in use was not bridged"
    assert not after or after[-1].status == 200


def test_the_old_primary_comes_back(own, in_front):
    """Empty, and as a primary, until the sentinels tell it otherwise. Nobody asks it."""
    sentinels = own()
    site = Site(in_front(sentinels), sentinels)
    with site:
        sentinels.wait_replicated()
        before = sentinels.kill_primary()
        promoted = sentinels.wait_promoted(before)
        site.served_again(promoted)
        before.start()
        back = time.monotonic()
        time.sleep(3)
    assert not site.failed(back)
    site.assert_all_was_right()


def test_a_replica_that_lags_never_says_that_there_is_no_session(own, in_front):
    """The sentinels name one that is none of the primary's time; its role betrays it."""
    sentinels = own()
    primary, lagging = sentinels.primary(), sentinels.replicas()[0]
    lagging.command("REPLICAOF", "127.0.0.1", 1)
    program = in_front(sentinels)
    browser = Browser()
    sid, browser.cookie = sentinels.login(user={"id": "u1"})
    assert browser.seen(program, "/user")["user"] == "u1"
    assert lagging.value(sid) is None
    sentinels.point_to(lagging)
    for kind in ("normal", "pubsub"):
        primary.command("CLIENT", "KILL", "TYPE", kind)
    end = time.monotonic() + 2
    statuses = []
    while time.monotonic() < end:
        statuses.append(browser.visit(program, "/user").status)
        time.sleep(0.01)
    assert set(statuses) <= {200, 503} and statuses[-1] == 503, statuses
    sentinels.point_to(primary)
    end = time.monotonic() + AGAIN * SLOWER
    while browser.visit(program, "/user").status != 200:
        assert time.monotonic() < end, "not served again"
        time.sleep(0.01)


def test_a_replica_dies(own, in_front):
    """Nobody notices, one after the other."""
    sentinels = own()
    site = Site(in_front(sentinels), sentinels)
    with site:
        for replica in sentinels.replicas():
            replica.kill()
            time.sleep(0.5)
    assert not site.failed()
    site.assert_all_was_right()


def test_sentinels_die(own, in_front):
    """The first of them before the program starts, the second while it runs; they are still two, then, to decide."""
    sentinels = own(count=4)
    sentinels.sentinels[0].kill()
    program = in_front(sentinels)
    site = Site(program, sentinels)
    with site:
        replicated = sentinels.wait_replicated()
        sentinels.sentinels[1].freeze()
        time.sleep(0.3)
        assert not site.failed(), "they are not asked for every request"
        sentinels.sentinels[1].thaw()
        before = sentinels.kill_primary()
        again = site.served_again(sentinels.wait_promoted(before))
    site.assert_all_was_right(replicated)
    assert again < AGAIN * SLOWER


def test_without_any_sentinel(own, in_front):
    """The primary that is known is good enough; a program that starts knows none, and waits."""
    sentinels = own()
    site = Site(in_front(sentinels), sentinels)
    with site:
        for sentinel in sentinels.sentinels:
            sentinel.stop()
        time.sleep(1)
        late = in_front(sentinels, ready=False)
        browser = Browser()
        _, browser.cookie = sentinels.login(user={"id": "late"})
        refused = browser.visit(late, "/user")
        assert refused.status == 503 and refused.header("Retry-After"), refused
        assert late.admin("/readyz").status == 503
        for sentinel in sentinels.sentinels:
            sentinel.start()
        late.wait_ready(5)
        end = time.monotonic() + AGAIN * SLOWER
        while not all(browser.visit(late, "/user").status == 200 for _ in range(10)):  # of every worker
            assert time.monotonic() < end, "not served"
    assert not site.failed()
    site.assert_all_was_right()


KINDS = {
    "a password of the data": {"password": PASSWORD},
    "a user of the data": {"user": "app", "password": PASSWORD},
    "a password of the sentinels": {"sentinel_password": OTHER_PASSWORD},
    "TLS": {"tls": True},
    "TLS and both": {"tls": True, "user": "app", "password": PASSWORD, "sentinel_password": OTHER_PASSWORD},
}


@pytest.mark.parametrize("kind", KINDS)
def test_passwords_and_tls(own, in_front, certificate, kind):
    """Sessions are read and written before a failover and after it."""
    options = KINDS[kind]
    if options.get("tls"):
        options = {**options, "tls": certificate}
    lives_through_a_failover(own(**options), in_front)


@pytest.mark.parametrize("near", [False, True], ids=["asking", "near"])
def test_with_the_smallest_rights(own, in_front, near):
    """Of the data and of the sentinels, as operators are told; Redis has nothing to note."""
    sentinels = own(user="app", password=PASSWORD, rights=acl.rights(acl.STORE, acl.PRIMARY_OF_SENTINELS),
                    sentinel_user="looker", sentinel_password=OTHER_PASSWORD,
                    sentinel_rights=acl.rights(acl.SENTINEL))
    program = lives_through_a_failover(sentinels, in_front, near)
    assert program.metric("vestibule_near_cache_open") == (2 if near else 0)
    for server in [*sentinels.nodes, *sentinels.sentinels]:
        assert acl.refused(server) == []


def lives_through_a_failover(sentinels, in_front, near=False):
    program = in_front(sentinels, near=near)
    browser = Browser()
    sid, browser.cookie = sentinels.login(user={"id": "u1"})
    assert browser.seen(program, "/user")["user"] == "u1"
    assert browser.visit(program, "/user", answer=patched(before=1)).status == 200
    sentinels.wait_replicated()
    sentinels.wait_promoted(sentinels.failover())
    end = time.monotonic() + AGAIN * SLOWER
    while browser.visit(program, "/user", answer=patched(after=1)).status != 200:
        assert time.monotonic() < end, "not served again"
        time.sleep(0.01)
    stored = json.loads(sentinels.value(sid))
    assert stored["before"] == stored["after"] == 1
    return program


def nowhere(program):
    """It has no store, says so, and takes nobody's cookie."""
    answer = program.get("/user", cookie=cookies.sign(cookies.new_sid()))
    assert answer.status == 503 and not answer.all("Set-Cookie")
    assert program.admin("/readyz").status == 503
    program.wait_log(lambda line: line.get("level") in ("warn", "error"))


def test_wrong_settings_are_said(own, in_front):
    sentinels = own(sentinel_password=OTHER_PASSWORD)
    nowhere(in_front(sentinels, store={"sentinel": {"user": "", "password": "not the right one"}}, ready=False))
    other = in_front(sentinels, store={"url": sentinels.url.replace(f"/{NAME}", "/others")}, ready=False)
    nowhere(other)
    other.wait_log(lambda line: line.get("level") in ("warn", "error") and "others" in json.dumps(line))


def test_tls_of_strangers_is_refused(own, in_front, certificate):
    sentinels = own(tls=certificate)
    nowhere(in_front(sentinels, store={"tls": {"ca": "/etc/ssl/certs/ca-certificates.crt"}}, ready=False))
