"""A subscription is one socket's place in one conversation: what it was sent, what it is owed, and how it catches up.

Its cursor is the number of the last message sent to it. Messages from memory and messages from a reading both respect
the cursor, so that each is shown once and in order. Everything here runs in the event loop; the broadcaster
(`chat.realtime.broadcaster`) holds the subscriptions.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from chat.messages import protocol
from chat.messages.reading import Ask, Known, QueuePlace, Reading, Snapshot
from chat.realtime.interfaces import AnyConnection, Beat
from chat.rules.lifecycle import Author, Status

Json = dict[str, Any]

AGAIN_SECONDS = 1.0  # after this time a subscription that is ending reads again, if the database failed
# How long messages are held behind one that was given back. It is longer than any message can still be on its way: a
# page without an answer gives its line up after ten seconds (static/pnav/lib/outbox.js).
HELD_SECONDS = 10.0
# Whoever writes too fast is told to wait. A client may then drop that message and write another one a moment later, so
# that others are held only as long as what was on its way takes to arrive.
HELD_SECONDS_TOO_FAST = 2.0


class GivenBack(NamedTuple):
    """It is the first message of a socket that was given back, to be sent again.

    code: the error code that it got. until: the moment, in monotonic seconds, up to which the messages that follow it
    are given back too, with the same code.
    """

    client_id: str
    code: str
    until: float


class Subscription:
    """It is one socket's place in one conversation.

    agent_id: the agent whose socket it is; None for the reporter's.
    cursor: everything up to it was sent. snapshot: the state of the conversation when it was last read.
    owes_frame, owes_state: a `messages` or `state` frame has to be sent, even if nothing is new.
    beat: how far the answer to a beat is. is_hidden: the page said at its last beat that it is out of sight.
    given_back: nothing that the page sent after this message is written before it comes again (docs/adr/0101).
    is_reading: a reading is under way. is_again: another one must follow it. is_paced: the next page of a long reading
    is due later. is_ending: it ends as soon as everything was sent.
    """

    __slots__ = (
        "agent_id",
        "author",
        "beat",
        "connection",
        "conversation_id",
        "cursor",
        "given_back",
        "is_again",
        "is_ending",
        "is_hidden",
        "is_paced",
        "is_reading",
        "owes_frame",
        "owes_state",
        "place",
        "public_id",
        "snapshot",
        "topic",
        "wants_state",
    )  # fmt: skip

    def __init__(
        self, connection: AnyConnection, conversation_id: int, public_id: UUID, cursor: int, agent_id: int | None = None
    ) -> None:
        self.connection = connection
        self.conversation_id = conversation_id
        self.public_id = public_id
        self.topic = str(public_id)
        self.agent_id = agent_id
        self.author: str = Author.REPORTER.value if agent_id is None else Author.AGENT.value
        self.cursor = cursor
        self.snapshot: Snapshot | None = None
        self.place: QueuePlace = (None, None)
        self.is_reading = self.is_again = self.is_ending = self.is_paced = self.is_hidden = False
        self.owes_frame = self.owes_state = self.wants_state = False
        self.beat = Beat.NONE
        self.given_back: GivenBack | None = None

    def hold_behind(self, client_id: str, code: str, *, now: float) -> None:
        """Note that this message was given back, so that later ones of its page wait for it, for HELD_SECONDS at most.

        now: monotonic seconds. A message given back before stays the one that is waited for.
        """
        if self.given_back is None:
            seconds = HELD_SECONDS_TOO_FAST if code == protocol.RATE_LIMITED else HELD_SECONDS
            self.given_back = GivenBack(client_id, code, now + seconds)

    def held_code(self, client_id: str, *, now: float) -> str:
        """Return the code with which this message must be given back; "" when it may be written.

        It must be given back while an earlier message was given back and has not come again. now: monotonic seconds.
        """
        before = self.given_back
        if before is None:
            return ""
        if client_id != before.client_id and now < before.until:
            return before.code
        self.given_back = None
        return ""

    def deliver(self, event: Json, size: int, first: int, last: int) -> None:
        """Send a frame that holds the messages `first` to `last`; if some before them are missing, read instead.

        event: the ASGI event. size: the length of its text, in characters. Messages that were all sent before are not
        sent again.
        """
        if first <= self.cursor + 1:
            if last > self.cursor:
                self.cursor = last
                self.connection.push_event(event, size)
        else:
            self.catch_up()

    def acknowledge(self, event: Json, size: int, seq: int) -> None:
        """Send the author of a repeated message its answer again, because the first one may have been lost."""
        if seq <= self.cursor:
            self.connection.push_event(event, size)
        else:
            self.deliver(event, size, seq, seq)

    def resync(self) -> None:
        """Read what lies after the cursor, and the state of the conversation."""
        self.wants_state = True
        self.catch_up()

    def catch_up(self) -> None:
        """Read what lies after the cursor, unless the next page of a long reading is due anyway."""
        if self.is_paced:
            return
        if self.is_reading:
            self.is_again = True
            return
        self.is_reading = True
        self.connection.read_soon(self)

    @property
    def is_settled(self) -> bool:
        """Return whether everything that was asked for was sent. A beat may then be answered if nothing is new."""
        return self.snapshot is not None and not (
            self.is_reading or self.is_paced or self.is_ending or self.owes_frame or self.owes_state or self.wants_state
        )

    @property
    def known(self) -> Known:
        """Return what the page has, for a subscription that is settled: it is compared with the database at a beat."""
        return Known(self.conversation_id, self.cursor, self.snapshot.standing if self.snapshot is not None else 0)

    def push_event(self, event: Json, size: int) -> None:
        """Send an ASGI event that goes to several connections. size: the length of its text, in characters."""
        self.connection.push_event(event, size)

    @property
    def ask(self) -> Ask:
        """Return the request that a reading takes to a thread: what lies after the cursor, with the state if it is
        owed."""
        with_state = self.wants_state or self.owes_frame or self.owes_state or self.beat is not Beat.NONE
        return Ask(self.conversation_id, self.topic, self.cursor, self.agent_id, with_state)

    def apply(self, found: Reading | None) -> None:
        """Send what a reading found; None: the conversation was deleted.

        The cursor may have moved since the reading was asked for, forward by a delivery or back by a `sync` frame.
        """
        self.is_reading = False
        if found is None:  # the conversation was deleted
            if self.agent_id is None:
                self.connection.leave(protocol.CLOSE_NO_SESSION)
            elif self.is_ending:
                self._end("closed")
            else:  # an agent has several conversations: find out which remain
                self.connection.refresh()
            return
        if found.snapshot is not None and not self.connection.may_go_on(found.snapshot):
            return
        items = found.items
        if items and items[0]["seq"] != self.cursor + 1:
            items = [item for item in items if item["seq"] > self.cursor]
            if items and items[0]["seq"] != self.cursor + 1:  # a `sync` frame has moved the cursor back meanwhile
                self.catch_up()
                return
        last_seq = found.last_seq
        if self.owes_frame and found.snapshot is not None:
            self.cursor = min(self.cursor, last_seq)  # a client may claim to have messages up to 99 where there are 3
            self.owes_frame = False
            self.connection.push(protocol.encode(protocol.messages_frame(self.topic, items, last_seq)))
        elif items:
            self.connection.push(protocol.encode(protocol.messages_frame(self.topic, items, last_seq)))
        if items:
            self.cursor = items[-1]["seq"]
        if items and self.cursor < last_seq:
            self.is_again = False
            self.is_paced = True
            self.connection.pace(self._go_on)  # this page is full, and more messages follow
        elif self.is_again:
            self.is_again = False
            self.catch_up()
        elif found.snapshot is not None:
            self._show(found.snapshot)
        elif not items and self.agent_id is not None and not found.is_cut:
            self.connection.refresh()  # messages are there that this agent may no longer read

    def _go_on(self) -> None:
        self.is_paced = False
        self.catch_up()

    def _show(self, snapshot: Snapshot) -> None:
        """Send what is owed about the state of the conversation, now that all messages were read."""
        self.wants_state = False
        before, self.snapshot = self.snapshot, snapshot
        if self.owes_state or (before is not None and _has_moved(before, snapshot)):
            self.connection.show_state(self)
        if self.beat is Beat.RENEWED:
            self.beat = Beat.NONE
            self.connection.send(protocol.beat_frame(timezone.now()))
        if self.is_ending:
            self._end("closed" if snapshot.status == Status.CLOSED else "released")
        elif self.agent_id not in {None, snapshot.agent_id}:
            self.connection.refresh()

    def _end(self, reason: str) -> None:
        self.is_ending = False
        self.connection.send({"type": "released", "conversation": self.topic, "reason": reason})
        self.connection.unfollow(self)

    def fail(self) -> None:
        """Handle a reading that failed because the database did not answer.

        What was missed is read at the next notification, `sync` or beat. If the page asked for it, it gets an `error`.
        """
        self.is_reading = self.is_again = False
        if self.is_ending:
            self.connection.call_later(AGAIN_SECONDS, self.catch_up)
        elif self.owes_frame or self.owes_state or self.beat is not Beat.NONE:
            self.owes_frame = self.owes_state = False
            self.beat = Beat.NONE
            self.connection.send_error(protocol.UNAVAILABLE, "The exchange cannot be read now: ask again.")


def _has_moved(before: Snapshot, after: Snapshot) -> bool:
    return (before.status, before.interlocutor) != (after.status, after.interlocutor)
