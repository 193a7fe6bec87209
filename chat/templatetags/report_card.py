"""`{% touched_questions form %}`: the questions of the signalement that are touched while waiting: thirty boxes."""

from collections.abc import Sequence
from typing import cast

from django import template
from django.forms import BoundField
from django.forms.widgets import ChoiceWidget
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from common.texts import cache as text_cache
from common.texts.patterns import Pattern
from reports.forms import AddedForm

register = template.Library()

_QUESTION = Pattern("chat/_touched_question.html", ["question.legend", "question.boxes"])
_BOX = Pattern("chat/_touched_box.html", [f"box.{field}" for field in ("type", "id", "name", "value", "label")])

type Boxes = Sequence[tuple[str, SafeString, SafeString]]


@register.simple_tag
def touched_questions(form: AddedForm) -> SafeString:
    """Each question with its boxes, ticked as the form holds them. Their number is that of the choices in the code.

    The names, ids and values are those of Django's own widgets, whose drawing took as long as a third of the page
    (docs/adr/0073).
    """
    question = _QUESTION.filler()
    drawn: list[str] = []
    for field in form.touched:
        held = field.value()
        ticked = {held} if isinstance(held, str) else set(held or ())
        boxes = [yes if value in ticked else no for value, no, yes in _boxes(form, field)]
        drawn.append(question(field.label, mark_safe("".join(boxes))))  # noqa: S308  drawn by our own template
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template


def _boxes(form: AddedForm, field: BoundField) -> Boxes:
    """Each choice with its box, not ticked and ticked: drawn once for each question, language and manner."""
    if text_cache.is_previewing():
        return _draw_boxes(form, field)
    kept = text_cache.boxes()
    place = (field.html_name, field.auto_id, get_language(), form.discreet)
    if (boxes := kept.get(place)) is None:
        boxes = kept[place] = _draw_boxes(form, field)
    return boxes


def _draw_boxes(form: AddedForm, field: BoundField) -> Boxes:
    no, yes = _BOX.filler(is_selected=False), _BOX.filler(is_selected=True)
    widget = cast(ChoiceWidget, field.field.widget)  # each of these questions has choices
    drawn = []
    for number, (value, label) in enumerate(widget.choices):
        box = (widget.input_type, f"{field.auto_id}_{number}", field.html_name, value, label)
        drawn.append((str(value), no(*box), yes(*box)))
    return drawn
