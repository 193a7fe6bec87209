"""Finds the first segment of WAL that is missing between others. Pure.

PostgreSQL takes a missing segment for the end of the WAL when it recovers. What comes after it is then lost, and
PostgreSQL does not say so.
"""

import re
from collections.abc import Collection, Mapping

from pnav.backup.manifest import complete_name, segment_place

# Which timeline has each segment, in order: the first number of a segment, and the timeline from there on.
type Path = list[tuple[int, str]]
_ENDED = re.compile(r"\s*(\d+)\s+([0-9A-Fa-f]+)/([0-9A-Fa-f]+)\b")


def number_of(name: str, size: int) -> int:
    """Return how many segments lie before this one in the WAL. size: the bytes of one."""
    return int(name[8:16], 16) * (2**32 // size) + int(name[16:24], 16)


def name_of(timeline: str, number: int, size: int) -> str:
    """Return the name of a segment. size: the bytes of one."""
    log, place = divmod(number, 2**32 // size)
    return f"{timeline}{log:08X}{place:08X}"


def path_of(timeline: str, histories: Mapping[str, str], size: int) -> Path:
    """Return the path that PostgreSQL takes from this timeline to the latest one, of which there are histories.

    histories: the text of each « .history », by its timeline. PostgreSQL looks for the next timeline until there is
    none. It refuses to start if the latest one does not come from the given one, so the path then ends where it begins.
    """
    latest = int(timeline, 16)
    while f"{latest + 1:08X}" in histories:
        latest += 1
    path, first = [], 0
    for line in histories.get(f"{latest:08X}", "").splitlines() if latest != int(timeline, 16) else ():
        if found := _ENDED.match(line):
            path.append((first, f"{int(found[1]):08X}"))
            first = ((int(found[2], 16) << 32) + int(found[3], 16)) // size
    path.append((first, f"{latest:08X}"))
    return path if any(name == timeline for _first, name in path) else [(0, timeline)]


def find_hole(names: Collection[str], path: Path, first: int, *, size: int, end: int | None = None) -> str | None:
    """Return the name of the first segment from `first` on that is not complete among these names; None: there is none.

    end: the first number that need not be there. Without it, this is the last segment that is there on the path, of
    which a part suffices.
    """

    def name_at(number: int) -> str:
        return name_of([timeline for start, timeline in path if start <= number][-1], number, size)

    if end is None:
        segments = {complete_name(name) for name in names if segment_place(name) is not None}
        end = max((number for name in segments if name_at(number := number_of(name, size)) == name), default=first)
    there = set(names)
    return next((name for number in range(first, end) if (name := name_at(number)) not in there), None)
