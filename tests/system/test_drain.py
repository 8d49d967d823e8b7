"""SIGTERM under load: what was begun is finished, nothing is cut, and the exit code is 0."""
import asyncio
import signal
import threading
import time

import pytest

from harness import wire
from harness.node import Node
from harness.program import SLOWER
from harness.wire import request_text


@pytest.fixture
def echo():
    server = Node("echo.mjs")
    yield server
    server.stop()


async def keep_asking(port, text, counts, deadline):
    """One keep-alive client. A connection that closes instead of beginning an answer, after having
    answered before, was closed cleanly; everything else that is no answer is a failure."""
    while time.monotonic() < deadline:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            counts["refused"] += 1
            return
        answered = 0
        try:
            while True:
                writer.write(text)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                counts["ok" if head.startswith(b"HTTP/1.1 200 ") else "failed"] += 1
                answered += 1
                if b"\r\nconnection: close" in head.lower():
                    break
        except asyncio.IncompleteReadError as end:
            counts["closed" if not end.partial and head_ended(end) and answered else "failed"] += 1
        except ConnectionError:
            counts["closed" if answered else "failed"] += 1
        finally:
            writer.close()


def head_ended(end):
    return end.expected is None  # readuntil was waiting, not readexactly


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_under_load_fails_no_request(start, redis, echo, number):
    program = start({"backends": [{"url": echo.url}], "store": {"url": redis.url},
                     "routes": [{"match": {"path": "/*"}, "session": "required"}]})
    _, cookie = redis.login(user={"id": "u1"})
    text = request_text("GET", "/", {"Cookie": f"sid={cookie}"})
    counts = dict.fromkeys(("ok", "failed", "closed", "refused"), 0)

    async def load():
        asyncio.get_running_loop().call_later(1.0, program.signal, number)
        deadline = time.monotonic() + 20 * SLOWER
        await asyncio.gather(*(keep_asking(program.address, text, counts, deadline) for _ in range(64)))

    asyncio.run(load())
    program.ended(10)
    assert counts["failed"] == 0, counts
    assert counts["ok"] > 200 and counts["refused"] > 0, counts


def test_what_was_begun_is_finished(vestibule, backend):
    begun = threading.Event()

    def script(exchange):
        begun.set()
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(15):
            time.sleep(0.1)
            exchange.send("1\r\nx\r\n")
        exchange.send("0\r\n\r\n")

    backend.script = script
    program = vestibule()
    idle = program.client()
    idle.send("")
    with program.client() as client:
        client.send(request_text("GET", "/"))
        assert begun.wait(5)
        program.signal(signal.SIGTERM)
        end = time.monotonic() + 1
        while (ready := program.admin("/readyz")).status == 200 and time.monotonic() < end:
            time.sleep(0.02)
        assert ready.status == 503 and b"drain" in ready.body
        assert idle.at_end(), "idle connections are closed"
        with pytest.raises((OSError, wire.Truncated)):
            program.get("/late")
        answer = client.response()
        assert answer.body == b"x" * 15 and answer.complete
        assert client.at_end()
    program.ended(5)


def test_the_drain_has_an_end(vestibule, backend):
    backend.script = lambda x: time.sleep(30)
    program = vestibule({"proxy": {"timeouts": {"drain": "1s"}}})
    with program.client() as client:
        client.send(request_text("GET", "/"))
        backend.wait_requests(1)
        begin = time.monotonic()
        program.signal(signal.SIGTERM)
        program.ended(10)
        assert 0.8 < time.monotonic() - begin < 5 * SLOWER


def test_an_upload_in_progress_is_finished(vestibule, backend):
    program = vestibule()
    with program.client() as client:
        client.send(request_text("POST", "/", {"Content-Length": "1000"}) + b"x" * 10)
        backend.wait_requests(1)
        program.signal(signal.SIGTERM)
        for _ in range(9):
            time.sleep(0.1)
            client.send(b"x" * 110)
        assert client.response().status == 200
    program.ended(5)
    assert len(backend.last().body) == 1000


def test_a_pipelined_client_loses_nothing_it_was_promised(vestibule, backend):
    """Requests behind the one that is being answered may stay unanswered, but the answers that come are
    whole and the last of them says that it is."""
    backend.script = lambda x: (time.sleep(0.3), x.reply(200, body=b"y" * 1000))
    program = vestibule()
    with program.client() as client:
        client.send(request_text("GET", "/") * 5)
        backend.wait_requests(1)
        program.signal(signal.SIGTERM)
        answers = []
        while not answers or answers[-1].header("Connection", "").lower() != "close":
            answers.append(client.response())
        assert all(a.status == 200 and a.body == b"y" * 1000 for a in answers)
        assert client.at_end()
    program.ended(5)
