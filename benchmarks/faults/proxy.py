"""The network between the clients and the web processes, which can be made as bad as a fault wants.

It is a TCP proxy in the event loop of the harness. A connection has the name of the client who opened it (the client's
port is registered before it connects). It goes to the process with the least load, or to the one to which its name is
pinned, and to the next process when that one refuses.
"""

import asyncio
import itertools
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

SLOW_WINDOW = 4096  # the bytes of a slow reader's receive window towards the server
SIP_SECONDS = 0.5  # after each pause of this length, a slow reader reads once
DIAL_SECONDS = 2.0


class Network(Protocol):
    """What a client knows about the way to the site."""

    tls: ssl.SSLContext | None  # None means without TLS

    @property
    def host(self) -> str:
        """Return the site's name and port."""

    async def open(self, name: str) -> socket.socket:
        """Return a connection that is registered under this name. Raises OSError."""


class Line:
    """One connection, with the client's end and the server's end."""

    def __init__(self, proxy: "Proxy") -> None:
        self.proxy = proxy
        self.name = ""
        self.backend = -1
        self.is_frozen = False  # the line takes what is sent in both directions, passes nothing on, and never closes
        self.front: asyncio.Transport | None = None
        self.back: asyncio.Transport | None = None
        self.waiting = bytearray()  # what the client sent before the server's end was open

    def hang_up(self, end: asyncio.Transport | None) -> None:
        """Close the other end after what is still under way to it, because one end closed."""
        if end is not None and not self.is_frozen:
            end.close()
        if self.front is None and self.back is None:
            self.proxy.lines.discard(self)

    def cut(self) -> None:
        """Abort both ends at once, whatever was under way."""
        for end in (self.front, self.back):
            if end is not None:
                end.abort()
        self.proxy.lines.discard(self)

    async def dial(self) -> None:
        slow = self.name in self.proxy.slow
        for backend in self.proxy.order(self.name):
            sock = socket.socket()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if slow:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_WINDOW)
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(DIAL_SECONDS):
                    await loop.sock_connect(sock, ("127.0.0.1", self.proxy.backends[backend]))
            except OSError:
                sock.close()
                continue
            self.backend = backend
            await loop.create_connection(lambda: _Back(self), sock=sock)
            return
        if self.front is not None:
            self.front.abort()


class _End(asyncio.Protocol):
    """One end of a line. `pause_writing` passes a full buffer on to the other end, which fills it."""

    def __init__(self, line: Line) -> None:
        self.line = line

    @property
    def other(self) -> asyncio.Transport | None:
        raise NotImplementedError

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.resume_reading()


class _Front(_End):
    @property
    def other(self) -> asyncio.Transport | None:
        return self.line.back

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line, proxy = self.line, self.line.proxy
        line.front = cast(asyncio.Transport, transport)
        if proxy.is_down:
            line.front.abort()
            return
        line.name = proxy.names.pop(transport.get_extra_info("peername")[1], "")
        proxy.lines.add(line)
        proxy.keep(line.dial())

    def data_received(self, data: bytes) -> None:
        if self.line.is_frozen:
            return
        if self.line.back is None:
            self.line.waiting += data
        else:
            self.line.back.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.line.front = None
        self.line.hang_up(self.line.back)


class _Back(_End):
    @property
    def other(self) -> asyncio.Transport | None:
        return self.line.front

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line = self.line
        line.back = cast(asyncio.Transport, transport)
        if line.front is None:
            line.back.abort()
            return
        if line.waiting:
            line.back.write(bytes(line.waiting))
            line.waiting.clear()

    def data_received(self, data: bytes) -> None:
        line = self.line
        if line.front is not None and not line.is_frozen:
            line.front.write(data)
        if line.name in line.proxy.slow and line.back is not None:
            line.back.pause_reading()
            asyncio.get_running_loop().call_later(SIP_SECONDS, self._sip)

    def _sip(self) -> None:
        if self.line.back is not None and not self.line.back.is_closing():
            self.line.back.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self.line.back = None
        self.line.hang_up(self.line.front)


class Proxy:
    """Connects clients with web processes, as badly as a fault wants. backends: the ports of the processes in their
    order.
    """

    tls: ssl.SSLContext | None = None

    def __init__(self, backends: list[int]) -> None:
        self.backends = backends
        self.names: dict[int, str] = {}
        self.pins: dict[str, int] = {}
        self.slow: set[str] = set()
        self.lines: set[Line] = set()
        self.is_down = False
        self._turn = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: _Front(Line(self)), "127.0.0.1", 0, backlog=1000)
        self.port: int = self.server.sockets[0].getsockname()[1]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self.reset()
        self.cut(lambda _line: True)
        self.server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def keep(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open(self, name: str) -> socket.socket:
        """Return a connection to the proxy that is registered under this name. Raises OSError."""
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.names[sock.getsockname()[1]] = name
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        except BaseException:
            sock.close()
            raise
        return sock

    def order(self, name: str) -> list[int]:
        """Return the processes to try: the pinned one, then the others by load, and in turn when their load is the
        same.
        """
        load = [0] * len(self.backends)
        for line in self.lines:
            if line.back is not None:
                load[line.backend] += 1
        turn = next(self._turn)
        count = len(self.backends)
        order = sorted(range(count), key=lambda backend: (load[backend], (backend + turn) % count))
        pinned = self.pins.get(name)
        return order if pinned is None else [pinned, *(backend for backend in order if backend != pinned)]

    def backend_of(self, name: str) -> int | None:
        """Return the process to which this name is connected now."""
        return next((line.backend for line in self.lines if line.name == name and line.back is not None), None)

    def cut(self, which: Callable[[Line], bool]) -> set[str]:
        """Cut these lines, and return the names that used them."""
        lines = [line for line in self.lines if which(line)]
        for line in lines:
            line.cut()
        return {line.name for line in lines}

    def freeze(self, names: Iterable[str]) -> None:
        """Make the present lines of these names half-open: they stay open, and nothing passes any more."""
        names = set(names)
        for line in self.lines:
            line.is_frozen = line.is_frozen or line.name in names

    def reset(self) -> None:
        """Make the network work again, and close the lines that were half-open."""
        self.is_down = False
        self.slow.clear()
        for line in [line for line in self.lines if line.is_frozen]:
            line.cut()
