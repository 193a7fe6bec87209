"""Computes slow hashes (of passwords and resume codes) in two threads of low priority.

A slow hash releases the interpreter's lock and takes half a second of processor time. With low priority it hardly
delays the threads that serve people, even if somebody tries to sign in without end. At most two are computed at once.
Other requests wait in their own threads, which are few and serve nothing else (`pnav.server.page_handler.SLOW`).
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 2
# A tenth of the weight of a thread for pages (5). Beside a core that pages fill, half a second then takes 5 s; at 19 it
# would take 12. Somebody waits for it, and their network is charged for that time (`pnav.server.admission`).
NICENESS = 15


def _stand_behind() -> None:
    """Lower the priority of this thread alone, which is possible because Linux has niceness for each thread.

    A process that was started at a lower one stays there: it may not raise its own priority.
    """
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hash", initializer=_stand_behind)


def compute[T](hash_of: Callable[..., T], *args: object, **kwargs: object) -> T:
    """Call this function in one of those threads and return its result; the caller waits. Raises what it raises.

    The function must release the interpreter's lock, and must not use the database, to which its thread has no
    connection.
    """
    return THREADS.submit(hash_of, *args, **kwargs).result()
