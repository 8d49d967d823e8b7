"""Instructions of an exchange by room, counted by callgrind: the same in every run, whatever else the machine
does. The kernel is not in it."""
import collections
import re
import subprocess

import peers
import report
from processes import until
from wrk import Load

FULL = Load("/small", 64)
ROOM = re.compile(r"vestibule::(base|http|session|policy|net|store|upstream|server|app|log|frame_pool)::")
LIBRARIES = (("boost::asio", "Boost.Asio"), ("libcrypto", "OpenSSL"), ("libc.so", "C library"),
             ("libstdc++", "C++ library"))


class Callgrind(peers.Vestibule):
    """Under valgrind; counts while it is told to."""

    warm_requests = 2000

    def launch(self):
        self.out = self.processes.folder / f"{self.label}.callgrind"
        self.wrap = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={self.out}"]
        return super().launch()

    def control(self, *arguments):
        subprocess.run(["callgrind_control", *arguments, str(self.pid)], check=True, capture_output=True)


def whose(function, library):
    """The room, or the library, that a function belongs to."""
    for text, name in LIBRARIES:
        if text in library:
            return name
    # The first of our names: the function's own, or what a template of a library is made for.
    if room := ROOM.search(function.partition("(")[0]) or ROOM.search(function):
        return {"log": "base", "frame_pool": "base"}.get(room[1], room[1])
    return next((name for text, name in LIBRARIES if text in function), "other")


def by_owner(profile):
    """{owner: instructions} of a file of callgrind's. Names are given once, then referred to by number."""
    names = {}

    def named(kind, text):
        number, _, name = text.partition(" ")
        if name:
            names[kind, number] = name
        return names[kind, number]

    costs = collections.Counter()
    owner, library, is_call = "other", "", False
    for line in profile.read_text().splitlines():
        if line.startswith("ob="):
            library = named("ob", line[3:])
        elif line.startswith("fn="):
            owner = whose(named("fn", line[3:]), library)
        elif line.startswith("cob="):
            named("ob", line[4:])
        elif line.startswith("cfn="):
            named("fn", line[4:])
        elif line.startswith("calls="):
            is_call = True  # the next line is the cost of what was called
        elif line[:1] in "0123456789+-*" and line:
            if not is_call:
                costs[owner] += int(line.split()[1])
            is_call = False
    return costs


def run(stage):
    figures = {}
    for peer in (Callgrind(stage), Callgrind(stage, name="vestibule, no cache", near_cache={"enabled": False}),
                 Callgrind(stage, name="vestibule, log", access=True),
                 Callgrind(stage, name="vestibule, off", session="off")):
        peer.start()
        stage.warm(peer, FULL)
        peer.control("-i", "on")
        done = stage.wrk.run(FULL, peer, max(2, stage.seconds))
        peer.control("-i", "off")
        peer.stop()
        until(peer.out.exists)
        costs = by_owner(peer.out)
        figures[peer.name] = {owner: cost / done["requests"] for owner, cost in costs.items()}
    return figures, report.instructions(figures)
