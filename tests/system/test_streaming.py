"""Bodies of any size and framing, both ways, in constant memory."""
import hashlib
import threading
import time

import pytest

from harness import wire
from harness.program import SANITIZED, SLOWER
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
MIB = 1 << 20
GIB = 64 * MIB if SANITIZED else 1 << 30  # a sanitizer build is watched for errors, not for memory
BLOCK = bytes(range(256)) * 4096  # 1 MiB


def grown(program, act):
    """By how many bytes the program's memory grew at most while `act` ran."""
    program.get("/warm-up")
    program.forget_peak()
    before = program.rss("VmHWM")
    act()
    return program.rss("VmHWM") - before


def small_growth(bytes_grown):
    return SANITIZED or bytes_grown < 16 * MIB


class Sink:
    """Reads bodies of requests away and counts them."""

    def __init__(self):
        self.received = 0

    def __call__(self, exchange):
        request = exchange.request
        if request.header("Transfer-Encoding"):
            for data in exchange.chunks():
                self.received += len(data)
        else:
            left = int(request.header("Content-Length", "0"))
            while left:
                data = exchange.exactly(min(left, MIB))
                self.received += len(data)
                left -= len(data)
        request.body = b""
        exchange.reply(200, body=str(self.received).encode())


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_gigabyte_up(vestibule, backend, framing):
    program = vestibule(OFF)
    program.get("/warm-up")
    backend.script = Sink()

    def upload():
        with program.client(timeout=120) as client:
            if framing == "length":
                client.send(request_text("POST", "/", {"Content-Length": str(GIB)}))
                for _ in range(GIB // MIB):
                    client.send(BLOCK)
            else:
                client.send(request_text("POST", "/", {"Transfer-Encoding": "chunked"}))
                for _ in range(GIB // MIB):
                    client.send(b"100000\r\n" + BLOCK + b"\r\n")
                client.send("0\r\n\r\n")
            assert client.response().body == str(GIB).encode()

    growth = grown(program, upload)
    assert small_growth(growth), f"grew by {growth} bytes"


@pytest.mark.parametrize("framing", ["length", "chunked", "until close"])
def test_a_gigabyte_down(vestibule, backend, framing):
    program = vestibule(OFF)
    program.get("/warm-up")

    def script(exchange):
        if exchange.request.target == "/warm-up":
            return exchange.reply()
        fields = {"length": f"Content-Length: {GIB}\r\n", "chunked": "Transfer-Encoding: chunked\r\n",
                  "until close": "Connection: close\r\n"}[framing]
        exchange.send(f"HTTP/1.1 200 OK\r\n{fields}\r\n")
        block = b"100000\r\n" + BLOCK + b"\r\n" if framing == "chunked" else BLOCK
        for _ in range(GIB // MIB):
            exchange.send(block)
        if framing == "chunked":
            exchange.send("0\r\n\r\n")
        if framing == "until close":
            exchange.close()

    backend.script = script

    def download():
        with program.client(timeout=120) as client:
            client.send(request_text("GET", "/"))
            head = client.response_head()
            count = 0
            if head.header("Transfer-Encoding") == "chunked":
                for data in client.chunks():
                    count += len(data)
            else:
                count = len(client.buffer)
                while count < GIB:
                    data = client.sock.recv(MIB)
                    assert data, f"ended after {count}"
                    count += len(data)
            assert count == GIB

    growth = grown(program, download)
    assert small_growth(growth), f"grew by {growth} bytes"


def test_a_client_that_stops_reading_stops_the_backend(vestibule, backend):
    sent = [0]
    program = vestibule(OFF)
    program.get("/warm-up")

    def script(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n")
        for _ in range(GIB // MIB):
            exchange.send(BLOCK)
            sent[0] += MIB

    def slow():
        client = program.client()
        client.send(request_text("GET", "/"))
        client.response_head()
        time.sleep(2)
        first = sent[0]
        time.sleep(1)
        assert sent[0] == first, "the backend is still being read"
        client.close()

    backend.script = lambda x: x.reply()
    program.get("/warm-up")
    program.forget_peak()
    before = program.rss("VmHWM")
    backend.script = script
    slow()
    growth = program.rss("VmHWM") - before
    assert small_growth(growth), f"grew by {growth} bytes"
    assert sent[0] < 64 * MIB


def test_a_backend_that_stops_reading_stops_the_client(vestibule, backend):
    program = vestibule(OFF)
    program.get("/warm-up")
    go_on = threading.Event()

    def script(exchange):
        go_on.wait(20)
        exchange.close()

    backend.script = script
    program.forget_peak()
    before = program.rss("VmHWM")
    with program.client(timeout=1.5) as client:
        client.send(request_text("POST", "/", {"Content-Length": str(GIB)}))
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                client.send(BLOCK)
                sent += MIB
    go_on.set()
    assert sent < 64 * MIB
    assert small_growth(program.rss("VmHWM") - before)


def test_many_bodies_at_once_keep_their_bytes(vestibule, backend):
    """Bodies of awkward sizes, both ways at the same time, each with its own content."""
    def script(exchange):
        body = exchange.read_body()
        half = len(body) // 2
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (body[:half], body[half:]):
            if part:
                exchange.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        exchange.send("0\r\n\r\n")

    backend.script = script
    program = vestibule(OFF)
    wrong = []

    def one(seed):
        with program.client(timeout=60) as client:
            for n in range(6):
                size = (seed * 7919 + n * 104729) % 300_000
                body = (hashlib.sha256(f"{seed}.{n}".encode()).digest() * (size // 32 + 1))[:size]
                client.send(request_text("POST", f"/{seed}/{n}", body=body))
                answer = client.response()
                if answer.body != body or not answer.complete:
                    wrong.append((seed, n, size, len(answer.body)))

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(24)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60 * SLOWER)
    assert wrong == []
