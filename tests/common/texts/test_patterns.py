"""A small template that is drawn for many rows."""

import pytest
from django.template.loader import get_template
from django.utils import translation
from django.utils.safestring import SafeString

from common.texts import cache as text_cache
from common.texts import patterns
from common.texts.cache import Changed
from common.texts.patterns import Pattern
from tests.support import begun

OPTION = Pattern("locations/_service_option.html", ["id", "value", "name", "force", "address", "distance"])
NO_UNIT = {"is_unit": False, "has_errors": False, "is_first": False}
UNIT = {"is_unit": True, "is_example": False, "has_address": True, "is_competent": False, "has_distance": True}


def _plain(values: tuple[str, ...], asked: dict[str, bool]) -> str:
    named = dict(zip(["id", "value", "name", "force", "address", "distance"], values, strict=True))
    return get_template("locations/_service_option.html").render({**named, **asked})


@pytest.mark.parametrize("asked", [NO_UNIT, NO_UNIT | {"has_errors": True, "is_first": True}, UNIT])
@pytest.mark.parametrize("language", begun.offered())
def test_draws_what_django_draws(language, asked):
    rows = [("1", "1__35", "Rennes", "Police", "1 rue", "3"), ("2", "2__36", "<b>&\"'", "é", "", "0")]
    with translation.override(language):
        fill = OPTION.filler(**asked)
        assert [fill(*row) for row in rows] == [_plain(row, asked) for row in rows]


def test_values_are_escaped_unless_they_are_safe():
    fill = OPTION.filler(**NO_UNIT)
    assert "&lt;i&gt;" in fill("1", "2", "<i>", "", "", "")
    assert "<i>" in fill("1", "2", SafeString("<i>"), "", "", "")


def test_sentence_that_was_changed_is_said():
    before = OPTION.filler(**NO_UNIT)("1", "2", "3", "", "", "")
    text_cache.set_changed({"places.no_unit_here": Changed.named(vous="Aucun service ici.", tu="Aucun service ici.")})
    after = OPTION.filler(**NO_UNIT)("1", "2", "3", "", "", "")
    assert before != after
    assert "Aucun service ici." in after


def test_preview_is_drawn_and_not_kept():
    kept = OPTION.filler(**NO_UNIT)("1", "2", "3", "", "", "")
    with text_cache.previewing({"places.no_unit_here": Changed.named(vous="Un essai.", tu="Un essai.")}):
        assert "Un essai." in OPTION.filler(**NO_UNIT)("1", "2", "3", "", "", "")
    assert OPTION.filler(**NO_UNIT)("1", "2", "3", "", "", "") == kept


def test_what_is_asked_is_told_apart_by_its_name():
    """The same answers to other questions, in whatever order, are another drawing."""
    one = OPTION.filler(is_unit=False, has_errors=True, is_first=False)("1", "2", "3", "", "", "")
    other = OPTION.filler(is_unit=False, is_first=True, has_errors=False)("1", "2", "3", "", "", "")
    assert "aria-describedby" in one and "aria-describedby" not in other


def test_texts_keep_their_percent_signs_and_a_value_may_stand_twice():
    pieces = patterns.cut(f"100 % %s {patterns.mark(1)} · {patterns.mark(0)} · {patterns.mark(1)}")
    assert patterns.fill(pieces, ["50 %", "<i>"]) == "100 % %s &lt;i&gt; · 50 % · &lt;i&gt;"
    assert patterns.fill(patterns.cut("rien à remplir, 3 %"), []) == "rien à remplir, 3 %"
