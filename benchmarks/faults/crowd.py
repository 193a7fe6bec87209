"""Who writes during a fault run, and how fast."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.faults import floods
from benchmarks.faults.clients import Client, FormClient, FramesClient, SocketClient, TutorialClient
from benchmarks.faults.floods import FloodClient
from benchmarks.faults.journal import Journal
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.records import Keys

# Probes, by the process of the reporter and that of the agent. There are two conversations of a kind, and each side
# writes twenty times a second, at other moments than the other side, so that a silence of 13 ms delays a message.
# Process 0 is the one that breaks.
PROBES = ((1, 1), (2, 2), (1, 2), (2, 1), (0, 0), (0, 1))
PROBE_SECONDS = 0.05
ORDINARY, ORDINARY_SECONDS = 16, 0.6
# How many write long messages, how often and how long ones: enough to fill the line of a slow reader.
LONG, LONG_SECONDS, LONG_SIZE = 2, 0.15, 3000
WITHOUT_SOCKET_SECONDS = 1.2  # the limits of their pages are 60 frames and 15 forms in ten seconds
PAIRS = len(PROBES) + ORDINARY + LONG + 5


@dataclass
class Crowd:
    """All clients of a run. `paces` says how often each writes, exactly or about so; floods write as fast as
    they can.
    """

    clients: list[Client] = field(default_factory=list)
    floods: list[FloodClient] = field(default_factory=list)
    paces: list[tuple[Client, float, bool]] = field(default_factory=list)
    _writers: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        for client in self.clients:
            client.start()

    async def connected(self, seconds: float = 20) -> None:
        """Wait until everybody has seen the beginning of their conversation. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not all(client.has_arrived for client in self.clients):
                await asyncio.sleep(0.02)

    def write(self, slower: float = 1) -> None:
        """Let everybody write, until `fall_silent`. slower: for machines that cannot hold the usual pace."""
        count = len(self.paces)
        self._writers = [
            asyncio.ensure_future(_write_on(client, every * slower, rank / count, exact=exact))
            for rank, (client, every, exact) in enumerate(self.paces)
        ]
        for client in self.floods:
            client.flood()

    @property
    def is_spent(self) -> bool:
        """Return whether there are floods, and all of them have written as much as they may."""
        return bool(self.floods) and all(client.is_spent for client in self.floods)

    async def fall_silent(self) -> None:
        for client in self.floods:
            client.is_flooding = False
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.cancel()
        for ended in await asyncio.gather(*writers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def settled(self, *, patience: float, at_most: float) -> None:
        """Wait until everything is acknowledged and everybody has read as far as everybody else.

        Give up when nothing at all has moved for `patience` seconds, and after `at_most` seconds.
        """
        moved_at = started = time.monotonic()
        before = None
        while time.monotonic() < min(moved_at + patience, started + at_most):
            # What is acknowledged comes after message 1. A page without a script learns no number with it.
            furthest: Counter[str] = Counter({client.keys.conversation: 1 for client in self.clients})
            for client in self.clients:
                furthest[client.keys.conversation] += client.acknowledged
            for client in self.clients:
                key = client.keys.conversation
                furthest[key] = max(furthest[key], client.cursor)
            behind = sum(furthest[client.keys.conversation] - client.cursor for client in self.clients)
            waiting = sum(len(client.outbox) for client in self.clients)
            if not behind and not waiting:
                return
            if (behind, waiting) != before:
                before, moved_at = (behind, waiting), time.monotonic()
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        await asyncio.gather(*(client.stop() for client in self.clients))


async def _write_on(client: Client, every: float, phase: float, *, exact: bool) -> None:
    due = time.monotonic() + every * phase
    while True:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        client.write()
        due += every if exact else every * (0.3 + 1.4 * client.random.random())
        due = max(due, time.monotonic() - 1)


def gather(keys: list[Keys], proxy: Proxy, journal: Journal, rng: random.Random, *, tutorial: bool) -> Crowd:
    """Return a crowd in these conversations: PAIRS of people, and a flood in each further conversation.

    tutorial: everybody uses a socket of the tutorial's chat, and there are no floods.
    """
    crowd = Crowd()
    left = iter(keys)

    def pair(
        every: float, *, kind: type[Client] = SocketClient, size: int = 120, window: int = 1, exact: bool = False
    ) -> Keys:
        own = next(left)
        for side in ("reporter", "agent"):
            chosen = kind if side == "reporter" else SocketClient
            chosen = TutorialClient if tutorial else chosen
            client = chosen(
                own,
                side,
                side,
                proxy,
                journal,
                random.Random(rng.random()),
                size=size,
                window=window,
            )
            crowd.clients.append(client)
            crowd.paces.append((client, every, exact))
        return own

    for reporter, agent in PROBES:
        own = pair(PROBE_SECONDS, exact=True, window=4)
        proxy.pins |= {f"{own.conversation}/reporter": reporter, f"{own.conversation}/agent": agent}
    for number in range(ORDINARY):
        pair(ORDINARY_SECONDS, window=1 if number % 2 else 4)
    for _number in range(LONG):
        pair(LONG_SECONDS, size=LONG_SIZE, window=4)
    for kind in (FramesClient, FramesClient, FormClient):
        pair(WITHOUT_SOCKET_SECONDS, kind=kind)
    for side in ("reporter", "agent"):  # a second tab, which only reads
        own = pair(ORDINARY_SECONDS)
        tab = TutorialClient if tutorial else SocketClient
        crowd.clients.append(tab(own, side, f"{side}/2", proxy, journal, random.Random(rng.random())))
    for number, own in enumerate(left):
        crowd.floods += floods.pair(own, number, proxy, journal, rng)
    crowd.clients += crowd.floods
    return crowd
