"""Reading the session cookie: what is accepted, what is not, and that nothing else comes of it."""
import base64
from urllib.parse import quote

import pytest

from harness import cookies

SECRET = "keyboard cat"
GUARDED = {
    "session": {"secrets": [SECRET]},
    "inject": {"headers": {"X-Session-User": "/user/id"}},
    "routes": [{"match": {"path": "/account"}, "session": "required"},
               {"match": {"path": "/*"}, "session": "issue"}],
}

# Published vectors of the algorithm: sid and cookie value under "keyboard cat".
VECTORS = [
    ("apple", "s%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW%2Bj7bUnP%2F5m6%2FOn1MCU"),
    ("%", "s%3A%25.kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa%2FOTZ01g"),
    ("/foo", "s%3A%2Ffoo.paEKBtAHbV5s1IB8B2zPnzAgYmmnRPIqObW4VRYj%2FMQ"),
    ("a.b.c", quote("s:a.b.c.G8ReS2HiYVtvMBGFvZUGp5RaCauWFLUTjnnTm/EQ2aE", safe=cookies.UNESCAPED)),
    ("\u00e9", quote("s:\u00e9.IJHQiGrJN1r6CT8N7exFS1utW6xz39cpVto0zc447p0", safe=cookies.UNESCAPED)),
    ("1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR",
     "s%3A1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR.tKsUEW8QvUIfTqavSdT8z3PsNYW%2BemjlwLfMYz%2F5caQ"),
    ("a.b:c/\u00e9\u2713",
     "s%3Aa.b%3Ac%2F%C3%A9%E2%9C%93.MqcXpZJsUSFQ0ZKm82a6YgBLmZ1SycW8pB%2BkW61rtXk"),
]

# A live session whose signature has both '+' and '/', so that every alphabet mistake shows.
SID = "1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR"
MAC = cookies.signature(SID, SECRET)
GOOD = cookies.sign(SID, SECRET)
RAW = f"s:{SID}.{MAC}"
assert "+" in MAC and "/" in MAC


def other_spare_bits(mac):
    """The same bytes, spelled with other unused bits in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = mac[:-1] + alphabet[alphabet.index(mac[-1]) ^ 1]
    assert base64.b64decode(other + "=") == base64.b64decode(mac + "=")
    return other


def signed(sid):
    return quote(f"s:{sid}.{cookies.signature(sid, SECRET)}", safe=cookies.UNESCAPED)


TAMPERED = {
    "no s:": f"{SID}.{MAC}",
    "other prefix": f"j:{SID}.{MAC}",
    "no signature": f"s:{SID}",
    "empty signature": f"s:{SID}.",
    "empty sid": "s:." + cookies.signature("", SECRET),
    "empty": "",
    "only s:": "s:",
    "padding kept": f"s:{SID}.{MAC}=",
    "padding kept, escaped": GOOD + "%3D",
    "base64url": f"s:{SID}." + MAC.replace("+", "-").replace("/", "_"),
    "other spare bits": f"s:{SID}.{other_spare_bits(MAC)}",
    "one more part": f"{RAW}.x",
    "one character off in the signature": f"s:{SID}." + ("A" if MAC[0] != "A" else "B") + MAC[1:],
    "one character off in the sid": f"s:X{SID[1:]}.{MAC}",
    "short signature": f"s:{SID}.{MAC[:-1]}",
    "long signature": f"s:{SID}.{MAC}A",
    "encoded twice": quote(GOOD),
    "other secret": cookies.sign(SID, "nyan cat"),
    "plus as blank": RAW.replace("+", "%20"),
    "broken escape": GOOD + "%",
    "broken escape inside": GOOD.replace("%2B", "%2"),
    "not UTF-8": quote("s:", safe="") + "%FF%FE." + MAC,
    "nul in the sid": "s%3A" + SID + "%00." + MAC,
    "unknown sid, well signed": signed("An-unknown-but-well-signed-sid-1"),
    "control character, well signed": signed("a\x01b"),
    "line break, well signed": signed("a\r\nSet-Cookie: x=y"),
    "257 bytes, well signed": signed("a" * 257),
    "4 KiB, well signed": signed("a" * 4096),
    "8 KiB of nothing": "s:" + "a" * 8192,
    "unknown anonymous form, other secret": cookies.sign("anon-" + "A" * 32, "nyan cat"),
    "anonymous, issued in 1970": signed("anon-" + "A" * 32),
    "anonymous, issued in 2100": signed("anon-" + base64.urlsafe_b64encode(b"\xf4\x86\x57\x00" + b"x" * 20).decode()),
    "anonymous, too short": signed("anon-" + "A" * 31),
    "script": "<script>alert(1)</script>",
    "many dots": "s:" + "." * 500,
}

ACCEPTED = {
    "as written": GOOD,
    "lower-case escapes": GOOD.replace("%3A", "%3a").replace("%2B", "%2b").replace("%2F", "%2f"),
    "unencoded": RAW,
    "every byte escaped": "".join(f"%{byte:02X}" for byte in RAW.encode()),
    "quoted": f'"{GOOD}"',
    "quoted, unencoded": f'"{RAW}"',
    "blanks around": f"  {GOOD}\t ",
}


@pytest.fixture
def live(redis):
    redis.put(SID, user={"id": "u1"})
    return redis


def test_tampered_cookies_are_no_session(vestibule, backend, live):
    program = vestibule(GUARDED)
    for what, value in TAMPERED.items():
        cookies.CONFIDENTIAL.update(part for part in [value] if len(part) >= 24)
        denied = program.get("/account", cookie=value)
        assert denied.status == 401 and not denied.all("Set-Cookie"), f"{what}: {denied}"
        answer = program.get("/", cookie=value)
        assert answer.status == 200, f"{what}: {answer}"
        seen = backend.last()
        assert seen.header("X-Session-User") is None, what
        assert seen.header("X-Session-State") == "new", what
        fresh = cookies.unsign(cookies.set_cookies(answer, "sid")[0].value, SECRET)
        assert fresh.startswith("anon-") and fresh not in value, what
    assert live.keys() == [b"sess:" + SID.encode()], "nothing else was stored"


def test_nothing_but_the_cookie_header_is_looked_at(vestibule, backend, live):
    program = vestibule(GUARDED)
    form = f"sid={GOOD}"
    json_body = '{"sid": "%s"}' % RAW
    for what, method, path, headers, body in [
        ("query", "GET", "?" + form, {}, None),
        ("query of a form", "POST", "?" + form, {}, b"a=1"),
        ("form", "POST", "", {"Content-Type": "application/x-www-form-urlencoded"}, form.encode()),
        ("JSON", "POST", "", {"Content-Type": "application/json"}, json_body.encode()),
        ("other headers", "GET", "", {"sid": GOOD, "X-Session-Id": SID, "Authorization": f"Bearer {RAW}",
                                      "Cookie2": f"sid={GOOD}", "Set-Cookie": f"sid={GOOD}"}, None),
    ]:
        denied = program.request(method, "/account" + path, headers, body)
        assert denied.status == 401 and not denied.all("Set-Cookie"), f"{what}: {denied}"
        answer = program.request(method, "/" + path, headers, body)
        assert answer.status == 200, f"{what}: {answer}"
        assert backend.last().header("X-Session-State") == "new", what
        assert backend.last().header("X-Session-User") is None, what
        fresh = cookies.unsign(cookies.set_cookies(answer, "sid")[0].value, SECRET)
        assert fresh.startswith("anon-"), what
    assert program.get("/account", cookie=GOOD).status == 200, "it is a live session"
    assert program.metric("vestibule_cookies_total", outcome="absent") == 10


def test_accepted_forms(vestibule, backend, live):
    program = vestibule(GUARDED)
    for what, value in ACCEPTED.items():
        program.get("/", {"Cookie": f"sid={value}"})
        assert backend.last().header("X-Session-User") == "u1", what
    for line in [f"sid={GOOD}", f"bad=%zz; sid={GOOD}", f'open="; sid={GOOD}', f"sid = {GOOD}", f"=x; ;;sid={GOOD};",
                 f"novalue; sid={GOOD}", f"SID=x; sid={GOOD}", f"xsid=1; sid={GOOD}; sidx=2"]:
        program.get("/", {"Cookie": line})
        assert backend.last().header("X-Session-User") == "u1", line


@pytest.mark.parametrize("sid, value", VECTORS)
def test_published_vectors(vestibule, backend, redis, sid, value):
    assert cookies.sign(sid, SECRET) == value
    redis.put(sid, user={"id": "u1"})
    vestibule(GUARDED).get("/", cookie=value)
    assert backend.last().header("X-Session-User") == "u1"


def test_secrets_are_utf8(vestibule, backend, redis):
    secret = "cl\u00e9 secr\u00e8te"
    assert cookies.signature("apple", secret) == "/E9Kai7Z/FksGgXLP1y29p/8R+D3zar7tG8NjBPbOfI"
    redis.put("apple", user={"id": "u1"})
    vestibule({**GUARDED, "session": {"secrets": [secret]}}).get("/", cookie=cookies.sign("apple", secret))
    assert backend.last().header("X-Session-User") == "u1"


def test_of_several_cookies_the_live_one_wins(vestibule, backend, live):
    program = vestibule(GUARDED)
    dead = [signed(f"dead-session-number-{n}") for n in range(8)]
    for line in [f"sid={dead[0]}; sid={GOOD}", f"sid={GOOD}; sid={dead[0]}", f"sid=; sid={GOOD}",
                 f"sid=garbage; sid={GOOD}", "; ".join(f"sid={d}" for d in dead[:7]) + f"; sid={GOOD}",
                 "; ".join(f"sid=garbage{n}" for n in range(20)) + f"; sid={GOOD}"]:
        answer = program.get("/", {"Cookie": line})
        assert backend.last().header("X-Session-User") == "u1", line
        assert not cookies.set_cookies(answer, "sid"), "nothing to renew"
    # Split over several Cookie lines, as HTTP/2 hops leave them.
    program.get("/", [("Cookie", f"sid={dead[0]}"), ("Cookie", "a=1"), ("Cookie", f"sid={GOOD}")])
    assert backend.last().header("X-Session-User") == "u1"


def test_not_more_than_eight_are_tried(vestibule, backend, live):
    program = vestibule(GUARDED)
    with_many = "; ".join(f"sid={signed(f'dead-session-number-{n}')}" for n in range(40))
    monitor = live.monitor()
    answer = program.get("/", {"Cookie": f"{with_many}; sid={GOOD}"})
    assert answer.status == 200 and backend.last().header("X-Session-User") is None
    looked_up = {line.rpartition("sess:")[2] for line in monitor.commands() if '"PTTL"' in line}
    monitor.close()
    assert 1 <= len(looked_up) <= 8


def test_three_hundred_cookies(vestibule, backend, live):
    others = "; ".join(f"c{n}={n}" for n in range(300))
    vestibule(GUARDED).get("/", {"Cookie": f"{others}; sid={GOOD}"})
    assert backend.last().header("X-Session-User") == "u1"
    assert backend.last().all("Cookie") == [others]


def test_a_dead_anonymous_cookie_does_not_hide_a_live_session(vestibule, backend, live):
    program = vestibule(GUARDED)
    anonymous = cookies.set_cookies(program.get("/"), "sid")[0].value
    program.get("/", {"Cookie": f"sid={anonymous}; sid={GOOD}"})
    assert backend.last().header("X-Session-User") == "u1"


def test_outcomes_are_counted(vestibule, live):
    program = vestibule(GUARDED)
    for value in (GOOD, None, "garbage", cookies.sign(SID, "nyan cat"), signed("no-such-session-anywhere")):
        program.get("/", cookie=value)
    counted = {name: value for name, value in program.metrics().items() if name.startswith("vestibule_cookies_total{")}
    for outcome in ("valid", "absent", "malformed", "bad_signature", "unknown"):
        assert sum(value for name, value in counted.items() if f'"{outcome}"' in name) == 1, (outcome, counted)


OLD, NEW = "the old secret, soon to go, 32 bytes", "the new secret, here to stay, 32 byt"


def test_an_old_signature_is_renewed(vestibule, backend, redis):
    program = vestibule({**GUARDED, "session": {"secrets": [NEW, OLD]}})
    sid = cookies.new_sid()
    redis.put(sid, user={"id": "u1"}, ttl=3600)
    answer = program.get("/account", cookie=cookies.sign(sid, OLD))
    assert answer.status == 200 and backend.last().header("X-Session-User") == "u1"
    renewed = cookies.set_cookies(answer, "sid")
    assert [cookies.unsign(c.value, NEW) for c in renewed] == [sid]
    answer = program.get("/account", cookie=renewed[0].value)
    assert answer.status == 200 and not cookies.set_cookies(answer, "sid")


def test_an_old_anonymous_signature_is_renewed(vestibule, backend, redis):
    before = vestibule({**GUARDED, "session": {"secrets": [OLD]}})
    value = cookies.set_cookies(before.get("/"), "sid")[0].value
    after = vestibule({**GUARDED, "session": {"secrets": [NEW, OLD]}})
    renewed = cookies.set_cookies(after.get("/", cookie=value), "sid")
    assert [cookies.unsign(c.value, NEW) for c in renewed] == [cookies.unsign(value, OLD)]
