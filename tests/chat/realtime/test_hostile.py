"""What a client with bad intentions sends, and what it must not be able to do to others."""

import asyncio
import contextlib
import json
import threading
import time
import uuid

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.utils import timezone

from chat import database, pubsub
from chat.conversations import actions, resume
from chat.messages import protocol, writing
from chat.messages.writing import Draft, Written
from chat.models import Conversation
from chat.realtime import broadcaster as broadcaster_module
from chat.realtime import connection
from chat.realtime.batch import Batch
from chat.realtime.broadcaster import ROUND_SECONDS, close_broadcaster, ensure_broadcaster
from chat.realtime.subscription import Subscription
from chat.rules.lifecycle import Author
from chat.token_bucket import BucketsByKey
from pnav.sessions import stored_key
from tests.chat.sockets import Closed, Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True)]

REPORTER = "/ws/conversation/"


async def test_a_lie_about_the_cursor_costs_nobody_their_message():
    """The client says « I have everything up to 2³¹ - 1 »: no number follows it, and the next message's number is
    guessed.
    """
    liar, other = await in_db(make.waiting), await in_db(make.waiting)
    async with (
        Line(REPORTER, await in_db(visit, liar)) as lying,
        Line(REPORTER, await in_db(visit, other)) as honest,
    ):
        for line in (lying, honest):
            await line.send(type="sync", after=0)
            await line.until("state")
        broadcaster = ensure_broadcaster()
        broadcaster.writer._is_busy = True  # messages that come now wait, and are written together
        ids = {line: str(uuid.uuid4()) for line in (lying, honest)}
        await lying.send(type="sync", after=protocol.MAX_SEQ)
        for line, client_id in ids.items():
            await line.send(type="post", client_id=client_id, body="Bonjour")
        while len(broadcaster.writer) < 2:
            await asyncio.sleep(0.01)
        # The query that corrects the cursor may have been faster, so this lies again, to the subscription itself.
        for _draft, subscription in broadcaster.writer._waiting:
            if subscription.topic == str(liar.public_id):
                subscription.cursor = protocol.MAX_SEQ
        broadcaster.writer._start()
        frame = await honest.until(lambda frame: ids[honest] in str(frame))
        assert frame["type"] == "messages", frame


async def test_a_crowd_with_wrong_guesses_is_written_whole_and_in_order(monkeypatch):
    """Another process writes to a conversation while hundreds of messages wait here: what it met goes with the next."""
    one, other = await in_db(make.waiting), await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, one)) as met, Line(REPORTER, await in_db(visit, other)) as free:
        for line in (met, free):
            await line.send(type="sync", after=0)
            await line.until("state")
        broadcaster = ensure_broadcaster()
        crossings = []
        work = broadcaster.writer._load
        monkeypatch.setattr(broadcaster.writer, "_load", lambda posts: crossings.append(len(posts)) or work(posts))
        broadcaster.writer._is_busy = True  # messages that come now wait, and are written together
        for each in broadcaster.connections:
            each._bucket = None  # without a limit, because a person writes less
        for number in range(database.CROWD):
            for line in (met, free):
                await line.send(type="post", client_id=str(uuid.uuid4()), body=f"{number}")
        while len(broadcaster.writer) < 2 * database.CROWD:
            await asyncio.sleep(0.01)
        elsewhere = Draft(one.pk, str(one.public_id), Author.REPORTER, None, str(uuid.uuid4()), "d'un autre processus")
        await in_db(writing.write_messages, [elsewhere])  # its notification has not come yet
        broadcaster.writer._start()
        for line in (met, free):
            await line.until(lambda frame: frame["type"] == "messages" and str(database.CROWD - 1) in str(frame))
    assert crossings == [2 * database.CROWD, database.CROWD]
    for conversation, before in ((one, ["d'un autre processus"]), (other, [])):
        found = await in_db(lambda row=conversation: [m.body for m in row.messages.select_related("conversation")])
        assert found == before + [str(number) for number in range(database.CROWD)]


async def test_one_bad_question_does_not_fail_the_others():
    answered = {}

    def work(questions):
        if "bad" in questions:
            raise ValueError("bad")
        return [question.upper() for question in questions]

    def done(questions, answers):
        for n, question in enumerate(questions):
            answered[question] = type(answers) if isinstance(answers, Exception) else answers[n]

    batch = Batch(work, done)
    batch._is_busy = True
    for question in ("one", "bad", "two"):
        batch.add(question)
    batch._start()
    async with asyncio.timeout(30):
        while len(answered) < 3 or batch.is_busy:
            await asyncio.sleep(0.01)
    assert answered == {"one": "ONE", "bad": ValueError, "two": "TWO"}


async def test_an_answer_that_fails_does_not_end_the_line():
    seen = []

    def done(questions, _answers):
        seen.extend(questions)
        if "first" in questions:
            raise RuntimeError

    batch = Batch(lambda questions: questions, done)
    batch.add("first")
    batch.add("second")
    async with asyncio.timeout(30):
        while "second" not in seen or batch.is_busy:
            await asyncio.sleep(0.01)


async def test_a_message_waits_no_longer_beside_another_process_and_its_batch_is_as_large(monkeypatch):
    broadcaster = ensure_broadcaster()
    writer, reader = broadcaster.writer, broadcaster.reader
    try:
        alone = (writer.at_most, writer.crowd, reader.crowd)
        with monkeypatch.context() as patch:
            patch.setattr(pubsub.Hub, "has_others", True)
            async with asyncio.timeout(30):
                while writer.crowd == alone[1]:  # wait for the next turn of the rounds
                    await asyncio.sleep(0.01)
            # It waits where it is written and again where it is read.
            assert 0 < writer.crowd + reader.crowd <= alone[1]
            # A smaller batch meets those of the other process in the same conversations more often.
            assert writer.at_most == alone[0]
        async with asyncio.timeout(30):
            while writer.crowd != alone[1]:
                await asyncio.sleep(0.01)
        assert (writer.at_most, writer.crowd, reader.crowd) == alone
    finally:
        await close_broadcaster()


async def test_an_answer_that_cannot_be_taken_costs_one_socket_only(monkeypatch):
    one, other = await in_db(make.waiting), await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, one)) as broken, Line(REPORTER, await in_db(visit, other)) as line:
        apply = Subscription.apply

        def fails(subscription, found):
            if subscription.conversation_id == one.pk:
                raise RuntimeError
            apply(subscription, found)

        monkeypatch.setattr(Subscription, "apply", fails)
        await asyncio.gather(broken.send(type="sync", after=0), line.send(type="sync", after=0))
        assert (await line.until("state"))["conversation"] == str(other.public_id)
        assert await broken.closed() == protocol.CLOSE_AGAIN


async def test_rounds_go_on_after_a_failure(monkeypatch):
    monkeypatch.setattr(connection, "CHECK_SECONDS", 0)
    conversation, other = await in_db(make.waiting), await in_db(make.waiting)
    key, other_key = await in_db(visit, conversation), await in_db(visit, other)
    async with Line(REPORTER, key) as line, Line(REPORTER, other_key) as broken:
        for each in (line, broken):
            await each.send(type="sync", after=0)
            await each.until("state")
        broadcaster = ensure_broadcaster()
        check = connection.Connection.check

        def fails(socket, now):
            if socket.subscription.conversation_id == other.pk:
                raise RuntimeError
            check(socket, now)

        monkeypatch.setattr(connection.Connection, "check", fails)
        await asyncio.sleep(ROUND_SECONDS)
        assert not broadcaster._rounds.done()
        await in_db(Session.objects.all().delete)
        assert await line.closed() == protocol.CLOSE_NO_SESSION


async def test_rounds_ask_those_alone_whose_time_has_come_and_a_beat_changes_nothing(monkeypatch):
    conversations = [await in_db(make.waiting) for _each in range(2)]
    keys = [await in_db(visit, one) for one in conversations]
    asked = []
    monkeypatch.setattr(connection, "CHECK_SECONDS", 60)
    async with Line(REPORTER, keys[0]) as waiting:
        await waiting.send(type="sync", after=0)
        await waiting.until("state")
        monkeypatch.setattr(connection, "CHECK_SECONDS", 0.5)
        async with Line(REPORTER, keys[1]) as due:
            await due.send(type="sync", after=0)
            await due.until("state")
            monkeypatch.setattr(connection.Connection, "check", lambda one, _now: asked.append(one))
            for _each in range(3):
                await waiting.send(type="beat")
                await waiting.until("beat")
            while len(asked) < 3:
                await asyncio.sleep(0.05)
        assert {one.pass_.session_key for one in asked} == {stored_key(keys[1])}
        await asyncio.sleep(1)
        asked.clear()
        await asyncio.sleep(1)
    assert asked == [], "who is gone is not asked"


async def test_visit_ends_its_socket_without_a_beat_within_what_is_promised(monkeypatch):
    """docs/protocol.md says twenty seconds; here they are scaled."""
    monkeypatch.setattr(connection, "CHECK_SECONDS", 1)
    key = await in_db(visit, await in_db(make.waiting))
    async with Line(REPORTER, key) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        await asyncio.sleep(1.5)
        await in_db(Session.objects.all().delete)
        began = time.monotonic()
        assert await line.closed() == protocol.CLOSE_NO_SESSION
        assert time.monotonic() - began < 5


async def test_check_that_the_database_does_not_answer_is_asked_again_soon(monkeypatch):
    """And nobody is closed meanwhile, nor left unasked for a whole period."""
    monkeypatch.setattr(connection, "CHECK_SECONDS", 1)
    monkeypatch.setattr(connection, "CHECK_AGAIN_SECONDS", 0.25)
    key = await in_db(visit, await in_db(make.waiting))
    async with Line(REPORTER, key) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        (socket,) = ensure_broadcaster().connections
        monkeypatch.setattr(connection, "CHECK_SECONDS", 60)
        tried = []

        def check(_pass, tell):
            tried.append(time.monotonic())
            tell(OperationalError() if len(tried) < 3 else False)

        monkeypatch.setattr(socket.identities, "check", check)
        assert await line.closed() == protocol.CLOSE_NO_SESSION
        assert len(tried) == 3


async def test_late_ticks_delay_no_check(monkeypatch):
    """A busy loop makes each tick late. If that added up, a check would come after what is promised."""
    monkeypatch.setattr(broadcaster_module, "TICK_SECONDS", 0.05)
    broadcaster = ensure_broadcaster()
    ticks = []

    def slow():
        ticks.append(time.monotonic())
        time.sleep(0.02)  # the loop stands still
        return set()

    monkeypatch.setattr(broadcaster._checks, "take_due", slow)
    await asyncio.sleep(0.5)
    ticks.clear()
    await asyncio.sleep(2)
    assert 36 <= len(ticks) <= 42
    time.sleep(0.5)  # the process stands still
    ticks.clear()
    await asyncio.sleep(0.1)
    assert len(ticks) <= 4, "what was missed does not come all at once"
    await close_broadcaster()


async def test_a_visit_that_cannot_be_found_out_is_asked_to_come_again(monkeypatch):
    """It is not the database that is away, which is waited for: nobody goes on unasked because asking fails."""
    monkeypatch.setattr(connection, "CHECK_SECONDS", 0)
    conversation, other = await in_db(make.waiting), await in_db(make.waiting)
    key, other_key = await in_db(visit, conversation), await in_db(visit, other)
    async with Line(REPORTER, key) as line, Line(REPORTER, other_key) as well:
        for each in (line, well):
            await each.send(type="sync", after=0)
            await each.until("state")
        identities = next(iter(ensure_broadcaster().connections)).identities
        identify = identities._identify

        def fails(passes):
            if any(pass_.session_key == stored_key(key) for pass_ in passes):
                raise ValueError
            return identify(passes)

        monkeypatch.setattr(identities._checks, "_load", lambda pairs: fails([pass_ for pass_, _tell in pairs]))
        assert await line.closed() == protocol.CLOSE_AGAIN
        assert (await well.post("Toujours là"))["body"] == "Toujours là"


async def test_the_device_left_behind_reads_nothing_more():
    """It may be in the hands of the person one flees: it is not the next beat, seconds later, that ends it."""
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as left_behind:
        await left_behind.send(type="sync", after=0)
        await left_behind.until("state")
        await in_db(resume.resume_conversation, conversation_id=conversation.pk)
        frames = []
        with pytest.raises(Closed) as closed:
            async with asyncio.timeout(10):
                while True:
                    frames.append(await left_behind.receive())
        assert closed.value.code == protocol.CLOSE_NO_SESSION
        assert frames == []


async def _pushed(socket, seconds):
    """Return how many characters the server hands to this socket."""
    size = 0
    with contextlib.suppress(TimeoutError, Closed):
        async with asyncio.timeout(seconds):
            while True:
                frame = await socket.receive()
                size += len(json.dumps(frame))
    return size


async def test_asking_for_everything_again_and_again_is_measured():
    """What a page that does not read is sent stays in the server's memory."""
    conversation = await in_db(make.waiting)
    await in_db(lambda: [make.message(conversation, "x" * 4000) for _each in range(11)])
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        (its_socket,) = ensure_broadcaster().connections
        its_socket._pages = connection.Bucket(3, 0.1)
        for _each in range(30):
            await line.send(type="sync", after=0)
            await asyncio.sleep(0.02)
        assert await _pushed(line, 1) < 4 * 50_000 + 30 * 200
        assert await line.post("Je lis encore")


async def test_sockets_of_one_visit_share_the_measure_of_readings(monkeypatch):
    """Many sockets read no faster than one; another visit has a measure of its own."""
    monkeypatch.setattr(connection, "READINGS", BucketsByKey(3, 0.01))
    key, other = [await in_db(visit, await in_db(make.waiting)) for _each in range(2)]
    async with Line(REPORTER, key) as one, Line(REPORTER, key) as two, Line(REPORTER, other) as elsewhere:
        for line in (one, two, one):
            await line.send(type="sync", after=0)
            await line.until("state")
        await two.send(type="sync", after=0)
        assert (await two.until("error"))["code"] == protocol.RATE_LIMITED
        await elsewhere.send(type="sync", after=0)
        await elsewhere.until("state")
    async with Line(REPORTER, key) as again:
        await again.send(type="sync", after=0)
        assert (await again.until("error"))["code"] == protocol.RATE_LIMITED, "hanging up gives no new measure"


async def test_a_flood_of_good_frames_is_cut(monkeypatch):
    monkeypatch.setattr(connection, "FLOOD", 50)
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        for _each in range(300):
            await line.send(type="typing")
        assert await line.closed() == protocol.CLOSE_BAD_FRAMES


async def test_what_is_read_while_a_mark_is_written_is_marked_too(monkeypatch):
    """It is marked also when the writing has to be done again, on a new connection."""
    conversation = await in_db(make.waiting)
    await in_db(lambda: [make.message(conversation, "x") for _each in range(3)])
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        broadcaster = ensure_broadcaster()
        (subscription,) = (one.subscription for one in broadcaster.connections)
        mark_read, tries = actions.mark_read, []

        def meanwhile(marks):
            tries.append(marks)
            if len(tries) == 1:
                broadcaster.loop.call_soon_threadsafe(broadcaster.mark_read, subscription, 3)
                time.sleep(0.1)
                raise OperationalError
            mark_read(marks)

        monkeypatch.setattr(actions, "mark_read", meanwhile)
        await line.send(type="read", seq=1)
        async with asyncio.timeout(10):
            while (await in_db(Conversation.objects.get)).reporter_read_seq < 3:
                await asyncio.sleep(0.05)
        assert not broadcaster._reads


@pytest.mark.parametrize(
    "value",
    [
        Draft(1, "p", "reporter", None, "c", "a secret"),
        Written(1, timezone.now(), "a secret", None),
        protocol.Post(None, "c", "a secret"),
    ],
)
def test_what_a_person_wrote_is_not_in_a_repr(value):
    """An event loop that is asked to tell everything, or a traceback with its variables, shows it."""
    assert "secret" not in repr([value])


async def test_a_conversation_that_somebody_holds_costs_the_others_a_moment():
    """Another process hangs, or vanished, in the middle of a transaction."""
    held, other = await in_db(make.waiting), await in_db(make.waiting)
    holding, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Conversation.objects.select_for_update(of=("self",)).get(pk=held.pk)
            holding.set()
            let_go.wait(30)

    async with Line(REPORTER, await in_db(visit, held)) as stuck, Line(REPORTER, await in_db(visit, other)) as line:
        for each in (stuck, line):
            await each.send(type="sync", after=0)
            await each.until("state")
        held_by = asyncio.create_task(in_db(hold))
        try:
            await asyncio.to_thread(holding.wait, 10)
            broadcaster = ensure_broadcaster()
            broadcaster.writer._is_busy = True
            ids = [str(uuid.uuid4()) for _each in range(5)]
            for client_id in ids:
                await stuck.send(type="post", client_id=client_id, body="retenu")
            await line.send(type="post", client_id=str(uuid.uuid4()), body="Bonjour")
            while len(broadcaster.writer) < 6:
                await asyncio.sleep(0.01)
            began = time.monotonic()
            broadcaster.writer._start()
            assert (await line.hears("Bonjour"))["seq"] == 1
            # A few times the writer's patience, which is some seconds; the lock is held for half a minute.
            assert time.monotonic() - began < 6 * database.WRITER_LOCK_SECONDS < 30 / 2
            assert {(await stuck.until("error"))["code"] for _each in range(5)} == {"unavailable"}
        finally:
            let_go.set()
            await held_by
        assert (await stuck.post("libre", client_id=ids[0]))["seq"] == 1


async def test_a_commit_that_was_never_answered_reaches_the_other_side_at_once(monkeypatch):
    """The connection breaks after COMMIT: the work is done again, and finds its message there."""
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    async with (
        Line("/ws/console/", await in_db(signed_in, agent)) as console,
        Line(REPORTER, await in_db(visit, conversation)) as line,
    ):
        for each in (console, line):
            await each.send(type="sync", conversation=str(conversation.public_id), after=0)
            await each.until("state")
        await line.post("un")  # posted first, so that the writer's connection is not new
        write, tries = writing.write_messages, []

        def breaks(*args, **options):
            answers = write(*args, **options)
            tries.append(answers)
            if len(tries) == 1:
                raise OperationalError
            return answers

        monkeypatch.setattr(writing, "write_messages", breaks)
        assert (await line.post("deux"))["seq"] == await in_db(_last_seq)
        async with asyncio.timeout(30):
            await console.hears("deux")
        assert len(tries) == 2


def _last_seq():
    return Conversation.objects.get().last_seq


async def test_a_deleted_conversation_does_not_end_the_console():
    agent = await in_db(make.agent)
    gone, kept = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    async with Line("/ws/console/", await in_db(signed_in, agent)) as console:
        await console.until("queue")
        await in_db(Conversation.objects.filter(pk=gone.pk).delete)
        await console.send(type="sync", conversation=str(gone.public_id), after=0)
        await console.until("released")
        assert (await console.post("Toujours là", kept.public_id))["body"] == "Toujours là"
