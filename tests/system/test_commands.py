"""The command line: what each command prints, and with which exit code it ends."""
import base64
import json
import socket

import pytest

from harness.program import BASE, merged, run



def test_version_and_help():
    version = run("--version")
    assert version.returncode == 0
    assert version.stdout.startswith("vestibule ") and "commit" in version.stdout
    for library in ("Boost", "hiredis", "OpenSSL"):
        assert library in version.stdout
    usage = run("--help")
    assert usage.returncode == 0
    for command in ("serve", "check", "sessions", "keygen", "--config"):
        assert command in usage.stdout


def test_keygen():
    keys = {run("keygen").stdout for _ in range(5)}
    assert len(keys) == 5
    for key in keys:
        assert key.endswith("\n") and len(base64.b64decode(key.strip(), validate=True)) == 32


@pytest.mark.parametrize("args", [[], ["serve"], ["check"], ["fly"], ["serve", "--config"], ["--no-such-option"],
                                  ["check", "--config", "/no/such/file.yaml"], ["--config", "/no/such/file.yaml"]])
def test_usage_errors(args):
    done = run(*args)
    assert done.returncode == 2 and done.stderr and not done.stdout.startswith("{")


@pytest.fixture
def check(tmp_path):
    """check(YAML) -> (exit code, [(line, column, path, message)])"""
    def act(text, env=None):
        file = tmp_path / "vestibule.yaml"
        file.write_text(text)
        done = run("check", "--config", file, env=env)
        rows = []
        for row in (done.stdout + done.stderr).splitlines():
            if row.startswith(f"{file}:") and row.count(": ") >= 2:
                where, path, message = row.split(": ", 2)
                _, line, column = where.rsplit(":", 2)
                rows.append((int(line), int(column), path, message))
        return done.returncode, rows
    return act


MINIMAL = "backends: [{url: http://127.0.0.1:3000}]\nsession: {secrets: [a secret long enough for this]}\n"


def test_check_says_valid(check):
    assert check(MINIMAL)[0] == 0


def test_check_tells_every_problem_with_its_place(check):
    code, rows = check("backends: [{url: ftp://x}]\n"
                       "session:\n"
                       "  secrets: ['']\n"
                       "  cookie:\n"
                       "    same_site: laxx\n"
                       "    max_age: tomorrow\n"
                       "listn: []\n"
                       "proxy: {limits: {head: many}}\n"
                       "routes:\n"
                       "  - match: {path: account}\n"
                       "    session: maybe\n")
    assert code == 2
    paths = {path: (line, message) for line, _, path, message in rows}
    for path, line in [("backends[0].url", 1), ("session.secrets[0]", 3), ("session.cookie.same_site", 5),
                       ("session.cookie.max_age", 6), ("listn", 7), ("proxy.limits.head", 8),
                       ("routes[0].match.path", 10), ("routes[0].session", 11)]:
        assert path in paths and paths[path][0] == line, (path, rows)
    assert "listen" in paths["listn"][1], "the nearest known key is suggested"
    assert "lax" in paths["session.cookie.same_site"][1]


def test_check_names_the_unset_variable(check):
    text = "backends: [{url: \"${BACKEND:-http://127.0.0.1:1}\"}]\nsession: {secrets: [\"${NO_SUCH_SECRET}\"]}\n"
    code, rows = check(text)
    assert code == 2 and len(rows) == 1 and "NO_SUCH_SECRET" in rows[0][3]
    assert check(text, env={"NO_SUCH_SECRET": "a secret long enough for this"})[0] == 0


def test_check_reports_broken_yaml(check):
    code, rows = check("backends: [{url: 'http://127.0.0.1:1}]\n")
    assert code == 2 and rows


@pytest.mark.parametrize("cookie", [
    "{name: __Host-sid, secure: off}", "{name: __Host-sid, secure: on, path: /x}",
    "{name: __Host-sid, secure: on, domain: example.test}", "{name: __Secure-sid, secure: off}",
    "{same_site: none, secure: off}", "{partitioned: true, secure: off}", "{name: 'a b'}", "{name: ''}",
    "{path: x}", "{path: '/;x'}", "{domain: 'a;b'}"])
def test_cookies_that_a_browser_would_refuse(check, cookie):
    code, rows = check(f"backends: [{{url: http://127.0.0.1:3000}}]\n"
                       f"session: {{secrets: [aaaaaaaaaaaaaaaaaaaaaaaa], cookie: {cookie}}}\n")
    assert code == 2 and rows[0][2].startswith("session.cookie"), rows


def test_secrets_never_stand_in_a_message(check):
    code, rows = check("backends: [{url: http://127.0.0.1:3000}]\nsession: {secrets: [{file: TOPSECRET}]}\n")
    assert code == 2 and rows[0][2].startswith("session.secrets[0]") and "TOPSECRET" not in str(rows)
    code, rows = check(MINIMAL + "store: {url: 'redis://user:TOPSECRETPASSWORD@'}\n")
    assert code == 2 and "TOPSECRET" not in str(rows)


def test_serve_refuses_an_invalid_configuration(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("listn: []\n")
    done = run("serve", "--config", file)
    assert done.returncode == 2 and "listn" in done.stderr


def test_serve_says_which_address_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = tmp_path / "vestibule.yaml"
        for section in ({"listen": [{"address": f"127.0.0.1:{port}"}]}, {"admin": {"address": f"127.0.0.1:{port}"}}):
            changes = {**section, "backends": [{"url": "http://127.0.0.1:1"}]}
            file.write_text(json.dumps(merged(BASE, changes)))
            done = run("--config", file)
            assert done.returncode == 1 and str(port) in done.stdout + done.stderr
