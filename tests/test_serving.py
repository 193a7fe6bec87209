"""What we change in the server: how it walks through its connections, and which messages of its libraries it drops."""

import asyncio
import contextlib
import io
import re
import socket
import time
from html import unescape
from types import SimpleNamespace
from typing import ClassVar

import autobahn.twisted.websocket
import autobahn.websocket.protocol
import daphne.ws_protocol
import pytest
import twisted.web.http
from autobahn.websocket.types import ConnectionDeny
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from twisted.internet import tcp
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers

import pnav.asgi  # noqa: F401  installs the server
from chat.realtime.connection import LIFETIME_SECONDS, SILENCE_SECONDS
from pnav.server import http_channel, lines, serving
from pnav.server.body_limits import ADMIN_BODY_MAX_BYTES, BODY_MAX_BYTES
from pnav.server.entry import OPTIONS, PRODUCTION_OPTIONS


class Connection:
    def __init__(self) -> None:
        self.checked = 0

    def check_timeouts(self) -> None:
        self.checked += 1


@pytest.fixture
def server(monkeypatch):
    later = []
    monkeypatch.setattr(serving, "_later", lambda seconds, call: later.append((seconds, call)))
    monkeypatch.setattr("daphne.server.reactor.callLater", lambda seconds, call: later.append((seconds, call)))
    made = serving.Server(None, endpoints=["tcp:port=0"])
    made.connections = {}  # `run` begins so
    made.later = later
    return made


def test_daphne_runs_our_server():
    assert CommandLineInterface.server_class is serving.Server


class Handshake(serving.SocketProtocol):
    """A socket whose handshake is not over yet."""

    def __init__(self) -> None:
        self.state = self.STATE_CONNECTING
        self.checked = 0

    def check_timeouts(self) -> None:
        self.checked += 1


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_every_handshake_is_looked_at_once_a_round(server, count):
    handshakes = [Handshake() for _number in range(count)]
    for one in handshakes:
        server.protocol_connected(one)
    server.timeout_checker()
    assert sum(one.checked for one in handshakes) <= count // server.SLICES + 1
    for _turn in range(server.SLICES - 1):
        server.timeout_checker()
    assert {one.checked for one in handshakes[:1000]} <= ({1} if count == 1000 else set(range(1, server.SLICES + 1)))
    assert {seconds for seconds, _call in server.later} == {server.HANDSHAKES_SECONDS / server.SLICES}


def test_handshake_that_is_over_is_looked_at_no_more(server):
    opened, gone, waiting = (Handshake() for _each in range(3))
    for one in (opened, gone, waiting):
        server.protocol_connected(one)
    opened.state = opened.STATE_OPEN
    server.protocol_disconnected(gone)
    for _turn in range(3 * server.SLICES):
        server.timeout_checker()
    assert not opened.checked and not gone.checked and waiting.checked
    assert list(server._handshakes) == [waiting]


def test_requests_of_pages_have_no_handshake(server):
    server.protocol_connected(Connection())
    server.timeout_checker()
    assert not server._handshakes


def test_no_time_out_of_daphnes_is_shorter_than_what_ends_open_sockets():
    """Only handshakes are looked at, because whoever serves open sockets ends them earlier."""
    made = CommandLineInterface().parser.parse_args([*PRODUCTION_OPTIONS, "a:b"])
    for arguments in (made, CommandLineInterface().parser.parse_args([*OPTIONS, "a:b"])):
        assert arguments.websocket_timeout > LIFETIME_SECONDS + SILENCE_SECONDS
        assert arguments.ping_interval > SILENCE_SECONDS and arguments.http_timeout is None


def connect(server, application, protocol=None):
    """Connect to the server, which this application answers. An event loop must be running."""
    protocol = protocol or Connection()
    server.application = application
    server.protocol_connected(protocol)
    server.create_application(protocol, {"type": "http"})
    return protocol


async def _wait(scope, receive, send):
    await asyncio.sleep(60)


async def _end(scope, receive, send):
    pass


async def _fail(scope, receive, send):
    raise LookupError


def test_connections_that_are_over_are_reaped_and_the_others_stay(server):
    async def run() -> None:
        gone = [connect(server, _end) for _n in range(50)]
        slow = [connect(server, _wait) for _n in range(5)]
        here = [connect(server, _wait) for _n in range(50)]
        answered = [connect(server, _end) for _n in range(5)]  # the line stays open, because something may follow
        await asyncio.sleep(0.01)
        for each in gone + slow:
            server.protocol_disconnected(each)
        for _turn in range(server.SLICES):
            server.reap()
        assert list(server.connections) == slow + here + answered
        assert not any("application_instance" in server.connections[each] for each in answered)
        for each in slow:  # each application is told that its client is gone, and ends
            server.connections[each]["application_instance"].cancel()
        await asyncio.sleep(0.01)
        for _turn in range(server.SLICES):
            server.reap()
        assert list(server.connections) == here + answered
        for each in here:
            server.connections[each]["application_instance"].cancel()

    asyncio.run(run())
    # One round a second.
    assert {seconds for seconds, call in server.later if call == server.reap} == {1 / server.SLICES}


def test_nothing_is_called_where_nothing_has_ended(server):
    """Twenty calls a second took an eighth of what a silent process costs. Daphne's own call does nothing."""

    async def run() -> None:
        here = connect(server, _wait)
        await asyncio.sleep(0.01)
        server.application_checker()
        assert not server.later
        gone = [connect(server, _wait) for _n in range(3)]
        for each in gone:
            server.protocol_disconnected(each)
        assert server.later == [(1 / server.SLICES, server.reap)]  # one call for all of them
        for each in gone:
            server.connections[each]["application_instance"].cancel()
        await asyncio.sleep(0.01)
        for _turn in range(server.SLICES):
            if not any(call == server.reap for _seconds, call in server.later):
                break
            server.later.clear()
            server.reap()
        assert list(server.connections) == [here] and not server._ending
        assert not any(call == server.reap for _seconds, call in server.later)  # none is made when nothing is left
        server.later.clear()
        server.protocol_disconnected(here)
        assert server.later == [(1 / server.SLICES, server.reap)]
        server.connections[here]["application_instance"].cancel()

    asyncio.run(run())


def test_application_that_does_not_end_when_its_client_is_gone_is_ended(server):
    async def run() -> None:
        gone = connect(server, _wait)
        await asyncio.sleep(0.01)
        server.protocol_disconnected(gone)
        server.connections[gone]["disconnected"] -= server.application_close_timeout + 1
        for _turn in range(3):
            for _slice in range(server.SLICES):
                server.reap()
            await asyncio.sleep(0.01)
        assert not server.connections

    asyncio.run(run())
    assert not server._ending


def test_connections_where_nothing_happens_are_not_looked_at_to_reap_them(server):
    looks = []

    class Watched(dict):
        def get(self, *arguments):
            looks.append(arguments)
            return super().get(*arguments)

    async def run() -> None:
        here = connect(server, _wait)
        server.connections[here] = Watched(server.connections[here])
        for _turn in range(2 * server.SLICES):
            server.reap()
        assert not looks
        server.connections[here]["application_instance"].cancel()
        await asyncio.sleep(0.01)
        for _turn in range(server.SLICES):
            server.reap()
        assert looks

    asyncio.run(run())


def test_what_has_ended_is_forgotten_once_it_is_reaped(server):
    async def run() -> None:
        here = [connect(server, _end) for _n in range(30)]
        gone = [connect(server, _end) for _n in range(30)]
        await asyncio.sleep(0.01)
        for each in gone:
            server.protocol_disconnected(each)
            server.protocol_disconnected(each)
        assert len(server._ending) == 60
        for _turn in range(server.SLICES):
            server.reap()
        assert list(server.connections) == here

    asyncio.run(run())
    assert not server._ending


def test_request_that_begins_while_another_is_reaped_is_known(server):
    """The round answers for an application that failed. The next request of that line begins at that moment."""

    class Failed(Connection):
        def handle_exception(self, _exception: BaseException) -> None:
            server.protocol_disconnected(self)
            server.protocol_connected(following)

    async def run() -> None:
        connect(server, _fail, Failed())
        await asyncio.sleep(0.01)
        server.reap()
        assert following in server.connections
        for _turn in range(server.SLICES):  # what failed is removed in the next round
            server.reap()

    following = Connection()
    asyncio.run(run())
    assert list(server.connections) == [following]
    assert not server._ending


def test_round_goes_on_when_a_connection_cannot_be_answered(server, caplog):
    class Broken(Connection):
        state = STATE_CONNECTING = 1

        def handle_exception(self, _exception: BaseException) -> None:
            raise ValueError("something that was sent")

        def check_timeouts(self) -> None:
            raise ValueError("something that was sent")

    async def run() -> None:
        connect(server, _fail, Broken())
        server._handshakes[Broken()] = None
        await asyncio.sleep(0.01)
        server.later.clear()
        for _turn in range(3):
            server.reap()
            server.timeout_checker()
        gone = connect(server, _end)
        await asyncio.sleep(0.01)
        server.protocol_disconnected(gone)
        server.reap()
        assert gone not in server.connections

    asyncio.run(run())
    assert not server._ending
    assert len([call for seconds, call in server.later if call == server.timeout_checker]) == 3
    assert "ValueError" in caplog.text and "something that was sent" not in caplog.text


def test_autobahn_prepares_no_text_for_its_debug_log():
    """This notices a version that names these differently. It would be slow again, and nothing else would tell."""
    serving.quieten_autobahn()
    for module, names in (
        (autobahn.websocket.protocol, ("hltype", "hlval", "pformat")),
        (autobahn.twisted.websocket, ("hltype", "hlval")),
    ):
        for name in names:
            assert getattr(module, name)("a value that somebody sent") == ""


# --- a line sends at once ---------------------------------------------------------------------------------------------


class Asked:
    """A reactor that records who wants to be told what, and tells nobody."""

    def __init__(self) -> None:
        self.writers: list[object] = []
        self.removed: list[object] = []

    def addReader(self, reader):  # noqa: N802  as Twisted names it
        pass

    def removeReader(self, reader):  # noqa: N802  as Twisted names it
        self.removed.append(reader)

    def addWriter(self, writer):  # noqa: N802  as Twisted names it
        self.writers.append(writer)

    def removeWriter(self, writer):  # noqa: N802  as Twisted names it
        self.writers = [one for one in self.writers if one is not writer]


@pytest.fixture
def line():
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    ours.setblocking(False)
    protocol, asked = Protocol(), Asked()
    made = lines.Line(ours, protocol, ("127.0.0.1", 1), None, 1, asked)
    protocol.transport = made
    yield made, theirs, asked
    ours.close()
    theirs.close()


def arrived(theirs: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(BlockingIOError):
        while part := theirs.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)


def test_daphne_listens_with_our_line():
    assert tcp.Port.transport is lines.Line


def test_what_fits_is_there_without_a_turn_of_the_loop(line):
    made, theirs, asked = line
    made.write(b"one ")
    made.write(b"two")
    assert arrived(theirs) == b"one two" and not asked.writers


def test_what_does_not_fit_goes_later_and_in_its_order(line):
    made, theirs, asked = line
    sent = bytes(range(256)) * 8192  # 2 MiB: more than a line holds
    made.write(sent)
    made.write(b"after")
    assert asked.writers and made._tempDataLen > 0
    got = b""
    for _turn in range(1000):
        got += arrived(theirs)
        if not asked.writers:
            break
        assert made.doWrite() is None
    got += arrived(theirs)
    assert got == sent + b"after"
    made.write(b"!")
    assert arrived(theirs) == b"!" and not asked.writers


def test_what_waits_is_known_and_let_go_of_with_the_line(line):
    made, theirs, _asked = line
    assert made.waiting == 0
    sent = bytes(4 * 1024 * 1024)
    made.write(sent)
    put_aside = made.waiting
    assert 0 < put_aside <= len(sent) + lines.PIECE_BYTES
    for _each in range(1000):
        made.write(b"a")
    assert made.waiting == put_aside + 1000 * (1 + lines.PIECE_BYTES)
    assert len(arrived(theirs)) > 0
    made.connectionLost(Failure(ConnectionLost()))
    assert made.waiting == 0 and made not in lines.waiting._lines


def test_of_all_that_waits_the_most_is_cut_first():
    cut = []

    class Slow:
        def __init__(self, waiting: int) -> None:
            self.waiting = waiting

        def abortConnection(self) -> None:  # noqa: N802  as Twisted names it
            cut.append(self)

    small, middle, large, none = Slow(10), Slow(40), Slow(70), Slow(0)
    all_of_them = lines.Waiting(at_most=60, every=100)
    for each in (small, middle, large, none):
        all_of_them.add(each, 1)
    assert not cut  # its size has not been checked yet
    all_of_them.add(middle, 100)
    assert cut == [large]
    assert all_of_them.weigh() == 50 and cut == [large]


def test_frames_that_nobody_looks_at_have_an_end():
    class Stopped(serving.SocketProtocol):
        def __init__(self) -> None:
            self.application_queue = asyncio.Queue()
            self.client_addr, self.is_dropped = None, False

        def dropConnection(self, abort: bool = False) -> None:  # noqa: N802  as autobahn names it
            self.is_dropped = abort

    one = Stopped()
    for _each in range(10 * serving.FRAMES_WAITING):
        one.onMessage(b"{}", False)
    assert one.is_dropped and one.application_queue.qsize() == serving.FRAMES_WAITING + 1
    assert daphne.ws_protocol.WebSocketFactory.protocol is serving.SocketProtocol


def test_line_that_is_lost_is_told_by_twisted_in_its_turn(line):
    made, theirs, asked = line
    theirs.close()
    made.write(b"nobody reads this")
    made.write(b"nor this")
    assert asked.writers  # nothing was raised and nothing was dropped: Twisted finds out when it sends
    assert isinstance(made.doWrite(), ConnectionLost)


def test_producer_that_is_pulled_keeps_its_turn(line):
    made, theirs, asked = line
    made.producer, made.streamingProducer = object(), False
    made.write(b"a part")
    assert arrived(theirs) == b"" and asked.writers


# --- a line is read without detours -----------------------------------------------------------------------------------


class Reader(Protocol):
    """Records what came, and that the connection is over."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.is_over = False

    def dataReceived(self, data):  # noqa: N802  as Twisted names it
        self.came.append(data)
        if data == b"fail":
            raise LookupError

    def connectionLost(self, reason):  # noqa: N802  as Twisted names it
        self.is_over = True


@pytest.fixture
def served(monkeypatch):
    """Make connections of Daphne's kind of reactor, each with its protocol and its client, and run their loop."""

    def detour(*_arguments):
        raise AssertionError("a context was made for Twisted's log")

    loop = asyncio.new_event_loop()
    reactor = AsyncioSelectorReactor(loop)
    monkeypatch.setattr("twisted.internet.asyncioreactor.callWithLogger", detour)
    ends = []

    def make():
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        protocol = Reader()
        made = lines.Line(ours, protocol, ("127.0.0.1", 1), None, 1, reactor)
        protocol.makeConnection(made)
        made.startReading()
        ends.extend([ours, theirs])
        return made, protocol, theirs

    def turn():
        loop.call_later(0.01, loop.stop)
        loop.run_forever()

    yield make, turn, reactor
    for each in ends:
        each.close()
    loop.close()


def test_what_comes_is_handed_over_and_is_the_lines_own(served):
    make, turn, _reactor = served
    _line, protocol, theirs = make()
    _other_line, other_protocol, other = make()
    theirs.send(b"first")
    turn()
    other.send(b"other")
    turn()
    # And not the descriptor under which both came.
    assert protocol.came == [b"first"] and other_protocol.came == [b"other"]
    long = bytes(range(256)) * 1024
    theirs.setblocking(False)
    sent = theirs.send(long)
    for _turn in range(20):
        turn()
    assert b"".join(protocol.came[1:]) == long[:sent] and max(map(len, protocol.came)) <= 64 * 1024


def test_line_that_is_paused_is_not_read_and_goes_on_where_it_was(served):
    make, turn, reactor = served
    line, protocol, theirs = make()
    assert line in reactor.getReaders()
    line.pauseProducing()
    line.pauseProducing()
    assert line not in reactor.getReaders()
    theirs.send(b"later")
    turn()
    assert not protocol.came
    line.resumeProducing()
    line.resumeProducing()
    turn()
    assert protocol.came == [b"later"]


def test_line_that_its_client_closes_is_over(served):
    make, turn, reactor = served
    line, protocol, theirs = make()
    theirs.send(b"last")
    theirs.close()
    turn()
    turn()
    assert protocol.came == [b"last"] and protocol.is_over and line not in reactor.getReaders()


def test_line_that_is_lost_is_over(served):
    make, _turn, _reactor = served
    line, _protocol, theirs = make()
    line.socket.close()
    theirs.close()
    assert isinstance(line.doRead(), ConnectionLost)


def test_line_whose_protocol_fails_is_over_and_the_others_go_on(served):
    make, turn, _reactor = served
    _line, protocol, theirs = make()
    _other_line, other_protocol, other = make()
    theirs.send(b"fail")
    other.send(b"more")
    turn()
    turn()
    assert protocol.is_over and other_protocol.came == [b"more"] and not other_protocol.is_over


def test_nothing_came_is_no_end(line):
    made, _theirs, _asked = line
    assert made.doRead() is None


# --- connections that another process accepted ------------------------------------------------------------------------


@pytest.fixture
def handed_over(monkeypatch):
    """Give a function that passes a connection on, and what was made of each: protocols with the address that they were
    told.
    """
    made = []

    class Factory:
        def buildProtocol(self, address):  # noqa: N802  as Twisted names it
            made.append((Protocol(), address))
            return made[-1][0]

    asked = Asked()
    monkeypatch.setattr(lines, "reactor", asked)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    adoption = lines.Adoption(ours, Factory())
    yield adoption, theirs, made, asked
    for protocol, _address in made:
        protocol.transport.socket.close()
    ours.close()
    theirs.close()


def test_connection_that_is_handed_over_is_the_clients(handed_over):
    adoption, theirs, made, asked = handed_over
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as one:
        connection, address = listening.accept()
        socket.send_fds(theirs, [b"c"], [connection.fileno()])
        connection.close()
        adoption.doRead()
        ((protocol, told),) = made
        assert (told.host, told.port) == address == one.getsockname()
        assert isinstance(protocol.transport, lines.Line)
        protocol.transport.write(b"answer")
        assert one.recv(10) == b"answer"
    assert not asked.removed


def test_client_that_left_meanwhile_ends_nothing(handed_over):
    adoption, theirs, made, _asked = handed_over
    with socket.socket() as never_connected:
        socket.send_fds(theirs, [b"c"], [never_connected.fileno()])
    theirs.send(b"c")  # a packet without a connection
    adoption.doRead()
    assert not made


def test_end_of_whoever_hands_over_is_read_once(handed_over):
    adoption, theirs, _made, asked = handed_over
    theirs.close()
    adoption.doRead()
    assert asked.removed == [adoption]


# --- clients that are slow --------------------------------------------------------------------------------------------


class Arrived(http.Request):
    """A request that has come as a whole is recorded, and answered when the test says so."""

    arrived: ClassVar[list["Arrived"]] = []

    def process(self):
        self.arrived.append(self)


class OneClient:
    """A connection with a clock of the test's own."""

    def __init__(self, clock):
        self.channel = http_channel.Channel()
        self.channel.callLater = clock.callLater
        self.channel.timeOut = http_channel.IDLE_SECONDS
        self.channel.requestFactory = Arrived
        self.channel.factory = None
        self.line = StringTransport()
        self.channel.makeConnection(self.line)

    @property
    def is_closed(self):
        return self.line.disconnecting


@pytest.fixture
def clock():
    http_channel.Channel.waiting.clear()
    Arrived.arrived.clear()
    yield Clock()
    http_channel.Channel.waiting.clear()


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


def test_daphne_listens_with_our_channel(clock):
    assert daphne.http_protocol.HTTPFactory.protocol is http_channel.Channel


def test_body_that_comes_byte_by_byte_is_given_up_in_time(clock):
    one = OneClient(clock)
    one.channel.dataReceived(HEAD)
    for _each in range(9):
        clock.advance(http_channel.REQUEST_SECONDS / 10)
        one.channel.dataReceived(b"a")
    assert not one.is_closed
    clock.advance(http_channel.REQUEST_SECONDS / 10)
    assert one.is_closed and not Arrived.arrived


def test_head_without_end_is_closed_after_its_time_and_not_before(clock):
    one = OneClient(clock)
    for _half in range(int(2 * http_channel.REQUEST_SECONDS) - 1):
        one.channel.dataReceived(b"G")
        clock.advance(0.5)
    assert not one.is_closed
    one.channel.dataReceived(b"G")
    clock.advance(1)
    assert one.is_closed


def test_request_looks_for_no_timer_among_those_of_all_connections(clock, monkeypatch):
    """To move a call to an earlier time, Twisted looks through all calls, so each request would cost more with each
    open connection.
    """
    looked_for, call_later = [], clock.callLater

    def watched(*arguments):
        call = call_later(*arguments)
        call.resetter = looked_for.append
        return call

    monkeypatch.setattr(clock, "callLater", watched)
    one = OneClient(clock)
    one.channel.dataReceived(HEAD + b"0123456789")
    Arrived.arrived[0].finish()
    one.channel.dataReceived(HEAD)
    clock.advance(http_channel.REQUEST_SECONDS + 0.1)
    assert one.is_closed
    Arrived.arrived.clear()
    other = OneClient(clock)
    other.channel.dataReceived(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_MAX_BYTES + 1}\r\n\r\n".encode())
    assert refused(other)
    assert looked_for == []


def test_request_that_takes_long_to_answer_is_not_cut_and_the_next_one_has_its_whole_time(clock):
    one = OneClient(clock)
    one.channel.dataReceived(HEAD + b"0123456789")
    (request,) = Arrived.arrived
    clock.advance(1000)
    assert not one.is_closed and not http_channel.Channel.waiting
    request.finish()
    assert list(http_channel.Channel.waiting) == [one.channel]
    clock.advance(http_channel.IDLE_SECONDS - 1)
    one.channel.dataReceived(b"GET / HTTP/1.1\r\n")
    clock.advance(http_channel.REQUEST_SECONDS - 1)
    one.channel.dataReceived(b"Host: x\r\n\r\n")
    assert len(Arrived.arrived) == 2 and not one.is_closed
    Arrived.arrived[1].finish()
    clock.advance(http_channel.IDLE_SECONDS + 1)
    assert one.is_closed, "nothing more is asked"


@pytest.mark.parametrize(
    ("method", "code", "bodies", "left"),
    [
        (b"GET", 200, [b"a" * 10, b"b" * 10], [b"a" * 10, b"b" * 10]),
        (b"HEAD", 200, [b"a" * 20], [b""]),
        (b"GET", 204, [], [b""]),
    ],
)
def test_head_of_an_answer_leaves_with_the_first_of_its_body(clock, monkeypatch, method, code, bodies, left):
    one, sent = OneClient(clock), []
    monkeypatch.setattr(one.line, "write", sent.append)
    one.channel.dataReceived(method + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
    (request,) = Arrived.arrived
    request.setResponseCode(code)
    request.setHeader(b"content-length", b"20")
    request.setHeader(b"x-name", b"value")
    for body in bodies:
        request.write(body)
    request.finish()
    head, sent[0] = sent[0].split(b"\r\n\r\n", 1)
    assert sent == left
    first, *lines_of_head = head.split(b"\r\n")
    assert first == b"HTTP/1.1 %d %b" % (code, http.RESPONSES[code])
    assert {b"Content-Length: 20", b"X-Name: value"} <= set(lines_of_head)


def test_answer_in_pieces_leaves_whole(clock):
    one = OneClient(clock)
    one.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    (request,) = Arrived.arrived
    request.write(b"abc")
    request.finish()
    assert one.line.value().endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


def test_requests_that_follow_one_another_are_all_answered(clock):
    one = OneClient(clock)
    one.channel.dataReceived(3 * (HEAD + b"0123456789"))
    for number in range(3):
        assert len(Arrived.arrived) == number + 1
        clock.advance(100)
        Arrived.arrived[number].finish()
    assert one.line.value().count(b"HTTP/1.1 200") == 3 and not one.is_closed


def test_who_waits_longest_gives_way_to_the_next(clock, monkeypatch):
    monkeypatch.setattr(http_channel, "WAITING_AT_MOST", 3)
    busy = OneClient(clock)
    busy.channel.dataReceived(HEAD + b"0123456789")
    clients = [OneClient(clock) for _each in range(5)]
    assert [one.is_closed for one in clients] == [True, True, False, False, False]
    assert not busy.is_closed, "an answer under way is no waiting"
    assert len(http_channel.Channel.waiting) == 3


def test_form_that_comes_slowly_gives_way_to_nobody_who_says_nothing(clock, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(http_channel, "WAITING_AT_MOST", 3)
    monkeypatch.setattr(http_channel, "time", SimpleNamespace(monotonic=lambda: now[0]))
    slow = OneClient(clock)
    slow.channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01")
    for _each in range(10):
        OneClient(clock)
        now[0] += http_channel.SILENT_SECONDS
    assert not slow.is_closed and len(http_channel.Channel.waiting) == 3
    slow.channel.dataReceived(b"23456789")
    assert Arrived.arrived


def refused(one: "OneClient", status: bytes = b"413") -> str:
    """Return the page with which this client was answered."""
    head, _end, page = one.line.value().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %b " % status) and b"\r\nConnection: close\r\n" in head + b"\r\n"
    assert int(re.search(rb"Content-Length: (\d+)", head)[1]) == len(page) and b"Retry-After" not in head
    assert b"default-src 'none'" in head and not Arrived.arrived
    return page.decode()


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", BODY_MAX_BYTES),
        ("/tchat/trames/", BODY_MAX_BYTES),
        ("/administration/", BODY_MAX_BYTES),
        ("/admin/pages/", ADMIN_BODY_MAX_BYTES),
        ("/admin/pages/?a=/", ADMIN_BODY_MAX_BYTES),
    ],
)
def test_body_that_is_too_long_is_refused_before_it_comes(clock, monkeypatch, path, most):
    files = []
    monkeypatch.setattr(twisted.web.http, "_getContentFile", lambda length: files.append(length) or io.BytesIO())
    one = OneClient(clock)
    one.channel.dataReceived(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {most + 1}\r\n\r\n".encode())
    page = refused(one)
    assert "Cet envoi n'a pas pu être lu" in unescape(page) and 'href="tel:17"' in page
    one.channel.dataReceived(b"a" * 100_000)
    assert files == [], "no file is made for it"
    clock.advance(http_channel.REFUSED_SECONDS + 0.1)
    assert one.is_closed
    other = OneClient(clock)
    other.channel.dataReceived(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {most}\r\n\r\n".encode())
    assert other.line.value() == b"" and files == [most]


def test_refused_body_is_told_in_the_language_that_was_chosen(clock):
    one = OneClient(clock)
    head = "POST / HTTP/1.1\r\nHost: x\r\nCookie: a=b; django_language=en\r\nContent-Length: 999999\r\n\r\n"
    one.channel.dataReceived(head.encode())
    assert '<html lang="en">' in refused(one)


@pytest.mark.parametrize("path", ["/", "/admin/"])
def test_body_in_chunks_is_refused_before_it_comes(clock, path):
    """Each chunk may have one byte, which costs as much as a kilobyte of another body. No browser sends any."""
    one = OneClient(clock)
    one.channel.dataReceived(f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    assert "n'a pas pu être lu" in unescape(refused(one, b"411"))
    for _each in range(10):
        one.channel.dataReceived(b"1\r\na\r\n" * 10_000)
    one.channel.dataReceived(b"0\r\n\r\n")
    assert not Arrived.arrived
    clock.advance(http_channel.REFUSED_SECONDS + 0.1)
    assert one.is_closed


# --- clients that send in small pieces --------------------------------------------------------------------------------

BEGINNINGS = {
    "head": b"GET / HTTP/1.1\r\nCookie: ",
    "body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    "next request": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789",
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_client_that_sends_byte_by_byte_is_given_up(clock, told, monkeypatch, beginning):
    """Twisted copies a line that is not complete at each byte, and adds up all that came during an answer.

    The connection says so, for the page that is still being made (`test_network_pays_for_a_page_nobody_waits_for`).
    """
    line = SimpleNamespace(was_cut=False)
    monkeypatch.setattr(http_channel, "line_of", lambda _channel: line)
    one = OneClient(clock)
    one.channel.dataReceived(BEGINNINGS[beginning])
    for _piece in range(http_channel.PIECES_AT_MOST - 1):
        one.channel.dataReceived(b"x")
    assert not one.is_closed and not line.was_cut and told("limit_reached") == []
    for _piece in range(3):
        one.channel.dataReceived(b"x")
    assert one.is_closed and line.was_cut and told("limit_reached")[0] == "limit_reached limit=pieces"


def test_smallest_segments_of_a_network_are_read(clock):
    """A form of the admin, and a head as long as Twisted reads it, in segments of 536 bytes, ten times over."""
    one = OneClient(clock)
    head = b"POST /admin/ HTTP/1.1\r\nHost: x\r\nCookie: %b\r\nContent-Length: %d\r\n\r\n"
    body = b"a" * ADMIN_BODY_MAX_BYTES
    for number in range(1, 11):
        sent = head % (b"c" * 15_000, len(body)) + body
        for at in range(0, len(sent), 536):
            one.channel.dataReceived(sent[at : at + 536])
        assert len(Arrived.arrived) == number and not one.is_closed
        Arrived.arrived[-1].finish()


def frame(opcode, content=b"", *, is_last=True):
    """Return a frame of a client, masked with zeros."""
    size = bytes([0x80 | len(content)]) if len(content) < 126 else bytes([0xFE]) + len(content).to_bytes(2)
    return bytes([(0x80 if is_last else 0) | opcode]) + size + bytes(4) + content


CONTINUES, TEXT, PING, PONG = 0x0, 0x1, 0x9, 0xA


class OpenLine(StringTransport):
    def setTcpNoDelay(self, _is_on):  # noqa: N802  as Twisted names it
        pass


@pytest.fixture
def opened(monkeypatch):
    """Return a socket whose handshake is over, and the clock that its bound is counted with."""
    now = [100.0]
    monkeypatch.setattr(serving, "time", SimpleNamespace(monotonic=lambda: now[0], time=time.time))
    server = SimpleNamespace(protocol_connected=lambda _one: None, websocket_protocols=None)
    one = serving.SocketProtocol()
    one.factory = daphne.ws_protocol.WebSocketFactory(server)
    one.server = server
    line = OpenLine()
    one.makeConnection(line)
    line.registerProducer(one, streaming=True)
    one.state, one.websocket_version, one.websocket_extensions_in_use = one.STATE_OPEN, 13, []
    one.inside_message, one.current_frame, one.data, one.muted, one.client_addr = False, None, b"", False, None
    one.application_queue, one._counted_at = asyncio.Queue(), now[0]
    return SimpleNamespace(protocol=one, line=line, now=now)


@pytest.mark.parametrize(
    ("first", "each"),
    [
        (b"", frame(PING)),
        (b"", frame(PONG)),
        (frame(TEXT, is_last=False), frame(CONTINUES, is_last=False)),
        (frame(TEXT, b"a" * 10_000)[:20], b"a"),
    ],
    ids=["pings", "pongs", "fragments", "pieces of a text"],
)
def test_frames_that_no_page_sends_have_an_end(opened, told, first, each):
    """autobahn takes 3 to 6 µs for an empty frame, and nothing counted them: a stranger filled the loop with pings."""
    one, most = opened.protocol, serving.STEPS_AT_MOST
    steps, once = [], type(one).__mro__[1].processData
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(one).__mro__[1], "processData", lambda self: steps.append(1) or once(self), raising=False)
        one.dataReceived(first)
        for _piece in range(most // 4):
            one.dataReceived(each)
        assert not opened.line.disconnecting, "a few are read"
        if each == b"a":
            for _piece in range(most):
                one.dataReceived(each)
        else:
            one.dataReceived(each * 10_000)
    assert len(steps) <= most and opened.line.disconnecting
    assert told("limit_reached") == ["limit_reached limit=steps"]
    assert one.application_queue.get_nowait() == {
        "type": "websocket.disconnect",
        "code": 1006,
        "reason": "steps",
    }


def test_pings_in_their_time_are_answered(opened):
    for _second in range(1_000):
        opened.protocol.dataReceived(frame(PING) * 4)
        opened.now[0] += 1
    assert not opened.line.disconnecting and opened.line.value().count(b"\x8a\x00") == 4_000


@pytest.mark.parametrize("size", [1, 50, 125, 1_000, 16_000])
def test_messages_in_the_smallest_segments_of_a_network_are_read(opened, size):
    """Two hundred at once, in segments that end anywhere in a frame, and no time passes."""
    sent = frame(TEXT, b"a" * size) * 200
    got = 0
    for at in range(0, len(sent), 536):
        opened.protocol.dataReceived(sent[at : at + 536])
        while not opened.protocol.application_queue.empty():
            event = opened.protocol.application_queue.get_nowait()
            assert event == {"type": "websocket.receive", "text": "a" * size}
            got += 1
    assert got == 200 and not opened.line.disconnecting


def pass_time(server, most=1000) -> float:
    """Do what is scheduled until nothing is left, and return the seconds that passed."""
    passed = 0.0
    for _turn in range(most):
        if not server.later:
            break
        seconds, act = server.later.pop(0)
        passed += seconds
        act()
    return passed


def test_process_that_stops_answers_the_page_that_a_proxy_sends_on_a_connection_it_kept(server):
    """The request comes after the signal. The process waits for it as for earlier ones, and then for another moment."""

    async def run() -> None:
        ending = server.kill_all_applications()
        while not server.later:
            await asyncio.sleep(0.01)
        late = object.__new__(WebRequest)
        begun = asyncio.get_running_loop().create_future()
        server.connections[late] = {"application_instance": begun}
        pass_time(server, most=50)
        assert server.later and ending.paused
        begun.set_result(None)
        assert pass_time(server) >= server.LEAVING_SECONDS
        await ending.asFuture(asyncio.get_running_loop())

    asyncio.run(run())


def test_process_that_stops_does_not_wait_for_a_page_without_end(server):
    async def run() -> None:
        server.application_close_timeout = 0
        ending = server.kill_all_applications()
        server.connections[object.__new__(WebRequest)] = {"application_instance": asyncio.Future()}
        async with asyncio.timeout(5):
            while not ending.called or ending.paused:
                await asyncio.sleep(0.01)
                pass_time(server)

    asyncio.run(run())


def test_process_that_stops_hangs_up_on_a_handshake():
    """The process closes the line, so that a proxy tries another one. An answer, even a refusal, would go to the
    client.
    """
    cut: list[bool] = []
    one = serving.SocketProtocol()
    one.factory = SimpleNamespace(server_class=SimpleNamespace(is_ending=True))
    one.transport = SimpleNamespace(abortConnection=lambda: cut.append(True))
    with pytest.raises(ConnectionDeny):
        one.onConnect(None)
    assert cut == [True]


def test_answer_of_a_process_that_stops_is_the_last_of_its_connection(clock):
    """The answer has `Connection: close`, also for a client who would keep the connection."""
    for is_ending in (False, True):
        one = OneClient(clock)
        one.channel.factory = SimpleNamespace(server=SimpleNamespace(is_ending=is_ending))
        request = SimpleNamespace(requestHeaders=Headers(), responseHeaders=Headers())
        assert one.channel.checkPersistence(request, b"HTTP/1.1") is not is_ending
        assert request.responseHeaders.hasHeader(b"Connection") is is_ending


def test_process_that_stops_lets_nobody_in_and_sends_sockets_back(server):
    """Open connections are told. One whose handshake goes on, or that is closing already, is told nothing more."""
    told: list[tuple[str, int]] = []

    def protocol(name: str, state: int) -> serving.SocketProtocol:
        one = serving.SocketProtocol()
        one.state = state
        one.serverClose = lambda code=None: told.append((name, code))
        return one

    opened = serving.SocketProtocol.STATE_OPEN
    sockets = [protocol("open", opened), protocol("new", serving.SocketProtocol.STATE_CONNECTING)]
    sockets.append(protocol("closing", serving.SocketProtocol.STATE_CLOSING))

    async def run() -> None:
        for one in sockets:
            connect(server, _wait, one)
        connect(server, _wait)  # a page
        port = SimpleNamespace(stopListening=lambda: told.append(("port", 0)), getHost=lambda: None)
        server._ports.append(port)
        ending = server.kill_all_applications()
        assert told == [("port", 0)], "what has begun ends first"
        while not server.later:
            await asyncio.sleep(0.01)
        assert told[1:] == [("open", 4412)] and ending.paused, "over TLS it leaves in the next turn of the loop"
        assert pass_time(server) >= server.LEAVING_SECONDS
        await ending.asFuture(asyncio.get_running_loop())

    asyncio.run(run())


def test_process_that_stops_ends_what_has_begun_and_not_what_is_on_its_way(server):
    async def run() -> None:
        arriving = Connection()
        server.protocol_connected(arriving)
        here = connect(server, _wait)
        ending = server.kill_all_applications()
        assert server.connections[here]["application_instance"].cancelling() and arriving in server.connections
        while not server.later:
            await asyncio.sleep(0.01)
        pass_time(server)
        await ending.asFuture(asyncio.get_running_loop())

    asyncio.run(run())
