"""Measures what a run of workers costs: the processor time of each file of tests and of all that it started.

The time by the clock depends on what else the machine does. Processor time says what a test takes. After a run with
`--workers` the files that took most are printed, and all of them are in `.local/seconds.txt`; after them stands when
processors were idle, and which files ran then. What the servers of the whole run (PostgreSQL, Valkey) do is counted for
the run only, and what a worker does at its beginning is counted for its first file.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

SHOWN = 25  # how many files are printed, the dearest ones
STEP_SECONDS = 30  # how often it is noted how long the processors were idle
_TICKS = os.sysconf("SC_CLK_TCK")
_PROCESSES = Path("/proc")


def _of_one(pid: int) -> float:
    """Return the processor time of this process and of the children for which it has waited; 0 when it has ended."""
    try:
        fields = (_PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in (_PROCESSES / str(pid) / "task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    except OSError:  # it has ended, or this is no Linux
        return found
    return found


def of_all(pid: int) -> float:
    """Return the processor time of a process and of all below it; without /proc, of this process and its children."""
    if not (_PROCESSES / "self" / "stat").exists():
        return sum(os.times()[:4])
    total, left = 0.0, [pid]
    while left:
        one = left.pop()
        total += _of_one(one)
        left += _children(one)
    return total


class Meter:
    """Measures this process from lap to lap."""

    def __init__(self) -> None:
        self.cpu, self.wall = of_all(os.getpid()), time.monotonic()

    def lap(self) -> tuple[float, float]:
        """Return the processor time and the time by the clock since the last lap. A process that ended unseen makes no
        negative time.
        """
        cpu, wall = of_all(os.getpid()), time.monotonic()
        passed = max(0.0, cpu - self.cpu), wall - self.wall
        self.cpu, self.wall = cpu, wall
        return passed


@dataclass
class _Machine:
    """How long all processors of the machine were busy and idle since it was started, in seconds."""

    busy: float
    idle: float

    @classmethod
    def now(cls) -> "_Machine":
        try:
            said = (_PROCESSES / "stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return cls(0, 0)
        each = [int(one) / _TICKS for one in said]
        idle = each[3] + each[4]
        return cls(sum(each) - idle, idle)


class Account:
    """The account of a run: what its files took, and how busy the machine was."""

    def __init__(self) -> None:
        self.files: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.before, self.begun = _Machine.now(), sum(os.times()[:2])
        self.steps: list[str] = []
        self._last, self._begun_at = self.before, time.monotonic()
        self._noted_at = self._begun_at

    def note(self, running: Callable[[], Iterable[str]]) -> None:
        """Note, when STEP_SECONDS have passed, how long processors were idle in them. running: the files that run."""
        if (at := time.monotonic()) < self._noted_at + STEP_SECONDS:
            return
        now = _Machine.now()
        self.steps.append(f"{at - self._begun_at:8.0f} {now.idle - self._last.idle:8.1f} idle; {' '.join(running())}")
        self._last, self._noted_at = now, at

    def add(self, file: str, cpu: float, wall: float) -> None:
        self.files[file][0] += cpu
        self.files[file][1] += wall

    def lines(self) -> list[str]:
        """Return the whole, then each file, the most expensive first: processor time and time by the clock,
        in seconds.
        """
        now = _Machine.now()
        busy, idle = now.busy - self.before.busy, now.idle - self.before.idle
        ordered = sorted(self.files.items(), key=lambda entry: -entry[1][0])
        total = sum(cpu for cpu, _wall in self.files.values())
        own, servers = sum(os.times()[:2]) - self.begun, sum(map(of_all, _children(os.getpid())))
        head = [
            f"{total:8.1f}          all files; {servers:.1f} the servers of the run, {own:.1f} the process that forks",
            f"{busy:8.1f}          the whole machine, which was idle for {idle:.1f}",
        ]
        return [*head, *(f"{cpu:8.1f} {wall:8.1f} {file}" for file, (cpu, wall) in ordered)]

    def keep(self, place: Path) -> None:
        place.parent.mkdir(exist_ok=True)
        place.write_text("\n".join([*self.lines(), *self.steps]) + "\n", encoding="utf-8")
