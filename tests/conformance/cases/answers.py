"""What backends answer. EVIL stands in what no client may get."""
from case import Answered, Case, answered, bad_gateway, get, post, theme

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OK = Answered(200, b"ok")


def reply(*lines, body="", status="HTTP/1.1 200 OK"):
    return ("\r\n".join((status, *lines)) + "\r\n\r\n" + body).encode("latin-1")


def bad(name, answer, **more):
    return answered(name, answer, bad_gateway(), **more)


def closing(data):
    def answer(link, request):
        link.send(data if isinstance(data, bytes) else data.encode("latin-1"))
        link.close()
    return answer


def framed(name, *lines, body="EVIL"):
    return bad(name, reply(*lines, body=body))


FRAMING = theme(
    "Framing of answers",
    framed("length and chunked", "Content-Length: 4", "Transfer-Encoding: chunked"),
    framed("chunked and length", "Transfer-Encoding: chunked", "Content-Length: 4"),
    framed("two different lengths", "Content-Length: 4", "Content-Length: 5"),
    framed("two equal lengths", "Content-Length: 4", "Content-Length: 4"),
    framed("list of lengths", "Content-Length: 4, 4"),
    framed("negative length", "Content-Length: -1"),
    framed("length with a sign", "Content-Length: +4"),
    framed("hexadecimal length", "Content-Length: 0x4"),
    framed("empty length", "Content-Length:"),
    framed("length of letters", "Content-Length: four"),
    framed("length over 2^64", "Content-Length: 18446744073709551620"),
    framed("identity", "Transfer-Encoding: identity"),
    framed("gzip", "Transfer-Encoding: gzip"),
    framed("gzip, chunked", "Transfer-Encoding: gzip, chunked"),
    framed("chunked, chunked", "Transfer-Encoding: chunked, chunked"),
    framed("chunked twice", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    framed("xchunked", "Transfer-Encoding: xchunked"),
    framed("chunked with a parameter", "Transfer-Encoding: chunked;a=b"),
    framed("chunked behind a vertical tab", "Transfer-Encoding: \x0bchunked"),
    bad("chunked in HTTP/1.0",
        reply("Transfer-Encoding: chunked", status="HTTP/1.0 200 OK", body="4\r\nEVIL\r\n0\r\n\r\n")),
    answered("bad length in an answer to HEAD", reply("Content-Length: 4, 5", "X-A: EVIL"), bad_gateway(),
             sent=get(method="HEAD"), methods=("HEAD",)),
    answered("both in an answer to HEAD", reply("Content-Length: 4", "Transfer-Encoding: chunked", "X-A: EVIL"),
             bad_gateway(),
             sent=get(method="HEAD"), methods=("HEAD",)),
    bad("bad length in a 304", reply("Content-Length: x", "X-A: EVIL", status="HTTP/1.1 304 Not Modified")),
    bad("both in a 204",
        reply("Content-Length: 4", "Transfer-Encoding: chunked", "X-A: EVIL", status="HTTP/1.1 204 No")),
)


def start(name, line, **more):
    return bad(name, reply("Content-Length: 4", "X-A: EVIL", status=line, body="EVIL"), **more)


STATUS_LINES = theme(
    "Status lines",
    start("HTTP/2", "HTTP/2 200 OK"),
    start("HTTP/2.0", "HTTP/2.0 200 OK"),
    start("HTTP/1.2", "HTTP/1.2 200 OK"),
    start("HTTP/0.9", "HTTP/0.9 200 OK"),
    start("http/1.1", "http/1.1 200 OK"),
    start("ICY", "ICY 200 OK"),
    start("blank in front", " HTTP/1.1 200 OK"),
    start("empty line in front", "\r\nHTTP/1.1 200 OK"),
    start("two blanks", "HTTP/1.1  200 OK"),
    start("tab for a blank", "HTTP/1.1\t200 OK"),
    start("no status", "HTTP/1.1 OK"),
    start("no status at all", "HTTP/1.1"),
    start("status of two digits", "HTTP/1.1 20 OK"),
    start("status of four digits", "HTTP/1.1 2000 OK"),
    start("status 000", "HTTP/1.1 000 OK"),
    start("status 099", "HTTP/1.1 099 OK"),
    start("negative status", "HTTP/1.1 -20 OK"),
    start("status with a letter", "HTTP/1.1 2x0 OK"),
    start("status with a fraction", "HTTP/1.1 403.14 Forbidden"),
    start("reason behind a tab", "HTTP/1.1 200\tOK"),
    start("NUL in the reason", "HTTP/1.1 200 O\0K"),
    start("bare CR in the reason", "HTTP/1.1 200 O\rK"),
    start("control character in the reason", "HTTP/1.1 200 O\x1bK"),
    start("DEL in the reason", "HTTP/1.1 200 O\x7fK"),
    bad("no head at all", closing("<html>EVIL</html>")),
    bad("no head at all, and the connection stays open", b"<html>EVIL</html>"),
    bad("text before the head", b"EVIL\r\n" + FINE),
    bad("HTTP/2 frames", b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80\0\4\0\1\0\0\0\5\0\xff\xff\xff"),
    bad("TLS alert", b"\x15\x03\x01\x00\x02\x02\x0a"),
    bad("a request", b"GET /EVIL HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    bad("nothing, and a close", closing("")),
    answered("no reason", reply("Content-Length: 2", status="HTTP/1.1 200 ", body="ok"), OK),
    answered("no reason and no blank", reply("Content-Length: 2", status="HTTP/1.1 200", body="ok"), OK),
    answered("reason in Latin-1", reply("Content-Length: 2", status="HTTP/1.1 200 Tr\xe8s bien", body="ok"), OK),
    answered("status 599", reply("Content-Length: 2", status="HTTP/1.1 599 Own", body="ok"), Answered(599, b"ok")),
    answered("status 999", reply("Content-Length: 2", status="HTTP/1.1 999 Own", body="ok"), Answered(999, b"ok")),
    answered("HTTP/1.0 with a length", reply("Content-Length: 2", status="HTTP/1.0 200 OK", body="ok"), OK),
)


def field(name, line):
    return bad(name, reply("Content-Length: 4", line, body="EVIL"))


FIELDS = theme(
    "Field lines of answers",
    field("folded", "X-A: b\r\n c"),
    field("folded by a tab", "X-A: b\r\n\tc"),
    field("blank before the colon", "X-A : b"),
    field("blank before the colon of Content-Length", "Content-Length : 4"),
    field("no colon", "X-A"),
    field("no name", ": b"),
    field("blank in the name", "X A: b"),
    field("NUL in the name", "X\0A: b"),
    field("NUL in the value", "X-A: \0"),
    field("bare CR in the value", "X-A: b\rSet-Cookie: c=EVIL"),
    field("bare LF in the value", "X-A: b\nSet-Cookie: c=EVIL"),
    field("control character in the value", "X-A: \x01"),
    field("DEL in the value", "X-A: \x7f"),
    field("eighth bit in the name", "X-\xe9: b"),
    bad("bare LF everywhere", b"HTTP/1.1 200 OK\nContent-Length: 4\n\nEVIL"),
    bad("bare LF as the empty line", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\nEVIL"),
    bad("head of 300,000 bytes", reply("Content-Length: 4", "X-A: " + "b" * 300_000, body="EVIL")),
    bad("head without an end", b"HTTP/1.1 200 OK\r\n" + b"X-A: EVIL\r\n" * 40_000),
    bad("head that is cut", closing("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-A: EVIL\r\n")),
    answered("Set-Cookie twice", reply("Set-Cookie: a=1", "Content-Length: 2", body="ok"), Answered(
        200, b"ok", fields={"Set-Cookie": "a=1"})),
    answered("eighth bit in the value", reply("X-A: caf\xe9", "Content-Length: 2", body="ok"), Answered(
        200, b"ok", fields={"X-A": "caf\xe9"})),
    answered("hop-by-hop fields end here",
             reply("Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "Content-Length: 2",
                                                 "Proxy-Connection: close", "Upgrade: h2c", body="ok"),
             Answered(200, b"ok", fields={"X-Hop": None, "Keep-Alive": None, "Proxy-Connection": None, "Upgrade": None,
                                          "Connection": None})),
    answered("Content-Length nominated", reply("Connection: Content-Length", "Content-Length: 2", body="ok"), OK),
    answered("negative Age", reply("Age: -1", "Content-Length: 2", body="ok"), OK),
    answered("control headers never reach a client", reply("X-Session-Destroy: true", "X_Session_Patch: {}",
                                                           "Content-Length: 2", body="ok"),
             Answered(200, b"ok", fields={"X-Session-Destroy": None, "X_Session_Patch": None})),
    answered("session cookie that nobody signed", reply("Set-Cookie: sid=EVIL", "Content-Length: 2", body="ok"),
             Answered(200, b"ok", fields={"Set-Cookie": None})),
)


def chunk(name, body, **more):
    """The head has gone, so the answer is cut where its chunks are bad."""
    return answered(name, reply("Transfer-Encoding: chunked", body=body), Answered(whole=False), **more)


BODIES = theme(
    "Bodies of answers",
    chunk("size 0x", "2\r\nok\r\n0x4\r\nEVIL\r\n0\r\n\r\n"),
    chunk("size with a sign", "2\r\nok\r\n+4\r\nEVIL\r\n0\r\n\r\n"),
    chunk("size behind a blank", "2\r\nok\r\n 4\r\nEVIL\r\n0\r\n\r\n"),
    chunk("no size", "2\r\nok\r\n\r\nEVIL\r\n0\r\n\r\n"),
    chunk("size over 2^64", "2\r\nok\r\n10000000000000004\r\nEVIL\r\n0\r\n\r\n"),
    chunk("bare LF behind the size", "2\r\nok\r\n4\nEVIL\r\n0\r\n\r\n"),
    chunk("bare LF behind the data", "2\r\nok\n4\r\nEVIL\r\n0\r\n\r\n"),
    chunk("more data than announced", "2\r\nokEVIL\r\n0\r\n\r\n"),
    chunk("bad extension", "2\r\nok\r\n4;a\nEVIL\r\n0\r\n\r\n"),
    chunk("open quote in an extension", '2\r\nok\r\n4;a="\r\nEVIL\r\n0\r\n\r\n'),
    chunk("length in the trailers", "2\r\nok\r\n0\r\nContent-Length: 4\r\nX-A: EVIL\r\n\r\n"),
    chunk("coding in the trailers", "2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\nX-A: EVIL\r\n\r\n"),
    chunk("folded trailer", "2\r\nok\r\n0\r\nX-A: b\r\n EVIL\r\n\r\n"),
    chunk("bare LF in the trailers", "2\r\nok\r\n0\r\nX-A: b\nX-C: EVIL\r\n\r\n"),
    chunk("endless trailers", "2\r\nok\r\n0\r\n" + "X-A: EVIL\r\n" * 10_000),
    answered("chunks that are cut", closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
             Answered(whole=False)),
    answered("last chunk without its empty line",
             closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"),
             Answered(whole=False)),
    answered("length that is cut", closing("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"), Answered(whole=False)),
    answered("bytes behind the body", reply("Content-Length: 2", body="okEVIL"), OK),
    answered("an answer behind the answer", FINE + reply("Content-Length: 4", body="EVIL"), OK),
    answered("an answer behind chunks", reply("Transfer-Encoding: chunked", body="2\r\nok\r\n0\r\n\r\n")
             + reply("Content-Length: 4", body="EVIL"), OK),
    answered("body in an answer to HEAD", reply("Content-Length: 4", body="EVIL"),
             Answered(200, fields={"Content-Length": "4"}),
             sent=get(method="HEAD"), methods=("HEAD",)),
    answered("chunks in an answer to HEAD", reply("Transfer-Encoding: chunked", body="4\r\nEVIL\r\n0\r\n\r\n"),
             Answered(200),
             sent=get(method="HEAD"), methods=("HEAD",)),
    answered("body in a 204", reply("Content-Length: 4", status="HTTP/1.1 204 No", body="EVIL"),
             Answered(204, fields={"Content-Length": None})),
    answered("chunks in a 204",
             reply("Transfer-Encoding: chunked", status="HTTP/1.1 204 No", body="4\r\nEVIL\r\n0\r\n\r\n"),
             Answered(204, fields={"Transfer-Encoding": None})),
    answered("length 0 in a 204", reply("Content-Length: 0", status="HTTP/1.1 204 No"),
             Answered(204, fields={"Content-Length": None})),
    answered("body in a 304", reply("Content-Length: 4", status="HTTP/1.1 304 Not", body="EVIL"),
             Answered(304, fields={"Content-Length": "4"})),
    answered("an answer behind a 304", reply(status="HTTP/1.1 304 Not") + reply("Content-Length: 4", body="EVIL"),
             Answered(304)),
    answered("205 with length 0", reply("Content-Length: 0", status="HTTP/1.1 205 Reset"), Answered(205)),
    answered("length 0", reply("Content-Length: 0"), Answered(200)),
    answered("chunks", reply("Transfer-Encoding: chunked", body="1\r\no\r\n1;a=b\r\nk\r\n0\r\n\r\n"), OK),
    answered("trailers", reply("Transfer-Encoding: chunked", "Trailer: X-Sum", body="2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"),
             Answered(200, b"ok", trailers=[("X-Sum", "1")])),
    answered("Set-Cookie in the trailers", reply("Transfer-Encoding: chunked",
                                                 body="2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: sid=EVIL\r\n\r\n"),
             Answered(200, b"ok", trailers=[("X-Sum", "1")])),
    answered("control header in the trailers", reply("Transfer-Encoding: chunked",
                                                     body="2\r\nok\r\n0\r\nX-Session-Destroy: EVIL\r\n\r\n"), OK),
    answered("up to the end", closing("HTTP/1.1 200 OK\r\n\r\nok"), OK),
    answered("HTTP/1.0 up to the end", closing("HTTP/1.0 200 OK\r\n\r\nok"), OK),
    answered("chunks for a client of HTTP/1.0", reply("Transfer-Encoding: chunked", body="2\r\nok\r\n0\r\n\r\n"),
             Answered(200, b"ok", fields={"Transfer-Encoding": None}, closes=True), sent=get(version="HTTP/1.0")),
    answered("answer before the upload has ended", b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno",
             Answered(403, b"no", closes=True), sent=[post("Content-Length: 10", body="abc")],
             early=lambda link: link.send(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")),
)

INTERIM = theme(
    "Interim answers",
    answered("103", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + FINE, Answered(200, b"ok", interim=(103,))),
    answered("102 and 103", b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\n\r\n" + FINE,
             Answered(200, b"ok", interim=(102, 103))),
    answered("100 that nobody expects", b"HTTP/1.1 100 Continue\r\n\r\n" + FINE, Answered(200, b"ok", interim=(100,))),
    answered("not for HTTP/1.0", b"HTTP/1.1 103 Early Hints\r\n\r\n" + FINE, Answered(200, b"ok", closes=True),
             sent=get(version="HTTP/1.0")),
    answered("1xx with a length of 0", b"HTTP/1.1 103 E\r\nContent-Length: 0\r\n\r\n" + FINE,
             Answered(200, b"ok", interim=(103,))),
    bad("1xx with a length", b"HTTP/1.1 103 E\r\nContent-Length: 4\r\n\r\nEVIL" + FINE),
    bad("1xx with chunks", b"HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nEVIL\r\n0\r\n\r\n" + FINE),
    Case("a thousand interim answers", get(), Answered(502, None, interim=(103,) * 32), answers=(
        b"HTTP/1.1 103 E\r\n\r\n" * 1000 + reply("X-A: EVIL", "Content-Length: 0"),)),
    bad("interim answer of HTTP/2", b"HTTP/2 103 EVIL\r\n\r\n" + FINE),
    Case("interim answers and a close", get(), Answered(502, None, interim=(103,)),
         answers=(closing("HTTP/1.1 103 E\r\n\r\n"),)),
)

CASES = FRAMING + STATUS_LINES + FIELDS + BODIES + INTERIM
