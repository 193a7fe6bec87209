from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.rules.assignment import AgentOnDuty, Waiting, estimate_wait, may_overflow, share_of, share_out
from chat.rules.lifecycle import HEAVY, LIGHT, Status, can_move, is_lease_over, weight_of
from triage.rules import Urgency

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Status.WAITING, Status.ACTIVE, True),
        (Status.ACTIVE, Status.WAITING, True),
        (Status.ACTIVE, Status.CLOSED, True),
        (Status.ABANDONED, Status.WAITING, True),
        (Status.ACTIVE, Status.ABANDONED, False),
        (Status.CLOSED, Status.WAITING, False),
        (Status.CLOSED, Status.ACTIVE, False),
    ],
)
def test_can_move(before, after, expected):
    assert can_move(before, after) is expected


def test_can_move_closed_is_the_end():
    assert not any(can_move(Status.CLOSED, after) for after in Status)


@pytest.mark.parametrize(
    ("waited", "urgent", "preferred", "expected"),
    [
        (0 * MINUTE, False, True, False),
        (2 * MINUTE, False, True, True),
        (0 * MINUTE, True, True, True),
        (0 * MINUTE, False, False, True),
    ],
)
def test_may_overflow(waited, urgent, preferred, expected):
    assert (
        may_overflow(waited=waited, overflow_after=MINUTE, is_urgent=urgent, preferred_force_on_duty=preferred)
        is expected
    )


def test_estimate_wait_nobody_on_duty_gives_no_figure():
    assert estimate_wait(position=1, slots=0, free=0, average_minutes=55) is None


def test_estimate_wait_free_agent_is_soon():
    assert estimate_wait(position=1, slots=3, free=1, average_minutes=55) == (0, 2)


@pytest.mark.parametrize(
    ("average", "slots", "told"),
    [
        (55, 3, (5, 40)),
        (30, 10, (1, 6)),
        (35, 1, (10, 70)),
        (15, 1, (5, 30)),
        (5, 1, (1, 10)),
        (11, 2, (1, 15)),
        (1, 4, (0, 2)),
    ],
)
def test_estimate_wait_is_rounded_outwards(average, slots, told):
    """The range goes from a third of what is expected to the double of it, in steps of five minutes beyond the first
    ones.
    """
    assert estimate_wait(position=3, slots=slots, free=2, average_minutes=average) == told


def test_share_of_a_crowded_network_is_an_eighth_and_never_nothing():
    assert [share_of(slots) for slots in (0, 1, 8, 15, 16, 23, 24)] == [1, 1, 1, 1, 2, 2, 3]


def test_estimate_wait_full_house():
    assert estimate_wait(position=1, slots=3, free=0, average_minutes=55) == (5, 40)


@example(position=1, slots=1, free=0, average=3)
@given(st.integers(1, 500), st.integers(1, 150), st.integers(0, 150), st.integers(1, 300))
def test_estimate_wait_is_an_ordered_range_that_grows(position, slots, free, average):
    low, high = estimate_wait(position=position, slots=slots, free=free, average_minutes=average)
    assert 0 <= low < high
    later = estimate_wait(position=position + 1, slots=slots, free=free, average_minutes=average)
    assert later[0] >= low and later[1] >= high


def test_is_lease_over():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_lease_over(seen_at=None, now=now, lease=MINUTE)
    assert not is_lease_over(seen_at=now - MINUTE, now=now, lease=MINUTE)
    assert is_lease_over(seen_at=now - 2 * MINUTE, now=now, lease=MINUTE)


NOW = datetime(2026, 1, 1, tzinfo=UTC)
FORCES = ["police", "gendarmerie"]
people = st.lists(
    st.builds(
        Waiting,
        key=st.integers(1, 1000),
        force=st.sampled_from(["", *FORCES]),
        is_urgent=st.booleans(),
        waits_since=st.integers(0, 3).map(lambda minutes: NOW - minutes * MINUTE),
        weight=st.sampled_from([LIGHT, HEAVY]),
    ),
    max_size=12,
    unique_by=lambda person: person.key,
)
agents = st.lists(
    st.builds(
        AgentOnDuty,
        key=st.integers(1, 1000),
        force=st.sampled_from(FORCES),
        load=st.integers(0, 5),
        capacity=st.integers(0, 3),
        last_assigned_at=st.none() | st.integers(1, 9).map(lambda minutes: NOW - minutes * MINUTE),
    ),
    max_size=5,
    unique_by=lambda agent: agent.key,
)


def share_out_slowly(people, agents, *, on_duty, at_most):
    """Apply the rule as it is told: for each person in turn, look at every agent."""
    pairs = []
    load = {agent.key: agent.load for agent in agents}
    last = {agent.key: agent.last_assigned_at or datetime.min.replace(tzinfo=UTC) for agent in agents}
    for person in people:
        with_room = [agent for agent in agents if load[agent.key] < agent.capacity]
        own = [agent for agent in with_room if person.force in {"", agent.force}]
        may_go_elsewhere = person.is_urgent or person.force not in on_duty or NOW - person.waits_since >= 2 * MINUTE
        choice = own or (with_room if may_go_elsewhere else [])
        choice = [agent for agent in choice if load[agent.key] + person.weight <= agent.capacity] or choice
        if choice and len(pairs) < at_most:
            agent = min(choice, key=lambda agent: (load[agent.key] / agent.capacity, last[agent.key], agent.key))
            pairs.append((person.key, agent.key))
            load[agent.key] += person.weight
            last[agent.key] = NOW
    return pairs


@given(people, agents, st.integers(1, 12))
def test_share_out_is_the_rule(people, agents, at_most):
    on_duty = {agent.force for agent in agents}
    pairs = share_out(iter(people), agents, now=NOW, overflow_after=2 * MINUTE, forces_on_duty=on_duty, at_most=at_most)
    assert pairs == share_out_slowly(people, agents, on_duty=on_duty, at_most=at_most)


@given(people, agents)
def test_share_out_nobody_goes_to_who_is_full_and_nobody_is_left_where_there_is_room(people, agents):
    pairs = share_out(people, agents, now=NOW, overflow_after=0 * MINUTE, forces_on_duty=FORCES, at_most=99)
    weights = {person.key: person.weight for person in people}
    load, capacity = {agent.key: agent.load for agent in agents}, {agent.key: agent.capacity for agent in agents}
    held = dict.fromkeys(load, 0)
    for person, agent in pairs:
        assert load[agent] < capacity[agent]
        load[agent] += weights[person]
        held[agent] += 1
        # By one place at most, and only because of the last one assigned; never by a whole conversation.
        assert load[agent] <= capacity[agent] + HEAVY - LIGHT
    assert all(agent.load + held[agent.key] <= agent.capacity for agent in agents if held[agent.key])
    left = len(people) - len(pairs)
    assert not left or all(load[agent.key] >= agent.capacity for agent in agents)


@given(people, agents)
def test_share_out_weight_of_others_costs_nobody_their_turn(people, agents):
    """Whoever weighs more is never passed over for somebody lighter who comes later and could be taken."""
    pairs = share_out(people, agents, now=NOW, overflow_after=0 * MINUTE, forces_on_duty=FORCES, at_most=99)
    assert [person for person, _agent in pairs] == [person.key for person in people[: len(pairs)]]


@pytest.mark.parametrize(
    ("agents", "to"),
    [
        # (agent, filled, places): the agent with nothing to do has one place, the other one two.
        ([(1, 0, 1), (2, 2, 4)], 2),
        ([(1, 2, 3), (2, 0, 1)], 2),  # nobody has two free places, so the one with the smallest load
        ([(1, 2, 3)], 1),  # the last place: a person in the greatest danger does not wait for a second one
        ([(1, 3, 3)], None),
    ],
)
def test_share_out_heavy_person(agents, to):
    person = Waiting(9, "police", True, NOW, HEAVY)
    options = {"now": NOW, "overflow_after": MINUTE, "forces_on_duty": {"police"}, "at_most": 9}
    on_duty = [AgentOnDuty(key, "police", load, capacity, None) for key, load, capacity in agents]
    pairs = share_out([person], on_duty, **options)
    assert pairs == ([(9, to)] if to else [])


def test_share_out_heavy_person_fills_two_places():
    options = {"now": NOW, "overflow_after": MINUTE, "forces_on_duty": {"police"}, "at_most": 9}
    crowd = [Waiting(1, "police", True, NOW, HEAVY), *(Waiting(key, "police", False, NOW) for key in (2, 3))]
    assert share_out(crowd, [AgentOnDuty(7, "police", 0, 3, None)], **options) == [(1, 7), (2, 7)]


@pytest.mark.parametrize(("urgency", "weight"), [(Urgency.NORMAL, LIGHT), (Urgency.HIGH, LIGHT), (2, HEAVY)])
def test_weight_of(urgency, weight):
    assert weight_of(urgency, critical=HEAVY) == weight


def test_share_out_reads_no_further_than_needed():
    def endless():
        number = 0
        while True:
            number += 1
            yield Waiting(number, "police", False, NOW)

    options = {"now": NOW, "overflow_after": MINUTE, "forces_on_duty": {"police"}}
    agent = AgentOnDuty(7, "police", 1, 3, None)
    assert share_out(endless(), [agent], at_most=9, **options) == [(1, 7), (2, 7)]
    assert share_out(endless(), [agent], at_most=1, **options) == [(1, 7)]
    assert share_out(endless(), [], at_most=9, **options) == []
