"""This module sends trace spans to a collector of the operator's, if `TRACES_TO` is set, through an allow-list (ADR
0097).

    with tracing.begin_span(tracing.PAGE) as span:
        …
        span.set(tracing.VIEW, "chat:conversation")

This module lists the attributes that a span may have, each with a check of its values. Nothing else is sent: no
address, header, statement or message of an exception. Without TRACES_TO `begin_span` costs one comparison, and nothing
of OpenTelemetry is imported.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Protocol, Self

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.urls import URLPattern, URLResolver, get_resolver

# Names of spans.
PAGE, WAIT, STATEMENT, BATCH, DUTY = "page", "wait", "statement", "batch", "duty"
SOCKET, FRAME = "socket", "frame"  # a socket until it is accepted or refused; the handling of one received frame
STEP = "step"  # a step of the dispatcher, within the page, the batch or the duty that called it
NAMES = frozenset({PAGE, WAIT, STATEMENT, BATCH, DUTY, SOCKET, FRAME, STEP})

# Names of attributes; OpenTelemetry's own where it has one with this meaning.
METHOD, STATUS, VIEW = "http.request.method", "http.response.status_code", "pnav.view"
OPERATION = "db.operation.name"
KIND, ITEMS = "pnav.kind", "pnav.items"

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SAVEPOINT", "RELEASE"})
OTHER = "other"
# The kinds of batches, duties, steps, sockets and frames are words of the code, in lower case.
_OWN_WORD = re.compile(r"[a-z][a-z_]{1,30}")
MOST = 100_000  # the greatest count of items in a batch that is sent, above any bound in the code

type Value = str | int


@cache
def view_names() -> frozenset[str]:
    """Return the name of every view that has a URL, as in « chat:conversation »."""

    def walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, f"{before}{entry.namespace}:" if entry.namespace else before)
            elif entry.name:
                yield f"{before}{entry.name}"

    return frozenset(walk(get_resolver().url_patterns, ""))


def _is_count(value: Value) -> bool:
    return type(value) is int and 0 <= value <= MOST


# Every attribute that may be sent, with a check of its values.
ALLOWED: Mapping[str, Callable[[Value], bool]] = {
    METHOD: METHODS.__contains__,
    STATUS: lambda value: type(value) is int and 100 <= value < 600,
    VIEW: lambda value: value in view_names(),
    OPERATION: OPERATIONS.__contains__,
    KIND: lambda value: isinstance(value, str) and value in _KINDS,
    ITEMS: _is_count,
}
_KINDS: set[str] = set()


def known_kind(name: str) -> str:
    """Allow a kind of batch, duty, step, socket or frame, and return it; « other » for what is no word of the code."""
    known = name if _OWN_WORD.fullmatch(name) and (name in _KINDS or len(_KINDS) < 200) else OTHER
    _KINDS.add(known)
    return known


def allowed_attributes(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Return the attributes that may be sent. An unknown word becomes « other »; unknown attributes are left out."""
    kept: dict[str, Value] = {}
    for name, value in attributes.items():
        check = ALLOWED.get(name)
        if check is None:
            continue
        if check(value):
            kept[name] = value
        elif isinstance(value, str):
            kept[name] = OTHER
    return kept


class Span(Protocol):
    """It is a span of a trace: something with a duration and attributes. Each thread has its own."""

    def set(self, name: str, value: Value) -> None:
        """Set an attribute of `ALLOWED`; any other one is not sent."""

    def failed(self) -> None:
        """Mark the span as failed. The log has the class of the error."""


class _Nothing(AbstractContextManager["_Nothing"]):
    """It is the span when nothing is traced, or when this trace was not sampled."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return

    def set(self, name: str, value: Value) -> None:
        """Keep nothing: no span is made."""
        return

    def failed(self) -> None:
        """Keep nothing: no span is made."""
        return


NOTHING = _Nothing()
_begin: Callable[[str, float | None], AbstractContextManager[Span]] | None = None
_statement: Callable[..., object] | None = None


def begin_span(name: str, *, began_at: float | None = None) -> AbstractContextManager[Span]:
    """Begin a span within the current one of this thread. began_at: by `time.perf_counter`; None means now."""
    return NOTHING if _begin is None else _begin(name, began_at)


def trace_statements(connection: BaseDatabaseWrapper) -> AbstractContextManager[object]:
    """Make a span of each of Django's statements on this connection in the block, with its first word and duration."""
    return NOTHING if _statement is None else connection.execute_wrapper(_statement)


def use_spans(
    begin_one: Callable[[str, float | None], AbstractContextManager[Span]] | None,
    wrap_statement: Callable[..., object] | None = None,
) -> None:
    """Set the functions that make spans, or None to make no more. Called by `common.tracing.export` and tests."""
    global _begin, _statement
    _begin, _statement = begin_one, wrap_statement


def start_tracing(role: str) -> None:
    """Begin to send this process's spans to `settings.TRACES_TO`, if that is set. role: that of the process."""
    if settings.TRACES_TO:
        from common.tracing import export  # nothing of OpenTelemetry is imported otherwise

        export.start(role, settings.RELEASE)
