"""Redis with logged-in sessions, as connect-redis writes them."""
import itertools
import json
import subprocess

from harness import cookies
from harness.redis import Redis

import browser

VALUE = {
    "cookie": {"originalMaxAge": 86400000, "expires": "2030-01-01T00:00:00.000Z", "httpOnly": True,
               "path": "/", "sameSite": "lax"},
    "user": {"id": "u-<number>", "name": "Customer <number>", "tier": "gold",
             "email": "customer<number>@example.test"},
    "cart": {"items": [{"sku": "A-1042", "count": 2}, {"sku": "B-7", "count": 1}], "currency": "EUR"},
    "csrf": "<csrf>",
}
SESSIONS = 1000            # of a Redis, where nothing else is said
OURS = ("info", "ping")  # commands that no proxy sends for a request


class Sessions:
    """`total` sessions in a Redis of their own. The clients use the first `used` of them in turn, from a
    list of `lines` cookies: lists of one length cost the clients the same, however many sessions stand in
    them."""

    def __init__(self, processes, name, total, used, lines=None):
        folder = processes.folder / name
        folder.mkdir()
        # The Redis starts its process itself; it inherits our CPUs. The workers of nginx are other users.
        self.redis = Redis(folder, "--unixsocketperm", "777")
        processes.running.append(self.redis.process)
        self.pid = self.redis.process.pid
        self.used = used
        sids = self.fill(total)[:used]
        self.cookies = [cookies.sign(sid) for sid in sids]
        self.file = folder / "cookies"
        taken = itertools.islice(itertools.cycle(self.cookies), lines or used)
        self.file.write_text("".join(f"{browser.cookie_line(cookie)}\n" for cookie in taken))

    def fill(self, total):
        """Their sids."""
        value = json.dumps(VALUE, separators=(",", ":"))
        sids = []
        pipe = subprocess.Popen(["redis-cli", "-s", self.redis.socket, "--pipe"], stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL)
        with pipe.stdin:
            for number in range(total):
                sids.append(cookies.new_sid())
                text = value.replace("<number>", f"{number:07}").replace("<csrf>", cookies.new_sid())
                pipe.stdin.write(protocol("SET", f"sess:{sids[-1]}", text, "EX", "86400"))
        if pipe.wait() or self.redis.command("DBSIZE") != total:
            raise RuntimeError("redis-cli did not store every session")
        return sids

    def operations(self):
        """Commands carried out so far, but our own."""
        count = 0
        for line in self.redis.command("INFO", "commandstats").decode().splitlines():
            name, _, fields = line.partition(":")
            if name.startswith("cmdstat_") and name.removeprefix("cmdstat_") not in OURS:
                count += int(fields.partition("calls=")[2].partition(",")[0])
        return count


def protocol(*words):
    """A command as Redis reads it; the words are ASCII."""
    return "".join([f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]).encode()
