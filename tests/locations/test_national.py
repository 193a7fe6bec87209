"""The national numbers in the visitor's language."""

import json
import re
from importlib import import_module
from importlib.resources import files

import pytest
from django.apps import apps
from django.utils.translation import override

from locations import national
from locations.models import Partner


def test_every_text_of_the_national_numbers_is_marked():
    data = json.loads(files("locations").joinpath("data/units.json").read_text())
    numbers = [partner for partner in data["partners"] if partner["kind"] == "national"]
    texts = {
        number[name] for number in numbers for name in ("name", "telephone_hours", "presentation") if name in number
    }
    assert texts - {"France Victimes"} == national.TEXTS


def test_in_language_leaves_nothing_in_french():
    with override("en"):
        assert national.in_language("jour et nuit, tous les jours") == "day and night, every day"
        assert [text for text in national.TEXTS if national.in_language(text) == text] == []


def test_in_language_leaves_other_texts_alone():
    with override("en"):
        assert national.in_language("sur rendez-vous") == "sur rendez-vous"
        assert national.in_language("") == ""


def test_national_numbers_are_presented_without_a_person():
    """A minor reads the same row as everybody: « Si vous pensez au suicide » was said to them."""
    spoken = re.compile(r"\b(?:vous|votre|vos|tu|toi|ton|ta|tes)\b|\bt'", re.IGNORECASE)
    assert [text for text in national.TEXTS if spoken.search(text)] == []


@pytest.mark.django_db
def test_rows_of_the_version_before_are_those_of_now_unless_somebody_wrote_them():
    module = import_module("locations.migrations.0006_national_numbers")
    data = json.loads(files("locations").joinpath("data/units.json").read_text())
    now = {one["telephone"]: one for one in data["partners"] if one["kind"] == "national"}

    def row(telephone: str, key: str, **own: str) -> Partner:
        return Partner.objects.create(kind="national", key=key, name=key, telephone=telephone, source="demo", **own)

    suicide, women = row("3114", "a", presentation=module.BEFORE), row("3919", "b")
    own = row("3114", "c", presentation="Le nôtre."), row("3919", "d", telephone_hours="le lundi")
    module.write_anew(apps, None)
    for one in (suicide, women, *own):
        one.refresh_from_db()
    assert suicide.presentation == now["3114"]["presentation"]
    assert women.telephone_hours == now["3919"]["telephone_hours"] == "jour et nuit, tous les jours"
    assert [own[0].presentation, own[1].telephone_hours] == ["Le nôtre.", "le lundi"]


@pytest.mark.django_db
def test_hours_of_116_006_are_those_of_the_day_unless_somebody_wrote_them():
    module = import_module("locations.migrations.0007_national_hours")
    data = json.loads(files("locations").joinpath("data/units.json").read_text())
    [now] = [one["telephone_hours"] for one in data["partners"] if one.get("telephone") == module.NUMBER]

    def row(key: str, hours: str, telephone: str = module.NUMBER) -> Partner:
        return Partner.objects.create(
            kind="national", key=key, name=key, telephone=telephone, telephone_hours=hours, source="demo"
        )

    rows = [row("a", module.BEFORE), row("b", "de 9 h à 20 h"), row("c", module.BEFORE, "3919")]
    module.write_anew(apps, None)
    hours = [Partner.objects.get(pk=one.pk).telephone_hours for one in rows]
    assert hours == [now, "de 9 h à 20 h", module.BEFORE] and now == module.AFTER
