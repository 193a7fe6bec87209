"""Caches the announcements above pages in this process, so that a page makes no query for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from common.cached_reading import CachedReading
from common.texts.spoken import text_for
from pnav.pages.models import Announcement

KEEP_SECONDS = 20.0
MOST = 20  # how many are read at once of each audience: warnings first, then those that begin last
# Those to come are read when they begin this soon, so that announcements of other months take no place of those of now.
# If the database is away for longer, one that should begin meanwhile begins when it is back.
SOON = timedelta(minutes=5)
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
    """Read the announcements of now, the newest last, and their texts, in two queries.

    Each audience has MOST, so that no number of announcements to the staff hides one to visitors.
    """
    now = timezone.now()
    is_warning_first = Case(When(level=Announcement.Level.WARNING, then=Value(0)), default=Value(1))
    place = Window(
        RowNumber(), partition_by="audience", order_by=[is_warning_first, F("starts_at").desc(), F("pk").desc()]
    )
    rows = Announcement.objects.not_over(now).filter(starts_at__lte=now + SOON).annotate(place=place)
    return tuple(
        Shown(row.audience, row.level == Announcement.Level.WARNING, row.starts_at, row.ends_at, row.texts)
        for row in rows.filter(place__lte=MOST).order_by("starts_at", "pk").prefetch_related("text_rows")
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
