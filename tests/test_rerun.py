"""The second try of tests that failed beside others: it is bounded, and never more lenient than the tests."""

import json

import pytest

from tests import rerun


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """Return what the second run was asked. `runs.answer` sets what it says; `runs.failed(…)` sets what
    failed before.
    """

    class Runs(list):
        answer = 0

        def failed(self, *names):
            rerun.FAILED.write_text(json.dumps(dict.fromkeys(names, True)))

    runs = Runs()
    monkeypatch.setattr(rerun, "FAILED", tmp_path / "lastfailed")
    monkeypatch.setattr(rerun.pytest, "main", lambda arguments: runs.append(arguments) or runs.answer)
    return runs


def test_what_passes_alone_is_named(runs, capsys):
    runs.failed("tests/test_b.py::test_two", "tests/test_a.py::test_one")
    assert rerun.main() == 0
    assert [argument for argument in runs[0] if argument.startswith("tests/")] == [
        "tests/test_a.py::test_one",
        "tests/test_b.py::test_two",
    ]
    assert "    tests/test_a.py::test_one\n    tests/test_b.py::test_two\n" in capsys.readouterr().out


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_what_fails_alone_too_fails_the_run(runs, code):
    runs.failed("tests/test_a.py::test_one")
    runs.answer = code
    assert rerun.main() == code


def test_many_failures_are_no_accident(runs):
    runs.failed(*[f"tests/test_a.py::test_{number}" for number in range(rerun.MOST + 1)])
    assert rerun.main() == 1
    assert runs == []


def test_run_that_failed_without_a_failed_test_fails(runs):
    assert rerun.main() == 1
    assert runs == []
