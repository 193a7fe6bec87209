"""A receipt has a number and a day, for whoever is shown it, and nothing that leads to anybody."""

import io
import re
import threading
from datetime import date, timedelta
from html import unescape
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from chat.casework import proposals
from chat.conversations import receipts
from chat.models import Receipt
from chat.personal_copy import receipts_page
from chat.rules import receipt_number
from chat.visitor import own_copy
from common.offload import background_jobs
from pnav import addresses
from reports import letterhead
from reports.models import AccessRecord
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support import on_screen
from tests.support.reading import spaced, squeezed

PAGES = ["/console/recepisse/", "/unite/recepisse/"]


def test_number_is_read_as_people_type_it_and_any_slip_is_noticed():
    for _each in range(50):
        number = receipt_number.draw()
        written = receipt_number.write(number)
        assert receipt_number.read(written) == receipt_number.read(f" {written.lower().replace('-', ' ')} ") == number
        assert receipt_number.read(written.replace("0", "O").replace("1", "l")) == number
        for place, sign in enumerate(number):
            for other in receipt_number.SIGNS.replace(sign, ""):
                assert receipt_number.read(number[:place] + other + number[place + 1 :]) is None
        for place in range(len(number) - 1):
            one, two = number[place], number[place + 1]
            swapped = number[:place] + two + one + number[place + 2 :]
            assert one == two or receipt_number.read(swapped) is None
    assert [receipt_number.read(typed) for typed in ("", "abc", "é" * 16, "0" * 500)] == [None] * 4


@pytest.mark.django_db
def test_receipt_is_made_on_request_and_leads_to_nobody(as_reporter):
    conversation = make.closed()
    client = as_reporter(conversation)
    assert Receipt.objects.count() == 0, "none unless it is asked for"
    page = unescape(client.post(reverse("chat:receipt")).text)
    row = Receipt.objects.get()
    number = page.split('name="number" value="')[1].split('"')[0]
    assert receipts.find_day(number) == row.filed_on == timezone.localtime(conversation.report.filed_at).date()
    assert number.replace("-", "") not in row.digest and {field.name for field in Receipt._meta.get_fields()} == {
        "id", "digest", "filed_on", "until",
    }  # fmt: skip
    paper = client.post(reverse("chat:receipt_paper"), {"number": number})
    assert paper.content.startswith(b"%PDF-") and paper["Content-Disposition"].endswith('.pdf"')
    lines = PdfReader(io.BytesIO(paper.content)).pages[0].extract_text().splitlines()
    assert lines.count("Numéro") == 1, "the title, and no heading that repeats it"
    conversation.report.delete()
    assert receipts.find_day(number) == row.filed_on, "it stays when the exchange goes"


@pytest.mark.django_db
@pytest.mark.parametrize(("discreet", "words"), [(False, "Revenir à mon échange"), (True, "Revenir où j'en étais")])
def test_receipt_leads_back_to_the_exchange(as_reporter, discreet, words):
    client = as_reporter(make.waiting(discreet=discreet))
    page = unescape(client.post(reverse("chat:receipt"), follow=True).text)
    assert re.search(rf">\s*{words}\s*</a>", page.partition("<main")[2])


@pytest.mark.django_db
@pytest.mark.parametrize("discreet", [False, True])
def test_papers_of_a_watched_screen_say_no_more_than_their_pages(as_reporter, monkeypatch, discreet):
    """The page offered « un numéro et la date », and its PDF said « Un signalement a été déposé » under our name."""
    monkeypatch.setattr(letterhead, "lines", lambda: ("Préfecture de police", "Le service des signalements"))
    unit = hand.account()
    conversation = make.assigned(make.agent(), reception_point=unit.point, discreet=discreet)
    meets_at = timezone.now() + timedelta(days=2)
    by = conversation.assigned_to.user
    proposals.propose_appointment(conversation_id=conversation.pk, meets_at=meets_at, by=by)
    client, table = as_reporter(conversation), addresses.DISCREET if discreet else addresses.ORDINARY
    page = client.post(table.reverse("chat:receipt")).text
    number = page.split('name="number" value="')[1].split('"')[0]
    receipt = client.post(table.reverse("chat:receipt_paper"), {"number": number})
    slip = client.get(table.reverse("chat:slip_paper"))
    told, meeting = (
        " ".join(spaced(sheet.extract_text()) for sheet in PdfReader(io.BytesIO(paper.content)).pages)
        for paper in (receipt, slip)
    )
    told, meeting = " ".join(told.split()), " ".join(meeting.split())
    assert number in told and ("Un signalement a été déposé" in told) is not discreet
    assert bool(on_screen.TELLING.search(told)) is not discreet
    # The slip names the unit, whose address it is for.
    assert ("Préfecture de police" in meeting) is not discreet and unit.point.name in meeting


@pytest.mark.django_db
def test_number_is_shown_again_when_its_paper_is_late(as_reporter, monkeypatch):
    """It is shown nowhere else."""
    client = as_reporter(make.closed())
    number = client.post(reverse("chat:receipt")).text.split('name="number" value="')[1].split('"')[0]
    may_end = threading.Event()
    monkeypatch.setattr(own_copy.transcript_pdf, "draw", lambda *_a, **_w: may_end.wait(300) and b"%PDF-")
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    later = client.post(reverse("chat:receipt_paper"), {"number": number})
    assert (later.status_code, later["Cache-Control"]) == (503, "no-store")
    assert later.text.count(number) == 2 and "Le PDF n'est pas encore fait" in unescape(later.text)
    may_end.set()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 300)
    assert client.post(reverse("chat:receipt_paper"), {"number": number}).content == b"%PDF-"


@pytest.mark.django_db
def test_number_is_shown_again_however_often_its_paper_is_asked_for(as_reporter, monkeypatch, one_window):
    client = as_reporter(make.closed())
    number = client.post(reverse("chat:receipt")).text.split('name="number" value="')[1].split('"')[0]
    may_end = threading.Event()
    monkeypatch.setattr(own_copy.transcript_pdf, "draw", lambda *_a, **_w: may_end.wait(300) and b"%PDF-")
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    try:
        answers = [client.post(reverse("chat:receipt_paper"), {"number": number}) for _press in range(11)]
    finally:
        may_end.set()
    assert [one.status_code for one in answers] == [503] * 10 + [429]
    assert answers[-1].text.count(number) == 2 and answers[-1]["Retry-After"] == "60"
    assert answers[-1]["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_receipts_are_limited(as_reporter, monkeypatch, one_window):
    monkeypatch.setattr(own_copy, "RECEIPTS", 1)
    client = as_reporter(make.assigned())
    client.post(reverse("chat:receipt"))
    answer = client.post(reverse("chat:receipt"), follow=True)
    assert "Réessayez demain" in answer.text and Receipt.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_staff_is_told_yes_or_no_and_the_day_with_a_line_in_the_register(page, monkeypatch):
    number, _day = receipts.issue_receipt(make.assigned())
    Receipt.objects.update(filed_on=date(2026, 3, 12))
    user = make.agent().user if "console" in page else hand.account().user
    client = signed_in(user)
    assert client.get(page).status_code == 200
    told = squeezed(unescape(client.post(page, {"number": number.lower()}).text))
    assert "Un signalement a été déposé le 12 mars 2026." in told
    refused = squeezed(unescape(client.post(page, {"number": "7K4M"}).text))
    assert "Aucun récépissé n'a ce numéro." in refused and "déposé le" not in refused
    lines = list(AccessRecord.objects.order_by("number").values_list("kind", "detail", "subject"))
    assert lines[-2:] == [("search", "receipt: known", ""), ("search", "receipt: unknown", "")]
    monkeypatch.setattr(receipts_page, "CHECKS", 0)
    assert client.post(page, {"number": number}).status_code == 429


@pytest.mark.django_db
def test_command_answers_a_court(monkeypatch):
    number, day = receipts.issue_receipt(make.assigned())
    monkeypatch.setattr("builtins.input", lambda _asked: number)
    told = StringIO()
    call_command("check_receipt", stdout=told)
    assert f"{day:%d/%m/%Y}" in told.getvalue()
    monkeypatch.setattr("builtins.input", lambda _asked: "rien")
    with pytest.raises(CommandError, match="Non"):
        call_command("check_receipt")


@pytest.mark.django_db
def test_receipt_goes_at_its_term():
    receipts.issue_receipt(make.assigned())
    row = Receipt.objects.get()
    assert row.until.year == row.filed_on.year + receipts.KEPT_YEARS
    assert receipts.forget_old(timezone.now()) == 0
    assert receipts.forget_old(timezone.now() + timedelta(days=366 * receipts.KEPT_YEARS)) == 1
