"""This module keeps the announcements above a page, as this process last read them: a page that asks costs no query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from common.cached_reading import CachedReading
from common.texts.spoken import text_for
from pnav.pages.models import Announcement

KEEP_SECONDS = 20.0
MOST = 20  # read at once: those of now and to come
SHOWN = 2  # above one page, the warnings first: more would push the page itself out of sight


@dataclass(frozen=True, slots=True)
class Shown:
    """It is one announcement; its text is in the active language."""

    audience: str
    is_warning: bool
    starts_at: datetime
    ends_at: datetime
    texts: Mapping[tuple[str, str], str]

    def text(self) -> str:
        """Return what is announced to those who are said « vous », in the language that is read now."""
        return text_for(self.texts)

    def text_familiar(self) -> str:
        """Return the same in « tu »."""
        return text_for(self.texts, familiar=True)


def _read() -> tuple[Shown, ...]:
    """Two queries: what is not over, and its texts."""
    rows = Announcement.objects.not_over(timezone.now())
    return tuple(
        Shown(row.audience, row.level == Announcement.Level.WARNING, row.starts_at, row.ends_at, row.texts)
        for row in rows.order_by("starts_at", "pk").prefetch_related("text_rows")[:MOST]
    )


_known: CachedReading[tuple[Shown, ...]] = CachedReading(_read, KEEP_SECONDS, name="announcements", otherwise=tuple)


def current(*, is_staff: bool) -> list[Shown]:
    """Return those of now for a page of the staff, or of visitors: SHOWN at most, warnings first, then the newest."""
    now = timezone.now()
    kinds = Announcement.Audience
    audiences = {kinds.BOTH, kinds.STAFF if is_staff else kinds.VISITORS}
    running = [one for one in _known.get() if one.audience in audiences and one.starts_at <= now < one.ends_at]
    newest_first = running[::-1]
    return sorted(newest_first, key=lambda one: not one.is_warning)[:SHOWN]


def forget() -> None:
    """Read again at the next page: after a change in this process."""
    _known.forget()


def keep_announcements(announcements: tuple[Shown, ...]) -> None:
    """Take these for what was just read: for tests."""
    _known.put(announcements)
