"""A body that is longer than a form: which addresses accept one, how many at once, and that it is never stored in
clear.
"""

import io
import tempfile
import uuid
from html import unescape

import pytest
from django.urls import reverse
from twisted.internet.protocol import connectionDone

from common.sealed_files.spool import IN_MEMORY, Spool
from pnav.addresses import DISCREET, in_language
from pnav.server import busy, http_channel, serving
from pnav.server.body_limits import BODY, BODY_MAX_BYTES, CAPTURE_BODY_MAX_BYTES, body_max_bytes
from pnav.server.page_handler import PageHandler
from tests.test_serving import Arrived, OneClient, clock, refused  # noqa: F401  clock: a fixture

MARK = b"MARQUE-du-corps."
PAGE = "/tchat/captures/"


@pytest.fixture(autouse=True)
def _nobody_is_sending(monkeypatch):
    # A test before this one may have left the page with its own texts, because it is drawn again in a thread.
    monkeypatch.setattr(busy, "_pages", busy._Pages())
    http_channel.Channel.long.clear()
    yield
    http_channel.Channel.long.clear()


def head(path, length, address="203.0.113.9"):
    lines = f"Host: x\r\nX-Forwarded-For: {address}\r\nContent-Length: {length}"
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n\r\n".encode()


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


def told_to_come_back(one):
    """Return the page with which this client was answered: it is asked to send the same again, and nothing is wrong."""
    answered, _end, page = one.line.value().partition(b"\r\n\r\n")
    lines = answered.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable" and not Arrived.arrived
    assert {b"Connection: close", b"Retry-After: 5", b"Content-Length: %d" % len(page)} <= set(lines)
    page = unescape(page.decode())
    assert "Beaucoup de demandes en ce moment" in page and "rien n'a été enregistré" in page.lower()
    assert "trop" not in page and 'href="tel:17"' in page
    return page


def test_so_many_long_bodies_come_at_once_and_no_more(clock, settings, told):  # noqa: F811
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    clients = [OneClient(clock) for _each in range(http_channel.LONG_AT_MOST + 1)]
    for number, one in enumerate(clients):
        one.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1, f"192.0.2.{number}"))
    *first, late = clients
    assert [one.line.value() for one in first] == [b""] * http_channel.LONG_AT_MOST
    told_to_come_back(late)
    assert told("limit_reached") == ["limit_reached limit=long_bodies"]
    late.channel.dataReceived(b"a" * 100_000)
    clock.advance(http_channel.REFUSED_SECONDS + 0.1)
    assert late.is_closed
    first[0].channel.connectionLost(connectionDone)
    again = OneClient(clock)
    again.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1, "192.0.2.99"))
    assert again.line.value() == b""


@pytest.mark.parametrize(
    ("proxies", "lines"), [(1, "203.0.113.{}, 192.0.2.1"), (1, "2001:db8:1:{}::1"), (0, "203.0.113.{}")]
)
def test_one_network_leaves_places_to_others(clock, settings, proxies, lines):  # noqa: F811
    """Four slow forms of one client took every place, and others were told that their screenshot was too long."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    clients = [OneClient(clock) for _each in range(http_channel.LONG_EACH + 1)]
    for number, one in enumerate(clients):
        one.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1, lines.format(number)))
    *first, late = clients
    assert http_channel.LONG_EACH < http_channel.LONG_AT_MOST
    assert [one.line.value() for one in first] == [b""] * http_channel.LONG_EACH
    told_to_come_back(late)
    if proxies:
        other = OneClient(clock)
        other.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1, "198.51.100.7"))
        assert other.line.value() == b""
    first[0].channel.connectionLost(connectionDone)
    again = OneClient(clock)
    again.channel.dataReceived(head(PAGE, BODY_MAX_BYTES + 1, lines.format(9)))
    assert again.line.value() == b""


def test_refused_long_body_is_told_in_its_own_table_and_language(clock, settings, monkeypatch):  # noqa: F811
    monkeypatch.setattr(http_channel, "LONG_AT_MOST", 0)
    one, other = OneClient(clock), OneClient(clock)
    one.channel.dataReceived(head(DISCREET.reverse("chat:captures") + "?a=b", BODY_MAX_BYTES + 1))
    assert "<title>Informations</title>" in told_to_come_back(one)
    other.channel.dataReceived(head(in_language("en").reverse("chat:captures"), BODY_MAX_BYTES + 1))
    assert b"Many requests right now" in other.line.value() and b"HTTP/1.1 503 " in other.line.value()


def test_file_that_is_too_large_is_to_be_a_smaller_one(clock):  # noqa: F811
    for path in (PAGE, DISCREET.reverse("chat:captures"), reverse("console:hand_over", args=[uuid.uuid4()])):
        one = OneClient(clock)
        one.channel.dataReceived(head(path, CAPTURE_BODY_MAX_BYTES + 1))
        page = unescape(refused(one))
        assert "choisissez un fichier plus petit" in page and "raccourcissez" not in page
    assert not http_channel.Channel.long


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
