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

GROUP = "doorbell"  # shared with the version before: it keeps its name
TICK_SECONDS = 0.06
TICK_ALONE_SECONDS = 0.25  # no other process is there: only the worker's notifications come by the layer
DISCONNECTED_AFTER_SECONDS = 0.35
SILENT_SECONDS = 0.08  # nothing has arrived for so long: a restart of Redis may have broken the line without an error
WATCH_SECONDS = 0.02
RESYNC_SECONDS = 1.0
PUBLISH_SECONDS = 2.0
GONE_AFTER_SECONDS = 30.0
MISSING_SECONDS = (
    0.25  # between two polls for the sake of a process that is not heard: it may live, and not be able to publish
)
SENDER_MISSING_SECONDS = 1.0  # a process of pages: it ticks each TICK_ALONE_SECONDS, and may be busy with a page
LATE_TURNS = 3
MISSED_AT_MOST = 2_000
SPACING_SECONDS = 0.001  # between two messages of the layer: each costs half a millisecond, whatever it holds
AGAIN_SECONDS = 0.25
# Of Redis, and of PostgreSQL where that is the layer (`chat.notify_layer`).
LAYER_ERRORS = (RedisError, OSError, TimeoutError, PostgresError, DjangoDatabaseError)
OTHERS_AT_MOST = 200  # processes; whoever may write to Redis could make up any number of them

MESSAGES = "messages"  # message `seq` is there
STATE = "state"  # the conversation changed
TYPING = "typing"
READ = "read"
AGENT = "agent"  # the conversations of an agent changed
ASIDE = "aside"  # an aparté that an agent takes part in changed
QUEUE = "queue"  # who waits, or the room for them, changed
# The values of these two are shared with the version before: they keep their names.
POLL = "sweep"  # notifications are being lost: ask the database for new messages
RESYNC = "look"  # notifications may have been lost: read everything again
TICK = "tick"


class Notification(NamedTuple):
    """What happened, to what. `conversation` is a public id, `agent` a key; no content, ever."""

    kind: str
    conversation: str = ""
    agent: int = 0
    author: str = ""
    seq: int = 0


PUBLISHED, RECEIVED, LOST = map(metrics.NOTIFICATIONS.labels, ("published", "received", "lost"))


def _count(counter: Counter, notifications: Iterable[Notification]) -> None:
    """Once for each message of the layer, which holds many; ticks say nothing and are left out."""
    if number := sum(notification.kind != TICK for notification in notifications):
        counter.inc(number)


class Hub:
    """A process's line to the other processes. All of it runs in one event loop.

    on_event: called in the loop with every notification, of this process or another. It must not fail or wait.
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
        self._heard_at = self._line_at = time.monotonic()  # from itself; from anybody
        self._failed_at = self._sent_at = 0.0
        self._missed: dict[Notification, None] = {}
        self._others: dict[str, float] = {}  # processes that were heard, and when
        self._senders: dict[str, float] = {}  # those of them that do not listen
        tasks = [self._publish(), self._watch(), *([self._listen()] if listens else [])]
        self._tasks = [loop.create_task(task) for task in tasks]

    @property
    def has_others(self) -> bool:
        """Whether another process that listens was heard lately."""
        return bool(self._others)

    def publish(self, notification: Notification) -> None:
        """Handle it here at once and publish it to the others soon. Call it in the hub's loop."""
        self._handle(notification)
        self.publish_elsewhere(notification)

    def _handle(self, notification: Notification) -> None:
        """A notification that cannot be handled must not end the line for the life of the process."""
        if notification.kind == POLL:
            metrics.POLLS.inc()
        elif notification.kind == RESYNC:
            metrics.RESYNCS.inc()
        try:
            self.on_event(notification)
        except Exception as error:  # noqa: BLE001
            logger.error("pubsub: a notification could not be handled (%s)", type(error).__name__)

    def publish_elsewhere(self, notification: Notification) -> None:
        """For what this process knows already.

        Nothing is published when it is alone. While it cannot publish, the others find the change by polling, if they
        are disconnected as well; if they are not, they are told later: notifications are kept for them, within bounds.
        """
        is_needed = bool(self._others) or not self.listens  # who does not listen does not know who is there
        if notification.kind == TICK or (is_needed and not self.is_disconnected):
            self._outbox.append(notification)
            self._wake.set()
        elif is_needed:
            self._keep([notification])

    def _keep(self, notifications: list[Notification]) -> None:
        """Keep what could not be published. A hint is worth nothing later, and too many become one resync."""
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
                    self._heard_at = self._sent_at  # that Redis took it is all that such a process can know
                await asyncio.sleep(SPACING_SECONDS)
            except Exception as error:  # noqa: BLE001  of whatever kind: what is not sent is found by polling
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
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                if was_lost:  # what was sent meanwhile came to nobody
                    was_lost = False
                    self._handle(Notification(RESYNC))
                while True:
                    self._receive(await layer.receive(channel))
            except Exception as error:  # noqa: BLE001  of whatever kind: it listens again
                was_lost = True
                if not isinstance(error, LAYER_ERRORS):
                    logger.error("pubsub: could not listen (%s)", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    def _receive(self, message: dict[str, Any]) -> None:
        try:
            origin, listens = str(message["origin"]), bool(message.get("listens", True))
            notifications = [Notification(*fields) for fields in message["rings"]]
        except (LookupError, TypeError):  # of another version of this program, or of no program of ours
            logger.warning("pubsub: a message of the layer could not be read")
            return
        self._line_at = time.monotonic()
        if origin == self.origin:
            self._heard_at = time.monotonic()
            return
        self._meet(origin, listens=listens)
        _count(RECEIVED, notifications)
        for notification in notifications:
            if notification.kind != TICK:
                self._handle(notification)

    def _meet(self, origin: str, *, listens: bool) -> None:
        """Another process is there. If it is new, or was away, tell it to resync: it may have missed notifications."""
        if not origin:  # a command, which has no hub
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
            # What was sent comes back, and counts as a tick.
            if time.monotonic() - max(self._sent_at, ticked_at) >= every - WATCH_SECONDS / 2:
                ticked_at = time.monotonic()
                self.publish_elsewhere(Notification(TICK))
            pause = WATCH_SECONDS if self._others or self.is_disconnected else every
            await asyncio.sleep(pause)
            now = time.monotonic()
            if self.is_disconnected:
                metrics.DISCONNECTED_SECONDS.inc(now - last)
            late_turns, last = late_turns + 1 if now - last > pause + TICK_SECONDS else 0, now
            # A loop that was held up has heard nothing for that reason alone; one that always is must know it.
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
            # At most once a second; and once after: the last moments may have been lost.
            if (self.is_disconnected and now - resynced_at > RESYNC_SECONDS) or (
                was_disconnected and not self.is_disconnected
            ):
                resynced_at = now
                self._handle(Notification(RESYNC))

    def _update(self) -> bool:
        """Find out whether this process is disconnected; returns whether it was before."""
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
        """End the tasks of the hub and wait until they have ended: nothing is published or received afterwards."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


_hub: Hub | None = None
_lock = threading.Lock()


def install_hub(hub: Hub | None) -> Hub | None:
    """Make this the hub that publishes the notifications of this process; returns the one before."""
    global _hub
    with _lock:
        before, _hub = _hub, hub
    return before


def is_disconnected() -> bool:
    """Whether this process hears nothing of the others, and polls. False without a hub: a command needs none."""
    hub = _hub
    return hub is not None and hub.is_disconnected


def _message(origin: str, notifications: list[Notification], listens: bool = True) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "rings", "origin": origin, "rings": notifications}
    if not listens:  # a version that does not know the word takes this process for one that does
        message["listens"] = False
    return message


async def _send(origin: str, notifications: list[Notification], listens: bool = True) -> None:
    await get_channel_layer().group_send(GROUP, _message(origin, notifications, listens))


def _publish_now(*notifications: Notification) -> None:
    hub = _hub
    if hub is not None and hub.loop.is_running():
        for notification in notifications:
            hub.loop.call_soon_threadsafe(hub.publish, notification)
        return
    try:
        layer = get_channel_layer()
        # Asked of its class: that of channels_redis hands on what it does not know itself, and needs a loop for it.
        if hasattr(type(layer), "group_send_now"):
            layer.group_send_now(GROUP, _message("", list(notifications)))
        else:
            async_to_sync(_send)("", list(notifications))
    except LAYER_ERRORS as error:
        _count(LOST, notifications)
        logger.warning("pubsub: %d notification(s) lost (%s)", len(notifications), type(error).__name__)


class _Notifications(dict[Notification, None]):
    """The notifications of one transaction, each once, in order: they are published together when it commits."""

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
    """After commit: message `seq` is there, for whoever's cursor is before it."""
    _on_commit(Notification(MESSAGES, conversation=str(conversation), seq=seq))


def state_changed(conversation: uuid.UUID) -> None:
    """After commit: the status, the interlocutor or the place changed."""
    _on_commit(Notification(STATE, conversation=str(conversation)))
    queue_changed()


def queue_changed() -> None:
    """After commit: who waits, or the room for them, changed."""
    _on_commit(Notification(QUEUE))


def agent_changed(agent_id: int) -> None:
    """After commit: the conversations of this agent changed."""
    _on_commit(Notification(AGENT, agent=agent_id))


def aside_changed(agent_id: int) -> None:
    """After commit: something was said in an aparté that this agent takes part in."""
    _on_commit(Notification(ASIDE, agent=agent_id))


def publish_typing(conversation: uuid.UUID, author: str) -> None:
    """A hint: somebody is writing. Nothing of it is stored."""
    _publish_now(Notification(TYPING, conversation=str(conversation), author=author))


def publish_read(conversation: uuid.UUID, author: str, seq: int) -> None:
    """After commit: this side has seen everything up to `seq`."""
    _on_commit(Notification(READ, conversation=str(conversation), author=author, seq=seq))
