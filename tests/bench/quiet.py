"""Measures one peer under load, again where others were busy."""
import resource
import time

from processes import cpu_seconds, machine_seconds

DISTURBED = 0.15  # CPUs used by others, from which on a measurement is taken again
REPEATS = 3       # of one measurement
PATIENCE = 60     # seconds for waiting and repeats, of the whole run


def children_seconds():
    """CPU time of the children that have ended: here those are wrk."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def settled_operations(sessions):
    """How many there were, once those of earlier measurements, cut off by their end, are over."""
    before, now = None, sessions.operations()
    while before != now:
        time.sleep(0.05)
        before, now = now, sessions.operations()
    return now


def measure(wrk, load, peer, backend_pid, seconds):
    operations = settled_operations(peer.sessions)
    pids = {peer.pid, peer.sessions.pid, backend_pid}
    before = {pid: cpu_seconds(pid) for pid in pids}
    busy, stolen = machine_seconds()
    children = children_seconds()
    row = wrk.run(load, peer, seconds)
    used = {pid: cpu_seconds(pid) - before[pid] for pid in pids}
    now, now_stolen = machine_seconds()
    # What is not accounted for is what ran besides.
    foreign = now - busy - sum(used.values()) - (children_seconds() - children)
    cpu_us, redis_us = (used[pid] * 1e6 / row["requests"] for pid in (peer.pid, peer.sessions.pid))
    return {**row, "cpu_us": cpu_us, "redis_us": redis_us, "both_us": cpu_us + redis_us,
            "redis_ops": (peer.sessions.operations() - operations) / row["requests"],
            "foreign_cpu": max(0, foreign) / seconds, "stolen_cpu": (now_stolen - stolen) / seconds}


class Quiet:
    """Takes measurements again in which others were busy, while there is patience left. Keeps all rows."""

    def __init__(self):
        self.left = PATIENCE
        self.rows = []

    def measure(self, wrk, load, peer, backend_pid, seconds):
        """The least disturbed one."""
        rows = []
        while True:
            rows.append(measure(wrk, load, peer, backend_pid, seconds))
            disturbance = [row["foreign_cpu"] + row["stolen_cpu"] for row in rows]
            if disturbance[-1] < DISTURBED or len(rows) > REPEATS or self.left < seconds:
                self.rows.append({**rows[disturbance.index(min(disturbance))], "repeats": len(rows) - 1})
                return self.rows[-1]
            begin = time.monotonic()
            wait_for_silence(self.left - seconds)
            self.left -= seconds + time.monotonic() - begin

    def noise(self):
        """What else took CPU while wrk ran, in the worst measurement."""
        return (f"beside the bench ran at most {max(row['foreign_cpu'] for row in self.rows):.2f} CPUs, stolen at "
                f"most {max(row['stolen_cpu'] for row in self.rows):.2f}; "
                f"{sum(row['repeats'] for row in self.rows)} of {sum(row['repeats'] + 1 for row in self.rows)} "
                f"measurements were disturbed and taken again")


def wait_for_silence(limit):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        busy, stolen = machine_seconds()
        time.sleep(0.5)
        now, now_stolen = machine_seconds()
        if (now - busy + now_stolen - stolen) / 0.5 < DISTURBED:
            return
