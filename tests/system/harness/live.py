"""What is open for long: WebSockets (RFC 6455, over plain sockets) and event streams, both sides of them."""
import base64
import hashlib
import os
import socket
import struct
import threading
import time

from .wire import Truncated, request_text

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


def xor(payload, key):
    size = len(payload)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


def frame(opcode, payload=b"", masked=False, final=True):
    first = (0x80 if final else 0) | opcode
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, size | 0x80 * masked)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 126 | 0x80 * masked, size)
    else:
        head = struct.pack("!BBQ", first, 127 | 0x80 * masked, size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + xor(payload, key)


def read_frame(stream):
    """(opcode, payload, whether it was masked) of the next one."""
    first, second = stream.exactly(2)
    size = second & 0x7F
    if size > 125:
        size, = struct.unpack("!H" if size == 126 else "!Q", stream.exactly(2 if size == 126 else 8))
    key = stream.exactly(4) if second & 0x80 else b""
    payload = stream.exactly(size)
    if key:
        payload = xor(payload, key)
    assert first & 0x70 == 0, "reserved bits"
    return first & 0x0F, payload, bool(key)


def close_code(payload):
    return struct.unpack("!H", payload[:2])[0] if payload else None


class LiveBackend:
    """A script for harness.backend.Backend: /ws echoes messages, /flood sends frames as fast as it can, /events is
    an event stream that says what publish() is given, /other upgrades to something else. Keeps how WebSockets ended:
    `closes` has (user, close code), or (user, None) where no close frame came."""

    def __init__(self):
        self.closes = []
        self.over = threading.Event()  # the test is
        self._listeners = {}  # user: condition and events

    def __call__(self, exchange):
        request = exchange.request
        user = request.header("X-Session-User", "")
        path = request.target.partition("?")[0]
        if path == "/events":
            return self._events(exchange, user)
        if path not in ("/ws", "/flood", "/other"):
            return exchange.reply()
        upgrade = "other" if path == "/other" else "websocket"
        accept = base64.b64encode(hashlib.sha1((request.header("Sec-WebSocket-Key", "") + GUID).encode()).digest())
        exchange.send(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {upgrade}\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accept.decode()}\r\n\r\n")
        request.body = b""
        if path == "/flood":
            threading.Thread(target=self._flood, args=(exchange,), daemon=True).start()
        try:
            self._talk(exchange, user, echo=path == "/ws")
        finally:
            exchange.close()

    def _talk(self, exchange, user, echo):
        try:
            while True:
                opcode, payload, masked = read_frame(exchange)
                assert masked, "a client's frame has to be"
                if opcode == CLOSE:
                    self.closes.append((user, close_code(payload)))
                    return
                if echo:
                    exchange.send(frame(opcode, payload))
        except (Truncated, OSError):
            self.closes.append((user, None))

    def _flood(self, exchange):
        try:
            for n in range(1 << 30):
                exchange.send(frame(BINARY, bytes([n % 251]) * (n * 7919 % 200_000)))
        except OSError:
            pass

    def _events(self, exchange, user):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        condition, events = self._listeners.setdefault(user, (threading.Condition(), []))
        said = 0
        while not self.over.is_set():
            with condition:
                if said == len(events):
                    condition.wait(0.1)
                news = events[said:]
            said += len(news)
            for text in news:
                data = f"data: {text}\n\n".encode()
                exchange.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def publish(self, user, text):
        condition, events = self._listeners.setdefault(user, (threading.Condition(), []))
        with condition:
            events.append(text)
            condition.notify_all()

    def wait_close(self, closed, seconds=2):
        end = time.monotonic() + seconds
        while closed not in self.closes:
            assert time.monotonic() < end, f"{closed} is not in {self.closes}"
            time.sleep(0.01)


class Open:
    """One that a thread watches: when it ended and how."""

    def __init__(self, client):
        self.client = client
        self.ended = None  # time.monotonic()
        self.failed = None
        self.news = threading.Condition()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        try:
            self._read()
        except Exception as error:  # pylint: disable=broad-except
            self.failed = error
        with self.news:
            self.ended = time.monotonic()
            self.news.notify_all()

    def wait_ended(self, since, within):
        """Seconds from `since` to its end, which has to come by then."""
        with self.news:
            self.news.wait_for(lambda: self.ended is not None, max(0, since + within + 2 - time.monotonic()))
        assert self.ended is not None, "still open"
        assert self.ended - since < within, f"took {self.ended - since:.2f} s"
        return self.ended - since

    def wait(self, condition, seconds=5):
        with self.news:
            assert self.news.wait_for(condition, seconds), (self.failed, self.ended)

    def close(self):
        try:
            self.client.sock.shutdown(socket.SHUT_RDWR)  # for the thread that reads, too
        except OSError:
            pass
        self.client.close()


class WebSocket(Open):
    """`code` is that of the close frame that came, None without one."""

    def __init__(self, program, cookie, target="/ws"):
        client = program.client(timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        client.send(request_text("GET", target, {
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
            "Cookie": f"sid={cookie}"}))
        answer = client.response()
        assert answer.status == 101, answer
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert answer.header("Sec-WebSocket-Accept") == accept
        self.code = self.reason = None
        self.clean = False  # nothing but the end came behind the close frame
        self.messages = []
        super().__init__(client)

    def _read(self):
        while True:
            opcode, payload, masked = read_frame(self.client)
            assert not masked
            if opcode == CLOSE:
                self.code, self.reason = close_code(payload), payload[2:].decode()
                self.clean = self.client.at_end()
                return
            with self.news:
                self.messages.append(payload if len(payload) < 1000 else len(payload))
                self.news.notify_all()

    def send(self, text):
        self.client.send(frame(TEXT, text.encode(), masked=True))

    def works(self, text="are you there"):
        self.send(text)
        self.wait(lambda: text.encode() in self.messages)


class EventStream(Open):
    """`clean` once it ended as its framing has it."""

    def __init__(self, program, cookie, target="/events"):
        client = program.client(timeout=60)
        client.send(request_text("GET", target, {"Accept": "text/event-stream", "Cookie": f"sid={cookie}"}))
        head = client.response_head()
        assert head.status == 200 and head.header("Content-Type") == "text/event-stream", head
        self.text = b""
        self.clean = False
        super().__init__(client)

    def _read(self):
        for data in self.client.chunks():
            with self.news:
                self.text += data
                self.news.notify_all()
        self.clean = True

    def heard(self, text):
        self.wait(lambda: f"data: {text}\n\n".encode() in self.text)
