"""Requests per second, CPU per request and latency, by wrk, in rounds."""
import re
import resource
import statistics
import subprocess
import time

from peers import BROWSER, cookie_line
from processes import cpu_seconds, machine_seconds

CONNECTIONS = 64
DISTURBED = 0.15  # CPUs used by others, from which on a measurement is taken again
REPEATS = 3       # of one measurement
PATIENCE = 60     # seconds for waiting and repeats, of the whole run
UNIT = {"us": 1, "ms": 1e3, "s": 1e6}


class Wrk:
    """The load generator, on the CPUs of this process."""

    def __init__(self, folder, script, cookies):
        self.script = script
        self.headers, self.cookies = folder / "headers", folder / "cookies"
        self.headers.write_text("".join(f"{name}: {value}\n" for name, value in BROWSER.items()))
        self.cookies.write_text("".join(f"{cookie_line(c)}\n" for c in cookies))

    def run(self, port, target, seconds):
        """{requests, rps, p50_us, p99_us}. Any answer but 200, any broken connection ends the run."""
        done = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(self.script),
             f"http://127.0.0.1:{port}", "--", target, str(self.headers), str(self.cookies)],
            capture_output=True, text=True, timeout=seconds + 30)
        out = done.stdout
        count = re.search(r"(\d+) requests in", out)
        if done.returncode or not count or "Non-2xx" in out or "Socket errors" in out:
            raise RuntimeError(f"wrk: {out}{done.stderr}")
        quantile = {q: float(value) * UNIT[unit]
                    for q, value, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", out, re.M)}
        return {"requests": int(count[1]), "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
                "p50_us": quantile["50"], "p99_us": quantile["99"]}


def measure(wrk, peer, redis_pid, others, target, seconds):
    """One peer in one round. `others`: processes whose time is accounted for, to tell what ran besides."""
    before = [cpu_seconds(p) for p in (peer.pid, redis_pid, *others)]
    busy, stolen = machine_seconds()
    children = children_seconds()
    row = wrk.run(peer.port, target, seconds)
    used = [cpu_seconds(p) - b for p, b in zip((peer.pid, redis_pid, *others), before)]
    now, now_stolen = machine_seconds()
    foreign = now - busy - sum(used) - (children_seconds() - children)
    cpu_us, redis_us = (u * 1e6 / row["requests"] for u in used[:2])
    return {**row, "cpu_us": cpu_us, "redis_us": redis_us, "both_us": cpu_us + redis_us,
            "foreign_cpu": max(0, foreign) / seconds, "stolen_cpu": (now_stolen - stolen) / seconds}


class Quiet:
    """Takes measurements again in which others were busy, while there is patience left."""

    def __init__(self):
        self.left = PATIENCE

    def measure(self, seconds, *what):
        """The least disturbed one."""
        rows = []
        while True:
            rows.append(measure(*what, seconds))
            disturbance = [row["foreign_cpu"] + row["stolen_cpu"] for row in rows]
            if disturbance[-1] < DISTURBED or len(rows) > REPEATS or self.left < seconds:
                return {**rows[disturbance.index(min(disturbance))], "repeats": len(rows) - 1}
            begin = time.monotonic()
            wait_for_silence(self.left - seconds)
            self.left -= seconds + time.monotonic() - begin


def wait_for_silence(limit):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        busy, stolen = machine_seconds()
        time.sleep(0.5)
        now, now_stolen = machine_seconds()
        if (now - busy + now_stolen - stolen) / 0.5 < DISTURBED:
            return


def children_seconds():
    """CPU time of the children that have ended: here those are wrk."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rounds(quiet, wrk, peers, redis_pid, others, target, count, seconds, say):
    """{peer: [row of each round]}; each round measures every peer once, beginning with another one."""
    rows = {peer.name: [] for peer in peers}
    for peer in peers:
        wrk.run(peer.port, target, 1)  # connections to the backend, warm caches
    for number in range(count):
        first = number % len(peers)
        for peer in peers[first:] + peers[:first]:
            row = quiet.measure(seconds, wrk, peer, redis_pid, others, target)
            rows[peer.name].append(row)
            say(f"round {number + 1} {target} {peer.name}: {row['cpu_us']:.2f} us, {row['rps']:.0f}/s, "
                f"others {row['foreign_cpu']:.2f} CPUs, {row['repeats']} repeats")
    return rows


def summary(rows, base):
    """Medians over the rounds; ratios are medians of the ratios to `base` in the same round."""
    out = {}
    for name, mine in rows.items():
        out[name] = {key: statistics.median(row[key] for row in mine) for key in mine[0]}
        for key in ("cpu_us", "both_us", "rps", "p99_us"):
            ratios = [row[key] / theirs[key] for row, theirs in zip(mine, rows[base])]
            out[name][f"{key}_ratio"] = statistics.median(ratios)
            out[name][f"{key}_ratio_range"] = [min(ratios), max(ratios)]
    return out
