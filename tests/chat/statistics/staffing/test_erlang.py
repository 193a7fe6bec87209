"""Erlang-A is compared with published figures, with its limits, and with the same sums computed in another way."""

import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chat.statistics.staffing import erlang
from chat.statistics.staffing.erlang import Queue, erlang_b, places_for

RATES = st.floats(0.01, 200)
ARRIVALS = st.floats(1e-20, 200)
PLACES = st.integers(1, 60)
GIVING_UP = st.floats(0.01, 100)


def by_states(queue: Queue, within: float, at_most: int = 4000) -> tuple[float, float, float]:
    """Return waits, gives up, answered within.

    They come from the chances of each state, and a wait of as many steps as people.
    """
    weights, total = [1.0], 1.0
    for state in range(1, at_most):
        leaving = min(state, queue.places) * queue.ending + max(0, state - queue.places) * queue.giving_up
        weights.append(weights[-1] * queue.arrivals / leaving)
        total += weights[-1]
        if state > queue.places and weights[-1] < 1e-18 * total:
            break
    chances = [weight / total for weight in weights]
    waits = sum(chances[queue.places :])
    waiting = sum(chance * max(0, state - queue.places) for state, chance in enumerate(chances))
    # Somebody who finds k people before them is answered when k + 1 people have left, at these rates, while they
    # themselves stay. This follows them in small steps of time, from the end of the line to the answer.
    line = [chances[queue.places + k] for k in range(len(chances) - queue.places)]
    answered, steps = 0.0, 4000
    step = within / steps
    for _step in range(steps):
        rates = [queue.places * queue.ending + k * queue.giving_up for k in range(len(line))]
        answered += line[0] * rates[0] * step
        line = [
            line[k] * (1 - (rates[k] + queue.giving_up) * step)
            + (line[k + 1] * rates[k + 1] * step if k + 1 < len(line) else 0)
            for k in range(len(line))
        ]
    return waits, queue.giving_up * waiting / queue.arrivals, 1 - waits + answered


@pytest.mark.parametrize(("giving_up", "gives_up", "mean_wait", "waiting"), [(0.5, 0.031, 3.7, 3), (0, 0, 20.8, 17)])
def test_published_call_center(giving_up, gives_up, mean_wait, waiting):
    """48 calls a minute of a minute each meet 50 agents and a patience of two minutes.

    Source: Garnett, Mandelbaum, Reiman 2002, the table that compares Erlang-A and Erlang-C (as many digits as printed).
    """
    queue = Queue(arrivals=48, ending=1, giving_up=giving_up, places=50)
    assert queue.gives_up == pytest.approx(gives_up, abs=0.0005)
    assert 60 * queue.mean_wait == pytest.approx(mean_wait, abs=0.05)
    assert queue.waiting == pytest.approx(waiting, abs=0.5)


def test_published_call_center_ninth_tenth():
    """By the same table nine people in ten wait less than 12.5 s with Erlang-A, and less than 58.1 s with Erlang-C."""
    patient = Queue(48, 1, 0, 50)
    assert patient.answered_within(58.1 / 60) == pytest.approx(0.9, abs=0.0005)
    # Of those who wait longer than this, nobody has been answered or has given up yet.
    queue = Queue(48, 1, 0.5, 50)
    gone = queue.answered_within(12.5 / 60)
    assert 0.87 < gone < 0.9  # these were answered; the rest of the nine in ten gave up


@pytest.mark.parametrize(
    ("places", "load", "blocked"),
    [(1, 1, 1 / 2), (2, 2, 2 / 5), (5, 3, 0.1101), (10, 5, 0.0184), (20, 12, 0.0098)],
)
def test_erlang_b_as_in_tables(places, load, blocked):
    """The values are those of the tables of Erlang's loss formula, with four decimals."""
    assert erlang_b(places, load) == pytest.approx(blocked, abs=0.00006)


@given(RATES, RATES, PLACES)
def test_endless_patience_is_erlang_c(arrivals, ending, places):
    load = arrivals / ending
    assume(load < 0.98 * places)
    blocked = erlang_b(places, load)
    waits = blocked / (1 - load / places * (1 - blocked))
    never, hardly = Queue(arrivals, ending, 0, places), Queue(arrivals, ending, ending * 1e-5, places)
    assert never.has_to_wait == pytest.approx(waits, rel=1e-9)
    assert never.mean_wait == pytest.approx(waits / (places * ending - arrivals), rel=1e-9)
    for share in (0.1, 1, 3):
        within = share / (places * ending)
        assert never.answered_within(within) == pytest.approx(
            1 - waits * math.exp(-(places * ending - arrivals) * within), abs=1e-12
        )
        assert hardly.answered_within(within) == pytest.approx(never.answered_within(within), abs=5e-3)


@given(ARRIVALS, RATES, PLACES)
def test_no_patience_is_erlang_b(arrivals, ending, places):
    queue = Queue(arrivals, ending, 1e9 * (arrivals + places * ending), places)
    blocked = erlang_b(places, arrivals / ending)
    assert queue.gives_up == pytest.approx(blocked, abs=1e-6)
    assert queue.answered_within(1) == pytest.approx(1 - blocked, abs=1e-6)


@pytest.mark.parametrize("places", [1, 3, 6, 9])
@pytest.mark.parametrize("patience", [0.1, 0.5, 2])
def test_state_by_state_gives_the_same(places, patience):
    queue = Queue(arrivals=4, ending=60 / 55, giving_up=1 / patience, places=places)
    waits, gives_up, answered = by_states(queue, 0.05)
    assert queue.has_to_wait == pytest.approx(waits, abs=1e-10)
    assert queue.gives_up == pytest.approx(gives_up, abs=1e-10)
    assert queue.answered_within(0.05) == pytest.approx(answered, abs=1e-4)  # small steps are still steps


@given(ARRIVALS, RATES, GIVING_UP, PLACES, st.floats(0, 2))
def test_chances_are_chances_and_agree(arrivals, ending, giving_up, places, within):
    queue = Queue(arrivals, ending, giving_up, places)
    assert 0 <= queue.gives_up <= queue.has_to_wait + 1e-9 <= 1 + 2e-9
    assert queue.answered_within(0) == pytest.approx(1 - queue.has_to_wait, abs=1e-9)
    assert queue.answered_within(within) <= 1 - queue.gives_up + 1e-9
    assert queue.answered_within(1e6) == pytest.approx(1 - queue.gives_up, abs=1e-9)
    # As many people leave as come: they were answered, or gave up.
    assert (1 - queue.gives_up) * arrivals <= places * ending * (1 + 1e-9)


@given(ARRIVALS, RATES, st.floats(0, 100), st.integers(0, 60), st.floats(0, 2))
def test_answers_grow_with_places_time_and_fewer_people(arrivals, ending, giving_up, places, within):
    assume(giving_up == 0 or giving_up > 0.01)
    answered = Queue(arrivals, ending, giving_up, places).answered_within(within)
    assert Queue(arrivals, ending, giving_up, places + 1).answered_within(within) >= answered - 1e-9
    assert Queue(arrivals, ending, giving_up, places).answered_within(within + 0.1) >= answered - 1e-9
    assert Queue(arrivals / 2, ending, giving_up, places).answered_within(within) >= answered - 1e-9


def test_raid_overflows_nothing():
    queue = Queue(arrivals=3000, ending=60 / 55, giving_up=0.5, places=9)
    assert queue.gives_up == pytest.approx(1 - 9 * 60 / 55 / 3000, rel=1e-9)  # all places are always taken
    assert queue.has_to_wait == pytest.approx(1) and queue.answered_within(0.05) < 1e-6
    assert Queue(1e-9, 1, 1, 150).answered_within(0) == 1


@pytest.mark.parametrize("giving_up", [0, 1, 1e9])
@pytest.mark.parametrize("arrivals", [5e-324, 1e-20, 1e-16, 1e-15])
def test_so_few_that_nobody_waits(arrivals, giving_up):
    """After a night without anybody what is left of the load is no more than the rounding of a sum."""
    assert Queue(arrivals, 1, giving_up, 1).answered_within(0.05) == pytest.approx(1, abs=1e-14)


def test_whoever_gives_up_at_once_is_answered_at_once_or_never():
    assert Queue(4, 1, 1e20, 3).answered_within(1) == pytest.approx(1 - erlang_b(3, 4))


def test_nobody_and_nowhere():
    assert Queue(0, 1, 1, 3).answered_within(0) == 1 and Queue(0, 1, 1, 3).mean_wait == 0
    assert Queue(1, 1, 1, 0).answered_within(9) == 0 and Queue(1, 1, 1, 0).gives_up == 1
    crowded = Queue(4, 1, 0, 3)
    assert crowded.mean_wait == math.inf and crowded.answered_within(9) == 0 and crowded.has_to_wait == 1
    with pytest.raises(ValueError, match="positive"):
        Queue(1, 0, 1, 1)


@given(ARRIVALS, RATES, st.sampled_from([0.0, 0.1, 2.0, 30.0]), st.floats(0.5, 0.99))
def test_places_for_is_the_fewest(arrivals, ending, giving_up, target):
    asked = {"arrivals": arrivals, "ending": ending, "giving_up": giving_up}
    assume(arrivals / ending < 500)
    places = places_for(**asked, within=0.05, target=target)
    assert Queue(**asked, places=places).answered_within(0.05) >= target
    assert Queue(**asked, places=places - 1).answered_within(0.05) < target


@given(st.floats(10, 5000), st.floats(0.5, 2), st.floats(130, 200_000))
@settings(max_examples=60, deadline=None)
def test_integral_is_the_series(arrivals, room, people):
    """Of people who come in an hour, or leave, at least sixty come while one loses patience. people: who come in it."""
    rates = arrivals, arrivals * room, arrivals / people
    mass, waiting = erlang._mass(*rates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erlang, "MANY_TERMS", math.inf)
        in_series, waiting_in_series = erlang._mass(*rates)
    assert mass == pytest.approx(in_series, abs=1e-10, rel=1e-12)
    assert waiting == pytest.approx(waiting_in_series, rel=1e-9)


@given(st.floats(0.01, 3000), RATES, st.floats(0.02, 50), st.floats(-3, 6), st.floats(0, 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])  # one queue in eight fits
def test_share_of_a_short_wait_is_that_of_what_is_left_beyond_it(load, ending, patience, more, share):
    """Near the places that are needed the wait itself is integrated; otherwise two longer integrals are subtracted."""
    places = max(1, round(load + more * math.sqrt(load)))
    queue = Queue(load * ending, ending, ending / patience, places)
    within = share / queue.giving_up
    assume(erlang._is_short(queue.arrivals, places * ending + queue.giving_up, queue.giving_up, within))
    answered = queue.answered_within(within)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erlang, "_is_short", lambda *_rates: False)
        assert answered == pytest.approx(queue.answered_within(within), abs=1e-9)


def test_largest_change_of_an_exponent_needs_one_panel():
    """At the longest wait and the largest change that one panel is given, the result is that of many small steps."""
    for rates, wait in (((3.0, 13.0, 1.0), 1.0), ((32.0, 20.0, 1e-9), 1.0), ((600.0, 480.0, 1.0), 0.1)):
        assert erlang._is_short(*rates, wait) and not erlang._is_short(rates[0], rates[1] * 3, rates[2], wait)
        assert erlang._soon(*rates, wait) == pytest.approx(_soon_in_steps(*rates, wait), rel=1e-9)


def _soon_in_steps(arrivals: float, leaving: float, giving_up: float, wait: float, steps: int = 20_000) -> float:
    """Return the integral of `_soon` by Simpson's rule."""

    def height(at: float) -> float:
        return math.exp(-arrivals * math.expm1(-giving_up * at) / giving_up - leaving * at)

    step = wait / steps
    inner = sum((4 if number % 2 else 2) * height(number * step) for number in range(1, steps))
    return (height(0) + inner + height(wait)) * step / 3


@given(st.integers(100, 4000), st.floats(0.8, 3))
@settings(max_examples=50, deadline=None)
def test_erlang_b_of_many_places_is_that_counted_one_by_one(places, load):
    blocked = erlang_b(places, places / load)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erlang, "MANY_PLACES", math.inf)
        assert blocked == pytest.approx(erlang_b(places, places / load), rel=1e-10, abs=1e-300)


def test_patience_without_an_end_is_approached():
    """In a raid people hardly give up: the result is nearly Erlang-C, and takes no longer to compute."""
    never, hardly = (Queue(5000, 1, giving_up, 5060).answered_within(0.05) for giving_up in (0, 1e-7))
    assert 0.5 < never < 1 and hardly == pytest.approx(never, abs=1e-3)


def test_places_for_not_fewer_than_asked():
    asked = {"arrivals": 50, "ending": 1, "giving_up": 1, "within": 0.05, "target": 0.9}
    needed = places_for(**asked)
    assert places_for(**asked, at_least=needed - 5) == needed and places_for(**asked, at_least=needed + 5) == needed + 5
    assert places_for(**asked | {"arrivals": 0}, at_least=4) == 4


@given(RATES, RATES, st.sampled_from([0.0, 0.1, 2.0, 30.0]), st.floats(0.5, 0.99), st.integers(0, 800))
@settings(deadline=None)
def test_where_the_search_begins_does_not_change_what_it_finds(arrivals, ending, giving_up, target, near):
    assume(arrivals / ending < 500)
    asked = {"arrivals": arrivals, "ending": ending, "giving_up": giving_up, "within": 0.05, "target": target}
    assert places_for(**asked, near=near) == places_for(**asked)


def test_places_for_nobody_and_too_much():
    assert places_for(arrivals=0, ending=1, giving_up=1, within=0, target=0.95) == 0
    with pytest.raises(ValueError, match="between"):
        places_for(arrivals=1, ending=1, giving_up=1, within=0, target=1)
    with pytest.raises(ValueError, match="do not suffice"):
        places_for(arrivals=50, ending=1, giving_up=1, within=0, target=0.95, at_most=10)
