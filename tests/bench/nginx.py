"""nginx: the backend, the proxy that all others are compared with, and the one with Lua."""
import json
import os
import pathlib

from harness import cookies
from harness.redis import free_port

import browser
from peer import MANY, Peer, wait_listening

SMALL, LARGE = 170, 16 * 1024
HERE = pathlib.Path(__file__).resolve().parent


def config(processes, label, http, workers=1, modules=()):
    """A whole configuration around the lines of `http`."""
    folder = processes.folder
    load = "".join(f"load_module /usr/lib/nginx/modules/{module}.so; " for module in modules)
    temporary = "".join(f"{kind}_temp_path {folder}/{label}.{kind}; "
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""
{load}
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
    modules = ()
    more_http = ""
    more_location = ""

    def launch(self):
        backend = f"127.0.0.1:{self.backend}" if isinstance(self.backend, int) else f"unix:{self.backend}"
        # Each worker has its share of the connections: without reuseport one may take them all.
        share = " reuseport" if self.workers > 1 else ""
        http = f"""
  client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
  upstream backend {{
    server {backend};
    keepalive 1024; keepalive_requests {MANY}; keepalive_timeout 600s;
  }}
  {self.more_http}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096{share};
    location / {{
      {self.more_location}
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    }}
  }}"""
        return start(self.processes, self.label, config(self.processes, self.label, http, self.workers, self.modules),
                     self.cpus)


class NginxLua(Nginx):
    """session.lua in the access phase."""

    name = "nginx, Lua"
    detail = "lua-nginx-module: the cookie verified, a GET, the user checked and injected"
    requires_session = True
    modules = ("ndk_http_module", "ngx_http_lua_module")
    more_location = """
      set $session_user "";
      access_by_lua_block { check_session() }
      proxy_set_header X-Session-User $session_user;"""

    @property
    def more_http(self):
        # What JSON writes of plain text is Lua, too.
        words = ", ".join(json.dumps(word) for word in (browser.COOKIE, cookies.SECRET, self.sessions.redis.socket))
        return f"""
  lua_package_path "{HERE}/?.lua;;";
  init_by_lua_block {{ check_session = require("session")({words}) }}"""
