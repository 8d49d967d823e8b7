"""HTTP/1 over plain sockets: exact bytes out, every byte that comes back looked at."""
import socket

TIMEOUT = 15.0


class Truncated(Exception):
    """The stream ended before the message did."""


class Response:
    """One response as it stood on the wire."""

    def __init__(self, version, status, reason, headers):
        self.version, self.status, self.reason, self.headers = version, status, reason, headers
        self.body = b""
        self.trailers = []
        self.interim = []     # 1xx answers that came before
        self.complete = True  # ended as its framing announced

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.headers} {self.body[:200]!r} complete={self.complete}>"


class Stream:
    """A socket with a read buffer."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def fill(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise Truncated(self.buffer)
        self.buffer += data

    def until(self, mark):
        """The bytes up to `mark`, which is taken off too."""
        while mark not in self.buffer:
            self.fill()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken

    def exactly(self, count):
        pieces, have = [self.buffer[:count]], min(count, len(self.buffer))
        self.buffer = self.buffer[count:]
        while have < count:
            data = self.sock.recv(min(1 << 18, count - have))
            if not data:
                raise Truncated(b"".join(pieces))
            pieces.append(data)
            have += len(data)
        return b"".join(pieces)

    def head(self):
        """The start line and the fields of a head, as text."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        return lines[0], [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]

    def chunks(self):
        """Yields the data of each chunk; returns the trailers."""
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            yield self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise Truncated("chunk without its CRLF")
        trailers = []
        while line := self.until(b"\r\n").decode("latin-1"):
            trailers.append(tuple(part.strip() for part in line.split(":", 1)))
        return trailers

    def read_chunked(self, into):
        """Appends the data of all chunks to `into`, a bytearray, and returns the trailers."""
        chunks = self.chunks()
        while True:
            try:
                into += next(chunks)
            except StopIteration as end:
                return end.value


class Client(Stream):
    """One client connection. `address` is a port on the loopback, or the path of a unix socket; `tls`: what
    makes a TLS socket of a plain one."""

    def __init__(self, address, timeout=TIMEOUT, tls=None):
        if isinstance(address, int):
            sock = socket.create_connection(("127.0.0.1", address), timeout=timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(timeout)
            sock.connect(str(address))
        try:
            super().__init__(tls(sock) if tls else sock)
        except OSError:
            sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def response_head(self):
        """The next head, interim ones included."""
        line, headers = self.head()
        version, status, reason = (line.split(" ", 2) + [""])[:3]
        return Response(version, int(status), reason, headers)

    def response(self, method="GET"):
        """The next final response, whole. Where its end is missing, `complete` is false."""
        interim = []
        answer = self.response_head()
        while 100 <= answer.status < 200 and answer.status != 101:
            interim.append(answer)
            answer = self.response_head()
        answer.interim = interim
        body = bytearray()
        try:
            self._read_body(answer, method, body)
        except (Truncated, ConnectionError) as broken:
            answer.complete = False
            if isinstance(broken, Truncated) and isinstance(broken.args[0], bytes):
                body += broken.args[0]
        answer.body = bytes(body)
        return answer

    def _read_body(self, answer, method, body):
        if method == "HEAD" or answer.status in (101, 204, 304):
            return
        if answer.header("Transfer-Encoding", "").lower() == "chunked":
            answer.trailers = self.read_chunked(body)
        elif answer.header("Content-Length") is not None:
            body += self.exactly(int(answer.header("Content-Length")))
        else:
            body += self.rest()

    def rest(self):
        """Everything until the other side closes."""
        try:
            while True:
                self.fill()
        except Truncated:
            taken, self.buffer = self.buffer, b""
            return taken

    def at_end(self):
        """Whether the other side closes without sending another byte."""
        try:
            return not self.buffer and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def request_text(method, target, headers=(), body=None, version="HTTP/1.1", host="app.example.test"):
    """A request head, with the body where there is one. `headers` is a mapping or a list of pairs."""
    pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
    names = {name.lower() for name, _ in pairs}
    lines = [f"{method} {target} {version}"]
    if "host" not in names and host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in pairs]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def request(address, method="GET", target="/", headers=(), body=None, tls=None, **kind):
    """One request on a connection of its own."""
    with Client(address, tls=tls) as client:
        client.send(request_text(method, target, headers, body, **kind))
        return client.response(method)
