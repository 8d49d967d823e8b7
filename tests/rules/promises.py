"""Each test that deploy/SECURITY.md names is there."""
import os
import re

from tree import read, report, root

NAMED = re.compile(r"`(test_\w+\.py): (test_\w+)`")
UNIT = re.compile(r"`(unit/[\w/]+\.cpp)`")


def problems():
    text = read("deploy/SECURITY.md").decode()
    named = NAMED.findall(text)
    if not named:
        yield "deploy/SECURITY.md: names no test"
    for file, test in named:
        path = f"tests/system/{file}"
        if not os.path.exists(os.path.join(root(), path)):
            yield f"deploy/SECURITY.md: there is no {path}"
        elif not re.search(rf"^def {test}\(", read(path).decode(), re.M):
            yield f"deploy/SECURITY.md: {path} has no {test}"
    for path in UNIT.findall(text):
        if not os.path.exists(os.path.join(root(), "tests", path)):
            yield f"deploy/SECURITY.md: there is no tests/{path}"


if __name__ == "__main__":
    report(list(problems()), "what is promised is tested")
