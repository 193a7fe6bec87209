"""Measures what our own layers below Django and Daphne gain: each is measured with it and without it, in one process.

`python -m benchmarks.gains` prints a table; docs/adr/0073 says what was decided with it. It needs no server and no
database. Times are processor time, the least of several rounds: they compare two ways on one machine, and say nothing
more.
"""

import asyncio
import gzip
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.support.variables import VARIABLES

os.environ.update(VARIABLES, DATABASE_URL="postgres://nobody@localhost/none", REDIS_URL="redis://localhost")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

import autobahn.twisted.websocket
import autobahn.websocket.protocol
import daphne.server
import daphne.ws_protocol
import django
from django.template import Context, Engine
from django.test import RequestFactory
from twisted.internet import tcp
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport

ROUNDS = 5
SOCKETS = 10_000
LINES = 100


def cost(call: Callable[[], Any], *, times: int) -> float:
    """Return the microseconds of processor time that one call takes: the least of ROUNDS, each with this many calls."""
    call()
    found = []
    for _round in range(ROUNDS):
        begun = time.thread_time()
        for _call in range(times):
            call()
        found.append((time.thread_time() - begun) / times)
    return min(found) * 1e6


# --- templates --------------------------------------------------------------------------------------------------------


def engine(loader: str) -> Engine:
    """Return the site's templates, read by this loader."""
    from django.conf import settings

    options = settings.TEMPLATES[0]["OPTIONS"]
    inner = options["loaders"][0][1]
    backend = django.template.engines["django"].engine
    return Engine(
        dirs=settings.TEMPLATES[0]["DIRS"],
        loaders=[(loader, inner)],
        builtins=options["builtins"],
        libraries=backend.libraries,
    )


def pages() -> dict[str, dict[str, Any]]:
    """Return two pages with the data of a visit, by template name, as previews draw them without a database."""
    from chat.rules.lifecycle import Status
    from common.texts.catalogue import CATALOGUE
    from pnav.pages.previews import text_previews
    from pnav.pages.previews.trials import Trial

    found: dict[str, dict[str, Any]] = {}

    def keep(_trial: Trial, template: str, context: dict[str, Any]) -> None:
        found[template] = {"familiar": False, "discreet": False, "theme": "system", "section": "chat", **context}

    trial = Trial(RequestFactory().get("/"), [CATALOGUE["chat.waiting_told"]])
    with patch.object(text_previews, "draw_page", keep):
        text_previews._conversation(trial, Status.WAITING)
    found["triage/result.html"] = {"familiar": False, "discreet": False, "theme": "system", "section": "triage"}
    return found


def drawn(loader: str, name: str, values: dict[str, Any]) -> float:
    template = engine(loader).get_template(name)
    return cost(lambda: template.render(Context(dict(values))), times=30)


def drawing() -> Iterator[tuple[str, float, float]]:
    from pnav.pages.build import loader

    ours, plain = "pnav.pages.build.loader.Loader", "django.template.loaders.cached.Loader"
    for name, values in pages().items():
        draw = {
            "ours": drawn(ours, name, values),
            "plain": drawn(plain, name, values),
        }
        with patch.object(loader, "_in_runs", lambda nodes: nodes):
            draw["no runs"] = drawn(ours, name, values)
        with patch.object(loader.Loader, "_joined", lambda _loader, node: node):
            draw["no joined includes"] = drawn(ours, name, values)
        yield f"{name}: folding of what never changes", draw["ours"], draw["plain"]
        yield f"{name}: of that, runs of sentences", draw["ours"], draw["no runs"]
        yield f"{name}: of that, includes joined", draw["ours"], draw["no joined includes"]


def thread() -> Iterator[tuple[str, float, float]]:
    from chat.messages.transcript import Line

    lines = [Line(n, "agent", "Police", "2027-03-03T14:35", "14:35", "Bonjour <b>", "Lu") for n in range(1, LINES + 1)]
    ours = engine("pnav.pages.build.loader.Loader")
    with_tag = ours.from_string("{% load thread_lines %}{% thread_lines lines %}")
    by_loop = ours.from_string('{% for line in lines %}{% include "chat/_message.html" %}{% endfor %}')
    context = {"lines": lines}
    yield (
        f"a thread of {LINES} messages, drawn by `thread_lines`",
        cost(lambda: with_tag.render(Context(context)), times=20),
        cost(lambda: by_loop.render(Context(context)), times=20),
    )


# --- the server -------------------------------------------------------------------------------------------------------


@contextmanager
def talking() -> Iterator[None]:
    """Use autobahn as it comes, which writes texts for its debug log."""
    from pprint import pformat

    from autobahn.util import hltype, hlval  # type: ignore[attr-defined]

    said = {"hltype": hltype, "hlval": hlval, "pformat": pformat}
    protocol, twisted = autobahn.websocket.protocol, autobahn.twisted.websocket
    theirs = {name: value for name, value in said.items() if hasattr(twisted, name)}
    with patch.multiple(protocol, **said), patch.multiple(twisted, **theirs):
        yield


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost:9000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def handshake(factory: Any) -> Any:
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(HANDSHAKE)
    return protocol


def sockets() -> Iterator[tuple[str, float, float]]:
    from pnav.server import serving

    factory = autobahn.twisted.websocket.WebSocketServerFactory("ws://localhost:9000")
    factory.protocol = autobahn.twisted.websocket.WebSocketServerProtocol
    factory.startFactory()
    body = b"x" * 100
    frame = b"\x81" + bytes([0x80 | len(body)]) + b"\0\0\0\0" + body  # the mask is zeros

    def exchange(protocol: Any) -> None:
        protocol.dataReceived(frame)
        protocol.sendMessage(body)
        protocol.transport.clear()

    serving.quieten_autobahn()
    open_now = handshake(factory)
    quiet = cost(lambda: handshake(factory), times=100), cost(lambda: exchange(open_now), times=500)
    with talking():
        loud = cost(lambda: handshake(factory), times=100), cost(lambda: exchange(open_now), times=500)
    yield "a handshake, without autobahn's texts for its debug log", quiet[0], loud[0]
    yield "a frame each way, likewise", quiet[1], loud[1]
    yield texts(serving)
    yield from rounds(serving)
    yield sending()
    yield reading()


def texts(serving: Any) -> tuple[str, float, float]:
    """Measure a beat that arrives and its answer: with our own reading and writing of whole texts, and with
    autobahn's.
    """
    from tests.test_frames import client_frame, opened

    beat = b'{"type":"beat","conversation":"0e0b7c1e-5c32-4b05-a2f5-1f6f6c6a3a44","after":12}'
    found = []
    for kind in (serving.SocketProtocol, daphne.ws_protocol.WebSocketProtocol):
        one, coming = opened(kind), client_frame(beat)
        answer = {"type": "websocket.send", "text": '{"type":"beat","at":"2026-11-28T16:00:00.000000Z"}'}

        def exchange(one: Any = one, coming: bytes = coming, answer: dict[str, str] = answer) -> None:
            one.dataReceived(coming)
            one.application_queue.get_nowait()
            one.handle_reply(answer)
            one.transport.clear()

        found.append(cost(exchange, times=2000))
    return "a text each way, read and written without autobahn", found[0], found[1]


def rounds(serving: Any) -> Iterator[tuple[str, float, float]]:
    """Measure how long one turn of the event loop is blocked by Daphne's two rounds over this many silent sockets."""

    def of(kind: type) -> Any:
        made = kind(None, endpoints=["tcp:port=0"])
        made.connections = {silent(made): {"application_instance": asyncio.Future(loop=loop)} for _ in range(SOCKETS)}
        return made

    def silent(server: Any) -> Any:
        protocol = daphne.ws_protocol.WebSocketProtocol.__new__(daphne.ws_protocol.WebSocketProtocol)
        protocol.server, protocol.state = server, protocol.STATE_OPEN
        protocol.socket_opened = protocol.last_ping = time.time()
        return protocol

    loop = asyncio.new_event_loop()
    ours, theirs = of(serving.Server), of(daphne.server.Server)
    with patch.object(serving, "_later", lambda *_call: None), patch("daphne.server.reactor.callLater"):
        for name in ("timeout_checker", "application_checker"):
            found = [cost(getattr(one, name), times=20) for one in (ours, theirs)]
            yield f"{SOCKETS:,} silent sockets, one turn of `{name}`", found[0], found[1]
    loop.close()


class _Reactor:
    """Tells a connection that it may write, as the next turn of the loop would, but without a system call."""

    def __init__(self) -> None:
        self.writers: list[Any] = []

    def addReader(self, reader: Any) -> None: ...  # noqa: N802  as Twisted names it

    def removeReader(self, reader: Any) -> None: ...  # noqa: N802  as Twisted names it

    def addWriter(self, writer: Any) -> None:  # noqa: N802  as Twisted names it
        self.writers.append(writer)

    def removeWriter(self, writer: Any) -> None:  # noqa: N802  as Twisted names it
        self.writers.remove(writer)


def sending() -> tuple[str, float, float]:
    """Return an answer of 300 bytes sent at once, and in Twisted's next turn, which asks epoll to be told and no
    longer."""
    import select

    from pnav.server.lines import Line

    found = []
    for kind in (Line, tcp.Server):
        near, far = socket.socketpair()
        near.setblocking(False)
        reactor, poll = _Reactor(), select.epoll()
        line = kind(near, Protocol(), ("127.0.0.1", 1), None, 1, reactor)
        line.protocol.transport = line

        def send(line: Any = line, far: socket.socket = far, reactor: Any = reactor, poll: Any = poll) -> None:
            line.write(b"x" * 300)
            while reactor.writers:
                poll.register(line.fileno(), select.EPOLLOUT)
                line.doWrite()
                poll.unregister(line.fileno())
            far.recv(1000)

        found.append(cost(send, times=1000))
        near.close()
        far.close()
        poll.close()
    return "an answer sent at once (`Line`)", found[0], found[1]


def reading() -> tuple[str, float, float]:
    """Measure the way of a frame of 130 bytes from the system's list of ready lines to the protocol."""
    from twisted.internet.asyncioreactor import AsyncioSelectorReactor

    from pnav.server.lines import Line

    found = []
    for kind in (Line, tcp.Server):
        near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.new_event_loop()
        line = kind(near, Protocol(), ("127.0.0.1", 1), None, 1, AsyncioSelectorReactor(loop))
        line.startReading()
        handle = loop._selector.get_key(near.fileno()).data[0]  # type: ignore[attr-defined]

        def read(far: socket.socket = far, handle: Any = handle) -> None:
            far.send(b"x" * 130)
            handle._run()

        found.append(cost(read, times=1000))
        line.stopReading()
        near.close()
        far.close()
        loop.close()
    return "a frame that comes, read without a context for a log (`Line`)", found[0], found[1]


# --- the style sheet, the environment ---------------------------------------------------------------------------------


def sheet() -> tuple[str, str, str]:
    """Return the bytes of DSFR as pages load it, and as it comes; compressed, as they travel."""
    from pnav.pages.management.commands import build_styles

    with tempfile.TemporaryDirectory() as folder:
        begun = time.thread_time()
        built = build_styles.build(Path(folder)).read_bytes()
        took = time.thread_time() - begun
    dist = build_styles.dsfr_package() / "static" / "dsfr" / "dist"
    whole = b"".join((dist / name).read_bytes() for name in build_styles.SHEETS)
    sizes = [f"{len(gzip.compress(text)) / 1024:.1f} kB" for text in (built, whole)]
    return f"DSFR's style sheet, compressed; built in {took:.1f} s", sizes[0], sizes[1]


def imports() -> tuple[str, str, str]:
    """Return the milliseconds in which a process reads the environment's library, beside one that reads nothing."""
    found = []
    for code in ("import environs", "pass"):
        times = []
        for _round in range(ROUNDS):
            done = subprocess.run(
                [sys.executable, "-c", f"import time; b = time.process_time(); {code}; print(time.process_time() - b)"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            times.append(float(done.stdout))
        found.append(min(times) * 1000)
    return "`import environs`, once a process", f"{found[0]:.0f} ms", f"{found[1]:.0f} ms"


def main() -> None:
    from django.conf import settings

    # collectstatic did not run, so the names of static files have no hash. That makes a plain engine faster than it
    # would be.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()
    print("| what | with it | without it |")
    print("| --- | --- | --- |")
    for part in (drawing, thread, sockets):
        for name, ours, plain in part():
            print(f"| {name} | {ours:,.1f} µs | {plain:,.1f} µs |", flush=True)
    for name, with_it, without in (sheet(), imports()):
        print(f"| {name} | {with_it} | {without} |", flush=True)


if __name__ == "__main__":
    main()
