"""A beat that finds nothing new is answered without a query, and everything that is new is seen."""

import asyncio

import pytest
from django.db import OperationalError
from django.utils import timezone

from chat.messages import protocol, reading
from chat.messages.reading import Known, KnownOwn
from chat.models import Agent, Conversation, Unit
from chat.realtime import beats
from chat.realtime.beats import AgentBeat
from chat.realtime.broadcaster import ensure_broadcaster
from chat.rules.lifecycle import Status
from locations.models import Force
from reports.models import Report
from tests.chat.sockets import SECONDS, Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True)]

REPORTER = "/ws/conversation/"
CONSOLE = "/ws/console/"


def forbid_readings(monkeypatch):
    """Forbid, from here on, to read anything whole."""

    def fail(*_asked):
        raise AssertionError("a beat with nothing new read the exchange")

    monkeypatch.setattr(reading, "read_messages", fail)
    monkeypatch.setattr(reading, "own_conversations", fail)


async def test_beat_with_nothing_new_renews_the_lease_and_reads_nothing(monkeypatch):
    conversation = await in_db(make.waiting)
    await in_db(make.message, conversation, "Bonjour")
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        forbid_readings(monkeypatch)
        await in_db(Conversation.objects.update, reporter_seen_at=make.long_ago(5))
        await line.send(type="beat", after=1, hidden=True)
        assert (await line.receive())["type"] == "beat"
    await in_db(conversation.refresh_from_db)
    assert (timezone.now() - conversation.reporter_seen_at).total_seconds() < 10
    assert conversation.reporter_is_hidden


async def test_beat_of_a_console_with_nothing_new_renews_the_lease_and_reads_nothing(monkeypatch):
    agent = await in_db(make.agent, capacity=5)
    for _each in range(3):
        await in_db(make.message, await in_db(make.assigned, agent), "Bonjour")
    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        await line.until("queue")
        forbid_readings(monkeypatch)
        await in_db(Agent.objects.update, seen_at=make.long_ago(5))
        await line.send(type="beat")
        assert (await line.receive())["type"] == "beat"
    await in_db(agent.refresh_from_db)
    assert (timezone.now() - agent.seen_at).total_seconds() < 10


async def test_beats_of_one_page_in_a_breath_are_answered_once():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        for _each in range(3):
            await line.send(type="beat", after=0)
        assert (await line.receive())["type"] == "beat"
        assert await line.socket.receive_nothing(timeout=2 * beats.LINGER_SECONDS)


def _write_silently(conversation):
    """Write as if the notification had been lost."""
    from django.db import transaction

    from chat.messages.writing import append_message
    from chat.rules.lifecycle import Author

    with transaction.atomic():
        locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
        append_message(locked, author=Author.SYSTEM, body="en silence", now=timezone.now())


async def test_beat_after_a_lost_notification_brings_the_message_first():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        await in_db(_write_silently, conversation)
        await line.send(type="beat", after=0)
        frames = [await line.receive(), await line.receive()]
        assert [frame["type"] for frame in frames] == ["messages", "beat"]
        assert frames[0]["items"][-1]["body"] == "en silence"


async def test_beat_of_a_page_that_has_less_than_it_was_sent_brings_it_again():
    conversation = await in_db(make.waiting)
    await in_db(make.message, conversation, "Bonjour")
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        await line.send(type="beat", after=0)
        assert (await line.receive())["items"][0]["body"] == "Bonjour"
        assert (await line.receive())["type"] == "beat"


async def test_beat_after_a_lost_change_of_state_says_it_first():
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        await in_db(Agent.objects.filter(pk=agent.pk).update, public_name="Autrement")
        await line.send(type="beat")
        frames = [await line.receive(), await line.receive()]
        assert [frame["type"] for frame in frames] == ["state", "beat"]
        assert "Autrement" in frames[0]["interlocutor"]


async def test_beat_of_a_conversation_that_is_gone_hangs_up():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        await in_db(Conversation.objects.filter(pk=conversation.pk).delete)
        await line.send(type="beat")
        assert await line.closed() == protocol.CLOSE_NO_SESSION


async def test_beat_of_a_console_after_a_lost_assignment_brings_it_first():
    agent = await in_db(make.agent)
    await in_db(make.assigned, agent)
    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        await line.until("queue")
        second = await in_db(make.assigned, agent)
        await line.send(type="beat")
        assert await line.receive() == {"type": "assigned", "conversation": str(second.public_id)}
        await line.until("beat")


def test_two_consoles_of_one_agent_are_not_taken_for_one():
    """To the question of the rows both are one agent, and what one of them has hides what the other lacks."""
    agent = make.agent(capacity=5)
    held = tuple((one.pk, one.last_seq) for one in (make.assigned(agent), make.assigned(agent)))
    whole, behind = KnownOwn(agent.pk, held), KnownOwn(agent.pk, held[:1])
    other = make.agent()
    told = [AgentBeat(one, None) for one in (whole, KnownOwn(other.pk, ()), behind)]
    assert beats._is_nothing_new(told[:1]) == [True] and beats._is_nothing_new(told[2:]) == [False]
    assert beats._is_nothing_new(told) == [False, True, False]


@pytest.mark.parametrize("path", [REPORTER, CONSOLE])
async def test_beat_that_the_database_does_not_answer_is_read_whole(path, monkeypatch):
    """The whole way has patience, and tells of a database that is away."""
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    key = await in_db(visit, conversation) if path == REPORTER else await in_db(signed_in, agent)
    async with Line(path, key) as line:
        await line.send(type="sync", conversation=str(conversation.public_id), after=0)
        await line.until("state")

        def away(_known):
            raise OperationalError

        monkeypatch.setattr(reading, "find_outdated", away)
        monkeypatch.setattr(reading, "find_outdated_agents", away)
        await line.send(type="beat")
        assert (await line.until("beat"))["type"] == "beat"


def known_of(conversation):
    [snapshot] = reading.read_snapshots([conversation.pk]).values()
    return Known(conversation.pk, snapshot.last_seq, snapshot.standing)


CHANGES = {
    "a message": lambda one: make.message(one, "encore"),
    "closed": lambda one: Conversation.objects.filter(pk=one.pk).update(status=Status.CLOSED, closed_at=timezone.now()),
    "another agent": lambda one: Conversation.objects.filter(pk=one.pk).update(assigned_to=make.agent()),
    "the agent's name": lambda one: Agent.objects.filter(pk=one.assigned_to_id).update(public_name="Autre"),
    "the agent's force": lambda one: Unit.objects.filter(agents=one.assigned_to_id).update(force=Force.GENDARMERIE),
    "the language": lambda one: Report.objects.filter(pk=one.report_id).update(language="en"),
    "a code used elsewhere": lambda one: Report.objects.filter(pk=one.report_id).update(visit_generation=7),
    "gone": lambda one: Conversation.objects.filter(pk=one.pk).delete(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_that_a_person_reads_makes_theirs_outdated_and_nobody_elses(change):
    people = [make.assigned(make.agent(unit_name=f"Équipe {number}")) for number in range(3)]
    for one in people:
        make.message(one, "Bonjour")
    known = [known_of(one) for one in people]
    assert reading.find_outdated(known) == []
    CHANGES[change](people[1])
    assert reading.find_outdated(known) == [1]


def test_who_waits_without_an_agent_is_known_too():
    known = known_of(make.waiting())
    assert reading.find_outdated([known]) == []
    assert reading.find_outdated([known._replace(standing=known.standing + 1)]) == [0]


def test_outdated_agents_are_those_whose_exchanges_came_left_or_went_on():
    agents = [make.agent(capacity=5) for _each in range(5)]
    exchanges = [make.assigned(agent) for agent in agents]
    for one in exchanges:
        make.message(one, "Bonjour")
    known = [
        KnownOwn(agent.pk, ((one.pk, known_of(one).last_seq),)) for agent, one in zip(agents, exchanges, strict=True)
    ]
    idle = KnownOwn(make.agent().pk, ())
    assert reading.find_outdated_agents([*known, idle]) == set()
    make.assigned(agents[1])  # this one came
    # This one ended.
    Conversation.objects.filter(pk=exchanges[2].pk).update(status=Status.CLOSED, closed_at=timezone.now())
    make.message(exchanges[3], "encore")  # this one went on
    Conversation.objects.filter(pk=exchanges[4].pk).update(assigned_to=agents[0])  # this one went to another agent
    assert reading.find_outdated_agents([*known, idle]) == {agent.pk for agent in agents}
    assert reading.find_outdated_agents([idle]) == set()


async def test_beats_that_came_together_are_one_crossing(monkeypatch):
    asked, due = [], []
    find = reading.find_outdated
    monkeypatch.setattr(reading, "find_outdated", lambda known: asked.append(len(known)) or find(known))
    conversations = [await in_db(make.waiting) for _each in range(2)]
    keys = [await in_db(visit, one) for one in conversations]
    async with Line(REPORTER, keys[0]) as one, Line(REPORTER, keys[1]) as other:
        waiting = ensure_broadcaster()._beats
        monkeypatch.setattr(waiting, "_call_later", lambda _seconds, call: due.append(call))
        for line in (one, other):
            await line.send(type="sync", after=0)
            await line.until("state")
            await line.send(type="beat")
        async with asyncio.timeout(SECONDS):
            while len(waiting._waiting) < 2:
                await asyncio.sleep(0.01)
        [call] = due
        call()
        for line in (one, other):
            await line.until("beat")
    assert asked == [2]


async def test_page_that_was_sent_something_since_its_beat_came_is_asked_for_again_and_not_read(monkeypatch):
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        waiting, due = ensure_broadcaster()._beats, []
        monkeypatch.setattr(waiting, "_call_later", lambda _seconds, call: due.append(call))
        await line.send(type="beat")
        async with asyncio.timeout(SECONDS):
            while not due:
                await asyncio.sleep(0.01)
        await line.post("Bonjour")
        read = []
        monkeypatch.setattr(beats, "_read", read.append)
        due.pop()()
        assert (await line.until("beat"))["type"] == "beat"
        assert read == []


class Page:
    """A page that is asked for nothing: only what it is sent is kept."""

    is_settled = False

    def __init__(self, order):
        self.order = order

    def push_event(self, _event, _size):
        self.order.append(self)


def test_answers_leave_a_share_at_a_time_each_once_and_in_their_order(monkeypatch):
    order, later = [], []
    everybody = beats.Beats.__new__(beats.Beats)
    everybody._call_later = lambda seconds, call: later.append((seconds, call))
    pages = [Page(order) for _each in range(2 * beats.TOGETHER + 5)]
    read = []
    monkeypatch.setattr(beats, "_read", read.append)
    answers = [index != 70 for index in range(len(pages))]
    everybody._answer([(page, None) for page in pages], answers)
    shares = [len(order)]
    while later:
        seconds, call = later.pop()
        assert seconds == 0
        call()
        shares.append(len(order) + len(read))
    assert shares == [beats.TOGETHER, 2 * beats.TOGETHER, len(pages)]
    assert read == [pages[70]] and order == [page for page in pages if page is not pages[70]]
    everybody._answer([(page, None) for page in pages], OperationalError())
    while later:
        later.pop()[1]()
    assert read[1:] == pages
