"""A Redis that hangs costs a timeout once, and then next to nothing, neither time nor memory."""
import time

import pytest

from harness import wrk
from harness.backend import Backend
from harness.redis import Redis
from harness.visitors import VISITED

pytestmark = pytest.mark.skipif(bool(wrk.unavailable()), reason=wrk.unavailable())

TIMEOUT = 0.25   # store.timeout, as it is by default
OFFERED = 10_000  # requests per second
SMALL = {"log": {"access": False}, "proxy": {"limits": {"connections": 10_000}}}


@pytest.fixture
def scene(start, tmp_path):
    """(redis, program, cookies), without a near cache."""
    redis = Redis(tmp_path)
    backend = Backend(lambda x: x.reply(200, {"Content-Type": "text/plain"}, b"ok"))
    program = start({**VISITED, **SMALL, "backends": [{"url": backend.url}],
                     "store": {"url": redis.url, "near_cache": {"enabled": False}}})
    cookies = [redis.login(user={"id": f"u{i}"})[1] for i in range(100)]
    for cookie in cookies:
        assert program.get("/user", cookie=cookie).status == 200
    yield redis, program, cookies
    redis.stop()
    backend.close()


def served_again(program, cookie):
    """Within 2 s, and for good."""
    end = time.monotonic() + 2
    row = 0
    while row < 20:
        row = row + 1 if program.get("/user", cookie=cookie).status == 200 else 0
        assert time.monotonic() < end, "not served again"


def test_nobody_waits_for_longer_than_the_timeout(scene, tmp_path):
    """From the first moment on, with as many at once as a busy site has."""
    redis, program, cookies = scene
    redis.freeze()
    first = wrk.load(tmp_path, program, cookies, connections=64, seconds=1)
    print(f"the first second: {first}")
    assert first["broken"] == 0 and first["refused"] == first["requests"] > 64
    assert first["p99"] < TIMEOUT + 0.05 and first["max"] < TIMEOUT + 0.1
    redis.thaw()
    served_again(program, cookies[0])


def test_then_it_costs_no_time(scene, tmp_path):
    redis, program, cookies = scene
    redis.freeze()
    wrk.load(tmp_path, program, cookies, connections=64, seconds=1)
    after = wrk.load(tmp_path, program, cookies, connections=40, seconds=4, rate=2000)
    print(f"the breaker open: {after}")
    assert after["broken"] == 0 and after["refused"] == after["requests"] > 4000
    assert after["p99"] < 0.005
    redis.thaw()
    served_again(program, cookies[0])


def test_and_no_memory(scene, tmp_path):
    """What was asked of Redis and is not answered is bounded, by number and by time."""
    redis, program, cookies = scene
    served = wrk.load(tmp_path, program, cookies, connections=1000, seconds=1, rate=1000)
    before = program.rss()
    program.forget_peak()
    redis.freeze()
    hung = wrk.load(tmp_path, program, cookies, connections=1000, seconds=5, rate=OFFERED)
    peak = program.rss("VmHWM")
    print(f"{OFFERED} requests per second: {hung}; {before >> 10} KiB before, {peak >> 10} KiB at most")
    assert served["refused"] == 0, served
    assert hung["refused"] == hung["requests"]
    assert peak - before < 32 << 20
    redis.thaw()
    served_again(program, cookies[0])
