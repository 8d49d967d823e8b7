"""HTTP/1 as it is meant: methods and statuses without bodies, interim answers, trailers, upgrades,
versions, pipelining, keep-alive."""
import json
import threading

import pytest

from harness import wire
from harness.backend import Backend
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}


def test_head(vestibule, backend):
    backend.script = lambda x: x.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-A: b\r\n\r\n")
    with vestibule(OFF).client() as client:
        for _ in range(3):
            client.send(request_text("HEAD", "/"))
            answer = client.response("HEAD")
            assert answer.status == 200 and answer.header("Content-Length") == "1234"
    assert [r.method for r in backend.requests] == ["HEAD"] * 3


def test_answers_without_a_body(vestibule, backend):
    statuses = iter([204, 304, 204, 200])
    fields = {304: "Content-Length: 999\r\nETag: \"x\"\r\n", 200: "Content-Length: 0\r\n"}

    def script(exchange):
        status = next(statuses)
        exchange.send(f"HTTP/1.1 {status} X\r\n{fields.get(status, '')}\r\n")

    backend.script = script
    with vestibule(OFF).client() as client:
        for status in (204, 304, 204, 200):
            client.send(request_text("GET", "/"))
            answer = client.response()
            assert answer.status == status and answer.body == b""
            if status == 204:
                assert answer.header("Content-Length") is None and answer.header("Transfer-Encoding") is None
            if status == 304:
                assert answer.header("Content-Length") == "999" and answer.header("ETag") == '"x"'


def test_interim_answers_pass(vestibule, backend):
    backend.script = lambda x: x.send(
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
        "HTTP/1.1 102 Processing\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    program = vestibule(OFF)
    answer = program.get("/")
    assert [a.status for a in answer.interim] == [103, 102] and answer.body == b"ok"
    assert answer.interim[0].header("Link") == "</a.css>; rel=preload"
    # HTTP/1.0 knows none of them.
    old = program.get("/", version="HTTP/1.0")
    assert old.status == 200 and old.interim == [] and old.body == b"ok"


def test_expect_continue_is_answered_by_the_backend(vestibule, backend):
    def script(exchange):
        assert exchange.request.header("Expect", "").lower() == "100-continue"
        exchange.send("HTTP/1.1 100 Continue\r\n\r\n")
        body = exchange.read_body()
        exchange.reply(200, body=body[::-1])

    backend.script = script
    with vestibule(OFF).client() as client:
        client.send(request_text("POST", "/", {"Expect": "100-continue", "Content-Length": "5"}))
        assert client.response_head().status == 100
        client.send("hello")
        assert client.response().body == b"olleh"


def test_expect_continue_may_be_refused(vestibule, backend):
    backend.script = lambda x: (x.reply(417, {"Connection": "close"}, b"no"), x.close())
    with vestibule(OFF).client() as client:
        client.send(request_text("POST", "/", {"Expect": "100-continue", "Content-Length": "5"}))
        answer = client.response()
        assert answer.status == 417 and answer.body == b"no"


def test_an_early_answer_to_an_upload(vestibule, backend):
    def script(exchange):
        exchange.reply(403, {"Connection": "close"}, b"enough")
        exchange.close()

    backend.script = script
    with vestibule(OFF).client() as client:
        client.send(request_text("POST", "/", {"Content-Length": str(50_000_000)}))
        try:
            for _ in range(500):
                client.send(b"x" * 100_000)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        try:
            assert client.response().status in (403, 502)
        except (ConnectionResetError, wire.Truncated):
            pass  # a client that never stops sending may lose the answer; it must not lose the proxy
    assert vestibule(OFF).get("/").status == 403


def test_trailers_both_ways(vestibule, backend):
    def script(exchange):
        exchange.read_body()
        exchange.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n")

    backend.script = script
    with vestibule(OFF).client() as client:
        client.send(request_text("POST", "/", {"Transfer-Encoding": "chunked", "TE": "trailers", "Trailer": "X-Md5"}))
        client.send("3\r\nabc\r\n0\r\nX-Md5: 123\r\n\r\n")
        answer = client.response()
    assert answer.body == b"ok" and answer.trailers == [("X-Sum", "42")]
    assert backend.last().body == b"abc" and backend.last().trailers == [("X-Md5", "123")]


def test_pipelining(vestibule, backend):
    def nth(n):
        return request_text("POST", f"/{n}", body=b"b" * n) if n % 3 == 0 else request_text("GET", f"/{n}")

    with vestibule(OFF).client() as client:
        client.send(b"".join(nth(n) for n in range(50)))
        import json
        targets = [json.loads(client.response().body)["target"] for _ in range(50)]
    assert targets == [f"/{n}" for n in range(50)]


def test_a_head_may_come_byte_by_byte(vestibule, backend):
    program = vestibule(OFF)
    with program.client() as client:
        for byte in request_text("POST", "/slow", {"X-A": "b"}, b"body"):
            client.send(bytes([byte]))
        assert client.response().status == 200
    assert backend.last().body == b"body"


def test_connections_are_kept_on_both_sides(vestibule, backend):
    program = vestibule({**OFF, "workers": 1})
    with program.client() as client:
        for n in range(20):
            client.send(request_text("GET", f"/{n}"))
            assert client.response().header("Connection", "").lower() != "close"
    with program.client() as client:
        client.send(request_text("GET", "/again"))
        client.response()
    assert len(backend.requests) == 21 and len({r.connection for r in backend.requests}) == 1


def test_connection_close_is_obeyed(vestibule, backend):
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/", {"Connection": "close"}))
        assert client.response().header("Connection", "").lower() == "close"
        assert client.at_end()
    # The backend's wish concerns its own connection, not the client's.
    backend.script = lambda x: (x.reply(200, {"Connection": "close"}, b"bye"), x.close())
    with program.client() as client:
        for _ in range(3):
            client.send(request_text("GET", "/"))
            assert client.response().body == b"bye"


def test_http_1_0(vestibule, backend):
    def script(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")

    program = vestibule(OFF)
    with program.client() as client:
        client.send("GET / HTTP/1.0\r\n\r\n")
        answer = client.response()
        assert answer.status == 200 and client.at_end()
    assert backend.last().version == "HTTP/1.1"
    with program.client() as client:
        for _ in range(3):
            client.send("GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
            assert client.response().header("Connection", "").lower() == "keep-alive"
    backend.script = script
    with program.client() as client:
        client.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        answer = client.response()
    assert answer.body == b"abcdef" and answer.header("Transfer-Encoding") is None


def test_backends_of_http_1_0(vestibule, backend):
    def script(exchange):
        exchange.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold but good")
        exchange.close()

    backend.script = script
    with vestibule(OFF).client() as client:
        for _ in range(2):
            client.send(request_text("GET", "/"))
            answer = client.response()
            assert answer.body == b"old but good" and answer.complete
            if answer.header("Transfer-Encoding") is None:
                break  # its end was the end of the connection


@pytest.mark.parametrize("first_bytes_with_head", [False, True])
def test_upgrades_become_tunnels(vestibule, backend, first_bytes_with_head):
    def script(exchange):
        request = exchange.request
        assert request.header("Upgrade") == "websocket" and request.header("Connection").lower() == "upgrade"
        exchange.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nwelcome ")
        while data := exchange.buffer or exchange.sock.recv(65536):
            exchange.buffer = b""
            exchange.send(data.swapcase())
        exchange.close()

    backend.script = script
    program = vestibule({"routes": [{"match": {"path": "/*"}, "session": "issue"}]})
    with program.client() as client:
        client.send(request_text("GET", "/ws", {"Upgrade": "websocket", "Connection": "Upgrade",
                                                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                                                "Sec-WebSocket-Version": "13"})
                    + (b"Early " if first_bytes_with_head else b""))
        answer = client.response()
        assert answer.status == 101 and answer.header("Upgrade") == "websocket"
        assert answer.header("Connection").lower() == "upgrade"
        assert answer.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert client.exactly(8) == b"welcome "
        if first_bytes_with_head:
            assert client.exactly(6) == b"eARLY "
        blob = bytes(range(65, 91)) * 20_000
        threading.Thread(target=client.send, args=(blob,), daemon=True).start()
        assert client.exactly(len(blob)) == blob.swapcase()
    assert backend.last().header("X-Session-State") == "new"


def test_a_refused_upgrade_is_an_ordinary_answer(vestibule, backend):
    backend.script = lambda x: x.reply(426, body=b"no")
    with vestibule(OFF).client() as client:
        for _ in range(2):
            client.send(request_text("GET", "/", {"Upgrade": "websocket", "Connection": "Upgrade",
                                                  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                                                  "Sec-WebSocket-Version": "13"}))
            answer = client.response()
            assert answer.status == 426 and answer.body == b"no"


def test_an_upgrade_without_session_is_denied_before_101(vestibule, backend):
    program = vestibule({"routes": [{"match": {"path": "/*"}, "session": "required"}]})
    answer = program.get("/ws", {"Upgrade": "websocket", "Connection": "Upgrade"})
    assert answer.status == 401 and backend.requests == []


def test_unix_sockets_on_both_sides(start, tmp_path):
    backend = Backend(unix=tmp_path / "backend.sock")
    program = start({**OFF, "listen": [{"address": f"unix:{tmp_path}/front.sock"}], "backends": [{"url": backend.url}]})
    assert program.get("/x").status == 200
    assert backend.last().target == "/x"
    backend.close()
