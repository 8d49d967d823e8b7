"""Differential fuzzing of one reading: mutated requests, read by the letter on their way in
(tests/conformance/strict.py) and by llhttp on their way out. Whatever vestibule forwards has to be the same requests to
both, with the same bodies and no field that the client did not send.

    VESTIBULE_BIN=build/release/vestibule /usr/bin/python3 -B tests/fuzz/differential/fuzz.py [--seconds 10] [--seed 1]

Prints what differs, and how many requests passed; exit code 1 where anything did."""
import argparse
import base64
import hashlib
import json
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "conformance"))

import cases  # noqa: E402
import proxies  # noqa: E402
import strict  # noqa: E402
from case import ADDED, raw  # noqa: E402

ALPHABET = [b"\r", b"\n", b"\r\n", b"\t", b" ", b":", b";", b",", b"=", b'"', b"\\", b"/", b"?", b"#", b"%", b".",
            b"\0",
            b"\x0b", b"\x7f", b"\x80", b"\xff", b"0", b"1", b"a", b"F", b"-", b"_", b"+", b"chunked",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n", b"Host: a.test\r\n", b"Connection: close\r\n", b"\r\n\r\n", b"0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"]
PLAIN = re.compile(r"(?:/[A-Za-z0-9_-]+)*/?(?:\?[A-Za-z0-9=&]*)?")
# Written by vestibule from what it understood, where the client may have said it in another way.
WAITS = ("reset", "half-close", "backend", "answer")  # of runner.py
REWRITTEN = ADDED | {"x-session-state", "x-session-id", "cookie", "te", "connection", "upgrade", "expect", "trailer"}


def seeds():
    """The bytes of every case that are a client's and few enough."""
    found = set()
    for case in cases.ALL:
        pieces = case.sent if isinstance(case.sent, list) else [case.sent]
        data = b"".join(raw(piece) for piece in pieces if isinstance(piece, (bytes, str)) and piece not in WAITS)
        if len(data) < 4000:
            found.add(data)
    return sorted(found)


def mutated(rng, corpus):
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(0, 4)):
        at = rng.randint(0, len(data))
        kind = rng.randint(0, 6)
        if kind == 0:
            data[at:at] = rng.choice(ALPHABET)
        elif kind == 1:
            data[at:at + rng.randint(1, 3)] = b""
        elif kind == 2:
            data[at:at + 1] = rng.choice(ALPHABET)
        elif kind == 3:  # a line of another one
            line = rng.choice(rng.choice(corpus).split(b"\r\n")) + b"\r\n"
            start = data.find(b"\r\n", at) + 2
            data[start:start] = line
        elif kind == 4:  # a line twice
            start = data.rfind(b"\r\n", 0, at) + 2
            end = data.find(b"\r\n", start) + 2
            if start >= 2 and end >= 2:
                data[start:start] = data[start:end]
        elif kind == 5:  # another one behind it
            data += rng.choice(corpus)
        else:
            data[at:at + 1] = bytes([rng.randint(0, 255)])
        if len(data) > 8000:
            break
    return bytes(data)


def read_by_letter(data):
    """The requests that a client frames with these bytes, up to where they are none. What vestibule accepts beyond
    the letter is taken away first: empty lines in front, padded chunk sizes, bytes in targets it escapes."""
    found, at = [], 0
    while at < len(data):
        while data.startswith(b"\r\n", at):
            at += 2
        try:
            request, at = strict.read_request(data, at, lenient=True)
        except (strict.Malformed, strict.Incomplete):
            break
        found.append(request)
    return found


def exchange(port, data):
    """What llhttp says it read, in the order of the answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=proxies.PATIENCE) as sock:
        got = bytearray()
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(1 << 16):
                got += piece
        except (ConnectionResetError, BrokenPipeError, OSError) as problem:
            if isinstance(problem, TimeoutError):
                raise
    return [json.loads(base64.b64decode(found)) for found in re.findall(rb"\r\nX-Read: (\S+)\r\n", bytes(got))]


def is_refused_handshake(request):
    """An upgrade to websocket (and to no HTTP) that RFC 6455 4.2.1 has a server refuse."""
    asked = {part.strip(" \t").lower() for part in request.value("Upgrade", "").split(",")}
    upgrades = (request.start[2] == 1 and not request.body and not request.all("Transfer-Encoding")
                and "upgrade" in strict.options(request) and "websocket" in asked
                and not any(re.match(r"(h2c|h2|h3|https?|tls|ssl|spdy)(/|\s|$)", part) for part in asked))
    keys = request.all("Sec-WebSocket-Key")
    good = (request.method == "GET" and request.all("Sec-WebSocket-Version") == ["13"] and len(keys) == 1
            and re.fullmatch(r"[A-Za-z0-9+/]{22}==", keys[0]))
    return upgrades and not good


def differences(data, seen, methods):
    """`methods`: those that llhttp knows; the others get no answer of its. Nor do handshakes that are refused, after
    which the connection goes on."""
    meant = [request for request in read_by_letter(data)
             if request.method in methods and not is_refused_handshake(request)]
    if len(seen) > len(meant):
        yield f"{len(seen)} requests where {len(meant)} were sent"
    for read, request in zip(seen, meant):
        if read["method"] != request.method:
            yield f"method {read['method']}, not {request.method}"
        if (read["length"], read["digest"]) != (len(request.body), hashlib.sha1(request.body).hexdigest()):
            yield f"a body of {read['length']} bytes, not {request.body!r}"
        if PLAIN.fullmatch(request.target) and read["target"] != (request.target or "/"):
            yield f"target {read['target']}, not {request.target}"
        sent = {(name, value) for name, value in request.fields}
        for name, value in zip(read["fields"][::2], read["fields"][1::2]):
            if name.lower() not in REWRITTEN and (name, value) not in sent:
                yield f"a field that nobody sent: {name}: {value}"
        trailers = list(zip(read["trailers"][::2], read["trailers"][1::2]))
        if set(trailers) - set(request.trailers):
            yield f"trailers {trailers}"


class Llhttp:
    """The backend."""

    def __init__(self):
        self.process = subprocess.Popen(["node", str(HERE / "llhttp.mjs")], stdout=subprocess.PIPE, text=True)
        told = json.loads(self.process.stdout.readline())
        self.port, self.methods = told["port"], set(told["methods"])
        self.errors = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        self.errors += self.process.stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng, corpus = random.Random(chosen.seed), seeds()
    backend = Llhttp()
    tried = passed = 0
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        program = proxies.vestibule(folder, backend.port)
        end = time.monotonic() + chosen.seconds
        while time.monotonic() < end and len(wrong) < 10:
            data = mutated(rng, corpus)
            seen = exchange(program.address, data)
            tried, passed = tried + 1, passed + len(seen)
            wrong += [f"{difference}\n    {data!r}" for difference in differences(data, seen, backend.methods)]
        program.stop()
        program.abandon()
    backend.stop()
    for problem in wrong:
        print(problem)
    for error in backend.errors:
        print("llhttp:", error.strip())
    print(f"{tried} inputs, {passed} requests passed, {len(wrong)} read differently, {len(backend.errors)} not read")
    sys.exit(1 if wrong or backend.errors or passed == 0 else 0)


if __name__ == "__main__":
    main()
