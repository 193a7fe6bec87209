"""A light HTTP/1.1 client: `python -m benchmarks.load PORT PATH COOKIE CONNECTIONS SECONDS` prints `answers bytes`.

Each connection asks again as soon as it has the whole answer. Anything but 200, or an answer without a length, ends it.
"""

import asyncio
import re
import sys
import time

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Asker(asyncio.Protocol):
    """One connection that is kept open."""

    def __init__(self, request: bytes, until: float) -> None:
        self.request, self.until = request, until
        self.buffer = bytearray()
        self.missing = 0
        self.answers = self.bytes = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.missing:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[: end + 4])
            length = LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200 ") or length is None:
                self.done.set_exception(SystemExit(f"void: {head.split(b'\r\n')[0].decode()}"))
                return
            self.missing = end + 4 + int(length[1])
        if len(self.buffer) < self.missing:
            return
        self.answers += 1
        self.bytes = self.missing
        self.buffer.clear()
        self.missing = 0
        if time.monotonic() < self.until:
            self.transport.write(self.request)
        else:
            self.transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(SystemExit("void: the server closed a connection"))


async def main(port: str, path: str, cookie: str, connections: str, seconds: str, encoding: str = "") -> None:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookie}", "User-Agent: bench"]
    request = "\r\n".join(lines + ([f"Accept-Encoding: {encoding}"] if encoding else []) + ["", ""]).encode()
    loop = asyncio.get_running_loop()
    until = time.monotonic() + float(seconds)
    made = [
        await loop.create_connection(lambda: Asker(request, until), "127.0.0.1", int(port))
        for _each in range(int(connections))
    ]
    await asyncio.gather(*(asker.done for _transport, asker in made))
    print(sum(asker.answers for _transport, asker in made), max(asker.bytes for _transport, asker in made))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
