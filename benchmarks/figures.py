"""Computes percentiles and medians of rounds, and reads what processes cost from /proc."""

import math
import os
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
RESAMPLES = 2000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0 to 1) of them do not exceed; NaN for none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the middle one; NaN when there is none, or when one of them is void."""
    return statistics.median(values) if values and not any(map(math.isnan, values)) else math.nan


def interval(ratios: Sequence[float], resamples: int = RESAMPLES) -> tuple[float, float, float]:
    """Return the median of the ratios, and the bounds between which the medians of 95 of 100 resamples lie.

    NaN three times for none. The resamples are drawn with a fixed seed: the same ratios give the same bounds.
    """
    kept = [ratio for ratio in ratios if not math.isnan(ratio)]
    if not kept:
        return math.nan, math.nan, math.nan
    source = random.Random(1)
    medians = sorted(statistics.median(source.choices(kept, k=len(kept))) for _each in range(resamples))
    return statistics.median(kept), medians[int(0.025 * resamples)], medians[int(0.975 * resamples) - 1]


# What `/proc` answers for a process or thread that ended before its file was opened, and before it was read.
GONE = (FileNotFoundError, ProcessLookupError)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process since it began, with that of its children which ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def children(pid: int) -> list[int]:
    """Return the processes that `pid` started and that still run."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in path.read_text().split()]
        except GONE:
            continue  # a thread that has ended; its children are told by another
    return found


def cpu_of_tree(pid: int) -> float:
    """Return the processor time of a server and of its children: PostgreSQL has one for each connection."""
    total = cpu_seconds(pid)
    for child in children(pid):
        try:
            total += cpu_seconds(child)
        except GONE:
            continue  # it has ended before its file was opened or read, and its parent counts its time
    return total


def waited_seconds(pid: int) -> float:
    """Return for how long the threads of a process, all together, were ready to run and had no processor so far."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[1])  # nanoseconds
        except GONE:
            continue  # a thread that has ended
    return total / 1e9


def memory_kb(pid: int) -> dict[str, int]:
    """Return `Rss` and `Pss` of a process, in KiB."""
    wanted = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in {"Rss", "Pss"}:
            wanted[name] = int(rest.split()[0])
    return wanted


@dataclass(frozen=True, slots=True)
class Goal:
    """What should be reached: `hard` at least, and `edge` at best. `at_most` says whether smaller is better."""

    hard: float
    edge: float | None = None
    at_most: bool = True

    def verdict(self, value: float) -> str:
        """Return « edge », « hard » or « no »; « void » for a value that is none."""
        if math.isnan(value):
            return "void"

        def meets(limit: float) -> bool:
            return value <= limit if self.at_most else value >= limit

        if self.edge is not None and meets(self.edge):
            return "edge"
        return "hard" if meets(self.hard) else "no"

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {self.hard:g}" + (f" · {sign} {self.edge:g}" if self.edge is not None else "")
