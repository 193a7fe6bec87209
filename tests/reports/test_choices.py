"""What a person may choose in a report goes all the way: the form, the filing, and the agent's page."""

import inspect
import re
from dataclasses import fields

import pytest
from django.conf import settings

from chat.casework.person_summary import PersonSummary
from chat.console import casework_panels
from chat.visitor import report
from common.texts.catalogue import CATALOGUE
from pnav.demo import script
from reports import texts, views
from reports.actions import add_to_report, file_report
from reports.forms import AddedForm, ReportForm
from reports.models import Report
from reports.seal.sealing import TEXT_MAX_BYTES

TEMPLATES = settings.BASE_DIR / "templates"
NOT_TICKED = {"name", "contact"}  # what the person types
FOR_CUSTODIANS = {"name", "contact"}  # sealed at once, so that no agent reads them
CALLED_BY_THE_AGENT = {"age_band": "age"}  # where `PersonSummary` has another name
CHOICES = sorted(set(ReportForm(familiar=False, initial={}).fields) - NOT_TICKED)


def of_the_report() -> set[str]:
    """Return the fields of the table that a person fills in by ticking: a choice or several, and no fact of routing."""
    routing = {"urgency", "force"}
    return {
        field.name
        for field in Report._meta.concrete_fields
        if (getattr(field, "choices", None) or getattr(getattr(field, "base_field", None), "choices", None))
        and field.name not in routing
    }


def test_form_and_table_have_the_same_choices():
    assert set(CHOICES) == of_the_report()
    assert set(CHOICES) <= set(texts.OPTIONS)  # the choices of each, in the words that the person reads


def test_demonstration_may_tick_each():
    assert set(script.CHOICES) == set(CHOICES)


@pytest.mark.parametrize("name", CHOICES)
def test_choice_is_filed(name):
    """It may be left out: a form of the version before, which a raid puts off, does not ask it."""
    assert inspect.signature(file_report).parameters[name].default is not inspect.Parameter.empty
    written = rf'"{name}": (list\()?{name}|\*\*AgeBand\.as_stored\({name}\)'
    assert re.search(written, inspect.getsource(file_report)), "in the defaults of the row"


@pytest.mark.parametrize("name", sorted(set(CHOICES) - {"role", "age_band"}))
def test_choice_is_touched_and_kept_while_one_waits(name):
    """Who speaks and the age were said before."""
    assert name in AddedForm.TOUCHED
    assert name in inspect.signature(add_to_report).parameters
    assert f'"{name}": ' in inspect.getsource(add_to_report)


@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_are_left_out_of_reports_of_errors(name):
    (told,) = re.findall(r"@sensitive_post_parameters\((.*)\)", inspect.getsource(report.add_to_report))
    assert f'"{name}"' in told
    assert "@sensitive_post_parameters()" in inspect.getsource(views.create), "the page without scripts: every word"


@pytest.mark.parametrize("familiar", [False, True])
@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_have_a_label_and_a_limit(name, familiar):
    """Without a label of ours Django says the name of the field, and its own words when a text is too long."""
    asked = ReportForm({name: "é" * TEXT_MAX_BYTES}, familiar=familiar, initial={"role": "victim", "age_band": "adult"})
    said = {one.say(familiar=familiar) for one in CATALOGUE.values() if one.key.startswith("report.")}
    assert str(asked.fields[name].label) in said
    assert asked.errors[name] and set(asked.errors[name]) <= said


LISTS = {
    "tests/attacks/test_pages.py": r'"/tchat/signalement/": \((.*?)\)',
    "tests/scenarios/test_marked_words.py": r"def form_of.*?return {(.*?)}",
    "benchmarks/costs/inputs.py": r'"reports:create": {(.*?)}',
    "benchmarks/costs/situation.py": r"return key, {\*\*(.*)}",
}


@pytest.mark.parametrize("file", LISTS)
@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_are_in_the_lists_of_what_is_typed(name, file):
    """They are attacked, sought where nothing typed may be, and sent when what a form costs is measured."""
    (typed,) = re.findall(LISTS[file], (settings.BASE_DIR / file).read_text(), re.DOTALL)
    assert f'"{name}"' in typed


@pytest.mark.parametrize("name", CHOICES)
def test_choice_is_drawn_for_the_person(name):
    """Each page that draws the form draws it; one that adds to a report does not ask again who speaks, nor the age."""
    drawn_by = {
        page.name: set(re.findall(r"{% choices form\.(\w+)", page.read_text()))
        for page in (TEMPLATES / "reports").glob("*.html")
    }
    forms = {page: drawn for page, drawn in drawn_by.items() if drawn}
    asked = {page: drawn for page, drawn in forms.items() if name not in {"role", "age_band"} or name in drawn}
    assert forms and asked and [page for page, drawn in asked.items() if name not in drawn] == []


@pytest.mark.parametrize("name", CHOICES)
def test_choice_is_shown_to_the_agent(name):
    """It is on the page, and in the document of the exchange."""
    known = CALLED_BY_THE_AGENT.get(name, name)
    assert known in {field.name for field in fields(PersonSummary)}
    assert f"dossier.{known}" in (TEMPLATES / "console" / "_person_summary.html").read_text()
    assert f"dossier.{known}" in inspect.getsource(casework_panels._facts)


@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_are_kept(name):
    """Both actions keep them, and can do without: the waiting room sends the form without what is typed."""
    kept = f" {name}={name}" if name in FOR_CUSTODIANS else f"{name}_sealed"
    for action in (file_report, add_to_report):
        assert inspect.signature(action).parameters[name].default == ""
        assert kept in inspect.getsource(action)


@pytest.mark.parametrize("page", ["create.html", "add.html"])
@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_are_asked_for(name, page):
    """« Sous scellé » promises that nobody reads what is typed there, so it holds what is for the custodians alone."""
    text = (TEMPLATES / "reports" / page).read_text()
    (under_seal,) = re.findall(r'id="sous-scelle".*?</details>', text, re.DOTALL)
    assert re.search(rf'{{% field form\.{name} [^%]*group="group-{name}"', text), "where the list of errors leads"
    assert (f"{{% field form.{name} " in under_seal) == (name in FOR_CUSTODIANS)


@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_are_shown_to_the_agent_unless_they_are_for_custodians(name):
    """They are on the page, and in the document of the exchange."""
    page = (TEMPLATES / "console" / "_person_summary.html").read_text()
    drawn = [re.search(rf"\bdossier\.{name}\b", text) for text in (page, inspect.getsource(casework_panels._facts))]
    known = name in {field.name for field in fields(PersonSummary)}
    assert [known, *map(bool, drawn)] == [name not in FOR_CUSTODIANS] * 3
