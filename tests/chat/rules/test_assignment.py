"""Who is assigned to whom, one rule at a time, with other people beside. `test_lifecycle` tests all rules together."""

from datetime import UTC, datetime, timedelta

import pytest

from chat.rules.assignment import AgentOnDuty, Waiting, share_out

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FORCES = {"police", "gendarmerie"}


def pairs(people, agents, *, on_duty=FORCES, at_most=9):
    return share_out(people, agents, now=NOW, overflow_after=2 * MINUTE, forces_on_duty=on_duty, at_most=at_most)


def fresh(key, force="police", *, is_urgent=False, waited=0 * MINUTE, **more):
    return Waiting(key, force, is_urgent, NOW - waited, **more)


def test_equally_loaded_agents_take_turns_by_the_one_who_was_given_somebody_longest_ago():
    agents = [AgentOnDuty(key, "police", 1, 4, NOW - minutes * MINUTE) for key, minutes in ((1, 1), (2, 5), (3, 3))]
    assert pairs([fresh(1), fresh(2), fresh(3)], agents) == [(1, 2), (2, 3), (3, 1)]
    assert pairs([fresh(1)], [*agents, AgentOnDuty(4, "police", 1, 4, None)]) == [(1, 4)], "never is longest ago"


def test_load_is_compared_with_capacity_after_somebody_was_given_too():
    agents = [AgentOnDuty(1, "police", 0, 4, None), AgentOnDuty(2, "police", 1, 3, None)]
    assert pairs([fresh(1), fresh(2), fresh(3)], agents) == [(1, 1), (2, 1), (3, 2)]


def test_who_has_no_zone_goes_to_the_least_loaded_of_any_force_at_once():
    agents = [AgentOnDuty(1, "police", 2, 3, None), AgentOnDuty(2, "gendarmerie", 1, 3, None)]
    assert pairs([fresh(1, "")], agents) == [(1, 2)]


@pytest.mark.parametrize(
    ("person", "goes"),
    [
        (fresh(1), False),
        (fresh(1, waited=2 * MINUTE - timedelta(microseconds=1)), False),
        (fresh(1, waited=2 * MINUTE), True),
        (fresh(1, is_urgent=True), True),
    ],
)
def test_who_waits_for_their_force_holds_up_nobody_behind(person, goes):
    agents = [AgentOnDuty(1, "police", 3, 3, None), AgentOnDuty(2, "gendarmerie", 0, 3, None)]
    behind = (9, 2)
    assert pairs([person, fresh(9, "gendarmerie")], agents) == ([(1, 2), behind] if goes else [behind])


def test_force_that_is_not_on_duty_is_not_waited_for():
    agents = [AgentOnDuty(2, "gendarmerie", 0, 3, None)]
    assert pairs([fresh(1)], agents, on_duty={"gendarmerie"}) == [(1, 2)]
    assert pairs([fresh(1)], agents) == []


@pytest.mark.parametrize(
    ("person", "to"),
    [
        (fresh(1, unit=8), None),  # the requested unit has nobody, so the turn of its agents is waited for
        (fresh(1, unit=8, waited=2 * MINUTE - timedelta(microseconds=1)), None),
        (fresh(1, unit=8, waited=2 * MINUTE), 1),  # but not for ever
        (fresh(1, unit=8, is_urgent=True), 1),  # in a danger the unit is not waited for
    ],
)
def test_unit_that_was_asked_for_is_waited_for_a_while(person, to):
    agents = [AgentOnDuty(1, "police", 0, 3, None, unit=7), AgentOnDuty(2, "police", 3, 3, None, unit=8)]
    assert pairs([person], agents) == ([(1, to)] if to else [])


@pytest.mark.parametrize(
    ("person", "to"),
    [
        (fresh(1, avoided=frozenset({4})), 2),  # their own force, although the other one has less to do
        (fresh(1, avoided=frozenset({2})), None),  # only the other force is left, which may not answer yet
        (fresh(1, avoided=frozenset({2}), waited=2 * MINUTE), 3),
        (fresh(1, avoided=frozenset({2, 3}), waited=2 * MINUTE), None),
    ],
)
def test_who_was_passed_on_stays_with_their_force_and_away_from_who_passed_them_on(person, to):
    agents = [AgentOnDuty(2, "police", 2, 3, None, unit=7), AgentOnDuty(3, "gendarmerie", 0, 3, None)]
    assert pairs([person], agents) == ([(1, to)] if to else [])


def test_agents_without_a_unit_are_not_a_unit():
    agents = [AgentOnDuty(2, "gendarmerie", 0, 3, None), AgentOnDuty(3, "police", 0, 3, None, unit=7)]
    assert pairs([fresh(1, avoided=frozenset({9}))], agents) == [(1, 3)]


def test_order_of_turns_holds_after_one_was_taken_from_its_middle():
    """Somebody heavy goes to who has two places and is not the first; the others keep their order."""
    loads = [(1, 0, 1), (2, 80, 100), (3, 2, 4), (4, 85, 100), (5, 90, 100), (6, 60, 100), (7, 70, 100)]
    agents = [AgentOnDuty(key, "police", load, capacity, None) for key, load, capacity in loads]
    people = [fresh(1, weight=2), fresh(2), fresh(3)]
    assert pairs(people, agents) == [(1, 3), (2, 1), (3, 6)]
