"""Accepts the connections of `make run` at one port, and hands each to the process that serves what it asks for.

In production a proxy does this (`deploy/Caddyfile`). Here the first bytes of a connection are looked at without being
read. Then the connection itself is handed over a Unix socket to the process of sockets or to that of pages, where
`pnav.server.lines` takes it over. So the client's address is kept, no byte is copied, and this process has no more to
do with the connection.

A browser opens a WebSocket on a connection of its own, so the first request decides. A connection that sends nothing
for PATIENCE_SECONDS, or that is one of more than SILENT_AT_MOST silent ones, goes to the process of pages, which has
its own time-outs.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import Callable

# The paths that the process of sockets serves: its WebSockets, and its own metrics. A proxy in production does not have
# the second.
SOCKETS_PATHS = (b"/ws/", b"/metrics?sockets")
LOOK_BYTES = 64  # how much of the request line is looked at: a method and the first part of the path
PATIENCE_SECONDS = 5.0
# When too few bytes have come, the connection is looked at again after this time. The bytes are not read, so that the
# event loop could not wait for more of them.
AGAIN_SECONDS = 0.05
SILENT_AT_MOST = 256
ACCEPT_AT_ONCE = 64
BACKLOG = 2048


def is_for_sockets(start: bytes) -> bool | None:
    """Return whether a connection that begins with these bytes is for the process of sockets; None if they are too
    few."""
    method, space, path = start.partition(b" ")
    if not space:
        return None if len(method) < 8 else False  # no method that is served has so many letters
    if path.startswith(SOCKETS_PATHS):
        return True
    is_begun = any(known.startswith(path) for known in SOCKETS_PATHS)
    return None if is_begun and len(start) < LOOK_BYTES else False


class Receiver:
    """It is a process that adopts connections, at the other end of a Unix socket (SOCK_SEQPACKET)."""

    def __init__(self, end: socket.socket, lost: Callable[[], None]) -> None:
        """Begin on this end of a pair of sockets. lost: called when the process is gone."""
        end.setblocking(False)
        self._end = end
        self._lost = lost
        self._waiting: list[socket.socket] = []  # bounded by the open files of this process, as accepting then fails

    def take(self, connection: socket.socket) -> None:
        """Hand this connection over, at once or when the process has taken those before it."""
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            self._send()

    def _send(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            try:
                socket.send_fds(self._end, [b"c"], [self._waiting[0].fileno()])
            except BlockingIOError:
                loop.add_writer(self._end, self._send)
                return
            except OSError:
                self._lost()
                return
            self._waiting.pop(0).close()
        loop.remove_writer(self._end)


class Front:
    """Accepts connections, looks at their first bytes and hands them over, in one event loop that nothing blocks."""

    def __init__(self, listening: socket.socket, pages: Receiver, sockets: Receiver) -> None:
        self._listening = listening
        self._pages = pages
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        # Connections that have sent nothing, the oldest first.
        self._silent: dict[socket.socket, asyncio.TimerHandle] = {}
        listening.setblocking(False)
        self._loop.add_reader(listening, self._accept)

    def _accept(self) -> None:
        for _turn in range(ACCEPT_AT_ONCE):
            try:
                connection, _address = self._listening.accept()
            except BlockingIOError:
                return
            except OSError:  # the client has left, or too many files are open; accepting goes on a moment later
                self._rest()
                return
            connection.setblocking(False)
            self._silent[connection] = self._loop.call_later(PATIENCE_SECONDS, self._hand, connection, self._pages)
            self._look(connection)
            if len(self._silent) > SILENT_AT_MOST:
                self._hand(next(iter(self._silent)), self._pages)

    def _rest(self) -> None:
        self._loop.remove_reader(self._listening)
        self._loop.call_later(AGAIN_SECONDS, self._loop.add_reader, self._listening, self._accept)

    def _look(self, connection: socket.socket) -> None:
        if connection not in self._silent:
            return
        try:
            start = connection.recv(LOOK_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            self._loop.add_reader(connection, self._look, connection)
            return
        except OSError:
            start = b""
        if not start:
            self._forget(connection)
            connection.close()
            return
        answer = is_for_sockets(start)
        if answer is None:
            self._loop.remove_reader(connection)
            self._loop.call_later(AGAIN_SECONDS, self._look, connection)
        else:
            self._hand(connection, self._sockets if answer else self._pages)

    def _hand(self, connection: socket.socket, receiver: Receiver) -> None:
        self._forget(connection)
        receiver.take(connection)

    def _forget(self, connection: socket.socket) -> None:
        self._silent.pop(connection).cancel()
        self._loop.remove_reader(connection)


async def serve(port: int, pages: socket.socket, sockets: socket.socket) -> int:
    """Listen on this machine's own address until one of the two processes is gone, and return exit status 1."""
    gone = asyncio.Event()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(BACKLOG)
        Front(listening, Receiver(pages, gone.set), Receiver(sockets, gone.set))
        await gone.wait()
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "pages", "sockets"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    ends = [socket.socket(fileno=descriptor) for descriptor in (options.pages, options.sockets)]
    return asyncio.run(serve(options.port, *ends))


if __name__ == "__main__":
    sys.exit(main())
