"""What the form of the signalement already knows, and what it accepts, without a database."""

import re

import pytest
from django import forms as django_forms

from reports.forms import ReportForm, initial_from_triage
from reports.models import AgeBand, Expectation, Fact, Platform, ReporterRole
from reports.seal.sealing import TEXT_MAX_BYTES
from tests.triage.paths import ADULT, HELPER, MINOR_CHAT
from triage.questionnaire import past

GROUP = MINOR_CHAT


def make(
    data: dict[str, object] | None = None, *, familiar: bool = False, answers: dict[str, str] = GROUP
) -> ReportForm:
    return ReportForm(data, initial=initial_from_triage(GROUP), familiar=familiar)


def test_initial_from_triage_repeats_nothing_already_said() -> None:
    assert initial_from_triage(GROUP) == {
        "role": ReporterRole.VICTIM,
        "age_band": AgeBand.UNDER_18,
        "facts": [Fact.INSULTS],
        "platforms": [],
    }


def test_initial_from_triage_takes_the_age_of_the_person_who_suffers() -> None:
    initial = initial_from_triage({**HELPER, "helped": "relative_15_17", "facts": "couple"})
    assert (initial["role"], initial["age_band"]) == (ReporterRole.RELATIVE, AgeBand.FROM_15_TO_17)
    assert initial["facts"] == [Fact.COUPLE]


def test_initial_from_triage_for_an_organisation_that_wants_to_talk() -> None:
    initial = initial_from_triage({**ADULT, "facts": "device", "scam": "organisation"})
    assert (initial["role"], initial["facts"]) == (ReporterRole.PROFESSIONAL, [])


def test_initial_from_triage_for_sms_ticks_the_telephone() -> None:
    answers = {**ADULT, "facts": "device", "scam": "sms"}
    assert initial_from_triage(answers)["platforms"] == [Platform.PHONE]


def test_initial_from_triage_under_the_version_before() -> None:
    first = past.find("2026-08-1")
    safe = {"danger": "no", "screen": "no"}
    answers = {**safe, "role": "relative", "age": "adult", "facts": "page", "victim_age": "15_17", "author": "school"}
    initial = initial_from_triage(answers, under=first)
    assert (initial["role"], initial["age_band"]) == (ReporterRole.RELATIVE, AgeBand.FROM_15_TO_17)
    assert initial["facts"] == [Fact.HOSTILE_PAGE]
    initial = initial_from_triage({**safe, "role": "organisation"}, under=first)
    assert (initial["role"], initial["age_band"]) == (ReporterRole.PROFESSIONAL, AgeBand.UNKNOWN)


def test_initial_from_triage_ignores_answers_that_left_the_path() -> None:
    assert initial_from_triage({**GROUP, "facts": "couple", "demand": "image"})["facts"] == [Fact.COUPLE]


@pytest.mark.parametrize("answers", [{}, {"danger": "yes"}])
def test_initial_from_triage_that_stopped_at_once(answers: dict[str, str]) -> None:
    """Somebody who takes the open door of the danger page has said neither role nor age."""
    assert initial_from_triage(answers)["role"] == ReporterRole.VICTIM
    assert initial_from_triage(answers)["age_band"] == AgeBand.UNKNOWN


def test_nothing_is_required() -> None:
    form = make({})
    assert form.is_valid()
    assert form.cleaned_data == {
        "role": "victim",
        "age_band": "under_18",
        "facts": [],
        "platforms": [],
        "since": "",
        "expectations": [],
        "name": "",
        "contact": "",
    }


def test_all_the_choices_are_accepted() -> None:
    data = {
        "role": "witness",
        "age_band": "adult",
        "facts": Fact.values,
        "platforms": Platform.values,
        "since": "week",
        "expectations": Expectation.values,
        "name": "Anaïs Martin",
        "contact": "anais@courriel.example",
    }
    form = make(data)
    assert form.is_valid()
    assert form.cleaned_data == data


@pytest.mark.parametrize("field", ["role", "age_band", "facts", "platforms", "since", "expectations"])
def test_unknown_choice_is_refused_in_words(field: str) -> None:
    for familiar, said in ((False, "Choisissez une réponse de la liste."), (True, "Choisis une réponse de la liste.")):
        form = make({field: ["<nonsense>"] if field.endswith("s") else "<nonsense>"}, familiar=familiar)
        assert list(form.errors) == [field]
        assert form.errors[field] == [said]


def test_no_field_takes_free_text_but_what_is_sealed() -> None:
    widgets = {name: type(field.widget) for name, field in make().fields.items()}
    assert [name for name, widget in widgets.items() if widget is django_forms.TextInput] == ["name", "contact"]
    assert set(widgets.values()) == {
        django_forms.RadioSelect,
        django_forms.CheckboxSelectMultiple,
        django_forms.TextInput,
    }


@pytest.mark.parametrize("field", ["name", "contact"])
@pytest.mark.parametrize(("length", "is_valid"), [(TEXT_MAX_BYTES // 2, True), (TEXT_MAX_BYTES // 2 + 1, False)])
def test_what_is_sealed_is_counted_in_bytes_and_said_in_words(field: str, length: int, is_valid: bool) -> None:
    form = make({field: "é" * length})
    assert form.is_valid() is is_valid
    assert form.has_error_in_sealed is not is_valid
    if not is_valid:
        assert form.errors[field] == ["Ce texte est trop long\u00a0: raccourcissez-le, une ligne ou deux suffisent."]
        assert form[field].value() == "é" * length  # nothing is lost


def test_minors_are_never_addressed_formally() -> None:
    labels = " ".join(str(field.label) for field in make(familiar=True).fields.values())
    assert not re.search(r"\b(vous|votre|vos)\b", labels, re.IGNORECASE)


def test_already_said_follows_what_is_ticked() -> None:
    assert make().already_said == ["Victime", "Moins de 18 ans"]
    said = make({"role": "witness", "age_band": "adult"}).already_said
    assert said == ["Témoin, pour une personne de 18 ans ou plus"]
    assert make({"role": "professional", "age_band": "under_15"}).already_said == [
        "Professionnel, pour une personne de moins de 15 ans"
    ]
    assert make({"role": "relative", "age_band": "unknown"}).already_said == ["Proche"]
    assert make({"role": "<nonsense>", "age_band": ""}).already_said == ["Victime", "Moins de 18 ans"]
    assert make({"role": "<nonsense>"}).has_error_in_said
    assert not make({"since": "<nonsense>"}).has_error_in_said
