"""Knows what attackers try first: passwords that were stolen elsewhere, and common words.

The two lists are in `lists/`, beside this file, with their sources and licences; `manage.py make_password_lists` writes
them. No third party is asked. No stolen password can be read from the list, because only four bytes of the digest of
each are kept. Therefore one good password in a hundred thousand is refused by chance.
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
SHORTEST = 12  # in characters: shorter passwords are refused for their length, so they need not be known
SHORTEST_WORD = 4


def fold(text: str) -> str:
    """Return a text without accents or capitals, as it is compared with the lists: attackers try these variants too."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _digest(password: str) -> int:
    return int.from_bytes(hashlib.sha256(fold(password).encode("utf-8", "surrogatepass")).digest()[:4])


def written(digests: array) -> bytes:
    """Return the digests as the file holds them: four bytes each, most significant first."""
    copy = array("I", digests)
    if sys.byteorder == "little":
        copy.byteswap()
    return copy.tobytes()


def digests(passwords: Iterable[str]) -> array:
    """Return the digests of the passwords that are long enough to be chosen here, sorted, each once."""
    return array("I", sorted({_digest(password) for password in passwords if len(password) >= SHORTEST}))


@cache
def _stolen() -> array:
    found = array("I", STOLEN.read_bytes())
    if sys.byteorder == "little":
        found.byteswap()
    return found


def is_stolen(password: str) -> bool:
    """Return whether a list of stolen passwords contains it, whatever its accents and capitals."""
    digest, known = _digest(password), _stolen()
    at = bisect_left(known, digest)
    return at < len(known) and known[at] == digest


@cache
def words() -> dict[str, int]:
    """Return French words by their rank, the most used one first, folded and of at least SHORTEST_WORD letters."""
    return {word: rank for rank, word in enumerate(WORDS.read_text().split(), start=1)}
