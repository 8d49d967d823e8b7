"""What sessions cost vestibule itself: memory of the near cache; and its connections to Redis."""
import re
import time

from harness.program import Vestibule
from harness.redis import free_port
from harness.wire import request

import capacity_operations
import peers
from capacity_memory import SIZES
from capacity_server import new_sids, server, value_of
from processes import resident
from report import section
from wrk import Load

SESSIONS = 20_000
FIRST = 1000  # of them, seen before the memory is looked at: what is allocated once
WORKERS = (1, 2, 4)
IDLE = 4      # seconds


def metric(port, name):
    text = request(port, "GET", "/metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def near(stage, size):
    with server(stage, f"near-{size}") as redis:
        sids, admin = new_sids(SESSIONS), free_port()
        everyone = capacity_operations.Crowd(stage, f"near-{size}", sids, value_of(size))
        first = capacity_operations.Crowd(stage, f"near-first-{size}", sids[:FIRST], value_of(size))
        peer = peers.Vestibule(stage, session="required", name=f"near {size}", sessions=everyone.of(redis),
                               near_cache={"enabled": True, "max_bytes": "2GiB"})
        peer.config["admin"] = {"address": f"127.0.0.1:{admin}"}
        peer.start()

        def use(crowd, seen):
            peer.sessions = crowd
            while metric(admin, "vestibule_near_cache_misses_total") < seen:
                stage.wrk.run(Load("/small", 16), peer, 2)
            return resident(peer.pid), metric(admin, "vestibule_near_cache_bytes")

        rss, said = use(first, FIRST)
        now, says = use(everyone, SESSIONS)
        peer.stop()
    count = SESSIONS - FIRST
    return {"size": size, "resident": (now - rss) / count, "said": (says - said) / count}


def connections(stage, workers):
    """Of one replica to Redis, and what it costs when nobody visits: PINGs and CPU a second."""
    with server(stage, f"connections-{workers}") as redis:
        before = int(redis.info("clients")["connected_clients"])
        program = Vestibule(stage.processes.folder,
                            {"workers": workers, "backends": [{"url": f"http://127.0.0.1:{stage.backend.address}"}],
                             "store": {"url": f"redis+unix://{redis.socket}"}})
        time.sleep(1)
        clients = redis.command("CLIENT", "LIST").decode().splitlines()
        pings, cpu = redis.calls()["ping"][0], redis.cpu()
        time.sleep(IDLE)
        pings, cpu = redis.calls()["ping"][0] - pings, redis.cpu() - cpu
        program.stop()
        still = redis.cpu()
        time.sleep(IDLE)
        cpu -= redis.cpu() - still  # what it does without anybody
    return {"workers": workers, "connections": len(clients) - before, "resp3": sum("resp=3" in c for c in clients),
            "pings": pings / IDLE, "cpu_us": max(0, cpu * 1e6 / IDLE)}


def run(stage):
    return {"near": [near(stage, size) for size in SIZES],
            "connections": [connections(stage, workers) for workers in WORKERS]}


def text(figures):
    rows = [[f"{row['size']:,}", f"{row['resident']:,.0f}", f"{row['said']:,.0f}",
             f"{row['resident'] / row['said']:.2f}"] for row in figures["near"]]
    out = section("vestibule: a session in the near cache", ["value, bytes", "RSS", "vestibule_near_cache_bytes",
                                                            "RSS to that"], rows)
    rows = [[str(row["workers"]), str(row["connections"]), str(row["resp3"]), f"{row['pings']:.1f}",
             f"{row['cpu_us']:,.0f}"] for row in figures["connections"]]
    head = ["workers", "connections", "of them RESP3", "PINGs a second", "CPU of Redis, us a second"]
    return out + "\n" + section("vestibule without requests: connections to Redis", head, rows)
