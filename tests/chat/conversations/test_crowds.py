"""People of a crowded network keep their urgency, and take no more than their share of the agents.

docs/adr/0053 and `chat.rules.lifecycle` say what that share is.
"""

import random
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from chat.casework import urgency as casework_urgency
from chat.conversations import actions, dispatcher, waiting_list
from chat.conversations.position import queue_position
from chat.models import Agent, Conversation
from chat.rules.assignment import CROWD_PART, CROWD_SECONDS, share_of, turn_key, with_share
from chat.rules.lifecycle import Author, Outcome, Status, UrgencyReason
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from locations.models import Force
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def raid(people: int, *, minutes: float = 30, urgency: int = Urgency.CRITICAL) -> list[Conversation]:
    """Create so many who came before everybody else, from one network, and say that they are in danger."""
    return [
        make.waiting(urgency=urgency, is_crowded=True, queued_at=make.long_ago(minutes + number / 1000))
        for number in range(people, 0, -1)
    ]


def order() -> list[int]:
    """Return the queue, by key, as everybody's page has it; a place alone and the console say the same."""
    now = timezone.now()
    board = dispatcher.read_board(now)
    rows = {row.public_id: row for row in Conversation.objects.waiting()}
    for public_id in board.order:
        position = board.position(public_id)
        assert queue_position(rows[public_id], now) == (position, board.wait_minutes(position))
    shown = [item["conversation"] for item in waiting_list.read_waiting().frame(is_closed=False)["items"]]
    assert shown == [str(public_id) for public_id in board.order][:100]
    return [rows[public_id].pk for public_id in board.order]


def keys(people: list[Conversation]) -> list[int]:
    return [one.pk for one in people]


def ready() -> None:
    """End the pause after a grave exchange."""
    Agent.objects.update(availability="available", pause_until=None, pause_reason="")


def end(conversation: Conversation) -> None:
    conversation.refresh_from_db()
    assert conversation.assigned_to is not None
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=conversation.assigned_to.user, outcome=Outcome.LEFT
    )


# --- the order --------------------------------------------------------------------------------------------------------


def test_danger_of_a_crowded_network_is_served_as_danger():
    """It is alone of its network in the queue, and differs in nothing from anybody."""
    make.agent(capacity=1)
    high, danger = make.waiting(urgency=Urgency.HIGH), make.waiting(urgency=Urgency.CRITICAL, is_crowded=True)
    assert order() == keys([danger, high])
    assert dispatcher.dispatch() == 1
    danger.refresh_from_db()
    assert (danger.status, danger.urgency) == (Status.ACTIVE, Urgency.CRITICAL)


def test_beyond_the_share_everybody_else_comes_first_and_nobody_is_refused():
    for _each in range(CROWD_PART):
        make.agent(capacity=2)
    many, honest = raid(5), make.waiting()
    assert order() == keys([*many[:2], honest, *many[2:]])


def test_share_is_taken_while_they_are_with_agents_and_a_moment_after():
    make.agent(capacity=1), make.agent(capacity=1)
    many, honest = raid(4), [make.waiting() for _each in range(3)]
    assert dispatcher.dispatch() == 2
    many[0].refresh_from_db()
    honest[0].refresh_from_db()
    assert many[0].status == honest[0].status == Status.ACTIVE
    assert order() == keys([*honest[1:], *many[1:]])
    end(many[0])  # an agent recognised it at once and has room again, and the next one of the raid does not come
    ready()
    dispatcher.dispatch()
    honest[1].refresh_from_db()
    assert honest[1].status == Status.ACTIVE
    Conversation.objects.filter(pk=many[0].pk).update(assigned_at=timezone.now() - timedelta(seconds=CROWD_SECONDS + 1))
    assert order() == keys([many[1], honest[2], *many[2:]])


def test_no_place_stays_empty_for_the_share():
    make.agent(capacity=3)
    many = raid(5)
    assert dispatcher.dispatch() == (2 if many[0].weight > 1 else 3)


def test_most_urgent_of_the_crowd_first():
    make.agent(capacity=1)
    make.waiting(is_crowded=True, queued_at=make.long_ago(50))
    danger = make.waiting(is_crowded=True, urgency=Urgency.CRITICAL)
    honest = make.waiting(urgency=Urgency.HIGH)
    assert order()[:2] == keys([danger, honest])


@pytest.mark.parametrize(("slots", "share"), [(0, 1), (1, 1), (7, 1), (16, 2), (150, 18)])
def test_share_of(slots, share):
    assert share_of(slots) == share


@pytest.mark.parametrize("seed", range(30))
def test_with_share_of_any_queue(seed, tried):
    """The free are in the order of turns, and so are the crowded.

    A crowded one comes before a free one only as its turn says, and only so many of them do.
    """
    draw = random.Random(seed)
    start = timezone.now()
    people = [
        (draw.choice([0, 1, 2]), start + timedelta(seconds=draw.randrange(5)), key, draw.random() < 0.5)
        for key in range(draw.randrange(40))
    ]

    def key(one):
        return turn_key(urgency=one[0], queued_at=one[1], key=one[2])

    people.sort(key=key)
    room = draw.randrange(6)
    line = list(
        with_share((one for one in people if not one[3]), (one for one in people if one[3]), room=room, key=key)
    )
    assert sorted(line) == sorted(people)
    assert [one for one in line if not one[3]] == [one for one in people if not one[3]]
    crowded = [one for one in line if one[3]]
    assert crowded == [one for one in people if one[3]]
    ordinary = [one for one in people if not one[3] or one in crowded[:room]]
    assert line == [*ordinary, *crowded[room:]]
    tried("queues with a crowd", 1)


@pytest.mark.parametrize("seed", range(3))
def test_all_readings_of_the_queue_agree(seed):
    draw = random.Random(seed)
    for _each in range(draw.randrange(1, 4)):
        make.agent(capacity=draw.randrange(1, 12))
    for _each in range(20):
        make.waiting(
            urgency=draw.choice(list(Urgency)),
            is_crowded=draw.random() < 0.5,
            queued_at=make.long_ago(draw.randrange(9)),
        )
    while (before := len(order())) and dispatcher.dispatch():
        assert len(order()) < before
        for one in Conversation.objects.active():
            if draw.random() < 0.5:
                end(one)


# --- a raid -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [1, 2, 12])
def test_raid_of_danger_takes_its_share_and_the_honest_wait_little_longer(slots, tried):
    """A raid without end, closed as soon as it is read, comes beside people who come one after the other.

    They are served, each in turn, and of the places that become free the raid has its share and no more.
    """
    for _each in range(slots):
        make.agent(capacity=1)
    many, honest = raid(30), [make.waiting(urgency=Urgency.HIGH) for _each in range(10)]
    served: list[bool] = []
    while Conversation.objects.waiting().filter(is_crowded=False).exists():
        ready()
        assert dispatcher.dispatch() > 0
        given = list(Conversation.objects.active())
        served += [one.is_crowded for one in given]
        if Conversation.objects.waiting().filter(is_crowded=False).exists():  # otherwise a place would stay empty
            assert sum(served) <= share_of(slots), served
        for one in given:
            end(one)
    assert not Conversation.objects.filter(pk__in=keys(honest), status=Status.WAITING).exists()
    assert len(many) == 30
    tried("places given during a raid", len(served))


def test_raid_does_not_starve_and_is_not_starved_when_time_passes():
    """There is one place only: it goes to a crowded one, to honest ones for CROWD_SECONDS, and so on."""
    make.agent(capacity=1)
    many, honest = raid(4), [make.waiting(urgency=Urgency.HIGH) for _each in range(6)]
    served = []
    for _turn in range(8):
        ready()
        dispatcher.dispatch()
        (one,) = Conversation.objects.active()
        served.append(one.is_crowded)
        end(one)
        # a minute and a half for each
        for given in Conversation.objects.exclude(assigned_at=None):
            Conversation.objects.filter(pk=given.pk).update(assigned_at=given.assigned_at - timedelta(seconds=90))
    assert served == [True, False, True, False, True, False, True, False]
    assert len(many) == 4 and len(honest) == 6


# --- where it ends, and what is seen of it ----------------------------------------------------------------------------


def test_agent_who_changes_the_urgency_takes_the_mark_away():
    agent = make.agent()
    one = make.assigned(agent, is_crowded=True)
    casework_urgency.set_urgency(conversation_id=one.pk, urgency=2, reason=UrgencyReason.DANGER, by=agent.user)
    one.refresh_from_db()
    assert not one.is_crowded and one.report.is_crowded


def test_agent_who_passes_somebody_on_takes_the_mark_away():
    agent, _other = make.agent(), make.agent(force="gendarmerie")
    one = make.assigned(agent, is_crowded=True)
    target = Target(force=Force.GENDARMERIE)
    transfer_actions.transfer_cold(conversation_id=one.pk, by=agent, target=target, reason=Reason.COMPETENCE)
    one.refresh_from_db()
    assert not one.is_crowded


def test_agent_reads_it_in_words_without_an_address():
    agent = make.agent()
    one = make.assigned(agent, is_crowded=True)
    make.waiting(is_crowded=True)
    make.waiting()
    page = (
        signed_in(agent.user).get(reverse("console:conversation", kwargs={"public_id": one.public_id})).content.decode()
    )
    assert "Beaucoup de signalements du même réseau en une heure" in page
    items = waiting_list.read_waiting().frame(is_closed=False)["items"]
    assert sorted(item["crowded"] for item in items) == [False, True]
    for item in items:
        assert set(item) == {
            "conversation", "since", "urgency", "urgency_label", "force", "place", "minor", "role", "crowded",
            "marked", "emergency", "whereabouts", "seen_at",
        }  # fmt: skip
