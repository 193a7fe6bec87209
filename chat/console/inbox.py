"""Reads what an agent has before them: their conversations, who waits, and what is known of each person.

Readings only, for the console's pages. Whatever concerns a conversation was obtained through `chat.access` before.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat import access
from chat.casework import danger
from chat.casework.handles import give_handles
from chat.casework.holds import running_holds
from chat.conversations import waits
from chat.conversations.waiting_list import WaitingList, WaitingPerson
from chat.conversations.wording import clock_in_words, duration_in_words, place_of
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.models.casework import Emergency
from chat.rules.danger_words import Kind
from chat.rules.handles import Handle
from chat.rules.lifecycle import Author, Outcome, Status
from common import plain_text
from common.choices import label_of, read_choice
from common.data_keys import keys as data_keys
from common.service_settings import definitions, values
from common.texts import languages
from reports.models import ReporterRole
from reports.rules.offence_elements import Element
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# What an agent ended stays in the list for one shift.
ENDED_FOR = timedelta(hours=12)
ENDED_AT_MOST = 10

MINUTE = timedelta(minutes=1)
# A page beats every 20 seconds; three beats missed and the person is said to be offline.
OFFLINE_AFTER = timedelta(seconds=60)

# Of the last message, as much as a line of the list shows; and as much of it as is read for that.
LAST_SHOWN, LAST_READ = 120, 400

# Of what a person wrote since the last answer, how many of the last numbers are read for words of danger.
UNANSWERED_READ = 20

# In the list, whose turn it is comes first: who waits for the agent, then who writes next, then who is not there.
TURNS = ("me", "them", "left")

# What the list may be narrowed to. The page filters again by itself as things change (`console/list.js`).
VIEWS = {"": gettext_lazy("Tous"), "a-repondre": gettext_lazy("À répondre"), "urgents": gettext_lazy("Urgents")}


# --- the lists ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnPromise:
    """When the agent said that they would be back, and what the list says of it."""

    until: datetime
    now: datetime

    @property
    def is_over(self) -> bool:
        """Return whether the agent should have been back by now."""
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

    handle: by which the agent knows it; None for what this agent never had on screen. last_words: the beginning of the
    last message of either side; last_is_own: it is an agent's. dangers: what the person's messages tell of since
    the last answer, as far as they are read (UNANSWERED_READ). unread: messages of the person that this
    side has not had on screen. held: how long it has been this agent's.
    waits_for_agent: the person wrote last, or nobody did. has_left: by the quick exit, and not seen since. is_asleep,
    is_offline: not seen for OFFLINE_AFTER, under way; asleep when their page had gone out of sight, for as long as it
    may sleep (ASLEEP); is_dormant when the exchange is at rest, and fills no place (`chat.conversations.dormancy`).
    waits_since: since when the person waits for an answer, whoever held the conversation; None when
    the word is theirs or they have left. waited: that in words; own_since, own_waited: the part of it that is this
    agent's, None and empty when it is all of it but for less than a minute. emergency_at, emergency_since: when the
    procedure that is open began, and how long ago as a clock says it; None and empty when none is. promise: « je
    reviens dans 5 minutes », while it runs, kept or not.
    """

    conversation: Conversation
    handle: Handle | None
    last_words: str
    last_is_own: bool
    dangers: list[Kind]
    unread: int
    held: str
    active_at: datetime
    waits_for_agent: bool
    has_left: bool
    is_offline: bool
    is_asleep: bool
    is_dormant: bool
    waits_since: datetime | None
    waited: str
    own_since: datetime | None
    own_waited: str
    emergency_at: datetime | None
    emergency_since: str
    promise: "ReturnPromise | None"

    @property
    def written_in(self) -> str:
        """« anglais »: the language in which the person seems to write, a guess; empty for the source language, and
        while nothing is known."""
        code = self.conversation.guessed_language
        return languages.name(code) if code and code != languages.source() else ""

    @property
    def turn(self) -> str:
        """Stable name of what comes next: `left` (nobody reads now), `me` (the agent writes), `them`."""
        if self.has_left:
            return "left"
        return "me" if self.waits_for_agent else "them"

    @property
    def number(self) -> int:
        """The key that opens it; 0 for what has ended, whose number is another's by now."""
        return self.handle.number if self.handle and not self.is_closed else 0

    @property
    def aim(self) -> str:
        """« 4 · renard », on every button that acts on this conversation; without the number once it has ended."""
        if self.handle is None:
            return ""
        return str(self.handle) if self.number else self.handle.said

    @property
    def name(self) -> str:
        """« renard · Toulouse (31) »: what the screen calls it."""
        return f"{self.handle.said} · {self.place}" if self.handle else self.place

    @property
    def is_watched(self) -> bool:
        """Whether the person said that somebody may see their screen."""
        return self.conversation.report.discreet

    @property
    def rank(self) -> tuple[bool, int, int, float, int]:
        """Its place in the list: an open procedure first, answered or not; then whose turn it is, the most urgent, who
        waits the longest. `console/numbers.js` sorts an open page the same way."""
        since = self.waits_since or self.active_at
        return (
            self.emergency_at is None,
            TURNS.index(self.turn),
            -self.conversation.urgency,
            since.timestamp(),
            self.number,
        )

    @property
    def place(self) -> str:
        """The person's commune with its dÃ©partement, or their postal code."""
        return place_of(self.conversation.report)

    @property
    def role(self) -> str:
        """The person's role in words: victim, witness, relative or professional."""
        return label_of(ReporterRole, self.conversation.report.role)

    @property
    def is_minor(self) -> bool:
        """Return whether the person is under 18."""
        return self.conversation.report.is_minor

    @property
    def urgency(self) -> str:
        """Stable name: normal, high, critical."""
        return read_choice(Urgency, self.conversation.urgency, Urgency.NORMAL).name.lower()

    @property
    def urgency_label(self) -> str:
        """The degree of urgency in words."""
        return label_of(Urgency, self.conversation.urgency)

    @property
    def is_closed(self) -> bool:
        """Return whether the exchange has ended."""
        return self.conversation.status == Status.CLOSED


def _with_activity(conversations: "QuerySet[Conversation]", agent: Agent) -> "QuerySet[Conversation]":
    spoken = Message.objects.filter(conversation=OuterRef("pk")).exclude(author=Author.SYSTEM).order_by("-seq")
    heard = Message.objects.filter(conversation=OuterRef("pk"), author=Author.REPORTER).order_by("-seq")
    moves = ConversationEvent.objects.filter(
        conversation=OuterRef("pk"), kind__in=[EventKind.PARKED, EventKind.RESUMED]
    ).order_by("-at", "-pk")
    promises = running_holds().filter(conversation=OuterRef("pk"), agent=OuterRef("assigned_to"))
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    unanswered = Message.objects.filter(
        conversation=OuterRef("pk"), author=Author.REPORTER, seq__gt=OuterRef("spoken_seq")
    ).order_by("seq")
    return waits.with_waits(conversations.select_related("report__municipality")).annotate(
        emergency_at=Subquery(emergency.values("started_at")[:1]),
        own_handle=FilteredRelation("handles", condition=Q(handles__agent=agent.pk)),
        handle_number=F("own_handle__number"),
        handle_colour=F("own_handle__colour"),
        handle_word=F("own_handle__word"),
        promised=Subquery(promises.values("until")[:1]),
        unread=Count("messages", filter=Q(messages__author=Author.REPORTER, messages__seq__gt=F("agent_read_seq"))),
        last_author=Subquery(spoken.values("author")[:1]),
        last_at=Subquery(spoken.values("sent_at")[:1]),
        last_said=Subquery(spoken.values("seq")[:1]),
        last_body=Subquery(spoken.values("sealed_body")[:1]),
        heard_at=Subquery(heard.values("sent_at")[:1]),
        unanswered_seq=Subquery(unanswered.values("seq")[:1]),
        move=Subquery(moves.values("kind")[:1]),
        moved_at=Subquery(moves.values("at")[:1]),
    )


def _has_left(row: Any) -> bool:
    """Whether the quick exit is the last sign of the person: no message, no beat, no code since."""
    if row.move != EventKind.PARKED or row.reporter_seen_at > row.moved_at:
        return False
    return row.heard_at is None or row.heard_at <= row.moved_at


def _handle_of(row: Any) -> Handle | None:
    return None if row.handle_number is None else Handle(row.handle_number, row.handle_colour, row.handle_word)


def _last_message(row: Any) -> str:
    """The last message, as its parties read it; empty when nobody has written."""
    if row.last_said is None:
        return ""
    text = Message.opened(row.last_body, conversation=row.public_id, seq=row.last_said, author=row.last_author)
    return plain_text.plain(text)


def _unanswered_dangers(rows: Sequence[Any]) -> dict[int, list[Kind]]:
    """What the person's messages before the last one tell of, since the last answer, by conversation.

    At most UNANSWERED_READ messages of each conversation that has more than one, in one query for all of them; no query
    when none has.
    """
    asked = [
        Q(conversation=row.pk, seq__gt=max(row.spoken_seq, row.last_said - UNANSWERED_READ), seq__lt=row.last_said)
        for row in rows
        if row.status == Status.ACTIVE and row.last_author == Author.REPORTER and row.unanswered_seq < row.last_said
    ]
    if not asked:
        return {}
    keys = {row.pk: row.public_id for row in rows}
    found: dict[int, set[Kind]] = {}
    messages = Message.objects.filter(reduce(or_, asked), author=Author.REPORTER)
    unanswered = list(messages.values_list("conversation_id", "seq", "sealed_body"))
    data_keys.load_for(body for _pk, _seq, body in unanswered)
    for pk, seq, body in unanswered:
        text = Message.opened(body, conversation=keys[pk], seq=seq, author=Author.REPORTER)
        found.setdefault(pk, set()).update(danger.kinds_in(plain_text.plain(text)))
    return {pk: list(kinds) for pk, kinds in found.items()}


def _entry(row: Any, handle: Handle | None, now: datetime, before: Sequence[Kind] = ()) -> Entry:
    """before: of what the person's earlier unanswered messages tell."""
    is_active = row.status == Status.ACTIVE
    said = _last_message(row) if is_active else ""
    has_left = is_active and _has_left(row)
    since = waits.waits_since(row) if is_active and not has_left else None
    own = waits.agent_owes_since(row, since) if since else None
    if own is not None and since is not None and own - since < MINUTE:
        own = None
    emergency_at = row.emergency_at  # after the end as well: a procedure that nobody has ended is still open
    unseen = now - row.reporter_seen_at
    is_away = is_active and not has_left and unseen > OFFLINE_AFTER
    is_asleep = is_away and row.reporter_is_hidden and unseen <= values.get_duration(definitions.ASLEEP)
    return Entry(
        conversation=row,
        handle=handle,
        last_words=" ".join(said[:LAST_READ].split())[:LAST_SHOWN],
        last_is_own=row.last_author == Author.AGENT,
        dangers=danger.in_order({*danger.kinds_in(said), *before}) if row.last_author == Author.REPORTER else [],
        unread=row.unread,
        held=duration_in_words(now - row.assigned_at),
        active_at=row.last_at or row.assigned_at,
        waits_for_agent=row.last_author != Author.AGENT,
        has_left=has_left,
        is_offline=is_away and not is_asleep,
        is_asleep=is_asleep,
        is_dormant=row.is_dormant,
        waits_since=since,
        waited=duration_in_words(now - since) if since else "",
        own_since=own,
        own_waited=duration_in_words(now - own) if own else "",
        emergency_at=emergency_at,
        emergency_since=clock_in_words(now - emergency_at) if emergency_at else "",
        promise=ReturnPromise(row.promised, now) if row.promised else None,
    )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One of the agent's exchanges in the search over their own: categories and dates."""

    conversation: Conversation
    place: str
    urgency_label: str
    outcome: str
    facts: list[str]


def search_result(row: Conversation) -> SearchResult:
    """row: of `access.answered_by`, with its report and its sheet."""
    sheet = getattr(row, "sheet", None)
    return SearchResult(
        conversation=row,
        place=place_of(row.report),
        urgency_label=label_of(Urgency, row.urgency),
        outcome=label_of(Outcome, row.outcome) if row.outcome else label_of(Status, row.status),
        facts=[label_of(Element, value) for value in sheet.present] if sheet is not None else [],
    )


def is_in_view(entry: Entry, view: str) -> bool:
    """Whether this entry belongs to one of VIEWS."""
    if view == "a-repondre":
        return entry.turn == "me"
    return view != "urgents" or entry.conversation.urgency > Urgency.NORMAL


def open_entries(agent: Agent, now: datetime) -> list[Entry]:
    """The conversations under way of this agent, as `Entry.rank` says, in one query, and one more for earlier words of
    danger (`_unanswered_dangers`); those that they see for the first time are given their handles (`give_handles`), the
    oldest assignment first."""
    rows: list[Any] = list(_with_activity(access.assigned_to(agent), agent).order_by("assigned_at", "pk"))
    data_keys.load_for(row.last_body for row in rows)
    missing = [row.pk for row in rows if _handle_of(row) is None]
    given = give_handles(agent, missing) if missing else {}
    dangers = _unanswered_dangers(rows)
    entries = [_entry(row, _handle_of(row) or given[row.pk], now, dangers.get(row.pk, ())) for row in rows]
    return sorted(entries, key=lambda entry: entry.rank)


def ended_entries(agent: Agent, now: datetime) -> list[Entry]:
    """Return the conversations that this agent ended lately, the last one first."""
    rows = _with_activity(access.ended_by(agent, now - ENDED_FOR), agent).order_by("-closed_at", "pk")[:ENDED_AT_MOST]
    return [_entry(row, _handle_of(row), now) for row in rows]


def entry_of(agent: Agent, conversation: Conversation, now: datetime, own: list[Entry] | None = None) -> Entry:
    """The list's entry of one conversation of this agent. own: their `open_entries`, when they were read already."""
    for entry in open_entries(agent, now) if own is None else own:
        if entry.conversation.pk == conversation.pk:
            return entry
    row = _with_activity(Conversation.objects.filter(pk=conversation.pk), agent).get()
    return _entry(row, _handle_of(row), now)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Somebody in the queue as a page shows them. waited, unseen: how long they wait and were not seen, in words, when
    the page was made."""

    person: WaitingPerson
    waited: str
    unseen: str


def queue_rows(queue: WaitingList, now: datetime) -> list[QueueRow]:
    """The queue as the console and the board show it."""
    return [
        QueueRow(person, duration_in_words(now - person.since), duration_in_words(now - person.seen_at))
        for person in queue.people
    ]
