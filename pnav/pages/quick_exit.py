"""Does the work of the quick exit: it forgets the visit first, and nobody waits for what can wait.

`leave` hands the work to a thread with a connection of its own, and returns as soon as the visit is deleted, or after
PATIENCE_SECONDS when the database is away, stalled, or held up: the answer that clears the cookies is then on its way
all the same, and the thread goes on until the visit is deleted. See docs/adr/0049.
"""

import logging
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor

from django.db import connection, transaction

from chat.conversations import departures
from chat.database import DATABASE_AWAY, leave_the_pool
from common.database_errors import describe_error
from pnav.sessions import SessionStore
from reports.session import GENERATION
from reports.session import KEY as REPORT_KEY

logger = logging.getLogger(__name__)

PATH = "/quitter/"
# The whole exit takes 300 ms at most (a person hears somebody at the door); this leaves a third to the network and to
# a busy processor.
PATIENCE_SECONDS = 0.2
# What holds the row of a session for longer than that is tried again after the exits of others.
LOCK_MILLISECONDS = 50
RETRY_SECONDS = 0.2
# Exits of a process that wait for the database: some 500 bytes each. One more leaves too; its visit ends by its date.
AT_MOST = 1_000

THREAD: Executor = ThreadPoolExecutor(1, thread_name_prefix="quick-exit", initializer=leave_the_pool)
_places = threading.BoundedSemaphore(AT_MOST)


def leave(session_key: str) -> bool:
    """Forget the visit of this cookie and have its conversation parked. Return whether the visit is gone by now.

    Costs one statement when there is no such session; else four to forget it, then at most eight to park. Waits for
    PATIENCE_SECONDS at most, whatever the database does. Raises nothing.
    """
    if not _places.acquire(blocking=False):
        logger.error("quick exit: %d exits wait for the database already; one visit ends by its own date", AT_MOST)
        return False
    is_forgotten = threading.Event()
    THREAD.submit(_forget, session_key, is_forgotten)
    return is_forgotten.wait(PATIENCE_SECONDS)


def _forget(session_key: str, is_forgotten: threading.Event) -> None:
    """Delete the visit, then park, in the thread. While the database is away this exit goes to the end of the line."""
    try:
        departure = _end_visit(session_key)
    except DATABASE_AWAY as error:
        logger.warning("quick exit: the database failed, the visit will be forgotten later (%s)", describe_error(error))
        connection.close()
        time.sleep(RETRY_SECONDS)
        try:
            THREAD.submit(_forget, session_key, is_forgotten)
        except RuntimeError:  # the process stops
            logger.error("quick exit: the process stops before the visit is forgotten; it ends by its own date")
            _places.release()
        return
    except Exception as error:  # noqa: BLE001  the errors of a thread go nowhere: said here, by their class
        logger.error("quick exit: the visit could not be forgotten, it ends by its own date (%s)", type(error).__name__)
        _places.release()
        return
    is_forgotten.set()
    _places.release()
    if departure is not None:
        try:
            departures.tell_departure(departure)
        except DATABASE_AWAY as error:
            logger.warning("quick exit: parking is left to the worker (%s)", type(error).__name__)
            connection.close()


def _end_visit(session_key: str) -> int | None:
    """Delete the session and note the departure, both or neither; the key of the departure, if there is one to park."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
        held = SessionStore.take(session_key)
        report = held.get(REPORT_KEY)
        return (
            None if report is None else departures.record_departure(report=report, generation=held.get(GENERATION, 0))
        )
