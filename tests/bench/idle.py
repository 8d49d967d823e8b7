"""Memory of idle connections, memory at start, time until ready."""
import statistics
import time

from harness.wire import Client

import browser
import peers
import report
from processes import resident
from stage import say

CONNECTIONS = 2000
PARKED = 2.0  # seconds after which an idle connection has given back what it does not need
STARTS = 5


def visit(client, cookie):
    client.send(browser.request("/small", cookie))
    if client.response().status != 200:
        raise RuntimeError("an idle connection was refused")


def measure(peer):
    cookies = peer.sessions.cookies
    ready = []
    for _ in range(STARTS):
        ready.append(peer.start())
        at_start = resident(peer.pid)
        if len(ready) < STARTS:
            peer.stop()
    # Each session is used by a connection that comes and goes: what a first load allocates once, and what
    # is kept of a session, is no cost of a connection.
    for cookie in cookies:
        with Client(peer.port) as client:
            visit(client, cookie)
    time.sleep(PARKED)
    before = resident(peer.pid)
    clients = []
    for n in range(CONNECTIONS):
        clients.append(Client(peer.port))
        visit(clients[-1], cookies[n % len(cookies)])
    at_once = resident(peer.pid)
    time.sleep(PARKED)
    parked = resident(peer.pid)
    # They are alive, every one.
    for n, client in enumerate(clients):
        visit(client, cookies[n % len(cookies)])
    for client in clients:
        client.close()
    peer.stop()
    return {"ready_ms": statistics.median(ready) * 1000, "start_rss": at_start,
            "idle_bytes": (parked - before) / CONNECTIONS,
            "just_used_bytes": (at_once - before) / CONNECTIONS}


def run(stage):
    figures = {}
    for peer in peers.three(stage):
        figures[peer.name] = measure(peer)
        say(f"memory {peer.name}: {figures[peer.name]['idle_bytes']:.0f} bytes per idle connection")
    return figures, report.idle(figures)
