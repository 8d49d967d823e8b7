"""Routes: first match wins on the normalised path, and nobody walks around a rule."""
import json

import pytest

from harness.wire import request_text

PROTECTED = {"routes": [
    {"match": {"path": "/account"}, "session": "required", "require": {"/user/id": "present"}},
    {"match": {"path": "/account/*"}, "session": "required", "require": {"/user/id": "present"}},
    {"match": {"path": "/*"}, "session": "off"},
]}

# Every one of these is /account or below to some backend: denied, or refused as malformed.
WALK_AROUNDS = [
    "/account", "/account/", "/account/x", "//account", "///account//x", "/./account", "/account/.", "/%61ccount",
    "/%41ccount/../account", "/x/../account", "/x/%2e%2e/account", "/x/%2E./account", "/account;a=b", "/account;/x",
    "/account;a=b/x", "/account?x", "/account/..;/account", "/;a/account", "/x/..;/account", "/x;p/../account",
    "/account%2Fx", "/account%2fx", "/account%5cx", "/account\\x", "\\account", "/account%00", "/account%0d%0a",
    "/%2faccount", "/%2e/account", "/.%2faccount", "/x/..%2faccount", "/x/..%5caccount", "/account%", "/account%zz",
    "/account#x", "/%2561ccount/../account", "http://app.example.test/account", "http://app.example.test//account",
    "HTTP://APP.EXAMPLE.TEST/account", "http://app.example.test/x/../account", "/account/%2e%2e/account",
    "/x//../account", "/x//..//account", "/account%3b/../account", "account", "/ACCOUNT", "/Account/", "/accounT/x",
    "/%41ccount", "/A/../Account;x",
]


def test_no_rule_can_be_walked_around(vestibule, backend):
    program = vestibule(PROTECTED)
    through = []
    for target in WALK_AROUNDS:
        answer = program.get(target)
        if answer.status not in (400, 401):
            through.append((target, answer.status))
        assert answer.header("Cache-Control") == "no-store", target
    assert through == [] and backend.requests == []


def test_what_express_takes_for_the_same_path(start, express, redis):
    """Its routes ignore the letter case and a slash at the end, as long as nobody says otherwise."""
    other_spellings = ["/WHOAMI", "/whoami/", "/WhoAmI/"]
    for target in ("/whoami", *other_spellings):
        assert "user" in json.loads(express.get(target)[0].body), f"Express takes it for /whoami: {target}"
    for path in ("/whoami", "/whoami/*", "/Whoami/"):
        program = start({"backends": [{"url": express.url}], "store": {"url": redis.url},
                         "routes": [{"match": {"path": path}, "session": "required"}]})
        assert [program.get(target).status for target in ("/whoami", *other_spellings)] == [401] * 4, path
        assert program.get("/versions").status == 200
        program.stop()


# (sent, forwarded): what was matched is what is forwarded.
FORWARDED = [
    ("/", "/"), ("/a", "/a"), ("/a/", "/a/"), ("//a", "/a"), ("/a//b///c", "/a/b/c"), ("/./a", "/a"), ("/a/.", "/a/"),
    ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/b/..", "/a/"), ("/a/%2e%2e/b", "/b"), ("/%61%7Eb", "/a~b"),
    ("/%e4%B8%ad", "/%E4%B8%AD"), ("/a%20b", "/a%20b"), ("/a%3Fb", "/a%3Fb"), ("/a;v=1/b", "/a;v=1/b"),
    ("/a?q=//x/../y&z=%2f", "/a?q=//x/../y&z=%2f"), ("/a?", "/a?"), ("/a+b", "/a+b"), ("/a:b@c", "/a:b@c"),
    ("http://app.example.test/a/../b?c", "/b?c"), ("/accounts", "/accounts"), ("/A/Account", "/A/Account"),
    ("/account-x", "/account-x"), ("/x/account", "/x/account"), ("/...", "/..."), ("/.hidden", "/.hidden"),
]


def test_what_is_forwarded_is_what_was_matched(vestibule, backend):
    program = vestibule(PROTECTED)
    for sent, expected in FORWARDED:
        assert program.get(sent).status == 200, sent
        assert backend.last().target == expected, sent


@pytest.mark.parametrize("target", ["/%2F", "/a%2fb", "/%5C", "/a\\b", "/%00", "/%1f", "/%7f", "/a\x01", "/..", "/../a",
                                    "/a/../../b", "/%", "/%4", "/%g0", "/a#b", "*", "a", "ftp://x/a", "/..;x/a"])
def test_ambiguous_paths_are_refused(vestibule, backend, target):
    answer = vestibule(PROTECTED).get(target)
    assert answer.status == 400 and answer.header("Cache-Control") == "no-store"
    assert backend.requests == []


def test_methods_and_their_letter_case(vestibule, backend):
    program = vestibule({"routes": [
        {"match": {"path": "/form", "methods": ["POST", "DELETE"]}, "session": "required"},
        {"match": {"path": "/page", "methods": ["GET"]}, "session": "required"},
        {"match": {"path": "/*"}, "session": "off"},
    ]})
    statuses = {}
    for method, path in [("POST", "/form"), ("post", "/form"), ("pOsT", "/form"), ("DELETE", "/form"),
                         ("GET", "/page"), ("HEAD", "/page"), ("get", "/page"), ("GET", "/form"), ("PUT", "/form")]:
        statuses[method, path] = program.request(method, path).status
    for denied in [("POST", "/form"), ("DELETE", "/form"), ("GET", "/page"), ("HEAD", "/page")]:
        assert statuses[denied] == 401, denied
    for tricky in [("post", "/form"), ("pOsT", "/form"), ("get", "/page")]:
        assert statuses[tricky] in (400, 401), tricky
    assert statuses["GET", "/form"] == 200 and statuses["PUT", "/form"] == 200


def test_hosts_and_their_spellings(vestibule, backend):
    program = vestibule({"routes": [
        {"match": {"path": "/*", "host": "admin.example.test"}, "session": "required"},
        {"match": {"path": "/*"}, "session": "off"},
    ]})
    for host in ["admin.example.test", "ADMIN.Example.Test", "admin.example.test:80", "admin.example.test:8443",
                 "admin.example.test.", "Admin.Example.Test.:80"]:
        assert program.get("/", {"Host": host}).status == 401, host
    # An absolute-form target outranks Host (RFC 9112, 3.2.2).
    assert program.get("http://admin.example.test/", {"Host": "www.example.test"}).status in (400, 401)
    assert backend.requests == []
    for host in ["www.example.test", "xadmin.example.test", "admin.example.test.evil"]:
        assert program.get("/", {"Host": host}).status == 200, host


def test_first_match_wins_and_the_default_issues(vestibule, backend):
    program = vestibule({"routes": [
        {"match": {"path": "/a/open/*"}, "session": "off"},
        {"match": {"path": "/a/*"}, "session": "required"},
        {"match": {"path": "/exact"}, "session": "required"},
    ]})
    assert program.get("/a/open/x").status == 200
    assert backend.last().header("X-Session-State") is None
    assert program.get("/a/x").status == 401
    assert program.get("/exact").status == 401
    assert program.get("/exactly").status == 200
    assert program.get("/exact/x").status == 200
    assert backend.last().header("X-Session-State") == "new"


def test_routes_are_named_in_log_and_metrics(vestibule):
    program = vestibule(PROTECTED)
    program.get("/account/secret-page?token=1")
    line = program.access(lambda line: line["status"] == 401)
    assert line["route"] == "/account/*" and line["path"] == "/account/secret-page"
    assert "token" not in str(line)
    assert any('route="/account/*"' in name for name in program.metrics())


def test_one_connection_many_routes(vestibule, backend):
    """A decision belongs to its request, not to the connection."""
    program = vestibule(PROTECTED)
    with program.client() as client:
        for target, status in [("/a", 200), ("/account", 401), ("/b", 200), ("/account/x", 401), ("/c", 200)]:
            client.send(request_text("GET", target))
            assert client.response().status == status, target
    assert [r.target for r in backend.requests] == ["/a", "/b", "/c"]
