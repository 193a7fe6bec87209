"""What lies on an agent's desk: their conversations, who waits, and what is known of each person.

Readings only, for the console's pages. Whatever concerns a conversation was obtained through `chat.access` before.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from chat import access, dialogue, waits
from chat.lifecycle import Author, Outcome, Status
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Hold, Message
from locations import hours, lookup
from locations.models import Force, ReceptionPoint
from reports.keyring import UnsealError
from reports.models import AgeBand, Expectation, Fact, Platform, Report, ReporterRole, Since
from reports.offence import Element
from sentences import languages
from triage import rules, versions
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# What an agent ended stays in the list for one shift.
ENDED_FOR = timedelta(hours=12)
ENDED_AT_MOST = 10

# A page beats every 20 seconds; three beats missed and the person is said to be offline.
OFFLINE_AFTER = timedelta(seconds=60)


def duration(elapsed: timedelta) -> str:
    """In words short enough for a list, from « 1 min » to « 1 h 05 ».

    `lib/time.js` goes on counting in an open page: `tests/js/test_twins.py` holds the two together.
    """
    minutes = max(1, int(elapsed.total_seconds() // 60))
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    return _("%(hours)s h %(minutes)s") % {"hours": minutes // 60, "minutes": f"{minutes % 60:02}"}


def place_of(report: Report) -> str:
    """The commune with its département, else the postal code."""
    return str(report.municipality) if report.municipality else report.postal_code


# --- the lists ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Promise:
    """When the agent said that they would be back, and what the list says of it."""

    until: datetime
    now: datetime

    @property
    def is_over(self) -> bool:
        return self.now >= self.until

    @property
    def words(self) -> str:
        """`lib/time.js` counts on in an open page: `tests/js/test_twins.py` holds the two together."""
        if self.is_over:
            return _("Promesse dépassée")
        minutes = -(-(self.until - self.now) // timedelta(minutes=1))
        return _("Retour promis dans %(minutes)s min") % {"minutes": minutes}


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the agent's conversations in the list.

    number: from 1, the key that opens it; 0 for what has ended. held: how long it has been this agent's.
    unread: messages of the person that this side has not had on screen. waits_for_agent: the person wrote last, or
    nobody did. has_left: by the quick exit, and not seen since. is_offline: not seen for OFFLINE_AFTER, under way.
    waits_since: since when the person waits for an answer, whoever held the conversation; None when the word is theirs
    or they have left. waited: that in words. promise: « je reviens dans 5 minutes », while it runs, kept or not.
    """

    conversation: Conversation
    number: int
    unread: int
    held: str
    active_at: datetime
    waits_for_agent: bool
    has_left: bool
    is_offline: bool
    waits_since: datetime | None
    waited: str
    promise: "Promise | None"

    @property
    def turn(self) -> str:
        """Stable name of what comes next: `left` (nobody reads now), `me` (the agent writes), `them`."""
        if self.has_left:
            return "left"
        return "me" if self.waits_for_agent else "them"

    @property
    def place(self) -> str:
        return place_of(self.conversation.report)

    @property
    def role(self) -> str:
        return str(ReporterRole(self.conversation.report.role).label)

    @property
    def is_minor(self) -> bool:
        return self.conversation.report.is_minor

    @property
    def urgency(self) -> str:
        """Stable name: normal, high, critical."""
        return Urgency(self.conversation.urgency).name.lower()

    @property
    def urgency_label(self) -> str:
        return str(Urgency(self.conversation.urgency).label)

    @property
    def is_closed(self) -> bool:
        return self.conversation.status == Status.CLOSED


def _with_activity(conversations: "QuerySet[Conversation]") -> "QuerySet[Conversation]":
    spoken = Message.objects.filter(conversation=OuterRef("pk")).exclude(author=Author.SYSTEM).order_by("-seq")
    heard = Message.objects.filter(conversation=OuterRef("pk"), author=Author.REPORTER).order_by("-seq")
    moves = ConversationEvent.objects.filter(
        conversation=OuterRef("pk"), kind__in=[EventKind.PARKED, EventKind.RESUMED]
    ).order_by("-at", "-pk")
    promises = running_holds().filter(conversation=OuterRef("pk"), agent=OuterRef("assigned_to"))
    return waits.with_waits(conversations.select_related("report__municipality")).annotate(
        promised=Subquery(promises.values("until")[:1]),
        unread=Count("messages", filter=Q(messages__author=Author.REPORTER, messages__seq__gt=F("agent_read_seq"))),
        last_author=Subquery(spoken.values("author")[:1]),
        last_at=Subquery(spoken.values("sent_at")[:1]),
        heard_at=Subquery(heard.values("sent_at")[:1]),
        move=Subquery(moves.values("kind")[:1]),
        moved_at=Subquery(moves.values("at")[:1]),
    )


def running_holds() -> "QuerySet[Hold]":
    """The promises that run: not ended, of this time with the agent, who has written nothing since."""
    written = Message.objects.filter(
        conversation=OuterRef("conversation"), author=Author.AGENT, seq__gt=OuterRef("seq"), agent=OuterRef("agent")
    )
    held = Hold.objects.filter(ended_at__isnull=True, held_at__gte=F("conversation__assigned_at"))
    return held.filter(~Exists(written), conversation__status=Status.ACTIVE)


def running_hold(conversation: Conversation) -> Hold | None:
    """The promise that runs in this conversation, kept or not; None when the agent wrote, lifted it or is another."""
    return running_holds().filter(conversation=conversation, agent=conversation.assigned_to).first()


def _has_left(row: Any) -> bool:
    """Whether the quick exit is the last sign of the person: no message, no beat, no code since."""
    if row.move != EventKind.PARKED or row.reporter_seen_at > row.moved_at:
        return False
    return row.heard_at is None or row.heard_at <= row.moved_at


def _entry(row: Any, number: int, now: datetime) -> Entry:
    is_active = row.status == Status.ACTIVE
    has_left = is_active and _has_left(row)
    since = waits.waits_since(row) if is_active and not has_left else None
    return Entry(
        conversation=row,
        number=number,
        unread=row.unread,
        held=duration(now - row.assigned_at),
        active_at=row.last_at or row.assigned_at,
        waits_for_agent=row.last_author != Author.AGENT,
        has_left=has_left,
        is_offline=is_active and not has_left and now - row.reporter_seen_at > OFFLINE_AFTER,
        waits_since=since,
        waited=duration(now - since) if since else "",
        promise=Promise(row.promised, now) if row.promised else None,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """One of the agent's exchanges in the search over their own: categories and dates."""

    conversation: Conversation
    place: str
    urgency_label: str
    outcome: str
    facts: list[str]


def found(row: Conversation) -> Found:
    """row: of `access.answered_by`, with its report and its sheet."""
    sheet = getattr(row, "sheet", None)
    return Found(
        conversation=row,
        place=place_of(row.report),
        urgency_label=str(Urgency(row.urgency).label),
        outcome=str(Outcome(row.outcome).label) if row.outcome else str(Status(row.status).label),
        facts=[str(Element(value).label) for value in sheet.present] if sheet is not None else [],
    )


def own(agent: Agent, now: datetime) -> list[Entry]:
    """The conversations under way of this agent, the oldest assignment first, in one query."""
    rows = _with_activity(access.assigned_to(agent)).order_by("assigned_at", "pk")
    return [_entry(row, number, now) for number, row in enumerate(rows, 1)]


def ended(agent: Agent, now: datetime) -> list[Entry]:
    """What this agent answered to its end lately, the last one first."""
    rows = _with_activity(access.ended_by(agent, now - ENDED_FOR)).order_by("-closed_at", "pk")[:ENDED_AT_MOST]
    return [_entry(row, 0, now) for row in rows]


def entry_of(agent: Agent, conversation: Conversation, now: datetime) -> Entry:
    """The list's entry of one conversation of this agent."""
    for entry in own(agent, now):
        if entry.conversation.pk == conversation.pk:
            return entry
    return _entry(_with_activity(Conversation.objects.filter(pk=conversation.pk)).get(), 0, now)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the queue, as the `queue` frame tells it: no message text, no answer of the triage."""

    since: datetime
    waited: str
    urgency: str
    urgency_label: str
    force_label: str
    place: str
    is_minor: bool
    is_crowded: bool
    role_label: str


def queue(now: datetime) -> tuple[int, list[Waiting]]:
    """How many wait, and the first hundred of them, next first."""
    frame = dialogue.queue_frame()
    rows = []
    for item in frame["items"]:
        since = datetime.fromisoformat(item["since"])
        rows.append(
            Waiting(
                since=since,
                waited=duration(now - since),
                urgency=item["urgency"],
                urgency_label=item["urgency_label"],
                force_label=str(Force(item["force"]).label) if item["force"] else "",
                place=item["place"],
                is_minor=item["minor"],
                is_crowded=item["crowded"],
                role_label=str(ReporterRole(item["role"]).label),
            )
        )
    return frame["waiting"], rows


# --- what is known of a person ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dossier:
    """« Ce que je sais » of one conversation, in words.

    answers: question and answer of the triage, in the words of the version that the person answered; None when no key
    opens them. is_other_version: that version is known no more, so that a wording may differ from what they read.
    """

    report: Report
    answers: list[tuple[str, str]] | None
    is_other_version: bool
    outcome: str
    reasons: list[str]
    numbers: list[Any]
    familiar: bool
    role: str
    age: str
    facts: list[str]
    platforms: list[str]
    since: str
    expectations: list[str]
    force: str
    opening_hours: list[hours.Line]
    opening: hours.Opening | None
    partners: list[lookup.PartnerGroup]

    @property
    def unit(self) -> ReceptionPoint | None:
        return self.report.reception_point

    @property
    def language(self) -> str:
        """« anglais »: in which the person reads the pages; empty for the source language, which is that of agents."""
        code = self.report.language
        return "" if code == languages.source() else languages.name(code)


def _labels(values: list[str], choices: Any) -> list[str]:
    """In words; a value that the choices no longer hold stays as it is."""
    return [str(choices(value).label) if value in choices.values else value for value in values]


def read_dossier(conversation: Conversation, now: datetime) -> Dossier:
    """What the person said before the exchange, and where they may be received."""
    report = conversation.report
    answers: dict[str, str] = {}
    readable = True
    try:
        answers = report.triage_answers()
    except UnsealError:
        readable = False
        logger.error("triage answers cannot be opened %s", conversation.public_id)
    known = versions.find(report.triage_version)
    under = known or versions.current()
    assessment = rules.assess(answers, told_in=rules.FOR_AGENTS, under=under)
    unit = report.reception_point
    week = unit.opening_hours if unit else None
    return Dossier(
        report=report,
        answers=rules.describe(answers, under=under) if readable else None,
        is_other_version=known is None,
        outcome=_labels([report.outcome], rules.Outcome)[0],
        reasons=[str(reason) for reason in assessment.reasons] if assessment.is_finished else [],
        numbers=list(assessment.numbers),
        familiar=is_familiar(report, answers),
        role=str(ReporterRole(report.role).label),
        age=str(AgeBand(report.age_band).label),
        facts=_labels(report.facts, Fact),
        platforms=_labels(report.platforms, Platform),
        since=str(Since(report.since).label) if report.since in Since.values else report.since,
        expectations=_labels(report.expectations, Expectation),
        force=str(Force(report.force).label) if report.force else "",
        opening_hours=hours.describe(week) if week else [],
        opening=hours.opening_at(week, now, department_code=unit.department_code) if unit and week else None,
        partners=_partners(report),
    )


def _partners(report: Report) -> list[lookup.PartnerGroup]:
    """The partners of the commune's département, by sort; only the sorts that have some."""
    if report.municipality is None:
        return []
    return [group for group in lookup.partners_near(report.municipality).groups if group.partners]


def is_familiar(report: Report, answers: dict[str, str]) -> bool:
    """Whether to write *tu*: the person who writes is a minor."""
    if answers:
        return rules.voice(answers, under=versions.under(report.triage_version)).familiar
    return report.is_minor and report.role == ReporterRole.VICTIM


def speaks_tu(report: Report) -> bool:
    """`is_familiar`, from the report alone; answers that no key opens count for none."""
    try:
        return is_familiar(report, report.triage_answers())
    except UnsealError:
        return is_familiar(report, {})
