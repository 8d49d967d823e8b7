"""What a proxy that has time adds to the latency of a backend."""
import peers
import report
from figures import added, middle
from peer import Peer
from wrk import Load

SHARE = 0.2   # of what one worker of nginx can do
CLIENTS = 8   # each with a connection and pauses of its own
SECONDS = 2   # at least, for the slowest hundredth


class Direct(Peer):
    """No proxy: the backend itself."""

    name = "backend"
    detail = "asked directly"

    def __init__(self, stage):
        super().__init__(stage)
        self.port = self.backend

    def start(self):
        self.process = self.processes.named("backend")

    def stop(self):
        self.process = None


def capacity(stage, nginx):
    """Requests per second of a worker that does nothing else."""
    full = Load("/small", 64)
    stage.warm(nginx, full)
    row = stage.quiet.measure(stage.wrk, full, nginx, stage.backend.pid, stage.seconds)
    return 1e6 / row["cpu_us"]


def measure(stage):
    direct, proxies = Direct(stage), peers.three(stage)
    with peers.running([direct, *proxies]):
        load = Load("/small", CLIENTS, threads=CLIENTS, rate=SHARE * capacity(stage, proxies[0]))
        rows = stage.load_rounds([direct, *proxies], load, max(SECONDS, stage.seconds))
    base, nginx = rows[direct.name], rows[proxies[0].name]
    figures = {name: middle(mine) for name, mine in rows.items()}
    for name, mine in rows.items():
        for key in ("p50_us", "p99_us"):
            figures[name][f"{key}_added"] = added(mine, base, key)
            figures[name][f"{key}_to_nginx"] = added(mine, nginx, key)
    return {"rate": load.rate, "rounds": rows, "summary": figures}, report.latency(load.rate, figures)
