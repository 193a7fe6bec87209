"""Notifications between processes over PostgreSQL keep what `chat.pubsub` promises over Redis."""

import asyncio
import json
import uuid

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.db import connection

from chat import notify_layer, pubsub
from chat.notify_layer import LineLostError, NotifyLayer, payloads
from chat.pubsub import Hub, Notification


async def until(condition, seconds=8.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def connected(hub):
    """Wait until it has heard itself, which its beginning counts as."""
    began = hub._heard_at
    await until(lambda: hub._heard_at > began and not hub.is_disconnected)


def message(count):
    rings = [Notification(pubsub.MESSAGES, str(uuid.uuid4()), 0, "agent", seq) for seq in range(count)]
    return {"type": "rings", "origin": uuid.uuid4().hex, "rings": rings, "listens": False}


@pytest.mark.parametrize("count", [1, 90, 130, 500])
def test_payloads_stay_below_the_limit_of_postgresql_and_say_all(count):
    sent = message(count)
    parts = [json.loads(text) for text in payloads(sent)]
    assert all(len(text.encode()) <= notify_layer.PAYLOAD_BYTES for text in payloads(sent))
    assert [tuple(ring) for part in parts for ring in part["rings"]] == [tuple(ring) for ring in sent["rings"]]
    assert all((part["origin"], part["listens"]) == (sent["origin"], False) for part in parts)


def test_a_batch_that_is_too_long_becomes_one_look():
    for rings in (message(5_000)["rings"], [Notification(pubsub.MESSAGES, "é" * 8_000)]):
        (text,) = payloads({"type": "rings", "origin": "o", "rings": rings})
        assert json.loads(text)["rings"] == [[pubsub.RESYNC]]


@pytest.fixture
def layer(settings, db):
    """Use PostgreSQL as the layer of this test, under a name of its own."""
    config = {"prefix": f"test_{uuid.uuid4().hex[:8]}"}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "chat.notify_layer.NotifyLayer", "CONFIG": config}}
    made = get_channel_layer()
    assert isinstance(made, NotifyLayer)
    yield made
    channel_layers.backends.clear()


async def test_what_one_process_publishes_another_hears_once(layer):
    loop = asyncio.get_running_loop()
    heard = []
    here, there = Hub(loop, [].append), Hub(loop, heard.append)
    try:
        await until(lambda: here._others and there._others and not here.is_disconnected)
        heard.clear()
        sent = [Notification(pubsub.READ, conversation=f"c{number}", author="agent", seq=3) for number in range(400)]
        for notification in sent:
            here.publish(notification)
        await until(lambda: sum(one.kind == pubsub.READ for one in heard) >= 400)
        await asyncio.sleep(0.1)
        assert [one for one in heard if one.kind == pubsub.READ] == sent
    finally:
        await here.close()
        await there.close()
        await layer.close()


async def test_a_connection_that_ends_is_opened_again_and_everything_is_read(layer):
    heard = []
    hub = Hub(asyncio.get_running_loop(), heard.append)
    try:
        await connected(hub)
        line = await layer._line(pubsub.GROUP)
        heard.clear()
        await asyncio.to_thread(_end, line._connection.info.backend_pid)
        await until(lambda: line.is_lost)
        await until(lambda: Notification(pubsub.RESYNC) in heard)
        await until(lambda: not hub.is_disconnected and hub._heard_at > hub._failed_at)
        assert (await layer._line(pubsub.GROUP)) is not line
        assert not any(task.done() for task in hub._tasks)
    finally:
        await hub.close()
        await layer.close()


def _end(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    connection.close()


async def test_server_away_the_process_polls_until_it_is_back(layer, monkeypatch):
    heard = []
    hub = Hub(asyncio.get_running_loop(), heard.append)
    try:
        await connected(hub)
        real = notify_layer._parameters
        monkeypatch.setattr(notify_layer, "_parameters", lambda: {"host": "/nowhere", "connect_timeout": 2})
        (await layer._line(pubsub.GROUP)).close()
        await until(lambda: hub.is_disconnected and Notification(pubsub.POLL) in heard)
        monkeypatch.setattr(notify_layer, "_parameters", real)
        await until(lambda: not hub.is_disconnected)
        assert Notification(pubsub.RESYNC) in heard
    finally:
        await hub.close()
        await layer.close()


async def test_a_statement_that_is_given_up_ends_the_line_and_nobody_takes_its_answer(layer):
    line = await layer._line(pubsub.GROUP)
    await line.listen("c")
    waiting = asyncio.ensure_future(line.run(b"SELECT pg_sleep(30)"))
    await asyncio.sleep(0.05)
    behind = asyncio.ensure_future(layer.group_send(pubsub.GROUP, message(1)))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(LineLostError):
        await behind
    with pytest.raises(LineLostError):
        await line.next("c")
    await layer.group_send(pubsub.GROUP, message(1))  # on a new connection
    await layer.close()


async def test_a_statement_that_fails_is_told_by_its_class(layer):
    line = await layer._line(pubsub.GROUP)
    with pytest.raises(Exception, match=r"^SQLSTATE 42P01$"):
        await line.run(b"SELECT 'somebody''s words' FROM nowhere")
    assert line.is_lost


async def test_whoever_stands_still_begins_anew(layer, monkeypatch):
    monkeypatch.setattr(notify_layer, "WAITING_AT_MOST", 3)
    for name in ("still", "quick"):
        await layer.group_add(pubsub.GROUP, name)
    for _number in range(5):
        await layer.group_send(pubsub.GROUP, message(1))
        await layer.receive("quick")
    with pytest.raises(LineLostError):
        await layer.receive("still")
    await layer.close()


async def test_a_command_is_heard(layer):
    await layer.group_add(pubsub.GROUP, "c")
    await asyncio.to_thread(_publish)
    async with asyncio.timeout(8):
        while True:
            came = await layer.receive("c")
            if came["origin"] == "":
                break
    assert came["rings"] == [list(Notification(pubsub.AGENT, agent=7))]
    await layer.close()


def _publish():
    pubsub.agent_changed(7)  # outside of a transaction it is sent at once
    connection.close()


async def test_a_notification_takes_no_disk(layer):
    """PostgreSQL holds a lock of the whole server until such a COMMIT has ended."""
    await layer.group_add(pubsub.GROUP, "c")
    statement = notify_layer.NOTIFY_BY_LIBPQ.decode()
    assert "set_config('synchronous_commit', 'off', true)" in statement and "pg_notify(" in statement
    await layer.group_send(pubsub.GROUP, message(1))
    assert (await layer.receive("c"))["rings"]
    await layer.close()
