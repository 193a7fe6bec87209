"""This is the one module that delivers messages to the pages of this process.

A `Subscription` (`chat.realtime.subscription`) has a cursor: everything up to it was sent. A message that was just
committed goes straight from memory to the subscriptions that have everything before it. A subscription with a gap, one
that hears of a message written by another process, and one that reconnects, read the database after their cursor.

Subscriptions and consoles belong to the event loop, and nothing here blocks it. A batch (`chat.realtime.batch`) takes
values to a thread (`ReadRequest`, `OwnRequest`, a draft with its author's cursor) and brings values back.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.conf import settings

from chat import access, pubsub
from chat.conversations import actions, dormancy, web_heartbeat
from chat.conversations.actions import Mark
from chat.database import CROWD_SECONDS, DATABASE_AWAY, NO_ANSWER, WRITER_THREAD, in_db, is_lock_held
from chat.messages import protocol, reading
from chat.messages.protocol import ProtocolError
from chat.messages.reading import Ask, Own, Reading
from chat.messages.writing import Draft, Refusal, Written
from chat.pubsub import Hub, Notification
from chat.realtime.batch import Batch
from chat.realtime.beats import Beats, last_signs
from chat.realtime.check_rounds import TICK_SECONDS, CheckRounds
from chat.realtime.garbage import Garbage
from chat.realtime.interfaces import AnyConnection, AnyConsole, Beat
from chat.realtime.send_backlog import SendBacklog
from chat.realtime.sequence_cache import SequenceCache
from chat.realtime.subscription import Subscription
from chat.realtime.waiting_room import WaitingRoom
from chat.rules.lifecycle import Status
from common import metrics
from common.data_keys import keys as data_keys
from common.database_errors import describe_error
from common.texts import cache as text_cache

logger = logging.getLogger(__name__)

Json = dict[str, Any]

# How long writing and reading are retried while PostgreSQL is away. A restart is then only a delay; an interruption
# that lasts longer is told to the author.
PATIENCE_SECONDS = 3.0
DRAFTS_WAITING = 5_000  # how many messages may wait for the writer in this process; one more is refused at once
COMPANY_SECONDS = 0.001  # readings that follow one another this closely share one batch
LINGER_SECONDS = 0.25  # read marks wait this long, so that many share one statement
ROUND_SECONDS = 2.0  # what is done for the whole process is done once in this time; connections: `check_rounds`
# Most messages in one batch of the writer, alone or beside other processes. With less than what is on its way, batches
# of two processes meet in the same conversations more often, and each meeting makes guesses of numbers wrong.
TOGETHER = 512
# Beside other processes a message would wait twice for a fuller batch: where it is written and where it is read. With
# these shorter waits a message costs a little more, but two processes together carry more messages than with longer
# ones (docs/performance-log.md).
WRITER_CROWD_BESIDE_OTHERS, READER_CROWD_BESIDE_OTHERS = 0.001, 0.002
# The characters of all texts in one frame; JSON writes each in six bytes at most.
CHARACTERS_TOGETHER = protocol.PAGE_BYTES // 6
# Polling (`_poll`) rests four times as long as it took, so that it takes at most a fifth of the event loop's time. The
# rest for the database's share ends after REST_SECONDS, so that people do not wait for a slow database. After a failure
# it rests AWAY_SECONDS.
SWEEP_SHARE, REST_SECONDS, AWAY_SECONDS = 4, 0.05, 0.5
READ_TOGETHER = 128  # the most subscriptions in one batch of the reader

OFFERED = metrics.MESSAGES_OFFERED.labels(metrics.SOCKET)
WRITTEN, REPEATED, REFUSED, GIVEN_BACK = [
    metrics.MESSAGES.labels(metrics.SOCKET, outcome) for outcome in ("written", "repeated", "refused", "given_back")
]
REFUSALS = {
    Refusal.CLOSED: "The conversation is closed.",
    Refusal.FORBIDDEN: "This conversation is not yours.",
}
UNAVAILABLE = "The message could not be written: keep it and try again."


class ReadRequest(NamedTuple):
    """It is what one subscription wants read.

    renews_lease: its page sent a beat, so that the person's lease is renewed before the reading.
    is_hidden: that page is out of sight.
    """

    ask: Ask
    renews_lease: bool
    is_hidden: bool


class ReadAnswer(NamedTuple):
    """It is the result of a reading; reading is None when the conversation was deleted.

    is_renewed: the lease was renewed too, so that the beat may be answered.
    """

    reading: Reading | None
    is_renewed: bool


class OwnRequest(NamedTuple):
    """It asks which conversations are this agent's.

    renews_lease: the console sent a beat. is_doubtful: ask also whether the account may still answer. sign: what that
    beat said of the last sign of the agent (`chat.realtime.beats.AgentBeat`).
    """

    agent_id: int
    renews_lease: bool
    is_doubtful: bool
    sign: int | None


class OwnAnswer(NamedTuple):
    """These are the conversations of an agent; own is None when the account may no longer answer. is_renewed: as
    `ReadAnswer`."""

    own: Own | None
    is_renewed: bool


def _check(connections: Iterable[AnyConnection], now: float) -> None:
    """Let each of these connections check whether it may stay. now: monotonic seconds."""
    for connection in connections:
        try:
            connection.check(now)
        except Exception as error:  # noqa: BLE001  one connection must not end the rounds, which last as the process
            logger.error("rounds: a socket could not be checked (%s)", type(error).__name__)


class Broadcaster:
    """These are the subscriptions of one process, its batches, and its link to the other processes. They
    belong to the event loop.

    has_sockets: False in a process that serves pages only. Such a process notifies others, and listens to nobody.
    """

    def __init__(self, *, has_sockets: bool = True) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub(self.loop, self.on_event, listens=has_sockets)
        self.connections: set[AnyConnection] = set()
        self.waiting_room = WaitingRoom(self.loop)
        self.send_backlog = SendBacklog()
        self._checks = CheckRounds()
        self._sequences = SequenceCache()
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._consoles: dict[int, list[AnyConsole]] = {}
        self._agents_seen: set[int] = set()
        self._typed_in: set[int] = set()  # conversations in which an agent typed since the last round
        self._reads: dict[tuple[str, str], Mark] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_polling = self._is_renewing = self._is_refreshing = self._is_beating = False
        self._beat_at = time.monotonic() + web_heartbeat.BEAT_SECONDS
        self._rest_until = 0.0
        self._offered = 0
        self._garbage = Garbage(time.monotonic())
        self.writer: Batch[tuple[Draft, Subscription], Written | Refusal, tuple[Draft, int]] = Batch(
            self._sequences,
            self._written,
            snapshot=lambda post: (post[0], post[1].cursor),
            patience=PATIENCE_SECONDS,
            stream=lambda post: (post[0].conversation_id, post[0].author),
            stops=lambda answer: answer is Refusal.HELD or answer is Refusal.TOO_FAST,
            at_most=TOGETHER,
            executor=WRITER_THREAD,
            name="writer",
        )
        self.reader: Batch[Subscription, ReadAnswer, ReadRequest] = Batch(
            _read,
            self._apply,
            snapshot=_read_request,
            coalesce=COMPANY_SECONDS,
            patience=PATIENCE_SECONDS,
            at_most=READ_TOGETHER,
            name="reader",
        )
        self.owners: Batch[AnyConsole, OwnAnswer, OwnRequest] = Batch(
            _own, _apply_own, snapshot=_own_request, name="consoles"
        )
        self._beats = Beats(self.loop.call_later)
        self._marks: Batch[tuple[str, str], int, Mark] = Batch(
            _mark, self._marked, snapshot=self._reads.__getitem__, delay=LINGER_SECONDS, name="read_marks"
        )
        self._rounds = self.loop.create_task(self._make_rounds())

    async def close(self) -> None:
        """End the rounds, let the batches write what was sent (PATIENCE_SECONDS at most), and close the hub."""
        self._rounds.cancel()
        self.waiting_room.close()
        batches: tuple[Batch[Any, Any], ...] = (self.writer, self.reader, self.owners, self._marks)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while any(batch.is_busy for batch in batches):  # until every message that arrived is written
                    await asyncio.sleep(0.01)
        await self.hub.close()

    # -- subscriptions and consoles ----------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription) -> None:
        """Deliver to this subscription from now on."""
        self._subscriptions.setdefault(subscription.topic, []).append(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver nothing more to it. A subscription that is not known is no error."""
        self.waiting_room.leave(subscription)
        subscriptions = self._subscriptions.get(subscription.topic)
        if subscriptions is not None and subscription in subscriptions:
            subscriptions.remove(subscription)
            if not subscriptions:
                del self._subscriptions[subscription.topic]

    def release(self, subscription: Subscription) -> None:
        """End a subscription whose conversation is no longer this agent's.

        The agent is first sent what they have not seen yet and the last state, then a `released` frame.
        """
        subscription.is_ending = subscription.owes_state = True
        subscription.catch_up()

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Keep a reference to a task until it ends; the event loop itself keeps only a weak one."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def enter(self, console: AnyConsole) -> None:
        """Show the queue to this console, and tell it of conversations that become its agent's."""
        self._consoles.setdefault(console.agent_id, []).append(console)
        self.waiting_room.enter(console)

    def exit(self, console: AnyConsole) -> None:
        """Forget a console that left. One that is not known is no error."""
        self.waiting_room.exit(console)
        consoles = self._consoles.get(console.agent_id)
        if consoles is not None and console in consoles:
            consoles.remove(console)
            if not consoles:
                del self._consoles[console.agent_id]

    # -- messages ----------------------------------------------------------------------------------------------------

    def post(self, subscription: Subscription, frame: protocol.Post) -> None:
        """Put a message on the way to the database; its answer is a `messages` frame or an `error`."""
        if len(self.writer) >= DRAFTS_WAITING:
            subscription.hold_behind(frame.client_id, protocol.UNAVAILABLE, now=time.monotonic())
            subscription.connection.send_error(protocol.UNAVAILABLE, UNAVAILABLE, frame.client_id)
            return
        if subscription.agent_id is not None:
            self._agents_seen.add(subscription.agent_id)
        draft = Draft(
            subscription.conversation_id,
            subscription.topic,
            subscription.author,
            subscription.agent_id,
            frame.client_id,
            frame.body,
        )
        draft.is_metered = subscription.connection.is_metered
        draft.received_at = self.loop.time()
        self._offered += 1
        self.writer.add((draft, subscription))

    def _written(self, posts: list[tuple[Draft, Subscription]], answers: list[Written | Refusal] | Exception) -> None:
        self._count_offered()
        if isinstance(answers, Exception):
            self._give_back(posts, is_all=isinstance(answers, NO_ANSWER) and not is_lock_held(answers))
            return
        held = [post for post, answer in zip(posts, answers, strict=True) if answer is Refusal.HELD]
        if held:
            self._give_back(held)
        too_fast = [post for post, answer in zip(posts, answers, strict=True) if answer is Refusal.TOO_FAST]
        if too_fast:
            self._refuse_for_now(too_fast)
        self.writer.put_back([post for post, answer in zip(posts, answers, strict=True) if answer is Refusal.PUT_OFF])
        arrived: list[float] = []  # the times at which the messages that were written had arrived
        fresh: dict[str, list[Json]] = {}
        agents: dict[str, int | None] = {}
        newest: dict[str, int] = {}
        again: set[str] = set()
        for (draft, subscription), answer in zip(posts, answers, strict=True):
            if answer is Refusal.HELD or answer is Refusal.TOO_FAST or answer is Refusal.PUT_OFF:
                continue
            if answer is Refusal.FULL:
                full = ProtocolError(protocol.CLOSED, protocol.FULL_DETAIL, draft.client_id, protocol.FULL)
                subscription.connection.send(full.frame())
                continue
            if isinstance(answer, Refusal):
                subscription.connection.send_error(answer.value, REFUSALS[answer], draft.client_id)
                continue
            topic = draft.public_id
            # A repeat is announced too, because its first notification may be lost.
            newest[topic] = max(answer.seq, newest.get(topic, 0))
            item = protocol.message_item(
                seq=answer.seq,
                client_id=draft.client_id,
                author=draft.author,
                sent_at=answer.sent_at,
                body=answer.body,
            )
            if answer.is_repeat:
                again.add(topic)
                subscription.acknowledge(*_frame(topic, [item]), answer.seq)
            else:
                agents[topic] = answer.assigned_to
                arrived.append(draft.received_at)
                fresh.setdefault(topic, []).append(item)
        delivered = 0
        for topic, items in fresh.items():
            for page in _pages(items):
                delivered += self._deliver(topic, page, agents[topic])
        for topic, seq in newest.items():
            notification = Notification(pubsub.MESSAGES, conversation=topic, seq=seq)
            if topic in again:  # the answer to its first COMMIT may have been lost, so nobody here has it yet
                self.on_event(notification)
            self.hub.publish_elsewhere(notification)
        self._count_written(len(posts), arrived, delivered, answers)

    def _count_offered(self) -> None:
        """Count the messages that arrived since the last call, in one addition."""
        offered, self._offered = self._offered, 0
        if offered:
            OFFERED.inc(offered)

    @staticmethod
    def _count_written(posts: int, arrived: list[float], delivered: int, answers: list[Written | Refusal]) -> None:
        """Update the metrics once for a whole batch, so that a single message costs next to nothing.

        arrived: when each written message was received, in seconds of the event loop's clock.
        """
        now = asyncio.get_running_loop().time()
        metrics.ACKNOWLEDGEMENTS.observe_all([now - received_at for received_at in arrived])
        WRITTEN.inc(len(arrived))
        metrics.DELIVERIES.inc(delivered)
        if posts > len(arrived):
            put_back = sum(answer is Refusal.HELD or answer is Refusal.PUT_OFF for answer in answers)
            repeats = sum(isinstance(answer, Written) and answer.is_repeat for answer in answers)
            REPEATED.inc(repeats)
            REFUSED.inc(posts - len(arrived) - put_back - repeats)

    def _give_back(self, posts: list[tuple[Draft, Subscription]], *, is_all: bool = False) -> None:
        """Give back messages that could not be written, and those that wait behind them, so that order is kept.

        is_all: give back everything that waits; otherwise only what waits for the same conversations.
        """
        topics = {draft.public_id for draft, _subscription in posts}
        posts = [*posts, *self._take_back(lambda post: is_all or post[0].public_id in topics)]
        self._count_offered()
        GIVEN_BACK.inc(len(posts))
        self._tell_to_send_again(posts, protocol.UNAVAILABLE, UNAVAILABLE)

    def _refuse_for_now(self, posts: list[tuple[Draft, Subscription]]) -> None:
        """Give back messages that came faster than their author may write, and what the same socket sent after them."""
        those = {id(subscription) for _draft, subscription in posts}
        later = self._take_back(lambda post: id(post[1]) in those)
        REFUSED.inc(len(later))
        self._tell_to_send_again([*posts, *later], protocol.RATE_LIMITED, protocol.TOO_FAST_DETAIL)

    def _take_back(self, is_behind: Callable[[tuple[Draft, Subscription]], bool]) -> list[tuple[Draft, Subscription]]:
        """Return the waiting messages for which `is_behind` is true; the others go on waiting."""
        behind = []
        for post in self.writer.take_all():
            if is_behind(post):
                behind.append(post)
            else:
                self.writer.add(post)
        return behind

    @staticmethod
    def _tell_to_send_again(posts: list[tuple[Draft, Subscription]], code: str, detail: str) -> None:
        """Answer each message with this error, so that its page sends it again.

        posts: in the order in which they were sent: what a socket sends next waits for its first one to come again.
        """
        now = time.monotonic()
        for draft, subscription in posts:
            subscription.hold_behind(draft.client_id, code, now=now)
            subscription.connection.send_error(code, detail, draft.client_id)

    def _deliver(self, topic: str, items: list[Json], agent_id: int | None) -> int:
        """Send what was just committed, in one frame, to the subscriptions of its conversation.

        agent_id: the only agent who may read it. Returns how many messages were sent, counted once for each
        subscription that had everything before them.
        """
        event, size = _frame(topic, items)
        first, last = items[0]["seq"], items[-1]["seq"]
        delivered = 0
        for subscription in self._subscriptions.get(topic, ()):
            if subscription.agent_id is None or subscription.agent_id == agent_id:
                before = subscription.cursor
                subscription.deliver(event, size, first, last)
                delivered += subscription.cursor - before
        return delivered

    # -- notifications ----------------------------------------------------------------------------------------------

    def on_event(self, notification: Notification) -> None:
        """Pass a notification, from whichever process, on to the subscriptions and consoles that it concerns."""
        kind = notification.kind
        if kind == pubsub.MESSAGES:
            for subscription in self._subscriptions.get(notification.conversation, ()):
                if notification.seq > subscription.cursor:
                    subscription.catch_up()
        elif kind == pubsub.STATE:
            for subscription in self._subscriptions.get(notification.conversation, ()):
                subscription.owes_state = True
                subscription.catch_up()
        elif kind in {pubsub.TYPING, pubsub.READ}:
            self._pass_on(notification)
        elif kind == pubsub.AGENT:
            for console in self._consoles.get(notification.agent, ()):
                console.catch_up()
        elif kind == pubsub.ASIDE:
            for console in self._consoles.get(notification.agent, ()):
                console.send({"type": "asides"})
        elif kind == pubsub.QUEUE:
            self.waiting_room.refresh()
        elif kind == pubsub.POLL:
            self._poll()
        elif kind == pubsub.RESYNC:
            self._resync()

    def _pass_on(self, notification: Notification) -> None:
        """Send a hint (typing, read) to the other side of the conversation."""
        hint: dict[str, Any] = {
            "type": notification.kind,
            "conversation": notification.conversation,
            "author": notification.author,
        }
        if notification.kind == pubsub.READ:
            hint["seq"] = notification.seq
        text = protocol.encode(hint)
        for subscription in self._subscriptions.get(notification.conversation, ()):
            if subscription.author != notification.author:
                subscription.connection.push(text)

    def _resync(self) -> None:
        for subscriptions in list(self._subscriptions.values()):
            for subscription in subscriptions:
                subscription.resync()
        for consoles in self._consoles.values():
            for console in consoles:
                console.catch_up()
        self.waiting_room.refresh()

    def _poll(self) -> None:
        """Find in one query which conversations have new messages, while notifications are lost."""
        if self._is_polling or time.monotonic() < self._rest_until or not self._subscriptions:
            return
        self._is_polling = True
        started = time.monotonic()
        followed = self._subscriptions
        cursors = [(those[0].conversation_id, min(one.cursor for one in those)) for those in followed.values()]
        topics = {those[0].conversation_id: topic for topic, those in followed.items()}
        self.keep(self.loop.create_task(self._polled(cursors, topics, time.monotonic() - started)))

    async def _polled(self, cursors: list[tuple[int, int]], topics: dict[int, str], held_up: float) -> None:
        started = time.monotonic()
        try:
            behind = await in_db(reading.conversations_behind, cursors)
        except DATABASE_AWAY as error:
            logger.warning("poll: the database failed (%s)", describe_error(error))
            self._rest_until = time.monotonic() + AWAY_SECONDS
            return
        finally:
            self._is_polling = False
        for pk, seq in behind.items():
            self.on_event(Notification(pubsub.MESSAGES, conversation=topics[pk], seq=seq))
        now = time.monotonic()
        self._rest_until = now + max(SWEEP_SHARE * held_up, min(SWEEP_SHARE * (now - started), REST_SECONDS))

    # -- states, reads, beats ----------------------------------------------------------------------------------------

    def show_state(self, subscription: Subscription) -> None:
        """Send the state of the conversation; to a person who waits, together with the place, once that is known."""
        subscription.owes_state = False
        if subscription.snapshot is None:
            return
        if subscription.agent_id is None and subscription.snapshot.status == Status.WAITING:
            self.waiting_room.show(subscription)
            return
        self.waiting_room.leave(subscription)
        is_reporter = subscription.agent_id is None
        state = subscription.snapshot.state_frame(subscription.topic, for_reporter=is_reporter)
        subscription.connection.push(protocol.encode(state))

    def _apply(self, subscriptions: list[Subscription], answers: list[ReadAnswer] | Exception) -> None:
        """Give each subscription what was read for it. Those that were put off, because others filled the batch, come
        first in the next one."""
        if isinstance(answers, Exception):
            logger.warning("reading: the database failed (%s)", describe_error(answers))
            for subscription in subscriptions:
                subscription.fail()
            return
        delivered = 0
        put_off: list[Subscription] = []
        for subscription, answer in zip(subscriptions, answers, strict=True):
            try:
                if answer.is_renewed:
                    subscription.beat = Beat.RENEWED
                if answer.reading is not None and answer.reading.is_put_off:
                    put_off.append(subscription)
                    continue
                before = subscription.cursor
                subscription.apply(answer.reading)
                delivered += max(subscription.cursor - before, 0)
            except Exception as error:  # noqa: BLE001  the other subscriptions must still get their answers
                logger.error("reading: an answer could not be taken (%s)", type(error).__name__)
                subscription.connection.leave(protocol.CLOSE_AGAIN)  # it reconnects and reads everything again
        self.reader.put_back(put_off)
        if delivered:
            metrics.DELIVERIES.inc(delivered)

    def beat(self, beating: Subscription | AnyConsole) -> None:
        """Answer a beat soon, together with others. It may be late, because no person waits for it."""
        self._beats.add(beating)

    def type(self, subscription: Subscription) -> None:
        """Tell the other side that somebody is typing, and nothing of what is typed. It may get lost without harm."""
        self.hub.publish(Notification(pubsub.TYPING, conversation=subscription.topic, author=subscription.author))
        if subscription.agent_id is not None:
            self._typed_in.add(subscription.conversation_id)

    def mark_read(self, subscription: Subscription, seq: int) -> None:
        """Note that this side has everything up to `seq` on screen. One statement stores it soon, with others."""
        key = (subscription.topic, subscription.author)
        before = self._reads.get(key)
        seq = max(seq, before.seq if before else 0)
        self._reads[key] = Mark(subscription.conversation_id, subscription.author, seq)
        if before is None:
            self._marks.add(key)

    def _marked(self, keys: list[tuple[str, str]], answers: list[int] | Exception) -> None:
        if isinstance(answers, Exception):  # the mark is lost; the next message that is read brings it again
            logger.warning("read marks: the database failed (%s)", describe_error(answers))
        for index, key in enumerate(keys):
            if not isinstance(answers, Exception) and self._reads[key].seq > answers[index]:
                self._marks.add(key)  # more was read meanwhile
            else:
                del self._reads[key]

    def opened(self, connection: AnyConnection) -> None:
        """Keep a connection that was admitted, and check it in every round."""
        self.connections.add(connection)
        self._checks.put(connection, connection.check_seconds)
        self._garbage.opened(len(self.connections))

    def closed(self, connection: AnyConnection) -> None:
        """Forget a connection that has ended."""
        self.connections.discard(connection)
        self._checks.remove(connection)
        self._garbage.ended(len(self.connections))

    def check_after(self, connection: AnyConnection, seconds: float) -> None:
        """Check this connection after so many seconds, in place of the check that was to come."""
        if connection in self.connections:
            self._checks.put(connection, seconds)

    def hurry_garbage(self) -> None:
        """Let what is unreachable be looked for sooner, because this process refuses a socket for its memory."""
        self._garbage.hurry()

    async def _make_rounds(self) -> None:
        """Check the connections whose time has come, and do what is due once a round, for the life of the process.

        With ten thousand connections some 140 are due at each tick. A tick that comes late does not delay those that
        follow, or the checks of a busy process would come later and later. After the process stood still, ticks come at
        half their distance until none is missing, so that the checks do not come all at once.
        """
        tick_at = round_at = time.monotonic()
        while True:
            tick_at += TICK_SECONDS
            await asyncio.sleep(max(tick_at - time.monotonic(), TICK_SECONDS / 2))
            now = time.monotonic()
            due = self._checks.take_due()
            for connection in due:
                self._checks.put(connection, connection.check_seconds)
            _check(due, now)
            self._garbage.look(len(self.connections), now)
            self._suit_the_company()
            is_round = now >= round_at
            if is_round:  # it takes half a millisecond with as many keys as a process may keep
                round_at = now + ROUND_SECONDS
                data_keys.drop_expired()
            if text_cache.is_due() and not self._is_refreshing and is_round:
                self._is_refreshing = True
                self.keep(self.loop.create_task(self._refresh()))
            if now >= self._beat_at and not self._is_beating:
                self._is_beating = True
                self._beat_at = now + web_heartbeat.BEAT_SECONDS
                self.keep(self.loop.create_task(self._write_heartbeat()))
            if (self._agents_seen or self._typed_in) and not self._is_renewing and is_round:
                self._is_renewing = True
                agents, self._agents_seen = self._agents_seen, set()
                typed_in, self._typed_in = self._typed_in, set()
                # In a task of its own, because a slow database must not delay the rounds.
                self.keep(self.loop.create_task(self._renew(agents, typed_in)))

    def _suit_the_company(self) -> None:
        """Set the waiting time of batches, which differs when other processes run beside this one."""
        has_others = self.hub.has_others
        self.writer.crowd = WRITER_CROWD_BESIDE_OTHERS if has_others else CROWD_SECONDS
        self.reader.crowd = READER_CROWD_BESIDE_OTHERS if has_others else CROWD_SECONDS

    async def _refresh(self) -> None:
        """Read again, in a thread, the texts that another process may have changed, so that no page waits for that."""
        try:
            await in_db(text_cache.refresh)
        except DATABASE_AWAY as error:
            logger.warning("sentences: the database failed (%s)", describe_error(error))
        finally:
            self._is_refreshing = False

    async def _write_heartbeat(self) -> None:
        """Store that this process is alive. The worker looks at it before it counts anybody as gone (docs/adr/0074)."""
        try:
            await in_db(web_heartbeat.write_heartbeat, web_heartbeat.roles_of(settings.PROCESS_ROLE))
        except DATABASE_AWAY as error:
            logger.warning("heartbeat: the database failed (%s)", describe_error(error))
        finally:
            self._is_beating = False

    async def _renew(self, agents: set[int], typed_in: set[int]) -> None:
        try:
            await in_db(_renew, agents, typed_in)
        except DATABASE_AWAY as error:
            self._agents_seen |= agents
            self._typed_in |= typed_in
            logger.warning("leases: the database failed (%s)", describe_error(error))
        finally:
            self._is_renewing = False


def _frame(topic: str, items: list[Json]) -> tuple[Json, int]:
    """Return a `messages` frame as one ASGI event for all its receivers, and the length of its text in characters."""
    text = protocol.encode(protocol.messages_frame(topic, items, items[-1]["seq"]))
    return {"type": "websocket.send", "text": text}, len(text)


def _pages(items: list[Json]) -> list[list[Json]]:
    """Split the items so that each frame stays below the server's size limit. Nearly always there is one page."""
    pages: list[list[Json]] = [[]]
    size = 0
    for item in items:
        size += len(item["body"])
        if size > CHARACTERS_TOGETHER and pages[-1]:
            pages.append([])
            size = len(item["body"])
        pages[-1].append(item)
    return pages


def _renew(agent_ids: set[int], typed_in: set[int]) -> None:
    """Renew the leases of agents, and note in which conversations an agent typed. Runs in a thread."""
    if agent_ids:
        actions.agents_seen(agent_ids=agent_ids)
    if typed_in:
        dormancy.agents_typed(conversation_ids=typed_in)


def _mark(marks: list[Mark]) -> list[int]:
    """Store read marks, and return the number up to which each was stored. Runs in a thread."""
    actions.mark_read(marks)
    return [mark.seq for mark in marks]


def _read_request(subscription: Subscription) -> ReadRequest:
    return ReadRequest(subscription.ask, subscription.beat is Beat.ASKED, subscription.is_hidden)


def _read(requests: list[ReadRequest]) -> list[ReadAnswer]:
    """Renew the leases of those who sent a beat, then read for all. Runs in a thread."""
    beating = [request for request in requests if request.renews_lease]
    if beating:
        seen = {request.ask.conversation_id for request in beating}
        looked_at = {request.ask.conversation_id for request in beating if not request.is_hidden}
        actions.reporters_seen(conversation_ids=seen, hidden=seen - looked_at)
    readings = reading.read_messages([request.ask for request in requests])
    return [ReadAnswer(found, request.renews_lease) for request, found in zip(requests, readings, strict=True)]


def _own_request(console: AnyConsole) -> OwnRequest:
    is_beat = console.beat is Beat.ASKED
    return OwnRequest(console.agent_id, is_beat, console.is_doubtful, console.sign if is_beat else None)


def _own(requests: list[OwnRequest]) -> list[OwnAnswer]:
    """Read the conversations of each agent, and renew the leases of those who beat. Runs in a thread."""
    doubtful = {request.agent_id for request in requests if request.is_doubtful}
    gone = doubtful - access.able_to_answer(doubtful) if doubtful else set()
    beating = {request.agent_id for request in requests if request.renews_lease}
    if beating:
        signs = last_signs((request.agent_id, request.sign) for request in requests)
        actions.agents_seen(agent_ids=beating - gone, signs=signs)
    own = reading.own_conversations({request.agent_id for request in requests} - gone)
    return [OwnAnswer(own.get(request.agent_id), request.renews_lease) for request in requests]


def _apply_own(consoles: list[AnyConsole], answers: list[OwnAnswer] | Exception) -> None:
    for index, console in enumerate(consoles):
        try:
            if isinstance(answers, Exception):
                console.apply(answers)
                continue
            if answers[index].is_renewed:
                console.beat = Beat.RENEWED
            console.apply(answers[index].own)
        except Exception as error:  # noqa: BLE001
            logger.error("console: an answer could not be taken (%s)", type(error).__name__)
            console.leave(protocol.CLOSE_AGAIN)


_broadcaster: Broadcaster | None = None


def ensure_broadcaster(*, has_sockets: bool = True) -> Broadcaster:
    """Return the broadcaster of the running event loop, and start it if there is none yet.

    has_sockets: passed to a `Broadcaster` that is started; it changes nothing when there is one already.
    """
    global _broadcaster
    if _broadcaster is None or _broadcaster.loop is not asyncio.get_running_loop():
        _broadcaster = Broadcaster(has_sockets=has_sockets)
        pubsub.install_hub(_broadcaster.hub)
    return _broadcaster


async def close_broadcaster() -> None:
    """Stop the broadcaster of the running loop, for tests and for the end of a process."""
    global _broadcaster
    broadcaster, _broadcaster = _broadcaster, None
    if broadcaster is not None:
        pubsub.install_hub(None)
        if broadcaster.loop is asyncio.get_running_loop():
            await broadcaster.close()
