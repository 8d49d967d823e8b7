"""The files of the repository, for the rules that look at them."""
import os
import sys

# Never ours: version control, what is built, what is installed.
PRUNED = {".git", "node_modules", "__pycache__", ".pytest_cache"}


def root():
    given = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    return os.path.abspath(given)


def files(*suffixes, under=""):
    """Paths relative to the root, sorted, of files whose name ends in one of the suffixes."""
    found = []
    for folder, folders, names in os.walk(os.path.normpath(os.path.join(root(), under))):
        at_top = folder == root()
        folders[:] = [f for f in folders if f not in PRUNED and not (at_top and f.startswith("build"))]
        found += [os.path.relpath(os.path.join(folder, n), root()) for n in names if n.endswith(suffixes)]
    return sorted(found)


def read(path):
    with open(os.path.join(root(), path), "rb") as f:
        return f.read()


def report(problems, rule):
    """Ends the program: 1 with every problem told, or 0."""
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} against the rule: {rule}")
