"""Spans for an operator's own collector of traces: off unless `TRACES_TO` is set, and behind an allow-list (ADR 0097).

    with tracing.begin_span(tracing.PAGE) as span:
        …
        span.set(tracing.VIEW, "chat:conversation")

What may be told of a span is listed here, each with a check of its values, and nothing else leaves: no address, no
header, no statement, no text of an exception. While nothing is configured `begin_span` costs one comparison, and
nothing of OpenTelemetry is imported.
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
SOCKET, FRAME = "socket", "frame"  # a socket's way in, until it is admitted or refused; one frame that came, handled
STEP = "step"  # of the dispatcher: a part of the page, the batch or the duty that called it
NAMES = frozenset({PAGE, WAIT, STATEMENT, BATCH, DUTY, SOCKET, FRAME, STEP})

# Names of attributes: OpenTelemetry's where it has one of this meaning.
METHOD, STATUS, VIEW = "http.request.method", "http.response.status_code", "pnav.view"
OPERATION = "db.operation.name"
KIND, ITEMS = "pnav.kind", "pnav.items"

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SAVEPOINT", "RELEASE"})
OTHER = "other"
# Kinds (of batches, duties, steps, sockets, frames) are named in the code, in lower case: nobody else names one.
_OWN_WORD = re.compile(r"[a-z][a-z_]{1,30}")
MOST = 100_000  # items of a batch: above any bound that the code has

type Value = str | int


@cache
def view_names() -> frozenset[str]:
    """The name of every view that has an address: « chat:conversation »."""

    def walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, f"{before}{entry.namespace}:" if entry.namespace else before)
            elif entry.name:
                yield f"{before}{entry.name}"

    return frozenset(walk(get_resolver().url_patterns, ""))


def _is_count(value: Value) -> bool:
    return type(value) is int and 0 <= value <= MOST


# Every attribute that may leave, and which of its values.
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
    """A kind of batch, duty, step, socket or frame, made known. What is no word of the code is « other »."""
    known = name if _OWN_WORD.fullmatch(name) and (name in _KINDS or len(_KINDS) < 200) else OTHER
    _KINDS.add(known)
    return known


def allowed_attributes(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """What of these may leave; « other » in place of a word that is not known, nothing for an unknown attribute."""
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
    """What is told of something while it goes on. Any thread may have one of its own."""

    def set(self, name: str, value: Value) -> None:
        """Tell an attribute of `ALLOWED`; of any other nothing leaves."""

    def failed(self) -> None:
        """It did not succeed. Why is in the log, by its class."""


class _Nothing(AbstractContextManager["_Nothing"]):
    """The span of a process that traces nothing, or of something that was not drawn."""

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
    """A span of this name, part of the one that this thread is in. began_at: by `time.perf_counter`; None: now."""
    return NOTHING if _begin is None else _begin(name, began_at)


def trace_statements(connection: BaseDatabaseWrapper) -> AbstractContextManager[object]:
    """Inside, each statement of Django on this connection is a span of its own: its first word, and its time."""
    return NOTHING if _statement is None else connection.execute_wrapper(_statement)


def use_spans(
    begin_one: Callable[[str, float | None], AbstractContextManager[Span]] | None,
    wrap_statement: Callable[..., object] | None = None,
) -> None:
    """Have spans made by these, or none any more: `common.tracing.export` and tests."""
    global _begin, _statement
    _begin, _statement = begin_one, wrap_statement


def start_tracing(role: str) -> None:
    """Begin to send this process's spans to `settings.TRACES_TO`, if that is set. role: what it serves."""
    if settings.TRACES_TO:
        from common.tracing import export  # nothing of OpenTelemetry is imported otherwise

        export.start(role, settings.RELEASE)
