"""Whether this process holds as much memory as it may: then it takes nothing new, and keeps what it has.

Otherwise the system ends it when its container is full, with every conversation in it. The mark is WEB_MEMORY_MIB, or
most of what the container may use; a machine without such a limit has no mark.
"""

import time
from pathlib import Path

from django.conf import settings

STATM = Path("/proc/self/statm")  # in pages; the second number is what is resident
LIMIT = Path("/sys/fs/cgroup/memory.max")  # of the container: bytes, or « max »
PAGE_BYTES = 4096
SHARE = 0.85  # of the container's limit: the rest is for what is under way
EVERY_SECONDS = 1.0


def _limit() -> float:
    """Bytes that this process may hold; infinite when nobody says."""
    if settings.WEB_MEMORY_MIB:
        return float(settings.WEB_MEMORY_MIB * 1024 * 1024)
    try:
        return SHARE * int(LIMIT.read_text())
    except (OSError, ValueError):  # none, or « max »
        return float("inf")


def resident_bytes() -> int:
    """What this process holds in memory now; 0 where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0


class Watermark:
    """Read once a second, by whoever asks first: 20 µs, and nothing in between."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._is_over = False

    def is_over(self) -> bool:
        now = time.monotonic()
        if now - self._read_at >= EVERY_SECONDS:
            self._read_at = now
            self._is_over = resident_bytes() > _limit()
        return self._is_over


MEMORY = Watermark()
