"""What may follow in a transmission: every pair of states, without a database."""

import itertools

import pytest

from chat.rules.referral import MOVES, RECEIVED, RUNNING, Part, State, can_move, may_go_without
from triage.rules import Urgency

ALLOWED = {
    ("asked", "sent"): Part.PERSON, ("asked", "refused"): Part.PERSON, ("asked", "withdrawn"): Part.AGENT,
    ("sent", "withdrawn"): Part.AGENT, ("sent", "read"): Part.UNIT, ("read", "meeting"): Part.UNIT,
    ("read", "closed"): Part.UNIT, ("meeting", "meeting"): Part.UNIT, ("meeting", "closed"): Part.UNIT,
    ("meeting", "accepted"): Part.PERSON, ("meeting", "declined"): Part.PERSON, ("accepted", "declined"): Part.PERSON,
    ("accepted", "meeting"): Part.UNIT, ("accepted", "closed"): Part.UNIT,
    ("declined", "meeting"): Part.UNIT, ("declined", "closed"): Part.UNIT,
}  # fmt: skip


@pytest.mark.parametrize("part", Part)
def test_moves_are_those_and_each_is_of_one_part(part):
    for before, after in itertools.product(State.values, repeat=2):
        assert can_move(before, after, part) == (ALLOWED.get((before, after)) == part), (before, after)


def test_what_is_over_stays_over():
    for state in (State.CLOSED, State.REFUSED, State.WITHDRAWN):
        assert not any(before == state for before, _after in MOVES)


def test_every_state_is_reached_from_the_first():
    reached = {State.ASKED.value}
    for _turn in State:
        reached |= {after for before, after in MOVES if before in reached}
    assert reached == set(State.values)


def test_nothing_is_read_again_as_unread():
    assert not any(after == State.SENT and before != State.ASKED for before, after in MOVES)


def test_running_is_what_the_unit_has_and_has_not_closed():
    assert {State.CLOSED} == RECEIVED - RUNNING
    assert all(any(before == state for before, _after in MOVES) for state in RUNNING)


@pytest.mark.parametrize("urgency", Urgency)
def test_without_agreement_only_in_an_emergency(urgency):
    assert may_go_without(urgency=urgency, had_emergency=True)
    assert may_go_without(urgency=urgency, had_emergency=False) == (urgency == Urgency.CRITICAL)
