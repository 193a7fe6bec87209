"""Copies the wrapped keys to files: whoever loses the keys loses every exchange, so two more places keep them.

A copy is a text file. Its first line names the format, then comes one line a key, `ID WRAPPED DAY`, and the last line
says how many there were and the SHA-256 of all before it: a copy that was cut or altered is seen before a line of it is
used. What it holds opens nothing without CONTENT_KEYS.

A key that was erased stays in older copies until these go, by age (DATA_KEYS_BACKUP_DAYS): they are part of what people
are told (`reports.rules.retention.copies_end`).
"""

import base64
import binascii
import contextlib
import hashlib
import logging
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from common.data_keys.models import WrappedKey

logger = logging.getLogger(__name__)

FORMAT = "pnav-data-keys 1"
NEWEST_KEPT = 48  # two days of copies by the hour; older ones go before their age, for each is as long as the table
CHUNK = 2_000  # rows in memory at once
STALE_SECONDS = 86_400  # nobody writes a copy for a day
_NAME = re.compile(r"cles-(\d{8}T\d{6}Z)\.txt")
_TIME = "%Y%m%dT%H%M%SZ"
_LAST = re.compile(r"end (\d+) ([0-9a-f]{64})")


class BrokenCopy(ValueError):
    """The file is no whole copy. Its text names no key."""


@dataclass(frozen=True, slots=True)
class Copied:
    """One key of a copy, as it was wrapped."""

    key: UUID
    wrapped: bytes
    made_on: date

    @property
    def row(self) -> WrappedKey:
        """The wrapped key as a row, which is not saved."""
        return WrappedKey(id=self.key, wrapped=self.wrapped, made_on=self.made_on)


def write(folder: Path, now: datetime) -> Path:
    """Write a copy of all wrapped keys into this folder; its path.

    It has its name only once it is whole and on the disk. Raises OSError and the errors of django.db; nothing is left
    then. One statement, whose rows are read CHUNK at a time: about 170 bytes a key.
    """
    path = folder / f"cles-{now.astimezone(UTC):{_TIME}}.txt"
    partial = folder / f"{path.stem}-{secrets.token_hex(4)}.part"  # two workers may write in the same second
    digest, count = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:

            def add(line: str) -> None:
                raw = f"{line}\n".encode("ascii")
                digest.update(raw)
                file.write(raw)

            add(FORMAT)
            rows = WrappedKey.objects.order_by("pk").values_list("id", "wrapped", "made_on")
            for key, wrapped, made_on in rows.iterator(CHUNK):
                add(f"{key} {base64.b64encode(bytes(wrapped)).decode()} {made_on}")
                count += 1
            file.write(f"end {count} {digest.hexdigest()}\n".encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    return path


def prune(folder: Path, now: datetime, days: int) -> int:
    """Delete the copies older than so many days, and those beyond NEWEST_KEPT; how many. The newest one always stays:
    an old copy is better than none. Raises OSError."""
    found = list_copies(folder)
    old = [
        path
        for place, (at, path) in enumerate(found)
        if place and (place >= NEWEST_KEPT or now - at > timedelta(days=days))
    ]
    for path in old:
        path.unlink(missing_ok=True)
    for path in folder.glob("cles-*.part"):  # of a process that was killed
        if now.timestamp() - path.stat().st_mtime > STALE_SECONDS:
            path.unlink(missing_ok=True)
    return len(old)


def list_copies(folder: Path) -> list[tuple[datetime, Path]]:
    """The copies of this folder with their times, the newest first. Raises OSError."""
    found = []
    for path in folder.iterdir():
        if name := _NAME.fullmatch(path.name):
            found.append((datetime.strptime(name[1], _TIME).replace(tzinfo=UTC), path))
    return sorted(found, reverse=True)


def verify(path: Path) -> int:
    """How many keys this copy holds. Raises BrokenCopy when it is not whole, OSError when it cannot be read."""
    digest, count, last = hashlib.sha256(), -1, ""
    with path.open("rb") as file:
        for number, raw in enumerate(file):
            if last:
                raise BrokenCopy("something stands after its last line")
            line = _text(raw)
            if number == 0 and line != FORMAT:
                raise BrokenCopy("it is not a copy of the keys, or one of a later version")
            if line.startswith("end "):
                last = line
                continue
            digest.update(raw)
            count += 1
    told = _LAST.fullmatch(last)
    if told is None or int(told[1]) != count or told[2] != digest.hexdigest():
        raise BrokenCopy("it was cut or altered")
    return count


def read(path: Path) -> Iterator[Copied]:
    """The keys of a copy that `verify` found whole. Raises BrokenCopy, OSError."""
    with path.open("rb") as file:
        for number, raw in enumerate(file):
            line = _text(raw)
            if number == 0 or line.startswith("end "):
                continue
            try:
                key, wrapped, day = line.split(" ")
                yield Copied(UUID(key), base64.b64decode(wrapped, validate=True), date.fromisoformat(day))
            except (ValueError, binascii.Error):
                raise BrokenCopy(f"line {number + 1} is none of a copy") from None


def _text(raw: bytes) -> str:
    try:
        return raw.decode("ascii").rstrip("\n")
    except UnicodeDecodeError:
        raise BrokenCopy("it is not text") from None


def copy_to_folders(folders: list[str], now: datetime, days: int) -> list[str]:
    """A copy into each of these folders, and what is old out of it; the places (from 1) of those that failed.

    A folder that is away keeps no other from its copy. What failed is logged by its place and the class of the error.
    """
    failed = []
    for place, name in enumerate(folders, 1):
        folder = Path(name)
        try:
            write(folder, now)
        except OSError as error:
            logger.error("data_keys: copy not written place=%d error=%s", place, type(error).__name__)
            failed.append(str(place))
        try:
            prune(folder, now, days)
        except OSError as error:
            logger.error("data_keys: old copies not deleted place=%d error=%s", place, type(error).__name__)
    return failed
