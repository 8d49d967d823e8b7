// What the matrix asks of a backend; see test_matrix.py. Its large answer is chunked.
import http from "node:http";

const large = Buffer.alloc(4 << 20, "0123456789abcdef");

function answer(request, response, size) {
  const url = new URL(request.url, "http://a.test");
  const user = request.headers["x-session-user"] ?? "";
  const text = (status, body) => {
    response.writeHead(status, { "Content-Type": "text/plain", "Content-Length": body.length });
    response.end(body);
  };
  switch (url.pathname) {
    case "/hello": return text(200, "hello");
    case "/user": return text(user === "u1" ? 200 : 403, user);
    case "/size": return text(size === Number(url.searchParams.get("is")) ? 200 : 400, String(size));
    case "/large": response.write(large.subarray(0, 1 << 20)); return response.end(large.subarray(1 << 20));
    case "/none": return response.writeHead(204).end();
    case "/same": return response.writeHead(304, { ETag: '"x"' }).end();
    default: return text(404, "");
  }
}

const server = http.createServer((request, response) => {
  let size = 0;
  request.on("data", (piece) => { size += piece.length; });
  request.on("end", () => answer(request, response, size));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
