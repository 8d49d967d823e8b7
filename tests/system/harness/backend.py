"""A backend over plain sockets that keeps every request as it came and answers by script."""
import json
import socket
import threading
import time

from .wire import Stream, Truncated


class Request:
    def __init__(self, line, headers, connection):
        self.line, self.headers, self.connection = line, headers, connection
        self.method, self.target, self.version = line.split(" ")
        self.body = None
        self.trailers = []

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default


class Exchange(Stream):
    """One connection as a script sees it: the request at hand, and means to answer it."""

    def __init__(self, sock, number):
        super().__init__(sock)
        self.number = number  # of the connection, from 1
        self.request = None
        self.open = True

    def read_body(self):
        """The whole body of the request; again and again the same."""
        request = self.request
        if request.body is None:
            body = bytearray()
            if request.header("Transfer-Encoding", "").lower() == "chunked":
                request.trailers = self.read_chunked(body)
            elif request.header("Content-Length"):
                body += self.exactly(int(request.header("Content-Length")))
            request.body = bytes(body)
        return request.body

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def reply(self, status=200, headers=(), body=b"", reason="Reason"):
        pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in pairs)]
        if status not in (204, 304) and status >= 200:
            lines.append(f"Content-Length: {len(body)}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)

    def close(self):
        """Ends the connection in both directions, at once for whoever reads from it."""
        self.open = False
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def echo(exchange):
    """The default script: tells as JSON what came."""
    request = exchange.request
    body = exchange.read_body()
    answer = {
        "line": request.line,
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        "trailers": request.trailers,
        "body": body.decode("latin-1"),
    }
    exchange.reply(200, {"Content-Type": "application/json"},
                   b"" if request.method == "HEAD" else json.dumps(answer).encode())


class Backend:
    """Listens on the loopback, or on a unix socket. `script(exchange)` answers each request; it can be
    changed at any time. `context`: an SSLContext, for TLS; the handshake is made by the connection's own thread."""

    def __init__(self, script=echo, unix=None, port=0, context=None):
        self.script = script
        self.context = context
        self.requests = []
        self.connections = 0
        self._open = set()
        self._lock = threading.Lock()
        if unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(unix))
            self.url = f"unix:{unix}"
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", port))
            self.port = self.listener.getsockname()[1]
            self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self.listener.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                exchange = Exchange(sock, self.connections)
                self._open.add(exchange)
            threading.Thread(target=self._serve, args=(exchange,), daemon=True).start()

    def _serve(self, exchange):
        try:
            if self.context:
                exchange.sock = self.context.wrap_socket(exchange.sock, server_side=True)
            while exchange.open:
                line, headers = exchange.head()
                exchange.request = Request(line, headers, exchange.number)
                with self._lock:
                    self.requests.append(exchange.request)
                self.script(exchange)
                if exchange.open and exchange.request.body is None:
                    exchange.read_body()
        except (Truncated, OSError):
            pass  # the other side has gone; what it sent is in `requests`
        finally:
            exchange.close()
            with self._lock:
                self._open.discard(exchange)

    def last(self):
        return self.requests[-1]

    def clear(self):
        self.requests.clear()

    def wait_requests(self, count, seconds=5):
        end = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < end:
            time.sleep(0.005)
        assert len(self.requests) >= count, f"{len(self.requests)} of {count} requests reached the backend"
        return self.requests

    def drop_connections(self):
        with self._lock:
            victims = list(self._open)
        for exchange in victims:
            exchange.close()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop_connections()
