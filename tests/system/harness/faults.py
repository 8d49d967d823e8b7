"""A cable between the program and a server, which can be made to behave badly while it is in use."""
import queue
import socket
import struct
import threading
import time

from .redis import free_port

ASKED, ANSWERED = "asked", "answered"  # what the program says, what the server says


class Stream:
    """One direction of one connection: a thread reads, a thread writes, so that what is late delays nothing else."""

    def __init__(self, pair, direction, source, sink):
        self.pair, self.direction, self.source, self.sink = pair, direction, source, sink
        self.passed, self.epoch = 0, None  # bytes since a fault with a limit began
        self.waiting = queue.Queue()
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True).start()

    def _read(self):
        try:
            while data := self.source.recv(65536):
                if self.direction == ASKED and b"SUBSCRIBE" in data:
                    self.pair.subscribed = True
                self.waiting.put((time.monotonic(), data))
        except OSError:
            pass
        self.waiting.put((time.monotonic(), b""))

    def _write(self):
        try:
            while True:
                came, data = self.waiting.get()
                if not data:
                    break
                self.pair.link.pass_on(self, came, data)
        except OSError:
            pass
        self.pair.end()


class Pair:
    """One connection of the program, and its continuation to the server."""

    def __init__(self, link, near, far):
        self.link, self.near, self.far = link, near, far
        self.subscribed = False  # it carries invalidations and nothing else (RESP2)
        for sock in (near, far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Stream(self, ASKED, near, far)
        Stream(self, ANSWERED, far, near)

    def end(self, reset=False):
        """FIN, or RST, to both sides."""
        for sock in (self.near, self.far):
            try:
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sock.shutdown(socket.SHUT_RD)  # sends nothing, and wakes who reads, without which nothing goes
                    sock.close()
                else:
                    sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.link.forget(self)


class Link:
    """Passes everything on, from a port of its own to `port`, until a fault is asked for. One fault at a time, for
    the connections there are and those that come; mend() ends it."""

    def __init__(self, port):
        self.target, self.port = port, free_port()
        self.lock = threading.Lock()
        self.pairs = set()
        self.epoch = 0
        self.open = threading.Event()  # not set: what is held() waits
        self.mend()
        self._listen()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    # Faults.

    def mend(self):
        """As new; what was held back arrives now."""
        self._become()

    def _become(self, act=None, held=None):
        with self.lock:
            self.epoch += 1
            self.act = act                        # (stream, data): passes on instead
            self.held = held or (lambda _: False)  # whether nothing of a stream's passes
            self.delay = 0
            self.open.set()
            self.open = threading.Event()

    def half_open(self, channels=False):
        """Nothing passes any more, in either direction, and nobody is told; connections are accepted as ever. With
        `channels` only what subscribers would hear; returns their number."""
        with self.lock:
            found = {pair for pair in self.pairs if pair.subscribed}
        if channels:
            self._become(held=lambda stream: stream.pair in found and stream.direction == ANSWERED)
        else:
            self._become(held=lambda _: True)
        return len(found)

    def latency(self, seconds):
        """What the server says arrives so much later."""
        self._become()
        self.delay = seconds

    def cut_after(self, count, direction=ANSWERED):
        """Each connection ends after so many more bytes."""
        def act(stream, data):
            if stream.direction != direction:
                return stream.sink.sendall(data)
            part = data[:count - stream.passed]
            stream.passed += len(part)
            stream.sink.sendall(part)
            if stream.passed == count:
                time.sleep(0.005)
                stream.pair.end()

        self._become(act)

    def drip(self, rate):
        """What the server says arrives byte by byte, so many in a second."""
        epoch = self.epoch + 1

        def act(stream, data):
            if stream.direction == ASKED:
                return stream.sink.sendall(data)
            for i in range(len(data)):
                if self.epoch != epoch:
                    return stream.sink.sendall(data[i:])
                stream.sink.sendall(data[i:i + 1])
                time.sleep(1 / rate)

        self._become(act)

    def garbage(self, data, end=False, before=False):
        """This arrives instead of each piece of an answer, or before each, and then maybe the end."""
        def act(stream, answer):
            if stream.direction == ASKED:
                return stream.sink.sendall(answer)
            stream.sink.sendall(data + answer if before else data)
            if end:
                time.sleep(0.005)
                stream.pair.end()

        self._become(act)

    def say(self, data):
        """Every connection hears this, which nobody asked for."""
        for pair in self._all():
            try:
                pair.near.sendall(data)
            except OSError:
                pass

    def refuse(self):
        """Nobody listens, and what was connected has ended."""
        self._close_listener()
        for pair in self._all():
            pair.end()

    def accept(self):
        """The end of refuse()."""
        self._listen()

    def reset(self):
        """RST for every connection there is."""
        for pair in self._all():
            pair.end(reset=True)

    # How it works.

    def _all(self):
        with self.lock:
            return list(self.pairs)

    def forget(self, pair):
        with self.lock:
            self.pairs.discard(pair)

    def pass_on(self, stream, came, data):
        while True:
            with self.lock:
                held, act, delay, epoch, changed = self.held(stream), self.act, self.delay, self.epoch, self.open
            if held:
                changed.wait()
            elif delay and stream.direction == ANSWERED and (left := came + delay - time.monotonic()) > 0:
                changed.wait(left)
            else:
                break
        if stream.epoch != epoch:
            stream.passed, stream.epoch = 0, epoch
        act(stream, data) if act else stream.sink.sendall(data)

    def _listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.add(Pair(self, near, far))

    def _close_listener(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def close(self):
        self.mend()
        self._close_listener()
        for pair in self._all():
            pair.end()
