"""A file that is sent in pieces is never in memory as a whole, and a truncated one is noticed."""

import asyncio

import pytest

from common.sealed_files.answer import PieceByPiece
from pnav.server import page_handler
from pnav.server.page_handler import PageHandler, _whole


def answer(pieces, length):
    return PieceByPiece(iter(pieces), length=length, name="capture-1.png")


def test_it_says_its_length_and_is_kept_by_nobody():
    response = answer([b"ab", b"c"], 3)
    assert (response["Content-Length"], response["Cache-Control"]) == ("3", "no-store")
    assert response["Content-Disposition"] == 'attachment; filename="capture-1.png"'
    assert b"".join(response) == b"abc"


async def sent(response):
    messages = []

    async def send(message):
        messages.append(message)

    await PageHandler().send_response(response, send)
    return messages


async def test_pieces_are_sent_as_they_come():
    read = []

    def pieces():
        for piece in (b"ab", b"cd", b"e"):
            read.append(piece)
            yield piece

    response = PieceByPiece(pieces(), length=5, name="a")
    assert _whole(response) is response and read == []
    messages = await sent(response)
    assert messages[0]["type"] == "http.response.start" and (b"Content-Length", b"5") in messages[0]["headers"]
    assert [one.get("body") for one in messages[1:]] == [b"ab", b"cd", b"e", b""]
    assert [one["more_body"] for one in messages[1:]] == [True, True, True, False]


class Line:
    """A client that reads when it is told to."""

    connected = True
    waiting = 0

    def abortConnection(self):  # noqa: N802  as Twisted names it
        self.connected = False


async def test_slow_client_has_no_whole_file_in_memory():
    read, line = [], Line()

    def pieces():
        for number in range(20):
            read.append(number)
            yield b"a" * 240_000

    response = PieceByPiece(pieces(), length=20 * 240_000, name="a")
    response.line = line

    async def send(message):
        line.waiting += len(message.get("body", b""))

    task = asyncio.ensure_future(PageHandler().send_response(response, send))
    while len(read) < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(read) <= 4
    line.connected = False  # the client left
    await asyncio.wait_for(task, 10)
    assert len(read) <= 4


@pytest.mark.parametrize("is_read", [True, False], ids=["slowly", "never"])
async def test_client_that_takes_nothing_is_cut_and_a_slow_one_is_not(monkeypatch, is_read):
    """The proxy leaves an answer an hour, for a copy over a slow line, so somebody else must end one nobody reads."""
    monkeypatch.setattr(page_handler, "UNREAD_SECONDS", 1.0)
    line, read, told = Line(), [], []
    monkeypatch.setattr(page_handler.security_log, "log", lambda _event, **facts: told.append(facts))

    def pieces():
        for number in range(3):
            read.append(number)
            yield b"a" * 600_000

    async def take_a_little() -> None:
        while line.connected:
            await asyncio.sleep(0.05)
            line.waiting = max(0, line.waiting - 20_000)

    async def send(message):
        line.waiting += len(message.get("body", b""))

    response = PieceByPiece(pieces(), length=3 * 600_000, name="a")
    response.line = line
    began = asyncio.get_running_loop().time()
    taking = asyncio.ensure_future(take_a_little()) if is_read else None
    await asyncio.wait_for(PageHandler().send_response(response, send), 60)
    took = asyncio.get_running_loop().time() - began
    assert took > page_handler.UNREAD_SECONDS, "so long, the whole may take"
    assert line.connected is is_read and len(read) == (3 if is_read else 1)
    assert told == ([] if is_read else [{"limit": "unread"}])
    if taking is not None:
        taking.cancel()


async def test_file_that_is_not_what_was_sealed_ends_the_connection():
    def pieces():
        yield b"ab"
        raise ValueError("cut")

    with pytest.raises(ValueError, match="cut"):
        await sent(PieceByPiece(pieces(), length=5, name="a"))


@pytest.mark.parametrize("count", [0, 1])
async def test_file_whose_piece_cannot_be_read_cuts_its_connection(caplog, count):
    """Daphne leaves a connection open whose answer has begun. Behind a proxy the download stood still without end."""

    def pieces():
        yield from [b"ab"] * count
        raise ConnectionError("store.internal is away")

    response = PieceByPiece(pieces(), length=5, name="a")
    response.line = Line()
    messages = await sent(response)
    assert not response.line.connected
    assert len(messages) == 1 + count and not any(one.get("more_body") is False for one in messages)
    assert "cut (ConnectionError)" in caplog.text and "internal" not in caplog.text


async def test_closing_the_page_before_it_is_sent_leaves_the_pieces():
    """The page is closed in its thread, as `PageHandler.answer` does."""

    def pieces():
        yield b"ab"
        yield b"cd"

    response = PieceByPiece(pieces(), length=4, name="a")
    response.close()
    assert b"".join(response.pieces) == b"abcd"
