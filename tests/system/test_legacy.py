"""Applications as one finds them, in PHP, Python and Perl (tests/system/legacy): login, logout, logout everywhere,
a cart and who one is, by configuration alone, behind two replicas that share a Redis."""
import base64
import json
import threading
import zlib

import pytest

from harness.browser import Browser
from harness.legacy import FORM, JSON, Bare, Desk, Entered, Orders, Parsed, Shop, Typed, Unicorn
from harness.node import Express
from harness.program import merged
from harness.wire import request


@pytest.fixture(scope="module")
def running():
    """The applications, each started when it is first asked for."""
    started = {}

    def running(kind):
        if kind not in started:
            started[kind] = kind()
        return started[kind]

    yield running
    for app in started.values():
        app.stop()


@pytest.fixture(params=[Shop, Orders, Desk], ids=["php", "wsgi", "cgi"])
def app(request, running):
    return running(request.param)


@pytest.fixture
def replicas(start, redis):
    def factory(app, changes=None):
        config = merged({**app.config, "backends": [{"url": app.url}], "store": {"url": redis.url}}, changes or {})
        return start(config), start(config)

    return factory


def enter(app, program, user="ada", password="lovelace"):
    browser = Browser()
    assert app.login(browser, program, user, password).status in (200, 302)
    assert app.who(browser, program) == user
    return browser


def test_no_spelling_opens_what_is_closed(running, replicas):
    """PHP runs account.php for what stands below it, too: the rule for the script alone is enough."""
    shop = running(Shop)
    one, _ = replicas(shop)
    assert request(shop.port, "GET", "/account.php/x.css").status == 200, "this is what PHP does"
    for path in ("/account.php", "/account.php/", "/account.php/x.css", "/account.php;/x", "/Account.PHP/x"):
        assert Browser().visit(one, path).status == 401, path
    assert Browser().visit(one, "/index.php/x").status == 200


def test_nobody_tells_gunicorn_another_path(running, replicas):
    unicorn = running(Unicorn)
    one, _ = replicas(unicorn)
    path = {"SCRIPT_NAME": "/open"}
    assert request(unicorn.port, "GET", "/open/api/orders", path).status == 200, "it takes this for /api/orders"
    assert Browser().visit(one, "/open/api/orders", headers=path).status == 404
    assert Browser().visit(one, "/api/orders", headers=path).status == 401


def test_login_and_logout(app, replicas, redis):
    one, two = replicas(app)
    browser = Browser()
    assert app.who(browser, one) == "nobody" and app.who(browser, two, app.closed_page) == 401
    got = app.login(browser, one, "ada", "guessed")
    assert got.status in (200, 401) and redis.keys() == [], "a login that failed is none"
    assert app.who(browser, two) == "nobody" and app.who(browser, two, app.closed_page) == 401

    before = browser.copy()
    app.login(browser, one, "ada", "lovelace")
    assert browser.sid != before.sid and json.loads(redis.value(browser.sid))["user"] == {"id": "ada"}
    assert "lovelace" not in redis.value(browser.sid)
    for program in (one, two):
        assert app.who(browser, program) == app.who(browser, program, app.closed_page) == "ada"
        assert app.who(before.copy(), program) == "nobody", "the cookie from before the login"

    kept = browser.copy()
    app.post(browser, two, app.logout_page)
    assert browser.cookie is None and redis.value(kept.sid) is None
    for program in (one, two):
        assert app.who(kept.copy(), program) == "nobody" and app.who(kept.copy(), program, app.closed_page) == 401


def test_another_login_in_the_same_browser(app, replicas):
    one, two = replicas(app)
    browser = enter(app, one)
    ada = browser.copy()
    app.login(browser, two, "bob", "guessed")
    assert app.who(browser, one) == "ada", "a login that failed changes nothing"
    app.login(browser, two, "bob", "builder")
    assert app.who(browser, one) == "bob" and app.who(ada, one, app.closed_page) == 401


def test_logout_everywhere(app, replicas):
    """Whoever changes the password is out in every browser, and nobody else is."""
    one, two = replicas(app)
    here, there, bob = enter(app, one), enter(app, two), enter(app, two, "bob", "builder")
    app.post(here, one, app.password_page)
    assert here.cookie is None
    for program in (one, two):
        assert app.who(there.copy(), program) == "nobody" and app.who(there.copy(), program, app.closed_page) == 401
        assert app.who(bob, program, app.closed_page) == "bob"


def test_a_cart_that_goes_along(app, replicas, redis):
    one, two = replicas(app)
    browser, other = Browser(), Browser()
    app.who(browser, one)
    app.post(browser, one, app.basket_page, **app.puts)
    assert app.holds(browser, two) == app.held and not app.holds(other, two)
    app.login(browser, two, "ada", "lovelace")
    assert app.holds(browser, one) == app.held and app.who(browser, one) == "ada"
    app.login(browser, one, "bob", "builder")
    assert not app.holds(browser, two), "somebody else's cart"
    app.post(browser, one, app.basket_page, **app.puts)
    kept = browser.copy()
    app.post(browser, two, app.logout_page)
    assert not app.holds(kept, one) and not app.holds(browser, two)


def spellings(name):
    words = name.split("-")
    return [name, name.lower(), name.upper(), *(mark.join(words) for mark in ("_", ".", "~", "--", "-_", "'", "")),
            words[0].lower() + "_" + ".".join(words[1:]).upper(), "-" + name, name + "_"]


def test_nobody_is_who_he_says_he_is(app, replicas):
    one, two = replicas(app)
    ada = enter(app, one)
    for name in spellings(app.header):
        for program in (one, two):
            assert app.who(Browser(), program, headers=[(name, "bob")]) == "nobody", name
            assert app.who(Browser(), program, app.closed_page, [(name, "bob")]) == 401, name
            assert app.who(ada, program, headers=[(name, "bob"), (name, "bob")]) == "ada", name
    everything = [(name, "bob") for name in spellings(app.header)]
    assert app.who(ada, one, headers=everything) == "ada"
    assert app.who(ada, one, headers=[("Connection", f"close, {app.header}"), (app.header, "bob")]) == "ada"
    for name in spellings(app.basket):
        assert not app.holds(ada, two, [(name, '{"forged":1}')]), name


# Bob knows his own password. Each of these names ada to one way of reading it, and bob to that of the application:
# where readings differ nobody is captured.

BOTH = '{"username":"ada","more":"&username=bob&password=builder&"}'
LOOKS = '{"username":"bob","password":"builder","more":"&username=ada&"}'
TWO = "username=ada&username=bob&password=builder"


# Names that are others in another charset.
UTF_7 = "+" + base64.b64encode("username".encode("utf-16-be")).decode().rstrip("=") + "-"


def named(name, kind, content_type, body, query="", **headers):
    return pytest.param(kind, content_type, body, query, headers, id=name)


@pytest.mark.parametrize("kind, content_type, body, query, headers", [
    named("twice", Shop, FORM, TWO),
    named("the-other-way-round", Shop, FORM, "username=bob&password=builder&username=ada"),
    named("blank-before", Shop, FORM, "username=ada&%20username=bob&password=builder"),
    named("nul-behind", Shop, FORM, "username=ada&username%00=bob&password=builder"),
    named("a-list", Shop, FORM, "username[]=ada&username=bob&password=builder"),
    named("json-to-us", Shop, FORM + " +json", BOTH),
    named("json-to-us-too", Shop, FORM + ",+json", BOTH),
    named("bracket-without-end", Bare, FORM, "user_name=ada&user[name=bob&password=builder"),
    named("cookie", Bare, FORM, "user_name=ada&password=builder", Cookie="user_name=bob"),
    named("script-twice", Desk, FORM, TWO),
    named("semicolon", Desk, FORM, "username=ada&more=;username=bob&password=builder"),
    named("query", Desk, FORM, "username=ada", "?username=bob&password=builder"),
    named("any-type-is-a-form", Desk, JSON, BOTH),
    named("any-type-is-json", Typed, FORM, LOOKS),
    named("json-twice", Typed, JSON, '{"username":"ada","username":"bob","password":"builder"}'),
    named("what-the-answer-says", Orders, FORM, LOOKS),
    named("charset", Entered, FORM + "; charset=cp037",
          "username=bob&password=builder&x=".encode("cp037") + b"&username=ada&"),
    named("packed", Parsed, FORM, zlib.compress(b"username=bob&password=builder") + b"&username=ada&",
          **{"Content-Encoding": "deflate"}),
    named("json-in-utf-7", Parsed, JSON + "; charset=utf-7",
          '{"username":"ada","%s":"bob","password":"builder"}' % UTF_7),
])
def test_nobody_logs_in_as_somebody_else(running, replicas, kind, content_type, body, query, headers):
    app = running(kind)
    one, two = replicas(app)
    browser = Browser()
    app.login(browser, one, "bob", "builder")
    assert app.who(browser, two) == "bob"
    browser = Browser()
    got = browser.post(one, app.at + app.login_page + query, headers={"Content-Type": content_type, **headers},
                       body=body if isinstance(body, bytes) else body.encode())
    assert got.status < 400 and app.who(browser, two) in ("bob", "nobody")


def test_node_beside_them(running, replicas, redis):
    """Express writes the same session meanwhile, whole values as it does: what it counted is all there. Of ours, a save
    that Express had begun before may undo some; connect-redis knows no better, and what we write afterwards stands."""
    app, node = running(Orders), Express(redis.url)
    one, two = replicas(app)
    try:
        browser = enter(app, one)
        assert node.get("/whoami", browser.cookie)[1]["user"] == {"id": "ada"}
        for n in range(5):
            app.post(browser.copy(), (one, two)[n % 2], app.basket_page, item="tea")
            assert node.get("/write", browser.cookie)[1]["views"] == n + 1
        stored = json.loads(redis.value(browser.sid))
        assert stored["cart"] == {"tea": 5} and stored["views"] == 5 and stored["user"] == {"id": "ada"}

        def put(program, item):
            for n in range(25):
                assert app.post(browser.copy(), program, app.basket_page, item=f"{item}{n}").status == 200

        others = [threading.Thread(target=put, args=args) for args in ((one, "pot"), (two, "cup"))]
        for thread in others:
            thread.start()
        for n in range(50):
            assert node.get("/write", browser.cookie)[1]["views"] == n + 6
        for thread in others:
            thread.join()
        app.post(browser.copy(), one, app.basket_page, item="last")
        stored = json.loads(redis.value(browser.sid))
        assert stored["views"] == 55 and stored["cart"]["tea"] == 5 and stored["cart"]["last"] == 1
        assert app.who(browser, two, app.closed_page) == "ada"
        node.get("/logout", browser.cookie)
        assert app.who(browser, one, app.closed_page) == 401
    finally:
        node.stop()
