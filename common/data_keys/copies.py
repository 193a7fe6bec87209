"""Copies the wrapped data keys to files in other folders, because no exchange can be read without its key.

A copy is a text file. Its first line names the format. Then comes one line for each key, `ID WRAPPED DAY`. The last
line has their number and the SHA-256 of everything before it, so that a copy that was cut or altered is detected before
any of it is used. Without CONTENT_KEYS nothing can be decrypted with a copy.

An erased key stays in older copies until these are deleted by age (DATA_KEYS_BACKUP_DAYS). People are told so
(`reports.rules.retention.copies_end`).
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

DUTY = "data_keys_copies"  # its name among the duties of the worker
FORMAT = "pnav-data-keys 1"
# How many copies are kept: two days of hourly ones. Older ones are deleted even before their age, because each is as
# long as the table.
NEWEST_KEPT = 48
CHUNK = 2_000  # how many rows are in memory at once
STALE_SECONDS = 86_400  # a temporary file of this age belongs to no running process, because no copy takes a day
_NAME = re.compile(r"cles-(\d{8}T\d{6}Z)\.txt")
_TIME = "%Y%m%dT%H%M%SZ"
_LAST = re.compile(r"end (\d+) ([0-9a-f]{64})")


class BrokenCopy(ValueError):
    """The file is no complete copy. The message names no key."""


@dataclass(frozen=True, slots=True)
class Copied:
    """It is one key of a copy, wrapped."""

    key: UUID
    wrapped: bytes
    made_on: date

    @property
    def row(self) -> WrappedKey:
        """Return the wrapped key as a row that is not saved."""
        return WrappedKey(id=self.key, wrapped=self.wrapped, made_on=self.made_on)


def write(folder: Path, now: datetime) -> Path:
    """Write a copy of all wrapped keys into this folder, and return its path.

    The file gets its name only when it is complete and on the disk. Raises OSError and the errors of django.db; then
    nothing is left. One statement, whose rows are read CHUNK at a time; about 170 bytes a key.
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
    """Delete the copies older than so many days, and those beyond NEWEST_KEPT; return how many were deleted.

    The newest copy is always kept, because an old copy is better than none. Raises OSError.
    """
    found = list_copies(folder)
    old = [
        path
        for place, (at, path) in enumerate(found)
        if place and (place >= NEWEST_KEPT or now - at > timedelta(days=days))
    ]
    for path in old:
        path.unlink(missing_ok=True)
    for path in folder.glob("cles-*.part"):  # these files are left by a process that was killed
        if now.timestamp() - path.stat().st_mtime > STALE_SECONDS:
            path.unlink(missing_ok=True)
    return len(old)


def list_copies(folder: Path) -> list[tuple[datetime, Path]]:
    """Return the copies in this folder with their times, the newest first. Raises OSError."""
    found = []
    for path in folder.iterdir():
        if name := _NAME.fullmatch(path.name):
            found.append((datetime.strptime(name[1], _TIME).replace(tzinfo=UTC), path))
    return sorted(found, reverse=True)


def verify(path: Path) -> int:
    """Return how many keys this copy has. Raises BrokenCopy when it is not complete, OSError when it is unreadable."""
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
    """Yield the keys of a copy that `verify` has found complete. Raises BrokenCopy, OSError."""
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
    """Write a copy into each of these folders, and delete old ones there.

    Returns the positions (from 1, as text) of the folders that failed; their failure does not prevent the others. A
    failure is logged with the position and the class of the error.
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
            failed.append(str(place))
    return list(dict.fromkeys(failed))
