"""A year in a database of its own: on which databases it is refused, that its rows are like the product's, and how it
is judged.
"""

from itertools import pairwise

import pytest
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect

from benchmarks.scale import generator, ground, indexes, pages
from benchmarks.scale.indexes import Index
from benchmarks.scale.pages import Cost, Growth, Scan
from chat.models import Conversation, ConversationEvent, JournalFact, Message
from chat.rules.lifecycle import Status
from common.data_keys.models import WrappedKey
from common.encryption import data_key_bytes
from pnav.sessions import SessionStore
from reports.audit.log import read_lines
from reports.models import Report, SealedValue
from reports.seal.sealing import SEALED_BYTES
from tests.access.people import CUSTODIAN
from tests.access.test_routes import ADDRESSES

SHAPE = generator.Shape(messages=4, active=3, waiting=2, on_duty=2)
EXCHANGES = 60
# Tables with tens of rows, however much people write.
SMALL = {
    "chat_agent_supervised_units", "chat_cannedreply", "chat_cannedreplytext", "chat_dangerphrase",
    "chat_figureremainder", "chat_oncall", "chat_threshold", "chat_unit", "chat_webheartbeat", "chat_workerduty",
    "chat_workerheartbeat", "reports_backupstatus", "reports_chatclosure", "reports_chatclosuretext",
    "reports_digestdelivery", "reports_houserule", "reports_retentionrule",
}  # fmt: skip


@pytest.fixture
def year(db):
    """Create so many exchanges, and check the foreign keys of all of them."""
    agents, users = generator.add_staff(EXCHANGES, SHAPE)
    with connection.cursor() as cursor:
        generator.add_exchanges(cursor, 1, EXCHANGES, EXCHANGES, SHAPE, agents, users)
        generator.follow_keys(cursor)
    connection.check_constraints()


def test_it_is_refused_on_any_database_but_its_own(db):
    with pytest.raises(ground.NotOurs):
        generator.fill(EXCHANGES, SHAPE, print)
    assert not Report.objects.exists()


def test_rows_are_those_of_the_product(year):
    assert Conversation.objects.count() == Report.objects.count() == WrappedKey.objects.count() == EXCHANGES
    assert Conversation.objects.waiting().count() == 2
    assert Conversation.objects.active().count() == 3
    ended = Conversation.objects.filter(status=Status.CLOSED).order_by("pk")
    first = ended[0]
    assert [message.seq for message in first.messages.all()] == [1, 2, 3, 4, 5] == list(range(1, first.last_seq + 1))
    assert [event.kind for event in first.events.all()][:2] == ["opened", "assigned"]
    assert {data_key_bytes(message.sealed_body) for message in first.messages.all()} == {first.data_key.bytes}
    assert len(SealedValue.objects.first().sealed) == SEALED_BYTES
    wrapped = {bytes(key.wrapped) for key in WrappedKey.objects.all()}
    assert {(len(key), key[:7]) for key in wrapped} == {(79, b"\x01\x05bench")}, "they name one key of the ring"
    assert JournalFact.objects.exists() and ConversationEvent.objects.filter(kind="closed").count() == ended.count()
    assert not Message.objects.filter(conversation__status=Status.WAITING).exists()
    filed = list(Report.objects.order_by("pk").values_list("filed_at", flat=True))
    assert filed == sorted(filed)


def test_lines_of_the_register_follow_one_another(year):
    lines = list(read_lines())
    assert len(lines) == 2 * EXCHANGES
    assert all(line.previous == before.digest for before, line in pairwise(lines))


def test_pages_and_duties_are_asked_among_the_rows_of_a_year(year):
    house = pages.House()
    assert {"pages:home (visitor)", "console:home (supervisor of the same unit)"} <= set(house.acts)
    page, duty = "console:home (assigned agent)", "worker: retention, each hour"
    for act in (page, duty):
        cost = house.cost(act)
        assert cost.status == 200 and cost.statements > 1 and cost.web > 0 and cost.sql > 0
    tables = {scan.table for scan in house.plans(page, {"chat_unit": 9, "chat_agent": 9})}
    assert tables <= {"chat_unit", "chat_agent"}
    assert house.rows()["reports_report"] is not None
    assert Report.objects.count() > EXCHANGES  # nothing of a year was due for deletion


# --- how pages are judged ---------------------------------------------------------------------------------------------


def page(small: float, large: float, *, sql: tuple[float, float] = (1, 1), scans: tuple[Scan, ...] = ()) -> Growth:
    return Growth("page", [Cost(small, sql[0], 3, 200)] * 3, [Cost(large, sql[1], 3, 200)] * 3, list(scans))


@pytest.mark.parametrize(
    ("growth", "breaches"),
    [
        (page(10, 14), 0),
        (page(10, 18), 1),
        (page(0.2, 0.9), 0),  # below what can be measured
        (page(10, 10, sql=(1, 3)), 1),
        (page(10, 10, scans=(Scan("chat_message", 6_000, "SELECT"),)), 1),
    ],
)
def test_a_page_that_grows_is_a_breach(growth, breaches):
    assert len(growth.breaches) == breaches


def test_a_refusal_is_no_time_and_is_told():
    found, right = Growth("page"), Cost(10, 1, 3, 200)
    found.add(right, Cost(1, 1, 3, 302, "302 to mfa_reauthenticate"))
    assert not found.is_measured and found.breaches == []
    assert "| page | refused | | | | | | | 200 → 302: 302 to mfa_reauthenticate | |" in pages.table([found])
    found.add(right, right)
    assert found.is_measured and found.ms("whole") == (11, 11)
    assert found.told == "200 → 200/302"


class Year:
    """The process of a year, whose pages cost so much."""

    def __init__(self, ms: float) -> None:
        self.ms, self.acts = ms, ["openings:register_csv (custodian)", "console:help (assigned agent)"]

    def ask(self, name: str, *_asked: object) -> object:
        answers = {"rows": {}, "plans": [], "cost": Cost(self.ms, 1, 3, 200)}
        return pages.House.bounds() if name == "bounds" else answers.get(name)


def test_what_grows_to_a_bound_says_which():
    document, console = pages.compare(Year(10), Year(28), only="", rounds=2)
    assert document.breaches and document.bound == "1,000 rows at most"
    assert console.breaches and console.bound == ""
    assert set(pages.BOUNDED) <= set(ADDRESSES), "a page of another name is bounded by nothing"


def test_proof_that_lapsed_is_renewed_and_the_page_asked_again(year):
    """Without it a run of minutes measured, as pages of a custodian, how quickly they were refused."""
    house = pages.House()
    page = "openings:register_csv (custodian)"
    key = house.cast.keys[CUSTODIAN]
    assert house.cost(page).refusal == ""
    session = SessionStore(key)
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()
    assert house._cost(house.acts[page]).refusal.startswith("302 to mfa_reauthenticate")
    cost = house.cost(page)
    assert (cost.status, cost.refusal) == (200, "")
    assert pages.refusal_in(HttpResponse(status=403)) == "403"
    assert pages.refusal_in(HttpResponseRedirect("/console/")) == pages.refusal_in(HttpResponse()) == ""


def test_tables_read_whole_are_found_in_a_plan():
    plan = [{"Plan": {"Node Type": "Limit", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "chat_message"}]}}]
    assert list(pages.read_whole(plan)) == ["chat_message"]


# --- indexes ----------------------------------------------------------------------------------------------------------


def index(name: str, *keys: str, guards: bool = False, condition: str = "") -> Index:
    return Index("t", name, guards, keys, condition, "btree", 0, 0)


def test_index_that_another_begins_with_is_redundant():
    longer = index("pair", "a", "b", guards=True)
    assert indexes.redundant([index("one", "a"), longer]) == {"one": "pair"}
    assert indexes.redundant([index("second", "b"), longer]) == {}
    assert indexes.redundant([index("some", "a", condition="c"), longer]) == {}
    assert indexes.redundant([index("guard", "a", guards=True), longer]) == {}
    assert indexes.redundant([index("twin", "a"), index("one", "a")]) == {"twin": "one"}


def test_no_index_of_the_site_is_redundant(db):
    """Each index costs every row that is written: at the end of a year, millions of them."""
    with connection.cursor() as cursor:
        found = indexes.read(cursor)
    ours = [
        one for one in found if one.table.partition("_")[0] in {"chat", "reports", "data"} and one.table not in SMALL
    ]
    assert len(ours) > 100
    assert indexes.redundant(ours) == {}
