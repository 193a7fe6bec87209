"""This module sends spans with OpenTelemetry, through the allow-list of `common.tracing`. Only imported if `TRACES_TO`
is set."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context

from common import tracing

# How many spans may wait for the collector; further ones are dropped. A span takes some 500 bytes.
WAITING_AT_MOST = 2_048
SEND_SECONDS = 5
STATEMENTS_AT_MOST = 100  # the most statements of one page that become spans; further ones do not


class AllowListed(SpanExporter):
    """It sends copies of spans with only what `tracing.allowed_attributes` returns.

    A span with an unknown name is not sent. A copy has the span's times, its random ids, its name, its allowed
    attributes, and whether it failed. It has no events, links or descriptions, nor a resource that a library or the
    environment may have added.
    """

    def __init__(self, exporter: SpanExporter, resource: Resource) -> None:
        self._exporter, self._resource = exporter, resource

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans with known names, without anything that is not allowed."""
        clean = [self._clean(span) for span in spans if span.name in tracing.NAMES]
        return self._exporter.export(clean) if clean else SpanExportResult.SUCCESS

    def _clean(self, span: ReadableSpan) -> ReadableSpan:
        has_failed = span.status.status_code is StatusCode.ERROR
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=self._resource,
            attributes=tracing.allowed_attributes(dict(span.attributes or {})),  # type: ignore[arg-type]
            kind=span.kind,
            status=Status(StatusCode.ERROR) if has_failed else Status(StatusCode.UNSET),
            start_time=span.start_time,
            end_time=span.end_time,
        )

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Stack(threading.local):
    """These are the current spans of this thread, and how many statements of the outermost one have become spans."""

    def __init__(self) -> None:
        self.within: list[Context] = []
        self.statements = 0


class _Traced(AbstractContextManager["_Traced"]):
    """It is one span. It is never part of a trace that a client began, because the client's trace headers are not
    read."""

    def __init__(self, tracer: Tracer, stack: _Stack, name: str, began_at: float | None) -> None:
        self._stack = stack
        parent = stack.within[-1] if stack.within else Context()
        start = None if began_at is None else time.time_ns() - int((time.perf_counter() - began_at) * 1e9)
        self._span = tracer.start_span(
            name, context=parent, start_time=start, record_exception=False, set_status_on_exception=False
        )
        self._context = set_span_in_context(self._span, parent)

    def __enter__(self) -> Self:
        if not self._stack.within:
            self._stack.statements = 0
        self._stack.within.append(self._context)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._stack.within.pop()
        if kind is not None:
            self.failed()
        self._span.end()

    def set(self, name: str, value: tracing.Value) -> None:
        """Set an attribute of the span; which are sent is decided by the allow-list (ADR 0097)."""
        self._span.set_attribute(name, value)

    def failed(self) -> None:
        """Mark the span as failed, without a text."""
        self._span.set_status(StatusCode.ERROR)


class Tracing:
    """It makes the spans of this process. share: which share of pages, batches and duties is traced, from 0 to 1."""

    def __init__(self, exporter: SpanExporter, role: str, version: str, share: float) -> None:
        # `Resource.create` would add what it finds out about the machine and the environment.
        resource = Resource({"service.name": "pnav", "service.version": version, "pnav.role": role})
        limits = SpanLimits(max_span_attributes=len(tracing.ALLOWED), max_events=0, max_links=0)
        self._stack = _Stack()
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)), resource=resource, span_limits=limits, shutdown_on_exit=True
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                AllowListed(exporter, resource),
                max_queue_size=WAITING_AT_MOST,
                schedule_delay_millis=SEND_SECONDS * 1000,
                export_timeout_millis=SEND_SECONDS * 1000,
            )
        )
        # This is not the global provider, so that spans of libraries' own instrumentation do not come here.
        self._tracer = self._provider.get_tracer("pnav")

    def begin(self, name: str, began_at: float | None) -> AbstractContextManager[tracing.Span]:
        """Begin a span. began_at: seconds since 1970, for one that began before; None for now."""
        return _Traced(self._tracer, self._stack, name, began_at)

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Wrap a statement of Django, and make a span with its first word and its duration, never its text."""
        if not self._stack.within or self._stack.statements >= STATEMENTS_AT_MOST:
            return execute(sql, params, many, context)
        self._stack.statements += 1
        with self.begin(tracing.STATEMENT, None) as span:
            span.set(tracing.OPERATION, sql.lstrip()[:9].partition(" ")[0].upper())
            return execute(sql, params, many, context)

    def flush(self) -> None:
        """Send the waiting spans, at the end of a test."""
        self._provider.force_flush()

    def stop(self) -> None:
        """Send the waiting spans, and make no more."""
        self._provider.shutdown()


def start(role: str, version: str) -> Tracing:
    """Send the spans of this process to `settings.TRACES_TO`. Raises ImproperlyConfigured without the libraries."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ImproperlyConfigured("TRACES_TO is given without the libraries of the group « traces ».") from None
    exporter = OTLPSpanExporter(endpoint=settings.TRACES_TO, timeout=SEND_SECONDS)
    made = Tracing(exporter, role, version, settings.TRACES_SHARE)
    tracing.use_spans(made.begin, made.statement)
    return made
