"""What every socket of the exchange does: it takes frames, sends frames, limits rates and checks the right to go on.

Plain ASGI applications rather than Channels' consumers: those take a channel and two tasks a socket, and hop to the
process's one thread-sensitive thread before every event, so that one slow query would stall every conversation. A
socket here is one coroutine that waits for the next frame; what it sends is pushed by whoever has something for it.
"""

import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, ClassVar
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

BAD_FRAMES_A_MINUTE = 20
FLOOD = 1_000  # frames above the measure; each is answered, and whoever sends so many does not read
PAGES_AT_ONCE, PAGES_A_SECOND = 60, 2  # of a thread, each 48 KiB at most, for all sockets of a session in a process
SOCKETS_A_SESSION = 50  # in one process; a person has one or two
# Of people behind one address or /48, in one process; half of it behind a /56, a quarter behind a /64. Each costs 26 kB
# here and more in the proxy, and visits are free: without it one stranger takes all the memory there is, and nobody
# else opens a socket. Agents do not count.
SOCKETS_A_NETWORK = 1_000
CHECK_SECONDS = 16  # with the rounds: a sign-out, a lost factor or a quick exit closes a socket within 20 seconds
TYPING_EVERY_SECONDS = 2
LIFETIME_SECONDS = 6 * 60 * 60  # then « come back »: no socket is for ever
SILENCE_SECONDS = 5 * 60  # so does one that says nothing: a page beats every 20 seconds, and the server sends no pings


# A person with many sockets has one measure: above the pace of `chat.rules.message_limits`, so that a flood asks the
# database no more than this. So has an agent, of all that they answer: `chat.token_bucket`.
POSTS_AT_ONCE, POSTS_A_SECOND = 80, 2
POSTS: BucketsByKey[UUID] = BucketsByKey(POSTS_AT_ONCE, POSTS_A_SECOND)
# A visit with fifty sockets reads no faster than with one: what it asks for is read, opened and sent in the one loop.
READINGS: BucketsByKey[str] = BucketsByKey(PAGES_AT_ONCE, PAGES_A_SECOND)
OPEN_SOCKETS: Counter[str] = Counter()
OPEN_OF_NETWORK: Counter[tuple[int, int]] = Counter()  # by width, 0 for the widest, and bucket


@contextlib.contextmanager
def _one_more[K](counter: Counter[K], key: K, most: int) -> Iterator[bool]:
    """Count one for as long as it lasts; whether that makes more than `most`."""
    counter[key] += 1
    try:
        yield counter[key] > most
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


# Ours (docs/protocol.md) and those of RFC 6455, 7.4.1, that a browser or a lost line brings; whatever else a client
# may have made up is counted as one.
CODES = {
    protocol.CLOSE_NO_SESSION, protocol.CLOSE_FORBIDDEN, protocol.CLOSE_BAD_FRAMES, protocol.CLOSE_TOO_MANY,
    protocol.CLOSE_AGAIN, 1000, 1001, 1002, 1005, 1006, 1009, 1011, 1012, 1013,
}  # fmt: skip


# In a trace.
FRAME_KINDS: dict[type, str] = {
    kind: tracing.known_kind(kind.__name__.lower())
    for kind in (protocol.Sync, protocol.Post, protocol.Typing, protocol.Read, protocol.Beat)
}


def _count_close(code: object) -> None:
    metrics.SOCKETS_CLOSED.labels(str(code) if code in CODES else metrics.OTHER).inc()


class Connection:
    """The part that both sockets share: frames in, frames out, and the right to go on."""

    line: ClassVar[str]  # what the log calls it
    __slots__ = (
        "__weakref__",
        "_bad_frames",
        "_bucket",
        "_checked_at",
        "_heard_at",
        "_is_checking",
        "_opened_at",
        "_pages",
        "_send",
        "_typed_at",
        "_unweighed",
        "broadcaster",
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
        self.visit = identity.pass_.session_key  # as it was at the handshake: a proof changes the key, not the visit
        self.transport: Transport | None = None  # None: under a server that makes senders wait, see `_push`
        self.leaving = False
        self._send = send
        self._bucket = None if identity.is_unmetered else Bucket(settings.FRAMES_AT_ONCE, settings.FRAMES_A_SECOND)
        self._pages: Bucket | None = None
        self._bad_frames: deque[float] | None = None
        self._unweighed = 0
        self._typed_at = 0.0
        self._opened_at = self._checked_at = self._heard_at = time.monotonic()
        self._is_checking = False

    @property
    def is_metered(self) -> bool:
        """False for a session of a measurement alone."""
        return self._bucket is not None

    @property
    def account(self) -> int | None:
        """Whose socket it is, for the log: None for a person, who has none."""
        return None

    # -- from the door to the end -----------------------------------------------------------------------------------

    @classmethod
    async def serve(cls, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI application of this socket."""
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        began_at = time.perf_counter()
        await send({"type": "websocket.accept"})
        identities: Identities = scope["identities"]
        transport: Transport | None = scope.get("transport")
        if transport is not None:
            transport.pauseProducing()  # while the database is slow, what a stranger sends is not kept here
        try:
            connection = await cls.admit(scope["broadcaster"], identities, scope["session_key"], send)
        except DATABASE_AWAY as error:
            # « Come back », rather than a failed handshake, which a page cannot tell from a network in the way.
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
        """One span, told at its end: other sockets take their turns in this thread meanwhile."""
        with tracing.begin_span(tracing.SOCKET, began_at=began_at) as span:
            span.set(tracing.KIND, tracing.known_kind(cls.line))
            if has_failed:
                span.failed()

    def counted(self, scope: dict[str, Any]) -> list[tuple[str, Counter[Any], Any, int]]:
        """How many like this one may be open: the name of the limit, what counts, under which key, and the most.

        scope["networks"]: where it comes from, the widest first, 16 bits for each that each process draws anew.
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
        """Prove access; a close code refuses."""
        raise NotImplementedError

    def on_open(self, scope: dict[str, Any]) -> None:
        """Take note that somebody is there, from where `scope` says."""

    async def run(self, receive: Receive) -> None:
        """Take frames until the client hangs up or has to leave; then everything that was held for it is given back."""
        self.broadcaster.connections.add(self)
        sockets = metrics.SOCKETS.labels(self.line)
        sockets.inc()
        try:
            self.subscribe()
            while True:
                event = await receive()
                if event["type"] == "websocket.disconnect":
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
        """Deliver what is new from here on."""
        raise NotImplementedError

    def unsubscribe(self) -> None:
        """Deliver nothing more, of no conversation."""
        raise NotImplementedError

    def leave(self, code: int) -> None:
        """Hang up; the client may come back."""
        if not self.leaving:
            self._push({"type": "websocket.close", "code": code})
            self.leaving = True
            _count_close(code)

    # -- out --------------------------------------------------------------------------------------------------------

    def push(self, text: str) -> None:
        """Send a frame now, without waiting."""
        self.push_event({"type": "websocket.send", "text": text}, len(text))

    def push_event(self, event: Json, size: int) -> None:
        """Send an event that goes to several sockets. size: of its text, in characters."""
        if self.leaving:
            return
        self._push(event)
        self._unweighed += size
        if self._unweighed > WEIGHED_EVERY_CHARACTERS and self.transport is not None:
            self.weigh(self.transport)

    def weigh(self, transport: Transport) -> None:
        """Look at what waits for this client; of its sockets, cut those that make it too much."""
        self._unweighed = 0
        for connection in self.broadcaster.send_backlog.weigh(self, transport):
            if not connection.leaving:
                security_log.log(Event.LIMIT_REACHED, limit="unread")
                connection.leave(protocol.CLOSE_TOO_MANY)

    def _push(self, event: Json) -> None:
        """Daphne takes what it is given and never makes a sender wait; with a server that does, whoever would have to
        be waited for reads too slowly: they are let go, and resume."""
        sending = self._send(event)
        try:
            sending.send(None)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001  a socket that breaks must not keep a message from the others
            logger.warning("socket: could not be sent to (%s)", type(error).__name__)
            self.leaving = True
            return
        sending.close()
        if not self.leaving:
            self.leave(protocol.CLOSE_TOO_MANY)

    def send(self, frame: Json) -> None:
        """Send a frame that is not encoded yet, without waiting."""
        self.push(protocol.encode(frame))

    def send_error(self, code: str, detail: str, client_id: str | None = None) -> None:
        """Send an `error` frame (docs/protocol.md). client_id: of the message that it is about, if it is about one."""
        self.send(ProtocolError(code, detail, client_id).frame())

    def pace(self, catch_up: Callable[[], None]) -> None:
        """The next page of a long reading: so many at once, then as fast as a person could read."""
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
        """Read what lies after its cursor, with others; the answer is applied to it."""
        self.broadcaster.reader.add(subscription)

    def show_state(self, subscription: Subscription) -> None:
        """Send where its conversation stands."""
        self.broadcaster.show_state(subscription)

    def unfollow(self, subscription: Subscription) -> None:
        """Deliver nothing more to it: it has ended."""
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
        """Raises ProtocolError when a message that this socket sent before was given back, and has not come again.

        This one was on its way then; written now, it would stand before that one (docs/adr/0101).
        """
        subscription = self.find_subscription(frame)
        code = subscription.held_code(frame.client_id, now=self._heard_at) if subscription is not None else ""
        if code:
            raise ProtocolError(code, "A message before it was given back: send that one first.", frame.client_id)

    def find_subscription(self, frame: protocol.Post) -> Subscription | None:
        """The conversation that a message is for; None: none that this socket follows."""
        raise NotImplementedError

    def handle(self, frame: protocol.Frame) -> None:
        """Act upon a frame. Raises ProtocolError."""
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
        """Handle a frame that both sides may send in a conversation."""
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

    def check(self, now: float) -> None:
        """Ask again, each round, whether the visit has ended: quick exit, sign-out, another password, lost factor."""
        if now - self._opened_at > LIFETIME_SECONDS or now - self._heard_at > SILENCE_SECONDS:
            self.leave(protocol.CLOSE_AGAIN)
        elif now - self._checked_at >= CHECK_SECONDS and not self._is_checking and not self.leaving:
            self._is_checking = True
            self.identities.check(self.pass_, self._checked)

    def _checked(self, answer: Identity | bool | Exception) -> None:
        self._is_checking = False
        if isinstance(answer, NO_ANSWER):  # the database is away; asked again at the next round
            return
        if isinstance(answer, Exception):  # who is there cannot be found out: they prove it again
            self.leave(protocol.CLOSE_AGAIN)
            return
        self._checked_at = time.monotonic()
        if isinstance(answer, Identity):
            self.pass_ = answer.pass_
            if not self.is_still_entitled(answer):
                self.leave(protocol.CLOSE_NO_SESSION)
        elif not answer:
            self.leave(protocol.CLOSE_NO_SESSION)

    def check_soon(self) -> None:
        """Check at the next round."""
        self._checked_at = -CHECK_SECONDS

    def is_still_entitled(self, identity: Identity) -> bool:
        """Whether the session and the user just read again, and found changed, may go on."""
        raise NotImplementedError

    def may_go_on(self, snapshot: Snapshot) -> bool:
        """Whether a conversation just read is still this visit's; if not, the socket has been told to leave."""
        return True

    def refresh(self) -> None:
        """A conversation that was just read is no longer this socket's: find out which are."""
