"""deploy/quickstart.sh as a process, with the program that is being tested."""
import os
import pathlib
import signal
import subprocess
import threading
import time

from .program import BIN, ENVIRONMENT
from .redis import free_port

ROOT = pathlib.Path(__file__).parents[3]


class Quickstart:
    def __init__(self, env=None):
        self.port, self.admin_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        keep = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "SESSION_SECRET")}
        self.process = subprocess.Popen(
            [str(ROOT / "deploy/quickstart.sh")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, cwd="/",
            env={**keep, **ENVIRONMENT, "VESTIBULE_BIN": os.path.abspath(BIN), "PORT": str(self.port),
                 "ADMIN_PORT": str(self.admin_port), **(env or {})})
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, text, seconds=30):
        end = time.monotonic() + seconds
        while text not in self.output:
            assert self.process.poll() is None and time.monotonic() < end, self.output
            time.sleep(0.05)

    def children(self):
        """Process ids of everything it has started."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as f:
                    below = [int(child) for child in f.read().split()]
            except OSError:
                continue
            found += below
            waiting += below
        return found

    def interrupt(self):
        """Ctrl-C, as a terminal sends it; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(20)
        self._reader.join(5)
        return code

    def abandon(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
