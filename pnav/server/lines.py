"""The connections of clients below Daphne: what is sent at once, what waits, and those that are handed over."""

import logging
import os
import socket
from typing import Any, cast

from twisted.internet import reactor, tcp
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from common import security_log
from common.security_log import Event

logger = logging.getLogger(__name__)

# What waits in this process for clients that do not read it, pages and sockets together; above it, those for whom most
# waits are cut. `chat.realtime.connection` bounds each client at 4 MiB, so sixteen of them reach it.
WAITING_BYTES = 64 * 1024 * 1024
WEIGHED_EVERY_BYTES = 1024 * 1024  # that were put aside since
PIECE_BYTES = 64  # what each piece that waits takes beside what it holds

# The descriptor of a Unix socket by which connections are handed to this process: see `Adoption`.
ADOPTION_VARIABLE = "CONNECTIONS_FD"


class Waiting:
    """The bytes that wait in this process for clients that do not read, with one bound for all of them.

    Lines join when something of theirs has to wait, and are weighed together after each WEIGHED_EVERY_BYTES: one look
    at those lines, and at no other.
    """

    def __init__(self, at_most: int = WAITING_BYTES, every: int = WEIGHED_EVERY_BYTES) -> None:
        self.at_most, self.every = at_most, every
        self._lines: set[Line] = set()
        self._since = 0

    def add(self, line: "Line", size: int) -> None:
        """So many bytes more wait for this line, about."""
        self._lines.add(line)
        self._since += size
        if self._since >= self.every:
            self.weigh()

    def discard(self, line: "Line") -> None:
        """Forget a line that was closed."""
        self._lines.discard(line)

    def weigh(self) -> int:
        """Cut those for whom most waits while all is more than the bound; the bytes that wait then."""
        self._since = 0
        sizes = {line: size for line in self._lines if (size := line.waiting)}
        self._lines = set(sizes)
        total = sum(sizes.values())
        for line in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if total <= self.at_most:
                break
            total -= sizes[line]
            self._lines.discard(line)
            security_log.log(Event.LIMIT_REACHED, limit="waiting")
            line.abortConnection()
        return total


waiting = Waiting()


class Line(tcp.Server):
    """Twisted's own connection of a client, which sends at once what can be sent at once, and reads without detours.

    Twisted puts every answer aside, asks to be told when the line is free, which it nearly always is, sends in its next
    turn and asks no longer to be told: three calls of the system instead of one, and a turn of the loop; 5.2 µs instead
    of 2.7 (docs/adr/0073).
    What the line does not take at once goes Twisted's way, and so does all that follows until it has gone.

    For whatever comes Twisted makes a context for its own log, in which nobody reads: 0.9 µs of 3.6 (docs/adr/0027).
    """

    def startReading(self) -> None:  # noqa: N802  as Twisted names it
        """As Twisted does, without a context for its log; with another reactor than Daphne's exactly as Twisted."""
        own: Any = self.reactor
        if not isinstance(own, AsyncioSelectorReactor):
            super().startReading()
            return
        readers: Any = own._readers
        if self not in readers:
            descriptor = self.fileno()
            own._asyncioEventloop.add_reader(descriptor, own._readOrWrite, self, True)
            readers[self] = descriptor

    @property
    def waiting(self) -> int:
        """Bytes of memory that wait for the client to read: what the system has not taken yet."""
        pieces = PIECE_BYTES * len(self._tempDataBuffer)
        return len(self.dataBuffer) - self.offset + self._tempDataLen + pieces

    def write(self, data: bytes) -> None:
        if (
            data
            and self.connected
            and not self.TLS
            and not self._writeDisconnected
            and not self._tempDataBuffer
            and not self.dataBuffer
            and (self.producer is None or self.streamingProducer)  # one that is pulled waits for Twisted's turn
        ):
            try:
                sent = self.socket.send(data if len(data) <= self.SEND_LIMIT else memoryview(data)[: self.SEND_LIMIT])
            except OSError:  # it takes nothing now, or is lost: of that Twisted hears when it sends the rest
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)
        if data:
            waiting.add(self, len(data) + PIECE_BYTES)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802  as Twisted names it
        """As Twisted does; and let go of what waited, which a circle of objects would keep until a full collection."""
        waiting.discard(self)
        self.dataBuffer, self.offset, self._tempDataBuffer, self._tempDataLen = b"", 0, [], 0
        super().connectionLost(reason)

    @classmethod
    def adopt(cls, descriptor: int, factory: Any) -> None:
        """Serve a connection that is open already, as `reactor.adoptStreamConnection` does, which takes no class.

        Raises OSError when its client is gone.
        """
        cls._fromConnectedSocket(descriptor, socket.AF_INET, factory, reactor)


@implementer(IReadDescriptor)
class Adoption:
    """Connections that another process accepted, handed over a Unix socket (SOCK_SEQPACKET, one in each packet).

    `make run` looks at what a connection asks for and hands it to the process that serves it (`pnav.demo.front`). The
    descriptor is the client's own connection, so its address is too.
    """

    AT_ONCE = 64

    def __init__(self, end: socket.socket, factory: Any) -> None:
        """Begin to read. end: this process's end of the pair. factory: makes a protocol for each connection."""
        end.setblocking(False)
        self._end = end
        self._factory = factory
        cast(Any, reactor).addReader(self)

    def fileno(self) -> int:
        return self._end.fileno()

    def doRead(self) -> None:  # noqa: N802  as Twisted names it
        for _turn in range(self.AT_ONCE):
            try:
                packet, descriptors, _flags, _address = socket.recv_fds(self._end, 1, 1)
            except BlockingIOError:
                return
            for descriptor in descriptors:
                try:
                    os.set_blocking(descriptor, False)
                    Line.adopt(descriptor, self._factory)
                except OSError:  # the client left meanwhile
                    logger.debug("adoption: the connection was gone")
                finally:
                    os.close(descriptor)  # Twisted has a duplicate
            if not packet:  # whoever hands over has ended, and this process is about to be stopped
                cast(Any, reactor).removeReader(self)
                return

    def connectionLost(self, _reason: object) -> None:  # noqa: N802  as Twisted names it
        self._end.close()

    def logPrefix(self) -> str:  # noqa: N802  as Twisted names it
        return type(self).__name__


def line_of(protocol: Any) -> Line | None:
    """The line below a protocol, under TLS or not; None when its connection is of another kind."""
    transport = getattr(protocol, "transport", None)
    while transport is not None and not isinstance(transport, Line):
        transport = getattr(transport, "transport", None)
    return transport
