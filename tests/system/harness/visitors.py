"""Visitors of a site whose store is being broken: each logged in, each with what it was promised kept in mind."""
import json
import threading
import time
from contextlib import ExitStack
from typing import NamedTuple

from . import cookies
from .browser import patched
from .program import SLOWER
from .wire import Client, Truncated, request_text

# What they ask, of a backend whose script is browser.steered.
VISITED = {
    "routes": [{"match": {"path": "/user"}, "session": "required", "require": {"/user/id": "present"}},
               {"match": {"path": "/open"}, "session": "optional"}],
    "inject": {"headers": {"X-Session-User": "/user/id"}},
    "backend_control": {"enabled": True},
    "log": {"access": False},
}


class Visit(NamedTuple):
    sent: float
    received: float
    visitor: int
    wrote: int    # which member it asked to be written; 0: it only read
    status: int   # 0: no answer at all
    wrong: str    # what never may be, whatever the store does

    @property
    def took(self):
        return self.received - self.sent


def judged(answer, user, sid):
    """What is wrong with an answer to this user's request; empty if nothing is."""
    for cookie in cookies.set_cookies(answer, "sid"):
        if not cookie.value or cookies.unsign(cookie.value) != sid:
            return f"the cookie was taken away: {cookie}"
    if not answer.complete:
        return "a truncated answer"
    if answer.status == 200:
        seen = json.loads(answer.body).get("x-session-user")
        return "" if seen == user else f"the session of {seen!r}, not of {user!r}"
    if answer.status == 503:
        if int(answer.header("Retry-After", "0")) < 1:
            return "503 without Retry-After"
        return "" if answer.header("Cache-Control") == "no-store" else "503 that may be cached"
    return f"{answer.status} for a live session"


class Visitors:
    """`count` threads, each with a session of its own in `store` and a connection to one of the programs, in turn;
    every `write`th request (0: none) has the backend change the session, by a member of its own."""

    def __init__(self, programs, store, count=8, write=4, pause=0.01):
        self.programs, self.store, self.write, self.pause = programs, store, write, pause
        self.sessions = [store.login(user={"id": f"u{i}"}) for i in range(count)]
        self.visits = [[] for _ in range(count)]
        self.over = False
        self.errors = []
        self.threads = [threading.Thread(target=self._go, args=(i,), daemon=True) for i in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_served()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join(30)
        assert not self.errors, self.errors

    def _go(self, i):
        try:
            client = None
            for n in range(1, 1 << 30):
                if self.over:
                    return
                client = client or Client(self.programs[i % len(self.programs)].address)
                visit, goes_on = self._visit(client, i, n)
                self.visits[i].append(visit)
                if not goes_on:
                    client.close()
                    client = None
                time.sleep(self.pause)
        except Exception as error:  # the test is told
            self.errors.append(error)
            raise

    def _visit(self, client, i, n):
        sid, cookie = self.sessions[i]
        wrote = n if self.write and n % self.write == 0 else 0
        headers = {"Cookie": f"sid={cookie}"}
        if wrote:
            headers["X-Answer"] = json.dumps(patched(**{f"m{n}": n}))
        path = "/open" if n % 5 == 0 else "/user"
        sent = time.monotonic()
        try:
            client.send(request_text("POST" if wrote else "GET", path, headers, b"" if wrote else None))
            answer = client.response()
            wrong = judged(answer, f"u{i}", sid)
            status, goes_on = answer.status, answer.header("Connection", "").lower() != "close"
        except (OSError, Truncated) as error:
            wrong, status, goes_on = f"no answer: {error!r}", 0, False
        return Visit(sent, time.monotonic(), i, wrote, status, wrong), goes_on and not wrong

    # Looking at them.

    def all(self, since=0.0, until=float("inf")):
        """The visits that were begun in that time, in order."""
        return sorted(visit for each in self.visits for visit in each[:] if since <= visit.sent < until)

    def wait_served(self, since=0.0, seconds=10, row=6):
        """Until each has been served so often in a row, writes among it, by requests sent after `since`; when the last
        request that failed was answered, or `since`."""
        end = time.monotonic() + seconds * SLOWER
        for each in self.visits:
            while not self._served(each, since, row):
                assert not self.errors, self.errors
                assert time.monotonic() < end, f"not served again; the last visits: {each[-3:]}"
                time.sleep(0.005)
        return max([since, *(v.received for v in self.all() if v.status != 200 and v.received > since)])

    def _served(self, visits, since, row):
        last = visits[-row:]
        return (len(last) == row and all(v.sent > since and v.status == 200 for v in last)
                and (not self.write or any(v.wrote for v in last)))

    def wait(self, accept, since=0.0, seconds=10):
        """Until each has had a visit like that, begun after `since`."""
        end = time.monotonic() + seconds * SLOWER
        for each in self.visits:
            while not any(v.sent > since and accept(v) for v in reversed(each)):
                assert not self.errors, self.errors
                assert time.monotonic() < end, f"no such visit; the last ones: {each[-3:]}"
                time.sleep(0.005)

    def assert_all_was_right(self):
        wrong = [visit for visit in self.all() if visit.wrong]
        assert not wrong, f"{len(wrong)} of {len(self.all())}: " + \
                          "; ".join(sorted({f"{v.wrong} ({'write' if v.wrote else 'read'})" for v in wrong})[:5])

    def lost(self, until=float("inf")):
        """Of each visitor, what was acknowledged (until then) and is not in the store."""
        found = {}
        for i, (sid, _) in enumerate(self.sessions):
            stored = json.loads(self.store.value(sid) or "{}")
            missing = [v.wrote for v in self.visits[i] if v.wrote and v.status == 200 and v.received < until and
                       stored.get(f"m{v.wrote}") != v.wrote]
            if missing:
                found[f"u{i}"] = missing
        return found


class Site:
    """Readers and writers of a program over a time in which something happens to its store."""

    def __init__(self, program, store, readers=4, writers=4):
        self.readers = Visitors([program], store, count=readers, write=0)
        self.writers = Visitors([program], store, count=writers, write=3)
        self.stack = ExitStack()

    def __enter__(self):
        self.stack.enter_context(self.readers)
        self.stack.enter_context(self.writers)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def served_again(self, since):
        """How long after `since` the last request failed."""
        return max(who.wait_served(since) for who in (self.readers, self.writers)) - since

    def all(self, since=0.0):
        return [v for who in (self.readers, self.writers) for v in who.all(since)]

    def failed(self, since=0.0):
        return [v for v in self.all(since) if v.status != 200]

    def assert_all_was_right(self, kept_until=float("inf")):
        for who in (self.readers, self.writers):
            who.assert_all_was_right()
            lost = who.lost(kept_until)
            assert not lost, f"acknowledged, replicated, and not there: {lost}"

    def told(self, begin, promoted, again):
        """A failover in figures, for people."""
        return f"promoted after {promoted - begin:.2f} s, served again {again:.2f} s after that; " \
               f"{len(self.failed(begin))} of {len(self.all(begin))} failed"
