"""Every way to a store: TCP, unix socket, TLS, passwords, databases, and the embedded one."""
import socket
import time

import pytest

from harness import cookies
from harness.redis import Redis
from harness.scenes import MODES, state
from harness.wire import request_text

COMMON = {**MODES, "inject": {"headers": {"X-Session-User": "/user/id"}}}


def recognised(program, backend, redis, prefix="sess:"):
    sid = cookies.new_sid()
    redis.put(sid, user={"id": "u1"}, prefix=prefix)
    answer = program.get("/user", cookie=cookies.sign(sid))
    return answer.status == 200 and backend.last().header("X-Session-User") == "u1"


def test_unix_socket(vestibule, backend, redis):
    program = vestibule({**COMMON, "store": {"url": f"redis+unix://{redis.socket}"}})
    assert recognised(program, backend, redis)


def test_database_and_prefix(vestibule, backend, redis):
    for url in (f"{redis.url}/3", f"redis+unix://{redis.socket}?db=3"):
        program = vestibule({**COMMON, "store": {"url": url, "prefix": "loyalty-app:sess:"}})
        sid = cookies.new_sid()
        assert not recognised(program, backend, redis, "loyalty-app:sess:"), "database 0"
        text = redis.put(sid, user={"id": "u1"}, prefix="loyalty-app:sess:")
        redis.command("MOVE", f"loyalty-app:sess:{sid}", 3)
        assert program.get("/user", cookie=cookies.sign(sid)).status == 200, text
        redis.command("FLUSHALL")


def test_empty_prefix(vestibule, backend, redis):
    assert recognised(vestibule({**COMMON, "store": {"prefix": ""}}), backend, redis, prefix="")


PASSWORD = "p@ss/w:rd%-of-the-store"
ESCAPED = "p%40ss%2Fw%3Ard%25-of-the-store"
cookies.CONFIDENTIAL.update({PASSWORD, ESCAPED})


def test_passwords_and_users(vestibule, backend, redis):
    redis.command("ACL", "SETUSER", "app", "on", f">{PASSWORD}", "~sess:*", "~vestibule:*", "+@all")
    program = vestibule({**COMMON, "store": {"url": f"redis://app:{ESCAPED}@127.0.0.1:{redis.port}"}})
    assert recognised(program, backend, redis)
    redis.command("ACL", "DELUSER", "app")
    program.stop()
    assert PASSWORD not in str(program.lines)


def test_default_user_with_password(vestibule, backend, tmp_path):
    server = Redis(tmp_path)
    server.command("CONFIG", "SET", "requirepass", PASSWORD)
    program = vestibule({**COMMON, "store": {"url": f"redis://:{ESCAPED}@127.0.0.1:{server.port}"}})
    assert program.get("/required", cookie=cookies.sign(cookies.new_sid())).status == 401
    server.stop()


def test_a_wrong_password_is_said_without_saying_it(vestibule, backend, tmp_path):
    server = Redis(tmp_path)
    server.command("CONFIG", "SET", "requirepass", "the right one")
    program = vestibule({**COMMON, "store": {"url": f"redis://:{ESCAPED}@127.0.0.1:{server.port}"}}, ready=False)
    assert program.get("/required", cookie=cookies.sign(cookies.new_sid())).status == 503
    assert program.admin("/readyz").status == 503
    program.wait_log(lambda line: line.get("level") in ("warn", "error"))
    server.stop()


@pytest.fixture(scope="module")
def tls_redis(tmp_path_factory, certificate):
    server = Redis(tmp_path_factory.mktemp("tls"), tls=certificate)
    yield server
    server.stop()


def has_name():
    """Whether this machine knows itself as localhost; a bare chroot does not."""
    try:
        return bool(socket.getaddrinfo("localhost", 1))
    except socket.gaierror:
        return False


@pytest.mark.parametrize("host", ["127.0.0.1"] + ["localhost"] * has_name())
def test_tls(vestibule, backend, tls_redis, certificate, host):
    program = vestibule({**COMMON, "store": {"url": f"rediss://{host}:{tls_redis.tls_port}"}},
                        env={"SSL_CERT_FILE": certificate["ca"]})
    assert recognised(program, backend, tls_redis)


def test_tls_of_a_stranger_is_refused(vestibule, backend, tls_redis):
    program = vestibule({**COMMON, "store": {"url": f"rediss://127.0.0.1:{tls_redis.tls_port}"}}, ready=False)
    assert program.admin("/readyz").status == 503
    assert program.get("/required", cookie=cookies.sign(cookies.new_sid())).status == 503
    program.wait_log(lambda line: line.get("level") in ("warn", "error") and "certificate" in str(line))


def test_tls_with_another_name_is_refused(vestibule, backend, tls_redis, certificate):
    program = vestibule({**COMMON, "store": {"url": f"rediss://127.0.0.2:{tls_redis.tls_port}"}}, ready=False,
                        env={"SSL_CERT_FILE": certificate["ca"]})
    assert program.get("/required", cookie=cookies.sign(cookies.new_sid())).status == 503


def test_the_embedded_store(vestibule, backend, redis):
    program = vestibule({**COMMON, "store": {"url": "memory:"}, "workers": 4})
    program.wait_log(lambda line: line.get("level") == "warn" and "replica" in str(line))
    cookie = cookies.set_cookies(program.get("/issue"), "sid")[0].value
    for _ in range(20):  # on whichever worker
        assert program.get("/issue", cookie=cookie).status == 200 and state(backend) == "active"
    assert program.get("/user", cookie=cookie).status == 401
    program.get("/issue", cookie=cookies.sign(cookies.new_sid()))
    assert state(backend) == "new"


@pytest.mark.parametrize("near_cache, most", [(False, 1), (True, 2)])
def test_few_connections_for_each_worker(vestibule, backend, redis, near_cache, most):
    """Operations are pipelined on one, however many clients there are; a near cache may take another."""
    before = len(redis.command("CLIENT", "LIST").splitlines())
    program = vestibule({**COMMON, "workers": 2, "store": {"near_cache": {"enabled": near_cache}}})
    _, cookie = redis.login(user={"id": "u1"})
    clients = [program.client() for _ in range(50)]
    for _ in range(3):
        for client in clients:
            client.send(request_text("GET", "/user", {"Cookie": f"sid={cookie}"}))
        for client in clients:
            assert client.response().status == 200
    time.sleep(0.05)
    connections = len(redis.command("CLIENT", "LIST").splitlines()) - before
    for client in clients:
        client.close()
    assert connections <= 2 * most + 1, "that many for each worker, and one for health at most"
