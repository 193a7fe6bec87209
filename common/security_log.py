"""Logs security events, one line each, by name: `event=sign_in account=12 way=password+totp`.

Operators watch the logger `common.security_log`; docs/operations.md says what should alarm them. A line holds names of
ours, statuses and keys of accounts: no address, no person's name, and nothing that was sent.

Somebody who causes many refusals must not fill the log. In each process and window of WINDOW_SECONDS, one kind of line
is written at most LINES times, and one event EVENT_LINES times. Further lines are counted, and written at the end of
the window as `event=… times=4711 seconds=60`, one line for each kind, KINDS at most. Events that only a person who has
proven their identity can cause are always written (ALWAYS), after the commit of the transaction that causes them.
"""

import atexit
import logging
import re
import threading
import time
from collections import Counter
from enum import StrEnum
from functools import partial

from django.db import connection, transaction

from common import metrics

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
LINES = 5  # the most lines of one kind, which is an event with its facts
EVENT_LINES = 60  # the most lines of one event, whatever its facts
KINDS = 200  # the most kinds that one window counts by themselves; the others are counted together
OTHERS = "others"
FACT = re.compile(r"[\w<>:/.+^$()?*\\-]{1,120}", re.ASCII)  # names of ours, numbers, patterns of addresses


class Event(StrEnum):
    """It is what a line can be about; beside each, its facts."""

    SIGN_IN = "sign_in"  # account, way
    SIGN_IN_FAILED = "sign_in_failed"  # account, way
    FIRST_PASSWORD_ENDED = "first_password_ended"  # account  # noqa: S105  a name
    LOCKED_OUT = "locked_out"  # account, way; the attempts were refused without being looked at
    OPENID_REFUSED = "openid_refused"  # why; an answer of the provider was refused, or none came
    SIGN_OUT = "sign_out"  # account
    SESSIONS_ENDED = "sessions_ended"  # account; its owner ended all other sessions
    PROVED_AGAIN = "proved_again"  # account, way
    PROOF_FAILED = "proof_failed"  # account, way
    FACTOR_ADDED = "factor_added"  # account, way
    FACTOR_REMOVED = "factor_removed"  # account, way, by
    FACTOR_UNREADABLE = "factor_unreadable"  # account; its encrypted secret cannot be opened
    PASSWORD_CHANGED = "password_changed"  # account, by  # noqa: S105  a name
    PAGE_REFUSED = "page_refused"  # account, status, route
    FORM_REFUSED = "form_refused"  # why; the token against foreign forms was wrong
    SOCKET_REFUSED = "socket_refused"  # socket, why
    FRAME_REFUSED = "frame_refused"  # line, why, account
    LIMIT_REACHED = "limit_reached"  # limit
    WORK_ASKED = "work_asked"  # no fact; proof of work was asked for a signalement during a raid
    WORK_REFUSED = "work_refused"  # no fact; the proof of work was not done


ALWAYS = {
    Event.SIGN_IN, Event.SIGN_OUT, Event.SESSIONS_ENDED, Event.PROVED_AGAIN, Event.FACTOR_ADDED, Event.FACTOR_REMOVED,
    Event.PASSWORD_CHANGED,
}  # fmt: skip
USUAL = ALWAYS - {Event.FACTOR_REMOVED}


class Window:
    """It is one window of the log: the lines that were written and those that were held back. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: Counter[str] = Counter()
        self._held: dict[Event, Counter[str]] = {}
        self._began = 0.0
        self._timer: threading.Timer | None = None

    def write_or_hold(self, event: Event, facts: str) -> None:
        """Write this line, or only count it when there were too many of its kind or event."""
        with self._lock:
            now = time.monotonic()
            if now - self._began >= WINDOW_SECONDS:
                self._close()
                self._began = now
            kind = f"{event} {facts}"
            if self._written[kind] < LINES and self._written[event] < EVENT_LINES:
                self._written[kind] += 1
                self._written[event] += 1
                _write(event, facts)
                return
            held = self._held.setdefault(event, Counter())
            held[facts if facts in held or len(held) < KINDS else OTHERS] += 1
            if self._timer is None:
                self._timer = threading.Timer(self._began + WINDOW_SECONDS - now, self.close)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Write the counts of the lines that were held back, one line for each kind, and begin a new window."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        held, self._held = self._held, {}
        self._written.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for event, kinds in held.items():
            for facts, times in kinds.items():
                _write(event, f"{facts} times={times} seconds={WINDOW_SECONDS}".strip())


def _write(event: Event, facts: str) -> None:
    logger.log(logging.INFO if event in USUAL else logging.WARNING, "event=%s", f"{event} {facts}".strip())


_window = Window()
atexit.register(_window.close)


def log(event: Event, **facts: str | int | None) -> None:
    """Log an event. facts: words of ours and numbers. account: the primary key; None if nobody is signed in.

    Any other value that gets here by mistake is written as « unsaid ». Events of ALWAYS are written after the commit,
    and not at all if the transaction is rolled back; the others are written at once.
    """
    metrics.SECURITY_EVENTS.labels(event.value).inc()
    if event is Event.LIMIT_REACHED:
        metrics.LIMITS.labels(metrics.LIMIT_NAMES(_fact(facts.get("limit")))).inc()
    text = " ".join(f"{name}={_fact(value)}" for name, value in facts.items())
    if event in ALWAYS and connection.in_atomic_block:
        transaction.on_commit(partial(_write, event, text))
    elif event in ALWAYS:
        _write(event, text)
    else:
        _window.write_or_hold(event, text)


def _fact(value: str | int | None) -> str:
    text = "unknown" if value is None else str(value)
    return text if FACT.fullmatch(text) else "unsaid"


def flush() -> None:
    """Write the counts of held-back lines now."""
    _window.close()
