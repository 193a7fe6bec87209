import uuid

import pytest
from django.db import connection

from locations.session import Choice
from reports.actions import file_report
from reports.models import AgeBand, Report
from tests.chat.test_actions import in_threads
from triage.rules import assess

CHOICE = Choice(postal_code="93200", municipality=None, reception_point=None, is_nearest=False)
ANSWERS = {"danger": "no", "observed": "no"}


def file(submission_id, **more):
    return file_report(submission_id=submission_id, answers=ANSWERS, assessment=assess(ANSWERS), choice=CHOICE, **more)


@pytest.mark.django_db
def test_file_report_twice_is_the_first():
    submission_id = uuid.uuid4()
    first = file(submission_id, age_band=AgeBand.UNDER_15)
    again = file(submission_id, age_band=AgeBand.ADULT)
    assert first == again and again.is_minor
    assert Report.objects.count() == 1


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
