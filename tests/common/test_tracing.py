"""Traces contain what their allow-list names, whatever else is given to them, and cost nothing until somebody asks for
them.
"""

import asyncio
from collections.abc import Iterator

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import include, path
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from chat.conversations import dispatcher
from chat.management.commands import run_worker
from chat.realtime.batch import Batch
from common import tracing
from common.tracing.export import AllowListed, Tracing
from pnav.server.page_handler import Pages
from tests.chat.sockets import Line, in_db, visit
from tests.factories import chat as make
from tests.test_http import get
from tests.test_settings import start

MARK = "zqmark"
SECRET = f"{MARK}-personne-2026"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Exported(InMemorySpanExporter):
    """What was sent, in words."""

    traces: Tracing

    def spans(self) -> list[ReadableSpan]:
        self.traces.flush()
        return list(self.get_finished_spans())

    def text(self) -> str:
        """Return all that a collector could show of them."""
        return "\n".join(span.to_json() + repr(vars(span)) for span in self.spans())

    def attributes(self, name: str) -> list[dict[str, object]]:
        return [dict(span.attributes or {}) for span in self.spans() if span.name == name]


@pytest.fixture
def exported() -> Iterator[Exported]:
    exporter = Exported()
    exporter.traces = Tracing(exporter, "pages", "1.2.3", 1.0)
    tracing.use_spans(exporter.traces.begin, exporter.traces.statement)
    yield exporter
    tracing.use_spans(None)
    exporter.traces.stop()


def breaks(request):
    with connection.cursor() as cursor:
        cursor.execute('SELECT %s::text AS "zqmark-colonne"', [SECRET])
    raise RuntimeError(SECRET)


def fails_in_the_database(request, word):
    with connection.cursor() as cursor:
        cursor.execute(f"zqmark {SECRET}")
    return HttpResponse(word)


urlpatterns = [
    path("breaks", breaks, name="home"),
    path("fails/<str:word>/", fails_in_the_database, name="fails"),
    path("", include("pnav.urls")),
]
handler404, handler500 = "pnav.errors.page_not_found", "pnav.errors.server_error"


@pytest.mark.django_db(transaction=True)
async def test_marked_words_that_are_planted_everywhere_are_in_no_span(exported, settings):
    settings.ROOT_URLCONF = __name__
    tracing.view_names.cache_clear()
    names = (b"user-agent", b"referer", b"cookie", b"x-forwarded-for", b"baggage", b"tracestate", b"x-request-id")
    headers = [*((name, SECRET.encode()) for name in names), (b"traceparent", TRACEPARENT.encode())]
    statuses = []
    for address in ("/breaks", f"/fails/{SECRET}/", f"/{SECRET}"):
        status, _headers, _body = await get(Pages(), address, headers=headers, body=f"text={SECRET}".encode())
        statuses.append(status)
    tracing.view_names.cache_clear()
    pages = exported.attributes(tracing.PAGE)
    assert [page[tracing.STATUS] for page in pages] == statuses == [500, 500, 404]
    assert [page[tracing.VIEW] for page in pages] == ["home", "fails", tracing.OTHER]
    assert {page[tracing.METHOD] for page in pages} == {"GET"}
    operations = [statement[tracing.OPERATION] for statement in exported.attributes(tracing.STATEMENT)]
    assert "SELECT" in operations and tracing.OTHER in operations
    said = exported.text()
    assert MARK not in said and TRACEPARENT.split("-")[1] not in said


async def test_batch_of_marked_words_tells_how_many_and_of_which_kind(exported):
    heard: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def load(words):
        raise ValueError(words)

    batch = Batch(load, lambda _questions, answers: heard.set_result(answers), name="writer")
    batch.add(SECRET)
    await asyncio.wait_for(heard, 20)
    assert exported.attributes(tracing.BATCH) == [{tracing.KIND: "writer", tracing.ITEMS: 1}]
    assert [span.status.status_code for span in exported.spans()] == [StatusCode.ERROR]
    assert MARK not in exported.text()


@pytest.mark.django_db
def test_duty_that_fails_with_marked_words_is_told_by_its_name(exported):
    def work():
        raise RuntimeError(SECRET)

    worker = run_worker.Command()
    assert worker._do("dispatch", work)
    worker._do("clock", lambda: None)
    duties = exported.attributes(tracing.DUTY)
    assert duties == [{tracing.KIND: "dispatch"}, {tracing.KIND: "clock"}]
    assert [span.status.status_code for span in exported.spans()] == [StatusCode.ERROR, StatusCode.UNSET]
    assert MARK not in exported.text()


@pytest.mark.django_db
def test_steps_of_the_dispatcher_are_part_of_what_called_it(exported):
    make.agent()
    make.waiting()
    with tracing.begin_span(tracing.DUTY):
        assert dispatcher.dispatch() == 1
    steps = exported.attributes(tracing.STEP)
    assert [step[tracing.KIND] for step in steps] == ["turn", "room", "share", "hand_over", "room"]
    assert [step[tracing.ITEMS] for step in steps if tracing.ITEMS in step] == [1]
    (duty,) = (span for span in exported.spans() if span.name == tracing.DUTY)
    assert {span.parent.span_id for span in exported.spans() if span.name == tracing.STEP} == {duty.context.span_id}


@pytest.mark.django_db(transaction=True)
async def test_socket_tells_its_way_in_and_each_frame_by_its_kind(exported):
    conversation = await in_db(make.assigned, await in_db(make.agent))
    async with Line("/ws/conversation/", await in_db(visit, conversation)) as line:
        await line.send(type="sync", conversation=str(conversation.public_id), after=0)
        await line.until("state")
        await line.post(SECRET)
    assert exported.attributes(tracing.SOCKET) == [{tracing.KIND: "conversation"}]
    assert [frame[tracing.KIND] for frame in exported.attributes(tracing.FRAME)] == ["sync", "post"]
    assert MARK not in exported.text() and str(conversation.public_id) not in exported.text()


def test_whatever_a_library_adds_to_a_span_does_not_leave():
    """Attributes, events, links, a description, a resource and another name are added as an instrumentation would write
    them.
    """
    exporter = Exported()
    provider = TracerProvider(resource=Resource({"host.name": SECRET, "process.command_line": SECRET}))
    provider.add_span_processor(SimpleSpanProcessor(AllowListed(exporter, Resource({"service.name": "pnav"}))))
    tracer = provider.get_tracer(SECRET, attributes={MARK: SECRET})
    with tracer.start_as_current_span(tracing.PAGE, attributes={"http.url": SECRET, SECRET: SECRET}) as span:
        for name in tracing.ALLOWED:
            span.set_attribute(name, SECRET)
        span.add_event(SECRET, {SECRET: SECRET})
        span.record_exception(RuntimeError(SECRET))
        span.set_status(Status(StatusCode.ERROR, SECRET))
        with tracer.start_as_current_span(SECRET):
            pass
    (left,) = exporter.get_finished_spans()
    assert left.name == tracing.PAGE and not left.events and not left.links
    assert left.status.status_code is StatusCode.ERROR and left.status.description is None
    assert set((left.attributes or {}).values()) == {tracing.OTHER}
    assert MARK not in left.to_json() + repr(vars(left))


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        (tracing.STATUS, 200, {tracing.STATUS: 200}),
        (tracing.STATUS, 20_261_128, {}),
        (tracing.STATUS, True, {}),
        (tracing.ITEMS, -1, {}),
        (tracing.VIEW, "pages:home", {tracing.VIEW: "pages:home"}),
        (tracing.VIEW, "zqmark", {tracing.VIEW: tracing.OTHER}),
        (tracing.OPERATION, "MARTIN", {tracing.OPERATION: tracing.OTHER}),
        (tracing.KIND, "martin", {tracing.KIND: tracing.OTHER}),
        ("client.address", "127.0.0.1", {}),
    ],
)
def test_value_that_is_not_allowed_does_not_leave(name, value, kept):
    assert tracing.allowed_attributes({name: value}) == kept


def test_word_of_a_person_becomes_no_kind():
    assert tracing.known_kind("writer") == "writer"
    for word in ("Martin", "06 12", "é", "a" * 60, ""):
        assert tracing.known_kind(word) == tracing.OTHER


def test_nothing_is_imported_and_nothing_made_unless_somebody_asks():
    said = (
        "import pnav.asgi, sys; from common import tracing; print(tracing.begin_span(tracing.PAGE) is tracing.NOTHING,"
        " any(name.startswith(('opentelemetry.sdk.trace', 'opentelemetry.exporter')) for name in sys.modules))"
    )
    done = start(said)
    assert done.stdout.split()[-2:] == ["True", "False"], done.stderr
    done = start(said, TRACES_TO="https://collector.example/v1/traces")
    assert done.stdout.split()[-2:] == ["False", "True"], done.stderr


@pytest.mark.parametrize("address", ["collector:4318", "http://collector.example/v1/traces", "ftp://localhost/"])
def test_collector_in_clear_is_refused(address):
    done = start(TRACES_TO=address)
    assert done.returncode != 0 and "TRACES_TO" in done.stderr.strip().splitlines()[-1]
