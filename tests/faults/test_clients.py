"""A client of the harness does what docs/protocol.md asks: it sends again what was given back, from the first message
on.
"""

import asyncio
import json
import random

import pytest

from benchmarks.faults import floods
from benchmarks.faults.clients import SocketClient
from benchmarks.faults.floods import FloodClient
from benchmarks.faults.journal import Journal
from benchmarks.faults.records import Keys
from chat.rules.message_limits import REPORTER


class Server:
    """Takes frames in place of a socket."""

    def __init__(self):
        self.posted = asyncio.Queue()

    async def send(self, text):
        self.posted.put_nowait(json.loads(text)["client_id"])

    async def gets(self, count):
        async with asyncio.timeout(20):
            return [await self.posted.get() for _each in range(count)]


async def test_client_that_has_nothing_more_to_say_sends_again_what_was_given_back():
    client = SocketClient(Keys("C", "", ""), "agent", "agent", None, Journal(), random.Random(1), window=2)
    server = Server()
    client.is_ready = True
    for _message in range(3):
        client.write()
    first, second, third = (letter.id for letter in client.outbox)
    speaking = asyncio.ensure_future(client._speak(server))
    try:
        assert await server.gets(2) == [first, second]
        for client_id in (first, second):
            await client._handle(server, {"type": "error", "code": "unavailable", "client_id": client_id})
        assert await server.gets(2) == [first, second], "in the same order, and nothing before them"
        client.acknowledge(first, 1)
        assert await server.gets(1) == [third]
    finally:
        speaking.cancel()


class Pipe:
    """Takes the frames of a flood in place of its transport."""

    def __init__(self):
        self.frames = []

    def write(self, data):
        """Read what a client sends; its mask is four zeros."""
        while data:
            start, length = 6, data[1] & 0x7F
            if length == 126:
                start, length = 8, int.from_bytes(data[2:4])
            self.frames.append(json.loads(data[start : start + length]))
            data = data[start + length :]

    def abort(self):
        self.frames.append("hung up")

    def take(self):
        taken, self.frames = self.frames, []
        return taken


def flood(monkeypatch, *, window=2, most=100):
    """Return a flood whose line is open and has caught up, and what it writes to."""
    monkeypatch.setattr(floods, "MOST", most)
    client = FloodClient(Keys("C", "", ""), "agent", "agent", None, Journal(), random.Random(1), window=window)
    client.socket = floods._Socket(client, b"")
    client.socket.transport = pipe = Pipe()
    client.heard({"type": "messages", "conversation": "C", "items": [item(1, "system", None)]})
    client.heard({"type": "state", "conversation": "C"})
    return client, pipe


def item(seq, author, client_id):
    return {"seq": seq, "author": author, "client_id": client_id, "body": "text"}


def back(client, *items):
    client.heard({"type": "messages", "conversation": "C", "items": list(items)})


async def test_flood_keeps_its_window_full_until_it_has_written_its_most(monkeypatch):
    client, pipe = flood(monkeypatch, most=5)
    assert pipe.take() == [], "nothing is written before the flood begins"
    client.flood()
    seen = [frame["client_id"] for frame in pipe.take()]
    assert len(seen) == 2 and client.written == 4
    for seq in range(2, 7):
        back(client, item(seq, "agent", seen[seq - 2]))
        seen += [frame["client_id"] for frame in pipe.take()]
    assert len(seen) == len(set(seen)) == 5 and client.is_spent and not client.outbox
    sends = [event["id"] for event in client.journal.events if event["e"] == "send"]
    assert sends == seen == [event["id"] for event in client.journal.events if event["e"] == "ack"]


async def test_flood_sends_again_from_the_first_on_what_was_given_back(monkeypatch):
    client, pipe = flood(monkeypatch, most=3)
    client.flood()
    first, second = (frame["client_id"] for frame in pipe.take())
    for client_id in (first, second):
        client.heard({"type": "error", "code": "unavailable", "client_id": client_id})
    assert pipe.take() == [], "a little later"
    async with asyncio.timeout(5):
        while not pipe.frames:
            await asyncio.sleep(0.01)
    assert [frame["client_id"] for frame in pipe.take()] == [first, second]
    back(client, item(2, "agent", first))
    assert [frame["client_id"] for frame in pipe.take()] == [client.outbox[1].id]


async def test_flood_asks_again_where_it_sees_a_hole_and_gives_up_a_silent_line(monkeypatch):
    client, pipe = flood(monkeypatch)
    back(client, item(4, "reporter", "x"))
    back(client, item(5, "reporter", "y"))
    assert pipe.take() == [{"conversation": "C", "type": "sync", "after": 1}], "once"
    client.heard_at, client.asked_at = 0.0, 0.001
    client._look(client.socket)
    assert pipe.take() == ["hung up"]


async def test_flood_shows_what_was_refused_and_writes_on(monkeypatch):
    client, pipe = flood(monkeypatch, window=1)
    client.flood()
    (frame,) = pipe.take()
    client.heard({"type": "error", "code": "closed", "client_id": frame["client_id"]})
    assert [event["id"] for event in client.journal.events if event["e"] == "refused"] == [frame["client_id"]]
    (following,) = pipe.take()
    assert following["client_id"] != frame["client_id"]


@pytest.mark.parametrize("number", range(len(floods.WINDOWS) * len(floods.SIZES)))
def test_floods_of_both_sides_stay_within_what_an_exchange_holds(number):
    sides = floods.pair(Keys("C", "", ""), number, None, Journal(), random.Random(1))
    assert [client.side for client in sides] == ["reporter", "agent"]
    assert REPORTER.messages - 100 > 2 * floods.MOST  # Pnav's own lines have room besides
    assert sum(floods.MOST * client.size for client in sides) < REPORTER.characters
