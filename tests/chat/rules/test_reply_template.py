"""Ready replies: their variables are filled, what is missing is named, and what is wrong is refused."""

import pytest

from chat.rules import reply_template
from chat.rules.reply_template import VARIABLES, faults, fill, inserted, is_unfinished, unknown_variables


def test_variables_are_these():
    assert list(VARIABLES) == ["prenom", "unite", "adresse", "telephone", "horaires", "commune"]
    assert reply_template.ALL == "{prenom}, {unite}, {adresse}, {telephone}, {horaires}, {commune}"


def test_known_is_filled_and_unknown_is_left_to_be_completed():
    text = fill("À {commune}, {adresse} : {autre}", {"commune": "Arles", "adresse": ""})
    assert text == "À Arles, [à compléter : adresse] : [à compléter : autre]"
    assert is_unfinished(text) and not is_unfinished("À Arles")


@pytest.mark.parametrize(
    ("text", "unknown", "count"),
    [
        ("Bonjour {prenom}", [], 0),
        ("{x} et {x}", ["x", "x"], 1),
        ("{x} et {y}", ["x", "y"], 2),
        ("{prenom", [], 1),
        ("prenom}", [], 1),
        ("{x} }", ["x"], 2),
    ],
)
def test_faults(text: str, unknown: list[str], count: int):
    assert unknown_variables(text) == unknown
    said = [str(fault) for fault in faults(text)]
    assert len(said) == count
    assert all(f"{{{name}}}" in " ".join(said) and reply_template.ALL in " ".join(said) for name in unknown)


def test_voice_and_place_in_a_draft():
    assert reply_template.choose("vous", "tu", familiar=True) == "tu"
    assert (
        reply_template.choose("vous", "", familiar=True)
        == reply_template.choose("vous", "tu", familiar=False)
        == "vous"
    )
    assert (inserted("", "b"), inserted(" \n", "b"), inserted("a \n", "b")) == ("b", "b", "a\nb")
