"""The program under test: started from a configuration, watched through its log, ended by SIGTERM."""
import copy
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from . import cookies
from .wire import Client, request

BIN = os.environ.get("VESTIBULE_BIN", "build/release/vestibule")
SANITIZED = os.environ.get("VESTIBULE_SANITIZE", "")
SLOWER = 5 if SANITIZED else 1  # how much longer things may take in this build

ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": f"second_deadlock_stack=1:suppressions={pathlib.Path(__file__).parents[2]}/support/tsan.supp",
}
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")

BASE = {
    "listen": [{"address": "127.0.0.1:0"}],
    "admin": {"address": "127.0.0.1:0"},
    "workers": 2,
    "session": {"secrets": [cookies.SECRET], "cookie": {"name": "sid"}},
}


def merged(base, changes):
    """`base` with `changes` laid over it, mappings member by member."""
    out = copy.deepcopy(base)
    for key, value in changes.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def run(*args, env=None, **more):
    """The program as a command that ends by itself."""
    return subprocess.run([BIN, *map(str, args)], capture_output=True, text=True, timeout=30 * SLOWER,
                          env={**os.environ, **ENVIRONMENT, **(env or {})}, **more)


class Vestibule:
    """A running vestibule. `changes` are laid over BASE; a text is taken as the whole configuration."""

    def __init__(self, folder, changes, env=None, ready=True):
        self.config = pathlib.Path(folder) / f"vestibule-{id(self):x}.yaml"
        self.configure(changes)
        self.tls = None    # what makes a TLS socket of a plain one, for its clients
        self.lines = []    # the log, parsed
        self.unparsed = []  # and what of it was no JSON
        self._news = threading.Condition()
        self.errors = open(self.config.with_suffix(".stderr"), "w+")
        self.started = time.monotonic()
        self.process = subprocess.Popen([BIN, "serve", "--config", str(self.config)], stdout=subprocess.PIPE,
                                        stderr=self.errors, env={**os.environ, **ENVIRONMENT, **(env or {})})
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.address = self._listening("listening")
            self.admin_port = self._listening("admin listening")
            if ready:
                self.wait_ready()
        except BaseException:
            self.abandon()
            raise

    def configure(self, changes):
        """Writes the configuration file. JSON is YAML."""
        text = changes if isinstance(changes, str) else json.dumps(merged(BASE, changes), indent=2)
        self.config.write_text(text)

    def _read(self):
        for raw in self.process.stdout:
            with self._news:
                try:
                    self.lines.append(json.loads(raw))
                except ValueError:
                    self.unparsed.append(raw.decode(errors="replace"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _listening(self, message):
        address = self.wait_log(lambda line: line.get("message") == message, seconds=10)["address"]
        return address.removeprefix("unix:") if address.startswith("unix:") else int(address.rpartition(":")[2])

    def wait_log(self, predicate, seconds=5, since=0):
        """The first log line, from number `since` on, that the predicate accepts."""
        end = time.monotonic() + seconds * SLOWER
        with self._news:
            while True:
                for line in self.lines[since:]:
                    if predicate(line):
                        return line
                left = end - time.monotonic()
                gone = self.process.poll() is not None and not self._reader.is_alive()
                if left <= 0 or gone:
                    raise AssertionError(f"no such log line {'and the program ended' if gone else 'in time'}; "
                                         f"log: {self.lines[since:][-20:]} {self.unparsed} {self.stderr()}")
                self._news.wait(min(left, 0.1))

    def access(self, predicate=lambda line: True, seconds=5, since=0):
        """The first access line that the predicate accepts."""
        return self.wait_log(lambda line: line.get("type") == "access" and predicate(line), seconds, since)

    def failure(self, predicate=lambda line: True, seconds=5):
        """The first line about an exchange that failed."""
        return self.wait_log(lambda line: line.get("message") == "exchange failed" and predicate(line), seconds)

    def stderr(self):
        return self.config.with_suffix(".stderr").read_text(errors="replace")

    def wait_ready(self, seconds=10):
        end = time.monotonic() + seconds * SLOWER
        while (answer := self.admin("/readyz")).status != 200:
            assert time.monotonic() < end, f"not ready: {answer}"
            time.sleep(0.01)

    # Talking to it.

    def client(self, **kind):
        return Client(self.address, **{"tls": self.tls, **kind})

    def request(self, method="GET", target="/", headers=(), body=None, **kind):
        return request(self.address, method, target, headers, body, **{"tls": self.tls, **kind})

    def get(self, target="/", headers=(), cookie=None, **kind):
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if cookie is not None:
            pairs.append(("Cookie", f"sid={cookie}"))
        return self.request("GET", target, pairs, **kind)

    def admin(self, target):
        return request(self.admin_port, "GET", target)

    def metrics(self):
        """{name and labels as they stand: value}"""
        answer = self.admin("/metrics")
        assert answer.status == 200, answer
        rows = [line for line in answer.body.decode().splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (row.rpartition(" ") for row in rows)}

    def metric(self, name, **labels):
        """The sum of the samples of that name which carry these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for key, value in self.metrics().items()
                   if key.partition("{")[0] == name and all(label in key for label in wanted))

    def wait_metric(self, expected, name, **labels):
        """An exchange is counted when it is over, which is a moment after its answer has arrived."""
        end = time.monotonic() + 3 * SLOWER
        while (value := self.metric(name, **labels)) != expected:
            assert time.monotonic() < end, f"{name} {labels} is {value}, not {expected}"
            time.sleep(0.01)

    def rss(self, field="VmRSS"):
        """Bytes of memory: VmRSS now, VmHWM at most."""
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(field)

    def forget_peak(self):
        """Lets VmHWM begin again at VmRSS."""
        with open(f"/proc/{self.pid}/clear_refs", "w") as f:
            f.write("5")

    # Ending it.

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=40):
        """SIGTERM, and everything that has to hold for every program that ran."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        self.ended(seconds)

    def ended(self, seconds=40):
        try:
            code = self.process.wait(seconds * SLOWER)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end; log: {self.lines[-10:]}")
        self._reader.join(10)
        errors = self.stderr()
        assert not any(report in errors for report in REPORTS), errors
        assert code == 0, f"exit code {code}: {errors} {self.lines[-5:]}"
        self.check_log(errors)

    def check_log(self, errors):
        """Every line is JSON, and nothing confidential is in any."""
        assert not self.unparsed, f"not JSON: {self.unparsed[:3]}"
        text = json.dumps(self.lines, ensure_ascii=False) + errors
        for secret in cookies.CONFIDENTIAL:
            assert secret not in text, f"{secret!r} stands in the log"

    def abandon(self):
        """The end without checks; what it said on standard error goes to the report of the test."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()
        self.errors.close()
        print(self.stderr(), end="")
