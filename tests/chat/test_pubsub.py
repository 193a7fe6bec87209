import asyncio
import contextlib

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

from chat import pubsub
from chat.pubsub import Hub, Notification


async def until(condition, seconds=8.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_ring_is_heard_here_at_once():
    heard = []
    hub = Hub(asyncio.get_running_loop(), heard.append)
    try:
        hub.publish(Notification(pubsub.MESSAGES, conversation="c"))
        assert heard == [Notification(pubsub.MESSAGES, conversation="c")]
    finally:
        await hub.close()


async def test_ring_reaches_another_process_once():
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, [].append), Hub(loop, heard.append)  # they share only the layer
    try:
        await until(lambda: here._others and there._others and Notification(pubsub.RESYNC) in heard)
        await asyncio.sleep(0.2)
        assert set(heard) - {Notification(pubsub.POLL)} == {
            Notification(pubsub.RESYNC)
        }  # they have just met, so each looks for what was not announced before
        heard.clear()
        here.publish(Notification(pubsub.READ, conversation="c", author="agent", seq=3))
        await until(lambda: any(notification.kind == pubsub.READ for notification in heard))
        await asyncio.sleep(0.2)
        notifications = [
            notification for notification in heard if notification.kind not in {pubsub.POLL, pubsub.RESYNC}
        ]  # a machine that hung causes a poll
        assert notifications == [Notification(pubsub.READ, conversation="c", author="agent", seq=3)]
    finally:
        await here.close()
        await there.close()


async def test_line_that_broke_without_a_word_is_swept_before_it_is_known_to_be_deaf(monkeypatch):
    """Redis restarted between two ticks: sending works again at once, and what listens does not yet."""
    loop = asyncio.get_running_loop()
    heard = []
    here, there = (
        Hub(loop, lambda notification: heard.append((notification.kind, here.is_disconnected))),
        Hub(loop, [].append),
    )
    try:
        # A slow start counts as disconnected, and a process that has just met another one reads everything again.
        await until(lambda: here._others and there._others and not here.is_disconnected)
        await until(lambda: any(kind == pubsub.RESYNC for kind, _is_disconnected in heard))
        await asyncio.sleep(0.2)
        for _try in range(5):  # on a busy machine both may come in one tick
            monkeypatch.setattr(here, "_receive", lambda _message: None)
            heard.clear()
            await until(lambda: here.is_disconnected or (pubsub.POLL, False) in heard)
            if (pubsub.POLL, False) in heard:
                break
            monkeypatch.undo()
            await until(lambda: not here.is_disconnected)
        assert (pubsub.POLL, False) in heard
        assert not any(kind == pubsub.RESYNC for kind, is_disconnected in heard if not is_disconnected)
        monkeypatch.undo()
        await until(lambda: not here.is_disconnected)
    finally:
        await here.close()
        await there.close()


async def test_alone_nothing_is_rung_and_whoever_comes_looks(monkeypatch):
    loop = asyncio.get_running_loop()
    heard = []
    here = Hub(loop, [].append)
    try:
        await until(lambda: here._heard_at > here._failed_at)
        here.publish_elsewhere(Notification(pubsub.MESSAGES, conversation="c", seq=1))
        assert not any(notification.kind == pubsub.MESSAGES for notification in here._outbox)
        there = Hub(loop, heard.append)
        try:
            await until(lambda: Notification(pubsub.RESYNC) in heard)
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
        await until(lambda: not hub.is_disconnected)
        hub._others["another process"] = float("inf")
        real = pubsub._send

        async def fails(*_args):
            raise ConnectionError

        monkeypatch.setattr(pubsub, "_send", fails)
        await until(lambda: hub.is_disconnected)
        await until(lambda: Notification(pubsub.POLL) in heard and Notification(pubsub.RESYNC) in heard)
        for _ring in range(100):
            hub.publish_elsewhere(Notification(pubsub.MESSAGES, conversation="c"))
        assert not any(
            notification.kind == pubsub.MESSAGES for notification in hub._outbox
        )  # nothing accumulates meanwhile
        monkeypatch.setattr(pubsub, "_send", real)
        await until(lambda: not hub.is_disconnected)
        # It may go on polling while the machine delays the event loop for longer than the line may be silent, but not
        # for ever.
        async with asyncio.timeout(8):
            while Notification(pubsub.POLL) in heard:
                heard.clear()
                await asyncio.sleep(0.3)
        assert layer is get_channel_layer()
    finally:
        await hub.close()


async def test_nothing_that_comes_by_the_layer_ends_the_line():
    """Whoever may write to Redis, or another version of this program, sends what cannot be read."""
    heard = []

    def on_event(notification):
        heard.append(notification.kind)
        if not isinstance(notification.conversation, str):
            raise TypeError

    hub = Hub(asyncio.get_running_loop(), on_event)
    group_send = get_channel_layer().group_send
    try:
        await until(lambda: hub._heard_at > hub._failed_at and not hub.is_disconnected)
        for notifications in ([["read", ["not a text"]]], [["read", "c", 0, "agent", 3, "more"]], [7], 7, None):
            await group_send(pubsub.GROUP, {"type": "rings", "origin": "somebody", "rings": notifications})
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
        await until(lambda: not hub.is_disconnected and hub._heard_at > hub._failed_at)
    finally:
        await hub.close()


async def test_what_could_not_be_rung_is_rung_later(monkeypatch):
    """It is rung to a process that heard everything else, and so looks for nothing."""
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, [].append), Hub(loop, heard.append)
    real = pubsub._send

    async def fails_here(origin, notifications, listens=True):
        if origin == here.origin:
            raise ConnectionError
        await real(origin, notifications, listens)

    try:
        await until(lambda: here._others and there._others)
        monkeypatch.setattr(pubsub, "_send", fails_here)
        here.publish(Notification(pubsub.MESSAGES, conversation="first", seq=1))
        await until(lambda: here.is_disconnected)
        here.publish(Notification(pubsub.MESSAGES, conversation="second", seq=2))
        here.publish(Notification(pubsub.TYPING, conversation="second"))
        assert not {notification.conversation for notification in heard} & {"first", "second"}
        monkeypatch.setattr(pubsub, "_send", real)
        await until(lambda: {"first", "second"} <= {notification.conversation for notification in heard})
        assert not any(notification.kind == pubsub.TYPING for notification in heard)  # a hint has no value later
    finally:
        await here.close()
        await there.close()


async def test_of_too_many_rings_that_were_missed_one_look_remains(monkeypatch):
    monkeypatch.setattr(pubsub, "MISSED_AT_MOST", 50)
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        hub._others["another process"] = float("inf")
        hub.is_disconnected = True
        for number in range(500):
            hub.publish_elsewhere(Notification(pubsub.MESSAGES, conversation=str(number)))
        assert Notification(pubsub.RESYNC) in hub._missed and len(hub._missed) <= 51
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
        await until(lambda: hub.is_disconnected)
        monkeypatch.setattr(hub, "_receive", receive)
        await until(lambda: not hub.is_disconnected)
    finally:
        await hub.close()


async def test_process_that_is_not_heard_any_more_is_swept_for():
    """It may live, and be cut off from Redis: what is written there rings nowhere."""
    loop = asyncio.get_running_loop()
    heard = []
    here = Hub(loop, lambda notification: heard.append((notification.kind, here.is_disconnected)))
    there = Hub(loop, [].append)
    try:
        await until(lambda: here._others and there._others)
        await there.close()
        heard.clear()
        await until(lambda: heard.count((pubsub.POLL, False)) >= 2)  # a machine that hung causes a poll as well
    finally:
        await here.close()


# --- a process of pages sends and does not listen ---------------------------------------------------------------------


@pytest.fixture
async def sender_and_listener():
    loop = asyncio.get_running_loop()
    heard = {"pages": [], "sockets": []}
    pages = Hub(loop, heard["pages"].append, listens=False)
    sockets = Hub(loop, heard["sockets"].append)
    await until(lambda: sockets._senders and not sockets.is_disconnected and not pages.is_disconnected)
    yield pages, sockets, heard
    await pages.close()
    await sockets.close()


async def test_sender_rings_without_knowing_anybody_and_is_rung_by_nobody(sender_and_listener):
    pages, sockets, heard = sender_and_listener
    assert not sockets.has_others, "nothing need be rung for a process of pages"
    pages.publish(Notification(pubsub.STATE, conversation="c"))
    assert heard["pages"] == [Notification(pubsub.STATE, conversation="c")]
    await until(lambda: Notification(pubsub.STATE, conversation="c") in heard["sockets"])
    sockets.publish(Notification(pubsub.MESSAGES, conversation="c", seq=1))
    await asyncio.sleep(0.3)
    assert not any(notification.kind == pubsub.MESSAGES for notification in heard["pages"])


async def test_what_a_sender_could_not_ring_it_rings_later(sender_and_listener, monkeypatch):
    pages, _sockets, heard = sender_and_listener
    real = pubsub._send

    async def fails(origin, *more):
        if origin == pages.origin:
            raise ConnectionError
        await real(origin, *more)

    monkeypatch.setattr(pubsub, "_send", fails)
    await until(lambda: pages.is_disconnected)
    heard["sockets"].clear()
    pages.publish(Notification(pubsub.MESSAGES, conversation="c", seq=7))
    await asyncio.sleep(0.3)
    assert Notification(pubsub.MESSAGES, conversation="c", seq=7) not in heard["sockets"]
    monkeypatch.setattr(pubsub, "_send", real)
    await until(lambda: Notification(pubsub.MESSAGES, conversation="c", seq=7) in heard["sockets"])
    await until(lambda: not pages.is_disconnected)


async def test_sender_that_is_gone_is_missed_then_forgotten(sender_and_listener, monkeypatch):
    pages, sockets, heard = sender_and_listener
    await pages.close()
    heard["sockets"].clear()
    await until(lambda: Notification(pubsub.POLL) in heard["sockets"])
    monkeypatch.setattr(pubsub, "GONE_AFTER_SECONDS", 0.3)
    await until(lambda: not sockets._senders)


async def test_what_comes_back_to_its_own_process_is_a_tick_and_is_not_read(caplog):
    heard = []
    hub = Hub(asyncio.get_running_loop(), heard.append)
    try:
        hub._heard_at = hub._line_at = 0.0
        hub._receive({"origin": hub.origin, "rings": 7})
        assert hub._heard_at == hub._line_at > 0 and not hub.has_others and heard == [] and caplog.text == ""
    finally:
        await hub.close()


async def test_senders_are_bounded():
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        for number in range(pubsub.OTHERS_AT_MOST + 5):
            hub._receive({"origin": f"made up {number}", "rings": [], "listens": False})
        assert len(hub._senders) == pubsub.OTHERS_AT_MOST and not hub.has_others
    finally:
        await hub.close()


async def test_process_that_starts_while_redis_is_away_keeps_nothing_of_its_tries(monkeypatch):
    """channels_redis makes a queue for each try, and removes none: four a second, as long as Redis is away."""
    layer, tries = RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"]), []

    def counted():
        tries.append(1)
        return layer

    monkeypatch.setattr(pubsub, "get_channel_layer", counted)
    monkeypatch.setattr(pubsub, "AGAIN_SECONDS", 0.01)
    hub = Hub(asyncio.get_running_loop(), [].append)
    try:
        await until(lambda: len(tries) > 20)
        assert len(layer.channels) <= 1 and len(layer.groups) <= 1
    finally:
        await hub.close()


async def test_hub_ends_although_the_layer_swallows_that_it_was_cancelled(monkeypatch):
    """The layer ends a task of its own and waits for it. Who was cancelled then went on, and `close` never ended."""
    waits = asyncio.Event()

    async def swallow():
        waits.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)

    layer = RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"])
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(pubsub, "_forget_listeners", swallow)
    monkeypatch.setattr(pubsub, "AGAIN_SECONDS", 0.01)
    hub = Hub(asyncio.get_running_loop(), [].append)
    await waits.wait()
    closing = asyncio.ensure_future(hub.close())
    done, _waiting = await asyncio.wait([closing], timeout=20)
    if not done:
        closing.cancel()  # which ends its tasks too
    assert done


def test_process_without_a_loop_publishes_through_the_layer_of_redis(monkeypatch, caplog):
    """The worker and every command do so: nothing listens there, which is told and raised to nobody."""
    layer = RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"])
    monkeypatch.setattr(pubsub, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(pubsub, "_hub", None)
    pubsub._publish_now(Notification(pubsub.MESSAGES, conversation="c", seq=1))
    assert "1 notification(s) lost (ConnectionError)" in caplog.text
