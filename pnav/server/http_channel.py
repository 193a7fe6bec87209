"""Limits for how long, with how much data, and how many at once HTTP clients may keep the server waiting."""

import math
import time
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from common import security_log
from common.sealed_files.spool import Spool
from common.security_log import Event
from pnav.server.body_limits import ADMIN_BODY_MAX_BYTES, BODY_MAX_BYTES, body_max_bytes
from pnav.server.http_request import Head, Request, read_head
from pnav.server.lines import line_of

# How long a request may take to arrive, head and body together, and how long a connection without a request stays open
# (Twisted's own figure).
REQUEST_SECONDS, IDLE_SECONDS = 20.0, 60.0
# How many connections of a process may wait for a request or for the rest of one. A further one closes one of them
# (`Channel._next_to_go`). Each holds up to 100 kB of a body in memory, so all hold a hundred megabytes; a longer body
# is kept in an encrypted file.
WAITING_AT_MOST = 1024
# A capture sent as a plain form (`body_limits.CAPTURE_BODY_MAX_BYTES`) comes from a telephone: 15 MB at 400 kbit/s take
# five minutes. A process receives so many of them at once, and half of them from one network; a further one is refused
# before its body comes, with a page that says to try again. While a form is read, its body is in the temporary folder
# twice: 120 MB in all, for which docker-compose.yml has room. The upload by JavaScript sends slices, which are no long
# bodies, so that whoever occupies these places delays plain forms alone. To occupy them all takes two networks. A file
# that an agent hands over counts too: who sends is not known before the body comes, and where one network had no bound,
# it could take all places.
LONG_REQUEST_SECONDS = 300.0
LONG_AT_MOST = 4
LONG_EACH = 2
# How many pieces of a connection are read until its request is answered: so many, and one more for each so many bytes.
# The smallest segments have 536 bytes. Twisted searches and copies a line again at each piece, and adds up all
# pieces that come during an answer: 16,000 of one byte took 28 ms, and 890 (docs/adr/0150).
PIECES_AT_MOST, BYTES_OF_A_PIECE = 64, 256
SILENT_SECONDS = 2.0  # a connection without a request for this long is closed before one whose request is arriving
REFUSED_SECONDS = 2.0
IN_MEMORY_BYTES = 100_000  # Twisted's own figure: a longer body is written to a file


class Channel(http.HTTPChannel):
    """It is Twisted's HTTP connection, which waits for slow clients for a limited time, and for a limited number of
    them, and reads a limited number of pieces.

    Twisted itself gives a client another minute at each byte, keeps any number of such clients, and accepts a body of
    any length. They occupy no thread, but memory and connections.
    """

    # The connections without a request, in the order in which they began to wait.
    waiting: ClassVar[dict["Channel", None]] = {}
    # The connections that are receiving a body longer than a form's, each with its network (`admission.network_of`).
    long: ClassVar[dict["Channel", int]] = {}

    _is_arriving = _is_timed = _is_refused = False
    _timer: Any = None  # the pending call of `_look`
    _due = math.inf  # when the connection will be closed, by the clock of that call
    _head = b""  # the head of the answer, kept until its body comes
    _pieces = _bytes = 0  # what came since the last answer
    _largest = BODY_MAX_BYTES
    _waits_since = 0.0

    def connectionMade(self) -> None:  # noqa: N802  as Twisted names it
        super().connectionMade()
        self._wait()

    def _wait(self) -> None:
        self._is_arriving, self._pieces, self._bytes = False, 0, 0
        self._waits_since = time.monotonic()
        if len(self.waiting) >= WAITING_AT_MOST:
            longest = self._next_to_go()
            del self.waiting[longest]
            longest.forceAbortClient()
        self.waiting[self] = None

    def _next_to_go(self) -> "Channel":
        """Return the connection to close: of those without a request, the one that waits longest; else the longest.

        So a client that opens connections and sends nothing never displaces one whose form arrives slowly.
        """
        for one in self.waiting:
            if self._waits_since - one._waits_since < SILENT_SECONDS:
                break  # the connections after this one began to wait even later
            if not one._is_arriving:
                return one
        return next(iter(self.waiting))

    def resetTimeout(self) -> None:  # noqa: N802  as Twisted names it
        """Do nothing, so that data that come slowly do not prolong the time-out."""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  as Twisted names it
        self._pieces += 1
        self._bytes += len(data)
        if self._pieces > PIECES_AT_MOST + self._bytes // BYTES_OF_A_PIECE:
            security_log.log(Event.LIMIT_REACHED, limit="pieces")
            if (line := line_of(self)) is not None:
                line.was_cut = True  # its network is charged for the page that it did not wait for
            self.forceAbortClient()
            return
        begins = not self._is_arriving and self in self.waiting
        if begins and self._takes_heads() and (head := read_head(data)) is not None:
            self._take(head)
            return
        if begins:
            self._is_arriving, self._is_timed = True, False
        super().dataReceived(data)
        # Most requests come whole, and need no time-out of their own.
        if begins and self._is_arriving and not self._is_timed and self in self.waiting:
            self._time_arrival(REQUEST_SECONDS)

    def _takes_heads(self) -> bool:
        """Return whether a request may be read by `read_head`: nothing is under way, and Daphne reads no proxy's word.

        Nothing of a request has come yet: the caller has looked (`_is_arriving`).
        """
        return (
            issubclass(self.requestFactory, Request)
            and not self._busyReceiving
            and not self._handlingRequest
            and bool(self.persistent)
            and not cast(Any, self.factory).server.proxy_forwarded_address_header
        )

    def _take(self, head: Head) -> None:
        """Begin a request whose head has come whole, as Twisted does after the last byte of one."""
        del self.waiting[self]
        self.setTimeout(None)
        self._handlingRequest = True
        self.setRawMode()  # what comes meanwhile waits to be read
        request = cast(Any, self.requestFactory)(self, len(self.requests))
        self.requests.append(request)
        self.persistent = self.checkPersistence(request, b"HTTP/1.1")
        request.take(head)

    def _time_arrival(self, seconds: float) -> None:
        """Close the connection after so many seconds if its request has not come by then."""
        self._is_timed = True
        self.setTimeout(seconds)

    def setTimeout(self, period: float | None) -> float | None:  # noqa: N802  as Twisted names it
        """Set the time after which the connection is closed, or None for never; return what it was.

        Twisted cancels its pending call and makes another one, four times for each request. To move a call ahead, it
        even searches those of all connections (`ReactorBase._moveCallLaterSooner`). Here a pending call stays, unless
        it would come too late, and looks when it comes whether it is time.
        """
        before, self.timeOut = self.timeOut, period  # type: ignore[assignment]
        call = self._timer
        if period is None:
            self._due = math.inf
        elif call is None:
            self._look_after(period)
            self._due = self._timer.getTime()
        else:
            self._due = call.seconds() + period
            if self._due < call.getTime():
                call.cancel()
                self._look_after(period)
        return before

    def _look_after(self, seconds: float) -> None:
        self._timer = cast(Any, self.callLater)(seconds, self._look)

    def _look(self) -> None:
        """Close the connection if it is time, and look again then if it is not yet."""
        call, self._timer = self._timer, None
        left = self._due - call.seconds()
        if left <= 0:
            self._due = math.inf
            self.timeoutConnection()
        elif left < math.inf:
            self._look_after(left)

    def _end_timer(self) -> None:
        self._due = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def allHeadersReceived(self) -> None:  # noqa: N802  as Twisted names it
        # The path is that of the request line.
        self._largest = body_max_bytes(cast(bytes, self._path).decode("latin-1"))
        if self.length is None:  # a body in chunks
            self._refuse_body(b"411 Length Required")
            return
        length = self.length
        if length > self._largest:
            self._refuse_body()
            return
        if length > BODY_MAX_BYTES and not self._takes_long():
            self._refuse_for_now()
            return
        super().allHeadersReceived()
        if length >= IN_MEMORY_BYTES:
            # Twisted would keep the body in a temporary file that is not encrypted, and parse a form that nobody reads.
            request = cast(Any, self.requests[-1])
            request.content.close()
            request.content = Spool()
            request._parsePOSTFormSubmission = False

    def _takes_long(self) -> bool:
        """Reserve a place and the time for a long body; return False when no place is free, or none for this network.

        Bodies of the admin need no place.
        """
        if self._largest <= ADMIN_BODY_MAX_BYTES:
            return True
        from pnav.server.admission import network_of  # it needs Django's settings, as `busy` does

        network, _wider = network_of(self._scope())
        if len(self.long) >= LONG_AT_MOST or list(self.long.values()).count(network) >= LONG_EACH:
            return False
        self.long[self] = network
        self._time_arrival(LONG_REQUEST_SECONDS)
        return True

    def _scope(self) -> dict[str, Any]:
        """Return what `admission` and `busy` read of a request, as Daphne will say it once the body has come."""
        peer, head = self.getPeer(), self.requests[-1].requestHeaders
        path, _mark, query = cast(bytes, self._path).partition(b"?")
        return {
            "type": "http",
            "method": self._command.decode("latin-1"),
            "path": path.decode("latin-1"),
            "query_string": query,
            "headers": [(name.lower(), value) for name, values in head.getAllRawHeaders() for value in values],
            "client": [str(peer.host), peer.port] if hasattr(peer, "host") and hasattr(peer, "port") else None,
        }

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802  as Twisted names it
        if not self._is_refused:
            super().rawDataReceived(data)

    def checkPersistence(self, request: Any, version: bytes) -> bool:  # noqa: N802  as Twisted names it
        """Close the connection after each answer once the process is ending.

        A proxy keeps connections open. It would send the next form on one that is about to be cut, and may not send a
        form twice.
        """
        if getattr(getattr(self.factory, "server", None), "is_ending", False):
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def _refuse_body(self, status: bytes = b"413 Content Too Large") -> None:
        """Answer without reading the body, which is too long. « Précédent » brings back what was typed.

        A body in chunks is answered 411: no browser sends a form in chunks, each of which may have one byte, and costs
        as much as a kilobyte of a body that says its length.
        """
        from pnav.server import busy  # it needs Django's settings, which are not read yet when a server is started

        head = self.requests[-1].requestHeaders
        path = cast(bytes, self._path).decode("latin-1")
        self._refuse(status, busy.too_large(path, (head.getRawHeaders(b"cookie") or [b""])[0]))

    def _refuse_for_now(self) -> None:
        """Answer 503 without reading the body, for which there is no place. The same file may be sent again soon."""
        from pnav.server import busy

        security_log.log(Event.LIMIT_REACHED, limit="long_bodies")
        self._refuse(b"503 Service Unavailable", busy.answer(self._scope()))

    def _refuse(self, status: bytes, answer: tuple[list[tuple[bytes, bytes]], bytes]) -> None:
        """Send this answer, whose page was rendered at the start of the process (`pnav.server.busy`)."""
        self._is_refused = True
        headers, page = answer
        lines = [b"HTTP/1.1 " + status, b"Connection: close", *(name + b": " + value for name, value in headers)]
        cast(Any, self.transport).write(b"\r\n".join(lines) + b"\r\n\r\n" + page)
        # Until then, what the client goes on sending is thrown away. If the connection were closed at once, the client
        # would not read the answer.
        self._time_arrival(REFUSED_SECONDS)

    def allContentReceived(self) -> None:  # noqa: N802  as Twisted names it
        if self._is_refused:
            return
        self.waiting.pop(self, None)
        self.long.pop(self, None)
        super().allContentReceived()
        if self.requests and cast(Any, self.requests[-1]).transport is None:  # Daphne made it a WebSocket
            self._let_go()

    def _let_go(self) -> None:
        """Drop the references to this channel and its request once their connection has become a WebSocket.

        The connection refers to the channel as its producer, which has nothing more to produce, and the channel to its
        request and back. They would stay in memory as long as the socket, and then until a full garbage collection.
        """
        cast(Any, self.transport).unregisterProducer()
        self._end_timer()
        for request in self.requests:
            request.channel = None
        self.requests.clear()

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:  # noqa: N802  as Twisted
        """Keep the head of an answer until its body comes, a moment later, so that both are sent in one system call.

        Twisted queues the head piece by piece, and the body behind it. Sending then takes the next turn of the loop and
        three system calls (`pnav.server.lines.Line`).
        """
        lines = [b"%b: %b" % (name, value) for name, values in headers.getAllRawHeaders() for value in values]
        self._head = b"\r\n".join([b"%b %b %b" % (version, code, reason), *lines, b"\r\n"])

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head

    def write(self, data: bytes) -> None:
        super().write(self._take_head() + data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:  # noqa: N802  as Twisted names it
        self.write(b"".join(iovec))

    def requestDone(self, request: Any) -> None:  # noqa: N802  as Twisted names it
        if self._head:  # the answer has no body
            self.write(b"")
        self._savedTimeOut = IDLE_SECONDS
        self._wait()
        super().requestDone(request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802  as Twisted names it
        self.waiting.pop(self, None)
        self.long.pop(self, None)
        super().connectionLost(reason)
        self._end_timer()
