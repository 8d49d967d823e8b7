"""Several backends: how requests are spread, what happens when one of them fails, and what is too much for all."""
import contextlib
import json
import threading
import time

import pytest

from harness import program as programs
from harness.backend import Backend
from harness.program import SLOWER, merged
from harness.redis import free_port
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
ONE = {**OFF, "workers": 1}


@pytest.fixture
def pair():
    servers = [Backend(), Backend()]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def front(start):
    """front(backends, changes) -> a program before these."""
    def factory(backends, changes=None, **more):
        listed = [b if isinstance(b, dict) else {"url": b if isinstance(b, str) else b.url} for b in backends]
        return start(merged(merged(ONE, {"backends": listed}), changes or {}), **more)
    return factory


def counts(servers):
    return [len(server.requests) for server in servers]


def until(condition, seconds=10):
    end = time.monotonic() + seconds * SLOWER
    while not condition():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.01)


class Crowd:
    """Clients that ask on and on over connections of their own."""

    def __init__(self, program, count=8, method="GET", pause=0.002):
        self.program, self.method, self.pause = program, method, pause
        self.statuses = []
        self.over = False
        self.threads = [threading.Thread(target=self._go, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join(30)

    def _go(self):
        client = self.program.client()
        while not self.over:
            client.send(request_text(self.method, "/"))
            answer = client.response(self.method)
            self.statuses.append(answer.status)
            if answer.header("Connection") == "close":
                client.close()
                client = self.program.client()
            time.sleep(self.pause)

    def wait_more(self, count=100):
        more = len(self.statuses) + count
        until(lambda: len(self.statuses) >= more, 30)


# Whose turn it is.


def test_round_robin_by_weight(front, pair):
    program = front([pair[0], {"url": pair[1].url, "weight": 3}])
    for _ in range(40):
        assert program.get("/").status == 200
    assert counts(pair) == [10, 30]
    assert program.metric("vestibule_backend_requests_total", backend=pair[1].url) == 30


def test_every_worker_spreads(front, pair):
    program = front(pair, {"workers": 2})
    for _ in range(60):
        assert program.get("/").status == 200
    assert min(counts(pair)) >= 28


@contextlib.contextmanager
def held(program, path="/held"):
    """A request that is under way at some backend."""
    with program.client() as client:
        client.send(request_text("GET", path))
        yield client


def test_least_requests_avoids_the_busy_one(front, pair):
    free = threading.Event()

    def script(exchange):
        if exchange.request.target == "/held":
            free.wait(30)
        exchange.reply(200)

    for server in pair:
        server.script = script
    program = front(pair, {"proxy": {"balance": "least_requests"}})
    with held(program) as client:
        until(lambda: sum(counts(pair)) == 1)
        busy = 0 if pair[0].requests else 1
        for _ in range(10):
            assert program.get("/").status == 200
        assert counts(pair)[busy] == 1 and counts(pair)[1 - busy] == 10
        assert program.metric("vestibule_backend_active", backend=pair[busy].url) == 1
        free.set()
        assert client.response().status == 200
    for _ in range(40):
        program.get("/")
    assert counts(pair)[busy] > 5, "what ties is shared"


def test_a_tunnel_counts_as_a_request(front, pair):
    def script(exchange):
        if exchange.request.header("Upgrade"):
            exchange.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            while True:
                exchange.send(exchange.exactly(1))
        exchange.reply(200)

    for server in pair:
        server.script = script
    program = front(pair, {"proxy": {"balance": "least_requests"}})
    with program.client() as client:
        client.send(request_text("GET", "/", {"Connection": "Upgrade", "Upgrade": "echo"}))
        assert client.response_head().status == 101
        busy = 0 if pair[0].requests else 1
        for _ in range(10):
            assert program.get("/").status == 200
        assert counts(pair)[busy] == 1
        client.send(b"x")
        assert client.exactly(1) == b"x"


# One of them fails.


def test_a_backend_killed_under_load_costs_no_request(front, pair):
    first, second = pair
    program = front(pair, {"workers": 2, "proxy": {"health": {"ejection": "300ms", "max_ejection": "300ms"}}})
    with Crowd(program) as crowd:
        crowd.wait_more()
        until(lambda: min(counts(pair)) > 10)
        first.close()
        crowd.wait_more(300)
        until(lambda: program.metric("vestibule_backend_ejected", backend=first.url) == 1)
        before = len(second.requests)
        crowd.wait_more()
        assert len(second.requests) > before
        back = Backend(port=first.port)
        until(lambda: len(back.requests) > 10, 20)
        crowd.wait_more()
    back.close()
    assert set(crowd.statuses) == {200}, [s for s in crowd.statuses if s != 200]
    program.wait_log(lambda line: line.get("message") == "backend ejected" and line["backend"] == first.url)


def test_whatever_the_method_a_refused_connection_is_no_failure(front, pair):
    program = front([f"http://127.0.0.1:{free_port()}", pair[0]], {"proxy": {"health": {"failures": "off"}}})
    for method in ("GET", "POST", "PATCH", "DELETE") * 5:
        assert program.request(method, "/", body=b"x" * 100).status == 200
    assert [r.body for r in pair[0].requests] == [b"x" * 100] * 20
    assert program.metric("vestibule_backend_failures_total", kind="connect") == 10


def test_a_request_that_may_have_begun_is_repeated_only_if_it_does_no_harm(front, pair):
    pair[0].script = lambda exchange: exchange.close()
    program = front(pair, {"proxy": {"health": {"failures": "off"}}})
    for method in ("GET", "HEAD", "OPTIONS"):
        pair[0].clear()
        assert [program.request(method, "/").status for _ in range(4)] == [200] * 4, method
        assert len(pair[0].requests) == 2
    for method, body in (("POST", None), ("POST", b"x"), ("PATCH", b"x"), ("PUT", b"x")):
        for server in pair:
            server.clear()
        statuses = [program.request(method, "/", body=body).status for _ in range(4)]
        assert sorted(statuses) == [200, 200, 502, 502], (method, statuses)
        assert counts(pair) == [2, 2], "none of them was sent twice"


def test_both_close_without_an_answer(front, pair):
    for server in pair:
        server.script = lambda exchange: exchange.close()
    program = front(pair)
    assert program.get("/").status == 502
    assert counts(pair) == [1, 1]


def test_who_is_late_is_not_repeated(front, pair):
    for server in pair:
        server.script = lambda exchange: time.sleep(2)
    program = front(pair, {"proxy": {"timeouts": {"response": "300ms"}}})
    assert program.get("/").status == 504
    assert sum(counts(pair)) == 1
    assert program.metric("vestibule_backend_failures_total", kind="response_timeout") == 1


def test_failures_in_a_row_take_one_out_and_time_brings_it_back(front, pair):
    pair[0].script = lambda exchange: exchange.close()
    program = front(pair, {"proxy": {"health": {"failures": 3, "ejection": "2s", "max_ejection": "2s"}}})
    for _ in range(20):
        assert program.get("/").status == 200
    assert len(pair[0].requests) == 3
    pair[0].script = lambda exchange: exchange.reply(200)

    def again():
        program.get("/")
        return len(pair[0].requests) > 5
    until(again, 30)
    assert program.metric("vestibule_backend_ejected") == 0


def test_an_answer_of_any_status_is_an_answer(front, pair):
    pair[0].script = lambda exchange: exchange.reply(503)
    program = front(pair, {"proxy": {"health": {"failures": 1}}})
    assert sorted(program.get("/").status for _ in range(10)) == [200] * 5 + [503] * 5
    assert program.metric("vestibule_backend_ejected") == 0


# The active check.


def test_checks_take_one_out_and_bring_it_back(front, pair):
    well = [True, True]

    def script_of(i):
        def script(exchange):
            healthy = exchange.request.target != "/health?deep=1" or well[i]
            exchange.reply(200 if healthy else 500)
        return script

    for i, server in enumerate(pair):
        server.script = script_of(i)
    check = {"path": "/health?deep=1", "interval": "100ms", "timeout": "2s", "healthy": 2, "unhealthy": 2}
    program = front(pair, {"workers": 2, "proxy": {"health": {"check": check}}})

    def up(i):
        return program.metric("vestibule_backend_up", backend=pair[i].url) == 1

    def visits(i):
        return len([r for r in pair[i].requests if r.target == "/"])

    until(lambda: all(any(r.target != "/" for r in server.requests) for server in pair))
    probe = next(r for r in pair[0].requests if r.target != "/")
    assert (probe.method, probe.header("Host")) == ("GET", pair[0].url.partition("//")[2])
    well[0] = False
    until(lambda: not up(0))
    line = program.wait_log(lambda line: line.get("message") == "backend is down")
    assert line["backend"] == pair[0].url and line["reason"] == "status 500"
    before = visits(0)
    assert {program.get("/").status for _ in range(20)} == {200}
    assert visits(0) == before and up(1)
    well[1] = False
    until(lambda: not up(1))
    assert {program.get("/").status for _ in range(10)} == {200}, "where all are down all are used"
    assert visits(0) > before
    well[:] = [True, True]
    until(lambda: up(0) and up(1))
    program.wait_log(lambda line: line.get("message") == "backend is up again")


def test_a_check_that_gets_no_answer_has_failed(front, pair):
    def script(exchange):
        if exchange.request.target == "/health":
            time.sleep(3)
        exchange.reply(200)
    pair[0].script = script
    check = {"path": "/health", "interval": "100ms", "timeout": "200ms", "unhealthy": 1}
    program = front(pair, {"proxy": {"health": {"check": check}}})
    line = program.wait_log(lambda line: line.get("message") == "backend is down")
    assert line["backend"] == pair[0].url and "in time" in line["reason"]


def test_no_checks_after_a_reload_without_them(front, pair):
    check = {"path": "/health", "interval": "100ms", "unhealthy": 1}
    pair[0].script = lambda exchange: exchange.reply(500)
    program = front(pair, {"proxy": {"health": {"check": check}}})
    until(lambda: program.metric("vestibule_backend_up", backend=pair[0].url) == 0)
    program.configure(merged(ONE, {"backends": [{"url": server.url} for server in pair]}))
    program.signal(1)
    until(lambda: program.metric("vestibule_backend_up", backend=pair[0].url) == 1)
    time.sleep(0.2)
    before = counts(pair)
    time.sleep(0.5)
    assert counts(pair) == before


# Limits.


class Busy:
    """Answers when it is told to, and counts who waits."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.free = threading.Event()

    def __call__(self, exchange):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.free.wait(30)
        with self.lock:
            self.now -= 1
        exchange.reply(200)


def asking(program, count, statuses):
    def ask():
        answer = program.get("/")
        statuses.append((answer.status, answer))
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_no_more_connections_than_allowed(front, backend):
    backend.script = busy = Busy()
    program = front([backend], {"proxy": {"limits": {"backend_connections": 3}}})
    answers = []
    threads = asking(program, 10, answers)
    until(lambda: program.metric("vestibule_backend_pending") == 7)
    assert busy.now == 3 and program.metric("vestibule_backend_connects_total") == 3
    busy.free.set()
    for thread in threads:
        thread.join(20)
    assert [status for status, _ in answers] == [200] * 10
    assert busy.most == 3 and program.metric("vestibule_backend_connects_total") == 3
    assert program.metric("vestibule_backend_pending") == 0


def test_a_line_has_an_end(front, backend):
    backend.script = busy = Busy()
    program = front([backend], {"proxy": {"limits": {"backend_connections": 1, "backend_pending": 2}}})
    answers = []
    threads = asking(program, 3, answers)
    until(lambda: program.metric("vestibule_backend_pending") == 2 and busy.now == 1)
    answer = program.get("/")
    assert answer.status == 503 and answer.complete
    assert answer.header("Retry-After") and answer.header("Cache-Control") == "no-store"
    assert json.loads(answer.body) == {"error": "service_unavailable"}
    assert program.failure()["side"] == "upstream"
    assert program.metric("vestibule_backend_refused_total", reason="full") == 1
    busy.free.set()
    for thread in threads:
        thread.join(20)
    assert [status for status, _ in answers] == [200] * 3


def test_nobody_waits_for_ever(front, backend):
    backend.script = busy = Busy()
    program = front([backend], {"proxy": {"limits": {"backend_connections": 1}, "timeouts": {"pending": "200ms"}}})
    answers = []
    threads = asking(program, 1, answers)
    until(lambda: busy.now == 1)
    assert program.get("/").status == 503
    assert program.metric("vestibule_backend_refused_total", reason="late") == 1
    busy.free.set()
    threads[0].join(20)


def test_who_goes_away_leaves_the_line(front, backend):
    backend.script = busy = Busy()
    program = front([backend], {"proxy": {"limits": {"backend_connections": 1}}})
    answers = []
    threads = asking(program, 1, answers)
    until(lambda: busy.now == 1)
    with held(program):
        until(lambda: program.metric("vestibule_backend_pending") == 1)
    until(lambda: program.metric("vestibule_backend_pending") == 0)
    busy.free.set()
    threads[0].join(20)
    assert len(backend.requests) == 1


def test_a_drain_serves_those_who_wait(front, backend):
    backend.script = busy = Busy()
    program = front([backend], {"proxy": {"limits": {"backend_connections": 1}}})
    answers = []
    threads = asking(program, 3, answers)
    until(lambda: program.metric("vestibule_backend_pending") == 2)
    program.signal(15)
    program.wait_log(lambda line: line.get("message") == "draining")
    busy.free.set()
    for thread in threads:
        thread.join(20)
    assert [status for status, _ in answers] == [200] * 3
    program.ended()


# What operators see.


def test_ready_where_one_of_them_is_reachable(front, pair):
    program = front([f"http://127.0.0.1:{free_port()}", pair[0]])
    assert program.admin("/readyz").status == 200
    pair[0].close()
    answer = program.admin("/readyz")
    assert answer.status == 503 and b"backend" in answer.body


def test_doctor_names_each(tmp_path, pair):
    refused = f"http://127.0.0.1:{free_port()}"
    config = tmp_path / "vestibule.yaml"
    config.write_text(json.dumps(merged(programs.BASE, {"backends": [{"url": pair[0].url}, {"url": refused}]})))
    done = programs.run("doctor", "--config", config)
    assert done.returncode == 1
    assert f"ok: backend {pair[0].url} accepts connections" in done.stdout
    assert f"CRITICAL: backend {refused}: backend not reachable\n  remedy: " in done.stdout


def test_reload_exchanges_backends_under_load(front, pair):
    third = Backend()
    program = front(pair)
    with Crowd(program) as crowd:
        crowd.wait_more()
        program.configure(merged(ONE, {"backends": [{"url": pair[1].url}, {"url": third.url}]}))
        program.signal(1)
        until(lambda: len(third.requests) > 10)
        before = len(pair[0].requests)
        crowd.wait_more()
        assert len(pair[0].requests) - before <= 1
    third.close()
    assert set(crowd.statuses) == {200}
