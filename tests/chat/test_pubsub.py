import asyncio

import pytest
from channels.layers import get_channel_layer

from chat import pubsub
from chat.pubsub import Hub, Ring


async def until(condition, seconds=8.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_ring_is_heard_here_at_once():
    heard = []
    hub = Hub(asyncio.get_running_loop(), heard.append)
    try:
        hub.ring(Ring(pubsub.MESSAGES, conversation="c"))
        assert heard == [Ring(pubsub.MESSAGES, conversation="c")]
    finally:
        await hub.close()


async def test_ring_reaches_another_process_once():
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, [].append), Hub(loop, heard.append)  # they share nothing but the layer
    try:
        await until(lambda: here._others and there._others)
        await asyncio.sleep(0.2)
        assert set(heard) - {Ring(pubsub.SWEEP)} == {
            Ring(pubsub.LOOK)
        }  # they have just met: what was not rung before is looked for
        heard.clear()
        here.ring(Ring(pubsub.READ, conversation="c", author="agent", seq=3))
        await until(lambda: heard)
        await asyncio.sleep(0.2)
        rings = [ring for ring in heard if ring.kind != pubsub.SWEEP]  # a machine that stood still sweeps
        assert rings == [Ring(pubsub.READ, conversation="c", author="agent", seq=3)]
    finally:
        await here.close()
        await there.close()


async def test_line_that_broke_without_a_word_is_swept_before_it_is_known_to_be_deaf(monkeypatch):
    """Redis restarted between two ticks: sending works again at once, and what listens does not yet."""
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, lambda ring: heard.append((ring.kind, here.is_deaf))), Hub(loop, [].append)
    try:
        await until(lambda: here._others and there._others and not here.is_deaf)  # a slow start is deaf
        monkeypatch.setattr(here, "_receive", lambda _message: None)
        heard.clear()
        await until(lambda: (pubsub.SWEEP, False) in heard)
        assert not any(kind == pubsub.LOOK for kind, is_deaf in heard if not is_deaf)
        monkeypatch.undo()
        await until(lambda: not here.is_deaf)
    finally:
        await here.close()
        await there.close()


async def test_alone_nothing_is_rung_and_whoever_comes_looks(monkeypatch):
    loop = asyncio.get_running_loop()
    heard = []
    here = Hub(loop, [].append)
    try:
        await until(lambda: here._heard_at > here._failed_at)
        here.ring_elsewhere(Ring(pubsub.MESSAGES, conversation="c", seq=1))
        assert not any(ring.kind == pubsub.MESSAGES for ring in here._outbox)
        there = Hub(loop, heard.append)
        try:
            await until(lambda: Ring(pubsub.LOOK) in heard)
        finally:
            await there.close()
        monkeypatch.setattr(pubsub, "GONE_AFTER_SECONDS", 0.3)
        await until(lambda: not here._others)
    finally:
        await here.close()


@pytest.mark.slow
async def test_layer_away_the_process_looks_by_itself_and_hears_again(monkeypatch):
    layer = get_channel_layer()
    heard = []
    hub = Hub(asyncio.get_running_loop(), heard.append)
    try:
        await until(lambda: not hub.is_deaf)
        hub._others["another process"] = float("inf")
        real = pubsub._send

        async def fails(*_args):
            raise ConnectionError

        monkeypatch.setattr(pubsub, "_send", fails)
        await until(lambda: hub.is_deaf)
        await until(lambda: Ring(pubsub.SWEEP) in heard and Ring(pubsub.LOOK) in heard)
        for _ring in range(100):
            hub.ring_elsewhere(Ring(pubsub.MESSAGES, conversation="c"))
        assert not any(ring.kind == pubsub.MESSAGES for ring in hub._outbox)  # nothing piles up meanwhile
        monkeypatch.setattr(pubsub, "_send", real)
        await until(lambda: not hub.is_deaf)
        # It may sweep on, where the machine holds the loop up for longer than the line may be silent; not for ever.
        async with asyncio.timeout(8):
            while Ring(pubsub.SWEEP) in heard:
                heard.clear()
                await asyncio.sleep(0.3)
        assert layer is get_channel_layer()
    finally:
        await hub.close()


async def test_nothing_that_comes_by_the_layer_ends_the_line():
    """Whoever may write to Redis, or another version of this program, sends what cannot be read."""
    heard = []

    def hear(ring):
        heard.append(ring.kind)
        if not isinstance(ring.conversation, str):
            raise TypeError

    hub = Hub(asyncio.get_running_loop(), hear)
    group_send = get_channel_layer().group_send
    try:
        await until(lambda: hub._heard_at > hub._failed_at and not hub.is_deaf)
        for rings in ([["read", ["not a text"]]], [["read", "c", 0, "agent", 3, "more"]], [7], 7, None):
            await group_send(pubsub.GROUP, {"type": "rings", "origin": "somebody", "rings": rings})
        await group_send(pubsub.GROUP, {"type": "rings"})
        many = pubsub.OTHERS_AT_MOST + 5
        for number in range(many):
            await group_send(pubsub.GROUP, {"type": "rings", "origin": f"made up {number}", "rings": [["tick"]]})
        await group_send(pubsub.GROUP, {"type": "rings", "origin": "another", "rings": [["queue"]]})
        await until(lambda: "queue" in heard)
        assert len(hub._others) <= pubsub.OTHERS_AT_MOST
        assert not any(task.done() for task in hub._tasks)
    finally:
        await hub.close()


async def test_a_failure_of_any_kind_does_not_end_the_line(monkeypatch):
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        await until(lambda: hub._heard_at > hub._failed_at)
        real = pubsub._send

        async def fails(*_args):
            raise ValueError

        monkeypatch.setattr(pubsub, "_send", fails)
        await until(lambda: hub._failed_at > hub._heard_at)
        monkeypatch.setattr(pubsub, "_send", real)
        await until(lambda: not hub.is_deaf and hub._heard_at > hub._failed_at)
    finally:
        await hub.close()


async def test_what_could_not_be_rung_is_rung_later(monkeypatch):
    """To a process that heard everything else, and so looks for nothing."""
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, [].append), Hub(loop, heard.append)
    real = pubsub._send

    async def fails_here(origin, rings):
        if origin == here.origin:
            raise ConnectionError
        await real(origin, rings)

    try:
        await until(lambda: here._others and there._others)
        monkeypatch.setattr(pubsub, "_send", fails_here)
        here.ring(Ring(pubsub.MESSAGES, conversation="first", seq=1))
        await until(lambda: here.is_deaf)
        here.ring(Ring(pubsub.MESSAGES, conversation="second", seq=2))
        here.ring(Ring(pubsub.TYPING, conversation="second"))
        assert not {ring.conversation for ring in heard} & {"first", "second"} and not there.is_deaf
        monkeypatch.setattr(pubsub, "_send", real)
        await until(lambda: {"first", "second"} <= {ring.conversation for ring in heard})
        assert not any(ring.kind == pubsub.TYPING for ring in heard)  # a hint is worth nothing later
    finally:
        await here.close()
        await there.close()


async def test_of_too_many_rings_that_were_missed_one_look_remains(monkeypatch):
    monkeypatch.setattr(pubsub, "MISSED_AT_MOST", 50)
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        hub._others["another process"] = float("inf")
        hub.is_deaf = True
        for number in range(500):
            hub.ring_elsewhere(Ring(pubsub.MESSAGES, conversation=str(number)))
        assert Ring(pubsub.LOOK) in hub._missed and len(hub._missed) <= 51
    finally:
        await hub.close()


async def test_loop_that_is_always_late_becomes_deaf_and_hears_again(monkeypatch):
    monkeypatch.setattr(pubsub, "TICK_SECONDS", -1)  # every turn counts as late
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        await until(lambda: hub._heard_at > hub._failed_at)
        hub._others["another process"] = float("inf")
        receive = hub._receive
        monkeypatch.setattr(hub, "_receive", lambda _message: None)
        await until(lambda: hub.is_deaf)
        monkeypatch.setattr(hub, "_receive", receive)
        await until(lambda: not hub.is_deaf)
    finally:
        await hub.close()


async def test_process_that_is_not_heard_any_more_is_swept_for():
    """It may live, and be cut off from Redis: what is written there rings nowhere."""
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, heard.append), Hub(loop, [].append)
    try:
        await until(lambda: here._others and there._others)
        await there.close()
        heard.clear()
        await until(lambda: heard.count(Ring(pubsub.SWEEP)) >= 2)
        assert not here.is_deaf
    finally:
        await here.close()


# --- a process of pages sends and does not listen ---------------------------------------------------------------------


@pytest.fixture
async def sender_and_listener():
    loop = asyncio.get_running_loop()
    heard = {"pages": [], "sockets": []}
    pages = Hub(loop, heard["pages"].append, listens=False)
    sockets = Hub(loop, heard["sockets"].append)
    await until(lambda: sockets._senders and not sockets.is_deaf and not pages.is_deaf)
    yield pages, sockets, heard
    await pages.close()
    await sockets.close()


async def test_sender_rings_without_knowing_anybody_and_is_rung_by_nobody(sender_and_listener):
    pages, sockets, heard = sender_and_listener
    assert not sockets.has_others, "nothing need be rung for a process of pages"
    pages.ring(Ring(pubsub.STATE, conversation="c"))
    assert heard["pages"] == [Ring(pubsub.STATE, conversation="c")]
    await until(lambda: Ring(pubsub.STATE, conversation="c") in heard["sockets"])
    sockets.ring(Ring(pubsub.MESSAGES, conversation="c", seq=1))
    await asyncio.sleep(0.3)
    assert not any(ring.kind == pubsub.MESSAGES for ring in heard["pages"])


async def test_what_a_sender_could_not_ring_it_rings_later(sender_and_listener, monkeypatch):
    pages, _sockets, heard = sender_and_listener
    real = pubsub._send

    async def fails(origin, *more):
        if origin == pages.origin:
            raise ConnectionError
        await real(origin, *more)

    monkeypatch.setattr(pubsub, "_send", fails)
    await until(lambda: pages.is_deaf)
    heard["sockets"].clear()
    pages.ring(Ring(pubsub.MESSAGES, conversation="c", seq=7))
    await asyncio.sleep(0.3)
    assert Ring(pubsub.MESSAGES, conversation="c", seq=7) not in heard["sockets"]
    monkeypatch.setattr(pubsub, "_send", real)
    await until(lambda: Ring(pubsub.MESSAGES, conversation="c", seq=7) in heard["sockets"])
    await until(lambda: not pages.is_deaf)


async def test_sender_that_is_gone_is_missed_then_forgotten(sender_and_listener, monkeypatch):
    pages, sockets, heard = sender_and_listener
    await pages.close()
    heard["sockets"].clear()
    await until(lambda: Ring(pubsub.SWEEP) in heard["sockets"])
    monkeypatch.setattr(pubsub, "GONE_AFTER_SECONDS", 0.3)
    await until(lambda: not sockets._senders)


async def test_senders_are_bounded():
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        for number in range(pubsub.OTHERS_AT_MOST + 5):
            hub._receive({"origin": f"made up {number}", "rings": [], "listens": False})
        assert len(hub._senders) == pubsub.OTHERS_AT_MOST and not hub.has_others
    finally:
        await hub.close()
