"""Only the event loop reads and changes what belongs to it: threads get values, and return values."""

import asyncio
import threading

import pytest
from django.db import OperationalError

from chat.conversations import actions
from chat.messages import protocol, reading
from chat.realtime.batch import Batch
from chat.realtime.consumers import ConsoleConnection
from chat.realtime.subscription import Subscription
from tests.chat.sockets import Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True)]

REPORTER, CONSOLE = "/ws/conversation/", "/ws/console/"


@pytest.fixture
def touched(monkeypatch):
    """Return the attributes of subscriptions and consoles that a thread of `chat.database` reads or writes."""
    seen: set[str] = set()

    def note(owner: type, name: str) -> None:
        if threading.current_thread().name.startswith("chat"):
            seen.add(f"{owner.__name__}.{name}")

    for owner in (Subscription, ConsoleConnection):

        def read(self, name, owner=owner):
            note(owner, name)
            return object.__getattribute__(self, name)

        def write(self, name, value, owner=owner):
            note(owner, name)
            object.__setattr__(self, name, value)

        monkeypatch.setattr(owner, "__getattribute__", read, raising=False)
        monkeypatch.setattr(owner, "__setattr__", write, raising=False)
    return seen


async def test_no_thread_touches_what_the_loop_owns(touched):
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    async with (
        Line(REPORTER, await in_db(visit, conversation)) as person,
        Line(CONSOLE, await in_db(signed_in, agent)) as console,
    ):
        await console.until("assigned")
        await person.send(type="sync", after=0)
        await person.until("state")
        await person.post("Bonjour")
        await console.hears("Bonjour")
        await console.post("Bonjour à vous", conversation.public_id)
        await person.hears("Bonjour à vous")
        await person.send(type="read", seq=2)
        await person.send(type="beat", after=2)
        await person.until("beat")
        await console.send(type="beat")
        await console.until("beat")
        async with asyncio.timeout(10):
            while not await in_db(lambda: type(conversation).objects.get().reporter_read_seq):
                await asyncio.sleep(0.02)
    assert not touched


async def test_guard_sees_a_thread(touched):
    subscription = Subscription(None, 1, "a", 0)
    await in_db(lambda: subscription.cursor)
    await in_db(setattr, subscription, "cursor", 2)
    assert touched == {"Subscription.cursor"}


async def test_batch_takes_the_value_of_the_moment_when_its_crossing_begins():
    state, crossed, answered = {"at": 1}, [], []
    started, go_on = threading.Event(), threading.Event()

    def load(values):
        crossed.append(list(values))
        if len(crossed) == 1:
            started.set()
            go_on.wait(10)
        return values

    def snapshot(name):
        return state[name]

    batch = Batch(load, lambda questions, answers: answered.append((questions, answers)), snapshot=snapshot)
    batch.add("at")
    async with asyncio.timeout(10):
        while not started.is_set():
            await asyncio.sleep(0.01)
        state["at"] = 2  # the call that runs keeps what it has
        batch.add("at")
        state["at"] = 3  # the next call has not begun
        go_on.set()
        while len(answered) < 2 or batch.is_busy:
            await asyncio.sleep(0.01)
    assert crossed == [[1], [3]]
    assert answered == [(["at"], [1]), (["at"], [3])]


async def test_batch_asks_each_value_alone_when_one_is_bad():
    answered = {}

    def load(values):
        if "BAD" in values:
            raise ValueError
        return [value.lower() for value in values]

    def done(questions, answers):
        for n, question in enumerate(questions):
            answered[question] = type(answers) if isinstance(answers, Exception) else answers[n]

    batch = Batch(load, done, snapshot=str.upper)
    batch._is_busy = True
    for question in ("one", "bad", "two"):
        batch.add(question)
    batch._start()
    async with asyncio.timeout(30):
        while len(answered) < 3 or batch.is_busy:
            await asyncio.sleep(0.01)
    assert answered == {"one": "one", "bad": ValueError, "two": "two"}


@pytest.mark.parametrize("path", [REPORTER, CONSOLE])
async def test_beat_is_answered_only_when_its_lease_was_renewed(path, monkeypatch):
    """A second beat, which comes while the first one is renewed, is not answered by a reading that renewed nothing."""
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    renewed = []
    for name in ("reporters_seen", "agents_seen"):
        real = getattr(actions, name)

        def seen(real=real, **keys):
            renewed.append(keys)
            return real(**keys)

        monkeypatch.setattr(actions, name, seen)
    key = await in_db(visit, conversation) if path == REPORTER else await in_db(signed_in, agent)
    async with Line(path, key) as line:
        before = len(renewed)
        await line.send(type="beat")
        await line.until("beat")
        assert len(renewed) > before


async def test_beat_whose_reading_fails_is_not_answered_as_renewed(monkeypatch):
    conversation = await in_db(make.waiting)

    def away(_asks):
        raise OperationalError("away")

    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        with monkeypatch.context() as patch:
            patch.setattr(reading, "read_messages", away)
            await line.send(type="beat")
            frame = await line.until(lambda frame: frame["type"] in {"error", "beat"})
            assert (frame["type"], frame["code"]) == ("error", protocol.UNAVAILABLE)
        await line.send(type="beat")
        await line.until("beat")
