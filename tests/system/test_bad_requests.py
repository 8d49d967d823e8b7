"""Limits on what a client may send. Requests that have more than one reading are in tests/conformance."""
import json

from harness import wire
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
LIMITS = {**OFF, "proxy": {"limits": {"head": "4KiB", "headers": 20, "target": "1KiB", "body": "10KiB"}}}


def refused(program, backend, data, *statuses):
    """The answer to these bytes is one of the statuses, and the connection ends."""
    with program.client() as client:
        try:
            client.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = client.response()
        assert answer.status in statuses and answer.complete, answer
        assert answer.header("Cache-Control") == "no-store"
        assert set(json.loads(answer.body)) == {"error"}
        assert answer.header("Connection", "").lower() == "close"
        assert client.at_end()
    assert program.failure(lambda line: line["status"] == answer.status)["side"] == "downstream"
    return answer


def test_limits_of_the_head(vestibule, backend):
    program = vestibule(LIMITS)
    refused(program, backend, request_text("GET", "/" + "a" * 1100), 414)
    refused(program, backend, request_text("GET", "/?" + "a" * 1100), 414)
    refused(program, backend, request_text("GET", "/", {"X-Big": "b" * 5000}), 431)
    refused(program, backend, request_text("GET", "/", [(f"X-{n}", "1") for n in range(25)]), 431)
    refused(program, backend, b"GET /" + b"a" * 100_000, 414, 431)
    refused(program, backend, b"GET / HTTP/1.1\r\nX-A: " + b"a" * 100_000, 431)
    assert backend.requests == []
    assert program.get("/" + "a" * 1000).status == 200
    assert program.get("/", {"X-Big": "b" * 3000}).status == 200
    assert program.get("/", [(f"X-{n}", "1") for n in range(15)]).status == 200


def test_limit_of_the_body(vestibule, backend):
    program = vestibule(LIMITS)
    assert program.request("POST", "/", body=b"x" * 10240).status == 200
    refused(program, backend, request_text("POST", "/", body=b"x" * 10241), 413)
    refused(program, backend, request_text("POST", "/", {"Content-Length": "99999999999"}), 413)
    assert len(backend.requests) == 1, "what says its size beforehand is refused beforehand"
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    chunked = {"Transfer-Encoding": "chunked"}
    assert wire.request(program.address, "POST", "/", chunked, chunk * 10 + b"0\r\n\r\n").status == 200
    refused(program, backend, request_text("POST", "/", chunked) + chunk * 11 + b"0\r\n\r\n", 413)
