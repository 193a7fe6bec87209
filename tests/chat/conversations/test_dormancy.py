"""Exchanges whose person is not present any more: which may rest, which never do, and what coming back means."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.conversations import actions, dispatcher, dormancy, position, resume
from chat.models import Agent, Conversation, EventKind, Hold, Message
from chat.models.casework import Emergency
from chat.rules.emergency import Situation
from chat.rules.lifecycle import HEAVY, Author, Status
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from common.service_settings import definitions
from reports.session import KEY
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def away(agent: Agent, *, minutes: float = 11, answered: bool = True, **fields) -> Conversation:
    """Return a person of this agent, answered, who was seen so long ago."""
    conversation = make.assigned(agent, **fields)
    make.message(conversation)
    if answered:
        make.message(conversation, author=Author.AGENT)
    return age(conversation, minutes)


def age(conversation: Conversation, minutes: float) -> Conversation:
    """Move whatever happened there so far into the past."""
    then = make.long_ago(minutes)
    Message.objects.filter(conversation=conversation).update(sent_at=then)
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=then, assigned_at=then)
    conversation.refresh_from_db()
    return conversation


def load_of(agent: Agent) -> int:
    """Return the load of the agent, as every reader of it says: they agree."""
    row = Agent.objects.with_load().get(pk=agent.pk)
    with transaction.atomic():
        ((_agent, locked),) = dispatcher._lock_agents([agent.pk], timezone.now())
    assert row.load == locked
    assert row.dormant == Conversation.objects.dormant().filter(assigned_to=agent).count()
    return row.load


def rests(conversation: Conversation) -> bool:
    conversation.refresh_from_db()
    return conversation.is_dormant


def is_seen(conversation: Conversation) -> None:
    actions.reporters_seen(conversation_ids=[conversation.pk])


def test_who_waits_is_served_where_five_places_were_held_by_people_who_had_left():
    agent = make.agent(capacity=5)
    gone = [away(agent, minutes=20 - number) for number in range(5)]
    critical = make.waiting(urgency=Urgency.CRITICAL)
    assert dispatcher.dispatch() == 0
    assert dormancy.put_to_rest() == 2, "the places that one agent may owe"
    assert [rests(one) for one in gone] == [True, True, False, False, False], "unseen for longest first"
    assert load_of(agent) == 3
    assert dispatcher.read_board().free == 2 and position.queue_position(critical)[1] == (0, 2)
    dispatcher.dispatch()
    critical.refresh_from_db()
    assert critical.assigned_to == agent and load_of(agent) == 5
    assert dormancy.put_to_rest() == 0 and dormancy.tell_returns() == 0


def test_resting_exchange_stays_with_its_agent_and_is_theirs_again_at_the_first_sign():
    agent = make.agent(capacity=1)
    person = away(agent)
    dormancy.put_to_rest()
    other = make.waiting()
    dispatcher.dispatch()
    assert Conversation.objects.get(pk=other.pk).assigned_to == agent
    assert person.messages.last().body.startswith("Aucun signe depuis 10 minutes")
    is_seen(person)
    assert not rests(person) and person.assigned_to == agent and person.status == Status.ACTIVE
    assert load_of(agent) == 2, "one more than their places"
    third = make.waiting(urgency=Urgency.CRITICAL)
    dispatcher.dispatch()
    assert Conversation.objects.get(pk=third.pk).assigned_to is None
    assert dormancy.tell_returns() == 1 and dormancy.tell_returns() == 0
    assert "peut prendre quelques minutes" in person.messages.last().body, "the truth: somebody else came meanwhile"
    kinds = list(person.events.values_list("kind", flat=True))
    assert kinds == [EventKind.ASSIGNED, EventKind.DORMANT, EventKind.AWAKE]


def test_who_comes_back_to_an_agent_with_room_is_told_nothing_of_others():
    person = away(make.agent(capacity=2))
    dormancy.put_to_rest()
    is_seen(person)
    dormancy.tell_returns()
    last = person.messages.last().body
    assert last.startswith("Retour dans l'échange") and last.endswith("le même agent va répondre.")


@pytest.mark.parametrize("sign", ["beat", "page", "message", "code", "version before"])
def test_any_sign_of_the_person_ends_it(sign):
    person = away(make.agent())
    dormancy.put_to_rest()
    assert rests(person)
    match sign:
        case "beat":
            is_seen(person)
        case "page":
            client = Client()
            session = client.session
            session[KEY] = str(person.report.public_id)
            session.save()
            assert client.get("/tchat/").status_code == 200
        case "message":
            make.message(person)
        case "code":
            resume.revive_conversation(conversation_id=person.pk)
        case _:  # it knows nothing of dormancy
            with connection.cursor() as cursor:
                cursor.execute("UPDATE chat_conversation SET reporter_seen_at = now() WHERE id = %s", [person.pk])
    assert not rests(person)


def _not_for_long(person: Conversation) -> None:
    age(person, 9)


def _here(person: Conversation) -> None:
    is_seen(person)


def _unanswered(person: Conversation) -> None:
    make.message(person)
    age(person, 11)


def _given_lately(person: Conversation) -> None:
    Conversation.objects.filter(pk=person.pk).update(assigned_at=make.long_ago(9))


def _typing(person: Conversation) -> None:
    dormancy.agents_typed(conversation_ids=[person.pk])


def _answered_lately(person: Conversation) -> None:
    make.message(person, author=Author.AGENT)


def _emergency(person: Conversation) -> None:
    Emergency.objects.create(conversation=person, situation=Situation.SUICIDE, started_at=timezone.now())


def _promised(person: Conversation) -> None:
    """Let a promise be over, so that they are owed all the more."""
    Hold.objects.create(
        conversation=person,
        agent=person.assigned_to,
        minutes=5,
        held_at=make.long_ago(6),
        until=make.long_ago(1),
        seq=person.last_seq + 1,
    )


def _passed_on(person: Conversation) -> None:
    transfer_actions.propose_handover(
        conversation_id=person.pk,
        by=person.assigned_to,
        target=Target(agent=make.agent().pk),
        reason=Reason.REQUEST,
        summary="Un résumé.",
    )


@pytest.mark.parametrize(
    "why",
    [
        _not_for_long, _here, _unanswered, _given_lately, _typing, _answered_lately, _emergency, _promised, _passed_on,
    ],
)  # fmt: skip
def test_what_is_owed_or_under_way_is_never_put_to_rest(why):
    person = away(make.agent())
    assert dormancy._may_rest(timezone.now()).filter(pk=person.pk).exists()
    why(person)
    assert dormancy.put_to_rest() == 0 and not rests(person)


def test_nobody_who_was_never_greeted_is_put_to_rest():
    conversation = make.assigned(make.agent())
    age(conversation, 60)
    assert dormancy.put_to_rest() == 0


def test_typing_is_written_for_who_is_not_there_only_and_is_over_soon():
    person, present = away(make.agent()), make.assigned(make.agent())
    dormancy.agents_typed(conversation_ids=[person.pk, present.pk])
    present.refresh_from_db()
    assert present.agent_typed_at is None
    assert dormancy.put_to_rest() == 0
    assert dormancy.put_to_rest(timezone.now() + dormancy.AT_WORK + timedelta(seconds=1)) == 1


def test_bound_counts_places(set_rule):
    agent = make.agent(capacity=6)
    heavy = away(agent, minutes=30, urgency=Urgency.CRITICAL)
    assert heavy.weight == HEAVY
    light = [away(agent, minutes=20), away(agent, minutes=15)]
    set_rule(definitions.DORMANT_MOST, 0)
    assert dormancy.put_to_rest() == 0
    set_rule(definitions.DORMANT_MOST, 1)
    assert dormancy.put_to_rest() == 1 and rests(light[0]), "two places are more than one"
    set_rule(definitions.DORMANT_MOST, 3)
    assert dormancy.put_to_rest() == 1 and rests(heavy) and not rests(light[1])
    assert load_of(agent) == 1


def test_agent_who_may_owe_no_more_does_not_take_the_turn_of_another(monkeypatch):
    monkeypatch.setattr(dormancy, "AGENTS_AT_ONCE", 1)
    first, second = make.agent(capacity=5), make.agent()
    for _each in range(3):
        away(first)
    away(second)
    assert [dormancy.put_to_rest() for _pass in range(3)] == [2, 1, 0]


def test_typing_is_written_where_it_is_and_under_way_only():
    typed, beside, waits = away(make.agent()), away(make.agent()), make.waiting()
    Conversation.objects.filter(pk=waits.pk).update(reporter_seen_at=make.long_ago(11))
    dormancy.agents_typed(conversation_ids=[typed.pk, waits.pk])
    for one in (typed, beside, waits):
        one.refresh_from_db()
    assert typed.agent_typed_at is not None
    assert (beside.agent_typed_at, waits.agent_typed_at) == (None, None)


def test_delay_is_the_house_s(set_rule):
    away(make.agent(), minutes=11)
    set_rule(definitions.DORMANT, 30)
    assert dormancy.put_to_rest() == 0


def test_whoever_takes_it_on_has_all_of_it():
    first, second = make.agent(), make.agent(capacity=1)
    person = away(first)
    dormancy.put_to_rest()
    transfer_actions.transfer_cold(
        conversation_id=person.pk, by=first, target=Target(agent=second.pk), reason=Reason.COMPETENCE
    )
    assert not rests(person) and load_of(second) == 1
    assert dormancy.put_to_rest() == 0, "they have had it for a moment only"


def test_resting_exchange_of_an_agent_who_is_lost_goes_back_to_its_place():
    agent = make.agent()
    person = away(agent)
    dormancy.put_to_rest()
    Agent.objects.update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    assert not rests(person) and person.status == Status.WAITING
    is_seen(person)
    Agent.objects.update(seen_at=timezone.now(), availability="available")
    dispatcher.dispatch()
    assert load_of(agent) == 1 and not rests(person)


# --- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_pass_the_bound_together():
    agent = make.agent(capacity=6)
    gone = [away(agent, minutes=20 - number) for number in range(5)]
    in_threads(4, lambda _index: dormancy.put_to_rest())
    assert sum(rests(one) for one in gone) == 2
    assert sum(one.events.filter(kind=EventKind.DORMANT).count() for one in gone) == 2


@pytest.mark.django_db(transaction=True)
def test_person_who_comes_back_while_they_are_put_to_rest_is_never_missed():
    """Whichever was first, whoever was seen fills a place; and is told so once, if they had been put to rest."""
    for _again in range(6):
        agent = make.agent()
        person = away(agent)
        deeds = [dormancy.put_to_rest, lambda one=person: make.message(one), dormancy.tell_returns]
        in_threads(3, lambda index, deeds=deeds: deeds[index]())
        dormancy.tell_returns()
        assert not rests(person) and load_of(agent) == 1
        told = [person.events.filter(kind=kind).count() for kind in (EventKind.DORMANT, EventKind.AWAKE)]
        assert told in ([0, 0], [1, 1])


def test_nobody_away_for_long_costs_one_short_statement(monkeypatch):
    """It is asked every two seconds. Who rests already is not asked about again."""
    agent = make.agent(capacity=4)
    away(agent, minutes=5)
    resting = away(agent)
    assert dormancy.put_to_rest() == 1 and rests(resting)
    monkeypatch.setattr(dormancy, "_may_rest", None)
    assert dormancy.put_to_rest() == 0


@pytest.mark.parametrize("act", [dormancy.put_to_rest, dormancy.tell_returns])
def test_statements_of_a_tick_do_not_grow_with_those_who_left_or_came_back_together(act, set_rule):
    """When a network fails and comes back, all people of an agent do so in one tick, and their rows are locked."""
    set_rule(definitions.DORMANT_MOST, 4)
    counts = []
    for number in (1, 4):
        agent = make.agent(capacity=10)
        people = [away(agent) for _each in range(number)]
        if act is dormancy.tell_returns:
            assert dormancy.put_to_rest() == number
            for person in people:
                is_seen(person)
        with CaptureQueriesContext(connection) as queries:
            assert act() == number
        counts.append(len(queries))
    assert counts[0] == counts[1]
