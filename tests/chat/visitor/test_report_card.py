"""The choices that can be touched while waiting are those of Django's own widgets, checked as the form has them."""

import re

import pytest
from django.utils import translation
from django.utils.html import escape

from chat.templatetags.report_card import touched_questions
from reports.forms import TouchedReport
from reports.models import Report, ReporterRole
from tests.support import begun

TAG = re.compile(r"<(input)([^>]*)>|<label[^>]*>([^<]*)</label>|<legend[^>]*>([^<]*)</legend>")


def _by_django(card: TouchedReport) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for field in card.form().touched:
        found.append(("legend", str(field.label)))
        for box in field:
            data = box.data
            found.append(
                ("box", data["type"], box.id_for_label, data["name"], str(data["value"]), bool(data["selected"]))
            )
            found.append(("label", str(box.choice_label)))
    return found


def _drawn(card: TouchedReport) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for match in TAG.finditer(touched_questions(card)):
        if match[1]:
            given = dict(re.findall(r'([a-z]+)="([^"]*)"', match[2]))
            assert given["form"] == "compose"
            is_ticked = match[2].rstrip().endswith(" checked")
            found.append(("box", given["type"], given["id"], given["name"], given["value"], is_ticked))
        else:
            found.append(("label", match[3]) if match[3] is not None else ("legend", match[4]))
    return found


REPORTS = {
    "nothing": {},
    "some": {"facts": ["insults", "image"], "platforms": ["social"], "since": "week", "expectations": ["advice"]},
}


@pytest.mark.parametrize("discreet", [False, True])
@pytest.mark.parametrize("familiar", [False, True])
@pytest.mark.parametrize("language", begun.offered())
def test_boxes_are_those_of_the_form(language, familiar, discreet):
    with translation.override(language):
        for held in REPORTS.values():
            report = Report(role=ReporterRole.VICTIM, **held)
            card = TouchedReport(report, familiar, discreet)
            drawn = _drawn(card)
            assert drawn == [_escaped(one) for one in _by_django(card)]
            assert card.already_said == card.form().already_said
            assert sum(one[0] == "box" and one[-1] for one in drawn) == sum(
                len(value) if isinstance(value, list) else 1 for value in held.values()
            )


def test_what_the_report_holds_is_ticked_and_nothing_unknown():
    card = TouchedReport(Report(facts=["insults", "<b>"], since="week"), familiar=False)
    assert [one[4] for one in _drawn(card) if one[0] == "box" and one[-1]] == ["insults", "week"]


def test_form_is_made_only_where_its_questions_are_drawn_anew(monkeypatch):
    card = TouchedReport(Report(facts=["image"]), familiar=False)
    before = touched_questions(card)
    monkeypatch.setattr(TouchedReport, "form", None)
    assert touched_questions(card) == before
    assert touched_questions(TouchedReport(Report(), familiar=False)) == before.replace(" checked", "")


def _escaped(one: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(str(escape(part)) if isinstance(part, str) else part for part in one)
