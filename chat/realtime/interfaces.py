"""Interfaces between the modules of `chat.realtime`, so that they need not import each other in a circle.

A connection has subscriptions, a subscription sends through its connection, and the broadcaster knows both. A module
that needs the type of a connection or of a console imports it from here, and can be read and tested by itself.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from chat.messages.reading import KnownOwn, Own, Snapshot

Json = dict[str, Any]


class Beat(Enum):
    """It is how far the answer to a beat is. It may be sent once the lease is renewed, in the crossing that reads
    news."""

    NONE = 0
    ASKED = 1
    RENEWED = 2


class Transport(Protocol):
    """It is the network connection to a client, as the server hands it over: `pnav.server.lines.Line`."""

    @property
    def waiting(self) -> int:
        """Return how many bytes the client has not taken yet."""

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        """Read nothing from the client for now. What it sends then waits in the network and at the client."""

    def resumeProducing(self) -> None:  # noqa: N802
        """Read from the client again."""


class AnyConnection(Protocol):
    """It is the part of a connection that others use: `connection.Connection`, or its stand-in in a test."""

    visit: str
    transport: Transport | None
    leaving: bool
    check_tick: int  # the set of `chat.realtime.check_rounds` in which it lies

    @property
    def is_metered(self) -> bool:
        """Return whether limits of pace hold; False only for a session of a measurement."""

    # -- out

    def push(self, text: str) -> None:
        """Send a frame now, without waiting."""

    def push_event(self, event: Json, size: int) -> None:
        """Send an ASGI event that goes to several connections. size: the length of its text, in characters."""

    def send(self, frame: Json) -> None:
        """Encode a frame and send it now."""

    def send_error(self, code: str, detail: str, client_id: str | None = None) -> None:
        """Send an `error` frame (docs/protocol.md). client_id: that of the message that it is about, if any."""

    def leave(self, code: int) -> None:
        """Close the socket with this code, which says whether the client should come back (docs/protocol.md)."""

    # -- the right to go on

    @property
    def check_seconds(self) -> float:
        """Return the seconds from one check to the next."""

    def check(self, now: float) -> None:
        """Check, at each round of the broadcaster, whether the visit may stay. now: monotonic seconds."""

    def may_go_on(self, snapshot: Snapshot) -> bool:
        """Return whether a conversation just read is still this visit's; if not, the connection has been told to
        leave."""

    def refresh(self) -> None:
        """Find out which conversations are this connection's, because one that was just read no longer is."""

    # -- for its subscriptions: each of these takes the one that asks

    def read_soon(self, subscription: Any) -> None:
        """Read what lies after its cursor, together with others; the answer goes to `Subscription.apply`."""

    def show_state(self, subscription: Any) -> None:
        """Send the state of its conversation."""

    def unfollow(self, subscription: Any) -> None:
        """Deliver nothing more to a subscription that has ended."""

    def pace(self, catch_up: Callable[[], None]) -> None:
        """Call `catch_up` when the next page of a long reading may be read: some at once, then a steady rate."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this in the event loop after so many seconds."""


class AnyConsole(AnyConnection, Protocol):
    """It is the part of an agent's connection that others use besides: `consumers.ConsoleConnection`."""

    agent_id: int
    beat: Beat
    sign: int | None
    is_doubtful: bool

    @property
    def is_settled(self) -> bool:
        """Return whether no question about its agent is open. A beat may then be answered if nothing is new."""

    @property
    def known(self) -> KnownOwn:
        """Return what this console was sent of its agent's conversations: it is compared with the database at a
        beat."""

    def catch_up(self) -> None:
        """Read which conversations are this agent's."""

    def apply(self, answer: Own | Exception | None) -> None:
        """Follow exactly the conversations that are this agent's now. None: the account may no longer answer."""

    def show_queue(self, text: str) -> None:
        """Send the queue, unless this console has it already."""
