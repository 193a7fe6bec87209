"""The kinds of text whose contrast is good, on whichever page of whichever worker axe was asked about them.

A kind is a hash of styles (`KINDS_OF_TEXT` in `tests/browser/conftest.py`). The workers of a run have one file, to
which each adds what it found and in which each reads what the others found.
"""

import fcntl
from collections.abc import Iterable
from pathlib import Path

from tests.support import once


class KnownKinds:
    """What one worker knows of that file. place: another file, for tests of this class."""

    def __init__(self, place: Path | None = None) -> None:
        self._file = (place or once.folder() / "kinds-of-text").open("a+", encoding="ascii")
        self._known: set[int] = set()
        self._read_to = 0

    def read(self) -> list[int]:
        """Return all of them, in order."""
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            self._hear()
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return sorted(self._known)

    def add(self, kinds: Iterable[int]) -> None:
        """Add those that nobody has added yet."""
        found = set(kinds)
        if found <= self._known:
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            self._hear()
            self._file.writelines(f"{kind}\n" for kind in sorted(found - self._known))
            self._file.flush()
            self._hear()
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _hear(self) -> None:
        """Read what was added since the last time."""
        self._file.seek(self._read_to)
        self._known.update(map(int, self._file.read().split()))
        self._read_to = self._file.tell()
