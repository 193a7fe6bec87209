"""Caches the announcements above pages in this process, so that a page makes no query for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from common.cached_reading import CachedReading
from common.texts.spoken import text_for
from pnav.pages.models import Announcement

KEEP_SECONDS = 20.0
MOST = 20  # how many are read at once: those of now and those to come
SHOWN = 2  # how many stand above one page, warnings first; more would push the page itself out of sight


@dataclass(frozen=True, slots=True)
class Shown:
    """It is one announcement. Its text is in the active language."""

    audience: str
    is_warning: bool
    starts_at: datetime
    ends_at: datetime
    texts: Mapping[tuple[str, str], str]

    def text(self) -> str:
        """Return the announcement for those who are said « vous », in the active language."""
        return text_for(self.texts)

    def text_familiar(self) -> str:
        """Return the same in « tu »."""
        return text_for(self.texts, familiar=True)


def _read() -> tuple[Shown, ...]:
    """Read the announcements that are not over, and their texts, in two queries."""
    rows = Announcement.objects.not_over(timezone.now())
    return tuple(
        Shown(row.audience, row.level == Announcement.Level.WARNING, row.starts_at, row.ends_at, row.texts)
        for row in rows.order_by("starts_at", "pk").prefetch_related("text_rows")[:MOST]
    )


_known: CachedReading[tuple[Shown, ...]] = CachedReading(_read, KEEP_SECONDS, name="announcements", otherwise=tuple)


def current(*audiences: str) -> list[Shown]:
    """Return the present announcements for these: at most SHOWN, warnings first, then the newest.

    audiences: values of `Announcement.Audience`.
    """
    now = timezone.now()
    running = [one for one in _known.get() if one.audience in audiences and one.starts_at <= now < one.ends_at]
    newest_first = running[::-1]
    return sorted(newest_first, key=lambda one: not one.is_warning)[:SHOWN]


def forget() -> None:
    """Read the announcements again at the next page, after a change in this process."""
    _known.forget()


def keep_announcements(announcements: tuple[Shown, ...]) -> None:
    """Use these as the announcements that were just read. For tests."""
    _known.put(announcements)
