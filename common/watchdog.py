"""This module tells the service manager regularly that this process works. A process that hangs tells it nothing.

It follows the protocol of systemd (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. A unit with
`WatchdogSec=` gives WATCHDOG_USEC, and systemd restarts a process that says nothing for that long. Without
NOTIFY_SOCKET nothing is sent (docs/adr/0104).
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
# Messages in the time that the service manager allows, so that two late ones do not end the process.
SHARE = 3


class ServiceManager:
    """It is what starts and restarts this process: systemd, or another one with its protocol.

    patience: after this many seconds without a message it ends this process; None if it does not watch.
    """

    def __init__(self, address: str = "", patience: float | None = None) -> None:
        self.patience = patience if address else None
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._has_failed = False

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Self:
        """Return the manager that the environment names, and remove it there, so that no child process uses it."""
        address, process = environment.pop("NOTIFY_SOCKET", ""), environment.pop("WATCHDOG_PID", "")
        allowed = environment.pop("WATCHDOG_USEC", "")
        is_watched = allowed.isascii() and allowed.isdecimal() and int(allowed) > 0
        is_watched &= process in {"", str(os.getpid())}
        return cls(address, int(allowed) / 1e6 if is_watched else None)

    @property
    def every(self) -> float | None:
        """Return the seconds between two messages; None when the service manager does not watch."""
        return None if self.patience is None else self.patience / SHARE

    def tell(self, what: str) -> None:
        """Send a message: READY, ALIVE or STOPPING. A failure is logged once; the manager then ends this process."""
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
                logger.warning("watchdog: the service manager could not be told (%s)", type(error).__name__)
            self._has_failed = True


class Turns:
    """Checks whether the threads of a pool still do work, by giving them an empty piece of work from time to time."""

    def __init__(self, threads: Executor, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._monotonic = threads, monotonic
        self._work: Future[Any] | None = None
        self._given_at = 0.0

    def waited(self) -> float:
        """Return for how many seconds the last piece of work has waited; if it was done, give another one.

        It returns at once. At most one piece waits, however often this is called.
        """
        if self._work is None or self._work.done():
            self._work, self._given_at = self._threads.submit(_nothing), self._monotonic()
        return self._monotonic() - self._given_at


def _nothing() -> None:
    return


class Steps:
    """Watches the steps of a process that does one thing after the other.

    One thread says when a step begins; any other thread may ask whether it takes too long. patience: seconds that a
    step may take.
    """

    def __init__(self, patience: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._monotonic = patience, monotonic
        self._until = monotonic() + patience

    def begin(self, patience: float | None = None) -> None:
        """Note that a step begins now. patience: seconds that it may take, if that is more than for other steps."""
        self._until = self._monotonic() + (self._patience if patience is None else patience)

    @property
    def is_late(self) -> bool:
        """Return whether the step under way takes longer than it may."""
        return self._monotonic() > self._until


def tell_while(manager: ServiceManager, is_well: Callable[[], bool], stop: threading.Event) -> threading.Thread | None:
    """Start a thread that tells the service manager, until `stop`, that this process is alive, as long as `is_well`.

    Returns None, and starts no thread, when the service manager does not watch.
    """
    every = manager.every
    if every is None:
        return None

    def tell() -> None:
        was_well = True
        while not stop.is_set():
            if is_well():
                manager.tell(ALIVE)
                was_well = True
            elif was_well:
                logger.error("watchdog: a step does not end; the service manager is told nothing until it does")
                was_well = False
            stop.wait(every)

    thread = threading.Thread(target=tell, name="watchdog", daemon=True)
    thread.start()
    return thread


async def tell_from_loop(manager: ServiceManager, are_threads_stuck: Callable[[], Awaitable[bool]]) -> None:
    """Tell the service manager from an event loop that this process is alive, as long as its threads are not stuck.

    That this runs shows that the loop is alive. It returns at once when the service manager does not watch; otherwise
    it goes on until it is cancelled.
    """
    every = manager.every
    while every is not None:
        if await are_threads_stuck():
            logger.error("watchdog: threads take no turns; the service manager is told nothing until they do")
        else:
            manager.tell(ALIVE)
        await asyncio.sleep(every)
