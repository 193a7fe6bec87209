"""The one address of `make run`: to which process a connection is passed, and that it arrives complete."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pnav.demo import front
from pnav.demo.front import Front, Receiver, is_for_sockets

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"GET /ws/conversation/ HTTP/1.1", True),
        (b"GET /ws/", True),
        (b"GET /metrics?sockets HTTP/1.1", True),
        (b"GET /metrics HTTP/1.1", False),
        (b"GET /metrics", None),
        (b"GET /", None),
        (b"GET /ws", None),
        (b"GET ", None),
        (b"GE", None),
        (b"GET / HTTP/1.1", False),
        (b"GET /wsx", False),
        (b"GET /static/ws/", False),
        (b"POST /tchat/trames/", False),
        (b"GET http://localhost/ws/", False),  # a request to a proxy, which the process of pages refuses
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", False),  # TLS, which the process of pages answers
        (b"BREW\r\n\r\n", False),
    ],
)
def test_first_words_decide(start, expected):
    assert is_for_sockets(start) is expected


class Ends:
    """A front on a free port, with both places where connections arrive."""

    def __init__(self) -> None:
        self.lost = []
        self.pages, pages = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sockets, sockets = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.pages, self.sockets):
            end.setblocking(False)
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(512)
        self.kept = [
            Receiver(pages, lambda: self.lost.append("pages")),
            Receiver(sockets, lambda: self.lost.append("sockets")),
        ]
        self.front = Front(self.listening, *self.kept)
        self.address = self.listening.getsockname()

    async def handed(self, end: socket.socket, seconds: float = 5) -> socket.socket:
        """Return the next connection that arrives at this end."""
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(BlockingIOError):
                    _packet, (descriptor,), _flags, _address = socket.recv_fds(end, 1, 1)
                    return socket.socket(fileno=descriptor)
                await asyncio.sleep(0.01)

    def is_empty(self, end: socket.socket) -> bool:
        try:
            end.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    made = Ends()
    yield made
    loop = asyncio.get_running_loop()
    loop.remove_reader(made.listening)
    for one in (made.listening, made.pages, made.sockets, *(receiver._end for receiver in made.kept)):
        one.close()


async def test_connection_arrives_whole_and_is_the_clients_own(ends):
    with socket.create_connection(ends.address) as client:
        request = f"GET /ws/conversation/?{LONG} HTTP/1.1\r\n\r\n".encode()
        client.sendall(request)
        with await ends.handed(ends.sockets) as connection:
            assert connection.getpeername() == client.getsockname()
            assert connection.recv(10_000) == request, "looking took nothing away"
            connection.sendall(b"answer")
            assert client.recv(10) == b"answer"
    assert ends.is_empty(ends.pages)


async def test_words_that_come_letter_by_letter_are_waited_for(ends):
    with socket.create_connection(ends.address) as client:
        for letter in b"GET /ws/":
            client.send(bytes([letter]))
            await asyncio.sleep(0.03)
        (await ends.handed(ends.sockets)).close()
    with socket.create_connection(ends.address) as client:
        client.sendall(b"GET /mentions-legales/ HTTP/1.1\r\n")
        (await ends.handed(ends.pages)).close()


async def test_who_says_nothing_is_handed_to_the_pages_in_time(ends, monkeypatch):
    monkeypatch.setattr(front, "PATIENCE_SECONDS", 0.1)
    with socket.create_connection(ends.address):
        (await ends.handed(ends.pages)).close()
    assert not ends.front._silent


async def test_silent_ones_are_bounded_and_hold_up_nobody(ends, monkeypatch):
    monkeypatch.setattr(front, "SILENT_AT_MOST", 5)
    silent = [socket.create_connection(ends.address) for _each in range(8)]
    with socket.create_connection(ends.address) as client:
        client.sendall(b"GET /ws/console/ HTTP/1.1\r\n\r\n")
        with await ends.handed(ends.sockets) as connection:
            assert connection.getpeername() == client.getsockname()
    assert len(ends.front._silent) <= 5
    oldest = await ends.handed(ends.pages)
    assert oldest.getpeername() == silent[0].getsockname(), "the oldest goes first"
    for one in (oldest, *silent):
        one.close()


async def test_who_leaves_before_a_word_is_forgotten(ends):
    socket.create_connection(ends.address).close()
    async with asyncio.timeout(30):
        while ends.front._silent or not ends.is_empty(ends.pages):
            await asyncio.sleep(0.01)
    assert ends.is_empty(ends.pages) and ends.is_empty(ends.sockets)


async def test_process_that_is_behind_gets_its_connections_later_in_their_order(ends):
    count = 600  # more than the line between two processes holds
    clients = []
    for _number in range(count):
        client = socket.create_connection(ends.address)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        clients.append(client.getsockname())
        client.close()
        await asyncio.sleep(0)
    arrived = []
    for _number in range(count):
        with await ends.handed(ends.pages) as connection, contextlib.suppress(OSError):
            arrived.append(connection.recv(3))
    assert arrived == [b"GET"] * count
    assert not ends.lost


async def test_process_that_is_gone_is_told(ends):
    ends.pages.close()
    with socket.create_connection(ends.address) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(30):
            while not ends.lost:
                await asyncio.sleep(0.01)
    assert ends.lost == ["pages"]


async def test_descriptors_do_not_pile_up(ends):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _number in range(50):
        with socket.create_connection(ends.address) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            (await ends.handed(ends.pages)).close()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2
