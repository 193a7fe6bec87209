"""Lists reports that were erased before their term, so that they are deleted again after a backup is restored.

The list has to be kept outside the database, because a backup restores its own old list. `retention --erased` prints
it or puts it into a file, and `retention --replay` reads it.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from django.utils.crypto import salted_hmac

from reports.models import Erased


def digest_of(public_id: UUID | str) -> str:
    """Return the HMAC-SHA-256 of a public id with SECRET_KEY, in hexadecimal.

    Without SECRET_KEY nobody can find out from a stolen copy and this list who asked for an erasure.
    """
    return salted_hmac("pnav.reports.erased", str(public_id), algorithm="sha256").hexdigest()


def keep_digests(public_ids: Iterable[UUID], *, on: date) -> None:
    """Add these reports to the list; those that are in it already are unchanged."""
    marks = [Erased(digest=digest_of(public_id), on=on) for public_id in public_ids]
    Erased.objects.bulk_create(marks, ignore_conflicts=True)


def keep_marks(marks: Mapping[str, date]) -> None:
    """Add the marks of a list with their dates; those that are there already are unchanged."""
    Erased.objects.bulk_create([Erased(digest=digest, on=on) for digest, on in marks.items()], ignore_conflicts=True)


def read_marks() -> dict[str, date]:
    """Return all marks of the database."""
    return dict(Erased.objects.values_list("digest", "on"))


def list_text(marks: Mapping[str, date]) -> str:
    """Return the list to be kept elsewhere: « DIGEST DATE » in each line, in order, and at the end how many."""
    lines = [f"{digest} {on}" for digest, on in sorted(marks.items(), key=lambda one: (one[1], one[0]))]
    return "".join(f"{line}\n" for line in (*lines, f"fin {len(lines)}"))


def parse_list(lines: Iterable[str], *, counted: bool = True) -> dict[str, date]:
    """Parse what `list_text` wrote. Raises ValueError, also for a list that was cut.

    counted: False for a list of a version that did not count, too.
    """
    read = [line.strip() for line in lines if line.strip()]
    if read and (end := re.fullmatch(r"fin (\d+)", read[-1])):
        read.pop()
        if int(end[1]) != len(read):
            raise ValueError("not as many lines as it says")
    elif counted:
        raise ValueError("it does not say how many lines it has")
    known = {}
    for line in read:
        found = re.fullmatch(r"([0-9a-f]{64}) (\d{4}-\d{2}-\d{2})", line)
        if found is None:
            raise ValueError("not a line of `retention --erased`")
        known[found[1]] = date.fromisoformat(found[2])
    return known


def keep_list(path: Path, *, since: date) -> tuple[int, int]:
    """Write the list of the database to this file, and return how many marks it has and how many the database lacks.

    Marks of the former file that are not older than `since` stay in it, because the database may be empty or restored
    and not know them yet. The former file is there until the new one is on the disk. Raises ValueError if the former
    file is no list, and OSError.
    """
    known = read_marks()
    former = parse_list(path.read_text().splitlines(), counted=False) if path.exists() else {}
    kept = {digest: on for digest, on in former.items() if on >= since and digest not in known}
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        draft = Path(file.name)
        try:
            file.write(list_text(known | kept))
            file.flush()
            os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return len(known) + len(kept), len(kept)
