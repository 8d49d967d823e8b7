"""The vault: cookies of the backend that live in the session, and that no browser ever sees."""
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from harness import cookies
from harness.legacy import Visits
from harness.node import Express
from harness.program import SLOWER
from harness.redis import Redis
from harness.wire import request

METRIC = "vestibule_vault_cookies_total"
PHP = {"vault": {"cookies": ["PHPSESSID"]}}


@pytest.fixture(scope="module")
def php(tmp_path_factory):
    app = Visits(tmp_path_factory.mktemp("php"))
    yield app
    app.stop()


class Browser:
    """A cookie jar, and every Set-Cookie line that ever came."""

    def __init__(self, address):
        self.address = address
        self.jar, self.lines = {}, []

    def get(self, target, headers=()):
        fields = list(headers)
        if self.jar:
            fields.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items())))
        answer = request(self.address, "GET", target, fields)
        for c in cookies.set_cookies(answer):
            self.lines.append(c.line)
            over = ("Expires" in c and c["Expires"].endswith("1970 00:00:00 GMT")) or "deleted" in c.value
            if over or c.value == "":
                self.jar.pop(c.name, None)
            else:
                self.jar[c.name] = c.value
        return answer

    def json(self, target, headers=()):
        answer = self.get(target, headers)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def sid(self):
        sid = cookies.unsign(self.jar["sid"])
        cookies.CONFIDENTIAL.add(sid)
        return sid


def vault(redis, sid, prefix="sess:"):
    """{name: value} of what a stored session keeps."""
    text = redis.value(sid, prefix)
    own = json.loads(text).get("vestibule", {}) if text else {}
    return {c["name"]: c["value"] for c in own.get("vault", []) if "value" in c}


def setting(exchange):
    """A backend's script: /set?a=1&b=2 sets those cookies; the answer tells what came."""
    query = parse_qs(urlsplit(exchange.request.target).query)
    headers = [("Set-Cookie", f"{name}={values[0]}; Path=/") for name, values in query.items()]
    exchange.reply(200, headers, (exchange.request.header("Cookie") or "").encode())


def test_a_php_session_without_the_browser(start, redis, php):
    program = start({**PHP, "backends": [{"url": php.url}], "store": {"url": redis.url}})
    browser = Browser(program.address)
    first = browser.json("/count")
    assert first["count"] == 1 and first["state"] == "new"
    for n in (2, 3, 4):
        seen = browser.json("/count")
        assert (seen["count"], seen["id"], seen["state"]) == (n, first["id"], "active")
        assert seen["cookies"] == {"PHPSESSID": first["id"]}
    assert list(browser.jar) == ["sid"] and all(line.startswith("sid=") for line in browser.lines)
    assert vault(redis, browser.sid()) == {"PHPSESSID": first["id"]}
    assert Browser(program.address).json("/count")["count"] == 1
    program.wait_metric(2, METRIC, outcome="kept")


def test_the_application_works_as_with_a_browser(start, redis, php):
    """The same way through the pages, directly and through the vault."""
    program = start({**PHP, "backends": [{"url": php.url}], "store": {"url": redis.url}})
    way = ["/count", "/count", "/login?user=u1", "/count", "/plain", "/forget", "/count", "/logout", "/count",
           "/login?user=u2", "/count"]

    def walk(address):
        browser = Browser(address)
        seen, ids = [], []
        for target in way:
            page = browser.json(target)
            ids.append(page["id"])
            seen.append((target, page["count"], page["user"], "PHPSESSID" in page["cookies"]))
        return seen, [ids.index(each) for each in ids]

    assert walk(program.address) == walk(php.port)


def test_a_client_has_no_say_in_it(start, redis, php):
    program = start({**PHP, "backends": [{"url": php.url}], "store": {"url": redis.url},
                     "routes": [{"match": {"path": "/plain"}, "session": "off"}]})
    browser = Browser(program.address)
    own = browser.json("/count")["id"]
    for spelled in ("PHPSESSID=evil", "a=1; PHPSESSID=evil; b=2", "phpsessid=evil", "PHPSESSI%44=evil",
                    "PHPSESSID[x]=evil", "a=1, PHPSESSID=evil", " PHPSESSID =evil"):
        seen = browser.json("/count", [("Cookie", spelled)])
        assert seen["id"] == own and "evil" not in json.dumps(seen), spelled
        assert "evil" not in json.dumps(Browser(program.address).json("/count", [("Cookie", spelled)]))
        assert "evil" not in json.dumps(Browser(program.address).json("/plain", [("Cookie", spelled)]))
    assert browser.json("/plain", [("Cookie", "theme=dark")])["cookies"] == {"theme": "dark"}


def test_two_replicas_share_it(start, redis, php):
    base = {**PHP, "backends": [{"url": php.url}], "store": {"url": redis.url}}
    one, two = start(base), start(base)
    browser = Browser(one.address)
    own = browser.json("/count")["id"]
    for n in range(2, 12):
        browser.address = (one, two)[n % 2].address
        seen = browser.json("/count")
        assert (seen["count"], seen["id"]) == (n, own)
    browser.address = one.address
    browser.json("/forget")
    browser.address = two.address
    end = time.monotonic() + 5
    while browser.json("/plain")["cookies"]:
        assert time.monotonic() < end, "the other replica still sends it"
    assert vault(redis, browser.sid()) == {}


def test_a_thousand_cookies_at_once(start, redis, backend):
    """50 for each of 20 sessions, set by parallel answers through two replicas."""
    backend.script = setting
    # What is promised is that none is lost, not how soon all have had their turn.
    base = {"vault": {"cookies": ["*"]}, "backends": [{"url": backend.url}],
            "store": {"url": redis.url, "timeout": "5s"}}
    programs = [start(base), start(base)]
    sessions = [redis.login(n=i) for i in range(20)]
    work = [(sid, cookie, f"c{n}") for sid, cookie in sessions for n in range(50)]
    random.Random(1).shuffle(work)

    def set_one(job):
        i, (sid, cookie, name) = job
        answer = request(programs[i % 2].address, "GET", f"/set?{name}={sid[:8]}-{name}", {"Cookie": f"sid={cookie}"})
        return answer.status, answer.all("Set-Cookie")

    with ThreadPoolExecutor(48) as pool:
        assert [a for a in pool.map(set_one, enumerate(work)) if a != (200, [])] == []
    for sid, cookie in sessions:
        expected = {f"c{n}": f"{sid[:8]}-c{n}" for n in range(50)}
        assert vault(redis, sid) == expected
        assert json.loads(redis.value(sid))["n"] == sessions.index((sid, cookie))
    sid, cookie = sessions[7]
    for program in programs:
        line = request(program.address, "GET", "/", {"Cookie": f"sid={cookie}"}).body.decode()
        assert sorted(line.split("; ")) == sorted(f"c{n}={sid[:8]}-c{n}" for n in range(50))
    assert sum(p.metric(METRIC, outcome="kept") for p in programs) == 1000


def test_node_writes_the_same_session_meanwhile(start, redis, backend):
    """express-session saves the session as it was when its request began: what it writes over comes back."""
    backend.script = setting
    app = Express(redis.url)
    try:
        base = {"vault": {"cookies": ["*"]}, "backends": [{"url": backend.url}], "store": {"url": redis.url}}
        programs = [start(base), start(base)]
        cookie = app.login("u1")
        sid = cookies.unsign(cookie)
        over, writes = threading.Event(), []

        def write():
            while not over.is_set():
                writes.append(app.get("/write?pause=15", cookie)[1]["views"])

        writer = threading.Thread(target=write)
        writer.start()
        names = [f"c{n}" for n in range(40)]

        def set_one(job):
            i, name = job
            answer = request(programs[i % 2].address, "GET", f"/set?{name}=v{name}", {"Cookie": f"sid={cookie}"})
            assert answer.status == 200
            time.sleep(0.02)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(set_one, enumerate(names)))
        over.set()
        writer.join()
        expected = {name: f"v{name}" for name in names}
        end = time.monotonic() + 10 * SLOWER
        while vault(redis, sid) != expected:
            assert time.monotonic() < end, f"lost: {sorted(set(expected) - set(vault(redis, sid)))}"
            time.sleep(0.05)
        stored = json.loads(redis.value(sid))
        assert stored["views"] == len(writes) and writes == list(range(1, len(writes) + 1))
        assert stored["user"]["id"] == "u1"
        restored = sum(p.metric("vestibule_vaults_restored_total") for p in programs)
        print("written by node:", len(writes), "restored:", restored)
        # And what is taken out stays out.
        backend.script = lambda e: e.reply(200, {"Set-Cookie": "c7=; Max-Age=0; Path=/"})
        slow = threading.Thread(target=lambda: app.get("/write?pause=400", cookie))
        slow.start()
        time.sleep(0.2)
        request(programs[0].address, "GET", "/", {"Cookie": f"sid={cookie}"})
        assert "c7" not in vault(redis, sid)
        slow.join()
        del expected["c7"]
        end = time.monotonic() + 10 * SLOWER
        while vault(redis, sid) != expected:
            assert time.monotonic() < end, "c7 is back"
            time.sleep(0.05)
    finally:
        app.stop()


def test_deleted_expired_and_renewed(start, redis, php):
    program = start({"vault": {"cookies": ["short", "long", "deep", "sess"]}, "backends": [{"url": php.url}],
                     "store": {"url": redis.url}})
    browser = Browser(program.address)
    browser.json("/cookie?name=short&value=1&life=2")
    browser.json("/cookie?name=long&value=%22a+b%22&life=3600")
    browser.json("/cookie?name=sess&value=3")
    browser.json("/cookie?name=deep&value=4&path=/x/y")
    assert list(browser.jar) == ["sid"]
    assert browser.json("/plain")["line"] == "short=1; long=%22a%20b%22; sess=3"
    assert browser.json("/x/y/plain")["line"] == "deep=4; short=1; long=%22a%20b%22; sess=3"

    # Set again as it is, with an end a moment later: nothing is written.
    before = redis.value(browser.sid())
    for _ in range(3):
        browser.json("/cookie?name=long&value=%22a+b%22&life=3601")
    assert redis.value(browser.sid()) == before
    browser.json("/cookie?name=long&value=%22a+b%22&life=7200")
    assert redis.value(browser.sid()) != before

    time.sleep(2.2)
    assert browser.json("/plain")["line"] == "long=%22a%20b%22; sess=3"
    browser.json("/cookie?name=sess&value=&life=-5")
    assert browser.json("/plain")["line"] == "long=%22a%20b%22"
    browser.json("/cookie?name=long&value=&life=-5&path=/elsewhere")
    assert set(vault(redis, browser.sid())) == {"long", "deep"}


LOGIN = {
    "capture": [{"on": {"path": "/login"}, "set": {"/user/id": {"header": "X-User"}}},
                {"on": {"path": "/logout"}, "destroy": True}],
    "inject": {"headers": {"X-Session-User": "/user/id"}},
}


def test_it_belongs_to_who_is_logged_in(start, redis, php):
    program = start({**PHP, **LOGIN, "backends": [{"url": php.url}], "store": {"url": redis.url}})
    browser = Browser(program.address)
    browser.json("/count")
    anonymous = browser.sid()
    first = browser.json("/login?user=u1")["id"]
    assert browser.sid() != anonymous and redis.value(anonymous) is None
    assert vault(redis, browser.sid()) == {"PHPSESSID": first}
    assert browser.json("/count")["count"] == 2, "what came before the login has come along"

    # Somebody else logs in on the same browser: nothing of the first one's.
    second = browser.json("/login?user=u2")["id"]
    assert second != first and vault(redis, browser.sid()) == {"PHPSESSID": second}

    last = browser.sid()
    browser.get("/logout")
    assert "sid" not in browser.jar and redis.value(last) is None
    assert browser.json("/count") | {"id": 0} == Browser(program.address).json("/count") | {"id": 0}
    assert not any("PHPSESSID" in line for line in browser.lines)


def test_changed_in_place_by_node_it_stays_behind(start, redis, backend):
    backend.script = setting
    program = start({"vault": {"cookies": ["*"]}, "backends": [{"url": backend.url}], "store": {"url": redis.url}})
    entry = {"name": "PHPSESSID", "value": "of-u1", "path": "/", "set": 5}
    for user, sent in (({"id": "u1"}, "PHPSESSID=of-u1"), ({"id": "u2"}, ""), (None, "")):
        sid, cookie = redis.login(user=user, vestibule={"user": "u1", "vault": [entry]})
        answer = request(program.address, "GET", "/", {"Cookie": f"sid={cookie}"})
        assert answer.body.decode() == sent, user
        for c in cookies.set_cookies(answer, "sid"):
            assert vault(redis, cookies.unsign(c.value)) == {}


def test_express_as_the_backend(start, redis):
    """Its own session cookie passes, and what it sets for the vault goes where it sends the visitor."""
    app = Express(redis.url)
    try:
        program = start({"vault": {"cookies": ["*"]}, "session": {"cookie": {"forward": True}},
                         "backends": [{"url": app.url}], "store": {"url": redis.url}})
        browser = Browser(program.address)

        def theme():
            return [part for part in browser.json("/whoami")["headers"].get("cookie", "").split("; ")
                    if part.startswith("theme=")]

        browser.json("/theme?theme=dark")
        before = browser.sid()
        assert list(browser.jar) == ["sid"] and theme() == ["theme=dark"]

        def wait_for(expected):
            end = time.monotonic() + 5 * SLOWER
            while theme() != [f"theme={expected}"]:
                assert time.monotonic() < end, theme()
                time.sleep(0.01)

        browser.json("/login?user=u1")  # a new sid of express' own; the vault comes along
        assert browser.sid() != before and browser.json("/whoami")["user"]["id"] == "u1"
        wait_for("dark")
        browser.json("/login?user=u1&theme=light")  # and what it sets in the same answer
        wait_for("light")
        browser.json("/login?user=u2")  # to somebody else it does not
        time.sleep(1)
        assert theme() == [] and list(browser.jar) == ["sid"]
        browser.jar.clear()
        browser.json("/login?user=u3&theme=new")  # without a session before
        wait_for("new")
        last = browser.sid()
        browser.json("/logout")
        assert redis.value(last) is None
    finally:
        app.stop()


def test_no_answer_of_any_kind_shows_it(vestibule, backend):
    backend.script = lambda e: e.send(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: PHPSESSID=early\r\n\r\n"
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n"
        b"Cache-Control: public, max-age=60\r\nSet-Cookie: PHPSESSID=k3l; path=/\r\nSet-Cookie: theme=dark\r\n\r\n"
        b"2\r\nhi\r\n0\r\nSet-Cookie: PHPSESSID=late\r\nX-Sum: 1\r\n\r\n")
    program = vestibule({**PHP, "routes": [{"match": {"path": "/off"}, "session": "off"},
                                           {"match": {"path": "/optional"}, "session": "optional"}]})
    for path, kept in (("/off", False), ("/optional", True), ("/", True)):
        answer = program.get(path)
        assert answer.status == 404 and answer.body == b"hi" and answer.trailers == [("X-Sum", "1")]
        assert len(answer.interim) == 1
        shown = [answer.headers, answer.interim[0].headers, answer.trailers]
        assert "PHPSESSID" not in json.dumps(shown), path
        assert [c.name for c in cookies.set_cookies(answer)] == ["theme"] + ["sid"] * kept
        assert ("private" in answer.header("Cache-Control")) == kept
    program.wait_metric(2, METRIC, outcome="kept")
    program.wait_metric(4, METRIC, outcome="dropped")  # three early ones, and the one without a session


def test_cookies_of_the_old_kind_do_not_pass(vestibule, backend):
    backend.script = lambda e: e.reply(200, [("Set-Cookie2", "PHPSESSID=k3l; Version=1")])
    assert not vestibule(PHP).get("/").all("Set-Cookie2")


def test_a_handshake_may_set_it(vestibule, backend):
    backend.script = lambda e: (e.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: PHPSESSID=k3l; path=/\r\n\r\n"), e.close())
    program = vestibule(PHP)
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
               ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    answer = program.get("/", upgrade)
    assert answer.status == 101
    (own,) = cookies.set_cookies(answer)
    backend.script = setting
    assert program.get("/", {"Cookie": f"sid={own.value}"}).body == b"PHPSESSID=k3l"


def test_what_does_not_fit_is_refused_and_told(vestibule, backend):
    backend.script = lambda e: e.reply(200, [("Set-Cookie", "PHPSESSID=" + "tooBigToKeep" * 400)])
    program = vestibule(PHP)
    answer = program.get("/")
    assert answer.status == 200
    assert cookies.unsign(cookies.set_cookies(answer)[0].value).startswith("anon-"), "nothing is stored"
    line = program.wait_log(lambda line: line.get("message") == "cookie does not fit the vault")
    assert line["cookie"] == "PHPSESSID" and "tooBig" not in json.dumps(program.lines)
    program.wait_metric(1, METRIC, outcome="refused")


def test_while_the_store_is_away(tmp_path, start, backend):
    backend.script = setting
    server = Redis(tmp_path)
    program = start({**PHP, "backends": [{"url": backend.url}], "store": {"url": server.url, "on_failure": "anonymous",
                                                                        "near_cache": {"enabled": False}}})
    try:
        first = program.get("/set?PHPSESSID=a")
        cookie = cookies.set_cookies(first, "sid")[0].value
        cookies.CONFIDENTIAL.add(cookies.unsign(cookie))
        server.kill()
        answer = program.get("/set?PHPSESSID=b", {"Cookie": f"sid={cookie}"})
        assert answer.status == 200 and not answer.all("Set-Cookie") and answer.body == b""
        program.wait_metric(1, METRIC, outcome="dropped")
        server.start()
        end = time.monotonic() + 10 * SLOWER
        while program.get("/set?PHPSESSID=c").header("Set-Cookie") is None:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        server.stop()
