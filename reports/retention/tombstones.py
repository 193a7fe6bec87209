"""Lists reports that were erased before their term, so that they are deleted again after a backup is restored.

The list has to be kept outside the database, because a backup restores its own old list. `retention --erased` prints
it, and `retention --replay` reads it.
"""

import re
from collections.abc import Iterable
from datetime import date
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


def parse_list(lines: Iterable[str]) -> dict[str, date]:
    """Parse the list that `retention --erased` printed, with « DIGEST DATE » in each line. Raises ValueError."""
    known = {}
    for line in lines:
        if not line.strip():
            continue
        found = re.fullmatch(r"([0-9a-f]{64}) (\d{4}-\d{2}-\d{2})", line.strip())
        if found is None:
            raise ValueError("not a line of `retention --erased`")
        known[found[1]] = date.fromisoformat(found[2])
    return known
