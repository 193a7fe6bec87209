"""A subscription is one socket's place in one conversation: what it has, what it is owed, and how it catches up.

The cursor is everything: whatever comes, from memory or from a reading, goes through it, so that a message is shown
once and in order. All of it runs in the event loop; the broadcaster (`chat.realtime.broadcaster`) owns the
subscriptions and asks for them.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from chat.messages import protocol
from chat.messages.reading import Ask, Known, Place, Reading, Snapshot
from chat.realtime.interfaces import AnyConnection, Beat
from chat.rules.lifecycle import Author, Status

Json = dict[str, Any]

AGAIN_SECONDS = 1.0
# Longer than what is on its way stays on its way: after ten seconds without an answer a page gives its line up
# (static/pnav/lib/outbox.js).
HELD_SECONDS = 10.0
# Whoever wrote too fast is told to wait, so that a client may well leave that message out and write another one after a
# moment: that one is held no longer than what was on its way takes to arrive.
HELD_SECONDS_TOO_FAST = 2.0


class GivenBack(NamedTuple):
    """The first message of a socket that was given back, by its `client_id`, with which code, and until when what
    follows it is given back as well (monotonic seconds)."""

    client_id: str
    code: str
    until: float


class Subscription:
    """One socket's place in one conversation.

    cursor: everything up to it was sent. snapshot: where the conversation stood when it was last read.
    owes_frame, owes_state: a `messages` and a `state` frame are expected, even if nothing is new.
    beat: where the answer to a beat stands. is_hidden: the page said at its last beat that it is out of sight.
    given_back: nothing that its page sent after this one is written before it comes again (docs/adr/0101).
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
        self.place: Place = (None, None)
        self.is_reading = self.is_again = self.is_ending = self.is_paced = self.is_hidden = False
        self.owes_frame = self.owes_state = self.wants_state = False
        self.beat = Beat.NONE
        self.given_back: GivenBack | None = None

    def hold_behind(self, client_id: str, code: str, *, now: float) -> None:
        """This message was given back, to be sent again: what its page sent after it waits, for a while at most."""
        if self.given_back is None:
            seconds = HELD_SECONDS_TOO_FAST if code == protocol.RATE_LIMITED else HELD_SECONDS
            self.given_back = GivenBack(client_id, code, now + seconds)

    def held_code(self, client_id: str, *, now: float) -> str:
        """The code with which this message is given back, because one before it was and has not come again; else ""."""
        before = self.given_back
        if before is None:
            return ""
        if client_id != before.client_id and now < before.until:
            return before.code
        self.given_back = None
        return ""

    def deliver(self, event: Json, size: int, first: int, last: int) -> None:
        """A frame that holds the messages `first` to `last`, ready to be sent."""
        if first <= self.cursor + 1:
            if last > self.cursor:
                self.cursor = last
                self.connection.push_event(event, size)
        else:
            self.catch_up()

    def acknowledge(self, event: Json, size: int, seq: int) -> None:
        """Owe the author of a repeat its answer again, because the first one was perhaps lost on the way."""
        if seq <= self.cursor:
            self.connection.push_event(event, size)
        else:
            self.deliver(event, size, seq, seq)

    def resync(self) -> None:
        """Read what lies after the cursor, and where the conversation stands."""
        self.wants_state = True
        self.catch_up()

    def catch_up(self) -> None:
        """Read what lies after the cursor. Whoever waits for the next page of a long reading reads it then."""
        if self.is_paced:
            return
        if self.is_reading:
            self.is_again = True
            return
        self.is_reading = True
        self.connection.read_soon(self)

    @property
    def is_settled(self) -> bool:
        """Whether all that was asked for was sent: a beat then has nothing to wait for but what is new."""
        return self.snapshot is not None and not (
            self.is_reading or self.is_paced or self.is_ending or self.owes_frame or self.owes_state or self.wants_state
        )

    @property
    def known(self) -> Known:
        """What the page has, of one that is settled."""
        return Known(self.conversation_id, self.cursor, self.snapshot.standing if self.snapshot is not None else 0)

    def push_event(self, event: Json, size: int) -> None:
        """Send an event that goes to several; size: of its text, in characters."""
        self.connection.push_event(event, size)

    @property
    def ask(self) -> Ask:
        """The value that a reading takes to a thread: what lies after the cursor, with the state if it is owed."""
        with_state = self.wants_state or self.owes_frame or self.owes_state or self.beat is not Beat.NONE
        return Ask(self.conversation_id, self.topic, self.cursor, self.agent_id, with_state)

    def apply(self, found: Reading | None) -> None:
        """The answer of a reading, which may have been asked with another cursor."""
        self.is_reading = False
        if found is None:  # the conversation was deleted
            if self.agent_id is None:
                self.connection.leave(protocol.CLOSE_NO_SESSION)
            elif self.is_ending:
                self._end("closed")
            else:  # one of many: find out which remain
                self.connection.refresh()
            return
        if found.snapshot is not None and not self.connection.may_go_on(found.snapshot):
            return
        items = found.items
        if items and items[0]["seq"] != self.cursor + 1:
            items = [item for item in items if item["seq"] > self.cursor]
            if items and items[0]["seq"] != self.cursor + 1:  # a `sync` went back meanwhile
                self.catch_up()
                return
        last_seq = found.last_seq
        if self.owes_frame and found.snapshot is not None:
            self.cursor = min(self.cursor, last_seq)  # « I have everything up to 99 », of 3
            self.owes_frame = False
            self.connection.push(protocol.encode(protocol.messages_frame(self.topic, items, last_seq)))
        elif items:
            self.connection.push(protocol.encode(protocol.messages_frame(self.topic, items, last_seq)))
        if items:
            self.cursor = items[-1]["seq"]
        if items and self.cursor < last_seq:
            self.is_again = False
            self.is_paced = True
            self.connection.pace(self._go_on)  # a whole page, and there are more
        elif self.is_again:
            self.is_again = False
            self.catch_up()
        elif found.snapshot is not None:
            self._show(found.snapshot)
        elif not items and self.agent_id is not None:
            self.connection.refresh()  # something is there, and not for this agent any more

    def _go_on(self) -> None:
        self.is_paced = False
        self.catch_up()

    def _show(self, snapshot: Snapshot) -> None:
        """Everything was read: what remains to be said of where the conversation stands."""
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
        """The database did not answer. What was missed is seen at the next ring, sync or beat; who asked is told."""
        self.is_reading = self.is_again = False
        if self.is_ending:
            self.connection.call_later(AGAIN_SECONDS, self.catch_up)
        elif self.owes_frame or self.owes_state or self.beat is not Beat.NONE:
            self.owes_frame = self.owes_state = False
            self.beat = Beat.NONE
            self.connection.send_error(protocol.UNAVAILABLE, "The exchange cannot be read now: ask again.")


def _has_moved(before: Snapshot, after: Snapshot) -> bool:
    return (before.status, before.interlocutor) != (after.status, after.interlocutor)
