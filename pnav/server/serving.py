"""Changes Daphne, the ASGI server, for ten thousand open WebSockets and for an end without loss.

In production Daphne is started by `pnav.server.entry`, with the options of `daphne_arguments` and a few more. Their
reasons:

- The backlog is long, because everybody is back at once after a restart; Twisted's default is 50.
- There are hardly any pings. Daphne sends those of all sockets in one loop, which delays every message by 100 ms when
  10,000 sockets are open. Our pages send a frame every 20 seconds instead, and a socket that is silent for long is
  closed (`chat.realtime.connection`).
- A handshake may take 20 seconds, because thousands may wait for theirs.
- Requests are not logged, because an access log holds addresses.
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
from common.watchdog import READY, STOPPING, ServiceManager, tell_from_loop
from pnav.server.body_limits import BODY
from pnav.server.entry import OPTIONS
from pnav.server.frames import make_text_frame, read_text_frame
from pnav.server.http_channel import Channel
from pnav.server.http_request import Request
from pnav.server.lines import ADOPTION_VARIABLE, Adoption, Line, line_of
from pnav.server.tls import endpoint_of
from pnav.server.watermark import keep_giving_back

logger = logging.getLogger(__name__)

# The longest message that a socket may send, in one frame or several: more than `chat.messages.protocol` reads, so that
# the sender of a frame that is too long is told so. Daphne's own bound is 1 MiB, which would be 50 MiB for the sockets
# of one client.
MESSAGE_BYTES = 128 * 1024
# How many frames of one socket may wait to be read. All of them are read at each turn of the loop, and a page sends 80
# at once at most. A client that has more waiting is no page of ours, and is disconnected.
FRAMES_WAITING = 600
# autobahn reads what is no whole text: pings, fragments, texts that come in pieces. It takes a step for the head of
# each frame, and one for each piece that was received. A client may have so many steps, and so many more each second;
# each message gives back some, and one for each so many of its bytes. A page of ours needs fewer, because segments have
# 536 bytes at least. Without a bound, 64 KiB of empty pings, which are read at once, took 69 ms (docs/adr/0150).
STEPS_AT_MOST, STEPS_A_SECOND = 128, 10
STEPS_OF_A_MESSAGE, BYTES_OF_A_STEP = 4, 256


def daphne_arguments(application: str, *, port: int = 0, interface: str = "127.0.0.1", path: str = "") -> list[str]:
    """Return the arguments of daphne's command line. path: that of a Unix socket, in place of a port."""
    endpoint = f"unix:{path}:mode=600" if path else f"tcp:port={port}:interface={interface}:backlog=2048"
    return ["--endpoint", endpoint, *OPTIONS, application]


class Server(daphne.server.Server):
    """It is Daphne's server, without its two regular loops over all connections, and with an end that loses nothing.

    With 10,000 open sockets these loops delay everybody, one by 20 ms every two seconds and the other by 5 ms every
    second; each takes a hundredth of a core. Here `timeout_checker` looks at handshakes alone: OPTIONS sets no time-out
    of Daphne's that an open socket could reach, because `chat.realtime.connection` ends those that are silent or old.
    `reap` looks only at connections that have ended or whose application has, and only while there are some.
    """

    connections: dict[Any, dict[str, Any]]
    websocket_max_message_size: int
    websocket_max_frame_size: int

    SLICES = 20
    # Each handshake is looked at once in this time, as Daphne does, and is ended that much later if it takes too long.
    HANDSHAKES_SECONDS = 2.0
    # The time between the last answer and the end of the process, which cuts what was not sent. A proxy still sends
    # requests on the connections that it keeps; each is answered, and its connection closed.
    LEAVING_SECONDS = 0.3
    LOOKS_SECONDS = 0.05

    are_pages_stuck: ClassVar[Callable[[], Awaitable[bool]]]  # `install_server` sets it
    begin: ClassVar[Callable[[], object]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._manager = ServiceManager.of(os.environ)
        self._telling: asyncio.Task[None] | None = None
        self.websocket_max_message_size = min(self.websocket_max_message_size, MESSAGE_BYTES)
        self.websocket_max_frame_size = min(self.websocket_max_frame_size, MESSAGE_BYTES)
        self._ports: list[Any] = []  # the ports on which the server listens
        self._to_time = _Round()
        self._handshakes: dict[Any, None] = {}  # the sockets whose handshake was not over when they were last looked at
        self._to_reap = _Round()
        self._ending: dict[Any, None] = {}  # the connections that are ending, in the order in which they began to
        self._is_reaping = False
        self.is_ending = False

    def run(self) -> None:
        """Serve until the process is told to stop, connections that another process hands over included."""
        if descriptor := os.environ.pop(ADOPTION_VARIABLE, ""):
            end = socket.socket(fileno=int(descriptor))
            reactor.callWhenRunning(lambda: Adoption(end, self.http_factory))
        keep_giving_back()
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)
        self._manager.tell(READY)
        if self._telling is None:
            _later(0, self._begin)  # it needs the event loop, which does not run yet

    def _begin(self) -> None:
        type(self).begin()
        telling = tell_from_loop(self._manager, type(self).are_pages_stuck)
        self._telling = asyncio.get_running_loop().create_task(telling)

    def kill_all_applications(self) -> Any:
        """End the applications of all connections as Daphne does when the process stops, then close the sockets.

        Requests that are still arriving have no application yet, and are left out. From now on new connections are
        refused at once, and a load balancer tries another process. When the applications have ended, every socket is
        closed with a code that tells its page to come back (some 20 µs each). The page then knows that the network did
        not fail, and waits for a random time.
        """
        self.is_ending = True
        self._manager.tell(STOPPING)
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
        """Close every open socket. The result fires when that has been sent and all pages have been answered."""
        for protocol in list(self.connections):
            if isinstance(protocol, daphne.ws_protocol.WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
                protocol.serverClose(code=CLOSE_AGAIN)
        gone: Deferred[None] = Deferred()
        until = time.monotonic() + float(self.application_close_timeout)
        self._leave_when_answered(gone, self.LEAVING_SECONDS, until)
        return gone

    def _leave_when_answered(self, gone: Deferred[None], left: float, until: float) -> None:
        """Fire `gone` when no request was being answered for LEAVING_SECONDS, or when `until` is over.

        left: the seconds that still have to pass without a request. until: a time of the monotonic clock.
        """
        if any(_is_answering(protocol, details) for protocol, details in self.connections.items()):
            left = self.LEAVING_SECONDS
        if left <= 0 or time.monotonic() > until:
            gone.callback(None)
        else:
            _later(self.LOOKS_SECONDS, lambda: self._leave_when_answered(gone, left - self.LOOKS_SECONDS, until))

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> "asyncio.Queue[Any] | None":
        """Create the application as Daphne does, with the client's connection in its scope, and note when it ends."""
        if (line := line_of(protocol)) is not None:
            scope["transport"] = line
        if isinstance(getattr(protocol, "content", None), Spool):
            # Daphne would put the whole body into the queue, in pieces. The page gets the spool itself.
            scope[BODY], protocol.content = protocol.content, io.BytesIO()
        queue: asyncio.Queue[Any] | None = super().create_application(protocol, scope)
        if queue is not None:
            application = self.connections[protocol]["application_instance"]
            application.add_done_callback(lambda _ended: self._reap_soon(protocol))
        return queue

    def protocol_connected(self, protocol: Any) -> None:
        super().protocol_connected(protocol)
        if isinstance(protocol, SocketProtocol):
            self._handshakes[protocol] = None

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self._handshakes.pop(protocol, None)
        self._reap_soon(protocol)

    def _reap_soon(self, protocol: Any) -> None:
        self._ending[protocol] = None
        if not self._is_reaping:
            self._is_reaping = True
            _later(1 / self.SLICES, self.reap)

    @staticmethod
    def _some_of(turn: "_Round", among: Iterable[Any], slices: int) -> list[Any]:
        """Return the next connections of this round. When it is over, a new round begins with those of `among`."""
        if not turn.left:
            turn.left = list(among)
            turn.share = len(turn.left) // slices + 1
        return [turn.left.pop() for _connection in range(min(len(turn.left), turn.share))]

    def timeout_checker(self) -> None:
        """End a part of the handshakes, if they take too long, as Daphne does."""
        for protocol in self._some_of(self._to_time, self._handshakes, self.SLICES):
            if protocol not in self._handshakes:
                continue
            try:
                if protocol.state == protocol.STATE_CONNECTING:
                    protocol.check_timeouts()
                else:
                    del self._handshakes[protocol]
            except Exception as error:  # noqa: BLE001  the round goes on for the others
                logger.error("server: a connection could not be checked (%s)", type(error).__name__)
        _later(self.HANDSHAKES_SECONDS / self.SLICES, self.timeout_checker)

    def application_checker(self) -> None:
        """Do nothing. Daphne calls this at its start and would repeat it every second; `reap` does its work."""

    def reap(self) -> None:
        """Clean up a part of the connections that have ended, as Daphne does, and go on soon if some are left."""
        turn = self._some_of(self._to_reap, self._ending, self.SLICES)
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
            everybody.update(kept)  # when an answer ends, the next request of its connection can begin
            for protocol in turn:
                if protocol not in everybody or not _is_ending(everybody[protocol]):
                    self._ending.pop(protocol, None)
            self._is_reaping = bool(self._ending)
            if self._is_reaping:
                _later(1 / self.SLICES, self.reap)


def _is_answering(protocol: Any, details: dict[str, Any]) -> bool:
    """Return whether a request of this connection is still being answered."""
    task = details.get("application_instance")
    return isinstance(protocol, WebRequest) and task is not None and not task.done()


def _is_ending(details: dict[str, Any]) -> bool:
    """Return whether `reap` has to look at this connection again, by what Daphne notes of it."""
    task = details.get("application_instance")
    return "disconnected" in details or (task is not None and task.done())


class _Round:
    """It is a round over all connections. left: those still to be looked at. share: how many are looked at together."""

    def __init__(self) -> None:
        self.left: list[Any] = []
        self.share = 1


def _later(seconds: float, call: Callable[[], None]) -> None:
    reactor.callLater(seconds, call)  # type: ignore[arg-type]


class SocketProtocol(daphne.ws_protocol.WebSocketProtocol):
    """It is Daphne's WebSocket, with a bounded queue of received frames, which reads and writes whole texts by itself.

    autobahn treats every text as if it could use fragments, extensions and listeners: a text and its answer take 9.8 µs
    with autobahn and 1.9 without (`python -m benchmarks.gains`), of the 43 that a message takes. autobahn still handles
    every other frame, and everything while a frame is incomplete, a ping is not answered, or the socket is not open.
    """

    muted: bool
    application_queue: "asyncio.Queue[dict[str, Any]]"
    _steps = 0.0  # of autobahn, which the messages that came have not paid for
    _counted_at = 0.0  # when `_steps` was last lowered for the time that has passed, by the monotonic clock

    def onConnect(self, request: Any) -> Any:  # noqa: N802  as autobahn names it
        """Do as Daphne. A process that is ending aborts the connection, so that a proxy tries another process.

        It may do so, because a handshake is a GET.
        """
        if getattr(self.factory.server_class, "is_ending", False):
            self.transport.abortConnection()
            raise ConnectionDeny(ConnectionDeny.SERVICE_UNAVAILABLE)
        self._counted_at = time.monotonic()
        return super().onConnect(request)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  as autobahn names them
        self._steps = max(0.0, self._steps - STEPS_OF_A_MESSAGE - len(payload) // BYTES_OF_A_STEP)
        if self.application_queue.qsize() < FRAMES_WAITING:
            super().onMessage(payload, isBinary)
        else:
            self._cut("frames_waiting")

    def _cut(self, limit: str) -> None:
        """End the connection at once, because its client reached a limit."""
        if self.muted:
            return
        self.muted = True
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": limit})
        security_log.log(Event.LIMIT_REACHED, limit=limit)
        self.dropConnection(abort=True)

    def processData(self) -> bool:  # noqa: N802  as autobahn names it
        """Do one step of autobahn's, if this client may still have one: the head of a frame, or a piece of its text."""
        self._steps += 1
        if self._steps > STEPS_AT_MOST:
            now = time.monotonic()
            self._steps = max(0.0, self._steps - (now - self._counted_at) * STEPS_A_SECOND)
            self._counted_at = now
            if self._steps > STEPS_AT_MOST:
                self._cut("steps")
                return False
        return bool(super().processData())

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802  as Twisted names it
        super().connectionLost(reason)
        # The result of `is_closed` is this object itself. That cycle would keep it until a full garbage collection.
        self.is_closed = succeed(None)

    def _is_between_messages(self) -> bool:
        """Return whether the next byte begins a message, and autobahn neither waits for it nor transforms it."""
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
        """Do as `onMessage`, with a text that is already decoded."""
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


def install_server(are_pages_stuck: Callable[[], Awaitable[bool]], begin: Callable[[], object]) -> None:
    """Make the `daphne` command that loads this application use our classes. Called before it creates its server.

    are_pages_stuck: called before the service manager is told that the process is alive. begin: called in the event
    loop when the server listens, before there is any request; it does nothing when it is called again.
    """
    Server.are_pages_stuck = staticmethod(are_pages_stuck)
    Server.begin = staticmethod(begin)
    CommandLineInterface.server_class = Server
    daphne.server.serverFromString = endpoint_of
    tcp.Port.transport = Line
    daphne.http_protocol.HTTPFactory.protocol = Channel
    daphne.http_protocol.HTTPFactory.log = _log_nothing
    daphne.http_protocol.WebRequest = Request
    daphne.ws_protocol.WebSocketFactory.protocol = SocketProtocol


def _log_nothing(_factory: object, _request: object) -> None:
    """Stand in for Twisted's access log, which Daphne sends nowhere: its line of each request is formatted all the
    same, and holds an address."""


def quieten_autobahn() -> None:
    """Keep autobahn, below Daphne, from formatting messages for its debug log, which nobody reads.

    autobahn formats them for every frame and every connection, coloured and with all its options, before it asks
    whether the log is on: 14 µs instead of 8 for a frame each way, 145 instead of 37 for a handshake (docs/adr/0073).
    The functions that format are replaced by one that returns an empty text.
    """
    for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
        for name in ("hltype", "hlval", "pformat"):
            if hasattr(module, name):
                setattr(module, name, _say_nothing)


def _say_nothing(_value: object) -> str:
    return ""
