"""Computes slow hashes (of passwords and resume codes) in two threads of the lowest priority.

A slow hash releases the interpreter's lock and takes half a second of processor time. With the lowest priority it
hardly delays the threads that serve people, even if somebody tries to sign in without end. At most two are computed at
once. Other requests wait in their own threads, which are few and serve nothing else (`pnav.server.page_handler.SLOW`).
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 2
NICENESS = 19  # the lowest priority, a twentieth of the weight of a thread for pages


def _stand_behind() -> None:
    """Lower the priority of this thread alone, which is possible because Linux has niceness for each thread."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hash", initializer=_stand_behind)


def compute[T](hash_of: Callable[..., T], *args: object, **kwargs: object) -> T:
    """Call this function in one of those threads and return its result; the caller waits. Raises what it raises.

    The function must release the interpreter's lock, and must not use the database, to which its thread has no
    connection.
    """
    return THREADS.submit(hash_of, *args, **kwargs).result()
