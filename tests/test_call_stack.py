"""A function that is called with room asks the kernel for no memory for frames, however deep it is."""

import resource
import sys
import threading
from collections.abc import Callable

import pytest

from tests.support.call_stack import call_with_room

CALLS = 200
DEEP = 400  # frames, so that several pieces of 16 KiB end among them

pytestmark = pytest.mark.skipif(not hasattr(resource, "RUSAGE_THREAD"), reason="Linux tells the faults of a thread")


def leaf(one: object, _two: object, _three: object) -> object:
    return one


def call_often() -> None:
    for _each in range(CALLS):
        leaf(1, 2, 3)


def call_at(depth: int) -> None:
    """Call a small function often, from this many frames below."""
    if depth:
        call_at(depth - 1)
    else:
        call_often()


def most_faults() -> int:
    """Return how many pages of memory were touched anew at the depth where most were."""
    most = 0
    for depth in range(DEEP):
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        call_at(depth)
        most = max(most, resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
    return most


def in_a_thread(function: Callable[[], int]) -> int:
    """Return what a function returns in a thread that has called nothing yet."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_no_depth_asks_for_memory_at_each_call():
    assert in_a_thread(lambda: call_with_room(most_faults)) < CALLS // 4


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="another Python may keep the next piece")
def test_without_room_some_depth_does():
    """Ask it of each later Python: `tests.support.call_stack` can go with one where it fails."""
    assert in_a_thread(most_faults) >= CALLS


def test_what_is_called_gets_its_arguments_and_its_answer_or_error_comes_back():
    assert call_with_room(sorted, [2, 1], reverse=False) == [1, 2]
    with pytest.raises(ZeroDivisionError):
        call_with_room(lambda: 1 / 0)
