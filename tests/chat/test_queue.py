from datetime import timedelta

import pytest
from django.utils import timezone

from chat import queue
from chat.lifecycle import Availability, Status
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from locations.models import Force
from tests.chat.test_actions import in_threads
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def who_has(conversation):
    conversation.refresh_from_db()
    return conversation.assigned_to


def test_dispatch_oldest_first():
    recent, oldest = make.waiting(queued_at=make.long_ago(1)), make.waiting(queued_at=make.long_ago(9))
    agent = make.agent(capacity=1)
    assert queue.dispatch() == 1
    assert who_has(oldest) == agent and who_has(recent) is None


def test_dispatch_speaks_the_language_of_the_visit():
    conversation = make.waiting(language="en")
    make.agent()
    queue.dispatch()
    assert "is here" in conversation.messages.get().body and "police nationale" not in conversation.messages.get().body


def test_dispatch_urgent_before_old():
    old = make.waiting(queued_at=make.long_ago(60))
    urgent = make.waiting(urgency=Urgency.CRITICAL)
    agent = make.agent(capacity=1)
    queue.dispatch()
    assert who_has(urgent) == agent and who_has(old) is None


def test_dispatch_prefers_the_force_of_the_zone():
    make.agent(force=Force.POLICE)
    gendarme = make.agent(force=Force.GENDARMERIE)
    conversation = make.waiting(force=Force.GENDARMERIE)
    queue.dispatch()
    assert who_has(conversation) == gendarme


def test_dispatch_waits_for_the_preferred_force_while_it_is_on_duty(settings):
    settings.OVERFLOW_SECONDS = 60
    make.assigned(make.agent(force=Force.GENDARMERIE, capacity=1), force=Force.GENDARMERIE)
    police = make.agent(force=Force.POLICE)
    conversation = make.waiting(force=Force.GENDARMERIE)
    queue.dispatch()
    assert who_has(conversation) is None
    queue.dispatch(now=timezone.now() + timedelta(seconds=59))
    assert who_has(conversation) is None
    Agent.objects.update(seen_at=timezone.now() + timedelta(seconds=61))
    queue.dispatch(now=timezone.now() + timedelta(seconds=61))
    assert who_has(conversation) == police


def test_dispatch_nobody_of_the_preferred_force_overflows_at_once():
    police = make.agent(force=Force.POLICE)
    conversation = make.waiting(force=Force.GENDARMERIE)
    queue.dispatch()
    assert who_has(conversation) == police


def test_dispatch_waiting_for_its_force_does_not_hold_up_the_others():
    make.assigned(make.agent(force=Force.GENDARMERIE, capacity=1), force=Force.GENDARMERIE)
    police = make.agent(force=Force.POLICE)
    first = make.waiting(force=Force.GENDARMERIE, queued_at=make.long_ago(0.5))
    second = make.waiting(force=Force.POLICE)
    queue.dispatch()
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
    assert queue.dispatch() == 0
    assert who_has(conversation) is None


def test_dispatch_shares_out_among_agents():
    agents = [make.agent(capacity=3) for _each in range(3)]
    for _each in range(6):
        make.waiting()
    assert queue.dispatch() == 6
    assert [Conversation.objects.filter(assigned_to=agent).count() for agent in agents] == [2, 2, 2]


def test_dispatch_never_over_capacity():
    agent = make.agent(capacity=2)
    for _each in range(5):
        make.waiting()
    assert queue.dispatch() == 2
    assert Conversation.objects.active().filter(assigned_to=agent).count() == 2


@pytest.mark.django_db(transaction=True)
def test_dispatch_from_many_processes_at_once():
    agents = [make.agent(capacity=2) for _each in range(4)]
    for _each in range(20):
        make.waiting()
    in_threads(6, lambda _index: queue.dispatch())
    assert Conversation.objects.active().count() == 8
    assert all(Conversation.objects.active().filter(assigned_to=agent).count() == 2 for agent in agents)
    assert ConversationEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 8
    # The eight oldest, none passed over.
    order = list(Conversation.objects.order_by("queued_at").values_list("status", flat=True))
    assert order == [Status.ACTIVE] * 8 + [Status.WAITING] * 12


@pytest.mark.django_db(transaction=True)
def test_claim_conversation_by_many_agents_is_won_once():
    agents = [make.agent() for _each in range(6)]
    conversation = make.waiting()
    now = timezone.now()
    won = in_threads(
        6, lambda i: queue.claim_conversation(conversation_id=conversation.pk, agent_id=agents[i].pk, now=now)
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
            return queue.dispatch()
        return [make.message(oldest, str(i)) for i in range(20)]

    in_threads(3, work)
    assert who_has(oldest) is not None


def test_release_stale_keeps_the_old_place_and_tells_the_person():
    agent = make.agent()
    conversation = make.assigned(agent, queued_at=make.long_ago(30))
    place = conversation.queued_at
    later = timezone.now() + timedelta(seconds=61)
    assert queue.release_stale(now=later) == 1
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING and conversation.queued_at == place
    assert conversation.assigned_to is None
    assert "Vous gardez votre place" in conversation.messages.last().body
    agent.refresh_from_db()
    assert agent.availability == Availability.AWAY


def test_claim_after_a_release_the_new_agent_has_read_nothing():
    conversation = make.assigned(make.agent())
    Conversation.objects.update(agent_read_seq=1)
    queue.release_stale(now=timezone.now() + timedelta(seconds=61))
    other = make.agent()
    queue.claim_conversation(conversation_id=conversation.pk, agent_id=other.pk, now=timezone.now())
    conversation.refresh_from_db()
    assert conversation.assigned_to == other and conversation.agent_read_seq == 0


def test_release_stale_leaves_present_agents_alone():
    conversation = make.assigned()
    assert queue.release_stale() == 0
    assert who_has(conversation) is not None


def test_dispatch_passes_over_who_is_not_there_and_keeps_their_place():
    gone, here = make.waiting(queued_at=make.long_ago(9)), make.waiting(queued_at=make.long_ago(1))
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(2))
    assert queue.read_board().order == (here.public_id,)
    agent = make.agent(capacity=1)
    queue.dispatch()
    assert who_has(here) == agent and who_has(gone) is None
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=timezone.now())
    make.waiting(queued_at=make.long_ago(5))
    assert queue.read_board().order[0] == gone.public_id


def test_abandon_absent():
    gone, here = make.waiting(), make.waiting()
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(31))
    assert queue.abandon_absent() == 1
    gone.refresh_from_db()
    here.refresh_from_db()
    assert (gone.status, here.status) == (Status.ABANDONED, Status.WAITING)


def test_read_board_position_and_range(django_assert_num_queries):
    make.assigned(make.agent(capacity=1))
    second = make.waiting()
    urgent = make.waiting(urgency=Urgency.HIGH)
    with django_assert_num_queries(2):
        board = queue.read_board()
    assert (board.position(urgent.public_id), board.position(second.public_id)) == (1, 2)
    assert (board.slots, board.free) == (1, 0)
    low, high = board.wait_minutes(2)
    assert 0 < low < high


def test_read_board_nobody_on_duty_gives_no_range():
    make.agent(present=False)
    conversation = make.waiting()
    board = queue.read_board()
    assert board.position(conversation.public_id) == 1
    assert board.wait_minutes(1) is None
