"""A text is found by its words, whatever their accents and capitals."""

import pytest

from common.texts import folded


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Il m'a menacée hier", "MENACEE"),
        ("une sœur, un élève", "soeur eleve"),
        ("Cafe\u0301 du Port", "café"),
        ("Ægir écrit", "aegir"),
    ],
)
def test_accents_capitals_and_ligatures_do_not_matter(text, wanted):
    assert folded.has_words(folded.fold(text), folded.words_of(wanted))


def test_all_words_are_needed_in_any_order():
    text = folded.fold("Il publie mes photos sur un compte")
    assert folded.has_words(text, folded.words_of("compte photos"))
    assert not folded.has_words(text, folded.words_of("compte vidéo"))


def test_words_that_are_asked_twice_are_one():
    assert folded.words_of("  Été ete  ÉTÉ hiver ") == ["ete", "hiver"]


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("L'été, la sœur ÉTÉ", "ete", ["été", "ÉTÉ"]),
        ("ma sœur", "soeur", ["sœur"]),
        ("ma sœur", "oe", ["œ"]),
        ("Cafe\u0301 noir", "cafe noir", ["Cafe", "noir"]),
        ("menaces et menace", "menace menaces", ["menaces", "menace"]),
        ("rien", "autre", []),
    ],
)
def test_places_are_those_of_the_text_as_it_is_written(text, wanted, found):
    assert [text[a:b] for a, b in folded.places_of(text, folded.words_of(wanted))] == found
