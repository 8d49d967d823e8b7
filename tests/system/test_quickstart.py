"""deploy/quickstart.sh: one command to a shop behind vestibule, and Ctrl-C out of it."""
import os
import socket
import subprocess
import time

import pytest

from harness import cookies
from harness.quickstart import ROOT, Quickstart


@pytest.fixture
def quickstart():
    running = []

    def factory(env=None):
        q = Quickstart(env)
        running.append(q)
        q.wait_for("Ctrl-C ends")
        return q

    yield factory
    for q in running:
        q.abandon()


def curl(folder, *args):
    done = subprocess.run(["curl", "-sS", "--max-time", "10", *args], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_tour(quickstart, tmp_path):
    shop = quickstart()
    assert "throw-away secret" in shop.output and shop.url in shop.output
    first = curl(tmp_path, "-i", "-c", "jar", f"{shop.url}/whoami")
    assert first.startswith("HTTP/1.1 200 ") and "set-cookie: shop.sid=s%3a" in first.lower()
    assert "HTTP_X_SESSION_STATE: new" in first and "HTTP_COOKIE" not in first
    again = curl(tmp_path, "-i", "-b", "jar", f"{shop.url}/whoami")
    assert "HTTP_X_SESSION_STATE: active" in again and "set-cookie" not in again.lower()
    handle = [line for line in again.splitlines() if line.startswith("HTTP_X_SESSION_ID")]
    assert handle and handle[0] in first

    # The cart hangs on the session.
    for item in ("tea", "tea", "pot"):
        curl(tmp_path, "-b", "jar", "-c", "jar", "-L", "-d", f"item={item}", f"{shop.url}/cart")
    page = curl(tmp_path, "-b", "jar", f"{shop.url}/cart")
    assert "2 x Darjeeling" in page and "1 x Teapot" in page and "Cart (3)" in page
    assert "Nothing in it yet" in curl(tmp_path, f"{shop.url}/cart"), "another visitor has another cart"

    # Nobody is who he says he is.
    spoofed = curl(tmp_path, "-b", "jar", "-H", "X-Session-User: admin", "-H", "X_Session_User: admin",
                   f"{shop.url}/whoami")
    assert "admin" not in spoofed
    assert "401" in curl(tmp_path, "-i", "-b", "jar", f"{shop.url}/account").splitlines()[0]
    sent = curl(tmp_path, "-i", "-b", "jar", "-H", "Accept: text/html", f"{shop.url}/account?x=1")
    assert "302" in sent.splitlines()[0] and "location: /login?next=%2faccount%3fx%3d1" in sent.lower()
    for walk in ("//account", "/x/../account", "/%61ccount"):
        assert "401" in curl(tmp_path, "-i", "--path-as-is", shop.url + walk).splitlines()[0], walk

    # Every page is there.
    for path, text in [("/", "Good day"), ("/shop", "Teapot"), ("/login", 'name="username"'), ("/style.css", "body")]:
        assert text in curl(tmp_path, f"{shop.url}{path}"), path
    assert "404" in curl(tmp_path, "-i", f"{shop.url}/nowhere").splitlines()[0]
    assert "vestibule_cookies_total" in curl(tmp_path, f"http://127.0.0.1:{shop.admin_port}/metrics")


def test_a_login_in_the_shop(quickstart, tmp_path):
    """The shop keeps no sessions; what it answers, and deploy/demo/vestibule.yaml, is all there is."""
    shop = quickstart()

    def browse(jar, *args):
        return curl(tmp_path, "-b", jar, "-c", jar, "-w", "\n%{http_code} %{redirect_url}", *args)

    def enter(jar, password="lovelace", **more):
        fields = "&".join(f"{key}={value}" for key, value in {"username": "ada", "password": password, **more}.items())
        return browse(jar, "-d", fields, f"{shop.url}/login")

    browse("here", "-d", "item=tea", f"{shop.url}/cart")
    wrong = enter("here", "guessed")
    assert "Wrong name or password" in wrong and wrong.endswith("200 ")
    assert browse("here", f"{shop.url}/account").endswith("401 ")
    (tmp_path / "before").write_bytes((tmp_path / "here").read_bytes())
    assert enter("here", next="/cart").endswith(f"303 {shop.url}/cart")
    for where in ("//evil.example", "/\\evil.example", "https://evil.example", "%0D%0AX-Session-Patch: {}"):
        assert enter("there", next=where).endswith(f"303 {shop.url}/account"), where
    assert "1 x Darjeeling" in browse("here", f"{shop.url}/cart"), "the cart goes along"
    for jar in ("here", "there"):
        assert "<b>ada</b>" in browse(jar, f"{shop.url}/account")
    assert browse("before", f"{shop.url}/account").endswith("401 ")
    (tmp_path / "before").write_bytes((tmp_path / "there").read_bytes())
    enter("there")
    assert browse("before", f"{shop.url}/account").endswith("401 "), "the same user again is a login, too"

    (tmp_path / "kept").write_bytes((tmp_path / "here").read_bytes())
    assert browse("here", f"{shop.url}/logout").endswith("405 ") and "ada" in browse("here", f"{shop.url}/account")
    assert browse("here", "-X", "POST", f"{shop.url}/logout").endswith(f"303 {shop.url}/")
    for jar in ("here", "kept"):
        assert browse(jar, f"{shop.url}/account").endswith("401 ")
        assert "Nothing in it yet" in browse(jar, f"{shop.url}/cart")
    assert "<b>ada</b>" in browse("there", f"{shop.url}/account"), "the other browser is still in"
    enter("here")
    browse("here", "-X", "POST", f"{shop.url}/logout/everywhere")
    assert browse("there", f"{shop.url}/account").endswith("401 ")


def test_ctrl_c_ends_everything(quickstart):
    shop = quickstart()
    children = shop.children()
    assert len(children) >= 2
    assert shop.interrupt() == 0, shop.output
    end = time.monotonic() + 5
    while any(alive(pid) for pid in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in children if alive(pid)]
    assert "Traceback" not in shop.output and "Terminated" not in shop.output


def test_a_session_of_the_shared_redis_is_logged_in(quickstart, redis, tmp_path):
    shop = quickstart({"REDIS_URL": redis.url, "SESSION_SECRET": cookies.SECRET})
    assert "throw-away" not in shop.output
    _, value = redis.login(user={"id": "u1", "tier": "gold"})
    page = curl(tmp_path, "-b", f"shop.sid={value}", f"{shop.url}/account")
    assert "<b>u1</b>, tier gold" in page


@pytest.mark.parametrize("name", ["PORT", "ADMIN_PORT"])
def test_a_port_in_use_is_said(name):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([str(ROOT / "deploy/quickstart.sh")], capture_output=True, text=True, timeout=30,
                              env={**os.environ, name: port})
    assert done.returncode == 1 and f"port {port}" in done.stderr and f"{name}=" in done.stderr


def test_usage():
    script = str(ROOT / "deploy/quickstart.sh")
    asked = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=30)
    assert asked.returncode == 0 and "REDIS_URL" in asked.stdout
    assert subprocess.run([script, "--nonsense"], capture_output=True, timeout=30).returncode == 2
