"""Session cookies as express-session signs them, made and read independently of the program."""
import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, unquote

SECRET = "a secret for tests, long enough to be one"

# Everything that must never stand in a log: collected as it is made, looked for when a program ends.
CONFIDENTIAL = {SECRET}

# What encodeURIComponent leaves alone, besides letters and digits.
UNESCAPED = "-_.!~*'()"


def signature(sid, secret=SECRET):
    mac = hmac.new(secret.encode(), sid.encode(), hashlib.sha256).digest()
    return base64.b64encode(mac).decode().rstrip("=")


def sign(sid, secret=SECRET):
    """The cookie value for `sid`, encoded as it travels."""
    mac = signature(sid, secret)
    CONFIDENTIAL.add(mac)
    if len(sid) >= 16:
        CONFIDENTIAL.add(sid)
    return quote(f"s:{sid}.{mac}", safe=UNESCAPED)


def new_sid():
    return base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()


def unsign(value, secret=SECRET):
    """The sid in a cookie value, which must be signed by `secret` and encoded to the byte."""
    text = unquote(value)
    assert quote(text, safe=UNESCAPED) == value, f"not as encodeURIComponent writes it: {value}"
    assert text.startswith("s:"), value
    sid, _, mac = text[2:].rpartition(".")
    assert mac == signature(sid, secret), f"not signed by the expected secret: {value}"
    return sid


class SetCookie:
    """A Set-Cookie line, taken apart. `attributes` keeps the order of the line."""

    def __init__(self, line):
        self.line = line
        first, *rest = line.split("; ")
        self.name, _, self.value = first.partition("=")
        self.attributes = [tuple(part.split("=", 1)) if "=" in part else (part, None) for part in rest]

    def names(self):
        return [name for name, _ in self.attributes]

    def __getitem__(self, name):
        return dict(self.attributes)[name]

    def __contains__(self, name):
        return name in self.names()

    def __repr__(self):
        return f"<Set-Cookie {self.line}>"


def set_cookies(response, name=None):
    found = [SetCookie(line) for line in response.all("Set-Cookie")]
    return [c for c in found if name in (None, c.name)]
