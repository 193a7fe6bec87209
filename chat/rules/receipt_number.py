"""This module draws and writes the number of a receipt, and reads it as people type it. Pure.

A number has sixteen signs out of 31: digits and capitals without I, L, O, U and Z, which are read as 1, 1, 0, V and 2.
The last sign checks the others: a number with one wrong sign, or with two neighbours swapped, is invalid. The other
fifteen are random, which makes 74 bits, so that nobody finds a number by trying.
"""

import re
import secrets
from typing import Final

SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXY"
LENGTH: Final = 16
GROUP: Final = 4
TYPED_MOST: Final = 60  # the most characters that are read
_TAKEN_FOR = str.maketrans("OILZU", "0112V")


def draw() -> str:
    """Draw a new number at random, without hyphens."""
    drawn = "".join(secrets.choice(SIGNS) for _sign in range(LENGTH - 1))
    return drawn + _check_of(drawn)


def _check_of(signs: str) -> str:
    """Compute the last sign, which finds every such error because 31 is prime and each place has another weight."""
    return SIGNS[sum(weight * SIGNS.index(sign) for weight, sign in enumerate(signs, 1)) % len(SIGNS)]


def write(number: str) -> str:
    """Write a number as people read it: « 7K4M-… », in groups of four."""
    return "-".join(number[place : place + GROUP] for place in range(0, LENGTH, GROUP))


def read(typed: str) -> str | None:
    """Return the number that somebody typed, without hyphens; None when it is not a valid number."""
    signs = re.sub(r"[\s\-–—.]", "", typed[:TYPED_MOST]).upper().translate(_TAKEN_FOR)
    if len(signs) != LENGTH or not set(signs) <= set(SIGNS) or signs[-1] != _check_of(signs[:-1]):
        return None
    return signs
