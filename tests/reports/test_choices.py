"""What a person may tick of a report goes all the way: form, filing, and the page of the agent."""

import inspect
import re
from dataclasses import fields

import pytest
from django.conf import settings

from chat.casework.person_summary import PersonSummary
from reports import texts
from reports.actions import file_report
from reports.forms import ReportForm
from reports.models import Report

TEMPLATES = settings.BASE_DIR / "templates"
NOT_TICKED = {"name", "contact"}  # sealed as they come: no agent reads them
CALLED_BY_THE_AGENT = {"age_band": "age"}  # where `PersonSummary` has another name for it
CHOICES = sorted(set(ReportForm(familiar=False, initial={}).fields) - NOT_TICKED)


def of_the_report() -> set[str]:
    """The fields of the table that a person fills in by ticking: a choice or several, and no fact of routing."""
    routing = {"urgency", "force"}
    return {
        field.name
        for field in Report._meta.concrete_fields
        if (getattr(field, "choices", None) or getattr(getattr(field, "base_field", None), "choices", None))
        and field.name not in routing
    }


def test_form_and_table_have_the_same_choices():
    assert set(CHOICES) == of_the_report() == set(texts.OPTIONS)


@pytest.mark.parametrize("name", CHOICES)
def test_choice_is_filed(name):
    assert name in inspect.signature(file_report).parameters
    assert re.search(rf'"{name}": (list\()?{name}', inspect.getsource(file_report)), "in the defaults of the row"


@pytest.mark.parametrize("name", CHOICES)
def test_choice_is_drawn_for_the_person(name):
    pages = [page.read_text() for folder in ("reports", "chat") for page in (TEMPLATES / folder).glob("*.html")]
    drawn = [page for page in pages if re.search(rf"\b\w*form\.{name}\b", page)]
    assert drawn, "no template of the form draws it"


@pytest.mark.parametrize("name", CHOICES)
def test_choice_is_shown_to_the_agent(name):
    known = CALLED_BY_THE_AGENT.get(name, name)
    assert known in {field.name for field in fields(PersonSummary)}
    assert f"dossier.{known}" in (TEMPLATES / "console" / "_person_summary.html").read_text()
