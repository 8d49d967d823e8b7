"""What is said over TLS, and when it ends."""
import os
import signal
import ssl
import subprocess
import time

import pytest

from harness import program
from harness.live import EventStream, LiveBackend, WebSocket
from harness.program import SLOWER
from harness.secure import failed, secure  # noqa: F401
from harness.tls import Tls
from harness.wire import Client, request_text


def test_what_the_backend_and_the_browser_learn(secure, backend):
    for trusted, said in ([], "http"), (["127.0.0.1"], None):
        made = secure(None, {"proxy": {"trusted_proxies": trusted}})
        answer = made.get("/issue", headers={"X-Forwarded-Proto": said} if said else {}, host="shop.test")
        seen = backend.last()
        assert seen.all("X-Forwarded-Proto") == ["https"]
        assert "host=shop.test;proto=https" in seen.header("Forwarded")
        assert "; Secure" in answer.header("Set-Cookie")


def test_host_cookie(secure, backend):
    made = secure(None, {"session": {"cookie": {"name": "__Host-sid", "secure": "on"}}})
    answer = made.get("/issue")
    cookie = answer.header("Set-Cookie")
    assert cookie.startswith("__Host-sid=s%3Aanon-") and "Secure" in cookie and "Path=/;" in cookie
    assert "Domain" not in cookie
    again = made.get("/issue", headers={"Cookie": cookie.partition(";")[0]})
    assert again.header("Set-Cookie") is None
    assert backend.last().header("X-Session-State") == "active"


def test_bodies_both_ways(secure, backend, authority):
    made = secure()
    body = os.urandom(3_000_000)

    def script(exchange):
        assert exchange.read_body() == body
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 70_000):
            piece = body[at:at + 70_000]
            exchange.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        exchange.send("0\r\n\r\n")

    backend.script = script
    with made.client() as client:
        for _ in range(2):
            client.send(request_text("POST", "/issue", body=body))
            answer = client.response()
            assert answer.complete and answer.body == body
    done = subprocess.run(["curl", "-sS", "--cacert", authority.ca, "-w", "%{http_version} %{http_code}",
                           "-o", "/dev/null", "--data-binary", "@-", f"https://127.0.0.1:{made.address}/issue"],
                          input=body, capture_output=True, timeout=60)
    assert done.stdout == b"1.1 200", done


def test_slow_readers_hold_little(secure, backend):
    """A client that takes nothing is cut, and until then costs a bounded piece of its answer."""
    made = secure(None, {"proxy": {"timeouts": {"idle_body": "1s"}}})
    piece = b"x" * (1 << 20)
    sent = []

    def script(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            exchange.send(b"100000\r\n" + piece + b"\r\n")
            sent.append(1)
        exchange.send("0\r\n\r\n")

    backend.script = script
    with made.client() as client:
        client.send(request_text("GET", "/issue"))
        made.access(lambda line: line["path"] == "/issue", seconds=15)
        assert len(sent) < 100
        assert made.rss() < 100 << 20 or program.SANITIZED


def test_long_lived(secure, backend, redis):
    """wss and an event stream, and their ends."""
    backend.script = live = LiveBackend()
    try:
        made = secure(None, {"inject": {"headers": {"X-Session-User": "/user/id"}}, "routes": [
            {"match": {"path": "/*"}, "session": "required", "require": {"/user/id": "present"}}]})
        sid, cookie = redis.login(user={"id": "u1"})
        socket_, events = WebSocket(made, cookie), EventStream(made, cookie)
        live.publish("u1", "news")
        socket_.works()
        events.heard("news")
        since = time.monotonic()
        redis.command("DEL", f"sess:{sid}")
        for stream in (socket_, events):
            stream.wait_ended(since, 1.0 * SLOWER)
            assert stream.clean and not stream.failed, stream.failed
        assert socket_.code == 1008
    finally:
        live.over.set()


def test_the_end_is_told(secure):
    """close_notify comes before the end: Tls takes an end without it for an error."""
    made = secure()
    with made.client() as client:
        client.send(request_text("GET", "/issue", {"Connection": "close"}))
        assert client.response().status == 200
        assert client.at_end()
    with made.client() as client:
        client.send("nonsense\r\n\r\n")
        assert client.response().status == 400
        assert client.at_end()
    # And the other way round.
    for cut in (False, True):
        client = made.client()
        client.send(request_text("POST", "/issue", {"Content-Length": "100"}) + b"begun")
        if not cut:
            client.sock.unwrap()
        client.sock.close()
        made.wait_metric(0, "vestibule_connections")


def test_an_abandoned_request_is_noticed(secure, backend):
    ended = []

    def script(exchange):
        exchange.sock.settimeout(10 * SLOWER)
        ended.append(exchange.sock.recv(1))

    backend.script = script
    made = secure()
    for say in (True, False):
        client = made.client()
        client.send(request_text("GET", "/issue"))
        backend.wait_requests(len(ended) + 1)
        if say:
            client.sock.setblocking(False)
            with pytest.raises(ssl.SSLError):
                client.sock.unwrap()  # says its part, and cannot wait for the answer
        client.sock.close()
        made.access(lambda line: line["status"] == 499, since=0)
        made.wait_metric(0, "vestibule_connections")
    assert ended == [b"", b""]


def test_plain_http(secure, backend):
    made = secure()
    for method in ("GET", "POST", "HEAD"):
        with Client(made.address) as client:
            client.send(request_text(method, "/issue", body=b"x" * 10_000 if method == "POST" else None))
            answer = client.response("GET")
            assert answer.status == 400, method
            assert client.at_end()
    failed(made, "plain_http", 3)
    assert not backend.requests


def test_behind_a_proxy_header(secure, backend, authority):
    """PROXY protocol comes before the handshake."""
    made = secure(listener={"proxy_protocol": {"from": ["127.0.0.1"]}})
    tls = Tls(authority.ca)

    def proxied(sock):
        sock.sendall(b"PROXY TCP4 192.0.2.9 192.0.2.1 5000 443\r\n")
        return tls(sock)

    answer = made.get("/issue", tls=proxied)
    assert answer.status == 200 and "; Secure" in answer.header("Set-Cookie")
    assert backend.last().header("X-Forwarded-For") == "192.0.2.9"
    with pytest.raises(OSError):
        made.get("/issue")


def test_connections_over_the_limit(secure):
    made = secure(None, {"proxy": {"limits": {"connections": 2}}})
    with made.client(), made.client():
        with pytest.raises((ssl.SSLError, ConnectionError)):
            made.client()
    made.wait_metric(0, "vestibule_connections")
    assert made.metric("vestibule_connections_refused_total") == 1
    assert made.get("/issue").status == 200


def test_drain(secure):
    made = secure()
    idle = made.client()
    idle.send(request_text("GET", "/issue"))
    assert idle.response().status == 200
    made.signal(signal.SIGTERM)
    assert idle.at_end()
    made.ended()
