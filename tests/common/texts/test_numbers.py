"""No sentence states a number that the code no longer has."""

import pytest

from common.texts.catalogue import CATALOGUE
from tests.common.texts.numbers import NUMBERS, ROOT, Fact, numbers_in
from tests.common.texts.test_whole import TRANSLATED, visitor_templates


def stated() -> dict[str, set[int]]:
    """Return the numbers that are stated, by the key of the sentence, or by the template that translates words by
    itself.
    """
    found = {}
    for page in visitor_templates():
        words = " / ".join(one[1] or "" for one in TRANSLATED.finditer(page.read_text()))
        if numbers := set(numbers_in(words)):
            found[str(page.relative_to(ROOT))] = numbers
    for key, sentence in CATALOGUE.items():
        numbers = {one for text in (sentence.vous, sentence.tu or "") for one in numbers_in(str(text))}
        if numbers:
            found[key] = numbers
    return found


def test_every_number_that_is_said_has_its_source():
    said = stated()
    missing = {key: sorted(numbers - set(NUMBERS.get(key, {}))) for key, numbers in said.items()}
    assert {key: numbers for key, numbers in missing.items() if numbers} == {}, (
        "Fill the number in by a variable, or say in tests/common/texts/numbers.py which constant it states."
    )


def test_every_source_is_still_said():
    """A `Fact` that nobody states any more harms nobody."""
    said = stated()
    stale = {
        key: [
            one for one, source in numbers.items() if one not in said.get(key, set()) and not isinstance(source, Fact)
        ]
        for key, numbers in NUMBERS.items()
    }
    assert {key: numbers for key, numbers in stale.items() if numbers} == {}


def test_every_number_is_that_of_its_source():
    wrong = {
        key: (number, source())
        for key, numbers in NUMBERS.items()
        for number, source in numbers.items()
        if not isinstance(source, Fact) and source() != number
    }
    assert wrong == {}, "A sentence says the first number, the code has the second."


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Un nouvel essai sera possible dans dix minutes.", [10]),
        ("4 000 caractères au plus", [4000]),
        ("4\u202f000 caractères", [4000]),
        ("de 9 h à 19 h", [9, 19]),
        ("dans une heure, ou un jour", [1, 1]),
        ("une question, un agent", []),
        ("Deux fois en {seconds} secondes", [2]),
        ("sixième, dixit, cinquième", []),
    ],
)
def test_numbers_are_found(text, numbers):
    assert list(numbers_in(text)) == numbers
