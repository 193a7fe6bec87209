"""The judge of the queue finds each kind of breach."""

from benchmarks.faults import queue_judge
from chat.rules.assignment import IN_TURN


def test_judge_finds_every_broken_history():
    assert queue_judge.self_test() == len(queue_judge.bad_histories()) >= 7


def test_judge_compares_people_by_all_that_the_queue_compares():
    """The key is left out, because it only tells apart two people of one moment."""
    _found, _deeds, people, _capacities = queue_judge.bad_histories()[0]
    assert IN_TURN[-1] == "pk"
    assert {len(person.rank) for person in people.values()} == {len(IN_TURN) - 1}
