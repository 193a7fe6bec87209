"""The drive of costs finds what it has to find; and some acts are measured here by statements, rows and bytes."""

import asyncio
import os
import socket
import threading
import time

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import include, path

from benchmarks.costs import __main__ as costs_main
from benchmarks.costs import drive, handshakes, inputs, situation, stored, table, yardstick
from benchmarks.costs.drive import Cost
from benchmarks.costs.inputs import SIZES, Kind, Request, run
from benchmarks.costs.noise import Noise
from benchmarks.costs.stored import Stored
from chat.models import Conversation, Message
from pnav.accounts.admin_site import bulk
from pnav.pages.models import Feedback
from tests.access import people
from tests.access.people import create_cast
from tests.factories import chat as make
from tests.support import strict_html

CALM = Noise(ms=0.3, share=0.005)  # the noise of a machine that does little else
RESTLESS = Noise(ms=1, share=0.02)  # the noise of a machine that runs other tests
ROOM = table.Budget(ms=10_000, statements=50, rows=500, kib=8 * 1024)  # `make costs` judges the time


# --- the judge --------------------------------------------------------------------------------------------------------


def three(of: str, *values: float) -> drive.Three:
    base = {"ms": 5.0, "statements": 3, "rows": 10, "answer_bytes": 1000, "status": 200}
    first, second, third = (Cost(**{**base, of: value}) for value in values)
    return first, second, third


@pytest.mark.parametrize(
    ("of", "values", "is_seen"),
    [
        ("ms", (5, 6, 8), False),  # linear growth above what the page costs anyway
        ("ms", (5, 6, 6.5), False),
        ("ms", (10, 20, 40), False),
        ("ms", (10, 22, 48), False),  # n log n
        ("ms", (10, 40, 160), True),
        ("ms", (50, 53, 65), True),  # quadratic growth that a slow page hides
        ("ms", (0.1, 0.5, 2), False),  # less than the noise allows to judge
        ("ms", (5, 5.1, 6.2), False),
        ("rows", (100, 200, 400), False),
        ("rows", (100, 400, 1600), True),
        ("statements", (10, 20, 40), False),
        ("answer_bytes", (1_000, 100_000, 1_600_000), True),
    ],
)
def test_growth_is_seen(of, values, is_seen):
    verdict = drive.judge("act", "kind", three(of, *values), table.Budget(10**9, 10**9, 10**9, 10**9), noise=CALM)
    assert bool(verdict.breaches) is is_seen, verdict.breaches


@pytest.mark.parametrize(
    ("of", "value", "told"), [("ms", 21, "21 ms"), ("statements", 41, "41 statements"), ("rows", 401, "401 rows")]
)
def test_budget_that_is_crossed_is_told(of, value, told):
    verdict = drive.judge("act", "kind", three(of, value, value, value), table.VISITOR)
    assert len(verdict.breaches) == 1 and verdict.breaches[0].startswith(told)


@pytest.mark.parametrize(("ms", "breaches"), [(29, []), (31, ["31 ms, and 30 at most"])])
def test_bound_of_processor_time_follows_the_machine(ms, breaches):
    verdict = drive.judge("act", "kind", three("ms", ms, ms, ms), table.VISITOR, noise=Noise(slowness=1.5))
    assert verdict.breaches == breaches


def test_slowness_is_told_by_work_that_is_not_ours_and_no_machine_is_too_fast():
    assert yardstick.work() == yardstick.work() > 0
    assert yardstick.slowness(2 * yardstick.REFERENCE_MS) == 2
    assert yardstick.slowness(yardstick.REFERENCE_MS / 2) == 1
    noise = Noise()
    noise.look_at_slowness()
    assert noise.slownesses == [noise.slowness] and noise.slowness >= 1


def test_noise_is_the_largest_difference_of_what_does_not_grow():
    noise = Noise()
    noise.learn(cheap=(1.0, 1.2, 1.1), dear=(20.0, 20.7, 20.1))
    assert noise.of(1) == pytest.approx(0.225) and noise.of(20) == pytest.approx(0.7)
    noise.learn(cheap=(1.0, 1.05, 1.0), dear=(20.0, 20.1, 20.0))
    assert noise.of(20) == pytest.approx(0.7), "a calm moment does not take back what was seen"


@pytest.mark.parametrize(("ms", "is_seen"), [((50, 53, 65), False), ((50, 70, 150), True)])
def test_restless_machine_needs_a_larger_square(ms, is_seen):
    verdict = drive.judge("act", "kind", three("ms", *ms), ROOM, noise=Noise(ms=1, share=0.02))
    assert bool(verdict.doubts) is is_seen


def test_doubt_that_is_not_found_again_is_none_and_what_is_counted_stays():
    budget = table.Budget(ms=60, statements=2, rows=100, kib=100)
    slow = drive.judge("act", "kind", three("ms", 50, 53, 65), budget, noise=CALM)
    assert len(slow.doubts) == 2 and len(slow.breaches) == 3
    slow.unless_found_again(drive.judge("act", "kind", three("ms", 50, 53, 65), budget, noise=CALM))
    assert len(slow.breaches) == 3, "found again"
    slow.unless_found_again(drive.judge("act", "kind", three("ms", 50, 51, 53), budget, noise=CALM))
    assert slow.breaches == ["3 statements, and 2 at most"]


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (Stored(rows=3), "3 rows added, and 2 at most"),
        (Stored(changed=4), "4 rows written anew, and 3 at most"),
        (Stored(size=4097), "5 KiB stored, and 4 at most"),
        (Stored(keys=2), "2 keys in Valkey, and 1 at most"),
        (Stored(keys=1, endless=1), "1 keys in Valkey without an end, and 0 at most"),
        (Stored(2, 3, 4096, 1), ""),
    ],
)
def test_what_is_stored_beyond_the_table_is_told(left, told):
    costs = three("ms", 5, 5, 5)
    costs[-1].stored = left
    assert "; ".join(drive.judge("act", "kind", costs, ROOM, stores=table.Stores(2, 3, 4, 1)).breaches) == told


def test_error_of_the_server_is_a_breach():
    assert drive.judge("act", "kind", three("status", 500, 500, 500), table.VISITOR).breaches == ["status 500"]


# --- what is seen -----------------------------------------------------------------------------------------------------


def quadratic(request):
    """Return each sign of the text with each other."""
    text = request.POST.get("body", "")
    return HttpResponse(str(sum(one == other for one in text for other in text)))


def linear(request):
    text = request.POST.get("body", "")
    return HttpResponse(str(sum(one == "x" for _time in range(150) for one in text)))


def everything(request):
    """Return a page that reads every message there is."""
    return HttpResponse("".join(str(seq) for seq in Message.objects.values_list("seq", flat=True)))


def one_by_one(request):
    """Read every message, and its conversation by a statement of its own."""
    messages = list(Message.objects.all())
    return HttpResponse(str([Conversation.objects.get(pk=one.conversation_id).pk for one in messages]))


def large(request):
    return HttpResponse(str(len(bytearray(9 * 1024 * 1024))))


def hoards(request):
    """Write three rows, one of them with all that was sent, and another row written anew; and a key that never ends."""
    Feedback.objects.bulk_create(Feedback(rating="yes", page="other") for _row in range(2))
    Feedback.objects.filter(pk=Feedback.objects.last().pk).update(rating="no")
    Feedback.objects.create(rating="yes", page="other", sealed_text=request.POST["body"].encode())
    cache.set("hoard", "x" * 5000, timeout=None)
    cache.set("hoard-for-a-minute", "x", timeout=60)
    return HttpResponse()


def broken(request):
    raise ValueError


urlpatterns = [
    path("quadratic/", quadratic),
    path("linear/", linear),
    path("everything/", everything),
    path("one-by-one/", one_by_one),
    path("large/", large),
    path("broken/", broken),
    path("hoards/", hoards),
    path("", include("pnav.urls")),
]
handler500 = "pnav.errors.server_error"
TEXT = Kind("latin", tuple(Request(form={"body": run("latin", size // 4)}) for size in SIZES))  # type: ignore[arg-type]
NOTHING = Kind("nothing", (Request(), Request(), Request()))


def breaches(address: str, method: str, kind: Kind, budget: table.Budget = ROOM, noise: Noise = RESTLESS) -> str:
    return "; ".join(drive.drive(address, address, method, "", kind, budget, noise=noise).breaches)


@pytest.fixture
def pages(db, settings):
    settings.ROOT_URLCONF = __name__


def test_quadratic_page_is_seen(pages):
    longer = Kind("latin", tuple(Request(form={"body": run("latin", size // 2)}) for size in SIZES))  # type: ignore[arg-type]
    assert "grows" in breaches("/quadratic/", "POST", longer)


def test_linear_page_is_not(pages):
    assert breaches("/linear/", "POST", TEXT) == ""


def test_memory_and_errors_are_seen(pages):
    assert "KiB, and 8192 at most" in breaches("/large/", "GET", NOTHING)
    assert "status 500" in breaches("/broken/", "GET", NOTHING)


def test_what_is_stored_is_counted(pages):
    Feedback.objects.create(rating="yes", page="other")
    stores = table.Stores(rows=2, changed=0, kib=4, keys=1)
    verdict = drive.drive("/hoards/", "/hoards/", "POST", "", TEXT, ROOM, stores=stores, noise=CALM)
    left = verdict.costs[-1].stored
    assert (left.rows, left.changed, left.keys, left.endless) == (3, 1, 2, 1)
    assert left.size > 5000 + 1000, "what lies in Valkey, and the text that was sent"
    assert [one.partition(",")[0] for one in verdict.breaches] == [
        "3 rows added", "1 rows written anew", f"{-(-left.size // 1024)} KiB stored", "2 keys in Valkey",
        "1 keys in Valkey without an end",
    ]  # fmt: skip
    assert Feedback.objects.count() == 1, "and undone"


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ('INSERT INTO "chat_note" (a) VALUES (%s)', {"chat_note"}),
        (b'WITH x AS (UPDATE "chat_conversation" SET a = 1 RETURNING a) INSERT INTO chat_message SELECT a FROM x',
         {"chat_conversation", "chat_message"}),
        ('DELETE FROM "django_session" WHERE a', {"django_session"}),
        ("SELECT 1", set()),
    ],
)  # fmt: skip
def test_tables_that_a_statement_writes_are_found(statement, tables):
    assert stored.tables_written(statement) == tables


@pytest.mark.parametrize(("address", "what"), [("/everything/", "rows"), ("/one-by-one/", "statements")])
def test_page_that_reads_everything_is_seen(pages, address, what):
    conversation = make.assigned()
    make.thread(conversation, ["Bonjour"] * 60)
    assert f"{what}, and" in breaches(address, "GET", NOTHING, table.Budget(10_000, 40, 40, 8 * 1024))


def test_rows_of_a_pipeline_are_counted(db):
    make.waiting()
    with drive.counted() as counter:
        connection.ensure_connection()
        with connection.connection.pipeline():
            cursor = psycopg.Cursor(connection.connection)
            cursor.execute("SELECT * FROM chat_conversation")
            assert len(cursor.fetchall()) == 1
    assert (counter.statements, counter.rows) == (1, 1)


# --- handshakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_handshakes_double_and_fit_in_a_head(is_elsewhere):
    names = []
    for kind in handshakes.kinds(is_elsewhere=is_elsewhere):
        names.append(kind.name)
        sizes = [
            len(head.query) + len(head.more_path)
            + sum(len(name) + len(value) for name, value in handshakes.headers_of(head, "k", "h"))
            for head in kind.heads
        ]  # fmt: skip
        sent = [size + len(head.after) for size, head in zip(sizes, kind.heads, strict=True)]
        assert kind.name == "nothing" or sent[0] < sent[1] < sent[2], kind.name
        assert sizes[2] < 16 * 1024 - 300, kind.name
        assert all(len(head.headers) <= 450 for head in kind.heads)
    assert len(names) == len(set(names)) > 20
    for shape in ("cookies", "query", "subprotocols", "extensions", "headers", "origin", "host"):
        assert any(shape in name for name in names), shape


def test_every_socket_is_driven(cast):
    assert list(handshakes.people(cast)) == list(table.SOCKETS)
    assert handshakes.people(cast)["ws/console/"] == cast.keys[people.ASSIGNED]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_chat_threads")
def test_handshake_is_counted():
    """Who is let in is told where it stands; a stranger is refused, and leaves nothing."""
    with transaction.atomic():
        cast = create_cast()
    nothing = next(handshakes.kinds(is_elsewhere=False))
    for name, key, is_let_in in (
        ("ws/console/", cast.keys[people.ASSIGNED], True), ("ws/conversation/", cast.keys[people.REPORTER], True),
        ("ws/conversation/", "x" * 32, False), ("", "", False),
    ):  # fmt: skip
        first, second, third = (Cost(1, 0, 0, 0, 101) for _size in range(3))
        asyncio.run(handshakes.count_all(nothing, (first, second, third), handshakes.path_of(name), key))
        assert (third.statements > 0) is (name != ""), name
        assert (third.answer_bytes > 0) is is_let_in, name
        assert third.kib > 0 and (is_let_in or third.stored == Stored()), name


def test_real_handshake_is_refused_or_let_in_and_its_processor_is_read():
    """One process answers every request « 400 » at once, and one answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer():
            line, _address = server.accept()
            with line:
                line.recv(65_536)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert handshakes.shake(port, "/ws/console/", "", handshakes.Head()) == 400
        thread.join()
    before = handshakes.processor_ms(os.getpid())
    began = time.thread_time()
    while time.thread_time() - began < 0.05:
        pass
    assert 45 < handshakes.processor_ms(os.getpid()) - before < 5_000


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_names_of_fields_are_found_in_the_code():
    names = inputs.names_read()
    assert {"q", "avant", "apres", "partie", "body", "client_id", "code", "rating", "summary", "motive"} <= set(names)
    assert len(names) > 100


def test_parts_of_pages_are_found_in_the_code_and_asked_for_with_all_that_adds_to_them():
    queries = inputs.parts_read()
    assert {"offres", "liste", "echange", "apartes", "chiffres"} <= {query["partie"] for query in queries}
    assert all("destinataires" in query for query in queries)
    asked = [kind.requests[0].query for kind in inputs.shaped("GET", "an exchange")]
    assert all({**query, inputs.NAMES_AN_EXCHANGE: "an exchange"} in asked for query in queries)
    assert inputs.NAMES_AN_EXCHANGE in inputs.names_read()
    assert all("partie" not in kind.requests[0].query for kind in inputs.shaped("POST"))


@pytest.mark.parametrize("sign", inputs.SIGNS)
def test_run_has_its_length(sign):
    assert [len(run(sign, size)) for size in SIZES] == list(SIZES)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_inputs_double_and_fit_in_a_request(method):
    from pnav.server.body_limits import BODY_MAX_BYTES

    tried = 0
    for kind in [*inputs.typed(method, {"body": "x"}), *inputs.shaped(method)]:
        sizes = []
        for request in kind.requests:
            form = sum(len(drive.urlencode({key: value})) for key, value in (request.form or {}).items())
            query = sum(len(drive.urlencode({key: value})) for key, value in request.query.items())
            assert query < 16 * 1024, kind.name
            assert max(form, len(request.body)) <= BODY_MAX_BYTES * 1.5, kind.name
            sizes.append(form + query + len(request.body) + len(request.cookies) * 5)
        is_one_size = kind.name == "a right form" or kind.name.startswith("the part ")
        assert sizes[0] < sizes[1] < sizes[2] or is_one_size, kind.name
        tried += 1
    assert tried > 10


def test_other_right_forms_are_sent_as_they_are_and_with_a_few_signs():
    names = [kind.name for kind in inputs.typed("POST", {"body": "x", "act": "ask"}, is_first=False)]
    assert names == ["a right form", *(f"{sign} in a right form" for sign in inputs.FEW_SIGNS)]
    assert [kind.name for kind in inputs.typed("POST", {"minutes": "5"}, is_first=False)] == ["a right form"]


def test_files_double_and_are_as_long_as_may_be():
    kinds = list(inputs.sheets("Brigade"))
    for kind in kinds:
        sizes = [len(request.body) for request in kind.requests]
        assert sizes[0] < sizes[1] < sizes[2], kind.name
        assert bulk.MOST_BYTES * 0.9 < sizes[2] < bulk.MOST_BYTES or "lines" in kind.name
    assert kinds[0].requests[2].body.count(b";Brigade;") == bulk.MOST_LINES


def test_breaches_of_an_act_are_told_once_with_the_kinds_that_show_them():
    crossed = [drive.judge("POST a", kind, three("statements", 9, 9, 9), table.Budget(9, 5, 99, 9)) for kind in "xyz"]
    other = drive.judge("GET b", "x", three("status", 500, 500, 500), ROOM)
    assert costs_main._breaches([*crossed, other]) == (
        "BREACH POST a [x and 2 others]: 9 statements, and 5 at most\nBREACH GET b [x]: status 500\n"
    )


def test_act_whose_rows_nothing_made_is_told():
    run = costs_main.Run("", is_quick=True)
    run._lines = {"POST a": table.ROUTES["chat:message"], "POST b": table.ROUTES["chat:message"]}
    run.verdicts = [drive.judge(act, "x", three("ms", 1, 1, 1), ROOM) for act in ("POST a", "POST b")]
    run.verdicts[0].costs[-1].stored = Stored(rows=1)
    assert run.not_reached() == ["POST b"]


# --- acts of ours -----------------------------------------------------------------------------------------------------

FEW = {
    "/tchat/": people.REPORTER, "/tchat/suite/": people.REPORTER, "/tchat/messages/": people.REPORTER,
    "/console/": people.ASSIGNED, "/console/echange/{}/": people.ASSIGNED, "/console/tableau/": people.SUPERVISOR,
    "/console/conservation/": people.SUPERVISOR, "/levees/registre/": people.CUSTODIAN,
    "/admin/pages/feedback/": people.ADMINISTRATOR, "/": people.VISITOR,
}  # fmt: skip


def test_pages_cost_what_they_may_in_a_growing_world(cast, tried, monkeypatch):
    """Statements, rows and bytes are counted with 25, 50 and 100 of everything, each page by its own budget."""
    monkeypatch.setattr(strict_html, "check", lambda *_page: None)  # it takes more memory than the page itself
    measured: dict[str, list[Cost]] = {address: [] for address in FEW}
    for more in (25, 25, 50):
        situation.grow(cast, more)
        for address, person in FEW.items():
            place = address.format(cast.conversation.public_id)
            drive.send(place, "GET", cast.keys[person], Request())
            is_last = more == 50
            cost, _tables = drive.once(place, "GET", cast.keys[person], Request())
            if is_last:
                cost.kib = drive.peak_kib(place, "GET", cast.keys[person], Request())
            measured[address].append(cost)
    for address, (first, second, third) in measured.items():
        assert third.status == 200, address
        for one in (first, second, third):
            one.ms = 0.0
        budget = table.SCREEN if "echange" in address else table.STAFF
        verdict = drive.judge(address, "a growing world", (first, second, third), budget)
        assert verdict.breaches == []
    tried("costs: page, size of the world", 3 * len(FEW))


@pytest.mark.parametrize("frame", table.FRAMES)
def test_frame_that_is_deep_or_wide_costs_one_refusal(cast, frame):
    before = Message.objects.count()
    for kind in inputs.frames(frame, {}):
        verdict = drive.drive(
            frame, "/tchat/trames/", "POST", cast.keys[people.REPORTER], kind, ROOM, noise=Noise(ms=10_000)
        )  # these are counted; `make costs` judges the time
        assert verdict.breaches == []
    assert Message.objects.count() == before


def test_nothing_stays_of_what_was_driven(cast):
    before = Message.objects.count()
    request = Request(form={"client_id": "00000000-0000-0000-0000-00000000000b", "body": "x"})
    cost, tables = drive.once("/tchat/message/", "POST", cast.keys[people.REPORTER], request)
    assert cost.status == 302 and cost.rows and Message.objects.count() == before
    left = drive.left_by("/tchat/message/", "POST", cast.keys[people.REPORTER], request, tables)
    assert (left.rows, left.changed, left.endless) == (1, 1, 0) and Message.objects.count() == before
    assert connection.in_atomic_block


def test_writing_a_form_down_is_no_cost_of_the_act():
    """Twenty thousand emoji take a millisecond to be written as a browser sends them."""
    assert drive._in_bytes(Request(form={"body": "é 🙂"})) == Request(body=b"body=%C3%A9+%F0%9F%99%82")
    parts = Request(body=b"--b--", content_type="multipart/form-data; boundary=b")
    assert drive._in_bytes(parts) is parts
