"""The threads that compute slow hashes."""

import os
import subprocess
import sys
import threading

from common import slow_hashes
from pnav.server.process_role import PAGES_NICENESS


def test_slow_hashes_stand_behind_everybody_and_leave_other_threads_where_they_are():
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    of_a_hash = slow_hashes.THREADS.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    assert of_a_hash == max(slow_hashes.NICENESS, before)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_a_hash_keeps_a_tenth_of_the_weight_of_a_page():
    """A step changes the weight by a quarter. With a twentieth, somebody who signs in would wait for 12 s."""
    assert PAGES_NICENESS < slow_hashes.NICENESS <= PAGES_NICENESS + 10


def test_hashes_are_computed_in_a_process_that_was_started_at_the_lowest_priority():
    code = "import os; os.nice(19); from common import slow_hashes; print(slow_hashes.compute(os.nice, 0))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert int(done.stdout) == 19
