"""An analyst reads sums and may enter nothing else. What an analyst downloads is in the audit log."""

import pytest
from django.test import Client
from django.urls import reverse

from pnav.accounts.models import Role, User
from reports.models import AccessRecord
from tests.access.people import signed_in
from tests.accounts.cast import make_user
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst() -> User:
    return make_user("analyste", Role.ANALYST)


@pytest.fixture
def browser(analyst, settings) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(analyst)
    return client


@pytest.mark.parametrize("name", ["console:history", "console:staffing", "pages:figures"])
def test_figures_are_theirs_without_a_console_around(browser, name):
    conversation = make.assigned(make.agent(public_name="Camille"))
    page = browser.get(reverse(name)).text
    assert "Camille" not in page and str(conversation.public_id) not in page
    for way in ("console:home", "console:board"):
        assert f'href="{reverse(way)}"' not in page


def test_nothing_else_of_the_house_opens(browser):
    conversation = make.assigned(make.agent())
    for where in (
        "/console/", "/console/tableau/", f"/console/echange/{conversation.public_id}/", "/console/transmissions/",
        "/console/presence/", "/console/rien/", "/levees/", "/unite/", "/ecoute/", "/admin/",
    ):  # fmt: skip
        assert browser.get(where).status_code == 403, where


@pytest.mark.parametrize(
    ("name", "subject"), [("console:history_csv", "chat.history"), ("console:staffing_csv", "chat.staffing")]
)
def test_sheet_of_figures_leaves_a_line(browser, analyst, name, subject):
    assert browser.get(reverse(name)).status_code == 200
    [line] = AccessRecord.objects.all()
    assert (line.account_id, line.role, line.kind, line.subject) == (analyst.pk, "analyst", "export", subject)
