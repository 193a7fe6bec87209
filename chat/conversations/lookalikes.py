"""Groups arrivals that look alike. The worker finds and marks them; an agent asks them for a word, and closes them.

A member keeps their place in the queue, but all members together get only the share of agents that a crowded network
gets (`is_crowded`, docs/adr/0053), so that nobody else waits because of them. A member who says that they are in danger
keeps their ordinary turn. Whoever ticks an answer or writes a word leaves the group, and has their ordinary place from
the next tick. Nobody is closed without having been asked, nor after an answer: a word, a fact, a capture, or whatever
they ticked. Nor is anybody who says that they are in danger, who has a resume code, or who did not have the page before
them to read the question. See docs/adr/0074.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q

from chat import pubsub
from chat.conversations import resume
from chat.conversations.wording import place_of
from chat.messages.writing import say_line
from chat.models import (
    Agent,
    ArrivalGroup,
    Capture,
    Conversation,
    ConversationEvent,
    ConversationQuerySet,
    EventKind,
    JournalFact,
)
from chat.models.conversation import is_here
from chat.rules.lifecycle import Author, Outcome, Status
from chat.rules.lookalikes import ANSWER_TIME, JOINS_FOR, Arrival, find_alike
from chat.texts import thread as thread_texts
from common import clock
from reports.audit import log as audit_log
from reports.form_of_address import speaks_tu
from reports.models import AccessKind, Fact, Platform
from triage.rules import Urgency

LOOKED_AT = 2_000  # how many arrivals, the latest ones, one tick looks at
LET_GO_AT_ONCE = 200  # the most people who leave their group in one tick
AT_ONCE = 25  # the most people whom one act asks or closes in a transaction; each takes some three statements
KEPT = timedelta(days=1)  # how long a group is kept after its last arrival
SHOWN = 20  # the most groups on one page


class TooSoon(Exception):
    """No member of this group may be closed: they were not asked, only a moment ago, or are kept (`Shown`)."""


# Answers of the report that say nothing, because the orientation fills them in (`reports.forms.initial_from_triage`):
# no fact, or « Autre chose » alone, which it asks of everybody who is safe; no place where it happens, or « Téléphone
# ou SMS » alone, which follows from « Des SMS non voulus ».
NO_FACTS: tuple[list[str], ...] = ([], [Fact.OTHER.value])
NO_PLATFORMS: tuple[list[str], ...] = ([], [Platform.PHONE.value])


def _silent(rows: ConversationQuerySet) -> ConversationQuerySet:
    """Keep the conversations whose person has said nothing.

    They told no fact, nor where it happens, wrote no word, noted nothing in the journal, sent no capture, and filled
    neither « depuis » nor « attentes » of the report, which the orientation asks of nobody. (`characters` counts what
    people write, not Pnav's own lines.) Every choice of `AddedForm` is looked at. What is typed there for the
    custodians is not, because no row tells whether anything was typed (`reports.reporter_identity`).
    """
    noted = JournalFact.objects.filter(conversation=OuterRef("pk"))
    sent = Capture.objects.filter(conversation=OuterRef("pk"), sent_by=None)
    ticked_nothing = Q(
        report__facts__in=NO_FACTS, report__platforms__in=NO_PLATFORMS, report__since="", report__expectations=[]
    )
    return rows.filter(ticked_nothing, ~Exists(noted), ~Exists(sent), characters=0)


def members(group: ArrivalGroup) -> ConversationQuerySet:
    """Return the conversations of this group that wait and whose person has said nothing."""
    return _silent(Conversation.objects.waiting().filter(lookalike_group=group.public_id))


def _by_turn_to_close(now: datetime) -> dict[str, Q]:
    """Return the conditions for members who were asked ANSWER_TIME ago: `due` may be closed, and the others are kept,
    each person for one reason (`Shown`).

    Whoever was not seen for ANSWER_TIME after the question may not have read it, nor whoever has the page out of sight,
    which sends beats all the same. If they stay away, the queue leaves them out by its own rules, which keep their
    place (`dispatcher.abandon_absent`). If they come back, ANSWER_TIME begins anew (`actions.reporters_seen`).
    """
    had_time = Q(lookalike_asked_at__lte=now - ANSWER_TIME)
    in_danger, with_code = Q(urgency=Urgency.CRITICAL), Q(resume_until__gt=now)
    unread = Q(reporter_seen_at__lt=F("lookalike_asked_at") + ANSWER_TIME) | Q(reporter_is_hidden=True)
    return {
        "due": had_time & ~in_danger & ~with_code & ~unread,
        "kept_in_danger": had_time & in_danger,
        "kept_with_code": had_time & ~in_danger & with_code,
        "kept_unread": had_time & ~in_danger & ~with_code & unread,
    }


# --- the worker -------------------------------------------------------------------------------------------------------


def mark_lookalikes(now: datetime | None = None) -> int:
    """Find groups among the last arrivals, and release members who have said something, for the worker.

    Returns how many conversations are new in a group. At most LOOKED_AT arrivals are read, in one query; more queries
    follow only while somebody is in a group, and for each group with somebody who is not marked yet.
    """
    now = now or clock.now()
    if Conversation.objects.waiting().filter(lookalike_group__isnull=False).exists():
        _let_go()
    recent = Conversation.objects.filter(status__in=[Status.WAITING, Status.ACTIVE], opened_at__gt=now - JOINS_FOR)
    look = ("report__municipality", "report__postal_code", "report__role", "report__age_band")
    rows = _silent(recent).order_by("-opened_at").values_list("pk", "opened_at", "status", "lookalike_group", *look)
    found = list(rows[:LOOKED_AT])
    arrivals = [Arrival(pk, at, ":".join(map(str, seen))) for pk, at, _status, _group, *seen in found]
    unmarked = {pk for pk, _at, status, group, *_seen in found if group is None and status == Status.WAITING}
    count = sum(
        _mark(alike.look, alike.keys, alike.first_at, alike.last_at, now)
        for alike in find_alike(arrivals)
        if not unmarked.isdisjoint(alike.keys)  # otherwise all who wait were marked at an earlier tick
    )
    ArrivalGroup.objects.filter(last_at__lt=now - KEPT).delete()
    if count:
        pubsub.queue_changed()
    return count


@transaction.atomic
def _let_go() -> None:
    """Take members who have said something out of their group, so that they have their ordinary place again."""
    marked = Conversation.objects.waiting().filter(lookalike_group__isnull=False)
    said = marked.exclude(pk__in=_silent(marked).values("pk")).select_related("report")
    rows = list(said.order_by("pk").select_for_update(of=("self",), no_key=True)[:LET_GO_AT_ONCE])
    for row in rows:
        row.lookalike_group = None
        row.is_crowded = row.report.is_crowded
        row.save(update_fields=["lookalike_group", "is_crowded"])
    if rows:
        pubsub.queue_changed()


@transaction.atomic
def _mark(look: object, keys: Iterable[int], first_at: datetime, last_at: datetime, now: datetime) -> int:
    waiting = Conversation.objects.filter(pk__in=list(keys), status=Status.WAITING, lookalike_group__isnull=True)
    rows = list(
        _silent(waiting)
        .select_related("report__municipality")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    if not rows:
        return 0
    group = ArrivalGroup.objects.filter(look=str(look), last_at__gt=now - JOINS_FOR).first()
    if group is None:
        group = ArrivalGroup.objects.create(
            look=str(look), place=place_of(rows[0].report), first_at=first_at, last_at=last_at
        )
    ArrivalGroup.objects.filter(pk=group.pk).update(last_at=max(last_at, group.last_at))
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(lookalike_group=group.public_id)
    # People who say that they are in danger keep their turn: somebody really in danger looks like one of a raid until
    # they write a word (ADR 0053).
    calm = [row.pk for row in rows if row.urgency != Urgency.CRITICAL]
    Conversation.objects.filter(pk__in=calm).update(is_crowded=True)
    return len(rows)


# --- what pages show --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """It is a group as staff see it.

    count: how many of it wait. here: how many of these may have their turn. calm_here: how many of those have not said
    that they are in danger, and count in no promise. seconds: from the first to the last
    arrival of these. asked: how many of these were asked for a word. critical: how many of those who wait said that
    they are in danger. due: how many of those asked have had ANSWER_TIME and may be closed. kept_in_danger,
    kept_with_code, kept_unread: how many have had it and may not, because they said that they are in danger, have a
    valid resume code, or did not have the page before them to read the question.
    """

    group: ArrivalGroup
    count: int
    here: int
    calm_here: int
    seconds: int
    asked: int
    critical: int
    due: int
    kept_in_danger: int
    kept_with_code: int
    kept_unread: int

    @property
    def kept(self) -> int:
        """Return how many are kept, although they were asked and said nothing."""
        return self.kept_in_danger + self.kept_with_code + self.kept_unread


def waiting_groups(now: datetime, *, public_id: UUID | None = None) -> list[Shown]:
    """Return the groups in which somebody waits, SHOWN at most. Two queries; one if there are no such groups.

    Those in which somebody says that they are in danger come first, because a list has room for one or two.

    public_id: only this group.
    """
    rows = _silent(Conversation.objects.waiting().filter(lookalike_group__isnull=False))
    if public_id is not None:
        rows = rows.filter(lookalike_group=public_id)
    counts = (
        rows.order_by()
        .values("lookalike_group")
        .annotate(
            count=Count("pk"),
            here=Count("pk", filter=is_here(now)),
            calm_here=Count("pk", filter=is_here(now) & Q(urgency__lt=Urgency.CRITICAL)),
            asked=Count("pk", filter=Q(lookalike_asked_at__isnull=False)),
            critical=Count("pk", filter=Q(urgency=Urgency.CRITICAL)),
            **{name: Count("pk", filter=asked) for name, asked in _by_turn_to_close(now).items()},
            first=Min("opened_at"),
            last=Max("opened_at"),
        )
    )
    known: dict[Any, Any] = {row["lookalike_group"]: row for row in counts}
    if not known:
        return []
    groups = ArrivalGroup.objects.filter(public_id__in=known).select_related("taken_by__unit")[:SHOWN]
    return sorted((_shown(group, known[group.public_id]) for group in groups), key=lambda one: not one.critical)


def _shown(group: ArrivalGroup, row: dict[str, Any]) -> Shown:
    elapsed = row["last"] - row["first"]
    counts = {name: count for name, count in row.items() if name not in {"lookalike_group", "first", "last"}}
    return Shown(group=group, seconds=int(elapsed.total_seconds()), **counts)


# --- acts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def take_group(*, public_id: UUID, by: Agent) -> int:
    """Ask members of a group for a word, AT_ONCE at most of those not asked yet; return how many were asked.

    The group is this agent's from then on, unless another agent has it. Locks the group, then the conversations.
    """
    now = clock.now()
    group = ArrivalGroup.objects.select_for_update(no_key=True).filter(public_id=public_id).first()
    if group is None:
        return 0
    rows = _locked(members(group).filter(lookalike_asked_at__isnull=True))
    if group.taken_by_id is None:
        group.taken_by, group.taken_at = by, now
        group.save(update_fields=["taken_by", "taken_at"])
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(lookalike_asked_at=now)
    for row in rows:
        say_line(row, thread_texts.ALIKE_ASKED, now=now, familiar=speaks_tu(row.report))
        pubsub.message_posted(row.public_id, row.last_seq)
    pubsub.queue_changed()
    return len(rows)


@transaction.atomic
def close_group(*, public_id: UUID, by: Agent, motive: str) -> int:
    """Close the conversations of members who were asked ANSWER_TIME ago, were there to read it, and said nothing.

    AT_ONCE at most, and nobody who says that they are in danger or has a resume code (`_by_turn_to_close`). Returns how
    many were closed. motive: the reason, one for all, which the audit log keeps with a line for each conversation. Each
    person is told, and how to come back. All are closed in one transaction, or none. Raises TooSoon when nobody may be
    closed. Locks the group, then the conversations.
    """
    now = clock.now()
    group = ArrivalGroup.objects.select_for_update(no_key=True).filter(public_id=public_id).first()
    rows = _locked(members(group).filter(_by_turn_to_close(now)["due"])) if group is not None else []
    if not rows:
        raise TooSoon
    for row in rows:
        say_line(row, thread_texts.ALIKE_CLOSED, now=now, familiar=speaks_tu(row.report))
        if row.resume_digest is not None:  # one that is over
            resume.end_code(row, now)  # before the status changes, because a closed row may hold no code
        pubsub.message_posted(row.public_id, row.last_seq)
        pubsub.state_changed(row.public_id)
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.CLOSED, closed_at=now, closed_by=Author.AGENT, outcome=Outcome.OTHER
    )
    ConversationEvent.objects.bulk_create(
        row.new_event(EventKind.CLOSED, at=now, by=by.user, detail=Outcome.OTHER) for row in rows
    )
    pubsub.queue_changed()
    audit_log.record_many(
        kind=AccessKind.GROUP_CLOSED,
        by=by.user,
        motive=motive,
        subjects=[str(row.public_id) for row in rows],
        detail=f"closed: {len(rows)}",
    )
    return len(rows)


def _locked(rows: ConversationQuerySet) -> list[Conversation]:
    """Lock AT_ONCE of these conversations in the order of their keys, check the conditions again, and return them."""
    keys = list(rows.order_by("opened_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
    again = rows.filter(pk__in=keys).select_related("report").order_by("pk")
    locked = list(again.select_for_update(of=("self",), no_key=True))
    # A fact that was ticked while this waited for the lock is in another table, so another statement has to look at it.
    silent = set(_silent(Conversation.objects.filter(pk__in=keys)).values_list("pk", flat=True))
    return [row for row in locked if row.pk in silent]
