"""What the information page shows."""

from datetime import date
from typing import Any

from pnav.pages.models import ContentBlock, HelpNumber, Verified


def information(changed: Verified | None = None) -> dict[str, Any]:
    """What the information page shows: the sections and the numbers, in two queries (four in another
    language than the source's).

    changed: a section or a number that is shown in place of the one that is kept, or beside the others.
    """
    blocks, numbers = list(ContentBlock.to_be_read()), list(HelpNumber.to_be_read())
    if isinstance(changed, ContentBlock):
        blocks = sorted([*_others(blocks, changed), changed], key=lambda block: (block.order, block.slug))
    if isinstance(changed, HelpNumber):
        numbers = sorted([*_others(numbers, changed), changed], key=lambda number: (number.order, number.number))
    verified: list[date] = [block.verified_on for block in blocks if block.verified_on]
    return {"blocks": blocks, "numbers": numbers, "updated_on": max(verified, default=None)}


def information_with(changed: Verified) -> dict[str, Any]:
    anchor = changed.slug if isinstance(changed, ContentBlock) else "numeros"
    return {**information(changed), "anchor": anchor}


def _others[Row: Verified](rows: list[Row], changed: Verified) -> list[Row]:
    return [row for row in rows if row.pk != changed.pk]
