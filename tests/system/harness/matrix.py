"""Clients and backends of every kind, for test_matrix.py. A client gives {check: problem or None} for the checks that
it can do; UNABLE says why it cannot do the others."""
import json
import os
import pathlib
import re
import subprocess
import sys

from .legacy import Application
from .redis import free_port

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "matrix"
CHECKS = ("get", "post_length", "post_chunked", "keep_alive", "head", "no_content", "not_modified", "large", "session")
LARGE = b"0123456789abcdef" * (1 << 18)
SIZE = 100_000


def run(*command, seconds=120, data=None):
    return subprocess.run(list(map(str, command)), capture_output=True, timeout=seconds, input=data)


# Backends: a process with port, url and stop().

def php(folder):
    port = free_port()
    return Application("php", "-S", f"127.0.0.1:{port}", str(FOLDER / "backend.php"), port=port)


def node(folder):
    return Application("node", str(FOLDER / "backend.mjs"))


def python(folder):
    return Application(sys.executable, "-B", str(FOLDER / "backend.py"))


def nginx(folder):
    """What it cannot do with a body, count it, a second server of it does that gets the body with its length."""
    port, inner = free_port(), free_port()
    (folder / "large").write_bytes(LARGE)
    folder.chmod(0o755)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; "
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # who may read in the folders of tests
    file.write_text(f"""
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off; default_type text/plain; client_max_body_size 0; {temporary}
  server {{
    listen 127.0.0.1:{port};
    location = /hello {{ return 200 "hello"; }}
    location = /user {{ if ($http_x_session_user != "u1") {{ return 403; }} return 200 $http_x_session_user; }}
    location = /size {{ proxy_pass http://127.0.0.1:{inner}; }}
    location = /large {{ root {folder}; }}
    location = /none {{ return 204; }}
    location = /same {{ add_header ETag '"x"' always; return 304; }}
  }}
  server {{
    listen 127.0.0.1:{inner};
    location / {{ if ($content_length != $arg_is) {{ return 400; }} return 200 $content_length; }}
  }}
}}
""")
    return Application("/usr/sbin/nginx", "-p", str(folder), "-e", f"{folder}/nginx.log", "-c", str(file), port=port)


BACKENDS = {"php": php, "node": node, "python": python, "nginx": nginx}


# Clients.

def by_script(*command):
    done = run(*command)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def fetch(folder, port, cookie):
    return by_script("node", FOLDER / "client.mjs", "fetch", f"http://127.0.0.1:{port}", cookie)


def node_http(folder, port, cookie):
    return by_script("node", FOLDER / "client.mjs", "http", f"http://127.0.0.1:{port}", cookie)


def http_client(folder, port, cookie):
    return by_script(sys.executable, "-B", FOLDER / "client.py", "http.client", port, cookie)


def urllib(folder, port, cookie):
    return by_script(sys.executable, "-B", FOLDER / "client.py", "urllib", port, cookie)


def curl(folder, port, cookie):
    body = folder / "body"
    body.write_bytes(b"b" * SIZE)
    size = f"/size?is={SIZE}"

    def ask(path, *options, status=200, expected=b"hello"):
        done = run("curl", "-sS", "--http1.1", "-w", "\n%{http_code} %{num_connects}", *options,
                   f"http://127.0.0.1:{port}{path}")
        got, _, last = done.stdout.rpartition(b"\n")
        good = done.returncode == 0 and last.split()[0] == b"%d" % status and expected in (got, None)
        return None if good else f"{done.returncode} {got[:200]} {last} {done.stderr}"

    def keep_alive():
        done = run("curl", "-sS", "--http1.1", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n",
                   f"http://127.0.0.1:{port}/hello?[1-10]")
        expected = ["200 1"] + ["200 0"] * 9
        return None if done.stdout.decode().split("\n")[:-1] == expected else f"{done.stdout} {done.stderr}"

    def head():
        done = run("curl", "-sS", "--http1.1", "-I", f"http://127.0.0.1:{port}/hello")
        text = done.stdout.decode().lower()
        return None if text.startswith("http/1.1 200") and "\r\ncontent-length: 5\r\n" in text else text

    count = b"%d" % SIZE
    return {
        "get": ask("/hello"),
        "post_length": ask(size, "--data-binary", f"@{body}", expected=count),
        "post_chunked": ask(size, "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{body}", expected=count),
        "keep_alive": keep_alive(),
        "head": head(),
        "no_content": ask("/none", status=204, expected=b""),
        "not_modified": ask("/same", "-H", 'If-None-Match: "x"', status=304, expected=b""),
        "large": ask("/large", expected=LARGE),
        "session": ask("/user", "-H", f"Cookie: {cookie}", expected=b"u1"),
    }


def wrk(folder, port, cookie):
    def ask(check):
        done = run("wrk", "-t1", "-c4", "-d1s", "--timeout", "30s", "-s", FOLDER / "checks.lua",
                   f"http://127.0.0.1:{port}",
                   "--", check, cookie)
        text = done.stdout.decode(errors="replace")
        answered = re.search(r"(\d+) requests in", text)
        good = (done.returncode == 0 and answered and int(answered[1]) > 0 and "WRONG" not in text
                and "Socket errors" not in text and "Non-2xx" not in text)
        return None if good else f"{text[:500]} {done.stderr}"

    return {check: ask(check) for check in CHECKS if check != "head"}


def h2load(folder, port, cookie):
    body = folder / "body"
    body.write_bytes(b"b" * SIZE)

    def ask(path, *options, count=40, kind="2xx"):
        done = run("h2load", "--h1", "-t1", "-c4", "-n", count, *options, f"http://127.0.0.1:{port}{path}")
        text = done.stdout.decode()
        good = (done.returncode == 0 and f"{count} succeeded, 0 failed, 0 errored, 0 timeout" in text
                and f"{count} {kind}" in text)
        return None if good else f"{text[:800]} {done.stderr}"

    return {
        "get": ask("/hello"),
        "post_length": ask(f"/size?is={SIZE}", "-d", body),
        "keep_alive": ask("/hello", count=400),
        "no_content": ask("/none"),
        "not_modified": ask("/same", kind="3xx"),
        "large": ask("/large", count=8),
        "session": ask("/user", "-H", f"Cookie: {cookie}"),
    }


CLIENTS = {"curl": curl, "wrk": wrk, "h2load": h2load, "fetch": fetch, "node:http": node_http,
           "http.client": http_client,
           "urllib": urllib}
UNABLE = {
    ("wrk", "head"): "waits for the body that the answer to HEAD has not",
    ("h2load", "head"): "waits for the body that the answer to HEAD has not",
    ("h2load", "post_chunked"): "always announces a length",
}
