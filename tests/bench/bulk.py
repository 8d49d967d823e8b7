"""CPU per GiB of large bodies in both directions, between plain sockets."""
import multiprocessing
import socket
import threading
import time

from harness.wire import Stream, Truncated, request_text

from peers import BROWSER, COOKIE
from processes import cpu_seconds

GIB = 1 << 30
PIECE = 1 << 20


def swallow(sock, have, size):
    """Reads `size` bytes, of which `have` came already."""
    buffer = bytearray(PIECE)
    while have < size:
        got = sock.recv_into(buffer, min(PIECE, size - have))
        if not got:
            raise Truncated(f"ends after {have} of {size} bytes")
        have += got


def pour(sock, size):
    piece = bytes(PIECE)
    for _ in range(size // PIECE):
        sock.sendall(piece)


def content_length(fields):
    return int({name.lower(): value for name, value in fields}.get("content-length", 0))


def converse(sock):
    """One connection of the backend: takes what is sent, answers GET with a GiB."""
    stream = Stream(sock)
    try:
        while True:
            line, fields = stream.head()
            size = content_length(fields)
            swallow(sock, len(stream.exactly(min(size, len(stream.buffer)))), size)
            answer = GIB if line.startswith("GET") else 0
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % answer)
            pour(sock, answer)
    except (Truncated, OSError):
        sock.close()  # the proxy has no more use for it


def serve(listener):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=converse, args=(sock,), daemon=True).start()


class Backend:
    """A process of its own, on our CPUs."""

    def __init__(self, processes):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self.process = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        self.process.start()
        listener.close()

    def end(self):
        self.process.terminate()
        self.process.join()


def down(port, headers):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(request_text("GET", "/bulk", headers))
        stream = Stream(sock)
        line, fields = stream.head()
        check(line, content_length(fields) == GIB)
        swallow(sock, len(stream.buffer), GIB)


def up(port, headers):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(request_text("POST", "/bulk", {**headers, "Content-Length": str(GIB)}))
        pour(sock, GIB)
        check(Stream(sock).head()[0])


def check(line, whole=True):
    if " 200 " not in line or not whole:
        raise RuntimeError(f"bulk: {line}")


def measure(peer, cookie):
    """{down, up: {cpu_s, seconds}}, each the better of two."""
    headers = {**BROWSER, "Cookie": f"{COOKIE}={cookie}"}
    out = {}
    for name, act in (("down", down), ("up", up)):
        runs = []
        for _ in range(2):
            cpu, begin = cpu_seconds(peer.pid), time.monotonic()
            act(peer.port, headers)
            runs.append({"cpu_s": cpu_seconds(peer.pid) - cpu, "seconds": time.monotonic() - begin})
        out[name] = min(runs, key=lambda run: run["cpu_s"])
    return out
