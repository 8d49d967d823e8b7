"""A real redis-server of our own, and a small client for it."""
import json
import os
import signal
import socket
import subprocess
import time

from . import cookies
from .wire import Stream, Truncated


class RedisError(Exception):
    pass


UNREACHABLE = (OSError, Truncated, RedisError)


def until(what, name, seconds=15):
    """Waits until what() is true; servers that cannot be reached meanwhile are no news."""
    end = time.monotonic() + seconds
    while True:
        try:
            if what():
                return
            problem = ""
        except UNREACHABLE as error:
            problem = error
        assert time.monotonic() < end, f"not in time: {name} {problem}"
        time.sleep(0.01)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Connection(Stream):
    """A connection to a server, for commands in a row or many at once. `address`: a unix socket or a port."""

    def __init__(self, address, timeout=10):
        if isinstance(address, int):
            sock = socket.create_connection(("127.0.0.1", address), timeout)
        else:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(timeout)
            try:
                sock.connect(address)
            except OSError:
                sock.close()
                raise
        super().__init__(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, *args):
        data = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        self.sock.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(d), d) for d in data))

    def command(self, *args):
        self.send(*args)
        return self.reply()

    def all(self, commands):
        """The replies to many commands, sent together; the first error is raised when all are read."""
        for args in commands:
            self.send(*args)
        replies, errors = [], []
        for _ in commands:
            try:
                replies.append(self.reply())
            except RedisError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return replies

    def reply(self):
        line = self.until(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            data = self.exactly(int(rest))
            self.exactly(2)
            return data
        return [self.reply() for _ in range(int(rest))]


class Sessions:
    """Sessions in a store, as connect-redis keeps them. `on(key, command...)` asks the server that has the key."""

    def put(self, sid, session=None, ttl=3600, prefix="sess:", **members):
        """Stores a session, as connect-redis would; bytes and text as they are. Returns its text."""
        if session is None:
            session = {"cookie": {"originalMaxAge": 3600_000, "expires": "2001-01-01T00:00:00.000Z",
                                  "httpOnly": True, "path": "/"}, **members}
        if isinstance(session, dict):
            session = json.dumps(session, separators=(",", ":"), ensure_ascii=False)
        key = prefix + sid
        self.on(key, "SET", key, session, *(["EX", ttl] if ttl else []))
        return session

    def login(self, ttl=3600, **members):
        """(sid, cookie value) of a fresh session with these members."""
        sid = cookies.new_sid()
        self.put(sid, ttl=ttl, **members)
        return sid, cookies.sign(sid)

    def value(self, sid, prefix="sess:"):
        raw = self.on(prefix + sid, "GET", prefix + sid)
        return None if raw is None else raw.decode()

    def ttl(self, sid, prefix="sess:"):
        return self.on(prefix + sid, "TTL", prefix + sid)


class Redis(Sessions):
    """redis-server in `folder`, on a TCP port and a unix socket, keeping nothing on disk. `tls` is a
    dictionary with cert, key and ca: TLS on a second port. `auth` is what AUTH wants before our own commands."""

    wrapper = ()  # what the server is run by
    host = "127.0.0.1"

    def __init__(self, folder, *options, tls=None, auth=()):
        self.folder = str(folder)
        self.socket = os.path.join(self.folder, "redis.sock")
        self.options = options
        self.tls, self.auth = tls, auth
        self.port = free_port()
        self.tls_port = free_port() if tls else 0
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def arguments(self):
        """How the server is started."""
        words = ["redis-server", "--port", str(self.port), "--bind", self.host,
                 "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--dir", self.folder,
                 "--daemonize", "no", "--loglevel", "warning", *self.options]
        if self.tls:
            words += ["--tls-port", str(self.tls_port), "--tls-auth-clients", "no",
                      "--tls-cert-file", self.tls["cert"], "--tls-key-file", self.tls["key"],
                      "--tls-ca-cert-file", self.tls["ca"]]
        return words

    def start(self, *more, wait=True):
        """On the same port as before, empty unless the options keep something; with some more options this time."""
        self.process = subprocess.Popen([*self.wrapper, *self.arguments(), *more],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            self.wait_started()

    def wait_started(self):
        """Until it answers and has loaded what it keeps."""
        end = time.monotonic() + 10
        while True:
            try:
                self.command("PING")
                return
            except RedisError as error:
                if "LOADING" not in str(error):
                    return  # it answers, if only to ask for a password
            except (OSError, Truncated):
                assert self.process.poll() is None, "redis-server ended"
            assert time.monotonic() < end, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.wait(10)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    # Commands, over the unix socket.

    def connect(self):
        connection = Connection(self.socket)
        if self.auth:
            connection.command("AUTH", *self.auth)
        return connection

    def command(self, *args):
        with self.connect() as connection:
            return connection.command(*args)

    def on(self, _key, *args):
        return self.command(*args)

    def keys(self):
        return self.command("KEYS", "*")

    def monitor(self):
        return Monitor(self.socket)


class Monitor:
    """What reaches the server, as MONITOR shows it."""

    def __init__(self, path):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(5)
        sock.connect(path)
        sock.sendall(b"MONITOR\r\n")
        self.stream = Stream(sock)
        self.stream.until(b"\r\n")

    def commands(self, settle=0.2):
        """The command lines so far, once nothing more came for a moment."""
        self.stream.sock.settimeout(settle)
        try:
            while True:
                self.stream.fill()
        except (TimeoutError, Truncated):
            pass
        lines, self.stream.buffer = self.stream.buffer.decode(errors="replace").splitlines(), b""
        return lines

    def close(self):
        self.stream.sock.close()
