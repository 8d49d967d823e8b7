"""What every part of the bench stands on."""
import sys

import nginx
from quiet import Quiet
from sessions import SESSIONS, Sessions
from wrk import Wrk


def say(text):
    print(text, file=sys.stderr, flush=True)


class Stage:
    """The backend, Redis with sessions, wrk, and how long to measure."""

    def __init__(self, processes, rounds, seconds):
        self.processes = processes
        self.rounds, self.seconds = rounds, seconds
        self.backend = nginx.Backend(processes)
        self.sessions = Sessions(processes, "redis", SESSIONS, SESSIONS)
        self.wrk = Wrk(processes.folder)
        self.quiet = Quiet()

    def in_rounds(self, peers, measure, title, beside=None):
        """{peer: [row of each round]}; each round measures every peer once, beginning with another one.
        `beside`: {peer: the one that it is compared with}. That one is then measured directly before, each time,
        and what was found is in the row, as "beside": the machine changes within seconds."""
        rows = {peer.name: [] for peer in peers}

        def measured(peer):
            row = measure(peer)
            say(f"round {number + 1} {title} {peer.name}: " + ", ".join(f"{key} {row[key]:.4g}" for key in row))
            return row

        beside = beside or {}
        alone = [peer for peer in peers if peer not in beside.values()]
        for number in range(self.rounds):
            first = number % len(alone)
            for peer in alone[first:] + alone[:first]:
                if reference := beside.get(peer):
                    rows[reference.name].append(measured(reference))
                    rows[peer.name].append({**measured(peer), "beside": rows[reference.name][-1]})
                else:
                    rows[peer.name].append(measured(peer))
        return rows

    def load_rounds(self, peers, load, seconds=None, beside=None):
        """Rounds of wrk. The peers run."""
        seconds = seconds or self.seconds
        for peer in peers:
            self.warm(peer, load)

        def measure(peer):
            if peer.forgets:
                self.wrk.run(load, peer, 1)
            return self.quiet.measure(self.wrk, load, peer, self.backend.pid, seconds)

        return self.in_rounds(peers, measure, f"{load.target} {load.connections}", beside)

    def warm(self, peer, load):
        """Connections to the backend, warm caches: until a run was long enough to use each session."""
        enough, seconds = max(peer.warm_requests, peer.sessions.used), 1
        while self.wrk.run(load, peer, seconds)["requests"] < enough:
            seconds *= 2
