"""What a site asks of Redis and of the near caches: a simulation of its sessions, request by request, and what
follows from it with the constants measured (deploy/capacity.md). Pure: no I/O, nothing but the standard library.

    python3 tests/bench/capacity_model.py --users 100000 --replicas 20 --workers 2 --rate 0.1

A sample of the users is simulated; near caches and Redis' table of what is tracked are cut down by the same
factor, everything else is multiplied by it. Time stands still while Redis is asked.
"""
import argparse
import dataclasses
import heapq
import math
import random
from typing import NamedTuple

ENTRY_OVERHEAD = 900  # proxy/store/near_cache.cpp
SID = 32              # bytes


@dataclasses.dataclass(frozen=True)
class Plan:
    users: int = dataclasses.field(default=10_000, metadata={"help": "on the site at the same time"})
    rate: float = dataclasses.field(default=0.1, metadata={"help": "requests of each, a second"})
    visit: float = dataclasses.field(default=600, metadata={"help": "seconds from first to last request of a session"})
    idle: float = dataclasses.field(default=86_400, metadata={"help": "seconds that a session lives on unused"})
    logouts: float = dataclasses.field(default=0.2, metadata={"help": "share of the visits that end with one"})
    writes: float = dataclasses.field(default=2, metadata={"help": "changes of a session in its visit"})
    value: int = dataclasses.field(default=600, metadata={"help": "bytes of a session"})
    replicas: int = dataclasses.field(default=3, metadata={"help": "vestibules"})
    workers: int = dataclasses.field(default=2, metadata={"help": "of each"})
    sticky: float = dataclasses.field(default=0, metadata={"help": "share of requests that the load balancer sends to "
                                                           "the session's own replica"})
    touch: float = dataclasses.field(default=60, metadata={"help": "session.touch_interval, seconds"})
    near: int = dataclasses.field(default=64 << 20, metadata={"help": "store.near_cache.max_bytes of a replica"})
    primaries: int = dataclasses.field(default=1, metadata={"help": "of the Redis Cluster"})
    table: int = dataclasses.field(default=1_000_000, metadata={"help": "tracking-table-max-keys; 0: without bound"})
    tombstones: int = dataclasses.field(default=0, metadata={"help": "1: a load has the key of the tombstone tracked, "
                                                             "too; 0: only the session's"})

    @property
    def holders(self):
        """Workers, each with a near cache and a connection that tracks."""
        return self.replicas * self.workers

    @property
    def begun(self):
        """Sessions a second."""
        return self.users / self.visit

    @property
    def sessions(self):
        """Stored: those of visits under way, and those whose TTL has not yet run out."""
        return self.users + self.begun * (1 - self.logouts) * self.idle

    @property
    def entries(self):
        """Sessions that the near cache of one worker has room for."""
        return self.near // self.workers // (ENTRY_OVERHEAD + SID + 2 * self.value)

    @property
    def reads(self):
        """Of a session, from a touch to the next: that of who touched it and those of the requests until then."""
        return self.rate * self.touch + 2

    def met(self, requests):
        """Workers that a session with so many requests meets, on average."""
        home = (self.sticky + (1 - self.sticky) / self.replicas) / self.workers
        other = (1 - self.sticky) / self.holders
        return (self.workers * (1 - (1 - home) ** requests)
                + (self.holders - self.workers) * (1 - (1 - other) ** requests))


class Event(NamedTuple):
    at: float
    session: int
    holder: int  # replica * workers + worker
    kind: str    # request, change, logout
    first: bool  # of its session


def traffic(plan, sample, seconds, rng):
    """The requests of so many users, in the order of time. Each comes back with a new session when a visit is
    over; when this begins, all are somewhere in theirs. Which worker of a replica: as the connection has it."""
    changing = min(1.0, plan.writes / (plan.rate * plan.visit))
    heap, count = [], 0

    def visit(begin, end):
        nonlocal count
        heapq.heappush(heap, (begin, count, end, rng.randrange(plan.replicas), begin > 0))
        count += 1

    for _ in range(sample):
        visit(-1, rng.random() * plan.visit)
    while heap:
        at, session, end, home, first = heapq.heappop(heap)
        if at > seconds:
            return
        following = max(at, 0) + rng.expovariate(plan.rate)
        over = following > end
        if over:
            visit(max(following, 1e-9), following + plan.visit)
        else:
            heapq.heappush(heap, (following, session, end, home, False))
        if at < 0:
            continue
        kind = "logout" if over and rng.random() < plan.logouts else "change" if rng.random() < changing else "request"
        replica = home if rng.random() < plan.sticky else rng.randrange(plan.replicas)
        yield Event(at, session, replica * plan.workers + rng.randrange(plan.workers), kind, first)


class Sieve:
    """As near_cache keeps entries of one size: a queue by age, and a hand that goes from old to new, spares what
    was used since its last visit and removes the first that was not."""

    SID, VALUE, USED, NEWER, OLDER = range(5)

    def __init__(self, room):
        self.room = room
        self.nodes = {}
        self.newest = self.oldest = self.hand = None

    def get(self, sid):
        node = self.nodes.get(sid)
        if node is None:
            return None
        node[self.USED] = True
        return node[self.VALUE]

    def keep(self, sid, value):
        self.drop(sid)
        if self.room < 1:
            return
        while len(self.nodes) >= self.room:
            self.evict()
        node = [sid, value, False, None, self.newest]
        if self.newest:
            self.newest[self.NEWER] = node
        self.newest = node
        self.oldest = self.oldest or node
        self.nodes[sid] = node

    def evict(self):
        node = self.hand or self.oldest
        while node[self.USED]:
            node[self.USED] = False
            node = node[self.NEWER] or self.oldest
        self.hand = node
        self.drop(node[self.SID])

    def drop(self, sid):
        node = self.nodes.pop(sid, None)
        if node is None:
            return
        newer, older = node[self.NEWER], node[self.OLDER]
        if self.hand is node:
            self.hand = newer
        if newer:
            newer[self.OLDER] = older
        else:
            self.newest = older
        if older:
            older[self.NEWER] = newer
        else:
            self.oldest = newer


class Table:
    """What Redis tracks: {key: connections that have read it since it last changed}. When there are too many keys it
    lets some go: its walk of chance through the tree of all begins at the first one, so it ends among the sessions,
    "sess:", as long as there are any, not among the tombstones, "vestibule:". Keys: a session's number, (a word,
    number)."""

    def __init__(self, room, rng):
        self.room, self.rng = room, rng
        self.readers = {}    # key: [connections, place in its order]
        self.orders = [], []  # sessions, tombstones

    @staticmethod
    def is_tombstone(key):
        return isinstance(key, tuple) and key[0] != "idle"

    def read(self, key, holder):
        found = self.readers.get(key)
        if found is None:
            self.put(key, {holder})
        else:
            found[0].add(holder)

    def put(self, key, readers):
        order = self.orders[self.is_tombstone(key)]
        self.readers[key] = [readers, len(order)]
        order.append(key)

    def changed(self, key):
        """Who is to be told."""
        found = self.readers.pop(key, None)
        if found is None:
            return ()
        order = self.orders[self.is_tombstone(key)]
        last = order.pop()
        if last != key:
            order[found[1]] = last
            self.readers[last][1] = found[1]
        return found[0]

    def too_many(self):
        """(key, who is to be told) of each that has to go."""
        while self.room and len(self.readers) > self.room:
            sessions, tombstones = self.orders
            key = self.rng.choice(sessions or tombstones)
            yield key, self.changed(key)


@dataclasses.dataclass
class Counts:
    """Of a simulation, or of a run."""

    requests: int = 0
    hits: int = 0
    loads: int = 0       # five commands
    touches: int = 0     # EXPIRE
    changes: int = 0     # the script that compares and sets
    logouts: int = 0
    created: int = 0
    messages: int = 0    # about sessions
    useless: int = 0     # about tombstones
    pushed_out: int = 0  # of the messages: because the table was full

    def times(self, factor):
        return Counts(**{key: value * factor for key, value in dataclasses.asdict(self).items()})

    @property
    def hit_rate(self):
        return self.hits / max(1, self.requests)


def minus(a, b):
    return Counts(**{key: value - getattr(b, key) for key, value in dataclasses.asdict(a).items()})


class Site:
    """Workers before one Redis. Sessions are numbers, as are holders."""

    def __init__(self, plan, share, rng):
        self.plan, self.counts = plan, Counts()
        room = plan.entries * share
        # Less than one entry for some: then for so many of them.
        self.caches = [Sieve(int(room) + (rng.random() < room % 1)) for _ in range(plan.holders)]
        self.table = Table(round(plan.table * plan.primaries * share), rng)
        # A table fills up with time: with sessions that nobody uses any more, and with tombstones that were looked
        # for, which stay when their session has run out.
        word, requests = ("gone", plan.rate * plan.visit) if plan.tombstones else ("idle", plan.reads)
        fill = self.table.room if plan.tombstones else min(self.table.room, round((plan.sessions - plan.users) * share))
        for number in range(fill):
            self.table.put((word, number), range(round(plan.met(requests))))
        self.renewed = {}  # session: when

    def take(self, event):
        c, s = self.counts, event.session
        c.requests += 1
        if event.first:
            c.created += 1
        if s not in self.renewed:
            # At the begin they are anywhere between two touches.
            self.renewed[s] = event.at if event.first else event.at - self.table.rng.random() * self.plan.touch
        if self.caches[event.holder].get(s) is None:
            self.load(event)
        else:
            c.hits += 1
        if event.at - self.renewed[s] >= self.plan.touch:
            c.touches += 1
            self.renewed[s] = event.at
            self.tell(s)
            self.load(event)  # by itself, so that the next request finds it
        if event.kind == "change":
            c.changes += 1
            self.tell(s)
        elif event.kind == "logout":
            c.logouts += 1
            self.tell(s)
            c.useless += len(self.table.changed(("ended", s)))

    def tell(self, session):
        for holder in self.table.changed(session):
            self.counts.messages += 1
            self.caches[holder].drop(session)

    def load(self, event):
        self.counts.loads += 1
        self.table.read(event.session, event.holder)
        if self.plan.tombstones:
            self.table.read(("ended", event.session), event.holder)
        self.caches[event.holder].keep(event.session, True)
        for key, holders in self.table.too_many():
            if self.table.is_tombstone(key):
                self.counts.useless += len(holders)
                continue
            self.counts.messages += len(holders)
            self.counts.pushed_out += len(holders)
            for holder in holders:
                self.caches[holder].drop(key)


def simulate(plan, sample=2000, seconds=None, warm=None, seed=1):
    """Counts a second, of the whole site."""
    sample = min(sample, plan.users)
    warm = max(3 * plan.touch, plan.visit) if warm is None else warm
    seconds = max(3 * plan.touch, plan.visit) if seconds is None else seconds
    site, before = Site(plan, sample / plan.users, random.Random(seed + 1)), None
    for event in traffic(plan, sample, warm + seconds, random.Random(seed)):
        if before is None and event.at >= warm:
            before = dataclasses.replace(site.counts)
        site.take(event)
    return minus(site.counts, before or Counts()).times(plan.users / sample / seconds)


@dataclasses.dataclass(frozen=True)
class Costs:
    """As measured, see deploy/capacity.md: bytes of Redis' memory, microseconds of its CPU."""

    session: float = 150        # a session, beside the block of its value
    user_list: float = 197      # the list of a user with one session
    tombstone: float = 240
    tracked_key: float = 98     # in the table of what is tracked
    tracked_reader: float = 50  # and each connection that has read it
    connection: float = 26_000
    # On a busy core, each alone in its turn of Redis' loop: a command is 11, what stands with it and what a script
    # does besides comes on top.
    load: float = 19            # of a near cache: CLIENT CACHING, GET of session and tombstone, PTTL, ECHO
    touch: float = 11
    touch_list: float = 17      # the user's list, at each touch
    change: float = 21
    create: float = 16
    logout: float = 28          # SET and DEL, ZREM
    ping: float = 11            # 8 a second and worker: both connections of RESP2 (proxy/store/tracking.cpp)
    message: float = 4.3
    message_bytes: float = 70
    tombstone_life: float = 300  # seconds: session.tombstone
    spare: float = 2             # times the memory in use: fragmentation, copy-on-write at a fork, buffers
    logged_in: float = 1         # share of the sessions that stand in a user's list


def block(size):
    """What jemalloc gives for so many bytes."""
    if size <= 128:
        return max(16, -(-size // 16) * 16)
    step = (1 << (size - 1).bit_length()) // 8
    return -(-size // step) * step


def value_block(size):
    """A text of so many bytes in Redis, with its head and its end."""
    return block(size + (4 if size < 256 else 6))


def outcome(plan, c, costs=Costs()):
    """{what: how much}, of all primaries together where it is not said. `c`: counts a second."""
    room = plan.table * plan.primaries or math.inf
    ended = plan.tombstones * min(room, plan.sessions)  # at least: they stay
    sessions_tracked = min(room - ended, plan.sessions)
    tracked = sessions_tracked + ended
    readers = sessions_tracked * plan.met(plan.reads) + ended * plan.met(plan.rate * plan.visit)
    each = value_block(plan.value) + costs.session + costs.logged_in * costs.user_list
    memory = {"sessions": plan.sessions * each,
              "tombstones": c.logouts * costs.tombstone_life * costs.tombstone,
              "tracked": tracked * costs.tracked_key + readers * costs.tracked_reader,
              "connections": plan.primaries * plan.replicas * (2 * plan.workers + 1) * costs.connection}
    cpu = (c.loads * costs.load + c.touches * (costs.touch + costs.logged_in * costs.touch_list)
           + c.changes * costs.change + c.created * costs.create + c.logouts * costs.logout
           + (c.messages + c.useless) * costs.message + plan.primaries * plan.holders * 8 * costs.ping) / 1e6
    operations = 5 * c.loads + (1 + costs.logged_in) * c.touches + c.changes + c.created + 2 * c.logouts
    total = sum(memory.values())
    return {
        "sessions stored": plan.sessions,
        "requests/s": c.requests,
        "near-cache hits, %": 100 * c.hit_rate,
        "loads/s": c.loads,
        "touches/s": c.touches,
        "commands/s": operations,
        "messages/s": c.messages + c.useless,
        "messages, MB/s": (c.messages + c.useless) * costs.message_bytes / 1e6,
        "values read, MB/s": c.loads * (plan.value + 60) / 1e6,
        **{f"memory: {name}, GB": size / 1e9 for name, size in memory.items()},
        "memory in use, GB": total / 1e9,
        "memory in use of a primary, GB": total / 1e9 / plan.primaries,
        "memory to give a primary, GB": costs.spare * total / 1e9 / plan.primaries,
        "CPU of Redis, cores": cpu,
        "CPU of a primary, cores": cpu / plan.primaries,
        "connections of a primary (RESP2)": plan.replicas * (2 * plan.workers + 1),
        "connections of a primary (RESP3)": plan.replicas * (plan.workers + 1),
        "sessions in use a worker": plan.users * plan.met(plan.rate * plan.visit) / plan.holders,
        "room in the near cache of a worker": plan.entries,
    }


def amount(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Plan):
        p.add_argument(f"--{field.name}", type=field.type, default=field.default,
                       help=f"{field.metadata['help']} ({field.default:,})")
    p.add_argument("--sample", type=int, default=2000, help="users that are simulated (2000)")
    a = vars(p.parse_args())
    sample = a.pop("sample")
    plan = Plan(**a)
    for name, value in outcome(plan, simulate(plan, sample)).items():
        print(f"| {name} | {amount(value)} |")


if __name__ == "__main__":
    main()
