"""The load generator counts losses, strays and its own lateness, and counts nothing when nothing is wrong."""

import asyncio
import json
import math
import os
import sys
import time

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from benchmarks import bench, figures, sockets
from benchmarks.figures import (
    Goal,
    children,
    cpu_of_tree,
    cpu_seconds,
    median,
    memory_kb,
    percentile,
    waited_seconds,
)
from benchmarks.sockets import AGENT, REPORTER, Exchange, Load, Pair, Room, connect, pace, saturate, storm
from benchmarks.wire import WireError

LINE = {"conversation": "6f9619ff-8b86-4011-b42d-00c04fc964ff", "reporter_cookie": "r", "agent_cookie": "a"}


class Server:
    """A relay or a small Pnav. `drop` says which messages it loses, `swap` which ones it sends to another room."""

    def __init__(self, drop=lambda _count: False, swap=False) -> None:
        self.rooms: dict[str, set] = {}
        self.count = 0
        self.drop = drop
        self.swap = swap
        self.opened = 0

    async def __call__(self, socket) -> None:
        self.opened += 1
        path = socket.request.path
        key = "exchange" if path in Exchange.paths else path
        room = self.rooms.setdefault(key, set())
        room.add(socket)
        try:
            async for text in socket:
                content = json.loads(text)
                if content.get("type") == "sync":
                    base = {"conversation": content["conversation"]}
                    await socket.send(json.dumps({"type": "queue", "waiting": 0, "items": []}))
                    await socket.send(json.dumps({**base, "type": "messages", "items": [{"seq": 4}], "last_seq": 5}))
                    await socket.send(json.dumps({**base, "type": "messages", "items": [{"seq": 5}], "last_seq": 5}))
                    await socket.send(json.dumps({**base, "type": "state", "status": "active", "last_seq": 5}))
                    continue
                self.count += 1
                if self.drop(self.count):
                    continue
                for other in tuple(self.rooms["/ws/room/r1/"] if self.swap else room):
                    await other.send(text)
        except ConnectionClosed:
            return
        finally:
            room.discard(socket)


@pytest.fixture
async def start():
    running = []

    async def begin(server: Server) -> int:
        listening = await serve(server, "127.0.0.1", 0, close_timeout=0.1)
        running.append(listening)
        return listening.sockets[0].getsockname()[1]

    yield begin
    for listening in running:
        listening.close()
        await listening.wait_closed()


def rooms(port: int, count: int = 2) -> list[Pair]:
    return [Pair(Room(f"r{number}"), (port, port)) for number in range(count)]


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    monkeypatch.setattr(sockets, "DRAIN_SECONDS", 0.5)
    monkeypatch.setattr(sockets, "LATE_SECONDS", 5.0)  # a busy machine is late; the test of lateness sets its own limit


@pytest.fixture
def patient(monkeypatch):
    """Wait for what is on its way, however busy the machine is."""
    monkeypatch.setattr(sockets, "DRAIN_SECONDS", 15)


def hang_up(pairs: list[Pair]) -> None:
    for pair in pairs:
        pair.hang_up()


async def test_a_faithful_server_loses_nothing(start, patient):
    pairs = rooms(await start(Server()))
    await connect(pairs)
    load = await pace(pairs, rate=100, seconds=0.4)
    assert load.trouble() == ""
    assert len(load.sent) == load.completed == 40
    assert len(load.receipts()) == len(load.acknowledgements()) == 40
    assert all(0 < value < 5 for value in load.receipts())
    assert set(load.authors) == {REPORTER, AGENT}
    hang_up(pairs)


async def test_one_lost_message_voids_the_run(start):
    pairs = rooms(await start(Server(drop=lambda count: count == 7)))
    await connect(pairs)
    load = await pace(pairs, rate=100, seconds=0.2)
    assert load.trouble() == "1 of 20 lost"
    hang_up(pairs)


async def test_a_message_in_the_wrong_conversation_voids_the_run(start):
    pairs = rooms(await start(Server(swap=True)))
    await connect(pairs)
    load = await pace(pairs, rate=50, seconds=0.2)
    assert load.trouble() == "5 of 10 lost; 10 in the wrong conversation"
    hang_up(pairs)


async def test_a_late_generator_voids_its_own_run(start, monkeypatch):
    monkeypatch.setattr(sockets, "LATE_SECONDS", 0.01)
    pairs = rooms(await start(Server()))
    await connect(pairs)
    asyncio.get_running_loop().call_later(0.05, time.sleep, 0.1)
    load = await pace(pairs, rate=100, seconds=0.4)
    assert "the generator was late" in load.trouble()
    hang_up(pairs)


async def test_saturation_keeps_so_many_in_flight_and_counts_what_came_back(start, patient):
    pairs = rooms(await start(Server()))
    await connect(pairs)
    load, rate, elapsed, before, after = await saturate(pairs, 3, 0.3, time.perf_counter, warm=0.1)
    assert load.trouble() == ""
    assert rate > 0
    assert elapsed >= 0.3 and after > before  # the marks lie beside the beginning and the end
    assert 0 < rate * elapsed <= load.completed
    assert all(pair.load is None for pair in pairs)
    hang_up(pairs)


async def test_a_sync_is_over_with_the_last_page_and_the_state(start):
    pair = Pair(Exchange(LINE), (await start(Server()),) * 2)
    await connect([pair])
    assert pair.talk.cursor == 5
    load = await pace([pair], rate=50, seconds=0.2)
    assert load.trouble() == ""
    assert pair.talk.cursor == 15
    pair.hang_up()


async def test_a_text_without_its_client_id_acknowledges_nothing(start):
    """Its author has nothing to recognise it by; the other side reads it all the same."""

    class Silent(Server):
        async def __call__(self, socket) -> None:
            real = socket.send

            async def send(text):
                content = json.loads(text)
                content.pop("client_id", None)
                await real(json.dumps(content))

            socket.send = send
            await super().__call__(socket)

    pair = Pair(Exchange(LINE), (await start(Silent()),) * 2)
    await connect([pair])
    load = await pace([pair], rate=50, seconds=0.1)
    assert (len(load.receipts()), len(load.acknowledgements()), load.completed) == (5, 0, 0)
    pair.hang_up()


async def test_after_a_storm_everybody_is_back(start):
    server = Server()
    pairs = rooms(await start(server), 10)
    await connect(pairs)
    seconds, failures, never = await storm(pairs)
    assert (failures, never) == (0, 0)
    assert 0.35 <= seconds < 30
    assert server.opened == 40
    load = await pace(pairs, rate=50, seconds=0.2)
    assert load.trouble() == ""
    hang_up(pairs)


async def test_a_server_that_refuses_is_an_error_not_a_figure():
    with pytest.raises(ExceptionGroup) as refusal:
        await connect(rooms(1))
    assert refusal.group_contains((OSError, WireError))


def test_a_post_is_what_the_protocol_says():
    content = json.loads(Exchange(LINE).post(42)[8:])
    assert content["type"] == "post"
    assert content["conversation"] == LINE["conversation"]
    assert content["client_id"] == "beca0000-c0de-4c0d-8000-000000000042"
    assert len(content["body"]) == 120
    assert len(json.loads(Room("r").post(42)[8:])["message"]) == 120


def test_numbers_of_another_load_are_not_counted():
    pair = Pair(Room("r"), (1, 1))
    load = Load([pair])
    assert load.author_of(load.base) == -1
    load.got(load.base + 5, pair.new_side(REPORTER), 1.0)
    assert load.completed == 0


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentiles(share, expected):
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_what_is_void_stays_void():
    assert math.isnan(percentile([], 0.5))
    assert median([3, 1, 2]) == 2
    assert math.isnan(median([]))
    assert math.isnan(median([1, math.nan, 3]))
    assert Goal(1, 2).verdict(math.nan) == "void"


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (Goal(1.5, 1.2), 1.2, "edge"),
        (Goal(1.5, 1.2), 1.21, "hard"),
        (Goal(1.5, 1.2), 1.51, "no"),
        (Goal(10, 12, at_most=False), 12, "edge"),
        (Goal(10, 12, at_most=False), 11.9, "hard"),
        (Goal(10, 12, at_most=False), 9.9, "no"),
        (Goal(1.05), 1.05, "hard"),
    ],
)
def test_goals(goal, value, verdict):
    assert goal.verdict(value) == verdict


async def test_processor_time_and_memory_are_read_from_the_process():
    before = cpu_seconds(os.getpid())
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert 0.05 <= cpu_seconds(os.getpid()) - before < 5
    child = await asyncio.create_subprocess_exec("sleep", "10")
    try:
        assert child.pid in children(os.getpid())
        assert cpu_of_tree(os.getpid()) >= cpu_seconds(os.getpid()) - 0.02
        assert 0 < memory_kb(child.pid)["Pss"] <= memory_kb(child.pid)["Rss"]
    finally:
        child.kill()
        await child.wait()


async def test_wait_of_two_that_share_a_processor_is_told():
    busy = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})\nwhile True: pass"
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", busy) for _each in range(2)]
    try:
        async with asyncio.timeout(20):
            while min(waited_seconds(one.pid) for one in both) < 0.05:
                await asyncio.sleep(0.02)
    finally:
        for one in both:
            one.kill()
            await one.wait()


@pytest.mark.parametrize("gone", [FileNotFoundError, ProcessLookupError], ids=["before it was opened", "as it is read"])
def test_child_that_ends_while_it_is_asked_is_left_out(monkeypatch, gone):
    def seconds(pid: int) -> float:
        if pid == 2:
            raise gone
        return 1.0

    monkeypatch.setattr(figures, "children", lambda _pid: [2, 3])
    monkeypatch.setattr(figures, "cpu_seconds", seconds)
    assert cpu_of_tree(1) == 2.0


def test_a_void_round_voids_its_row_and_the_table_says_so():
    book = bench.Book()
    for name, rates in ((bench.PNAV, [6000, 6600, 6300]), (bench.TUTORIAL, [600, 600, 610])):
        for rate in rates:
            book.add(name, "msg/s", rate)
    text, rows = bench.table(book, bench.WHOLE, {"G1"})
    assert rows == [
        {"measure": "G1", "title": "throughput ÷ tutorial's", "value": 10.5,
         "figures": [6300, 600, pytest.approx(math.nan, nan_ok=True)], "reached": "hard"},
    ]  # fmt: skip
    assert "| G1 | throughput ÷ tutorial's | 6,300 | 600 | – | 10.5 × | ≥ 10 · ≥ 12 | hard |" in text
    book.add(bench.TUTORIAL, "msg/s", 600, "1 of 9 lost")
    assert bench.table(book, bench.WHOLE, {"G1"})[1][0]["reached"] == "void"


def test_every_row_has_words_for_every_scale():
    for scale in (bench.WHOLE, bench.QUICK):
        text, _rows = bench.table(bench.Book(), scale, set(bench.MEASURES))
        assert "{" not in text
        assert "10,000" in text or scale is bench.QUICK
