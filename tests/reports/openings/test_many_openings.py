"""Among thousands of other people's requests, somebody's own pages read none of these."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from benchmarks.scale.pages import _explained, read_whole
from chat.models import Agent
from pnav.accounts.models import Role
from reports.models import OpeningRequest, OpeningStep
from reports.openings import actions as opening_actions
from reports.rules.openings import Act, Part, State
from tests.factories import chat as make
from tests.reports.openings.acts import ask
from tests.reports.openings.test_opening_pages import signed_in

pytestmark = pytest.mark.django_db

OTHERS = 4_000


@pytest.fixture
def years(agent):
    """Return the requests of another unit's years, all over; and one of `agent`, which waits."""
    own = ask(agent)
    other = make.agent(unit_name="Ailleurs").user
    now = timezone.now()
    rows = OpeningRequest.objects.bulk_create(
        OpeningRequest(
            public_id=uuid.uuid4(),
            report_public_id=uuid.uuid4(),
            field=own.field,
            version=1,
            state=State.SHOWN,
            asked_by=other,
            asked_at=now - timedelta(hours=number),
            moved_at=now - timedelta(hours=number),
            sealed_grounds=b"",
        )
        for number in range(1, OTHERS + 1)
    )
    OpeningStep.objects.bulk_create(
        OpeningStep(request=row, act=act, at=now, by=other, part=Part.CUSTODIAN, number=number)
        for row in rows
        for number, act in enumerate((Act.ASK, Act.COUNTERSIGN, Act.AGREE, Act.TAKE), 1)
    )
    with connection.cursor() as cursor:
        for table in ("reports_openingrequest", "reports_openingstep", "chat_agent", "accounts_user"):
            cursor.execute(f"ANALYZE {table}")
    return own


def reads_whole(act):
    """Return the statements of this act that read every request there ever was."""
    with _explained() as plans:
        act()
    return [statement for statement, plan in plans.items() if "reports_openingrequest" in read_whole(plan)]


def test_own_pages_read_nothing_of_the_years_of_everybody_else(years, agent, supervisor, custodians, subtests):
    """One world serves all of it: what is looked at changes nothing in it, or is undone."""
    for who, user in (("agent", agent), ("supervisor", supervisor), ("custodian", custodians[0])):
        with subtests.test(f"lists of the {who} read no request of everybody else"):
            _lists_read_no_request_of_everybody_else(who, user)
    with subtests.test("what counts who waits reads no request that is over"):
        assert reads_whole(lambda: opening_actions.late_requests(timezone.now())) == []
        assert reads_whole(lambda: opening_actions.count_pending(10)) == []
        assert opening_actions.count_pending(10) == 1
    with subtests.test("a supervisor sees those of their units and no other"):
        assert [one.pk for one in opening_actions.list_visible(supervisor, 200)] == [years.pk]
        assert len(opening_actions.list_visible(custodians[0], 200)) == 200
        foreign = make.agent(unit_name="Ailleurs encore", role=Role.SUPERVISOR).user
        assert opening_actions.list_visible(foreign, 200) == []
    with subtests.test("a list has what goes on before what is over"), transaction.atomic():
        OpeningRequest.objects.filter(pk=years.pk).update(moved_at=timezone.now() - timedelta(days=3_000))
        shown = opening_actions.list_visible(custodians[0], 3)
        transaction.set_rollback(True)
        assert shown[0].pk == years.pk and [one.state for one in shown[1:]] == [State.SHOWN] * 2
        assert shown[1].moved_at > shown[2].moved_at
    with subtests.test("documents ask as often for a thousand as for one"):
        _documents_ask_as_often_for_a_thousand_as_for_one(custodians[1])


def _lists_read_no_request_of_everybody_else(who, user):
    client = signed_in(user)
    client.get(reverse("openings:index"))  # the first page reads what a process then caches
    assert reads_whole(lambda: client.get(reverse("openings:index"))) == []
    if who == "custodian":
        assert reads_whole(lambda: client.get(reverse("openings:register"))) == []


def _documents_ask_as_often_for_a_thousand_as_for_one(custodian):
    """Check that documents ask as often for a thousand requests as for one.

    And no request of them becomes an object: of its steps, those alone that its line names.
    """
    client = signed_in(custodian)
    client.get(reverse("openings:register_csv"))
    counts, rows = [], []
    for until in (timezone.now() + timedelta(days=1), timezone.now() - timedelta(hours=OTHERS - 30)):
        with CaptureQueriesContext(connection) as seen:
            text = client.get(reverse("openings:register_csv"), {"until": f"{until:%Y-%m-%d}"}).text
        rows.append(len(list(csv.reader(io.StringIO(text), delimiter=";"))))
        counts.append(len(seen))
        asked = [one["sql"] for one in seen.captured_queries if "openingrequest" in one["sql"]]
        assert asked and all("sealed_grounds" not in sql for sql in asked)
    assert counts[0] == counts[1] and rows[0] == 1_002 and rows[1] < 60
    line = list(csv.reader(io.StringIO(text), delimiter=";"))[1]
    name = str(Agent.objects.get(unit__name="Ailleurs").user)
    assert line[5:8] == [name, name, name] and line[13] == ""
