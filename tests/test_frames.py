"""Whole texts on a socket are read and written without autobahn, with the same result as with it, whatever comes."""

import asyncio
import random
import struct
from types import SimpleNamespace

import daphne.ws_protocol
import pytest
from twisted.internet.testing import StringTransport

import pnav.asgi  # noqa: F401  installs the server
from pnav.server import frames, serving

TEXTS = [
    "", "a", "é", "{}", "x" * 124, "x" * 125, "x" * 126, "x" * 127, "é" * 63, "🙂" * 500, "x" * frames.MOST,
    "x" * (frames.MOST + 1), "y" * 65_535, "z" * 65_536, '{"type":"beat","after":3}',
]  # fmt: skip


def client_frame(payload: bytes, *, first: int = 0x81, is_masked: bool = True, length: int | None = None) -> bytes:
    """Return a frame as a client sends it.

    length: in how many bytes its length is given (0, 2, 8); by default as few as it needs.
    """
    if length is None:
        length = 0 if len(payload) < 126 else 2 if len(payload) < 65_536 else 8
    bit = 0x80 if is_masked else 0
    size = {0: bytes([bit | min(len(payload), 125)]), 2: bytes([bit | 126]) + struct.pack("!H", len(payload) & 0xFFFF)}
    head = size.get(length) or bytes([bit | 127]) + struct.pack("!Q", len(payload))
    if not is_masked:
        return bytes([first]) + head + payload
    mask = random.Random(len(payload)).randbytes(4)
    return bytes([first]) + head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


COMING = {
    **{f"text of {len(text.encode())} bytes": client_frame(text.encode()) for text in TEXTS},
    "two texts": client_frame(b"one") + client_frame(b"two"),
    "many texts": b"".join(client_frame(b"n%d" % n) for n in range(50)),
    "binary": client_frame(b"ab", first=0x82),
    "in parts": client_frame(b"be", first=0x01) + client_frame(b"gin", first=0x80) + client_frame(b"after"),
    "a ping within": client_frame(b"be", first=0x01) + client_frame(b"p", first=0x89) + client_frame(b"n", first=0x80),
    "ping, then text": client_frame(b"p", first=0x89) + client_frame(b"after"),
    "text, then pong": client_frame(b"before") + client_frame(b"", first=0x8A),
    "text, then close": client_frame(b"before") + client_frame(struct.pack("!H", 1000), first=0x88),
    "close, then text": client_frame(struct.pack("!H", 1000), first=0x88) + client_frame(b"after"),
    "no mask": client_frame(b"before") + client_frame(b"bare", is_masked=False),
    "no mask, long": client_frame(b"b" * 200, is_masked=False),
    "an extension": client_frame(b"rsv", first=0xC1) + client_frame(b"after"),
    "a length in two bytes that needs one": client_frame(b"short", length=2),
    "a length in eight bytes that needs two": client_frame(b"m" * 300, length=8),
    "no UTF-8": client_frame(b"\xff\xfe") + client_frame(b"after"),
    "half a character": client_frame("é".encode()[:1]) + client_frame(b"after"),
    "a surrogate": client_frame(b"\xed\xa0\x80"),
    "a continuation of nothing": client_frame(b"x", first=0x80),
    "a text within a message": client_frame(b"be", first=0x01) + client_frame(b"x"),
    "an opcode that is none": client_frame(b"x", first=0x83),
}


class Transport(StringTransport):
    """Keeps what is sent. As over a socket, unregistering a producer that was never registered raises no error."""

    def unregisterProducer(self):  # noqa: N802  as Twisted names it
        self.producer = None


def opened(kind):
    """Return a socket of this kind just after its handshake, over a transport that keeps what is sent."""
    server = SimpleNamespace(is_ending=False, protocol_disconnected=lambda _one: None, log_action=lambda *_told: None)
    factory = daphne.ws_protocol.WebSocketFactory(server)
    factory.protocol = kind
    factory.setProtocolOptions(
        maxMessagePayloadSize=serving.MESSAGE_BYTES, maxFramePayloadSize=serving.MESSAGE_BYTES, closeHandshakeTimeout=0
    )
    one = factory.buildProtocol(None)
    one.makeConnection(Transport())
    one.server, one.client_addr, one.request = server, None, SimpleNamespace(path="/")
    one.application_queue = asyncio.Queue()
    one.state, one.websocket_version = one.STATE_OPEN, 13
    one.inside_message, one.current_frame = False, None
    one.openHandshakeTimeoutCall = None
    return one


def told(kind, pieces):
    """Return what the application got and what the client was sent, at the end."""
    one = opened(kind)
    for piece in pieces:
        one.dataReceived(piece)
    got = []
    while not one.application_queue.empty():
        got.append(one.application_queue.get_nowait())
    return got, one.transport.value(), one.state, one.transport.disconnecting


@pytest.mark.parametrize("name", COMING)
def test_whatever_comes_is_read_as_autobahn_reads_it(name):
    data = COMING[name]
    cuts = range(1, len(data)) if len(data) < 100 else [1, 2, 5, 9, len(data) // 2, len(data) - 1]
    plain, ours = daphne.ws_protocol.WebSocketProtocol, serving.SocketProtocol
    assert told(ours, [data]) == told(plain, [data])
    for cut in cuts:
        pieces = [data[:cut], data[cut:]]
        assert told(ours, pieces) == told(plain, pieces), cut


def test_frames_made_up_at_random_are_read_as_autobahn_reads_them(random_seed=11):
    draw = random.Random(random_seed)
    plain, ours = daphne.ws_protocol.WebSocketProtocol, serving.SocketProtocol
    for _each in range(300):
        data = b"".join(draw.choice(list(COMING.values()))[:400] for _part in range(3)) + draw.randbytes(5)
        cut = draw.randrange(len(data))
        assert told(ours, [data[:cut], data[cut:]]) == told(plain, [data[:cut], data[cut:]])


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{len(text.encode())} bytes")
def test_what_is_sent_is_what_autobahn_sends(text):
    plain, ours = opened(daphne.ws_protocol.WebSocketProtocol), opened(serving.SocketProtocol)
    for one in (plain, ours):
        one.handle_reply({"type": "websocket.send", "text": text})
    assert ours.transport.value() == plain.transport.value()


def test_whole_texts_come_without_autobahn(monkeypatch):
    one = opened(serving.SocketProtocol)
    monkeypatch.setattr(one, "_dataReceived", None)
    monkeypatch.setattr(one, "sendMessage", None)
    one.dataReceived(client_frame(b"one") + client_frame(b"x" * 500))
    one.handle_reply({"type": "websocket.send", "text": "answer"})
    assert one.application_queue.qsize() == 2 and one.transport.value() == b"\x81\x06answer"


def test_longest_text_is_below_every_limit():
    assert frames.MOST <= serving.MESSAGE_BYTES


def test_frames_that_nobody_looks_at_have_an_end_when_they_come_as_whole_texts():
    one = opened(serving.SocketProtocol)
    one.dataReceived(client_frame(b"{}") * (10 * serving.FRAMES_WAITING))
    assert one.application_queue.qsize() == serving.FRAMES_WAITING + 1 and one.muted
