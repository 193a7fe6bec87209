"""The one address of `make run`: each connection goes to the process that serves what it asks for.

Production has a proxy for this (`deploy/Caddyfile`). Here the first bytes of a connection are looked at, not read, and
the connection itself is handed over a Unix socket to the process of sockets or to that of pages (`pnav.server.lines`
adopts it there): the client's address stays true, no byte is copied, and this process has nothing to do with it any
more.

A browser opens a WebSocket on a connection of its own, so the first request decides. Whoever says nothing for
PATIENCE_SECONDS, or is one of more than SILENT_AT_MOST, goes to the pages, which have their own time-outs.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import Callable

# Of the process of sockets: its sockets, and its metrics, which are its own. No proxy of a production has the second.
SOCKETS_PATHS = (b"/ws/", b"/metrics?sockets")
LOOK_BYTES = 64  # of the request line: a method and the first part of the path
PATIENCE_SECONDS = 5.0
AGAIN_SECONDS = 0.05  # what is looked at stays there to be read: a part of a word is waited for by the clock
SILENT_AT_MOST = 256
ACCEPT_AT_ONCE = 64
BACKLOG = 2048


def is_for_sockets(start: bytes) -> bool | None:
    """Whether a connection that begins with these bytes is for the process of sockets; None: too few to tell."""
    method, space, path = start.partition(b" ")
    if not space:
        return None if len(method) < 8 else False  # a method of ours has fewer letters than that
    if path.startswith(SOCKETS_PATHS):
        return True
    is_begun = any(known.startswith(path) for known in SOCKETS_PATHS)
    return None if is_begun and len(start) < LOOK_BYTES else False


class Receiver:
    """A process that adopts connections, at the other end of a Unix socket (SOCK_SEQPACKET)."""

    def __init__(self, end: socket.socket, lost: Callable[[], None]) -> None:
        """lost: called when the process is gone."""
        end.setblocking(False)
        self._end = end
        self._lost = lost
        self._waiting: list[socket.socket] = []  # bounded by the open files of this process: accepting then stops

    def take(self, connection: socket.socket) -> None:
        """Hand this connection over, now or when the process has taken what was handed over before."""
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
    """Accepts, looks, hands over. All of it in one event loop; nothing here waits."""

    def __init__(self, listening: socket.socket, pages: Receiver, sockets: Receiver) -> None:
        self._listening = listening
        self._pages = pages
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._silent: dict[socket.socket, asyncio.TimerHandle] = {}  # the oldest first
        listening.setblocking(False)
        self._loop.add_reader(listening, self._accept)

    def _accept(self) -> None:
        for _turn in range(ACCEPT_AT_ONCE):
            try:
                connection, _address = self._listening.accept()
            except BlockingIOError:
                return
            except OSError:  # the client left first, or there are too many open files: the others are tried again
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
    """Listen on this machine's own address until one of the processes is gone; 1 then."""
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
