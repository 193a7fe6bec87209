"""This module sends to the connections of clients below Daphne, bounds what waits in memory for them, and takes over
open ones.

A *line* is the TCP connection of one client.
"""

import logging
import os
import socket
from typing import Any, cast

import daphne.server  # noqa: F401  installs asyncio's reactor; after Twisted has installed another one, it warns
from twisted.internet import reactor, tcp
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from common import security_log
from common.security_log import Event

logger = logging.getLogger(__name__)

# How many bytes may wait in this process for clients that do not read them, of pages and sockets together. Above it,
# the connections for which most bytes wait are cut. `chat.realtime.connection` bounds each client at 4 MiB, so sixteen
# clients can reach it.
WAITING_BYTES = 64 * 1024 * 1024
WEIGHED_EVERY_BYTES = 1024 * 1024  # a line is weighed again after this many more bytes were queued
PIECE_BYTES = 64  # the memory that each queued piece takes beside its content

# This environment variable holds the file descriptor of a Unix socket through which another process hands over
# connections (`Adoption`).
ADOPTION_VARIABLE = "CONNECTIONS_FD"


class Waiting:
    """It counts the bytes that wait in this process for clients that do not read, and bounds their sum.

    A line is added when something has to wait for its client. After each WEIGHED_EVERY_BYTES the bytes of these lines,
    and of no others, are added up.
    """

    def __init__(self, at_most: int = WAITING_BYTES, every: int = WEIGHED_EVERY_BYTES) -> None:
        self.at_most, self.every = at_most, every
        self._lines: set[Line] = set()
        self._since = 0

    def add(self, line: "Line", size: int) -> None:
        """Note that about so many more bytes wait for the client of this line."""
        self._lines.add(line)
        self._since += size
        if self._since >= self.every:
            self.weigh()

    def discard(self, line: "Line") -> None:
        """Forget a line that was closed."""
        self._lines.discard(line)

    def weigh(self) -> int:
        """Cut the lines for which most bytes wait until the sum is within the bound. Return the bytes still waiting."""
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
    """Twisted's TCP connection of a client, except that it writes at once where it can, and reads with fewer calls.

    Twisted queues every answer, registers for the moment when the socket is writable, which it nearly always is, writes
    in the next turn of the loop and unregisters: three system calls instead of one; 5.2 µs instead of 2.7
    (docs/adr/0073). What the socket does not accept at once is left to Twisted, with all that follows until it has been
    sent.

    For everything that arrives, Twisted makes a context for its own log, which nobody reads: 0.9 µs of 3.6
    (docs/adr/0027).

    was_cut: its client sent more pieces than a request may have (`pnav.server.http_channel`).
    """

    was_cut = False

    def startReading(self) -> None:  # noqa: N802  as Twisted names it
        """Do as Twisted, without a context for its log. With another reactor than Daphne's, do exactly as Twisted."""
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
        """Return the bytes of memory that wait for the client to read: those that the system has not accepted yet."""
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
            and (self.producer is None or self.streamingProducer)  # a pull producer is called by Twisted's own loop
        ):
            try:
                sent = self.socket.send(data if len(data) <= self.SEND_LIMIT else memoryview(data)[: self.SEND_LIMIT])
            except OSError:  # the socket accepts nothing now, or is lost, which Twisted learns when it sends the rest
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)
        if data:
            waiting.add(self, len(data) + PIECE_BYTES)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802  as Twisted names it
        """Do as Twisted, and drop what waited. A cycle of references would keep it until a full garbage collection."""
        waiting.discard(self)
        self.dataBuffer, self.offset, self._tempDataBuffer, self._tempDataLen = b"", 0, [], 0
        super().connectionLost(reason)

    @classmethod
    def adopt(cls, descriptor: int, factory: Any) -> None:
        """Serve a connection that is already open, as `reactor.adoptStreamConnection` does, but as a Line.

        Raises OSError when its client is gone.
        """
        cls._fromConnectedSocket(descriptor, socket.AF_INET, factory, reactor)


@implementer(IReadDescriptor)
class Adoption:
    """It takes over connections that another process accepted, from a Unix socket (SOCK_SEQPACKET, one in each packet).

    `make run` reads what a connection asks for and hands it to the process that serves it (`pnav.demo.front`). What is
    handed over is the descriptor of the client's own connection, so the client's address is known here too.
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
                except OSError:  # the client has left meanwhile
                    logger.debug("adoption: the connection was gone")
                finally:
                    os.close(descriptor)  # Twisted has a duplicate
            if not packet:  # the process that hands over has ended, and this one is about to be stopped
                cast(Any, reactor).removeReader(self)
                return

    def connectionLost(self, _reason: object) -> None:  # noqa: N802  as Twisted names it
        self._end.close()

    def logPrefix(self) -> str:  # noqa: N802  as Twisted names it
        return type(self).__name__


def line_of(protocol: Any) -> Line | None:
    """Return the line below a protocol, with TLS or without; None when its connection is of another class."""
    transport = getattr(protocol, "transport", None)
    while transport is not None and not isinstance(transport, Line):
        transport = getattr(transport, "transport", None)
    return transport
