"""What waits for a client that does not read is counted, and bounded for each visit."""

import pytest

from chat.database import in_db
from chat.messages import protocol
from chat.realtime import send_backlog
from chat.realtime.broadcaster import ensure_broadcaster
from tests.chat.sockets import Line, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db(transaction=True)
REPORTER = "/ws/conversation/"


class Connection:
    """A connection for which a test says how much waits."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting = waiting
        self.calls: list[str] = []

    def pauseProducing(self) -> None:  # noqa: N802  as Twisted names it
        self.calls.append("pause")

    def resumeProducing(self) -> None:  # noqa: N802  as Twisted names it
        self.calls.append("resume")


def line(key: str, connection: Connection) -> Line:
    made = Line(REPORTER, key)
    made.socket.scope["transport"] = connection
    return made


async def test_nothing_is_read_before_access_is_proven():
    connection = Connection()
    key = await in_db(lambda: visit(make.waiting()))
    async with line(key, connection) as one:
        await one.send(type="sync", after=0)
        await one.until("state")
        assert connection.calls == ["pause", "resume"]
    refused = Connection()
    async with line("nobody", refused) as one:
        assert await one.closed() == protocol.CLOSE_NO_SESSION
    assert refused.calls == ["pause", "resume"]


async def test_socket_for_which_most_waits_is_cut_and_the_others_go_on():
    conversation = await in_db(make.waiting)
    await in_db(lambda: [make.message(conversation, "x" * 4000) for _each in range(5)])
    key = await in_db(visit, conversation)
    slow, other = Connection(send_backlog.VISIT_BYTES), Connection(1)
    async with line(key, slow) as cut, line(key, other) as kept:
        await cut.send(type="sync", after=0)
        await cut.until("state")
        await kept.send(type="sync", after=0)
        await kept.until("state")
        assert await cut.closed() == protocol.CLOSE_TOO_MANY
        assert await kept.post("Je lis") is not None
    assert not ensure_broadcaster().send_backlog._visits


async def test_client_that_says_it_has_read_is_not_believed():
    conversation = await in_db(make.waiting)
    await in_db(lambda: [make.message(conversation, "x" * 4000) for _each in range(5)])
    connection = Connection()
    async with line(await in_db(visit, conversation), connection) as one:
        for after in range(5):
            await one.send(type="sync", after=after)
            await one.until("state")
        connection.waiting = send_backlog.VISIT_BYTES + 1
        await one.send(type="read", seq=5)
        await one.send(type="beat", after=5)
        await one.until("beat")
        await one.send(type="sync", after=0)
        assert await one.closed() == protocol.CLOSE_TOO_MANY


async def test_what_was_read_meanwhile_does_not_count():
    conversation, connection, other = await in_db(make.waiting), Connection(send_backlog.VISIT_BYTES), Connection(2)
    await in_db(lambda: [make.message(conversation, "x" * 4000) for _each in range(5)])
    key = await in_db(visit, conversation)
    async with line(key, connection) as one, line(key, other) as two:
        await one.send(type="sync", after=0)
        await one.until("state")
        connection.waiting = 0
        await two.send(type="sync", after=0)
        await two.until("state")
        assert await one.post("Toujours là") and await two.post("Moi aussi")
