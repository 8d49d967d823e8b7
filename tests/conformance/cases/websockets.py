"""WebSocket handshakes, and what backends answer to them."""
from case import Answered, Case, Tunnel, Unserved, get, head, post, theme

SOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
ACCEPT = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def switching(*lines):
    """Every backend here would switch protocols."""
    return ("\r\n".join(("HTTP/1.1 101 Switching Protocols", *lines)) + "\r\n\r\n").encode("latin-1")


def handshake(name, *lines, method="GET", **more):
    """Wrong in one thing. The backend would switch."""
    return Case(name, head(method, "/", *lines), Unserved((400, 426)),
                answers=(switching("Upgrade: websocket", "Connection: Upgrade", ACCEPT),), **more)


def without(name, *more):
    return [line for line in SOCKET if not line.startswith(name)] + list(more)


WEBSOCKETS = theme(
    "WebSocket handshakes",
    handshake("POST", *SOCKET, method="POST"),
    handshake("HEAD", *SOCKET, method="HEAD", methods=("HEAD",)),
    handshake("no key", *without("Sec-WebSocket-Key")),
    handshake("empty key", *without("Sec-WebSocket-Key", "Sec-WebSocket-Key:")),
    handshake("key of 15 bytes", *without("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA")),
    handshake("key of 17 bytes", *without("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=")),
    handshake("key that is no base64", *without("Sec-WebSocket-Key", "Sec-WebSocket-Key: ######################==")),
    handshake("two keys", *SOCKET, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
    handshake("no version", *without("Sec-WebSocket-Version")),
    handshake("version 12", *without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 12")),
    handshake("version 777", *without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 777")),
    handshake("version 13 and another", *SOCKET, "Sec-WebSocket-Version: 8"),
    Case("a good one becomes a tunnel", [get(*SOCKET), "answer", b"raw bytes"],
         Tunnel(b"raw bytes"),
         answers=(switching("Upgrade: websocket", "Connection: Upgrade", ACCEPT),)),
)


def not_asked(name, *lines, sent=None):
    return Case(name, sent or get(*SOCKET), Answered(502, None), answers=(
        ("\r\n".join(("HTTP/1.1 101 EVIL", *lines)) + "\r\n\r\nEVIL").encode("latin-1"),))


ANSWERS = theme(
    "Answers to upgrades",
    not_asked("101 that nobody asked for", "Upgrade: websocket", "Connection: Upgrade", sent=get()),
    not_asked("101 to h2c", "Upgrade: h2c", "Connection: Upgrade", sent=get("Upgrade: h2c", "Connection: Upgrade")),
    not_asked("101 to an upload", "Upgrade: websocket", "Connection: Upgrade",
              sent=post("Upgrade: other", "Connection: Upgrade", "Content-Length: 3", body="abc")),
    not_asked("101 of another protocol", "Upgrade: h2c", "Connection: Upgrade", ACCEPT),
    not_asked("101 without Upgrade", "Connection: Upgrade", ACCEPT),
    not_asked("101 with another key's Accept", "Upgrade: websocket", "Connection: Upgrade",
              "Sec-WebSocket-Accept: AAAA"),
    not_asked("101 without Accept", "Upgrade: websocket", "Connection: Upgrade"),
    Case("426 instead", get(*SOCKET), Answered(426, b"no"),
         answers=(b"HTTP/1.1 426 No\r\nContent-Length: 2\r\n\r\nno",)),
    Case("200 instead, and the next request is read as one", get(*SOCKET), Answered(200, b"no"),
         answers=(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",)),
)

CASES = WEBSOCKETS + ANSWERS
