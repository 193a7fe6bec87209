"""The short sections of the home page: what happened to the longer ones, and to those that administrators had
changed.
"""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from pnav.pages.models import ContentBlock

pytestmark = pytest.mark.django_db

FIRST = import_module("pnav.pages.migrations.0002_first_contents")
CORRECTED = import_module("pnav.pages.migrations.0010_short_sections")
SHORTER = import_module("pnav.pages.migrations.0011_shorter_home")


def _former(slug: str) -> tuple[str, str]:
    """Return the section as the migrations before left it, in French and in English."""
    french, english = next((one[1][1], one[2][1]) for one in FIRST.BLOCKS if one[0] == slug)
    for_french, for_english = CORRECTED.CHANGES.get(slug, ((), ()))
    return CORRECTED._changed(french.strip(), for_french), CORRECTED._changed(english.strip(), for_english)


def _lengthen(slug: str, *, french: str = "", english: str = "") -> None:
    """Restore the state before this version, but for what an administrator wrote."""
    former = _former(slug)
    block = ContentBlock.objects.get(slug=slug)
    block.body = french or former[0]
    block.set_texts({"body_en": english or former[1]}).save()
    block.text_rows.update(source_text=None)  # as written by a version that did not record it


def _shorten(*slugs: str) -> list[Any]:
    SHORTER.shorten(apps, None)
    return [ContentBlock.objects.get(slug=slug) for slug in slugs]


def test_sections_that_nobody_changed_are_short_now():
    for slug in SHORTER.SHORT:
        _lengthen(slug)
    for block in _shorten(*SHORTER.SHORT):
        assert (block.body, block.named_texts()["body_en"]) == tuple(one.strip() for one in SHORTER.SHORT[block.slug])
        assert block.outdated() == {} and "+++" not in block.body
        assert len(block.body) < len(_former(block.slug)[0])


def test_section_that_somebody_changed_stays():
    _lengthen("loi", french="Un texte de la maison.")
    _lengthen("retrait", french="Un texte de la maison.", english="Our own text.")
    law, removal = _shorten("loi", "retrait")
    assert (law.body, law.named_texts()["body_en"]) == ("Un texte de la maison.", _former("loi")[1])
    assert (removal.body, removal.named_texts()["body_en"]) == ("Un texte de la maison.", "Our own text.")


def test_translation_that_somebody_changed_stays_and_is_outdated():
    _lengthen("retrait", english="Our own text.")
    (removal,) = _shorten("retrait")
    assert removal.body == SHORTER.SHORT["retrait"][0].strip() and removal.named_texts()["body_en"] == "Our own text."
    assert removal.outdated() == {"body_en": _former("retrait")[0]}


def test_ends_of_lines_of_a_form_are_no_change():
    _lengthen("retrait", french=_former("retrait")[0].replace("\n", "\r\n"))
    (removal,) = _shorten("retrait")
    assert removal.body == SHORTER.SHORT["retrait"][0].strip()
