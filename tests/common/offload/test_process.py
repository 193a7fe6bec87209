"""A process that holds secrets writes no core file, however it was started."""

import subprocess
import sys

import pytest

from common.offload import process
from common.offload.pool import ROOT

CODE = """
import os, resource, sys
sys.argv = ["manage.py", "version"]
{first}
from common.offload import process
print(resource.getrlimit(resource.RLIMIT_CORE)[0], process._prctl(process.PR_GET_DUMPABLE), process.can_dump())
"""


def told(first, **environment):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(first=first)], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


def test_a_process_can_be_dumped_before_and_not_after():
    assert told("").split()[1] == "1"  # the process may write one, whatever the limit of this run is
    assert told("from common.offload.process import forbid_dumps; forbid_dumps()") == "0 0 False"


def test_commands_and_the_worker_forbid_dumps():
    run = "import runpy; runpy.run_path('manage.py', run_name='__main__')"
    assert told(run) == "0 0 False"


def test_the_web_forbids_dumps_before_it_reads_a_secret():
    """Without any variable the settings refuse to load, and the process is already closed."""
    first = "try:\n    import pnav.asgi\nexcept Exception as error:\n    print(type(error).__name__)"
    assert told(first) == "0 0 False"


def test_pipe_of_the_machine_is_seen_and_dumpable_alone_holds_against_it(monkeypatch, tmp_path):
    pattern = tmp_path / "core_pattern"
    pattern.write_text("|/usr/lib/systemd/systemd-coredump %P")
    monkeypatch.setattr(process, "CORE_PATTERN", pattern)
    assert process.dumps_are_piped()
    pattern.write_text("core")
    assert not process.dumps_are_piped()
    pattern.unlink()
    assert not process.dumps_are_piped()


@pytest.mark.parametrize(
    ("lines", "found"),
    [("", False), ("/dev/zram0 partition 1 0 1", False), ("/dev/dm-1 partition 1 0 1", False),
     ("/swapfile file 1 0 1", True), ("/dev/zram0 partition\n/dev/sda2 partition", True)],
)  # fmt: skip
def test_swap_in_clear_is_seen(monkeypatch, tmp_path, lines, found):
    swaps = tmp_path / "swaps"
    swaps.write_text(f"Filename Type Size Used Priority\n{lines}\n")
    monkeypatch.setattr(process, "SWAPS", swaps)
    assert process.swaps_in_clear() is found
