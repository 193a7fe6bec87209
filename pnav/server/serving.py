"""How Daphne is to be started: the options that the exchange needs, for the demonstration and the benchmarks.

`docker-compose.yml` writes them out; a test holds the two together.

- A backlog for the moment when everybody is back at once; Twisted's own is 50.
- Hardly any pings: Daphne sends those of all sockets in one sweep, which holds up every message for 100 ms when 10,000
  sockets are open. Our pages beat every 20 seconds, and a socket that is silent for long is closed
  (chat.realtime.connection).
- Patience with a handshake while thousands wait for theirs.
- Nothing on each request: an access log holds addresses.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

import autobahn.twisted.websocket
import autobahn.websocket.protocol
import daphne.http_protocol
import daphne.server
import daphne.ws_protocol
from daphne.cli import CommandLineInterface
from twisted.internet import reactor, tcp
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from zope.interface import implementer

from common import security_log
from common.security_log import Event
from pnav.server.body_limits import BODY_MAX_BYTES, body_max_bytes

logger = logging.getLogger(__name__)

# Of a message that comes in parts, kept until it is whole: twice what `chat.messages.protocol` reads, so that who sends
# a frame that is too long is told so. Daphne's own bound is 1 MiB, which is 50 for the sockets of one client.
MESSAGE_BYTES = 128 * 1024
# Frames that came and that nobody has looked at yet, of one socket. It looks at all of them at each turn of the loop; a
# page sends 80 at once at most. Whoever has so many more is not one: the line is cut.
FRAMES_WAITING = 600
# What waits in this process for clients that do not read it, pages and sockets together; above it, those for whom most
# waits are cut. `chat.realtime.connection` bounds each client at 4 MiB, so sixteen of them reach it.
WAITING_BYTES = 64 * 1024 * 1024
WEIGHED_EVERY_BYTES = 1024 * 1024  # that were put aside since
PIECE_BYTES = 64  # what each piece that waits takes beside what it holds

# The descriptor of a Unix socket by which connections are handed to this process: see `Adoption`.
ADOPTION_VARIABLE = "CONNECTIONS_FD"

# A request has so long to arrive whole, its head and its body, however it is cut up; a connection on which nothing is
# asked, so long until it is closed (Twisted's own figure).
REQUEST_SECONDS, IDLE_SECONDS = 20.0, 60.0
# Connections of a process that wait for a request, or for the rest of one. One more closes the one that waits longest.
# Each holds up to 100 kB of a body in memory, so a hundred megabytes in all; what is longer lies in a file.
WAITING_AT_MOST = 1024
SILENT_SECONDS = 2.0  # on which nothing was asked for so long is closed before one whose request is on its way
REFUSED_SECONDS = 2.0

OPTIONS = (
    *("--verbosity", "0"),
    *("--ping-interval", "3600"),
    *("--ping-timeout", "3600"),
    *("--websocket_connect_timeout", "20"),
)


def daphne_arguments(application: str, *, port: int = 0, interface: str = "127.0.0.1", path: str = "") -> list[str]:
    """Return the arguments of daphne's command line. path: of a Unix socket, in place of a port."""
    endpoint = f"unix:{path}:mode=600" if path else f"tcp:port={port}:interface={interface}:backlog=2048"
    return ["--endpoint", endpoint, *OPTIONS, application]


class Server(daphne.server.Server):
    """Daphne's own, whose two rounds over all its connections cost nothing where nothing happens.

    With 10,000 sockets open they hold everybody up, one for 20 ms every two seconds, the other for 5 every second: a
    hundredth of a core each. Here one looks at the connections a few at a time, and seldom; the other only at those of
    which it was told that they, or what answers them, have ended.
    """

    connections: dict[Any, dict[str, Any]]
    websocket_max_message_size: int
    websocket_max_frame_size: int

    SLICES = 20
    # Every connection once in so long, for Daphne's two seconds: a handshake that takes too long is ended later by as
    # much. Nothing else has a limit here: see OPTIONS.
    TIMEOUTS_SECONDS = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.websocket_max_message_size = min(self.websocket_max_message_size, MESSAGE_BYTES)
        self.websocket_max_frame_size = min(self.websocket_max_frame_size, MESSAGE_BYTES)
        self._to_time = _Round()
        self._to_reap = _Round()
        self._ending: dict[Any, None] = {}  # in the order in which they ended
        self._is_reaping = False

    def run(self) -> None:
        """Serve until the process is told to stop; connections that are handed over, too."""
        if descriptor := os.environ.pop(ADOPTION_VARIABLE, ""):
            end = socket.socket(fileno=int(descriptor))
            reactor.callWhenRunning(lambda: Adoption(end, self.http_factory))
        super().run()

    def kill_all_applications(self) -> Any:
        """As Daphne does at the end, but for requests still on their way, which have nothing to end."""
        everybody = self.connections
        self.connections = {one: details for one, details in everybody.items() if "application_instance" in details}
        try:
            return super().kill_all_applications()
        finally:
            self.connections = everybody

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> "asyncio.Queue[Any] | None":
        """As Daphne does; and be told when it has ended. A socket's scope holds the connection of its client."""
        if scope["type"] == "websocket" and (line := line_of(protocol)) is not None:
            scope["transport"] = line
        queue: asyncio.Queue[Any] | None = super().create_application(protocol, scope)
        if queue is not None:
            application = self.connections[protocol]["application_instance"]
            application.add_done_callback(lambda _ended: self._ending.setdefault(protocol))
        return queue

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self._ending[protocol] = None

    def _some_of(self, turn: "_Round", among: Iterable[Any]) -> list[Any]:
        """The next of these in a round; a new round begins when it is over."""
        if not turn.left:
            turn.left = list(among)
            turn.share = len(turn.left) // self.SLICES + 1
        return [turn.left.pop() for _connection in range(min(len(turn.left), turn.share))]

    def timeout_checker(self) -> None:
        """End what took too long, and ping, as Daphne does."""
        for protocol in self._some_of(self._to_time, self.connections):
            if protocol not in self.connections:
                continue
            try:
                protocol.check_timeouts()
            except Exception as error:  # noqa: BLE001  the round goes on for the others
                logger.error("server: a connection could not be checked (%s)", type(error).__name__)
        _later(self.TIMEOUTS_SECONDS / self.SLICES, self.timeout_checker)

    def application_checker(self) -> None:
        """Reap what has ended, as Daphne does, who then calls this again in a second: hence several chains of calls."""
        if not self._is_reaping:
            self._is_reaping = True
            for number in range(1, self.SLICES):
                _later(number / self.SLICES, self.application_checker)
        everybody = self.connections
        turn = self._some_of(self._to_reap, self._ending)
        some = {protocol: everybody[protocol] for protocol in turn if protocol in everybody}
        self.connections = dict(some)
        try:
            super().application_checker()
        except Exception as error:  # noqa: BLE001  the round goes on for the others
            logger.error("server: a connection could not be reaped (%s)", type(error).__name__)
            for details in some.values():
                if (task := details.get("application_instance")) is not None and task.done():
                    del details["application_instance"]
            _later(1, self.application_checker)
        finally:
            kept, self.connections = self.connections, everybody
            for protocol in some.keys() - kept.keys():
                del everybody[protocol]
            everybody.update(kept)  # an answer that ends lets the next request of its line begin
            for protocol in turn:
                if protocol not in everybody or not _is_ending(everybody[protocol]):
                    self._ending.pop(protocol, None)


def _is_ending(details: dict[str, Any]) -> bool:
    """Whether a connection, by what Daphne notes of it, will have to be looked at again."""
    task = details.get("application_instance")
    return "disconnected" in details or (task is not None and task.done())


class _Round:
    """A round over all connections: those whose turn is still to come, and how many are looked at together."""

    def __init__(self) -> None:
        self.left: list[Any] = []
        self.share = 1


def _later(seconds: float, call: Callable[[], None]) -> None:
    reactor.callLater(seconds, call)  # type: ignore[arg-type]


class SocketProtocol(daphne.ws_protocol.WebSocketProtocol):
    """Daphne's own, whose queue of frames that came has an end."""

    muted: bool

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  as autobahn names them
        if self.application_queue.qsize() < FRAMES_WAITING:
            super().onMessage(payload, isBinary)
        elif not self.muted:
            self.muted = True
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
            security_log.log(Event.LIMIT_REACHED, limit="frames_waiting")
            self.dropConnection(abort=True)


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


class Channel(http.HTTPChannel):
    """Twisted's own end of an HTTP connection. It waits for slow clients for a bounded time, and for so many at once.

    Twisted gives a client another minute at each byte that comes, keeps any number of such clients, and takes a body of
    any length. None of them holds a thread; they hold memory and connections.
    """

    waiting: ClassVar[dict["Channel", None]] = {}  # in the order in which they began to wait

    _is_arriving = _is_refused = False
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
            self.setTimeout(REQUEST_SECONDS)
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:  # noqa: N802  as Twisted names it
        self._largest = body_max_bytes(cast(bytes, self._path).decode("latin-1"))  # of the request line
        if (self.length or 0) > self._largest:
            self._refuse_body()
        else:
            super().allHeadersReceived()

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802  as Twisted names it
        if self._is_refused:
            return
        if self in self.waiting:
            self._received += len(data)  # a body in pieces does not say how long it is
            if self._received > 2 * self._largest:
                self._refuse_body()
                return
        super().rawDataReceived(data)

    def _refuse_body(self) -> None:
        """Before the body came, with a page that was drawn at the start: « Précédent » brings back what was typed.

        Twisted keeps a body of more than 100 kB in a temporary file, which this one never fills.
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
        self.setTimeout(REFUSED_SECONDS)

    def allContentReceived(self) -> None:  # noqa: N802  as Twisted names it
        if self._is_refused:
            return
        self.waiting.pop(self, None)
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:  # noqa: N802  as Twisted names it
        self._savedTimeOut = IDLE_SECONDS
        self._wait()
        super().requestDone(request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802  as Twisted names it
        self.waiting.pop(self, None)
        super().connectionLost(reason)


class Line(tcp.Server):
    """Twisted's own connection of a client, which sends at once what can be sent at once.

    Twisted puts every answer aside, asks to be told when the line is free, which it nearly always is, sends in its next
    turn and asks no longer to be told: three calls of the system instead of one, and a turn of the loop.
    What the line does not take at once goes Twisted's way, and so does all that follows until it has gone.
    """

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
            sent = self.writeSomeData(data)
            if isinstance(sent, int) and sent > 0:  # of a line that is lost Twisted hears when it sends the rest
                data = data[sent:]
            if not data:
                return
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


def install_server() -> None:
    """Have the `daphne` that loads this application run our server. Called before there is one."""
    CommandLineInterface.server_class = Server
    tcp.Port.transport = Line
    daphne.http_protocol.HTTPFactory.protocol = Channel
    daphne.ws_protocol.WebSocketFactory.protocol = SocketProtocol


def quieten_autobahn() -> None:
    """Keep autobahn, below Daphne, from writing texts for its debug log, which nobody reads.

    It writes them for every frame that comes or goes and for every connection, coloured and with all its options,
    before it asks whether anybody wants them: a sixth of what a message costs, a quarter of a handshake. The calls
    stay; what they would say is empty.
    """
    for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
        for name in ("hltype", "hlval", "pformat"):
            if hasattr(module, name):
                setattr(module, name, _say_nothing)


def _say_nothing(_value: object) -> str:
    return ""
