"""The near cache at work: what Redis is still asked, renewal from memory, its bounds, and doing without it."""
import signal
import threading
import time

import pytest

from harness import cookies
from harness.crowd import CROWDED, Crowd, clients_of_all_workers, name_of_user
from harness.program import SLOWER
from harness.redis import Redis
from harness.wire import request_text

HANDSHAKE = ("ping", "hello", "auth", "select", "client", "subscribe", "info", "config", "command", "acl")
ACL = ("~sess:*", "~vestibule:*", "resetchannels", "&__redis__:invalidate", "+mget", "+get", "+pttl", "+echo", "+set",
       "+expire", "+del", "+eval", "+evalsha", "+ping", "+select", "+hello", "+client|id", "+client|tracking",
       "+client|caching", "+subscribe")


@pytest.fixture
def in_front(vestibule, backend):
    """in_front(store's keys, session's keys, ...) -> a program whose backend says who the user is."""
    def factory(store=None, session=None, **more):
        backend.script = name_of_user
        return vestibule({**CROWDED, "workers": 2, "store": store or {}, "session": session or {}, **more})

    return factory


def operations(redis, name=""):
    """What sessions have cost Redis since CONFIG RESETSTAT: calls of all commands, or of one."""
    lines = redis.command("INFO", "commandstats").decode().split()
    calls = {line.partition(":")[0].removeprefix("cmdstat_"): int(line.partition("calls=")[2].partition(",")[0])
             for line in lines if line.startswith("cmdstat_")}
    return sum(count for key, count in calls.items()
               if (key == name if name else key.partition("|")[0] not in HANDSHAKE))


def ask(clients, cookie, times=1, answers=None):
    """Each client asks so often, the clients at the same time; the statuses."""
    answers = [] if answers is None else answers

    def run(client):
        for _ in range(times):
            client.send(request_text("GET", "/user", {"Cookie": f"sid={cookie}"}))
            answers.append(client.response())

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * SLOWER)
    return [answer.status for answer in answers]


def near(program, name):
    return program.metric(f"vestibule_near_cache_{name}")


def expires_at(redis, sid):
    """Milliseconds on our own clock."""
    return time.monotonic() * 1000 + redis.command("PTTL", f"sess:{sid}")


def test_a_hundredth_of_an_operation_for_each_request(in_front, redis):
    """Counted from the first request of each session on, over both workers."""
    program = in_front()
    clients = clients_of_all_workers(program, redis)
    sessions = [redis.login(user={"id": "u1"})[1] for _ in range(10)]
    redis.command("CONFIG", "RESETSTAT")
    requests = [status for cookie in sessions for status in ask(clients, cookie, 800 // len(clients))]
    assert len(requests) > 5000 and set(requests) == {200}
    asked = operations(redis)
    assert 0 < asked <= len(requests) / 100, f"{asked} operations for {len(requests)} requests"
    assert near(program, "hits_total") > 0.98 * len(requests)
    assert near(program, "open") == 2


def test_switched_off(in_front, redis):
    """Each request asks Redis, and nothing is tracked."""
    program = in_front({"near_cache": {"enabled": False}})
    _, cookie = redis.login(user={"id": "u1"})
    redis.command("CONFIG", "RESETSTAT")
    with program.client() as client:
        assert ask([client], cookie, 50) == [200] * 50
    assert operations(redis, "mget") == 50
    assert operations(redis, "client|tracking") == operations(redis, "subscribe") == 0
    assert not any(name.startswith("vestibule_near_cache") for name in program.metrics())


def test_one_touch_for_many_requests(in_front, redis):
    """A touch is a change that Redis tells of like any other. Nevertheless the session is at hand again before it
    is asked for: one EXPIRE, one GET."""
    program = in_front(session={"touch_interval": "1s"}, workers=1)
    sid, cookie = redis.login(user={"id": "u1"})
    clients = [program.client() for _ in range(8)]
    ask(clients, cookie)
    time.sleep(1.2)
    before, misses, hits = expires_at(redis, sid), near(program, "misses_total"), near(program, "hits_total")
    redis.command("CONFIG", "RESETSTAT")
    answers = []
    ask(clients, cookie, 10, answers)
    time.sleep(0.1 * SLOWER)
    ask(clients, cookie, 10, answers)
    assert {answer.status for answer in answers} == {200}
    assert operations(redis, "expire") == operations(redis, "pttl") == 1
    assert expires_at(redis, sid) - before > 900
    waited = near(program, "misses_total") - misses  # for that GET, on which they came
    assert waited <= len(clients) and near(program, "hits_total") - hits == 160 - waited
    renewed = [cookies.unsign(each.value) for answer in answers for each in cookies.set_cookies(answer, "sid")]
    assert renewed and set(renewed) == {sid}
    for client in clients:
        client.close()


def test_a_session_in_steady_use_is_touched_once_an_interval(in_front, redis):
    program = in_front(session={"touch_interval": "1s"}, workers=1)
    _, cookie = redis.login(user={"id": "u1"})
    with Crowd([program.client() for _ in range(2)], pause=0.001) as crowd:
        crowd.aim(cookie)
        redis.command("CONFIG", "RESETSTAT")
        begin = time.monotonic()
        time.sleep(3.5)
    touches, seconds = operations(redis, "expire"), time.monotonic() - begin
    assert 2 <= touches <= seconds + 1
    assert operations(redis, "pttl") == touches, "fetched again after each, and by no request"
    assert {answer.status for answer in crowd.all()} == {200}


def test_touches_under_way_are_finished_on_drain(in_front, tmp_path):
    """Redis is away until SIGTERM has come, so that the touch cannot have left before."""
    redis = Redis(tmp_path, "--appendonly", "yes")
    program = in_front({"url": redis.url, "timeout": "5s"}, {"touch_interval": "1s"}, workers=1)
    sid, cookie = redis.login(user={"id": "u1"})
    with program.client() as client:
        assert ask([client], cookie, 2) == [200, 200]
        before = expires_at(redis, sid)
        time.sleep(1.2)
        redis.kill()
        assert ask([client], cookie) == [200]
    program.signal(signal.SIGTERM)
    time.sleep(0.3)
    redis.start()
    program.ended(10)
    assert expires_at(redis, sid) - before > 1000
    redis.stop()


def test_its_memory_is_bounded(in_front, redis):
    program = in_front({"near_cache": {"max_bytes": "1MiB"}})
    clients = clients_of_all_workers(program, redis)
    most = 0
    for i in range(800):
        _, cookie = redis.login(user={"id": "u1"}, filler="x" * 2000)
        assert set(ask(clients[:1] + clients[-1:], cookie)) == {200}
        if i % 20 == 0:
            most = max(most, near(program, "bytes"))
    for client in clients:
        client.close()
    assert 400_000 < most <= 1 << 20
    assert near(program, "evictions_total") > 100


def users(redis, *rights):
    redis.command("ACL", "SETUSER", "app", "reset", "on", ">of the app", *rights)
    return {"url": f"redis://app:of%20the%20app@127.0.0.1:{redis.port}"}


def works(program, backend, redis):
    """A session is seen, renewed, changed and ended."""
    sid, cookie = redis.login(ttl=1800, user={"id": "u1"})
    assert program.get("/user", cookie=cookie).body == b"u1"
    end = time.monotonic() + 2 * SLOWER
    while redis.ttl(sid) < 3500:
        assert time.monotonic() < end, "not renewed"
        time.sleep(0.01)
    redis.put(sid, user={"id": "u2"})
    time.sleep(0.05 * SLOWER)
    assert program.get("/user", cookie=cookie).body == b"u2"
    redis.command("DEL", f"sess:{sid}")
    time.sleep(0.05 * SLOWER)
    assert program.get("/user", cookie=cookie).status == 401


def complaints(program):
    return [line for line in program.lines if line.get("level") in ("warn", "error")]


def test_the_rights_it_wants(in_front, backend, redis):
    """No more than these; those of deploy/redis-acl.md are in test_store_acl.py."""
    program = in_front(users(redis, *ACL))
    for _ in range(5):
        works(program, backend, redis)
    assert near(program, "open") == 2
    assert not complaints(program)


@pytest.mark.parametrize("missing", ["+client|tracking", "+subscribe", "&__redis__:invalidate"])
def test_tracking_refused(in_front, backend, redis, missing):
    """Said once, and every request asks Redis."""
    program = in_front(users(redis, *(right for right in ACL if right != missing)), workers=2)
    if b"resp=3" in redis.command("CLIENT", "LIST") and missing != "+client|tracking":
        pytest.skip("no channel is needed (RESP3)")
    program.wait_log(lambda line: line.get("level") == "warn" and line["message"].startswith("near cache off"))
    for _ in range(3):
        works(program, backend, redis)
    time.sleep(1.2)  # a heartbeat later
    assert len(complaints(program)) == 1, complaints(program)
    assert near(program, "open") == 0 and near(program, "hits_total") == 0
    assert program.admin("/readyz").status == 200
