"""This module says whether the chat is closed to people who come now, and what visitors read about it.

Closures are cached for KEEP_SECONDS, so that pages need no query. While the database is away the last known closures
count, and without any the chat counts as open, so that no failure of ours sends people away.
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
from triage import numbers
from triage.numbers import Number

KEEP_SECONDS = 10.0
MEANWHILE = (numbers.SUICIDE_PREVENTION, numbers.DIGITAL_VIOLENCE, numbers.CHILD_IN_DANGER)  # who answers calls instead
MOST = 20  # how many present and future closures are read, which is more than anybody plans


def say_end(ends_at: datetime) -> str:
    """Return the end of a closure as it is read (« 28 novembre, 08:00 »), in the active language and our time zone."""
    return dates.format_date(timezone.localtime(ends_at), "j F, H:i")


@dataclass(frozen=True)
class Closure:
    """It is one closure of the chat, as pages say it in the active language."""

    key: int
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def end(self) -> str:
        """Return the end in words; "" when it has none."""
        return say_end(self.ends_at) if self.ends_at is not None else ""

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Return who answers calls meanwhile. Pages show the hours of each."""
        return MEANWHILE

    def text(self) -> str:
        """Return the text that says *vous*, in the active language."""
        return text_for(self.texts)

    def text_familiar(self) -> str:
        """Return the text that says *tu*."""
        return text_for(self.texts, familiar=True)


def _read() -> tuple[Closure, ...]:
    """Read the closures that are not over, and their texts. Two queries."""
    rows: QuerySet[ChatClosure] = ChatClosure.objects.not_over(timezone.now())
    rows = rows.order_by("starts_at", "pk").prefetch_related("text_rows")[:MOST]
    return tuple(Closure(row.pk, row.reason, row.starts_at, row.ends_at, row.texts) for row in rows)


_known: CachedReading[tuple[Closure, ...]] = CachedReading(_read, KEEP_SECONDS, name="closures", otherwise=tuple)


def current(now: datetime | None = None, *, is_read_now: bool = False) -> Closure | None:
    """Return the present closure; None while the chat is open.

    Of several it is the one that ends last; one without an end counts as the last. is_read_now: read it from the
    database, because this process may not know yet of what another one changed. Nobody else waits for that.
    """
    at = now or timezone.now()
    known = _known.read_now() if is_read_now else _known.get()
    running = [one for one in known if one.starts_at <= at and (one.ends_at is None or one.ends_at > at)]
    return max(running, key=lambda one: (one.ends_at is None, one.ends_at or at), default=None)


def is_closed(*, is_read_now: bool = False) -> bool:
    """Return whether the queue accepts nobody new. is_read_now: as in `current`."""
    return current(is_read_now=is_read_now) is not None


def forget() -> None:
    """Read again at the next use, after a change in this process."""
    _known.forget()


def keep_closures(closures: tuple[Closure, ...]) -> None:
    """Replace the cached closures, for tests."""
    _known.put(closures)
