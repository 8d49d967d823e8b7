"""Memory of Redis: a session, the list of a user, a tombstone, what it tracks, a connection."""
import time

from capacity_server import Link, list_key, new_sids, server, session_key, store, tombstone_key, value_of
from report import section
from resp3 import command
from stage import say

SIZES = (200, 600, 2048, 8192)
FEW, MANY = 100_000, 1_000_000
MOST_BYTES = 3_000_000_000  # of one Redis here
TRACKED = 20_000            # sessions, for the table of what is tracked
CLIENTS = (1, 2, 5, 10, 25, 50)
IDLE = 200                  # connections
FULL = 20_000               # keys, of a table that is full
TRIMMED = 8                 # seconds


def growth(redis, act):
    before = redis.used_memory()
    act()
    return redis.used_memory() - before


def lists(redis, sids, each=1):
    """What the script of vestibule leaves: a sorted set that ends with its last session. `each` in one."""
    with Link(redis.socket) as link:
        link.pour(command("ZADD", list_key(number // each), 1_900_000_000_000 + number, sid)
                  for number, sid in enumerate(sids))
        link.pour(command("PEXPIREAT", list_key(number), 1_900_000_000_000) for number in range(len(sids) // each))


def tombstones(redis, sids):
    with Link(redis.socket) as link:
        link.pour(command("SET", tombstone_key(sid), "-", "EX", 3000) for sid in sids)


def stored(stage, size, total, with_more):
    """Bytes of one of so many sessions, and of what belongs to them."""
    sids, row = new_sids(total), {"size": size, "sessions": total}
    with server(stage, f"memory-{size}-{total}") as redis:
        resident = int(redis.info("memory")["used_memory_rss"])
        row["session"] = growth(redis, lambda: store(redis, sids, value_of(size))) / total
        row["resident"] = (int(redis.info("memory")["used_memory_rss"]) - resident) / total
        if with_more:
            row["list"] = growth(redis, lambda: lists(redis, sids)) / total
            row["tombstone"] = growth(redis, lambda: tombstones(redis, sids)) / total
    return row


def five_in_a_list(stage):
    sids = new_sids(FEW)
    with server(stage, "memory-lists") as redis:
        return growth(redis, lambda: lists(redis, sids, 5)) / FEW


def few(stage):
    rows = []
    for size in SIZES:
        rows.append(stored(stage, size, FEW, True))
        say(f"memory: {rows[-1]}")
    return {"rows": rows, "five": five_in_a_list(stage)}


def many(stage, sizes):
    """A million of them, or as many as there is memory for."""
    rows = []
    for size in sizes:
        total = min(MANY, int(MOST_BYTES / (1.25 * size + 300) / 250_000) * 250_000)
        rows.append(stored(stage, size, total, size == 600))
        say(f"memory: {rows[-1]}")
    return {"rows": rows}


def load(sids):
    """What a load of vestibule sends for each."""
    return b"".join(command("MGET", session_key(sid), tombstone_key(sid)) + command("PTTL", session_key(sid))
                    for sid in sids)


def table_bytes(redis):
    """Of all memory but that of connections."""
    info = redis.info("memory")
    return int(info["used_memory"]) - int(info["mem_clients_normal"])


def tracked(stage, clients):
    """One after the other, connections read all sessions: bytes of the table with each of `clients` of them."""
    rows, links = [], []
    with server(stage, "tracking") as redis:
        sids = new_sids(TRACKED)
        store(redis, sids, value_of(600))
        before = table_bytes(redis)
        for number in range(1, max(clients) + 1):
            links.append(reader(redis, sids))
            if number in clients:
                info = redis.info("stats")
                rows.append({"clients": number, "bytes": (table_bytes(redis) - before) / TRACKED,
                             "keys": int(info["tracking_total_keys"]) / TRACKED,
                             "items": int(info["tracking_total_items"]) / TRACKED})
        rows[-1]["left"] = left_behind(redis, sids)
        for link in links:
            link.sock.close()
    return rows


def reader(redis, sids):
    link = Link(redis.socket)
    link.ask("HELLO", 3)
    link.ask("CLIENT", "TRACKING", "ON")
    ask_for(link, sids)
    return link


def ask_for(link, sids):
    for at in range(0, len(sids), 1000):
        part = sids[at:at + 1000]
        link.send(load(part))
        link.take(2 * len(part))


def left_behind(redis, sids):
    """Keys for each session that are still tracked when the sessions have ended by their TTL."""
    with Link(redis.socket) as link:
        link.pour(command("PEXPIRE", session_key(sid), 1) for sid in sids)
        link.pour(command("EXISTS", session_key(sid)) for sid in sids)
    return int(redis.info("stats")["tracking_total_keys"]) / len(sids)


def full(stage):
    """Of new sessions, the share that is still tracked, in a full table of which the most is tombstones of sessions
    that have ended."""
    with server(stage, "full", "--tracking-table-max-keys", str(FULL)) as redis:
        sids = new_sids(FULL + FULL // 10)
        store(redis, sids, value_of(200))
        ended, living = sids[:FULL], sids[FULL:]
        link = reader(redis, [])
        for at in range(0, len(ended), 1000):
            ask_for(link, ended[at:at + 1000])
            left_behind(redis, ended[at:at + 1000])
        ask_for(link, living)
        link.ask("PING")
        link.told.clear()
        with Link(redis.socket) as writer:
            writer.pour(command("DEL", session_key(sid)) for sid in living)
        link.ask("PING")
        link.sock.close()
        return link.told["sess"] / len(living)


def connections(stage):
    """Bytes of a connection that tracks and is asked for its heart, as long as Redis takes to trim it."""
    with server(stage, "connections") as redis:
        before, links = redis.used_memory(), []
        for _ in range(IDLE):
            links.append(Link(redis.socket))
            links[-1].ask("HELLO", 3)
            links[-1].ask("CLIENT", "TRACKING", "ON")
        fresh = (redis.used_memory() - before) / IDLE
        end, cpu, pings = time.monotonic() + TRIMMED, redis.cpu(), 0
        while time.monotonic() < end:
            for link in links:
                link.ask("PING")
                pings += 1
            time.sleep(0.25)
        cpu = redis.cpu() - cpu
        trimmed = (redis.used_memory() - before) / IDLE
        for link in links:
            link.sock.close()
    return {"fresh": fresh, "beating": trimmed, "ping_us": cpu * 1e6 / pings}


def run_million(stage):
    return many(stage, SIZES[:2])


def run_large(stage):
    return many(stage, SIZES[2:])


def run_tracking(stage):
    return {"rows": tracked(stage, CLIENTS), "full": full(stage),
            "connections": connections(stage)}


def cell(row, key):
    return f"{row[key]:,.0f}" if key in row else "-"


def text(figures):
    rows = [[f"{row['size']:,}", f"{row['sessions']:,}", cell(row, "session"), f"{row['session'] - row['size']:,.0f}",
             cell(row, "resident"), cell(row, "list"), cell(row, "tombstone")] for row in figures["rows"]]
    head = ["value, bytes", "sessions", "used_memory each", "over the value", "resident each", "list of its user",
            "tombstone"]
    note = f"Five sessions in one list: {figures['five']:,.0f} bytes a session.\n\n" if "five" in figures else ""
    return section("Redis: memory of a session", head, rows, note)


def text_tracking(figures):
    rows = [[f"{row['clients']}", f"{row['bytes']:,.0f}", f"{row['bytes'] / row['clients']:,.0f}", f"{row['keys']:.2f}",
             f"{row['items']:.0f}"] for row in figures["rows"]]
    head = ["connections that hold it", "bytes a session", "and connection", "keys a session", "items a session"]
    return section("Redis: memory of what is tracked", head, rows,
                   f"Tracked keys a session when all have run out: {figures['rows'][-1]['left']:.2f}. A "
                   f"connection that tracks: {figures['connections']['fresh']:,.0f} bytes when it is new, "
                   f"{figures['connections']['beating']:,.0f} after {TRIMMED} s of PINGs, "
                   f"each of which takes {figures['connections']['ping_us']:.1f} us of CPU. "
                   f"Of sessions read when the table is full of tombstones, {figures['full'] * 100:.0f} % are still "
                   f"tracked.\n\n")
