"""A browser, as far as sessions go: keeps one cookie, over any number of programs that share it."""
import json

from . import cookies


def steered(exchange):
    """A backend's script that answers as the request's X-Answer says: {"status", "headers", "body", "padding"};
    without one it tells the session headers it saw."""
    request = exchange.request
    exchange.read_body()
    answer = json.loads(request.header("X-Answer", "{}"))
    seen = {name.lower(): value for name, value in request.headers if name.lower().startswith("x-session")}
    body = answer.get("body", json.dumps(seen)).replace("PADDING", "x" * answer.get("padding", 0))
    headers = [("Content-Type", "application/json"), *map(tuple, answer.get("headers", []))]
    exchange.reply(answer.get("status", 200), headers, body.encode())


class Browser:
    def __init__(self, name="sid"):
        self.name = name
        self.cookie = None

    def visit(self, program, target="/", method="GET", answer=None, headers=(), body=None, client=None):
        """One request, to which the backend answers `answer`; by the client where one is given."""
        fields = list(headers.items()) if hasattr(headers, "items") else list(headers)
        if self.cookie:
            fields.append(("Cookie", f"{self.name}={self.cookie}"))
        if answer is not None:
            fields.append(("X-Answer", json.dumps(answer)))
        got = program.request(method, target, fields, body)
        for c in cookies.set_cookies(got, self.name):
            self.cookie = c.value or None
            if self.cookie and "anon-" not in self.cookie:
                cookies.CONFIDENTIAL.add(self.sid)
        return got

    def post(self, program, target, answer=None, **more):
        return self.visit(program, target, "POST", answer, **more)

    @property
    def sid(self):
        return cookies.unsign(self.cookie)

    def seen(self, program, target="/"):
        """The session headers that the backend sees, by lower-case name without x-session-."""
        got = self.visit(program, target)
        assert got.status == 200, got
        return {name.removeprefix("x-session-"): value for name, value in json.loads(got.body).items()}

    def copy(self):
        other = Browser(self.name)
        other.cookie = self.cookie
        return other


def changed(**headers):
    """An answer of the backend with these headers, underscores for hyphens."""
    return {"headers": [[name.replace("_", "-"), value] for name, value in headers.items()]}


def patched(**members):
    return changed(X_Session_Patch=json.dumps(members))
