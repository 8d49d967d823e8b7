"""What is measured: the backend, Redis with sessions, and the proxies in front of them."""
import json
import os
import pathlib
import sys
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from harness import cookies
from harness.redis import Redis, free_port
from harness.wire import Client, request_text

from processes import until

BIN = os.environ.get("VESTIBULE_BIN", "build/release/vestibule")
COOKIE = "bench.sid"
SESSIONS = 1000
SMALL, LARGE = 170, 16 * 1024
MANY = 1_000_000_000  # requests of one connection: no peer closes any

# What a browser sends with a page load.
BROWSER = {
    "Host": "shop.example.test",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": "https://shop.example.test/catalogue?page=2",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Priority": "u=0, i",
}


def cookie_line(cookie):
    """Ours among others; None: those others alone."""
    return f"theme=dark; {COOKIE}={cookie}; locale=en-GB" if cookie else "theme=dark; locale=en-GB"


def browser_request(target, cookie):
    return request_text("GET", target, {**BROWSER, "Cookie": cookie_line(cookie)})


class Sessions:
    """SESSIONS logged-in sessions in a Redis of our own, as connect-redis writes them."""

    def __init__(self, processes):
        # The Redis starts its process itself; it inherits our CPUs.
        self.redis = Redis(processes.folder)
        processes.running.append(self.redis.process)
        self.pid = self.redis.process.pid
        self.cookies = []
        for number in range(SESSIONS):
            sid = cookies.new_sid()
            value = {
                "cookie": {"originalMaxAge": 86400000, "expires": "2030-01-01T00:00:00.000Z", "httpOnly": True,
                           "path": "/", "sameSite": "lax"},
                "user": {"id": f"u-{number:06}", "name": f"Customer {number}", "tier": "gold",
                         "email": f"customer{number}@example.test"},
                "cart": {"items": [{"sku": "A-1042", "count": 2}, {"sku": "B-7", "count": 1}], "currency": "EUR"},
                "csrf": cookies.new_sid(),
            }
            self.redis.command("SET", f"sess:{sid}", json.dumps(value, separators=(",", ":")), "EX", 86400)
            self.cookies.append(cookies.sign(sid))


def nginx_common(folder, name, workers=1):
    temporary = "".join(f"{kind}_temp_path {folder}/{name}.{kind}; "
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""
daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log warn; worker_processes {workers};
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_timeout 600s; keepalive_requests {MANY}; server_tokens off; {temporary}
"""


def start_nginx(processes, name, config, proxy):
    file = processes.folder / f"{name}.conf"
    file.write_text(config)
    return processes.start(name, ["/usr/sbin/nginx", "-p", processes.folder, "-e", processes.folder / f"{name}.log",
                                  "-c", file], proxy)


class Backend:
    """An nginx that answers /small with 170 bytes, and /large with 16 KiB."""

    def __init__(self, processes):
        self.port = free_port()
        files = processes.folder / "files"
        files.mkdir()
        (files / "large").write_bytes(b"x" * LARGE)
        os.chmod(processes.folder, 0o755)
        process = start_nginx(processes, "backend", nginx_common(processes.folder, "backend") + f"""
  open_file_cache max=10; default_type text/html; sendfile on; tcp_nopush on;
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location = /small {{ return 200 "{'x' * SMALL}"; }}
    location = /large {{ root {files}; }}
  }}
}}""", proxy=False)
        self.pid = process.pid
        wait_listening(processes, process, self.port)


class Peer:
    """One proxy, not yet running. `start` can be called again after `stop`."""

    name = ""
    detail = ""

    def __init__(self, processes, backend_port):
        self.processes = processes
        self.backend_port = backend_port
        self.port = free_port()
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        raise NotImplementedError

    def start(self):
        """Seconds from the start of the process until a connection is accepted."""
        begin = time.monotonic()
        self.process = self.launch()
        wait_listening(self.processes, self.process, self.port)
        return time.monotonic() - begin

    def stop(self):
        self.processes.end(self.process)
        self.process = None


class Nginx(Peer):
    name = "nginx"
    detail = "proxy_pass, keep-alive upstream, no log, no sessions"

    def launch(self):
        return start_nginx(self.processes, "nginx", nginx_common(self.processes.folder, "nginx") + f"""
  client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
  upstream backend {{ server 127.0.0.1:{self.backend_port}; keepalive 64; keepalive_requests {MANY}; }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    }}
  }}
}}""", proxy=True)


class Haproxy(Peer):
    name = "haproxy"
    detail = "mode http, http-reuse always, no log, no sessions"

    def launch(self):
        file = self.processes.folder / "haproxy.cfg"
        file.write_text(f"""
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  maxconn 8000
  option http-keep-alive
  http-reuse always
  timeout connect 2s
  timeout client 600s
  timeout server 60s
  timeout http-keep-alive 600s
frontend front
  bind 127.0.0.1:{self.port} backlog 4096
  default_backend back
backend back
  server backend 127.0.0.1:{self.backend_port}
""")
        return self.processes.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", file], proxy=True)


class Vestibule(Peer):
    """Sessions required on every path, the cookie verified, the session fetched by a GET, its user checked
    and injected."""

    def __init__(self, processes, backend_port, sessions, name, store, detail="", access=False, mode="required"):
        super().__init__(processes, backend_port)
        self.name, self.detail = name, detail
        self.sessions, self.mode = sessions, mode
        route = {"match": {"path": "/*"}, "session": mode}
        if mode == "required":
            route["require"] = {"/user/id": "present"}
        self.config = {
            "listen": [{"address": f"127.0.0.1:{self.port}"}],
            "admin": "off",
            "workers": 1,
            "backends": [{"url": f"http://127.0.0.1:{backend_port}"}],
            "proxy": {"timeouts": {"keep_alive": "600s"}},
            "session": {"secrets": [cookies.SECRET], "cookie": {"name": COOKIE}},
            "store": {"url": store},
            "inject": {"headers": {"X-Session-User": "/user/id"}},
            "routes": [route],
            "log": {"access": access},
        }

    def launch(self):
        label = "".join(c if c.isalnum() else "-" for c in self.name)
        file = self.processes.folder / f"{label}.yaml"
        file.write_text(json.dumps(self.config, indent=1))  # JSON is YAML
        return self.processes.start(label, [BIN, "serve", "--config", file], proxy=True)


def wait_listening(processes, process, port):
    def listening():
        if process.poll() is not None:
            raise RuntimeError(f"{process.name} ended: {processes.output(process)}")
        try:
            Client(port).close()
        except ConnectionRefusedError:
            return False
        return True

    until(listening)


def all_peers(processes, backend_port, sessions):
    """The nginx that all others are compared with comes first."""
    unix = f"redis+unix://{sessions.redis.socket}"

    def vestibule(name, store, **more):
        return Vestibule(processes, backend_port, sessions, name, store, **more)

    return [
        Nginx(processes, backend_port),
        Haproxy(processes, backend_port),
        vestibule("vestibule", unix, detail="session required, Redis by unix socket"),
        vestibule("vestibule, tcp", sessions.redis.url, detail="session required, Redis by TCP"),
        vestibule("vestibule, log", unix, access=True, detail="as the first, access log into a file"),
        vestibule("vestibule, off", unix, mode="off", detail="session: off, the proxy alone"),
    ]


def verify(peer, cookie):
    """Each peer answers; a vestibule that requires a session refuses those who bring none."""
    for target, size in (("/small", SMALL), ("/large", LARGE)):
        with Client(peer.port) as client:
            client.send(browser_request(target, cookie))
            answer = client.response()
        if answer.status != 200 or len(answer.body) != size:
            raise RuntimeError(f"{peer.name} answers {target} with {answer}")
    if getattr(peer, "mode", None) != "required":
        return
    for other in (None, cookie[:-1] + ("A" if cookie[-1] != "A" else "B")):
        with Client(peer.port) as client:
            client.send(browser_request("/small", other))
            answer = client.response()
        if answer.status != 401:
            raise RuntimeError(f"{peer.name} lets in who has no session: {answer}")
