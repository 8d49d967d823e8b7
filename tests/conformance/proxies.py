"""What the cases run against: vestibule, and for comparison nginx and haproxy as a careful operator sets them up."""
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from harness.program import SLOWER, Vestibule  # noqa: E402
from harness.redis import free_port  # noqa: E402
from harness.wire import Client  # noqa: E402

CONFIG = {
    "workers": 1,  # so that what one case leaves behind would meet the next
    "store": {"url": "memory:"},
    "proxy": {
        "trusted_proxies": ["192.0.2.0/24"],
        "limits": {"head": "16KiB", "headers": 50, "target": "2KiB", "body": "128KiB"},
        "timeouts": {"head": "2s"},
    },
    "inject": {"headers": {"X-Session-User": "/user/id"}},
    "routes": [{"match": {"path": "/issue/*"}, "session": "issue"}, {"match": {"path": "/*"}, "session": "off"}],
    "log": {"level": "info"},
}


def vestibule(folder, backend):
    program = Vestibule(folder, {**CONFIG, "backends": [{"url": f"http://127.0.0.1:{backend}"}]})
    program.port = program.address
    return program


class Other:
    """`start()` it, ask it at `port`, `stop()` it."""

    def __init__(self, folder, backend):
        self.folder, self.backend, self.port = pathlib.Path(folder), backend, free_port()
        self.file = self.folder / f"{type(self).__name__}.conf"
        self.file.write_text(self.text())
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                return Client(self.port).close()
            except ConnectionRefusedError:
                assert time.monotonic() < end and self.process.poll() is None, f"{self.command()} does not listen"
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    @classmethod
    def version(cls):
        said = subprocess.run([cls.program, "-v"], capture_output=True, text=True)
        return (said.stdout + said.stderr).split("\n")[0].split("version")[1].strip(" :").split(" ")[0].split("/")[-1]


class Nginx(Other):
    program = "/usr/sbin/nginx"

    def command(self):
        return [self.program, "-p", self.folder, "-e", self.folder / "nginx.log", "-c", self.file]

    def text(self):
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind}; "
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log warn; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off; {temporary}
  client_header_timeout 1s; client_body_timeout 1s; client_max_body_size 128k; client_header_buffer_size 16k;
  large_client_header_buffers 2 16k;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
  upstream backend {{ server 127.0.0.1:{self.backend}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      proxy_pass http://backend; proxy_http_version 1.1; proxy_request_buffering off; proxy_next_upstream off;
      proxy_read_timeout 1s; proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


class Haproxy(Other):
    program = "/usr/sbin/haproxy"

    def command(self):
        return [self.program, "-db", "-f", self.file]

    def text(self):
        return f"""
global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout http-request 1s
frontend front
  bind 127.0.0.1:{self.port}
  default_backend back
backend back
  server one 127.0.0.1:{self.backend}
"""


OTHERS = (Nginx, Haproxy)
PATIENCE = 20.0 * SLOWER  # for an answer that has to come
