"""Requests per second, CPU per request and latency under full load."""
import peers
import report
from figures import summary
from wrk import Load

TABLES = {
    "small-64": ("Answers of 170 bytes, 64 connections", Load("/small", 64)),
    "small-1": ("Answers of 170 bytes, 1 connection", Load("/small", 1)),
    "small-512": ("Answers of 170 bytes, 512 connections", Load("/small", 512)),
    "large-64": ("Answers of 16 KiB, 64 connections", Load("/large", 64)),
}
VARIANTS = ("vestibule, log", "vestibule, off")  # of one program: in the first table alone


def measured(table, everyone):
    if table == "small-64":
        return everyone
    if table == "large-64":
        return [peer for peer in everyone if peer.name not in VARIANTS]
    return peers.main_ones(everyone)


def run(stage):
    everyone = peers.everyone(stage)
    figures, texts = {}, []
    with peers.running(everyone):
        for table, (title, load) in TABLES.items():
            who = measured(table, everyone)
            rows = stage.load_rounds(who, load, beside={peer: everyone[0] for peer in who[1:]})
            figures[table] = {"rounds": rows, "summary": summary(rows, everyone[0].name)}
            texts.append(report.load(title, who, figures[table]["summary"]))
    return figures, "\n".join(texts)
