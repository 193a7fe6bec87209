"""The judge of the queue finds each kind of breach."""

import inspect
import re

from benchmarks.faults import queue, queue_judge
from chat.conversations.dispatcher import TURN_COLUMNS
from chat.rules.assignment import IN_TURN


def test_judge_finds_every_broken_history():
    assert queue_judge.self_test() == len(queue_judge.bad_histories()) >= 7


def test_judge_compares_people_by_all_that_the_queue_compares():
    """The key is left out, because it only tells apart two people of one moment."""
    _found, _deeds, people, _capacities = queue_judge.bad_histories()[0]
    assert IN_TURN[-1] == "pk"
    assert {len(person.rank) for person in people.values()} == {len(IN_TURN) - 1}


def test_people_of_a_run_differ_in_all_that_the_queue_compares():
    """Among people who are alike a run passes whatever the order is. The moment differs by itself.

    So a column is given to some of them only, or computed from each row. The same value for all makes nobody differ.
    """
    read, made = inspect.getsource(queue.history), inspect.getsource(queue.make)
    for column in set(TURN_COLUMNS) - {"pk"}:
        assert f'"{column}"' in read
        of_some, of_each = rf"\.filter\(.+\)\.update\({column}=", rf"\.update\({column}=(F|Case|Mod|Random)\("
        assert column == "queued_at" or re.search(f"{of_some}|{of_each}", made)
