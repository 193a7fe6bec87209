"""These are the two kinds of sockets, a person's and an agent's.

They prove access and hand frames over to the broadcaster. What both have in common is in `chat.realtime.connection`.
"""

import logging
from typing import Any
from uuid import UUID

from django.utils import timezone

from chat import access, token_bucket
from chat.database import DATABASE_AWAY, in_db
from chat.messages import protocol, rejected_frames
from chat.messages.protocol import ProtocolError
from chat.messages.reading import KnownOwn, Own, Snapshot
from chat.realtime.authentication import Identities, Identity
from chat.realtime.broadcaster import Broadcaster
from chat.realtime.connection import POSTS, Connection, Send
from chat.realtime.interfaces import Beat
from chat.realtime.subscription import Subscription
from chat.token_bucket import Bucket
from common import security_log
from common.client_address import connection_of_scope
from common.database_errors import describe_error
from common.security_log import Event
from reports.reporter_identity import Arrival

logger = logging.getLogger(__name__)


class VisitorConnection(Connection):
    """`/ws/conversation/`: the socket of a reporter, for the one conversation of their visit."""

    line = "conversation"
    subscription: Subscription
    report: str
    generation: int
    _posts: Bucket

    __slots__ = ("_posts", "generation", "report", "subscription")

    @classmethod
    async def admit(
        cls, broadcaster: Broadcaster, identities: Identities, session_key: str | None, send: Send
    ) -> "Connection | int":
        """Return the connection of a visit that may follow its exchange, or the code that closes the handshake."""
        identity, found = await identities.reporters.ask(session_key) if session_key else (None, None)
        if identity is None or identity.report is None or found is None:
            security_log.log(Event.SOCKET_REFUSED, socket=cls.line, why="no_session")
            return protocol.CLOSE_NO_SESSION
        connection = cls(broadcaster, identities, identity, send)
        connection.report, connection.generation = identity.report, identity.generation
        connection.subscription = Subscription(connection, found.conversation_id, found.public_id, found.last_seq)
        connection._posts = POSTS.of(found.public_id)
        return connection

    def on_open(self, scope: dict[str, Any]) -> None:
        """Note from which address and port the person came. A thread encrypts that soon, together with others."""
        self.identities.note(Arrival(UUID(self.report), connection_of_scope(scope), timezone.now()))

    def subscribe(self) -> None:
        """Follow the one conversation of this visit."""
        self.broadcaster.subscribe(self.subscription)

    def unsubscribe(self) -> None:
        """Stop following it."""
        self.broadcaster.unsubscribe(self.subscription)
        POSTS.let_go(self._posts)
        # The subscription refers to this connection. As a cycle, both would stay until the next full collection.
        del self.subscription

    def is_still_entitled(self, identity: Identity) -> bool:
        """Return whether the visit still speaks for the same report, in the same generation (ADR 0010)."""
        return (identity.report, identity.generation) == (self.report, self.generation)

    def may_go_on(self, snapshot: Snapshot) -> bool:
        """Return whether the reading is still of this visit; if not, the connection is closed."""
        # A resume code that was used elsewhere ends what this visit may see.
        if snapshot.generation == self.generation:
            return True
        self.leave(protocol.CLOSE_NO_SESSION)
        return False

    def find_subscription(self, frame: protocol.Post) -> Subscription | None:
        """Return the subscription to which a message is posted: its own, or None when another conversation is named."""
        return self.subscription if frame.conversation in {None, self.subscription.public_id} else None

    def handle(self, frame: protocol.Frame) -> None:
        subscription = self.subscription
        client_id = getattr(frame, "client_id", None)
        if frame.conversation is not None and frame.conversation != subscription.public_id:
            raise ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
        if isinstance(frame, protocol.Beat):
            if frame.after is not None:
                subscription.cursor = min(frame.after, subscription.cursor)
            subscription.is_hidden = frame.is_hidden
            self.broadcaster.beat(subscription)
            return
        # All sockets of a conversation in this process share this bucket. It keeps a flood away from the database,
        # which applies the exact limit (`chat.rules.message_limits`).
        if client_id is not None and self._bucket is not None and not self._posts.take():
            security_log.log(Event.LIMIT_REACHED, limit="posts")
            raise ProtocolError(protocol.RATE_LIMITED, protocol.TOO_FAST_DETAIL, client_id)
        self.handle_in(subscription, frame)


class ConsoleConnection(Connection):
    """`/ws/console/`: the socket of an agent, for all of their conversations and the queue.

    own: the conversations as they were last read, by public id. sign: seconds since somebody touched the page, as its
    last beat said.
    """

    line = "console"
    agent_id: int
    own: Own
    subscriptions: dict[UUID, Subscription]
    beat: Beat
    sign: int | None
    _is_catching_up: bool
    _is_again: bool
    is_doubtful: bool  # something about the account changed, so the next reading asks whether it may still answer
    _queue_text: str
    _posts: Bucket

    __slots__ = (
        "_is_again",
        "_is_catching_up",
        "_posts",
        "_queue_text",
        "agent_id",
        "beat",
        "is_doubtful",
        "own",
        "sign",
        "subscriptions",
    )

    @classmethod
    async def admit(
        cls, broadcaster: Broadcaster, identities: Identities, session_key: str | None, send: Send
    ) -> "Connection | int":
        """Return the connection of an agent's console, or the code that closes the handshake."""
        identity, found = await identities.agents.ask(session_key) if session_key else (None, None)
        if identity is None or identity.user_id is None:
            security_log.log(Event.SOCKET_REFUSED, socket=cls.line, why="no_session")
            return protocol.CLOSE_NO_SESSION
        if found is None:
            security_log.log(Event.SOCKET_REFUSED, socket=cls.line, why="wrong_role", account=identity.user_id)
            return protocol.CLOSE_FORBIDDEN
        connection = cls(broadcaster, identities, identity, send)
        connection.agent_id, connection.own = found.agent_id, found.own
        connection._posts = token_bucket.of_agent(found.agent_id)
        connection.subscriptions = {}
        connection.beat = Beat.NONE
        connection.sign = None
        connection._is_catching_up = connection._is_again = connection.is_doubtful = False
        connection._queue_text = ""
        return connection

    @property
    def account(self) -> int | None:
        """Return the agent's account, with which refused frames are logged."""
        return self.pass_.user_id

    def subscribe(self) -> None:
        """Follow every conversation that is the agent's, and the queue."""
        self.apply(self.own)
        self.broadcaster.enter(self)

    def unsubscribe(self) -> None:
        """Stop following them and the queue."""
        self.broadcaster.exit(self)
        for subscription in self.subscriptions.values():
            self.broadcaster.unsubscribe(subscription)
        # Each refers to this connection, a cycle that is broken here (`VisitorConnection.unsubscribe`).
        self.subscriptions.clear()

    def is_still_entitled(self, identity: Identity) -> bool:
        """Return whether somebody is still signed in. Which conversations are theirs is read again as well."""
        self.is_doubtful = True
        self.catch_up()
        return identity.user_id is not None

    def show_queue(self, text: str) -> None:
        """Send the queue, unless this console has it already."""
        if text != self._queue_text:
            self._queue_text = text
            self.push(text)

    @property
    def is_settled(self) -> bool:
        """Return whether no question about this agent is open. A beat may then be answered if nothing is new."""
        return not (self._is_catching_up or self.is_doubtful)

    @property
    def known(self) -> KnownOwn:
        """Return what this console was sent of its agent's conversations: it is compared with the database at a
        beat."""
        followed = self.subscriptions.values()
        return KnownOwn(self.agent_id, tuple([(one.conversation_id, one.cursor) for one in followed]))

    def catch_up(self) -> None:
        """Read which conversations are this agent's."""
        if self._is_catching_up:
            self._is_again = True
            return
        self._is_catching_up = True
        self.broadcaster.owners.add(self)

    refresh = catch_up

    def apply(self, answer: Own | Exception | None) -> None:
        """Follow exactly the conversations that are this agent's now, and send what lies after each cursor.

        None: the account may no longer answer, and the socket is closed. An error ends in an `error` frame if a beat
        waits for its answer.
        """
        self._is_catching_up = False
        if self._is_again:
            self._is_again = False
            self.catch_up()
        if self.leaving:
            return
        if isinstance(answer, Exception):
            logger.warning("console: the database failed (%s)", type(answer).__name__)
            if self.beat is not Beat.NONE:
                self.beat = Beat.NONE
                self.send_error(protocol.UNAVAILABLE, "The database does not answer now.")
            return
        if answer is None:
            self.leave(protocol.CLOSE_FORBIDDEN)
            return
        self.own = answer
        self.is_doubtful = self.is_doubtful and self._is_catching_up
        for public_id in [public_id for public_id in self.subscriptions if public_id not in answer]:
            self.broadcaster.release(self.subscriptions.pop(public_id))
        for public_id, (pk, last_seq) in answer.items():
            subscription = self.subscriptions.get(public_id)
            if subscription is None:
                subscription = Subscription(self, pk, public_id, last_seq, self.agent_id)
                self.subscriptions[public_id] = subscription
                self.broadcaster.subscribe(subscription)
                self.send({"type": "assigned", "conversation": str(public_id)})
            elif last_seq > subscription.cursor:
                subscription.catch_up()
        if self.beat is Beat.RENEWED:
            self.beat = Beat.NONE
            self.send(protocol.beat_frame(timezone.now()))

    def find_subscription(self, frame: protocol.Post) -> Subscription | None:
        """Return the subscription to the named conversation; None when the agent does not have it, or none is named."""
        return None if frame.conversation is None else self.subscriptions.get(frame.conversation)

    def handle(self, frame: protocol.Frame) -> None:
        if isinstance(frame, protocol.Beat):
            if frame.conversation is not None and frame.after is not None:
                subscription = self.subscriptions.get(frame.conversation)
                if subscription is None:
                    self._handle_elsewhere(frame, frame.conversation)
                else:
                    subscription.cursor = min(frame.after, subscription.cursor)
            self.sign = frame.sign
            self.broadcaster.beat(self)
            return
        client_id = getattr(frame, "client_id", None)
        if frame.conversation is None:
            raise ProtocolError(protocol.BAD_FRAME, "« conversation » is missing.", client_id)
        if client_id is not None and self.is_metered and not self._posts.take():
            security_log.log(Event.LIMIT_REACHED, limit="agent_posts")
            raise ProtocolError(protocol.RATE_LIMITED, protocol.TOO_FAST_DETAIL, client_id)
        subscription = self.subscriptions.get(frame.conversation)
        if subscription is not None:
            self.handle_in(subscription, frame)
            return
        self._handle_elsewhere(frame, frame.conversation)

    def _handle_elsewhere(self, frame: protocol.Frame, public_id: UUID) -> None:
        """Handle a frame for a conversation that this socket does not follow.

        One that was this agent's until it ended can still be read; any other is refused.
        """
        self.broadcaster.keep(self.broadcaster.loop.create_task(self._handle_ended(frame, public_id)))

    async def _handle_ended(self, frame: protocol.Frame, public_id: UUID) -> None:
        client_id = getattr(frame, "client_id", None)
        try:
            found = await in_db(access.assigned_head, self.agent_id, public_id)
        except DATABASE_AWAY as error:
            logger.warning("console: the database failed (%s)", describe_error(error))
            self.send_error(protocol.UNAVAILABLE, "The database does not answer now: try again.", client_id)
            return
        if found is None:
            rejected_frames.log_rejected_frame(protocol.FORBIDDEN, line=self.line, account=self.account)
            self.send_error(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
        else:
            pk, last_seq = found
            subscription = Subscription(self, pk, public_id, last_seq, self.agent_id)
            if not isinstance(frame, protocol.Beat):
                try:
                    self.handle_in(subscription, frame)
                except ProtocolError as error:  # nobody looks at this task, so it is answered here
                    self.send(error.frame())
                    rejected_frames.log_rejected_frame(error.code, line=self.line, account=self.account)
            # Send the messages written before the end that this page has not seen.
            elif frame.after is not None and frame.after < last_seq:
                subscription.cursor = frame.after
                subscription.catch_up()
