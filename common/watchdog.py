"""Tells the supervisor of this process that it works, as long as it does. A process that stands still says nothing.

By the protocol of systemd (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. A unit with `WatchdogSec=`
gives WATCHDOG_USEC, and systemd ends and starts anew a process from which nothing came for so long. Where nobody asks
(no NOTIFY_SOCKET) nothing is sent. See docs/adr/0104.
"""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor, Future
from typing import Any, Self

logger = logging.getLogger(__name__)

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
# Of the time that the supervisor allows: two that are late are no death.
SHARE = 3


class Supervisor:
    """Who is told. patience: after so many seconds without a word this process is ended; None: it is not watched."""

    def __init__(self, address: str = "", patience: float | None = None) -> None:
        self.patience = patience if address else None
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._has_failed = False

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Self:
        """Return the supervisor that the environment names, and take it out: a child of ours speaks for itself."""
        address, process = environment.pop("NOTIFY_SOCKET", ""), environment.pop("WATCHDOG_PID", "")
        allowed = environment.pop("WATCHDOG_USEC", "")
        is_watched = allowed.isascii() and allowed.isdecimal() and int(allowed) > 0
        is_watched &= process in {"", str(os.getpid())}
        return cls(address, int(allowed) / 1e6 if is_watched else None)

    @property
    def every(self) -> float | None:
        """Return in how many seconds it is told again; None when it does not watch."""
        return None if self.patience is None else self.patience / SHARE

    def tell(self, what: str) -> None:
        """Send a word. One that cannot be sent is logged once: the supervisor then ends this process, and says so."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.connect(self._address)
                sock.send(what.encode())
            self._has_failed = False
        except OSError as error:
            if not self._has_failed:
                logger.warning("watchdog: the supervisor could not be told (%s)", type(error).__name__)
            self._has_failed = True


class Turns:
    """Whether the threads of a pool still take turns: an empty piece of work goes through it, one at a time."""

    def __init__(self, threads: Executor, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._monotonic = threads, monotonic
        self._work: Future[Any] | None = None
        self._given_at = 0.0

    def waited(self) -> float:
        """Return for how many seconds the last piece has waited for its turn; 0 when it had it, and another is given.

        Returns at once. One piece waits at most, however often this is asked.
        """
        if self._work is None or self._work.done():
            self._work, self._given_at = self._threads.submit(_nothing), self._monotonic()
        return self._monotonic() - self._given_at


def _nothing() -> None:
    return


class Steps:
    """The steps of a process that does one thing after the other: how long the one under way may take.

    One thread says when a step begins; any other asks whether it is late.
    """

    def __init__(self, patience: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._monotonic = patience, monotonic
        self._until = monotonic() + patience

    def begin(self, patience: float | None = None) -> None:
        """A step begins now, or one has ended. patience: its own, in seconds, where it may take longer than others."""
        self._until = self._monotonic() + (self._patience if patience is None else patience)

    @property
    def is_late(self) -> bool:
        """Return whether the step under way takes longer than it may."""
        return self._monotonic() > self._until


def tell_while(supervisor: Supervisor, is_well: Callable[[], bool], stop: threading.Event) -> threading.Thread | None:
    """Tell the supervisor, from a thread of its own until `stop`, that this process is alive, while it is well.

    None, and no thread, where nobody watches.
    """
    every = supervisor.every
    if every is None:
        return None

    def tell() -> None:
        was_well = True
        while not stop.is_set():
            if is_well():
                supervisor.tell(ALIVE)
                was_well = True
            elif was_well:
                logger.error("watchdog: a step does not end; the supervisor is told nothing until it does")
                was_well = False
            stop.wait(every)

    thread = threading.Thread(target=tell, name="watchdog", daemon=True)
    thread.start()
    return thread


async def tell_from_loop(supervisor: Supervisor, are_threads_stuck: Callable[[], Awaitable[bool]]) -> None:
    """The same from a loop, which is alive when it does, and while the threads beside it are not stuck.

    Returns at once where nobody watches; else it goes on until it is cancelled.
    """
    every = supervisor.every
    while every is not None:
        if await are_threads_stuck():
            logger.error("watchdog: threads take no turns; the supervisor is told nothing until they do")
        else:
            supervisor.tell(ALIVE)
        await asyncio.sleep(every)
