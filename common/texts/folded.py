"""Finding a text by some of its words, whatever its accents and capitals. `static/pnav/lib/search.js` does the same in
a page (`tests/js/test_twins.py` holds the two together). Pure."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_MARKS = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Return a text in the form in which it is compared: without capitals, accents or ligatures."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    plain = _MARKS.sub("", unicodedata.normalize("NFD", lowered.translate(_LIGATURES)))
    return plain if plain.isascii() else "".join(sign for sign in plain if unicodedata.category(sign)[0] != "M")


_fold_sign = lru_cache(maxsize=1024)(fold)  # a text has few different characters


def words_of(wanted: str) -> list[str]:
    """Return the words that are looked for, folded, each once, in their order."""
    return list(dict.fromkeys(fold(wanted).split()))


def has_words(folded: str, words: Sequence[str]) -> bool:
    """Return whether a folded text has all these folded words, in any order."""
    return all(word in folded for word in words)


def places_of(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return where these folded words are in a text that is not folded, in order and without overlaps.

    Each place is its beginning and its end. It takes a step for each character, so it is for what was found.
    """
    signs, where = [], []
    for at, sign in enumerate(text):
        plain = _fold_sign(sign)
        signs.append(plain)
        where += [at] * len(plain)
    folded = "".join(signs)
    found = sorted((one.start(), one.end()) for word in words for one in re.finditer(re.escape(word), folded))
    places: list[tuple[int, int]] = []
    for begins, ends in found:
        first, last = where[begins], where[ends - 1] + 1
        if places and first < places[-1][1]:
            places[-1] = (places[-1][0], max(places[-1][1], last))
        else:
            places.append((first, last))
    return places
