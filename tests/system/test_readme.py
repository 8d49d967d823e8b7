"""The commands that README.md shows really do what it shows.

A block is run where `<!-- tested -->` stands on the line before it. Its lines that begin with "$ " are
commands, run in order by bash in one folder, against the program that deploy/quickstart.sh has started;
the lines after each are what it prints. There "..." stands for anything: within a line, or for any number
of lines where it is the whole line.
"""
import re
import subprocess

import pytest

from harness.quickstart import ROOT, Quickstart

BLOCK = re.compile(r"^<!-- tested -->\n```console\n(.*?)^```$", re.M | re.S)


def commands():
    """[(command, expected output)] of every tested block of the README, in order."""
    found = []
    for block in BLOCK.findall((ROOT / "README.md").read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append([line[2:], []])
            elif found and found[-1][0].endswith("\\") and not found[-1][1]:
                found[-1][0] += "\n" + line
            else:
                found[-1][1].append(line)
    return found


def pattern(expected):
    lines = []
    for line in expected:
        if line.strip() == "...":
            lines.append("(?:.*\n)*?")
        else:
            lines.append(".*".join(re.escape(part) for part in line.rstrip().split("...")) + "[ \t]*\n")
    return re.compile("".join(lines) + r"\s*\Z")


@pytest.fixture
def shop():
    running = Quickstart()
    running.wait_for("Ctrl-C ends")
    yield running
    running.abandon()


def test_the_tour_of_the_readme(shop, tmp_path):
    tour = commands()
    assert len(tour) >= 5, "README.md has hardly a command that is tested"
    for command, expected in tour:
        here = command.replace("127.0.0.1:8080", f"127.0.0.1:{shop.port}")
        here = here.replace("127.0.0.1:9090", f"127.0.0.1:{shop.admin_port}")
        done = subprocess.run(["bash", "-c", here], cwd=tmp_path, capture_output=True, text=True, timeout=30)
        printed = done.stdout.replace("\r\n", "\n").replace(str(shop.port), "8080")
        printed = printed.replace(str(shop.admin_port), "9090")
        if printed and not printed.endswith("\n"):
            printed += "\n"
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert pattern(expected).match(printed), f"{command}\nprinted:\n{printed}\nREADME:\n" + "\n".join(expected)
