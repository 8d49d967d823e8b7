"""Open WebSockets and event streams end with their session, on every replica, within a second."""
import json
import signal
import time

import pytest

from harness import cookies
from harness.live import EventStream, LiveBackend, WebSocket, frame
from harness.program import SLOWER
from harness.redis import Redis
from harness.wire import request_text

SOON = 1.0 * SLOWER
ROUTES = {
    "routes": [{"match": {"path": "/*"}, "session": "required", "require": {"/user/id": "present"}}],
    "inject": {"headers": {"X-Session-User": "/user/id"}},
    "proxy": {"timeouts": {"drain": "1s"}},
}
NEAR_CACHE = pytest.mark.parametrize("near_cache", [True, False], ids=["near_cache", "no_near_cache"])


@pytest.fixture
def live(backend):
    backend.script = LiveBackend()
    yield backend.script
    backend.script.over.set()


@pytest.fixture
def replicas(vestibule, live):
    """replicas(near_cache, session's keys) -> two programs before the same backend, over the same Redis."""
    def factory(near_cache=True, session=None, **more):
        changes = {**ROUTES, "session": session or {},
                   "store": {"near_cache": {"enabled": near_cache}, **more.pop("store", {})}, **more}
        return [vestibule(changes), vestibule(changes)]

    return factory


def open_all(programs, cookie):
    """A WebSocket and an event stream through each."""
    return [kind(program, cookie) for program in programs for kind in (WebSocket, EventStream)]


def all_work(streams, live, user, text):
    live.publish(user, text)
    for stream in streams:
        stream.works(text) if isinstance(stream, WebSocket) else stream.heard(text)


def all_end(streams, since, within=SOON):
    slowest = max(stream.wait_ended(since, within) for stream in streams)
    for stream in streams:
        assert stream.clean and not stream.failed, stream.failed
        if isinstance(stream, WebSocket):
            assert (stream.code, stream.reason) == (1008, "session ended")
    return slowest


def close_all(*streams):
    for stream in streams:
        stream.close()


ENDS = {
    "deleted": lambda redis, sid: redis.command("DEL", f"sess:{sid}"),
    "run out": lambda redis, sid: redis.command("PEXPIRE", f"sess:{sid}", 1),
    "logged out in place": lambda redis, sid: redis.put(sid, user={}),
    "no session any more": lambda redis, sid: redis.put(sid, "[1]"),
}


@NEAR_CACHE
@pytest.mark.parametrize("how", ENDS)
def test_ended_with_the_session(replicas, live, redis, near_cache, how, record_property):
    programs = replicas(near_cache)
    sid, cookie = redis.login(user={"id": "ada"})
    _, other = redis.login(user={"id": "bob"})
    adas, bobs = open_all(programs, cookie), open_all(programs, other)
    all_work(adas, live, "ada", "one")
    all_work(bobs, live, "bob", "one")
    time.sleep(0.7)  # looked at, and nothing came of it
    all_work(adas, live, "ada", "two")
    ENDS[how](redis, sid)
    record_property("seconds", round(all_end(adas, time.monotonic()), 3))
    all_work(bobs, live, "bob", "three")
    live.wait_close(("ada", 1008))
    assert ("bob", None) not in live.closes and ("bob", 1008) not in live.closes
    why = "session denied" if how == "logged out in place" else "session gone"
    for program in programs:
        for path in ("/ws", "/events"):
            line = program.access(lambda line: line["path"] == path and "ended" in line)
            assert line["ended"] == why and line["session"] == "active" and line["handle"]
        for kind in ("tunnel", "event_stream"):
            program.wait_metric(1, "vestibule_streams_ended_total", kind=kind)
        program.wait_metric(1, "vestibule_tunnels")
        program.wait_metric(1, "vestibule_event_streams")
        assert not [line for line in program.lines if line.get("message") == "exchange failed"]
    close_all(*bobs)


@NEAR_CACHE
def test_idle_for_too_long(replicas, live, redis, near_cache):
    """An open stream alone is no use of the session."""
    programs = replicas(near_cache, {"idle_timeout": "2s", "touch_interval": "1s"})
    sid = cookies.new_sid()
    redis.put(sid, {"cookie": {"originalMaxAge": None}, "user": {"id": "ada"}}, ttl=2)
    streams = open_all(programs[:1], cookies.sign(sid))
    end = time.monotonic() + redis.command("PTTL", f"sess:{sid}") / 1000
    all_work(streams, live, "ada", "one")
    all_end(streams, end)
    assert min(stream.ended for stream in streams) > end - 0.1


@NEAR_CACHE
def test_absolute_timeout(replicas, live, redis, near_cache):
    programs = replicas(near_cache, {"absolute_timeout": "3s", "touch_interval": "1s"})
    begins, streams = {}, {}
    for user in ("ada", "bob"):
        sid = cookies.new_sid()
        begins[user] = time.monotonic()
        since = round(time.time() * 1000)
        redis.put(sid, {"cookie": {"originalMaxAge": 3600_000}, "user": {"id": user}, "vestibule": {"since": since}})
        streams[user] = open_all(programs, cookies.sign(sid))
        time.sleep(1.5 if user == "ada" else 0)
    all_work(streams["ada"], live, "ada", "one")
    all_end(streams["ada"], begins["ada"] + 3)
    all_work(streams["bob"], live, "bob", "one")
    all_end(streams["bob"], begins["bob"] + 3)
    for stream in streams["ada"] + streams["bob"]:
        user = "ada" if stream in streams["ada"] else "bob"
        assert stream.ended - begins[user] > 1.9, "the store's TTL has whole seconds"
    why = programs[0].access(lambda line: "ended" in line)["ended"]
    assert why in ("session expired", "session gone"), "the last touch lets the key run out by then, too"


@NEAR_CACHE
def test_logged_out_by_the_backend_through_another_replica(replicas, live, redis, near_cache):
    programs = replicas(near_cache, capture=[{"on": {"path": "/logout"}, "destroy": True}])
    _, cookie = redis.login(user={"id": "ada"})
    streams = open_all(programs, cookie)
    all_work(streams, live, "ada", "one")
    assert programs[1].request("POST", "/logout", {"Cookie": f"sid={cookie}"}).status == 200
    all_end(streams, time.monotonic())


@NEAR_CACHE
def test_another_user_in_the_same_session(replicas, live, redis, near_cache):
    """As an application has it that does not regenerate its session at the login."""
    programs = replicas(near_cache, {"user": "/user/id"})
    sid, cookie = redis.login(user={"id": "ada"})
    streams = open_all(programs, cookie)
    redis.put(sid, user={"id": "eve"})
    all_end(streams, time.monotonic())
    assert programs[0].access(lambda line: "ended" in line)["ended"] == "user changed"


@NEAR_CACHE
def test_a_new_sid_is_followed(replicas, live, redis, near_cache):
    """Past the time for which the old one leads to it; on the other replica, too."""
    programs = replicas(near_cache, {"user": "/user/id", "renew_id": "2s", "renew_grace": "1s"})
    sid, cookie = redis.login(user={"id": "ada"})
    streams = open_all(programs, cookie)
    end = time.monotonic() + 5
    renewed = []
    while not renewed:
        time.sleep(0.2)
        assert time.monotonic() < end, "its sid is not renewed"
        renewed = cookies.set_cookies(programs[1].get("/", cookie=cookie), "sid")
    new = cookies.unsign(renewed[0].value)
    assert new != sid
    time.sleep(2)
    all_work(streams, live, "ada", "one")
    assert programs[1].get("/", cookie=cookie).status == 401, "the old one leads nowhere any more"
    redis.command("DEL", f"sess:{new}")
    all_end(streams, time.monotonic())


def test_changes_that_end_nothing(replicas, live, redis):
    """Another value under the same sid, and renewal."""
    programs = replicas()
    sid, cookie = redis.login(user={"id": "ada"})
    streams = open_all(programs, cookie)
    redis.put(sid, user={"id": "ada"}, cart=[1, 2, 3])
    redis.command("EXPIRE", f"sess:{sid}", 1000)
    time.sleep(1)
    all_work(streams, live, "ada", "one")
    close_all(*streams)


@pytest.mark.parametrize("busy", ["down", "up", "both"])
def test_a_busy_websocket_ends_behind_a_frame(replicas, live, redis, busy):
    """Every frame that came was whole, and the last one is the close frame."""
    program, _ = replicas()
    upload = frame(2, b"x" * 70_000, masked=True)
    for _ in range(5):
        sid, cookie = redis.login(user={"id": "ada"})
        socket = WebSocket(program, cookie, "/ws" if busy == "up" else "/flood")
        begin = time.monotonic()
        deleted = None
        while socket.ended is None and time.monotonic() < begin + 5:
            if deleted is None and time.monotonic() > begin + 0.3:
                redis.command("DEL", f"sess:{sid}")
                deleted = time.monotonic()
            if busy == "down":
                time.sleep(0.01)
                continue
            try:
                socket.client.send(upload)
            except OSError:
                break
        socket.wait_ended(deleted, SOON)
        assert socket.code == 1008, (socket.failed, socket.messages[-3:])
        assert len(socket.messages) > 10 and socket.clean


def test_half_a_frame(replicas, live, redis):
    """It is waited for a moment, then the connection goes without a word."""
    program, _ = replicas()
    sid, cookie = redis.login(user={"id": "ada"})
    socket = WebSocket(program, cookie)
    socket.client.send(frame(1, b"never sent whole", masked=True)[:8])
    time.sleep(0.2)
    redis.command("DEL", f"sess:{sid}")
    all_end([socket], time.monotonic())
    live.wait_close(("ada", None))


def test_other_upgrades_are_closed(replicas, live, redis):
    program, _ = replicas()
    sid, cookie = redis.login(user={"id": "ada"})
    with program.client() as client:
        client.send(request_text("GET", "/other", {"Upgrade": "other", "Connection": "Upgrade",
                                                   "Cookie": f"sid={cookie}"}))
        assert client.response().status == 101
        redis.command("DEL", f"sess:{sid}")
        deleted = time.monotonic()
        assert client.at_end()
        assert time.monotonic() - deleted < SOON


def test_http_1_0_and_reuse_of_the_connection(replicas, live, redis):
    program, _ = replicas()
    sid, cookie = redis.login(user={"id": "ada"})
    _, other = redis.login(user={"id": "bob"})
    with program.client() as old, program.client() as client:
        headers = {"Cookie": f"sid={cookie}"}
        old.send(request_text("GET", "/events", headers, version="HTTP/1.0"))
        client.send(request_text("GET", "/events", headers))
        assert old.response_head().status == client.response_head().status == 200
        live.publish("ada", "one")
        assert old.exactly(11) == b"data: one\n\n"
        redis.command("DEL", f"sess:{sid}")
        assert old.rest() == b""
        assert b"".join(client.chunks()) == b"data: one\n\n"
        client.send(request_text("GET", "/", {"Cookie": f"sid={other}"}))
        assert client.response().status == 200


@NEAR_CACHE
@pytest.mark.parametrize("outage", ["stopped", "frozen"])
def test_a_store_that_is_away_ends_nothing(replicas, live, tmp_path, near_cache, outage):
    """And what ended meanwhile does so once it is back."""
    redis = Redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    store = {"url": redis.url, "near_cache": {"enabled": near_cache, "max_stale": "1s"}}
    programs = replicas(store=store)
    sid, cookie = redis.login(user={"id": "ada"})
    _, other = redis.login(user={"id": "bob"})
    adas, bobs = open_all(programs, cookie), open_all(programs, other)
    all_work(adas, live, "ada", "one")
    redis.stop() if outage == "stopped" else redis.freeze()
    time.sleep(3)
    all_work(adas, live, "ada", "two")
    all_work(bobs, live, "bob", "two")
    redis.start() if outage == "stopped" else redis.thaw()
    redis.command("DEL", f"sess:{sid}")
    all_end(adas, time.monotonic(), SOON + 1)  # until Redis is found again
    all_work(bobs, live, "bob", "three")
    close_all(*bobs)
    for program in programs:
        program.stop()
    redis.stop()


def test_the_embedded_store(vestibule, live):
    program = vestibule({**ROUTES, "store": {"url": "memory:"}, "routes": [], "capture": [
        {"on": {"path": "/login"}, "set": {"/user/id": {"value": "ada"}}},
        {"on": {"path": "/logout"}, "destroy": True}]})
    anonymous, = cookies.set_cookies(program.get("/"), "sid")
    before = open_all([program], anonymous.value)
    stored, = cookies.set_cookies(program.get("/login", cookie=anonymous.value), "sid")
    after = open_all([program], stored.value)
    time.sleep(0.7)
    all_work(before, live, "", "one")  # an anonymous session is stored nowhere
    all_work(after, live, "ada", "one")
    program.get("/logout", cookie=stored.value)
    all_end(after, time.monotonic())
    all_work(before, live, "", "two")
    close_all(*before)


def test_drained_while_they_are_open(replicas, live, redis):
    programs = replicas()
    sid, cookie = redis.login(user={"id": "ada"})
    _, other = redis.login(user={"id": "bob"})
    adas, bobs = open_all(programs, cookie), open_all(programs, other)
    all_work(bobs, live, "bob", "one")
    for program in programs:
        program.signal(signal.SIGTERM)
    redis.command("DEL", f"sess:{sid}")
    all_end(adas, time.monotonic())
    begin = time.monotonic()
    for program in programs:
        program.ended(10)
    assert time.monotonic() - begin < 3 * SLOWER
    for stream in bobs:
        stream.wait_ended(begin, 4 * SLOWER)
        assert getattr(stream, "code", None) is None


def test_many_at_once(replicas, live, redis):
    """Dozens of sessions, some streams each."""
    for near_cache in (True, False):
        program, _ = replicas(near_cache)
        sessions = [redis.login(user={"id": f"u{i}"}) for i in range(60)]
        streams = [[EventStream(program, cookie) for _ in range(3)] for _, cookie in sessions]
        time.sleep(0.5)
        for sid, _ in sessions[:50]:
            redis.command("DEL", f"sess:{sid}")
        deleted = time.monotonic()
        for each in streams[:50]:
            all_end(each, deleted)
        for each in streams[50:]:
            assert all(stream.ended is None for stream in each)
            close_all(*each)
        program.wait_metric(150, "vestibule_streams_ended_total", kind="event_stream")
        text = json.dumps(program.lines)
        assert not any(sid in text for sid, _ in sessions)
