"""Fixtures: a backend, a Redis for each file, and a factory of running programs.

VESTIBULE_REDIS_SERVER is the server that all tests take for redis-server: another version, or valkey-server."""
import os
import pathlib

import pytest

from harness.authority import Authority
from harness.backend import Backend
from harness.node import Express
from harness.program import Vestibule, merged
from harness.redis import Redis


@pytest.fixture(scope="session", autouse=True)
def server_under_test(tmp_path_factory):
    """Found as redis-server by everything that a test starts, quickstart.sh included."""
    given = os.environ.get("VESTIBULE_REDIS_SERVER")
    if not given:
        return
    folder = tmp_path_factory.mktemp("server")
    (folder / "redis-server").symlink_to(pathlib.Path(given).resolve(strict=True))
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    setattr(item, f"report_{report.when}", report)


@pytest.fixture
def backend():
    server = Backend()
    yield server
    server.close()


@pytest.fixture
def backends(backend):
    """Two."""
    other = Backend()
    yield backend, other
    other.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority):
    """Paths of ca, cert and key; for localhost and 127.0.0.1."""
    return authority.issue()


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server):
    """The module's Redis, empty."""
    redis_server.command("FLUSHALL")
    return redis_server


@pytest.fixture
def start(request, tmp_path):
    """start(changes, ...) -> Vestibule. At the end of a test that passed each is stopped and held to
    what holds for all of them: exit code 0, no report of a sanitizer, nothing confidential in the log."""
    running = []

    def factory(changes, **more):
        program = Vestibule(tmp_path, changes, **more)
        running.append(program)
        return program

    yield factory
    passed = getattr(request.node, "report_call", None) and request.node.report_call.passed
    try:
        for program in running:
            if passed:
                program.stop()
    finally:
        for program in running:
            program.abandon()


@pytest.fixture
def vestibule(backend, redis, start):
    """vestibule(changes) -> a program in front of `backend`, its sessions in `redis`."""
    def factory(changes=None, **more):
        base = {"backends": [{"url": backend.url}], "store": {"url": redis.url}}
        return start(merged(base, changes or {}), **more)

    return factory


@pytest.fixture
def fleet(vestibule, backends):
    """fleet(changes, script) -> two replicas, each in front of a backend of its own that answers by the script."""
    def factory(changes, script):
        for each in backends:
            each.script = script
        return [vestibule({**changes, "backends": [{"url": each.url}]}) for each in backends]

    return factory


@pytest.fixture(scope="module")
def express(redis_server):
    """An Express application over the same Redis, with the same secret."""
    app = Express(redis_server.url)
    yield app
    app.stop()
