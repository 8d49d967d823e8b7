"""One session, two programs: what Express makes vestibule accepts, and the other way round."""
import asyncio
import collections
import json
import os
import time

import pytest

from harness import cookies
from harness.node import Express, Node
from harness.program import SANITIZED, SLOWER
from harness.wire import request_text

NAME, PREFIX = "loyalty-session-id", "loyalty-app:sess:"
USERS = {
    "session": {"cookie": {"name": NAME}},
    "store": {"prefix": PREFIX},
    "inject": {"headers": {"X-Session-User": "/user/id", "X-Session-Tier": "/user/tier"}},
    "routes": [{"match": {"path": "/account"}, "session": "required", "require": {"/user/id": "present"}},
               {"match": {"path": "/*"}, "session": "issue"}],
}


@pytest.fixture
def express(redis):
    running = []

    def factory(**options):
        app = Express(redis.url, prefix=PREFIX, cookie=NAME, **options)
        running.append(app)
        return app

    yield factory
    for app in running:
        app.stop()


def get(program, target, cookie=None, headers=()):
    pairs = list(headers) + ([("Cookie", f"{NAME}={cookie}")] if cookie else [])
    return program.get(target, pairs)


def renewed(answer):
    return [c.value for c in cookies.set_cookies(answer, NAME)]


def test_the_versions_are_the_promised_ones(express):
    _, versions = express().get("/versions")
    assert versions["express"].startswith("4.") and versions["express-session"].startswith("1.18.")
    assert versions["redis"].startswith("4.")


def test_logged_in_at_express_is_recognised_here(vestibule, backend, express):
    app, program = express(), vestibule(USERS)
    for user, tier in [("u1", "gold"), ("zo\u00eb", "silver")]:
        cookie = app.login(user, tier)
        answer = get(program, "/account", cookie)
        assert answer.status == 200 and not renewed(answer)
        assert backend.last().header("X-Session-User") == user.replace("\u00eb", "%C3%AB")
        assert backend.last().header("X-Session-Tier") == tier
        assert backend.last().header("X-Session-State") == "active"
    assert get(program, "/account").status == 401


def test_express_behind_vestibule(start, redis, express):
    """The app itself as the backend, reading the same cookie."""
    app = express()
    program = start({**USERS, "backends": [{"url": app.url}], "store": {"url": redis.url, "prefix": PREFIX},
                     "session": {"cookie": {"name": NAME, "forward": True}}})
    login = get(program, "/login?user=u7&tier=gold")
    assert login.status == 200
    cookie = renewed(login)[-1]  # that of the app, which knows more than an anonymous one
    who = json.loads(get(program, "/whoami", cookie).body)
    assert who["user"]["id"] == "u7" and who["headers"]["x-session-user"] == "u7"
    assert cookies.unsign(cookie) == who["id"]
    assert get(program, "/account", cookie).status == 404  # passed, and unknown to the app
    assert get(program, "/logout", cookie).status == 200
    assert get(program, "/account", cookie).status == 401


def test_a_login_over_an_anonymous_cookie(start, redis, express):
    """Of our anonymous cookie and the app's login cookie in one answer, the browser keeps the login."""
    app = express()
    program = start({**USERS, "backends": [{"url": app.url}], "store": {"url": redis.url, "prefix": PREFIX},
                     "session": {"cookie": {"name": NAME, "forward": True}}})
    anonymous = renewed(get(program, "/whoami"))[-1]
    assert cookies.unsign(anonymous).startswith("anon-")
    kept = renewed(get(program, "/login?user=u8&tier=gold", anonymous))
    assert not cookies.unsign(kept[-1]).startswith("anon-")
    assert json.loads(get(program, "/whoami", kept[-1]).body)["user"]["id"] == "u8"


def test_an_anonymous_cookie_does_not_disturb_express(vestibule, express):
    app, program = express(), vestibule(USERS)
    anonymous = renewed(get(program, "/"))[0]
    answer, who = app.get("/whoami", anonymous)
    assert answer.status == 200 and who["user"] is None
    answer, _ = app.get("/login?user=u1&tier=gold", anonymous)
    assert answer.status == 200 and cookies.set_cookies(answer, NAME)


def test_written_here_read_there(vestibule, redis, express):
    """vestibule notes when absolute time began inside the value of Express; both go on with it."""
    app, program = express(), vestibule({**USERS, "session": {"cookie": {"name": NAME}, "absolute_timeout": "1h"}})
    cookie = app.login("u1")
    sid = cookies.unsign(cookie)
    before = redis.value(sid, PREFIX)
    assert get(program, "/account", cookie).status == 200
    end = time.monotonic() + 5
    while (after := redis.value(sid, PREFIX)) == before:
        assert time.monotonic() < end, "nothing was written"
        time.sleep(0.01)
    assert after.startswith(before[:-1]) and "since" in json.loads(after)["vestibule"]
    answer, who = app.get("/whoami", cookie)
    assert answer.status == 200 and who["user"]["id"] == "u1"
    _, written = app.get("/write", cookie)
    assert written["views"] == 1
    kept = json.loads(redis.value(sid, PREFIX))
    assert kept["vestibule"] == json.loads(after)["vestibule"] and kept["views"] == 1
    assert get(program, "/account", cookie).status == 200


def test_each_touch_counts_for_both(vestibule, redis, express):
    app, program = express(), vestibule(USERS)
    cookie = app.login("u1")
    sid = cookies.unsign(cookie)
    text = redis.value(sid, PREFIX)
    redis.command("EXPIRE", PREFIX + sid, 1000)
    answer = get(program, "/account", cookie)
    assert [cookies.unsign(value) for value in renewed(answer)] == [sid]
    end = time.monotonic() + 5
    while redis.ttl(sid, PREFIX) < 86390:
        assert time.monotonic() < end, "not renewed"
        time.sleep(0.01)
    assert redis.ttl(sid, PREFIX) <= 86400 and redis.value(sid, PREFIX) == text
    answer, who = app.get("/whoami", renewed(answer)[0])
    assert answer.status == 200 and who["user"]["id"] == "u1"


@pytest.mark.parametrize("options, cookie, ttl", [
    ({"cookie": {"maxAge": 3600_000}}, {"max_age": "1h"}, 3600),
    ({"cookie": {"maxAge": None}}, {"max_age": "off"}, 86400),
    ({"cookie": {"maxAge": 3600_000, "sameSite": "lax", "path": "/"}, "rolling": True}, {}, 3600),
    ({"resave": True}, {}, None),
    ({"saveUninitialized": True, "cookie": {"maxAge": 60_000}}, {}, 60),
])
def test_options_of_express_session(vestibule, redis, express, backend, options, cookie, ttl):
    app = express(options=options)
    program = vestibule({**USERS, "session": {"cookie": {"name": NAME, **cookie}}})
    value = app.login("u1")
    assert get(program, "/account", value).status == 200 and backend.last().header("X-Session-User") == "u1"
    if ttl:
        assert ttl - 5 <= redis.ttl(cookies.unsign(value), PREFIX) <= ttl


def test_logout_at_express_ends_it_here(vestibule, redis, express):
    app, program = express(), vestibule(USERS)
    cookie = app.login("u1")
    assert get(program, "/account", cookie).status == 200
    app.get("/logout", cookie)
    assert get(program, "/account", cookie).status == 401
    assert redis.keys() == [], "and no touch brings it back"


def test_login_changes_the_id_and_the_old_one_is_dead(vestibule, express):
    app, program = express(), vestibule(USERS)
    first = app.login("u1")
    answer, _ = app.get("/login?user=u2&tier=gold", first)
    second = cookies.set_cookies(answer, NAME)[0].value
    assert get(program, "/account", first).status == 401
    assert get(program, "/account", second).status == 200


OLD, NEW = "the old secret of them both", "the new secret of them both"


def test_rotation_in_both_directions(vestibule, redis, express):
    old_app, new_app = express(secrets=[OLD]), express(secrets=[NEW, OLD])
    rotated = {**USERS, "session": {"cookie": {"name": NAME}, "secrets": [NEW, OLD]}}
    program = vestibule(rotated)
    # Old to new: the old cookie is accepted here, signed again, and accepted by Express.
    cookie = old_app.login("u1")
    answer = get(program, "/account", cookie)
    assert answer.status == 200
    again, = renewed(answer)
    assert cookies.unsign(again, NEW) == cookies.unsign(cookie, OLD)
    for value in (cookie, again):
        assert new_app.get("/whoami", value)[1]["user"]["id"] == "u1"
    # New to old: whoever still has only the old secret refuses it, whoever has both takes it.
    assert old_app.get("/whoami", again)[1]["user"] is None
    fresh = new_app.login("u2")
    assert get(program, "/account", fresh).status == 200 and not renewed(get(program, "/account", fresh))
    behind = vestibule({**USERS, "session": {"cookie": {"name": NAME}, "secrets": [OLD]}})
    assert get(behind, "/account", fresh).status == 401
    assert get(behind, "/account", cookie).status == 200
    assert program.metric("vestibule_cookie_secret_uses_total", secret="1") == 1


# The crowd


async def visitor(port, user, cookie, requests, wrong):
    """One keep-alive client that checks every identity it is given."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = request_text("GET", "/account", {"Cookie": f"{NAME}={cookie}"})
    for _ in range(requests):
        writer.write(text)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        seen = json.loads(await reader.readexactly(length))
        if not head.startswith(b"HTTP/1.1 200 ") or seen["user"] != user or seen["state"] != "active":
            wrong.append((user, head[:40], seen))
        yield seen["id"]
    writer.close()


def test_two_hundred_clients_never_see_each_other(start, redis, express):
    """200 clients of 50 users, 20,000 requests, on both workers over shared backend connections."""
    total = 4_000 if SANITIZED else 20_000
    app, echo = express(), Node("echo.mjs")
    logins = {f"user-{n}": app.login(f"user-{n}") for n in range(50)}
    program = start({**USERS, "backends": [{"url": echo.url}], "store": {"url": redis.url, "prefix": PREFIX},
                     "log": {"access": False}, "workers": max(2, os.cpu_count() or 2)})
    wrong, handles = [], collections.defaultdict(set)

    async def one(user):
        async for handle in visitor(program.address, user, logins[user], total // 200, wrong):
            handles[user].add(handle)

    async def crowd():
        await asyncio.wait_for(asyncio.gather(*(one(user) for user in logins for _ in range(4))), 60 * SLOWER)

    asyncio.run(crowd())
    echo.stop()
    assert wrong == []
    program.wait_metric(total, "vestibule_requests_total", code="200")
    assert all(len(seen) == 1 for seen in handles.values())
    assert len({next(iter(seen)) for seen in handles.values()}) == 50
