import uuid
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import connection

from chat.conversations.actions import open_conversation
from common import encryption, rate_limits
from common.data_keys.models import WrappedKey
from common.service_settings import definitions
from locations.session import Choice
from reports import way_in
from reports.actions import IncompleteVisit, file_report
from reports.models import AgeBand, Report
from reports.seal.sealing import TextRefused
from reports.visit import Visit
from tests.chat.conversations.test_actions import in_threads
from tests.reports.test_choices import NOT_TICKED
from tests.triage.paths import ADULT
from triage.questionnaire.results import BUILT_IN
from triage.rules import Urgency
from triage.session import Triage

CHOICE = Choice(postal_code="93200", municipality=None, reception_point=None, is_nearest=False)
ANSWERS = {**ADULT, "facts": "harassment", "repetition": "group"}


def visit(answers, choice=CHOICE):
    return Visit(Triage(answers, BUILT_IN), choice)


def file(submission_id, **more):
    return file_report(visit(ANSWERS), submission_id=submission_id, **more)


@pytest.mark.django_db
@pytest.mark.parametrize("incomplete", [visit({}), visit({"danger": "no"}), visit(ANSWERS, choice=None)])
def test_file_report_of_an_incomplete_visit_files_nothing(incomplete):
    with pytest.raises(IncompleteVisit):
        file_report(incomplete, submission_id=uuid.uuid4())
    assert not Report.objects.exists()


@pytest.mark.django_db
def test_file_report_keeps_no_answer_that_left_the_path():
    report = file_report(visit({**ANSWERS, "scam": "scam", "unknown": "yes"}), submission_id=uuid.uuid4())
    assert report.triage_answers() == ANSWERS


@pytest.mark.django_db
@pytest.mark.parametrize("doubt", ["is_nearest", "is_guessed", ""])
def test_file_report_says_that_the_unit_has_to_be_checked(doubt):
    choice = replace(CHOICE, **({doubt: True} if doubt else {}))
    assert file_report(visit(ANSWERS, choice=choice), submission_id=uuid.uuid4()).is_nearest is bool(doubt)


@pytest.mark.django_db
def test_file_report_twice_is_the_first():
    submission_id = uuid.uuid4()
    first = file(submission_id, age_band=AgeBand.UNDER_15)
    again = file(submission_id, age_band=AgeBand.ADULT)
    assert first == again and again.is_minor
    assert Report.objects.count() == 1


@pytest.mark.django_db
def test_form_that_comes_again_with_typed_words_makes_no_key():
    """Django calls a callable among the defaults only for a new row; a value would be sealed each time."""
    submission_id, typed = uuid.uuid4(), dict.fromkeys(NOT_TICKED, "Des mots")
    first = file(submission_id, **typed)
    keys = WrappedKey.objects.count()
    assert keys and file(submission_id, **typed) == first
    assert WrappedKey.objects.count() == keys


@pytest.mark.django_db(transaction=True)
def test_file_report_submitted_many_times_at_once():
    submission_id = uuid.uuid4()
    assert len({report.pk for report in in_threads(6, lambda _i: file(submission_id))}) == 1


@pytest.mark.django_db
def test_file_report_seals_the_answers():
    report = file(uuid.uuid4())
    with connection.cursor() as cursor:
        cursor.execute("SELECT triage_answers_sealed FROM reports_report")
        assert b"danger" not in bytes(cursor.fetchone()[0])
    assert Report.objects.get(pk=report.pk).triage_answers() == ANSWERS


@pytest.mark.django_db
def test_file_report_gives_the_exchange_a_key_of_its_own():
    submission_id = uuid.uuid4()
    first, other = file(submission_id), file(uuid.uuid4())
    assert file(submission_id) == first
    assert {first.data_key, other.data_key} == set(WrappedKey.objects.values_list("pk", flat=True)), "one a report"
    assert encryption.data_key_of(first.triage_answers_sealed) == first.data_key
    assert first.data_key_since is not None, "nothing of it was ever sealed with the ring"
    assert open_conversation(report=first).data_key == first.data_key


@pytest.mark.django_db(transaction=True)
def test_file_report_that_fails_leaves_no_key():
    with pytest.raises(TextRefused):
        file(uuid.uuid4(), name="x" * 600)
    assert not Report.objects.exists() and not WrappedKey.objects.exists()


@pytest.mark.django_db
def test_file_report_beside_the_version_before_makes_no_key(settings):
    settings.EXCHANGE_KEYS = "read"
    report = file(uuid.uuid4())
    assert report.data_key is None and report.data_key_since is None and not WrappedKey.objects.exists()
    assert encryption.key_name(bytes(report.triage_answers_sealed)) == "test"


@pytest.mark.django_db
def test_file_report_of_a_crowded_network_keeps_its_urgency_and_says_so():
    in_danger = visit({"danger": "yes"})
    alone = file_report(in_danger, submission_id=uuid.uuid4())
    many = file_report(in_danger, submission_id=uuid.uuid4(), is_crowded=True)
    assert (alone.urgency, alone.is_crowded) == (Urgency.CRITICAL, False)
    assert (many.urgency, many.is_crowded) == (Urgency.CRITICAL, True)


def test_is_crowded_counts_a_network_and_no_other(rf, monkeypatch, set_rule):
    set_rule(definitions.REPORTS_MOST, 20)
    monkeypatch.setattr(rate_limits.time, "time", lambda: 3_000_000_000.0)
    cache.clear()
    here, there = (rf.get("/", REMOTE_ADDR=address) for address in ("192.0.2.1", "198.51.100.1"))
    assert [way_in._is_crowded(here, Urgency.NORMAL) for _each in range(21)] == [False] * 20 + [True]
    assert not way_in._is_crowded(there, Urgency.NORMAL)


def filed_from(rf, lines, number, urgency=Urgency.NORMAL):
    """Return whether one report more is crowded, from this line of a network."""
    return way_in._is_crowded(rf.get("/", REMOTE_ADDR=lines.format(number)), urgency)


@pytest.mark.django_db
@pytest.mark.parametrize(("lines", "believed"), [("2001:db8:0:ff{:02x}::1", 84), ("2001:db8:0:{:x}00::1", 120)])
def test_is_crowded_counts_a_household_and_a_provider_s_part_too(rf, set_rule, lines, believed):
    """One /56 had 51,200 believed reports an hour, with a fresh /64 for each."""
    set_rule(definitions.REPORTS_MOST, 20)
    assert [filed_from(rf, lines, number) for number in range(believed + 5)] == [False] * believed + [True] * 5
    assert not filed_from(rf, "2001:db8:1::1", 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "believed"), [("192.0.2.1", 20), ("2001:db8:0:ff{:02x}::1", 84), ("2001:db8:0:{:x}00::1", 84)]
)
def test_is_crowded_begins_sooner_for_those_who_say_danger(rf, lines, believed):
    """As the rule of reports comes, 1,200 of one /48 stood before a real danger in each hour."""
    found = [filed_from(rf, lines, number, Urgency.CRITICAL) for number in range(believed + 5)]
    assert found == [False] * believed + [True] * 5
    assert not filed_from(rf, lines, 0, Urgency.HIGH), "neighbours who say no danger stand where they stood"
    assert not filed_from(rf, "2001:db8:1::1", 0, Urgency.CRITICAL)
