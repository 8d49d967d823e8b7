"""The model behind deploy/capacity.md: its parts against plainer ones, its whole against what has to hold."""
import dataclasses
import random
import subprocess
import sys

import pytest

import capacity_model as model
from capacity_model import Plan, Sieve, Table, block, outcome, simulate, traffic, value_block

SMALL = Plan(users=200, rate=1, visit=60, touch=5, idle=3600, writes=0, logouts=0, table=0)


def close(a, b, share):
    return abs(a - b) <= share * b


class PlainSieve:
    """By a list, the oldest first."""

    def __init__(self, room):
        self.room, self.queue, self.used, self.hand = room, [], set(), None

    def get(self, sid):
        if sid in self.queue:
            self.used.add(sid)
            return True
        return None

    def drop(self, sid):
        if sid in self.queue:
            if self.hand == sid:
                at = self.queue.index(sid) + 1
                self.hand = self.queue[at] if at < len(self.queue) else None
            self.queue.remove(sid)
            self.used.discard(sid)

    def keep(self, sid, _):
        self.drop(sid)
        while len(self.queue) >= self.room:
            at = self.queue.index(self.hand) if self.hand is not None else 0
            while self.queue[at] in self.used:
                self.used.discard(self.queue[at])
                at = (at + 1) % len(self.queue)
            self.hand = self.queue[at]
            self.drop(self.hand)
        self.queue.append(sid)


def test_sieve():
    rng = random.Random(1)
    real, plain = Sieve(5), PlainSieve(5)
    for _ in range(5000):
        sid = rng.randrange(12)
        if rng.random() < 0.1:
            real.drop(sid), plain.drop(sid)
        elif real.get(sid) is None:
            assert plain.get(sid) is None
            real.keep(sid, True), plain.keep(sid, True)
        else:
            assert plain.get(sid)
        assert set(real.nodes) == set(plain.queue)


def test_a_full_table_lets_go():
    table = Table(10, random.Random(1))
    for number in range(30):
        table.read(number, 1)
        table.read(("ended", number), 1)
        let_go = list(table.too_many())
        assert len(table.readers) == min(10, 2 * number + 2)
        assert all(set(readers) == {1} for _, readers in let_go)
    assert sorted(map(str, table.readers)) == sorted(map(str, table.orders[0] + table.orders[1]))


def test_sessions_go_first():
    table = Table(4, random.Random(1))
    for number in range(3):
        table.read(("ended", number), 1)
    table.read(1, 1)
    table.read(2, 1)
    assert [key for key, _ in table.too_many()][0] in (1, 2) and len(table.orders[1]) == 3


def test_a_change_is_told_once_to_each_reader():
    table = Table(0, random.Random(1))
    for holder in (3, 1, 3):
        table.read(7, holder)
    assert set(table.changed(7)) == {1, 3} and not table.changed(7)


def test_traffic():
    plan = dataclasses.replace(SMALL, sticky=1, replicas=4, logouts=0.5, writes=6)
    events = list(traffic(plan, plan.users, 120, random.Random(1)))
    assert events == sorted(events, key=lambda event: event.at)
    assert close(len(events), plan.users * plan.rate * 120, 0.03)
    homes = {}
    for event in events:
        assert homes.setdefault(event.session, event.holder // plan.workers) == event.holder // plan.workers
    begun = sum(event.first for event in events)
    assert close(begun, plan.begun * 120, 0.1)
    assert close(sum(event.kind == "logout" for event in events), 0.5 * begun, 0.15)
    assert close(sum(event.kind == "change" for event in events), len(events) / 10, 0.1)


def test_how_many_workers_a_session_meets():
    plan, rng = dataclasses.replace(SMALL, replicas=5, workers=2, sticky=0.5), random.Random(1)
    met = 0
    for _ in range(4000):
        met += len({(0 if rng.random() < plan.sticky else rng.randrange(5), rng.randrange(2)) for _ in range(8)})
    assert close(plan.met(8), met / 4000, 0.02)


def test_one_worker():
    """Each session is touched once an interval and a pause, fetched again by that, and asked for by nobody."""
    plan = dataclasses.replace(SMALL, replicas=1, workers=1)
    c = simulate(plan)
    interval = plan.touch + 1 / plan.rate
    assert close(c.touches, plan.users / interval * (1 - interval / 2 / plan.visit), 0.02)
    assert close(c.requests - c.hits, plan.begun, 0.2)
    assert close(c.loads, c.touches + c.requests - c.hits, 1e-9)
    assert close(c.messages, c.touches, 0.01)


def test_many_workers():
    """A change is told to all that have met the session since the last one, and to who made that."""
    plan = dataclasses.replace(SMALL, replicas=50, workers=1)
    c = simulate(plan, seconds=60, warm=20)
    assert close(c.messages / c.touches, plan.met(plan.reads), 0.03)
    assert c.hit_rate < 0.15


@pytest.mark.parametrize("better, worse", [
    ({"sticky": 1}, {}), ({}, {"near": 1 << 15}), ({"replicas": 1}, {}), ({"touch": 20}, {}),
    ({"table": 1000, "tombstones": 0}, {"table": 60, "tombstones": 0}),
    ({"table": 1000, "tombstones": 0}, {"table": 1000, "tombstones": 1})])
def test_what_helps(better, worse):
    base = dataclasses.replace(SMALL, replicas=4)
    good, bad = (simulate(dataclasses.replace(base, **change), seconds=40, warm=20) for change in (better, worse))
    assert good.hit_rate > bad.hit_rate + 0.05 and good.loads < bad.loads


def test_a_sample_stands_for_all():
    plan = dataclasses.replace(SMALL, users=1000, sticky=0.5, near=560 << 10, table=3800, tombstones=0)
    whole, part = simulate(plan, 1000, 25, 12), simulate(plan, 250, 25, 12)
    for name in ("requests", "loads", "touches", "messages"):
        assert close(getattr(part, name), getattr(whole, name), 0.08), name


@pytest.mark.parametrize("size, given", [(1, 16), (16, 16), (17, 32), (128, 128), (129, 160), (606, 640), (1024, 1024),
                                         (1025, 1280), (2054, 2560), (8198, 10240)])
def test_blocks_of_jemalloc(size, given):
    assert block(size) == given


def test_a_text_has_a_head_and_an_end():
    assert (value_block(252), value_block(256)) == (256, 320)


def test_outcome():
    plan = dataclasses.replace(SMALL, users=1000, idle=0)
    c = model.Counts(requests=100, hits=90, loads=20, touches=5)
    one, two = (outcome(dataclasses.replace(plan, primaries=count), c, model.Costs(ping=0)) for count in (1, 2))
    assert one["sessions stored"] == 1000 and one["near-cache hits, %"] == 90
    assert one["commands/s"] == 20 * 5 + 5 * 2
    assert two["CPU of a primary, cores"] == one["CPU of Redis, cores"] / 2
    assert two["connections of a primary (RESP2)"] == one["connections of a primary (RESP2)"] == 15


def test_the_commands_of_the_page_are_understood():
    """deploy/capacity.md calls it with a share."""
    command = [sys.executable, "-B", model.__file__, "--users", "9", "--replicas", "2", "--sticky", "0.9"]
    assert "| requests/s |" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
