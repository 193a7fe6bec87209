"""A body that is longer than a form: which addresses accept one, how many at once, and that it is never stored in
clear.
"""

import io
import tempfile
import uuid

import pytest
from django.urls import reverse
from twisted.internet.protocol import connectionDone

from common.sealed_files.spool import IN_MEMORY, Spool
from pnav.addresses import DISCREET, in_language
from pnav.server import http_channel, serving
from pnav.server.body_limits import BODY, BODY_MAX_BYTES, CAPTURE_BODY_MAX_BYTES, body_max_bytes
from pnav.server.page_handler import PageHandler
from tests.test_serving import Arrived, OneClient, clock, refused  # noqa: F401  clock: a fixture

MARK = b"MARQUE-du-corps."
PAGE = "/tchat/captures/"


@pytest.fixture(autouse=True)
def _nobody_is_sending():
    http_channel.Channel.long.clear()
    yield
    http_channel.Channel.long.clear()


def head(path, length):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def test_page_of_captures_has_its_bound_under_each_address():
    addresses = [PAGE, in_language("en").reverse("chat:captures"), DISCREET.reverse("chat:captures")]
    addresses.append(reverse("console:hand_over", args=[uuid.uuid4()]))
    assert [body_max_bytes(address) for address in addresses] == [CAPTURE_BODY_MAX_BYTES] * 4
    for other in (
        "/tchat/captures/envoi/",
        "/tchat/",
        f"{PAGE}x",
        "/console/echange/x/documents/",
        DISCREET.reverse("chat:facts"),
    ):
        assert body_max_bytes(other) == BODY_MAX_BYTES


def test_bounds_fit_the_numbers_of_the_service():
    from common.sealed_files.chunks import CHUNK_BYTES
    from common.service_settings.definitions import CAPTURE_SIZE, MEGABYTE

    assert CAPTURE_SIZE.most * MEGABYTE < CAPTURE_BODY_MAX_BYTES
    assert CHUNK_BYTES < BODY_MAX_BYTES


@pytest.mark.parametrize("length", [http_channel.IN_MEMORY_BYTES, BODY_MAX_BYTES, 3 * BODY_MAX_BYTES])
def test_long_body_lies_in_no_file_in_clear(clock, monkeypatch, length):  # noqa: F811
    files, really = [], tempfile.TemporaryFile

    def opened(*args, **kwargs):
        files.append(really(*args, **kwargs))
        return files[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", opened)
    one = OneClient(clock)
    one.channel.dataReceived(head(PAGE, length))
    body = MARK * (length // len(MARK) + 1)
    for start in range(0, length, 50_000):
        one.channel.dataReceived(body[start : min(start + 50_000, length)])
    [request] = Arrived.arrived
    assert isinstance(request.content, Spool) and request.content.read() == body[:length]
    for file in files:
        if not file.closed:
            file.seek(0)
            assert MARK not in file.read()


def test_form_is_parsed_by_django_alone(clock):  # noqa: F811
    one = OneClient(clock)
    lines = "Content-Type: multipart/form-data; boundary=b\r\n"
    length = 2 * BODY_MAX_BYTES
    one.channel.dataReceived(
        f"POST {PAGE} HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {length}\r\n\r\n".encode() + b"x" * length
    )
    [request] = Arrived.arrived
    assert request.args == {}


def test_so_many_long_bodies_come_at_once_and_no_more(clock, monkeypatch):  # noqa: F811
    monkeypatch.setattr(http_channel, "LONG_AT_MOST", 3)
    clients = [OneClient(clock) for _each in range(4)]
    for one in clients:
        one.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1))
    assert [one.line.value() for one in clients[:3]] == [b""] * 3
    assert "n'a pas pu être lu" in refused(clients[3]).replace("&#x27;", "'")
    clients[0].channel.connectionLost(connectionDone)
    again = OneClient(clock)
    again.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1))
    assert again.line.value() == b""


def test_long_body_has_the_time_that_a_telephone_needs(clock):  # noqa: F811
    one, short = OneClient(clock), OneClient(clock)
    one.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1))
    short.channel.dataReceived(head(PAGE, 1_000))
    clock.advance(http_channel.REQUEST_SECONDS + 1)
    assert short.is_closed and not one.is_closed
    clock.advance(http_channel.LONG_REQUEST_SECONDS)
    assert one.is_closed


def test_daphne_hands_a_spool_over_as_it_lies(monkeypatch):
    """The spool is passed on in pieces, and never as a whole in its queue."""
    spool = Spool()
    spool.write(MARK)

    class Request:
        content = spool

    seen = {}
    daphnes = serving.daphne.server.Server
    monkeypatch.setattr(daphnes, "create_application", lambda _self, _one, scope: seen.update(scope))
    request = Request()
    server = serving.Server.__new__(serving.Server)
    serving.Server.create_application(server, request, {"type": "http"})
    assert seen[BODY] is spool and isinstance(request.content, io.BytesIO)


async def test_page_reads_what_was_handed_over_and_what_comes_in_pieces():
    handler = PageHandler()

    async def nothing():
        return {"type": "http.request", "body": b"", "more_body": False}

    spool = Spool()
    spool.write(MARK * (IN_MEMORY // len(MARK) * 3))
    body = await handler._body_of({"path": PAGE, BODY: spool}, nothing)
    assert body is spool and body.read(len(MARK)) == MARK
    pieces = iter([MARK * 5_000] * 3)

    async def in_pieces():
        piece = next(pieces, b"")
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    body = await handler._body_of({"path": PAGE}, in_pieces)
    assert body.read() == MARK * 15_000
