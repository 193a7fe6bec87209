"""Bounds how long and how much an HTTP client may keep the server waiting."""

import time
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from common.sealed_files.spool import Spool
from pnav.server.body_limits import ADMIN_BODY_MAX_BYTES, BODY_MAX_BYTES, body_max_bytes

# A request has so long to arrive whole, its head and its body, however it is cut up; a connection on which nothing is
# asked, so long until it is closed (Twisted's own figure).
REQUEST_SECONDS, IDLE_SECONDS = 20.0, 60.0
# Connections of a process that wait for a request, or for the rest of one. One more closes the one that waits longest.
# Each holds up to 100 kB of a body in memory, so a hundred megabytes in all; what is longer lies in a file, sealed.
WAITING_AT_MOST = 1024
# A capture as a plain form (`body_limits.CAPTURE_BODY_MAX_BYTES`) comes from a telephone: 15 MB at 400 kbit/s take five
# minutes. So many of them at once in a process; one more is refused before its body comes, with a page that says to try
# again. A body stands in the temporary folder twice while its form is read: 120 MB in all, which docker-compose.yml
# gives it. Scripts send slices, which are no long bodies: whoever holds these places holds up plain forms alone.
LONG_REQUEST_SECONDS = 300.0
LONG_AT_MOST = 4
SILENT_SECONDS = 2.0  # on which nothing was asked for so long is closed before one whose request is on its way
REFUSED_SECONDS = 2.0
IN_MEMORY_BYTES = 100_000  # Twisted's own figure: a longer body is written to a file


class Channel(http.HTTPChannel):
    """Twisted's own end of an HTTP connection. It waits for slow clients for a bounded time, and for so many at once.

    Twisted gives a client another minute at each byte that comes, keeps any number of such clients, and takes a body of
    any length. None of them holds a thread; they hold memory and connections.
    """

    waiting: ClassVar[dict["Channel", None]] = {}  # in the order in which they began to wait
    long: ClassVar[set["Channel"]] = set()  # whose body is longer than a form's, and on its way

    _is_arriving = _is_refused = False
    _head = b""  # of an answer whose body comes next
    _received = 0
    _largest = BODY_MAX_BYTES
    _waits_since = 0.0

    def connectionMade(self) -> None:  # noqa: N802  as Twisted names it
        super().connectionMade()
        self._wait()

    def _wait(self) -> None:
        self._is_arriving, self._received = False, 0
        self._waits_since = time.monotonic()
        if len(self.waiting) >= WAITING_AT_MOST:
            longest = self._next_to_go()
            del self.waiting[longest]
            longest.forceAbortClient()
        self.waiting[self] = None

    def _next_to_go(self) -> "Channel":
        """Who has waited longest without a word; if there is nobody, who has waited longest. Whoever opens connections
        and says nothing takes the place of nobody whose form comes slowly."""
        for one in self.waiting:
            if self._waits_since - one._waits_since < SILENT_SECONDS:
                break  # so have those after it
            if not one._is_arriving:
                return one
        return next(iter(self.waiting))

    def resetTimeout(self) -> None:  # noqa: N802  as Twisted names it
        """Do nothing: what comes slowly gives no more time."""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  as Twisted names it
        if not self._is_arriving and self in self.waiting:
            self._is_arriving = True
            self._shorten_timeout(REQUEST_SECONDS)
        super().dataReceived(data)

    def _shorten_timeout(self, seconds: float) -> None:
        """Close the connection in so many seconds, which is sooner than was said before.

        A call that is there already would be looked for among those of all connections, one after the other, to move
        it ahead (`ReactorBase._moveCallLaterSooner`): a request would cost more with each socket that is open. A call
        that is cancelled and a new one cost the same however many there are.
        """
        self.setTimeout(None)
        self.setTimeout(seconds)

    def allHeadersReceived(self) -> None:  # noqa: N802  as Twisted names it
        self._largest = body_max_bytes(cast(bytes, self._path).decode("latin-1"))  # of the request line
        length = self.length or 0
        if length > self._largest or (length > BODY_MAX_BYTES and not self._takes_long()):
            self._refuse_body()
            return
        super().allHeadersReceived()
        if length >= IN_MEMORY_BYTES or self.length is None:
            # Twisted would keep it in a temporary file, in clear, and read the whole of a form to parse it, for nobody.
            request = cast(Any, self.requests[-1])
            request.content.close()
            request.content = Spool()
            request._parsePOSTFormSubmission = False

    def _takes_long(self) -> bool:
        """Take a place for a long body, and the time that it needs; False when there is none. The admin's are short."""
        if self._largest <= ADMIN_BODY_MAX_BYTES:
            return True
        if len(self.long) >= LONG_AT_MOST:
            return False
        self.long.add(self)
        self.setTimeout(LONG_REQUEST_SECONDS)
        return True

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802  as Twisted names it
        if self._is_refused:
            return
        if self in self.waiting:
            self._received += len(data)  # a body in pieces does not say how long it is
            # It may not be longer than a form either, where a long one has no place.
            most = self._largest if self in self.long else min(self._largest, ADMIN_BODY_MAX_BYTES)
            if self._received > 2 * most:
                self._refuse_body()
                return
        super().rawDataReceived(data)

    def checkPersistence(self, request: Any, version: bytes) -> bool:  # noqa: N802  as Twisted names it
        """Each answer of a process that ends is the last of its connection.

        A proxy keeps connections, would send the next form on one that is about to be cut, and may not send it twice.
        """
        if getattr(getattr(self.factory, "server", None), "is_ending", False):
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def _refuse_body(self) -> None:
        """Before the body came, with a page that was drawn at the start: « Précédent » brings back what was typed.

        Twisted keeps a body of more than 100 kB in a file, which this one never fills.
        """
        from pnav.server import busy  # it asks for Django's settings, which whoever starts a server has not read yet

        self._is_refused = True
        head = self.requests[-1].requestHeaders
        path = cast(bytes, self._path).decode("latin-1")
        headers, page = busy.too_large(path, (head.getRawHeaders(b"cookie") or [b""])[0])
        lines = [
            b"HTTP/1.1 413 Content Too Large",
            b"Connection: close",
            *(name + b": " + value for name, value in headers),
        ]
        cast(Any, self.transport).write(b"\r\n".join(lines) + b"\r\n\r\n" + page)
        # What the client goes on sending is thrown away until then: closed at once, it would not read the answer.
        self._shorten_timeout(REFUSED_SECONDS)

    def allContentReceived(self) -> None:  # noqa: N802  as Twisted names it
        if self._is_refused:
            return
        self.waiting.pop(self, None)
        self.long.discard(self)
        super().allContentReceived()
        if self.requests and cast(Any, self.requests[-1]).transport is None:  # Daphne gave it to a socket
            self._let_go()

    def _let_go(self) -> None:
        """Have nothing hold this channel and its request once their connection is a socket's.

        The connection would hold the channel as its producer, which is asked to pause and does nothing for it; the two
        hold each other. They would stay as long as the socket, and then until a full collection of memory.
        """
        cast(Any, self.transport).unregisterProducer()
        for request in self.requests:
            request.channel = None
        self.requests.clear()

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:  # noqa: N802  as Twisted
        """Keep the head of an answer until its body comes, a moment later: both leave together, at once.

        Twisted puts the head aside, piece by piece, and with it what follows: the line is then asked when it is free,
        and sends in the next turn of the loop: three calls of the system in place of one (`pnav.server.lines.Line`).
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
        if self._head:  # of an answer without a body
            self.write(b"")
        self._savedTimeOut = IDLE_SECONDS
        self._wait()
        super().requestDone(request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802  as Twisted names it
        self.waiting.pop(self, None)
        self.long.discard(self)
        super().connectionLost(reason)
