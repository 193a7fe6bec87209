"""Which browser the tests drive, and what is installed when it is missing. The programs are replaced by ones that
record their call.
"""

import os
from pathlib import Path

import pytest

from tests import chromium
from tests.browser.engines import __main__ as engines


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a machine with nothing installed, on which root may install; `machine("a", "b")` puts programs on it that
    succeed.
    """
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("WHOLE_CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(chromium, "GIVEN_UP", tmp_path / "local" / "given-up")
    monkeypatch.setattr(chromium, "_playwright_has_one", lambda: False)

    def put(*names: str, status: int = 0) -> Path:
        for name in names:
            program = programs / name
            program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit {status}\n')
            program.chmod(0o755)
        return programs

    def calls() -> list[str]:
        """Return what the programs were asked, without options that only make them faster."""
        noted = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
        return [line.removeprefix(" ".join(chromium.HURRY) + " ") for line in noted]

    put.calls = calls
    return put


def test_one_without_windows_comes_first(machine):
    assert chromium.find() is None
    programs = machine("chromium")
    assert chromium.find() == str(programs / "chromium")
    machine("chromium-headless-shell")
    assert chromium.find() == str(programs / "chromium-headless-shell")
    assert chromium.find_whole() == str(programs / "chromium"), "tabs that are hidden need windows"


def test_one_that_is_given_comes_before_all(machine, monkeypatch):
    machine("chromium", "chromium-headless-shell")
    monkeypatch.setenv("CHROMIUM", "/opt/one")
    assert chromium.find() == "/opt/one"


def test_one_without_windows_is_added_beside_another(machine):
    machine("chromium", "apt-get")
    assert chromium.main() == 0
    assert machine.calls() == ["update -qq", "install -y -qq chromium-headless-shell"]
    machine("chromium-headless-shell")
    assert chromium.main() == 0 and len(machine.calls()) == 2


def test_one_with_windows_is_added_where_there_is_only_the_other(machine):
    """Tests of hidden tabs need it, and somebody may have installed only the other one."""
    machine("chromium-headless-shell", "apt-get")
    assert chromium.main() == 0
    assert machine.calls() == ["update -qq", "install -y -qq chromium"]
    machine("apt-get", status=100)
    for _each in range(2):
        assert chromium.main() == 0 and machine.calls()[2:] == ["update -qq"]


def test_one_that_cannot_be_added_is_asked_for_once(machine):
    machine("chromium")
    machine("apt-get", status=100)
    assert chromium.main() == 0 and machine.calls() == ["update -qq"]
    assert chromium.main() == 0 and len(machine.calls()) == 1


def test_nothing_is_installed_where_nobody_may(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine("chromium", "apt-get")
    assert chromium.main() == 0 and machine.calls() == []


def test_nothing_is_added_to_the_one_that_was_given(machine, monkeypatch):
    machine("apt-get")
    monkeypatch.setenv("CHROMIUM", "/opt/one")
    assert chromium.main() == 0 and machine.calls() == []


def test_both_are_installed_where_there_is_none(machine):
    machine("apt-get")
    assert chromium.main() == 0
    assert machine.calls() == [
        "update -qq", "install -y -qq chromium", "update -qq", "install -y -qq chromium-headless-shell",
    ]  # fmt: skip


def test_other_engines_are_installed_where_root_may(machine, monkeypatch):
    """What cannot be installed is named, the rest runs, and the whole counts as failed."""
    asked = []
    monkeypatch.setattr(engines, "missing", lambda: {"webkit": "webkit2gtk-driver xvfb"})
    monkeypatch.setattr(engines, "run_tests", lambda arguments: asked.append(arguments) or 0)
    monkeypatch.setenv(engines.conftest.ASKED, "")
    machine("apt-get", status=100)
    assert engines.main([]) == 1
    assert machine.calls() == ["update -qq"] and os.environ[engines.conftest.ASKED] == "firefox" and len(asked) == 1
    machine("apt-get")
    assert engines.main([]) == 1
    assert machine.calls()[1:] == ["update -qq", "install -y -qq webkit2gtk-driver xvfb"]


def test_engines_that_are_there_are_left_alone(machine, monkeypatch):
    monkeypatch.setattr(engines, "missing", dict)
    monkeypatch.setattr(engines, "run_tests", lambda _arguments: 0)
    monkeypatch.setenv(engines.conftest.ASKED, "")
    machine("apt-get")
    assert engines.main([]) == 0 and machine.calls() == []
