"""Keeps the data of PostgreSQL in memory during a run of root, where the machine has the room.

Each database is a thousand files. Where thousands of them were just deleted, ext4 looks through all of these for a free
place, so that a copy of a migrated database takes ten times as long, and a copied cluster eight times. What is
tested is the same: a server that is killed loses nothing of what it wrote there, as on a disk, and no test takes the
power away. Whoever is not root has their data in the folder for temporary files, which they may have in memory.
"""

import fcntl
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PLACE = Path("/dev/shm")  # noqa: S108  memory, on each Linux
NAME = "pnav-postgresql-"
# Bytes that must be free. The servers of a run need some 2 GB; in containers there are often 64 MB.
ROOM = 8 << 30

# The folders of this process, with what keeps each locked until the process and those that it forked have ended. A
# number of the process would not do: containers that share the memory know nothing of each other's.
_locks: dict[Path, int] = {}


def has_room(place: Path) -> bool:
    """Return whether programs may run from there, and ROOM is free of it and of the machine's memory."""
    try:
        found = os.statvfs(place)
        available = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return False
    is_free = found.f_bavail * found.f_frsize >= ROOM and available is not None and int(available[1]) << 10 >= ROOM
    return is_free and not found.f_flag & os.ST_NOEXEC and os.access(place, os.W_OK)


def _lock(folder: Path) -> int | None:
    """Lock a folder and return its descriptor; None when another run has it, or it is no folder of ours any more."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.stat().st_ino == os.fstat(lock).st_ino:
            return lock
    os.close(lock)
    return None


def forget_dead(place: Path) -> None:
    """Delete what runs have left that were killed: nobody holds the lock of their folder any more."""
    for left in place.glob(f"{NAME}*"):
        if (lock := _lock(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def make_folder() -> Path | None:
    """Make a folder there for this process, which others may pass through; None where there is no room."""
    if os.geteuid() != 0 or not has_room(PLACE):
        return None
    forget_dead(PLACE)
    for _try in range(3):
        folder = Path(tempfile.mkdtemp(prefix=NAME, dir=PLACE))
        if (lock := _lock(folder)) is not None:
            folder.chmod(0o711)
            _locks[folder] = lock
            return folder
        shutil.rmtree(folder, ignore_errors=True)  # another run, which found it unlocked, deletes it at this moment
    return None
