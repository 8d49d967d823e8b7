"""What Set-Cookie says, when it comes, and what it does to caches."""
import email.utils
import time

import pytest

from harness import cookies
from harness.scenes import MODES

DAY = 24 * 3600


def test_set_cookie_as_express_writes_it(vestibule):
    program = vestibule()
    cookie, = cookies.set_cookies(program.get("/"))
    assert cookie.name == "sid" and cookie.names() == ["Path", "Expires", "HttpOnly", "SameSite"]
    assert cookie["Path"] == "/" and cookie["SameSite"] == "Lax"
    assert cookie["Expires"].endswith(" GMT")
    expires = email.utils.parsedate_to_datetime(cookie["Expires"]).timestamp()
    assert abs(expires - time.time() - DAY) < 10


@pytest.mark.parametrize("changes, attributes", [
    ({"max_age": "off"}, ["Path=/", "HttpOnly", "SameSite=Lax"]),
    ({"max_age": "off", "http_only": False, "same_site": "off"}, ["Path=/"]),
    ({"max_age": "off", "same_site": "strict", "path": "/shop"}, ["Path=/shop", "HttpOnly", "SameSite=Strict"]),
    ({"max_age": "off", "domain": "example.test"}, ["Domain=example.test", "Path=/", "HttpOnly", "SameSite=Lax"]),
    ({"max_age": "off", "secure": "on", "same_site": "none", "partitioned": True},
     ["Path=/", "HttpOnly", "Secure", "Partitioned", "SameSite=None"]),
])
def test_set_cookie_attributes(vestibule, changes, attributes):
    program = vestibule({"session": {"cookie": changes}})
    cookie, = cookies.set_cookies(program.get("/shop"), "sid")
    assert cookie.line.split("; ")[1:] == attributes


def test_secure_follows_the_scheme_of_the_client(vestibule):
    direct = vestibule({"proxy": {"trusted_proxies": ["10.0.0.0/8"]}})
    behind = vestibule({"proxy": {"trusted_proxies": ["127.0.0.0/8"]}})
    https = {"X-Forwarded-Proto": "https"}
    for program, headers, secure in [(direct, {}, False), (direct, https, False), (behind, {}, False),
                                     (behind, https, True), (behind, {"X-Forwarded-Proto": "http"}, False)]:
        cookie, = cookies.set_cookies(program.get("/", headers), "sid")
        assert ("Secure" in cookie) == secure, headers


@pytest.mark.parametrize("before", [None, "public, max-age=3600", "max-age=60", "s-maxage=60", "private", "no-store",
                                    "public, immutable"])
def test_an_answer_with_a_session_cookie_is_not_left_publicly_cacheable(vestibule, backend, before):
    fields = {"Cache-Control": before} if before else {}
    backend.script = lambda x: x.reply(200, fields, b"page")
    program = vestibule(MODES)
    with_cookie = program.get("/issue")
    assert cookies.set_cookies(with_cookie, "sid")
    directives = {d.strip().partition("=")[0].lower() for d in ", ".join(with_cookie.all("Cache-Control")).split(",")}
    assert directives & {"private", "no-store", "no-cache"} and not directives & {"public", "s-maxage"}
    without = program.get("/off")
    assert without.header("Cache-Control") == before


def test_the_cookies_of_the_backend_stay(vestibule, backend):
    backend.script = lambda x: x.reply(200, [("Set-Cookie", "lang=en"), ("Set-Cookie", "cart=1; Path=/")], b"")
    answer = vestibule().get("/")
    assert [c.name for c in cookies.set_cookies(answer)][:2] == ["lang", "cart"]
    assert len(cookies.set_cookies(answer, "sid")) == 1


def test_set_cookie_comes_on_every_kind_of_answer(vestibule, backend):
    program = vestibule()
    for status in (200, 204, 304, 302, 404, 500):
        backend.script = lambda x: x.reply(status)
        assert len(cookies.set_cookies(program.get("/"), "sid")) == 1, status
    backend.script = lambda x: x.reply(200)
    assert len(cookies.set_cookies(program.request("HEAD", "/"), "sid")) == 1
