"""The sockets: parse, prove access, call one thing, answer.

Plain ASGI applications rather than Channels' consumers: those take a channel and two tasks a socket, and hop to the
process's one thread-sensitive thread before every event, so that one slow query would stall every conversation.
Here the domain runs in a few threads of its own, each with a connection from the pool.
"""

import asyncio
import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone
from psycopg_pool import PoolTimeout

from chat import access, actions, dialogue, doorbell, protocol
from chat.dialogue import Party
from chat.doorbell import Ring
from chat.lifecycle import Status
from chat.models import Agent
from chat.protocol import ProtocolError
from chat.queue import Board, read_board

logger = logging.getLogger(__name__)

Json = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

THREADS = ThreadPoolExecutor(max_workers=settings.CHAT_THREADS, thread_name_prefix="chat")
DATABASE_AWAY = (DatabaseError, InterfaceError, PoolTimeout)

BAD_FRAMES_A_MINUTE = 20
PAGES_AT_ONCE, PAGES_A_SECOND = 60, 2
SOCKETS_A_SESSION = 50  # in one process; a person has one or two
CHECK_SECONDS = 20  # a sign-out, a lost factor or a quick exit closes an open socket within this time
TYPING_EVERY_SECONDS = 2
BOARD_SECONDS = 1.0
LIFETIME_SECONDS = 6 * 60 * 60  # then « come back »: no socket is for ever


async def in_db[T](work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """The one crossing from sockets to the domain: runs in a chat thread, which keeps its connection.

    A connection that died while it was idle is replaced and the work done again: all of it may be repeated (a message
    by its client_id). One that fails when it is new is a database that is away.
    """

    def run() -> T:
        is_new = connection.connection is None
        try:
            return work(*args, **kwargs)
        except (OperationalError, InterfaceError):
            connection.close()
            if is_new:
                raise
            return work(*args, **kwargs)

    return await sync_to_async(run, thread_sensitive=False, executor=THREADS)()


def close_thread_connections() -> None:
    """Close the connection of every chat thread, at the end of a process or of a test database."""
    everyone = threading.Barrier(settings.CHAT_THREADS)

    def close() -> None:
        everyone.wait()
        connection.close()

    for future in [THREADS.submit(close) for _thread in range(settings.CHAT_THREADS)]:
        future.result()


class Bucket:
    """So many at once, then so many a second."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self.size = self.level = at_once
        self.rate = a_second
        self.at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True

    async def wait(self) -> None:
        """Take one as soon as there is one."""
        while not self.take():
            await asyncio.sleep((1 - self.level) / self.rate)


class _SharedBoard:
    """The queue as the sockets of this process see it: read once a second, however many wait."""

    def __init__(self) -> None:
        self._board: Board | None = None
        self._read_at = 0.0
        self._lock: asyncio.Lock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self, since: float | None = None) -> Board:
        """A board read after `since` (a time of the monotonic clock, when something changed), or at most a second old.

        Whoever needs a newer one than the last waits until that one is a second old, together with all the others.
        """
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop, self._board = asyncio.Lock(), loop, None
        async with self._lock:
            age = time.monotonic() - self._read_at
            if self._board is not None and self._read_at >= (since or 0) and (since or age < BOARD_SECONDS):
                return self._board
            if self._board is not None and since is not None and age < BOARD_SECONDS:
                await asyncio.sleep(BOARD_SECONDS - age)
            started = time.monotonic()
            self._board = await in_db(read_board)
            self._read_at = started
            return self._board


BOARD = _SharedBoard()

# How fast each conversation is written to from the reporter's sockets of this process; forgotten with the last one.
POSTS: WeakValueDictionary[UUID, Bucket] = WeakValueDictionary()
# How many sockets each session has in this process.
OPEN_SOCKETS: Counter[str] = Counter()


class Socket:
    """What both sockets share: frames in, rings in, frames out, and none of it can kill the other."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self._rings: deque[Ring] = deque(maxlen=1000)
        self._rung = asyncio.Event()
        self._bad_frames: deque[float] = deque(maxlen=BAD_FRAMES_A_MINUTE)
        self._bucket = Bucket(settings.FRAMES_AT_ONCE, settings.FRAMES_A_SECOND)
        self._pages = Bucket(PAGES_AT_ONCE, PAGES_A_SECOND)
        self._checked_at = time.monotonic()
        self._typed_at: dict[UUID, float] = {}
        self._lock = asyncio.Lock()  # reading after a cursor and moving it is one thing
        self._topics: set[str] = set()
        self.cursors: dict[UUID, int] = {}
        self.hub = doorbell.ensure_hub()

    @classmethod
    async def serve(cls, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI application of this socket."""
        event = await receive()
        if event["type"] != "websocket.connect":
            return
        await cls(scope, receive, send).run()

    # -- the frame of a connection -----------------------------------------------------------------------------------

    async def run(self) -> None:
        await self._send({"type": "websocket.accept"})
        session = self.scope["session"]
        key = session.session_key if session is not None else ""
        OPEN_SOCKETS[key] += 1
        try:
            if key and OPEN_SOCKETS[key] > SOCKETS_A_SESSION:
                code: int | None = protocol.CLOSE_TOO_MANY
            else:
                code = await self._live()
        finally:
            OPEN_SOCKETS[key] -= 1
            if not OPEN_SOCKETS[key]:
                del OPEN_SOCKETS[key]
            for topic in tuple(self._topics):
                self.unsubscribe(topic)
        if code is not None:
            await self._send({"type": "websocket.close", "code": code})

    async def _live(self) -> int | None:
        """From the door to the end; the close code, or None when the client hung up."""
        try:
            refusal = await self.enter()
        except _Leave as leave:
            return leave.code
        except DATABASE_AWAY:
            logger.warning("socket: the database does not answer")
            return protocol.CLOSE_AGAIN
        if refusal is not None:
            return refusal
        tasks = [asyncio.ensure_future(work) for work in (self._listen(), self._follow(), self._expire())]
        try:
            done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task.result() for task in done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def subscribe(self, topic: str) -> None:
        """Hear the rings of a topic; whatever happens, `run` ends it."""
        self._topics.add(topic)
        self.hub.subscribe(topic, self.hear)

    def unsubscribe(self, topic: str) -> None:
        self._topics.discard(topic)
        self.hub.unsubscribe(topic, self.hear)

    def may_post(self, frame: protocol.Frame) -> bool:
        raise NotImplementedError

    async def enter(self) -> int | None:
        """Prove access and subscribe; a close code refuses."""
        raise NotImplementedError

    async def handle(self, frame: protocol.Frame) -> None:
        raise NotImplementedError

    async def follow(self, ring: Ring) -> None:
        raise NotImplementedError

    async def send(self, frame: Json) -> None:
        await self._send({"type": "websocket.send", "text": json.dumps(frame, ensure_ascii=False)})

    def hear(self, ring: Ring) -> None:
        """Called by the hub: remember the ring once, and wake up."""
        if ring not in self._rings:
            self._rings.append(ring)
        self._rung.set()

    async def _listen(self) -> int | None:
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                return None
            try:
                await self._handle_text(event.get("text") if event.get("text") is not None else event.get("bytes"))
            except _Leave as leave:
                return leave.code

    async def _handle_text(self, text: str | bytes | None) -> None:
        client_id = None
        try:
            frame = protocol.parse(text or "")
            if isinstance(frame, protocol.Post):
                client_id = frame.client_id
            if not self._bucket.take():
                raise ProtocolError(protocol.RATE_LIMITED, "Too many frames at once: send it again later.", client_id)
            await self.require_session(0 if isinstance(frame, protocol.Beat) else CHECK_SECONDS)
            if client_id is not None and not self.may_post(frame):
                raise ProtocolError(protocol.RATE_LIMITED, "Too many messages at once: send it again later.", client_id)
            await self.handle(frame)
        except ProtocolError as error:
            await self.send(error.frame())
            if error.code in {protocol.BAD_FRAME, protocol.TOO_LONG, protocol.EMPTY}:
                self._count_bad_frame()
        except DATABASE_AWAY as error:
            logger.warning("socket: the database failed (%s)", type(error).__name__)
            detail = "The message could not be written: keep it and try again."
            await self.send(ProtocolError(protocol.UNAVAILABLE, detail, client_id).frame())

    def _count_bad_frame(self) -> None:
        now = time.monotonic()
        self._bad_frames.append(now)
        if len(self._bad_frames) == BAD_FRAMES_A_MINUTE and now - self._bad_frames[0] < 60:
            raise _Leave(protocol.CLOSE_BAD_FRAMES)

    async def _follow(self) -> int | None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            while self._rings:
                ring = self._rings.popleft()
                try:
                    await self.require_session()
                    await self.follow(ring)
                except _Leave as leave:
                    return leave.code
                except DATABASE_AWAY as error:
                    # What was missed is seen at the next ring, sync or beat.
                    logger.warning("socket: the database failed (%s)", type(error).__name__)
                    break

    async def _expire(self) -> int:
        await asyncio.sleep(LIFETIME_SECONDS)
        return protocol.CLOSE_AGAIN

    # -- what both do ------------------------------------------------------------------------------------------------

    def is_news(self, party: Party, ring: Ring) -> bool:
        """Whether a ring speaks of something after the cursor: the author's own echo is already there."""
        return ring.seq > self.cursors.get(party.public_id, 0)

    async def send_missing(self, party: Party) -> None:
        """Send what lies after the cursor of this conversation."""
        async with self._lock:
            while True:
                cursor = self.cursors.get(party.public_id, 0)
                frame = await in_db(dialogue.read_after, party, cursor)
                if not frame["items"]:
                    return
                self.cursors[party.public_id] = frame["items"][-1]["seq"]
                await self.send(frame)
                if not protocol.has_more(frame):
                    return
                await self._pages.wait()

    async def sync(self, party: Party, after: int) -> None:
        """Answer with all that lies after `after`, a page at a time, then with the state.

        Pages are paced: the server cannot see how fast a client reads, and what it does not read stays in memory.
        """
        async with self._lock:
            while True:
                await self._pages.wait()
                frame = await in_db(dialogue.read_after, party, after)
                await self.send(frame)
                after = frame["items"][-1]["seq"] if frame["items"] else min(after, frame["last_seq"])
                self.cursors[party.public_id] = after
                if not protocol.has_more(frame):
                    break
        await self.send_state(party)

    async def send_state(self, party: Party) -> None:
        await self.send(await in_db(dialogue.state, party, await BOARD.get()))

    async def post(self, party: Party, frame: protocol.Post) -> None:
        message = await in_db(dialogue.post, party, frame)
        async with self._lock:
            if message.seq == self.cursors.get(party.public_id, 0) + 1:
                self.cursors[party.public_id] = message.seq
                await self.send(protocol.messages_frame(party.public_id, [dialogue.item(message)], message.seq))
                return
            is_repeat = message.seq <= self.cursors.get(party.public_id, 0)
        if is_repeat:
            # Already sent once, and perhaps lost on the way: the acknowledgement is owed again.
            frame_again = protocol.messages_frame(
                party.public_id, [dialogue.item(message)], self.cursors[party.public_id]
            )
            await self.send(frame_again)
        else:
            await self.send_missing(party)

    def type(self, party: Party) -> None:
        now = time.monotonic()
        if now - self._typed_at.get(party.public_id, 0) >= TYPING_EVERY_SECONDS:
            self._typed_at[party.public_id] = now
            self.hub.ring(Ring(doorbell.TYPING, conversation=str(party.public_id), author=party.author))

    async def pass_on(self, party: Party, ring: Ring) -> None:
        """A hint of the other side."""
        if ring.author == party.author:
            return
        hint: Json = {"type": ring.kind, "conversation": ring.conversation, "author": ring.author}
        if ring.kind == doorbell.READ:
            hint["seq"] = ring.seq
        await self.send(hint)

    async def require_session(self, max_age: float = CHECK_SECONDS) -> None:
        """The visit may have ended since: quick exit, code used elsewhere, sign-out, another password, lost factor.

        Asked again when the last answer is older than `max_age` seconds, before anything is read or written.
        """
        if time.monotonic() - self._checked_at < max_age:
            return
        self.scope["session"], self.scope["user"] = await in_db(self.scope["identify"])
        if not await self.still_allowed():
            raise _Leave(protocol.CLOSE_NO_SESSION)
        self._checked_at = time.monotonic()

    async def still_allowed(self) -> bool:
        """Whether the session and the user just read again may go on."""
        raise NotImplementedError


class _Leave(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ConversationSocket(Socket):
    """`/ws/conversation/`: the reporter and this visit's conversation."""

    party: Party
    status: str = ""

    async def enter(self) -> int | None:
        session = self.scope["session"]
        conversation = await in_db(access.as_reporter, session) if session else None
        if conversation is None:
            return protocol.CLOSE_NO_SESSION
        self.party = Party.reporter(conversation)
        self.status = conversation.status
        self.cursors[conversation.public_id] = conversation.last_seq
        self.subscribe(str(conversation.public_id))
        self.subscribe(doorbell.QUEUE)
        self._posts = POSTS.setdefault(
            conversation.public_id, Bucket(settings.FRAMES_AT_ONCE, settings.FRAMES_A_SECOND)
        )
        await in_db(dialogue.seen, self.party, timezone.now())
        return None

    async def still_allowed(self) -> bool:
        session = self.scope["session"]
        return session is not None and await in_db(access.as_reporter, session) is not None

    def may_post(self, frame: protocol.Frame) -> bool:
        """One measure a conversation, however many sockets post to it."""
        return self._posts.take()

    async def handle(self, frame: protocol.Frame) -> None:
        if frame.conversation is not None and frame.conversation != self.party.public_id:
            raise ProtocolError(
                protocol.FORBIDDEN, "This conversation is not yours.", getattr(frame, "client_id", None)
            )
        match frame:
            case protocol.Post():
                await self.post(self.party, frame)
            case protocol.Sync(after=after):
                await self.sync(self.party, after)
            case protocol.Typing():
                self.type(self.party)
            case protocol.Read(seq=seq):
                await in_db(dialogue.mark_read, self.party, seq)
            case protocol.Beat(after=after):
                await in_db(dialogue.seen, self.party, timezone.now())
                if after is not None:
                    self.cursors[self.party.public_id] = min(after, self.cursors[self.party.public_id])
                await self.send_missing(self.party)
                await self.send(protocol.beat_frame(timezone.now()))

    async def follow(self, ring: Ring) -> None:
        match ring.kind:
            case doorbell.MESSAGES:
                if self.is_news(self.party, ring):
                    await self.send_missing(self.party)
            case doorbell.TYPING | doorbell.READ:
                await self.pass_on(self.party, ring)
            case doorbell.STATE | doorbell.LOOK:
                await self.send_missing(self.party)
                await self.send_state(self.party)
            case doorbell.QUEUE:
                if self.status == Status.WAITING:
                    await self.send_state(self.party, since=time.monotonic())

    async def send_state(self, party: Party, since: float | None = None) -> None:
        frame = await in_db(dialogue.state, party, await BOARD.get(since))
        self.status = frame["status"]
        await self.send(frame)


class ConsoleSocket(Socket):
    """`/ws/console/`: all the conversations of one agent, and the queue."""

    agent: Agent

    async def enter(self) -> int | None:
        user = self.scope["user"]
        if user is None or not user.is_authenticated:
            return protocol.CLOSE_NO_SESSION
        agent = await in_db(access.as_agent, user)
        if agent is None:
            return protocol.CLOSE_FORBIDDEN
        self.agent = agent
        self.parties: dict[UUID, Party] = {}
        self._refreshing = asyncio.Lock()  # a ring and a beat may ask at once; an older answer must not win
        self.subscribe(f"{doorbell.AGENT}:{agent.pk}")
        self.subscribe(doorbell.QUEUE)
        await self._seen()
        await self.refresh()
        await self.send(await in_db(dialogue.queue_frame))
        return None

    async def still_allowed(self) -> bool:
        return self.scope["user"] is not None

    def may_post(self, frame: protocol.Frame) -> bool:
        """An agent's pace is held by the socket alone."""
        return True

    async def _seen(self) -> None:
        if not await in_db(actions.agent_seen, agent_id=self.agent.pk, now=timezone.now()):
            raise _Leave(protocol.CLOSE_FORBIDDEN)

    async def refresh(self) -> None:
        """Follow exactly the conversations that are this agent's now, and send what lies after each cursor."""
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        own = await in_db(dialogue.own_conversations, self.agent)
        for public_id in [public_id for public_id in self.parties if public_id not in own]:
            status = await in_db(dialogue.status_of, public_id)
            party = self.parties.pop(public_id)
            self.unsubscribe(str(public_id))
            await self.send_missing(party)
            await self.send_state(party)
            reason = "closed" if status == Status.CLOSED else "released"
            await self.send({"type": "released", "conversation": str(public_id), "reason": reason})
        for public_id, (pk, last_seq) in own.items():
            if public_id not in self.parties:
                self.parties[public_id] = Party(pk, public_id, "agent", self.agent)
                self.cursors.setdefault(public_id, last_seq)
                self.subscribe(str(public_id))
                await self.send({"type": "assigned", "conversation": str(public_id)})
            elif last_seq > self.cursors.get(public_id, 0):
                await self.send_missing(self.parties[public_id])

    async def _party(self, frame: protocol.Frame) -> Party:
        """The conversation of a frame: one of this agent's, or one that was to its end."""
        client_id = getattr(frame, "client_id", None)
        if frame.conversation is None:
            raise ProtocolError(protocol.BAD_FRAME, "« conversation » is missing.", client_id)
        party = self.parties.get(frame.conversation)
        if party is None:
            conversation = await in_db(access.as_assigned_agent, self.agent, frame.conversation)
            if conversation is None:
                raise ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
            party = Party.of_agent(conversation, self.agent)
        return party

    async def handle(self, frame: protocol.Frame) -> None:
        match frame:
            case protocol.Beat(conversation=conversation, after=after):
                await self._seen()
                if conversation is not None and after is not None:
                    party = await self._party(frame)
                    self.cursors[party.public_id] = min(after, self.cursors.get(party.public_id, after))
                await self.refresh()
                await self.send(protocol.beat_frame(timezone.now()))
            case protocol.Post():
                await self.post(await self._party(frame), frame)
            case protocol.Sync(after=after):
                await self.sync(await self._party(frame), after)
            case protocol.Typing():
                self.type(await self._party(frame))
            case protocol.Read(seq=seq):
                await in_db(dialogue.mark_read, await self._party(frame), seq)

    async def follow(self, ring: Ring) -> None:
        match ring.kind:
            case doorbell.QUEUE:
                await self.send(await in_db(dialogue.queue_frame))
            case doorbell.AGENT:
                await self.refresh()
            case doorbell.LOOK:
                await self.refresh()
                await self.send(await in_db(dialogue.queue_frame))
            case _:
                party = self.parties.get(UUID(ring.conversation))
                if party is None:
                    return
                if ring.kind == doorbell.MESSAGES:
                    if self.is_news(party, ring):
                        await self.send_missing(party)
                elif ring.kind == doorbell.STATE:
                    await self.send_state(party)
                else:
                    await self.pass_on(party, ring)
