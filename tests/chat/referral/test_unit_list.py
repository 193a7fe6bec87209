"""« Transmissions reçues » as a list: what it shows, how it is sorted and searched, and what the person knew of it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db.models import F
from django.utils import timezone

from chat.models import Transmission
from chat.referral import actions as referral_actions
from locations.models import Municipality
from tests.chat.console.agents import signed_in
from tests.chat.referral.test_referral_pages import visit
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions as hand
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return hand.account()


def town(name: str, code: str) -> Municipality:
    return places.municipality(name, code, (code,))


def given(unit, **fields) -> Transmission:
    return hand.sent(make.assigned(make.agent(), **fields), unit)


def rows_of(page: str) -> list[str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>") if row.strip()]


def read(browser, where: str = "/unite/", **search: str) -> str:
    answer = browser.post(where, search) if search else browser.get(where)
    assert answer.status_code == 200
    return unescape(answer.text)


def test_what_nobody_has_read_looks_unread(unit):
    unread, seen = given(unit), given(unit)
    referral_actions.mark_read(transmission=seen, by=unit.user)
    page = read(signed_in(unit.user))
    marked = re.findall(r'<tr class="unit-unread">.*?</tr>', page, re.DOTALL)
    assert len(marked) == 1 and unread.file_number in marked[0] and "Non lu" in marked[0]
    assert page.count("Non lu") == 1


def test_that_all_is_read_is_said_of_a_list_and_not_of_nothing(unit):
    browser = signed_in(unit.user)
    page = read(browser)
    assert "Rien n'a été transmis à votre unité." in page
    assert "Tout est lu." not in page
    referral_actions.mark_read(transmission=given(unit), by=unit.user)
    assert "Tout est lu." in read(browser)


def test_list_shows_urgency_town_theme_and_the_appointment(unit):
    lille = town("Lille", "59000")
    row = given(unit, municipality=lille, postal_code="59000", facts=["rumours", "image"], urgency=Urgency.CRITICAL)
    referral_actions.mark_read(transmission=row, by=unit.user)
    at = timezone.localtime() + timedelta(days=3)
    words = {"day": at.date(), "hour": at.time().replace(second=0, microsecond=0), "place": "", "checked": True}
    browser = signed_in(unit.user)
    sent = {"seen": str(row.steps.count()), "day": f"{words['day']}", "hour": f"{words['hour']:%H:%M}", "checked": "on"}
    assert browser.post(f"/unite/{row.public_id}/rendez-vous/", sent).status_code == 302
    [line] = rows_of(read(browser))
    for told in (row.file_number, "Critique", "Lille", "Propagation de rumeurs", f"{words['hour']:%H:%M}"):
        assert told in line, told


def test_list_says_an_appointment_overseas_in_the_hour_of_the_place():
    """As the form took it, and as the person reads it. At La Réunion it is two or three hours later than in Paris."""
    unit = hand.account(hand.station(department_code="974"))
    row = given(unit)
    referral_actions.mark_read(transmission=row, by=unit.user)
    day = timezone.localdate() + timedelta(days=3)
    browser = signed_in(unit.user)
    sent = {"seen": str(row.steps.count()), "day": f"{day}", "hour": "14:30", "checked": "on"}
    assert browser.post(f"/unite/{row.public_id}/rendez-vous/", sent).status_code == 302
    assert "14 h 30" in read(browser, f"/unite/{row.public_id}/")
    page = read(browser)
    [line] = rows_of(page)
    assert line.endswith(f"{day:%Y}, 14:30") and "Rendez-vous, heure sur place" in page


def test_row_of_before_shows_nothing_that_its_person_was_not_told(unit):
    row = given(unit, municipality=town("Lille", "59000"), facts=["rumours"])
    Transmission.objects.filter(pk=row.pk).update(town="", facts="", urgency=None)
    [line] = rows_of(read(signed_in(unit.user)))
    assert "Lille" not in line and "rumeurs" not in line and line.count("–") == 4


def test_person_reads_what_the_list_shows_before_they_say_yes(unit):
    conversation = make.assigned(make.agent(), municipality=town("Lille", "59000"), facts=["rumours"])
    hand.asked(conversation, unit)
    page = unescape(visit(conversation).get("/tchat/suites/").text)
    assert "le degré d'urgence" in page and "Lille, Propagation de rumeurs" in page


def test_list_is_sorted_by_each_column_and_keeps_its_order_from_page_to_page(unit, monkeypatch):
    first = given(unit, municipality=town("Brest", "29000"), urgency=Urgency.NORMAL)
    second = given(unit, municipality=town("Arras", "62000"), urgency=Urgency.CRITICAL)
    third = given(unit, municipality=town("Dijon", "21000"), urgency=Urgency.HIGH)
    for days, row in enumerate((first, second, third)):
        moved = {name: F(name) - timedelta(days=days) for name in ("sent_at", "made_at")}
        Transmission.objects.filter(pk=row.pk).update(**moved)
    browser = signed_in(unit.user)
    wanted = {
        "attente": [third, second, first],  # nobody has read them, so the oldest comes first
        "urgence": [second, third, first],
        "commune": [second, first, third],
        "transmis": [first, second, third],
        "rendez-vous": [first, second, third],  # none has an appointment, so they come in the order of arrival
        "autre": [third, second, first],
    }
    for order, rows in wanted.items():
        shown = [line.split()[0] for line in rows_of(read(browser, f"/unite/?tri={order}"))]
        assert shown == [row.file_number for row in rows], order
    monkeypatch.setattr("chat.referral.queries.A_PAGE", 2)
    page = read(browser, "/unite/?tri=commune")
    assert 'href="?tri=commune&page=2"' in page
    assert rows_of(read(browser, "/unite/?tri=commune&page=2"))[0].startswith(third.file_number)


def test_search_by_number_town_or_theme_stays_out_of_the_address(unit):
    lille = given(unit, municipality=town("Lille", "59000"), facts=["rumours"])
    brest = given(unit, municipality=town("Brest", "29000"), facts=["image"])
    browser = signed_in(unit.user)
    for term, rows in (
        ("lille", [lille]),
        (brest.file_number[-6:].lower(), [brest]),
        ("rumeur", [lille]),
        ("Z" * 99, []),
    ):
        page = read(browser, q=term)
        assert [line.split()[0] for line in rows_of(page)] == [row.file_number for row in rows], term
        assert "data-board" not in page, "what is read again by itself would be the whole list"
        assert not re.search(rf'(href|action)="[^"]*{term}', page)
    assert "Aucun dossier ne répond" in read(browser, q="nulle part")
    other = hand.account()
    assert rows_of(read(signed_in(other.user), q="lille")) == [], "each unit its own"
