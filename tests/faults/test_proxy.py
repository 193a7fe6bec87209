"""The network of the fault runs does what a fault asks for, and otherwise only passes everything on."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from benchmarks.faults.proxy import Proxy
from pnav.demo.services import free_port

SECONDS = 5


@asynccontextmanager
async def proxied(*names, dead=0):
    """Give a proxy before servers that say who they are and then echo; the first `dead` ports refuse."""

    def server_named(name):
        async def serve(reader, writer):
            writer.write(name.encode())
            while data := await reader.read(1000):
                writer.write(data)
            writer.close()

        return serve

    servers = [await asyncio.start_server(server_named(name), "127.0.0.1", 0) for name in names]
    ports = [free_port() for _number in range(dead)] + [server.sockets[0].getsockname()[1] for server in servers]
    proxy = Proxy(ports)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        for server in servers:
            server.close()


async def dial(proxy, name):
    """Return the reader, the writer, and what the server calls itself."""
    reader, writer = await asyncio.open_connection(sock=await proxy.open(name))
    async with asyncio.timeout(SECONDS):
        return reader, writer, (await reader.readexactly(1)).decode()


async def echo(reader, writer, data=b"hello"):
    writer.write(data)
    async with asyncio.timeout(SECONDS):
        return await reader.readexactly(len(data))


async def is_over(reader):
    """Return whether the line ends, in whatever way, before it says anything."""
    async with asyncio.timeout(SECONDS):
        try:
            return not await reader.read(1)
        except ConnectionError:
            return True


async def test_passes_everything_on_and_shares_the_load():
    async with proxied("a", "b") as proxy:
        lines = [await dial(proxy, str(number)) for number in range(4)]
        assert sorted(server for _reader, _writer, server in lines) == ["a", "a", "b", "b"]
        for reader, writer, _server in lines:
            assert await echo(reader, writer, b"x" * 300_000) == b"x" * 300_000


async def test_goes_where_a_name_is_pinned_and_on_when_that_is_dead():
    async with proxied("a", "b", dead=1) as proxy:
        proxy.pins |= {"to b": 2, "to the dead": 0}
        assert {(await dial(proxy, "to b"))[2] for _time in range(3)} == {"b"}
        assert proxy.backend_of("to b") == 2
        assert (await dial(proxy, "to the dead"))[2] in {"a", "b"}


async def test_cut_ends_both_sides_of_those_it_names_only():
    async with proxied("a") as proxy:
        reader, _writer, _server = await dial(proxy, "cut")
        other = await dial(proxy, "kept")
        assert proxy.cut(lambda line: line.name == "cut") == {"cut"}
        assert await is_over(reader)
        assert await echo(*other[:2]) == b"hello"


async def test_half_open_swallows_and_does_not_hang_up_until_it_is_repaired():
    async with proxied("a") as proxy:
        reader, writer, _server = await dial(proxy, "frozen")
        proxy.freeze({"frozen"})
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        again = await dial(proxy, "frozen")
        assert await echo(*again[:2]) == b"hello"
        proxy.reset()
        assert await is_over(reader)


async def test_down_takes_nobody():
    async with proxied("a") as proxy:
        proxy.is_down = True
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await dial(proxy, "late")


async def test_slow_reader_lets_the_server_wait():
    async with proxied("a") as proxy:
        proxy.slow.add("slow")
        reader, writer, _server = await dial(proxy, "slow")
        writer.write(b"x" * 200_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                await reader.readexactly(200_000)
        proxy.slow.clear()
        async with asyncio.timeout(SECONDS):
            await reader.readexactly(200_000)
