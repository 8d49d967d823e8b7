"""Streaming, pipelines, and abuse."""
import os

from case import Abandoned, Answered, Case, Seen, chunks, get, passes, post, raw, refused, theme

# With a sanitizer a coroutine that goes on at once stands on the stack of the one before it.
MANY = 300 if os.environ.get("VESTIBULE_SANITIZE") else 2000


def pieces(data, size=1):
    return [data[at:at + size] for at in range(0, len(data), size)]


def in_pieces(*parts):
    def answer(link, request):
        for part in parts:
            link.send(part)
    return answer


def get_as(target):
    return get(target=target)


STREAMING = theme(
    "Streaming",
    passes("a head byte by byte", pieces(get("X-A: b")), Seen(fields=[("X-A", "b")])),
    passes("a body of length byte by byte", pieces(post("Content-Length: 5", body="12345")),
           Seen("POST", body="12345")),
    passes("chunks byte by byte", pieces(chunks("3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n")),
           Seen("POST", body="abcde", trailers=[("X-Sum", "1")])),
    passes("two requests by seven bytes", pieces(get_as("/1") + get_as("/2"), 7), Seen(target="/1"), Seen(target="/2")),
    refused("both framings byte by byte",
            pieces(post("Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n"))),
    refused("bad chunk byte by byte", pieces(chunks("3\r\nabc\r\n0x\r\n\r\n")), partly=True),
    passes("body goes on before it has ended", [post("Content-Length: 6", body="abc"), "backend", "def"],
           Seen("POST", body="abcdef")),
    passes("chunk goes on before the next is there", [chunks("3\r\nabc\r\n"), "backend", "3\r\ndef\r\n0\r\n\r\n"],
           Seen("POST", body="abcdef")),
    passes("half a CRLF behind a chunk", [chunks("3\r\nabc\r"), "backend", "\n0\r\n\r\n"], Seen("POST", body="abc")),
    passes("head in two halves within a line end", [get()[:-3], 0.02, get()[-3:]]),
    passes("60,000 bytes of length", post("Content-Length: 60000", body="x" * 60000), Seen("POST", body="x" * 60000)),
    passes("many chunks of one byte", chunks("1\r\nx\r\n" * MANY + "0\r\n\r\n"), Seen("POST", body="x" * MANY)),
    passes("body and the next request in one piece", post("Content-Length: 3", body="abc") + get_as("/2"),
           Seen("POST", body="abc"), Seen(target="/2")),
    passes("chunks and the next request in one piece", chunks("3\r\nabc\r\n0\r\n\r\n") + get_as("/2"),
           Seen("POST", body="abc"), Seen(target="/2")),
    Case("answer in pieces", get(), Answered(200, b"okok"), answers=(
        in_pieces(b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\nok", b"ok"),)),
    Case("answer byte by byte", get(), Answered(200, b"ok"), answers=(
        in_pieces(*pieces(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")),)),
)

PIPELINES = theme(
    "Pipelines",
    passes("three requests", get_as("/1") + get_as("/2") + get_as("/3"), *(Seen(target=f"/{n}") for n in (1, 2, 3))),
    passes("fifty requests", b"".join(get_as(f"/{n}") for n in range(50)), *(Seen(target=f"/{n}") for n in range(50))),
    passes("HEAD between two GETs", get_as("/1") + get(method="HEAD", target="/2") + get_as("/3"),
           Seen(target="/1"), Seen("HEAD", "/2"), Seen(target="/3"), methods=("GET", "HEAD", "GET")),
    passes("nothing behind close", get("Connection: close", target="/1") + get_as("/2"), Seen(target="/1"),
           closes=True),
    refused("a bad one behind a good one", get_as("/1") + get("X-A : b", target="/2"), before=1),
    refused("both framings behind a good one", get_as("/1") + post("Content-Length: 5", "Transfer-Encoding: chunked",
                                                                  body="0\r\n\r\n"), before=1),
    refused("garbage behind a good one", get_as("/1") + b"garbage\r\n\r\n", before=1),
    refused("garbage behind a body", post("Content-Length: 3", body="abcXYZ\r\n\r\n"), before=1),
    refused("a body longer than announced", post("Content-Length: 3", body="abc12345\r\n\r\n"), before=1),
    refused("chunks behind a body of length", post("Content-Length: 3", body="abc0\r\n\r\n"), before=1),
    refused("a body that GET did not announce", get() + b"abc\r\n\r\n", before=1),
    passes("a request in a body is no request",
           post("Content-Length: %d" % len(get_as("/2")), body=get_as("/2").decode()),
           Seen("POST", body=get_as("/2"))),
    passes("a request in a chunk is no request",
           chunks(f"{len(get_as('/2')):x}\r\n{get_as('/2').decode()}\r\n0\r\n\r\n"),
           Seen("POST", body=get_as("/2"))),
)


def fields(count):
    return [f"X-{n}: 1" for n in range(count)]


ABUSE = theme(
    "Abuse",
    refused("a hundred fields", get(*fields(100)), 431),
    refused("a field of 20,000 bytes", get("X-A: " + "b" * 20_000), 431),
    refused("a name of 20,000 bytes", get("X" * 20_000 + ": b"), 431),
    refused("a head without an end", raw("GET / HTTP/1.1\r\n" + "X-A: b\r\n" * 10_000), 431, alone=True),
    refused("a request line without an end", raw("GET /" + "a" * 100_000), 414, alone=True),
    refused("a method without an end", raw("A" * 100_000), 400, 414, alone=True),
    refused("body over the limit", post("Content-Length: 200000"), 413),
    refused("chunks over the limit", chunks(("1000\r\n" + "x" * 4096 + "\r\n") * 40), 413, partly=True, alone=True),
    refused("a head that is never whole", b"GET / HTTP/1.1\r\nHost: a.test\r\n", 408, alone=True),
    refused("a head that drips", [piece for byte in pieces(get()[:-2]) for piece in (byte, 0.1)][:80], 408, alone=True),
    refused("NULs", b"\0" * 1000 + b"\r\n\r\n"),
    refused("empty lines alone", b"\r\n" * 1000),
    refused("line feeds alone", b"\n" * 1000),
    refused("a thousand blanks", b" " * 1000 + b"\r\n\r\n"),
    passes("forty fields", get(*fields(40)), Seen(fields=[(f"X-{n}", "1") for n in range(40)])),
    passes("cookies of 4,000 bytes", get("Cookie: a=" + "b" * 4000), Seen(fields=[("Cookie", "a=" + "b" * 4000)])),
    passes("a thousand commas in Connection", get("Connection: " + "," * 1000)),
    Case("a client that resets within its body", [post("Content-Length: 10", body="abc"), "backend", "reset"],
         Abandoned()),
    Case("a client that ends within its chunks", [chunks("3\r\nabc\r\n"), "backend", "half-close"], Abandoned()),
)

CASES = STREAMING + PIPELINES + ABUSE
