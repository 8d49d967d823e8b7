// The backend of fuzz.py: Node's own parser (llhttp, strict) reads what vestibule writes, and tells what it read in the
// header X-Read of its answer. What it cannot read it prints, one JSON line each.
import crypto from "node:crypto";
import http from "node:http";

// An unknown method is a matter of taste; the others are requests that vestibule broke off.
const expected = new Set(["HPE_INVALID_METHOD", "ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

function report(request, body) {
  const read = { method: request.method, target: request.url, fields: request.rawHeaders, trailers: request.rawTrailers,
    length: body.length, digest: crypto.createHash("sha1").update(body).digest("hex") };
  return Buffer.from(JSON.stringify(read)).toString("base64");
}

function answer(request, response) {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    response.writeHead(200, { "Content-Length": 0, "X-Read": report(request, Buffer.concat(pieces)) });
    response.end();
  });
}

const server = http.createServer({ maxHeaderSize: 64 * 1024 }, answer);
server.on("checkContinue", answer);
server.on("checkExpectation", answer);
server.on("upgrade", (request, socket) => socket.end(
  `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nX-Read: ${report(request, Buffer.alloc(0))}\r\n\r\n`));
server.on("clientError", (error, socket) => {
  if (!expected.has(error.code))
    console.log(JSON.stringify({ code: error.code, reason: error.reason, bytes: error.rawPacket?.toString("latin1") }));
  socket.destroy();
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port, methods: http.METHODS })));
