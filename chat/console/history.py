"""Reads what stands beside the thread for the agent who answers: notes, and the history of the conversation in words.

For a conversation that was just obtained through `chat.access`. Whoever reads it otherwise than as its agent (a
supervisor who joins) has left a line in the register where they obtained it (docs/adr/0031).
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from chat.models import Agent, Conversation, ConversationEvent, EventKind, Note
from chat.rules.lifecycle import Outcome, UrgencyReason
from chat.rules.referral import State
from chat.rules.transfer import Answer, HandoverState, Manner, Reason
from common import plain_text
from locations.models import Force
from triage.rules import Urgency


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note as it stands. may_correct: by this agent. former: what it replaced, the last one first."""

    number: int
    author: str
    at: datetime
    text: str
    about: str
    may_correct: bool
    former: list[tuple[datetime, str]]


def notes_of(conversation: Conversation, agent: Agent) -> list[ShownNote]:
    """Read notes in the order in which they were first written, in one query."""
    rows = {note.pk: note for note in conversation.notes.select_related("agent", "event")}
    replaced = {note.replaces_id for note in rows.values()}
    found = []
    for note in rows.values():
        note.conversation = conversation
        if note.pk not in replaced:
            chain = _chain(note, rows)
            found.append((chain[-1].number, _shown(note, chain[1:], agent, conversation)))
    return [shown for _first, shown in sorted(found, key=lambda pair: pair[0])]


def _chain(note: Note, rows: dict[int, Note]) -> list[Note]:
    """This note, the one it replaced, and so on."""
    chain = [note]
    while chain[-1].replaces_id is not None:
        chain.append(rows[chain[-1].replaces_id])
    return chain


def _shown(note: Note, former: list[Note], agent: Agent, conversation: Conversation) -> ShownNote:
    for one in former:
        one.conversation = conversation
    return ShownNote(
        number=note.number,
        author=plain_text.plain(note.agent.public_name),
        at=note.written_at,
        text=note.shown,
        about=words_of(note.event) if note.event is not None else "",
        may_correct=note.agent_id == agent.pk and conversation.is_open,
        former=[(one.written_at, one.shown) for one in former],
    )


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the history. by: an agent's public name, empty for Pnav and for the person."""

    at: datetime
    words: str
    by: str


HISTORY_SHOWN = 100  # the last things that happened in a conversation; the first ones of a longer history are kept


def history_of(conversation: Conversation) -> list[HistoryLine]:
    """The last HISTORY_SHOWN things that happened, the first of them first; one query."""
    last = conversation.events.select_related("by__agent").order_by("-at", "-pk")[:HISTORY_SHOWN]
    return [HistoryLine(event.at, words_of(event), _name_of(event)) for event in reversed(last)]


def _name_of(event: ConversationEvent) -> str:
    agent = getattr(event.by, "agent", None)
    return plain_text.plain(agent.public_name) if agent is not None else ""


def words_of(event: ConversationEvent) -> str:
    """Say an event in words, with what the history keeps of it. A detail that nobody reads here is left out."""
    if event.kind not in EventKind.values:  # written by a process of a later version, beside this one
        return event.kind
    label = str(EventKind(event.kind).label)
    match event.kind:
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
    """« Passé à un collègue : avec un résumé que la personne relit, fin de service, résumé relu et accepté »."""
    known = {
        str(value): words for kind in (Manner, Reason, Answer, HandoverState, Force) for value, words in kind.choices
    }
    said = [str(known[value]) for value in detail.split() if value in known]
    return f"{label} : {', '.join(said)}" if said else label


def _urgency(label: str, detail: str) -> str:
    """« Urgence modifiée : normale → élevée. Danger immédiat ». Those of before have no reason."""
    degrees, _arrow, rest = detail.partition(" → ")
    after, _space, reason = rest.partition(" ")
    if not (degrees.isdigit() and after.isdigit() and {int(degrees), int(after)} <= set(Urgency.values)):
        return label
    words = f"{label} : {Urgency(int(degrees)).label.lower()} → {Urgency(int(after)).label.lower()}"
    if reason in UrgencyReason.values:
        words = _("%(change)s. %(reason)s") % {"change": words, "reason": UrgencyReason(reason).label}
    return words
