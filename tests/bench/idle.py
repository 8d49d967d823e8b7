"""Memory of idle connections, memory at start, time until ready."""
import statistics
import time

from harness.wire import Client

from peers import browser_request
from processes import resident

CONNECTIONS = 2000
WARM = 100   # connections that come and go before: what a first load allocates once is no cost of a connection
PARKED = 2.0  # seconds after which an idle connection has given back what it does not need
STARTS = 5


def visit(client, cookie):
    client.send(browser_request("/small", cookie))
    if client.response().status != 200:
        raise RuntimeError("an idle connection was refused")


def measure(peer, cookies):
    ready = []
    for _ in range(STARTS):
        ready.append(peer.start())
        at_start = resident(peer.pid)
        if len(ready) < STARTS:
            peer.stop()
    for n in range(WARM):
        with Client(peer.port) as client:
            visit(client, cookies[n % len(cookies)])
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
