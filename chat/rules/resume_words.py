"""These are the words of a resume code, and how they are read as people type them (docs/adr/0011). Pure.

`code_words.txt` is our own list, one word a line: common French nouns of four to nine letters that neither frighten nor
hurt. Tests check that any two words differ by two slips at least and sound different, so that one slip never makes
another word of the list. They also check that no word begins another one, so that words without spaces can be read in
one way only.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORDS = tuple((Path(__file__).parent / "code_words.txt").read_text(encoding="utf-8").split())
LENGTH = 5  # the words of a code, which are 50 bits (docs/adr/0011)
MAX_TYPED = 300  # characters that are read: enough for a code with articles and a few slips
# Words that people add when they copy a list of words, or write it down on the telephone.
SMALL_WORDS = frozenset(["l", "le", "la", "les", "d", "de", "du", "des", "un", "une", "et", "puis"])


@dataclass(frozen=True)
class UnknownWord:
    """It is a word that is not in the list.

    typed: as the person typed it. nearest: the word of the list that it looks like, or "".
    """

    typed: str
    nearest: str


@dataclass(frozen=True)
class Reading:
    """It is how a typed text was understood: the words of the list in their order, and the words that are not in the
    list."""

    words: tuple[str, ...]
    unknown: tuple[UnknownWord, ...] = ()

    @property
    def is_code(self) -> bool:
        """Return whether these are as many known words as a code has. It does not say whether such a code exists."""
        return not self.unknown and len(self.words) == LENGTH


def letters(text: str) -> str:
    """Return a word as it is compared: the letters a to z in lower case, without accents and anything else."""
    text = text.casefold().replace("œ", "oe").replace("æ", "ae")
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if "a" <= sign <= "z")


def read(text: str) -> Reading:
    """Read what somebody typed as a code. Capitals, accents, spaces, hyphens, apostrophes and articles do not matter.

    Words may be written without spaces between them, or be cut in two by a space. Nothing is corrected silently: a word
    that is not in the list is returned as unknown, with the nearest one of the list, which tells nothing about the
    codes in use.
    """
    typed = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text[:MAX_TYPED]))
    typed = [word for word in typed if letters(word) not in SMALL_WORDS]
    whole = _split("".join(letters(word) for word in typed))
    if whole is not None and all(letters(word) for word in typed):
        return Reading(whole)
    words: list[str] = []
    unknown = []
    for word in typed:
        known = _split(letters(word)) if letters(word) else None
        if known is None:
            unknown.append(UnknownWord(word, nearest(word)))
        else:
            words.extend(known)
    return Reading(tuple(words), tuple(unknown))


def _split(run: str) -> tuple[str, ...] | None:
    """Split a run of letters into words of the list; None if that is not possible.

    It takes the first word that fits, because no word begins another one.
    """
    by_letters = _by_letters()
    words = []
    while run:
        begin = next((run[:size] for size in range(4, 10) if run[:size] in by_letters), None)
        if begin is None:
            return None
        words.append(by_letters[begin])
        run = run[len(begin) :]
    return tuple(words)


@cache
def _by_letters() -> dict[str, str]:
    return {letters(word): word for word in WORDS}


# --- the nearest word -------------------------------------------------------------------------------------------------


def nearest(word: str) -> str:
    """Return the word of the list from which this one differs by at most two slips (one in a short word), or "".

    A slip is a letter too many, a letter missing, a letter taken for another, or two neighbours swapped. Two words
    within two slips become equal once at most two letters are taken from each. Only words for which that is so are
    compared, so that a flood of nonsense costs little.
    """
    run = letters(word)
    if not 3 <= len(run) <= 11:
        return ""
    limit = 1 if len(run) <= 4 else 2
    candidates = {known for cut in _cuts(run) for known in _by_cut().get(cut, ())}
    ranked = sorted((_slips(run, known), known[0] != run[0], known) for known in candidates)
    return _by_letters()[ranked[0][2]] if ranked and ranked[0][0] <= limit else ""


def _cuts(run: str) -> set[str]:
    """Return a run of letters with none, one or two of them taken away, in every way."""
    once = set(_without_one(run))
    return {run} | once | {cut for shorter in once for cut in _without_one(shorter)}


def _without_one(run: str) -> Iterator[str]:
    return (run[:place] + run[place + 1 :] for place in range(len(run)))


@cache
def _by_cut() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for known in _by_letters():
        for cut in _cuts(known):
            found.setdefault(cut, []).append(known)
    return found


def _slips(one: str, other: str) -> int:
    """Count the slips between two runs of letters: Damerau-Levenshtein distance, optimal string alignment."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
