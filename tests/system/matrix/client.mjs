// The checks of test_matrix.py by Node: fetch (undici) or node:http with a kept connection. Prints {check: problem or null}.
import http from "node:http";

const [, , kind, base, cookie] = process.argv;
const body = Buffer.alloc(100_000, "b");
let sockets = new Set();

async function byFetch(method, path, headers = {}, send, chunked = false) {
  const options = { method, headers, redirect: "manual" };
  if (send !== undefined) options.body = chunked ? new Blob([send]).stream() : send;
  if (chunked) options.duplex = "half";
  const answer = await fetch(base + path, options);
  return { status: answer.status, length: answer.headers.get("content-length"), etag: answer.headers.get("etag"),
    body: Buffer.from(await answer.arrayBuffer()) };
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function byHttp(method, path, headers = {}, send, chunked = false) {
  return new Promise((resolve, reject) => {
    const request = http.request(base + path, { method, headers, agent }, (answer) => {
      sockets.add(answer.socket.localPort);
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => resolve({ status: answer.statusCode, length: answer.headers["content-length"] ?? null,
        etag: answer.headers.etag ?? null, body: Buffer.concat(pieces) }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    if (send !== undefined && !chunked) request.setHeader("Content-Length", send.length);
    if (chunked) {
      request.write(send.subarray(0, 1000));
      request.write(send.subarray(1000));
      return request.end();
    }
    return request.end(send);
  });
}

const ask = kind === "fetch" ? byFetch : byHttp;
const must = (good, what) => { if (!good) throw new Error(JSON.stringify(what)?.slice(0, 300)); };

const checks = {
  async get() {
    const a = await ask("GET", "/hello");
    must(a.status === 200 && a.body.toString() === "hello", a);
  },
  async post_length() {
    const a = await ask("POST", `/size?is=${body.length}`, {}, body);
    must(a.status === 200 && a.body.toString() === String(body.length), a);
  },
  async post_chunked() {
    const a = await ask("POST", `/size?is=${body.length}`, {}, body, true);
    must(a.status === 200 && a.body.toString() === String(body.length), a);
  },
  async keep_alive() {
    sockets = new Set();
    for (let n = 0; n < 10; ++n) must((await ask("GET", "/hello")).body.toString() === "hello", n);
    must(kind === "fetch" || sockets.size === 1, [...sockets]);
  },
  async head() {
    const a = await ask("HEAD", "/hello");
    must(a.status === 200 && a.length === "5" && a.body.length === 0, a);
  },
  async no_content() {
    const a = await ask("GET", "/none");
    must(a.status === 204 && a.body.length === 0, a);
  },
  async not_modified() {
    const a = await ask("GET", "/same", { "If-None-Match": '"x"' });
    must(a.status === 304 && a.body.length === 0 && a.etag === '"x"', a);
  },
  async large() {
    const a = await ask("GET", "/large");
    must(a.status === 200 && a.body.equals(Buffer.alloc(4 << 20, "0123456789abcdef")), a.body.length);
  },
  async session() {
    const a = await ask("GET", "/user", { Cookie: cookie });
    must(a.status === 200 && a.body.toString() === "u1", a);
  },
};

const found = {};
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    found[name] = null;
  } catch (error) {
    found[name] = `${error} ${error.cause ?? ""}`;
  }
}
console.log(JSON.stringify(found));
agent.destroy();
