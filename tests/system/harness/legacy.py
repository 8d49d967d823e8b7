"""The applications of tests/system/legacy, each with the rules that are all vestibule needs to know about it."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlencode

from .redis import free_port

FOLDER = pathlib.Path(__file__).parent.parent / "legacy"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Application:
    """A process that serves one of them. `port` is where it listens; nothing: the first line that it prints."""

    def __init__(self, *command, port=None):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=FOLDER,
                                        start_new_session=True, env={**os.environ, "PHP_CLI_SERVER_WORKERS": "3"})
        self.port = port or int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"
        end = time.monotonic() + 10
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < end, f"{command} does not listen"
            time.sleep(0.02)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(10)
        self.process.stdout.close()

    def post(self, browser, program, page, **fields):
        text = json.dumps(fields) if self.is_json else urlencode(fields)
        return browser.post(program, self.at + page, body=text.encode(),
                            headers={"Content-Type": JSON if self.is_json else FORM})

    def login(self, browser, program, user, password):
        return self.post(browser, program, self.login_page, username=user, password=password)

    def who(self, browser, program, page=None, headers=()):
        """Whom the application takes this browser for; the status where that is no page of its own."""
        got = browser.visit(program, self.at + (page or self.open_page), headers=headers)
        if got.status != 200:
            return got.status
        return json.loads(got.body)["who"] if self.is_json else re.search(r"<b>(.*?)</b>", got.body.decode())[1]

    def rules(self, **more):
        """Capture of the pages that all three have, beside what `more` has."""
        login, *rest = more.pop("capture")
        return {
            "capture": [{"on": {"method": "POST", "path": self.at + self.login_page, **login.pop("on", {})}, **login},
                        {"on": {"method": "POST", "path": self.at + self.logout_page}, "destroy": True},
                        {"on": {"method": "POST", "path": self.at + self.password_page}, "destroy": "all"}, *rest],
            "routes": [{"match": {"path": self.at + self.closed_page}, "session": "required",
                        "require": {"/user/id": "present"}}],
            **more,
        }


class Shop(Application):
    """PHP: a file for each page, a form that is answered by 302, and who one is in X-Remote-User."""
    at, is_json, header, basket = "/", False, "X-Remote-User", "X-Basket"
    open_page, closed_page, login_page = "index.php", "account.php", "login.php"
    logout_page, password_page, basket_page = "logout.php", "password.php", "basket.php"
    puts = {"item": "tea"}
    held = "tea"

    def __init__(self, *options):
        port = free_port()
        super().__init__("php", *options, "-S", f"127.0.0.1:{port}", "-t", "shop", port=port)

    @property
    def config(self):
        return self.rules(
            inject={"headers": {"X-Remote-User": "/user/id", "X-Basket": "/basket/item"}},
            capture=[{"on": {"status": 302}, "set": {"/user/id": {"form": "username"}}},
                     {"on": {"method": "POST", "path": "/basket.php", "status": 302},
                      "set": {"/basket/item": {"form": "item"}}}])

    def holds(self, browser, program, headers=()):
        return re.search(r"<i>(.*?)</i>", browser.visit(program, "/index.php", headers=headers).body.decode())[1]


class Bare(Shop):
    """PHP without a php.ini, where $_REQUEST has cookies as well, and fields named with '_'."""
    login_page = "enter.php"

    def __init__(self):
        super().__init__("-n")

    @property
    def config(self):
        return self.rules(inject={"headers": {"X-Remote-User": "/user/id"}},
                          capture=[{"on": {"status": 302}, "set": {"/user/id": {"form": "user_name"}}}])

    def login(self, browser, program, user, password):
        return self.post(browser, program, self.login_page, user_name=user, password=password)


class Orders(Application):
    """Python, WSGI: JSON, and who one is in X-Forwarded-User. Its cart is carried by X-Session-Patch."""
    at, is_json, header, basket = "/api/", True, "X-Forwarded-User", "X-Cart"
    open_page, closed_page, login_page = "me", "orders", "login"
    logout_page, password_page, basket_page = "logout", "password", "cart"
    puts = {"item": "tea"}
    held = {"tea": 1}

    def __init__(self):
        super().__init__(sys.executable, "-B", "serve.py")

    @property
    def config(self):
        return self.rules(
            inject={"headers": {"X-Forwarded-User": "/user/id", "X-Cart": "/cart"}},
            capture=[{"set": {"/user/id": {"json": "/user/id"}}}],
            backend_control={"enabled": True, "allow": ["cart"]})

    def holds(self, browser, program, headers=()):
        return json.loads(browser.visit(program, "/api/me", headers=headers).body)["cart"]


class Unicorn(Orders):
    """The same behind gunicorn, which believes a header SCRIPT_NAME."""

    def __init__(self):
        port = free_port()
        Application.__init__(self, "gunicorn", "-b", f"127.0.0.1:{port}", "orders:application", port=port)


class Typed(Orders):
    """The same, but who one is comes from what was sent to the login instead of from its answer."""

    @property
    def config(self):
        return self.rules(inject={"headers": {"X-Forwarded-User": "/user/id"}},
                          capture=[{"set": {"/user/id": {"form": "username"}}}])


class Entered(Typed):
    """The same by a form."""
    login_page = "enter"

    def login(self, browser, program, user, password):
        return browser.post(program, self.at + self.login_page, headers={"Content-Type": FORM},
                            body=urlencode({"username": user, "password": password}).encode())


class Parsed(Application):
    """Express with the parsers of its own: JSON in, and who one is in X-Remote-User."""
    at, is_json, header = "/", True, "X-Remote-User"
    open_page, closed_page, login_page = "", "account", "login"
    logout_page, password_page = "logout", "password"

    def __init__(self):
        super().__init__("node", str(FOLDER.parent / "express" / "forms.mjs"))

    @property
    def config(self):
        return self.rules(inject={"headers": {"X-Remote-User": "/user/id"}},
                          capture=[{"on": {"status": 302}, "set": {"/user/id": {"form": "username"}}}])


class Desk(Application):
    """Perl, CGI: pages behind the script's name, who one is in X-Auth-User, and a list in a hidden field."""
    at, is_json, header, basket = "/desk.pl/", False, "X-Auth-User", "X-Desk-List"
    open_page, closed_page, login_page = "list", "account", "login"
    logout_page, password_page, basket_page = "logout", "password", "list"
    puts = {"list": "tea <2>, caf\u00e9"}
    held = "tea &#60;2&#62;, caf\u00e9"

    def __init__(self):
        super().__init__(sys.executable, "-B", "serve.py", "desk.pl")

    @property
    def config(self):
        return self.rules(
            inject={"headers": {"X-Auth-User": "/user/id", "X-Desk-List": "/list"}},
            capture=[{"on": {"status": 302}, "set": {"/user/id": {"form": "username"}}},
                     {"on": {"method": "POST", "path": "/desk.pl/list"}, "set": {"/list": {"form": "list"}}}])

    def holds(self, browser, program, headers=()):
        page = browser.visit(program, "/desk.pl/list", headers=headers).body.decode()
        return re.search(r'hidden" value="(.*?)"', page)[1]


class Visits(Application):
    """PHP with session_start() and cookies of its own; its session files go into `folder`."""

    def __init__(self, folder):
        port = free_port()
        super().__init__("php", "-d", f"session.save_path={folder}", "-S", f"127.0.0.1:{port}", "visits.php",
                         port=port)
