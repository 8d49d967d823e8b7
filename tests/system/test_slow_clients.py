"""Clients that are slow, greedy or rude: what they may hold, for how long, and who goes first."""
import os
import resource
import select
import socket
import struct
import time

import pytest

from harness import wire
from harness.program import SANITIZED, SLOWER
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
ONE = {**OFF, "workers": 1}
MIB = 1 << 20


def limits(base=None, **values):
    return {**(base or OFF), "proxy": {"limits": values}}


def timeouts(**values):
    return {**OFF, "proxy": {"timeouts": values}}


def reset(client):
    """Ends it by RST."""
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def ended(client, seconds=10):
    """Whether the other side has ended it by then; what it said first is dropped."""
    client.sock.settimeout(seconds * SLOWER)
    try:
        while client.sock.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def descriptors(program):
    return len(os.listdir(f"/proc/{program.pid}/fd"))


def wait_until(what, seconds=5):
    end = time.monotonic() + seconds * SLOWER
    while not what():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


def is_refusal(line):
    return line.get("message") == "connection refused"


# Slow ones.


def drip(client, piece, seconds, every=0.1):
    """Sends `piece` again and again. Seconds until the other side said or ended something; None: it did not."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds * SLOWER:
        try:
            client.send(piece)
        except ConnectionError:
            return time.monotonic() - begin
        if select.select([client.sock], [], [], every)[0]:
            return time.monotonic() - begin
    return None


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_trickles_for_ever_is_cut(vestibule, backend, framing):
    """Each byte comes well within idle_body; all of them together are too slow."""
    program = vestibule({**OFF, "proxy": {"timeouts": {"idle_body": "1s"}, "limits": {"min_rate": 1000}}})
    field, piece = (("Content-Length", "100000"), b"x") if framing == "length" else \
        (("Transfer-Encoding", "chunked"), b"1\r\nx\r\n")
    with program.client() as client:
        client.send(request_text("POST", "/drip", [field]))
        assert drip(client, piece, 15) is not None, "a byte now and then lives for ever"
        assert client.response().status == 408
    assert program.failure(lambda line: line["path"] == "/drip")["side"] == "downstream"
    assert not [r for r in backend.requests if r.body is not None]


def test_a_slow_body_above_the_rate_is_not_cut(vestibule, backend):
    """It is waited for much longer than idle_body in all."""
    program = vestibule({**OFF, "proxy": {"timeouts": {"idle_body": "2s"}, "limits": {"min_rate": 100}}})
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "4000"}))
        for _ in range(40):
            client.send(b"x" * 100)
            time.sleep(0.1)
        assert client.response().status == 200
    assert len(backend.last().body) == 4000


def test_without_a_rate_idle_body_alone_counts(vestibule, backend):
    program = vestibule({**OFF, "proxy": {"timeouts": {"idle_body": "2s"}, "limits": {"min_rate": "off"}}})
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "30"}))
        for _ in range(30):
            client.send(b"x")
            time.sleep(0.1)
        assert client.response().status == 200


def test_a_backend_that_is_slow_to_take_a_body_is_not_the_client_s_fault(vestibule, backend):
    def script(exchange):
        time.sleep(2.5 * SLOWER)
        body = exchange.read_body()
        exchange.reply(200, body=str(len(body)).encode())

    backend.script = script
    program = vestibule({**OFF, "proxy": {"timeouts": {"idle_body": f"{6 * SLOWER}s"},
                                          "limits": {"min_rate": "1MiB"}}})
    with program.client(timeout=60) as client:
        client.send(request_text("POST", "/", {"Content-Length": str(16 * MIB)}))
        client.send(b"x" * 16 * MIB)
        assert client.response().body == str(16 * MIB).encode()


def test_a_client_that_takes_nothing_is_cut(vestibule, backend):
    def script(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {1 << 30}\r\n\r\n")
        for _ in range(1 << 10):
            exchange.send(b"x" * MIB)

    backend.script = script
    program = vestibule(timeouts(idle_body="1s"))
    program.forget_peak()
    before = program.rss("VmHWM")
    crowd = []
    for _ in range(50):
        client = program.client()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(request_text("GET", "/much"))
        crowd.append(client)
    # Each is reset, and its backend connection freed.
    wait_until(lambda: program.metric("vestibule_failures_total", side="downstream") == 50, 30)
    wait_until(lambda: not backend._open, 30)
    assert SANITIZED or program.rss("VmHWM") - before < 50 * 128 * 1024, "64 KiB at most for each of them"
    for client in crowd:
        client.close()


def test_a_half_sent_head_holds_no_worker(vestibule, backend):
    program = vestibule({**ONE, "proxy": {"timeouts": {"head": "20s"}}})
    crowd = [program.client() for _ in range(200)]
    for n, client in enumerate(crowd):
        client.send("GET / HTTP/1.1\r\nHost: x\r\nX-A: "[:n % 30 + 1])
    for _ in range(20):
        assert program.get("/").status == 200
    for client in crowd:
        client.close()


# Greedy ones.


def test_a_connection_has_its_share_of_requests(vestibule, backend):
    program = vestibule(limits(requests=3))
    with program.client() as client:
        said = []
        for _ in range(3):
            client.send(request_text("GET", "/"))
            said.append(client.response().header("Connection"))
        assert said == [None, None, "close"]
        assert client.at_end()
    with program.client() as client:  # pipelined ones behind it are not answered, and not sent on
        client.send(request_text("GET", "/") * 5)
        for _ in range(3):
            assert client.response().status == 200
        assert client.at_end()
    assert len(backend.requests) == 6


def test_idle_connections_make_room(vestibule, backend):
    program = vestibule(limits(ONE, connections=20))
    idle = []
    for _ in range(20):
        client = program.client()
        client.send(request_text("GET", "/"))
        assert client.response().status == 200
        idle.append(client)
        time.sleep(0.01)
    time.sleep(0.5 * SLOWER)
    for round_ in range(5):
        with program.client() as client:
            client.send(request_text("GET", f"/new{round_}"))
            assert client.response().status == 200
        wait_until(lambda: program.metric("vestibule_connections") < 20)
    assert program.metric("vestibule_connections_shed_total") == 1, "room once made is room"
    assert ended(idle[0]), "the longest idle one went"
    keep = [program.client() for _ in range(6)]
    for client in keep:
        client.send(request_text("GET", "/again"))
        assert client.response().status == 200
    assert program.metric("vestibule_connections_shed_total") == 6
    assert all(ended(client) for client in idle[:6])
    for client in idle[6:]:
        client.send(request_text("GET", "/still"))
        assert client.response().status == 200
    assert program.metric("vestibule_connections_refused_total") == 0
    for client in idle + keep:
        client.close()


def test_busy_connections_are_not_shed(vestibule, backend):
    program = vestibule(limits(ONE, connections=10))
    hold = []
    for n in range(10):
        client = program.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n")
        hold.append(client)
    wait_until(lambda: program.metric("vestibule_connections") == 10)
    time.sleep(0.3)
    refused = 0
    for _ in range(50):
        try:
            with program.client() as client:
                answer = client.response()
            assert answer.status == 503 and answer.header("Retry-After")
        except (ConnectionError, wire.Truncated, OSError):
            pass
        refused += 1
    assert program.metric("vestibule_connections_refused_total") == refused
    assert program.metric("vestibule_connections_shed_total") == 0
    program.wait_log(is_refusal)
    lines = list(filter(is_refusal, program.lines))
    assert len(lines) == 1 and lines[0]["reason"] == "limits.connections", "and the log is not flooded"
    for client in hold:  # they go on
        client.send("\r\n")
        assert client.response().status == 200
        client.close()
    wait_until(lambda: program.metric("vestibule_connections") == 0)
    assert program.get("/").status == 200


def test_connections_of_one_address(vestibule, backend):
    program = vestibule({**ONE, "proxy": {"trusted_proxies": [], "limits": {"connections_per_address": 5}}})
    mine = [program.client() for _ in range(5)]
    for client in mine:
        client.send(request_text("GET", "/"))
        assert client.response().status == 200
    with program.client() as client:
        answer = client.response()
        assert answer.status == 429 and answer.header("Connection") == "close"
        assert answer.header("Cache-Control") == "no-store"
    assert program.metric("vestibule_connections_refused_for_address_total") == 1
    mine.pop().close()
    wait_until(lambda: program.metric("vestibule_connections") == 4)
    assert program.get("/").status == 200
    for client in mine:
        client.close()
    # A trusted proxy brings the connections of many.
    program = vestibule({**ONE, "proxy": {"limits": {"connections_per_address": 1}}})
    crowd = [program.client() for _ in range(5)]
    for client in crowd:
        client.send(request_text("GET", "/"))
        assert client.response().status == 200
        client.close()


def test_pipelined_requests_are_read_as_they_are_answered(vestibule, backend):
    """A client that sends without end and reads nothing is stopped by its own socket."""
    program = vestibule(OFF)
    program.get("/warm-up")
    program.forget_peak()
    before = program.rss("VmHWM")
    many = request_text("GET", "/" + "p" * 1000) * 100
    with program.client(timeout=2) as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 1 << 30:
                client.send(many)
                sent += len(many)
    assert sent < 64 * MIB
    assert SANITIZED or program.rss("VmHWM") - before < 16 * MIB
    wait_until(lambda: program.metric("vestibule_connections") == 0, 20)


# Rude ones.


def test_a_storm_of_resets_leaves_nothing_behind(vestibule, backend):
    program = vestibule(OFF)
    assert program.get("/").status == 200
    wait_until(lambda: program.metric("vestibule_connections") == 0)
    time.sleep(0.2)
    open_before, lines_before = descriptors(program), len(program.lines)
    count = 3000
    for n in range(count):
        client = program.client()
        if n % 3 == 1:
            client.send("GET / HT")
        elif n % 3 == 2:
            client.send(b"\x16\x03\x01")
        reset(client)
    # Before that, no connection may mean that most are still in the kernel's queue.
    wait_until(lambda: program.metric("vestibule_connections_accepted_total") == 1 + count, 20)
    wait_until(lambda: program.metric("vestibule_connections") == 0, 20)
    wait_until(lambda: descriptors(program) <= open_before + 2, 20)
    assert len(program.lines) - lines_before < 20, program.lines[lines_before:][:5]
    assert program.get("/").status == 200


def test_out_of_descriptors_idle_connections_make_room(vestibule, backend):
    program = vestibule(ONE)
    assert program.get("/").status == 200
    used = descriptors(program)
    most = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (used + 30, most[1]))
    crowd = []
    for n in range(60):
        client = program.client()
        client.send(request_text("GET", f"/{n}"))
        assert client.response().status == 200, n
        crowd.append(client)
        time.sleep(0.15 if n > 20 else 0)
    for client in crowd:
        client.close()
    time.sleep(0.5 * SLOWER)  # or there is no descriptor to ask with
    assert program.metric("vestibule_connections_shed_total") > 20


def test_a_half_closed_client_is_no_error(vestibule, backend):
    """Its end can mean that it has gone, and mostly does: the answer comes if the backend is quick."""
    backend.script = lambda x: time.sleep(2) or x.reply(200)
    program = vestibule(OFF)
    with program.client() as client:
        client.send(request_text("GET", "/half"))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.rest() == b"", "nobody may be there any more"
    assert program.access(lambda line: line["path"] == "/half")["status"] == 499
    # Idle, or within a head: nothing to say.
    for sent in ("", "GET / HTTP/1.1\r\nHost"):
        with program.client() as client:
            client.send(sent)
            client.sock.shutdown(socket.SHUT_WR)
            assert client.rest() == b""
