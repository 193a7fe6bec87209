"""What reaches the pages of this process: the one module that delivers.

A `Seat` (`chat.realtime.subscription`) has a cursor: everything up to it was sent. A message that was just committed
goes straight to the seats that have all before it; whoever has a hole, hears of a message written elsewhere, or comes
back, gets a reading of the database after the cursor.

Everything here runs in the event loop and waits for nothing: questions go to batches (`chat.database`), which answer by
calling back.
"""

import asyncio
import contextlib
import gc
import logging
import time
from typing import TYPE_CHECKING, Any

from chat import access, pubsub
from chat.conversations import actions
from chat.conversations.actions import Mark
from chat.database import CROWD_SECONDS, DATABASE_AWAY, NO_ANSWER, WRITER_THREAD, in_db, is_lock_held
from chat.messages import protocol, reading
from chat.messages.protocol import ProtocolError
from chat.messages.reading import Own, Reading
from chat.messages.writing import Draft, Refusal, Written
from chat.pubsub import Hub, Ring
from chat.realtime.batch import Batch
from chat.realtime.send_backlog import Unread
from chat.realtime.sequence_cache import Guessing
from chat.realtime.subscription import Beat, Seat
from chat.realtime.waiting_room import Lobby
from chat.rules.lifecycle import Status
from common.texts import cache as text_cache

if TYPE_CHECKING:
    from chat.realtime.connection import Socket
    from chat.realtime.consumers import ConsoleSocket

logger = logging.getLogger(__name__)

Json = dict[str, Any]

PATIENCE_SECONDS = 3.0  # a restart of PostgreSQL is a delay; what lasts longer is told to whoever writes
DRAFTS_WAITING = 5_000
COMPANY_SECONDS = 0.001  # readings that follow one another closely go together
LINGER_SECONDS = 0.25  # beats and read marks wait so long for company
ROUND_SECONDS, SLICES = 2.0, 20
# Written together. With another process writing to the same conversations, hundreds would keep it waiting for their
# locks, and the loop for their answers.
TOGETHER, TOGETHER_BESIDE_OTHERS = 512, 160
# With another process, a message waits twice for company: where it is written and where it is read. One that waits for
# neither costs a little more, and the two together carry a tenth more.
WRITER_CROWD_BESIDE_OTHERS, READER_CROWD_BESIDE_OTHERS = 0.001, 0.002
GONE_TOGETHER, CAME_TOGETHER = 200, 500
SWEEP_UP_SECONDS, NOT_AGAIN_SECONDS = 300.0, 5.0
CHARACTERS_TOGETHER = protocol.PAGE_BYTES // 6  # in one frame; JSON writes a character in six bytes at most
# Sweeping takes at most a fifth of the time, of the loop's in any case; of the database's, unless it is so slow that
# somebody would wait for the next one.
SWEEP_SHARE, REST_SECONDS, AWAY_SECONDS = 4, 0.05, 0.5
READ_TOGETHER = 128

REFUSALS = {
    Refusal.CLOSED: "The conversation is closed.",
    Refusal.FORBIDDEN: "This conversation is not yours.",
    Refusal.TOO_FAST: protocol.TOO_FAST_DETAIL,
}
UNAVAILABLE = "The message could not be written: keep it and try again."


class Switchboard:
    """The seats of one process, its batches, and its line to the other processes.

    has_sockets: False in a process that serves pages only. It rings for others and listens to nobody.
    """

    def __init__(self, *, has_sockets: bool = True) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub(self.loop, self.hear, listens=has_sockets)
        self.sockets: set[Socket] = set()
        self.lobby = Lobby(self)
        self.unread = Unread()
        self._seats: dict[str, list[Seat]] = {}
        self._consoles: dict[int, list[ConsoleSocket]] = {}
        self._agents_seen: set[int] = set()
        self._reads: dict[tuple[str, str], Mark] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_sweeping = self._is_renewing = self._is_refreshing = False
        self._rest_until = 0.0
        self._gone = self._settled = 0
        self._swept_up_at = time.monotonic()
        self.writer: Batch[tuple[Draft, Seat], Written | Refusal] = Batch(
            Guessing(), self._written, patience=PATIENCE_SECONDS, at_most=TOGETHER, executor=WRITER_THREAD
        )
        self.reader: Batch[Seat, Reading | None] = Batch(
            _read, _take, company=COMPANY_SECONDS, patience=PATIENCE_SECONDS, at_most=READ_TOGETHER
        )
        self.owners: Batch[ConsoleSocket, Own | None] = Batch(_own, _took)
        self._beating: list[Seat | ConsoleSocket] = []
        self._marks: Batch[tuple[str, str], int] = Batch(self._mark, self._marked, linger=LINGER_SECONDS)
        self._rounds = self.loop.create_task(self._make_rounds())

    async def close(self) -> None:
        self._rounds.cancel()
        self.lobby.close()
        batches: tuple[Batch[Any, Any], ...] = (self.writer, self.reader, self.owners, self._marks)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while any(batch.is_busy for batch in batches):  # what was sent is written
                    await asyncio.sleep(0.01)
        await self.hub.close()

    # -- who is there ------------------------------------------------------------------------------------------------

    def sit(self, seat: Seat) -> None:
        self._seats.setdefault(seat.topic, []).append(seat)

    def rise(self, seat: Seat) -> None:
        self.lobby.leave(seat)
        seats = self._seats.get(seat.topic)
        if seats is not None and seat in seats:
            seats.remove(seat)
            if not seats:
                del self._seats[seat.topic]

    def release(self, seat: Seat) -> None:
        """The conversation is no longer this agent's: show its end to whoever answered it, say so, and rise."""
        seat.is_ending = seat.owes_state = True
        seat.look()

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Hold on to a task until it ends: the loop itself does not."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def enter(self, console: "ConsoleSocket") -> None:
        self._consoles.setdefault(console.agent_id, []).append(console)
        self.lobby.enter(console)

    def exit(self, console: "ConsoleSocket") -> None:
        self.lobby.exit(console)
        consoles = self._consoles.get(console.agent_id)
        if consoles is not None and console in consoles:
            consoles.remove(console)
            if not consoles:
                del self._consoles[console.agent_id]

    # -- messages ----------------------------------------------------------------------------------------------------

    def post(self, seat: Seat, frame: protocol.Post) -> None:
        """Put a message on the way to the database; its answer is a `messages` frame or an `error`."""
        if len(self.writer) >= DRAFTS_WAITING:
            seat.socket.send_error(protocol.UNAVAILABLE, UNAVAILABLE, frame.client_id)
            return
        if seat.agent_id is not None:
            self._agents_seen.add(seat.agent_id)
        draft = Draft(seat.conversation_id, seat.topic, seat.author, seat.agent_id, frame.client_id, frame.body)
        draft.is_metered = seat.socket.is_metered
        self.writer.add((draft, seat))

    def _written(self, posts: list[tuple[Draft, Seat]], answers: list[Written | Refusal] | Exception) -> None:
        if isinstance(answers, Exception):
            self._give_back(posts, is_all=isinstance(answers, NO_ANSWER) and not is_lock_held(answers))
            return
        held = [post for post, answer in zip(posts, answers, strict=True) if answer is Refusal.HELD]
        if held:
            self._give_back(held)
        self.writer.put_back([post for post, answer in zip(posts, answers, strict=True) if answer is Refusal.PUT_OFF])
        fresh: dict[str, list[Json]] = {}
        agents: dict[str, int | None] = {}
        ring: dict[str, int] = {}
        again: set[str] = set()
        for (draft, seat), answer in zip(posts, answers, strict=True):
            if answer is Refusal.HELD or answer is Refusal.PUT_OFF:
                continue
            if answer is Refusal.FULL:
                full = ProtocolError(protocol.CLOSED, protocol.FULL_DETAIL, draft.client_id, protocol.FULL)
                seat.socket.send(full.frame())
                continue
            if isinstance(answer, Refusal):
                seat.socket.send_error(answer.value, REFUSALS[answer], draft.client_id)
                continue
            topic = draft.public_id
            ring[topic] = max(answer.seq, ring.get(topic, 0))  # for a repeat too: its first ring may have been lost
            item = {
                "seq": answer.seq,
                "client_id": draft.client_id,
                "author": draft.author,
                "sent_at": answer.sent_at,
                "body": answer.body,
            }
            if answer.is_repeat:
                again.add(topic)
                seat.acknowledge(*_frame(topic, [item]), answer.seq)
            else:
                agents[topic] = answer.assigned_to
                fresh.setdefault(topic, []).append(item)
        for topic, items in fresh.items():
            for page in _pages(items):
                self._deliver(topic, page, agents[topic])
        for topic, seq in ring.items():
            rung = Ring(pubsub.MESSAGES, conversation=topic, seq=seq)
            if topic in again:  # its COMMIT was perhaps never answered, and nobody here has it yet
                self.hear(rung)
            self.hub.ring_elsewhere(rung)

    def _give_back(self, posts: list[tuple[Draft, Seat]], *, is_all: bool = False) -> None:
        """These could not be written; nor are those that came after them, in the same conversations or in all: a
        person's messages stay in their order.
        """
        topics = {draft.public_id for draft, _seat in posts}
        later, posts = self.writer.take_all(), list(posts)
        for post in later:
            if is_all or post[0].public_id in topics:
                posts.append(post)
            else:
                self.writer.add(post)
        for draft, seat in posts:
            seat.socket.send_error(protocol.UNAVAILABLE, UNAVAILABLE, draft.client_id)

    def _deliver(self, topic: str, items: list[Json], agent_id: int | None) -> None:
        """Hand what was just committed, in one frame, to the seats of its conversation. agent_id: who may read it."""
        event, size = _frame(topic, items)
        first, last = items[0]["seq"], items[-1]["seq"]
        for seat in self._seats.get(topic, ()):
            if seat.agent_id is None or seat.agent_id == agent_id:
                seat.offer(event, size, first, last)

    # -- rings -------------------------------------------------------------------------------------------------------

    def hear(self, ring: Ring) -> None:
        kind = ring.kind
        if kind == pubsub.MESSAGES:
            for seat in self._seats.get(ring.conversation, ()):
                if ring.seq > seat.cursor:
                    seat.look()
        elif kind == pubsub.STATE:
            for seat in self._seats.get(ring.conversation, ()):
                seat.owes_state = True
                seat.look()
        elif kind in {pubsub.TYPING, pubsub.READ}:
            self._pass_on(ring)
        elif kind == pubsub.AGENT:
            for console in self._consoles.get(ring.agent, ()):
                console.look()
        elif kind == pubsub.ASIDE:
            for console in self._consoles.get(ring.agent, ()):
                console.send({"type": "asides"})
        elif kind == pubsub.QUEUE:
            self.lobby.refresh()
        elif kind == pubsub.SWEEP:
            self._sweep()
        elif kind == pubsub.LOOK:
            self._look()

    def _pass_on(self, ring: Ring) -> None:
        """A hint for the other side."""
        hint: dict[str, Any] = {"type": ring.kind, "conversation": ring.conversation, "author": ring.author}
        if ring.kind == pubsub.READ:
            hint["seq"] = ring.seq
        text = protocol.encode(hint)
        for seat in self._seats.get(ring.conversation, ()):
            if seat.author != ring.author:
                seat.socket.push(text)

    def _look(self) -> None:
        for seats in list(self._seats.values()):
            for seat in seats:
                seat.look_all_over()
        for consoles in self._consoles.values():
            for console in consoles:
                console.look()
        self.lobby.refresh()

    def _sweep(self) -> None:
        """While rings are lost: find in one query which conversations have something new."""
        if self._is_sweeping or time.monotonic() < self._rest_until or not self._seats:
            return
        self._is_sweeping = True
        started = time.monotonic()
        cursors = [(seats[0].conversation_id, min(seat.cursor for seat in seats)) for seats in self._seats.values()]
        topics = {seats[0].conversation_id: topic for topic, seats in self._seats.items()}
        self.keep(self.loop.create_task(self._swept(cursors, topics, time.monotonic() - started)))

    async def _swept(self, cursors: list[tuple[int, int]], topics: dict[int, str], held_up: float) -> None:
        started = time.monotonic()
        try:
            behind = await in_db(reading.behind, cursors)
        except DATABASE_AWAY as error:
            logger.warning("sweep: the database failed (%s)", type(error).__name__)
            self._rest_until = time.monotonic() + AWAY_SECONDS
            return
        finally:
            self._is_sweeping = False
        for pk, seq in behind.items():
            self.hear(Ring(pubsub.MESSAGES, conversation=topics[pk], seq=seq))
        now = time.monotonic()
        self._rest_until = now + max(SWEEP_SHARE * held_up, min(SWEEP_SHARE * (now - started), REST_SECONDS))

    # -- states, reads, beats ----------------------------------------------------------------------------------------

    def show_state(self, seat: Seat) -> None:
        """Send where the conversation stands; for a person who waits, with the place, as soon as it is known."""
        seat.owes_state = False
        if seat.snapshot is None:
            return
        if seat.agent_id is None and seat.snapshot.status == Status.WAITING:
            self.lobby.show(seat)
            return
        self.lobby.leave(seat)
        seat.socket.push(protocol.encode(seat.snapshot.state_frame(seat.topic, for_reporter=seat.agent_id is None)))

    def beat(self, beating: "Seat | ConsoleSocket") -> None:
        """Answer a beat soon, together with others: nobody waits for it."""
        if not self._beating:
            self.loop.call_later(LINGER_SECONDS, self._beat_all)
        self._beating.append(beating)

    def _beat_all(self) -> None:
        beating, self._beating = self._beating, []
        for one in beating:
            one.beat = Beat.ASKED
            one.look()

    def type(self, seat: Seat) -> None:
        self.hub.ring(Ring(pubsub.TYPING, conversation=seat.topic, author=seat.author))

    def mark_read(self, seat: Seat, seq: int) -> None:
        """This side has everything up to `seq` on screen: kept soon, in one statement with the others."""
        key = (seat.topic, seat.author)
        before = self._reads.get(key)
        self._reads[key] = Mark(seat.conversation_id, seat.author, max(seq, before.seq if before else 0))
        if before is None:
            self._marks.add(key)

    def _mark(self, keys: list[tuple[str, str]]) -> list[int]:
        marks = [self._reads[key] for key in keys]
        actions.mark_read(marks)
        return [mark.seq for mark in marks]

    def _marked(self, keys: list[tuple[str, str]], answers: list[int] | Exception) -> None:
        if isinstance(answers, Exception):  # the mark comes again with the next message that is read
            logger.warning("read marks: the database failed (%s)", type(answers).__name__)
        for index, key in enumerate(keys):
            if not isinstance(answers, Exception) and self._reads[key].seq > answers[index]:
                self._marks.add(key)  # more was read meanwhile
            else:
                del self._reads[key]

    def goodbye(self, socket: "Socket") -> None:
        """This socket has hung up."""
        self.sockets.discard(socket)
        self._gone += 1

    def _sweep_up(self, now: float) -> None:
        """A connection that ends leaves circles of the server's own objects behind, 6 kB, which only a full collection
        finds: one for every generation of sockets, so that what waits for it is never more than what lives.

        In between, those who have come are left out of collections: with 10,000 sockets a full one holds everybody up
        for 70 ms, and Python would start one whenever a quarter more objects live than before.
        """
        count = len(self.sockets)
        since = now - self._swept_up_at
        is_due = self._gone >= max(GONE_TOGETHER, count) or (self._gone and since > SWEEP_UP_SECONDS)
        if is_due and since > NOT_AGAIN_SECONDS:
            self._gone = 0
            self._swept_up_at = now
            if self._settled:  # what was loaded at the start stays out, as long as no socket was put beside it
                gc.unfreeze()
            gc.collect()
        elif count < self._settled + max(CAME_TOGETHER, self._settled // 4):
            return
        gc.freeze()
        self._settled = count if count >= CAME_TOGETHER else 0

    async def _make_rounds(self) -> None:
        """All the time: who may no longer be here, a few of them at each turn; and who was."""
        left: list[Socket] = []
        share = 0
        while True:
            await asyncio.sleep(ROUND_SECONDS / SLICES)
            now = time.monotonic()
            if not left:
                left = list(self.sockets)
                share = len(left) // SLICES + 1
            for socket in [left.pop() for _socket in range(min(share, len(left)))]:
                try:
                    socket.check(now)
                except Exception as error:  # noqa: BLE001  the rounds go on for the life of the process
                    logger.error("rounds: a socket could not be checked (%s)", type(error).__name__)
            self._sweep_up(now)
            self._suit_the_company()
            if text_cache.is_due() and not self._is_refreshing and not left:  # once a round
                self._is_refreshing = True
                self.keep(self.loop.create_task(self._refresh()))
            if self._agents_seen and not self._is_renewing and not left:  # once a round
                self._is_renewing = True
                agents, self._agents_seen = self._agents_seen, set()
                self.keep(self.loop.create_task(self._renew(agents)))  # a slow database must not delay the rounds

    def _suit_the_company(self) -> None:
        """How much goes together, and how long it waits for it: alone, or beside other processes."""
        has_others = self.hub.has_others
        self.writer.at_most = TOGETHER_BESIDE_OTHERS if has_others else TOGETHER
        self.writer.crowd = WRITER_CROWD_BESIDE_OTHERS if has_others else CROWD_SECONDS
        self.reader.crowd = READER_CROWD_BESIDE_OTHERS if has_others else CROWD_SECONDS

    async def _refresh(self) -> None:
        """What is said was perhaps changed by another process. Aside: nobody waits for it."""
        try:
            await in_db(text_cache.refresh)
        except DATABASE_AWAY as error:
            logger.warning("sentences: the database failed (%s)", type(error).__name__)
        finally:
            self._is_refreshing = False

    async def _renew(self, agents: set[int]) -> None:
        try:
            await in_db(_renew, agents)
        except DATABASE_AWAY as error:
            self._agents_seen |= agents
            logger.warning("leases: the database failed (%s)", type(error).__name__)
        finally:
            self._is_renewing = False


def _frame(topic: str, items: list[Json]) -> tuple[Json, int]:
    """A `messages` frame as an event for all who get it, and its size in characters."""
    text = protocol.encode(protocol.messages_frame(topic, items, items[-1]["seq"]))
    return {"type": "websocket.send", "text": text}, len(text)


def _pages(items: list[Json]) -> list[list[Json]]:
    """Cut so that a frame stays below the limit of the server; nearly always there is one page."""
    pages: list[list[Json]] = [[]]
    size = 0
    for item in items:
        size += len(item["body"])
        if size > CHARACTERS_TOGETHER and pages[-1]:
            pages.append([])
            size = len(item["body"])
        pages[-1].append(item)
    return pages


def _renew(agent_ids: set[int]) -> None:
    actions.agents_seen(agent_ids=agent_ids)


def _read(seats: list[Seat]) -> list[Reading | None]:
    beating = [seat for seat in seats if seat.beat is Beat.ASKED]
    if beating:
        actions.reporters_seen(conversation_ids=[seat.conversation_id for seat in beating])
    readings = reading.read([seat.ask for seat in seats])
    for seat in beating:
        seat.beat = Beat.RENEWED
    return readings


def _take(seats: list[Seat], answers: list[Reading | None] | Exception) -> None:
    if isinstance(answers, Exception):
        logger.warning("reading: the database failed (%s)", type(answers).__name__)
        for seat in seats:
            seat.fail()
        return
    for seat, answer in zip(seats, answers, strict=True):
        try:
            seat.take(answer)
        except Exception as error:  # noqa: BLE001  the others have their answers to take
            logger.error("reading: an answer could not be taken (%s)", type(error).__name__)
            seat.socket.leave(protocol.CLOSE_AGAIN)  # it reads everything again when it is back


def _own(consoles: "list[ConsoleSocket]") -> list[Own | None]:
    """The conversations of each agent; the leases of those who beat; None for an account that may no longer answer."""
    beating = [console for console in consoles if console.beat is Beat.ASKED]
    doubtful = {console.agent_id for console in consoles if console.is_doubtful}
    gone = doubtful - access.able_to_answer(doubtful) if doubtful else set()
    if beating:
        actions.agents_seen(agent_ids={console.agent_id for console in beating} - gone)
    own = reading.own_conversations({console.agent_id for console in consoles} - gone)
    for console in beating:
        console.beat = Beat.RENEWED
    return [own.get(console.agent_id) for console in consoles]


def _took(consoles: "list[ConsoleSocket]", answers: list[Own | None] | Exception) -> None:
    for index, console in enumerate(consoles):
        try:
            console.take(answers if isinstance(answers, Exception) else answers[index])
        except Exception as error:  # noqa: BLE001
            logger.error("console: an answer could not be taken (%s)", type(error).__name__)
            console.leave(protocol.CLOSE_AGAIN)


_switchboard: Switchboard | None = None


def ensure_switchboard(*, has_sockets: bool = True) -> Switchboard:
    """The switchboard of this process, started in the running loop if there is none yet.

    has_sockets: of the one that is started; see `Switchboard`.
    """
    global _switchboard
    if _switchboard is None or _switchboard.loop is not asyncio.get_running_loop():
        _switchboard = Switchboard(has_sockets=has_sockets)
        pubsub.install(_switchboard.hub)
    return _switchboard


async def close_switchboard() -> None:
    """Stop the switchboard of the running loop, for tests and for the end of a process."""
    global _switchboard
    switchboard, _switchboard = _switchboard, None
    if switchboard is not None:
        pubsub.install(None)
        if switchboard.loop is asyncio.get_running_loop():
            await switchboard.close()
