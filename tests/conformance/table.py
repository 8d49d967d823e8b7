"""Writes README.md: every case against vestibule, nginx and haproxy, in one run.

    VESTIBULE_BIN=build/release/vestibule /usr/bin/python3 -B tests/conformance/table.py
"""
import pathlib
import sys
import tempfile

import cases
import proxies
import runner
from recorder import Recorder

HERE = pathlib.Path(__file__).resolve().parent
README = HERE / "README.md"
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


def measure(port, recorder, patience):
    words = []
    for case in cases.ALL:
        outcome = runner.run(case, port, recorder, patience)
        words.append((runner.word(case, outcome), runner.problems(case, outcome)))
    return words


def columns(folder):
    recorder = Recorder()
    program = proxies.vestibule(folder, recorder.port)
    ours = measure(program.address, recorder, proxies.PATIENCE)
    program.stop()
    yield "vestibule", ours
    for other in proxies.OTHERS:
        process = other(folder, recorder.port)
        try:
            yield f"{other.__name__.lower()} {other.version()}", measure(process.port, recorder, 4.0)
        finally:
            process.stop()


def count(words, themes):
    """How many cases of these themes came out as this project wants them."""
    return sum(not problems for (_, problems), case in zip(words, cases.ALL) if case.theme in themes)


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = list(columns(folder))
    for case, (_, problems) in zip(cases.ALL, found[0][1]):
        if problems:
            sys.exit(f"{case.theme}: {case.name}: {problems}")
    lines = [README.read_text().split(MARK)[0].rstrip("\n"), "", MARK, "", f"{len(cases.ALL)} cases."]
    theme = None
    for number, case in enumerate(cases.ALL):
        if case.theme != theme:
            theme = case.theme
            lines += ["", f"### {theme}", "", "| " + " | ".join(["case", *(name for name, _ in found)]) + " |",
                      "| --- " * (len(found) + 1) + "|"]
        lines.append("| " + " | ".join([escaped(case.name), *(words[number][0] for _, words in found)]) + " |")
    README.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
