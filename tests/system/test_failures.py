"""What goes wrong on either side, and the one clear answer each of it gets."""
import json
import select
import socket
import time

import pytest

from harness import wire
from harness.backend import Backend
from harness.program import SLOWER
from harness.redis import free_port
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}


def is_canned(answer, status, head=False):
    """A constant small body that no cache keeps."""
    assert answer.status == status and answer.complete, answer
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type", "").startswith("application/json")
    assert not answer.all("Set-Cookie")
    if not head:
        assert set(json.loads(answer.body)) == {"error"} and len(answer.body) < 200


def side(program, status):
    """The side that the log blames for an answer of this status."""
    return program.failure(lambda line: line["status"] == status)["side"]


# The backend fails.


def test_backend_down(start):
    program = start({**OFF, "backends": [{"url": f"http://127.0.0.1:{free_port()}"}]}, ready=False)
    answer = program.get("/")
    is_canned(answer, 502)
    is_canned(program.request("HEAD", "/"), 502, head=True)
    assert program.request("POST", "/", body=b"x" * 100_000).status == 502
    assert side(program, 502) == "upstream"
    reasons = program.admin("/readyz")
    assert reasons.status == 503 and b"backend" in reasons.body


def test_backend_comes_and_goes(start, tmp_path):
    path = tmp_path / "backend.sock"
    program = start({**OFF, "backends": [{"url": f"unix:{path}"}]}, ready=False)
    assert program.get("/").status == 502
    backend = Backend(unix=path)
    assert program.get("/").status == 200
    backend.close()
    assert program.get("/").status == 502


def test_backend_too_slow(vestibule, backend):
    backend.script = lambda x: time.sleep(2)
    program = vestibule({**OFF, "proxy": {"timeouts": {"response": "300ms"}}})
    begin = time.monotonic()
    is_canned(program.get("/"), 504)
    assert 0.25 < time.monotonic() - begin < 1.5 * SLOWER
    assert side(program, 504) == "upstream"
    assert len(backend.requests) == 1, "a slow request is not sent again"


def test_connecting_takes_too_long(start):
    """A listener whose queue is full answers no SYN."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    crowd = []
    for _ in range(8):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(full.getsockname())
        crowd.append(s)
    time.sleep(0.1)
    program = start({**OFF, "backends": [{"url": "http://127.0.0.1:%d" % full.getsockname()[1]}],
                     "proxy": {"timeouts": {"connect": "300ms"}}}, ready=False)
    begin = time.monotonic()
    answer = program.get("/")
    is_canned(answer, 504)
    assert time.monotonic() - begin < 1.5 * SLOWER
    for s in (full, *crowd):
        s.close()


BAD_ANSWERS = {
    "nothing": "",
    "no HTTP": "hello\r\n\r\n",
    "SSH": "SSH-2.0-OpenSSH_9.2\r\n",
    "no status": "HTTP/1.1 \r\n\r\n",
    "bad status": "HTTP/1.1 20 OK\r\n\r\n",
    "big status": "HTTP/1.1 1000 OK\r\n\r\n",
    "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length is no number": "HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\nabc",
    "negative length": "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "unknown coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked, x\r\n\r\n",
    "blank before colon": "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "nul in a field": "HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    "endless head": "HTTP/1.1 200 OK\r\n" + "X-A: b\r\n" * 50_000,
    "half a head": "HTTP/1.1 200 OK\r\nContent-Le",
    "only 100": "HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("what", BAD_ANSWERS)
def test_bad_answers(vestibule, backend, what):
    def script(exchange):
        try:
            exchange.send(BAD_ANSWERS[what])
        finally:
            exchange.close()

    backend.script = script
    program = vestibule(OFF)
    is_canned(program.get("/"), 502)
    assert side(program, 502) == "upstream"


TRUNCATED = {
    "length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + "x" * 50,
    "no byte of it": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
    "chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "inside a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello",
    "before the last CRLF": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "bad chunk size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    "huge chunk size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nffffffffffffffff1\r\n",
}


@pytest.mark.parametrize("what", TRUNCATED)
def test_a_truncated_answer_is_truncated_for_the_client_too(vestibule, backend, what):
    def script(exchange):
        exchange.send(TRUNCATED[what])
        time.sleep(0.05)
        exchange.close()

    backend.script = script
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/"))
        answer = client.response()
    assert answer.status == 200 and not answer.complete
    assert program.failure()["side"] == "upstream"


def test_an_answer_that_stalls_is_cut(vestibule, backend):
    def script(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxxx")
        time.sleep(3)
        exchange.close()

    backend.script = script
    program = vestibule({**OFF, "proxy": {"timeouts": {"response": "300ms"}}})
    begin = time.monotonic()
    answer = program.get("/")
    assert not answer.complete and time.monotonic() - begin < 2 * SLOWER


# A pooled connection that had gone stale.


def answer_once_then(act):
    """The first request of each connection is answered; the next one gets `act`."""
    seen = set()

    def script(exchange):
        if exchange.number in seen:
            act(exchange)
        else:
            seen.add(exchange.number)
            exchange.read_body()
            exchange.reply(200)
    return script


ONE_WORKER = {**OFF, "workers": 1}


def test_a_stale_connection_is_replaced_once(vestibule, backend):
    backend.script = answer_once_then(lambda x: x.close())
    program = vestibule(ONE_WORKER)
    for method in ("GET", "GET", "HEAD", "DELETE", "POST"):
        assert program.request(method, "/").status == 200, method
    # Each but the first went out twice: on the stale connection, then on a fresh one.
    assert [r.method for r in backend.requests] == ["GET", "GET", "GET", "HEAD", "HEAD", "DELETE", "DELETE",
                                                    "POST", "POST"]


def test_a_fresh_connection_is_not_retried(vestibule, backend):
    backend.script = lambda x: x.close()
    is_canned(vestibule(ONE_WORKER).get("/"), 502)
    assert len(backend.requests) == 1


def test_after_the_first_byte_of_an_answer_nothing_is_retried(vestibule, backend):
    def half(exchange):
        exchange.send("HTTP/1.1 2")
        exchange.close()

    backend.script = answer_once_then(half)
    program = vestibule(ONE_WORKER)
    assert program.get("/").status == 200
    is_canned(program.get("/"), 502)
    assert len(backend.requests) == 2


def test_a_touched_body_is_not_sent_again(vestibule, backend):
    def swallow(exchange):
        exchange.exactly(100_000)
        exchange.close()

    backend.script = answer_once_then(swallow)
    program = vestibule(ONE_WORKER)
    assert program.get("/").status == 200
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "200000"}))
        client.send(b"x" * 150_000)
        is_canned(client.response(), 502)
    assert len(backend.requests) == 2


def test_connections_that_were_closed_in_the_pool_are_not_used(vestibule, backend):
    program = vestibule(ONE_WORKER)
    assert program.get("/").status == 200
    backend.drop_connections()
    time.sleep(0.1)
    assert program.request("POST", "/", body=b"once").status == 200
    assert [r.method for r in backend.requests] == ["GET", "POST"]


# The client fails, or is slow.


def test_a_client_that_leaves_is_logged_as_such(vestibule, backend):
    backend.script = lambda x: time.sleep(0.5)
    program = vestibule(OFF)
    client = program.client()
    client.send(request_text("GET", "/left"))
    backend.wait_requests(1)
    client.close()
    assert program.failure(lambda line: line["path"] == "/left")["side"] == "downstream"
    assert program.access(lambda line: line["path"] == "/left"), "and every exchange is in the access log"


def test_slow_heads_are_cut(vestibule, backend):
    program = vestibule({**OFF, "proxy": {"timeouts": {"head": "500ms", "keep_alive": "700ms"}}})
    for sent in ("", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-A: "):
        begin = time.monotonic()
        with program.client() as client:
            client.send(sent)
            got = client.rest()
        assert time.monotonic() - begin < 3 * SLOWER, sent
        assert got == b"" or got.startswith(b"HTTP/1.1 408 "), got
    assert backend.requests == []
    with program.client() as client:  # idle after a request
        client.send(request_text("GET", "/"))
        client.response()
        begin = time.monotonic()
        assert client.at_end() and time.monotonic() - begin < 3 * SLOWER


def test_a_trickling_head_is_cut_all_the_same(vestibule, backend):
    program = vestibule({**OFF, "proxy": {"timeouts": {"head": "600ms"}}})
    begin = time.monotonic()
    with program.client() as client:
        client.send("GET / HTTP/1.1\r\n")
        try:
            while not select.select([client.sock], [], [], 0.05)[0] and time.monotonic() - begin < 5 * SLOWER:
                client.send("X-A: b\r\n")
            assert client.response().status == 408
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert time.monotonic() - begin < 3 * SLOWER and backend.requests == []


def test_a_body_that_stalls_is_cut(vestibule, backend):
    program = vestibule({**OFF, "proxy": {"timeouts": {"idle_body": "400ms"}}})
    begin = time.monotonic()
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "1000"}) + b"x" * 10)
        try:
            status = client.response().status
        except wire.Truncated:
            status = 0
    assert status in (0, 408) and time.monotonic() - begin < 3 * SLOWER
