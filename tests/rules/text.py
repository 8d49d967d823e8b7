"""Sources are ASCII, end with a newline, have no tab and no blank at a line's end, and their lines are
not too long. A header is included once."""
import os

import tree

SOURCES = (".cpp", ".hpp", ".py", ".sh", ".mjs", ".js", ".php", ".css", ".cmake",
           "CMakeLists.txt", "CMakePresets.json")
WIDTHS = {".cpp": 110, ".hpp": 110, ".py": 120}


def wrong_with(line, path):
    if any(byte > 0x7E or (byte < 0x20) for byte in line):
        return "a tab, or not ASCII"
    if line.endswith(b" "):
        return "a blank at the end"
    if len(line) > WIDTHS.get(os.path.splitext(path)[1], len(line)):
        return f"{len(line)} columns"
    return None


def main():
    problems = []
    for path in tree.files(*SOURCES):
        text = tree.read(path)
        if text and not text.endswith(b"\n"):
            problems.append(f"{path}: no newline at the end")
        if path.endswith(".hpp") and text.count(b"\n#pragma once\n") != 1:
            problems.append(f"{path}: no #pragma once")
        for number, line in enumerate(text.split(b"\n"), 1):
            problem = wrong_with(line, path)
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    tree.report(problems, "plain text, in bounds")


main()
