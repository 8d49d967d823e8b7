"""CPU per GiB of large bodies in both directions, with the backend on a TCP port and on a unix socket."""
import multiprocessing
import os
import socket
import threading
import time

from harness.wire import Stream, Truncated, request_text

import browser
import peers
import report
from figures import summary
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


def listening(path=None):
    """On that path, or on a port of the loopback."""
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    listener.bind(path or ("127.0.0.1", 0))
    if path:
        os.chmod(path, 0o777)  # the workers of nginx are other users
    listener.listen(64)
    return listener


class Backend:
    """A process of its own, on our CPUs. A context: at its end it ends."""

    def __init__(self, path=None):
        with listening(path) as listener:
            self.address = path or listener.getsockname()[1]
            self.process = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
            self.process.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
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


def measure(peer):
    """{down, up: CPU seconds; down_s, up_s: how long it took}"""
    headers = browser.fields(peer.sessions.cookies[0])
    out = {}
    for way, act in (("down", down), ("up", up)):
        cpu, begin = cpu_seconds(peer.pid), time.monotonic()
        act(peer.port, headers)
        out[way], out[f"{way}_s"] = cpu_seconds(peer.pid) - cpu, time.monotonic() - begin
    return out


def measure_all(stage, path, title):
    with Backend(path) as backend:
        who = peers.three(stage, backend=backend.address)
        for peer in who:
            peer.start()
        rows = stage.in_rounds(who, measure, title)
        for peer in who:
            peer.stop()
    return {"rounds": rows, "summary": summary(rows, who[0].name, ("down", "up"))}


def run(stage):
    figures = {"tcp": measure_all(stage, None, "bulk"),
               "unix": measure_all(stage, str(stage.processes.folder / "bulk.sock"), "bulk, unix socket")}
    return figures, "\n".join([report.bulk("Bodies of 1 GiB", figures["tcp"]["summary"]),
                               report.bulk("Bodies of 1 GiB, backend on a unix socket", figures["unix"]["summary"])])
