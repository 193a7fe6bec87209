"""Carries notifications over PostgreSQL in place of Redis: the channel layer of `PUBSUB=postgresql` (docs/adr/0091).

It does what `chat.pubsub` asks of a layer and no more: there is one group, to which every process listens. Each process
has one connection for it, beside the pool and those of the threads, which listens and notifies. What is sent together
is one statement, in a transaction that writes nothing else. Its COMMIT does not wait for the disk: PostgreSQL holds a
lock of the whole server from NOTIFY to the end of COMMIT, and whoever notifies next would have to wait. A transaction
that writes messages never notifies.

A payload is shorter than PostgreSQL's limit of 8,000 bytes. Longer messages are cut between two notifications, into at
most PAYLOADS_AT_MOST pieces; an even longer one becomes « read everything again ».

When a connection ends, whoever listens is told (`receive` raises). The next caller who needs one opens it again.
"""

import asyncio
import json
import uuid
from collections import deque
from typing import Any

import psycopg
from channels.layers import BaseChannelLayer
from django.db import DEFAULT_DB_ALIAS, connection, connections
from psycopg import pq, sql

PAYLOAD_BYTES = 7_900  # PostgreSQL accepts 7,999
PAYLOADS_AT_MOST = 8  # how many payloads one statement sends: some 800 notifications
WAITING_AT_MOST = 2_000  # the most payloads that arrived and that a listener has not taken
READ_ALL = "look"  # the value of `chat.pubsub.RESYNC`
# The statement is a constant: channel and payloads are passed as values.
NOTIFY = (
    "SELECT set_config('synchronous_commit', 'off', true), pg_notify({channel}, payload)"
    " FROM json_array_elements_text({payloads}::json) AS payload"
)
NOTIFY_HERE = NOTIFY.format(channel="%s", payloads="%s")
NOTIFY_BY_LIBPQ = NOTIFY.format(channel="$1", payloads="$2").encode()


class LineLostError(ConnectionError):
    """The connection that listened has ended; what was sent since is lost."""


def payloads(message: dict[str, Any]) -> list[str]:
    """Cut a message of the hub into JSON texts that fit a NOTIFY, each with some of its notifications (`rings`)."""
    head = {name: value for name, value in message.items() if name != "rings"}
    room = PAYLOAD_BYTES - len(_json({**head, "rings": []}))
    parts: list[list[Any]] = [[]]
    size = 0
    for ring in message["rings"]:
        length = len(_json(ring)) + 1
        if size + length > room and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(ring)
        size += length
    if len(parts) > PAYLOADS_AT_MOST or size > room:
        parts = [[[READ_ALL]]]
    return [_json({**head, "rings": part}) for part in parts]


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))  # in ASCII, so that a character is a byte


class _Line:
    """It is the connection of one event loop. Everything on it runs in that loop, one statement at a time."""

    def __init__(self, channel: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.channel = channel
        self.waiting: dict[str, deque[dict[str, Any]]] = {}  # messages that have arrived, by listener
        self.is_lost = False
        self._came = asyncio.Event()
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[None] | None = None
        self._failure: str | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        # Kept here, because libpq forgets it when the server hangs up, and the loop must still stop watching it.
        self._descriptor = -1

    async def open(self) -> None:
        """Open the connection and have the event loop watch it. Raises psycopg.Error."""
        self._connection = await psycopg.AsyncConnection.connect(autocommit=True, **_parameters())
        self._libpq.nonblocking = 1
        self._descriptor = self._libpq.socket
        self.loop.add_reader(self._descriptor, self._readable)

    @property
    def _libpq(self) -> pq.abc.PGconn:
        if self._connection is None:
            raise LineLostError
        return self._connection.pgconn

    async def listen(self, listener: str) -> None:
        """Receive what is notified from now on, for this listener. Raises psycopg.Error, LineLostError."""
        name = sql.Identifier(self.channel).as_bytes(self._connection)
        await self.run(b"LISTEN " + name)
        self.waiting[listener] = deque()

    async def notify(self, texts: list[str]) -> None:
        """Notify all listeners of the channel, this process among them. Raises psycopg.Error, LineLostError."""
        await self.run(NOTIFY_BY_LIBPQ, [self.channel.encode(), _json(texts).encode()])

    async def run(self, statement: bytes, values: list[bytes | None] | None = None) -> None:
        """Run a statement whose rows are not needed. Any error closes the connection.

        Raises psycopg.Error, LineLostError.
        """
        async with self._turn:
            if self.is_lost:
                raise LineLostError
            self._answer, self._failure = self.loop.create_future(), None
            try:
                self._libpq.send_query_params(statement, values)
                self._flush()
                await self._answer
            except BaseException:  # a caller that gives up counts too: the next one would take this answer for its own
                self.close()
                raise
            finally:
                self._answer = None

    def _flush(self) -> None:
        try:
            if self._libpq.flush():
                self.loop.add_writer(self._descriptor, self._flush)
            else:
                self.loop.remove_writer(self._descriptor)
        except psycopg.Error as error:
            self.close(error)

    def _readable(self) -> None:
        try:
            self._libpq.consume_input()
            while self._answer is not None and not self._libpq.is_busy():
                result = self._libpq.get_result()
                if result is None:
                    self._done()
                    break
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    self._failure = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
            while (notify := self._libpq.notifies()) is not None:
                self._take(notify.extra)
        except psycopg.Error as error:
            self.close(error)

    def _done(self) -> None:
        if self._answer is None or self._answer.done():
            return
        if self._failure is not None:
            self._answer.set_exception(psycopg.OperationalError(f"SQLSTATE {self._failure}"))
        else:
            self._answer.set_result(None)

    def _take(self, payload: bytes) -> None:
        """Give a payload to every listener. Anybody who may notify can send anything; the hub refuses what is invalid.

        A payload that is no JSON becomes an empty message.
        """
        try:
            message = json.loads(payload)
        except ValueError:
            message = {}
        for listener, waiting in list(self.waiting.items()):
            if len(waiting) < WAITING_AT_MOST:
                waiting.append(message)
            else:  # this listener has stopped taking messages: it listens again, and then reads everything
                del self.waiting[listener]
        self._came.set()

    async def next(self, listener: str) -> dict[str, Any]:
        """Wait for the next message. Raises LineLostError once the connection has ended and nothing is left."""
        while True:
            waiting = self.waiting.get(listener)
            if waiting:
                return waiting.popleft()
            if self.is_lost or waiting is None:
                raise LineLostError
            self._came.clear()
            await self._came.wait()

    def close(self, error: Exception | None = None) -> None:
        """Close the connection. Whoever waits for an answer or a message gets an error."""
        if self.is_lost:
            return
        self.is_lost = True
        if self._descriptor >= 0:
            self.loop.remove_reader(self._descriptor)
            self.loop.remove_writer(self._descriptor)
        if self._connection is not None:
            self._libpq.finish()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or LineLostError())
        self._came.set()


def _parameters() -> dict[str, Any]:
    """Return the parameters by which Django reaches its database, for a connection outside Django."""
    found = connections[DEFAULT_DB_ALIAS].get_connection_params()
    for name in ("cursor_factory", "context", "pool", "prepare_threshold"):
        found.pop(name, None)
    found.setdefault("connect_timeout", 2)
    found.setdefault("tcp_user_timeout", 3000)
    return dict(found)


class NotifyLayer(BaseChannelLayer):
    """It is the channel layer over LISTEN and NOTIFY.

    prefix: begins the name of the channel in the database, so that several sites can share one database.
    """

    def __init__(self, prefix: str = "pnav", **more: Any) -> None:
        super().__init__(**more)
        self.prefix = prefix
        self._lines: dict[asyncio.AbstractEventLoop, _Line] = {}
        self._opening: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}

    async def _line(self, group: str) -> _Line:
        """Return the connection of the running loop. It is opened if there is none, or if it has ended."""
        loop = asyncio.get_running_loop()
        self._forget_the_ended()
        async with self._opening.setdefault(loop, asyncio.Lock()):
            line = self._lines.get(loop)
            if line is None or line.is_lost:
                line = _Line(self._name(group))
                await line.open()
                self._lines[loop] = line
            return line

    def _name(self, group: str) -> str:
        return f"{self.prefix}_{group}"

    def _forget_the_ended(self) -> None:
        for loop in [loop for loop in self._lines if loop.is_closed()]:
            self._lines.pop(loop)._libpq.finish()
            self._opening.pop(loop, None)

    async def new_channel(self, prefix: str = "specific") -> str:
        """Return a name that no other channel has, as Channels asks of a layer."""
        return f"{prefix}.{uuid.uuid4().hex}"

    async def group_add(self, group: str, channel: str) -> None:
        """Listen on this channel from now on. Raises psycopg.Error, LineLostError."""
        await (await self._line(group)).listen(channel)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message of this channel.

        Raises LineLostError when the connection has ended. The caller then listens again, and reads what it missed.
        """
        line = self._lines.get(asyncio.get_running_loop())
        if line is None:
            raise LineLostError
        return await line.next(channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Notify all processes, this one too, in one statement. Raises psycopg.Error, LineLostError."""
        await (await self._line(group)).notify(payloads(message))

    def group_send_now(self, group: str, message: dict[str, Any]) -> None:
        """Notify from a command, which has no event loop, on Django's connection. Raises django.db.Error.

        Call it after COMMIT.
        """
        with connection.cursor() as cursor:
            cursor.execute(NOTIFY_HERE, [self._name(group), _json(payloads(message))])

    async def close(self) -> None:
        """Close the connection of the running loop."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        self._opening.pop(asyncio.get_running_loop(), None)
        if line is not None:
            line.close()
