"""Compute slow hashes (passwords, resume codes) in two threads of their own, at the lowest priority for the processor.

A slow hash frees the interpreter's lock, and takes half a second of a processor. On a machine where somebody signs in
without end, whoever serves people comes first. Two at once, whoever asks: others wait in their own threads, which are
few and serve nobody else (`pnav.server.page_handler.SLOW`).
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 2
NICENESS = 19  # the lowest there is: a twentieth of the weight of a thread of pages


def _stand_behind() -> None:
    """Linux counts niceness by thread."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hash", initializer=_stand_behind)


def compute[T](hash_of: Callable[..., T], *args: object, **kwargs: object) -> T:
    """Compute this function in those threads and return its result; the caller waits. Raises what it raises.

    It takes no lock of the interpreter for long and asks for no database: its thread has no connection.
    """
    return THREADS.submit(hash_of, *args, **kwargs).result()
