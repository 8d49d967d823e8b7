"""What it costs to be there: memory at start, memory of idle connections, time until ready."""
import json
import os
import shutil
import subprocess
import time

import pytest

from harness.program import BASE, BIN, ENVIRONMENT, merged
from harness.redis import free_port
from harness.wire import Client, request_text

IDLE = 2000
OFF = {"routes": [{"match": {"path": "/*"}, "session": "issue"}], "workers": 2}


def resident(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")) * 1024
    return total


def bytes_for_each_idle_connection(address, pids):
    """Growth of the processes by IDLE connections that have each had a request."""
    fields = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)", "Accept": "text/html,*/*;q=0.8",
              "Accept-Language": "en-US,en;q=0.5", "Accept-Encoding": "gzip, deflate, br", "Cookie": "a=" + "b" * 200}
    text = request_text("GET", "/", fields)
    warm = [Client(address) for _ in range(50)]
    for client in warm:
        client.send(text)
        client.response()
    time.sleep(0.3)
    before = resident(pids)
    clients = []
    for _ in range(IDLE):
        client = Client(address)
        client.send(text)
        assert client.response().status == 200
        clients.append(client)
    time.sleep(0.3)
    grown = resident(pids) - before
    for client in warm + clients:
        client.close()
    return grown / IDLE


@pytest.fixture
def front(start, backend):
    backend.script = lambda x: x.reply(200, {"Content-Type": "text/html"}, b"x" * 170)
    return start({**OFF, "backends": [{"url": backend.url}], "store": {"url": "memory:"}, "log": {"access": False}})


def nginx_for_comparison(folder, backend, act):
    """What `act(address, pids)` says of nginx in front of the same backend; nothing without nginx."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not nginx:
        return None
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 2;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_timeout 600; " + "".join(
            f"{name}_temp_path {folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) +
        f"upstream b {{ server 127.0.0.1:{backend.port}; keepalive 32; }}\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://b; proxy_http_version 1.1; "
        "proxy_set_header Connection ''; } } }\n")
    process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        time.sleep(0.5)
        children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
        return act(port, [process.pid, *map(int, children)])
    finally:
        process.terminate()
        process.wait(10)


def test_an_idle_connection_costs_at_most_4_kib(front, backend, tmp_path):
    ours = bytes_for_each_idle_connection(front.address, [front.pid])
    theirs = nginx_for_comparison(tmp_path, backend, bytes_for_each_idle_connection)
    print(f"bytes for each of {IDLE} idle connections: vestibule {ours:.0f}, nginx {theirs}")
    assert ours <= 4096


def test_memory_at_start(front):
    front.get("/")
    print(f"resident after start and one request: {front.rss() / 1024:.0f} KiB")
    assert front.rss("VmHWM") <= 16 << 20


def test_ready_at_once(tmp_path, backend):
    """From the start of the process to the first answer, in the best of five."""
    port, admin = free_port(), free_port()
    file = tmp_path / "vestibule.yaml"
    file.write_text(json.dumps(merged(BASE, {
        **OFF, "listen": [{"address": f"127.0.0.1:{port}"}], "admin": {"address": f"127.0.0.1:{admin}"},
        "backends": [{"url": backend.url}], "store": {"url": "memory:"}})))
    times = []
    for _ in range(5):
        begin = time.monotonic()
        process = subprocess.Popen([BIN, "--config", str(file)], stdout=subprocess.DEVNULL,
                                   env={**os.environ, **ENVIRONMENT})
        while True:
            try:
                with Client(port) as client:
                    client.send(request_text("GET", "/"))
                    assert client.response().status == 200
                break
            except ConnectionRefusedError:
                time.sleep(0.001)
        times.append(time.monotonic() - begin)
        process.terminate()
        assert process.wait(10) == 0
    print("first answer after " + ", ".join(f"{t * 1000:.0f}" for t in times) + " ms")
    assert min(times) < 0.1
