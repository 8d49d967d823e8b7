"""TLS with clients: versions, ciphers, names, protocols, tickets, client certificates, files that change."""
import os
import shutil
import signal
import socket
import ssl
import time

import pytest

from harness import cookies, program
from harness.authority import Authority, replace
from harness.program import SLOWER
from harness.scenes import MODES
from harness.secure import failed, secure  # noqa: F401
from harness.tls import Tls, names_of, s_client
from harness.wire import Client, request_text

HEADER = "X-Client-Subject"


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
