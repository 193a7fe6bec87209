"""This module tells whether this process uses as much memory as it may. Then it refuses new work, and goes on with what
it began.

Otherwise the system would kill the process when its container or its unit of systemd is full, with every conversation
in it. The limit is WEB_MEMORY_MIB, or SHARE of what the control group of the process may use (`MemoryMax=` of a unit);
a machine without either has no limit.

The C library does not return all freed memory to the system by itself, because small objects that are still in use lie
between what was freed. So a process that was full once would refuse everybody until it is started again. The C library
is asked to return memory every REGULARLY_SECONDS, and above the limit at once (docs/adr/0126).
"""

import contextlib
import ctypes
import os
import threading
import time
from pathlib import Path, PurePosixPath

from django.conf import settings

STATM = Path("/proc/self/statm")  # in memory pages; the second number is the resident memory
GROUPS = Path("/sys/fs/cgroup")  # the tree of control groups; inside of a container its own group is the root
OWN_GROUP = Path("/proc/self/cgroup")  # where in that tree this process is: the line « 0::/path »
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SHARE = 0.85  # the share of that limit above which new work is refused; the rest is for what has begun
EVERY_SECONDS = 1.0
M_ARENA_MAX = -8  # the constant of malloc.h
# The least time between two calls of malloc_trim. One takes a tenth of a second for 300 MiB, and threads that allocate
# memory may have to wait for it.
GIVEN_BACK_SECONDS = 5.0
# The time between two calls of malloc_trim that nobody asks for, so that memory is back within a minute after everybody
# came at once. One takes a millisecond or two. Where it takes longer by the clock, because other threads that need
# memory may wait as long, it comes so much less often that it takes REGULARLY_SHARE of the time at most.
REGULARLY_SECONDS = 20.0
REGULARLY_SHARE = 0.002


def _limit() -> float:
    """Return how many bytes this process may use; infinite when there is no limit."""
    if settings.WEB_MEMORY_MIB:
        return float(settings.WEB_MEMORY_MIB * 1024 * 1024)
    return SHARE * min(map(_limit_of, _groups()))


def _groups() -> list[Path]:
    """Return the folders of the control group of this process and of those around it, the root first."""
    try:
        lines = OWN_GROUP.read_text().splitlines()
    except OSError:
        lines = []
    parts = next((PurePosixPath(line[3:]).parts[1:] for line in lines if line.startswith("0::/")), ())
    if ".." in parts:  # the group is outside of what this process sees
        parts = ()
    return [GROUPS.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]


def _limit_of(group: Path) -> float:
    try:
        return int((group / "memory.max").read_text())
    except (OSError, ValueError):  # there is no such file, or it says « max »
        return float("inf")


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0


def use_one_arena() -> None:
    """Let all threads allocate memory from one arena (mallopt(3)). Does nothing with a C library other than GNU's.

    By itself the C library opens up to eight arenas for each processor, so that threads do not wait for each other.
    Python's interpreter lock hardly lets them, and each arena keeps what it once held: after everybody came at once
    (`make siege`, « together ») two web processes kept 40 MiB. Must be called before the first thread starts.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Return free memory to the system (malloc_trim(3)). Does nothing with a C library other than GNU's."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def pause_after(used: float) -> float:
    """Return how many seconds lie between a call of `give_back` that took `used` seconds and the next one."""
    return max(REGULARLY_SECONDS, used / REGULARLY_SHARE)


def keep_giving_back() -> threading.Thread:
    """Call `give_back` every REGULARLY_SECONDS, in a thread that ends with the process."""

    def work() -> None:
        used = 0.0
        while True:
            time.sleep(pause_after(used))
            began = time.monotonic()
            give_back()
            used = time.monotonic() - began

    thread = threading.Thread(target=work, name="give-back-regularly", daemon=True)
    thread.start()
    return thread


class Watermark:
    """Compares the memory of this process with its limit, once a second at most; a reading takes 20 µs."""

    def __init__(self) -> None:
        self._read_at = self._given_back_at = float("-inf")
        self._is_over = False

    def is_over(self) -> bool:
        """Return whether the process uses more memory than it may, as measured within the last EVERY_SECONDS.

        Above the limit a thread is started that returns free memory, at most once in GIVEN_BACK_SECONDS.
        """
        now = time.monotonic()
        if now - self._read_at >= EVERY_SECONDS:
            self._read_at = now
            self._is_over = resident_bytes() > _limit()
            if self._is_over and now - self._given_back_at >= GIVEN_BACK_SECONDS:
                self._given_back_at = now
                # A thread of its own, so that whoever asks goes on.
                threading.Thread(target=give_back, name="give-back", daemon=True).start()
        return self._is_over


MEMORY = Watermark()
