"""Writes README.md: every case against vestibule, nginx and haproxy, in one run.

    VESTIBULE_BIN=build/release/vestibule /usr/bin/python3 -B tests/conformance/table.py
"""
import concurrent.futures
import pathlib
import sys
import tempfile

import cases
import proxies
import runner
from recorder import Recorder

HERE = pathlib.Path(__file__).resolve().parent
README = HERE / "README.md"
PATIENCE = 1.5  # seconds, with the others
MARK = "<!-- made by table.py: from here on -->"


def escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def listed():
    """(theme, case) of every row there is."""
    found, theme = [], None
    for line in README.read_text().split(MARK)[1].splitlines():
        if line.startswith("### "):
            theme = line[4:]
        elif line.startswith("| ") and not line.startswith(("| case", "| ---")):
            found.append((theme, line[2:].split(" | ")[0]))
    names = {(case.theme, escaped(case.name)): (case.theme, case.name) for case in cases.ALL}
    return [names.get(row, row) for row in found]


def measure(start, folder, patience):
    """What came of each case: its word in the table, and what is wrong with it."""
    recorder = Recorder()
    program = start(folder, recorder.port)
    words = []
    try:
        for case in cases.ALL:
            outcome = runner.run(case, program.port, recorder, patience)
            words.append((runner.word(case, outcome), runner.problems(case, outcome)))
    finally:
        program.stop()
        recorder.close()
    return words


def columns(folder):
    """All at the same time, each with a backend of its own."""
    kinds = {"vestibule": (proxies.vestibule, proxies.PATIENCE)}
    kinds.update({f"{other.__name__.lower()} {other.version()}": (other, PATIENCE) for other in proxies.OTHERS})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = {name: pool.submit(measure, start, folder, patience) for name, (start, patience) in kinds.items()}
    return [(name, future.result()) for name, future in found.items()]


def main():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)  # for the workers of nginx
        found = columns(folder)
    lines = [README.read_text().split(MARK)[0].rstrip("\n"), "", MARK, "", f"{len(cases.ALL)} cases."]
    theme = None
    for number, case in enumerate(cases.ALL):
        if case.theme != theme:
            theme = case.theme
            lines += ["", f"### {theme}", "", "| " + " | ".join(["case", *(name for name, _ in found)]) + " |",
                      "| --- " * (len(found) + 1) + "|"]
        lines.append("| " + " | ".join([escaped(case.name), *(words[number][0] for _, words in found)]) + " |")
    README.write_text("\n".join(lines) + "\n")
    wrong = [(case, problems) for case, (_, problems) in zip(cases.ALL, found[0][1]) if problems]
    sys.exit("\n".join(f"{case.theme}: {case.name}: {problems}" for case, problems in wrong) or 0)


if __name__ == "__main__":
    main()
