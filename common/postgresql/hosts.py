"""Chooses which of several database servers is tried first: a primary and its standby, one of which may be lost.

An address may name several hosts with `target_session_attrs=read-write`, so that the one that accepts writes is used.
For each connection the driver tries them in the order of the address, and waits `connect_timeout` for one that does not
answer, such as a lost machine. Every new connection would wait that long. So a process remembers which host it was
connected to last, and which did not answer.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import psycopg
from psycopg_pool.base import AttemptWithBackoff

SILENT_SECONDS = 1.0  # a host that needs longer than this to refuse counts as silent; others are tried before it
# A silent host is then left out for this time, if another one answers, even with a refusal. So a standby that is being
# promoted is tried ten times a second, and not once every `connect_timeout`. One connection at a time tries the silent
# host.
LEFT_OUT_SECONDS = 10.0

# By default the pool tries again after one second, two, four…, up to minutes, so that after an outage pages would wait
# that long again. Here it tries each half second. A pool has three threads for it, so a server that starts gets six
# attempts a second at most from each process.
AttemptWithBackoff.INITIAL_DELAY = 0.5
AttemptWithBackoff.DELAY_BACKOFF = 1.0


class Hosts:
    """It is what this process knows of the hosts of one address. Any thread may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0  # the index of the host to which this process was connected last
        self._left_out_until: dict[int, float] = {}

    def order(self, count: int) -> list[int]:
        """Return the indices of the hosts to try, in order, at least one. A silent one is tried by one caller alone."""
        now = self._clock()
        with self._lock:
            known = sorted(range(count), key=lambda number: (number in self._left_out_until, number != self._last))
            chosen = [number for number in known if self._left_out_until.get(number, now) <= now] or known
            for number in chosen:
                if number in self._left_out_until:
                    self._left_out_until[number] = now + LEFT_OUT_SECONDS
        return chosen

    def met(self, number: int, seconds: float, *, is_connected: bool) -> None:
        """Note that this host accepted a connection, or did not, after so many seconds."""
        with self._lock:
            if is_connected:
                self._last = number
            if is_connected or seconds < SILENT_SECONDS:
                self._left_out_until.pop(number, None)
            else:
                self._left_out_until[number] = self._clock() + LEFT_OUT_SECONDS

    def connect[T](self, parameters: Mapping[str, Any], connect: Callable[[dict[str, Any]], T]) -> T:
        """Connect to the first host that accepts. connect: a function of the parameters of one host.

        Raises the psycopg.Error of the last one that was tried. Each takes `connect_timeout` at most.
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
    """Return the host and port of each server in the parameters, as libpq reads them: « a,b » with one port or two."""
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if len(ports) not in {1, len(hosts)}:
        raise psycopg.OperationalError("as many ports as hosts, or one for all of them")
    ports *= len(hosts) if len(ports) == 1 else 1
    named = (zip(("host", "port"), pair, strict=True) for pair in zip(hosts, ports, strict=True))
    return [{name: value for name, value in pair if value} for pair in named]


_met: dict[tuple[str, str], Hosts] = {}


def connect[T](parameters: Mapping[str, Any], connect_one: Callable[[dict[str, Any]], T]) -> T:
    """Connect as `Hosts.connect` does, with what this process knows of these hosts. A single host is tried directly."""
    host = str(parameters.get("host") or "")
    if "," not in host:
        return connect_one(dict(parameters))
    known = _met.setdefault((host, str(parameters.get("port") or "")), Hosts())
    return known.connect(parameters, connect_one)


class Connection(psycopg.Connection[Any]):
    """It is the pool's connection, which tries the hosts in our order."""

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Self:
        """Connect to one of the hosts, in the order of `connect`. Raises psycopg.Error."""
        return connect(parameters, lambda own: super(Connection, cls).connect(conninfo, **own))
