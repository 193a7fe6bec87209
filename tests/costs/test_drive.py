"""The drive of costs sees what it is there to see; and a few acts, by statements, rows and bytes, in the suite."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import include, path

from benchmarks.costs import drive, inputs, situation, table
from benchmarks.costs.drive import Cost
from benchmarks.costs.inputs import SIZES, Kind, Request, run
from chat.models import Conversation, Message
from tests.access import people
from tests.factories import chat as make

ROOM = table.Budget(ms=10_000, statements=50, rows=500, kib=8 * 1024)  # time is judged by `make costs`


# --- the judge --------------------------------------------------------------------------------------------------------


def three(of: str, *values: float) -> drive.Three:
    base = {"ms": 5.0, "statements": 3, "rows": 10, "answer_bytes": 1000, "status": 200}
    first, second, third = (Cost(**{**base, of: value}) for value in values)
    return first, second, third


@pytest.mark.parametrize(
    ("of", "values", "is_seen"),
    [
        ("ms", (5, 6, 8), False),  # a line above what the page costs anyway
        ("ms", (5, 6, 6.5), False),
        ("ms", (10, 20, 40), False),
        ("ms", (10, 22, 48), False),  # n log n
        ("ms", (10, 40, 160), True),
        ("ms", (50, 53, 65), True),  # a square that a slow page hides
        ("ms", (0.1, 0.5, 2), False),  # too little to say anything
        ("rows", (100, 200, 400), False),
        ("rows", (100, 400, 1600), True),
        ("statements", (10, 20, 40), False),
        ("answer_bytes", (1_000, 100_000, 1_600_000), True),
    ],
)
def test_growth_is_seen(of, values, is_seen):
    verdict = drive.judge("act", "kind", three(of, *values), table.Budget(10**9, 10**9, 10**9, 10**9))
    assert bool(verdict.breaches) is is_seen, verdict.breaches


@pytest.mark.parametrize(
    ("of", "value", "told"), [("ms", 21, "21 ms"), ("statements", 41, "41 statements"), ("rows", 401, "401 rows")]
)
def test_budget_that_is_crossed_is_told(of, value, told):
    verdict = drive.judge("act", "kind", three(of, value, value, value), table.VISITOR)
    assert len(verdict.breaches) == 1 and verdict.breaches[0].startswith(told)


def test_error_of_the_server_is_a_breach():
    assert drive.judge("act", "kind", three("status", 500, 500, 500), table.VISITOR).breaches == ["status 500"]


# --- what is seen -----------------------------------------------------------------------------------------------------


def quadratic(request):
    """Each sign of the text with each other."""
    text = request.POST.get("body", "")[:1000]
    return HttpResponse(str(sum(one == other for one in text for other in text)))


def linear(request):
    text = request.POST.get("body", "")
    return HttpResponse(str(sum(one == "x" for _time in range(150) for one in text)))


def everything(request):
    """A page that reads every message there is."""
    return HttpResponse("".join(str(seq) for seq in Message.objects.values_list("seq", flat=True)))


def one_by_one(request):
    """Every message, and its conversation by a statement of its own."""
    messages = list(Message.objects.all())
    return HttpResponse(str([Conversation.objects.get(pk=one.conversation_id).pk for one in messages]))


def large(request):
    return HttpResponse(str(len(bytearray(9 * 1024 * 1024))))


def broken(request):
    raise ValueError


urlpatterns = [
    path("quadratic/", quadratic),
    path("linear/", linear),
    path("everything/", everything),
    path("one-by-one/", one_by_one),
    path("large/", large),
    path("broken/", broken),
    path("", include("pnav.urls")),
]
handler500 = "pnav.errors.server_error"
TEXT = Kind("latin", tuple(Request(form={"body": run("latin", size // 4)}) for size in SIZES))  # type: ignore[arg-type]
NOTHING = Kind("nothing", (Request(), Request(), Request()))


def breaches(address: str, method: str, kind: Kind, budget: table.Budget = ROOM) -> str:
    return "; ".join(drive.drive(address, address, method, "", kind, budget).breaches)


@pytest.fixture
def pages(db, settings):
    settings.ROOT_URLCONF = __name__


def test_quadratic_page_is_seen(pages):
    assert "grows" in breaches("/quadratic/", "POST", TEXT)


def test_linear_page_is_not(pages):
    assert breaches("/linear/", "POST", TEXT) == ""


def test_memory_and_errors_are_seen(pages):
    assert "KiB, and 8192 at most" in breaches("/large/", "GET", NOTHING)
    assert "status 500" in breaches("/broken/", "GET", NOTHING)


@pytest.mark.parametrize(("address", "what"), [("/everything/", "rows"), ("/one-by-one/", "statements")])
def test_page_that_reads_everything_is_seen(pages, address, what):
    conversation = make.assigned()
    make.thread(conversation, ["Bonjour"] * 60)
    assert f"{what}, and" in breaches(address, "GET", NOTHING, table.Budget(10_000, 40, 40, 8 * 1024))


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_names_of_fields_are_found_in_the_code():
    names = inputs.names_read()
    assert {"q", "avant", "apres", "partie", "body", "client_id", "code", "rating", "summary", "motive"} <= set(names)
    assert len(names) > 100


@pytest.mark.parametrize("sign", inputs.SIGNS)
def test_run_has_its_length(sign):
    assert [len(run(sign, size)) for size in SIZES] == list(SIZES)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_inputs_double_and_fit_in_a_request(method):
    from pnav.body_limits import BODY_MAX_BYTES

    tried = 0
    for kind in [*inputs.typed(method, {"body": "x"}), *inputs.shaped(method)]:
        sizes = []
        for request in kind.requests:
            form = sum(len(drive.urlencode({key: value})) for key, value in (request.form or {}).items())
            query = sum(len(drive.urlencode({key: value})) for key, value in request.query.items())
            assert query < 16 * 1024, kind.name
            assert max(form, len(request.body)) <= BODY_MAX_BYTES * 1.5, kind.name
            sizes.append(form + query + len(request.body) + len(request.cookies) * 5)
        assert sizes[0] < sizes[1] < sizes[2], kind.name
        tried += 1
    assert tried > 10


# --- acts of ours -----------------------------------------------------------------------------------------------------

FEW = {
    "/tchat/": people.REPORTER, "/tchat/suite/": people.REPORTER, "/tchat/messages/": people.REPORTER,
    "/console/": people.ASSIGNED, "/console/echange/{}/": people.ASSIGNED, "/console/tableau/": people.SUPERVISOR,
    "/console/conservation/": people.SUPERVISOR, "/levees/registre/": people.CUSTODIAN,
    "/admin/pages/feedback/": people.ADMINISTRATOR, "/": people.VISITOR,
}  # fmt: skip


def test_pages_cost_what_they_may_in_a_growing_world(cast, tried):
    """Statements, rows and bytes with 25, 50 and 100 of everything, each page by its own budget."""
    measured: dict[str, list[Cost]] = {address: [] for address in FEW}
    for more in (25, 25, 50):
        situation.grow(cast, more)
        for address, person in FEW.items():
            place = address.format(cast.conversation.public_id)
            drive.send(place, "GET", cast.keys[person], Request())
            is_last = more == 50
            measured[address].append(
                drive.cost_of(place, "GET", cast.keys[person], Request(), tries=1, is_weighed=is_last)
            )
    for address, (first, second, third) in measured.items():
        assert third.status == 200, address
        for one in (first, second, third):
            one.ms = 0.0
        verdict = drive.judge(address, "a growing world", (first, second, third), table.STAFF)
        assert verdict.breaches == []
    tried("costs: page, size of the world", 3 * len(FEW))


@pytest.mark.parametrize("frame", table.FRAMES)
def test_frame_that_is_deep_or_wide_costs_one_refusal(cast, frame):
    before = Message.objects.count()
    for kind in inputs.frames(frame, {}):
        verdict = drive.drive(frame, "/tchat/trames/", "POST", cast.keys[people.REPORTER], kind, ROOM)
        assert verdict.breaches == []
    assert Message.objects.count() == before


def test_nothing_stays_of_what_was_driven(cast):
    before = Message.objects.count()
    request = Request(form={"client_id": "00000000-0000-0000-0000-00000000000b", "body": "x"})
    cost = drive.cost_of("/tchat/message/", "POST", cast.keys[people.REPORTER], request)
    assert cost.status == 302 and cost.rows and Message.objects.count() == before
    assert connection.in_atomic_block
