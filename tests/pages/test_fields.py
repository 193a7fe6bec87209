"""One field of a form, which its component draws in every state."""

import re
from datetime import date, datetime

import pytest
from django import forms
from django.template import Context
from django.template.engine import Engine
from django.template.loader import get_template
from django.utils.safestring import SafeString

from pnav.pages.templatetags import fields
from tests.support.reading import spaced, squeezed
from tests.support.strict_html import errors


class Asked(forms.Form):
    motive = forms.CharField(label="Motif", max_length=5, error_messages={"required": "Écrivez un motif !"})
    day = forms.DateField(label="Jour", error_messages={"required": "Choisissez un jour."})
    kind = forms.ChoiceField(label="Genre", choices=[("", "Choisissez"), ("a", "Un"), ("b", "Deux")], initial="b")
    is_sure = forms.BooleanField(label="Je confirme", error_messages={"required": "Cochez la case."})
    several = forms.MultipleChoiceField(
        label="Faits", choices=[("x", "Insultes"), ("y", "Menaces")], widget=forms.CheckboxSelectMultiple
    )

    def clean(self):
        if self.cleaned_data.get("motive") == "tout":
            self.add_error(None, "Rien ne va.")


def draw(source: str, **values: object) -> str:
    html = Engine.get_default().from_string("{% load fields %}" + source).render(Context(values))
    assert errors(f"<form>{html}</form>") == []
    return spaced(squeezed(html))


def control(html: str) -> str:
    return re.findall(r"<(?:input|textarea|select)[^>]*>", html)[0]


def sent(**data: str) -> Asked:
    form = Asked(data)
    form.is_valid()
    return form


def test_field_without_an_error_names_nothing():
    html = draw("{% field form.motive max=5 %}", form=Asked())
    assert '<label class="fr-label" for="id_motive" id="id_motive-label">Motif</label>' in html
    assert 'maxlength="5"' in control(html) and 'autocomplete="off"' in control(html)
    assert "aria-" not in html and "autofocus" not in html and "error" not in html


def test_error_stands_beside_the_field_and_is_named_by_it():
    html = draw('{% field form.motive hint="Sans nom." about="aide" %}', form=sent(kind="a"))
    assert "fr-input-group--error" in html and '<span class="fr-hint-text">Sans nom.</span>' in html
    assert 'aria-invalid="true" aria-describedby="aide id_motive-error" autofocus' in control(html)
    assert '<p class="fr-error-text" id="id_motive-error">Écrivez un motif !</p>' in html


def test_first_field_in_error_alone_takes_the_focus():
    form = sent(motive="ok")
    assert "autofocus" in control(draw("{% field form.day kind='date' %}", form=form))
    assert "autofocus" not in control(draw("{% field form.is_sure kind='checkbox' %}", form=form))


@pytest.mark.parametrize(("motive", "given"), [("", " summary=True"), ("tout", "")])
def test_list_of_errors_takes_the_focus_itself(motive, given):
    html = draw("{% field form.day kind='date'" + given + " %}", form=sent(motive=motive))
    assert 'aria-invalid="true"' in html and "autofocus" not in html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% field form.motive kind='area' rows=2 %}", '<textarea class="fr-input"'),
        ("{% field form.day kind='date' %}", 'value="2026-11-27"'),
        ("{% field form.kind kind='select' %}", '<option value="a" selected>Un</option>'),
        ("{% field form.is_sure kind='checkbox' small=True %}", 'name="is_sure" checked'),
        ("{% choices form.several boxes=True hint='Plusieurs.' %}", 'name="several" value="y" checked>'),
    ],
)
def test_what_was_typed_is_kept(source, expected):
    form = Asked({"motive": "<b>", "day": "2026-11-27", "kind": "a", "is_sure": "on", "several": ["y"]})
    html = draw(source, form=form)
    assert expected in html and "<b>" not in html
    assert "&lt;b&gt;" in html or "motive" not in source


def test_page_without_a_form_draws_the_field_empty():
    """Most pages of the console make a form only when something was sent."""
    html = draw('{% field form.motive id="m" name="motive" label="Motif" %}', form=None)
    assert 'id="m" name="motive"' in html and 'value=""' in html and "error" not in html
    assert draw('{% field None id="m" name="motive" label="Motif" kind="area" %}').count("</textarea>") == 1


def test_group_is_named_by_its_legend_and_its_error():
    html = draw("{% choices form.several boxes=True %}", form=sent(motive="ok"))
    assert 'tabindex="-1" aria-labelledby="id_several-legend id_several-error"' in html
    assert html.count('aria-describedby="id_several-error"') == 2 and "fr-fieldset--error" in html


def test_box_has_its_error_in_its_name():
    html = draw("{% field form.is_sure kind='checkbox' %}", form=sent(motive="ok"))
    assert 'aria-labelledby="id_is_sure-label id_is_sure-error"' in control(html)


def test_parts_serve_a_control_that_is_written_by_hand():
    part = '{% include "components/field.html#PART" with field=form.motive id="m" only %}'
    assert draw(part.replace("PART", "state"), form=sent()).strip().startswith('aria-invalid="true"')
    assert '<p class="fr-error-text" id="m-error">' in draw(part.replace("PART", "error"), form=sent())
    assert draw(part.replace("PART", "state"), form=Asked()).strip() == ""


@pytest.mark.parametrize("kind", ["", "area"])
def test_spelling_is_left_alone_in_a_line_and_in_an_area_with_an_error_and_without(kind):
    for form in (Asked(), sent(kind="a")):
        source = f"{{% field form.motive kind='{kind}' %}}"
        assert "spellcheck" not in control(draw(source, form=form))
        assert ' spellcheck="false"' in control(draw(source.replace(" %}", " unspelled=True %}"), form=form))


def test_id_for_each_key():
    assert draw('{{ "note"|of:key }}', key=7) == "note-7"


@pytest.mark.parametrize("kind", ["", "area", "select", "checkbox", "date", "time", "datetime-local"])
@pytest.mark.parametrize(
    "value",
    ["", None, "a", "<b> : « x »", 0, 1234, date(2026, 12, 1), datetime(2026, 12, 1, 8, 5)],  # noqa: DTZ001
)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"bare": True, "hint": "Combien ?", "rows": 7, "max": 2000},
        {"about": "aide", "offer": True, "group": "ici", "unspelled": True},
    ],
)
def test_pieces_are_what_the_component_draws(kind, value, more):
    """A field without an error is put together from pieces, which are the same as its template's, whatever is asked."""
    if kind == "datetime-local" and type(value) is date:
        value = datetime(2026, 12, 1)  # noqa: DTZ001  as a form has it
    given = {"id": "m", "name": "motive", "label": "Motif <i> ?", "kind": kind, **more}
    html = fields.field(None, value=value, choices=[("", "Un"), ("a", "<Deux>"), (0, "Zéro !")], **given)
    plain = {**given, "value": value, "is_ticked": bool(value)}
    if kind == "select":
        plain["options"] = re.search(r"<option.*</option>", html)[0]
        chosen = {"": ["Un"], "a": ["&lt;Deux&gt;"], 0: ["Zéro\u00a0!"]}.get(value, [])
        assert re.findall(r"selected>([^<]*)<", html) == chosen and html.count("<option") == 3
        plain["options"] = SafeString(plain["options"])
    assert html == get_template("components/field.html").render(plain)


def test_piece_of_one_value_is_not_drawn_for_another():
    first, other = (fields.field(None, id=one, name=one, label=one, value=one) for one in ("un", "deux"))
    assert "deux" not in first and "un" not in other.replace("unspelled", "") and first.replace("un", "deux") == other
