"""Notifications between processes: they say that something changed, never what. The only module that knows the
channel layer.

After a commit, an action publishes a notification; each process that hears it reads the database for the pages that it
serves. The process that publishes handles it at once; the others receive it through one group of the channel layer,
with one channel for each process and not for each socket, so that a process that dies leaves nothing behind and no
capacity is shared out among people. All that was published while the last message of the layer was on its way goes in
one message. A notification holds ids and numbers only.

The layer may lose anything. Each process sends itself a tick, unless it has just sent something else, which comes back
as well. When a tick cannot be sent or does not come back, the process is disconnected: it polls the database until
ticks return, and reads everything again (resync) once after that. It polls already when nothing has arrived for longer
than the time between ticks.

A process that serves pages only has no subscriptions: it publishes and does not listen, and ticks four times a second
so that the others notice when it is gone. It keeps what it could not publish and publishes it when the layer answers.
"""

import asyncio
import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import Error as DjangoDatabaseError
from django.db import connection, transaction
from prometheus_client import Counter
from psycopg import Error as PostgresError
from redis.exceptions import RedisError

from common import metrics

logger = logging.getLogger(__name__)

GROUP = "doorbell"  # processes of the version before listen to this name, so it stays
TICK_SECONDS = 0.06
# The same when no other web process is there, because then only the worker's notifications come by the layer.
TICK_ALONE_SECONDS = 0.25
DISCONNECTED_AFTER_SECONDS = 0.35  # after this long without a tick of its own the process counts as disconnected
# After this long without any message the process polls: a restart of Redis may have broken the line without an error.
SILENT_SECONDS = 0.08
WATCH_SECONDS = 0.02  # how often `_watch` looks, when there are other processes
RESYNC_SECONDS = 1.0  # the least time between two resyncs while disconnected
PUBLISH_SECONDS = 2.0  # after this time sending has failed
GONE_AFTER_SECONDS = 30.0  # a process that was silent for this long is forgotten
# Between two polls because another process is silent: it may be alive, and only unable to publish.
MISSING_SECONDS = 0.25
# A process of pages counts as silent after this: it ticks every TICK_ALONE_SECONDS, and a page may keep it busy.
SENDER_MISSING_SECONDS = 1.0
LATE_TURNS = 3  # how many late turns of `_watch` in a row do not count as silence of the layer
MISSED_AT_MOST = 2_000  # the most notifications kept while they cannot be sent; more become one resync
SPACING_SECONDS = 0.001  # the time between two messages of the layer; each costs half a millisecond, whatever it holds
AGAIN_SECONDS = 0.25  # the time until listening is tried again after an error
# Errors of Redis, and of PostgreSQL where that is the layer (`chat.notify_layer`).
LAYER_ERRORS = (RedisError, OSError, TimeoutError, PostgresError, DjangoDatabaseError)
# The most other processes that are known, because whoever can write to Redis could invent any number.
OTHERS_AT_MOST = 200

# Kinds of notifications.
MESSAGES = "messages"  # the conversation has messages up to `seq`
STATE = "state"  # the state of the conversation changed
TYPING = "typing"  # somebody is typing
READ = "read"  # one side has read up to `seq`
AGENT = "agent"  # the conversations of an agent changed
ASIDE = "aside"  # a talk between colleagues (aparté) of an agent changed, or a supervisor said something to them
QUEUE = "queue"  # the people who wait, or the free places, changed
# The values of these two are shared with processes of earlier versions, so they keep their former names.
POLL = "sweep"  # notifications are being lost: ask the database for new messages
RESYNC = "look"  # notifications may have been lost: read everything again
TICK = "tick"  # this process is alive


class Notification(NamedTuple):
    """Says what changed, and never holds content.

    kind: one of the constants above. conversation: a public id. agent: the key of an agent. author, seq: see READ.
    """

    kind: str
    conversation: str = ""
    agent: int = 0
    author: str = ""
    seq: int = 0


PUBLISHED, RECEIVED, LOST = map(metrics.NOTIFICATIONS.labels, ("published", "received", "lost"))


def _count(counter: Counter, notifications: Iterable[Notification]) -> None:
    """Add the notifications of one message of the layer to a metric; ticks are not counted."""
    if number := sum(notification.kind != TICK for notification in notifications):
        counter.inc(number)


class Hub:
    """It is the link of a process to the other processes. All of it runs in one event loop.

    on_event: called in the loop with every notification, of this process or of another one. It must not block; an error
    in it is logged.
    listens: False for a process without sockets, which has no use for what others publish.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_event: Callable[[Notification], None], *, listens: bool = True
    ) -> None:
        self.loop = loop
        self.on_event = on_event
        self.listens = listens
        self.origin = uuid.uuid4().hex
        self.is_disconnected = False
        self._outbox: list[Notification] = []
        self._wake = asyncio.Event()
        # When the last message came from this process itself, and when from any.
        self._heard_at = self._line_at = time.monotonic()
        self._failed_at = self._sent_at = 0.0
        self._missed: dict[Notification, None] = {}
        self._others: dict[str, float] = {}  # the other processes, and when each was last heard
        self._senders: dict[str, float] = {}  # the same for those that do not listen
        tasks = [self._publish(), self._watch(), *([self._listen()] if listens else [])]
        self._tasks = [loop.create_task(task) for task in tasks]

    @property
    def has_others(self) -> bool:
        """Return whether another process that listens was heard lately."""
        return bool(self._others)

    def publish(self, notification: Notification) -> None:
        """Handle it here at once and publish it to the others soon. Call it in the hub's loop."""
        self._handle(notification)
        self.publish_elsewhere(notification)

    def _handle(self, notification: Notification) -> None:
        """Hand a notification to `on_event`. An error there must not end the link for the life of the process."""
        if notification.kind == POLL:
            metrics.POLLS.inc()
        elif notification.kind == RESYNC:
            metrics.RESYNCS.inc()
        try:
            self.on_event(notification)
        except Exception as error:  # noqa: BLE001
            logger.error("pubsub: a notification could not be handled (%s)", type(error).__name__)

    def publish_elsewhere(self, notification: Notification) -> None:
        """Publish to the other processes what this one knows already.

        Nothing is published when there are no others. While this process cannot publish, others that are disconnected
        as well find the change by polling. For those that are not, notifications are kept, within bounds, and sent
        later.
        """
        is_needed = bool(self._others) or not self.listens  # a process that does not listen cannot know of others
        if notification.kind == TICK or (is_needed and not self.is_disconnected):
            self._outbox.append(notification)
            self._wake.set()
        elif is_needed:
            self._keep([notification])

    def _keep(self, notifications: list[Notification]) -> None:
        """Keep notifications that could not be published. Hints are dropped, because later they are worth nothing.

        More than MISSED_AT_MOST become one resync.
        """
        for notification in notifications:
            if notification.kind not in {TICK, TYPING, POLL}:
                self._missed[notification] = None
        if len(self._missed) > MISSED_AT_MOST:
            self._missed = {Notification(RESYNC): None}

    async def _publish(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            notifications, self._outbox = self._outbox, []
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await _send(self.origin, notifications, self.listens)
                self._sent_at = time.monotonic()
                _count(PUBLISHED, notifications)
                if not self.listens:
                    # A process that does not listen can only know that Redis accepted its message.
                    self._heard_at = self._sent_at
                await asyncio.sleep(SPACING_SECONDS)
            except Exception as error:  # noqa: BLE001  whatever the error is, polling finds what was not sent
                self._failed_at = time.monotonic()
                _count(LOST, notifications)
                self._keep(notifications)
                if not self.is_disconnected:
                    logger.warning("pubsub: the channel layer does not answer (%s)", type(error).__name__)
                    self._update()
                    self._handle(Notification(POLL))

    async def _listen(self) -> None:
        was_lost = False
        while True:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                # The layer took it for the end of a task of its own, for which it waited (`flush`).
                raise asyncio.CancelledError
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                if was_lost:  # nothing that was sent meanwhile was received here
                    was_lost = False
                    self._handle(Notification(RESYNC))
                while True:
                    self._receive(await layer.receive(channel))
            except Exception as error:  # noqa: BLE001  whatever the error is, it listens again
                was_lost = True
                if not isinstance(error, LAYER_ERRORS):
                    logger.error("pubsub: could not listen (%s)", type(error).__name__)
                await _forget_listeners()
                await asyncio.sleep(AGAIN_SECONDS)

    def _receive(self, message: dict[str, Any]) -> None:
        try:
            origin, listens = str(message["origin"]), bool(message.get("listens", True))
            # What this process published itself is a tick, whatever it holds, and is not read.
            rings = [] if origin == self.origin else message["rings"]
            notifications = [Notification(*fields) for fields in rings]
        except (LookupError, TypeError):  # sent by another version of this program, or by some other program
            logger.warning("pubsub: a message of the layer could not be read")
            return
        self._line_at = time.monotonic()
        if origin == self.origin:
            self._heard_at = self._line_at
            return
        self._meet(origin, listens=listens)
        _count(RECEIVED, notifications)
        for notification in notifications:
            if notification.kind != TICK:
                self._handle(notification)

    def _meet(self, origin: str, *, listens: bool) -> None:
        """Note that another process is alive. A listener that is new, or was away, is told to resync.

        It may have missed notifications. origin: the id of its hub; "" for a command, which has none.
        """
        if not origin:
            return
        if not listens:
            if origin in self._senders or len(self._senders) < OTHERS_AT_MOST:
                self._senders[origin] = time.monotonic()
            return
        is_new = origin not in self._others
        if is_new and len(self._others) >= OTHERS_AT_MOST:
            return
        self._others[origin] = time.monotonic()
        if is_new:
            self.publish_elsewhere(Notification(RESYNC))

    def _forget_the_gone(self, now: float) -> None:
        for known in (self._others, self._senders):
            for origin in [origin for origin, heard_at in known.items() if now - heard_at > GONE_AFTER_SECONDS]:
                del known[origin]

    async def _watch(self) -> None:
        resynced_at = ticked_at = polled_at = last = time.monotonic()
        late_turns = 0
        while True:
            every = TICK_SECONDS if self._others else TICK_ALONE_SECONDS
            # Whatever was sent comes back to this process, so it counts as a tick.
            if time.monotonic() - max(self._sent_at, ticked_at) >= every - WATCH_SECONDS / 2:
                ticked_at = time.monotonic()
                self.publish_elsewhere(Notification(TICK))
            pause = WATCH_SECONDS if self._others or self.is_disconnected else every
            await asyncio.sleep(pause)
            now = time.monotonic()
            if self.is_disconnected:
                metrics.DISCONNECTED_SECONDS.inc(now - last)
            late_turns, last = late_turns + 1 if now - last > pause + TICK_SECONDS else 0, now
            # If this event loop itself was held up, hearing nothing says nothing about the layer. A loop that is held
            # up at more than LATE_TURNS turns in a row is not excused.
            is_excused = 0 < late_turns <= LATE_TURNS and not self.is_disconnected
            was_disconnected = self.is_disconnected if is_excused else self._update()
            if not self.is_disconnected:
                self._forget_the_gone(now)
            is_silent = bool(self._others) and now - self._line_at > SILENT_SECONDS
            is_missing = (
                now - min(self._others.values(), default=now) > DISCONNECTED_AFTER_SECONDS
                or now - min(self._senders.values(), default=now) > SENDER_MISSING_SECONDS
            ) and now - polled_at > MISSING_SECONDS
            if self.is_disconnected or ((is_silent or is_missing) and not is_excused):
                polled_at = now
                self._handle(Notification(POLL))
            # While disconnected, resync at most once in RESYNC_SECONDS. Do it once more when the link is back, because
            # what was sent in the last moments may have been lost.
            if (self.is_disconnected and now - resynced_at > RESYNC_SECONDS) or (
                was_disconnected and not self.is_disconnected
            ):
                resynced_at = now
                self._handle(Notification(RESYNC))

    def _update(self) -> bool:
        """Find out whether this process is disconnected, and return whether it was before.

        When it is connected again, the notifications that were kept are sent.
        """
        was_disconnected = self.is_disconnected
        patience = DISCONNECTED_AFTER_SECONDS + (0 if self._others else TICK_ALONE_SECONDS)
        self.is_disconnected = self._failed_at > self._heard_at or time.monotonic() - self._heard_at > patience
        if self.is_disconnected != was_disconnected:
            metrics.DISCONNECTED.set(self.is_disconnected)
            logger.warning("pubsub: %s", "disconnected, polling" if self.is_disconnected else "connected again")
        if was_disconnected and not self.is_disconnected and self._missed:
            self._outbox += self._missed
            self._missed = {}
            self._wake.set()
        return was_disconnected

    async def close(self) -> None:
        """End the tasks of the hub, and wait until they have ended. Afterwards nothing is published or received."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


_hub: Hub | None = None
_lock = threading.Lock()


def install_hub(hub: Hub | None) -> Hub | None:
    """Make this the hub that publishes the notifications of this process, and return the former one."""
    global _hub
    with _lock:
        before, _hub = _hub, hub
    return before


def is_disconnected() -> bool:
    """Return whether this process cannot hear the others, and polls instead. False without a hub, as in a command."""
    hub = _hub
    return hub is not None and hub.is_disconnected


def _message(origin: str, notifications: list[Notification], listens: bool = True) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "rings", "origin": origin, "rings": notifications}
    if not listens:  # a process without this field counts as one that listens
        message["listens"] = False
    return message


async def _send(origin: str, notifications: list[Notification], listens: bool = True) -> None:
    await get_channel_layer().group_send(GROUP, _message(origin, notifications, listens))


async def _forget_listeners() -> None:
    """Make the layer of this loop as if it had just been created, before this process listens again.

    channels_redis makes a queue for each new channel before it subscribes, and never removes it. While Redis is away,
    each try would leave one, and a queue that still belongs to the group would keep everything that arrives.
    """
    try:
        layer = get_channel_layer()
        if "flush" in getattr(layer, "extensions", ()):
            await layer.flush()
    except Exception as error:  # noqa: BLE001  it is called again after the next failure
        logger.warning("pubsub: the layer could not be reset (%s)", type(error).__name__)


def _publish_now(*notifications: Notification) -> None:
    hub = _hub
    if hub is not None and hub.loop.is_running():
        for notification in notifications:
            hub.loop.call_soon_threadsafe(hub.publish, notification)
        return
    try:
        layer = get_channel_layer()
        # The class is asked, not the object: the object of channels_redis passes unknown names on, which needs a loop.
        if hasattr(type(layer), "group_send_now"):
            layer.group_send_now(GROUP, _message("", list(notifications)))
        else:
            async_to_sync(_send)("", list(notifications))
    except LAYER_ERRORS as error:
        _count(LOST, notifications)
        logger.warning("pubsub: %d notification(s) lost (%s)", len(notifications), type(error).__name__)


class _Notifications(dict[Notification, None]):
    """These are the notifications of one transaction, each once and in order. They are published together after its
    commit."""

    def __call__(self) -> None:
        _publish_now(*self)


def _on_commit(notification: Notification) -> None:
    if connection.in_atomic_block and connection.run_on_commit:
        savepoints, last = connection.run_on_commit[-1][:2]
        if isinstance(last, _Notifications) and savepoints == set(connection.savepoint_ids):
            last[notification] = None
            return
    transaction.on_commit(_Notifications({notification: None}))


def message_posted(conversation: uuid.UUID, seq: int) -> None:
    """Notify after commit that the conversation has a message `seq`, so that those whose cursor is before it read."""
    _on_commit(Notification(MESSAGES, conversation=str(conversation), seq=seq))


def state_changed(conversation: uuid.UUID) -> None:
    """Notify after commit that the status, the interlocutor or the place changed, and that the queue did."""
    _on_commit(Notification(STATE, conversation=str(conversation)))
    queue_changed()


def answer_noted(conversation: uuid.UUID) -> None:
    """Notify after commit that a question was answered without a message, so that its ready answers are read again."""
    _on_commit(Notification(STATE, conversation=str(conversation)))


def queue_changed() -> None:
    """Notify after commit that the people who wait, or the free places, changed."""
    _on_commit(Notification(QUEUE))


def agent_changed(agent_id: int) -> None:
    """Notify after commit that the conversations of this agent changed."""
    _on_commit(Notification(AGENT, agent=agent_id))


def aside_changed(agent_id: int) -> None:
    """Notify after commit that something was said in a talk between colleagues in which this agent takes part."""
    _on_commit(Notification(ASIDE, agent=agent_id))


def publish_typing(conversation: uuid.UUID, author: str) -> None:
    """Notify at once that somebody is typing. It is a hint: nothing is stored, and it may get lost."""
    _publish_now(Notification(TYPING, conversation=str(conversation), author=author))


def publish_read(conversation: uuid.UUID, author: str, seq: int) -> None:
    """Notify after commit that this side has read everything up to `seq`."""
    _on_commit(Notification(READ, conversation=str(conversation), author=author, seq=seq))
