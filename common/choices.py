"""Reads a choice that was stored, by whichever version wrote it.

While a new version is rolled out its processes write beside those of the version before, and a value may be taken out
of the code before its last row goes. So what reads a stored choice never raises: it draws an unknown value as it is, or
takes what the caller names (docs/adr/0071; tests/common/test_choices.py looks for whoever does not).
"""

from enum import Enum

from django.db.models import Choices


def read_choice[T: Enum](kind: type[T], stored: object, otherwise: T) -> T:
    """The member with this stored value; `otherwise` for a value that this version does not know."""
    try:
        return kind(stored)
    except ValueError:
        return otherwise


def label_of(kind: type[Choices], stored: object) -> str:
    """Put a stored choice into words, in the active language. An empty value gives nothing; an unknown one stays."""
    if stored is None or stored == "":
        return ""
    try:
        return str(kind(stored).label)
    except ValueError:
        return str(stored)
