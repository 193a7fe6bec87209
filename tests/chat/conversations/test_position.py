"""The place of one person, read alone, equals the place in the whole queue."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from chat.conversations.dispatcher import dispatch, read_board
from chat.conversations.position import plan_return, position_by_key, queue_position, wait_of_newcomer
from chat.models import Agent, Conversation
from chat.models.transfer import Direction, Handover
from chat.rules.assignment import CROWD_SECONDS
from chat.rules.lifecycle import HEAVY, Availability
from chat.rules.transfer import HandoverState, Manner, Reason
from locations.models import Force
from reports.models import AgeBand, ReporterRole
from tests.chat.conversations.turns import one_value_among, unlike
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def agree(now) -> None:
    board = read_board(now)
    assert board.order
    for conversation in Conversation.objects.waiting().here(now):
        assert queue_position(conversation, now) == board.place(conversation.public_id)
    board = read_board()
    for conversation in Conversation.objects.all():  # people who are absent, or do not wait, have no place
        assert position_by_key(conversation.pk) == board.place(conversation.public_id)


def recuse(agent: Agent, conversation: Conversation, state: HandoverState = HandoverState.QUEUED) -> None:
    """Say that this agent passed the person on because they know somebody concerned, unless `state` says otherwise."""
    now = timezone.now()
    Handover.objects.create(
        conversation=conversation, from_agent=agent, to_force=Force.POLICE, manner=Manner.WARM,
        reason=Reason.IMPARTIALITY, state=state, asked_at=now, ended_at=now,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_place_alone_is_the_place_in_the_queue(seed):
    """Some are urgent, some gone, some came at one instant; there are agents of every kind, with and without room."""
    draw = random.Random(seed)
    now = timezone.now()
    for availability in [Availability.AVAILABLE, Availability.AVAILABLE, Availability.PAUSE]:
        busy = make.agent(availability=availability, capacity=draw.choice([1, 3]))
        if availability == Availability.AVAILABLE and draw.random() < 0.7:
            make.assigned(busy)
            make.closed(busy) if draw.random() < 0.5 and busy.capacity > 1 else None
    Agent.objects.filter(pk=make.agent(present=False).pk).update(seen_at=now - timedelta(hours=1))
    instants = [now - timedelta(minutes=draw.choice([1, 2, 3])) for _each in range(12)]
    for instant, fields in zip(instants, unlike(), strict=False):
        made = make.waiting(queued_at=instant, **fields)
        seen = now - timedelta(seconds=draw.choice([0, 30, 10_000]))
        urgency = draw.choice(list(Urgency))
        crowded = draw.random() < 0.4
        fields = {"urgency": urgency, "reporter_seen_at": seen, "is_crowded": crowded}
        if draw.random() < 0.3:  # some pages sleep, within the grace period or beyond it
            fields |= {"reporter_is_hidden": True, "reporter_seen_at": now - timedelta(minutes=draw.choice([5, 15]))}
        Conversation.objects.filter(pk=made.pk).update(**fields)
        for agent in Agent.objects.all():  # some know somebody concerned, of whom some kept the exchange after all
            state = draw.choice([HandoverState.QUEUED, HandoverState.LOST, HandoverState.DECLINED])
            recuse(agent, made, state) if draw.random() < 0.4 else None
        if draw.random() < 0.4:  # some were given back, some of them too long ago for it to matter
            avoided, *before = draw.sample(list(Agent.objects.all()), 3)
            until = now + timedelta(minutes=draw.choice([-1, 5]))
            past = {"avoided": avoided, "avoided_before": [one.pk for one in before]}
            Direction.objects.create(conversation=made, at=now - timedelta(minutes=5), until=until, **past)
    # Some use up the share, some of them until a moment ago.
    for made in Conversation.objects.exclude(assigned_at=None):
        at = now - timedelta(seconds=draw.choice([10, CROWD_SECONDS + 10]))
        Conversation.objects.filter(pk=made.pk).update(is_crowded=draw.random() < 0.5, assigned_at=at)
    Conversation.objects.active().filter(pk__in=[pk for pk in range(9999) if draw.random() < 0.5]).update(weight=HEAVY)
    assert one_value_among(Conversation.objects.waiting()) == [], "written by make.waiting?"
    agree(now)


MOMENT = datetime(2027, 3, 3, 14, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wait", "back", "is_near"),
    [
        ((0, 2), None, True),
        ((4, 10), None, True),
        ((4, 11), "14:05", False),
        ((3, 25), "14:05", False),  # in five minutes at the earliest, in steps of five
        ((15, 90), "14:15", False),
        ((120, 400), "15:00", False),  # never later than the place is kept
        (None, None, False),
    ],
)
def test_when_somebody_who_leaves_should_be_back(wait, back, is_near):
    planned = plan_return(now=MOMENT, kept=timedelta(hours=1), wait_minutes=wait)
    assert f"{planned.kept_until:%H:%M:%S}" == "15:03:00"
    assert (planned.back_at and f"{planned.back_at:%H:%M}", planned.is_near) == (back, is_near)
    assert planned.back_at is None or planned.back_at <= planned.kept_until


def test_place_without_anybody_on_duty():
    make.waiting()
    agree(timezone.now())


def test_who_knows_somebody_concerned_has_no_place_for_them():
    """The page of somebody whom nobody else could take said « moins de 2 minutes », for hours."""
    agent = make.agent(capacity=3)
    known, other = make.waiting(), make.waiting()
    for _twice in range(2):
        recuse(agent, known)
    recuse(agent, other, HandoverState.DECLINED)
    agree(timezone.now())
    assert [read_board().place(one.public_id) for one in (known, other)] == [(1, None), (2, (0, 2))]
    make.agent(capacity=1)
    agree(timezone.now())
    assert queue_position(known) == (1, (0, 2))


@pytest.mark.parametrize("named", ["avoided", "avoided_before"])
def test_who_was_given_back_has_no_place_with_who_gave_them_back(named):
    """For ten minutes the queue gives them to somebody else; their page said « moins de 2 minutes » all the while."""
    agent, busy = make.agent(capacity=3), make.agent(capacity=1)
    make.assigned(busy)
    given_back, other = make.waiting(), make.waiting()
    now = timezone.now()
    avoided = {"avoided": agent} if named == "avoided" else {"avoided": busy, "avoided_before": [agent.pk]}
    times = {"at": now - timedelta(hours=1), "until": now + timedelta(minutes=10)}
    direction = Direction.objects.create(conversation=given_back, **times, **avoided)
    agree(timezone.now())
    _position, wait = queue_position(given_back)
    assert wait is None if named == "avoided_before" else wait and wait[1] > 2
    assert queue_position(other) == (2, (0, 2)), "of theirs nobody gave this one back"
    Direction.objects.filter(pk=direction.pk).update(until=now)
    agree(timezone.now())
    assert queue_position(given_back) == (1, (0, 2)), "the ten minutes are over"
    assert dispatch() == 2


def test_newcomer_waits_as_whoever_comes_last():
    busy = make.agent(capacity=1)
    make.assigned(busy)
    assert wait_of_newcomer() == read_board().wait_minutes(1)
    for _each in range(5):
        make.waiting()
    make.waiting(urgency=Urgency.CRITICAL)
    board = read_board()
    assert wait_of_newcomer() == board.wait_minutes(7) != board.wait_minutes(5)


def test_newcomer_is_like_most_people():
    """The home page knows nothing of its reader: in a queue of all kinds of people they come where an adult comes who
    writes for themselves and says nothing urgent.
    """
    make.assigned(make.agent(capacity=1))
    people = unlike()
    for _each in range(24):
        make.waiting(**next(people))
    told = wait_of_newcomer()
    last = make.waiting(role=ReporterRole.VICTIM, age_band=AgeBand.ADULT)
    board = read_board()
    assert one_value_among(Conversation.objects.waiting()) == ["urgency"]
    assert told == board.wait_minutes(board.position(last.public_id))
