"""Processes we start: pinned, watched through /proc, ended by their ids."""
import os
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Cpus:
    """One CPU for the proxy that is measured and one for everything else, so that a figure does not depend
    on where the scheduler puts whom; the same one where there is only one. Two for a proxy with two workers:
    where there are only two, it shares one with everything else."""

    def __init__(self):
        have = sorted(os.sched_getaffinity(0))
        self.proxy, self.two, self.others = {have[-1]}, set(have[-2:]), {have[0]}


class Processes:
    """Everything that runs. A context: at its end all of it is ended, the newest first."""

    def __init__(self, folder):
        self.folder = folder
        self.cpus = Cpus()
        self.running = []
        os.sched_setaffinity(0, self.cpus.others)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(list(self.running)):
            self.end(process)

    def start(self, name, command, cpus=None):
        """On these CPUs, or ours. Its output goes to a file of that name."""
        where = cpus or self.cpus.others
        with open(self.folder / f"{name}.out", "wb") as out:
            process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=subprocess.STDOUT,
                                       preexec_fn=lambda: os.sched_setaffinity(0, where))
        process.name = name
        self.running.append(process)
        return process

    def named(self, name):
        return next(process for process in self.running if getattr(process, "name", None) == name)

    def end(self, process):
        self.running.remove(process)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def output(self, process):
        return (self.folder / f"{process.name}.out").read_text(errors="replace")[-2000:]


def tree(pid):
    """The process and all its descendants."""
    out = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as f:
            for child in f.read().split():
                out += tree(int(child))
    return out


def cpu_seconds(pid):
    """User and system time of a process tree so far."""
    ticks = 0
    for each in tree(pid):
        with open(f"/proc/{each}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def resident(pid):
    """Bytes of memory of a process tree. Pages that its processes share count once for each."""
    total = 0
    for each in tree(pid):
        with open(f"/proc/{each}/statm") as f:
            total += int(f.read().split()[1]) * PAGE
    return total


def machine_seconds():
    """(busy, stolen by the hypervisor) of all CPUs so far."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / TICK, steal / TICK


def until(what, seconds=10, pause=0.001):
    """Waits for what() to be true."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(pause)
