"""TLS with clients: versions, ciphers, names, protocols, tickets, client certificates, files that change."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness import cookies, program
from harness.authority import Authority, replace
from harness.live import EventStream, LiveBackend, WebSocket
from harness.program import SLOWER
from harness.scenes import MODES
from harness.tls import Tls, names_of, s_client
from harness.wire import Client, request_text

HEADER = "X-Client-Subject"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("DNS:localhost,IP:127.0.0.1")


@pytest.fixture
def secure(vestibule, authority, certificate):
    """secure(tls, changes, keys of the listener) -> a program that speaks TLS, with clients that believe it."""
    def factory(tls=None, changes=None, listener=None, **more):
        files = {"certificate": certificate["cert"], "key": certificate["key"], **(tls or {})}
        made = vestibule({**(changes or {}), "listen": [{"address": "127.0.0.1:0", "tls": files, **(listener or {})}]},
                         **more)
        made.tls = Tls(authority.ca)
        return made

    return factory


def failed(made, reason, count=1):
    made.wait_metric(count, "vestibule_tls_handshakes_failed_total", reason=reason)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(secure, authority, version):
    made = secure()
    made.tls = Tls(authority.ca, newest=version)
    with made.client() as client:
        for _ in range(3):
            client.send(request_text("GET", "/issue"))
            assert client.response().status == 200
        assert client.sock.version() == version.name.replace("_", ".")
        assert client.sock.selected_alpn_protocol() == "http/1.1"
        assert client.sock.compression() is None
    made.wait_metric(1, "vestibule_tls_handshakes_total", version=version.name[4:].replace("_", "."), resumed="no")


def test_old_versions_and_ciphers_are_refused(secure, certificate):
    made = secure()
    weak = "DEFAULT:@SECLEVEL=0"
    assert "alert protocol version" in s_client(made.address, "-tls1_1", "-cipher", weak)
    failed(made, "version")
    for number, cipher in enumerate(("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256",
                                     "DHE-RSA-AES128-GCM-SHA256"), 1):
        assert "handshake failure" in s_client(made.address, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"), cipher
        failed(made, "cipher", number)
    assert "Cipher is ECDHE-ECDSA-AES128-GCM-SHA256" in s_client(
        made.address, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")
    newer = secure({"min_version": "1.3"})
    assert "alert protocol version" in s_client(newer.address, "-tls1_2")
    assert newer.get("/issue").status == 200
    said = s_client(newer.address, "-tls1_3", "-ign_eof",
                    send=b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert "Max Early Data: 0" in said and "HTTP/1.1 200" in said


def test_renegotiation_is_refused(secure):
    made = secure()
    said = s_client(made.address, "-tls1_2", send=b"R\n")
    assert "Secure Renegotiation IS supported" in said
    assert "RENEGOTIATING" in said and "no renegotiation" in said.lower(), said
    assert made.get("/issue").status == 200


def test_certificate_by_name(secure, authority):
    shop, wild = authority.issue("DNS:shop.test"), authority.issue("DNS:*.wild.test")
    made = secure({"more": [{"certificate": c["cert"], "key": c["key"]} for c in (shop, wild)]})
    for asked, expected in (("shop.test", "shop.test"), ("SHOP.test", "shop.test"), ("a.wild.test", "*.wild.test"),
                            ("a.b.wild.test", "localhost"), ("wild.test", "localhost"), (None, "localhost")):
        tls = Tls(authority.ca, name=asked)
        tls.context.check_hostname = False
        with made.client(tls=tls) as client:
            assert names_of(client) == [expected], asked
            client.send(request_text("GET", "/issue"))
            assert client.response().status == 200


def test_protocols(secure, authority):
    made = secure()
    for alpn, chosen in ((("h2", "http/1.1"), "http/1.1"), ((), None)):
        with made.client(tls=Tls(authority.ca, alpn=alpn)) as client:
            assert client.sock.selected_alpn_protocol() == chosen
            client.send(request_text("GET", "/issue"))
            assert client.response().status == 200
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        made.client(tls=Tls(authority.ca, alpn=("h2", "spdy/3")))
    failed(made, "alpn")


def resumes(made, tls):
    """Whether a connection goes on from the ticket of `tls`, and answers."""
    with made.client(tls=tls) as client:
        client.send(request_text("GET", "/issue"))
        assert client.response().status == 200
        return client.sock.session_reused


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tickets(secure, authority, certificate, tmp_path, version):
    paths = {name: str(tmp_path / name) for name in ("cert", "key")}
    for name, path in paths.items():
        shutil.copyfile(certificate[name], path)
    made = secure({"certificate": paths["cert"], "key": paths["key"]}, {"workers": 3})
    tls = Tls(authority.ca, newest=version)
    with made.client(tls=tls) as client:
        client.send(request_text("GET", "/issue"))
        client.response()
        tls.session = client.sock.session
    assert all(resumes(made, tls) for _ in range(20)), "by whichever worker"
    made.signal(signal.SIGHUP)
    made.wait_log(lambda line: line.get("message") == "reloaded")
    assert resumes(made, tls), "after a reload"
    renewed = authority.issue()
    for name, path in paths.items():
        replace(path, renewed[name])
    time.sleep(1.1)
    assert resumes(made, tls), "with another certificate"
    made.wait_log(lambda line: "have changed" in line.get("message", ""))
    made.wait_metric(22, "vestibule_tls_handshakes_total", version=version.name[4:].replace("_", "."), resumed="yes")
    assert not resumes(secure(), tls), "a stranger has other keys"


def test_client_certificates(secure, backend, authority, tmp_path):
    known = authority.issue("DNS:client", subject=r"/C=DE/O=Ex, ample \+ Co/CN=J" + "\u00fcrgen 100%")
    subject = r"CN=J\C3\BCrgen 100%25,O=Ex\, ample \+ Co,C=DE"
    unknown = Authority(tmp_path, "a stranger").issue("DNS:client")
    inject = {"inject": {"client_subject": HEADER}, **MODES}
    spoofs = [(name, "CN=root") for name in (HEADER, HEADER.lower(), HEADER.replace("-", "_"), "X.Client-Subject",
                                              "x!CLIENT~subject")]
    # A certificate that has run out is unknown, too.
    expired = authority.issue("DNS:client", days=-1)

    def heard(made, cert, path="/issue", newest=None):
        backend.clear()
        tls = Tls(authority.ca, cert=cert, newest=newest)
        assert made.get(path, headers=spoofs + [("Connection", HEADER)], tls=tls).status == 200
        return [value for key, value in backend.last().headers if key.lower().endswith("subject")]

    def refused(made, cert, newest):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            made.get("/issue", tls=Tls(authority.ca, cert=cert, newest=newest))

    asks = {"client_ca": authority.ca, "client_certificate": "optional"}
    optional, required = secure(asks, inject), secure({**asks, "client_certificate": "required"}, inject)
    off = secure(None, inject)
    for number, newest in enumerate((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)):
        for path in ("/issue", "/off"):
            assert heard(optional, known, path, newest) == [subject]
            assert heard(required, known, path, newest) == [subject]
            assert heard(optional, None, path, newest) == []
            assert heard(off, known, path, newest) == []
        for made in (optional, required):
            refused(made, unknown, newest)
            refused(made, expired, newest)
        refused(required, None, newest)
        failed(optional, "client_certificate", 2 * number + 2)
        failed(required, "client_certificate", 3 * number + 3)

    # It goes with each request of its connection, and with those of a connection that resumes it.
    tls = Tls(authority.ca, cert=known)
    for _ in range(2):
        backend.clear()
        with required.client(tls=tls) as client:
            for _ in range(2):
                client.send(request_text("GET", "/issue"))
                assert client.response().status == 200
            tls.session = client.sock.session
        assert [r.header(HEADER) for r in backend.requests] == [subject] * 2
    required.wait_metric(1, "vestibule_tls_handshakes_total", resumed="yes")
    # A ticket of where nobody was asked is none here.
    anonymous = Tls(authority.ca)
    with optional.client(tls=anonymous) as client:
        client.send(request_text("GET", "/issue"))
        client.response()
        anonymous.session = client.sock.session
    with pytest.raises((ssl.SSLError, ConnectionError)):
        required.get("/issue", tls=anonymous)


def test_ocsp(secure, authority, certificate):
    other = authority.issue("DNS:other.test")
    made = secure({"ocsp": authority.ocsp(certificate["cert"]),
                   "more": [{"certificate": other["cert"], "key": other["key"]}]})
    assert "OCSP Response Status: successful" in s_client(made.address, "-status")
    assert "OCSP response: no response sent" in s_client(made.address, "-status", "-servername", "other.test")
    assert made.get("/issue").status == 200


def test_files_that_change(secure, authority, tmp_path):
    paths = {name: str(tmp_path / name) for name in ("cert", "key")}

    def put(names, only=("cert", "key")):
        issued = authority.issue(names)
        for name in only:
            if os.path.exists(paths[name]):
                replace(paths[name], issued[name])
            else:
                shutil.copyfile(issued[name], paths[name])
        time.sleep(1.1)  # they are looked at once a second

    def shown(made):
        tls = Tls(authority.ca)
        tls.context.check_hostname = False
        with made.client(tls=tls) as client:
            return names_of(client)

    put("DNS:one.test")
    made = secure({"certificate": paths["cert"], "key": paths["key"]})
    made.tls.context.check_hostname = False
    with made.client() as client:
        put("DNS:two.test")
        assert shown(made) == ["two.test"]
        client.send(request_text("GET", "/issue"))
        assert client.response().status == 200, "the connection that is there goes on"
    before = len(made.lines)
    put("DNS:three.test", ["cert"])
    for _ in range(3):
        assert shown(made) == ["two.test"], "the key is still the old one"
    os.remove(paths["key"])
    time.sleep(1.1)
    assert shown(made) == ["two.test"]
    made.wait_log(lambda line: line.get("reason", "").endswith("cannot be read: No such file or directory"))
    told = [line["reason"] for line in made.lines[before:] if "last good ones" in line.get("message", "")]
    assert len(told) == 2 and told[0].endswith("does not fit the certificate"), told
    made.signal(signal.SIGHUP)
    made.wait_log(lambda line: line.get("message", "").startswith("reload refused"))
    assert shown(made) == ["two.test"]
    put("DNS:four.test")
    made.signal(signal.SIGHUP)
    made.wait_log(lambda line: line.get("message") == "reloaded")
    assert shown(made) == ["four.test"]


def test_rules_that_change(secure, vestibule, backend, redis, authority, certificate):
    """min_version and client certificates of a listener, by SIGHUP."""
    made = secure()
    assert made.get("/issue").status == 200
    made.configure({"backends": [{"url": backend.url}], "store": {"url": redis.url}, "listen": [{
        "address": "127.0.0.1:0", "tls": {"certificate": certificate["cert"], "key": certificate["key"],
                                          "client_certificate": "required", "client_ca": authority.ca}}]})
    made.signal(signal.SIGHUP)
    made.wait_log(lambda line: line.get("message") == "reloaded")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        made.get("/issue")
    made.tls = Tls(authority.ca, cert=authority.issue("DNS:client"))
    assert made.get("/issue").status == 200


def test_what_the_backend_and_the_browser_learn(secure, backend):
    for trusted, said in ([], "http"), (["127.0.0.1"], None):
        made = secure(None, {"proxy": {"trusted_proxies": trusted}})
        answer = made.get("/issue", headers={"X-Forwarded-Proto": said} if said else {}, host="shop.test")
        seen = backend.last()
        assert seen.all("X-Forwarded-Proto") == ["https"]
        assert "host=shop.test;proto=https" in seen.header("Forwarded")
        assert "; Secure" in answer.header("Set-Cookie")


def test_host_cookie(secure, backend):
    made = secure(None, {"session": {"cookie": {"name": "__Host-sid", "secure": "on"}}})
    answer = made.get("/issue")
    cookie = answer.header("Set-Cookie")
    assert cookie.startswith("__Host-sid=s%3Aanon-") and "Secure" in cookie and "Path=/;" in cookie
    assert "Domain" not in cookie
    again = made.get("/issue", headers={"Cookie": cookie.partition(";")[0]})
    assert again.header("Set-Cookie") is None
    assert backend.last().header("X-Session-State") == "active"


def test_bodies_both_ways(secure, backend, authority):
    made = secure()
    body = os.urandom(3_000_000)

    def script(exchange):
        assert exchange.read_body() == body
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 70_000):
            piece = body[at:at + 70_000]
            exchange.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        exchange.send("0\r\n\r\n")

    backend.script = script
    with made.client() as client:
        for _ in range(2):
            client.send(request_text("POST", "/issue", body=body))
            answer = client.response()
            assert answer.complete and answer.body == body
    done = subprocess.run(["curl", "-sS", "--cacert", authority.ca, "-w", "%{http_version} %{http_code}",
                           "-o", "/dev/null", "--data-binary", "@-", f"https://127.0.0.1:{made.address}/issue"],
                          input=body, capture_output=True, timeout=60)
    assert done.stdout == b"1.1 200", done


def test_slow_readers_hold_little(secure, backend):
    """A client that takes nothing is cut, and until then costs a bounded piece of its answer."""
    made = secure(None, {"proxy": {"timeouts": {"idle_body": "1s"}}})
    piece = b"x" * (1 << 20)
    sent = []

    def script(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            exchange.send(b"100000\r\n" + piece + b"\r\n")
            sent.append(1)
        exchange.send("0\r\n\r\n")

    backend.script = script
    with made.client() as client:
        client.send(request_text("GET", "/issue"))
        made.access(lambda line: line["path"] == "/issue", seconds=15)
        assert len(sent) < 100
        assert made.rss() < 100 << 20 or program.SANITIZED


def test_long_lived(secure, backend, redis):
    """wss and an event stream, and their ends."""
    backend.script = live = LiveBackend()
    try:
        made = secure(None, {"inject": {"headers": {"X-Session-User": "/user/id"}}, "routes": [
            {"match": {"path": "/*"}, "session": "required", "require": {"/user/id": "present"}}]})
        sid, cookie = redis.login(user={"id": "u1"})
        socket_, events = WebSocket(made, cookie), EventStream(made, cookie)
        live.publish("u1", "news")
        socket_.works()
        events.heard("news")
        since = time.monotonic()
        redis.command("DEL", f"sess:{sid}")
        for stream in (socket_, events):
            stream.wait_ended(since, 1.0 * SLOWER)
            assert stream.clean and not stream.failed, stream.failed
        assert socket_.code == 1008
    finally:
        live.over.set()


def test_the_end_is_told(secure):
    """close_notify comes before the end: Tls takes an end without it for an error."""
    made = secure()
    with made.client() as client:
        client.send(request_text("GET", "/issue", {"Connection": "close"}))
        assert client.response().status == 200
        assert client.at_end()
    with made.client() as client:
        client.send("nonsense\r\n\r\n")
        assert client.response().status == 400
        assert client.at_end()
    # And the other way round.
    for cut in (False, True):
        client = made.client()
        client.send(request_text("POST", "/issue", {"Content-Length": "100"}) + b"begun")
        if not cut:
            client.sock.unwrap()
        client.sock.close()
        made.wait_metric(0, "vestibule_connections")


def test_an_abandoned_request_is_noticed(secure, backend):
    ended = []

    def script(exchange):
        exchange.sock.settimeout(10 * SLOWER)
        ended.append(exchange.sock.recv(1))

    backend.script = script
    made = secure()
    for say in (True, False):
        client = made.client()
        client.send(request_text("GET", "/issue"))
        backend.wait_requests(len(ended) + 1)
        if say:
            client.sock.setblocking(False)
            with pytest.raises(ssl.SSLError):
                client.sock.unwrap()  # says its part, and cannot wait for the answer
        client.sock.close()
        made.access(lambda line: line["status"] == 499, since=0)
        made.wait_metric(0, "vestibule_connections")
    assert ended == [b"", b""]


def test_bad_handshakes(secure):
    made = secure(None, {"proxy": {"timeouts": {"head": "1s"}}})
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)
    for data in (b"\x00" * 2000, os.urandom(2000), b"\x80\x2e\x01\x00\x02", b"\x16\x03\x01\xff\xff" + b"a" * 70000,
                 hello + b"\xff" * 600, b"SSH-2.0-OpenSSH_9.2\r\n"):
        with Client(made.address) as client:
            try:
                client.send(data)
                client.sock.shutdown(socket.SHUT_WR)
                client.rest()
            except OSError:
                pass  # reset: it has sent more than was wanted
    with Client(made.address) as silent, Client(made.address) as slow:
        slow.send(hello[:20])
        for client in (silent, slow):
            client.sock.settimeout(10 * SLOWER)
            client.rest()
    failed(made, "timeout", 2)
    Client(made.address).close()
    failures = {key: value for key, value in made.metrics().items() if "handshakes_failed" in key}
    assert sum(failures.values()) >= 8, failures
    made.wait_metric(0, "vestibule_connections")
    assert made.get("/issue").status == 200


def test_plain_http(secure, backend):
    made = secure()
    for method in ("GET", "POST", "HEAD"):
        with Client(made.address) as client:
            client.send(request_text(method, "/issue", body=b"x" * 10_000 if method == "POST" else None))
            answer = client.response("GET")
            assert answer.status == 400, method
            assert client.at_end()
    failed(made, "plain_http", 3)
    assert not backend.requests


def test_behind_a_proxy_header(secure, backend, authority):
    """PROXY protocol comes before the handshake."""
    made = secure(listener={"proxy_protocol": {"from": ["127.0.0.1"]}})
    tls = Tls(authority.ca)

    def proxied(sock):
        sock.sendall(b"PROXY TCP4 192.0.2.9 192.0.2.1 5000 443\r\n")
        return tls(sock)

    answer = made.get("/issue", tls=proxied)
    assert answer.status == 200 and "; Secure" in answer.header("Set-Cookie")
    assert backend.last().header("X-Forwarded-For") == "192.0.2.9"
    with pytest.raises(OSError):
        made.get("/issue")


def test_connections_over_the_limit(secure):
    made = secure(None, {"proxy": {"limits": {"connections": 2}}})
    with made.client(), made.client():
        with pytest.raises((ssl.SSLError, ConnectionError)):
            made.client()
    made.wait_metric(0, "vestibule_connections")
    assert made.metric("vestibule_connections_refused_total") == 1
    assert made.get("/issue").status == 200


def test_drain(secure):
    made = secure()
    idle = made.client()
    idle.send(request_text("GET", "/issue"))
    assert idle.response().status == 200
    made.signal(signal.SIGTERM)
    assert idle.at_end()
    made.ended()


def test_check_and_doctor(authority, certificate, backend, redis, tmp_path):
    def run(command, **tls):
        config = tmp_path / "vestibule.yaml"
        config.write_text(f"""
listen: [{{address: "127.0.0.1:0", tls: {tls}}}]
backends: [{{url: "{backend.url}"}}]
session: {{secrets: ["{cookies.SECRET}"]}}
store: {{url: "{redis.url}"}}
""")
        done = program.run(command, "--config", config)
        assert "PRIVATE" not in done.stdout + done.stderr
        return done

    assert run("check", certificate=certificate["cert"], key=certificate["key"]).returncode == 0
    done = run("check", certificate="none.pem", key=certificate["cert"])
    assert done.returncode == 2
    assert "listen[0].tls.certificate: the file cannot be read: No such file or directory" in done.stderr
    assert "listen[0].tls.key: the file holds no private key in PEM" in done.stderr
    done = run("doctor", certificate=certificate["cert"], key=certificate["key"])
    assert "the certificate of listen[0].tls.certificate expires in 1 days" in done.stdout, done.stdout
    long = authority.issue(days=90)
    assert "certificate of" not in run("doctor", certificate=long["cert"], key=long["key"]).stdout
    gone = authority.issue(days=-1)
    done = run("doctor", certificate=gone["cert"], key=gone["key"])
    assert done.returncode == 1 and "has expired" in done.stdout
