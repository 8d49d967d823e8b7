"""A real browser, over TLS: it logs in, keeps a WebSocket and an event stream, and is logged out live."""
import base64
import hashlib
import subprocess
import time
import urllib.parse

import pytest

from harness.authority import Authority
from harness.chromium import PROGRAM, Page
from harness.live import LiveBackend
from harness.wire import request

FORM = b"<!doctype html><title>Login</title><form method=post><input name=username><input type=submit></form>"
HOME = b"<!doctype html><title>Home</title><p id=who>%s</p>"
OPEN = """
    window.messages = [];
    window.socket = new WebSocket(`wss://${location.host}/ws`);
    socket.onopen = () => socket.send("over the socket");
    socket.onmessage = e => messages.push(e.data);
    socket.onclose = e => window.socketEnded = {code: e.code, clean: e.wasClean};
    window.events = new EventSource("/events");
    events.onmessage = e => messages.push(e.data);
    events.onerror = () => window.eventsEnded = true;
"""
CONFIG = {
    "session": {"cookie": {"name": "__Host-sid", "secure": "on"}},
    "inject": {"headers": {"X-Session-User": "/user/id"}},
    "capture": [{"on": {"method": "POST", "path": "/login"}, "set": {"/user/id": {"header": "X-Authenticated-User"}}}],
    "csrf": {"mode": "origin"},
    "routes": [{"match": {"path": "/login"}},
               {"match": {"path": "/*"}, "session": "required", "require": {"/user/id": "present"},
                "deny": {"redirect": "/login?next={target}"}}],
}


class Site(LiveBackend):
    """Knows nothing of sessions: it says who has logged in, and shows who it is told to be talking to."""

    def __call__(self, exchange):
        path, html = exchange.request.target.partition("?")[0], {"Content-Type": "text/html"}
        if path == "/login" and exchange.request.method == "POST":
            user = urllib.parse.parse_qs(exchange.read_body().decode())["username"][0]
            exchange.reply(303, {"Location": "/home", "X-Authenticated-User": user})
        elif path == "/login":
            exchange.reply(200, html, FORM)
        elif path == "/home":
            exchange.reply(200, html, HOME % exchange.request.header("X-Session-User", "nobody").encode())
        else:
            super().__call__(exchange)


def fingerprint(certificate):
    """Of its key, as Chromium's command line has it."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, check=True,
                         capture_output=True)
    return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


@pytest.fixture
def site(backend):
    backend.script = Site()
    yield backend.script
    backend.script.over.set()


@pytest.fixture
def page(tmp_path, certificate):
    assert PROGRAM, "there is no Chromium: deploy/install-deps.sh test"
    browser = Page(tmp_path / "profile", f"--ignore-certificate-errors-spki-list={fingerprint(certificate['cert'])}",
                   "--host-resolver-rules=MAP shop.test 127.0.0.1")
    yield browser
    browser.close()


@pytest.fixture
def certificate(tmp_path):
    return Authority(tmp_path).issue("DNS:shop.test")


def test_logged_out_live(vestibule, backend, site, page, certificate):
    tls = {"certificate": certificate["cert"], "key": certificate["key"]}
    replicas = [vestibule({**CONFIG, "listen": [{"address": "127.0.0.1:0", "tls": tls}]}) for _ in range(2)]
    page.open(f"https://shop.test:{replicas[0].address}/home")
    assert page.run("location.pathname + location.search") == "/login?next=%2Fhome"
    page.run("document.forms[0].username.value = 'alice'; document.forms[0].submit()")
    assert page.wait("document.querySelector('#who')?.textContent") == "alice"

    # The cookie is as good as its name, and no script sees it.
    assert page.run("document.cookie") == "" and page.run("isSecureContext")
    cookie, = page.call("Network.getCookies")["cookies"]
    assert cookie["name"] == "__Host-sid" and cookie["secure"] and cookie["httpOnly"]
    assert (cookie["domain"], cookie["path"], cookie["sameSite"]) == ("shop.test", "/", "Lax")
    handle = backend.last().header("X-Session-Id")

    page.run(OPEN)
    page.wait("messages.includes('over the socket')")
    site.publish("alice", "over the stream")
    page.wait("messages.includes('over the stream')")
    assert page.run("socket.readyState") == 1 and page.run("events.readyState") == 1
    assert page.run("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "http/1.1"

    since = time.monotonic()
    revoked = request(replicas[1].admin_port, "DELETE", f"/api/sessions/{handle}", host="localhost")
    assert revoked.status == 204, revoked
    page.wait("window.socketEnded && window.eventsEnded", seconds=2)
    assert time.monotonic() - since < 1
    assert page.run("socketEnded") == {"code": 1008, "clean": True}
    # What it tries again is refused, and the next page is the way in.
    page.wait("events.readyState === 2")
    page.open(f"https://shop.test:{replicas[0].address}/home")
    assert page.run("document.title") == "Login"
    assert replicas[0].metric("vestibule_tls_handshakes_total", version="1.3") > 0
