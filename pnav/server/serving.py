"""How Daphne is to be started: the options that the exchange needs, for the demonstration and the benchmarks.

A production starts by `pnav.server.entry`, which holds these options and a few more.

- A backlog for the moment when everybody is back at once; Twisted's own is 50.
- Hardly any pings: Daphne sends those of all sockets in one sweep, which holds up every message for 100 ms when 10,000
  sockets are open. Our pages beat every 20 seconds, and a socket that is silent for long is closed
  (chat.realtime.connection).
- Patience with a handshake while thousands wait for theirs.
- Nothing on each request: an access log holds addresses.
"""

import asyncio
import io
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

import autobahn.twisted.websocket
import autobahn.websocket.protocol
import daphne.http_protocol
import daphne.server
import daphne.ws_protocol
from autobahn.websocket.types import ConnectionDeny
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from twisted.internet import reactor, tcp
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import connectionDone

from chat.messages.protocol import CLOSE_AGAIN
from common import security_log
from common.sealed_files.spool import Spool
from common.security_log import Event
from common.watchdog import READY, STOPPING, Supervisor, tell_from_loop
from pnav.server.body_limits import BODY
from pnav.server.entry import OPTIONS
from pnav.server.frames import make_text_frame, read_text_frame
from pnav.server.http_channel import Channel
from pnav.server.lines import ADOPTION_VARIABLE, Adoption, Line, line_of
from pnav.server.tls import endpoint_of

logger = logging.getLogger(__name__)

# Of a message that comes in parts, kept until it is whole: twice what `chat.messages.protocol` reads, so that who sends
# a frame that is too long is told so. Daphne's own bound is 1 MiB, which is 50 for the sockets of one client.
MESSAGE_BYTES = 128 * 1024
# Frames that came and that nobody has looked at yet, of one socket. It looks at all of them at each turn of the loop; a
# page sends 80 at once at most. Whoever has so many more is not one: the line is cut.
FRAMES_WAITING = 600


def daphne_arguments(application: str, *, port: int = 0, interface: str = "127.0.0.1", path: str = "") -> list[str]:
    """Return the arguments of daphne's command line. path: of a Unix socket, in place of a port."""
    endpoint = f"unix:{path}:mode=600" if path else f"tcp:port={port}:interface={interface}:backlog=2048"
    return ["--endpoint", endpoint, *OPTIONS, application]


class Server(daphne.server.Server):
    """Daphne's own, whose two rounds over all its connections cost nothing where nothing happens.

    With 10,000 sockets open they hold everybody up, one for 20 ms every two seconds, the other for 5 every second: a
    hundredth of a core each. Here one looks at the connections a few at a time, and seldom; the other only at those of
    which it was told that they, or what answers them, have ended, and only while there are some.
    """

    connections: dict[Any, dict[str, Any]]
    websocket_max_message_size: int
    websocket_max_frame_size: int

    SLICES = 20
    # Every connection once in so long, for Daphne's two seconds: a handshake that takes too long is ended later by as
    # much. Nothing else has a limit here: see OPTIONS.
    TIMEOUTS_SECONDS = 10.0
    # Between the last thing that was said and the end of the process, which cuts what has not left. A proxy still sends
    # requests on the connections that it keeps; each is answered, and its connection closed.
    LEAVING_SECONDS = 0.3
    LOOKS_SECONDS = 0.05

    are_pages_stuck: ClassVar[Callable[[], Awaitable[bool]]]  # see `install_server`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._supervisor = Supervisor.of(os.environ)
        self._telling: asyncio.Task[None] | None = None
        self.websocket_max_message_size = min(self.websocket_max_message_size, MESSAGE_BYTES)
        self.websocket_max_frame_size = min(self.websocket_max_frame_size, MESSAGE_BYTES)
        self._ports: list[Any] = []  # where it listens
        self._to_time = _Round()
        self._to_reap = _Round()
        self._ending: dict[Any, None] = {}  # in the order in which they ended
        self._is_reaping = False
        self.is_ending = False

    def run(self) -> None:
        """Serve until the process is told to stop; connections that are handed over, too."""
        if descriptor := os.environ.pop(ADOPTION_VARIABLE, ""):
            end = socket.socket(fileno=int(descriptor))
            reactor.callWhenRunning(lambda: Adoption(end, self.http_factory))
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)
        self._supervisor.tell(READY)
        if self._telling is None:
            _later(0, self._begin_telling)  # in the loop, which does not run yet

    def _begin_telling(self) -> None:
        telling = tell_from_loop(self._supervisor, type(self).are_pages_stuck)
        self._telling = asyncio.get_running_loop().create_task(telling)

    def kill_all_applications(self) -> Any:
        """As Daphne does at the end, but for requests still on their way, which have nothing to end.

        Nobody is let in any more: whoever comes now is refused at once, and a balancer tries another process. Once what
        had begun has ended, every socket is told to come back, some 20 µs each: its page then knows that this was no
        failure of the network, and spreads its return.
        """
        self.is_ending = True
        self._supervisor.tell(STOPPING)
        for port in self._ports:
            port.stopListening()
        everybody = self.connections
        self.connections = {one: details for one, details in everybody.items() if "application_instance" in details}
        try:
            ended = super().kill_all_applications()
        finally:
            self.connections = everybody
        ended.addBoth(self._send_everybody_back)
        return ended

    def _send_everybody_back(self, _ended: object) -> Deferred[None]:
        """Close every open socket; done once that had the time to leave, and pages have been answered."""
        for protocol in list(self.connections):
            if isinstance(protocol, daphne.ws_protocol.WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
                protocol.serverClose(code=CLOSE_AGAIN)
        gone: Deferred[None] = Deferred()
        until = time.monotonic() + float(self.application_close_timeout)
        self._leave_when_answered(gone, self.LEAVING_SECONDS, until)
        return gone

    def _leave_when_answered(self, gone: Deferred[None], left: float, until: float) -> None:
        """Look from time to time: nothing was under way for LEAVING_SECONDS once `left` is 0; `until` ends it."""
        if any(_is_answering(protocol, details) for protocol, details in self.connections.items()):
            left = self.LEAVING_SECONDS
        if left <= 0 or time.monotonic() > until:
            gone.callback(None)
        else:
            _later(self.LOOKS_SECONDS, lambda: self._leave_when_answered(gone, left - self.LOOKS_SECONDS, until))

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> "asyncio.Queue[Any] | None":
        """As Daphne does; and be told when it has ended. A scope holds the connection of its client."""
        if (line := line_of(protocol)) is not None:
            scope["transport"] = line
        if isinstance(getattr(protocol, "content", None), Spool):
            # Daphne would put the whole of it into the queue, in pieces: it goes to the page as it lies.
            scope[BODY], protocol.content = protocol.content, io.BytesIO()
        queue: asyncio.Queue[Any] | None = super().create_application(protocol, scope)
        if queue is not None:
            application = self.connections[protocol]["application_instance"]
            application.add_done_callback(lambda _ended: self._reap_soon(protocol))
        return queue

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self._reap_soon(protocol)

    def _reap_soon(self, protocol: Any) -> None:
        self._ending[protocol] = None
        if not self._is_reaping:
            self._is_reaping = True
            _later(1 / self.SLICES, self.reap)

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
        """Do nothing: Daphne has this called at its start, and a second after each round. See `reap`."""

    def reap(self) -> None:
        """Reap a part of what has ended, as Daphne does; again soon, while there is something left."""
        turn = self._some_of(self._to_reap, self._ending)
        everybody = self.connections
        some = {protocol: everybody[protocol] for protocol in turn if protocol in everybody}
        self.connections = dict(some)
        try:
            if some:
                super().application_checker()
        except Exception as error:  # noqa: BLE001  the round goes on for the others
            logger.error("server: a connection could not be reaped (%s)", type(error).__name__)
            for details in some.values():
                if (task := details.get("application_instance")) is not None and task.done():
                    del details["application_instance"]
        finally:
            kept, self.connections = self.connections, everybody
            for protocol in some.keys() - kept.keys():
                del everybody[protocol]
            everybody.update(kept)  # an answer that ends lets the next request of its line begin
            for protocol in turn:
                if protocol not in everybody or not _is_ending(everybody[protocol]):
                    self._ending.pop(protocol, None)
            self._is_reaping = bool(self._ending)
            if self._is_reaping:
                _later(1 / self.SLICES, self.reap)


def _is_answering(protocol: Any, details: dict[str, Any]) -> bool:
    """Whether a page is still being made for this connection."""
    task = details.get("application_instance")
    return isinstance(protocol, WebRequest) and task is not None and not task.done()


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
    """Daphne's own, whose queue of frames that came has an end, and which reads and writes whole texts by itself.

    autobahn takes every text through what only fragments, extensions and listeners need: 9.8 µs for one that comes and
    its answer, and 1.9 without it (`python -m benchmarks.gains`), of the 43 that a message takes.
    Whatever is no whole text of a client goes its way, and so does everything while a frame is begun, a ping is not
    answered, or the socket is not open.
    """

    muted: bool
    application_queue: "asyncio.Queue[dict[str, Any]]"

    def onConnect(self, request: Any) -> Any:  # noqa: N802  as autobahn names it
        """As Daphne does; a process that ends hangs up, so that a proxy tries another one, as it may for a GET."""
        if getattr(self.factory.server_class, "is_ending", False):
            self.transport.abortConnection()
            raise ConnectionDeny(ConnectionDeny.SERVICE_UNAVAILABLE)
        return super().onConnect(request)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  as autobahn names them
        if self.application_queue.qsize() < FRAMES_WAITING:
            super().onMessage(payload, isBinary)
        elif not self.muted:
            self.muted = True
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
            security_log.log(Event.LIMIT_REACHED, limit="frames_waiting")
            self.dropConnection(abort=True)

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802  as Twisted names it
        super().connectionLost(reason)
        # Its result is this object itself, which would wait for a full collection of memory, with all that it holds.
        self.is_closed = succeed(None)

    def _is_between_messages(self) -> bool:
        """Whether what comes next begins a message, and nothing of autobahn's waits for it or changes it."""
        return (
            self.state == self.STATE_OPEN
            and not self.data
            and self.current_frame is None
            and not self.inside_message
            and self._perMessageCompress is None
            and self.autoPingTimeoutCall is None
        )

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  as Twisted names it
        at = 0
        while at < len(data) and self._is_between_messages() and (found := read_text_frame(data, at)) is not None:
            text, at = found
            self._take_text(text)
        if at < len(data):
            super().dataReceived(data[at:] if at else data)

    def _take_text(self, text: str) -> None:
        """As `onMessage` does, with what is decoded already."""
        if self.muted:
            return
        if self.application_queue.qsize() >= FRAMES_WAITING:
            self.onMessage(text.encode(), isBinary=False)
            return
        self.last_ping = time.time()
        self.application_queue.put_nowait({"type": "websocket.receive", "text": text})

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802  as Daphne has it
        is_plain = self.state == self.STATE_OPEN and not self.send_queue and self._perMessageCompress is None
        frame = make_text_frame(content) if is_plain and isinstance(content, str) else None
        if frame is None:
            super().serverSend(content, binary)
        else:
            self.transport.write(frame)


def install_server(are_pages_stuck: Callable[[], Awaitable[bool]]) -> None:
    """Have the `daphne` that loads this application run our server. Called before there is one.

    are_pages_stuck: asked before a supervisor is told that the process is alive.
    """
    Server.are_pages_stuck = staticmethod(are_pages_stuck)
    CommandLineInterface.server_class = Server
    daphne.server.serverFromString = endpoint_of
    tcp.Port.transport = Line
    daphne.http_protocol.HTTPFactory.protocol = Channel
    daphne.ws_protocol.WebSocketFactory.protocol = SocketProtocol


def quieten_autobahn() -> None:
    """Keep autobahn, below Daphne, from writing texts for its debug log, which nobody reads.

    It writes them for every frame that comes or goes and for every connection, coloured and with all its options,
    before it asks whether anybody wants them: 14 µs instead of 8 for a frame each way, 145 instead of 37 for a
    handshake (docs/adr/0073). The calls stay; what they would say is empty.
    """
    for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
        for name in ("hltype", "hlval", "pformat"):
            if hasattr(module, name):
                setattr(module, name, _say_nothing)


def _say_nothing(_value: object) -> str:
    return ""
