import inspect
import re
import threading
import uuid
from datetime import UTC, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Index
from django.db.models.functions import TruncMinute
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.scale import generator
from chat import pubsub
from chat.console import inbox
from chat.conversations import actions, dispatcher, resume
from chat.conversations.whereabouts import whereabouts_of, with_departure
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.models.casework import Emergency
from chat.models.conversation import _in_turn
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability, Status
from chat.rules.whereabouts import Whereabouts
from chat.supervision import giving
from common.service_settings import definitions
from locations.models import Force
from pnav.accounts.management.commands import bench_sessions
from pnav.accounts.models import Role
from reports.models import Report
from tests.chat.conversations.test_actions import in_threads
from tests.chat.conversations.test_idle import give, pass_cold, pass_warm, reassign
from tests.chat.conversations.turns import one_value_among, unlike
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def who_has(conversation):
    conversation.refresh_from_db()
    return conversation.assigned_to


def test_dispatch_oldest_first():
    recent, oldest = make.waiting(queued_at=make.long_ago(1)), make.waiting(queued_at=make.long_ago(9))
    agent = make.agent(capacity=1)
    assert dispatcher.dispatch() == 1
    assert who_has(oldest) == agent and who_has(recent) is None


def test_dispatch_speaks_the_language_of_the_visit():
    conversation = make.waiting(language="en")
    make.agent()
    dispatcher.dispatch()
    assert "is here" in conversation.messages.get().body and "police nationale" not in conversation.messages.get().body


def test_dispatch_urgent_before_old():
    old = make.waiting(queued_at=make.long_ago(60))
    urgent = make.waiting(urgency=Urgency.CRITICAL)
    agent = make.agent(capacity=1)
    dispatcher.dispatch()
    assert who_has(urgent) == agent and who_has(old) is None


def test_dispatch_prefers_the_force_of_the_zone():
    make.agent(force=Force.POLICE)
    gendarme = make.agent(force=Force.GENDARMERIE)
    conversation = make.waiting(force=Force.GENDARMERIE)
    dispatcher.dispatch()
    assert who_has(conversation) == gendarme


def test_dispatch_waits_for_the_preferred_force_while_it_is_on_duty(settings):
    settings.OVERFLOW_SECONDS = 60
    make.assigned(make.agent(force=Force.GENDARMERIE, capacity=1), force=Force.GENDARMERIE)
    police = make.agent(force=Force.POLICE)
    conversation = make.waiting(force=Force.GENDARMERIE)
    Agent.objects.update(seen_at=timezone.now() + timedelta(seconds=61))
    for seconds in (0, 59):
        dispatcher.dispatch(now=conversation.queued_at + timedelta(seconds=seconds))
        assert who_has(conversation) is None
    dispatcher.dispatch(now=conversation.queued_at + timedelta(seconds=60))
    assert who_has(conversation) == police


def test_dispatch_nobody_of_the_preferred_force_overflows_at_once():
    police = make.agent(force=Force.POLICE)
    conversation = make.waiting(force=Force.GENDARMERIE)
    dispatcher.dispatch()
    assert who_has(conversation) == police


def test_dispatch_waiting_for_its_force_does_not_hold_up_the_others():
    make.assigned(make.agent(force=Force.GENDARMERIE, capacity=1), force=Force.GENDARMERIE)
    police = make.agent(force=Force.POLICE)
    first = make.waiting(force=Force.GENDARMERIE, queued_at=make.long_ago(0.5))
    second = make.waiting(force=Force.POLICE)
    dispatcher.dispatch()
    assert who_has(first) is None and who_has(second) == police


@pytest.mark.parametrize(
    "traits",
    [
        {"availability": Availability.PAUSE},
        {"availability": Availability.AWAY},
        {"present": False},
        {"capacity": 0},
    ],
)
def test_dispatch_gives_nobody_to_an_agent_who_cannot(traits):
    make.agent(**traits)
    conversation = make.waiting()
    assert dispatcher.dispatch() == 0
    assert who_has(conversation) is None


def test_dispatch_shares_out_among_agents():
    agents = [make.agent(capacity=3) for _each in range(3)]
    for _each in range(6):
        make.waiting()
    assert dispatcher.dispatch() == 6
    assert [Conversation.objects.filter(assigned_to=agent).count() for agent in agents] == [2, 2, 2]


def test_dispatch_never_over_capacity():
    agent = make.agent(capacity=2)
    for _each in range(5):
        make.waiting()
    assert dispatcher.dispatch() == 2
    assert Conversation.objects.active().filter(assigned_to=agent).count() == 2


@pytest.mark.django_db(transaction=True)
def test_dispatch_from_many_processes_at_once():
    agents = [make.agent(capacity=2) for _each in range(4)]
    for _each in range(20):
        make.waiting()
    in_threads(6, lambda _index: dispatcher.dispatch())
    assert Conversation.objects.active().count() == 8
    assert all(Conversation.objects.active().filter(assigned_to=agent).count() == 2 for agent in agents)
    assert ConversationEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 8
    # The eight oldest ones, without an exception.
    order = list(Conversation.objects.order_by("queued_at").values_list("status", flat=True))
    assert order == [Status.ACTIVE] * 8 + [Status.WAITING] * 12


@pytest.mark.django_db(transaction=True)
def test_claim_conversation_by_many_agents_is_won_once():
    agents = [make.agent() for _each in range(6)]
    conversation = make.waiting()
    now = timezone.now()
    won = in_threads(
        6, lambda i: dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=agents[i].pk, now=now)
    )
    assert sorted(won) == [False] * 5 + [True]
    assert who_has(conversation).pk == agents[won.index(True)].pk


@pytest.mark.django_db(transaction=True)
def test_claim_person_who_is_typing_is_not_passed_over():
    """With SKIP LOCKED, posting while the queue is dispatched would lose the place."""
    oldest = make.waiting(queued_at=make.long_ago(5))
    make.waiting()
    make.agent(capacity=1)

    def work(index):
        if index:
            return dispatcher.dispatch()
        return [make.message(oldest, str(i)) for i in range(20)]

    in_threads(3, work)
    assert who_has(oldest) is not None


def test_release_stale_keeps_the_old_place_and_tells_the_person():
    agent = make.agent()
    conversation = make.assigned(agent, queued_at=make.long_ago(30))
    place = conversation.queued_at
    later = timezone.now() + timedelta(seconds=61)
    assert dispatcher.release_stale(now=later) == 1
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING and conversation.queued_at == place
    assert conversation.assigned_to is None
    assert "La place est gardée" in conversation.messages.last().body
    agent.refresh_from_db()
    assert agent.availability == Availability.AWAY


def test_claim_after_a_release_the_new_agent_has_read_nothing():
    conversation = make.assigned(make.agent())
    Conversation.objects.update(agent_read_seq=1)
    dispatcher.release_stale(now=timezone.now() + timedelta(seconds=61))
    other = make.agent()
    dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=other.pk, now=timezone.now())
    conversation.refresh_from_db()
    assert conversation.assigned_to == other and conversation.agent_read_seq == 0


def read_up_to(conversation: Conversation, seq: int) -> None:
    actions.mark_read([actions.Mark(conversation.pk, Author.AGENT, seq)])


def test_agent_who_gets_the_same_person_back_has_read_what_they_had_read():
    agent = make.agent()
    conversation = make.assigned(agent)
    read_up_to(conversation, make.message(conversation, "lu").seq)
    dispatcher.release_stale(now=timezone.now() + timedelta(seconds=61))
    make.message(conversation, "écrit dans la file")
    Agent.objects.update(availability=Availability.AVAILABLE)
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=agent.pk, now=timezone.now())
    (entry,) = inbox.open_entries(agent, timezone.now())
    assert entry.unread == 1


def test_agent_who_gets_a_person_back_from_a_colleague_has_read_nothing_of_what_came_since():
    agent, colleague = make.agent(), make.agent()
    conversation = make.assigned(agent)
    read_up_to(conversation, make.message(conversation, "lu").seq)
    dispatcher.release_stale(now=timezone.now() + timedelta(seconds=61))
    Agent.objects.update(availability=Availability.AVAILABLE)
    for one in (colleague, agent):
        assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=one.pk, now=timezone.now())
        read_up_to(conversation, make.message(conversation, "et encore").seq if one == colleague else 0)
        if one == colleague:
            dispatcher.release_stale(now=timezone.now() + timedelta(seconds=61))
            Agent.objects.update(availability=Availability.AVAILABLE)
    conversation.refresh_from_db()
    assert conversation.assigned_to == agent and conversation.agent_read_seq == 0


def test_release_stale_leaves_present_agents_alone():
    conversation = make.assigned()
    assert dispatcher.release_stale() == 0
    assert who_has(conversation) is not None


def test_dispatch_passes_over_who_is_not_there_and_keeps_their_place():
    gone, here = make.waiting(queued_at=make.long_ago(9)), make.waiting(queued_at=make.long_ago(1))
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(2))
    assert dispatcher.read_board().order == (here.public_id,)
    agent = make.agent(capacity=1)
    dispatcher.dispatch()
    assert who_has(here) == agent and who_has(gone) is None
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=timezone.now())
    make.waiting(queued_at=make.long_ago(5))
    assert dispatcher.read_board().order[0] == gone.public_id


def test_abandon_absent():
    gone, here = make.waiting(), make.waiting()
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(31))
    assert dispatcher.abandon_absent() == 1
    gone.refresh_from_db()
    here.refresh_from_db()
    assert (gone.status, here.status) == (Status.ABANDONED, Status.WAITING)


def test_read_board_position_and_range(django_assert_num_queries):
    make.assigned(make.agent(capacity=1))
    second = make.waiting()
    urgent = make.waiting(urgency=Urgency.HIGH)
    with django_assert_num_queries(3):
        board = dispatcher.read_board(timezone.now())
    assert (board.position(urgent.public_id), board.position(second.public_id)) == (1, 2)
    assert (board.slots, board.free) == (1, 0)
    low, high = board.wait_minutes(2)
    assert 0 < low < high


def test_read_board_nobody_on_duty_gives_no_range():
    make.agent(present=False)
    conversation = make.waiting()
    board = dispatcher.read_board()
    assert board.position(conversation.public_id) == 1
    assert board.wait_minutes(1) is None


# --- who goes away ----------------------------------------------------------------------------------------------------


def unseen_for(conversation, **time):
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=timezone.now() - timedelta(**time))


@pytest.mark.parametrize("abandon_seconds", [60, 1800])
def test_person_who_returns_after_4_min_59_has_the_same_place(settings, abandon_seconds):
    """It is so whatever ABANDON_SECONDS says. Those behind were not held up meanwhile."""
    settings.ABANDON_SECONDS = abandon_seconds
    gone = make.waiting(queued_at=make.long_ago(20))
    behind = make.waiting(queued_at=make.long_ago(10))
    later = make.waiting(queued_at=make.long_ago(1))
    unseen_for(gone, minutes=4, seconds=59)
    assert dispatcher.abandon_absent() == 0
    first_agent = make.agent(capacity=1)
    dispatcher.dispatch()
    assert who_has(behind) == first_agent and who_has(gone) is None and gone.status == Status.WAITING
    unseen_for(gone, seconds=0)
    assert dispatcher.read_board().order == (gone.public_id, later.public_id)
    second_agent = make.agent(capacity=1)
    dispatcher.dispatch()
    assert who_has(gone) == second_agent and who_has(later) is None


def test_abandon_absent_after_five_minutes_when_set_so(settings):
    settings.ABANDON_SECONDS = 60
    gone = make.waiting(queued_at=make.long_ago(20))
    unseen_for(gone, minutes=5, seconds=1)
    assert dispatcher.abandon_absent() == 1
    gone.refresh_from_db()
    assert gone.status == Status.ABANDONED
    later = make.waiting(queued_at=make.long_ago(10))
    resume.revive_conversation(conversation_id=gone.pk)
    assert dispatcher.read_board().order == (gone.public_id, later.public_id)


# --- a page that sleeps -----------------------------------------------------------------------------------------------


def asleep_for(conversation, **time):
    unseen_for(conversation, **time)
    Conversation.objects.filter(pk=conversation.pk).update(reporter_is_hidden=True)


def test_page_that_sleeps_keeps_its_turn(settings):
    sleeper, behind = make.waiting(queued_at=make.long_ago(9)), make.waiting(queued_at=make.long_ago(1))
    asleep_for(sleeper, minutes=9)
    assert dispatcher.read_board().order == (sleeper.public_id, behind.public_id)
    agent = make.agent(capacity=1)
    dispatcher.dispatch()
    assert who_has(sleeper) == agent and who_has(behind) is None


def test_page_that_sleeps_for_longer_is_passed_over_like_any_other():
    sleeper, behind = make.waiting(queued_at=make.long_ago(20)), make.waiting(queued_at=make.long_ago(1))
    asleep_for(sleeper, minutes=10, seconds=1)
    assert dispatcher.read_board().order == (behind.public_id,)


def test_nobody_waits_for_a_telephone_that_never_comes_back():
    """Its turn comes, it is waited for, the next person is served; on its return it has its place, and gains none."""
    sleeper, behind = make.waiting(queued_at=make.long_ago(9)), make.waiting(queued_at=make.long_ago(8))
    place = sleeper.queued_at
    asleep_for(sleeper, minutes=5)
    agent = make.agent(capacity=1)
    dispatcher.dispatch()
    now = timezone.now()
    assert dispatcher.release_asleep(now + timedelta(seconds=119)) == 0
    assert dispatcher.release_asleep(now + timedelta(seconds=121)) == 1
    dispatcher.dispatch()
    assert who_has(sleeper) is None and who_has(behind) == agent
    assert sleeper.status == Status.WAITING and sleeper.queued_at == place
    assert sleeper.messages.last().body.startswith("Le tour est venu pendant que cette page était en veille")
    assert list(sleeper.events.values_list("kind", flat=True)) == [EventKind.ASSIGNED, EventKind.ASLEEP]
    dispatcher.dispatch()
    make.waiting(queued_at=make.long_ago(2))
    resume.revive_conversation(conversation_id=sleeper.pk)
    assert dispatcher.read_board().order[0] == sleeper.public_id
    other = make.agent(capacity=1)
    dispatcher.dispatch()
    assert who_has(sleeper) == other


@pytest.mark.parametrize("seen", ["before", "after"])
def test_whoever_was_seen_since_their_turn_came_stays_with_their_agent(seen):
    person = make.waiting()
    asleep_for(person, minutes=3)
    agent = make.agent()
    dispatcher.dispatch()
    later = timezone.now() + timedelta(minutes=9)
    if seen == "after":
        actions.reporters_seen(conversation_ids=[person.pk], hidden=[person.pk])
    else:
        Conversation.objects.filter(pk=person.pk).update(reporter_is_hidden=False)
    assert dispatcher.release_asleep(later) == 0 and who_has(person) == agent


def test_emergency_under_way_is_left_to_its_agent():
    person = make.waiting()
    asleep_for(person, minutes=3)
    agent = make.agent()
    dispatcher.dispatch()
    Emergency.objects.create(
        conversation=person, situation=Situation.SUICIDE, started_at=timezone.now(), started_by=agent.user
    )
    assert dispatcher.release_asleep(timezone.now() + timedelta(minutes=9)) == 0


@pytest.mark.parametrize("hand", [reassign, give, pass_cold, pass_warm])
def test_whom_a_colleague_or_a_supervisor_gave_stays_while_the_telephone_sleeps(hand):
    """They have a telephone that is locked, and an agent who was told of them: nobody else would have them."""
    agent, colleague = make.agent(), make.agent(public_name="Louise")
    chief = make.agent(role=Role.SUPERVISOR, availability=Availability.AWAY)
    person = hand(agent, colleague, chief)
    given_by_queue = make.assigned(agent)
    for one in (person, given_by_queue):
        asleep_for(one, minutes=3)
    assert dispatcher.release_asleep(timezone.now() + timedelta(minutes=9)) == 1
    assert who_has(person) == agent and who_has(given_by_queue) is None


def test_page_that_is_looked_at_again_is_known_at_once():
    person = make.waiting()
    now = timezone.now()
    for hidden in (True, False, True):
        actions.reporters_seen(conversation_ids=[person.pk], hidden=[person.pk] if hidden else [], now=now)
        person.refresh_from_db()
        assert person.reporter_is_hidden is hidden


# --- who leaves with a code -------------------------------------------------------------------------------------------


def test_place_of_who_left_with_a_code_is_kept_as_long_as_the_service_says(set_rule):
    set_rule(definitions.PLACE_WITH_CODE, 45)
    with_code, without = make.waiting(queued_at=make.long_ago(60)), make.waiting(queued_at=make.long_ago(59))
    resume.issue_code(conversation_id=with_code.pk)
    for person in (with_code, without):
        unseen_for(person, minutes=44)
    assert dispatcher.abandon_absent() == 1
    with_code.refresh_from_db()
    assert with_code.status == Status.WAITING
    assert dispatcher.read_board().order == (), "nobody is given somebody who has left"
    unseen_for(with_code, minutes=46)
    assert dispatcher.abandon_absent() == 1


def test_nobody_is_given_who_left_by_the_quick_exit_until_they_come_back():
    """For ninety seconds more they were given to an agent, who read that they had left the page."""
    gone, behind = make.waiting(queued_at=make.long_ago(20)), make.waiting(queued_at=make.long_ago(10))
    resume.park_conversation(report=gone.report)
    # The last beat of the page waited for others, and was written after the departure.
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=timezone.now())
    first_agent = make.agent(capacity=1)
    assert dispatcher.dispatch() == 1 and who_has(behind) == first_agent
    assert giving.find_waiting(gone.public_id, timezone.now()) is None
    second_agent = make.agent(capacity=1)
    assert dispatcher.dispatch() == 0
    resume.resume_conversation(conversation_id=gone.pk)
    assert giving.find_waiting(gone.public_id, timezone.now()) is not None
    assert dispatcher.dispatch() == 1 and who_has(gone) == second_agent


def test_where_a_person_is_is_one_rule_also_after_the_clock_was_put_back():
    """The history is read in the order in which it was written: what came later has an earlier time here."""
    back, gone = make.waiting(queued_at=make.long_ago(20)), make.waiting(queued_at=make.long_ago(10))
    ahead = timezone.now() + timedelta(hours=1)
    resume.park_conversation(report=back.report)
    resume.resume_conversation(conversation_id=gone.pk)
    ConversationEvent.objects.filter(kind__in=[EventKind.PARKED, EventKind.RESUMED]).update(at=ahead)
    resume.resume_conversation(conversation_id=back.pk)
    resume.park_conversation(report=gone.report)
    rows = {row.pk: row for row in with_departure(Conversation.objects.waiting())}
    found = [whereabouts_of(rows[one.pk], timezone.now()) for one in (back, gone)]
    assert found == [Whereabouts.HERE, Whereabouts.LEFT]
    assert list(Conversation.objects.waiting().without_departed()) == [back]


def test_who_comes_back_with_a_code_has_the_same_place_and_no_better_one():
    before, gone, behind = (make.waiting(queued_at=make.long_ago(minutes)) for minutes in (50, 40, 30))
    code = resume.issue_code(conversation_id=gone.pk).text.split()
    unseen_for(gone, minutes=25)
    assert dispatcher.read_board().order == (before.public_id, behind.public_id)
    resume.resume_by_code(words=code)
    assert dispatcher.read_board().order == (before.public_id, gone.public_id, behind.public_id)


def test_abandon_absent_by_batches(monkeypatch):
    monkeypatch.setattr(dispatcher, "PEOPLE_AT_ONCE", 2)
    for _each in range(3):
        unseen_for(make.waiting(), hours=1)
    assert [dispatcher.abandon_absent() for _pass in range(3)] == [2, 1, 0]
    assert ConversationEvent.objects.filter(kind=EventKind.ABANDONED).count() == 3


def test_release_stale_by_batches_oldest_account_first(monkeypatch):
    monkeypatch.setattr(dispatcher, "AGENTS_AT_ONCE", 2)
    for _each in range(3):
        make.assigned(make.agent())
    later = timezone.now() + timedelta(seconds=61)
    assert [dispatcher.release_stale(now=later) for _pass in range(3)] == [2, 1, 0]


def test_release_agent_who_came_back_meanwhile_keeps_everything():
    conversation = make.assigned(make.agent())
    assert dispatcher._release(conversation.assigned_to_id, timezone.now()) == 0
    assert who_has(conversation).availability == Availability.AVAILABLE


@pytest.mark.parametrize("holds", [False, True])
def test_release_stale_ends_a_pause_with_its_reason(holds):
    agent = make.agent()
    if holds:
        make.assigned(agent)
    soon = timezone.now() + timedelta(minutes=5)
    pause = {"availability": Availability.PAUSE, "pause_reason": "déjeuner", "pause_until": soon}
    Agent.objects.update(seen_at=make.long_ago(5), **pause)
    assert dispatcher.release_stale() == int(holds)
    agent.refresh_from_db()
    assert (agent.availability, agent.pause_reason, agent.pause_until) == (Availability.AWAY, "", None)


@pytest.mark.parametrize("act", [dispatcher.release_stale, dispatcher.release_asleep])
def test_taking_back_all_of_an_agent_asks_no_more_of_the_database_than_taking_back_one(act):
    """When a network fails, everybody's exchanges go back in one tick, and their rows are locked meanwhile."""
    counts = []
    for number in (1, 6):
        agent = make.agent(capacity=10)
        for _each in range(number):
            sleeper = make.assigned(agent)
            asleep_for(sleeper, minutes=9)
        Conversation.objects.filter(assigned_to=agent).update(assigned_at=make.long_ago(5))
        Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
        with CaptureQueriesContext(connection) as queries:
            assert act() == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_dispatch_ends_with_the_round_that_finds_nobody_to_give(monkeypatch):
    """Somebody waits for their own force, which is on duty and full: the other force has room, and gets nobody."""
    make.assigned(make.agent(capacity=1))
    make.agent(force="gendarmerie")
    make.waiting()
    rounds: list[object] = []
    give = dispatcher._give_some
    monkeypatch.setattr(dispatcher, "_give_some", lambda *args: rounds.append(args) or give(*args))
    assert dispatcher.dispatch() == 0
    assert len(rounds) == 1


# --- a crowd ----------------------------------------------------------------------------------------------------------


def crowd(count, **fields):
    """Create many people, without a query for each."""
    now = timezone.now()
    reports = Report.objects.bulk_create(
        Report(
            submission_id=uuid.uuid4(), triage_version="test", triage_answers_sealed=b"", outcome="chat", force="police"
        )
        for _each in range(count)
    )
    values = {"force": "police", "opened_at": now, "queued_at": now, "reporter_seen_at": now} | fields
    return Conversation.objects.bulk_create(Conversation(report=report, **values) for report in reports)


def queries_of(work):
    with CaptureQueriesContext(connection) as queries:
        result = work()
    return result, len(queries)


def test_dispatch_costs_no_more_when_a_thousand_wait():
    agents = [make.agent(capacity=3) for _each in range(10)]
    crowd(40)
    few = queries_of(dispatcher.dispatch)
    Conversation.objects.all().delete()
    crowd(1000)
    many = queries_of(dispatcher.dispatch)
    assert few == many
    given, queries = many
    assert given == 30 == Conversation.objects.filter(assigned_to__in=agents).count()
    # Two transactions, and one more look that finds no room. Each has a fixed number of statements, however many people
    # are assigned.
    assert queries <= 3 * 19


def test_dispatch_with_nothing_to_do_costs_next_to_nothing():
    make.agent()
    assert queries_of(dispatcher.dispatch) == (0, 2)  # the time, and that nobody waits
    Agent.objects.update(capacity=0)
    crowd(50)
    given, queries = queries_of(dispatcher.dispatch)
    assert given == 0 and queries <= 14  # two of them ask who was passed on, and who is of a crowded network


@pytest.mark.django_db(transaction=True)
def test_presence_of_many_agents_is_not_a_dispatch_for_each(monkeypatch):
    """Consoles beat together: after a deploy, all of them come back in the same second."""
    calls = []
    monkeypatch.setattr(dispatcher, "dispatch", lambda: calls.append(1))
    agents = [make.agent(present=False).pk for _each in range(8)]
    actions.agents_seen(agent_ids=agents, now=timezone.now())
    assert len(calls) == 1
    actions.agents_seen(agent_ids=agents, now=timezone.now() + timedelta(seconds=20))
    assert len(calls) == 1  # people who were there before cause no further call


def test_dispatch_stops_after_so_many_and_goes_on_at_the_next_tick(monkeypatch):
    monkeypatch.setattr(dispatcher, "AT_ONCE", 2)
    monkeypatch.setattr(dispatcher, "ROUNDS", 2)
    make.agent(capacity=5)
    crowd(6)
    assert [dispatcher.dispatch() for _tick in range(3)] == [4, 1, 0]


def test_dispatch_agent_who_left_meanwhile_does_not_end_the_pass(monkeypatch):
    gone, other = make.agent(capacity=1), make.agent(capacity=1)
    conversation = make.waiting()
    with_room = dispatcher._with_room

    def then_one_leaves(agents, now, wanted):
        keys = with_room(agents, now, wanted)
        Agent.objects.filter(pk=gone.pk).update(availability=Availability.PAUSE)
        return keys

    monkeypatch.setattr(dispatcher, "_with_room", then_one_leaves)
    assert dispatcher.dispatch() == 1
    assert who_has(conversation) == other


@pytest.mark.django_db(transaction=True)
def test_dispatch_rings_once_for_all_who_were_given_together(monkeypatch):
    """A message of the layer for each person and each kind cost more than the giving itself."""
    rung = []
    monkeypatch.setattr(pubsub, "_publish_now", lambda *rings: rung.append(rings))
    agent = make.agent(capacity=3)
    conversations = [make.waiting() for _each in range(3)]
    assert dispatcher.dispatch() == 3
    (rings,) = rung
    assert len(set(rings)) == len(rings) == 2 * 3 + 2
    assert {ring.conversation for ring in rings if ring.kind == pubsub.STATE} == {
        str(each.public_id) for each in conversations
    }
    assert [ring.agent for ring in rings if ring.kind == pubsub.AGENT] == [agent.pk]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        pubsub.queue_changed()
        1 / 0  # noqa: B018
    with transaction.atomic():
        pubsub.queue_changed()
    assert len(rung) == 2  # nothing of what was rolled back was announced


def test_board_finds_a_place_without_searching():
    class Order(tuple):
        def index(self, *_args):
            raise AssertionError("a thousand pages each search a thousand places")

    ids = [uuid.uuid4() for _each in range(1000)]
    board = dispatcher.Board(order=Order(ids), slots=0, free=0, average_minutes=55)
    assert [board.position(each) for each in ids] == list(range(1, 1001))
    assert board.position(uuid.uuid4()) is None


def test_read_board_and_loads_by_their_indexes():
    """The closed conversations are the mass, and grow with the years."""
    agent = make.agent(capacity=10)
    now = timezone.now()
    crowd(3000, status=Status.CLOSED, closed_at=now, assigned_to=agent, assigned_at=now)
    crowd(20)
    crowd(3, status=Status.ACTIVE, assigned_to=agent, assigned_at=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_conversation")
    queue = next(index.name for index in Conversation._meta.indexes if index.name.startswith("conversation_queue"))
    plans = {
        queue: Conversation.objects.waiting().here(now),
        "conversation_load": Agent.objects.on_duty(now).with_load(),
    }
    for index, query in plans.items():
        assert index in query.explain(), query.explain()
    board = dispatcher.read_board()
    assert (len(board.order), board.slots, board.free) == (20, 10, 7)


def test_who_left_is_passed_over_at_the_cost_of_those_who_come_first():
    """Only of these are the events looked at, by their index, and not those of years."""
    agent, now = make.agent(), timezone.now()
    past = crowd(2000, status=Status.CLOSED, closed_at=now, assigned_to=agent, assigned_at=now)
    waiting = crowd(1000)
    for place, one in enumerate(waiting):
        one.queued_at = now - timedelta(seconds=place)
    Conversation.objects.bulk_update(waiting, ["queued_at"])
    ConversationEvent.objects.bulk_create(
        one.new_event(kind, at=now) for one in past for kind in (EventKind.OPENED, EventKind.PARKED, EventKind.CLOSED)
    )
    ConversationEvent.objects.bulk_create(one.new_event(EventKind.OPENED, at=now) for one in waiting)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_conversation, chat_conversationevent")
    queue = Conversation.objects.waiting().here(now).without_departed()
    plan = queue[: dispatcher.AT_ONCE].explain(analyze=True)
    assert "conversation_queue" in plan and "Seq Scan on chat_conversationevent" not in plan, plan
    assert "loops=1000" not in plan, plan


@pytest.mark.django_db(transaction=True)
def test_giving_does_not_hold_up_what_the_agent_writes():
    """A message refers to its agent: it must not wait for the lock under which people are given to that agent."""
    conversation = make.assigned()
    agent = conversation.assigned_to
    is_written = threading.Event()

    def work(index):
        if index:
            make.message(conversation, author=Author.AGENT)
            is_written.set()
            return
        with transaction.atomic():
            assert dispatcher._lock_agents([agent.pk], timezone.now())
            assert is_written.wait(30)

    in_threads(2, work)
    assert Message.objects.filter(agent=agent).count() == 1


def test_turn_of_one_person_is_the_order_of_the_table():
    """`assignment.turn_key` says in Python what `IN_TURN` says to PostgreSQL.

    Everybody is opened as the product opens them, of reports that differ: a column of the order that nobody writes, or
    that the queue does not read, has one value here, and fails.
    """
    now = timezone.now()
    fields = unlike()
    for urgency in (Urgency.NORMAL, Urgency.CRITICAL, Urgency.HIGH):
        for minutes in (2, 9, 2, 9):
            opened = actions.open_conversation(report=make.report(urgency=urgency, **next(fields)))
            Conversation.objects.filter(pk=opened.pk).update(queued_at=now - timedelta(minutes=minutes))
    waiting = Conversation.objects.waiting()
    rows = list(waiting.values_list(*dispatcher.TURN_COLUMNS))
    assert len(rows) == 12
    assert one_value_among(waiting) == [], "written by open_conversation?"
    assert rows == sorted(rows, key=dispatcher.turn_key_of_row)


def test_whoever_makes_rows_of_a_queue_writes_its_order():
    """The measurements make people by statements of their own. A column of the order that these leave out has one value
    for everybody, so the dearest order is never measured.
    """
    columns = set(dispatcher.TURN_COLUMNS) - {"pk"}
    (of_the_table,) = re.findall(r"INSERT INTO chat_conversation \((.*?)\)", generator.CONVERSATIONS, re.DOTALL)
    assert columns <= set(re.findall(r"\w+", of_the_table))
    assert columns <= set(re.findall(r"(\w+)=", inspect.getsource(bench_sessions._conversations)))


def test_index_of_the_queue_follows_an_order_with_an_expression():
    """Whoever changes `IN_TURN` may write one: a column downwards, a moment to its minute, a column, the key."""
    minute = TruncMinute("queued_at", tzinfo=UTC)
    index = Index(*_in_turn(("-urgency", minute, "queued_at", "pk")), name="conversation_queue_tried")
    assert [str(part) for part in index.expressions] == [
        "OrderBy(F(urgency), descending=True)",
        str(minute),
        "F(queued_at)",
    ]
    statement = str(index.create_sql(Conversation, connection.schema_editor()))
    with connection.cursor() as cursor:
        cursor.execute(statement)  # PostgreSQL refuses an expression that is not immutable
    assert "queued_at" in statement
