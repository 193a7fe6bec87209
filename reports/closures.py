"""Says whether the chat is closed to whoever comes anew, and what visitors read of it.

A process knows it for KEEP_SECONDS at most: a page that asks costs no query. While the database is away, the chat
counts as it was known last, and as open where nothing was ever read: nobody is sent away by a fault of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from common import dates
from common.cached_reading import CachedReading
from common.texts.spoken import text_for
from reports.models import ChatClosure

KEEP_SECONDS = 10.0
MOST = 20  # closures read at once: those of now and to come. Ours to choose; more than anybody plans


def say_end(ends_at: datetime) -> str:
    """« 28 novembre, 08:00 », in the active language and the zone of the service."""
    return dates.format_date(timezone.localtime(ends_at), "j F, H:i")


@dataclass(frozen=True)
class Closure:
    """One closing as pages say it, in the active language."""

    key: int
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def end(self) -> str:
        """Return the end as it is read; empty where it is open."""
        return say_end(self.ends_at) if self.ends_at is not None else ""

    def text(self) -> str:
        """What is told to those who are said « vous », in the language that is read now."""
        return text_for(self.texts)

    def text_familiar(self) -> str:
        """The same in « tu »."""
        return text_for(self.texts, familiar=True)


def _read() -> tuple[Closure, ...]:
    """Two queries: the closures that are not over, and their texts."""
    rows: QuerySet[ChatClosure] = ChatClosure.objects.not_over(timezone.now())
    rows = rows.order_by("starts_at", "pk").prefetch_related("text_rows")[:MOST]
    return tuple(Closure(row.pk, row.reason, row.starts_at, row.ends_at, row.texts) for row in rows)


_known: CachedReading[tuple[Closure, ...]] = CachedReading(_read, KEEP_SECONDS, name="closures", otherwise=tuple)


def current(now: datetime | None = None) -> Closure | None:
    """Return the closing of now: of several the one that lasts longest, an open end longest of all. None while it is
    open."""
    at = now or timezone.now()
    running = [one for one in _known.get() if one.starts_at <= at and (one.ends_at is None or one.ends_at > at)]
    return max(running, key=lambda one: (one.ends_at is None, one.ends_at or at), default=None)


def is_closed() -> bool:
    """Return whether nobody new comes into the queue."""
    return current() is not None


def forget() -> None:
    """Read again at the next question: after a change in this process."""
    _known.forget()


def keep_closures(closures: tuple[Closure, ...]) -> None:
    """Take these for what was just read: for tests."""
    _known.put(closures)
