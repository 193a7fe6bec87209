"""No account writes lines of the audit log without a bound by asking for pages again and again."""

import pytest
from django.db import transaction
from django.http import HttpResponse

from chat.referral import actions as referral_actions
from pnav.accounts.middleware import STAFF_AREAS
from reports.audit import recorded_pages
from reports.models import AccessRecord
from tests.access.people import (
    ADMINISTRATOR,
    ANALYST,
    ASSIGNED,
    CUSTODIAN,
    PSYCHOLOGIST,
    SUPERVISOR,
    UNIT,
    Cast,
)  # fmt: skip
from tests.access.table import IN, ROUTES
from tests.access.test_routes import ADDRESSES, browser, path_of, where  # noqa: F401  a fixture

STAFF = (ASSIGNED, SUPERVISOR, CUSTODIAN, PSYCHOLOGIST, UNIT, ANALYST, ADMINISTRATOR)


def ask(cast: Cast, person: str, path: str, data: dict[str, str] | None = None) -> tuple[HttpResponse, int]:
    """Return the answer, and how many lines it wrote, which are undone. data: the form of a POST."""
    client = browser(cast, person)
    with transaction.atomic():
        before = AccessRecord.objects.count()
        answer = client.get(path) if data is None else client.post(path, data)
        written = AccessRecord.objects.count() - before
        transaction.set_rollback(True)
    return answer, written


def assert_refused(answer: HttpResponse, written: int, path: str) -> None:
    assert (answer.status_code, answer.get("Retry-After"), written) == (429, "60", 0), path
    assert "Attendez une minute" in answer.text, path


def test_every_page_whose_reading_is_recorded_has_a_bound(cast, where, monkeypatch, tried):  # noqa: F811
    """A new page that records its reading without asking `recorded_pages` first writes a line here, and fails."""
    referral_actions.mark_read(transmission=cast.transmission, by=cast.users[UNIT])
    recorded = {}
    for name, route in ROUTES.items():
        path = path_of(name, where, route)
        if "GET" not in route.methods or not path.startswith(STAFF_AREAS):
            continue
        for person in STAFF:
            if route.who(person) == IN and ask(cast, person, path)[1]:
                recorded[name, person] = path
    found = {name for name, _person in recorded}
    assert found >= {
        "unit:detail", "openings:detail", "openings:register", "openings:register_csv", "openings:register_pdf",
        "console:history_csv", "console:staffing_csv",
    }  # fmt: skip
    monkeypatch.setattr(recorded_pages, "PAGES", 0)
    for (_name, person), path in recorded.items():
        assert_refused(*ask(cast, person, path), path)
    tried("pages whose reading is recorded, beyond the bound", len(recorded))


@pytest.mark.parametrize(
    ("person", "path", "data"),
    [
        (ASSIGNED, "/console/mes-echanges/", {"urgency": "2"}),
        (ADMINISTRATOR, "/admin/reports/accessrecord/?q=chat.Unit%201", None),
    ],
    ids=["own exchanges", "the register"],
)
def test_every_search_that_is_recorded_has_a_bound(cast, monkeypatch, person, path, data):
    answer, written = ask(cast, person, path, data)
    assert (answer.status_code, written) == (200, 1)
    monkeypatch.setattr(recorded_pages, "PAGES", 0)
    assert_refused(*ask(cast, person, path, data), path)
