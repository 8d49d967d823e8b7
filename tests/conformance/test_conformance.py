"""Every case of `cases` against the running program: what the client got, and what the backend received."""

import pytest

import cases
import proxies
import runner
import table
from recorder import Recorder


@pytest.fixture(scope="module")
def backend():
    recorder = Recorder()
    yield recorder
    recorder.close()


@pytest.fixture(scope="module")
def program(backend, tmp_path_factory):
    running = proxies.vestibule(tmp_path_factory.mktemp("program"), backend.port)
    try:
        yield running
        running.stop()  # no crash, no leak, no report of a sanitizer
    finally:
        running.abandon()


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: f"{case.theme}: {case.name}")
def test_case(program, backend, case):
    outcome = runner.run(case, program.address, backend, proxies.PATIENCE)
    assert runner.problems(case, outcome) == []


def test_there_are_enough():
    assert len(cases.ALL) >= 250
    assert len({(case.theme, case.name) for case in cases.ALL}) == len(cases.ALL)


def test_the_table_has_every_case():
    """`table.py` writes it."""
    assert table.listed() == [(case.theme, case.name) for case in cases.ALL]
