"""Remembers what was erased before its term, so that a restored backup forgets it again.

The list is worth something outside the database only, for a backup brings its own back: `retention --erased` prints it,
`retention --replay` reads it.
"""

import re
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.utils.crypto import salted_hmac

from reports.models import Erased


def digest_of(public_id: UUID | str) -> str:
    """HMAC-SHA-256 with SECRET_KEY, in hexadecimal: without it, a stolen copy and this list do not tell who asked."""
    return salted_hmac("pnav.reports.erased", str(public_id), algorithm="sha256").hexdigest()


def keep_digests(public_ids: Iterable[UUID], *, on: date) -> None:
    """Keep that these went. Known ones stay as they are."""
    marks = [Erased(digest=digest_of(public_id), on=on) for public_id in public_ids]
    Erased.objects.bulk_create(marks, ignore_conflicts=True)


def parse_list(lines: Iterable[str]) -> dict[str, date]:
    """Return the list as `retention --erased` printed it: « DIGEST DATE » a line. Raises ValueError for anything
    else."""
    known = {}
    for line in lines:
        if not line.strip():
            continue
        found = re.fullmatch(r"([0-9a-f]{64}) (\d{4}-\d{2}-\d{2})", line.strip())
        if found is None:
            raise ValueError("not a line of `retention --erased`")
        known[found[1]] = date.fromisoformat(found[2])
    return known
