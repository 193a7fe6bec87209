"""Format log lines so that they hold our own words and the place of an error, never what somebody sent.

Other packages put into their messages what they were given: Django the host and the path of a request, a driver the row
that it could not write, asyncio the exception of a task. So of their records only what cannot hold any of it is kept.
"""

import json
import logging
import secrets
import time
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from common.database_errors import describe_error, failure_of

# So long after its last try the pool has either found a connection or tried again.
RECENT_SECONDS = 60.0

# Whose messages hold events and public ids, by rule (docs/done.md). Everybody else's words are left out.
OURS = {"pnav", "chat", "reports", "triage", "locations", "common"}

type ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


# Of the request whose thread writes a line: drawn anew for each, so that the lines of one are found together. What a
# client or a proxy sends under such a name is not believed: it would carry their words, or one person's visits, along.
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def begin_request() -> str:
    """Draw the id of the request that begins in this context, and return it: 16 hexadecimal digits."""
    drawn = secrets.token_hex(8)
    _request_id.set(drawn)
    return drawn


class Discreet(logging.Formatter):
    """Format an exception as its class, those that it came from, and the lines of code that it passed; not its message.

    Times are in UTC, and say so.
    """

    converter = time.gmtime  # type: ignore[assignment]
    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Write the message without values that people may have typed, with the id of its request."""
        record.message = _told(record)
        if drawn := _request_id.get():
            record.message = f"{record.message} request={drawn}"
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802  logging's name
        """Write an exception as classes and places in the code; never its text."""
        return "\n".join(_lines(ei[1])) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        # A handler before this one may have written the exception down already, in the usual way.
        record.exc_text = None
        return super().format(record)


class DiscreetJson(Discreet):
    """The same as one JSON object a line, for collectors that read fields: time, level, logger, message, and where
    there are any request and error (the lines that `Discreet` prints of an exception).
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
    """Our own words; of another package what cannot hold any of its values."""
    return record.getMessage() if record.name.partition(".")[0] in OURS else told_of(record)


class PoolFailures(logging.Filter):
    """Lets every record of `psycopg.pool` through, and keeps of which kind the pool's last failure was.

    Whoever asks the pool for a connection is only told that there was none in time.
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
        """The category of the last failure; None when there was none in the last RECENT_SECONDS."""
        latest = self._latest
        return latest[1] if latest and time.monotonic() - latest[0] < RECENT_SECONDS else None


POOL_FAILURES = PoolFailures()


def pool_failures() -> PoolFailures:
    """The one of this process, for `settings.LOGGING`."""
    return POOL_FAILURES


def told_of(record: logging.LogRecord) -> str:
    """A record of another package: the message before its values were put in, and where in its code it was written.

    A message without values may have been put together by hand: of that, only the place is told.
    """
    parts = []
    if status := getattr(record, "status_code", None):
        parts.append(f"status={status}")
    if route := _route(getattr(record, "request", None)):
        parts.append(f"route={route}")
    if record.args and isinstance(record.msg, str):
        parts.append(f"« {record.msg.partition('\n')[0]} »")
    # The pool tells of a connection that it could not make with the driver's error as a value: of that, its kind.
    values = record.args if isinstance(record.args, tuple) else ()
    parts += [describe_error(value) for value in values if isinstance(value, BaseException)]
    return " ".join([*parts, f"({record.module}:{record.lineno})"])


def _route(request: Any) -> str:
    """The pattern of the address, without its values; "" for an address that is none of ours."""
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
