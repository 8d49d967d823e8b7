"""A vestibule as Redis sees it, many of them in one process: RESP3, one connection that tracks, a near cache as
that of the model, MGET, PTTL and ECHO on a miss, EXPIRE when it is time."""
import asyncio
import collections
import time

from capacity_model import Counts, Sieve
from capacity_server import TTL, session_key, tombstone_key
from resp3 import Problem, Push, Replies, command

CHANGE = "return redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')"  # Redis' part of a compare-and-set, as to messages
PREFIX = b"sess:"


class Replica(asyncio.Protocol):
    def __init__(self, touch, room, counts):
        self.touch, self.counts = touch, counts
        self.cache = Sieve(room)
        self.replies, self.waiting = Replies(), collections.deque()
        self.flights = {}       # sid: whether its answer may be kept
        self.touched = set()    # by us, and not yet told so
        self.tasks = set()
        self.transport = None

    @classmethod
    async def connected(cls, path, *arguments):
        _, replica = await asyncio.get_running_loop().create_unix_connection(lambda: cls(*arguments), path)
        await replica.ask(["HELLO", 3], ["CLIENT", "TRACKING", "ON"])
        return replica

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for reply in self.replies.feed(data):
            if isinstance(reply, Push):
                self.told(reply)
                continue
            future, left, got = self.waiting[0]
            got.append(reply)
            if len(got) == left:
                self.waiting.popleft()
                problem = next((each for each in got if isinstance(each, Problem)), None)
                if problem:
                    future.set_exception(problem)
                else:
                    future.set_result(got)

    def ask(self, *commands):
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((future, len(commands), []))
        self.transport.write(b"".join(command(*words) for words in commands))
        return future

    def told(self, push):
        for key in push[1] or ():
            if not key.startswith(PREFIX):
                self.counts.useless += 1
                continue
            self.counts.messages += 1
            sid = key[len(PREFIX):].decode()
            self.cache.drop(sid)
            if sid in self.flights:
                self.flights[sid] = False
            if sid in self.touched:
                self.touched.remove(sid)
                self.later(self.load(sid))

    def later(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def load(self, sid):
        """When its TTL has been set, by what is left of it; None: there is no such session."""
        self.counts.loads += 1
        self.flights[sid] = True
        asked = time.monotonic()
        (value, _), left, _ = await self.ask(["MGET", session_key(sid), tombstone_key(sid)],
                                             ["PTTL", session_key(sid)], ["ECHO", sid])
        keep = self.flights.pop(sid, False)
        if value is None:
            return None
        renewed = asked - (TTL - left / 1000)
        if keep:
            self.cache.keep(sid, renewed)
        return renewed

    async def request(self, sid, kind):
        self.counts.requests += 1
        renewed = self.cache.get(sid)
        if renewed is None:
            renewed = await self.load(sid)
        else:
            self.counts.hits += 1
        if renewed is None:
            return
        if time.monotonic() - renewed >= self.touch and sid not in self.touched:
            self.touched.add(sid)
            self.counts.touches += 1
            await self.ask(["EXPIRE", session_key(sid), TTL])
        if kind == "change":
            self.counts.changes += 1
            await self.ask(["EVAL", CHANGE, 1, session_key(sid), "changed"])
        elif kind == "logout":
            self.counts.logouts += 1
            await self.ask(["SET", tombstone_key(sid), "-", "EX", 300], ["DEL", session_key(sid)])
