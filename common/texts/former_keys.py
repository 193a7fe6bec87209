"""Sentences that had another key in the version before: their rows are kept under it, whichever version wrote them.

The release after renames the rows and empties this (docs/adr/0060).
"""

from collections.abc import Mapping
from typing import Final

# key of today: key of the version before, and of its rows
FORMER_KEYS: Final[Mapping[str, str]] = {}
