"""The load generator, on the CPUs of this process."""
import dataclasses
import pathlib
import re
import subprocess

from harness.wire import request_text

import browser

SCRIPT = pathlib.Path(__file__).with_name("browser.lua")
UNIT = {"us": 1, "ms": 1e3, "s": 1e6}


@dataclasses.dataclass
class Load:
    """`rate`: requests per second of all threads, each of which then has one connection; None: as many as
    there are answers."""

    target: str
    connections: int
    threads: int = 1
    rate: float | None = None


class Wrk:
    def __init__(self, folder):
        self.request = folder / "request"

    def run(self, load, peer, seconds):
        """{requests, rps, p50_us, p99_us}. Any answer but 200, any broken connection ends the run."""
        self.request.write_bytes(request_text("GET", load.target, browser.FIELDS))
        arguments = [self.request, peer.sessions.file] + ([load.rate / load.threads] if load.rate else [])
        done = subprocess.run(
            ["wrk", f"-t{load.threads}", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "10s", "--latency",
             "-s", str(SCRIPT), f"http://127.0.0.1:{peer.port}", "--", *map(str, arguments)],
            capture_output=True, text=True, timeout=seconds + 30)
        out = done.stdout
        count = re.search(r"(\d+) requests in", out)
        quantile = {q: float(value) * UNIT[unit]
                    for q, value, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s) *$", out, re.M)}
        if done.returncode or not count or len(quantile) < 2 or "Non-2xx" in out or "Socket errors" in out:
            raise RuntimeError(f"wrk before {peer.name}: {out}{done.stderr}")
        return {"requests": int(count[1]), "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
                "p50_us": quantile["50"], "p99_us": quantile["99"]}
