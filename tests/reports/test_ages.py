"""The age of the victim, as this version and the one before write and read it, beside each other."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from psycopg.sql import SQL, Identifier

from chat.casework.person_summary import read_person_summary
from chat.conversations.waiting_list import read_waiting
from chat.supervision import live_board
from reports.actions import file_report
from reports.forms import AddedForm
from reports.models import AgeBand, Report
from tests.factories import chat as make
from tests.reports.test_actions import ANSWERS, visit

pytestmark = pytest.mark.django_db

# The ages that a web process of the version before the way in knows (c2991fb). It raises an error for any other.
KNOWN_BEFORE = {"under_15", "15_17", "adult", "unknown"}


def column(report: Report, name: str) -> str:
    """Return what a process of the version before reads, past this version's model."""
    return str(Report.objects.filter(pk=report.pk).values_list(name, flat=True)[0])


def written_before(age: str) -> Report:
    """Return a row as the version before writes it: it names no column that it does not know."""
    report = make.report()
    fields = [field.column for field in Report._meta.concrete_fields if field.column not in {"id", "later_age_band"}]
    names = SQL(", ").join(map(Identifier, fields))
    with connection.cursor() as cursor:
        copy = SQL("CREATE TEMP TABLE before AS SELECT {} FROM reports_report WHERE id = {}")
        cursor.execute(copy.format(names, report.pk))
        report.delete()
        cursor.execute("UPDATE before SET age_band = %s", [age])
        cursor.execute(SQL("INSERT INTO reports_report ({0}) SELECT {0} FROM before RETURNING id").format(names))
        [(key,)] = cursor.fetchall()
        cursor.execute("DROP TABLE before")
    return Report.objects.get(pk=key)


@pytest.mark.parametrize("age", AgeBand.values)
def test_every_age_is_written_so_that_the_version_before_reads_it(age: str) -> None:
    report = make.report(**AgeBand.as_stored(age))
    assert column(report, "age_band") in KNOWN_BEFORE
    assert AgeBand(column(report, "age_band")).is_minor == AgeBand(age).is_minor
    assert Report.objects.get(pk=report.pk).age == age


def test_report_of_the_door_is_filed_so() -> None:
    report = file_report(visit(ANSWERS), submission_id=uuid.uuid4(), age_band=AgeBand.UNDER_18)
    assert (column(report, "age_band"), column(report, "later_age_band")) == ("15_17", "under_18")
    assert report.age == AgeBand.UNDER_18 and report.is_minor
    assert AddedForm.of(report, familiar=True).already_said == ["Victime", "Moins de 18 ans"]


@pytest.mark.parametrize("age", ["under_15", "15_17", "adult", "unknown", "under_18"])
def test_row_of_the_version_before_is_read(age: str) -> None:
    """« under_18 » stands in that column where a build between the two wrote it."""
    assert written_before(age).age == age


@pytest.mark.parametrize("fields", [{"age_band": "of_2030"}, {"age_band": "15_17", "later_age_band": "of_2030"}])
def test_unknown_choices_of_a_later_version_stop_nobody(fields: dict[str, Any]) -> None:
    """The queue, the board, and the page of the agent draw a row that a later version wrote."""
    conversation = make.waiting(**fields, role="neighbour", facts=["deepfake"], since="decade", outcome="elsewhere")
    report = conversation.report
    assert report.is_minor == ("later_age_band" in fields)  # the nearest one that is known, or unknown
    (person,) = read_waiting().people
    assert person.role == "victim" and person.is_minor == report.is_minor
    assert live_board.read(timezone.now(), units=[]).waiting == 1
    summary = read_person_summary(conversation, timezone.now())
    assert (summary.facts, summary.since, summary.role) == (["deepfake"], "decade", "neighbour")
    assert AddedForm.of(report, familiar=False).already_said
