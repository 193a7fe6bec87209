"""Arrivals that look alike: many with the same answers within a minute."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.rules.lookalikes import AT_LEAST, WITHIN, Arrival, find_alike

START = datetime(2026, 11, 28, 12, tzinfo=UTC)


def arrivals(seconds, look="Paris", first=0):
    return [Arrival(first + key, START + timedelta(seconds=at), look) for key, at in enumerate(seconds)]


def test_ten_within_a_minute_are_alike_and_nine_are_not():
    (group,) = find_alike(arrivals(range(0, 60, 6)))
    assert (group.keys, group.last_at - group.first_at) == (tuple(range(10)), timedelta(seconds=54))
    assert find_alike(arrivals(range(0, 54, 6))) == []


@pytest.mark.parametrize(("step", "count"), [(60 / 9, 10), (60 / 9 + 0.1, 0)])
def test_minute_is_from_the_first_to_the_tenth(step, count):
    found = find_alike(arrivals([step * place for place in range(10)]))
    assert sum(len(group.keys) for group in found) == count


def test_others_of_the_same_look_who_came_apart_are_not_in_the_group():
    crowd = arrivals([1000 + place for place in range(20)], first=100)
    (group,) = find_alike([*arrivals([0, 300]), *crowd, *arrivals([3000], first=500)])
    assert group.keys == tuple(range(100, 120))


def test_each_look_is_a_group_of_its_own():
    paris, lyon = arrivals(range(10)), arrivals(range(10), look="Lyon", first=50)
    mixed = [one for pair in zip(paris, lyon, strict=True) for one in pair]
    assert {group.look: len(group.keys) for group in find_alike(mixed)} == {"Paris": 10, "Lyon": 10}
    nine_of_each = arrivals(range(9)) + arrivals(range(9), look="Lyon", first=50)
    assert find_alike(nine_of_each) == []


@given(st.lists(st.tuples(st.floats(0, 600), st.sampled_from("abc")), max_size=60))
def test_members_are_exactly_those_of_a_full_minute(drawn):
    people = [Arrival(key, START + timedelta(seconds=at), look) for key, (at, look) in enumerate(drawn)]
    found = {key for group in find_alike(people) for key in group.keys}

    def is_alike(one):
        same = [other.at for other in people if other.look == one.look]
        starts = [at for at in same if at <= one.at <= at + WITHIN]
        return any(sum(start <= at <= start + WITHIN for at in same) >= AT_LEAST for start in starts)

    # When more than AT_LEAST come at one moment, any ten of them may be the group of the minute, and whoever came as
    # late as one of them belongs to it.
    assert found == {one.key for one in people if is_alike(one)}
