"""This is the tag `{% touched_questions card %}`: the thirty boxes of the signalement that can be ticked while
waiting."""

from typing import cast

from django import template
from django.forms import BoundField
from django.forms.widgets import ChoiceWidget
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from common.texts import cache as text_cache
from common.texts.cache import Boxes
from common.texts.patterns import Pattern
from reports.forms import TouchedReport

register = template.Library()

_QUESTION = Pattern("chat/_touched_question.html", ["question.legend", "question.boxes"])
_BOX = Pattern("chat/_touched_box.html", [f"box.{field}" for field in ("type", "id", "name", "value", "label")])


@register.simple_tag
def touched_questions(card: TouchedReport) -> SafeString:
    """Render each question with its boxes, ticked as in the report.

    Names, ids and values are those of Django's own widgets, whose rendering took a third of the page's time
    (docs/adr/0073).
    """
    question = _QUESTION.filler()
    drawn: list[str] = []
    for name, legend, boxes in _questions(card):
        ticked = card.held(name)
        chosen = "".join([yes if value in ticked else no for value, no, yes in boxes])
        drawn.append(question(legend, mark_safe(chosen)))  # noqa: S308  drawn by our own template
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template


def _questions(card: TouchedReport) -> list[tuple[str, str, Boxes]]:
    """Return the name, the legend and the boxes of each question, rendered once for each language, voice and mode."""
    if text_cache.is_previewing():
        return _draw_questions(card)
    kept = text_cache.questions()
    place = ("touched", get_language(), card.familiar, card.discreet)
    if (questions := kept.get(place)) is None:
        questions = kept[place] = _draw_questions(card)
    return questions


def _draw_questions(card: TouchedReport) -> list[tuple[str, str, Boxes]]:
    return [(field.name, str(field.label), _draw_boxes(field)) for field in card.form().touched]


def _draw_boxes(field: BoundField) -> Boxes:
    """Return the value of each choice, with the HTML of its box without and with a tick."""
    no, yes = _BOX.filler(is_selected=False), _BOX.filler(is_selected=True)
    widget = cast(ChoiceWidget, field.field.widget)  # each of these questions has choices
    drawn = []
    for number, (value, label) in enumerate(widget.choices):
        box = (widget.input_type, f"{field.auto_id}_{number}", field.html_name, value, label)
        drawn.append((str(value), no(*box), yes(*box)))
    return drawn
