"""The rule of deploy/redis-acl.md is enough for all that vestibule does, and no word of it is too much."""
import time

import pytest

from harness import acl, cookies
from harness.browser import Browser, changed, patched, steered
from harness.program import SLOWER, run
from harness.wire import request

PASSWORD = "password of a user with few rights"
cookies.CONFIDENTIAL.add(PASSWORD)
LOGIN = changed(X_Authenticated_User="u1")


RULE = [word.replace("PASSWORD", PASSWORD) for word in acl.rules()[acl.STORE]]
RIGHTS = [word for word in RULE if word[0] in "~&+"]
TOLD = ("the session store refuses", "near cache off", "no tombstones")
RESP2_ONLY = {"&__redis__:invalidate", "+client|id", "+subscribe"}


@pytest.fixture
def allowed(vestibule, backend, redis):
    """allowed(rights, session's keys) -> a program whose user in Redis has these rights."""
    def factory(rule, session=None, **more):
        backend.script = steered
        redis.command("SCRIPT", "FLUSH")
        redis.command("ACL", "SETUSER", "vestibule", *rule)
        redis.command("ACL", "LOG", "RESET")
        url = f"redis://vestibule:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{redis.port}"
        return vestibule({
            "workers": 1, "store": {"url": url}, "backend_control": {"enabled": True},
            "session": {"touch_interval": 0, "max_per_user": {"count": 10}, **(session or {})},
            "capture": [{"on": {"path": "/login"}, "set": {"/user/id": {"header": "X-Authenticated-User"}}},
                        {"on": {"path": "/logout"}, "destroy": True},
                        {"on": {"path": "/logout-all"}, "destroy": "all"}],
            "routes": [{"match": {"path": "/account"}, "session": "required", "require": {"/user/id": "present"}}],
        }, **more)

    return factory


def life(program):
    """All that vestibule does with sessions; what came of it, in words."""
    seen = []

    def did(what, answer):
        seen.append(f"{what} {answer.status}")

    def logged_in():
        browser = Browser()
        did("visit", browser.visit(program))
        did("login", browser.post(program, "/login", LOGIN))
        return browser

    one, other, third = logged_in(), logged_in(), logged_in()
    did("patch", one.visit(program, answer=patched(cart=["a"])))
    for _ in range(3):
        did("account", one.visit(program, "/account"))
    did("regenerate", one.visit(program, answer=changed(X_Session_Regenerate="true")))
    did("account", one.visit(program, "/account"))
    did("logout", third.visit(program, "/logout"))
    did("list", request(program.admin_port, "GET", "/api/sessions", host="localhost"))
    did("ready", program.admin("/readyz"))
    did("everywhere", one.visit(program, "/logout-all"))
    did("account", other.visit(program, "/account"))
    return seen


GOOD_LIFE = (["visit 200", "login 200"] * 3 + ["patch 200"] + ["account 200"] * 3 + ["regenerate 200", "account 200",
             "logout 200", "list 200", "ready 200", "everywhere 200", "account 401"])


def complaints(program):
    return [line for line in program.lines if line.get("message", "").startswith((*TOLD, "exchange failed"))]


def refusals(redis):
    """What Redis refused that user, by its own log."""
    return [dict(zip(entry[::2], entry[1::2])) for entry in redis.command("ACL", "LOG")]


def test_the_rule_is_enough(allowed, redis):
    program = allowed(RULE, session={"renew_id": "2s", "renew_grace": "1s"})
    assert program.metric("vestibule_near_cache_open") == 1
    assert life(program) == GOOD_LIFE
    browser = Browser()
    browser.visit(program)
    browser.post(program, "/login", LOGIN)
    before = browser.sid
    time.sleep(2.2)  # renew_id, and heartbeats of the near cache
    assert browser.visit(program, "/account").status == 200 and browser.sid != before
    handle = browser.visit(program).body
    assert handle

    def sessions(*args):
        done = run("sessions", *args, "--config", program.config)
        return done.returncode, done.stdout

    code, listed = sessions("list")
    assert code == 0 and "u1" in listed
    assert sessions("count")[0] == 0
    assert sessions("revoke", "--user", "u1")[0] == 0
    assert browser.visit(program, "/account").status == 401
    assert refusals(redis) == [] and complaints(program) == []
    assert program.metric("vestibule_store_errors_total") == 0
    assert b"name=vestibule" in redis.command("CLIENT", "LIST")


def test_the_rule_is_enough_for_sessions_that_never_end(allowed, redis):
    program = allowed(RULE, session={"idle_timeout": "off", "cookie": {"max_age": "off"}})
    assert life(program) == GOOD_LIFE
    assert refusals(redis) == [] and complaints(program) == []


def lives_on(program):
    """Whatever Redis refuses, the program runs, and what needs no store is served."""
    assert program.process.poll() is None
    assert program.admin("/healthz").status == 200


@pytest.mark.parametrize("word", RIGHTS)
def test_no_word_of_it_is_too_much(allowed, redis, word):
    forever = {"idle_timeout": "off", "cookie": {"max_age": "off"}} if word == "+persist" else {}
    program = allowed([w for w in RULE if w != word], session=forever, ready=False)
    if word in RESP2_ONLY and b"resp=3" in redis.command("CLIENT", "LIST"):
        pytest.skip("no channel is needed (RESP3)")
    life(program)
    end = time.monotonic() + 3 * SLOWER
    while not (refused := refusals(redis)):
        assert time.monotonic() < end, "nobody missed it"
        time.sleep(0.02)
    if word[0] == "+":
        assert {entry[b"object"].decode() for entry in refused} == {word[1:]}
    if word != "+client|setname":
        program.wait_log(lambda line: line.get("message", "").startswith(TOLD))
    if word not in ("+client|setname", "+mget"):
        near_cache_off = program.metric("vestibule_near_cache_open") == 0
        assert near_cache_off or program.metric("vestibule_store_errors_total", error="refused") > 0
    lives_on(program)


def test_a_database_needs_select(allowed, redis, vestibule):
    """As the page says."""
    redis.command("ACL", "SETUSER", "vestibule", *RULE)
    url = f"redis://vestibule:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{redis.port}/1"
    program = vestibule({"store": {"url": url}}, ready=False)
    program.wait_log(lambda line: "SELECT 1 refused: NOPERM" in line.get("reason", ""))
    redis.command("ACL", "SETUSER", "vestibule", "+select")
    program.wait_ready()


def test_the_words_for_a_cluster_and_behind_sentinels_are_known(redis):
    """On a Redis of the data; Sentinel's own are in front of a sentinel's test."""
    for words in acl.rules()[1:]:
        if "+subscribe" not in words:
            redis.command("ACL", "SETUSER", "vestibule", *words)
