"""Operators look at sessions and end them: `vestibule sessions` and the session API, in front of a real Redis."""
import json
import signal
import time

import pytest

from harness import cookies
from harness.program import SLOWER, run
from harness.redis import free_port
from harness.wire import Client, request, request_text

TOKEN = "a-token-of-operators-to-be-kept"
KEPT = {
    "routes": [{"match": {"path": "/user"}, "session": "required", "require": {"/user/id": "present"}}],
    "inject": {"headers": {"X-Session-User": "/user/id"}},
}
HANDLE_KEY = "a key of handles, which is a secret, too"


def confidential(text):
    """The text, in which nothing secret stands."""
    for secret in cookies.CONFIDENTIAL | {TOKEN, HANDLE_KEY}:
        assert secret not in text, f"{secret!r} is told"
    return text


class Api:
    """The session API of one program."""

    def __init__(self, program, token=None):
        self.program, self.token = program, token

    def ask(self, method, target, headers=(), host="localhost"):
        pairs = [*headers, *([("Authorization", f"Bearer {self.token}")] if self.token else [])]
        answer = request(self.program.admin_port, method, target, pairs, host=host)
        confidential(repr(answer.headers) + answer.body.decode())
        assert answer.header("Cache-Control") == "no-store"
        return answer

    def get(self, target):
        answer = self.ask("GET", target)
        assert answer.status == 200, answer
        assert answer.header("Content-Type") == "application/json"
        return json.loads(answer.body)

    def all(self, query=""):
        found, cursor = [], ""
        while True:
            page = self.get(f"/api/sessions?limit=1000{query}{cursor}")
            found += page["sessions"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"


@pytest.fixture
def sessions(vestibule):
    """sessions(program, "list", ...) -> (exit code, standard output, standard error)"""
    def act(program, *args, config=None):
        done = run("sessions", *args, "--config", config or program.config)
        return done.returncode, confidential(done.stdout), confidential(done.stderr)
    return act


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def handle_of(program, backend, cookie):
    assert program.get("/user", cookie=cookie).status == 200
    return backend.last().header("X-Session-Id")


def refused_within_a_second(programs, cookie):
    end = time.monotonic() + 1 * SLOWER
    while (statuses := {program.get("/user", cookie=cookie).status for program in programs}) != {401}:
        assert time.monotonic() < end, f"still served: {statuses}"
        time.sleep(0.01)


@pytest.fixture
def pair(vestibule):
    return [vestibule(KEPT), vestibule(KEPT)]


# Looking

def timeless(rows):
    """Seconds pass between two looks."""
    return sorted(({**row, "ttl": None} for row in rows), key=str)


def test_list_show_count(pair, backend, redis, sessions):
    program, api = pair[0], Api(pair[0])
    sid, cookie = redis.login(user={"id": "alice"}, cart=["tea", "milk"], csrf="a value nobody asked for")
    redis.login(user={"id": "alice"}, ttl=None)
    redis.login(user={"id": "J\u00fcrgen M\u00fcller/2"})
    redis.put(malformed := cookies.new_sid(), "[1, 2]")
    cookies.sign(malformed)
    redis.command("LPUSH", "sess:a-list", "x")
    redis.command("SET", "other:key", "{}")
    handle = handle_of(program, backend, cookie)

    code, out, err = sessions(program, "list", "--json")
    assert code == 0 and not err
    rows = lines(out)
    assert len(rows) == 4 and timeless(rows) == timeless(api.all())
    row = next(row for row in rows if row["handle"] == handle)
    assert row["user"] == "alice" and row["state"] == "live" and 3600 - 10 * SLOWER <= row["ttl"] <= 3600
    assert row["bytes"] == len(redis.value(sid))
    assert sorted(r["state"] for r in rows) == ["live", "live", "live", "malformed"]
    assert [r["ttl"] for r in rows if r["user"] == "alice" and r["handle"] != handle] == [None]

    for user, number in [("alice", 2), ("J\u00fcrgen M\u00fcller/2", 1), ("nobody", 0), ("alic", 0)]:
        code, out, _ = sessions(program, "count", "--user", user)
        assert (code, out) == (0 if number else 1, f"{number}\n")
        code, out, err = sessions(program, "list", "--json", "--user", user)
        assert len(lines(out)) == number and code == (0 if number else 1) and bool(err) == (not number)
    assert sessions(program, "count", "--json")[:2] == (0, '{"count":4}\n')
    assert api.get("/api/sessions/count") == {"count": 4}
    assert api.get("/api/sessions/count?user=J%C3%BCrgen%20M%C3%BCller%2F2") == {"count": 1}

    code, out, _ = sessions(program, "list")
    assert code == 0 and len(out.splitlines()) == 5 and max(map(len, out.splitlines())) <= 80
    assert out.splitlines()[0].split() == ["HANDLE", "USER", "STATE", "TTL", "BYTES"] and handle in out

    code, out, _ = sessions(program, "show", handle)
    assert code == 0 and "alice" in out and "tea" not in out and "nobody asked" not in out
    assert [row.split() for row in out.splitlines() if row.startswith("cart")] == [["cart", "array", "14"]]
    code, out, _ = sessions(program, "show", handle, "--json")
    assert timeless(lines(out)) == timeless([api.get(f"/api/sessions/{handle}")])
    assert {"name": "cart", "type": "array", "bytes": 14} in lines(out)[0]["members"]
    code, out, _ = sessions(program, "show", handle, "--content", "--user", "alice", "--json")
    members = {m["name"]: m.get("value") for m in lines(out)[0]["members"]}
    assert members["cart"] == ["tea", "milk"] and members["cookie"] is None
    assert timeless(lines(out)) == timeless([api.get(f"/api/sessions/{handle}?content=1&user=alice")])

    for args in (["show", handle, "--user", "bob"], ["show", "A" * 22], ["revoke", handle, "--user", "bob"]):
        code, out, err = sessions(program, *args)
        assert code == 1 and not out and "no such session" in err
    assert api.ask("GET", f"/api/sessions/{'A' * 22}").status == 404
    assert api.ask("GET", f"/api/sessions/{sid}").status == 404, "a sid is no handle"
    head = api.ask("HEAD", "/api/sessions")
    assert head.status == 200 and int(head.header("Content-Length")) > 100 and not head.body


def test_what_is_secret_in_a_session_stays_there(vestibule, redis, sessions):
    program = vestibule(KEPT)
    sid = cookies.new_sid()
    cookies.CONFIDENTIAL |= {"cookie-of-the-backend", "path-of-the-cookie"}
    cookies.sign(sid)
    redis.put(sid, {"cookie": {"originalMaxAge": None, "path": "/path-of-the-cookie"}, "me": f"I am {sid}",
                    "vestibule": {"vault": [["PHPSESSID", "cookie-of-the-backend"]]}, "fine": "a value"})
    handle = lines(sessions(program, "list", "--json")[1])[0]["handle"]
    assert "a value" in sessions(program, "show", handle, "--content")[1]
    assert "a value" in json.dumps(Api(program).get(f"/api/sessions/{handle}?content=1"))


# Ending


@pytest.mark.parametrize("by", ["command", "api"])
def test_a_revoked_session_is_refused_by_every_replica(pair, backend, redis, sessions, by):
    api = Api(pair[1])
    (sid, cookie), (_, other) = redis.login(user={"id": "alice"}), redis.login(user={"id": "bob"})
    value = redis.value(sid)
    handle = handle_of(pair[0], backend, cookie)
    assert handle == handle_of(pair[1], backend, cookie)
    for program in pair:
        handle_of(program, backend, other)
    if by == "command":
        assert sessions(pair[0], "revoke", handle) == (0, f"revoked {handle}\n", "")
        assert sessions(pair[0], "revoke", handle)[0] == 1
    else:
        assert api.ask("DELETE", f"/api/sessions/{handle}").status == 204
        assert api.ask("DELETE", f"/api/sessions/{handle}").status == 404
        line = pair[1].wait_log(lambda line: line.get("message") == "session revoked")
        assert line["client"] == "127.0.0.1" and line["handle"] == handle and line["level"] == "info"
        assert pair[1].metric("vestibule_sessions_revoked_total") == 1
    refused_within_a_second(pair, cookie)
    redis.command("SET", f"sess:{sid}", value, "EX", 3600)  # a late save by Node
    refused_within_a_second(pair, cookie)
    assert all(program.get("/user", cookie=other).status == 200 for program in pair)


@pytest.mark.parametrize("by", ["command", "api"])
def test_all_sessions_of_a_user_end_seen_by_vestibule_or_not(pair, backend, redis, sessions, by):
    """Node stored them; those that came through vestibule are in the user's list as well."""
    user = "al ice/\u00fc"
    mine = [redis.login(user={"id": user})[1] for _ in range(20)]
    yours = [redis.login(user={"id": "bob"})[1] for _ in range(5)]
    for cookie in mine[:10] + yours:
        for program in pair:
            assert program.get("/user", cookie=cookie).status == 200
    if by == "command":
        assert sessions(pair[0], "revoke", "--user", user) == (0, "revoked 20 sessions\n", "")
        assert sessions(pair[0], "revoke", "--user", user)[0] == 1
    else:
        api = Api(pair[0])
        answer = api.ask("DELETE", "/api/users/al%20ice%2F%C3%BC/sessions")
        assert answer.status == 200 and json.loads(answer.body) == {"ended": 20}
        line = pair[0].wait_log(lambda line: line.get("message") == "sessions of a user revoked")
        assert line["user"] == user and line["ended"] == 20 and line["client"] == "127.0.0.1"
        assert json.loads(api.ask("DELETE", "/api/users/al%20ice%2F%C3%BC/sessions").body) == {"ended": 0}
    for cookie in mine:
        refused_within_a_second(pair, cookie)
    assert all(program.get("/user", cookie=cookie).status == 200 for program in pair for cookie in yours)


def test_a_value_that_is_no_document_is_never_deleted(pair, redis, sessions):
    redis.put(sid := cookies.new_sid(), "{\"id\": \"alice\"}")
    cookies.sign(sid)
    row = lines(sessions(pair[0], "list", "--json")[1])[0]
    assert row["state"] == "malformed" and row["user"] is None
    code, out, err = sessions(pair[0], "revoke", row["handle"])
    assert code == 1 and not out and "no session document" in err
    assert Api(pair[0]).ask("DELETE", f"/api/sessions/{row['handle']}").status == 409
    assert redis.value(sid) == "{\"id\": \"alice\"}"


def test_a_handle_may_look_like_an_option(vestibule, redis, sessions):
    program = vestibule(KEPT)
    for _ in range(2000):
        redis.login(user={"id": "alice"})
    rows = lines(sessions(program, "list", "--json", "--limit", "5000")[1])
    odd = [row["handle"] for row in rows if row["handle"].startswith("-")]
    assert odd
    assert sessions(program, "show", odd[0], "--json")[0] == 0
    assert sessions(program, "revoke", odd[0])[0] == 0


# Many


def test_ten_thousand_sessions(vestibule, redis, sessions):
    program, api = vestibule(KEPT), Api(vestibule(KEPT))
    script = ("for i = 1, 10000 do redis.call('SET', 'sess:' .. ARGV[1] .. i, '{\"cookie\":{},\"user\":{\"id\":\"u'"
              " .. i % 100 .. '\"}}', 'EX', 3600) end")
    redis.command("EVAL", script, 0, "prefix-of-many-sids-")
    cookies.CONFIDENTIAL.add("prefix-of-many-sids-")

    def timed(seconds, act):
        began = time.monotonic()
        found = act()
        assert time.monotonic() - began < seconds * SLOWER
        return found

    first = timed(1, lambda: api.get("/api/sessions?limit=50"))
    assert len(first["sessions"]) == 50 and first["next"]
    code, out, err = timed(2, lambda: sessions(program, "list", "--limit", "50", "--json"))
    assert code == 0 and len(lines(out)) == 50 and "--limit 50" in err
    assert timed(1, lambda: api.get("/api/sessions/count")) == {"count": 10000}
    assert timed(5, lambda: api.get("/api/sessions/count?user=u7")) == {"count": 100}
    handles = {row["handle"] for row in timed(15, api.all)}
    assert len(handles) == 10000
    code, out, err = timed(15, lambda: sessions(program, "list", "--limit", "20000", "--json"))
    assert {row["handle"] for row in lines(out)} == handles and not err
    assert timed(5, lambda: json.loads(api.ask("DELETE", "/api/users/u7/sessions").body)) == {"ended": 100}
    assert timed(1, lambda: api.get("/api/sessions/count")) == {"count": 9900}


def test_health_is_answered_meanwhile(vestibule, redis):
    """Ending takes as long as the store takes; other connections have their turn."""
    program = vestibule({**KEPT, "store": {"timeout": "5s"}})
    redis.command("EVAL", "for i = 1, 5000 do redis.call('SET', 'sess:many-' .. i, '{\"cookie\":{}}') end", 0)
    with Client(program.admin_port) as client:
        client.send(request_text("GET", "/api/sessions/count?user=nobody", host="localhost"))
        assert program.admin("/healthz").status == 200
        assert json.loads(client.response().body) == {"count": 0}


# Who may


def test_with_a_token_it_is_required(vestibule, redis, tmp_path, backend):
    (tmp_path / "token").write_text(TOKEN + "\n")
    settings = {**KEPT, "admin": {"token": {"file": "token"}}, "session": {"handle_key": HANDLE_KEY}}
    program = vestibule(settings)
    redis.login(user={"id": "alice"})
    for token, status in [(None, 401), ("wrong", 401), (TOKEN + "x", 401), (TOKEN, 200)]:
        for method, target in [("GET", "/api/sessions"), ("GET", "/api/nothing"), ("POST", "/api/sessions")]:
            answer = Api(program, token).ask(method, target)
            right = {"/api/nothing": 404}.get(target, 405 if method == "POST" else 200)
            assert answer.status == (status if status == 401 else right)
            assert (answer.header("WWW-Authenticate") == "Bearer") == (status == 401)
    assert Api(program, "wrong").ask("DELETE", "/api/users/alice/sessions").status == 401
    assert Api(program, TOKEN).get("/api/sessions/count?user=alice") == {"count": 1}
    assert Api(program, TOKEN).ask("GET", "/api/sessions", [("Origin", "https://x.test")], "x.test").status == 200
    for target in ("/healthz", "/readyz", "/metrics"):
        assert program.admin(target).status == 200, "these stay open"
    # A reload takes another token and another key of handles.
    before = Api(program, TOKEN).all()[0]["handle"]
    (tmp_path / "token").write_text("the-next-token-of-operators")
    program.configure({**settings, "backends": [{"url": backend.url}], "store": {"url": redis.url},
                       "session": {"handle_key": HANDLE_KEY + "2"}})
    program.signal(signal.SIGHUP)
    program.wait_log(lambda line: line.get("message") == "reloaded")
    assert Api(program, TOKEN).ask("GET", "/api/sessions").status == 401
    cookies.CONFIDENTIAL.add("the-next-token-of-operators")
    assert Api(program, "the-next-token-of-operators").all()[0]["handle"] != before


def test_without_a_token_it_is_for_this_machine_alone(vestibule, redis):
    redis.login(user={"id": "alice"})
    wide = vestibule({**KEPT, "admin": {"address": "0.0.0.0:0"}})
    answer = Api(wide).ask("GET", "/api/sessions")
    assert answer.status == 403 and b"admin.token" in answer.body
    assert Api(wide).ask("DELETE", "/api/users/alice/sessions").status == 403
    assert wide.admin("/healthz").status == 200
    narrow = Api(vestibule(KEPT))
    for host in ("localhost", "localhost:9090", "127.0.0.1:1", "[::1]"):
        assert narrow.ask("GET", "/api/sessions", host=host).status == 200
    for host in ("attacker.test", "attacker.test:9090", "127.0.0.1.attacker.test", None):
        assert narrow.ask("GET", "/api/sessions", host=host).status == 403, "a name made to lead here"
    for method in ("GET", "DELETE", "OPTIONS"):
        answer = narrow.ask(method, "/api/users/alice/sessions", [("Origin", "http://localhost:9090")])
        assert answer.status == 403 and answer.header("Access-Control-Allow-Origin") is None
    assert narrow.get("/api/sessions/count") == {"count": 1}
    wide.wait_log(lambda line: line.get("message") == "session API refused" and line["status"] == 403)


def test_what_is_asked_wrongly(vestibule):
    api = Api(vestibule(KEPT))
    for target in ("/api/sessions?limit=0", "/api/sessions?limit=1001", "/api/sessions?limit=x", "/api/sessions?x=1",
                   "/api/sessions?cursor=x", "/api/sessions?user=", f"/api/sessions/{'A' * 22}?content=2"):
        answer = api.ask("GET", target)
        assert answer.status == 400 and json.loads(answer.body)["error"] == "bad_request", target
    for method, target, allow in [("POST", "/api/sessions", "GET, HEAD"),
                                  ("PUT", f"/api/sessions/{'A' * 22}", "GET, HEAD, DELETE"),
                                  ("GET", "/api/users/alice/sessions", "DELETE")]:
        answer = api.ask(method, target)
        assert answer.status == 405 and answer.header("Allow") == allow


def test_usage(vestibule, sessions, tmp_path):
    program = vestibule(KEPT)
    for args in ([], ["fly"], ["list", "x"], ["list", "--limit", "0"], ["list", "--limit", "-1"],
                 ["list", "--limit", "many"], ["show"], ["show", "short"], ["show", "A" * 23], ["revoke"],
                 ["revoke", "--user", ""], ["count", "--user", ""], ["show", "A" * 22, "B" * 22]):
        code, out, err = sessions(program, *args)
        assert code == 2 and err and not out, args
    code, _, err = sessions(program, "show", secret := cookies.new_sid())
    assert code == 2 and secret not in err, "what is given by mistake is not repeated"
    assert run("sessions", "list").returncode == 2
    assert run("sessions", "list", "--config", "/no/such/file").returncode == 2
    program.configure({**KEPT, "backends": [{"url": "http://127.0.0.1:1"}], "store": {"url": "redis://127.0.0.1:1"},
                       "session": {"user": "off"}})
    code, _, err = sessions(program, "revoke", "--user", "alice")
    assert code == 2 and "session.user" in err
    usage = run("sessions", "--help")
    assert usage.returncode == 0 and all(word in usage.stdout for word in ("list", "show", "revoke", "count"))


# Stores


def test_sessions_in_memory_are_reached_through_the_api(start, backend, sessions):
    backend.script = lambda x: x.reply(200, {"X-User": "alice"} if x.request.target == "/login" else {})
    program = start({**KEPT, "backends": [{"url": backend.url}], "store": {"url": "memory:"}, "capture": [
        {"on": {"path": "/login"}, "set": {"/user/id": {"header": "X-User"}}}]})
    jar = cookies.set_cookies(program.get("/login"), "sid")[0].value
    assert program.get("/user", cookie=jar).status == 200
    code, out, err = sessions(program, "list")
    assert code == 2 and not out and "memory:" in err and "/api/sessions" in err
    api = Api(program)
    rows = api.all()
    assert [row["user"] for row in rows] == ["alice"]
    assert api.ask("DELETE", f"/api/sessions/{rows[0]['handle']}").status == 204
    assert program.get("/user", cookie=jar).status == 401
    assert api.get("/api/sessions/count") == {"count": 0}


def test_a_store_that_cannot_answer(start, backend, sessions):
    program = start({**KEPT, "backends": [{"url": backend.url}], "store": {"url": f"redis://127.0.0.1:{free_port()}"}},
                    ready=False)
    api, handle = Api(program), "A" * 22
    for method, target in [("GET", "/api/sessions"), ("GET", "/api/sessions/count"), ("GET", f"/api/sessions/{handle}"),
                           ("DELETE", f"/api/sessions/{handle}"), ("DELETE", "/api/users/alice/sessions")]:
        answer = api.ask(method, target)
        assert answer.status == 503 and json.loads(answer.body)["error"] == "store", (target, answer)
    for args in (["list"], ["count"], ["show", handle], ["revoke", handle], ["revoke", "--user", "alice"]):
        code, _, err = sessions(program, *args)
        assert code == 1 and "store" in err


def test_it_ends_in_the_middle_of_a_walk(vestibule, redis):
    """SIGTERM while the API goes through the store: the program ends as it should."""
    program = vestibule(KEPT)
    redis.command("EVAL", "for i = 1, 50000 do redis.call('SET', 'sess:many-' .. i, '{\"cookie\":{}}') end", 0)
    with Client(program.admin_port) as client:
        client.send(request_text("GET", "/api/sessions/count?user=nobody", host="localhost"))
        time.sleep(0.05)
        program.stop()
