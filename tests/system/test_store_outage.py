"""The store cannot answer: nobody is logged out by that, and it heals by itself."""
import json
import signal
import threading
import time

import pytest

from harness import cookies
from harness.program import SLOWER
from harness.redis import Redis
from harness.scenes import state

ROUTES = {"routes": [
    {"match": {"path": "/off"}, "session": "off"},
    {"match": {"path": "/optional"}, "session": "optional"},
    {"match": {"path": "/required"}, "session": "required"},
    {"match": {"path": "/*"}, "session": "issue"},
]}
OUTAGES = {
    "stopped": (Redis.stop, Redis.start),
    "killed": (Redis.kill, Redis.start),
    "frozen": (Redis.freeze, Redis.thaw),
}


@pytest.fixture
def own_redis(tmp_path):
    """A Redis that may be broken."""
    server = Redis(tmp_path)
    yield server
    server.thaw() if server.process.poll() is None else None
    server.stop()


def in_front(vestibule, redis, **store):
    return vestibule({**ROUTES, "store": {"url": redis.url, "near_cache": {"enabled": False}, **store}})


def is_outage_answer(answer):
    assert answer.status == 503, answer
    assert int(answer.header("Retry-After")) > 0
    assert answer.header("Cache-Control") == "no-store"
    assert not answer.all("Set-Cookie"), "an outage never touches a cookie"


@pytest.mark.parametrize("outage", OUTAGES)
def test_rejecting(vestibule, backend, own_redis, outage):
    down, up = OUTAGES[outage]
    program = in_front(vestibule, own_redis)
    sid, cookie = own_redis.login(user={"id": "u1"})
    assert program.get("/required", cookie=cookie).status == 200
    text = own_redis.value(sid)

    down(own_redis)
    backend.clear()
    for path in ("/required", "/", "/optional"):
        begin = time.monotonic()
        is_outage_answer(program.get(path, cookie=cookie))
        assert time.monotonic() - begin < 0.25 + 0.5 * SLOWER, "within the store timeout"
    assert backend.requests == []
    assert program.get("/off", cookie=cookie).status == 200
    end = time.monotonic() + 3 * SLOWER
    while (ready := program.admin("/readyz")).status == 200 and time.monotonic() < end:
        time.sleep(0.05)
    assert ready.status == 503 and "store" in json.dumps(json.loads(ready.body))
    assert program.admin("/healthz").status == 200

    up(own_redis)
    back = time.monotonic()
    if outage != "frozen":
        own_redis.put(sid, text)
    while program.get("/required", cookie=cookie).status != 200:
        assert time.monotonic() - back < 2 * SLOWER, "served again within 2 s"
        time.sleep(0.02)
    program.wait_ready(2)
    assert program.metric("vestibule_store_errors_total") >= 3


def test_anonymous(vestibule, backend, own_redis):
    program = in_front(vestibule, own_redis, on_failure="anonymous")
    _, cookie = own_redis.login(user={"id": "u1"})
    own_redis.stop()
    for path in ("/", "/optional"):
        answer = program.get(path, cookie=cookie)
        assert answer.status == 200 and state(backend) == "none" and not answer.all("Set-Cookie")
        assert backend.last().header("X-Session-Id") is None
    is_outage_answer(program.get("/required", cookie=cookie))


PLACES = ("/catalogue", "/checkout", "/account", "/")


@pytest.mark.parametrize("outage", ["stopped", "frozen"])
def test_by_route(vestibule, backend, own_redis, outage):
    """A route's own on_failure counts before the store's; it follows a reload while the store is away."""
    def with_routes(usual, catalogue, checkout):
        return {"backends": [{"url": backend.url}], "workers": 1,
                "store": {"url": own_redis.url, "near_cache": {"enabled": False}, "on_failure": usual},
                "routes": [{"match": {"path": "/catalogue"}, "session": "issue", **catalogue},
                           {"match": {"path": "/checkout"}, "session": "optional", **checkout},
                           {"match": {"path": "/account"}, "session": "required"}]}

    anonymous, reject = {"on_failure": "anonymous"}, {"on_failure": "reject"}
    program = vestibule(with_routes("reject", anonymous, {}))
    sid, cookie = own_redis.login(user={"id": "u1"})
    text = own_redis.value(sid)
    assert program.get("/catalogue", cookie=cookie).status == 200 and state(backend) == "active"
    OUTAGES[outage][0](own_redis)

    def goes_on(path):
        answer = program.get(path, cookie=cookie)
        assert answer.status == 200 and state(backend) == "none" and not answer.all("Set-Cookie")
        assert backend.last().header("X-Session-Id") is None

    goes_on("/catalogue")
    for path in ("/checkout", "/account", "/"):
        is_outage_answer(program.get(path, cookie=cookie))

    for usual, catalogue, checkout, on in (("anonymous", {}, reject, {"/catalogue", "/"}),
                                           ("anonymous", reject, anonymous, {"/checkout", "/"}),
                                           ("reject", reject, {}, set())):
        before = len(program.lines)
        program.configure(with_routes(usual, catalogue, checkout))
        program.signal(signal.SIGHUP)
        program.wait_log(lambda line: line.get("message") == "reloaded", since=before)
        wanted = [200 if path in on else 503 for path in PLACES]
        end = time.monotonic() + 3 * SLOWER
        while [program.get(path, cookie=cookie).status for path in PLACES] != wanted:
            assert time.monotonic() < end, f"not as in {usual}, {catalogue}, {checkout}"
        for path in PLACES:
            goes_on(path) if path in on else is_outage_answer(program.get(path, cookie=cookie))

    OUTAGES[outage][1](own_redis)
    own_redis.put(sid, text)
    end = time.monotonic() + 2 * SLOWER
    while program.get("/account", cookie=cookie).status != 200:
        assert time.monotonic() < end, "served again within 2 s"
        time.sleep(0.02)


@pytest.mark.parametrize("outage", ["killed", "frozen"])
def test_an_outage_in_mid_flight(vestibule, backend, own_redis, outage):
    """Under load every answer is a session of its own or a 503, never another thing."""
    down, up = OUTAGES[outage]
    program = in_front(vestibule, own_redis)
    _, cookie = own_redis.login(user={"id": "u1"})
    statuses, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            answer = program.get("/required", cookie=cookie)
            statuses.append((answer.status, bool(answer.all("Set-Cookie"))))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for t in threads:
        t.start()
    time.sleep(0.5)
    down(own_redis)
    time.sleep(0.7)
    up(own_redis)
    time.sleep(0.5)
    stop.set()
    for t in threads:
        t.join(20)
    assert {status for status, _ in statuses} <= {200, 401, 503}
    if outage == "frozen":
        assert 401 not in [status for status, _ in statuses], "the session was there all the time"
    assert not any(cleared for _, cleared in statuses)


def test_starting_before_the_store(start, backend, tmp_path):
    server = Redis(tmp_path)
    server.stop()
    program = start({**ROUTES, "backends": [{"url": backend.url}], "store": {"url": server.url}}, ready=False)
    assert program.admin("/readyz").status == 503
    assert program.get("/off").status == 200
    is_outage_answer(program.get("/required", cookie=cookies.sign(cookies.new_sid())))
    server.start()
    back = time.monotonic()
    _, cookie = server.login(user={"id": "u1"})
    while program.get("/required", cookie=cookie).status != 200:
        assert time.monotonic() - back < 2 * SLOWER, "served within 2 s"
        time.sleep(0.02)
    program.wait_ready(2)
    server.stop()


def test_errors_of_the_store_are_not_absent_sessions(vestibule, own_redis):
    """A server that refuses (here: memory is full, then a read-only rule) is a store that cannot answer."""
    own_redis.command("ACL", "SETUSER", "weak", "on", ">pw", "~*", "+ping", "+hello", "+auth", "+client", "+select")
    program = vestibule({**ROUTES, "store": {"url": f"redis://weak:pw@127.0.0.1:{own_redis.port}"}}, ready=False)
    _, cookie = own_redis.login(user={"id": "u1"})
    is_outage_answer(program.get("/required", cookie=cookie))
    line = program.wait_log(lambda line: line.get("level") in ("warn", "error") and "store" in json.dumps(line))
    assert line
