"""The threads of slow hashes."""

import os
import threading

from common import slow_hashes


def test_slow_hashes_stand_behind_everybody_and_leave_other_threads_where_they_are():
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    of_a_hash = slow_hashes.THREADS.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    assert of_a_hash == slow_hashes.NICENESS
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
