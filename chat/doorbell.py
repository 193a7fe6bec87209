"""Rings: « look », never what is there. With the consumers, the only module that knows the channel layer.

The database is the letterbox. After a commit, an action rings; every socket concerned then reads the database after
its own cursor. A ring goes straight to the sockets of this process, and through one group of the channel layer to the
other processes: one channel a process, not one a socket, so that nothing is left behind by a process that dies and
no capacity is shared out among people.

The layer may lose anything. Each process sends itself a tick every second; when ticks stay away it is « deaf » and
has its sockets look at the database every second until they return. A ring holds ids and numbers only.
"""

import asyncio
import contextlib
import logging
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

GROUP = "doorbell"
TICK_SECONDS = 1.0
DEAF_AFTER_SECONDS = 2.5
PUBLISH_SECONDS = 2.0
LAYER_ERRORS = (RedisError, OSError, TimeoutError)

MESSAGES = "messages"  # something lies after your cursor
STATE = "state"  # the conversation changed
TYPING = "typing"
READ = "read"
AGENT = "agent"  # the conversations of an agent changed
QUEUE = "queue"  # who waits, or the room for them, changed
LOOK = "look"  # rings may have been lost: read everything again
TICK = "tick"


@dataclass(frozen=True, slots=True)
class Ring:
    """What happened, to what. `conversation` is a public id, `agent` a key; no content, ever."""

    kind: str
    conversation: str = ""
    agent: int = 0
    author: str = ""
    seq: int = 0

    @property
    def topic(self) -> str:
        if self.kind == QUEUE:
            return QUEUE
        if self.kind == AGENT:
            return f"{AGENT}:{self.agent}"
        return self.conversation


Callback = Callable[[Ring], None]


class Hub:
    """The sockets of one process and its line to the other processes. All of it runs in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.origin = uuid.uuid4().hex
        self.is_deaf = False
        self._subscribers: dict[str, set[Callback]] = defaultdict(set)
        self._outbox: list[Ring] = []
        self._wake = asyncio.Event()
        self._heard_at = time.monotonic()
        self._tasks = [loop.create_task(task) for task in (self._publish(), self._listen(), self._watch())]

    # -- sockets -----------------------------------------------------------------------------------------------------

    def subscribe(self, topic: str, callback: Callback) -> None:
        self._subscribers[topic].add(callback)

    def unsubscribe(self, topic: str, callback: Callback) -> None:
        callbacks = self._subscribers.get(topic)
        if callbacks is None:
            return
        callbacks.discard(callback)
        if not callbacks:
            del self._subscribers[topic]

    def deliver(self, ring: Ring) -> None:
        """Wake the sockets of this process that follow the ring's topic."""
        for callback in list(self._subscribers.get(ring.topic, ())):
            callback(ring)

    def ring(self, ring: Ring) -> None:
        """Ring here at once and elsewhere soon. Call it in the hub's loop."""
        self.deliver(ring)
        self._outbox.append(ring)
        self._wake.set()

    def _look(self) -> None:
        for callback in {callback for group in self._subscribers.values() for callback in group}:
            callback(Ring(LOOK))

    # -- the line ----------------------------------------------------------------------------------------------------

    async def _publish(self) -> None:
        """Send what piled up while the last batch was on its way: one message of the layer for all of it."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            rings, self._outbox = self._outbox, []
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await _send(self.origin, rings)
            except LAYER_ERRORS as error:
                # Said once, when the line is found dead: the sweep takes over.
                if not self.is_deaf:
                    logger.warning("doorbell: the channel layer does not answer (%s)", type(error).__name__)

    async def _listen(self) -> None:
        while True:
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                while True:
                    self._hear(await layer.receive(channel))
            except LAYER_ERRORS:
                await asyncio.sleep(TICK_SECONDS)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["origin"] == self.origin:
            self._heard_at = time.monotonic()
            return
        for fields in message["rings"]:
            ring = Ring(**fields)
            if ring.kind != TICK:
                self.deliver(ring)

    async def _watch(self) -> None:
        while True:
            self._outbox.append(Ring(TICK))
            self._wake.set()
            await asyncio.sleep(TICK_SECONDS)
            was_deaf, self.is_deaf = self.is_deaf, time.monotonic() - self._heard_at > DEAF_AFTER_SECONDS
            if self.is_deaf != was_deaf:
                logger.warning("doorbell: %s", "deaf, looking every second" if self.is_deaf else "hears again")
            if self.is_deaf or was_deaf:  # and once after: the last second may have been lost
                self._look()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


_hub: Hub | None = None
_lock = threading.Lock()


def ensure_hub() -> Hub:
    """The hub of this process, started in the running loop if there is none yet."""
    global _hub
    loop = asyncio.get_running_loop()
    with _lock:
        if _hub is None or _hub.loop is not loop:
            _hub = Hub(loop)
        return _hub


async def close_hub() -> None:
    """Stop the hub of the running loop, for tests and for the end of a process."""
    global _hub
    hub, _hub = _hub, None
    if hub is not None and hub.loop is asyncio.get_running_loop():
        await hub.close()


async def _send(origin: str, rings: list[Ring]) -> None:
    message = {"type": "rings", "origin": origin, "rings": [asdict(ring) for ring in rings]}
    await get_channel_layer().group_send(GROUP, message)


def _announce(ring: Ring) -> None:
    hub = _hub
    if hub is not None and hub.loop.is_running():
        hub.loop.call_soon_threadsafe(hub.ring, ring)
        return
    try:
        async_to_sync(_send)("", [ring])
    except LAYER_ERRORS as error:
        logger.warning("doorbell: ring lost (%s)", type(error).__name__)


def _on_commit(ring: Ring) -> None:
    transaction.on_commit(partial(_announce, ring))


def message_posted(conversation: uuid.UUID, seq: int) -> None:
    """After commit: message `seq` is there, for whoever's cursor is before it."""
    _on_commit(Ring(MESSAGES, conversation=str(conversation), seq=seq))


def state_changed(conversation: uuid.UUID) -> None:
    """After commit: the status, the interlocutor or the place changed."""
    _on_commit(Ring(STATE, conversation=str(conversation)))
    queue_changed()


def queue_changed() -> None:
    """After commit: who waits, or the room for them, changed."""
    _on_commit(Ring(QUEUE))


def agent_changed(agent_id: int) -> None:
    """After commit: the conversations of this agent changed."""
    _on_commit(Ring(AGENT, agent=agent_id))


def typing(conversation: uuid.UUID, author: str) -> None:
    """A hint: somebody is writing. Nothing of it is stored."""
    _announce(Ring(TYPING, conversation=str(conversation), author=author))


def read(conversation: uuid.UUID, author: str, seq: int) -> None:
    """After commit: this side has seen everything up to `seq`."""
    _on_commit(Ring(READ, conversation=str(conversation), author=author, seq=seq))
