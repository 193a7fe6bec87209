"""Tell whether this process uses as much memory as it may. It then refuses new work and keeps what it has begun.

Otherwise the system ends it when its container is full, with every conversation in it. The mark is WEB_MEMORY_MIB, or
most of what the container may use; a machine without such a limit has no mark.

What was freed is not given back by itself: one small thing that lives holds what lies around it, so that a process
which was full once would refuse everybody until it is started again. Above the mark the C library is asked for it.
"""

import contextlib
import ctypes
import threading
import time
from pathlib import Path

from django.conf import settings

STATM = Path("/proc/self/statm")  # in pages; the second number is what is resident
LIMIT = Path("/sys/fs/cgroup/memory.max")  # of the container: bytes, or « max »
PAGE_BYTES = 4096
SHARE = 0.85  # of the container's limit: the rest is for what is under way
EVERY_SECONDS = 1.0
M_ARENA_MAX = -8  # malloc.h
GIVEN_BACK_SECONDS = 5.0  # between two times: a tenth of a second for 300 MiB, in which who allocates may wait


def _limit() -> float:
    """Bytes that this process may hold; infinite when nobody says."""
    if settings.WEB_MEMORY_MIB:
        return float(settings.WEB_MEMORY_MIB * 1024 * 1024)
    try:
        return SHARE * int(LIMIT.read_text())
    except (OSError, ValueError):  # none, or « max »
        return float("inf")


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0


def use_one_arena() -> None:
    """Let all threads take memory from one place; nothing where the C library is not GNU's. mallopt(3).

    By itself the C library opens up to eight places for each processor, so that threads do not wait for each other.
    Under the interpreter's lock they hardly could, and what each place once held stays: after everybody came at once
    (`make siege`, « together ») two web processes kept 40 MiB of it. Call it before the first thread starts.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Hand free memory back to the system; nothing where the C library is not GNU's. malloc_trim(3)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class Watermark:
    """Read once a second, by whoever asks first: 20 µs, and nothing in between."""

    def __init__(self) -> None:
        self._read_at = self._given_back_at = float("-inf")
        self._is_over = False

    def is_over(self) -> bool:
        """Return whether the process holds more memory than WEB_MEMORY_MIB; measured once in EVERY_SECONDS."""
        now = time.monotonic()
        if now - self._read_at >= EVERY_SECONDS:
            self._read_at = now
            self._is_over = resident_bytes() > _limit()
            if self._is_over and now - self._given_back_at >= GIVEN_BACK_SECONDS:
                self._given_back_at = now
                threading.Thread(target=give_back, name="give-back", daemon=True).start()  # whoever asks goes on
        return self._is_over


MEMORY = Watermark()
