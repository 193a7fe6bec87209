"""Keeps the data of PostgreSQL in memory during a run of root, where the machine has the room.

Each database is a thousand files. Where thousands of them were just deleted, ext4 looks through all of these for a free
place, so that a copy of a migrated database takes ten times as long, and a copied cluster eight times. What is
tested is the same: a server that is killed loses nothing of what it wrote there, as on a disk, and no test takes the
power away. Whoever is not root has their data in the folder for temporary files, which they may have in memory.
"""

import os
import re
import shutil
from pathlib import Path

PLACE = Path("/dev/shm")  # noqa: S108  memory, on each Linux
NAME = "pnav-tests-{}"
# Bytes that must be free. The servers of a run need some 2 GB; in containers there are often 64 MB.
ROOM = 8 << 30


def has_room(place: Path) -> bool:
    """Return whether programs may run from there, and ROOM is free of it and of the machine's memory."""
    try:
        found = os.statvfs(place)
        available = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return False
    is_free = found.f_bavail * found.f_frsize >= ROOM and available is not None and int(available[1]) << 10 >= ROOM
    return is_free and not found.f_flag & os.ST_NOEXEC and os.access(place, os.W_OK)


def forget_dead(place: Path) -> None:
    """Delete what runs have left that were killed: no process has their number any more."""
    for left in place.glob(NAME.format("*")):
        number = left.name.rpartition("-")[2]
        if number.isdigit() and not Path("/proc", number).exists():
            shutil.rmtree(left, ignore_errors=True)


def make_folder() -> Path | None:
    """Make the folder of this process there, which others may pass through; None where there is no room."""
    if os.geteuid() != 0 or not has_room(PLACE):
        return None
    forget_dead(PLACE)
    folder = PLACE / NAME.format(os.getpid())
    folder.mkdir(mode=0o711)
    return folder
