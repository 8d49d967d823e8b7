"""TLS to Redis by store.tls: whom we believe, who we are, and certificates that are exchanged while we run."""
import json
import os
import shutil

import pytest

from harness import cookies, program
from harness.authority import Authority, replace
from harness.redis import Redis
from harness.scenes import MODES

COMMON = {**MODES, "inject": {"headers": {"X-Session-User": "/user/id"}}}


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory, certificate):
    server = Redis(tmp_path_factory.mktemp("tls"), tls=certificate)
    server.command("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2")  # the second is not in its certificate
    yield server
    server.stop()


@pytest.fixture
def tls_redis(tls_server, certificate):
    """Empty, and with nothing left of what another test has set."""
    serve(tls_server, certificate)
    tls_server.command("CONFIG", "SET", "tls-auth-clients", "no", "tls-protocols", "")
    tls_server.command("FLUSHALL")
    return tls_server


def serve(redis, files, clients=None):
    redis.command("CONFIG", "SET", "tls-cert-file", files["cert"], "tls-key-file", files["key"],
                  "tls-ca-cert-file", (clients or files)["ca"])


def in_front(vestibule, redis, tls, host="127.0.0.1", **more):
    return vestibule({**COMMON, "store": {"url": f"rediss://{host}:{redis.tls_port}", "tls": tls}}, **more)


def recognised(program, backend, redis):
    sid, cookie = redis.login(user={"id": "u1"})
    answer = program.get("/user", cookie=cookie)
    return answer.status == 200 and backend.last().header("X-Session-User") == "u1"


def refused(program, why):
    """No session is asked for over such a connection, and the log says why there is none."""
    assert program.get("/required", cookie=cookies.sign(cookies.new_sid())).status == 503
    assert program.admin("/readyz").status == 503
    line = program.wait_log(lambda line: line.get("message") == "no connection to the session store")
    assert why in line["reason"], line


def test_own_authority(vestibule, backend, tls_redis, authority, tmp_path):
    assert recognised(in_front(vestibule, tls_redis, {"ca": authority.ca}), backend, tls_redis)
    stranger = Authority(tmp_path, "another authority")
    refused(in_front(vestibule, tls_redis, {"ca": stranger.ca}, ready=False, env={"SSL_CERT_FILE": authority.ca}),
            "self-signed certificate in certificate chain")


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
def test_client_certificate(vestibule, backend, tls_redis, authority, protocols):
    tls_redis.command("CONFIG", "SET", "tls-auth-clients", "yes", "tls-protocols", protocols)
    refused(in_front(vestibule, tls_redis, {"ca": authority.ca}, ready=False),
            "handshake failure" if protocols == "TLSv1.2" else "does the server want a certificate?")
    own = authority.issue("DNS:vestibule")
    program = in_front(vestibule, tls_redis,
                       {"ca": authority.ca, "certificate": own["cert"], "key": own["key"]})
    assert recognised(program, backend, tls_redis)


def test_name(vestibule, backend, tls_redis, authority):
    refused(in_front(vestibule, tls_redis, {"ca": authority.ca}, host="127.0.0.2", ready=False),
            "IP address mismatch")
    refused(in_front(vestibule, tls_redis, {"ca": authority.ca, "server_name": "redis.example"}, ready=False),
            "hostname mismatch")
    serve(tls_redis, authority.issue("DNS:redis.example"))
    program = in_front(vestibule, tls_redis, {"ca": authority.ca, "server_name": "redis.example"})
    assert recognised(program, backend, tls_redis)


def test_expired(vestibule, tls_redis, authority):
    serve(tls_redis, authority.issue(days=-1))
    refused(in_front(vestibule, tls_redis, {"ca": authority.ca}, ready=False), "certificate has expired")


def test_min_version(vestibule, backend, tls_redis, authority):
    tls_redis.command("CONFIG", "SET", "tls-protocols", "TLSv1.2")
    assert recognised(in_front(vestibule, tls_redis, {"ca": authority.ca}), backend, tls_redis)
    refused(in_front(vestibule, tls_redis, {"ca": authority.ca, "min_version": "1.3"}, ready=False),
            "protocol version")
    tls_redis.command("CONFIG", "SET", "tls-protocols", "TLSv1.3")
    program = in_front(vestibule, tls_redis, {"ca": authority.ca, "min_version": "1.3"})
    assert recognised(program, backend, tls_redis)


def test_exchanged_while_running(vestibule, backend, tls_redis, authority, tmp_path):
    """Both sides get another authority and new certificates; nobody restarts, no request fails."""
    tls_redis.command("CONFIG", "SET", "tls-auth-clients", "yes")
    own = authority.issue("DNS:vestibule")
    paths = {name: str(tmp_path / name) for name in ("ca", "cert", "key")}
    for name, path in paths.items():
        shutil.copyfile(own[name], path)
    program = in_front(vestibule, tls_redis,
                       {"ca": paths["ca"], "certificate": paths["cert"], "key": paths["key"]})
    assert recognised(program, backend, tls_redis)

    os.mkdir(tmp_path / "next")
    following = Authority(tmp_path / "next", "the next authority")
    renewed = following.issue("DNS:vestibule")
    for name, path in paths.items():
        replace(path, renewed[name])
    serve(tls_redis, following.issue())
    assert recognised(program, backend, tls_redis), "the connections that are there go on"
    reconnects = program.metric("vestibule_store_reconnects_total")
    drop_connections(tls_redis)
    for _ in range(20):
        assert recognised(program, backend, tls_redis)
    assert program.metric("vestibule_store_reconnects_total") > reconnects
    program.wait_log(lambda line: "have changed" in line.get("message", ""))

    # What is of no use is not used, and told once.
    before = len(program.lines)
    with open(paths["ca"], "w") as f:
        f.write("half a certi")
    for _ in range(3):
        drop_connections(tls_redis)
        for _ in range(5):
            assert recognised(program, backend, tls_redis)
    told = [line for line in program.lines[before:] if "last good ones" in line.get("message", "")]
    assert [line["reason"] for line in told] == ["the file of store.tls.ca holds no certificate in PEM"]


def drop_connections(redis):
    for kind in ("normal", "pubsub"):
        redis.command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


def test_check_reads_the_files(authority, certificate, tmp_path):
    other = authority.issue()

    def check(**tls):
        config = tmp_path / "vestibule.yaml"
        config.write_text(f"""
backends: [{{url: http://127.0.0.1:1}}]
session: {{secrets: [{json.dumps(cookies.SECRET)}]}}
store: {{url: rediss://127.0.0.1, tls: {tls}}}
""")
        done = program.run("check", "--config", config)
        assert "PRIVATE" not in done.stdout + done.stderr
        return done

    assert check(ca=authority.ca, certificate=certificate["cert"], key=certificate["key"]).returncode == 0
    done = check(ca="none.pem", certificate=certificate["key"], key=certificate["cert"])
    assert done.returncode == 2
    for line in ("store.tls.ca: the file cannot be read: No such file or directory",
                 "store.tls.certificate: the file holds no certificate in PEM",
                 "store.tls.key: the file holds no private key in PEM"):
        assert line in done.stderr, done.stderr
    done = check(certificate=certificate["cert"], key=other["key"])
    assert done.returncode == 2 and "store.tls.key: the file does not fit the certificate" in done.stderr
