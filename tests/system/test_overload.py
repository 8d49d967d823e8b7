"""Twice as many requests as a backend can do, in measured time."""
import threading
import time

from harness.measured import once_of
from harness.wire import request_text

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}


class Capacity:
    """Four at a time, for so long each."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.room = threading.Semaphore(4)

    def __call__(self, exchange):
        with self.room:
            time.sleep(self.seconds)
        exchange.reply(200)


def closed_loop(program, clients, seconds):
    """Answers a second, and how long they took in the middle, if each client asks when it has its answer."""
    times, end = [], time.monotonic() + seconds

    def go():
        with program.client() as client:
            while (begin := time.monotonic()) < end:
                client.send(request_text("GET", "/"))
                assert client.response().status == 200
                times.append(time.monotonic() - begin)
    threads = [threading.Thread(target=go, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return len(times) / seconds, sorted(times)[len(times) // 2]


def open_loop(program, rate, seconds, clients=80):
    """[(status, seconds)] of so many requests a second, whatever becomes of them."""
    results, begin = [], time.monotonic() + 0.1

    def go(i):
        with program.client() as client:
            n = i
            while n / rate < seconds:
                at = begin + n / rate
                time.sleep(max(0, at - time.monotonic()))
                client.send(request_text("GET", "/"))
                results.append((client.response().status, time.monotonic() - at, at - begin))
                n += clients
    threads = [threading.Thread(target=go, args=(i,), daemon=True) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def figures(results, seconds):
    """Answers a second and their 99th percentile, behind the first half second."""
    served = sorted(took for status, took, at in results if status == 200 and at > 0.5)
    assert {status for status, *_ in results} <= {200, 503}
    return len(served) / (seconds - 0.5), served[len(served) * 99 // 100]


def test_twice_the_capacity(start, backend):
    """With shedding, who is answered is answered quickly, and the backend has as much to do as it can."""
    backend.script = Capacity(0.04)

    def front(limits):
        return start({**OFF, "workers": 1, "backends": [{"url": backend.url}], "proxy": {"limits": limits}})

    shedding = front({"backend_connections": 4, "backend_delay": "40ms"})
    plain = front({"backend_connections": 4})
    once_of(lambda: twice_the_capacity(shedding, plain))


def twice_the_capacity(shedding, plain, seconds=4):
    shed_before = shedding.metric("vestibule_backend_refused_total", reason="shed")
    _, unloaded = closed_loop(shedding, 1, 1)
    capacity, _ = closed_loop(shedding, 8, 2)
    rate, p99 = figures(open_loop(shedding, 2 * capacity, seconds), seconds)
    shed = shedding.metric("vestibule_backend_refused_total", reason="shed") - shed_before
    _, p99_plain = figures(open_loop(plain, 2 * capacity, seconds), seconds)
    told = f"capacity {capacity:.0f}/s, unloaded {unloaded * 1000:.0f} ms; at twice that {rate:.0f}/s, p99 " \
           f"{p99 * 1000:.0f} ms, {shed:.0f} shed; without shedding {p99_plain * 1000:.0f} ms"
    print(told)
    assert shed > 0
    assert rate > 0.8 * capacity, told
    assert p99 < 5 * unloaded, told
    assert p99 < p99_plain / 2, told
