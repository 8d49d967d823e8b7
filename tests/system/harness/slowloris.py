"""Thousands of slow clients, cheap for who runs them: a few bytes a second in all for each connection.

    python3 -m harness.slowloris PORT HEADS BODIES READERS

Heads that never end, bodies that trickle, answers that are hardly read. Who is cut off comes again. Says "there"
when all have had their say once, and goes on until it is killed."""
import errno
import resource
import socket
import struct
import sys
import time

PERIOD = 5.0  # seconds between two acts of a connection
TICK = 0.05
AGAIN = (errno.EAGAIN, errno.EINPROGRESS)
REQUESTS = {
    "head": b"GET /slow HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "body": b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    "reader": b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
}


class Slow:
    def __init__(self, port, kind):
        self.port, self.kind = port, kind
        self.sock = None

    def begin(self):
        if self.sock:
            self.sock.close()
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.kind == "reader":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.sock.connect_ex(("127.0.0.1", self.port))
        self.asked = False

    def act(self):
        try:
            if self.sock is None:
                return self.begin()
            if not self.asked:
                self.sock.send(REQUESTS[self.kind])
                self.asked = True
                return None
            if self.kind != "reader":
                self.sock.send(b"x")
            if self.sock.recv(16) == b"" or self.kind != "reader":
                return self.begin()  # it has been answered, or closed
        except OSError as error:
            if error.errno not in AGAIN:
                self.begin()
        return None


def main(port, *counts):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = [Slow(port, kind) for kind, count in zip(("head", "body", "reader"), counts) for _ in range(count)]
    for slow in crowd:
        slow.begin()
    for slow in crowd:
        slow.act()
    print("there", flush=True)
    ticks = int(PERIOD / TICK)
    due = time.monotonic()
    while True:
        for n in range(ticks):
            due += TICK
            time.sleep(max(0.0, due - time.monotonic()))
            for slow in crowd[n::ticks]:
                slow.act()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
