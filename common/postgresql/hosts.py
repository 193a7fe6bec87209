"""Chooses which of several servers is asked first: a primary and its standby, of which one may be lost.

An address may name several hosts, with `target_session_attrs=read-write`: the one that takes writing is connected to.
The driver asks them in the order of the address, each time, and waits `connect_timeout` for one that is silent, as a
machine is that was lost: every new connection would pay that for as long as it is away. So a process remembers which
host it was connected to last, and which kept silent.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import psycopg
from psycopg_pool.base import AttemptWithBackoff

SILENT_SECONDS = 1.0  # a host that needs longer than this to say no is silent: others are asked before it
# Then it is left out for so long, where another one answers, be it with a no: a standby that is just being promoted
# is asked ten times a second, and not once every `connect_timeout`. One connection at a time tries the silent one.
LEFT_OUT_SECONDS = 10.0

# The pool tries again after one second, two, four…, up to minutes: after an outage pages would wait for as long again.
# Here it is half a second each time. A pool has three threads for it, so a server that starts is asked six times a
# second at most by each process.
AttemptWithBackoff.INITIAL_DELAY = 0.5
AttemptWithBackoff.DELAY_BACKOFF = 1.0


class Hosts:
    """The hosts of one address, as this process met them. Any thread may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0  # connected to last
        self._left_out_until: dict[int, float] = {}

    def order(self, count: int) -> list[int]:
        """The numbers of the hosts to ask, in this order: one at least. Whoever asks a silent one asks it alone."""
        now = self._clock()
        with self._lock:
            known = sorted(range(count), key=lambda number: (number in self._left_out_until, number != self._last))
            chosen = [number for number in known if self._left_out_until.get(number, now) <= now] or known
            for number in chosen:
                if number in self._left_out_until:
                    self._left_out_until[number] = now + LEFT_OUT_SECONDS
        return chosen

    def met(self, number: int, seconds: float, *, is_connected: bool) -> None:
        """This host answered, or did not, after so many seconds."""
        with self._lock:
            if is_connected:
                self._last = number
            if is_connected or seconds < SILENT_SECONDS:
                self._left_out_until.pop(number, None)
            else:
                self._left_out_until[number] = self._clock() + LEFT_OUT_SECONDS

    def connect[T](self, parameters: Mapping[str, Any], connect: Callable[[dict[str, Any]], T]) -> T:
        """Connect to the first host that accepts. connect: takes the parameters of one host.

        Raises the psycopg.Error of the last one that was asked. At most `connect_timeout` for each.
        """
        addresses = split(parameters)
        failure: psycopg.Error = psycopg.OperationalError("no host was asked")
        for number in self.order(len(addresses)):
            begun = self._clock()
            try:
                connection = connect({**parameters, **addresses[number]})
            except psycopg.Error as error:
                self.met(number, self._clock() - begun, is_connected=False)
                failure = error
            else:
                self.met(number, self._clock() - begun, is_connected=True)
                return connection
        raise failure


def split(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """The host and port of each server that the parameters name, as libpq reads them: « a,b » with one port or two."""
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if len(ports) not in {1, len(hosts)}:
        raise psycopg.OperationalError("as many ports as hosts, or one for all of them")
    ports *= len(hosts) if len(ports) == 1 else 1
    named = (zip(("host", "port"), pair, strict=True) for pair in zip(hosts, ports, strict=True))
    return [{name: value for name, value in pair if value} for pair in named]


_met: dict[tuple[str, str], Hosts] = {}


def connect[T](parameters: Mapping[str, Any], connect_one: Callable[[dict[str, Any]], T]) -> T:
    """Connect as `Hosts.connect` does, with what this process knows of these hosts. One host alone: at once."""
    host = str(parameters.get("host") or "")
    if "," not in host:
        return connect_one(dict(parameters))
    known = _met.setdefault((host, str(parameters.get("port") or "")), Hosts())
    return known.connect(parameters, connect_one)


class Connection(psycopg.Connection[Any]):
    """What the pool lends: it connects in our order."""

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Self:
        """Connect to one of the hosts, in the order of `connect`. Raises psycopg.Error."""
        return connect(parameters, lambda own: super(Connection, cls).connect(conninfo, **own))
