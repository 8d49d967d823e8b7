"""Assertions: signed tokens to the backend, verified by Node's crypto and nothing of ours."""
import base64
import hashlib
import hmac
import json
import pathlib
import secrets
import signal
import subprocess
import time

import pytest

from harness import cookies, wire

HEADER = "X-Session-Assertion"
ROUTES = {"routes": [
    {"match": {"path": "/off/*"}, "session": "off"},
    {"match": {"path": "/optional/*"}, "session": "optional"},
]}

# Finds each token's key in the set by its kid and verifies with it; prints the kids, null where it fails.
VERIFY = """
const crypto = require('node:crypto');
const {jwks, tokens} = JSON.parse(require('node:fs').readFileSync(0));
console.log(JSON.stringify(tokens.map(token => {
  const [header, claims, signature] = token.split('.');
  const {alg, kid} = JSON.parse(Buffer.from(header, 'base64url'));
  const jwk = jwks.keys.find(k => k.kid === kid && k.alg === alg && k.use === 'sig');
  if (!jwk || alg !== 'EdDSA') return null;
  const key = crypto.createPublicKey({key: jwk, format: 'jwk'});
  const good = crypto.verify(null, Buffer.from(header + '.' + claims), key, Buffer.from(signature, 'base64url'));
  return good ? kid : null;
})));
"""
MAKE_PEM = """
const {privateKey} = require('node:crypto').generateKeyPairSync('ed25519');
process.stdout.write(privateKey.export({type: 'pkcs8', format: 'pem'}));
"""


def node(script, text=""):
    return subprocess.run(["node", "-e", script], input=text, capture_output=True, text=True, timeout=30,
                          check=True).stdout


def new_key():
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    cookies.CONFIDENTIAL.add(key)
    return key


def asserting(*keys, **more):
    return {**ROUTES, "assertion": {"enabled": True, "keys": list(keys), **more}}


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims(token):
    return json.loads(decoded(token.split(".")[1]))


def token_of(backend):
    """The token of the last request; no part of it may be in a log."""
    values = backend.last().all(HEADER)
    assert len(values) == 1, values
    cookies.CONFIDENTIAL.add(values[0].rpartition(".")[2])
    return values[0]


def key_set(program):
    answer = program.admin("/.well-known/jwks.json")
    assert answer.status == 200, answer
    assert answer.header("Content-Type") == "application/jwk-set+json"
    assert answer.header("Cache-Control") == "public, max-age=60"
    return json.loads(answer.body)


def verified(jwks, *tokens):
    return json.loads(node(VERIFY, json.dumps({"jwks": jwks, "tokens": tokens})))


def thumbprint(jwk):
    """RFC 7638."""
    text = json.dumps({name: jwk[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def reload(program, changes):
    """Whether it took the configuration, and what it said."""
    known = len(program.lines)
    program.configure(changes)
    program.signal(signal.SIGHUP)
    end = program.wait_log(lambda line: line.get("message", "").startswith("reload"), since=known)
    return end["message"] == "reloaded", json.dumps(program.lines[known:])


def test_a_backend_can_verify_whose_request_it_is(vestibule, backend, redis):
    program = vestibule(asserting(new_key(), audience="shop"))
    _, cookie = redis.login(user={"id": "zo\u00eb \"1\""})
    before = int(time.time())
    program.get("/a/../b;v=1/%7euser?secret=1", cookie=cookie)
    token = token_of(backend)
    jwks = key_set(program)
    [jwk] = jwks["keys"]
    assert jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519" and jwk["kid"] == thumbprint(jwk)
    assert set(jwk) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert json.loads(decoded(token.split(".")[0])) == {"alg": "EdDSA", "typ": "JWT", "kid": jwk["kid"]}
    forged = token.replace(".", ".e30", 1)
    assert verified(jwks, token, forged) == [jwk["kid"], None]
    said = claims(token)
    assert before - 1 <= said["iat"] <= time.time() and said["exp"] - said["iat"] == 60
    assert len(decoded(said["jti"])) == 16
    assert {name: said[name] for name in said if name not in ("iat", "exp", "jti")} == {
        "iss": "vestibule", "aud": "shop", "sub": "zo\u00eb \"1\"", "handle": backend.last().header("X-Session-Id"),
        "method": "GET", "path": backend.last().target.partition("?")[0]}


def test_what_is_not_known_is_not_claimed(vestibule, backend, redis):
    program = vestibule(asserting(new_key(), method_and_path=False, issuer=""))
    program.get("/optional/")
    assert set(claims(token_of(backend))) == {"iat", "exp", "jti"}
    program.get("/")  # an anonymous session
    assert set(claims(token_of(backend))) == {"handle", "iat", "exp", "jti"}
    _, cookie = redis.login(user={"id": None})
    program.get("/", cookie=cookie)
    assert set(claims(token_of(backend))) == {"handle", "iat", "exp", "jti"}
    program.get("/off/")
    assert backend.last().all(HEADER) == []


def test_hs256_is_a_shared_secret_and_published_nowhere(vestibule, backend):
    key = new_key()
    program = vestibule(asserting(key, algorithm="HS256"))
    program.get("/")
    head, _, signature = token_of(backend).rpartition(".")
    expected = hmac.new(key.encode(), head.encode(), hashlib.sha256).digest()
    assert decoded(signature) == expected
    header = json.loads(decoded(head.split(".")[0]))
    assert header["alg"] == "HS256" and key not in header["kid"]
    assert key_set(program) == {"keys": []}


@pytest.mark.parametrize("enabled", [True, False])
def test_no_client_can_assert(vestibule, backend, enabled):
    program = vestibule({**ROUTES, "assertion": {"enabled": enabled, "keys": [new_key()]}})
    for route in ("/off/", "/optional/", "/"):
        for name in (HEADER, HEADER.lower(), "X_Session_Assertion", "X.SESSION-assertion", "x~session|assertion"):
            program.get(route, {name: "forged", "Connection": f"keep-alive, {name}"})
            assert "forged" not in json.dumps(backend.last().headers), (route, name)
            assert len(backend.last().all(HEADER)) == (enabled and route != "/off/")
            with program.client() as client:
                client.send(wire.request_text("POST", route, {"Transfer-Encoding": "chunked", "Trailer": name}))
                client.send(f"3\r\nabc\r\n0\r\nX-Kind: kept\r\n{name}: forged\r\n\r\n")
                assert client.response().status == 200
            assert [value for _, value in backend.last().trailers] == ["kept"]
    if not enabled:
        assert program.admin("/.well-known/jwks.json").status == 404


def test_reading_sends_a_token_again_and_changing_never(vestibule, backend, redis):
    program = vestibule({**asserting(new_key()), "workers": 1})
    _, alice = redis.login(user={"id": "alice"})
    _, bob = redis.login(user={"id": "bob"})

    def sent(method, target, cookie):
        program.request(method, target, {"Cookie": f"sid={cookie}"})
        token = token_of(backend)
        said = claims(token)
        assert (said["method"], said["path"]) == (method, target.partition("?")[0])
        return said["jti"], said["sub"]

    first = sent("GET", "/page", alice)
    assert [sent("GET", f"/page?{n}", alice) for n in range(5)] == [first] * 5
    program.wait_metric(1, "vestibule_assertions_signed_total")
    others = [sent("HEAD", "/page", alice), sent("GET", "/other", alice), sent("GET", "/page", bob),
              *(sent("POST", "/page", alice) for _ in range(3))]
    assert len({first, *others}) == 7
    assert others[2][1] == "bob" and first[1] == "alice"
    program.wait_metric(7, "vestibule_assertions_signed_total")


def test_a_token_names_who_is_logged_in_now(vestibule, backend, redis):
    program = vestibule(asserting(new_key(), method_and_path=False))
    sid, cookie = redis.login(user={"id": "before"})
    program.get("/", cookie=cookie)
    assert claims(token_of(backend))["sub"] == "before"
    redis.put(sid, user={"id": "after"})
    end = time.monotonic() + 3
    while claims(token_of(backend))["sub"] != "after":
        assert time.monotonic() < end
        program.get("/", cookie=cookie)


def test_what_arrives_has_half_of_its_life_before_it(vestibule, backend):
    program = vestibule({**asserting(new_key(), lifetime="2s"), "workers": 1})
    seen = set()
    end = time.time() + 3.5
    while time.time() < end:
        program.get("/optional/")
        said = claims(token_of(backend))
        assert said["exp"] - said["iat"] == 2
        assert said["exp"] - time.time() > 0.8
        seen.add(said["jti"])
        time.sleep(0.02)
    assert 3 <= len(seen) <= 5


def test_keys_rotate_by_reload(vestibule, backend, tmp_path):
    old = new_key()
    (tmp_path / "new.pem").write_text(node(MAKE_PEM))
    new = {"file": "new.pem"}
    common = {"backends": [{"url": backend.url}]}
    program = vestibule(asserting(old))
    program.get("/")
    first = token_of(backend)
    before = key_set(program)

    # Published, then signed with, then alone.
    assert reload(program, {**common, **asserting(old, new)})[0]
    both = key_set(program)
    assert [k["kid"] for k in both["keys"]][0] == before["keys"][0]["kid"] and len(both["keys"]) == 2
    assert reload(program, {**common, **asserting(new, old)})[0]
    assert key_set(program)["keys"] == both["keys"][::-1]
    end = time.monotonic() + 5
    while True:
        program.get("/")
        last = token_of(backend)
        if last.split(".")[0] != first.split(".")[0]:
            break
        assert time.monotonic() < end
    kids = [k["kid"] for k in both["keys"]]
    assert verified(key_set(program), first, last) == kids
    assert verified(before, first, last) == [kids[0], None], "a set of before still verifies what the old key signed"
    assert reload(program, {**common, **asserting(new)})[0]
    assert verified(key_set(program), first, last) == [None, kids[1]]

    # What is no key changes nothing.
    taken, said = reload(program, {**common, **asserting("not a key but confidential")})
    assert not taken and "assertion.keys[0]" in said and "confidential" not in said
    assert [k["kid"] for k in key_set(program)["keys"]] == [kids[1]]
    assert reload(program, common)[0]
    assert program.admin("/.well-known/jwks.json").status == 404


def test_a_token_sent_again_is_of_the_key_of_now(vestibule, backend):
    old, new = new_key(), new_key()
    program = vestibule({**asserting(old), "workers": 1})
    program.get("/optional/")
    first = token_of(backend)
    program.get("/optional/")
    assert token_of(backend) == first
    reload(program, {"backends": [{"url": backend.url}], **asserting(new), "workers": 1})
    end = time.monotonic() + 5
    while verified(key_set(program), token_of(backend)) == [None]:
        assert time.monotonic() < end
        program.get("/optional/")


def test_replicas_have_one_key(vestibule, backend, redis):
    key = new_key()
    one, other = vestibule(asserting(key)), vestibule(asserting(key))
    _, cookie = redis.login(user={"id": "u1"})
    one.get("/", cookie=cookie)
    first = token_of(backend)
    other.get("/", cookie=cookie)
    second = token_of(backend)
    assert first != second and claims(first)["handle"] == claims(second)["handle"]
    kids = verified(key_set(one), first, second)
    assert kids == verified(key_set(other), second, first) and kids[0] == kids[1] is not None


def test_the_pem_of_openssl_is_a_key(vestibule, backend, tmp_path):
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True)
    pathlib.Path(tmp_path / "key.pem").write_text(made.stdout)
    program = vestibule(asserting({"file": "key.pem"}))
    program.get("/")
    assert verified(key_set(program), token_of(backend)) != [None]
