"""This module reads a stored choice (the value of an enum), even one that another version of the code wrote.

While a new version is rolled out, its processes write beside those of the version before. A value may also be removed
from the code before its last row is gone. So reading a stored choice never raises: an unknown value is shown as it is,
or replaced by what the caller names (docs/adr/0071). tests/common/test_choices.py finds code that reads otherwise.
"""

from enum import Enum

from django.db.models import Choices


def read_choice[T: Enum](kind: type[T], stored: object, otherwise: T) -> T:
    """Return the member with this stored value; `otherwise` for a value that this version does not know."""
    try:
        return kind(stored)
    except ValueError:
        return otherwise


def label_of(kind: type[Choices], stored: object) -> str:
    """Return the label of a stored choice in the active language; "" for an empty value, an unknown one as it is."""
    if stored is None or stored == "":
        return ""
    try:
        return str(kind(stored).label)
    except ValueError:
        return str(stored)
