"""The WAL of a store from one base backup on: whether it goes on without a hole, and its copy for PostgreSQL."""

from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from common.encryption import UnsealError
from pnav.backup.continuity import find_hole, number_of, path_of
from pnav.backup.manifest import Manifest, complete_name, is_partial, segment_place
from pnav.backup.store import Missing, Store

HISTORY = ".history"


class StoredWal:
    """It is every segment from the base on, of all timelines, as the store has it when this is made."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self._store = store
        self._start = manifest.start_segment
        self._histories: dict[str, bytes] = {}  # by their names
        # The names of the segments and parts of segments that open, as far as it is known, and the whole segments that
        # do not.
        self._names: set[str] = set()
        self._broken: set[str] = set()
        for name in store.files("wal"):
            place = segment_place(name)
            if name.endswith(HISTORY):
                try:
                    self._histories[name] = store.get(f"wal/{name}")
                except UnsealError as error:
                    raise UnsealError(f"{name}: {error}") from None
            elif place is not None and place >= self._start[8:]:
                self._names.add(name)
        self._segments = sorted(set(map(complete_name, self._names)))

    def find_hole(self, own: Collection[str] | None = None) -> str | None:
        """Return the first segment that is missing, or of which there is only a part, while there are later ones.

        own: the segments that the base has with it. Without them, those before the first one in the store are passed
        over.
        """
        if not self._names or self._segment_bytes is None:
            return None
        size = self._segment_bytes
        texts = {name.removesuffix(HISTORY): text.decode("latin-1") for name, text in self._histories.items()}
        path = path_of(self._start[:8], texts, size)
        first = number_of(self._start, size)
        if own is None:
            first = max(first, min(number_of(name, size) for name in self._names))
        return find_hole(self._names | set(own or ()), path, first, size=size)

    @property
    def size(self) -> int:
        """Return how many bytes `put` writes at most, histories aside. One segment is read to know the size of all."""
        return len(self._segments) * (self._segment_bytes or 0)

    def put(self, folder: Path) -> list[str]:
        """Write all of it into this new folder, one segment in memory, and return the segments that do not open.

        Of such a segment, and of one that is not complete, the newest part that opens is written, if there is one.
        """
        folder.mkdir(mode=0o700)
        for name, text in self._histories.items():
            (folder / name).write_bytes(text)
        of_segment: dict[str, list[str]] = {segment: [] for segment in self._segments}
        for name in sorted(self._names, reverse=True):
            of_segment[complete_name(name)].append(name)
        for segment, found in of_segment.items():
            names = sorted(found, key=is_partial)  # the whole one, then the newest part
            clear = next(filter(None, map(self._opened, names)), None)
            if clear is None:
                self._broken.add(segment)
            else:
                (folder / segment).write_bytes(clear)
        return sorted(self._broken)

    @cached_property
    def _segment_bytes(self) -> int | None:
        """Return the size of a segment, which is that of each object; None: none of them opens."""
        return next((len(clear) for name in sorted(self._names) if (clear := self._opened(name))), None)

    def _opened(self, name: str) -> bytes | None:
        """Return an object in clear; None, and it counts as missing from then on, when its writing was interrupted."""
        try:
            return self._store.get(f"wal/{name}")
        except (UnsealError, Missing):
            self._names.discard(name)
            if not is_partial(name):
                self._broken.add(name)
            return None
