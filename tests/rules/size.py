"""Nine in ten C++ files have at most 300 lines."""
import tree

LINES = 300


def main():
    paths = tree.files(".hpp", ".cpp")
    long = {p: n for p in paths if (n := tree.read(p).count(b"\n")) > LINES}
    if len(long) * 10 > len(paths):
        problems = [f"{path}: {lines} lines" for path, lines in long.items()]
        tree.report(problems, f"nine in ten files have at most {LINES} lines")


main()
