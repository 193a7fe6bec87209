"""This module tells an agent who is back which conversations they lost meanwhile, until they say that they have read
it.

The losses are read from the history and stored nowhere else. A conversation was lost if it was given to the agent, and
the next change of hands put it back in the queue. The agent's row holds from when to when the agent was not seen.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat import access
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.rules.lifecycle import NO_SIGN, Status
from common.choices import label_of
from common.sql import array_text, fetch_rows

SHOWN_AT_MOST = 20  # losses that are listed one by one
HOURS_AT_MOST = 6  # absences whose hours are in the title; of more the list says them, line by line
# An absence that ended longer ago than TOLD_FOR is not shown: it belongs to a former shift. Conversations that were
# given to the agent more than GIVEN_FOR before the absence are not looked at.
TOLD_FOR, GIVEN_FOR = timedelta(hours=12), timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Loss:
    """It is one conversation that the agent lost.

    went_at: when it went back to the queue. where: who has it now, in words. url_name: name of the address where this
    agent may see it; empty when they may not. may_ask: whether nobody has it and this agent may still ask for a
    disclosure (`access.in_hands_of`).
    """

    conversation: Conversation
    went_at: datetime
    where: str
    url_name: str
    may_ask: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """It is an absence in which an agent lost conversations, or several that they have not read of yet.

    absent_from: when they were last seen, before the first. absent_until: when they came back, after the last. lasted:
    the time between, in words. hours: the hour of each absence, and how many it lost (`_hours`); they worked between
    two of them. is_idle: the console was open, but nobody gave a sign of life there (`chat.conversations.idle`).
    is_mixed: it was so in one of several absences, and not in another.
    count: all that were lost. places: how many of them are where now, in words. lines: the first SHOWN_AT_MOST of them,
    the most urgent first.
    """

    absent_from: datetime
    absent_until: datetime
    lasted: str
    hours: list[tuple[datetime, int]]
    is_idle: bool
    is_mixed: bool
    count: int
    places: list[str]
    lines: list[Loss]

    @property
    def times(self) -> int:
        """Return how many absences these are."""
        return len(self.hours)

    @property
    def details(self) -> str:
        """Return what the title adds: « 2 à 01:47, 1 à 02:03 ; 3 y attendent ».

        The hours are those of several absences, HOURS_AT_MOST; the places those of several conversations. Empty for one
        conversation in one absence.
        """
        hours = [(number, timezone.localtime(went_at).strftime("%H:%M")) for went_at, number in self.hours]
        is_told = 1 < self.times <= HOURS_AT_MOST
        when = [_("%(n)d à %(time)s") % {"n": number, "time": at} for number, at in hours] if is_told else []
        return " ; ".join(", ".join(part) for part in (when, self.places if self.count > 1 else []) if part)

    @property
    def where(self) -> str:
        """Return what the folded notice says of them: « 3 y attendent, 1 avec un collègue »."""
        return ", ".join(self.places)


def _lost(user_id: int, since: datetime) -> Any:
    """Return the events by which conversations were given to this account and next went back to the queue since then.

    `went_at` is added to each. Costs one look into an index for each conversation given since GIVEN_FOR before `since`
    (index `event_given`). These are about a hundred in the busiest shift, however long the agent has served.
    """
    after = ConversationEvent.objects.filter(
        conversation=OuterRef("conversation"), pk__gt=OuterRef("pk"), kind__in=access.HANDS_CHANGE
    ).order_by("pk")
    given = ConversationEvent.objects.filter(kind=EventKind.ASSIGNED, by=user_id, at__gt=since - GIVEN_FOR)
    return given.annotate(
        next_kind=Subquery(after.values("kind")[:1]),
        next_detail=Subquery(after.values("detail")[:1]),
        went_at=Subquery(after.values("at")[:1]),
    ).filter(next_kind=EventKind.RELEASED, went_at__gte=since)


# Asks for each agent who is back what `_lost` reads of one. Rows are locked in the order of their keys, as everywhere.
# The kinds are constants: with a kind as a parameter, PostgreSQL's plan for whatever values, which it takes after five
# calls, cannot use the index `event_given`, and reads all that the agents have ever done.
RECORD_LOSSES = """
WITH back AS MATERIALIZED (
    SELECT one.id, a.user_id, one.seen_at, one.now
    FROM unnest(%(ids)s::bigint[], %(seen)s::timestamptz[], %(now)s::timestamptz[]) AS one(id, seen_at, now)
    JOIN chat_agent a ON a.id = one.id
), lost AS (
    SELECT a.id, back.seen_at, back.now FROM chat_agent a JOIN back ON back.id = a.id
    WHERE EXISTS (
        SELECT FROM chat_conversationevent given CROSS JOIN LATERAL (
            SELECT e.kind, e.at FROM chat_conversationevent e
            WHERE e.conversation_id = given.conversation_id AND e.id > given.id AND e.kind = ANY(%(hands)s::text[])
            ORDER BY e.id LIMIT 1
        ) AS next
        WHERE given.kind = 'assigned' AND given.by_id = back.user_id
          AND given.at >= back.seen_at - %(given_for)s * interval '1 s'
          AND next.kind = 'released' AND next.at >= back.seen_at
    )
    ORDER BY a.id FOR NO KEY UPDATE OF a
)
UPDATE chat_agent a SET absent_until = lost.now, absent_from =
    CASE WHEN a.absent_from >= lost.now - %(told_for)s * interval '1 s' THEN a.absent_from ELSE lost.seen_at END
FROM lost WHERE a.id = lost.id RETURNING a.id
"""


def record_losses(*, returns: Sequence[tuple[int, datetime | None, datetime]]) -> None:
    """Store the absence of each agent who lost conversations in it.

    returns: agents who are back after their lease had ended, each (key, last seen, now). If the agent has not read an
    earlier absence yet, the two become one that begins with the earlier. One statement for all of them, because after
    an outage everybody is back at once. It looks at the conversations that `_lost` looks at, for each agent.
    """
    told = [(pk, seen_at, now) for pk, seen_at, now in returns if seen_at is not None and now - seen_at <= TOLD_FOR]
    if not told:
        return
    values = {
        "ids": array_text(pk for pk, _seen_at, _now in told),
        "seen": array_text(seen_at.isoformat() for _pk, seen_at, _now in told),
        "now": array_text(now.isoformat() for _pk, _seen_at, now in told),
        "hands": array_text(access.HANDS_CHANGE),
        "given_for": GIVEN_FOR.total_seconds(),
        "told_for": TOLD_FOR.total_seconds(),
    }
    fetch_rows(RECORD_LOSSES, values)


@transaction.atomic
def mark_read(*, agent_id: int, until: datetime) -> None:
    """Note that the agent has read what they lost up to their return at `until`. A later absence stays unread."""
    Agent.objects.filter(pk=agent_id, absent_until__lte=until).update(absent_from=None, absent_until=None)


def unread_losses(agent: Agent, now: datetime) -> Absence | None:
    """Return what this agent lost and has not read yet, or None. No query when the agent's row holds no absence."""
    if agent.absent_from is None or agent.absent_until is None or agent.absent_until < now - TOLD_FOR:
        return None
    rows = _lost(agent.user_id, agent.absent_from)
    count, places = _counted(agent, rows)
    if not count:
        return None
    lost = list(rows.order_by("went_at", "pk").values_list("conversation_id", "went_at", "next_detail"))
    went = {pk: went_at for pk, went_at, _detail in lost[:SHOWN_AT_MOST]}
    idle = {detail == NO_SIGN for _pk, _went_at, detail in lost}
    known = {row.pk: row for row in access.lost_by(agent, list(went))}
    supervised = access.units_of(agent)
    held = set(access.in_hands_of(agent.user).filter(pk__in=list(known), assigned_to=None).values_list("pk", flat=True))
    lines = [_line(agent, known[pk], at, supervised, held) for pk, at in went.items() if pk in known]
    lines.sort(key=lambda one: -one.conversation.urgency)  # of one urgency, in the order in which they went
    return Absence(
        absent_from=agent.absent_from,
        absent_until=agent.absent_until,
        lasted=_lasted(agent.absent_until - agent.absent_from),
        hours=_hours([(pk, went_at) for pk, went_at, _detail in lost]),
        is_idle=idle == {True},
        is_mixed=len(idle) > 1,
        count=count,
        places=places,
        lines=lines,
    )


def _hours(lost: Sequence[tuple[int, datetime]]) -> list[tuple[datetime, int]]:
    """Return for each absence when its conversations went back to the queue, and how many did, the first one first.

    lost: (conversation, when it went). What is lost in one absence goes back in one transaction, and so at one time
    (`dispatcher.release_stale`, `dispatcher.release_unopened`), also what the agent had held since before an earlier
    absence. When each of them began and ended is stored nowhere, but of the first and the last.
    """
    each: dict[datetime, set[int]] = {}
    for conversation, went_at in lost:
        each.setdefault(went_at, set()).add(conversation)
    return [(went_at, len(each[went_at])) for went_at in sorted(each)]


def _counted(agent: Agent, rows: Any) -> tuple[int, list[str]]:
    """Return how many conversations were lost by these events, and how many of them are where, in words. One query."""
    found: Counter[str] = Counter()
    held = rows.order_by().values_list("conversation__status", "conversation__assigned_to")
    for status, holder, number in held.annotate(number=Count("conversation", distinct=True)):
        found["again" if status == Status.ACTIVE and holder == agent.pk else status] += number
    again, others, waiting, ended, gone = (
        found[place] for place in ("again", Status.ACTIVE, Status.WAITING, Status.CLOSED, Status.ABANDONED)
    )
    said = [
        (again, _("%(n)d de nouveau avec vous")),
        (others, ngettext("%(n)d avec un collègue", "%(n)d avec des collègues", others)),
        (waiting, ngettext("%(n)d y attend", "%(n)d y attendent", waiting)),
        (ended, ngettext("%(n)d terminé", "%(n)d terminés", ended)),
        (gone, ngettext("%(n)d abandonné", "%(n)d abandonnés", gone)),
    ]
    return found.total(), [words % {"n": number} for number, words in said if number]


def _line(
    agent: Agent, row: Conversation, went_at: datetime, supervised: Collection[int], held: Collection[int]
) -> Loss:
    holder, where, url_name = row.assigned_to, label_of(Status, row.status).lower(), ""
    if row.status == Status.WAITING:
        where = _("dans la file d'attente")
    elif row.status == Status.ACTIVE and holder is not None:
        if holder.pk == agent.pk:
            where, url_name = _("de nouveau avec vous"), "console:conversation"
        else:
            where = _("avec %(name)s") % {"name": holder.interlocutor}
            url_name = "console:watched" if holder.unit_id in supervised else ""
    elif row.status == Status.CLOSED and holder is not None and holder.pk == agent.pk:
        url_name = "console:conversation"
    return Loss(conversation=row, went_at=went_at, where=where, url_name=url_name, may_ask=row.pk in held)


def _lasted(elapsed: timedelta) -> str:
    """Say a duration in words: « 1 min 35 » below an hour, otherwise « 1 h 05 »."""
    seconds = int(elapsed.total_seconds())
    if seconds < 3600:
        return _("%(minutes)s min %(seconds)s") % {"minutes": seconds // 60, "seconds": f"{seconds % 60:02}"}
    return _("%(hours)s h %(minutes)s") % {"hours": seconds // 3600, "minutes": f"{seconds % 3600 // 60:02}"}
