"""This module reads the lists of the console: the agent's conversations, those they ended, and the queue.

It only reads. Conversations are obtained through `chat.access`.
"""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat import access
from chat.arranging.list_order import Order, read_order
from chat.casework import danger
from chat.casework.danger import Dangers
from chat.casework.handles import give_handles
from chat.casework.holds import running_holds
from chat.conversations import waits
from chat.conversations.waiting_list import WaitingList, WaitingPerson
from chat.conversations.wording import clock_in_words, duration_in_words, place_of
from chat.models import UNREADABLE, Agent, Conversation, ConversationEvent, DangerMark, EventKind, Message, quick_exits
from chat.models.casework import Emergency
from chat.rules import danger_words, service_level
from chat.rules.danger_words import Kind
from chat.rules.handles import Handle
from chat.rules.lifecycle import OVER_CAPACITY, Author, Outcome, Status
from chat.rules.service_level import Level, Measure
from chat.rules.whereabouts import LATE_SIGN
from chat.supervision import live_board
from common import plain_text
from common.choices import label_of, read_choice
from common.data_keys import keys as data_keys
from common.postgresql.prepared import Prepared
from common.service_settings import definitions, values
from common.texts import languages
from reports.models import ReporterRole
from reports.rules.offence_elements import Element
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# Conversations that an agent ended stay in the list for one shift, and the last ENDED_AT_MOST of them are in it.
ENDED_FOR = timedelta(hours=12)
ENDED_AT_MOST = 20

MINUTE = timedelta(minutes=1)
# A page sends a beat every 20 seconds. After three missed beats the person is shown as offline.
OFFLINE_AFTER = timedelta(seconds=60)

# Characters of the last message that a line of the list shows, and that are read for it.
LAST_SHOWN, LAST_READ = 120, 400

# How a message of a supervisor who joined begins (`supervision.intervention.write`). `console/frames.js` has the same.
BY_SUPERVISOR = re.compile(r"\[[^\]\n]+\]\n")

# What says of a place that it is a district of a town, whose number says it already.
DISTRICT = re.compile(r"(?<=e|r)( arrondissement)(?= \()", re.IGNORECASE)

# How many of the last messages of an exchange, of both sides, are read for words of danger, answered or not: an answer
# may have come before any list was read. What this process has looked at already is not read again (`danger.Looked`).
DANGER_READ = 20

# The order of the list: people who wait for the agent, then exchanges that were just given to them and wait for a first
# word of theirs, then people whose turn it is to write, then those who left.
TURNS = ("me", "given", "them", "left")
# To these the agent owes a word: they wait for it, or were just given and have not been answered.
OWED = ("me", "given")

# The views to which the list can be narrowed. A script filters again as things change (`console/list.js`).
VIEWS = {"": gettext_lazy("Tous"), "a-repondre": gettext_lazy("À répondre"), "urgents": gettext_lazy("Urgents")}


# --- the lists ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnPromise:
    """It is an agent's promise to be back, as the list shows it. until: when they should be back."""

    until: datetime
    now: datetime

    @property
    def is_over(self) -> bool:
        """Return whether the agent should have been back by now."""
        return self.now >= self.until

    @property
    def words(self) -> str:
        """Return the promise in words. In an open page `lib/time.js` goes on counting (`tests/js/test_twins.py`)."""
        if self.is_over:
            return _("Promesse dépassée")
        minutes = -(-(self.until - self.now) // timedelta(minutes=1))
        return _("Retour promis dans %(minutes)s min") % {"minutes": minutes}


@dataclass(frozen=True, slots=True)
class Entry:
    """It is one of the agent's conversations in the list.

    handle: the agent's handle of it; None if this agent never had it on screen.
    last_words: the beginning of the last message of either side. last_is_own: the present agent wrote it since they
    were assigned. last_is_before: an agent wrote it before that, mostly a colleague who passed the conversation on.
    last_is_supervisors: a supervisor who joined wrote it; its words come without their name.
    dangers: kinds of danger in the person's messages that the agent has not dealt with (`danger.deal_with`); the last
    DANGER_READ messages are read for it. danger_seq: the last of them; 0 without any.
    unread: messages of the person that no agent has had on screen. held: how long this agent has had it, in words.
    waits_for_agent: the person wrote last, or nobody has written. has_left: the person left by the quick exit and was
    not seen since. is_offline, is_asleep: the person of an active conversation was not seen for OFFLINE_AFTER; asleep
    if their page was out of sight, for as long as it may sleep (ASLEEP). is_dormant: it is at rest, and fills no place.
    unseen: for how long the person was not seen, in words.
    is_given: somebody else answered last, and the present agent has not written to them since they were assigned.
    is_unanswered: the person waits, and the present agent has not written to them since they were assigned.
    waits_since: since when the person waits for an answer, whoever had the conversation; None when it is their turn to
    write, or when they left. waited: the same in words. own_since, own_waited: since when the present agent could have
    answered; None and empty when that differs by less than a minute.
    level: how the wait stands against the limit of the board; KEPT while the person is away, as the board has it.
    emergency_at, emergency_since: when the open procedure began, and how long ago, as a clock shows it; None and empty
    without one. promise: a promise to be back that is running, even if its time has passed. is_beyond: it was given to
    the agent beyond their places, because nobody had a place for somebody in great danger, and they hold more than
    their places still (docs/adr/0145).
    """

    conversation: Conversation
    handle: Handle | None
    last_words: str
    last_is_own: bool
    last_is_before: bool
    last_is_supervisors: bool
    dangers: list[Kind]
    danger_seq: int
    unread: int
    held: str
    active_at: datetime
    waits_for_agent: bool
    has_left: bool
    is_offline: bool
    is_asleep: bool
    is_dormant: bool
    unseen: str
    is_given: bool
    is_unanswered: bool
    waits_since: datetime | None
    waited: str
    own_since: datetime | None
    own_waited: str
    level: Level
    emergency_at: datetime | None
    emergency_since: str
    promise: "ReturnPromise | None"
    is_beyond: bool = False

    @property
    def written_in(self) -> str:
        """Return the language in which the person seems to write: « anglais ». It is a guess; empty for the source
        language and without a guess.
        """
        code = self.conversation.guessed_language
        return languages.name(code) if code and code != languages.source() else ""

    @property
    def has_unmarked_dangers(self) -> bool:
        """Return whether words of danger are not marked in the language of `written_in`."""
        return self.conversation.guessed_language not in ("", *danger_words.LANGUAGES)

    @property
    def turn(self) -> str:
        """Return whose turn it is, by a name that pages use: `left` (nobody reads now), `me` (the agent's), `given`
        (the agent's too: nobody waits for an answer, and they have not read what came from a colleague), `them`."""
        if self.has_left:
            return "left"
        if self.waits_for_agent:
            return "me"
        return "given" if self.is_given and not self.is_dormant else "them"

    @property
    def is_away(self) -> bool:
        """Return whether nobody reads there now, as far as the service knows. The thread says it over its messages."""
        return self.has_left or self.is_dormant or self.is_unseen

    @property
    def is_unseen(self) -> bool:
        """Return whether the person was not seen for OFFLINE_AFTER, and nothing else says why."""
        return (self.is_offline or self.is_asleep) and not self.is_dormant

    @property
    def number(self) -> int:
        """Return the number that opens it by a key; 0 when it has ended, because another conversation may have the
        number."""
        return self.handle.number if self.handle and not self.is_closed else 0

    @property
    def aim(self) -> str:
        """Return what every button that acts on it says: « 4 · renard »; without the number once it has ended."""
        if self.handle is None:
            return ""
        return str(self.handle) if self.number else self.handle.said

    @property
    def name(self) -> str:
        """Return what the screen calls it: « renard · Toulouse (31) »."""
        return f"{self.handle.said} · {self.place}" if self.handle else self.place

    @property
    def name_parts(self) -> list[str]:
        """Return `name` in three parts, of which a line of the list does not show the second, where it has one:
        « castor · Paris 11e », « arrondissement » with the space before it, « (75) ».
        """
        return DISTRICT.split(self.name, maxsplit=1)

    @property
    def is_watched(self) -> bool:
        """Return whether the person said that somebody may see their screen."""
        return self.conversation.report.discreet

    @property
    def rank(self) -> tuple[bool, bool, int, int, bool, int, float, int]:
        """Return the sort key of its place in the list.

        An open procedure comes first, then words of danger that are not dealt with, answered or not; then those to whom
        the agent owes a word, the most urgent, who is there before who is offline (unless their words of danger are not
        dealt with), who waits for words before who was just given, and who has waited the longest.
        `console/numbers.js` sorts an open page in the same way.
        """
        since = self.waits_since or self.active_at
        return (
            self.emergency_at is None,
            not self.dangers,
            0 if self.turn in OWED else TURNS.index(self.turn),
            -self.conversation.urgency,
            (self.is_offline or self.is_dormant) and not self.dangers,
            TURNS.index(self.turn),
            since.timestamp(),
            self.number,
        )

    def place_in(self, order: Order) -> tuple[float, ...]:
        """Return the sort key of its place in a list of this order, as `inOrder` of `console/numbers.js` does.

        In the given order it is `rank`. In each other one these come before what was chosen: an open procedure, words
        of danger that are not dealt with, a critical urgency, and somebody who has had no answer from this agent yet
        (docs/adr/0137).
        """
        if order == Order.URGENCY:
            return self.rank
        is_critical = self.conversation.urgency == Urgency.CRITICAL and not self.has_left
        first = (self.emergency_at is None, not self.dangers, not is_critical, not self.is_unanswered)
        if order == Order.NUMBER:
            return (*first, self.number)
        if order == Order.NEWEST:
            given = self.conversation.assigned_at or self.active_at
            return (*first, -given.timestamp(), self.number)
        since = self.waits_since or self.active_at
        return (*first, TURNS.index(self.turn), since.timestamp(), self.number)

    @property
    def place(self) -> str:
        """Return the person's commune with its département, or their postal code."""
        return place_of(self.conversation.report)

    @property
    def role(self) -> str:
        """Return the person's role in words: victim, witness, relative or professional."""
        return label_of(ReporterRole, self.conversation.report.role)

    @property
    def is_minor(self) -> bool:
        """Return whether the person is under 18."""
        return self.conversation.report.is_minor

    @property
    def urgency(self) -> str:
        """Return the degree of urgency, by a name that pages use: normal, high or critical."""
        return read_choice(Urgency, self.conversation.urgency, Urgency.NORMAL).name.lower()

    @property
    def urgency_label(self) -> str:
        """Return the degree of urgency in words."""
        return label_of(Urgency, self.conversation.urgency)

    @property
    def is_late(self) -> bool:
        """Return whether the person has waited for an answer for longer than the service allows."""
        return self.level is Level.BROKEN

    @property
    def has_late_promise(self) -> bool:
        """Return whether the agent should have been back by now, as they promised."""
        return self.promise is not None and self.promise.is_over

    @property
    def is_overdue(self) -> bool:
        """Return whether the agent is late with an answer, or with a return that they promised."""
        return self.is_late or self.has_late_promise

    @property
    def is_closed(self) -> bool:
        """Return whether the conversation is closed."""
        return self.conversation.status == Status.CLOSED


def _with_activity(conversations: "QuerySet[Conversation]", agent: int) -> "QuerySet[Conversation]":
    spoken = Message.objects.filter(conversation=OuterRef("pk")).exclude(author=Author.SYSTEM).order_by("-seq")
    heard = Message.objects.filter(conversation=OuterRef("pk"), author=Author.REPORTER).order_by("-seq")
    answered = Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT).order_by("-seq")
    promises = running_holds().filter(conversation=OuterRef("pk"), agent=OuterRef("assigned_to"))
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    # An assignment of before, from which it went to the queue or to a colleague, does not say how it came now.
    given = ConversationEvent.objects.filter(
        conversation=OuterRef("pk"), kind=EventKind.ASSIGNED, detail=OVER_CAPACITY, at__gte=OuterRef("assigned_at")
    )
    return waits.with_waits(conversations.select_related("report__municipality")).annotate(
        emergency_at=Subquery(emergency.values("started_at")[:1]),
        came_beyond=Exists(given),
        marked_seqs=F("danger_mark__seqs"),
        dealt_seq=Coalesce("danger_mark__dealt_seq", 0),
        marks_left_at=F("danger_mark__left_at"),
        own_handle=FilteredRelation("handles", condition=Q(handles__agent=agent)),
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
        answered_at=Subquery(answered.values("sent_at")[:1]),
        left_at=Subquery(quick_exits().values("at")[:1]),
    )


def _open(agent: int) -> "QuerySet[Conversation]":
    return _with_activity(access.assigned_to(Agent(pk=agent)), agent).order_by("assigned_at", "pk")


def _ended(agent: int, since: datetime) -> "QuerySet[Conversation]":
    ended = _with_activity(access.ended_by(Agent(pk=agent), since), agent)
    # One more is read, which shows whether there are others.
    return ended.order_by("-closed_at", "pk")[: ENDED_AT_MOST + 1]


# Writing these statements took as long as everything else that a list costs.
_OPEN, _ENDED = Prepared(_open), Prepared(_ended)


def _has_left(row: Any) -> bool:
    """Return whether the quick exit is the person's last sign of life: there was no message, beat or code since.

    A beat that was written late counts as one of before (`LATE_SIGN`), and a message does not: whoever wrote it waits
    for an answer, and the wait counts from it, also where it tells of danger. It may be from another tab, where
    somebody is still writing.
    """
    if row.left_at is None or row.reporter_seen_at > row.left_at + LATE_SIGN:
        return False
    return row.heard_at is None or row.heard_at <= row.left_at


def _handle_of(row: Any) -> Handle | None:
    return None if row.handle_number is None else Handle(row.handle_number, row.handle_colour, row.handle_word)


def _last_message(row: Any) -> str:
    """Return the last message as it is shown; empty when nobody has written."""
    if row.last_said is None:
        return ""
    text = Message.opened(row.last_body, conversation=row.public_id, seq=row.last_said, author=row.last_author)
    return plain_text.plain(text)


def _is_heard_last(row: Any) -> bool:
    """Return whether the person wrote last: their message comes with the row."""
    return bool(row.last_author == Author.REPORTER)


def _keeps_marks(row: Any) -> bool:
    """Return whether words of danger stay marked there: under way, or ended by the person (docs/adr/0116).

    The agent who ends an exchange has read it.
    """
    return row.status == Status.ACTIVE or (row.status == Status.CLOSED and row.closed_by == Author.REPORTER)


def _earlier_dangers(rows: Sequence[Any], known: Mapping[UUID, int]) -> tuple[dict[int, Dangers], set[int]]:
    """Return the dangers of messages before the last one, by conversation, and the conversations that did not open.

    These are the messages that are marked and not dealt with, and the last ones of the person, answered or not, because
    whoever wrote the answer may not have seen them. The second value has the conversations in which one of these
    messages could not be opened, because the server of the keys is away or for good.

    The latter are among the last DANGER_READ messages, without those that were looked at before (known, from
    `danger.looked`). Of the former at most `danger.MARKS_AT_MOST` are read for each conversation, in one query for all
    of them, and one more where the person's version of a summary is marked. No query is made where nothing of it is new
    to this process.
    """
    asked = []
    marks: dict[int, list[int]] = {}
    for row in rows:
        if not _keeps_marks(row):
            continue
        last = row.last_said or 0
        after = max(row.dealt_seq, last - DANGER_READ, known.get(row.public_id, 0))
        if after < last - 1:
            asked.append(Q(conversation=row.pk, seq__gt=after, seq__lt=last))
        if marked := [seq for seq in _pending(row) if not (_is_heard_last(row) and seq == row.last_said)]:
            asked.append(Q(conversation=row.pk, seq__in=marked))
            marks[row.pk] = marked
    if not asked:
        return {}, set()
    return danger.find_in(asked, {row.pk: row.public_id for row in rows}, marks)


def _pending(row: Any) -> list[int]:
    """Return the messages that were found to tell of danger and are not dealt with, by their numbers."""
    return [seq for seq in row.marked_seqs or () if seq > row.dealt_seq]


def _dangers_of(row: Any, said: str, before: Dangers) -> Dangers:
    """Return all dangers that are not dealt with: those of `before` and of the last message. said: that message."""
    if not _keeps_marks(row) or not _is_heard_last(row) or row.last_said <= row.dealt_seq:
        return before
    kinds = danger.kinds_in(said)
    return {**before, row.last_said: kinds} if kinds else before


def _kept_dangers(row: Any, read: Dangers, unopened: Collection[int]) -> Dangers:
    """Return the dangers to show: those that were read, and kept marks that cannot be read now, as DANGER.

    unopened: the conversations of which a message did not open, which tells of no kind. Its number was kept all the
    same, so the mark stays in the list while the server of the keys is away.
    """
    if row.pk not in unopened:
        return read
    return {**dict.fromkeys(_pending(row), (Kind.DANGER,)), **read}


@dataclass(frozen=True, slots=True)
class _Reading:
    """It is one reading of words of danger in a list. phrases: those in use when it began. known: `danger.looked`."""

    phrases: str
    known: Mapping[UUID, int]

    @classmethod
    def begin(cls) -> Self:
        """Begin before the rows are read: marks of what is looked at later, by another reading, may not be in them."""
        phrases = danger.phrases_as_json()
        return cls(phrases, danger.looked.known(phrases))

    def read(self, rows: Sequence[Any], said: Mapping[int, str]) -> dict[int, Dangers]:
        """Return the dangers to show of each row, by its key, and keep those that are found for the first time.

        said: the last message of each row. An exchange of which a message could not be opened does not count as looked
        at.
        """
        earlier, unopened = _earlier_dangers(rows, self.known)
        unopened |= {pk for pk, text in said.items() if text == str(UNREADABLE)}
        dangers = {row.pk: _dangers_of(row, said[row.pk], earlier.get(row.pk, {})) for row in rows}
        fresh = {row.pk: dangers[row.pk].keys() - set(row.marked_seqs or ()) for row in rows}
        if any(fresh.values()):
            danger.keep_marks({pk: dangers[pk] for pk, seqs in fresh.items() if seqs})
        looked_at = (row for row in rows if row.last_said is not None and row.pk not in unopened)
        danger.note_looked({row.public_id: row.last_said for row in looked_at}, self.phrases)
        return {row.pk: _kept_dangers(row, dangers[row.pk], unopened) for row in rows}


def _level_of_wait(since: datetime | None, now: datetime) -> Level:
    if since is None:
        return Level.KEPT
    return service_level.level_of_time((now - since).total_seconds(), live_board.limit_of(Measure.SILENCE))


def _entry(
    row: Any, handle: Handle | None, now: datetime, *, said: str, dangers: Dangers, is_over: bool = False
) -> Entry:
    """Return the entry of a row.

    said: the last message; empty once the exchange has ended. dangers: what the person's messages tell of and is not
    dealt with. is_over: its agent holds more than their places.
    """
    is_active = row.status == Status.ACTIVE
    has_left = is_active and _has_left(row)
    since = waits.waits_since(row) if is_active and not has_left else None
    is_agents = row.last_author == Author.AGENT
    by_supervisor = BY_SUPERVISOR.match(said) if is_agents else None
    is_before = row.last_at is not None and row.last_at < row.assigned_at
    is_answered = row.answered_at is not None and row.answered_at >= row.assigned_at
    own = waits.agent_owes_since(row, since) if since else None
    if own is not None and since is not None and own - since < MINUTE:
        own = None
    emergency_at = row.emergency_at  # even after the end of the conversation, until somebody ends the procedure
    unseen = now - row.reporter_seen_at
    is_away = is_active and not has_left and unseen > OFFLINE_AFTER
    is_asleep = is_away and row.reporter_is_hidden and unseen <= values.get_duration(definitions.ASLEEP)
    return Entry(
        conversation=row,
        handle=handle,
        last_words=" ".join(said[by_supervisor.end() if by_supervisor else 0 :][:LAST_READ].split())[:LAST_SHOWN],
        last_is_own=is_agents and not is_before and not by_supervisor,
        last_is_before=is_agents and is_before and not by_supervisor,
        last_is_supervisors=by_supervisor is not None,
        dangers=danger.in_order({kind for kinds in dangers.values() for kind in kinds}),
        danger_seq=max(dangers, default=0),
        unread=row.unread,
        held=duration_in_words(now - row.assigned_at),
        active_at=row.last_at or row.assigned_at,
        waits_for_agent=not is_agents,
        has_left=has_left,
        is_offline=is_away and not is_asleep,
        is_asleep=is_asleep,
        is_dormant=row.is_dormant,
        unseen=duration_in_words(unseen),
        is_given=is_active and is_agents and is_before,
        is_unanswered=since is not None and not is_answered,
        waits_since=since,
        waited=duration_in_words(now - since) if since else "",
        own_since=own,
        own_waited=duration_in_words(now - own) if own else "",
        level=Level.KEPT if is_away else _level_of_wait(since, now),
        emergency_at=emergency_at,
        emergency_since=clock_in_words(now - emergency_at) if emergency_at else "",
        promise=ReturnPromise(row.promised, now) if row.promised else None,
        is_beyond=is_active and is_over and row.came_beyond,
    )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """It is one of the agent's conversations in the search over their own. It holds categories and dates, and no
    text."""

    conversation: Conversation
    place: str
    urgency_label: str
    outcome: str
    facts: list[str]


def search_result(row: Conversation) -> SearchResult:
    """Make a result of the search. row: one of `access.answered_by`, with its report and its sheet."""
    sheet = getattr(row, "sheet", None)
    return SearchResult(
        conversation=row,
        place=place_of(row.report),
        urgency_label=label_of(Urgency, row.urgency),
        outcome=label_of(Outcome, row.outcome) if row.outcome else label_of(Status, row.status),
        facts=[label_of(Element, value) for value in sheet.present] if sheet is not None else [],
    )


def is_in_view(entry: Entry, view: str) -> bool:
    """Return whether this entry belongs to one of VIEWS. `isInView` of `console/numbers.js` filters an open page so.

    Words of danger that are not dealt with, and an open procedure, belong to each view, answered or not and whatever
    the urgency.
    """
    if entry.dangers or entry.emergency_at is not None:
        return True
    if view == "a-repondre":
        return entry.turn in OWED
    return view != "urgents" or entry.conversation.urgency > Urgency.NORMAL


def open_entries(agent: Agent, now: datetime) -> list[Entry]:
    """Return the conversations under way of this agent, in the order that they chose, in one query, and one more for
    earlier words of danger (`_earlier_dangers`), which are kept when they are read for the first time
    (`danger.keep_marks`).
    Those that they see for the first time are given their handles (`give_handles`), the oldest assignment first."""
    reading = _Reading.begin()
    rows: list[Any] = _OPEN.read(agent=agent.pk)
    data_keys.load_for(row.last_body for row in rows)
    missing = [row.pk for row in rows if _handle_of(row) is None]
    given = give_handles(agent, missing) if missing else {}
    said = {row.pk: _last_message(row) for row in rows}
    dangers = reading.read(rows, said)
    is_over = sum(row.weight for row in rows if not row.is_dormant) > agent.capacity
    entries = [
        _entry(
            row,
            _handle_of(row) or given[row.pk],
            now,
            said=said[row.pk],
            dangers=dangers[row.pk],
            is_over=is_over,
        )
        for row in rows
    ]
    order = read_order(agent.list_order)
    return sorted(entries, key=lambda entry: entry.place_in(order))


def ended_entries(agent: Agent, now: datetime) -> tuple[list[Entry], bool]:
    """Return the conversations that were closed with this agent within ENDED_FOR, and whether there are others.

    The newest come first, ENDED_AT_MOST. Of those that the person ended, words of danger that nobody has dealt with are
    read as in `open_entries`: they may have come just before the end.
    """
    reading = _Reading.begin()
    rows = _ENDED.read(agent=agent.pk, since=now - ENDED_FOR)
    shown = rows[:ENDED_AT_MOST]
    dangers = _left_dangers(shown, reading, now)
    entries = [_entry(row, _handle_of(row), now, said="", dangers=dangers.get(row.pk, {})) for row in shown]
    return entries, len(rows) > ENDED_AT_MOST


def is_listed_as_ended(conversation: Conversation, now: datetime) -> bool:
    """Return whether the last agent of this conversation has it among `ended_entries`. One query."""
    agent, ended_at = conversation.assigned_to, conversation.closed_at
    if agent is None or ended_at is None or ended_at < now - ENDED_FOR:
        return False
    return access.ended_by(agent, ended_at).count() <= ENDED_AT_MOST


def _left_dangers(rows: Sequence[Any], reading: _Reading, now: datetime) -> dict[int, Dangers]:
    """Return the dangers of those among these exchanges that the person ended within `danger.LEFT_FOR`.

    Only their last messages are opened. What is found after the end is noted as left at the end, whenever it was found
    (`DangerMarkQuerySet.leave`).
    """
    since = now - danger.LEFT_FOR
    left = [
        row for row in rows if _keeps_marks(row) and row.closed_at >= since and (_pending(row) or _is_new(row, reading))
    ]
    if not left:
        return {}
    data_keys.load_for(row.last_body for row in left)
    dangers = reading.read(left, {row.pk: _last_message(row) for row in left})
    if found := {row.pk: row.closed_at for row in left if dangers[row.pk] and row.marks_left_at != row.closed_at}:
        DangerMark.objects.leave(found)
    return dangers


def _is_new(row: Any, reading: _Reading) -> bool:
    return row.last_said is not None and row.last_said > reading.known.get(row.public_id, 0)


def entry_of(agent: Agent, conversation: Conversation, now: datetime, own: list[Entry] | None = None) -> Entry:
    """Return the entry of one conversation of this agent. own: their `open_entries`, if they were read already."""
    for entry in open_entries(agent, now) if own is None else own:
        if entry.conversation.pk == conversation.pk:
            return entry
    reading = _Reading.begin()
    row = _with_activity(Conversation.objects.filter(pk=conversation.pk), agent.pk).get()
    if row.status == Status.ACTIVE:
        return _entry(row, _handle_of(row), now, said=_last_message(row), dangers={})
    return _entry(row, _handle_of(row), now, said="", dangers=_left_dangers([row], reading, now).get(row.pk, {}))


@dataclass(frozen=True, slots=True)
class QueueRow:
    """It is somebody in the queue as a page shows them.

    waited, unseen: for how long they have waited and have not been seen, in words, when the page was made.
    """

    person: WaitingPerson
    waited: str
    unseen: str


def queue_rows(queue: WaitingList, now: datetime) -> list[QueueRow]:
    """Return the rows of the queue, as the console and the board show them: whoever is marked stands first."""
    return [
        QueueRow(person, duration_in_words(now - person.since), duration_in_words(now - person.seen_at))
        for person in queue.shown
    ]
