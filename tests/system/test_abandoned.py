"""A client that has gone frees what was done for it at once: the backend's connection ends."""
import contextlib
import threading
import time

import pytest

from harness.program import SLOWER
from harness.wire import Client, Truncated, request_text

from test_slow_clients import reset

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
AT_ONCE = 2 * SLOWER  # a sweep is 100 ms; the test's own threads may have to wait for a processor


class Watched:
    """A backend's script that answers nothing, and tells when its connection ended."""

    def __init__(self, beginning=b""):
        self.beginning = beginning
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self, exchange):
        if exchange.request.target == "/quick":
            return exchange.reply()
        exchange.request.body = b""
        if self.beginning:
            exchange.send(self.beginning)
        self.begun.set()
        with contextlib.suppress(OSError):
            while exchange.sock.recv(1 << 20):
                pass
        self.ended.set()
        exchange.close()


WAYS = {"close": lambda client: client.close(), "reset": reset}


@pytest.fixture
def watched(backend):
    backend.script = Watched()
    return backend.script


@pytest.mark.parametrize("way", WAYS)
def test_while_the_backend_works(vestibule, watched, way):
    program = vestibule(OFF)
    client = program.client()
    client.send(request_text("GET", "/slow"))
    assert watched.begun.wait(5)
    time.sleep(0.3)
    assert not watched.ended.is_set()
    WAYS[way](client)
    assert watched.ended.wait(AT_ONCE), "the backend still works for nobody"
    assert program.access(lambda line: line["path"] == "/slow")["status"] == 499
    assert program.failure(lambda line: line["path"] == "/slow")["side"] == "downstream"


def test_how_soon(vestibule, watched):
    """Between two sweeps."""
    program = vestibule(OFF)
    took = []
    for _ in range(9):
        watched.begun.clear()
        watched.ended.clear()
        client = program.client()
        client.send(request_text("GET", "/slow"))
        assert watched.begun.wait(5)
        client.close()
        begin = time.monotonic()
        assert watched.ended.wait(5)
        took.append(time.monotonic() - begin)
    took.sort()
    print("the backend saw the end after", [f"{t * 1000:.0f} ms" for t in took])
    assert took[0] < 0.15 * SLOWER


@pytest.mark.parametrize("way", WAYS)
def test_with_the_next_request_unread(vestibule, watched, way):
    """Unread bytes hide an end from whoever looks for it by reading."""
    program = vestibule(OFF)
    client = program.client()
    client.send(request_text("GET", "/slow"))
    assert watched.begun.wait(5)
    client.send(request_text("GET", "/behind") * 50)
    WAYS[way](client)
    assert watched.ended.wait(AT_ONCE)
    program.access(lambda line: line["path"] == "/slow")
    time.sleep(0.2)
    assert not [line for line in program.lines if line.get("path") == "/behind"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_in_the_middle_of_an_upload(vestibule, watched, backend, way, framing):
    program = vestibule(OFF)
    client = program.client()
    field = ("Content-Length", "1000000") if framing == "length" else ("Transfer-Encoding", "chunked")
    client.send(request_text("POST", "/up", [field]))
    client.send("1000\r\n" + "x" * 100)
    assert watched.begun.wait(5)
    WAYS[way](client)
    assert watched.ended.wait(AT_ONCE)
    assert program.access(lambda line: line["path"] == "/up")["status"] == 499


def test_while_an_upload_waits_for_the_backend(vestibule, backend):
    """Nobody reads from the client, who has sent more than fits. (An end would stand behind that, and nobody could
    see it.)"""
    go_on, over = threading.Event(), threading.Event()

    def script(exchange):
        exchange.request.body = b""
        go_on.wait(10)
        with contextlib.suppress(OSError, Truncated):
            while exchange.sock.recv(1 << 20):
                pass
        over.set()
        exchange.close()

    backend.script = script
    program = vestibule(OFF)
    client = Client(program.address, timeout=1)
    client.send(request_text("POST", "/up", {"Content-Length": "1000000000"}))
    with pytest.raises(TimeoutError):
        while True:
            client.send(b"x" * 1_000_000)
    reset(client)
    assert program.access(lambda line: line["path"] == "/up")["status"] == 499, "before the backend reads on"
    go_on.set()
    assert over.wait(5)


@pytest.mark.parametrize("beginning", [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
])
@pytest.mark.parametrize("way", WAYS)
def test_while_an_answer_is_silent(vestibule, backend, beginning, way):
    backend.script = Watched(beginning)
    program = vestibule(OFF)
    client = program.client()
    client.send(request_text("GET", "/events"))
    client.response_head()
    time.sleep(0.2)
    WAYS[way](client)
    assert backend.script.ended.wait(AT_ONCE)
    line = program.access(lambda line: line["path"] == "/events")
    assert line["status"] == 200
    assert program.failure(lambda line: line["path"] == "/events")["side"] == "downstream"


def test_while_the_store_is_asked(vestibule, backend, redis):
    """Nothing reaches the backend for who has gone meanwhile."""
    program = vestibule({"workers": 1, "store": {"timeout": "10s", "near_cache": {"enabled": False}}})
    _, cookie = redis.login(user={"id": 1})
    assert program.get("/warm", cookie=cookie).status == 200
    backend.clear()
    redis.freeze()
    try:
        client = program.client()
        client.send(request_text("GET", "/store", {"Cookie": f"sid={cookie}"}))
        time.sleep(0.3)
        client.close()
        time.sleep(0.5 * SLOWER)
    finally:
        redis.thaw()
    assert program.access(lambda line: line["path"] == "/store", seconds=15)["status"] == 499
    assert backend.requests == []
    assert program.get("/after", cookie=cookie).status == 200


def test_its_place_in_the_pool_is_not_given_to_others(vestibule, watched, backend):
    """An abandoned connection to the backend is never used again."""
    program = vestibule({**OFF, "workers": 1})
    assert program.get("/quick").status == 200
    client = program.client()
    client.send(request_text("GET", "/slow"))
    assert watched.begun.wait(5)
    client.close()
    assert watched.ended.wait(AT_ONCE)
    for _ in range(3):
        assert program.get("/quick").status == 200
    assert [r.target for r in backend.requests] == ["/quick", "/slow", "/quick", "/quick", "/quick"]
    assert len({r.connection for r in backend.requests}) == 2
