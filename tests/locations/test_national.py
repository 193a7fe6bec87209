"""The national numbers in the visitor's language."""

import json
from importlib.resources import files

from django.utils.translation import override

from locations import national


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
