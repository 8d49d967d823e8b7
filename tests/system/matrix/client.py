"""The checks of test_matrix.py by Python: http.client or urllib. Prints {check: problem or null}."""
import http.client
import json
import sys
import urllib.error
import urllib.request

KIND, PORT, COOKIE = sys.argv[1:]
BODY = b"b" * 100_000


class ByClient:
    """http.client, one kept connection."""

    def __init__(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", int(PORT), timeout=60)

    def ask(self, method, path, headers=None, body=None, chunked=False):
        data = iter([body[:1000], body[1000:]]) if chunked else body
        self.connection.request(method, path, data, headers or {}, encode_chunked=chunked)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def kept(self):
        self.ask("GET", "/hello")
        socket = self.connection.sock
        for _ in range(10):
            self.ask("GET", "/hello")
        assert socket is not None and self.connection.sock is socket, "another connection"


class ByUrllib:
    """urllib.request, which closes each connection."""

    def ask(self, method, path, headers=None, body=None, chunked=False):
        data = iter([body[:1000], body[1000:]]) if chunked else body
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers or {}, method=method)
        if chunked:
            request.add_header("Transfer-Encoding", "chunked")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def kept(self):
        for _ in range(10):
            assert self.ask("GET", "/hello")[0] == 200


def checks(client):
    def same(got, *expected):
        assert got == expected, str(got)[:300]

    def get():
        status, _, body = client.ask("GET", "/hello")
        same((status, body), 200, b"hello")

    def post_length():
        status, _, body = client.ask("POST", f"/size?is={len(BODY)}", body=BODY)
        same((status, body), 200, b"%d" % len(BODY))

    def post_chunked():
        status, _, body = client.ask("POST", f"/size?is={len(BODY)}", body=BODY, chunked=True)
        same((status, body), 200, b"%d" % len(BODY))

    def head():
        status, headers, body = client.ask("HEAD", "/hello")
        same((status, headers["Content-Length"], body), 200, "5", b"")

    def no_content():
        status, _, body = client.ask("GET", "/none")
        same((status, body), 204, b"")

    def not_modified():
        status, headers, body = client.ask("GET", "/same", {"If-None-Match": '"x"'})
        same((status, headers["ETag"], body), 304, '"x"', b"")

    def large():
        status, _, body = client.ask("GET", "/large")
        same((status, body == b"0123456789abcdef" * (1 << 18)), 200, True)

    def session():
        status, _, body = client.ask("GET", "/user", {"Cookie": COOKIE})
        same((status, body), 200, b"u1")

    return {"get": get, "post_length": post_length, "post_chunked": post_chunked, "keep_alive": client.kept,
            "head": head,
            "no_content": no_content, "not_modified": not_modified, "large": large, "session": session}


found = {}
for name, check in checks(ByClient() if KIND == "http.client" else ByUrllib()).items():
    try:
        check()
        found[name] = None
    except Exception as problem:
        found[name] = f"{type(problem).__name__}: {problem}"
print(json.dumps(found))
