"""This module knows what attackers try first: passwords that were stolen elsewhere, and words that everybody uses.

The two lists stand beside this file, in `lists/`, with where they come from and under which licence; `manage.py
make_password_lists` writes them. Nothing is asked of a third party, and no stolen password can be read here: of each
one, four bytes of its digest are kept. One good password in a hundred thousand is refused by chance.
"""

import hashlib
import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LISTS = Path(__file__).with_name("lists")
STOLEN, WORDS = LISTS / "stolen.bin", LISTS / "words.txt"
SHORTEST = 12  # characters: shorter ones are refused for their length, so they need not be known
SHORTEST_WORD = 4


def fold(text: str) -> str:
    """Without accents or capitals: as lists are compared, for attackers try those too."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _digest(password: str) -> int:
    return int.from_bytes(hashlib.sha256(fold(password).encode("utf-8", "surrogatepass")).digest()[:4])


def written(digests: array) -> bytes:
    """As the file holds them: four bytes each, the highest first."""
    copy = array("I", digests)
    if sys.byteorder == "little":
        copy.byteswap()
    return copy.tobytes()


def digests(passwords: Iterable[str]) -> array:
    """Return those that are long enough to be chosen here, sorted, each once."""
    return array("I", sorted({_digest(password) for password in passwords if len(password) >= SHORTEST}))


@cache
def _stolen() -> array:
    found = array("I", STOLEN.read_bytes())
    if sys.byteorder == "little":
        found.byteswap()
    return found


def is_stolen(password: str) -> bool:
    """Return whether a list of stolen passwords has it, whatever its accents and capitals."""
    digest, known = _digest(password), _stolen()
    at = bisect_left(known, digest)
    return at < len(known) and known[at] == digest


@cache
def words() -> dict[str, int]:
    """French words by their rank, the most used one first: folded, of SHORTEST_WORD letters or more."""
    return {word: rank for rank, word in enumerate(WORDS.read_text().split(), start=1)}
