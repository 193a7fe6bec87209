"""Pages of a unit that write a line of the audit log each time are given a bounded number of times in a minute."""

import uuid

import pytest

from chat.unit import dossier
from reports.audit import recorded_pages
from reports.models import AccessRecord
from tests.chat.console.agents import signed_in
from tests.chat.referral.test_referral_pages import said
from tests.factories import chat as make
from tests.factories import transmissions as hand

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit(monkeypatch, one_window):
    monkeypatch.setattr(recorded_pages, "PAGES", 2)
    return hand.account()


def test_page_that_is_loaded_again_and_again_ends_and_is_no_matter_of_others(unit):
    row = hand.opened(make.assigned(), unit)
    before, browser, colleague = AccessRecord.objects.count(), signed_in(unit.user), hand.account(unit.point)
    page = f"/unite/{row.public_id}/"
    answers = [browser.get(page) for _each in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 429, 429]
    assert AccessRecord.objects.count() == before + 2
    assert hand.SUMMARY not in answers[-1].text and "Attendez une minute" in said(answers[-1])
    assert answers[-1]["Retry-After"] == "60" and "no-store" in answers[-1]["Cache-Control"]
    assert browser.get(f"{page}faits/").status_code == 429, "the bound is of all such pages together"
    assert signed_in(colleague.user).get(page).status_code == 200


@pytest.mark.parametrize(
    ("act", "form"),
    [("rendez-vous", {"seen": "3"}), ("clore", {"seen": "3", "reason": ""})],
)
def test_form_with_an_error_is_a_reading_too(unit, act, form):
    row = hand.opened(make.assigned(), unit)
    before, browser = AccessRecord.objects.count(), signed_in(unit.user)
    answers = [browser.post(f"/unite/{row.public_id}/{act}/", form).status_code for _each in range(3)]
    assert answers == [200, 200, 429] and AccessRecord.objects.count() == before + 2


def test_dossier_that_is_refused_writes_no_line_without_end(unit, monkeypatch):
    """The page that says « too many dossiers » shows the summary, so that it is a reading as well."""
    monkeypatch.setattr(dossier, "DOSSIERS", 0)
    row = hand.opened(make.assigned(), unit)
    before, browser = AccessRecord.objects.count(), signed_in(unit.user)
    answers = [browser.post(f"/unite/{row.public_id}/dossier/") for _each in range(3)]
    assert [(one.status_code, one["Retry-After"]) for one in answers] == [(429, "60")] * 3
    assert "Beaucoup de dossiers" in said(answers[0]) and "Attendez une minute" in said(answers[2])
    assert AccessRecord.objects.count() == before + 2


def test_what_is_not_there_counts_for_nothing(unit):
    browser, row = signed_in(unit.user), hand.opened(make.assigned(), unit)
    assert {browser.get(f"/unite/{uuid.uuid4()}/").status_code for _each in range(3)} == {404}
    assert browser.get(f"/unite/{row.public_id}/").status_code == 200
