"""Messages are stored in the order in which their author sent them, whatever is given back (docs/adr/0101)."""

import asyncio
import random
import threading
import uuid
from contextlib import contextmanager
from itertools import count

import pytest
from django.db import OperationalError

from chat.messages import protocol, writing
from chat.messages.writing import Draft, Refusal
from chat.models import Message
from chat.realtime import connection, subscription
from chat.realtime.batch import Batch
from chat.realtime.broadcaster import ensure_broadcaster
from chat.realtime.subscription import HELD_SECONDS, HELD_SECONDS_TOO_FAST, Subscription
from chat.rules.lifecycle import Author
from chat.token_bucket import Bucket
from tests.chat.sockets import Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True)]

REPORTER, CONSOLE = "/ws/conversation/", "/ws/console/"
A, B, C = (str(uuid.UUID(int=number)) for number in (1, 2, 3))


def bodies(conversation, author=Author.REPORTER):
    return [m.body for m in conversation.messages.filter(author=author).order_by("seq").select_related("conversation")]


async def follow(line, conversation=None):
    await line.send(type="sync", after=0, **({"conversation": str(conversation.public_id)} if conversation else {}))
    await line.until("state")


async def post(line, client_id, body, conversation=None):
    more = {"conversation": str(conversation.public_id)} if conversation else {}
    await line.send(type="post", client_id=client_id, body=body, **more)


async def refused(line):
    error = await line.until("error")
    return error["code"], error.get("client_id")


@pytest.fixture
def away(monkeypatch):
    """Give `with away():`, in which PostgreSQL answers nobody who writes, and nobody waits for it."""

    @contextmanager
    def is_away():
        def fails(_posts):
            raise OperationalError

        writer = ensure_broadcaster().writer
        with monkeypatch.context() as patch:
            patch.setattr(writer, "_patience", 0)
            patch.setattr(writer, "_load", fails)
            yield

    return is_away


def following(client_ids, *, now=0.0, given_back=A):
    """Return what becomes of these, one after the other, behind one that was given back."""
    place = Subscription(None, 1, "a", 0)
    place.hold_behind(given_back, protocol.UNAVAILABLE, now=0.0)
    return [place.held_code(client_id, now=now) for client_id in client_ids]


def test_nothing_passes_one_that_was_given_back_until_it_comes_again():
    assert following([B, C, A, B, C]) == [protocol.UNAVAILABLE, protocol.UNAVAILABLE, "", "", ""]


def test_whoever_never_sends_it_again_goes_on_after_a_while():
    assert following([B], now=HELD_SECONDS - 0.1) == [protocol.UNAVAILABLE]
    assert following([B, C], now=HELD_SECONDS) == ["", ""]


def test_whoever_was_told_to_slow_down_may_leave_a_message_out_sooner():
    place = Subscription(None, 1, "a", 0)
    place.hold_behind(A, protocol.RATE_LIMITED, now=0.0)
    assert place.held_code(B, now=HELD_SECONDS_TOO_FAST - 0.1) == protocol.RATE_LIMITED
    assert place.held_code(B, now=HELD_SECONDS_TOO_FAST) == ""
    assert HELD_SECONDS_TOO_FAST < HELD_SECONDS


def test_what_is_refused_behind_it_makes_the_wait_no_longer():
    place = Subscription(None, 1, "a", 0)
    place.hold_behind(A, protocol.UNAVAILABLE, now=0.0)
    place.hold_behind(B, protocol.UNAVAILABLE, now=HELD_SECONDS - 1)  # given back with it, later
    assert place.held_code(B, now=HELD_SECONDS - 1) == protocol.UNAVAILABLE
    assert place.held_code(C, now=HELD_SECONDS) == ""


async def test_message_on_its_way_does_not_overtake_one_that_was_given_back(away):
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await follow(line)
        with away():
            await post(line, A, "un")
            assert await refused(line) == (protocol.UNAVAILABLE, A)
        # The database is back. These two were sent before the page had read that answer.
        await post(line, B, "deux")
        await post(line, C, "trois")
        assert [await refused(line) for _each in (B, C)] == [(protocol.UNAVAILABLE, B), (protocol.UNAVAILABLE, C)]
        for client_id, body in ((A, "un"), (B, "deux"), (C, "trois")):
            await post(line, client_id, body)
        await line.hears("trois")
    assert await in_db(bodies, conversation) == ["un", "deux", "trois"]


async def test_only_its_own_conversation_and_socket_wait_for_it(away):
    """An agent's other conversations go on, and so does another page of theirs, which sends an order of its own."""
    agent = await in_db(make.agent)
    first, other = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    key = await in_db(signed_in, agent)
    async with Line(CONSOLE, key) as line, Line(CONSOLE, key) as page:
        for each in (line, page):
            await each.until("queue")
        with away():
            await post(line, A, "un", first)
            assert await refused(line) == (protocol.UNAVAILABLE, A)
        await post(line, B, "deux", first)
        assert await refused(line) == (protocol.UNAVAILABLE, B)
        assert (await line.post("ailleurs", other.public_id))["body"] == "ailleurs"
        assert (await page.post("d'un autre onglet", first.public_id))["body"] == "d'un autre onglet"


async def test_page_that_gives_a_message_up_waits_for_a_while_only(away, monkeypatch):
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await follow(line)
        monkeypatch.setattr(subscription, "HELD_SECONDS", 0)
        with away():
            await post(line, A, "jamais renvoyé")
            await refused(line)
        assert (await line.post("la suite"))["seq"] == 1


async def test_another_line_begins_with_what_it_sends(away):
    """Whoever lost the line sends again from the first one on; nothing is held against them."""
    conversation = await in_db(make.waiting)
    key = await in_db(visit, conversation)
    async with Line(REPORTER, key) as line:
        await follow(line)
        with away():
            await post(line, A, "un")
            await refused(line)
    async with Line(REPORTER, key) as line:
        assert (await line.post("un", client_id=A))["seq"] == 1
        assert (await line.post("deux", client_id=B))["seq"] == 2


async def test_message_above_the_measure_is_not_overtaken(monkeypatch):
    monkeypatch.setattr(subscription, "HELD_SECONDS_TOO_FAST", 60)
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await follow(line)
        [own] = ensure_broadcaster().connections
        for measure in (own._posts, own._bucket):  # the limit of a conversation, and then that of a socket
            level, measure.level, measure.rate = measure.level, 0, 0
            await post(line, A, "un")
            assert await refused(line) == (protocol.RATE_LIMITED, A)
            measure.level = level
            await post(line, B, "deux")
            assert await refused(line) == (protocol.RATE_LIMITED, B)
        for client_id, body in ((A, "un"), (B, "deux")):
            assert (await line.post(body, client_id=client_id))["body"] == body
    assert await in_db(bodies, conversation) == ["un", "deux"]


async def test_what_waits_behind_one_that_came_too_fast_is_given_back_with_it(monkeypatch):
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await follow(line)
        writer = ensure_broadcaster().writer
        crossing, go_on, load = threading.Event(), threading.Event(), writer._load

        def too_fast(posts):
            crossing.set()
            go_on.wait(10)
            return [Refusal.TOO_FAST for _post in posts]

        with monkeypatch.context() as patch:
            patch.setattr(writer, "_load", too_fast)
            await post(line, A, "un")
            await asyncio.to_thread(crossing.wait, 10)
            await post(line, B, "deux")
            while not len(writer):
                await asyncio.sleep(0.01)
            patch.setattr(writer, "_load", load)
            go_on.set()
            assert [await refused(line) for _each in (A, B)] == [(protocol.RATE_LIMITED, A), (protocol.RATE_LIMITED, B)]
        assert not await in_db(Message.objects.count)


async def test_questions_asked_one_by_one_do_not_pass_one_that_failed():
    """One that fails alone, or is refused for now, stops what follows of its own stream; the others are answered."""
    answered = {}

    def load(values):
        if len(values) > 1 or "bad" in values[0]:
            raise ValueError
        return [values[0].upper()]

    def done(questions, answers):
        for n, question in enumerate(questions):
            answered[question] = type(answers) if isinstance(answers, Exception) else answers[n]

    def stops(answer):
        return answer.endswith("WAIT")

    batch = Batch(load, done, stream=lambda value: value[0], stops=stops)
    batch._is_busy = True
    for question in ("a1", "b1 wait", "a bad", "b2", "a3", "c1"):
        batch.add(question)
    batch._start()
    async with asyncio.timeout(30):
        while len(answered) < 6 or batch.is_busy:
            await asyncio.sleep(0.01)
    assert answered == {
        "a1": "A1", "a bad": ValueError, "a3": ValueError, "b1 wait": "B1 WAIT", "b2": "B1 WAIT", "c1": "C1",
    }  # fmt: skip


class Sender:
    """A client with several messages under way, as docs/protocol.md requires: after any failure, it sends from the
    first one on.
    """

    WINDOW = 6

    def __init__(self, conversation, key, seed, messages):
        self.conversation, self.key, self.random = conversation, key, random.Random(seed)
        self.outbox = [(str(uuid.uuid4()), str(number)) for number in range(messages)]
        self.resent = 0

    async def run(self):
        while self.outbox:
            if self.random.random() < 0.2:
                await self.post_elsewhere()
                continue
            async with Line(REPORTER, self.key) as line:
                await follow(line)
                await self.talk(line)

    async def post_elsewhere(self):
        """Post one message by another process, while the line before may still be at work."""
        client_id, body = self.outbox[0]
        row = self.conversation
        draft = Draft(row.pk, str(row.public_id), Author.REPORTER, None, client_id, body, is_metered=False)
        await in_db(writing.write_messages, [draft])
        self.outbox.pop(0)

    async def talk(self, line):
        """Talk until nothing is left, or the line is cut."""
        on_its_way = 0
        lives = self.random.randrange(20, 60)
        for turn in count():
            if not self.outbox or turn == lives:
                return
            while on_its_way < min(self.WINDOW, len(self.outbox)):
                await post(line, *self.outbox[on_its_way])
                on_its_way += 1
            await asyncio.sleep(0.004 * self.random.random())  # for this long the client does not read its answers
            try:
                async with asyncio.timeout(2):
                    frame = await line.receive()
            except TimeoutError:
                on_its_way = 0
                continue
            if frame["type"] == "error":
                assert frame["code"] == protocol.UNAVAILABLE, frame
                on_its_way, self.resent = 0, self.resent + 1
            for item in frame.get("items", []) if frame["type"] == "messages" else []:
                for place, (client_id, _body) in enumerate(self.outbox):
                    if client_id == item["client_id"]:
                        del self.outbox[place]
                        on_its_way = max(0, on_its_way - (place < on_its_way))
                        break


@pytest.mark.parametrize("seed", [1, 2])
async def test_order_of_sending_stands_through_failures_cut_lines_and_another_process(seed, monkeypatch):
    """The writer's own thread works against PostgreSQL, failing before or after COMMIT, beside another's writing."""
    monkeypatch.setattr(Bucket, "take", lambda _bucket: True)
    monkeypatch.setattr(connection.Connection, "is_metered", False)
    conversations = [await in_db(make.waiting) for _number in range(3)]
    senders = [Sender(row, await in_db(visit, row), f"{seed} {number}", 40) for number, row in enumerate(conversations)]
    fate = random.Random(seed)
    async with Line(REPORTER, senders[0].key):  # somebody is connected all the time, so the broadcaster exists
        writer = ensure_broadcaster().writer
        write = writer._load

        def unreliable(posts):
            drawn = fate.random()
            if drawn < 0.3:
                raise OperationalError  # nothing was written
            answers = write(posts)
            if drawn < 0.4:
                raise OperationalError  # everything was written, and nobody is told
            return answers

        monkeypatch.setattr(writer, "_patience", 0)
        monkeypatch.setattr(writer, "_load", unreliable)
        async with asyncio.timeout(60):
            await asyncio.gather(*(sender.run() for sender in senders))
        monkeypatch.setattr(writer, "_load", write)
    for row in conversations:
        assert await in_db(bodies, row) == [str(number) for number in range(40)]
    assert sum(sender.resent for sender in senders) > 5, "nothing was given back: the test says nothing"
