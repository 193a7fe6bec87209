"""The load of a chat: pairs of sockets, messages in flight or at a fixed pace, and storms; the same for every server.

A message of 120 characters carries its number, which is searched for in the bytes that come back. Nothing is parsed
while messages are timed. Each is timed until its author has it back and until the other side has it.
"""

import asyncio
import json
import random
import resource
import socket
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.figures import percentile
from benchmarks.wire import Client, WireError, frame, handshake

CHARACTERS = 120
MARK = b"beca0000-c0de-4c0d-8000-"  # twelve digits follow, and all together is a UUID
DIGITS = 12
BODY_MARK = b"message-"
REPORTER, AGENT = 0, 1

AT_ONCE = 128  # how many handshakes are under way: enough to keep a server busy, and fewer than its backlog
HANDSHAKE_SECONDS = 15
DRAIN_SECONDS = 15
LATE_SECONDS = 0.010  # a run is void when more than one send in a hundred was later than this
SOURCE_PORTS = 8000  # how many sockets one source address has
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h: the port is chosen together with the destination, so that many fit

_numbers = 0


class Late(Exception):
    """The generator could not keep its pace, so it measured its own slowness."""


def raise_file_limit() -> int:
    """Allow as many open files as this user may have, and return how many sockets that allows."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - 200


class Room:
    """How to speak to the relay and the tutorial."""

    needs_sync = False

    def __init__(self, name: str, cookie: str = "") -> None:
        self.paths = (f"/ws/room/{name}/",) * 2
        self.cookies = (cookie,) * 2

    def post(self, number: int) -> bytes:
        text = b"%s%012d" % (MARK, number)
        return frame(b'{"message": "%s"}' % text.ljust(CHARACTERS, b"x"))


class Exchange:
    """How to speak to Pnav: docs/protocol.md. `cursor` is what both sides have read."""

    needs_sync = True
    paths = ("/ws/conversation/", "/ws/console/")

    def __init__(self, line: dict[str, str]) -> None:
        self.conversation = line["conversation"]
        self.cookies = (f"sessionid={line['reporter_cookie']}", f"sessionid={line.get('agent_cookie', '')}")
        self.cursor = 1
        self._head = f'{{"type":"post","conversation":"{self.conversation}","client_id":"'.encode()

    def post(self, number: int) -> bytes:
        body = (b"%s%012d" % (BODY_MARK, number)).ljust(CHARACTERS, b"x")
        return frame(b'%s%s%012d","body":"%s"}' % (self._head, MARK, number, body))

    def sync(self) -> bytes:
        """Return what a client sends that comes back and has missed the last message."""
        wanted = {"type": "sync", "conversation": self.conversation, "after": max(0, self.cursor - 1)}
        return frame(json.dumps(wanted).encode())

    def beat(self) -> bytes:
        wanted = {"type": "beat", "conversation": self.conversation, "after": self.cursor}
        return frame(json.dumps(wanted).encode())


class Side(Client):
    """One socket of a pair. `ready` is done when it has caught up, or failed."""

    __slots__ = ("_saw_messages", "is_ready", "listener", "pair", "ready", "which")

    def __init__(self, pair: "Pair", which: int, port: int) -> None:
        super().__init__(handshake(pair.talk.paths[which], f"127.0.0.1:{port}", pair.talk.cookies[which]))
        self.pair = pair
        self.which = which
        self.is_ready = False
        self._saw_messages = False
        self.ready: asyncio.Future[None] | None = None
        self.listener: Callable[[dict[str, Any]], None] | None = None

    def opened(self) -> None:
        if self.pair.talk.needs_sync:
            self.send(self.pair.talk.sync())
        else:
            self._is_back()

    def _is_back(self) -> None:
        self.is_ready = True
        if self.ready is not None and not self.ready.done():
            self.ready.set_result(None)

    def lost(self) -> None:
        self.is_ready = False
        if self.ready is not None and not self.ready.done():
            self.ready.set_exception(self.error or WireError("closed"))

    def text(self, data: bytes, start: int, end: int) -> None:
        if not self.is_ready or self.listener is not None:
            self._read(json.loads(data[start:end]))
            return
        load = self.pair.load
        if load is None:
            return
        now = time.perf_counter()
        at = data.find(MARK, start, end)
        if at >= 0:
            self._numbers(data, at, end, MARK, now, load)
        elif (at := data.find(BODY_MARK, start, end)) >= 0:
            self._numbers(data, at, end, BODY_MARK, now, load)
        elif data.find(b'"error"', start, min(end, start + 40)) >= 0:
            load.errors.append(data[start : min(end, start + 200)].decode())

    def _numbers(self, data: bytes, at: int, end: int, mark: bytes, now: float, load: "Load") -> None:
        size = len(mark)
        while at >= 0:
            digits = at + size
            number = int(data[digits : digits + DIGITS])
            # The other side may read a text without its client_id, but it acknowledges nothing to its author.
            if mark is MARK or load.author_of(number) != self.which:
                load.got(number, self, now)
            at = data.find(mark, digits + DIGITS, end)

    def _read(self, content: dict[str, Any]) -> None:
        kind = content["type"]
        if not self.is_ready:
            if kind == "error":
                self._fail(content["code"])
            elif content.get("conversation") != self.pair.talk.conversation:
                return
            elif kind == "messages":
                self.pair.talk.cursor = max(self.pair.talk.cursor, content["last_seq"])
                # Messages are missing until the last page has come.
                items = content["items"]
                self._saw_messages = not items or items[-1]["seq"] >= content["last_seq"]
            elif kind == "state" and self._saw_messages:
                self._is_back()
        if self.listener is not None:
            self.listener(content)


class Pair:
    """The two sides of one conversation. ports: the processes that serve them."""

    __slots__ = ("load", "ports", "sides", "talk")

    def __init__(self, talk: Any, ports: tuple[int, int]) -> None:
        self.talk = talk
        self.ports = ports
        self.load: Load | None = None
        self.sides: list[Side | None] = [None, None]

    def new_side(self, which: int) -> Side:
        """Make another socket for this side, because a socket is opened once."""
        side = Side(self, which, self.ports[which])
        self.sides[which] = side
        return side

    def hang_up(self) -> None:
        for side in self.sides:
            if side is not None:
                side.hang_up()


# --- connecting ---------------------------------------------------------------------------------------------------

_sources = 0


async def open_side(pair: Pair, which: int) -> None:
    """Connect one side until it is signed in and has caught up. Raises WireError, TimeoutError, OSError."""
    global _sources
    loop = asyncio.get_running_loop()
    side = pair.new_side(which)
    side.ready = loop.create_future()
    line = socket.socket()
    try:
        line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        line.bind((f"127.0.0.{1 + _sources // SOURCE_PORTS % 8}", 0))
        _sources += 1
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await loop.sock_connect(line, ("127.0.0.1", pair.ports[which]))
            await loop.create_connection(lambda: side, sock=line)
            await side.ready
    except BaseException:
        side.hang_up()
        line.close()
        raise


async def connect(pairs: Iterable[Pair], sides: Sequence[int] = (REPORTER, AGENT), at_once: int = AT_ONCE) -> float:
    """Open the sides of these pairs, `at_once` at a time; returns the seconds it took. Raises the first failure."""
    waiting = iter([(pair, which) for pair in pairs for which in sides])
    started = time.perf_counter()

    async def work() -> None:
        for pair, which in waiting:
            await open_side(pair, which)

    async with asyncio.TaskGroup() as group:
        for _number in range(at_once):
            group.create_task(work())
    return time.perf_counter() - started


async def storm(pairs: Sequence[Pair], patience: float = 90) -> tuple[float, int, int]:
    """Drop every socket at once and let each come back as our pages do: after 0.7 s ± half, doubled at each failure.

    Return the seconds until the last one has caught up, how many attempts failed, and how many never came back.
    """
    started = time.perf_counter()
    for pair in pairs:
        pair.hang_up()
    failures = 0

    async def come_back(pair: Pair, which: int) -> bool:
        nonlocal failures
        pause = 0.7
        while time.perf_counter() - started < patience:
            await asyncio.sleep(pause * (0.5 + random.random()))
            try:
                await open_side(pair, which)
            except (WireError, OSError):  # TimeoutError is one
                failures += 1
                pause = min(30, pause * 2)
            else:
                return True
        return False

    back = await asyncio.gather(*(come_back(pair, which) for pair in pairs for which in (REPORTER, AGENT)))
    return time.perf_counter() - started, failures, back.count(False)


# --- loads --------------------------------------------------------------------------------------------------------


class Load:
    """Messages under way in some pairs, and when each came. A pair has one load at a time."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = pairs
        self.base = _numbers
        self.sent = array("d")
        self.echoed = array("d")  # 0 while the message is not back
        self.heard = array("d")
        self.authors = bytearray()
        self.owners: list[Pair] = []
        self.completed = 0
        self.errors: list[str] = []
        self.strays = 0  # how many messages came to the wrong conversation
        self.lateness: list[float] = []
        self.is_closed_loop = False
        for pair in pairs:
            pair.load = self

    def author_of(self, number: int) -> int:
        index = number - self.base
        return self.authors[index] if 0 <= index < len(self.authors) else -1

    def post(self, pair: Pair, author: int) -> None:
        global _numbers
        number = _numbers
        _numbers += 1
        self.authors.append(author)
        self.owners.append(pair)
        self.echoed.append(0)
        self.heard.append(0)
        side = pair.sides[author]
        self.sent.append(time.perf_counter())
        if side is not None and side.is_ready:  # a message to a side that is not ready is lost
            side.send(pair.talk.post(number))

    def got(self, number: int, side: Side, now: float) -> None:
        index = number - self.base
        if not 0 <= index < len(self.sent):
            return  # it belongs to an earlier load
        pair = self.owners[index]
        if pair is not side.pair:
            self.strays += 1
            return
        author = self.authors[index]
        first, second = (self.echoed, self.heard) if author == side.which else (self.heard, self.echoed)
        if first[index]:
            return
        first[index] = now
        if second[index]:
            self.completed += 1
            if pair.talk.needs_sync:
                pair.talk.cursor += 1
            if self.is_closed_loop:
                self.post(pair, 1 - author)

    @property
    def lost(self) -> int:
        return len(self.sent) - self.completed

    def trouble(self) -> str:
        """Return why this run is void; "" when it is not."""
        why = []
        if self.lost:
            why.append(f"{self.lost} of {len(self.sent)} lost")
        if self.strays:
            why.append(f"{self.strays} in the wrong conversation")
        if self.errors:
            why.append(f"{len(self.errors)} errors, such as {self.errors[0]}")
        if self.lateness and percentile(self.lateness, 0.99) > LATE_SECONDS:
            why.append(f"the generator was late ({1000 * percentile(self.lateness, 0.99):.0f} ms)")
        return "; ".join(why)

    async def drain(self) -> None:
        """Wait for the messages under way."""
        self.is_closed_loop = False
        deadline = time.perf_counter() + DRAIN_SECONDS
        while self.lost and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        for pair in self.pairs:
            pair.load = None

    def receipts(self) -> list[float]:
        """Return the seconds from sending until the other side has the message."""
        return [heard - sent for sent, heard in zip(self.sent, self.heard, strict=True) if heard]

    def acknowledgements(self) -> list[float]:
        """Return the seconds from sending until the author has the message back."""
        return [echoed - sent for sent, echoed in zip(self.sent, self.echoed, strict=True) if echoed]


async def saturate(
    pairs: Sequence[Pair], window: int, seconds: float, mark: Callable[[], Any], warm: float = 1.0
) -> tuple[Load, float, float, Any, Any]:
    """Keep `window` messages in flight in each pair. `mark` is called when the warm-up is over and at the end.

    Returns the load, messages a second in between, how many seconds that was, and both marks.
    """
    load = Load(pairs)
    load.is_closed_loop = True
    for number in range(window):
        for pair in pairs:
            load.post(pair, number & 1)
    await asyncio.sleep(warm)
    before, done, started = mark(), load.completed, time.perf_counter()
    await asyncio.sleep(seconds)
    after, done, elapsed = mark(), load.completed - done, time.perf_counter() - started
    await load.drain()
    return load, done / elapsed, elapsed, before, after


async def pace(pairs: Sequence[Pair], rate: float, seconds: float) -> Load:
    """Send `rate` messages a second over all the pairs, each when it is due, whether or not earlier ones are back."""
    load = Load(pairs)
    order = list(pairs)
    random.Random(1).shuffle(order)
    count = len(order)
    started = time.perf_counter()
    for index in range(int(rate * seconds)):
        due = started + index / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        load.lateness.append(max(0.0, time.perf_counter() - due))
        load.post(order[index % count], (index + index // count) & 1)
    await load.drain()
    return load


async def beats(pairs: Sequence[Pair], every: float, seconds: float) -> None:
    """Send a beat on each socket once in `every` seconds, evenly spread."""
    sides = [side for pair in pairs for side in pair.sides if side is not None]
    started = time.perf_counter()
    position = 0
    while (elapsed := time.perf_counter() - started) < seconds:
        due = int(elapsed * len(sides) / every)
        while position < due:
            side = sides[position % len(sides)]
            if side.is_ready:
                side.send(side.pair.talk.beat())
            position += 1
        await asyncio.sleep(0.01)
