"""Redis Cluster: sessions on every node, found wherever they are moved, and nobody is logged out on the way."""
import json
import time

import pytest

from harness import acl, cookies
from harness.browser import Browser, changed, patched, steered
from harness.cluster import SLOTS, Cluster, slot_of
from harness.program import SLOWER, merged, run
from harness.visitors import VISITED, Site
from test_admin_sessions import Api
from test_identity import RULES, login, until

AGAIN = 2.0  # everybody is served within that after the new primary's promotion
PASSWORD = "the-password-of-the-data"
cookies.CONFIDENTIAL.add(PASSWORD)


@pytest.fixture
def own(tmp_path_factory):
    """own(...) -> a Cluster of the test's own."""
    made = []

    def factory(**kind):
        made.append(Cluster(tmp_path_factory.mktemp("c"), timeout=1000 * SLOWER, **kind))
        return made[-1]

    yield factory
    for each in made:
        each.stop()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """One for tests that leave it as it was."""
    cluster = Cluster(tmp_path_factory.mktemp("c"), timeout=1000 * SLOWER)
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(lasting):
    for node in lasting.primaries():
        node.command("FLUSHALL")
    return lasting


@pytest.fixture
def in_front(start, backend):
    """in_front(cluster, changes, ...) -> a program whose sessions are there."""
    backend.script = steered

    def factory(cluster, changes=None, near=False, **more):
        where = {"url": cluster.url, "near_cache": {"enabled": near, "max_stale": "30s"}}
        if cluster.tls:
            where["tls"] = {"ca": cluster.tls["ca"]}
        base = {**VISITED, "backends": [{"url": backend.url}], "store": where}
        return start(merged(base, changes or {}), **more)

    return factory


def logged_in(cluster, count=30):
    """Browsers with sessions on every node, of users u0, u1 and so on: so many, or some more."""
    browsers, without = [], set(cluster.primaries())
    while len(browsers) < count or without:
        browser = Browser()
        _, browser.cookie = cluster.login(user={"id": f"u{len(browsers)}"})
        browsers.append(browser)
        without.discard(cluster.owner_of(f"sess:{browser.sid}"))
    return browsers


def map_questions(cluster):
    """How often others than these tests have asked where the slots are."""
    return sum(counted(cluster, "commandstats", f"cmdstat_cluster|{what}", "calls")
               for what in ("slots", "shards", "nodes")) - cluster.looks


def redirections(cluster, kind):
    return counted(cluster, "errorstats", f"errorstat_{kind}", "count")


def counted(cluster, section, name, field):
    """The sum of a figure over the nodes that run."""
    rows = [row for node in cluster.alive() for row in node.command("INFO", section).decode().splitlines()]
    return sum(int(row.split(f"{field}=")[1].split(",")[0]) for row in rows if row.startswith(f"{name}:"))


# Where things are.

def test_sessions_of_every_node(cluster, in_front):
    program = in_front(cluster)
    for i, browser in enumerate(logged_in(cluster)):
        assert browser.seen(program, "/user")["user"] == f"u{i}"
        assert browser.visit(program, "/user", answer=patched(n=i)).status == 200
        assert json.loads(cluster.value(browser.sid))["n"] == i
    assert browser.copy().visit(program, "/user").status == 200
    stranger = Browser()
    stranger.cookie = cookies.sign(cookies.new_sid())
    assert stranger.visit(program, "/user").status == 401, "an answer of the right node, and no failure"


def test_new_sessions_are_made_and_ended_anywhere(cluster, in_front):
    program = in_front(cluster, RULES)
    for i in range(20):
        browser = login(Browser(), program, f"u{i}")
        sid = browser.sid
        assert browser.seen(program, "/account/")["user"] == f"u{i}"
        assert cluster.value(sid)
        login(browser, program, "another")
        assert browser.sid != sid and cluster.value(sid) is None
        browser.visit(program, "/logout")
        assert browser.visit(program, "/account/").status == 401


def test_all_sessions_of_a_user_end_on_every_node(cluster, in_front):
    one, two = in_front(cluster, RULES), in_front(cluster, RULES)
    browsers = [login(Browser(), one if i % 2 else two, "u1") for i in range(20)]
    other = login(Browser(), one, "u2")
    assert len({cluster.owner_of(f"sess:{b.sid}") for b in browsers}) == 3
    assert browsers[0].visit(two, answer=changed(X_Session_Destroy="all")).status == 200
    for browser in browsers[1:]:
        assert browser.visit(one, "/account/").status == 401
    assert other.visit(one, "/account/").status == 200


def test_sessions_of_a_user_are_counted_over_all_nodes(cluster, in_front):
    program = in_front(cluster, merged(RULES, {"session": {"max_per_user": {"count": 3}}}))
    browsers = []
    for _ in range(6):
        browsers.append(login(Browser(), program, "u1"))
        time.sleep(0.005)  # they end one after the other
    alive = [b.copy().visit(program, "/account/").status == 200 for b in browsers]
    assert sum(alive) == 3, alive


def test_operators_see_all_nodes(cluster, in_front):
    """At once, and page by page."""
    program = in_front(cluster, RULES)
    browsers = logged_in(cluster, 300)

    def sessions(*args):
        done = run("sessions", *args, "--config", program.config)
        return done.returncode, done.stdout

    def users():
        code, text = sessions("list", "--json", "--limit", "1000")
        assert code == 0, text
        return sorted(json.loads(line)["user"] for line in text.splitlines())

    everybody = sorted(f"u{i}" for i in range(len(browsers)))
    found = users()
    assert found == everybody, f"missing: {set(everybody) - set(found)}, {len(found)} of {len(everybody)} found"
    assert sorted(row["user"] for row in pages(Api(program))) == everybody
    assert sessions("count", "--json") == (0, f'{{"count":{len(browsers)}}}\n')
    code, text = sessions("revoke", "--user", "u7")
    assert code == 0, text
    until(lambda: browsers[7].copy().visit(program, "/account/").status == 401)
    assert users() == [user for user in everybody if user != "u7"]


def pages(api):
    found, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/api/sessions?limit=25{cursor}")
        found += page["sessions"]
        cursor = f"&cursor={page['next']}" if page["next"] is not None else None
    return found


def test_few_connections_to_each_node(cluster, in_front):
    before = {node: len(node.command("CLIENT", "LIST").splitlines()) for node in cluster.alive()}
    program = in_front(cluster, near=True)
    browsers = logged_in(cluster)
    for _ in range(5):
        for browser in browsers:
            assert browser.visit(program, "/user").status == 200
    for node in cluster.primaries():
        added = len(node.command("CLIENT", "LIST").splitlines()) - before[node]
        assert added <= 2 * 2 + 2, f"{added} connections of two workers to one node"


def test_changes_are_told_by_every_node(cluster, in_front):
    """A near cache hears of what others do to a session, wherever it is."""
    program = in_front(cluster, near=True)
    browsers = logged_in(cluster)
    for i, browser in enumerate(browsers):
        for _ in range(6):
            assert browser.seen(program, "/user")["user"] == f"u{i}"
    assert program.metric("vestibule_near_cache_hits_total") > 0
    for i, browser in enumerate(browsers):
        cluster.put(browser.sid, user={"id": f"v{i}"})
        begin = time.monotonic()
        while browser.seen(program, "/user")["user"] != f"v{i}":
            assert time.monotonic() - begin < 0.3 * SLOWER, f"session {i} is old"
    for browser in browsers:
        cluster.on(f"sess:{browser.sid}", "DEL", f"sess:{browser.sid}")
        begin = time.monotonic()
        while browser.visit(program, "/user").status != 401:
            assert time.monotonic() - begin < 0.3 * SLOWER, "a deleted session lives on"


# Slots move.

class Move:
    """The slot of a browser's session on its way to another node; at the end it has arrived."""

    def __init__(self, cluster, sid):
        self.cluster, self.key = cluster, f"sess:{sid}"
        self.slot, self.source = slot_of(self.key), cluster.owner_of(self.key)
        self.target = next(node for node in cluster.primaries() if node is not self.source)

    def __enter__(self):
        self.cluster.begin_move(self.slot, self.source, self.target)
        return self

    def __exit__(self, *_):
        for key in self.source.command("CLUSTER", "GETKEYSINSLOT", self.slot, 100):
            self.cluster.move_key(key, self.source, self.target)
        self.cluster.end_move(self.slot, self.target)

    def move_session(self):
        self.cluster.move_key(self.key, self.source, self.target)


def test_a_slot_on_its_way(cluster, in_front):
    """ASK: sessions of a slot that is half moved are found on both sides and changed there. MOVED: the move is learned
    of, and then the right node is asked at once."""
    program = in_front(cluster)
    [browser, *_] = logged_in(cluster)
    with Move(cluster, browser.sid) as move:
        for n in range(5):
            assert browser.seen(program, "/user")["user"] == "u0", "not moved yet"
            assert browser.visit(program, "/user", answer=patched(n=n)).status == 200
        move.move_session()
        for n in range(5):
            assert browser.seen(program, "/user")["user"] == "u0", "moved already"
            assert browser.visit(program, "/user", answer=patched(m=n)).status == 200
        assert redirections(cluster, "ASK") > 0
    stored = json.loads(cluster.value(browser.sid))
    assert stored["n"] == stored["m"] == 4
    asked = redirections(cluster, "MOVED")
    for _ in range(100):
        assert browser.seen(program, "/user")["user"] == "u0"
    assert redirections(cluster, "MOVED") - asked <= 4, "each worker once or twice, and then no more"


@pytest.mark.parametrize("moved", [False, True], ids=["not moved yet", "moved already"])
def test_sessions_begin_and_end_in_a_slot_on_its_way(cluster, in_front, moved):
    """Another user logs in over a session of such a slot: the old sid is dead, the new one lives."""
    program = in_front(cluster, RULES)
    browser = login(Browser(), program, "u1")
    with Move(cluster, browser.sid) as move:
        if moved:
            move.move_session()
        before = browser.copy()
        assert browser.visit(program, "/login", answer=changed(X_User="u2")).status == 200
        assert browser.sid != before.sid
        assert before.copy().visit(program, "/account/").status == 401
        assert browser.seen(program, "/account/")["user"] == "u2"
    assert before.copy().visit(program, "/account/").status == 401
    assert browser.seen(program, "/account/")["user"] == "u2"


@pytest.mark.parametrize("near", [False, True], ids=["asking", "near"])
def test_every_slot_moves(own, in_front, near):
    """While all are being served: not one request fails, not one answer is late, and the map is not asked for over and
    over."""
    cluster = own(replicas=0)
    site = Site(in_front(cluster, near=near), cluster, readers=6, writers=6)
    with site:
        asked = map_questions(cluster)
        begin = time.monotonic()
        moved = cluster.reshard_all(pause=0.01, batch=96)
        took = time.monotonic() - begin
        asked = map_questions(cluster) - asked
        time.sleep(0.3)
    print(f"{SLOTS} slots with {moved} keys in {took:.1f} s: {len(site.failed())} of {len(site.all())} failed, "
          f"redirected by ASK {redirections(cluster, 'ASK')} and MOVED {redirections(cluster, 'MOVED')} times, "
          f"map asked for {asked} times")
    site.assert_all_was_right()
    assert moved >= 12
    assert not site.failed()
    assert asked < 20 * took + 50, "a storm of questions for the map"


# Nodes die.

@pytest.mark.parametrize("how, near", [("killed", False), ("killed", True), ("frozen", True), ("by command", False)])
def test_failover(own, in_front, how, near):
    """What was acknowledged and is on the replica stays; nobody is logged out; all is well soon after the promotion.
    Sessions in the near cache do not even notice."""
    cluster = own()
    site = Site(in_front(cluster, near=near), cluster, readers=6, writers=6)
    with site:
        replicated = cluster.wait_replicated()
        before = cluster.owner_of(f"sess:{site.readers.sessions[0][0]}")
        replica = cluster.replica_of(before)
        begin = time.monotonic()
        {"killed": before.kill, "frozen": before.freeze, "by command": lambda: cluster.failover(before)}[how]()
        promoted = cluster.wait_promoted(replica)
        again = site.served_again(promoted)
        if how == "frozen":
            before.thaw()  # it takes itself for the primary until it is told
        time.sleep(0.5)
    print(f"{how}{', near cache' * near}: {site.told(begin, promoted, again)}")
    site.assert_all_was_right(replicated)
    assert again < AGAIN * SLOWER
    if near:
        assert not [v for v in site.readers.all() if v.status != 200], "a session in use was not bridged"


def test_changes_are_told_after_a_failover_and_a_move(own, in_front):
    """The invalidations of a near cache come from where the sessions are now."""
    cluster = own()
    program = in_front(cluster, near=True)
    browsers = logged_in(cluster, 12)

    def told(round):
        for browser in browsers:
            for _ in range(6):
                browser.seen(program, "/user")
        for i, browser in enumerate(browsers):
            cluster.put(browser.sid, user={"id": f"{round}{i}"})
            begin = time.monotonic()
            while browser.seen(program, "/user")["user"] != f"{round}{i}":
                assert time.monotonic() - begin < 0.5 * SLOWER, f"{round}: session {i} is old"

    told("before")
    cluster.wait_replicated()
    dead = cluster.primaries()[0]
    replica = cluster.replica_of(dead)
    dead.kill()
    cluster.wait_promoted(replica)
    cluster.wait_well()
    until(lambda: all(b.copy().visit(program, "/user").status == 200 for _ in range(10) for b in browsers))
    told("failed over")
    cluster.reshard_all(batch=256)
    told("moved")


def test_one_seed_is_enough(own, in_front):
    """Of the nodes that are named one is left, and that is no primary any more."""
    cluster = own()
    first, second, third = cluster.nodes[:3]
    cluster.wait_replicated()
    cluster.wait_promoted(cluster.failover(third))
    replica = cluster.replica_of(first)
    first.kill()
    cluster.wait_promoted(replica)
    cluster.wait_well()
    replica = cluster.replica_of(second)
    second.kill()
    cluster.wait_promoted(replica)
    cluster.wait_well()
    program = in_front(cluster)
    for i, browser in enumerate(logged_in(cluster)):
        assert browser.seen(program, "/user")["user"] == f"u{i}"


def test_without_any_node(start, backend, own, in_front):
    cluster = own(replicas=0)
    for node in cluster.nodes:
        node.freeze()
    program = in_front(cluster, ready=False)
    answer = program.get("/user", cookie=cookies.sign(cookies.new_sid()))
    assert answer.status == 503 and answer.header("Retry-After") and not answer.all("Set-Cookie")
    assert program.admin("/readyz").status == 503
    for node in cluster.nodes:
        node.thaw()
    cluster.wait_well()
    program.wait_ready(5)
    browser = Browser()
    _, browser.cookie = cluster.login(user={"id": "u1"})
    assert browser.seen(program, "/user")["user"] == "u1"


KINDS = {
    "a password": {"password": PASSWORD},
    "TLS and a user": {"tls": True, "user": "app", "password": PASSWORD},
}


@pytest.mark.parametrize("kind", KINDS)
def test_passwords_and_tls(own, in_front, certificate, kind):
    """On each node, those it is redirected to included."""
    options = KINDS[kind]
    if options.get("tls"):
        options = {**options, "tls": certificate}
    lives_through_a_move(own(replicas=0, **options), in_front)


def test_with_the_smallest_rights(own, in_front):
    """As operators are told; Redis has nothing to note."""
    cluster = own(replicas=0, user="app", password=PASSWORD, rights=acl.rights(acl.STORE, acl.CLUSTER))
    lives_through_a_move(cluster, in_front)
    for node in cluster.nodes:
        assert acl.refused(node) == []


def lives_through_a_move(cluster, in_front):
    program = in_front(cluster, near=True)
    browsers = logged_in(cluster, 12)
    for when in ("before", "after"):
        for i, browser in enumerate(browsers):
            assert browser.seen(program, "/user")["user"] == f"u{i}"
            assert browser.visit(program, "/user", answer=patched(**{when: i})).status == 200
        if when == "before":
            cluster.reshard_all(batch=256)
    for i, browser in enumerate(browsers):
        stored = json.loads(cluster.value(browser.sid))
        assert stored["before"] == stored["after"] == i
