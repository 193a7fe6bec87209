"""A person's browser, limits that were reset, and a folder for captures."""

from tests.chat.captures.conftest import folder
from tests.chat.visitor.conftest import _no_counts_left, as_reporter, database_away

__all__ = ["_no_counts_left", "as_reporter", "database_away", "folder"]
