"""Handshakes of sockets with the worst that a request without a body may carry: headers, cookies, query, subprotocols;
and frames that no page of ours sends.

Processor time is measured in a real process, `daphne` with our application, because what it parses before our code runs
is part of the cost. Statements, rows, memory and stored rows are measured in this process, where they can be counted.
"""

import asyncio
import contextlib
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.cache import cache

from benchmarks.costs import drive, stored, table
from benchmarks.costs.drive import Cost, Verdict
from benchmarks.costs.noise import Noise
from benchmarks.site import Stage, Web

if TYPE_CHECKING:
    from chat.realtime.authentication import Identities
    from tests.access.people import Cast

# Handshakes in one measurement, one after the other, because the kernel counts a process's time in coarse steps.
TOGETHER = 8
SIZES = (3_500, 7_000, 14_000)  # bytes: a server reads at most 16 KiB of a request's head
HEADERS = (100, 200, 400)  # how many headers are sent; a server reads 500 at most
SETTLED_SECONDS = (
    # The delay after which the sender's address is sealed and stored: `chat.realtime.authentication.ARRIVALS_SECONDS`.
    0.08
)
STORED_SECONDS = 20  # the longest that this may take on a busy machine
PATIENCE_SECONDS = 1.0
STATE_SECONDS = 20  # the longest that the state may take on a busy machine
# The person's page asks for its state first, and nothing is sent to it before that. It has all messages: otherwise the
# server would go on with pages of 200, as many as the machine makes until the line is closed. The mask is zeros.
ASKS_FIRST, SYNC = "/ws/conversation/", '{"type":"sync","after":1000000}'
SYNC_FRAME = bytes([0x81, 0x80 | len(SYNC)]) + bytes(4) + SYNC.encode()
# The server parses the same whatever the address is. For the console, only what our code reads is tried.
FEW = (
    "nothing", "cookies", "session of latin", "query of latin", "headers", "subprotocols", "agent", "origin", "pings",
)  # fmt: skip
# Frames without content, masked with zeros: a ping, a pong, and the first and a further part of a text without an end.
PING, PONG, BEGINS, GOES_ON = (bytes([opcode, 0x80]) + bytes(4) for opcode in (0x89, 0x8A, 0x01, 0x00))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455, which a server hashes
Pairs = tuple[tuple[str, str], ...]


class Head(NamedTuple):
    """The head of a handshake. piece: how many bytes are sent at once; 0 for all. after: what is sent on the socket."""

    query: str = ""
    more_path: str = ""
    headers: Pairs = ()
    cookie: str = ""
    host: str = ""
    origin: str = ""
    piece: int = 0
    after: bytes = b""


class Kind(NamedTuple):
    name: str
    heads: tuple[Head, Head, Head]


def _fill(part: str, size: int) -> str:
    return (part * (size // len(part) + 1))[:size]


def kinds(*, is_elsewhere: bool) -> Iterator[Kind]:
    """Yield the kinds of handshakes. is_elsewhere: whether the address is none of ours, and can therefore be
    long too.
    """

    def of(name: str, make: Callable[[int], Head], sizes: tuple[int, int, int] = SIZES) -> Kind:
        return Kind(name, (make(sizes[0]), make(sizes[1]), make(sizes[2])))

    name = settings.SESSION_COOKIE_NAME
    yield of("nothing", lambda _size: Head())
    yield of("cookies", lambda size: Head(cookie="; ".join(f"c{n}=x" for n in range(size // 9))))
    for sign, part in {
        "latin": "x", "accents": "\xc3\xa9", "percent": "%C3", "quoted octals": "\\303", "quotes": '"',
        "separators": ";", "equals": "=", "spaces": " ",
    }.items():  # fmt: skip
        yield of(f"session of {sign}", lambda size, part=part: Head(cookie=f'{name}="{_fill(part, size)}"'))
    for sign, part in {"latin": "x", "percent": "%C3%A9", "fields": "a=1&", "bidi": "%E2%80%AE"}.items():
        yield of(f"query of {sign}", lambda size, part=part: Head(query=_fill(part, size)))
        if is_elsewhere:
            yield of(f"address of {sign}", lambda size, part=part: Head(more_path=_fill(part, size)))
    if is_elsewhere:
        yield of("address of slashes", lambda size: Head(more_path=_fill("/", size)))
        yield of("address of dots", lambda size: Head(more_path=_fill("../", size)))
    yield of("headers", lambda size: Head(headers=tuple((f"X-A{n}", "1") for n in range(size))), HEADERS)
    yield of("the same header", lambda size: Head(headers=(("X-A", "1"),) * size), HEADERS)
    yield of("subprotocols", lambda size: Head(headers=(("Sec-WebSocket-Protocol", _many("p{}, ", size)),)))
    yield of("a subprotocol", lambda size: Head(headers=(("Sec-WebSocket-Protocol", "p" * size),)))
    for extension in ("permessage-deflate, ", "permessage-deflate; client_max_window_bits, ", "x; ", "x=", ","):
        yield of(
            f"extensions « {extension.strip()} »",
            lambda size, part=extension: Head(headers=(("Sec-WebSocket-Extensions", _fill(part, size) + "x"),)),
        )
    yield of("forwarded", lambda size: Head(headers=(("X-Forwarded-For", _fill("203.0.113.7, ", size)),)))
    yield of("agent", lambda size: Head(headers=(("User-Agent", _fill("\xc3\xa9", size)),)))
    yield of("origin", lambda size: Head(origin="http://" + _fill("a.", size)))
    yield of("host", lambda size: Head(host=_fill("a.", size), origin="http://a"))
    yield of("host of digits", lambda size: Head(host="[" + _fill("1:", size), origin="http://a"))
    yield of("byte by byte", lambda size: Head(cookie="x" * size, piece=1), (1_000, 2_000, 4_000))
    yield of("in small pieces", lambda size: Head(cookie="x" * size, piece=64))
    if not is_elsewhere:
        yield of("pings", lambda size: Head(after=PING * size))
        yield of("pongs", lambda size: Head(after=PONG * size))
        yield of("fragments", lambda size: Head(after=BEGINS + GOES_ON * size))


def _many(part: str, size: int) -> str:
    text = ""
    number = 0
    while len(text) < size:
        text += part.format(number)
        number += 1
    return text.removesuffix(", ")


def headers_of(head: Head, key: str, host: str) -> list[tuple[bytes, bytes]]:
    host = head.host or host
    cookies = "; ".join(part for part in (f"{settings.SESSION_COOKIE_NAME}={key}" if key else "", head.cookie) if part)
    pairs = [
        ("Host", host), ("Origin", head.origin or f"http://{host}"), *([("Cookie", cookies)] if cookies else []),
        *head.headers,
    ]  # fmt: skip
    return [(name.encode(), value.encode("latin-1")) for name, value in pairs]


# --- a real process ---------------------------------------------------------------------------------------------------


def processor_ms(pid: int) -> float:
    """Return the processor time of all threads of a process in ms, to the nanosecond as the kernel counts it."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the thread has just ended
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e6


def shake(port: int, path: str, key: str, head: Head) -> int:
    """Do one handshake, up to the first frame or the end, and return the status; 0 when it was hung up without one."""
    query = f"?{head.query}" if head.query else ""
    lines = [f"GET {path}{head.more_path}{query} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in headers_of(head, key, f"127.0.0.1:{port}")]
    lines += [b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Key: {KEY}".encode()]
    request = b"\r\n".join([*lines, b"", b""])
    answer = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # It was refused before it was sent as a whole, or it was accepted and has no more to say.
        with contextlib.suppress(ConnectionError, TimeoutError):
            if head.piece:
                for start in range(0, len(request), head.piece):
                    line.sendall(request[start : start + head.piece])
            else:
                line.sendall(request)
            while b"\r\n\r\n" not in answer and (more := line.recv(65_536)):
                answer += more
            if answer[9:12] == b"101" and answer.endswith(b"\r\n\r\n"):
                if path == ASKS_FIRST:
                    line.sendall(SYNC_FRAME)
                line.recv(65_536)
                if head.after:
                    line.sendall(head.after)
                    while line.recv(65_536):
                        pass
    return int(answer[9:12] or 0) if answer[:5] == b"HTTP/" else 0


def _processor(web: Web, path: str, key: str, head: Head) -> tuple[float, int]:
    before = processor_ms(web.pid)
    for _time in range(TOGETHER):
        status = shake(web.port, path, key, head)
    time.sleep(SETTLED_SECONDS)
    return (processor_ms(web.pid) - before) / TOGETHER, status


def _three(web: Web, path: str, key: str, heads: tuple[Head, Head, Head], tries: int) -> drive.Three:
    best = [Cost(float("inf"), 0, 0, 0, 0) for _head in heads]
    for _try in range(tries):
        for cost, head in zip(best, heads, strict=True):
            ms, cost.status = _processor(web, path, key, head)
            cost.ms = min(cost.ms, ms)
    first, second, third = best
    return first, second, third


# --- the same application here ----------------------------------------------------------------------------------------


async def _connect(path: str, key: str, head: Head) -> int:
    from benchmarks.costs.served import application

    query = f"?{head.query}" if head.query else ""
    headers = [(name.lower(), value) for name, value in headers_of(head, key, "testserver")]
    line = WebsocketCommunicator(application, path + head.more_path + query, headers=headers)
    line.scope["client"] = ["127.0.0.1", 40_000]
    await line.send_input({"type": "websocket.connect"})
    answered = 0
    with contextlib.suppress(TimeoutError):  # it was accepted, and has no more to say
        patience = PATIENCE_SECONDS
        while (event := await line.receive_output(patience))["type"] == "websocket.accept":
            if path == ASKS_FIRST:
                patience = STATE_SECONDS
                await line.send_input({"type": "websocket.receive", "text": SYNC})
        answered = len(event.get("text", ""))
    await asyncio.sleep(SETTLED_SECONDS)
    await _address_is_stored(line.scope.get("identities"))
    with contextlib.suppress(TimeoutError):
        await line.disconnect()
    return answered


async def _address_is_stored(identities: "Identities | None") -> None:
    """Wait for it, because what is stored late counts as left behind by the next handshake. Raises TimeoutError.

    identities: those of a handshake that came as far as that.
    """
    async with asyncio.timeout(STORED_SECONDS):
        while identities is not None and identities.is_storing:
            await asyncio.sleep(0.01)


async def _count(cost: Cost, path: str, key: str, head: Head) -> set[str]:
    with drive.counted() as counter:
        cost.answer_bytes = await _connect(path, key, head)
    cost.statements, cost.rows = counter.statements, counter.rows
    return counter.tables


async def _count_again(cost: Cost, path: str, key: str, head: Head) -> None:
    """Count once more, and keep the smaller number of rows and statements."""
    again = replace(cost)
    await _count(again, path, key, head)
    if again.rows < cost.rows:
        cost.rows, cost.statements = again.rows, again.statements


async def _weigh(path: str, key: str, head: Head) -> int:
    tracemalloc.start()
    try:
        await _connect(path, key, head)
        return tracemalloc.get_traced_memory()[1] // 1024
    finally:
        tracemalloc.stop()


async def count_all(kind: Kind, costs: drive.Three, path: str, key: str) -> None:
    """Count statements, rows and answer of n and 4n (2n lies between them), and memory and stored rows of 4n."""
    from chat.database import in_db
    from chat.realtime.broadcaster import close_broadcaster

    first, second, last = costs
    try:
        tables = await _count(first, path, key, kind.heads[0])
        await _count(last, path, key, kind.heads[2])
        if drive.reads_more(first, last):
            # What a process keeps for some seconds is read again by whichever handshake comes then.
            await _count_again(first, path, key, kind.heads[0])
            await _count_again(last, path, key, kind.heads[2])
        second.statements, second.rows, second.answer_bytes = first.statements, first.rows, first.answer_bytes
        # Run once more with an empty Valkey to see what stays there. Texts and settings are then read again for
        # everybody.
        await in_db(cache.clear)
        before = await in_db(stored.look, tables)
        await _connect(path, key, kind.heads[2])
        last.stored = await in_db(stored.since, before)
        last.kib = await _weigh(path, key, kind.heads[2])
    finally:
        await close_broadcaster()


# --- all of them ------------------------------------------------------------------------------------------------------


def people(cast: "Cast") -> dict[str, str]:
    """Return, for each socket, the session key of somebody whom it lets in, because they cost most."""
    from tests.access.people import ASSIGNED, REPORTER

    who = {"ws/conversation/": REPORTER, "ws/console/": ASSIGNED}
    return {name: cast.keys[who[name]] if name else "" for name in table.SOCKETS}


def label_of(name: str) -> str:
    return f"socket {name or 'any other address'}"


def drive_all(ground: Stage, cast: "Cast", only: str) -> list[Verdict]:
    """Drive every socket with every kind of handshake. The cast stays in the database."""
    chosen = {name: line for name, line in table.SOCKETS.items() if only in label_of(name)}
    if not chosen:
        return []
    from chat.database import close_thread_connections

    keys = people(cast)
    driven: list[tuple[Verdict, str, str, tuple[Head, Head, Head]]] = []
    cache.clear()
    web = Web(ground.folder, "benchmarks.costs.served:application")
    try:
        web.start()
        noise = Noise()
        for name in chosen:
            # This reads what a process reads only once.
            _three(web, path_of(name), keys[name], (Head(), Head(), Head()), 1)
        for name, line in chosen.items():
            _look_at_noise(web, noise, keys)
            for kind in kinds(is_elsewhere=not name):
                if name == "ws/console/" and kind.name not in FEW:
                    continue
                verdict = _drive(web, name, line, keys[name], kind, noise)
                driven.append((verdict, path_of(name), keys[name], kind.heads))
        _look_at_noise(web, noise, keys)
        for verdict, path, key, heads in driven:
            if verdict.doubts:  # a verdict in doubt is measured again later, with the noise that is known then
                noise.look_at_slowness()
                costs = _three(web, path, key, heads, drive.TRIES_IN_DOUBT)
                again = drive.judge(verdict.act, verdict.kind, costs, verdict.budget, noise=noise)
                verdict.unless_found_again(again)
    finally:
        web.stop()
        close_thread_connections()
    return [verdict for verdict, *_how in driven]


def path_of(name: str) -> str:
    return f"/{name or 'ws/elsewhere/'}"


def _look_at_noise(web: Web, noise: Noise, keys: dict[str, str]) -> None:
    noise.look_at_slowness()
    same = (Head(), Head(), Head())
    cheap = _three(web, path_of(""), "", same, drive.TRIES_IN_DOUBT)
    dear = _three(web, path_of("ws/conversation/"), keys["ws/conversation/"], same, drive.TRIES_IN_DOUBT)
    noise.learn(cheap=tuple(one.ms for one in cheap), dear=tuple(one.ms for one in dear))


def _drive(web: Web, name: str, line: table.Line, key: str, kind: Kind, noise: Noise) -> Verdict:
    path, label = path_of(name), label_of(name)
    costs = _three(web, path, key, kind.heads, 1)
    if drive.judge(label, kind.name, costs, line.read, noise=noise).doubts:
        costs = _three(web, path, key, kind.heads, drive.TRIES_IN_DOUBT)
    asyncio.run(count_all(kind, costs, path, key))
    return drive.judge(label, kind.name, costs, line.read, stores=line.stores, noise=noise)
