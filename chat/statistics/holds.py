"""This module counts everybody's promises to be back (« Je reviens dans 5 minutes ») that run, were kept, or are late.

An agent is back with their first message after the promise, or when they lift it; after the promise of a macro that put
a reply beside it, with the next message after that reply, or with the first that comes too late to be it
(`Hold.spares_reply`). A promise that was replaced in time does not count; the other one does. One whose exchange was
closed or handed over in time, or whose person had left, does not count either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Exists, F, OuterRef, Subquery, When
from django.db.models.functions import Least

from chat.casework import holds
from chat.models import ConversationEvent, EventKind, Hold, Message
from chat.models.notes import spared_until
from chat.rules.lifecycle import Author

HOURS = 24
LEFT = (
    EventKind.ASSIGNED, EventKind.RELEASED, EventKind.PARKED, EventKind.ABANDONED, EventKind.CLOSED,
    EventKind.TRANSFERRED, EventKind.ASLEEP,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """It is one promise.

    back_at: when the agent was back; None if never. replaced: whether another one replaced it, at `back_at`. left:
    whether the person left before `until`.
    """

    until: datetime
    back_at: datetime | None
    replaced: bool
    left: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """These are the figures. running, over: how many run now, and how many of them are overdue. kept, late: those of
    the last HOURS.
    """

    running: int
    over: int
    kept: int
    late: int


def count(made: Iterable[Made], now: datetime) -> tuple[int, int]:
    """Return how many were kept, and how many are late; others do not count, or not yet."""
    kept = late = 0
    for one in made:
        if one.back_at is not None and one.back_at <= one.until:
            kept += not one.replaced
        elif one.until <= now and not one.left:
            late += 1
    return kept, late


def figures(now: datetime) -> Figures:
    """Count the promises with two queries."""
    running = list(holds.running_holds().values_list("until", flat=True))
    words = Message.objects.filter(
        conversation=OuterRef("conversation"), author=Author.AGENT, agent=OuterRef("agent"), seq__gt=OuterRef("seq")
    ).order_by("seq")
    others = Hold.objects.filter(conversation=OuterRef("conversation"), held_at=OuterRef("back_at"))
    left = ConversationEvent.objects.filter(
        conversation=OuterRef("conversation"), kind__in=LEFT, at__gt=OuterRef("held_at"), at__lte=OuterRef("until")
    )
    # Least leaves out what is empty.
    spared = Least(
        Subquery(words.filter(sent_at__gt=spared_until()).values("sent_at")[:1]),
        Subquery(words.values("sent_at")[1:2]),
    )
    written_at = Case(When(spares_reply=True, then=spared), default=Subquery(words.values("sent_at")[:1]))
    rows = (
        Hold.objects.filter(held_at__gt=now - timedelta(hours=HOURS))
        .annotate(back_at=Least(F("ended_at"), written_at))
        .annotate(replaced=Exists(others), left=Exists(left))
        .values_list("until", "back_at", "replaced", "left")
    )
    kept, late = count((Made(*row) for row in rows), now)
    return Figures(running=len(running), over=sum(until <= now for until in running), kept=kept, late=late)
