"""A client of the harness does what docs/protocol.md asks: what was given back it sends again, from the first on."""

import asyncio
import json
import random

from benchmarks.faults.clients import SocketClient
from benchmarks.faults.journal import Journal
from benchmarks.faults.records import Keys


class Server:
    """Takes frames, in place of a socket."""

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
