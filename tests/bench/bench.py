"""nginx, haproxy and vestibule before the same backend. See README.md; run.sh is the way in."""
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

import peers  # first: it makes the harness of the system tests known
import bulk
import idle
import load
import report
from processes import Processes


def arguments():
    p = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__)
    p.add_argument("--load", action="store_true", help="requests, CPU and latency")
    p.add_argument("--memory", action="store_true", help="idle connections, start")
    p.add_argument("--bulk", action="store_true", help="bodies of 1 GiB")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=3, help="of wrk for a peer in a round")
    p.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure there")
    a = p.parse_args()
    if a.rounds < 1 or a.seconds < 1:
        p.error("at least one round of one second")
    if not (a.load or a.memory or a.bulk):
        a.load = a.memory = a.bulk = True
    return a


def say(text):
    print(text, file=sys.stderr, flush=True)


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0]


def machine():
    with open("/proc/cpuinfo") as f:
        model = next(line.partition(":")[2].strip() for line in f if line.startswith("model name"))
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "versions": [first_line("/usr/sbin/nginx", "-v"), first_line("/usr/sbin/haproxy", "-v"),
                         first_line("redis-server", "--version"), first_line(peers.BIN, "--version")]}


def run_load(a, processes, all_peers, backend, sessions):
    """Small answers for every peer, 16 KiB ones for the first three."""
    wrk = load.Wrk(processes.folder, pathlib.Path(__file__).with_name("browser.lua"), sessions.cookies)
    quiet = load.Quiet()
    out, text = {}, []
    for peer in all_peers:
        peer.start()
        peers.verify(peer, sessions.cookies[0])
    for target, title, who, seconds in (("/small", "Answers of 170 bytes", all_peers, a.seconds),
                                        ("/large", "Answers of 16 KiB", all_peers[:3], max(1, a.seconds - 1))):
        rows = load.rounds(quiet, wrk, who, sessions.pid, (backend.pid,), target, a.rounds, seconds, say)
        figures = load.summary(rows, all_peers[0].name)
        out[target] = {"rounds": rows, "summary": figures}
        text.append(report.load(title, who, figures))
    for peer in all_peers:
        peer.stop()
    return out, "\n".join(text)


def run_memory(all_peers, sessions):
    figures = {}
    for peer in all_peers[:3]:
        figures[peer.name] = idle.measure(peer, sessions.cookies)
        say(f"memory {peer.name}: {figures[peer.name]['idle_bytes']:.0f} bytes per idle connection")
    return figures, report.idle(figures)


def run_bulk(processes, all_peers, sessions):
    backend = bulk.Backend(processes)
    figures = {}
    try:
        for peer in peers.all_peers(processes, backend.port, sessions)[:3]:
            peer.start()
            figures[peer.name] = bulk.measure(peer, sessions.cookies[0])
            peer.stop()
            say(f"bulk {peer.name}: {figures[peer.name]['down']['cpu_s']:.2f} s/GiB down")
    finally:
        backend.end()
    return figures, report.bulk(figures, all_peers[0].name)


def noise(figures):
    """What else took CPU while wrk ran, in the worst measurement."""
    rows = [row for part in figures.values() for of_peer in part["rounds"].values() for row in of_peer]
    return (f"beside the bench ran at most {max(row['foreign_cpu'] for row in rows):.2f} CPUs, stolen at most "
            f"{max(row['stolen_cpu'] for row in rows):.2f}; {sum(row['repeats'] for row in rows)} of "
            f"{sum(row['repeats'] + 1 for row in rows)} measurements were disturbed and taken again")


def main():
    a = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    begin = time.monotonic()
    results = {"machine": machine(), "arguments": vars(a) | {"json": str(a.json)}}
    texts = []
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder, \
            Processes(pathlib.Path(folder)) as processes:
        backend = peers.Backend(processes)
        sessions = peers.Sessions(processes)
        everyone = peers.all_peers(processes, backend.port, sessions)
        if a.load:
            results["load"], text = run_load(a, processes, everyone, backend, sessions)
            texts.append(text)
        if a.memory:
            results["memory"], text = run_memory(everyone, sessions)
            texts.append(text)
        if a.bulk:
            results["bulk"], text = run_bulk(processes, everyone, sessions)
            texts.append(text)
    results["seconds"] = time.monotonic() - begin
    print("\n".join(texts))
    m = results["machine"]
    print(f"{m['cpus']} CPUs, {m['cpu']}, Linux {m['kernel']}; {'; '.join(m['versions'])}; {results['seconds']:.0f} s")
    if a.load:
        print(noise(results["load"]))
    if a.json:
        a.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
