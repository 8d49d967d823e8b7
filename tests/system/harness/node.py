"""The Node programs of tests/system/express, as processes."""
import json
import os
import pathlib
import shutil
import subprocess
from urllib.parse import quote

from . import cookies
from .wire import request

FOLDER = pathlib.Path(__file__).parent.parent / "express"


class Node:
    """A script that tells its port in its first line."""

    def __init__(self, script, env=None):
        assert shutil.which("node"), "node is not installed (deploy/install-deps.sh test)"
        assert (FOLDER / "node_modules").is_dir(), "npm ci has not run in tests/system/express (tests/run.sh does it)"
        self.process = subprocess.Popen(["node", str(FOLDER / script)], stdout=subprocess.PIPE,
                                        env={**os.environ, **(env or {})})
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Express(Node):
    """The application. `options` go to express-session."""

    def __init__(self, redis_url, secrets=(cookies.SECRET,), prefix="sess:", cookie="sid", options=None):
        self.cookie = cookie
        self.secrets = secrets
        super().__init__("app.mjs", {
            "REDIS_URL": redis_url, "SECRETS": json.dumps(secrets), "PREFIX": prefix, "COOKIE_NAME": cookie,
            "SESSION_OPTIONS": json.dumps(options or {}), "NODE_ENV": "production",
        })

    def get(self, target, cookie=None, headers=None):
        """(answer, its JSON)"""
        fields = dict(headers or {})
        if cookie:
            fields["Cookie"] = f"{self.cookie}={cookie}"
        answer = request(self.port, "GET", target, fields)
        return answer, json.loads(answer.body) if answer.status == 200 else None

    def login(self, user, tier="gold"):
        """The value of the cookie of a fresh login."""
        answer, _ = self.get(f"/login?user={quote(user)}&tier={tier}")
        assert answer.status == 200, answer
        value = cookies.set_cookies(answer, self.cookie)[0].value
        cookies.CONFIDENTIAL.add(cookies.unsign(value, self.secrets[0]))
        return value
