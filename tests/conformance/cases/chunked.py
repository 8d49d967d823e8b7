"""Chunked bodies of clients, and their trailers."""
from case import Seen, chunks, get, passes, refused, theme

ABC = Seen("POST", body="abc")


def size(name, line, behind="abc\r\n0\r\n\r\n", **more):
    return refused(name, chunks(line + "\r\n" + behind), partly=True, **more)


SIZES = theme(
    "Chunk sizes",
    size("0x", "0x3"),
    size("0X", "0X3"),
    size("h behind", "3h"),
    size("plus sign", "+3"),
    size("minus sign", "-3"),
    size("blank in front", " 3"),
    size("tab in front", "\t3"),
    size("vertical tab behind", "3\x0b"),
    size("NUL behind", "3\0"),
    size("empty", ""),
    size("of blanks", "  "),
    size("not hexadecimal", "xyz"),
    size("underscore", "0_3"),
    size("fraction", "3.0"),
    size("two numbers", "3 3"),
    size("comma", "3,3"),
    size("in quotes", '"3"'),
    size("2^64", "10000000000000000"),
    size("2^64 + 3", "10000000000000003"),
    size("seventeen digits of zeros", "00000000000000003"),
    size("a thousand zeros", "0" * 1000 + "3"),
    size("eighth bit", "3\xb2"),
    size("bare LF", "3\nabc\n0\n\n", behind=""),
    size("bare CR", "3\rabc\r0\r\r", behind=""),
    size("CR CR LF", "3\r"),
    size("CR LF LF", "3", behind="\nabc\r\n0\r\n\r\n"),
    size("line of 100,000 digits", "0" * 100_000),
    refused("bare LF behind the data", chunks("3\r\nabc\n0\r\n\r\n"), partly=True),
    refused("bare CR behind the data", chunks("3\r\nabc\r0\r\n\r\n"), partly=True),
    refused("nothing behind the data", chunks("3\r\nabc0\r\n\r\n"), partly=True),
    refused("one byte more than announced", chunks("3\r\nabcd\r\n0\r\n\r\n"), partly=True),
    refused("one byte less than announced", chunks("4\r\nabc\r\n0\r\n\r\n"), partly=True),
    refused("empty line behind a chunk", chunks("3\r\nabc\r\n\r\n0\r\n\r\n"), partly=True),
    refused("second chunk bad", chunks("3\r\nabc\r\nx\r\n"), partly=True),
    refused("bare LF behind the last chunk", chunks("3\r\nabc\r\n0\n\r\n"), partly=True),
    refused("bare LF as the empty line", chunks("3\r\nabc\r\n0\r\n\n"), partly=True),
    refused("bare CR as the empty line", chunks("3\r\nabc\r\n0\r\n\rX"), partly=True),
    refused("last chunk in hexadecimal form", chunks("3\r\nabc\r\n0x0\r\n\r\n"), partly=True),
    passes("one chunk", chunks("3\r\nabc\r\n0\r\n\r\n"), ABC),
    passes("three chunks", chunks("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"), ABC),
    passes("leading zeros", chunks("0003\r\nabc\r\n0000\r\n\r\n"), ABC),
    passes("sixteen digits", chunks("0000000000000003\r\nabc\r\n0\r\n\r\n"), ABC),
    passes("upper-case digits", chunks("A\r\n0123456789\r\n0\r\n\r\n"), Seen("POST", body="0123456789")),
    passes("lower-case digits", chunks("a\r\n0123456789\r\n0\r\n\r\n"), Seen("POST", body="0123456789")),
    passes("blanks behind, as old servers pad", chunks("3   \r\nabc\r\n0 \r\n\r\n"), ABC),
    passes("data of CR LF", chunks("4\r\n\r\n\r\n\r\n0\r\n\r\n"), Seen("POST", body="\r\n\r\n")),
    passes("data that looks like chunks", chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), Seen("POST", body="0\r\n\r\n")),
    passes("data that looks like a request", chunks("1b\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n\r\n0\r\n\r\n"),
           Seen("POST", body="GET / HTTP/1.1\r\nHost: b\r\n\r\n")),
)


def extension(name, text, **more):
    return refused(name, chunks(f"3{text}\r\nabc\r\n0\r\n\r\n"), partly=True, **more)


EXTENSIONS = theme(
    "Chunk extensions",
    extension("bare LF within", ";a\n"),
    extension("bare LF within, a chunk behind it", ";\n5"),
    extension("bare CR within", ";a\rb"),
    extension("NUL within", ";a\0"),
    extension("control character within", ";a=\x01"),
    extension("DEL within", ";a\x7f"),
    extension("no name", ";"),
    extension("no name, but a value", ";=b"),
    extension("no value", ";a="),
    extension("two semicolons", ";;a"),
    extension("comma", ",a=b"),
    extension("two words", ";a b"),
    extension("open quote", ';a="b'),
    extension("open quote ends in a backslash", ';a="b\\'),
    extension("text behind a quote", ';a="b"c'),
    extension("eighth bit in a name", ";\xe9=b"),
    extension("without semicolon", " a=b"),
    extension("10,000 bytes", ";" + "a" * 10_000),
    refused("1,000 bytes at every chunk", chunks(("1;" + "a" * 1000 + "\r\nx\r\n") * 10 + "0\r\n\r\n"), partly=True),
    refused("in the last chunk, bad", chunks("3\r\nabc\r\n0;a=\r\n\r\n"), partly=True),
    passes("name", chunks("3;a\r\nabc\r\n0;b\r\n\r\n"), ABC),
    passes("name and value", chunks("3;a=b\r\nabc\r\n0\r\n\r\n"), ABC),
    passes("several", chunks("3;a=b;c;d=e\r\nabc\r\n0\r\n\r\n"), ABC),
    passes("quoted value", chunks('3;a="b;c\\"d\te"\r\nabc\r\n0\r\n\r\n'), ABC),
    passes("blanks around", chunks("3 ; a = b ; c\r\nabc\r\n0\r\n\r\n"), ABC),
    passes("signed chunks, as S3 clients send them",
           chunks(f"3;chunk-signature={'f' * 64}\r\nabc\r\n0;chunk-signature={'e' * 64}"
                                                           "\r\n\r\n"), ABC),
)


def trailer(name, *lines, **more):
    return refused(name, chunks("3\r\nabc\r\n0\r\n" + "".join(line + "\r\n" for line in lines) + "\r\n"), partly=True,
                   **more)


def dropped(name, *lines):
    return passes(name, chunks("3\r\nabc\r\n0\r\n" + "".join(line + "\r\n" for line in lines) + "X-Kept: 1\r\n\r\n"),
                  Seen("POST", body="abc", trailers=[("X-Kept", "1")]))


TRAILERS = theme(
    "Trailers of requests",
    trailer("Content-Length", "Content-Length: 7"),
    trailer("Transfer-Encoding", "Transfer-Encoding: chunked"),
    trailer("Host", "Host: evil.test"),
    trailer("blank before the colon", "X-A : b"),
    trailer("no colon", "X-A"),
    trailer("no name", ": b"),
    trailer("folded", "X-A: b", " c"),
    trailer("folded at the beginning", " X-A: b"),
    trailer("bare LF", "X-A: b\nX-C: d"),
    trailer("bare CR", "X-A: b\rX-C: d"),
    trailer("NUL", "X-A: \0"),
    trailer("a request without fields", "GET /hidden HTTP/1.1"),
    trailer("a hundred", *[f"X-{n}: 1" for n in range(100)]),
    trailer("20,000 bytes", "X-A: " + "b" * 20_000),
    dropped("Cookie is dropped", "Cookie: sid=evil"),
    dropped("Authorization is dropped", "Authorization: Basic evil"),
    dropped("Set-Cookie is dropped", "Set-Cookie: sid=evil"),
    dropped("Connection is dropped", "Connection: close"),
    dropped("Expect is dropped", "Expect: 100-continue"),
    dropped("Content-Type is dropped", "Content-Type: text/html"),
    dropped("Forwarded is dropped", "Forwarded: for=192.0.2.1"),
    dropped("X-Forwarded-For is dropped", "X-Forwarded-For: 192.0.2.1"),
    dropped("X_Forwarded_For is dropped", "X_Forwarded_For: 192.0.2.1"),
    dropped("session header is dropped", "X-Session-User: admin"),
    dropped("session header in CGI spelling is dropped", "x_session.user: admin"),
    dropped("length in CGI spelling is dropped", "Content_Length: 7"),
    passes("an ordinary one passes", chunks("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", "Trailer: X-Sum"),
           Seen("POST", body="abc", trailers=[("X-Sum", "1")], fields=None)),
    passes("a request behind trailers is the next one", chunks("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n") + get(target="/2"),
           Seen("POST", body="abc", trailers=[("X-Sum", "1")]), Seen(target="/2")),
)

CASES = SIZES + EXTENSIONS + TRAILERS
