import asyncio

import pytest
from channels.layers import get_channel_layer

from chat import doorbell
from chat.doorbell import Hub, Ring


async def until(condition, seconds=8.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_ring_reaches_the_sockets_of_this_process_at_once():
    hub = doorbell.ensure_hub()
    heard = []
    hub.subscribe("c", heard.append)
    hub.ring(Ring(doorbell.MESSAGES, conversation="c"))
    hub.ring(Ring(doorbell.MESSAGES, conversation="other"))
    assert heard == [Ring(doorbell.MESSAGES, conversation="c")]


async def test_ring_reaches_another_process_once():
    loop = asyncio.get_running_loop()
    here, there = Hub(loop), Hub(loop)  # two hubs know nothing of one another but the layer
    heard = []
    there.subscribe("c", heard.append)
    try:
        await asyncio.sleep(0.3)
        here.ring(Ring(doorbell.READ, conversation="c", author="agent", seq=3))
        await until(lambda: heard)
        await asyncio.sleep(0.2)
        assert heard == [Ring(doorbell.READ, conversation="c", author="agent", seq=3)]
    finally:
        await here.close()
        await there.close()


async def test_unsubscribed_hears_nothing_and_leaves_nothing():
    hub = doorbell.ensure_hub()
    heard = []
    hub.subscribe("c", heard.append)
    hub.unsubscribe("c", heard.append)
    hub.ring(Ring(doorbell.MESSAGES, conversation="c"))
    assert not heard and "c" not in hub._subscribers


@pytest.mark.slow
async def test_layer_away_the_process_looks_by_itself_and_hears_again(monkeypatch):
    layer = get_channel_layer()
    hub = doorbell.ensure_hub()
    heard = []
    hub.subscribe("c", heard.append)
    await asyncio.sleep(0.5)
    real = doorbell._send

    async def fails(*_args):
        raise ConnectionError

    monkeypatch.setattr(doorbell, "_send", fails)
    await until(lambda: hub.is_deaf)
    await until(lambda: Ring(doorbell.LOOK) in heard)
    monkeypatch.setattr(doorbell, "_send", real)
    await until(lambda: not hub.is_deaf)
    assert layer is get_channel_layer()
