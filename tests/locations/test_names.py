"""Names of places in the ways in which people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locations.names import department_of, normalise_name, normalise_place, unit_core


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("L'Haÿ-les-Roses", "l hay les roses"),
        ("  SAINT-DENIS ", "saint denis"),
        ("St Denis", "saint denis"),
        ("Ste-Colombe", "sainte colombe"),
        ("Œuilly", "oeuilly"),
        ("Oô", "oo"),
        ("Châlons s/ Marne", "chalons sur marne"),
        ("S", "s"),
        ("L’Île-d’Yeu", "l ile d yeu"),
        ("🙂 - '", ""),
    ],
)
def test_normalise_spellings(typed, expected):
    assert normalise_name(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Paris 16e arrondissement", "paris 16"),
        ("Paris XVIe", "paris 16"),
        ("PARIS CEDEX 01", "paris 1"),
        ("3ème Lyon", "lyon 3"),
        ("Marseille 1er", "marseille 1"),
        ("Vireux VI", "vireux vi"),
    ],
)
def test_normalise_place_of_towns_with_arrondissements(typed, expected):
    assert normalise_place(typed) == expected


@given(st.text(max_size=60))
def test_normalise_is_stable_and_plain(text):
    once = normalise_name(text)
    assert set(once) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert normalise_name(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brigade de gendarmerie - Belley", "Gendarmerie - Brigade de Belley"),
        ("Commissariat de police d'Aix en Provence", "Commissariat de police d'Aix-en-Provence"),
        ("Commissariat de police de la Ciotat", "Commissariat de police de La Ciotat"),
        ("Commissariat de police de L'Hay-les-Roses", "Commissariat de police de L'Haÿ-les-Roses"),
        ("Gendarmerie - Brigade de La-Possession ", "Brigade de gendarmerie - La Possession"),
        ("Commissariat d’agglomération de Massy", "Commissariat d'agglomération de Massy"),
    ],
)
def test_unit_core_same_unit_in_two_editions(one, other):
    assert unit_core(one) == unit_core(other)


def test_unit_core_different_units():
    assert unit_core("Commissariat de police de Saint-Denis") != unit_core("Commissariat de police de Saint-Ouen")


@pytest.mark.parametrize(("code", "department"), [("01001", "01"), ("2A004", "2A"), ("97411", "974"), ("98735", "987")])
def test_department_of(code, department):
    assert department_of(code) == department
