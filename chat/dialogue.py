"""What a frame does and what answers it, for both parties, without sockets.

The sockets and the plain HTTP page of networks that block sockets both speak through here. Synchronous: a consumer
crosses once a frame.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone, translation

from chat import access, actions, doorbell, protocol
from chat.lifecycle import Author, Status
from chat.models import Agent, Conversation, Message
from chat.queue import Board, read_board
from triage.rules import Urgency

Json = dict[str, Any]
HTTP_PAGES = 5  # in one answer of the page without a socket


@dataclass(frozen=True, slots=True)
class Party:
    """Who is on the line, and of which conversation."""

    conversation_id: int
    public_id: UUID
    author: str
    agent: Agent | None = None

    @classmethod
    def reporter(cls, conversation: Conversation) -> "Party":
        return cls(conversation.pk, conversation.public_id, Author.REPORTER)

    @classmethod
    def of_agent(cls, conversation: Conversation, agent: Agent) -> "Party":
        return cls(conversation.pk, conversation.public_id, Author.AGENT, agent)


def item(message: Message) -> Json:
    """A message as the frames carry it; its conversation must be at hand."""
    return protocol.message_item(
        seq=message.seq,
        client_id=message.client_id,
        author=message.author,
        sent_at=message.sent_at,
        body=message.body,
    )


def read_after(party: Party, after: int) -> Json:
    """At most one page of what lies after `after`, in order, as a `messages` frame (which may be empty).

    A page holds at most protocol.PAGE messages and about protocol.PAGE_BYTES; `last_seq` says whether more follow.
    An agent reads nothing of a conversation that went to somebody else meanwhile, whoever asked to look.
    """
    rows = Message.objects.filter(conversation_id=party.conversation_id, seq__gt=after)
    if party.agent is not None:
        rows = rows.filter(conversation__assigned_to=party.agent)
    items: list[Json] = []
    size = last_seq = 0
    for message in rows.select_related("conversation")[: protocol.PAGE]:
        last_seq = message.conversation.last_seq
        items.append(item(message))
        size += protocol.size_of(items[-1])
        if size > protocol.PAGE_BYTES and len(items) > 1:
            items.pop()
            break
    if not items:
        # `after` may be beyond the end: say where the end is.
        last_seq = Conversation.objects.values_list("last_seq", flat=True).get(pk=party.conversation_id)
    return protocol.messages_frame(party.public_id, items, last_seq)


def pages_after(party: Party, after: int, at_most: int) -> list[Json]:
    """The pages after `after`, at least one frame and at most so many: whoever wants more asks again."""
    frames = [read_after(party, after)]
    while len(frames) < at_most and protocol.has_more(frames[-1]):
        frames.append(read_after(party, frames[-1]["items"][-1]["seq"]))
    return frames


def state(party: Party, board: Board | None = None) -> Json:
    """The `state` frame: for a person who waits, with an honest place and range."""
    conversation = Conversation.objects.select_related("report", "assigned_to__unit").get(pk=party.conversation_id)
    position = None
    wait = None
    if conversation.status == Status.WAITING:
        # A board kept from a moment ago may not hold somebody who has just arrived.
        if board is None or board.position(conversation.public_id) is None:
            board = read_board()
        position = board.position(conversation.public_id)
        wait = board.wait_minutes(position)
    agent = conversation.assigned_to
    with translation.override(conversation.report.language):  # a socket has no language of its own
        interlocutor = agent.interlocutor if agent else None
    return protocol.state_frame(
        conversation.public_id,
        status=conversation.status,
        position=position,
        wait_minutes=wait,
        interlocutor=interlocutor,
        last_seq=conversation.last_seq,
        read_seq=conversation.agent_read_seq if party.author == Author.REPORTER else conversation.reporter_read_seq,
    )


def post(party: Party, frame: protocol.Post) -> Message:
    """Add the message of a frame. Raises ProtocolError (closed, forbidden)."""
    try:
        return actions.post_message(
            conversation_id=party.conversation_id,
            client_id=frame.client_id,
            body=frame.body,
            author=party.author,
            agent=party.agent,
        )
    except actions.ConversationClosed as error:
        raise protocol.ProtocolError(protocol.CLOSED, "The conversation is closed.", frame.client_id) from error
    except actions.NotYours as error:
        raise protocol.ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", frame.client_id) from error


def mark_read(party: Party, seq: int) -> None:
    actions.mark_read(conversation_id=party.conversation_id, public_id=party.public_id, author=party.author, seq=seq)


def seen(party: Party, now: datetime) -> bool:
    """Renew the lease of this party; False when the agent may no longer answer."""
    if party.agent is not None:
        return actions.agent_seen(agent_id=party.agent.pk, now=now)
    actions.reporter_seen(conversation_id=party.conversation_id, now=now)
    return True


def answer_over_http(party: Party, frame: protocol.Frame) -> list[Json]:
    """The frames that answer one frame of a page that has no socket. Raises ProtocolError."""
    now = timezone.now()
    seen(party, now)
    match frame:
        case protocol.Post():
            message = post(party, frame)
            return [protocol.messages_frame(party.public_id, [item(message)], message.seq)]
        case protocol.Sync(after=after):
            return [*pages_after(party, after, HTTP_PAGES), state(party)]
        case protocol.Beat(after=after):
            news = read_after(party, after) if after is not None else None
            beat = protocol.beat_frame(now)
            return [*([news] if news and news["items"] else []), state(party), beat]
        case protocol.Typing():
            doorbell.typing(party.public_id, party.author)
        case protocol.Read(seq=seq):
            mark_read(party, seq)
    return []


# --- the console ------------------------------------------------------------------------------------------------------


def queue_frame() -> Json:
    """Who waits, for every console: since when, how urgent, of which zone. No message text, no answer of the triage."""
    rows = Conversation.objects.waiting().select_related("report__municipality")[:100]
    items = [
        {
            "conversation": str(row.public_id),
            "since": protocol.instant(row.queued_at),
            "urgency": Urgency(row.urgency).name.lower(),
            "urgency_label": str(Urgency(row.urgency).label),
            "force": row.force or None,
            "place": str(row.report.municipality) if row.report.municipality else row.report.postal_code,
            "minor": row.report.is_minor,
            "role": row.report.role,
        }
        for row in rows
    ]
    waiting = len(items) if len(items) < 100 else Conversation.objects.waiting().count()
    return {"type": "queue", "waiting": waiting, "items": items}


def own_conversations(agent: Agent) -> dict[UUID, tuple[int, int]]:
    """The conversations this agent answers now: public id to (key, last_seq)."""
    rows = access.assigned_to(agent).order_by("assigned_at").values_list("public_id", "pk", "last_seq")
    return {public_id: (pk, last_seq) for public_id, pk, last_seq in rows}


def status_of(public_id: UUID) -> str:
    """Where a conversation stands, to say why it left a console."""
    return Conversation.objects.values_list("status", flat=True).get(public_id=public_id)
