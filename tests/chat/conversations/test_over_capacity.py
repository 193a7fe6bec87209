"""Somebody in great danger for whom nobody has a place, while people of full agents are silent (docs/adr/0145)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.console import history, inbox
from chat.conversations import actions, dispatcher, dormancy
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Hold, Message
from chat.models.casework import Emergency
from chat.models.transfer import Direction
from chat.rules.emergency import Situation
from chat.rules.lifecycle import HEAVY, LIGHT, OVER_CAPACITY, Author, Availability, Outcome
from common.service_settings import definitions
from locations.models import Force
from tests.chat.console.agents import page_of, signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.chat.conversations.test_position import recuse
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def silent(agent: Agent, *, minutes: float = 4, **fields) -> Conversation:
    """Return a person of this agent who is here, was answered so long ago, and has said nothing since."""
    conversation = make.assigned(agent, **fields)
    make.message(conversation)
    make.message(conversation, author=Author.AGENT)
    then = make.long_ago(minutes)
    Message.objects.filter(conversation=conversation).update(sent_at=then)
    Conversation.objects.filter(pk=conversation.pk).update(assigned_at=then, reporter_seen_at=timezone.now())
    conversation.refresh_from_db()
    return conversation


def full(places: int = 3, *, minutes: float = 4, **fields) -> Agent:
    """Return an agent whose places are all filled by people who say nothing."""
    agent = make.agent(capacity=places, **fields)
    for _place in range(places):
        silent(agent, minutes=minutes)
    return agent


def in_danger(weight: int = LIGHT, **fields) -> Conversation:
    person = make.waiting(urgency=Urgency.CRITICAL, **fields)
    Conversation.objects.filter(pk=person.pk).update(weight=weight)
    return person


def tick() -> int:
    dispatcher.dispatch()
    return dormancy.give_over_capacity()


def has(agent: Agent, conversation: Conversation) -> bool:
    conversation.refresh_from_db()
    return conversation.assigned_to == agent


def test_who_is_in_danger_is_given_to_a_full_agent_whose_people_say_nothing():
    agent = full()
    person, calm = in_danger(), make.waiting(urgency=Urgency.HIGH)
    assert dispatcher.dispatch() == 0
    assert dormancy.give_over_capacity() == 1
    assert has(agent, person) and not has(agent, calm), "only who is in great danger"
    event = ConversationEvent.objects.get(conversation=person, kind=EventKind.ASSIGNED)
    assert event.detail == OVER_CAPACITY and event.by == agent.user
    assert "au-delà des places" in history.words_of(event)
    assert Conversation.objects.active().filter(assigned_to=agent).count() == 4, "nobody was ended for it"
    assert Conversation.objects.dormant().count() == 0, "nor put to rest"


def test_bound_is_that_of_exchanges_at_rest(set_rule):
    agent = full(5)
    people = [in_danger() for _person in range(4)]
    assert tick() == 2
    assert [has(agent, one) for one in people] == [True, True, False, False], "in the order of the queue"
    set_rule(definitions.DORMANT_MOST, 3)
    assert tick() == 1
    set_rule(definitions.DORMANT_MOST, 0)
    assert tick() == 0


def test_places_at_rest_and_silent_ones_share_the_bound():
    agent = full(4, minutes=11)
    Conversation.objects.filter(assigned_to=agent).update(reporter_seen_at=make.long_ago(11))
    assert dormancy.put_to_rest() == 2
    first, second, third = (in_danger() for _person in range(3))
    assert tick() == 0, "the ordinary pass gives the places that are free, and none is left of the bound"
    assert [has(agent, one) for one in (first, second, third)] == [True, True, False]


def test_heavy_person_needs_one_place_like_everywhere_else():
    agent = full(2)
    person, second = in_danger(weight=HEAVY), in_danger(weight=HEAVY)
    assert tick() == 1
    assert has(agent, person) and not has(agent, second)


@pytest.mark.parametrize(
    "spoils",
    [
        lambda one: make.message(one),
        lambda one: make.message(one, author=Author.AGENT),
        lambda one: Conversation.objects.filter(pk=one.pk).update(agent_typed_at=timezone.now()),
        lambda one: Conversation.objects.filter(pk=one.pk).update(assigned_at=make.long_ago(2)),
        lambda one: Emergency.objects.create(conversation=one, situation=Situation.SUICIDE, started_at=timezone.now()),
        lambda one: Hold.objects.create(
            conversation=one,
            agent=one.assigned_to,
            minutes=5,
            held_at=make.long_ago(6),
            until=make.long_ago(1),
            seq=one.last_seq + 1,
        ),
    ],
    ids=["wrote", "answered just now", "is being answered", "just given", "procedure", "promise"],
)
def test_nobody_counts_as_silent_to_whom_something_is_owed(spoils):
    agent = make.agent(capacity=1)
    one = silent(agent)
    person = in_danger()
    spoils(one)
    assert tick() == 0
    assert not has(agent, person)


def test_agent_with_a_free_place_comes_first():
    full()
    free = make.agent(capacity=1)
    person = in_danger()
    assert dormancy.give_over_capacity() == 0, "before their ordinary turn nobody else takes them"
    dispatcher.dispatch()
    assert has(free, person)


def test_agent_of_the_force_comes_first_then_who_has_no_open_procedure():
    busy, other, own = full(force=Force.POLICE), full(force=Force.GENDARMERIE), full(force=Force.POLICE)
    theirs = Conversation.objects.filter(assigned_to=busy).earliest("pk")
    Emergency.objects.create(conversation=theirs, situation=Situation.SUICIDE, started_at=timezone.now())
    person = in_danger(force=Force.POLICE)
    assert tick() == 1
    assert has(own, person) and not has(other, person)


def test_nobody_gets_back_whom_they_passed_on():
    agent, person, now = full(), in_danger(), timezone.now()
    passed = Direction.objects.create(conversation=person, avoided=agent, at=now, until=now + timedelta(minutes=10))
    assert tick() == 0
    Direction.objects.filter(pk=passed.pk).update(avoided=make.agent(present=False), avoided_before=[agent.pk])
    assert tick() == 0
    Direction.objects.filter(pk=passed.pk).update(avoided_before=[])
    assert tick() == 1 and has(agent, person)


def test_nobody_is_given_somebody_whom_they_know():
    agent, person = full(), in_danger()
    recuse(agent, person)
    assert tick() == 0
    other = full()
    assert tick() == 1 and has(other, person)


@pytest.mark.parametrize("fields", [{"availability": Availability.PAUSE}, {"seen_at": None}])
def test_agent_who_is_not_on_duty_is_given_nobody(fields):
    agent = full()
    Agent.objects.filter(pk=agent.pk).update(**fields)
    in_danger()
    assert tick() == 0


def test_open_procedure_counts_as_danger():
    agent = full()
    person = make.waiting()
    Emergency.objects.create(conversation=person, situation=Situation.SUICIDE, started_at=timezone.now())
    assert tick() == 1 and has(agent, person)


def test_who_is_away_waits_for_their_return():
    full()
    person = in_danger()
    Conversation.objects.filter(pk=person.pk).update(reporter_seen_at=make.long_ago(5))
    assert tick() == 0


def test_one_query_while_nobody_in_danger_waits():
    full()
    make.waiting()
    now = timezone.now()
    with CaptureQueriesContext(connection) as queries:
        assert dormancy.give_over_capacity(now) == 0
    assert len(queries) == 1, [query["sql"] for query in queries]


def test_statements_do_not_grow_with_agents_who_have_no_room():
    """Nor is more than one agent locked, which would lock them in another order than everybody else does."""
    counts = []
    for agents in (1, 5):
        for _agent in range(agents):
            agent = full(3)
            Agent.objects.filter(pk=agent.pk).update(capacity=1)  # as many beyond their places as may be
        person, now = in_danger(), timezone.now()
        with CaptureQueriesContext(connection) as queries:
            assert dormancy.give_over_capacity(now) == 0
        counts.append(len(queries))
        Conversation.objects.filter(pk=person.pk).delete()
    assert counts == [counts[0]] * 2 and counts[0] <= 12
    full(2)
    in_danger()
    with CaptureQueriesContext(connection) as queries:
        assert dormancy.give_over_capacity(timezone.now()) == 1
    locked = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"] and "chat_agent" in query["sql"]]
    assert len([sql for sql in locked if 'FROM "chat_agent"' in sql]) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_the_bound_together():
    agent = full(2)
    people = [in_danger() for _person in range(5)]
    given = in_threads(3, lambda _index: dormancy.give_over_capacity())
    assert sum(given or []) in {0, 2}
    assert sum(has(agent, one) for one in people) == 2


def entries(agent: Agent) -> dict[int, bool]:
    """Return of which of the agent's exchanges the list says that it came beyond their places."""
    agent.refresh_from_db()
    return {one.conversation.pk: one.is_beyond for one in inbox.open_entries(agent, timezone.now())}


def test_console_says_who_came_beyond_the_places_for_as_long_as_they_are():
    agent = full()
    person = in_danger()
    assert tick() == 1
    assert entries(agent) == {one: one == person.pk for one in entries(agent)} and len(entries(agent)) == 4
    page = signed_in(agent.user).get(page_of(person)).text
    assert "confié au-delà de vos places" in page and page.count(" data-beyond") == 1
    calm = Conversation.objects.filter(assigned_to=agent).exclude(pk=person.pk)[0]
    actions.close_conversation(conversation_id=calm.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED)
    assert not any(entries(agent).values()), "they hold no more than their places"


def test_who_came_beyond_the_places_of_somebody_else_is_not_beyond_mine():
    agent = full()
    person = in_danger()
    assert tick() == 1
    other = make.agent(capacity=1)
    silent(other)
    then = timezone.now() + timedelta(seconds=1)
    Conversation.objects.filter(pk=person.pk).update(assigned_to=other, assigned_at=then)
    assert not any(entries(other).values()), "a supervisor gave it, who knows"
    assert not any(entries(agent).values())
