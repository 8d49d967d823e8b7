"""5,000 slow clients (heads, bodies, readers) at once, and how those fare who are not slow.

p99 of normal requests is measured with and without them in turn, on the same machine in the same minute: what
counts is the median of the ratios."""
import getpass
import grp
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

import pytest

from harness import wrk
from harness.cookies import new_sid, sign
from harness.measured import once_of
from harness.program import SLOWER
from harness.redis import free_port

HEADS, BODIES, READERS = 3000, 1000, 1000
ALL = HEADS + BODIES + READERS
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
ROUNDS, SECONDS, RATE, CONNECTIONS = 5, 3, 1000, 20
# Their coming is a storm of its own: the answers of the slow readers fill every buffer of the kernel, gigabytes in all.
# What is measured is the siege.
SETTLE = 6


@pytest.fixture
def nginx(tmp_path):
    """The port of a backend that is not the bottleneck: small pages, a large file, and a reader of uploads."""
    port = free_port()
    with open(tmp_path / "big", "wb") as f:
        f.truncate(1 << 20)
    (tmp_path / "user").write_text("x" * 170)
    temporary = "".join(f"{name}_temp_path {tmp_path}/{name}; "
                        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"user {getpass.getuser()} {grp.getgrgid(os.getgid()).gr_name};\n"
        f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log; worker_processes 1;\n"
        "worker_rlimit_nofile 20000; events { worker_connections 10000; }\n"
        f"http {{ access_log off; {temporary} keepalive_requests 1000000;\n"
        f"server {{ listen 127.0.0.1:{port} backlog=4096; root {tmp_path}; default_type text/plain;\n"
        f"location /upload {{ proxy_pass http://127.0.0.1:{port}/user; }} }} }}\n")
    process = subprocess.Popen([NGINX, "-p", str(tmp_path), "-e", str(tmp_path / "error.log"),
                                "-c", str(tmp_path / "nginx.conf")])
    time.sleep(0.5)
    yield port
    process.terminate()
    process.wait(10)


class Attack:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.slowloris", *map(str, (program.address, HEADS, BODIES, READERS))],
            cwd=pathlib.Path(__file__).parent, stdout=subprocess.PIPE)

    def __enter__(self):
        assert self.process.stdout.readline() == b"there\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def wait_connections(program, count, at_least):
    end = time.monotonic() + 30 * SLOWER
    while True:
        now = program.metric("vestibule_connections")
        if now >= count if at_least else now <= count:
            return now
        assert time.monotonic() < end, f"{now} connections"
        time.sleep(0.1)


@pytest.mark.skipif(wrk.unavailable() or not NGINX, reason="needs wrk and nginx")
@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 20000, reason="needs 20,000 descriptors")
def test_five_thousand_slow_clients(start, nginx, tmp_path):
    program = start({"backends": [{"url": f"http://127.0.0.1:{nginx}"}], "store": {"url": "memory:"},
                     "log": {"access": False}})
    cookies = [sign(new_sid()) for _ in range(20)]

    def normal():
        figures = wrk.load(tmp_path, program, cookies, CONNECTIONS, SECONDS, rate=RATE)
        assert figures["broken"] == 0 and figures["refused"] == 0, figures
        assert figures["requests"] > RATE * SECONDS / 3, f"hardly anybody got through: {figures}"
        return figures

    normal()
    program.forget_peak()
    before = program.rss("VmHWM")
    peaks = []
    once_of(lambda: with_and_without(program, normal, peaks, before))
    assert peaks[-1] < ALL * 48 * 1024, "a small buffer for each, no more"
    assert peaks[-1] < 1.25 * peaks[1] + (4 << 20), f"memory grows with every round: {peaks}"
    assert program.metric("vestibule_connections_refused_total") == 0


def with_and_without(program, normal, peaks, before):
    ratios = []
    for _ in range(ROUNDS):
        quiet = normal()
        with Attack(program):
            wait_connections(program, 0.9 * ALL, at_least=True)
            time.sleep(SETTLE)
            there = program.metric("vestibule_connections")
            loaded = normal()
        peaks.append(program.rss("VmHWM") - before)
        ratios.append(loaded["p99"] / quiet["p99"])
        print(f"{there:.0f} slow: p99 {quiet['p99'] * 1000:.2f} ms alone, {loaded['p99'] * 1000:.2f} ms with them, "
              f"p50 {quiet['p50'] * 1000:.2f} and {loaded['p50'] * 1000:.2f} ms; "
              f"memory {peaks[-1] / 1024 / ALL:.1f} KiB for each")
        wait_connections(program, 5, at_least=False)
        time.sleep(2)
    assert statistics.median(ratios) < 2, ratios
