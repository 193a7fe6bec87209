"""A WebSocket client that costs little, because the generator must never be what is measured.

The mask of a client's frames is four zeros. The protocol asks for a mask, and with this one the text is sent as it is.
Frames that come in are found in the bytes as they arrived, without a copy. Only text, ping and close exist.
"""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Callable
from typing import Any

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL = 0x80
MASKED = 0x80
NO_MASK = b"\0\0\0\0"


class WireError(Exception):
    """The server broke the protocol, refused the handshake or hung up; holds its first line or its close code."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a whole client frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", FINAL | opcode, MASKED | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", FINAL | opcode, MASKED | 126, size)
    else:
        head = struct.pack("!BBQ", FINAL | opcode, MASKED | 127, size)
    return head + NO_MASK + payload


def handshake(path: str, host: str, cookie: str = "", address: str = "") -> bytes:
    """Return the request that opens a socket, from a page of the same origin.

    address: that of the client, as a proxy in front of the server would say it; "" for no proxy.
    """
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Origin: http://{host}",
    ]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if address:
        lines.append(f"X-Forwarded-For: {address}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Client(asyncio.Protocol):
    """One socket. A subclass says what to do with a text; `opened` is called when the handshake ends, and `lost` when
    the socket is over.

    close_code: the code with which the server closed it; None while it has not.
    """

    __slots__ = ("_rest", "close_code", "error", "is_open", "request", "transport")

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.transport: asyncio.Transport | None = None
        self.is_open = False
        self.error: WireError | None = None
        self.close_code: int | None = None
        self._rest = b""

    def opened(self) -> None:
        """React to the end of the handshake: texts may be sent."""

    def text(self, data: bytes, start: int, end: int) -> None:
        """React to a text, `data[start:end]`."""

    def lost(self) -> None:
        """React to the end of the socket; `error` says why when it was not our doing."""

    def send(self, whole_frame: bytes) -> None:
        assert self.transport is not None
        self.transport.write(whole_frame)

    def hang_up(self) -> None:
        """Close as a phone does that loses its network: nothing is sent."""
        if self.transport is not None:
            self.error = self.error or WireError("hung up")
            self.transport.abort()

    # -- asyncio -----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        transport.write(self.request)  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self.is_open = False
        if self.error is None:
            self.error = WireError(type(error).__name__ if error else "closed by the server")
        self.lost()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
            self._rest = b""
        position = 0
        if not self.is_open:
            position = data.find(b"\r\n\r\n") + 4
            if position < 4:
                self._rest = data
                return
            if b" 101 " not in data[:16]:
                self._fail(data[: data.find(b"\r\n")].decode("latin-1"))
                return
            self.is_open = True
            self.opened()
        size = len(data)
        while size - position >= 2:
            opcode = data[position] & 0x0F
            length = data[position + 1]
            start = position + 2
            if length == 126:
                start += 2
                if size < start:
                    break
                length = data[start - 2] << 8 | data[start - 1]
            elif length == 127:
                start += 8
                if size < start:
                    break
                length = int.from_bytes(data[start - 8 : start])
            end = start + length
            if end > size:
                break
            if opcode == TEXT and data[position] & FINAL:
                self.text(data, start, end)
            elif opcode == PING:
                self.send(frame(data[start:end], PONG))
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(data[start : start + 2]) if length >= 2 else 1005
                self._fail(f"close {self.close_code}")
                return
            elif opcode != PONG:
                self._fail(f"frame {data[position]:#x}")
                return
            if self.transport is None:
                return
            position = end
        if position < size:
            self._rest = data[position:]

    def _fail(self, why: str) -> None:
        self.error = self.error or WireError(why)
        if self.transport is not None:
            self.transport.abort()


class Line(Client):
    """A socket whose texts are frames in JSON: it passes each to `hear`, and `say` sends one.

    open: done when the handshake has ended, or the socket is over. ended: done when the socket is over.
    """

    __slots__ = ("ended", "hear", "open")

    def __init__(self, request: bytes, hear: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(request)
        self.hear = hear
        loop = asyncio.get_running_loop()
        self.open: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def opened(self) -> None:
        self.open.set_result(None)

    def text(self, data: bytes, start: int, end: int) -> None:
        self.hear(json.loads(data[start:end]))

    def lost(self) -> None:
        for future in (self.open, self.ended):
            if not future.done():
                future.set_result(None)

    def say(self, **content: Any) -> None:
        """Send a frame, unless the socket is over. Letters stay letters, as a browser writes them."""
        if self.transport is not None:
            self.send(frame(json.dumps(content, ensure_ascii=False).encode()))
