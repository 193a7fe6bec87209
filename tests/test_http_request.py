"""Ordinary requests and answers are read and sent with fewer calls, and just as Twisted and Daphne do,
whatever comes.
"""

import asyncio
import random
from types import SimpleNamespace

import pytest
from daphne.http_protocol import HTTPFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

import pnav.asgi  # noqa: F401  installs the server
from pnav.server import http_channel, http_request, serving
from pnav.server.http_channel import Channel
from pnav.server.http_request import HEAD_BYTES, HEADERS_AT_MOST, Request, read_head

BROWSER = (
    b"GET /point-d-accueil/?q=51300&x=%C3%A9 HTTP/1.1\r\nHost: example.test\r\nConnection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="142"\r\nUpgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11)\r\n'
    b"Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, br\r\nCookie: a=1; b=2\r\n\r\n"
)
ORDINARY = {
    "of a browser": BROWSER,
    "of a benchmark": b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n",
    "without any header": b"GET / HTTP/1.1\r\n\r\n",
    "a header without a value": b"GET / HTTP/1.1\r\nHost: x\r\nX-A:\r\n\r\n",
    "spaces around a value": b"GET / HTTP/1.1\r\nHost: \t x \t\r\n\r\n",
    "a tab within a value": b"GET / HTTP/1.1\r\nHost: x\ty\r\n\r\n",
    "a header twice": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nCookie: c\r\nX-A: 2\r\n\r\n",
    "two question marks": b"GET /a?b=?c HTTP/1.1\r\nHost: x\r\n\r\n",
    "a colon in a value": b"GET / HTTP/1.1\r\nHost: x:80\r\n\r\n",
    "two slashes": b"GET //a/../b HTTP/1.1\r\nHost: x\r\n\r\n",
    "signs that address nothing": b"GET /a%zz%00%2f;=&,$#! HTTP/1.1\r\nHost: x\r\n\r\n",
}
OF_TWISTED = {
    "a form": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b",
    "a GET with a body": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b",
    "a body in pieces": b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an empty body that is announced": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "HEAD": b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/1.0": b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    "the last of its connection": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "two requests": 2 * b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "one and a half": b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /",
    "an empty line before it": b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a line that goes on": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n  2\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    "an underscore, which Django would read as a hyphen": b"GET / HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1\r\n\r\n",
    "Daphne's own header": b"GET / HTTP/1.1\r\nHost: x\r\nDaphne-Root-Path: /a\r\n\r\n",
    "lines that end with LF": b"GET / HTTP/1.1\nHost: x\n\r\n\r\n",
    "LF in a value": b"GET / HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n",
    "CR in a value": b"GET / HTTP/1.1\r\nHost: x\rX-A: 1\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: x\x00y\r\n\r\n",
    "a control character": b"GET / HTTP/1.1\r\nHost: x\x0by\r\n\r\n",
    "a byte that is not ASCII": b"GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n",
    "a path that is not ASCII": b"GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a whole address": b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the path": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /\r\nHost: x\r\n\r\n",
    "small letters": b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a 100-continue": b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    "a head that is too long": b"GET / HTTP/1.1\r\nHost: " + b"x" * HEAD_BYTES + b"\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\n" + b"X-A: 1\r\n" * (HEADERS_AT_MOST + 1) + b"\r\n",
}  # fmt: skip


class Site:
    """What a request needs of Daphne's server. scopes: those of the requests that were passed to the application."""

    proxy_forwarded_address_header = None
    root_path = ""
    request_buffer_size = 8192
    action_logger = None
    is_ending = False

    def __init__(self, name=""):
        self.server_name = name
        self.scopes, self.queues, self.protocols = [], [], []

    def protocol_connected(self, protocol):
        self.protocols.append(protocol)

    def protocol_disconnected(self, protocol):
        assert protocol in self.protocols

    def create_application(self, _protocol, scope):
        self.scopes.append(scope)
        self.queues.append(asyncio.Queue())
        return self.queues[-1]

    def log_action(self, *_told):
        """Log nothing, as with `--verbosity 0`."""


@pytest.fixture(autouse=True)
def _nobody_waits():
    Channel.waiting.clear()
    yield
    Channel.waiting.clear()


def connect(site, monkeypatch=None):
    """Connect to this site. With monkeypatch, everything is handled by Twisted and Daphne."""
    channel = Channel()
    channel.callLater, channel.timeOut, channel.requestFactory = Clock().callLater, 60, Request
    channel.factory = SimpleNamespace(server=site, log=lambda _request: None)
    if monkeypatch is not None:
        monkeypatch.setattr(channel, "_takes_heads", lambda: False)
    channel.makeConnection(StringTransport())
    return channel


def told(channel, pieces):
    """Return what was passed to the application, and what the client was sent meanwhile."""
    site = channel.factory.server
    for piece in pieces:
        if not channel.transport.disconnecting:  # otherwise nothing more is read
            channel.dataReceived(piece)
    bodies = []
    for queue in site.queues:
        while not queue.empty():
            bodies.append(queue.get_nowait())
    return [_grouped(scope) for scope in site.scopes], bodies, channel.transport.value(), channel._handlingRequest


def _grouped(scope):
    """Return a scope with the values of each header together, as Twisted keeps them."""
    headers = {}
    for name, value in scope["headers"]:
        headers.setdefault(name, []).append(value)
    return scope | {"headers": headers}


@pytest.mark.parametrize("name", ORDINARY | OF_TWISTED)
def test_whatever_comes_is_handed_over_as_daphne_does(monkeypatch, name):
    data = (ORDINARY | OF_TWISTED)[name]
    for pieces in ([data], [data[:7], data[7:]], [data[:-1], data[-1:]]):
        ours, theirs = told(connect(Site()), pieces), told(connect(Site(), monkeypatch), pieces)
        assert ours == theirs, pieces


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_head_is_read_at_once(name):
    assert read_head(ORDINARY[name]) is not None


@pytest.mark.parametrize("name", OF_TWISTED)
def test_anything_else_is_left_to_twisted(name):
    assert read_head(OF_TWISTED[name]) is None


def test_heads_made_up_at_random_are_read_as_daphne_reads_them(monkeypatch, random_seed=18):
    draw = random.Random(random_seed)
    signs = b"\r\n\t :;,=?&#%/_-\x00\x7f\xe9aZ0"
    taken = 0
    for _each in range(1_500):
        data = bytearray(draw.choice(list(ORDINARY.values())))
        for _change in range(draw.randrange(3)):
            at = draw.randrange(len(data))
            data[at : at + draw.randrange(2)] = bytes([draw.choice(signs)])
        taken += read_head(bytes(data)) is not None
        ours, theirs = (told(connect(Site(), without), [bytes(data)]) for without in (None, monkeypatch))
        assert ours == theirs, bytes(data)
    assert 300 < taken < 1_400


def test_ordinary_requests_come_without_twisted_one_after_another(monkeypatch):
    monkeypatch.setattr(Channel, "lineReceived", None)
    monkeypatch.setattr(Request, "process", None)
    site = Site()
    channel = connect(site)
    for number in range(3):
        channel.dataReceived(BROWSER)
        assert len(site.scopes) == number + 1 and not Channel.waiting and channel.timeOut is None
        answer(site.protocols[-1], [(b"content-length", b"2")], b"ok")
        assert list(Channel.waiting) == [channel] and channel.timeOut == http_channel.IDLE_SECONDS
    assert channel.transport.value().count(b"\r\n\r\nok") == 3


def test_next_request_waits_for_the_answer_to_the_one_before():
    site = Site()
    channel = connect(site)
    channel.dataReceived(BROWSER)
    channel.dataReceived(b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
    assert len(site.scopes) == 1
    answer(site.protocols[0], [(b"content-length", b"0")], b"")
    assert [scope["path"] for scope in site.scopes] == ["/point-d-accueil/", "/second"]


def test_request_behind_a_half_one_is_no_head():
    """What came before belongs to the request: a head inside a head would be another request for a proxy in front of
    us.
    """
    site = Site()
    channel = connect(site)
    channel.dataReceived(b"GET /first HTTP/1.1\r\nX-A: ")
    channel.dataReceived(b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
    [scope] = site.scopes
    assert scope["path"] == "/first" and (b"x-a", b"GET /second HTTP/1.1") in scope["headers"]


def test_where_daphne_reads_what_a_proxy_says_it_reads_the_head(monkeypatch):
    site = Site()
    site.proxy_forwarded_address_header, site.proxy_forwarded_port_header = "X-Forwarded-For", None
    site.proxy_forwarded_proto_header = None
    channel = connect(site)
    channel.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
    assert site.scopes[0]["client"][0] == "203.0.113.9"


def test_request_that_cannot_be_handed_over_is_answered_500(caplog):
    class Failing(Site):
        def create_application(self, _protocol, _scope):
            raise LookupError("secret")

    channel = connect(Failing())
    channel.dataReceived(BROWSER)
    assert channel.transport.value().startswith(b"HTTP/1.1 500 ")
    assert "LookupError" in caplog.text and "secret" not in caplog.text


def test_process_that_ends_closes_the_connection_after_the_answer():
    site = Site()
    site.is_ending = True
    channel = connect(site)
    channel.dataReceived(BROWSER)
    answer(site.protocols[0], [(b"content-length", b"2")], b"ok")
    head, _end, body = channel.transport.value().partition(b"\r\n\r\n")
    assert b"Connection: close" in head and body == b"ok" and channel.transport.disconnecting


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(request, headers, *bodies, status=200):
    request.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
    for number, body in enumerate(bodies, 1):
        request.handle_reply({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})


def sent(asked, headers, bodies, status, name, monkeypatch=None):
    """Return what a client is sent (the headers in any order), and whether its connection is closed."""
    site = Site(name)
    channel = connect(site)
    channel.dataReceived(asked)
    if monkeypatch is not None:
        monkeypatch.setattr(site.protocols[0], "_send_whole", lambda *_answer: False)
    answer(site.protocols[0], headers, *bodies, status=status)
    head, _end, body = channel.transport.value().partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    named = sorted((one.partition(b":")[0].lower(), one.partition(b":")[2]) for one in lines)
    return first, named, body, channel.transport.disconnecting, site.protocols[0].finished


GET, HEAD_, OLD, LAST = (
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
)  # fmt: skip
LENGTH, TYPE = (b"Content-Length", b"5"), (b"Content-Type", b"text/html; charset=utf-8")


@pytest.mark.parametrize("asked", [GET, HEAD_, OLD, LAST])
@pytest.mark.parametrize(
    ("headers", "bodies", "status"),
    [
        ([TYPE, LENGTH], [b"abcde"], 200),
        ([TYPE, LENGTH], [b"abc", b"de"], 200),
        ([TYPE], [b"abcde"], 200),
        ([TYPE], [b"abc", b"de"], 200),
        ([(b"content-length", b"0")], [b""], 404),
        ([TYPE, LENGTH, (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")], [b"abcde"], 503),
        ([LENGTH, (b"Location", b"/a\r\nX-A: 1")], [b"abcde"], 302),
        ([LENGTH, (b"Location", b"/a\nX-A: 1")], [b"abcde"], 302),
        ([LENGTH, (b"X-Name", b"caf\xe9")], [b"abcde"], 200),
        ([LENGTH, (b"Server", b"other")], [b"abcde"], 299),
        ([(b"Content-Length", b"0")], [b""], 204),
        ([(b"ETag", b'"a"')], [b""], 304),
    ],
)
@pytest.mark.parametrize("name", ["", "daphne"])
def test_answer_is_what_daphne_sends(monkeypatch, asked, headers, bodies, status, name):
    ours = sent(asked, headers, bodies, status, name)
    assert ours == sent(asked, headers, bodies, status, name, monkeypatch)
    assert ours[-1]


def test_name_that_is_none_is_sent_to_nobody():
    site = Site()
    channel = connect(site)
    channel.dataReceived(GET)
    with pytest.raises(Exception, match="X A"):
        answer(site.protocols[0], [LENGTH, (b"X A", b"1")], b"abcde")
    assert b"X A" not in channel.transport.value()


def test_answer_leaves_in_one_piece(monkeypatch):
    site, pieces = Site(), []
    channel = connect(site)
    monkeypatch.setattr(channel.transport, "write", pieces.append)
    channel.dataReceived(GET)
    answer(site.protocols[0], [TYPE, LENGTH], b"abcde")
    [whole] = pieces
    assert whole == b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n\r\nabcde"


def test_client_that_left_is_sent_nothing():
    site = Site()
    channel = connect(site)
    channel.dataReceived(GET)
    request = site.protocols[0]
    request.handle_reply({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
    channel.connectionLost(None)
    request.handle_reply({"type": "http.response.body", "body": b"abcde"})
    assert channel.transport.value() == b""


def test_access_log_is_not_even_formatted():
    """Daphne would send the line of the log nowhere, and it contains an address."""
    assert HTTPFactory.log is serving._log_nothing


def test_bounds_are_those_of_twisted():
    assert Channel.totalHeadersSize >= http_request.HEAD_BYTES and Channel.maxHeaders >= HEADERS_AT_MOST
