"""The generator's WebSocket client, with a server that is not ours and with frames that are cut anywhere."""

import asyncio
import random
import struct

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from benchmarks.wire import PING, PONG, TEXT, Client, frame, handshake

SECONDS = 10
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Kept(Client):
    """Keeps what it receives."""

    def __init__(self, request: bytes = b"") -> None:
        super().__init__(request)
        self.texts: list[bytes] = []
        self.over = asyncio.Event()

    def text(self, data: bytes, start: int, end: int) -> None:
        self.texts.append(data[start:end])

    def lost(self) -> None:
        self.over.set()

    async def has(self, count: int) -> list[bytes]:
        async with asyncio.timeout(SECONDS):
            while len(self.texts) < count:
                await asyncio.sleep(0.005)
        return self.texts


class Pipe:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.is_aborted = True


def heard(pieces: list[bytes]) -> tuple[Kept, Pipe]:
    client, pipe = Kept(), Pipe()
    client.connection_made(pipe)  # type: ignore[arg-type]
    for piece in pieces:
        client.data_received(piece)
    return client, pipe


def from_server(payload: bytes, opcode: int = TEXT, final: bool = True) -> bytes:
    """Return a frame as a server sends it: not masked."""
    first = (0x80 if final else 0) | opcode
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    if len(payload) < 1 << 16:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload


async def test_texts_of_all_sizes_go_to_a_server_and_come_back():
    sizes = [0, 1, 125, 126, 127, 65535, 65536, 100_000]

    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0, compression=None, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        client = Kept(handshake("/", f"127.0.0.1:{port}"))
        transport, _protocol = await loop.create_connection(lambda: client, "127.0.0.1", port)
        async with asyncio.timeout(SECONDS):
            while not client.is_open:
                await asyncio.sleep(0.005)
        for size in sizes:
            client.send(frame(b"x" * size))
        assert [len(text) for text in await client.has(len(sizes))] == sizes
        transport.close()


async def test_a_close_is_an_error_with_its_code_and_the_cookie_arrives():
    async def refuse(socket):
        await socket.close(4401 if socket.request.headers["Cookie"] == "sessionid=abc" else 1000)

    async with serve(refuse, "127.0.0.1", 0, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        client = Kept(handshake("/", f"127.0.0.1:{port}", "sessionid=abc"))
        await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
        async with asyncio.timeout(SECONDS):
            await client.over.wait()
    assert str(client.error) == "close 4401" and client.close_code == 4401


async def test_it_answers_pings_so_that_nobody_hangs_up():
    async def ping(socket):
        async with asyncio.timeout(SECONDS):
            await (await socket.ping(b"there?"))
        try:
            await socket.send("answered")
        except ConnectionClosed:
            return

    async with serve(ping, "127.0.0.1", 0, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        client = Kept(handshake("/", f"127.0.0.1:{port}"))
        await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
        assert await client.has(1) == [b"answered"]
        client.hang_up()


async def test_frames_cut_anywhere_are_the_same_frames():
    texts = [b"", b"a", b"b" * 125, b"c" * 126, b"d" * 70_000, b"end"]
    data = ACCEPTED + b"".join(map(from_server, texts))
    edges = [*range(1, 400), len(data) - 2, len(data) - 1]
    for edge in edges:
        client, _pipe = heard([data[:edge], data[edge:]])
        assert client.texts == texts, edge


async def test_frames_that_come_byte_by_byte_are_the_same_frames():
    texts = [b"one", b"x" * 200, b"three"]
    data = ACCEPTED + b"".join(map(from_server, texts))
    client, _pipe = heard([data[at : at + 1] for at in range(len(data))])
    assert client.texts == texts


async def test_a_ping_amid_texts_is_answered_masked():
    client, pipe = heard([ACCEPTED + from_server(b"a") + from_server(b"p", PING) + from_server(b"b")])
    assert client.texts == [b"a", b"b"]
    assert pipe.written == bytes([0x80 | PONG, 0x80 | 1]) + b"\0\0\0\0" + b"p"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 403 Access denied\r\n\r\n", "HTTP/1.1 403 Access denied"),
        (ACCEPTED + from_server(struct.pack("!H", 1013), 0x8), "close 1013"),
        (ACCEPTED + from_server(b"", 0x8), "close 1005"),
        (ACCEPTED + from_server(b"half", TEXT, final=False), "frame 0x1"),
    ],
)
async def test_what_ends_a_socket_is_said(data, error):
    client, pipe = heard([data])
    assert str(client.error) == error
    assert pipe.is_aborted
    assert client.texts == []


async def test_random_cuts():
    dice = random.Random(7)
    texts = [bytes([65 + n % 26]) * dice.choice([0, 3, 125, 126, 300]) for n in range(200)]
    data = ACCEPTED + b"".join(map(from_server, texts))
    pieces, at = [], 0
    while at < len(data):
        size = dice.randint(1, 700)
        pieces.append(data[at : at + size])
        at += size
    client, _pipe = heard(pieces)
    assert client.texts == texts
