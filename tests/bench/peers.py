"""The proxies that are compared, but nginx."""
import contextlib
import json
import os
import pathlib

from harness import cookies
from harness.wire import Client

import browser
from nginx import LARGE, SMALL, Nginx, NginxLua
from peer import Peer
from sessions import SESSIONS, Sessions

BIN = os.environ.get("VESTIBULE_BIN", "build/release/vestibule")
NODE = pathlib.Path(__file__).resolve().parent / "node"
# Measured in every table of the load; the others in the first ones.
MAIN = ("nginx", "haproxy, tcp", "haproxy", "vestibule", "vestibule, no cache")


class Haproxy(Peer):
    name = "haproxy"
    detail = "mode http, http-reuse always, no log, no sessions"
    mode = "mode http\n  option http-keep-alive\n  http-reuse always\n  timeout http-keep-alive 600s"

    def launch(self):
        backend = f"127.0.0.1:{self.backend}" if isinstance(self.backend, int) else f"unix@{self.backend}"
        file = self.processes.folder / f"{self.label}.cfg"
        file.write_text(f"""
global
  nbthread {self.workers}
  maxconn 8000
defaults
  {self.mode}
  maxconn 8000
  timeout connect 2s
  timeout client 600s
  timeout server 600s
frontend front
  bind 127.0.0.1:{self.port} backlog 4096
  default_backend back
backend back
  server backend {backend}
""")
        return self.processes.start(self.label, ["/usr/sbin/haproxy", "-db", "-f", file], self.cpus)


class HaproxyTcp(Haproxy):
    name = "haproxy, tcp"
    detail = "mode tcp, bytes passed on unread: the floor"
    mode = "mode tcp"


class Node(Peer):
    name = "Node"
    detail = "express-session, connect-redis, http-proxy: a GET and an EXPIRE for each request"
    requires_session = True
    warm_requests = 10_000  # until V8 has compiled what is worth it, which it throws away in a pause
    forgets = True

    def launch(self):
        options = {"port": self.port, "backend": f"http://127.0.0.1:{self.backend}", "cookie": browser.COOKIE,
                   "secret": cookies.SECRET, "redis": self.sessions.redis.socket}
        return self.processes.start(self.label, ["env", "NODE_ENV=production", "node", NODE / "proxy.mjs",
                                                 json.dumps(options)], self.cpus)


class Vestibule(Peer):
    """Sessions required on every path, the cookie verified, the session's user checked and injected."""

    name = "vestibule"
    detail = "session required, sessions in use kept near"

    def __init__(self, stage, session="required", access=False, near_cache=None, **more):
        super().__init__(stage, **more)
        self.wrap = []  # a program that runs it
        self.requires_session = session == "required"
        backend = f"http://127.0.0.1:{self.backend}" if isinstance(self.backend, int) else f"unix:{self.backend}"
        route = {"match": {"path": "/*"}, "session": session}
        if self.requires_session:
            route["require"] = {"/user/id": "present"}
        self.config = {
            "listen": [{"address": f"127.0.0.1:{self.port}"}],
            "admin": "off",
            "workers": self.workers,
            "backends": [{"url": backend}],
            "proxy": {"timeouts": {"keep_alive": "600s"}},
            "session": {"secrets": [cookies.SECRET], "cookie": {"name": browser.COOKIE}},
            # A machine that is busy besides ends no run.
            "store": {"url": f"redis+unix://{self.sessions.redis.socket}", "timeout": "5s",
                      "near_cache": near_cache or {"enabled": True}},
            "inject": {"headers": {"X-Session-User": "/user/id"}},
            "routes": [route],
            "log": {"access": access},
        }

    def launch(self):
        file = self.processes.folder / f"{self.label}.yaml"
        file.write_text(json.dumps(self.config, indent=1))  # JSON is YAML
        return self.processes.start(self.label, [*self.wrap, BIN, "serve", "--config", file], self.cpus)


def three(stage, **more):
    """What parts beside the load compare."""
    return [Nginx(stage, **more), Haproxy(stage, **more), Vestibule(stage, **more)]


def sessions_of_its_own(stage, name):
    """For a near cache: where others renew the same sessions it has to forget them, from one measurement to the
    next."""
    return Sessions(stage.processes, f"redis-{name}", SESSIONS, SESSIONS)


def everyone(stage):
    """The nginx that all others are compared with comes first."""
    return [
        Nginx(stage),
        HaproxyTcp(stage),
        Haproxy(stage),
        NginxLua(stage),
        Node(stage),
        Vestibule(stage, sessions=sessions_of_its_own(stage, "near")),
        Vestibule(stage, name="vestibule, no cache", near_cache={"enabled": False},
                  detail="session required, a GET for each request"),
        Vestibule(stage, name="vestibule, log", access=True, sessions=sessions_of_its_own(stage, "log"),
                  detail="as the first, access log into a file"),
        Vestibule(stage, name="vestibule, off", session="off", detail="session: off, the proxy alone"),
    ]


def main_ones(peers):
    return [peer for peer in peers if peer.name in MAIN]


def ask(peer, target, cookie):
    with Client(peer.port) as client:
        client.send(browser.request(target, cookie))
        return client.response()


def verify(peer):
    """Each peer answers; one that requires a session refuses those who bring none."""
    cookie = peer.sessions.cookies[0]
    for target, size in (("/small", SMALL), ("/large", LARGE)):
        answer = ask(peer, target, cookie)
        if answer.status != 200 or len(answer.body) != size:
            raise RuntimeError(f"{peer.name} answers {target} with {answer}")
    forged = cookie[:-1] + ("A" if cookie[-1] != "A" else "B")
    unknown = cookies.sign(cookies.new_sid())
    for other in (None, forged, unknown) if peer.requires_session else ():
        answer = ask(peer, "/small", other)
        if answer.status != 401:
            raise RuntimeError(f"{peer.name} lets in who has no session: {answer}")


@contextlib.contextmanager
def running(peers):
    """These peers run, and answer as they should."""
    try:
        for peer in peers:
            peer.start()
            verify(peer)
        yield
    finally:
        for peer in peers:
            if peer.process:
                peer.stop()
