"""The two sides of a conversation as docs/protocol.md asks of a client: over a socket, over HTTP, and without a script.

All of them do the following. Messages wait in an outbox until they are acknowledged. Whenever the line was lost they
are sent again, in the same order and with the same `client_id`. A message that the client has already is dropped, and
when one is missing the client asks again. Times are shorter than those of a page (a beat after 5 s and not 20, a first
retry within 60 ms and not half a second), because the server is measured and a run must not take minutes.
"""

import asyncio
import html
import json
import random
import re
import secrets
import ssl
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from benchmarks.faults.journal import Journal, digest
from benchmarks.faults.proxy import Network
from benchmarks.faults.records import Keys, session_cookie

BEAT_SECONDS = 5.0
# When something was asked and nothing at all was heard for this long, the line is dead. The server waits less long for
# PostgreSQL.
PATIENCE_SECONDS = 4.5
RESEND_SECONDS = 6.0  # the line works, and this message was not answered for this long
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.06, 1.0
POLL_SECONDS = 0.4  # how often a page without a socket asks over HTTP
OUTBOX = 400  # nobody writes on while so many messages are not sent
CLOSE_AGAIN = 4412


def encode(frame: dict[str, Any]) -> str:
    """Return a frame as a browser writes it, without escaping letters."""
    return json.dumps(frame, ensure_ascii=False)


def tls_options(tls: ssl.SSLContext | None) -> dict[str, Any]:
    """Return the arguments of `asyncio.open_connection` for TLS."""
    return {"ssl": tls, "server_hostname": "localhost"} if tls else {}


@dataclass
class Letter:
    """A message of ours that is not acknowledged yet."""

    id: str
    body: str
    sent_at: float = 0.0


@dataclass
class Client:
    """One viewer of a conversation, who may write too."""

    keys: Keys
    side: str  # reporter or agent
    viewer: str  # the side, or the second tab of the side
    proxy: Network
    journal: Journal
    random: random.Random
    size: int = 120  # the characters of a message
    window: int = 1  # how many messages are under way at once; the visitor's page has one
    outbox: list[Letter] = field(default_factory=list)
    cursor: int = 0
    failures: int = 0
    connects: int = 0
    acknowledged: int = 0
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        """Prepare what only this kind of client has."""

    @property
    def name(self) -> str:
        """Return the name by which the proxy knows its connections."""
        return f"{self.keys.conversation}/{self.viewer}"

    @property
    def cookie(self) -> str:
        return f"{session_cookie()}={self.keys.reporter if self.side == 'reporter' else self.keys.agent}"

    def start(self) -> None:
        self.task = asyncio.ensure_future(self.live())

    async def stop(self) -> None:
        """Stop. Raise what ended the client before, if anything did, because a client does not end by itself."""
        assert self.task is not None
        self.task.cancel()
        (ended,) = await asyncio.gather(self.task, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended

    async def live(self) -> None:
        raise NotImplementedError

    @property
    def has_arrived(self) -> bool:
        """Return whether the conversation has begun for this viewer: message 1 says who answers."""
        return self.cursor > 0

    def write(self) -> None:
        """Write a message, as if somebody pressed « Envoyer »."""
        if len(self.outbox) >= OUTBOX:
            return
        client_id = str(uuid.uuid4())
        letter = Letter(client_id, f"{client_id} ".ljust(self.size, "é"))
        self.outbox.append(letter)
        self._note("send", id=client_id, b=digest(letter.body))
        self.has_written()

    def has_written(self) -> None:
        """React to a letter in the outbox."""

    def _note(self, kind: str, **fields: Any) -> None:
        self.journal.note(kind, c=self.keys.conversation, s=self.side, **fields)

    def accept(self, items: list[dict[str, Any]]) -> bool:
        """Take new messages, and drop those that are known. Return False when one is missing."""
        for item in items:
            if item["seq"] > self.cursor + 1:
                return False
            if item["seq"] == self.cursor + 1:
                self.cursor += 1
                body = digest(item["body"])
                self.journal.note(
                    "show", c=self.keys.conversation, v=self.viewer, seq=item["seq"], id=item["client_id"],
                    a=item["author"], b=body,
                )  # fmt: skip
            if item["author"] == self.side:
                self.returned(item)
        return True

    def returned(self, item: dict[str, Any]) -> None:
        """Treat a message of our own that came back as its acknowledgement."""
        self.acknowledge(item["client_id"], item["seq"])

    def acknowledge(self, client_id: str, seq: int | None) -> None:
        for place, letter in enumerate(self.outbox):
            if letter.id == client_id:
                del self.outbox[place]
                self.acknowledged += 1
                self._note("ack", id=client_id, seq=seq)
                self.left_outbox(place)
                return

    def refuse(self, client_id: str, code: str) -> None:
        for place, letter in enumerate(self.outbox):
            if letter.id == client_id:
                del self.outbox[place]
                self._note("refused", id=client_id, code=code)
                self.left_outbox(place)
                return

    def left_outbox(self, place: int) -> None:
        """Forget the letter at this place, because nothing more has to be done for it."""

    async def pause(self, *, at_once: bool = False) -> None:
        """Wait before the next try."""
        self.failures += 1
        if at_once and self.failures == 1:
            return
        longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (self.failures - 1))
        await asyncio.sleep(longest * (0.3 + 0.7 * self.random.random()))


class SocketClient(Client):
    """The visitor's page or the console, where sockets work."""

    socket: ClientConnection | None = None
    is_ready = False
    in_flight = 0
    heard_at = asked_at = beat_at = 0.0
    held_until = 0.0
    is_asking = False

    def __post_init__(self) -> None:
        self.wake = asyncio.Event()

    @property
    def path(self) -> str:
        return "/ws/conversation/" if self.side == "reporter" else "/ws/console/"

    def has_written(self) -> None:
        self.wake.set()

    def left_outbox(self, place: int) -> None:
        if place < self.in_flight:
            self.in_flight -= 1
        self.wake.set()

    async def _dial(self) -> connect:
        tls = self.proxy.tls
        # Its origin is the demonstration's, without TLS, even where Daphne speaks TLS.
        return connect(
            f"{'wss' if tls else 'ws'}://{self.proxy.host}{self.path}",
            sock=await self.proxy.open(self.name),
            ssl=tls,
            additional_headers={"Cookie": self.cookie, "Origin": f"http://{self.proxy.host}"},
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=PATIENCE_SECONDS,
            close_timeout=0.5,
            max_queue=None,
        )

    async def live(self) -> None:
        while True:
            code = None
            error: Exception | None = None
            try:
                async with await self._dial() as socket:
                    self.socket = socket
                    self.connects += 1
                    await self._converse(socket)
                code = socket.close_code
            except (OSError, WebSocketException, EOFError) as failure:
                code = self.socket.close_code if self.socket is not None else None
                error = failure
            self.socket = None
            self.is_ready = False
            self.in_flight = 0
            self.is_asking = False
            await self.closed(code, error)

    async def closed(self, code: int | None, _error: Exception | None) -> None:
        """Wait before the next try after the line ended. code: with which it was closed, if it had been open."""
        await self.pause(at_once=code == CLOSE_AGAIN)

    async def _converse(self, socket: ClientConnection) -> None:
        helpers = [asyncio.ensure_future(work) for work in (self._speak(socket), self._watch(socket))]
        try:
            self.heard_at = time.monotonic()
            self.beat_at = self.heard_at + BEAT_SECONDS * self.random.random()
            await self._opened(socket)
            async for text in socket:
                self.heard_at = time.monotonic()
                self.failures = 0
                await self._handle(socket, json.loads(text))
        finally:
            for helper in helpers:
                helper.cancel()
            for result in await asyncio.gather(*helpers, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, (OSError, WebSocketException)):
                    raise result

    async def _opened(self, socket: ClientConnection) -> None:
        await self._ask(socket, type="sync", after=self.cursor)

    async def _ask(self, socket: ClientConnection, **frame: Any) -> None:
        self.asked_at = time.monotonic()
        await socket.send(encode({"conversation": self.keys.conversation, **frame}))

    async def _handle(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if frame["type"] == "messages" and frame["conversation"] == self.keys.conversation:
            if not self.accept(frame["items"]) and not self.is_asking:
                self.is_asking = True
                await self._ask(socket, type="sync", after=self.cursor)
        elif frame["type"] == "state" and frame["conversation"] == self.keys.conversation:
            self.is_ready = True
            self.is_asking = False
            self.wake.set()
        elif frame["type"] == "error":
            await self._handle_error(socket, frame)

    async def _handle_error(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        client_id = frame.get("client_id")
        if frame["code"] in {"unavailable", "rate_limited"}:
            if client_id is None and not self.is_ready:  # the sync failed
                await asyncio.sleep(0.2)
                await self._ask(socket, type="sync", after=self.cursor)
                return
            # No message may overtake one that was not written: all of them are sent again in order, a little later.
            self.in_flight = 0
            self.held_until = time.monotonic() + 0.1 + 0.2 * self.random.random()
            self.wake.set()  # a client that has nothing more to say wakes up too, and sends it again
        elif client_id is not None:
            self.refuse(client_id, frame["code"])

    async def _speak(self, socket: ClientConnection) -> None:
        """Send what waits, in order, as far as the window allows."""
        while True:
            held = self.held_until - time.monotonic()
            if held > 0:
                await asyncio.sleep(held)
                continue
            while self.is_ready and self.in_flight < min(self.window, len(self.outbox)):
                letter = self.outbox[self.in_flight]
                self.in_flight += 1
                letter.sent_at = time.monotonic()
                await self._post(socket, letter)
                if self.held_until > time.monotonic():
                    break
            else:
                self.wake.clear()
                await self.wake.wait()

    async def _post(self, socket: ClientConnection, letter: Letter) -> None:
        await self._ask(socket, type="post", client_id=letter.id, body=letter.body)

    async def _watch(self, socket: ClientConnection) -> None:
        """Send a beat, give up a line that does not answer, and send again what was not answered."""
        while True:
            await asyncio.sleep(0.1)
            now = time.monotonic()
            if self.asked_at > self.heard_at and now - self.asked_at > PATIENCE_SECONDS:
                socket.transport.abort()
                return
            if not self.is_ready and now - self.heard_at > PATIENCE_SECONDS:
                socket.transport.abort()
                return
            if self.in_flight and self.outbox and now - self.outbox[0].sent_at > RESEND_SECONDS:
                self.in_flight = 0
                self.wake.set()
            if now >= self.beat_at:
                self.beat_at = now + BEAT_SECONDS
                await self._beat(socket)

    async def _beat(self, socket: ClientConnection) -> None:
        if self.asked_at <= self.heard_at:
            await self._ask(socket, type="beat", after=self.cursor)


class TutorialClient(SocketClient):
    """A client of the tutorial's chat, which acknowledges nothing and can be asked for nothing again."""

    @property
    def has_arrived(self) -> bool:
        return self.is_ready

    @property
    def cookie(self) -> str:
        return "none=1"  # the tutorial has no sessions

    @property
    def path(self) -> str:
        return f"/ws/room/{self.keys.conversation}/"

    async def _opened(self, socket: ClientConnection) -> None:
        self.is_ready = True
        self.wake.set()

    async def _post(self, socket: ClientConnection, letter: Letter) -> None:
        await socket.send(encode({"client_id": letter.id, "body": letter.body, "author": self.side}))
        self.outbox.remove(letter)
        self.in_flight -= 1

    async def _beat(self, socket: ClientConnection) -> None:
        """Send the library's ping, so that a dead line is found: this chat has no beat."""
        pong = await socket.ping()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await pong
        except TimeoutError:
            socket.transport.abort()

    async def _handle(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        self.journal.note(
            "show", c=self.keys.conversation, v=self.viewer, seq=None, id=frame["client_id"], a=frame["author"],
            b=digest(frame["body"]),
        )  # fmt: skip

    async def _watch(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS * (0.5 + 0.5 * self.random.random()))
            await self._beat(socket)


class HttpFailure(Exception):
    """There was no answer, or none about the message."""


class _PlainClient(Client):
    """What both pages without a socket share: they make one request after the other."""

    answer_seconds = PATIENCE_SECONDS

    def __post_init__(self) -> None:
        self.token = secrets.token_hex(16)  # Django's CSRF check compares the cookie with what is sent

    async def request(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes]:
        """Return the status and the body of the answer. Raises HttpFailure."""
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.proxy.host}",
            f"Origin: {'https' if self.proxy.tls else 'http'}://{self.proxy.host}",
            f"Cookie: {self.cookie}; csrftoken={self.token}",
            f"X-CSRFToken: {self.token}",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *([f"Content-Type: {kind}"] if kind else []),
        ]
        writer = None
        try:
            async with asyncio.timeout(self.answer_seconds):
                reader, writer = await asyncio.open_connection(
                    sock=await self.proxy.open(self.name), **tls_options(self.proxy.tls)
                )
                writer.write("\r\n".join([*head, "", ""]).encode() + body)
                answer = await reader.read()
        except OSError as error:  # TimeoutError is one
            raise HttpFailure from error
        finally:
            if writer is not None:
                writer.transport.abort()
        headers, found, content = answer.partition(b"\r\n\r\n")
        if not found:
            raise HttpFailure
        if b"transfer-encoding: chunked" in headers.lower():
            content = _unchunk(content)
        else:
            length = re.search(rb"content-length: (\d+)", headers.lower())
            if length and len(content) < int(length[1]):
                raise HttpFailure
        return int(headers.split(b" ", 2)[1]), content

    async def live(self) -> None:
        while True:
            try:
                await self.turn()
            except HttpFailure:
                await self.pause()
            else:
                self.failures = 0
                await asyncio.sleep(POLL_SECONDS * (0.8 + 0.4 * self.random.random()))

    async def turn(self) -> None:
        """Send one message if there is one, then read."""
        raise NotImplementedError


def _unchunk(content: bytes) -> bytes:
    whole = b""
    while content:
        size, found, rest = content.partition(b"\r\n")
        if not found:
            raise HttpFailure
        length = int(size, 16)
        if not length:
            return whole
        whole += rest[:length]
        content = rest[length + 2 :]
    raise HttpFailure


class FramesClient(_PlainClient):
    """The visitor's page on a network that blocks sockets: it sends the same frames, one in a request."""

    async def turn(self) -> None:
        if self.outbox:
            letter = self.outbox[0]
            await self._exchange(type="post", client_id=letter.id, body=letter.body)
        else:
            await self._exchange(type="beat", after=self.cursor)

    async def _exchange(self, **frame: Any) -> None:
        body = encode({"conversation": self.keys.conversation, **frame}).encode()
        status, content = await self.request("POST", "/tchat/trames/", body, "application/json")
        if status != 200:
            raise HttpFailure
        for answer in json.loads(content)["frames"]:
            if answer["type"] == "messages":
                if not self.accept(answer["items"]):
                    await self._exchange(type="sync", after=self.cursor)
            elif answer["type"] == "error":
                if answer["code"] in {"unavailable", "rate_limited"}:
                    raise HttpFailure
                self.refuse(answer["client_id"], answer["code"])


_LINE = re.compile(
    r'<li class="pnav-message" data-author="(\w+)" data-seq="(\d+)">.*?data-part="body">(.*?)</p>', re.DOTALL
)


class FormClient(_PlainClient):
    """The page without a script: a form, and a frame that loads itself again."""

    answer_seconds = 15.0  # a browser waits longer for a page than for a frame

    def __post_init__(self) -> None:
        super().__post_init__()
        # Pages of failure that the person read where they had asked for something else.
        self.failure_pages: list[bytes] = []

    async def turn(self) -> None:
        if self.outbox:
            letter = self.outbox[0]
            fields = f"csrfmiddlewaretoken={self.token}&client_id={letter.id}&body={letter.id}+"
            fields += "%C3%A9" * (len(letter.body) - len(letter.id) - 1)
            status, page = await self.request(
                "POST", "/tchat/message/", fields.encode(), "application/x-www-form-urlencoded"
            )
            if status == 302:
                self.acknowledge(letter.id, None)
            elif status != 200:  # 200 is the form again with a message: too many at once, or the exchange is over
                self.failure_pages.append(page)
                raise HttpFailure
        status, page = await self.request("GET", f"/tchat/suite/?apres={self.cursor}")
        if status != 200:
            self.failure_pages.append(page)
            raise HttpFailure
        items = []
        for author, seq, text in _LINE.findall(page.decode()):
            body = html.unescape(text)
            client_id = None if author == "system" else body.split(" ", 1)[0]
            items.append({"author": author, "seq": int(seq), "body": body, "client_id": client_id})
        if not self.accept(items):
            raise HttpFailure  # the next reading begins at the same place

    def returned(self, item: dict[str, Any]) -> None:
        """Do nothing: here the answer of the form acknowledges a message, and not the message on screen."""
