"""nginx: the backend, and the proxy that all others are compared with."""
import os

from harness.redis import free_port

from peer import MANY, Peer, wait_listening

SMALL, LARGE = 170, 16 * 1024


def config(processes, label, http, workers=1):
    """A whole configuration around the lines of `http`."""
    folder = processes.folder
    temporary = "".join(f"{kind}_temp_path {folder}/{label}.{kind}; "
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""
daemon off; pid {folder}/{label}.pid; error_log {folder}/{label}.log warn; worker_processes {workers};
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_timeout 600s; keepalive_requests {MANY}; server_tokens off; {temporary}
  {http}
}}
"""


def start(processes, label, text, cpus=None):
    file = processes.folder / f"{label}.conf"
    file.write_text(text)
    return processes.start(label, ["/usr/sbin/nginx", "-p", processes.folder, "-e", processes.folder / f"{label}.log",
                                   "-c", file], cpus)


class Backend:
    """Answers /small with 170 bytes, and /large with 16 KiB."""

    def __init__(self, processes):
        self.address = free_port()
        files = processes.folder / "files"
        files.mkdir()
        (files / "large").write_bytes(b"x" * LARGE)
        os.chmod(processes.folder, 0o755)
        process = start(processes, "backend", config(processes, "backend", f"""
  open_file_cache max=10; default_type text/html; sendfile on; tcp_nopush on;
  server {{
    listen 127.0.0.1:{self.address} backlog=4096;
    location = /small {{ return 200 "{'x' * SMALL}"; }}
    location = /large {{ root {files}; }}
  }}"""))
        self.pid = process.pid
        wait_listening(processes, process, self.address)


class Nginx(Peer):
    name = "nginx"
    detail = "proxy_pass, keep-alive upstream, no log, no sessions"

    def launch(self):
        # Each worker has its share of the connections: without reuseport one may take them all.
        share = " reuseport" if self.workers > 1 else ""
        http = f"""
  client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
  upstream backend {{
    server 127.0.0.1:{self.backend};
    keepalive 1024; keepalive_requests {MANY}; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096{share};
    location / {{
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    }}
  }}"""
        return start(self.processes, self.label, config(self.processes, self.label, http, self.workers), self.cpus)
