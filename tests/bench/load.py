"""Requests per second, CPU per request and latency under full load."""
import peers
import report
from figures import summary
from wrk import Load

TABLES = {
    "small-64": ("Answers of 170 bytes, 64 connections", Load("/small", 64)),
    "large-64": ("Answers of 16 KiB, 64 connections", Load("/large", 64)),
}


def run(stage):
    everyone = peers.everyone(stage)
    figures, texts = {}, []
    with peers.running(everyone):
        for table, (title, load) in TABLES.items():
            who = everyone if table == "small-64" else peers.main_ones(everyone)
            rows = stage.load_rounds(who, load)
            figures[table] = {"rounds": rows, "summary": summary(rows, everyone[0].name)}
            texts.append(report.load(title, who, figures[table]["summary"]))
    return figures, "\n".join(texts)
