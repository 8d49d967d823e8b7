"""Other origins' pages: answered here, whatever the backend says, and preflights never reach it."""
import pytest

from harness import cookies
from harness.wire import request_text

APP, OTHER = "https://app.test", "https://other.test"
CORS = {"cors": {"allow_origins": [APP, "http://localhost:3000"], "expose_headers": ["X-Total"]},
        "routes": [{"match": {"path": "/off"}, "session": "off"},
                   {"match": {"path": "/required"}, "session": "required"}]}
BACKENDS_OWN = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "false"),
                ("access-control-anything", "x"), ("Vary", "Accept-Encoding"), ("Vary", "Cookie")]


def cors_of(answer):
    return {name.lower().removeprefix("access-control-"): value for name, value in answer.headers
            if name.lower().startswith("access-control-")}


def preflight(program, path="/a", origin=APP, method="PUT", **more):
    return program.request("OPTIONS", path, {"Origin": origin, "Access-Control-Request-Method": method, **more})


def test_preflights_are_answered_here(vestibule, backend, redis):
    program = vestibule(CORS)
    monitor = redis.monitor()
    _, cookie = redis.login(user={"id": "u1"})
    for path in ("/a", "/off", "/required"):
        answer = preflight(program, path, **{"Access-Control-Request-Headers": "content-type,x-a",
                                             "Cookie": f"sid={cookie}"})
        assert answer.status == 204 and answer.body == b"" and answer.header("Content-Length") is None, path
        assert cors_of(answer) == {"allow-origin": APP, "allow-credentials": "true",
                                   "allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
                                   "allow-headers": "content-type,x-a", "max-age": "600"}, path
        assert answer.all("Vary") == ["Origin"] and not answer.all("Set-Cookie")
    assert backend.requests == []
    assert not [c for c in monitor.commands() if c.lower().split('"')[1:2] == ["get"]]
    monitor.close()
    program.wait_metric(3, "vestibule_cors_preflights_total", outcome="allowed")


def test_preflights_of_strangers(vestibule, backend):
    program = vestibule(CORS)
    for origin in (OTHER, "null", "http://app.test", "https://app.test:8443", "https://app.test.evil", "*"):
        answer = preflight(program, origin=origin)
        assert answer.status == 403 and cors_of(answer) == {} and answer.all("Vary") == ["Origin"], origin
    assert backend.requests == []
    program.wait_metric(6, "vestibule_cors_preflights_total", outcome="refused")


def test_other_options_requests_are_the_backends(vestibule, backend):
    program = vestibule(CORS)
    for headers in ({}, {"Origin": APP}, {"Access-Control-Request-Method": "PUT"}):
        assert program.request("OPTIONS", "/a", headers).status == 200
    assert len(backend.requests) == 3


def test_connections_stay_open_between_preflight_and_request(vestibule, backend):
    program = vestibule(CORS)
    with program.client() as client:
        client.send(request_text("OPTIONS", "/a", {"Origin": APP, "Access-Control-Request-Method": "PUT"}))
        assert client.response("OPTIONS").status == 204
        client.send(request_text("PUT", "/a", {"Origin": APP}, b"x"))
        assert client.response().status == 200
    assert [r.method for r in backend.requests] == ["PUT"]


def test_answers_are_ours_not_the_backends(vestibule, backend):
    backend.script = lambda x: x.reply(200, BACKENDS_OWN, b"ok")
    program = vestibule(CORS)
    ours = {"allow-origin": APP, "allow-credentials": "true", "expose-headers": "X-Total"}
    for path in ("/a", "/off"):
        answer = program.get(path, {"Origin": APP})
        assert cors_of(answer) == ours and answer.all("Vary") == ["Accept-Encoding, Cookie, Origin"], path
        for headers in ({}, {"Origin": OTHER}, {"Origin": "null"}):
            answer = program.get(path, headers)
            assert answer.status == 200 and cors_of(answer) == {}, headers
            assert answer.all("Vary") == ["Accept-Encoding, Cookie, Origin"], headers
        assert cors_of(program.get(path, [("Origin", APP), ("Origin", APP)])) == {}
    # The answer comes after a body that took the place of the head in memory.
    answer = program.request("POST", "/a", {"Origin": APP}, b"x" * 200_000)
    assert answer.status == 200 and cors_of(answer) == ours


def test_early_hints_say_nothing_else(vestibule, backend):
    hints = [*BACKENDS_OWN, ("Link", "</a.css>; rel=preload")]
    backend.script = lambda x: (x.reply(103, hints), x.reply(200, [], b"ok"))
    answer = vestibule(CORS).get("/a", {"Origin": APP})
    (early,) = answer.interim
    assert cors_of(early) == {} and early.header("Link") and cors_of(answer)["allow-origin"] == APP


@pytest.mark.parametrize("vary, expected", [(["Origin"], ["Origin"]), (["accept, ORIGIN"], ["accept, ORIGIN"]),
                                            (["*"], ["*"]), ([], ["Origin"])])
def test_vary_is_not_doubled(vestibule, backend, vary, expected):
    backend.script = lambda x: x.reply(304, [("Vary", value) for value in vary])
    assert vestibule(CORS).get("/a", {"Origin": APP}).all("Vary") == expected


def test_own_answers_can_be_read_too(vestibule, backend):
    program = vestibule({**CORS, "proxy": {"limits": {"body": "1KiB", "target": "100"}}})
    for answer, status in [
        (program.get("/required", {"Origin": APP}), 401),
        (program.get("/a/%2f", {"Origin": APP}), 400),
        (program.request("POST", "/a", {"Origin": APP}, b"x" * 2000), 413),
    ]:
        assert answer.status == status and cors_of(answer)["allow-origin"] == APP, status
        assert answer.all("Vary") == ["Origin"], status
    answer = program.get("/" + "a" * 200, {"Origin": APP})
    assert answer.status == 414 and answer.all("Vary") == ["Origin"]
    backend.close()
    answer = program.get("/a", {"Origin": APP})
    assert answer.status == 502 and cors_of(answer)["allow-origin"] == APP
    answer = program.get("/a")
    assert answer.status == 502 and cors_of(answer) == {} and answer.all("Vary") == ["Origin"]


def test_without_it_everything_is_the_backends(vestibule, backend):
    backend.script = lambda x: x.reply(200, BACKENDS_OWN, b"ok")
    program = vestibule()
    answer = program.get("/a", {"Origin": APP})
    assert [pair for pair in answer.headers if pair in BACKENDS_OWN] == BACKENDS_OWN
    assert preflight(program).status == 200 and backend.last().method == "OPTIONS"


def test_everybody_without_credentials(vestibule, backend):
    program = vestibule({"cors": {"allow_origins": ["*"], "credentials": False, "allow_headers": ["X-A"],
                                  "allow_methods": ["GET"], "max_age": "1h"}})
    assert cors_of(program.get("/a", {"Origin": OTHER})) == {"allow-origin": "*"}
    assert cors_of(preflight(program, origin=OTHER, **{"Access-Control-Request-Headers": "x-b"})) == {
        "allow-origin": "*", "allow-methods": "GET", "allow-headers": "X-A", "max-age": "3600"}


def test_what_may_read_may_write(vestibule, backend):
    """An origin that cors allows is good for csrf; "*" is nobody's."""
    program = vestibule({**CORS, "csrf": {"mode": "origin"}})
    for headers in ({"Origin": APP}, {"Origin": APP, "Sec-Fetch-Site": "cross-site"}):
        answer = program.request("POST", "/a", headers)
        assert answer.status == 200 and cors_of(answer)["allow-origin"] == APP
    answer = program.request("POST", "/a", {"Origin": OTHER, "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403 and cors_of(answer) == {} and answer.all("Vary") == ["Origin"]
    program = vestibule({"cors": {"allow_origins": ["*"], "credentials": False}, "csrf": {"mode": "origin"}})
    answer = program.request("POST", "/a", {"Origin": OTHER})
    assert answer.status == 403 and cors_of(answer) == {"allow-origin": "*"}


def test_who_may_read_without_cookies_acts_as_nobody(vestibule, backend, redis):
    program = vestibule({"cors": {"allow_origins": [APP], "credentials": False}, "csrf": {"mode": "origin"},
                         "session": {"cookie": {"same_site": "none", "secure": "on"}}})
    _, cookie = redis.login(user={"id": "u1"})
    for headers in ({"Origin": APP}, {"Origin": APP, "Sec-Fetch-Site": "cross-site"}):
        assert program.request("POST", "/a", headers).status == 200
        for credentials in ({"Cookie": f"sid={cookie}"}, {"Cookie": "PHPSESSID=x"}, {"Authorization": "Basic eDp5"}):
            answer = program.request("POST", "/a", {**headers, **credentials})
            assert answer.status == 403 and cors_of(answer) == {"allow-origin": APP}


def test_sessions_go_on_as_ever(vestibule, backend, redis):
    program = vestibule(CORS)
    answer = program.get("/a", {"Origin": APP})
    assert len(cookies.set_cookies(answer, "sid")) == 1 and cors_of(answer)["allow-credentials"] == "true"
    assert "private" in answer.header("Cache-Control")
    _, cookie = redis.login(user={"id": "u1"})
    assert program.get("/required", {"Origin": APP}, cookie=cookie).status == 200
