"""What has to feel direct: event streams, long polls, early answers, hints, trailers, WebSockets."""
import base64
import os
import select
import threading
import time

import pytest

from harness import live
from harness.program import SLOWER
from harness.wire import request_text

from test_slow_clients import ended, wait_until

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}


class Conductor:
    """A backend's script that says piece after piece, each when it is told to: say() and end()."""

    def __init__(self, head):
        self.head = head
        self.turn = threading.Semaphore(0)
        self.pieces = []
        self.ended = False

    def __call__(self, exchange):
        exchange.request.body = b""
        exchange.send(self.head)
        while True:
            self.turn.acquire()  # pylint: disable=consider-using-with
            if self.ended:
                return exchange.close()
            exchange.send(self.pieces.pop(0))

    def say(self, piece):
        self.pieces.append(piece)
        self.turn.release()

    def end(self):
        self.ended = True
        self.turn.release()


FRAMINGS = {
    "chunked": ("Transfer-Encoding: chunked\r\n", lambda text: f"{len(text):x}\r\n{text}\r\n"),
    "until close": ("", lambda text: text),
    "length": ("Content-Length: 100000\r\n", lambda text: text),
}


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_each_piece_arrives_before_the_next_is_said(vestibule, backend, kind, framing):
    """So nothing waits for more to come, for a full buffer or for a timer: order, not time."""
    fields, framed = FRAMINGS[framing]
    backend.script = conductor = Conductor(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{fields}\r\n")
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/events"))
        assert client.response_head().status == 200, "the head comes before the first piece"
        for n in range(50):
            text = f"data: {n}\n\n"
            conductor.say(framed(text))
            if framing == "length":
                assert client.exactly(len(text)).decode() == text
            else:  # chunks, for a client of HTTP/1.1
                size = int(client.until(b"\r\n"), 16)
                assert client.exactly(size + 2).decode() == text + "\r\n"
        conductor.end()


def test_a_long_poll_is_answered_when_it_is(vestibule, backend):
    answer = threading.Event()
    backend.script = lambda x: (answer.wait(10), x.reply(200, body=b"news"))
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/poll"))
        assert not select.select([client.sock], [], [], 0.7)[0]
        answer.set()
        assert client.response().body == b"news"
        client.send(request_text("GET", "/poll"))
        assert client.response().body == b"news"


def test_an_early_answer_does_not_wait_for_the_upload(vestibule, backend):
    """The answer is there while the client still sends, and both go on."""
    received = []

    def script(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
        body = exchange.read_body()
        received.append(len(body))
        exchange.send("4\r\nlate\r\n0\r\n\r\n")

    backend.script = script
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "1000000"}))
        client.send(b"x" * 1000)
        assert client.response_head().status == 200
        assert client.until(b"\r\n") == b"5" and client.exactly(7) == b"early\r\n"
        client.send(b"x" * 999_000)
        assert client.until(b"\r\n") == b"4" and client.exactly(6) == b"late\r\n"
        assert client.until(b"\r\n") == b"0" and client.until(b"\r\n") == b""
    assert received[0] == 1_000_000


def test_an_early_refusal_ends_the_upload(vestibule, backend):
    """The answer comes at once and whole; what is still sent is read for a moment, then it is over."""
    backend.script = lambda x: (x.reply(413, {"Connection": "close"}, b"too much"), x.close())
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "100000000"}))
        client.send(b"x" * 1000)
        answer = client.response()
        assert answer.status == 413 and answer.body == b"too much" and answer.header("Connection") == "close"
        for _ in range(100):
            try:
                client.send(b"x" * 1000)
            except ConnectionError:
                break
            time.sleep(0.05)
        assert ended(client)


def test_hints_come_before_the_answer_is_there(vestibule, backend):
    answer = threading.Event()

    def script(exchange):
        exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: close\r\n\r\n")
        answer.wait(10)
        exchange.reply(200, body=b"ok")

    backend.script = script
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/"))
        hint = client.response_head()
        assert hint.status == 103 and hint.header("Link") == "</a.css>; rel=preload"
        assert hint.header("Connection") is None
        answer.set()
        assert client.response().body == b"ok"


def test_trailers_are_announced_and_stripped(vestibule, backend):
    def script(exchange):
        exchange.read_body()
        exchange.send("HTTP/1.1 200 OK\r\nTrailer: Server-Timing, Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "2\r\nok\r\n0\r\nServer-Timing: db;dur=5\r\nSet-Cookie: a=b\r\n"
                      "X-Session-Destroy: all\r\nAccess-Control-Allow-Origin: *\r\nCache-Control: public\r\n\r\n")

    backend.script = script
    with vestibule(OFF).client() as client:
        client.send(request_text("POST", "/", {"Transfer-Encoding": "chunked", "TE": "trailers",
                                               "Trailer": "X-Sum, X-Session-Id, Host"}))
        client.send("3\r\nabc\r\n0\r\nX-Sum: 9\r\nX-Session-Id: forged\r\nx_session_state: active\r\n"
                    "Authorization: Basic eA==\r\nX-Forwarded-For: 192.0.2.1\r\nIf-Match: x\r\n\r\n")
        answer = client.response()
        assert answer.header("Trailer") == "Server-Timing"
        assert answer.trailers == [("Server-Timing", "db;dur=5")]
        client.send(request_text("GET", "/"))
        assert client.response().status == 200
    request = backend.requests[0]
    assert request.header("Trailer") == "X-Sum" and request.trailers == [("X-Sum", "9")]


# WebSockets.


def switch(accept=ACCEPT, protocol="websocket"):
    return ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
            f"Upgrade: {protocol}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")


BAD_HANDSHAKES = {
    "no key": (400, "GET", {"Sec-WebSocket-Key": None}),
    "empty key": (400, "GET", {"Sec-WebSocket-Key": ""}),
    "short key": (400, "GET", {"Sec-WebSocket-Key": base64.b64encode(b"x" * 15).decode()}),
    "long key": (400, "GET", {"Sec-WebSocket-Key": base64.b64encode(b"x" * 17).decode()}),
    "no base64": (400, "GET", {"Sec-WebSocket-Key": "!" * 22 + "=="}),
    "no version": (400, "GET", {"Sec-WebSocket-Version": None}),
    "old version": (426, "GET", {"Sec-WebSocket-Version": "8"}),
    "POST": (400, "POST", {}),
}


def test_bad_handshakes_never_reach_the_backend(vestibule, backend):
    program = vestibule(OFF)
    with program.client() as client:  # and the connection goes on
        for what, (status, method, changes) in BAD_HANDSHAKES.items():
            fields = {k: v for k, v in {**HANDSHAKE, **changes}.items() if v is not None}
            client.send(request_text(method, "/ws", fields))
            answer = client.response()
            assert answer.status == status, what
            if status == 426:
                assert answer.header("Sec-WebSocket-Version") == "13" and answer.header("Upgrade") == "websocket"
        assert backend.requests == []
        client.send(request_text("GET", "/"))
        assert client.response().status == 200
    with program.client() as client:  # HTTP/1.0 knows no upgrades: an ordinary request
        client.send(request_text("GET", "/old", HANDSHAKE, version="HTTP/1.0"))
        assert client.response().status == 200
    assert backend.last().header("Upgrade") is None


BAD_SWITCHES = {
    "another key's": switch("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "none": switch().replace(f"Sec-WebSocket-Accept: {ACCEPT}\r\n", ""),
    "another protocol": switch(protocol="h2c"),
    "no protocol": switch().replace("Upgrade: websocket\r\n", ""),
}


@pytest.mark.parametrize("what", BAD_SWITCHES)
def test_an_answer_to_another_handshake_is_refused(vestibule, backend, what):
    over = threading.Event()

    def script(exchange):
        exchange.request.body = b""
        exchange.send(BAD_SWITCHES[what] + "unasked")
        while exchange.sock.recv(65536):
            pass
        over.set()
        exchange.close()

    backend.script = script
    program = vestibule(OFF)
    answer = program.get("/ws", HANDSHAKE)
    assert answer.status == 502 and b"unasked" not in answer.body
    assert over.wait(5), "the backend's connection is closed"
    assert program.failure()["side"] == "upstream"


def test_each_frame_passes_at_once(vestibule, backend):
    backend.script = live.LiveBackend()
    program = vestibule(OFF)
    with program.client() as client:
        key = base64.b64encode(os.urandom(16)).decode()
        client.send(request_text("GET", "/ws", {**HANDSHAKE, "Sec-WebSocket-Key": key}))
        assert client.response_head().status == 101
        for n in range(100):
            client.send(live.frame(live.TEXT, f"message {n}".encode(), masked=True))
            assert live.read_frame(client)[1] == f"message {n}".encode()


@pytest.mark.parametrize("protocol", ["websocket", "other"])
def test_a_silent_tunnel_is_closed(vestibule, backend, protocol):
    over = threading.Event()

    def script(exchange):
        exchange.request.body = b""
        exchange.send(switch(protocol=protocol))
        try:
            while data := exchange.sock.recv(65536):
                exchange.send(data)
        except OSError:
            pass
        over.set()
        exchange.close()

    backend.script = script
    program = vestibule({**OFF, "proxy": {"timeouts": {"tunnel_idle": f"{2 * SLOWER}s"}}})
    with program.client() as client:
        client.send(request_text("GET", "/ws", {**HANDSHAKE, "Upgrade": protocol}))
        assert client.response_head().status == 101
        for _ in range(12):  # longer than the limit in all, but never silent for so long
            client.send("ping")
            assert client.exactly(4) == b"ping"
            time.sleep(0.25 * SLOWER)
        assert not over.is_set()
        assert ended(client)
    assert over.wait(5)
    wait_until(lambda: program.metric("vestibule_tunnels") == 0)


def test_a_half_closed_tunnel_goes_on(vestibule, backend):
    """The end of one direction is passed on, and the other one goes on."""
    def script(exchange):
        exchange.request.body = b""
        exchange.send(switch(protocol="other"))
        got = b""
        while data := exchange.sock.recv(65536):
            got += data
        time.sleep(0.5)
        exchange.send(got[::-1])
        exchange.close()

    backend.script = script
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/ws", {"Upgrade": "other", "Connection": "Upgrade"}))
        assert client.response_head().status == 101
        client.send("abc")
        client.sock.shutdown(1)
        assert client.rest() == b"cba"
