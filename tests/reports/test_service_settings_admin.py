"""« Règles du service »: one page, which shows what would change before it does, with a history and lines in the audit
log.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client

from common.service_settings import definitions, values
from common.service_settings.definitions import SETTINGS
from common.service_settings.models import HouseRule
from pnav.accounts.models import Role
from reports.models import AccessRecord
from tests.accounts.cast import give_session, make_user, sign_in
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in

pytestmark = pytest.mark.django_db

PAGE = "/admin/reports/houserule/"
CHANGES = f"{PAGE}changements/"


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def sent(client, **numbers: object) -> dict[str, object]:
    """Return what a browser would send of the page as it stands, with these numbers typed."""
    page = client.get(PAGE).text
    return hidden(page) | {rule.key: value_of(page, rule.key) for rule in SETTINGS} | numbers


def hidden(page: str) -> dict[str, object]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def value_of(page: str, key: str) -> str:
    (field,) = re.findall(rf'<input [^>]*name="{key}"[^>]*>', page)
    return re.findall(r'value="([^"]*)"', field)[0]


def set_now() -> dict[str, int]:
    return dict(HouseRule.objects.values_list("key", "value"))


def register() -> list[tuple[str, str, str, int | None]]:
    return list(AccessRecord.objects.order_by("number").values_list("kind", "subject", "detail", "account_id"))


def test_list_of_the_admin_says_that_it_can_be_changed(client, chief):
    page = unescape(client.get("/admin/").text)
    (link,) = re.findall(rf'<a href="{PAGE}" class="(\w+)"[^>]*>(\w+)</a>', page)
    assert link == ("changelink", "Modifier")
    row = client.get(f"{PAGE}1/change/")
    assert row.status_code in {302, 404} or 'name="_save"' not in row.text, "one row alone is still not"


def test_page_shows_every_rule_with_its_number_and_what_it_does(client, chief):
    page = unescape(client.get(PAGE).text)
    for rule in SETTINGS:
        assert str(rule.label) in page and rule.says(rule.default) in page
        assert value_of(page, rule.key) == str(rule.default)
    assert "Revenir à" not in page, "nothing was set"
    assert "no-store" in client.get(PAGE)["Cache-Control"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
@pytest.mark.parametrize("page", [PAGE, CHANGES])
def test_page_is_for_administrators_alone(client, role, page):
    make_user("autre", role, totp=True)
    sign_in(client, "autre")
    assert client.get(page).status_code == 403
    assert client.post(page, {"raid_reports": "80", "save": "1"}).status_code == 403
    assert set_now() == {}


def test_preview_says_what_changes_and_saves_nothing(client, chief):
    answer = client.post(PAGE, sent(client, overflow_seconds="90", code_hours="48"))
    page = unescape(answer.text)
    assert answer.status_code == 200
    assert "60 secondes" in page and "90 secondes" in page
    assert definitions.OVERFLOW.says(90) in page and definitions.CODE_LIFE.says(48) in page
    assert definitions.RAID.says(60) not in page, "what stays is not told"
    assert set_now() == {} and register() == [] and not LogEntry.objects.exists()


def test_save_changes_history_and_register(client, chief):
    preview = client.post(PAGE, sent(client, overflow_seconds="90", code_hours="48")).text
    answer = client.post(PAGE, hidden(preview) | {"save": "1"})
    assert answer.status_code == 302 and answer.url == PAGE
    assert set_now() == {"overflow_seconds": 90, "code_hours": 48}
    told = [
        "Attente de la force de la zone : 60 secondes → 90 secondes",
        "Durée d'un code de reprise : 72 heures → 48 heures",
    ]
    assert register() == [
        ("admin_change", "reports.HouseRule overflow_seconds", told[0], chief.pk),
        ("admin_change", "reports.HouseRule code_hours", told[1], chief.pk),
    ]
    page = unescape(client.get(CHANGES).text)
    assert all(words in page for words in told) and "chef" in page
    assert "changée" in client.get(PAGE).text


def test_back_to_default_is_shown_then_saved(client, chief):
    values.change([values.Change(definitions.RAID, 60, 80)])
    page = client.get(PAGE).text
    assert "Revenir à 60 signalements" in page
    preview = client.post(PAGE, sent(client) | {"back_to_default": "raid_reports"}).text
    assert "comme sans réglage" in preview and set_now() == {"raid_reports": 80}
    client.post(PAGE, hidden(preview) | {"save": "1"})
    assert set_now() == {}


def test_edit_goes_back_with_what_was_typed(client, chief):
    preview = client.post(PAGE, sent(client, raid_reports="80")).text
    page = client.post(PAGE, hidden(preview) | {"edit": "1"}).text
    assert value_of(page, "raid_reports") == "80" and set_now() == {}


def test_nothing_changed_is_said(client, chief):
    answer = client.post(PAGE, sent(client), follow=True)
    assert "Rien ne change" in unescape(answer.text) and register() == []


@pytest.mark.parametrize("typed", ["", "9", "10001", "soixante", "60.5", "-60", "9" * 400])
def test_number_that_cannot_be_is_said_beside_it_and_nothing_is_lost(client, chief, typed):
    answer = client.post(PAGE, sent(client, raid_reports=typed, code_hours="48") | {"save": "1"})
    page = unescape(answer.text)
    assert answer.status_code == 200 and set_now() == {}
    assert "Écrivez un nombre entier, de 10 à 10000." in page
    (field,) = re.findall(r'<input [^>]*name="raid_reports"[^>]*>', answer.text)
    assert 'aria-invalid="true"' in field and "autofocus" in field and "erreur_raid_reports" in field
    assert 'id="erreur_raid_reports"' in page and 'href="#id_raid_reports"' in page
    assert value_of(page, "code_hours") == "48" and page.count(" autofocus") == 1
    assert unescape(re.findall(r'value="([^"]*)"', field)[0] if typed else "") == typed


@pytest.mark.parametrize(
    ("numbers", "blamed"),
    [
        ({"wait_minutes": "5"}, "wait_minutes"),
        ({"promised_minutes": "2"}, "promised_minutes"),
        ({"pause_middle_minutes": "20"}, "pause_middle_minutes"),
        ({"capacity_most": "2"}, "capacity_most"),
    ],
)
def test_numbers_that_do_not_go_together_are_said_beside_the_one_that_changed(client, chief, numbers, blamed):
    answer = client.post(PAGE, sent(client, **numbers) | {"save": "1"})
    assert list(answer.context["form"].errors) == [blamed]
    (said,) = answer.context["form"].errors[blamed]
    assert "Ici :" in said and set_now() == {}


def test_page_that_was_open_meanwhile_takes_nothing_back(client, chief):
    """Whoever changes one number does not undo what a colleague set while their page was open."""
    old = sent(client, code_hours="48")
    values.change([values.Change(definitions.RAID, 60, 80)])
    preview = client.post(PAGE, old)
    assert "80 signalements" not in preview.text and "entre-temps" not in preview.text
    client.post(PAGE, hidden(preview.text) | {"save": "1"})
    assert set_now() == {"raid_reports": 80, "code_hours": 48}


def test_same_number_set_meanwhile_is_shown_again(client, chief):
    preview = client.post(PAGE, sent(client, raid_reports="100"))
    values.change([values.Change(definitions.RAID, 60, 80)])
    answer = client.post(PAGE, hidden(preview.text) | {"save": "1"})
    page = unescape(answer.text)
    assert answer.status_code == 200 and "entre-temps" in page
    assert "80 signalements" in page and "100 signalements" in page
    assert set_now() == {"raid_reports": 80} and register() == []
    assert client.post(PAGE, hidden(answer.text) | {"save": "1"}).status_code == 302
    assert set_now() == {"raid_reports": 100}


def test_other_pages_of_a_rule_change_nothing(client, chief):
    HouseRule.objects.create(key="raid_reports", value=80)
    assert client.post(f"{PAGE}raid_reports/change/", {"key": "raid_reports", "value": "90"}).status_code == 403
    assert client.post(f"{PAGE}raid_reports/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{PAGE}add/", {"key": "wait_minutes", "value": "2"}).status_code == 403
    assert client.post(CHANGES).status_code == 405
    assert set_now() == {"raid_reports": 80}


@pytest.mark.django_db(transaction=True)
def test_two_administrators_save_the_same_number_at_once():
    """Both begin at the same preview: one is saved, the other is shown what it would change now. One line is in the
    register.
    """
    clients = []
    for name in ("chef", "cheffe"):
        make_user(name, Role.ADMINISTRATOR, totp=True)
        clients.append(Client())
        sign_in(clients[-1], name)
    previews = [
        hidden(client.post(PAGE, sent(client, raid_reports=number)).text)
        for client, number in zip(clients, ("80", "100"), strict=True)
    ]
    together = threading.Barrier(2)

    def save(pair) -> int:
        client, preview = pair
        try:
            together.wait(10)
            return client.post(PAGE, preview | {"save": "1"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(save, zip(clients, previews, strict=True)))
    assert sorted(answers) == [200, 302]
    assert set_now() == {"raid_reports": (80, 100)[answers.index(302)]}
    assert len(register()) == LogEntry.objects.count() == 1
