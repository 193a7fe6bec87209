"""Answers the frames of the protocol as plain HTTP requests, for networks that block sockets, and for both parties.

Writing and reading are the same as for sockets, one frame at a time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, RawPostDataException

from chat import pubsub
from chat.conversations import actions, dormancy
from chat.conversations.actions import Mark
from chat.conversations.position import position_by_key
from chat.messages import protocol, reading
from chat.messages.reading import Ask, QueuePlace, Reading, Snapshot
from chat.messages.writing import Written
from chat.models import Agent, Conversation
from chat.rules.lifecycle import Author, Status
from common import clock
from reports import closures

Json = dict[str, Any]
HTTP_PAGES = 5  # the most pages of messages in one answer to a page without a socket


def frame_sent(request: HttpRequest) -> protocol.Frame:
    """Return the frame that this request brings as its body.

    Raises ProtocolError for what is no frame, a form among it: its fields were read before, for the token against
    forgery, and its bytes cannot be read a second time.
    """
    try:
        body = request.body
    except RawPostDataException as error:
        raise protocol.ProtocolError(protocol.BAD_FRAME, "A frame is sent as JSON.") from error
    return protocol.parse(body)


@dataclass(frozen=True, slots=True)
class Party:
    """It is who sends a request, and to which conversation. agent: None for the reporter."""

    conversation_id: int
    public_id: UUID
    author: str
    agent: Agent | None = None

    @classmethod
    def reporter(cls, conversation: Conversation) -> "Party":
        """Return the person's side of their conversation."""
        return cls(conversation.pk, conversation.public_id, Author.REPORTER)

    @classmethod
    def of_agent(cls, conversation: Conversation, agent: Agent) -> "Party":
        """Return the side of the agent who answers in it."""
        return cls(conversation.pk, conversation.public_id, Author.AGENT, agent)


def read_after(party: Party, after: int) -> tuple[Reading, Snapshot]:
    """Read at most one page of the messages after the number `after`, in order, with the state of the conversation.

    Raises Conversation.DoesNotExist when it was deleted.
    """
    agent_id = party.agent.pk if party.agent is not None else None
    [found] = reading.read_messages([Ask(party.conversation_id, party.public_id, after, agent_id)])
    if found is None or found.snapshot is None:
        raise Conversation.DoesNotExist
    return found, found.snapshot


def _messages(party: Party, found: Reading) -> Json:
    return protocol.messages_frame(party.public_id, found.items, found.last_seq)


def read_state(party: Party) -> Json:
    """Return the `state` frame of the conversation. For a person who waits it holds the place and range of the wait."""
    return _state(party, reading.read_snapshots([party.conversation_id])[party.conversation_id])


def _state(party: Party, snapshot: Snapshot) -> Json:
    place: QueuePlace = (None, None)
    closed = None
    if snapshot.status == Status.WAITING:
        place = position_by_key(party.conversation_id)
        closed = closures.is_closed()
    is_reporter = party.author == Author.REPORTER
    return snapshot.state_frame(str(party.public_id), for_reporter=is_reporter, place=place, closed=closed)


def post_message(party: Party, frame: protocol.Post) -> Written:
    """Add the message of a frame. Raises ProtocolError (closed, forbidden, rate_limited), and KeysAway with the other
    errors of a database that is away (`unavailable_over_http`).
    """
    try:
        return actions.post_message(
            conversation_id=party.conversation_id,
            client_id=frame.client_id,
            body=frame.body,
            author=party.author,
            agent=party.agent,
        )
    except actions.TooFast as error:
        raise protocol.ProtocolError(protocol.RATE_LIMITED, protocol.TOO_FAST_DETAIL, str(frame.client_id)) from error
    except actions.ExchangeFull as error:
        raise protocol.ProtocolError(
            protocol.CLOSED, protocol.FULL_DETAIL, str(frame.client_id), protocol.FULL
        ) from error
    except actions.ConversationClosed as error:
        raise protocol.ProtocolError(protocol.CLOSED, "The conversation is closed.", frame.client_id) from error
    except actions.NotYours as error:
        raise protocol.ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", frame.client_id) from error


def mark_read(party: Party, seq: int) -> None:
    """Note that this party has everything up to `seq` on screen, in one statement. A lower number changes nothing."""
    actions.mark_read([Mark(party.conversation_id, party.author, seq)])


def renew_lease(party: Party, now: datetime, *, is_hidden: bool = False) -> None:
    """Renew the lease of this party. is_hidden: a person's page says that it is out of sight."""
    if party.agent is not None:
        actions.agents_seen(agent_ids=[party.agent.pk], now=now)
    else:
        hidden = [party.conversation_id] if is_hidden else []
        actions.reporters_seen(conversation_ids=[party.conversation_id], hidden=hidden, now=now)


def answer_over_http(party: Party, frame: protocol.Frame) -> list[Json]:
    """Handle one frame of a page without a socket, and return the frames that answer it.

    The lease of the party is renewed as well. Raises ProtocolError, and Conversation.DoesNotExist when it was deleted.
    """
    now = clock.now()
    renew_lease(party, now, is_hidden=isinstance(frame, protocol.Beat) and frame.is_hidden)
    match frame:
        case protocol.Post():
            written = post_message(party, frame)
            item = protocol.message_item(
                seq=written.seq,
                client_id=frame.client_id,
                author=party.author,
                sent_at=written.sent_at,
                body=written.body,
            )
            return [protocol.messages_frame(party.public_id, [item], written.seq)]
        case protocol.Sync(after=after):
            frames = []
            while True:
                found, snapshot = read_after(party, after)
                frames.append(_messages(party, found))
                if not protocol.has_more(frames[-1]) or len(frames) == HTTP_PAGES:
                    return [*frames, _state(party, snapshot)]
                after = found.items[-1]["seq"]
        case protocol.Beat(after=after):
            found, snapshot = read_after(party, after if after is not None else protocol.MAX_SEQ)
            news = [_messages(party, found)] if found.items else []
            return [*news, _state(party, snapshot), protocol.beat_frame(now)]
        case protocol.Typing():
            pubsub.publish_typing(party.public_id, party.author)
            if party.agent is not None:
                dormancy.agents_typed(conversation_ids=[party.conversation_id])
        case protocol.Read(seq=seq):
            mark_read(party, seq)
    return []


def unavailable_over_http(client_id: str | None) -> HttpResponse:
    """Return the answer to a frame while the database is away. The page keeps the message `client_id` for later."""
    detail = "The message could not be written: keep it and try again."
    return over_http([protocol.ProtocolError(protocol.UNAVAILABLE, detail, client_id).frame()])


def over_http(frames: list[Json]) -> HttpResponse:
    """Return frames as the HTTP response to a page without a socket, encoded as a socket would encode them."""
    return HttpResponse(
        protocol.encode({"frames": frames}),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
