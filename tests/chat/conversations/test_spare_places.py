"""Silent look-alikes leave places for whoever comes next (docs/adr/0142)."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.conversations import dispatcher, lookalikes
from chat.conversations.position import position_by_key, queue_position
from chat.models import Agent, Conversation
from chat.rules.assignment import CROWD_SECONDS, spare_of
from chat.rules.lifecycle import HEAVY, Status
from tests.chat.conversations.test_lookalikes import raid
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def silent_raid(count: int = 20, **fields) -> list[Conversation]:
    people = raid(count, **fields)
    lookalikes.mark_lookalikes()
    return people


def given(people: list[Conversation]) -> int:
    return Conversation.objects.filter(pk__in=[one.pk for one in people], status=Status.ACTIVE).count()


def dispatch() -> None:
    """Let passes go on until nothing more is given."""
    while dispatcher.dispatch():
        pass


@pytest.mark.parametrize(("slots", "spare"), [(0, 2), (1, 2), (3, 2), (11, 2), (12, 3), (30, 7)])
def test_spare_of(slots, spare):
    assert spare_of(slots) == spare


@pytest.mark.parametrize(("capacities", "taken"), [((3,), 1), ((2,), 1), ((1,), 1), ((3, 3), 4), ((4, 4, 4, 4), 12)])
def test_silent_look_alikes_leave_places_for_who_comes_next(capacities, taken):
    """Their share is theirs whatever is free; beyond it a quarter stays free, and room for one person in danger."""
    for capacity in capacities:
        make.agent(capacity=capacity)
    people = silent_raid()
    dispatch()
    assert given(people) == taken
    if sum(capacities) > HEAVY:
        real = make.waiting(urgency=Urgency.CRITICAL, postal_code="35000")
        assert dispatcher.dispatch() == 1
        real.refresh_from_db()
        assert real.status == Status.ACTIVE
    before = given(people)
    dispatch()
    assert given(people) == before, "what is left of the spare places is not theirs either"


def test_who_says_a_word_leaves_no_place_empty():
    make.agent(capacity=3)
    people = silent_raid()
    dispatch()
    assert given(people) == 1
    for one in people[5:7]:
        make.message(one, "c'est vrai, pour moi")
    lookalikes.mark_lookalikes()
    dispatch()
    assert given(people[5:7]) == 2


def test_who_comes_from_a_crowded_network_behind_them_is_served():
    """They say words, so that nothing tells them from anybody; the silent ones before them hold up nobody."""
    make.agent(capacity=3)
    people = silent_raid()
    dispatch()
    behind = make.waiting(postal_code="35000", is_crowded=True)
    dispatch()
    behind.refresh_from_db()
    assert (given(people), behind.status) == (1, Status.ACTIVE)


def test_look_alikes_in_danger_leave_none():
    """They keep their turn as anybody in danger (ADR 0053)."""
    make.agent(capacity=4)
    people = silent_raid(urgency=Urgency.CRITICAL)
    dispatch()
    assert given(people) == -(-4 // people[0].weight)


def test_share_goes_on_while_they_wait():
    make.agent(capacity=3)
    people = silent_raid()
    dispatch()
    Conversation.objects.filter(status=Status.ACTIVE).update(
        status=Status.CLOSED, closed_at=timezone.now(), outcome="other",
        assigned_at=timezone.now() - timedelta(seconds=CROWD_SECONDS + 1),
    )  # fmt: skip
    dispatch()
    assert given(people) == 1


def test_a_long_raid_is_not_read_where_nothing_is_left_for_it(django_assert_max_num_queries, monkeypatch):
    make.agent(capacity=3)
    silent_raid(40)
    dispatch()
    read = []
    people = dispatcher._people
    monkeypatch.setattr(dispatcher, "_people", lambda *given, **more: iter(read.extend(people(*given, **more)) or read))
    assert dispatcher.dispatch() == 0
    assert not read


@pytest.mark.parametrize("seed", range(4))
def test_all_readings_of_the_wait_agree(seed):
    draw = random.Random(seed)
    for _each in range(draw.randrange(1, 4)):
        make.agent(capacity=draw.randrange(1, 9))
    silent_raid(12)
    for _each in range(6):
        make.waiting(urgency=draw.choice(list(Urgency)), is_crowded=draw.random() < 0.4, postal_code="35000")
    for _round in range(3):
        board = dispatcher.read_board()
        for one in Conversation.objects.waiting():
            assert board.place(one.public_id) == queue_position(one) == position_by_key(one.pk), one.pk
        if not dispatcher.dispatch():
            break


def test_wait_of_who_gets_no_spare_place_is_no_two_minutes():
    make.agent(capacity=3)
    people = silent_raid()
    dispatch()
    assert Agent.objects.get().capacity == 3
    waiting = Conversation.objects.waiting().order_by("queued_at").first()
    position, wait = queue_position(waiting)
    assert (position, wait[1] > 2) == (1, True)
    assert len(people) == 20
