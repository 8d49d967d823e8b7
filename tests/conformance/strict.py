"""HTTP/1 read by the letter of RFC 9110 and 9112, and by nothing else: what may be read in two ways is Malformed.
The oracle of both sides; it shares no code with the harness or the program."""
import dataclasses
import re

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.([01])")
LENIENT_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)")
SEEN = rb"[\x21-\x7e\x80-\xff]"
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*((?:" + SEEN + rb"(?:[\t\x20-\x7e\x80-\xff]*" + SEEN + rb")?)?)[ \t]*")
QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
EXTENSION = rb"[ \t]*;[ \t]*" + TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + TOKEN + rb"|" + QUOTED + rb"))?"
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:" + EXTENSION + rb")*")
LENGTH = re.compile(rb"[0-9]+")
AUTHORITY = re.compile(rb"(?:[0-9A-Za-z\-._~]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


class Malformed(Exception):
    """No one reading."""


class Incomplete(Exception):
    """The end is still to come."""


@dataclasses.dataclass
class Message:
    start: tuple  # method, target and minor version; or minor version, status and reason
    fields: list  # of (name, value), as they stood
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    interim: list = dataclasses.field(default_factory=list)  # 1xx before a response
    ends_connection: bool = False

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def value(self, name, default=None):
        return (self.all(name) + [default])[0]


class Request(Message):
    method = property(lambda self: self.start[0])
    target = property(lambda self: self.start[1])


class Response(Message):
    status = property(lambda self: self.start[1])


def line(data, at):
    end = data.find(b"\n", at)
    if end < 0:
        raise Incomplete("line")
    text = data[at:end + 1]
    if not text.endswith(b"\r\n"):
        raise Malformed(f"bare LF behind {bytes(text[:60])!r}")
    return bytes(text[:-2]), end + 1


def fields(data, at):
    found = []
    while True:
        text, at = line(data, at)
        if not text:
            return found, at
        match = FIELD.fullmatch(text)
        if not match:
            raise Malformed(f"field {text[:60]!r}")
        found.append((match[1].decode(), match[2].decode("latin-1")))


def chunked(data, at, lenient=False):
    body = bytearray()
    while True:
        text, at = line(data, at)
        match = CHUNK_LINE.fullmatch(text.rstrip(b" \t") if lenient else text)
        if not match:
            raise Malformed(f"chunk size {text[:60]!r}")
        size = int(match[1], 16)
        if size == 0:
            break
        if len(data) < at + size + 2:
            raise Incomplete("chunk")
        if data[at + size:at + size + 2] != b"\r\n":
            raise Malformed("no CRLF behind a chunk")
        body += data[at:at + size]
        at += size + 2
    trailers, at = fields(data, at)
    return bytes(body), trailers, at


def framing(message, minor):
    """("chunked", None), ("length", n) or (None, None)."""
    lengths, codings = message.all("Content-Length"), message.all("Transfer-Encoding")
    if len(lengths) + len(codings) > 1:
        raise Malformed(f"framed {len(lengths) + len(codings)} times")
    if codings:
        if codings[0].lower() != "chunked" or minor == 0:
            raise Malformed(f"Transfer-Encoding {codings[0]!r} in HTTP/1.{minor}")
        return "chunked", None
    if lengths:
        if not LENGTH.fullmatch(lengths[0].encode("latin-1")):
            raise Malformed(f"Content-Length {lengths[0]!r}")
        return "length", int(lengths[0])
    return None, None


def body_of(message, data, at, kind, length, lenient=False):
    if kind == "chunked":
        message.body, message.trailers, at = chunked(data, at, lenient)
        for name, _ in message.trailers:
            if name.lower() in ("content-length", "transfer-encoding", "host"):
                raise Malformed(f"{name} in the trailers")
    elif kind == "length":
        if len(data) < at + length:
            raise Incomplete("body")
        message.body = bytes(data[at:at + length])
        at += length
    return at


def options(message):
    return {part.strip(" \t").lower() for value in message.all("Connection") for part in value.split(",")}


def read_request(data, at=0, lenient=False):
    """(the request that begins there, where it ends). `lenient`: with what a server takes besides: bytes from 0x80
    and whole URLs as targets, blanks behind chunk sizes."""
    text, at = line(data, at)
    match = (LENIENT_LINE if lenient else REQUEST_LINE).fullmatch(text)
    if not match:
        raise Malformed(f"request line {text[:60]!r}")
    found, at = fields(data, at)
    message = Request((match[1].decode(), match[2].decode("latin-1"), int(match[3])), found)
    hosts = message.all("Host")
    if len(hosts) > 1 or (match[3] == b"1" and not hosts):
        raise Malformed(f"{len(hosts)} Host fields")
    if hosts and hosts[0] and not AUTHORITY.fullmatch(hosts[0].encode("latin-1")):
        raise Malformed(f"Host {hosts[0]!r}")
    if message.method == "CONNECT" or not (lenient or message.target.startswith("/")):
        raise Malformed(f"target {message.target[:60]!r}")
    return message, body_of(message, data, at, *framing(message, int(match[3])), lenient)


def read_response(data, at, method, ended):
    """(the final response that begins there, where it ends). `ended`: no more bytes will come."""
    interim = []
    while True:
        text, at = line(data, at)
        match = STATUS_LINE.fullmatch(text)
        if not match:
            raise Malformed(f"status line {text[:60]!r}")
        found, at = fields(data, at)
        message = Response((int(match[1]), int(match[2]), match[3].decode("latin-1")), found, interim=interim)
        if message.status >= 200 or message.status == 101:
            break
        if framing(message, 1)[0]:
            raise Malformed(f"framing in a {message.status}")
        interim.append(message)
    minor = message.start[0]
    message.ends_connection = "close" in options(message) or (minor == 0 and "keep-alive" not in options(message))
    kind, length = framing(message, minor)
    if message.status == 204 and kind:
        raise Malformed("framing in a 204")
    if message.status in (101, 204, 304) or method == "HEAD":
        return message, at
    if kind is None:
        if not ended:
            raise Incomplete("up to the end")
        message.body, message.ends_connection = bytes(data[at:]), True
        return message, len(data)
    return message, body_of(message, data, at, kind, length)
