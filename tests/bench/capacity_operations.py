"""CPU of Redis for each operation of a vestibule that runs, and what a busy core does."""
import re
import subprocess

from harness import cookies
from harness.redis import free_port

import browser
import nginx
import peers
from capacity_server import new_sids, server, session_key, store, tombstone_key, value_of
from peer import wait_listening
from processes import until
from report import section
from stage import say
from wrk import Load

SESSIONS = 50_000
SECONDS = 2
WARM = 4
CONNECTIONS = (4, 64)  # few, and so many that questions of several requests go to Redis together
OURS = ("info", "ping", "client", "hello", "config", "dbsize", "command", "select")
BACKEND = """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "{body}"; }}
    location = /patch {{
      add_header X-Session-Patch '{{"seen":"$request_id"}}'; return 200 "{body}";
    }}
    location = /login {{ add_header X-User $request_id; return 200 "{body}"; }}
  }}"""
CONTROL = {"backend_control": {"enabled": True, "allow": ["seen"]}, "session": {"user": "off"}}
LOGGED_IN, STORED, NOBODY = "logged in", "stored", "nobody"  # who comes
NEVER_ENOUGH = {"enabled": True, "max_bytes": "1MiB"}  # a hundredth of what is asked for in turn
LOGOUT = [{"on": {"path": "/logout"}, "destroy": True}]
LOGIN = [{"on": {"path": "/login"}, "set": {"/user/id": {"header": "X-User"}}}]
# name: (target, who comes, configuration laid over that of the bench, what it is made of)
SCENES = {
    "load": ("/", LOGGED_IN, {"session": {"user": "off"}}, "MGET, PTTL, ECHO"),
    "load, near": ("/", LOGGED_IN, {"session": {"user": "off"}, "store": {"near_cache": NEVER_ENOUGH}},
                   "of a near cache: CLIENT CACHING, GET twice, PTTL, ECHO"),
    "touch": ("/", LOGGED_IN, {"session": {"user": "off", "touch_interval": 0}}, "a load, EXPIRE"),
    "touch, list": ("/", LOGGED_IN, {"session": {"user": "/user/id", "touch_interval": 0}},
                    "a load, EXPIRE, the user's list by script"),
    "change": ("/patch", LOGGED_IN, CONTROL, "a load, compare-and-set by script"),
    "create": ("/patch", NOBODY, CONTROL, "SET NX"),
    "logout": ("/logout", LOGGED_IN, {"session": {"user": "/user/id"}, "capture": LOGOUT},
               "a load, SET, DEL, ZREM"),
    "login": ("/login", STORED, {"session": {"user": "/user/id"}, "capture": LOGIN},
              "a load, SET NX under a new sid, the end of the old one and the user's list by script"),
}


class Crowd:
    """Sessions as a peer of the bench wants them."""

    def __init__(self, stage, name, sids, value):
        self.sids, self.used, self.value = sids, len(sids), value
        self.cookies = [cookies.sign(sid) for sid in sids]
        self.file = stage.processes.folder / f"cookies-{name}"
        lines = self.cookies or [None]
        self.file.write_text("".join(f"{browser.cookie_line(cookie)}\n" for cookie in lines))
        self.redis = self.pid = None

    def of(self, redis):
        """Stored there."""
        self.redis, self.pid = redis, redis.pid
        store(redis, self.sids, self.value)
        return self


class Backend:
    def __init__(self, stage):
        self.address = free_port()
        http = BACKEND.format(port=self.address, body="x" * 170)
        process = nginx.start(stage.processes, "patching", nginx.config(stage.processes, "patching", http))
        wait_listening(stage.processes, process, self.address)
        self.process = process


def settled(redis):
    """The calls, once those of requests that were cut off are over."""
    seen = []

    def same():
        seen.append(sum(calls for name, (calls, _) in redis.calls().items() if name.partition("|")[0] not in OURS))
        return len(seen) > 1 and seen[-1] == seen[-2]

    until(same, pause=0.05)
    return redis.calls(), redis.cpu()


def measure(stage, redis, peer, target, connections):
    """One run of wrk: CPU of Redis and calls for each request."""
    calls, cpu = settled(redis)
    done = stage.wrk.run(Load(target, connections), peer, SECONDS)
    now, now_cpu = settled(redis)
    each = {}
    for name, (count, usec) in now.items():
        if name.partition("|")[0] not in OURS and count > calls.get(name, (0, 0))[0]:
            more, took = (here - there for here, there in zip((count, usec), calls.get(name, (0, 0))))
            each[name] = {"calls": more / done["requests"], "usec": took / more}
    return {"requests": done["requests"], "rps": done["rps"], "cpu_us": (now_cpu - cpu) * 1e6 / done["requests"],
            "commands": each}


def laid_over(config, changes):
    for key, more in changes.items():
        if isinstance(more, dict) and isinstance(config.get(key), dict):
            laid_over(config[key], more)
        else:
            config[key] = more


def scene(stage, backend, crowds, name):
    target, who, changes, _ = SCENES[name]
    rows = {}
    for connections in CONNECTIONS:
        with server(stage, f"operations-{name.replace(', ', '-')}-{connections}") as redis:
            peer = peers.Vestibule(stage, session="issue", name=f"operations {name} {connections}",
                                   backend=backend.address, near_cache={"enabled": False},
                                   sessions=crowds[who].of(redis))
            laid_over(peer.config, changes)
            peer.start()
            try:
                if changes["session"]["user"] != "off" and who != NOBODY:
                    stage.wrk.run(Load("/", 64), peer, WARM)  # vestibule notes whom a session is of, once
                rows[connections] = measure(stage, redis, peer, target, connections)
            finally:
                peer.stop()
        say(f"{name}, {connections} connections: {rows[connections]}")
    return rows


def busy_core(stage):
    """{command: calls per second} of a Redis that has a core and nothing else to do, asked without a pause."""
    rows = {}
    key, value = session_key("__rand_int__"), value_of(600).decode()
    words = {"MGET": ["MGET", key, tombstone_key("__rand_int__")], "PTTL": ["PTTL", key],
             "ECHO": ["ECHO", "__rand_int__" + "x" * 20],
             "EXPIRE": ["EXPIRE", key, "86400"], "SET": ["SET", key, value, "EX", "86400"]}
    with server(stage, "busy") as redis:
        store(redis, [f"{number:012}" for number in range(SESSIONS)], value.encode())
        for name, command in words.items():
            for depth in (1, 16):
                before = redis.cpu()
                out = subprocess.run(["redis-benchmark", "-s", redis.socket, "-c", "50", "-P", str(depth), "-n",
                                      str(200_000 * (1 if depth == 1 else 3)), "-r", str(SESSIONS), "-q", *command],
                                     capture_output=True, text=True, check=True).stdout
                rate = float(re.findall(r"([\d.]+) requests per second", out)[-1])
                count = 200_000 * (1 if depth == 1 else 3)
                rows[f"{name}, {depth}"] = {"rate": rate, "cpu_us": (redis.cpu() - before) * 1e6 / count}
    return rows


def run(stage):
    backend = Backend(stage)
    value = value_of(600)
    crowds = {LOGGED_IN: Crowd(stage, "logged-in", new_sids(SESSIONS), value),
              STORED: Crowd(stage, "stored", new_sids(SESSIONS), value_of(600, "")),
              NOBODY: Crowd(stage, "nobody", [], value)}
    figures = {"scenes": {name: scene(stage, backend, crowds, name) for name in SCENES}, "busy": busy_core(stage)}
    stage.processes.end(backend.process)
    return figures


def text(figures):
    rows = []
    for name, by in figures["scenes"].items():
        few, many = (by[count] for count in CONNECTIONS)
        made = ", ".join(f"{command} {f['calls']:.2f} ({f['usec']:.1f})" for command, f in many["commands"].items()
                         if f["calls"] > 0.1)
        rows.append([f"**{name}**: {SCENES[name][3]}", f"{few['cpu_us']:.1f}", f"{many['cpu_us']:.1f}",
                     f"{many['rps']:,.0f}", made])
    head = ["each request is", *(f"CPU us, {count} connections" for count in CONNECTIONS), "requests/s",
            "calls a request (us in the command)"]
    busy = [[name, f"{f['rate']:,.0f}", f"{f['cpu_us']:.2f}", f"{1e6 / f['cpu_us']:,.0f}"]
            for name, f in figures["busy"].items()]
    return section("Redis: CPU of what vestibule sends", head, rows) + "\n" + section(
        "Redis: one busy core", ["command, asked so many at a time", "calls/s", "CPU us", "calls a CPU second"], busy)
