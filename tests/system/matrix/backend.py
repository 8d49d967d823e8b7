"""What the matrix asks of a backend; see test_matrix.py. Threads of http.server, HTTP/1.1."""
import http.server
from urllib.parse import parse_qs, urlsplit

LARGE = b"0123456789abcdef" * (1 << 18)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return len(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        total = 0
        while size := int(self.rfile.readline(), 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return total

    def answer(self):
        size, url = self.read_body(), urlsplit(self.path)
        user = self.headers.get("X-Session-User", "")
        right = size == int(parse_qs(url.query).get("is", ["0"])[0])
        status, body = {
            "/hello": (200, b"hello"),
            "/user": (200 if user == "u1" else 403, user.encode()),
            "/size": (200 if right else 400, str(size).encode()),
            "/large": (200, LARGE),
            "/none": (204, b""),
            "/same": (304, b""),
        }.get(url.path, (404, b""))
        self.send_response(status)
        if status == 304:
            self.send_header("ETag", '"x"')
        elif status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
