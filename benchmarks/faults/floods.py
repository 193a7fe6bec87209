"""Conversations that always have messages under way: as many as the site carries, at whatever pace.

Such a client does what `clients.SocketClient` does. Its socket is that of the benchmarks (`benchmarks.wire`): frames
are found in the bytes as they came, no task waits, and what is due is sent in one piece.
"""

import asyncio
import random
import time
from typing import Any

import orjson

from benchmarks import wire
from benchmarks.faults.clients import (
    BEAT_SECONDS,
    CLOSE_AGAIN,
    PATIENCE_SECONDS,
    RESEND_SECONDS,
    Client,
    Letter,
    tls_options,
)
from benchmarks.faults.journal import Journal
from benchmarks.faults.proxy import Network
from benchmarks.faults.records import Keys

FLOODS = 48  # how many conversations of a fast run are floods
WINDOWS = (4, 16, 32)  # how many messages of one side are under way, in turn; as many more wait behind them
SIZES = (60, 120)  # the characters of a message, in turn
# Messages of one side. Both sides together stay below what an exchange holds (`chat.rules.message_limits`), in
# characters too.
MOST = 1400
LOOK_SECONDS = 0.5  # the time between two checks whether a line still works


class _Socket(wire.Client):
    """The line of a flood, which is told what comes."""

    __slots__ = ("flood", "is_over")

    def __init__(self, flood: "FloodClient", request: bytes) -> None:
        super().__init__(request)
        self.flood = flood
        self.is_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def opened(self) -> None:
        self.flood.sync()

    def text(self, data: bytes, start: int, end: int) -> None:
        self.flood.heard(orjson.loads(memoryview(data)[start:end]))

    def lost(self) -> None:
        if not self.is_over.done():
            self.is_over.set_result(None)


class FloodClient(Client):
    """One side, which writes the next message as soon as one is acknowledged, until it has written MOST."""

    def __post_init__(self) -> None:
        self.socket: _Socket | None = None
        self.is_flooding = self.is_ready = self.is_asking = False
        self.written = self.in_flight = 0
        self.heard_at = self.asked_at = self.beat_at = self.held_until = 0.0

    @property
    def is_spent(self) -> bool:
        return self.written >= MOST

    @property
    def path(self) -> str:
        return "/ws/conversation/" if self.side == "reporter" else "/ws/console/"

    def flood(self) -> None:
        """Begin to write."""
        self.is_flooding = True
        self.speak()

    # -- the line ------------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        while True:
            await self._live_once()
            socket, self.socket = self.socket, None
            self.is_ready = self.is_asking = False
            self.in_flight = 0
            await self.pause(at_once=socket is not None and socket.close_code == CLOSE_AGAIN)

    async def _live_once(self) -> None:
        """Use one connection, from the handshake until it is lost or given up."""
        self.heard_at = time.monotonic()
        self.beat_at = self.heard_at + BEAT_SECONDS * self.random.random()
        socket = self.socket = _Socket(self, wire.handshake(self.path, self.proxy.host, self.cookie))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                opened = await self.proxy.open(self.name)
                await asyncio.get_running_loop().create_connection(
                    lambda: socket, sock=opened, **tls_options(self.proxy.tls)
                )
        except OSError:  # TimeoutError is one
            socket.hang_up()
            return
        try:
            while not socket.is_over.done():
                await asyncio.wait({socket.is_over}, timeout=LOOK_SECONDS)
                self._look(socket)
        finally:
            socket.hang_up()

    def _look(self, socket: _Socket) -> None:
        """Give up a line that does not answer, send again what was not answered, and send beats."""
        if socket.transport is None:
            return
        now = time.monotonic()
        is_unanswered = self.asked_at > self.heard_at and now - self.asked_at > PATIENCE_SECONDS
        if is_unanswered or (not self.is_ready and now - self.heard_at > PATIENCE_SECONDS):
            socket.hang_up()
            return
        if self.in_flight and self.outbox and now - self.outbox[0].sent_at > RESEND_SECONDS:
            self.in_flight = 0
        self.speak()
        if now >= self.beat_at and self.asked_at <= self.heard_at:
            self.beat_at = now + BEAT_SECONDS
            self._ask(type="beat", after=self.cursor)

    def _ask(self, **frame: Any) -> None:
        if self.socket is None or self.socket.transport is None:
            return
        self.asked_at = time.monotonic()
        self.socket.send(wire.frame(orjson.dumps({"conversation": self.keys.conversation, **frame})))

    def sync(self) -> None:
        self._ask(type="sync", after=self.cursor)

    # -- what comes ----------------------------------------------------------------------------------------------------

    def heard(self, frame: dict[str, Any]) -> None:
        self.heard_at = time.monotonic()
        self.failures = 0
        kind = frame["type"]
        if kind == "error":
            self._failed(frame)
        elif kind not in {"messages", "state"} or frame["conversation"] != self.keys.conversation:
            return
        elif kind == "messages":
            if not self.accept(frame["items"]) and not self.is_asking:
                self.is_asking = True
                self.sync()
        else:
            self.is_ready = True
            self.is_asking = False
        self.speak()

    def _failed(self, frame: dict[str, Any]) -> None:
        client_id = frame.get("client_id")
        if frame["code"] not in {"unavailable", "rate_limited"}:
            if client_id is not None:
                self.refuse(client_id, frame["code"])
            return
        if client_id is None and not self.is_ready:  # the sync failed
            asyncio.get_running_loop().call_later(0.2, self._sync_again, self.socket)
            return
        # No message may overtake one that was not written: all of them are sent again in order, a little later.
        self.in_flight = 0
        wait = 0.1 + 0.2 * self.random.random()
        self.held_until = time.monotonic() + wait
        asyncio.get_running_loop().call_later(wait + 0.001, self.speak)

    def _sync_again(self, socket: _Socket | None) -> None:
        if socket is not None and socket is self.socket:
            self.sync()

    # -- what goes -----------------------------------------------------------------------------------------------------

    def left_outbox(self, place: int) -> None:
        if place < self.in_flight:
            self.in_flight -= 1

    def speak(self) -> None:
        """Write what is due, and send what waits in order, as far as the window allows."""
        while self.is_flooding and len(self.outbox) < 2 * self.window and not self.is_spent:
            self.written += 1
            self.write()
        now = time.monotonic()
        if not self.is_ready or now < self.held_until or self.socket is None or self.socket.transport is None:
            return
        until = min(self.window, len(self.outbox))
        if self.in_flight >= until:
            return
        frames = []
        for letter in self.outbox[self.in_flight : until]:
            letter.sent_at = now
            frames.append(self._post(letter))
        self.in_flight = until
        self.asked_at = now
        self.socket.send(b"".join(frames))

    def _post(self, letter: Letter) -> bytes:
        return wire.frame(
            orjson.dumps(
                {
                    "type": "post",
                    "conversation": self.keys.conversation,
                    "client_id": letter.id,
                    "body": letter.body,
                }
            )
        )


def pair(keys: Keys, number: int, proxy: Network, journal: Journal, rng: random.Random) -> list[FloodClient]:
    """Return both sides of the flood of this number."""
    window, size = WINDOWS[number % len(WINDOWS)], SIZES[number % len(SIZES)]
    return [
        FloodClient(keys, side, side, proxy, journal, random.Random(rng.random()), size=size, window=window)
        for side in ("reporter", "agent")
    ]
