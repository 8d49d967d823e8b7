"""What a request costs with vestibule, and with others before the same backend. See README.md; run.sh is the
way in."""
import argparse
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time

import bulk
import capacity
import idle
import instructions
import load
import peers
import plot
import scale
from processes import Processes
from stage import Stage

PARTS = {
    "load": (load.run, "requests, CPU and latency"),
    "memory": (idle.run, "idle connections, start"),
    "bulk": (bulk.run, "bodies of 1 GiB"),
    "instructions": (instructions.run, "instructions by room, counted by callgrind"),
    "scale": (scale.run, "two workers, latency at 20 %% load, a million sessions"),
}


def arguments():
    p = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__)
    for part, (_, what) in PARTS.items():
        p.add_argument(f"--{part}", action="append_const", dest="parts", const=part, help=what)
    p.add_argument("--capacity", nargs="*", choices=capacity.STEPS, metavar="STEP", default=None,
                   help=f"alone, and not among everything: what deploy/capacity.md rests on, or steps of it: "
                        f"{', '.join(capacity.STEPS)}")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=int, default=1, help="of wrk for a peer in a round")
    p.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure there")
    p.add_argument("--plot", type=pathlib.Path, metavar="FILE",
                   help="draw the load there, as SVG (default: beside the JSON)")
    a = p.parse_args()
    if a.rounds < 1 or a.seconds < 1:
        p.error("at least one round of one second")
    a.parts = a.parts or (list(PARTS) if a.capacity is None else [])
    if a.json and not a.plot:
        a.plot = a.json.with_suffix(".svg")
    return a


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0]


def machine():
    with open("/proc/cpuinfo") as f:
        model = next(line.partition(":")[2].strip() for line in f if line.startswith("model name"))
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "versions": [first_line("/usr/sbin/nginx", "-v"), first_line("/usr/sbin/haproxy", "-v"),
                         first_line("redis-server", "--version"), "Node " + first_line("node", "--version"),
                         first_line(peers.BIN, "--version")]}


def measure(a, results):
    """Fills `results`, returns the text."""
    texts = []
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder, \
            Processes(pathlib.Path(folder)) as processes:
        stage = Stage(processes, a.rounds, a.seconds)
        for part in a.parts:
            results[part], text = PARTS[part][0](stage)
            texts.append(text)
        if a.capacity is not None:
            results["capacity"], text = capacity.run(stage, a.capacity)
            texts.append(text)
        if stage.quiet.rows:
            texts.append(stage.quiet.noise())
    return "\n".join(texts)


def main():
    a = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    begin = time.monotonic()
    results = {"machine": machine(), "arguments": vars(a)}
    text = measure(a, results)
    results["seconds"] = time.monotonic() - begin
    m = results["machine"]
    print(f"{text}\n{m['cpus']} CPUs, {m['cpu']}, Linux {m['kernel']}; {'; '.join(m['versions'])}; "
          f"{results['seconds']:.0f} s")
    if a.json:
        a.json.write_text(json.dumps(results, indent=1, default=str) + "\n")
    if a.plot and "load" in results:
        plot.draw(results["load"], a.plot)


if __name__ == "__main__":
    main()
