"""This module reads an agent's notes, and the history of a conversation in words, for the page of the conversation.

The caller has just obtained the conversation through `chat.access`, where the access of anybody but its agent (of a
supervisor who joins) was recorded in the register (docs/adr/0031).
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from chat.models import Agent, Conversation, ConversationEvent, EventKind, Note
from chat.rules.lifecycle import NO_SIGN, OVER_CAPACITY, Outcome, UrgencyReason
from chat.rules.referral import State
from chat.rules.transfer import Answer, HandoverState, Manner, Reason
from common import plain_text
from locations.models import Force
from triage.rules import Urgency


@dataclass(frozen=True, slots=True)
class ShownNote:
    """It is the present version of a note.

    first: the number under which it was first written, which it keeps when it is corrected. may_correct: whether this
    agent may correct it. former: the versions that it replaced, the last one first. numbers: its own, and theirs.
    """

    number: int
    first: int
    author: str
    at: datetime
    text: str
    about: str
    may_correct: bool
    former: list[tuple[datetime, str]]
    numbers: frozenset[int]


def notes_of(conversation: Conversation, agent: Agent) -> list[ShownNote]:
    """Return the notes in the order in which they were first written. One query."""
    rows = {note.pk: note for note in conversation.notes.select_related("agent", "event")}
    replaced = {note.replaces_id for note in rows.values()}
    found = []
    for note in rows.values():
        note.conversation = conversation
        if note.pk not in replaced:
            chain = _chain(note, rows)
            found.append(_shown(note, chain[1:], agent, conversation))
    return sorted(found, key=lambda shown: shown.first)


def note_to_correct(shown: list[ShownNote], number: int | None) -> ShownNote | None:
    """Return the note whose present or former version has this number, if its agent may correct it.

    A correction that was refused is drawn there. None: it is gone, or nothing was to be corrected.
    """
    return next((note for note in shown if note.may_correct and number in note.numbers), None)


def _chain(note: Note, rows: dict[int, Note]) -> list[Note]:
    """Return this note, the one that it replaced, and so on."""
    chain = [note]
    while chain[-1].replaces_id is not None:
        chain.append(rows[chain[-1].replaces_id])
    return chain


def _shown(note: Note, former: list[Note], agent: Agent, conversation: Conversation) -> ShownNote:
    for one in former:
        one.conversation = conversation
    return ShownNote(
        number=note.number,
        first=(former or [note])[-1].number,
        author=plain_text.plain(note.agent.public_name),
        at=note.written_at,
        text=note.shown,
        about=words_of(note.event) if note.event is not None else "",
        may_correct=note.agent_id == agent.pk and conversation.is_open,
        former=[(one.written_at, one.shown) for one in former],
        numbers=frozenset({note.number, *(one.number for one in former)}),
    )


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """It is one line of the history. by: an agent's public name; "" for Pnav and for the person."""

    at: datetime
    words: str
    by: str


HISTORY_SHOWN = 100  # how many events are shown, the last ones; older ones stay in the database


def history_of(conversation: Conversation) -> list[HistoryLine]:
    """Return the last HISTORY_SHOWN events of the conversation, in order. One query."""
    last = conversation.events.select_related("by__agent").order_by("-at", "-pk")[:HISTORY_SHOWN]
    return [HistoryLine(event.at, words_of(event), _name_of(event)) for event in reversed(last)]


def _name_of(event: ConversationEvent) -> str:
    agent = getattr(event.by, "agent", None)
    return plain_text.plain(agent.public_name) if agent is not None else ""


def words_of(event: ConversationEvent) -> str:
    """Return an event in words, with its detail, except details that are not meant for this page."""
    if event.kind not in EventKind.values:  # a process of a later version wrote it
        return event.kind
    label = str(EventKind(event.kind).label)
    match event.kind:
        case EventKind.RELEASED if event.detail == NO_SIGN:
            return _("Rendu à la file : pas de signe de l'agent")
        case EventKind.ASSIGNED if event.detail == OVER_CAPACITY:
            return _("Confié au-delà des places : en danger, et d'autres personnes n'écrivaient plus")
        case EventKind.URGENCY:
            return _urgency(label, event.detail)
        case EventKind.HELD:
            return f"{label} : {event.detail}"
        case EventKind.TRANSMISSION if event.detail in State.values:
            return f"{label} : {State(event.detail).label.lower()}"
        case EventKind.CLOSED if event.detail in Outcome.values:
            return f"{label} : {Outcome(event.detail).label}"
        case EventKind.PASSAGE | EventKind.HANDED_OVER | EventKind.TRANSFERRED | EventKind.KEPT:
            return _passage(label, event.detail)
        case EventKind.SUMMARY if event.detail in Answer.values:
            return str(Answer(event.detail).label)
    return label


def _passage(label: str, detail: str) -> str:
    """Return « Passé à un collègue : avec un résumé que la personne relit, fin de service, résumé relu et accepté »."""
    known = {
        str(value): words for kind in (Manner, Reason, Answer, HandoverState, Force) for value, words in kind.choices
    }
    said = [str(known[value]) for value in detail.split() if value in known]
    return f"{label} : {', '.join(said)}" if said else label


def _urgency(label: str, detail: str) -> str:
    """Return « Urgence modifiée : normale → élevée. Danger immédiat ». Events of early versions have no reason."""
    degrees, _arrow, rest = detail.partition(" → ")
    after, _space, reason = rest.partition(" ")
    if not (degrees.isdigit() and after.isdigit() and {int(degrees), int(after)} <= set(Urgency.values)):
        return label
    words = f"{label} : {Urgency(int(degrees)).label.lower()} → {Urgency(int(after)).label.lower()}"
    if reason in UrgencyReason.values:
        words = _("%(change)s. %(reason)s") % {"change": words, "reason": UrgencyReason(reason).label}
    return words
