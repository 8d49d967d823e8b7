"""What grows: workers, and sessions. And the latency of a proxy that has time."""
import latency
import peers
import report
from figures import summary
from nginx import Nginx
from processes import resident
from sessions import Sessions
from wrk import Load

FULL = Load("/small", 64)
TOTAL, HOT = 1_000_000, 100_000
SECONDS = 3  # at least, with many sessions: so that most of them are used


def workers(stage):
    """Two workers against one of the same program; with one or two, it may use two CPUs."""
    figures, pairs = {}, []
    for peer in (Nginx, peers.Vestibule):
        one, two = (peer(stage, name=f"{peer.name}, {count} worker{'s'[:count - 1]}", workers=count,
                         cpus=stage.processes.cpus.two) for count in (1, 2))
        pairs.append((one, two))
    everyone = [peer for pair in pairs for peer in pair]
    with peers.running(everyone):
        rows = stage.load_rounds(everyone, FULL, beside={two: one for one, two in pairs})
    for one, two in pairs:
        figures |= summary({peer.name: rows[peer.name] for peer in (one, two)}, one.name)
    return {"rounds": rows, "summary": figures}, report.workers(figures)


def many_sessions(stage):
    """A million of them in Redis, of which 100,000 are in use, against a thousand. The clients have lists of
    equal length."""
    near = {"enabled": True, "max_bytes": "256MiB"}
    few, many = (Sessions(stage.processes, f"redis-{total}", total, used, lines=HOT)
                 for total, used in ((1000, 1000), (TOTAL, HOT)))
    both = [peers.Vestibule(stage, name=f"vestibule, {len(sessions.cookies):,} sessions", sessions=sessions,
                            near_cache=near) for sessions in (few, many)]
    with peers.running(both):
        rows = stage.load_rounds(both, FULL, max(SECONDS, stage.seconds), beside={both[1]: both[0]})
        memory = {peer.name: resident(peer.pid) for peer in both}
    figures = summary(rows, both[0].name)
    for name, rss in memory.items():
        figures[name]["rss"] = rss
    return {"rounds": rows, "summary": figures}, report.many_sessions(figures)


def run(stage):
    figures, texts = {}, []
    for name, part in (("workers", workers), ("latency", latency.measure), ("sessions", many_sessions)):
        figures[name], text = part(stage)
        texts.append(text)
    return figures, "\n".join(texts)
