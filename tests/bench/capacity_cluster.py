"""What grows with the memory of a Redis: a fork for a snapshot, moving slots, and a failover of a Cluster."""
import binascii
import contextlib
import random
import socket
import subprocess
import time

from capacity_memory import reader
from capacity_server import TTL, Link, Server, new_sids, server, session_key, store, value_of
from processes import until
from report import section
from resp3 import command

FORKED = 200_000
TOUCHED = 5_000  # sessions, while the snapshot is written
SESSIONS = 20_000
SLOTS = 500       # that move
TIMEOUTS = (5000, 2000)  # cluster-node-timeout, ms


# A snapshot, as BGSAVE, an AOF rewrite and a new replica begin it.

def fork(stage):
    with server(stage, "fork") as redis:
        sids = new_sids(FORKED)
        store(redis, sids, value_of(600))
        used = redis.used_memory()
        begin = time.monotonic()
        redis.command("BGSAVE")
        with Link(redis.socket) as link:
            link.pour(command("EXPIRE", session_key(sid), TTL) for sid in random.Random(1).sample(sids, TOUCHED))
        touched = redis.info("persistence")["rdb_bgsave_in_progress"] == "1"
        until(lambda: redis.info("persistence")["rdb_bgsave_in_progress"] == "0", 60, 0.05)
        took, after = time.monotonic() - begin, redis.info("persistence")
        return {"used": used, "fork_us": int(redis.info("stats")["latest_fork_usec"]), "seconds": took,
                "copied": int(after["rdb_last_cow_size"]) if touched else None}


# A Cluster.

def two_free_ports():
    """One of Redis and one of its bus, 10,000 above."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            return port


class Node(Server):
    def __init__(self, folder, cpus, *options):
        folder.mkdir()
        port = two_free_ports()
        super().__init__(folder, cpus, "--port", str(port), "--cluster-enabled", "yes", "--cluster-config-file",
                         "nodes", *options)  # the last --port counts
        self.port = port

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def id(self):
        return self.command("CLUSTER", "MYID").decode()

    def settled(self, count):
        """It knows so many nodes, and has what its primary has."""
        told = self.command("CLUSTER", "INFO").decode()
        return (f"cluster_known_nodes:{count}\r" in told and "cluster_state:ok" in told
                and self.info("replication").get("master_link_status", "up") == "up")

    def is_primary(self):
        return self.command("ROLE")[0] == b"master"


def slot_of(key):
    return binascii.crc_hqx(key.encode(), 0) % 16384


def cli(*arguments):
    done = subprocess.run(["redis-cli", *map(str, arguments)], capture_output=True, text=True, timeout=90)
    if done.returncode:
        raise RuntimeError(done.stdout[-500:] + done.stderr[-500:])


def filled(primaries):
    """{primary: its sids}"""
    mine = {node: [] for node in primaries}
    places = [(first, last, next(node for node in primaries if node.port == port))
              for first, last, (_, port, *_), *_ in primaries[0].command("CLUSTER", "SLOTS")]
    for sid in new_sids(SESSIONS):
        slot = slot_of(session_key(sid))
        mine[next(node for first, last, node in places if first <= slot <= last)].append(sid)
    for node, sids in mine.items():
        store(node, sids, value_of(600))
    return mine


def moved(primaries, mine):
    """Slots go from the first to the second while somebody tracks their sessions."""
    link = reader(primaries[0], mine[primaries[0]])
    keys, begin = primaries[0].command("DBSIZE"), time.monotonic()
    cli("--cluster", "reshard", primaries[1].address, "--cluster-from", primaries[0].id(), "--cluster-to",
        primaries[1].id(), "--cluster-slots", SLOTS, "--cluster-pipeline", 100, "--cluster-yes")
    took, count = time.monotonic() - begin, keys - primaries[0].command("DBSIZE")
    link.ask("PING")
    told = link.told["sess"]
    link.sock.close()
    return {"keys": count, "seconds": took, "told": told}


def failover(nodes, primary, timeout):
    """Seconds from kill -9 of a primary until another one has its slots."""
    alive = [node for node in nodes if node.process.poll() is None]
    for node in alive:
        node.command("CONFIG", "SET", "cluster-node-timeout", timeout)
    until(lambda: all(node.settled(len(nodes)) for node in alive), 30, 0.05)
    primaries = sum(node.is_primary() for node in alive)
    alive.remove(primary)
    begin = time.monotonic()
    primary.process.kill()
    primary.process.wait()
    until(lambda: sum(node.is_primary() for node in alive) == primaries, 60, 0.01)
    promoted = time.monotonic() - begin
    return {"timeout": timeout, "promoted": promoted}


def cluster(stage):
    nodes = []
    try:
        for number in range(6):
            nodes.append(Node(stage.processes.folder / f"node-{number}", stage.processes.cpus.proxy,
                              "--cluster-node-timeout", str(TIMEOUTS[0]), "--repl-diskless-sync-delay", "0"))
        cli("--cluster", "create", *(node.address for node in nodes), "--cluster-replicas", 1, "--cluster-yes")
        until(lambda: all(node.settled(len(nodes)) for node in nodes), 30, 0.05)
        primaries = [node for node in nodes if node.is_primary()]
        mine = filled(primaries)
        figures = {"moved": moved(primaries, mine), "failover": []}
        for primary, timeout in zip(primaries, TIMEOUTS):
            figures["failover"].append(failover(nodes, primary, timeout))
        return figures
    finally:
        for node in nodes:
            node.stop()


def run(stage):
    return {"fork": fork(stage), **cluster(stage)}


def text(figures):
    f, moves = figures["fork"], figures["moved"]
    rows = [["fork of a Redis, ms per GB in use", f"{f['fork_us'] / 1000 / (f['used'] / 1e9):.1f}"],
            ["writing the snapshot, s per GB in use", f"{f['seconds'] / (f['used'] / 1e9):.1f}"],
            ["copied meanwhile, bytes per touch", f"{f['copied'] / TOUCHED:,.0f}" if f["copied"] else "-"],
            ["slots moved, keys a second", f"{moves['keys'] / moves['seconds']:,.0f}"],
            ["keys moved, and of them told to who tracks them", f"{moves['keys']:,} / {moves['told']:,}"]]
    for each in figures["failover"]:
        rows.append([f"primary killed, cluster-node-timeout {each['timeout']:,} ms: another one after, s",
                     f"{each['promoted']:.1f}"])
    return section("Redis: forks and Clusters", ["what", "measured"], rows)
