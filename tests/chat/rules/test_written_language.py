"""The guess of a language, measured on sentences: somebody who writes French is hardly ever taken for a speaker of
another language.
"""

import pytest

from chat.rules import written_language
from tests.chat.rules.written_sentences import FOREIGN, FRENCH, NOTHING

# ADR 0078 has the figures of today. Somebody who changes the guess keeps at least these.
FOUND = 0.9


def test_french_as_people_write_it_is_never_marked(tried):
    taken = {text: code for text in FRENCH if (code := written_language.guess_language(text)) not in ("", "fr")}
    assert taken == {}
    tried("French sentences that are not taken for another language", len(FRENCH))


def test_other_languages_are_found_and_hardly_ever_taken_for_another(tried):
    guessed = [(code, written_language.guess_language(text), text) for code, text in FOREIGN]
    wrong = [one for one in guessed if one[1] not in ("", one[0])]
    missed = [one for one in guessed if one[1] == ""]
    assert wrong == []
    assert len(missed) <= (1 - FOUND) * len(FOREIGN), missed
    tried("sentences whose language is found", len(guessed) - len(missed))


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_said_of_a_short_text(text):
    assert written_language.guess_language(text) == ""


def test_a_long_text_is_looked_at_up_to_its_bound():
    long = "somebody is posting my pictures on the internet and i am very scared " * 5_000
    assert written_language.count_letters(long) == written_language.LETTERS_READ
    assert written_language.guess_language(long) == "en"
