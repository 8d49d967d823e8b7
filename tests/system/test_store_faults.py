"""Every way a Redis can fail under the feet of logged-in visitors: what they see, and when they are served again.

Whatever happens, each answer is of the visitor's own session or a 503 that says when to come again; no cookie is taken
away, nobody is logged out, nothing that was acknowledged is lost, nobody waits for longer than the store's timeout, and
the program lives on in the memory it has. With VESTIBULE_FAULT_TABLE=FILE a table of what was seen is written there."""
import os
import threading
import time
from contextlib import contextmanager
from typing import Callable, NamedTuple

import pytest

from harness import cookies
from harness.browser import steered
from harness.faults import ASKED, Link
from harness.program import SANITIZED, SLOWER
from harness.redis import Redis, RedisError, free_port
from harness.visitors import VISITED, Visitors
from harness.wire import Truncated

TIMEOUT = 0.25       # store.timeout, as it is by default
LASTS = 0.6          # how long a fault does at least that has no length of its own
AGAIN = 2.0          # within which everybody is served again
KEEPING = ("--appendonly", "yes", "--appendfsync", "always")
PASSWORD = "the-password-of-the-store"
cookies.CONFIDENTIAL.add(PASSWORD)

# What of the requests fails while the fault lasts.
BOTH, WRITES, NONE, ANY = "reads and writes", "writes alone", "none", "maybe some"


class Fault(NamedTuple):
    did: str            # what is done, for people
    run: Callable       # a generator: begins the fault, yields while it lasts, ends it
    fails: str = BOTH
    near: bool = False  # tried with a near cache, too
    again: float = AGAIN
    options: tuple = ()  # of the server
    user: bool = False  # the program comes as a user of its own


FAULTS = {}


def fault(did, fails=BOTH, **more):
    def add(run):
        FAULTS[run.__name__.replace("_", " ")] = Fault(did, run, fails, **more)
    return add


def link_fault(name, did, begin, fails=BOTH, **more):
    def run(scene):
        begin(scene.link)
        yield
        scene.link.mend()
    FAULTS[name] = Fault(did, run, fails, **more)


def drop_clients(control):
    """Every connection but the one that asks."""
    for kind in ("normal", "pubsub"):
        control.command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


@contextmanager
def again_and_again(act, every):
    """Does it in a thread of its own, every so many seconds."""
    over = threading.Event()

    def go():
        while not over.wait(every):
            act()

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "not in time: was that a fault?"
        time.sleep(0.005)


# The server dies, hangs, or is somewhere else.

@fault("SIGKILL; after a while started with its append-only file", near=True, options=KEEPING)
def killed(scene):
    scene.redis.kill()
    yield
    scene.redis.start()


@fault("SHUTDOWN and at once a start with its append-only file", ANY, options=KEEPING)
def restarted(scene):
    scene.redis.stop()
    scene.redis.start()
    yield


@fault("SIGSTOP, SIGCONT", near=True)
def frozen(scene):
    scene.redis.freeze()
    yield
    scene.redis.thaw()


@fault("a start that takes a second to load: `LOADING`", ANY, options=KEEPING)
def loading(scene):
    with scene.redis.connect() as connection:
        connection.all([("SET", f"ballast:{i}", i) for i in range(8000)])
    scene.redis.kill()
    scene.redis.start("--key-load-delay", "100", wait=False)
    said = []

    def says_loading():
        try:
            scene.redis.command("GET", "x")
        except RedisError as error:
            said.append(str(error))
        except (OSError, Truncated):
            pass
        return any("LOADING" in text for text in said)

    until(says_loading)
    yield
    scene.redis.wait_started()


# The server answers, and refuses.

@fault("snapshots fail, as on a full disk: `MISCONF`", WRITES, options=("--save", "3600", "1"))
def disk_full(scene):
    in_the_way = os.path.join(scene.redis.folder, "dump.rdb")
    os.mkdir(in_the_way)
    scene.redis.command("BGSAVE")
    until(lambda: b"rdb_last_bgsave_status:err" in scene.redis.command("INFO", "persistence"))
    scene.refuses("MISCONF", "SET", "x", 1)
    yield
    os.rmdir(in_the_way)
    scene.redis.command("BGSAVE")
    until(lambda: b"rdb_last_bgsave_status:ok" in scene.redis.command("INFO", "persistence"))


@fault("`maxmemory` reached with `noeviction`: `OOM`", WRITES)
def memory_full(scene):
    scene.redis.command("CONFIG", "SET", "maxmemory", 1)
    scene.refuses("OOM", "SET", "x", 1)
    yield
    scene.redis.command("CONFIG", "SET", "maxmemory", 0)


@fault("`requirepass` set, connections closed: `NOAUTH`", near=True)
def password_wanted(scene):
    scene.control.command("CONFIG", "SET", "requirepass", "another-password")
    drop_clients(scene.control)
    scene.refuses("NOAUTH", "GET", "x")
    yield
    scene.control.command("CONFIG", "SET", "requirepass", "")


@fault("another password, connections closed: `WRONGPASS`", user=True)
def password_changed(scene):
    scene.redis.command("ACL", "SETUSER", "app", "resetpass", ">another-password")
    drop_clients(scene.control)
    scene.refuses("WRONGPASS", "AUTH", "app", PASSWORD)
    yield
    scene.redis.command("ACL", "SETUSER", "app", "resetpass", f">{PASSWORD}")


@fault("every right taken from its user: `NOPERM`", user=True, near=True)
def all_rights_taken(scene):
    scene.redis.command("ACL", "SETUSER", "app", "-@all")
    yield
    scene.redis.command("ACL", "SETUSER", "app", "+@all")


@fault("scripts forbidden to its user: `NOPERM` for what writes", WRITES, user=True)
def scripts_forbidden(scene):
    scene.redis.command("ACL", "SETUSER", "app", "-@scripting")
    yield
    scene.redis.command("ACL", "SETUSER", "app", "+@scripting")


@fault("turned into a replica of nobody that serves no stale data: `MASTERDOWN`")
def replica_without_its_primary(scene):
    scene.redis.command("CONFIG", "SET", "replica-serve-stale-data", "no")
    scene.redis.command("REPLICAOF", "127.0.0.1", free_port())
    scene.refuses("MASTERDOWN", "GET", "x")
    yield
    scene.redis.command("REPLICAOF", "NO", "ONE")


@fault("turned into a replica: `READONLY`", WRITES)
def read_only(scene):
    scene.redis.command("REPLICAOF", "127.0.0.1", free_port())
    scene.refuses("READONLY", "SET", "x", 1)
    yield
    scene.redis.command("REPLICAOF", "NO", "ONE")


@fault("`maxclients` reached by others, connections closed")
def too_many_clients(scene):
    before = scene.control.command("CONFIG", "GET", "maxclients")[1]
    scene.control.command("CONFIG", "SET", "maxclients", 1)
    drop_clients(scene.control)
    yield
    scene.control.command("CONFIG", "SET", "maxclients", before)


@fault("somebody's script runs on and on: silence, then `BUSY`", options=("--lua-time-limit", "300"))
def busy(scene):
    scene.control.send("EVAL", "while true do end", 0)
    time.sleep(0.35)
    scene.refuses("BUSY", "GET", "x")
    yield
    scene.redis.command("SCRIPT", "KILL")
    try:
        scene.control.reply()
    except RedisError:
        pass  # it was killed


@fault("`CLIENT PAUSE ALL`")
def paused(scene):
    scene.redis.command("CLIENT", "PAUSE", int(LASTS * 1000))
    yield
    scene.control.command("PING")  # which waits for the end, too


@fault("`CLIENT PAUSE WRITE`, as at the beginning of a failover; reads behind a write wait, too", ANY)
def writes_paused(scene):
    scene.redis.command("CLIENT", "PAUSE", 60_000, "WRITE")
    yield
    scene.control.command("CLIENT", "UNPAUSE")


@fault("`CLIENT KILL TYPE normal`, 20 times a second", ANY, near=True)
def clients_killed(scene):
    with scene.redis.connect() as connection, again_and_again(lambda: drop_clients(connection), 0.05):
        yield


@fault("`SCRIPT FLUSH`, 200 times a second", NONE)
def scripts_flushed(scene):
    with scene.redis.connect() as connection, again_and_again(lambda: connection.command("SCRIPT", "FLUSH"), 0.005):
        yield


# The way there is broken.

@fault("connections cut, new ones refused", near=True)
def refused(scene):
    scene.link.refuse()
    yield
    scene.link.accept()


@fault("every connection reset (RST), 20 times a second", ANY, near=True)
def reset(scene):
    with again_and_again(scene.link.reset, 0.05):
        yield


link_fault("half open", "nothing passes, nobody is told; then what was held back arrives", Link.half_open, near=True)
link_fault("100 ms away", "each answer takes 100 ms", lambda link: link.latency(0.1), NONE)
link_fault("too far away", "each answer takes 400 ms", lambda link: link.latency(0.4), near=True)
link_fault("dripping", "answers come at 5 bytes a second", lambda link: link.drip(5), near=True)
for count in (0, 7, 100, 3000):
    link_fault(f"cut after {count}", f"each connection ends after {count} bytes of answers",
               lambda link, count=count: link.cut_after(count), ANY if count > 50 else BOTH)
link_fault("cut while asking", "each connection ends after 1000 bytes of questions",
           lambda link: link.cut_after(1000, ASKED), ANY)

# What comes instead of each answer, or before it.
RUBBISH = {
    "no RESP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "instead"),
    "noise": (bytes(range(128, 256)) * 4, "instead"),
    "another type": (b"+OK\r\n", "instead"),
    "a number": (b":1\r\n", "instead"),
    "nothing there": (b"$-1\r\n", "instead"),
    "no array": (b"*-1\r\n", "instead"),
    "an empty array": (b"*0\r\n", "instead"),
    "unknown error": (b"-WHAT is this\r\n", "instead"),
    "huge text": (b"$9223372036854775807\r\n", "instead"),
    "huge array": (b"*2147483647\r\n" + b"$-1\r\n" * 10, "instead"),
    "negative length": (b"$-7\r\n\r\n", "instead"),
    "deeply nested": (b"*1\r\n" * 5000, "instead"),
    "half an answer, then the end": (b"*2\r\n$100\r\n{\"cookie\":", "end"),
    "one answer too many": (b"+OK\r\n", "before"),
    "one number too many": (b":1\r\n", "before"),
}
for name, (data, how) in RUBBISH.items():
    link_fault(name, f"`{data[:24].decode('latin-1').encode('unicode_escape').decode()}` "
                     f"{'and the end' if how == 'end' else how + ' of' if how == 'instead' else how} each answer",
               lambda link, data=data, how=how: link.garbage(data, end=how == "end", before=how == "before"),
               near=name in ("another type", "nothing there", "one answer too many"))


@fault("answers that nobody asked for, 50 times a second", ANY, near=True)
def talkative(scene):
    with again_and_again(lambda: scene.link.say(b"+OK\r\n"), 0.02):
        yield


class Scene:
    """Redis, the link in front of it, the program and its visitors."""

    def __init__(self, vestibule, backend, folder, this, near):
        backend.script = steered
        self.redis = Redis(folder, *this.options)
        self.link = Link(self.redis.port)
        url = self.link.url
        if this.user:
            self.redis.command("ACL", "SETUSER", "app", "on", f">{PASSWORD}", "~sess:*", "~vestibule:*", "&*", "+@all")
            url = url.replace("//", f"//app:{PASSWORD}@")
        self.program = vestibule({**VISITED, "store": {"url": url, "near_cache": {"enabled": near}}})
        self.control = self.redis.connect()

    def refuses(self, why, *command):
        """The server really does."""
        with pytest.raises(RedisError, match=why):
            self.redis.command(*command)

    def close(self):
        self.control.close()
        self.link.close()
        self.redis.stop()


@pytest.fixture(scope="module")
def table():
    """Rows for people: what was done, what was seen, what recovered when."""
    rows = []
    yield rows
    if path := os.environ.get("VESTIBULE_FAULT_TABLE"):
        head = ["Fault", "What was done", "Near cache", "Reads: 200 / 503", "Writes: 200 / 503",
                "Slowest read, write", "Served again after"]
        lines = [head, ["---"] * len(head), *rows]
        with open(path, "w") as f:
            f.writelines("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def counted(visits):
    return f"{sum(v.status == 200 for v in visits)} / {sum(v.status == 503 for v in visits)}"


def slowest(visits):
    return max((v.took for v in visits), default=0.0)


CASES = [(name, near) for name, this in FAULTS.items() for near in (False, True) if this.near or not near]


@pytest.mark.parametrize("name, near", CASES, ids=[f"{n} near" if near else n for n, near in CASES])
def test_fault(vestibule, backend, tmp_path, table, name, near):
    this = FAULTS[name]
    scene = Scene(vestibule, backend, tmp_path, this, near)
    try:
        readers = Visitors([scene.program], scene.redis, count=4, write=0)
        writers = Visitors([scene.program], scene.redis, count=4, write=3)
        with readers, writers:
            acts = this.run(scene)
            begin = time.monotonic()
            next(acts)
            time.sleep(max(0.0, LASTS - (time.monotonic() - begin)))
            if this.fails in (BOTH, WRITES):
                until(lambda: any(v.wrote and v.status != 200 for v in writers.all(begin)), 2 * SLOWER)
            during = [v for who in (readers, writers) for v in who.all(begin)]
            next(acts, None)
            mended = time.monotonic()
            back = max(who.wait_served(mended) for who in (readers, writers)) - mended
            scene.program.wait_ready(2)
            time.sleep(0.15)  # for what may still arrive late
        answers = [v for who in (readers, writers) for v in who.all(begin)]
        reads, writes = [v for v in answers if not v.wrote], [v for v in answers if v.wrote]
        table.append([name, this.did, "on" if near else "off", counted(reads), counted(writes),
                      f"{slowest(reads) * 1000:.0f} ms, {slowest(writes) * 1000:.0f} ms", f"{back * 1000:.0f} ms"])

        for who in (readers, writers):
            who.assert_all_was_right()
            assert not who.lost(), "acknowledged and not there"
        assert back < this.again * SLOWER, f"served again after {back:.2f} s"
        assert slowest(reads) < TIMEOUT + 0.25 * SLOWER, f"a read took {slowest(reads):.2f} s"
        assert slowest(writes) < 2 * TIMEOUT + 0.25 * SLOWER, f"a write took {slowest(writes):.2f} s"
        assert_failed(this.fails, during, near)
        if near and this.fails is not WRITES:
            failed = [v for v in readers.all(begin) if v.status != 200]
            assert not failed, f"{len(failed)} reads of sessions in the near cache failed, the first " \
                               f"{failed[0].sent - begin:.2f} s after the beginning, " \
                               f"{failed[0].sent - mended:.2f} after the end"
        if not SANITIZED:
            assert scene.program.rss("VmHWM") < 64 << 20
        scene.program.stop()
    finally:
        scene.close()


def assert_failed(expected, during, near):
    """The fault was one, and failed what it should."""
    failed = [v for v in during if v.status != 200]
    reads = [v for v in failed if not v.wrote]
    writes = [v for v in failed if v.wrote]
    if expected in (BOTH, WRITES):
        assert writes, "no write failed: was that a fault?"
    if expected == BOTH and not near:
        assert reads, "no read failed: was that a fault?"
    if expected == WRITES:
        assert not reads, f"{len(reads)} reads failed"
    if expected == NONE:
        assert not failed, f"{len(failed)} failed, {reads[:1]} {writes[:1]}"


def test_flushed(vestibule, backend, tmp_path):
    """FLUSHALL is a logout of everybody, by the owner of the store, and no outage."""
    backend.script = steered
    redis = Redis(tmp_path)
    program = vestibule({**VISITED, "store": {"url": redis.url}})
    visitors = Visitors([program], redis, count=4, write=3)
    with visitors:
        redis.command("FLUSHALL")
        flushed = time.monotonic()
        visitors.wait(lambda v: v.status == 401, since=flushed)
        _, cookie = redis.login(user={"id": "new"})
        assert program.get("/user", cookie=cookie).status == 200
        time.sleep(0.2)
    after = visitors.all(flushed + 0.1)
    assert not [v for v in after if v.status == 200 and not v.wrong], "nobody is who he was any more"
    assert not any(v.status == 503 for v in visitors.all())
    redis.stop()
