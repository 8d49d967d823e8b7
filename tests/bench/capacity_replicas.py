"""Messages of Redis about what has changed, and the model against replicas that run: fifty simulated ones, and a
few real ones."""
import asyncio
import dataclasses
import random
import time

from harness import cookies
from harness.program import Vestibule
from harness.wire import request_text

import capacity_model as model
import capacity_operations
from capacity_memory import reader
from capacity_replica import Replica
from capacity_server import TTL, Link, new_sids, server, session_key, store, value_of
from report import section
from resp3 import command
from stage import say

HOLDERS = (0, 1, 5, 10, 25, 50)
CHANGED = 2000
WARM, SECONDS = 12, 20
RUN = model.Plan(users=1500, rate=1, visit=60, writes=2, logouts=0.2, idle=TTL, replicas=50, workers=1, touch=5,
                 table=0)
PLANS = {
    "50 simulated, any replica": RUN,
    "50 simulated, 9 in 10 to their own": dataclasses.replace(RUN, sticky=0.9),
    "50 simulated, near cache too small": dataclasses.replace(RUN, sticky=0.9, near=25 * 2132),
}
REAL = dataclasses.replace(RUN, users=400, replicas=3, workers=2)
REAL_PLANS = {"3 vestibules of 2 workers, any replica": REAL,
              "3 vestibules of 2 workers, always their own": dataclasses.replace(REAL, sticky=1)}


# How many messages a change is.

def changes(stage, holders):
    """EXPIRE of sessions that so many connections have read: CPU, bytes and messages of each. In one pipeline, so that
    a connection is told of many in one write, and one at a time."""
    with server(stage, f"changes-{holders}") as redis:
        sids = new_sids(2 * CHANGED)
        store(redis, sids, value_of(600))
        links = [reader(redis, sids) for _ in range(holders)]
        sent, cpu = int(redis.info("stats")["total_net_output_bytes"]), redis.cpu()
        with Link(redis.socket) as link:
            link.pour(command("EXPIRE", session_key(sid), TTL) for sid in sids[:CHANGED])
            for each in links:
                each.ask("PING")
            together, bytes_sent = redis.cpu() - cpu, int(redis.info("stats")["total_net_output_bytes"]) - sent
            cpu = redis.cpu()
            for sid in sids[CHANGED:]:
                link.ask("EXPIRE", session_key(sid), TTL)
            alone = redis.cpu() - cpu
        for each in links:
            each.ask("PING")
        row = {"holders": holders, "cpu_us": together * 1e6 / CHANGED, "alone_us": alone * 1e6 / CHANGED,
               "bytes": bytes_sent / CHANGED, "messages": sum(each.told.total() for each in links) / CHANGED / 2}
        for each in links:
            each.sock.close()
    return row


def run_invalidations(stage):
    return [changes(stage, holders) for holders in HOLDERS]


def text_invalidations(rows):
    first, last = rows[0], rows[-1]
    slope = {key: (last[key] - first[key]) / last["holders"] for key in ("cpu_us", "alone_us", "bytes")}
    body = [[str(row["holders"]), f"{row['messages']:.2f}", f"{row['cpu_us']:.1f}", f"{row['alone_us']:.1f}",
             f"{row['bytes']:,.0f}"] for row in rows]
    return section("Redis: messages of a change",
                   ["connections that hold it", "messages", "CPU us, in a pipeline", "one at a time", "bytes sent"],
                   body,
                   f"A message is {slope['cpu_us']:.2f} us of CPU in a pipeline, {slope['alone_us']:.2f} us alone, and "
                   f"{slope['bytes']:.0f} bytes.\n\n")


# The model against what runs.

class Names:
    """The sids of the traffic's sessions, the first of them stored already, touched some time ago."""

    def __init__(self, redis, plan, value):
        self.redis, self.value = redis, value
        self.sids = new_sids(plan.users)
        rng = random.Random(7)
        with Link(redis.socket) as link:
            link.pour(command("SET", session_key(sid), value, "PX", round(1000 * (TTL - rng.random() * plan.touch)))
                      for sid in self.sids)

    def of(self, event):
        while event.session >= len(self.sids):
            self.sids += new_sids(1000)
        return self.sids[event.session]

    def create(self, sid):
        """As Express would."""
        return command("SET", session_key(sid), self.value, "EX", TTL)


async def play(plan, names, counts, request, create):
    """The traffic, when its time has come; what was counted when it was warm, CPU of Redis, and by how much the
    latest request was late."""
    begin, late, tasks = time.monotonic(), 0, set()
    before, cpu = None, None
    for event in model.traffic(plan, plan.users, WARM + SECONDS, random.Random(3)):
        if before is None and event.at >= WARM:
            before, cpu = counts(), names.redis.cpu()
        pause = begin + event.at - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        late = max(late, -pause)
        sid = names.of(event)
        if event.first:
            await create(sid)
        task = asyncio.create_task(request(event, sid))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return before, names.redis.cpu() - cpu, late


async def simulated(stage, redis, plan):
    counts = model.Counts()
    names = Names(redis, plan, value_of(600))
    workers = [await Replica.connected(redis.socket, plan.touch, plan.entries, counts) for _ in range(plan.holders)]
    writer = await Replica.connected(redis.socket, plan.touch, 0, model.Counts())

    async def create(sid):
        counts.created += 1
        await writer.ask(["SET", session_key(sid), names.value, "EX", TTL])

    async def request(event, sid):
        await workers[event.holder].request(sid, event.kind)

    before, cpu, late = await play(plan, names, lambda: dataclasses.replace(counts), request, create)
    connections = int(redis.info("clients")["connected_clients"])
    for each in [*workers, writer]:
        each.transport.close()
    return {"counts": model.minus(counts, before), "cpu": cpu, "late": late, "connections": connections - 2}


def predicted(plan):
    """By the model, from the same traffic."""
    return model.simulate(plan, plan.users, SECONDS, WARM, seed=3).times(SECONDS)


class Fleet:
    """Real replicas, and a keep-alive connection to each of their workers."""

    def __init__(self, stage, redis, backend, plan):
        self.redis = redis
        config = {
            "workers": plan.workers, "backends": [{"url": f"http://127.0.0.1:{backend.address}"}],
            "store": {"url": f"redis+unix://{redis.socket}", "timeout": "5s"},
            "session": {"user": "off", "touch_interval": f"{plan.touch}s"}, "log": {"access": False},
            "backend_control": {"enabled": True, "allow": ["seen"]},
            "capture": [{"on": {"path": "/logout"}, "destroy": True}],
            "routes": [{"match": {"path": "/*"}, "session": "required"}]}
        self.programs = []
        for _ in range(plan.replicas):
            self.programs.append(Vestibule(stage.processes.folder, config))
        self.connected = int(redis.info("clients")["connected_clients"]) - 1

    async def open(self, plan):
        """Connections, by holder: a worker is told by what it asks Redis for a session that it has not seen."""
        self.ends = []
        for program in self.programs:
            self.redis.put(scout := cookies.new_sid(), user={"id": "scout"}, ttl=TTL)
            found = 0
            while found < plan.workers:
                misses = program.metric("vestibule_near_cache_misses_total")
                end = Connection(await asyncio.open_connection("127.0.0.1", program.address))
                await end.get("/", scout)
                if program.metric("vestibule_near_cache_misses_total") > misses:
                    self.ends.append(end)
                    found += 1
                else:
                    end.close()

    def counts(self):
        """What Redis and the programs have counted."""
        near = {name: sum(program.metric(f"vestibule_near_cache_{name}_total") for program in self.programs)
                for name in ("hits", "misses", "invalidations")}
        calls = {name: count for name, (count, _) in self.redis.calls().items()}
        return model.Counts(requests=near["hits"] + near["misses"], hits=near["hits"], loads=calls.get("mget", 0),
                            touches=calls.get("expire", 0), changes=calls.get("evalsha", 0) + calls.get("eval", 0),
                            logouts=0, messages=near["invalidations"])

    def stop(self):
        for program in self.programs:
            program.stop()


class Connection:
    """HTTP, one request after the other."""

    def __init__(self, streams):
        self.reader, self.writer = streams
        self.lock = asyncio.Lock()

    async def get(self, target, sid):
        async with self.lock:
            self.writer.write(request_text("GET", target, {"Cookie": f"sid={cookies.sign(sid)}"}))
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            await self.reader.readexactly(int(head.partition("content-length:")[2].split("\r\n")[0]))

    def close(self):
        self.writer.close()


async def real(fleet, redis, plan):
    names = Names(redis, plan, value_of(600))
    await fleet.open(plan)
    writer = await Replica.connected(redis.socket, plan.touch, 0, model.Counts())

    async def create(sid):
        await writer.ask(["SET", session_key(sid), names.value, "EX", TTL])

    async def request(event, sid):
        target = {"change": "/patch", "logout": "/logout"}.get(event.kind, "/")
        await fleet.ends[event.holder].get(target, sid)

    before, cpu, late = await play(plan, names, fleet.counts, request, create)
    time.sleep(0.3)
    counts = model.minus(fleet.counts(), before)
    for each in fleet.ends:
        each.close()
    writer.transport.close()
    return {"counts": counts, "cpu": cpu, "late": late, "connections": fleet.connected}


def run(stage):
    figures = {}
    for name, plan in PLANS.items():
        with server(stage, name.replace(" ", "-").replace(",", "")) as redis:
            figures[name] = asyncio.run(simulated(stage, redis, plan))
        figures[name]["model"] = predicted(plan)
        say(f"{name}: {figures[name]}")
    return figures


def run_real(stage):
    figures, backend = {}, capacity_operations.Backend(stage)
    for name, plan in REAL_PLANS.items():
        with server(stage, name.replace(" ", "-").replace(",", "")) as redis:
            fleet = Fleet(stage, redis, backend, plan)
            try:
                figures[name] = asyncio.run(real(fleet, redis, plan))
            finally:
                fleet.stop()
        figures[name]["model"] = predicted(plan)
        say(f"{name}: {figures[name]}")
    stage.processes.end(backend.process)
    return figures


def compared(measured, by_model):
    return f"{measured:,.0f} / {by_model:,.0f} ({(measured / by_model - 1) * 100:+.1f} %)" if by_model else "-"


def text(figures):
    rows = []
    for name, f in figures.items():
        seen, said = f["counts"], f["model"]
        rows.append([name, compared(seen.requests, said.requests),
                     f"{seen.hit_rate * 100:.1f} % / {said.hit_rate * 100:.1f} %",
                     *(compared(getattr(seen, key), getattr(said, key))
                       for key in ("loads", "touches", "changes", "messages")),
                     str(f["connections"]), f"{f['cpu'] / SECONDS * 100:.1f} %", f"{f['late'] * 1000:.0f}"])
    head = ["replicas", "requests", "near-cache hits", "loads", "touches", "changes", "messages", "connections",
            "Redis CPU", "latest, ms"]
    return section(f"Measured / by the model, in {SECONDS} s", head, rows)
