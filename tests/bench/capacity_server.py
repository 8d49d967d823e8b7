"""A Redis to be looked at: filled quickly, on a CPU of its own, its figures read."""
import base64
import collections
import contextlib
import os
import secrets
import socket

from harness.redis import Redis

from resp3 import Problem, Push, Replies, command

BATCH = 10_000
TTL = 86_400


def new_sids(count):
    """As many sids as vestibule makes them: 24 random bytes, base64url."""
    raw = secrets.token_bytes(24 * count)
    return [base64.urlsafe_b64encode(raw[at:at + 24]).decode() for at in range(0, len(raw), 24)]


def value_of(size, user='"user":{"id":"u-0000001"},'):
    """A session of so many bytes, as connect-redis writes it. To Redis it is a text."""
    text = ('{"cookie":{"originalMaxAge":86400000,"expires":"2030-01-01T00:00:00.000Z","httpOnly":true,"path":"/"},'
            + user + '"filler":"%s"}')
    return (text % ("x" * (size - len(text) + 2))).encode()


def session_key(sid):
    return f"sess:{sid}"


def list_key(number):
    return f"vestibule:user:sess:u-{number:07}"


def tombstone_key(sid):
    return "vestibule:ended:{sess:%s}" % sid


class Link:
    """One blocking connection, for pipelines. A context."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)
        self.replies = Replies()
        self.early = []
        self.told = collections.Counter()  # keys that have changed, by what stands before the first colon

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def take(self, count):
        """The next replies, pushes not among them."""
        out = self.early
        while len(out) < count:
            data = self.sock.recv(1 << 20)
            if not data:
                raise ConnectionError("Redis has closed")
            for reply in self.replies.feed(data):
                if isinstance(reply, Push):
                    self.told.update(key.partition(b":")[0].decode() for key in reply[1])
                else:
                    out.append(reply)
        self.early = out[count:]
        for reply in out[:count]:
            if isinstance(reply, Problem):
                raise reply
        return out[:count]

    def ask(self, *words):
        self.send(command(*words))
        return self.take(1)[0]

    def pour(self, commands):
        """Sends bytes of any number of commands whose replies nobody wants; returns when all are done."""
        self.send(command("CLIENT", "REPLY", "OFF"))
        piece = []
        for each in commands:
            piece.append(each)
            if len(piece) == BATCH:
                self.send(b"".join(piece))
                piece.clear()
        self.send(b"".join(piece) + command("CLIENT", "REPLY", "ON"))
        self.take(1)


class Server(Redis):
    """On the CPU of what is measured."""

    def __init__(self, folder, cpus, *options):
        super().__init__(folder, "--unixsocketperm", "777", *options)
        os.sched_setaffinity(self.process.pid, cpus)
        self.pid = self.process.pid

    def info(self, section):
        """{field: text}"""
        lines = self.command("INFO", section).decode().splitlines()
        return dict(line.partition(":")[::2] for line in lines if ":" in line)

    def used_memory(self):
        return int(self.info("memory")["used_memory"])

    def cpu(self):
        """Seconds, to the microsecond."""
        info = self.info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    def calls(self):
        """{command: (calls, microseconds)}, in what Redis itself counts: scripts' commands are among them."""
        out = {}
        for name, text in self.info("commandstats").items():
            fields = dict(part.split("=") for part in text.split(","))
            out[name.removeprefix("cmdstat_")] = int(fields["calls"]), int(fields["usec"])
        return out


@contextlib.contextmanager
def server(stage, name, *options):
    folder = stage.processes.folder / name
    folder.mkdir()
    redis = Server(folder, stage.processes.cpus.proxy, *options)
    stage.processes.running.append(redis.process)
    try:
        yield redis
    finally:
        stage.processes.running.remove(redis.process)
        redis.stop()


def store(redis, sids, value):
    """Each of a user of its own."""
    place = "*" * len(sids[0]) if sids else ""
    text = command("SET", session_key(place), value, "EX", TTL)
    with Link(redis.socket) as link:
        link.pour(text.replace(place.encode(), sid.encode(), 1).replace(b"u-0000001", b"u-%07d" % number)
                  for number, sid in enumerate(sids))
    if redis.command("DBSIZE") < len(sids):
        raise RuntimeError("not every session is stored")
