"""Ends the visit for the quick exit: it deletes the visit first, and leaves the rest for later.

`leave` hands the work to a thread with a connection of its own. It returns as soon as the visit is deleted, or after
PATIENCE_SECONDS when the database is away or slow. The answer that clears the cookies is then sent all the same, and
the thread goes on until the visit is deleted. See docs/adr/0049.
"""

import logging
import threading
import time
from collections.abc import Set
from concurrent.futures import Executor, ThreadPoolExecutor

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase

from chat.conversations import departures
from chat.database import DATABASE_AWAY, leave_the_pool
from common import security_log
from common.database_errors import describe_error
from common.security_log import Event
from pnav.pages import display
from pnav.pages.frame.notices import MESSAGES_COOKIE
from pnav.sessions import BEFORE, SessionStore
from reports.session import GENERATION
from reports.session import KEY as REPORT_KEY

logger = logging.getLogger(__name__)

PATH = "/quitter/"
# All cookies that this site leaves in a visitor's browser.
OUR_COOKIES = {
    settings.SESSION_COOKIE_NAME,
    settings.CSRF_COOKIE_NAME,
    settings.LANGUAGE_COOKIE_NAME,
    display.THEME_COOKIE,
    MESSAGES_COOKIE,
    settings.LEFT_COOKIE_NAME,
}
# The whole exit takes 300 ms at most (a person may hear somebody at the door). This leaves a third of it to the network
# and to a busy processor.
PATIENCE_SECONDS = 0.2
# When the row of a session stays locked for longer than this, the deletion is tried again after the exits of others.
LOCK_MILLISECONDS = 50
RETRY_SECONDS = 0.2
# How many exits of a process may wait for the database: some 500 bytes each. Beyond it a person leaves all the same,
# and their visit ends by its own date.
AT_MOST = 1_000
# How many may wait of those that a later request brings: that many by pages, and that many by sockets. Any stranger can
# send such requests, and no lane bounds the handshakes of one network. So they take no place of a press, and a press
# waits behind a hundred of them at most.
LATE_AT_MOST = 50

THREAD: Executor = ThreadPoolExecutor(1, thread_name_prefix="quick-exit", initializer=leave_the_pool)
_places = threading.BoundedSemaphore(AT_MOST)
_page_places = threading.BoundedSemaphore(LATE_AT_MOST)
_socket_places = threading.BoundedSemaphore(LATE_AT_MOST)


def leave(session_key: str) -> bool:
    """Forget the visit of this cookie and have its conversation parked. Return whether the visit is gone by now.

    Costs one statement when there is no such session; else five to forget it, then at most eight to park. Waits for
    PATIENCE_SECONDS at most, whatever the database does. Raises nothing.
    """
    is_forgotten = _hand_over(session_key, _places)
    if is_forgotten is None:
        logger.error("quick exit: %d exits wait for the database already; one visit ends by its own date", AT_MOST)
        return False
    return is_forgotten.wait(PATIENCE_SECONDS)


def _hand_over(session_key: str, places: threading.BoundedSemaphore) -> threading.Event | None:
    """Hand the exit to the thread. Return what is set once the visit is gone; None if no place is free."""
    if not places.acquire(blocking=False):
        return None
    is_forgotten = threading.Event()
    THREAD.submit(_forget, session_key, is_forgotten, places)
    return is_forgotten


def finish(request: HttpRequest) -> frozenset[str]:
    """End the visit of a request whose browser left before, and take our cookies from it: it is that of nobody.

    A press leaves a cookie before it sends anything (static/pnav/quick-exit.js). Without a network nothing arrives. The
    next request of this browser then brings the cookie, whichever page asks, and is the exit.

    Returns the cookies that the answer has to delete (`delete_cookies`). As `leave`, it waits for PATIENCE_SECONDS at
    most. Where LATE_AT_MOST wait already it does not wait, and the visit ends by its own date: only its cookie opened
    it.
    """
    came = frozenset(OUR_COOKIES & request.COOKIES.keys())
    if session_key := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        if (is_forgotten := _hand_over(session_key, _page_places)) is not None:
            is_forgotten.wait(PATIENCE_SECONDS)
        else:
            security_log.log(Event.LIMIT_REACHED, limit="late_exits")
    for name in came:
        del request.COOKIES[name]
    return came


def finish_by_socket(session_key: str) -> None:
    """End the visit of a handshake whose browser left before, and wait for nothing. The caller refuses the socket.

    Where LATE_AT_MOST wait already nothing is done. The browser keeps the cookie of the press, and its next page is the
    exit.
    """
    if _hand_over(session_key, _socket_places) is None:
        security_log.log(Event.LIMIT_REACHED, limit="late_exits")


def delete_cookies(response: HttpResponseBase, names: Set[str]) -> None:
    """Delete these cookies in the browser, save those to which the answer gives another value."""
    for name in names - response.cookies.keys():
        response.delete_cookie(name, samesite="Lax")


def _forget(session_key: str, is_forgotten: threading.Event, places: threading.BoundedSemaphore) -> None:
    """Delete the visit, then park the conversation, in the thread. While the database is away this exit is queued
    again.

    places: where its place is given back.
    """
    try:
        departure = _end_visit(session_key)
    except DATABASE_AWAY as error:
        logger.warning("quick exit: the database failed, the visit will be forgotten later (%s)", describe_error(error))
        connection.close()
        time.sleep(RETRY_SECONDS)
        try:
            THREAD.submit(_forget, session_key, is_forgotten, places)
        except RuntimeError:  # the process is stopping
            logger.error("quick exit: the process stops before the visit is forgotten; it ends by its own date")
            places.release()
        return
    except Exception as error:  # noqa: BLE001  a thread's errors are lost, so this logs their class
        logger.error("quick exit: the visit could not be forgotten, it ends by its own date (%s)", type(error).__name__)
        places.release()
        return
    is_forgotten.set()
    places.release()
    if departure is not None:
        try:
            departures.tell_departure(departure)
        except DATABASE_AWAY as error:
            logger.warning("quick exit: parking is left to the worker (%s)", type(error).__name__)
            connection.close()


def _end_visit(session_key: str) -> int | None:
    """Delete the session and record the departure, both or neither.

    Returns the key of the departure; None when there is no conversation to park.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_MILLISECONDS}ms"])
        held = SessionStore.take(session_key)
        if (before := held.get(BEFORE)) is not None:
            SessionStore.get_model_class().objects.filter(pk=before).delete()
        report = held.get(REPORT_KEY)
        return (
            None if report is None else departures.record_departure(report=report, generation=held.get(GENERATION, 0))
        )
