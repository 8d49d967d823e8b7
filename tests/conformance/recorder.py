"""The backend: keeps every byte that comes, reads it by the letter, answers as the case says."""
import socket
import threading
import time

import strict


def ok(request):
    """What is answered where a case says nothing else: it names the request."""
    body = b"" if request.method == "HEAD" else f"{request.method} {request.target}".encode("latin-1")
    return (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Seen: " % len(body)
            + request.target.encode("latin-1") + b"\r\n\r\n" + body)


class Link:
    """One connection from the proxy."""

    def __init__(self, recorder, sock, peer):
        self.recorder, self.sock, self.peer = recorder, sock, peer
        self.raw = bytearray()
        self.requests = []
        self.wrong = None      # why the bytes behind the last good request are none
        self.at = 0            # where they begin
        self.switched = False  # to another protocol, by our answer
        self.left = False      # the proxy ended it
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    rest = property(lambda self: bytes(self.raw[self.at:]))

    def _serve(self):
        try:
            while data := self.sock.recv(1 << 16):
                self.raw += data
                self._read()
        except OSError:
            pass
        finally:
            self.sock.close()
            self.ended.set()

    def _read(self):
        early = self.recorder.early
        while self.at < len(self.raw) and self.wrong is None:
            try:
                request, self.at = strict.read_request(self.raw, self.at)
            except strict.Incomplete:
                if early and b"\r\n\r\n" in self.raw[self.at:]:
                    self.recorder.early = None
                    early(self)
                return
            except strict.Malformed as wrong:
                self.wrong = str(wrong)
                self.close()
                return
            self.requests.append(request)
            answer = self.recorder.next_answer(request)
            if callable(answer):
                answer(self, request)
                continue
            self.switched = self.switched or answer.startswith(b"HTTP/1.1 101 ")
            self.send(answer)

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Recorder:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self.begin()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.links.append(Link(self, sock, peer))

    def begin(self, answers=(), early=None):
        """From here on it is the next case. `answers`: to its requests, bytes or functions of (link, request);
        `early`: what is done once a head is there whose body is not."""
        with self._lock:
            self.links, self._answers, self.early = [], list(answers), early

    def next_answer(self, request):
        if request.target == "/sentinel":
            return ok(request)
        with self._lock:
            return self._answers.pop(0) if self._answers else ok(request)

    def settle(self, seconds):
        """Every link within a request or a tunnel comes to its end, as the client is gone; then none is left."""
        end = time.monotonic() + seconds
        self._fence()
        for link in self.links:
            if (link.rest or link.switched) and link.wrong is None:
                link.left = link.ended.wait(max(0.0, end - time.monotonic()))
        for link in self.links:
            link.close()
            link.ended.wait(seconds)
        return self.links

    def _fence(self):
        """Waits until every connection that was opened before is among the links."""
        with socket.create_connection(("127.0.0.1", self.port)) as fence:
            name = fence.getsockname()
            while not (own := [link for link in self.links if link.peer == name]):
                time.sleep(0.0005)
        self.links.remove(own[0])

    def close(self):
        self.listener.close()
        for link in self.links:
            link.close()
