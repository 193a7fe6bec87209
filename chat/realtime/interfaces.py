"""What the parts of the realtime side know of one another, so that none of them imports in a circle.

A connection has subscriptions, a subscription sends through its connection, and the broadcaster knows both. Whoever
needs a connection or a console imports it from here: each module can be read, and tested, without the others.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from chat.messages.reading import KnownOwn, Own, Snapshot

Json = dict[str, Any]


class Beat(Enum):
    """The answer to a beat is owed until the lease is renewed, in the same crossing that looks for what was missed."""

    NONE = 0
    ASKED = 1
    RENEWED = 2


class Transport(Protocol):
    """The line to a client, as the server hands it over: `pnav.server.lines.Line`."""

    @property
    def waiting(self) -> int:
        """Bytes that wait for the client to read."""

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        """Read nothing from the client for now: what it sends waits at the client's."""

    def resumeProducing(self) -> None:  # noqa: N802
        """Read again."""


class AnyConnection(Protocol):
    """The part of a connection that others use: `connection.Connection`, or its stand-in in a test."""

    visit: str
    transport: Transport | None
    leaving: bool

    @property
    def is_metered(self) -> bool:
        """False for a session of a measurement alone."""

    # -- out

    def push(self, text: str) -> None:
        """Send a frame now, without waiting."""

    def push_event(self, event: Json, size: int) -> None:
        """Send an event that goes to several connections. size: of its text, in characters."""

    def send(self, frame: Json) -> None:
        """Send a frame that is not encoded yet."""

    def send_error(self, code: str, detail: str, client_id: str | None = None) -> None:
        """Send an `error` frame."""

    def leave(self, code: int) -> None:
        """Hang up; the client may come back."""

    # -- the right to go on

    def check(self, now: float) -> None:
        """Ask, at each round, whether the visit still has the right to be here."""

    def may_go_on(self, snapshot: Snapshot) -> bool:
        """Whether a conversation just read is still this visit's; if not, the connection has been told to leave."""

    def refresh(self) -> None:
        """A conversation that was just read is no longer this connection's: find out which are."""

    # -- for its subscriptions: each of these takes the one that asks

    def read_soon(self, subscription: Any) -> None:
        """Read what lies after its cursor, with others; the answer is applied to it."""

    def show_state(self, subscription: Any) -> None:
        """Send where its conversation stands."""

    def unfollow(self, subscription: Any) -> None:
        """It has ended: deliver nothing more to it."""

    def pace(self, catch_up: Callable[[], None]) -> None:
        """The next page of a long reading: so many at once, then as fast as a person could read."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this in the event loop after so long."""


class AnyConsole(AnyConnection, Protocol):
    """The part of an agent's connection that others use besides: `consumers.ConsoleConnection`."""

    agent_id: int
    beat: Beat
    is_doubtful: bool

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being asked of its agent: a beat then has nothing to wait for but what is new."""

    @property
    def known(self) -> KnownOwn:
        """What it has of the conversations of its agent."""

    def catch_up(self) -> None:
        """Read which conversations are this agent's."""

    def apply(self, answer: Own | Exception | None) -> None:
        """Follow exactly the conversations that are this agent's now."""

    def show_queue(self, text: str) -> None:
        """Send the queue, unless this console has it already."""
