"""A store out of reach: a session in use is answered from memory, and never one moment longer than max_stale."""
import time

import pytest

from harness import netns
from harness.crowd import CROWDED, Crowd, clients_of_all_workers, name_of_user
from harness.faults import Link
from harness.netns import DistantRedis
from harness.program import SLOWER
from harness.redis import Redis

MAX_STALE = 2
BRIDGED = MAX_STALE * 0.75 - 0.25 * SLOWER  # at least, whenever the last heartbeat was


@pytest.fixture
def own(tmp_path):
    """own(kind, ...) -> a Redis that may be broken."""
    made = []

    def factory(kind=Redis, *options):
        made.append(kind(tmp_path, *options))
        return made[-1]

    yield factory
    for server in made:
        server.stop()


@pytest.fixture
def crowd(vestibule, backend):
    """crowd(redis, ...) -> clients of both workers at work, with a session whose user is "before"; and its sid."""
    made = []

    def factory(redis, url=None, max_stale=MAX_STALE, workers=2):
        backend.script = name_of_user
        store = {"url": url or redis.url, "near_cache": {"max_stale": f"{max_stale}s"}}
        program = vestibule({**CROWDED, "workers": workers, "store": store})
        made.append(Crowd(clients_of_all_workers(program, redis, workers), pause=0.001 * workers))
        sid, cookie = redis.login(user={"id": "before"})
        made[-1].aim(cookie)
        time.sleep(0.3)
        return made[-1], sid

    yield factory
    for each in made:
        each.stop()


def stopped(redis):
    """Freezes it; returns when it stands still."""
    redis.freeze()
    while open(f"/proc/{redis.process.pid}/stat").read().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)


def is_before(answer):
    return (answer.status, answer.body) == (200, b"before")


def is_after(answer):
    return (answer.status, answer.body) == (200, b"after")


def is_refused(answer):
    return answer.status == 503


def between(answers, begin, end):
    return [answer for answer in answers if begin < answer.sent < end]


def assert_bridged(answers, begin, seconds=BRIDGED):
    found = between(answers, begin, begin + seconds)
    assert len(found) > 20 and all(is_before(answer) for answer in found), \
        [answer for answer in found if not is_before(answer)][:3]


def assert_bounded(answers, begin):
    late = [answer for answer in answers if answer.sent > begin + MAX_STALE and is_before(answer)]
    assert not late, f"{late[-1].sent - begin} s after"


def test_a_frozen_redis(crowd, own):
    redis = own()
    crowd, _ = crowd(redis)
    stopped(redis)
    begin = time.monotonic()
    time.sleep(MAX_STALE + 0.5 * SLOWER)
    frozen = crowd.all()
    redis.thaw()
    thawed = time.monotonic()
    assert_bridged(frozen, begin)
    assert_bounded(frozen, begin)
    assert is_refused(frozen[-1])
    assert {answer.status for answer in frozen} == {200, 503}
    crowd.wait(is_before, since=thawed)
    assert time.monotonic() - thawed < 2 * SLOWER


@pytest.mark.parametrize("away", [0.5, MAX_STALE + 1])
def test_killed_and_started_empty(crowd, own, away):
    """The session is gone with what Redis had in memory; that is said as soon as Redis can be asked."""
    redis = own()
    crowd, _ = crowd(redis)
    begin = time.monotonic()
    redis.kill()
    time.sleep(away)
    away_answers = crowd.all()
    redis.start()
    back = time.monotonic()
    crowd.wait(lambda answer: answer.status == 401, since=begin)
    assert time.monotonic() - back < 2 * SLOWER
    time.sleep(0.3)
    answers = crowd.all()
    assert_bridged(away_answers, begin, min(away, BRIDGED))
    assert_bounded(answers, begin)
    assert is_refused(away_answers[-1]) == (away > MAX_STALE)
    for each in crowd.of_each():
        first = next(i for i, answer in enumerate(each) if answer.status == 401)
        assert {answer.status for answer in each[first:]} == {401}, "it came back"


@pytest.mark.skipif(bool(netns.unavailable()), reason=netns.unavailable())
def test_packets_dropped(crowd, own):
    """A cable cut between the two, which neither side is told of; and a change that happens meanwhile."""
    redis = own(DistantRedis, "--protected-mode", "no")
    crowd, sid = crowd(redis)
    redis.cut()
    cut = time.monotonic()
    time.sleep(0.3)
    redis.put(sid, user={"id": "after"})
    changed = time.monotonic()
    time.sleep(MAX_STALE + 0.5 * SLOWER)
    answers = crowd.all()
    assert_bridged(answers, cut)
    assert_bounded(answers, changed)
    assert is_refused(answers[-1])
    redis.mend()
    mended = time.monotonic()
    crowd.wait(is_after, since=mended)
    assert time.monotonic() - mended < 3 * SLOWER
    assert not any(is_before(answer) for answer in crowd.all() if answer.sent > changed + MAX_STALE)


def test_a_silent_channel(crowd, own):
    """Redis answers, and only the connection that should tell of a change has fallen silent."""
    redis = own()
    link = Link(redis.port)
    crowd, sid = crowd(redis, link.url)
    if not link.half_open(channels=True):
        link.close()
        pytest.skip("changes are told on the connection that asks (RESP3)")
    time.sleep(0.3)
    redis.put(sid, user={"id": "after"})
    changed = time.monotonic()
    crowd.wait(is_after, since=changed)
    time.sleep(0.5)
    answers = crowd.all()
    assert is_before(between(answers, changed, changed + 0.2)[-1]), "the channel was not silent"
    assert_bounded(answers, changed)
    assert {answer.status for answer in answers} == {200}, "Redis could be asked all the time"
    link.close()


def after_a_heartbeat(redis, workers):
    """Returns a moment before the next one is due: all began at the same time, and nothing else reaches Redis."""
    monitor = redis.monitor()
    pings = []
    end = time.monotonic() + 10 * SLOWER
    while len(pings) < workers:
        assert time.monotonic() < end, "no heartbeats"
        pings = [line for line in monitor.commands(settle=0.05) if '"PING"' in line]
    monitor.close()
    time.sleep(0.5)


@pytest.mark.parametrize("attempt", range(2))
def test_an_outage_of_two_seconds(crowd, own, attempt):
    """Redis dies and comes back with its data: not one request of a session in use fails. Many workers, since
    each has its own luck with its attempts to connect, and the least favourable moment."""
    redis = own(Redis, "--appendonly", "yes")
    crowd, _ = crowd(redis, max_stale=3, workers=16)
    after_a_heartbeat(redis, 16)
    begin = time.monotonic()
    redis.kill()
    time.sleep(1.9)
    redis.start()
    away = time.monotonic() - begin
    time.sleep(1.3)
    if away > 2.05:
        pytest.skip(f"Redis took too long to start: it was away for {away:.2f} s")
    failed = [answer for answer in crowd.all() if answer.sent > begin and not is_before(answer)]
    assert not failed, f"away {away:.2f} s; {len(failed)} failed, {failed[0].sent - begin:.2f} s to " \
                       f"{failed[-1].sent - begin:.2f} s after"
