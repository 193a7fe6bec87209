"""This module writes an archive that can be verified: a zip of files with their digests in the format of `sha256sum`.
Pure.

Files that are made are kept in a spool (`keep_file`) until the archive is given, so that no archive is whole in memory.

`empreintes.txt` has the SHA-256 of every other file, so that `sha256sum -c empreintes.txt` verifies an unpacked copy.
Its own digest is the comment of the zip. `static/pnav/copy/archive.js` reads the same in a browser; a test compares
both.
"""

import hashlib
import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from common.offload import long_results
from common.offload.long_results import LongResult
from common.sealed_files.spool import Part, Spool
from reports.rules.copies import DIGESTS

STATIC: Final = Path(__file__).resolve().parents[2] / "static" / "pnav"
COMMENT: Final = f"SHA-256 {DIGESTS} "
# Files without captures. An exchange with its PDFs takes some 3 MiB (`chat.rules.message_limits`). The longest one, in
# letters of four bytes and with the proofs of all its parts, takes 30 (tests/chat/personal_copy/test_memory.py).
BYTES_AT_MOST: Final = 48 * 1024 * 1024
# An archive that is closed by words is one page up to this length, which a browser has in memory to open it.
PAGE_BYTES_AT_MOST: Final = 24 * 1024 * 1024
# The captures of an exchange: `definitions.CAPTURES_SIZE` is 500 MB at most.
LONG_BYTES_AT_MOST: Final = 600 * 1024 * 1024
FILES_AT_MOST: Final = 320  # 50 captures, and 20 drawings of each of 10 documents (`definitions`)
NAME: Final = re.compile(r"[a-z0-9]+(?:[-./][a-z0-9]+)*")


class TooLarge(Exception):
    """The archive would exceed a limit of this module."""


@dataclass(frozen=True, slots=True)
class File:
    """It is one file of an archive.

    name: small letters, digits, hyphens, dots and slashes, which are the same on every system. It tells nothing about
    the content.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Return the number of its bytes."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """Return the digest of its bytes, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pieces(self) -> Iterator[bytes]:
        """Return its bytes as one piece."""
        return iter((self.content,))


@dataclass(frozen=True, slots=True)
class KeptFile:
    """It is a file in a spool, which may be read again and again."""

    name: str
    sha256: str
    part: Part = field(repr=False)

    @property
    def size(self) -> int:
        """Return the number of its bytes."""
        return self.part.size

    @property
    def pieces(self) -> Iterator[bytes]:
        """Return its bytes in pieces, from the first one on."""
        return self.part.pieces()


@dataclass(frozen=True, slots=True)
class LongFile:
    """It is a file that is never whole in memory. size, sha256: known before its first piece. pieces: read once."""

    name: str
    size: int
    sha256: str
    pieces: Iterator[bytes] = field(repr=False)


type AnyFile = File | KeptFile | LongFile


@dataclass(frozen=True, slots=True)
class Made:
    """It is an archive to be given. name: a neutral one. pieces: read once, without the database.

    list_digest: that of the list of its files (`digest_of_list`), for the register.
    """

    name: str
    length: int
    pieces: Iterator[bytes] = field(repr=False)
    list_digest: str


def name_of(day: datetime, ending: str) -> str:
    """Return the neutral name under which a copy is saved: « documents-2026-11-28.zip ». day: in local time."""
    return f"documents-{day:%Y-%m-%d}.{ending}"


def digests_of(files: Sequence[AnyFile]) -> bytes:
    """Return a line for each file in the format of `sha256sum`."""
    return "".join(f"{one.sha256}  {one.name}\n" for one in files).encode()


def digest_of_list(files: Sequence[AnyFile]) -> str:
    """Return the SHA-256 of that list, in hexadecimal, which covers every byte of every file of the archive."""
    return hashlib.sha256(digests_of(files)).hexdigest()


def stream(files: Sequence[AnyFile], at: datetime, *, is_listed: bool = True) -> tuple[int, Iterator[bytes]]:
    """Return the length of the zip of these files, and its pieces.

    Of long files and kept ones, one piece at a time is in memory. at: the time that each file gets, in local time.
    is_listed: whether the digests of the files are included; otherwise the digest of a long file need not be known.

    If a long file does not have its stated size, ValueError is raised in the middle, so that the receiver notices that
    the zip is incomplete. Before the first piece, TooLarge is raised beyond BYTES_AT_MOST, LONG_BYTES_AT_MOST or
    FILES_AT_MOST, and ValueError for a name that is not allowed or occurs twice.
    """
    names = [one.name for one in files]
    if len(set(names)) != len(names) or not all(NAME.fullmatch(name) for name in names):
        raise ValueError("a file of the archive has no plain name of its own")
    long = sum(one.size for one in files if isinstance(one, LongFile))
    short = sum(one.size for one in files if not isinstance(one, LongFile))
    if len(files) > FILES_AT_MOST or short > BYTES_AT_MOST or long > LONG_BYTES_AT_MOST:
        raise TooLarge
    # It is written once without the long files, to know its length, because sizes have fields of a fixed width.
    listed = [File(DIGESTS, digests_of(files))] if is_listed else []
    return long + sum(map(len, _write(files, listed, at, is_measured=True))), _write(files, listed, at)


def keep_file(spool: Spool, name: str, pieces: Iterable[bytes]) -> KeptFile:
    """Write a file into a spool. Raises pool.Failed when the disk is full, or the spool too long."""
    digest = hashlib.sha256()

    def read() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    part = long_results.keep_pieces(spool, read())
    return KeptFile(name, digest.hexdigest(), part)


def join(files: Sequence[KeptFile], about: Any = None) -> LongResult:
    """Return these files as one value, to be kept until they are given (`common.offload.background_jobs`).

    about: a JSON value that goes with them.
    """
    named = {"about": about, "files": [[one.name, one.sha256] for one in files]}
    return LongResult(named, tuple(one.part for one in files))


def split(joined: LongResult | bytes) -> tuple[list[KeptFile], Any]:
    """Return what `join` was given. Raises pool.Failed as `keep_file` does."""
    if isinstance(joined, bytes):  # from a process of a version before, which kept it in Redis during an update
        end = joined.index(b"\n")
        head = orjson.loads(joined[:end])
        spool, content, kept = Spool(), io.BytesIO(joined[end + 1 :]), []
        for name, size in head["files"]:
            kept.append(keep_file(spool, name, (content.read(size),)))
        joined = join(kept, head["about"])
    named = zip(joined.about["files"], joined.parts, strict=True)
    return [KeptFile(name, sha256, part) for (name, sha256), part in named], joined.about["about"]


class _Sink(io.RawIOBase):
    """Collects what was written since it was last taken. It is not seekable, so sizes come after each file."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last call, and forget it."""
        taken, self._written = bytes(self._written), bytearray()
        return taken


def _write(
    files: Sequence[AnyFile], listed: Sequence[File], at: datetime, *, is_measured: bool = False
) -> Iterator[bytes]:
    """Yield the pieces of the zip. listed: the file with the digests of the others, or nothing."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for digests in listed:
            archive.comment = COMMENT.encode() + hashlib.sha256(digests.content).hexdigest().encode()
        for one in (*files, *listed):
            entry = zipfile.ZipInfo(one.name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            # PDF files and images are already compressed.
            is_text = not isinstance(one, LongFile) and not one.name.endswith(".pdf")
            entry.compress_type = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
            entry.external_attr = 0o600 << 16  # only whoever unpacks the file may read it
            size = 0
            with archive.open(entry, "w") as written:
                for piece in () if is_measured and isinstance(one, LongFile) else one.pieces:
                    size += len(piece)
                    written.write(piece)
                    yield sink.take()
            if size != one.size and not (is_measured and isinstance(one, LongFile)):
                raise ValueError("a long file has another size than it said")
    yield sink.take()


# --- one page ---------------------------------------------------------------------------------------------------------

_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=(?:const|(?:async )?function) (\w+))", re.MULTILINE)


def bundle(*modules: str) -> str:
    """Return these modules of `static/pnav` as one script, for a page without a server; each after its imports.

    Names that a module does not export stay private. The modules import names unchanged and export them where they are
    defined (`tests/chat/personal_copy/test_pages.py`).
    """
    joined = "\n".join(_alone((STATIC / module).read_text(encoding="utf-8")) for module in modules)
    if "</script" in joined.lower() or "<!--" in joined:
        raise ValueError("a script would end its element")
    return f"\n{joined}\n"


def _alone(text: str) -> str:
    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    return f"const {{ {exported} }} = (() => {{\n{body}return {{ {exported} }};\n}})();"


def policy_of(script: str, style: str) -> str:
    """Return the content security policy of such a page: only this script and this style, and no requests."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_source(script)}'",
            f"style-src '{_source(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _source(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
