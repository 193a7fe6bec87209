"""Formats log lines so that they contain our own words and the place of an error, never what somebody sent.

Other packages write values into their messages: Django the host and the path of a request, a driver the row that it
could not write, asyncio the exception of a task. So of their records only the parts are kept that contain no values.
"""

import json
import logging
import time
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from common.database_errors import describe_error, failure_of
from pnav.randomness import random_bytes

# Within this time after a failure the pool has either found a connection or tried again.
RECENT_SECONDS = 60.0

# Packages whose messages contain only events and public ids, by rule (docs/done.md). Those of others are reduced.
OURS = {"pnav", "chat", "reports", "triage", "locations", "common"}

type ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


# The id of the request whose thread writes a line. It is drawn at random for each request, so that its lines are found
# together. An id that a client or a proxy sends is ignored, because it could contain their words, or link the visits of
# one person.
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def begin_request() -> str:
    """Draw the id of the request that begins in this context, and return it: 16 hexadecimal digits."""
    drawn = random_bytes(8).hex()
    _request_id.set(drawn)
    return drawn


class Discreet(logging.Formatter):
    """Formats an exception as its class, its causes, and the lines of code that it passed, without its message.

    Times are in UTC, and end in Z.
    """

    converter = time.gmtime  # type: ignore[assignment]
    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the message without values that people may have typed, and with the id of its request."""
        record.message = _told(record)
        if drawn := _request_id.get():
            record.message = f"{record.message} request={drawn}"
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802  logging's name
        """Return an exception as classes and places in the code, never its text."""
        return "\n".join(_lines(ei[1])) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        # A handler before this one may have formatted the exception already, with its message.
        record.exc_text = None
        return super().format(record)


class DiscreetJson(Discreet):
    """Formats the same as one JSON object a line, for log collectors.

    Its fields are time, level, logger and message, and if there are any, request and error (the lines that `Discreet`
    writes for an exception).
    """

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None
        entry: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _told(record),
        }
        if drawn := _request_id.get():
            entry["request"] = drawn
        if record.exc_info and record.exc_info[1] is not None:
            entry["error"] = _lines(record.exc_info[1])
        return json.dumps(entry, ensure_ascii=False)


def _told(record: logging.LogRecord) -> str:
    """Return the whole message of our own packages; of another one only the parts without values."""
    return record.getMessage() if record.name.partition(".")[0] in OURS else told_of(record)


class PoolFailures(logging.Filter):
    """Lets every record of `psycopg.pool` through, and remembers the kind of the pool's last failure.

    The pool tells its caller only that there was no connection in time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._latest: tuple[float, str] | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        for value in record.args if isinstance(record.args, tuple) else ():
            if isinstance(value, BaseException) and (failure := failure_of(value)):
                self._latest = (time.monotonic(), failure.category)
        return True

    def latest(self) -> str | None:
        """Return the category of the last failure; None when there was none in the last RECENT_SECONDS."""
        latest = self._latest
        return latest[1] if latest and time.monotonic() - latest[0] < RECENT_SECONDS else None


POOL_FAILURES = PoolFailures()


def pool_failures() -> PoolFailures:
    """Return this process's filter, for `settings.LOGGING`."""
    return POOL_FAILURES


def told_of(record: logging.LogRecord) -> str:
    """Return what is logged of another package's record: its message without the values, and where it was written.

    A message that comes without values may already contain some, so of that only the place is logged.
    """
    parts = []
    if status := getattr(record, "status_code", None):
        parts.append(f"status={status}")
    if route := _route(getattr(record, "request", None)):
        parts.append(f"route={route}")
    if record.args and isinstance(record.msg, str):
        parts.append(f"« {record.msg.partition('\n')[0]} »")
    # The pool logs a failed connection with the driver's error as a value; of that, the kind of the error is logged.
    values = record.args if isinstance(record.args, tuple) else ()
    parts += [describe_error(value) for value in values if isinstance(value, BaseException)]
    return " ".join([*parts, f"({record.module}:{record.lineno})"])


def _route(request: Any) -> str:
    """Return the pattern of a request's address, without its values; "" for an address that is not ours."""
    match = getattr(request, "resolver_match", None)
    return str(match.route or "/") if match is not None else ""


def _lines(error: BaseException) -> list[str]:
    lines, seen = [], set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        failure = failure_of(now)
        kind = f" sqlstate={failure.sqlstate or '-'} category={failure.category}" if failure else ""
        lines.append(f"{type(now).__module__}.{type(now).__qualname__}{kind}")
        frames = traceback.extract_tb(now.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        if isinstance(now, BaseExceptionGroup):
            for inner in now.exceptions:
                lines += [f"  {line}" for line in _lines(inner)]
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
        if now is not None:
            lines.append("came from")
    return lines
