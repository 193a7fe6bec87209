"""Draws and writes the number of a receipt, and reads it as people type it. Pure.

Sixteen signs of 31 (digits and capitals, without I, L, O, U and Z, which are taken for 1, 0, V and 2). The last one
checks the others: any one sign that is wrong, and any two neighbours that changed places, make a number that is none.
The others are drawn: 74 bits, so that nobody finds one by trying.
"""

import re
import secrets
from typing import Final

SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXY"
LENGTH: Final = 16
GROUP: Final = 4
TYPED_MOST: Final = 60  # characters that are read
_TAKEN_FOR = str.maketrans("OILZU", "0112V")


def draw() -> str:
    """A new number, without its hyphens."""
    drawn = "".join(secrets.choice(SIGNS) for _sign in range(LENGTH - 1))
    return drawn + _check_of(drawn)


def _check_of(signs: str) -> str:
    """The last sign. 31 is a prime, and each place has a weight of its own below it."""
    return SIGNS[sum(weight * SIGNS.index(sign) for weight, sign in enumerate(signs, 1)) % len(SIGNS)]


def write(number: str) -> str:
    """Write a number as people read it: « 7K4M-… », in groups of four."""
    return "-".join(number[place : place + GROUP] for place in range(0, LENGTH, GROUP))


def read(typed: str) -> str | None:
    """The number that somebody typed, without its hyphens; None when it is none: a sign is wrong, or too many."""
    signs = re.sub(r"[\s\-–—.]", "", typed[:TYPED_MOST]).upper().translate(_TAKEN_FOR)
    if len(signs) != LENGTH or not set(signs) <= set(SIGNS) or signs[-1] != _check_of(signs[:-1]):
        return None
    return signs
