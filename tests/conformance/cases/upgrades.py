"""Expectations, and upgrades that are none."""
from case import HIDDEN, Answered, Case, Seen, chunks, get, passes, post, refused, theme

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def go_on(link):
    link.send(CONTINUE)


def expecting(name, value, *statuses, **more):
    return refused(name, post(f"Expect: {value}", "Content-Length: 3", body="abc"), *(statuses or (417,)), **more)


EXPECT = theme(
    "Expect",
    expecting("something else", "200-ok"),
    expecting("100-continue and more", "100-continue, 200-ok"),
    expecting("something in front of 100-continue", "x 100-continue"),
    expecting("something behind 100-continue", "100-continue x"),
    expecting("parameter", "100-continue;q=1"),
    expecting("in quotes", '"100-continue"'),
    expecting("twice in one line", "100-continue, 100-continue"),
    expecting("without its number", "continue"),
    refused("in two lines", post("Expect: 100-continue", "Expect: 100-continue", "Content-Length: 3", body="abc"), 400,
            417),
    refused("in two lines, the second unknown",
            post("Expect: 100-continue", "Expect: y", "Content-Length: 3", body="abc"),
            400, 417),
    refused("empty", post("Expect:", "Content-Length: 3", body="abc"), 400, 417),
    refused("vertical tab in front", post("Expect: \x0b100-continue", "Content-Length: 3", body="abc")),
    refused("folded", post("Expect:", " 100-continue", "Content-Length: 3", body="abc")),
    refused("unknown without a body", get("Expect: y"), 417),
    refused("100-continue beside two framings",
            post("Expect: 100-continue", "Content-Length: 3", "Transfer-Encoding: chunked",
                                                     body="0\r\n\r\n")),
    passes("100-continue, answered before the body",
           [post("Expect: 100-continue", "Content-Length: 3"), "answer", "abc"],
           Seen("POST", body="abc", fields=[("Expect", "100-continue")]), early=go_on),
    passes("100-continue in another case", [post("Expect: 100-Continue", "Content-Length: 3"), "answer", "abc"],
           Seen("POST", body="abc", fields=None), early=go_on),
    passes("100-continue with chunks", [chunks("", "Expect: 100-continue"), "answer", "3\r\nabc\r\n0\r\n\r\n"],
           Seen("POST", body="abc", fields=None), early=go_on),
    passes("100-continue whose body does not wait", post("Expect: 100-continue", "Content-Length: 3", body="abc"),
           Seen("POST", body="abc", fields=None)),
    passes("100-continue without a body", get("Expect: 100-continue")),
    passes("100-continue with an empty body", post("Expect: 100-continue", "Content-Length: 0"),
           Seen("POST", fields=None)),
    passes("100-continue in HTTP/1.0 is ignored", post("Expect: 100-continue", "Content-Length: 3", body="abc",
                                                       version="HTTP/1.0"), Seen("POST", body="abc"), closes=True),
    Case("100-continue that the backend refuses, and a request behind it",
         [post("Expect: 100-continue", "Content-Length: 44"), "answer", HIDDEN],
         Answered(417, b"no", closes=True),
         early=lambda link: link.send(b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")),
)


def plain(name, *lines, **more):
    """Not an upgrade: an ordinary request without these fields."""
    return passes(name, get(*lines, **more))


UPGRADES = theme(
    "Upgrades that are none",
    plain("h2c", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    plain("h2c in upper case", "Connection: Upgrade", "Upgrade: H2C"),
    plain("h2c behind websocket", "Connection: Upgrade", "Upgrade: websocket, h2c"),
    plain("h2c without nomination", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    plain("h2", "Connection: Upgrade", "Upgrade: h2"),
    plain("HTTP/2.0", "Connection: Upgrade", "Upgrade: HTTP/2.0"),
    plain("HTTP/1.1 within HTTP/1.1", "Connection: Upgrade", "Upgrade: HTTP/1.1"),
    plain("TLS/1.0, HTTP/1.1", "Connection: Upgrade", "Upgrade: TLS/1.0, HTTP/1.1"),
    plain("no protocol", "Connection: Upgrade", "Upgrade:"),
    plain("nomination without Upgrade", "Connection: Upgrade"),
    plain("no-break space before the nomination", "Connection: \xa0Upgrade", "Upgrade: websocket"),
    passes("h2c of a POST with a body", post("Connection: Upgrade", "Upgrade: h2c", "Content-Length: 3", body="abc"),
           Seen("POST", body="abc")),
    passes("websocket of HTTP/1.0", get("Upgrade: websocket", "Connection: Upgrade", version="HTTP/1.0"),
           closes=True),
)

CASES = EXPECT + UPGRADES
