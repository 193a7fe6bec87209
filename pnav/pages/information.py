"""Reads what the pages of information show: the home page, and the longer pages that it leads to."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pnav.pages.models import ContentBlock, HelpNumber, Verified

Page = ContentBlock.Page
# Pages that always say *tu*.
IN_TU = {Page.MINORS, Page.MINORS_SIMPLE}
# Pages that say *vous* or *tu*, depending on who reads them. The page of professionals says *vous* to everybody.
IN_BOTH = {Page.HOME, Page.LAW, Page.REMOVAL, Page.NUMBERS}
# The answer of the home page with which a page leads into the chat, because its readers are known.
DOORS = {Page.MINORS: "minor", Page.MINORS_SIMPLE: "minor", Page.PROFESSIONALS: "helper"}


def read_information(changed: Verified | None = None, *, familiar: bool = False) -> dict[str, Any]:
    """Read what the home page shows: its sections and the numbers.

    It makes two queries, and four in *tu* or in another language than the source's. changed: a section or a number that
    replaces the stored one, or is added.
    """
    blocks = _sections(Page.HOME, changed, familiar)
    # The numbers have their names alone here: their dates are those of their own page. The home page always has a date:
    # that of the section that was verified first, whatever was never verified beside it.
    updated_on = _updated_on([block for block in blocks if block.verified_on is not None])
    return {"blocks": blocks, "numbers": _numbers(changed, familiar), "updated_on": updated_on}


def content_template(page: str) -> str:
    """Return the template of a page of information. Only a `ContentBlock.Page` can become part of a path."""
    return f"pages/{Page(page).value}.html"


def content_context(page: str, changed: Verified | None = None, *, familiar: bool = False) -> dict[str, Any]:
    """Read what a page of information shows: its sections and, on the page of numbers, the numbers.

    It makes one query, two on the page of numbers, and twice as many in *tu* or in another language than the source's.
    page: any `ContentBlock.Page` but the home page. changed: as in `read_information`.
    """
    speaks_tu = familiar and page in IN_BOTH
    blocks = _sections(page, changed, speaks_tu)
    numbers = _numbers(changed, speaks_tu) if page == Page.NUMBERS else []
    updated_on = _updated_on([*blocks, *numbers])
    context: dict[str, Any] = {"blocks": blocks, "updated_on": updated_on, "door": DOORS.get(Page(page), "")}
    if page == Page.NUMBERS:
        context["numbers"] = numbers
    if page in IN_TU:
        context["familiar"] = True
    return context


def preview(changed: Verified) -> tuple[str, dict[str, Any]]:
    """Return the template and context of the page that shows a section or a number, with the changed one in it.

    `anchor` in the context: its place on the page.
    """
    page = changed.page if isinstance(changed, ContentBlock) else Page.NUMBERS
    anchor = changed.slug if isinstance(changed, ContentBlock) else "numeros"
    if page == Page.HOME:
        return "pages/home.html", {"information": read_information(changed), "anchor": anchor, "is_preview": True}
    return content_template(page), {**content_context(page, changed), "anchor": anchor}


def _sections(page: str, changed: Verified | None, familiar: bool) -> list[ContentBlock]:
    blocks = list(ContentBlock.to_be_read(familiar=familiar).filter(page=page))
    if isinstance(changed, ContentBlock) and changed.page == page:
        blocks = sorted([*_others(blocks, changed), changed], key=lambda block: (block.order, block.slug))
    return [block.in_voice(familiar) for block in blocks]


def _numbers(changed: Verified | None, familiar: bool) -> list[HelpNumber]:
    numbers = list(HelpNumber.to_be_read(familiar=familiar))
    if isinstance(changed, HelpNumber):
        numbers = sorted([*_others(numbers, changed), changed], key=lambda number: (number.order, number.number))
    return [number.in_voice(familiar) for number in numbers]


def _updated_on(facts: Sequence[Verified]) -> date | None:
    """Return since when all of these are as somebody last verified them; None while one of them was never verified."""
    days = [fact.verified_on for fact in facts if fact.verified_on is not None]
    return min(days) if days and len(days) == len(facts) else None


def _others[Row: Verified](rows: list[Row], changed: Verified) -> list[Row]:
    return [row for row in rows if row.pk != changed.pk]
