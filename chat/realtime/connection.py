"""This module has what every socket does: it receives frames, sends frames, limits rates and checks the right to go on.

The sockets are plain ASGI applications rather than Channels' consumers. A consumer takes a channel and two tasks for
each socket, and hops to the process's one thread-sensitive thread before every event, so that one slow query would
stall every conversation. Here a socket is one coroutine that waits for the next frame. Frames to the client are pushed
by whoever has something for it.
"""

import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, ClassVar, get_args
from uuid import UUID

from django.conf import settings

from chat.database import DATABASE_AWAY, NO_ANSWER
from chat.messages import protocol, rejected_frames
from chat.messages.protocol import ProtocolError
from chat.messages.reading import Snapshot
from chat.realtime.authentication import Identities, Identity, Pass
from chat.realtime.broadcaster import Broadcaster
from chat.realtime.interfaces import Transport
from chat.realtime.send_backlog import WEIGHED_EVERY_CHARACTERS
from chat.realtime.subscription import Subscription
from chat.token_bucket import Bucket, BucketsByKey
from common import metrics, security_log, tracing
from common.database_errors import describe_error
from common.security_log import Event

logger = logging.getLogger(__name__)

Json = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

BAD_FRAMES_A_MINUTE = 20  # this many bad frames in 60 seconds close the socket
# Frames beyond the rate limit before the socket is closed. Each of them is answered with an error, so that whoever
# sends so many does not read the answers.
FLOOD = 1_000
# How many pages of a thread, of 48 KiB at most, all sockets of a session together may read in a process.
PAGES_AT_ONCE, PAGES_A_SECOND = 60, 2
SOCKETS_A_SESSION = 50  # the most sockets of a session in one process; a person has one or two
# How often one session may open a socket in a process: so often at once, and so often a second later on. A handshake
# reads the visit and stores where it comes from, 3 ms of a process. A page of ours tries again after a second at the
# earliest, and ever more rarely.
OPENINGS_AT_ONCE, OPENINGS_A_SECOND = 120, 1
# A socket that the server cut, because it sent what no page sends, costs its session so many openings, as coming back
# is all that it does next.
OPENINGS_OF_A_CUT = 30
# Most sockets of people behind one IPv4 address or IPv6 /48, in one process; a /56 gets half of it, a /64 a quarter.
# Each socket costs 26 kB here and more in the proxy, and anybody may begin a visit. Without this limit one stranger
# could take all the memory, and nobody else could open a socket. The sockets of agents do not count.
SOCKETS_A_NETWORK = 1_000
# Seconds between two checks of the visit. Together with a tick of the rounds and the reading, a sign-out, a lost second
# factor or a quick exit closes a socket within 20 seconds.
CHECK_SECONDS = 18
CHECK_AGAIN_SECONDS = 2  # until the next check where the database did not answer
TYPING_EVERY_SECONDS = 2
LIFETIME_SECONDS = 6 * 60 * 60  # after this a socket is closed with « come back », so that none lasts for ever
# A socket that sends nothing for this long is closed in the same way. Pages send a beat every 20 seconds, and the
# server sends no pings.
SILENCE_SECONDS = 5 * 60


# All sockets of one conversation's person share one bucket. It allows more than the pace of `chat.rules.message_limits`
# and only bounds how often a flood asks the database. An agent has one bucket for all conversations:
# `chat.token_bucket`.
POSTS_AT_ONCE, POSTS_A_SECOND = 80, 2
POSTS: BucketsByKey[UUID] = BucketsByKey(POSTS_AT_ONCE, POSTS_A_SECOND)
# A visit with fifty sockets may read no faster than with one, because all sockets share the one event loop.
READINGS: BucketsByKey[str] = BucketsByKey(PAGES_AT_ONCE, PAGES_A_SECOND)
# By the hash of the key that a client names, which may be nobody's, and long: 200 bytes for two minutes.
OPENINGS: BucketsByKey[int] = BucketsByKey(OPENINGS_AT_ONCE, OPENINGS_A_SECOND)
OPEN_SOCKETS: Counter[str] = Counter()
# Open sockets, by the width of the network (0 is the widest) and its bucket.
OPEN_OF_NETWORK: Counter[tuple[int, int]] = Counter()


@contextlib.contextmanager
def _one_more[K](counter: Counter[K], key: K, most: int) -> Iterator[bool]:
    """Count one more for this key as long as the context lasts. Yields whether the count is now above `most`."""
    counter[key] += 1
    try:
        yield counter[key] > most
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


def _may_open(session_key: str | None) -> bool:
    """Count that this session opens a socket, and return whether it may."""
    if not session_key:  # nobody's, and refused without a statement
        return True
    bucket = OPENINGS.of(hash(session_key))
    OPENINGS.let_go(bucket)
    return bucket.take()


def _pay_for_a_cut(session_key: str) -> None:
    """Count that the server cut a socket of this session, which may then open fewer."""
    bucket = OPENINGS.of(hash(session_key))
    OPENINGS.let_go(bucket)
    bucket.pay(OPENINGS_OF_A_CUT)


# Close codes that the metrics name: ours (docs/protocol.md), and those of RFC 6455, 7.4.1, that come from a browser or
# a lost line. All others, which a client may invent, are counted together.
CODES = {
    protocol.CLOSE_NO_SESSION, protocol.CLOSE_FORBIDDEN, protocol.CLOSE_BAD_FRAMES, protocol.CLOSE_TOO_MANY,
    protocol.CLOSE_AGAIN, 1000, 1001, 1002, 1005, 1006, 1009, 1011, 1012, 1013,
}  # fmt: skip


# Names of the frames in a trace: of every type that the protocol reads, so that a new one has its name here already.
FRAME_KINDS: dict[type, str] = {kind: tracing.known_kind(kind.__name__.lower()) for kind in get_args(protocol.Frame)}


def _count_close(code: object) -> None:
    metrics.SOCKETS_CLOSED.labels(str(code) if code in CODES else metrics.OTHER).inc()


class Connection:
    """It is the part that both kinds of sockets share: frames in, frames out, and the right to go on.

    pass_: what is kept of the visit, to ask later whether it changed. leaving: the socket is closed or closing.
    """

    line: ClassVar[str]  # the name of this kind of socket in logs and metrics
    __slots__ = (
        "__weakref__",
        "_bad_frames",
        "_bucket",
        "_heard_at",
        "_is_checking",
        "_opened_at",
        "_pages",
        "_send",
        "_typed_at",
        "_unweighed",
        "broadcaster",
        "check_tick",
        "identities",
        "leaving",
        "pass_",
        "transport",
        "visit",
    )  # fmt: skip

    def __init__(self, broadcaster: Broadcaster, identities: Identities, identity: Identity, send: Send) -> None:
        self.broadcaster = broadcaster
        self.identities = identities
        self.pass_: Pass = identity.pass_
        # The session's key at the handshake. Proving one's identity again changes the key, but not the visit.
        self.visit = identity.pass_.session_key
        self.transport: Transport | None = None  # None under a server that makes senders wait (`_push`)
        self.leaving = False
        self._send = send
        self._bucket = None if identity.is_unmetered else Bucket(settings.FRAMES_AT_ONCE, settings.FRAMES_A_SECOND)
        self._pages: Bucket | None = None
        self._bad_frames: deque[float] | None = None
        self._unweighed = 0
        self._typed_at = 0.0
        self._opened_at = self._heard_at = time.monotonic()
        self.check_tick = 0
        self._is_checking = False

    @property
    def is_metered(self) -> bool:
        """Return whether rate limits apply. False only for the session of a measurement."""
        return self._bucket is not None

    @property
    def account(self) -> int | None:
        """Return the account whose socket it is, for the log; None for a reporter, who has no account."""
        return None

    # -- from the handshake to the end ------------------------------------------------------------------------------

    @classmethod
    async def serve(cls, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve this kind of socket as an ASGI application: admit the visit or close the socket, then take frames.

        A socket that is refused is accepted first and then closed with a code, because a page cannot tell a failed
        handshake from a network that blocks sockets.
        """
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        began_at = time.perf_counter()
        await send({"type": "websocket.accept"})
        if not _may_open(scope["session_key"]):
            security_log.log(Event.LIMIT_REACHED, limit="openings")
            _count_close(protocol.CLOSE_TOO_MANY)
            await send({"type": "websocket.close", "code": protocol.CLOSE_TOO_MANY})
            return
        identities: Identities = scope["identities"]
        transport: Transport | None = scope.get("transport")
        if transport is not None:
            transport.pauseProducing()  # so that, while the database is slow, nothing is kept of what a stranger sends
        try:
            connection = await cls.admit(scope["broadcaster"], identities, scope["session_key"], send)
        except DATABASE_AWAY as error:
            # Tell the page to come back. It could not tell a failed handshake from a network that blocks sockets.
            logger.warning("socket: the database failed (%s)", describe_error(error))
            _count_close(protocol.CLOSE_AGAIN)
            cls._trace_way_in(began_at, has_failed=True)
            await send({"type": "websocket.close", "code": protocol.CLOSE_AGAIN})
            return
        finally:
            if transport is not None:
                transport.resumeProducing()
        cls._trace_way_in(began_at, has_failed=isinstance(connection, int))
        if isinstance(connection, int):
            _count_close(connection)
            await send({"type": "websocket.close", "code": connection})
            return
        connection.transport = transport
        with contextlib.ExitStack() as counted:
            too_many = [
                limit
                for limit, counter, key, most in connection.counted(scope)
                if counted.enter_context(_one_more(counter, key, most))
            ]
            if too_many:
                security_log.log(Event.LIMIT_REACHED, limit=too_many[0])
                _count_close(protocol.CLOSE_TOO_MANY)
                await send({"type": "websocket.close", "code": protocol.CLOSE_TOO_MANY})
                return
            connection.on_open(scope)
            await connection.run(receive)

    @classmethod
    def _trace_way_in(cls, began_at: float, *, has_failed: bool) -> None:
        """Record the handshake as one span, once it is over: meanwhile other sockets took their turns in this thread.

        began_at: by `time.perf_counter`.
        """
        with tracing.begin_span(tracing.SOCKET, began_at=began_at) as span:
            span.set(tracing.KIND, tracing.known_kind(cls.line))
            if has_failed:
                span.failed()

    def counted(self, scope: dict[str, Any]) -> list[tuple[str, Counter[Any], Any, int]]:
        """Return the limits on open sockets that hold for this one: name of the limit, counter, key, most.

        scope["networks"]: the networks it comes from, the widest first, each as a 16-bit bucket of a hash whose key
        every process draws anew, so that no address is kept.
        """
        limits: list[tuple[str, Counter[Any], Any, int]] = [
            ("sockets", OPEN_SOCKETS, self.pass_.session_key, SOCKETS_A_SESSION)
        ]
        if self.account is None and self.is_metered:
            limits += [
                ("sockets_of_network", OPEN_OF_NETWORK, (width, bucket), SOCKETS_A_NETWORK >> width)
                for width, bucket in enumerate(scope.get("networks", ()))
            ]
        return limits

    @classmethod
    async def admit(
        cls, broadcaster: Broadcaster, identities: Identities, session_key: str | None, send: Send
    ) -> "Connection | int":
        """Return the connection of a visit that may be here, or the close code that refuses it.

        Raises the errors of django.db.
        """
        raise NotImplementedError

    def on_open(self, scope: dict[str, Any]) -> None:
        """Hook for what has to be noted about a socket that was admitted. scope: its ASGI scope."""

    async def run(self, receive: Receive) -> None:
        """Handle frames until the client disconnects; then release everything that was held for it."""
        self.broadcaster.opened(self)
        sockets = metrics.SOCKETS.labels(self.line)
        sockets.inc()
        try:
            self.subscribe()
            while True:
                event = await receive()
                if event["type"] == "websocket.disconnect":
                    if event.get("reason"):  # our server names the limit that was reached (`pnav.server.serving`)
                        _pay_for_a_cut(self.visit)
                    if not self.leaving:
                        _count_close(event.get("code"))
                    return
                if not self.leaving:
                    text = event.get("text")
                    self._handle_text(event.get("bytes") if text is None else text)
        finally:
            sockets.dec()
            self.leaving = True
            self.broadcaster.send_backlog.forget(self)
            self.broadcaster.closed(self)
            self.unsubscribe()
            if self._pages is not None and self.is_metered:
                READINGS.let_go(self._pages)

    def subscribe(self) -> None:
        """Deliver what is new from now on."""
        raise NotImplementedError

    def unsubscribe(self) -> None:
        """Deliver nothing more of any conversation."""
        raise NotImplementedError

    def leave(self, code: int) -> None:
        """Close the socket with this code (docs/protocol.md); a second call changes nothing."""
        if not self.leaving:
            self._push({"type": "websocket.close", "code": code})
            self.leaving = True
            _count_close(code)

    # -- out --------------------------------------------------------------------------------------------------------

    def push(self, text: str) -> None:
        """Send a frame now, without waiting."""
        self.push_event({"type": "websocket.send", "text": text}, len(text))

    def push_event(self, event: Json, size: int) -> None:
        """Send an ASGI event that goes to several sockets. size: the length of its text, in characters."""
        if self.leaving:
            return
        self._push(event)
        self._unweighed += size
        if self._unweighed > WEIGHED_EVERY_CHARACTERS and self.transport is not None:
            self.weigh(self.transport)

    def weigh(self, transport: Transport) -> None:
        """Look at how much this visit has not read; if it is too much, close those of its sockets with most of it."""
        self._unweighed = 0
        for connection in self.broadcaster.send_backlog.weigh(self, transport):
            if not connection.leaving:
                security_log.log(Event.LIMIT_REACHED, limit="unread")
                connection.leave(protocol.CLOSE_TOO_MANY)

    def _push(self, event: Json) -> None:
        """Send an event without waiting.

        Daphne takes every event at once and never makes a sender wait. Under a server that does, a client for which
        one would have to wait reads too slowly: its socket is closed, and it resumes when it comes back.
        """
        sending = self._send(event)
        try:
            sending.send(None)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001  a broken socket must not keep a message from the other ones
            logger.warning("socket: could not be sent to (%s)", type(error).__name__)
            self.leaving = True
            return
        sending.close()
        if not self.leaving:
            self.leave(protocol.CLOSE_TOO_MANY)

    def send(self, frame: Json) -> None:
        """Encode a frame and send it, without waiting."""
        self.push(protocol.encode(frame))

    def send_error(self, code: str, detail: str, client_id: str | None = None) -> None:
        """Send an `error` frame (docs/protocol.md). client_id: that of the message that it is about, if it is about
        one.
        """
        self.send(ProtocolError(code, detail, client_id).frame())

    def pace(self, catch_up: Callable[[], None]) -> None:
        """Call `catch_up` when the next page of a long reading may be read.

        PAGES_AT_ONCE pages go at once, the others at PAGES_A_SECOND, which is as fast as a person could read.
        """
        if self.leaving:
            return
        if self._take_page():
            catch_up()
        elif self._pages is not None:
            self.broadcaster.loop.call_later(self._pages.wait_seconds, self.pace, catch_up)

    def _take_page(self) -> bool:
        if self._pages is None:
            is_shared = self.is_metered
            self._pages = READINGS.of(self.visit) if is_shared else Bucket(PAGES_AT_ONCE, PAGES_A_SECOND)
        return self._pages.take()

    # -- for its subscriptions --------------------------------------------------------------------------------------

    def read_soon(self, subscription: Subscription) -> None:
        """Read what lies after its cursor, together with others; the answer goes to `Subscription.apply`."""
        self.broadcaster.reader.add(subscription)

    def show_state(self, subscription: Subscription) -> None:
        """Send the state of its conversation."""
        self.broadcaster.show_state(subscription)

    def unfollow(self, subscription: Subscription) -> None:
        """Deliver nothing more to a subscription that has ended."""
        self.broadcaster.unsubscribe(subscription)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this in the event loop after so many seconds."""
        self.broadcaster.loop.call_later(seconds, call)

    # -- in ---------------------------------------------------------------------------------------------------------

    def _handle_text(self, text: str | bytes | None) -> None:
        frame: protocol.Frame | None = None
        try:
            self._heard_at = time.monotonic()
            frame = protocol.parse(text or "")
            if self._bucket is not None and not self._bucket.take():
                security_log.log(Event.LIMIT_REACHED, limit="frames")
                if self._bucket.refused > FLOOD:
                    security_log.log(Event.LIMIT_REACHED, limit="flood")
                    self.leave(protocol.CLOSE_BAD_FRAMES)
                raise ProtocolError(
                    protocol.RATE_LIMITED,
                    "Too many frames at once: send it again later.",
                    getattr(frame, "client_id", None),
                )
            if isinstance(frame, protocol.Post):
                self._keep_order(frame)
            with tracing.begin_span(tracing.FRAME) as span:
                span.set(tracing.KIND, FRAME_KINDS[type(frame)])
                self.handle(frame)
        except ProtocolError as error:
            if error.code == protocol.RATE_LIMITED and isinstance(frame, protocol.Post):
                subscription = self.find_subscription(frame)
                if subscription is not None:
                    subscription.hold_behind(frame.client_id, error.code, now=self._heard_at)
            self.send(error.frame())
            rejected_frames.log_rejected_frame(error.code, line=self.line, account=self.account)
            if error.code in {protocol.BAD_FRAME, protocol.TOO_LONG, protocol.EMPTY}:
                self._count_bad_frame()

    def _keep_order(self, frame: protocol.Post) -> None:
        """Raise ProtocolError when an earlier message of this socket was given back and has not come again.

        The frame was already on its way then. If it were written now, it would stand before the earlier message
        (docs/adr/0101).
        """
        subscription = self.find_subscription(frame)
        code = subscription.held_code(frame.client_id, now=self._heard_at) if subscription is not None else ""
        if code:
            raise ProtocolError(code, "A message before it was given back: send that one first.", frame.client_id)

    def find_subscription(self, frame: protocol.Post) -> Subscription | None:
        """Return the subscription to the conversation that a message is for; None if this socket follows no such."""
        raise NotImplementedError

    def handle(self, frame: protocol.Frame) -> None:
        """Do what a frame asks for. Raises ProtocolError, which becomes an `error` frame."""
        raise NotImplementedError

    def _count_bad_frame(self) -> None:
        if self._bad_frames is None:
            self._bad_frames = deque(maxlen=BAD_FRAMES_A_MINUTE)
        now = time.monotonic()
        self._bad_frames.append(now)
        if len(self._bad_frames) == BAD_FRAMES_A_MINUTE and now - self._bad_frames[0] < 60:
            security_log.log(Event.LIMIT_REACHED, limit="bad_frames")
            self.leave(protocol.CLOSE_BAD_FRAMES)

    def handle_in(self, subscription: Subscription, frame: protocol.Frame) -> None:
        """Handle a frame that both sides may send in a conversation. Raises ProtocolError (rate_limited)."""
        match frame:
            case protocol.Post():
                self.broadcaster.post(subscription, frame)
            case protocol.Sync(after=after):
                if self._bucket is not None and not self._take_page():
                    security_log.log(Event.LIMIT_REACHED, limit="readings")
                    raise ProtocolError(protocol.RATE_LIMITED, "Too many readings at once: ask again later.")
                subscription.cursor = after
                subscription.owes_frame = subscription.owes_state = True
                subscription.catch_up()
            case protocol.Typing():
                now = time.monotonic()
                if now - self._typed_at >= TYPING_EVERY_SECONDS:
                    self._typed_at = now
                    self.broadcaster.type(subscription)
            case protocol.Read(seq=seq):
                self.broadcaster.mark_read(subscription, seq)

    # -- the right to go on -----------------------------------------------------------------------------------------

    @property
    def check_seconds(self) -> float:
        """Return the seconds from one check to the next."""
        return min(CHECK_SECONDS, SILENCE_SECONDS)

    def check(self, now: float) -> None:
        """Close a socket that is too old or silent; otherwise ask whether the visit has ended.

        A visit ends by a quick exit, a sign-out, another password or a lost second factor. now: monotonic seconds.
        """
        if now - self._opened_at > LIFETIME_SECONDS or now - self._heard_at > SILENCE_SECONDS:
            self.leave(protocol.CLOSE_AGAIN)
        elif not self._is_checking and not self.leaving:
            self._is_checking = True
            self.identities.check(self.pass_, self._checked)

    def _checked(self, answer: Identity | bool | Exception) -> None:
        self._is_checking = False
        if isinstance(answer, NO_ANSWER):  # the database is away: it is asked again soon
            self.broadcaster.check_after(self, CHECK_AGAIN_SECONDS)
            return
        if isinstance(answer, Exception):  # the visit cannot be checked: a new handshake has to prove it again
            self.leave(protocol.CLOSE_AGAIN)
            return
        if isinstance(answer, Identity):
            self.pass_ = answer.pass_
            if not self.is_still_entitled(answer):
                self.leave(protocol.CLOSE_NO_SESSION)
        elif not answer:
            self.leave(protocol.CLOSE_NO_SESSION)

    def is_still_entitled(self, identity: Identity) -> bool:
        """Return whether this socket may stay, now that the session or the account was read again and found changed."""
        raise NotImplementedError

    def may_go_on(self, snapshot: Snapshot) -> bool:
        """Return whether a conversation that was just read is still this visit's; if not, the socket was closed."""
        return True

    def refresh(self) -> None:
        """Find out which conversations are this socket's, because one that was just read no longer is."""
