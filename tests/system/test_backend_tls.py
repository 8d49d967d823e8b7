"""https to backends: whom vestibule believes, who it is, and what that costs."""
import json
import ssl
import time

import pytest

from harness import program as programs
from harness.authority import Authority, replace
from harness.backend import Backend
from harness.program import merged
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}


@pytest.fixture
def secure():
    """secure(files, ...) -> a backend that speaks TLS with these files."""
    running = []

    def factory(files, change=lambda context: None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert"], files["key"])
        change(context)
        running.append(Backend(context=context))
        return running[-1]

    yield factory
    for server in running:
        server.close()


@pytest.fixture
def front(start):
    def factory(backend, tls, url=None, **more):
        changes = {**OFF, "workers": 1, "backends": [{"url": url or backend.url, "tls": tls}]}
        return start(merged(changes, more.pop("changes", {})), **more)
    return factory


def refused(program, why):
    assert program.get("/").status == 502
    line = program.wait_log(lambda line: line.get("message") == "no connection to the backend")
    assert why in line["reason"], line


def test_a_backend_of_an_authority_that_is_named(front, secure, authority):
    backend = secure(authority.issue())
    program = front(backend, {"ca": authority.ca})
    for _ in range(3):
        assert program.get("/").status == 200
    answer = program.request("POST", "/", body=b"x" * 3_000_000)
    assert answer.status == 200 and backend.last().body == b"x" * 3_000_000
    assert backend.connections <= 3, "connections are kept"
    assert backend.last().header("Host") == "app.example.test"
    assert program.admin("/readyz").status == 200


def test_a_large_answer_and_one_that_ends_with_its_connection(front, secure, authority):
    backend = secure(authority.issue())
    body = bytes(range(256)) * 20_000

    def script(exchange):
        if exchange.request.target == "/open":
            exchange.send(b"HTTP/1.1 200 OK\r\n\r\n" + body)
            exchange.sock = exchange.sock.unwrap()
            return exchange.close()
        exchange.reply(200, body=body)
    backend.script = script
    program = front(backend, {"ca": authority.ca})
    assert program.get("/").body == body
    answer = program.get("/open")
    assert answer.complete and answer.body == body


def test_a_tunnel(front, secure, authority):
    def script(exchange):
        exchange.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        while True:
            exchange.send(exchange.exactly(1))
    backend = secure(authority.issue())
    backend.script = script
    with front(backend, {"ca": authority.ca}).client() as client:
        client.send(request_text("GET", "/", {"Connection": "Upgrade", "Upgrade": "echo"}))
        assert client.response_head().status == 101
        client.send(b"hello")
        assert client.exactly(5) == b"hello"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_sessions_are_resumed(front, secure, authority, version):
    resumed = []

    def script(exchange):
        resumed.append(exchange.sock.session_reused)
        exchange.reply(200)

    def change(context):
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    backend = secure(authority.issue(), change)
    backend.script = script
    program = front(backend, {"ca": authority.ca}, changes={"proxy": {"timeouts": {"upstream_idle": "off"}}})
    for _ in range(6):
        assert program.get("/").status == 200
    assert backend.connections >= 6
    assert all(resumed[2:]), resumed


def test_strangers_are_refused(front, secure, authority, tmp_path):
    backend = secure(authority.issue())
    stranger = Authority(tmp_path, "another authority")
    program = front(backend, {"ca": stranger.ca}, ready=False)
    refused(program, "unable to get local issuer certificate")
    assert program.admin("/readyz").status == 503
    assert not backend.requests
    refused(front(backend, {}, ready=False), "unable to get local issuer certificate")


def test_the_name_has_to_be_right(front, secure, authority):
    backend = secure(authority.issue("DNS:app.example.com"))
    refused(front(backend, {"ca": authority.ca}, ready=False), "IP address mismatch")
    assert front(backend, {"ca": authority.ca, "server_name": "app.example.com"}).get("/").status == 200
    refused(front(backend, {"ca": authority.ca, "server_name": "www.example.com"}, ready=False), "hostname mismatch")
    by_name = f"https://localhost:{backend.port}"
    refused(front(backend, {"ca": authority.ca}, url=by_name, ready=False), "hostname mismatch")


def test_who_has_run_out_is_refused(front, secure, authority):
    refused(front(secure(authority.issue(days=-1)), {"ca": authority.ca}, ready=False), "certificate has expired")


def test_verification_can_be_turned_off(front, secure, authority):
    program = front(secure(authority.issue("DNS:another", days=-1)), {"verify": False})
    assert program.get("/").status == 200
    program.wait_log(lambda line: "is believed to be this backend" in line.get("message", ""))


def test_no_tls_at_all(front, backend, authority):
    backend.script = lambda exchange: exchange.close()
    program = front(backend, {"ca": authority.ca}, url=f"https://127.0.0.1:{backend.port}", ready=False,
                    changes={"proxy": {"timeouts": {"connect": "500ms"}}})
    assert program.get("/").status in (502, 504)


def test_versions(front, secure, authority):
    def old(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    backend = secure(authority.issue(), old)
    assert front(backend, {"ca": authority.ca}).get("/").status == 200
    refused(front(backend, {"ca": authority.ca, "min_version": "1.3"}, ready=False), "alert protocol version")


def test_a_client_certificate(front, secure, authority):
    seen = []

    def change(context):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca)

    def script(exchange):
        seen.append(exchange.sock.getpeercert()["subjectAltName"])
        exchange.reply(200)
    backend = secure(authority.issue(), change)
    backend.script = script
    own = authority.issue("DNS:vestibule")
    program = front(backend, {"ca": authority.ca, "certificate": own["cert"], "key": own["key"]})
    assert program.get("/").status == 200
    assert seen[-1] == (("DNS", "vestibule"),)
    assert front(backend, {"ca": authority.ca}, ready=False).get("/").status == 502


def test_a_new_authority_is_believed_from_the_next_connection_on(front, secure, authority, tmp_path):
    (tmp_path / "old").mkdir()
    old = Authority(tmp_path / "old", "the old one")
    believed = tmp_path / "believed.pem"
    replace(str(believed), old.ca)
    backend = secure(authority.issue())
    program = front(backend, {"ca": str(believed)}, ready=False)
    assert program.get("/").status == 502
    replace(str(believed), authority.ca)
    assert program.get("/").status == 200
    line = program.wait_log(lambda line: "have changed and are in use" in line.get("message", ""))
    assert backend.url in line["message"]


def test_a_handshake_that_does_not_end(front, authority, backend):
    """The time to connect is for all of it."""
    backend.script = lambda exchange: time.sleep(5)
    silent = Backend(script=lambda exchange: None)
    program = front(silent, {"ca": authority.ca}, url=f"https://127.0.0.1:{silent.port}", ready=False,
                    changes={"proxy": {"timeouts": {"connect": "300ms"}}})
    assert program.get("/").status == 504
    silent.close()


def test_the_active_check_speaks_tls(front, secure, authority):
    backend = secure(authority.issue())
    check = {"path": "/health", "interval": "100ms"}
    program = front(backend, {"ca": authority.ca}, changes={"proxy": {"health": {"check": check}}})
    backend.wait_requests(2)
    assert backend.last().target == "/health"
    assert program.metric("vestibule_backend_up") == 1


def test_doctor(tmp_path, secure, authority):
    good = secure(authority.issue())
    bad = secure(authority.issue("DNS:another"))
    config = tmp_path / "vestibule.yaml"
    tls = {"ca": authority.ca}
    config.write_text(json.dumps(merged(programs.BASE, {"backends": [{"url": good.url, "tls": tls},
                                                                     {"url": bad.url, "tls": tls}]})))
    done = programs.run("doctor", "--config", config)
    assert done.returncode == 1
    assert f"ok: backend {good.url} accepts connections" in done.stdout
    assert f"CRITICAL: backend {bad.url}: TLS: IP address mismatch" in done.stdout
    assert "backends[].tls.ca" in done.stdout
