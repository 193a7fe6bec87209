"""Judges an archive that was handed over (« Ma copie », an agent's, a unit's): which files are not as its list says.

Pure, without a database. `chat.personal_copy.archive` writes these archives; `static/pnav/copy/archive.js` says the
same of one in a browser. Whether the list itself is the one that was given is told by the proof of date of the archive.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DIGESTS: Final = "empreintes.txt"  # the SHA-256 of every other file, as `sha256sum` writes it
FILES_MOST: Final = 1000
# The most bytes of all files together, once unpacked; an archive of ours has some 600 MB at most.
BYTES_MOST: Final = 2**31
LIST_MOST: Final = 1024 * 1024
PIECE: Final = 1024 * 1024
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the same as in static/pnav/lib/zip.js

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class NotAnArchive(ValueError):
    """It is no zip, it is damaged, or it has no list."""


def judge(path: Path) -> tuple[bytes, Mapping[str, str]]:
    """Return the list, and each file that is not as it says: « changed », « missing » or « added ».

    Reads a piece of PIECE bytes at a time. Raises NotAnArchive, and OSError.
    """
    try:
        with zipfile.ZipFile(path) as found:
            entries = found.infolist()
            names = [one.filename for one in entries]
            if len(names) > FILES_MOST or len(set(names)) != len(names) or DIGESTS not in names:
                raise NotAnArchive
            are_plain = all(one.compress_type in METHODS for one in entries)
            listed_size = found.getinfo(DIGESTS).file_size
            if not are_plain or listed_size > LIST_MOST or sum(one.file_size for one in entries) > BYTES_MOST:
                raise NotAnArchive
            listed = found.read(DIGESTS)
            held = {one.filename: _digest_of(found, one) for one in entries if one.filename != DIGESTS}
    except NotAnArchive:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise NotAnArchive from error
    wanted = {
        one[2]: one[1] for one in map(_LINE.fullmatch, listed.decode(errors="replace").split("\n")) if one is not None
    }
    faults = {name: "changed" if name in wanted else "added" for name, one in held.items() if wanted.get(name) != one}
    return listed, faults | dict.fromkeys(wanted.keys() - held.keys(), "missing")


def _digest_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """Return the SHA-256 of one file; "" when the file is damaged."""
    digest = hashlib.sha256()
    try:
        with archive.open(entry) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return ""
    return digest.hexdigest()
