"""Reads from its imports which JavaScript modules a module needs (ADR 0059)."""

import posixpath
import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

# Biome writes every import with its address in double quotes at the end of a statement.
IMPORT = re.compile(r'^(?:import|export)\b[^;"]*"(\.{1,2}/[^"]+)";$', re.MULTILINE)


@cache
def imported_modules(name: str) -> tuple[str, ...]:
    """Return the modules that a module needs, directly or not, by their names among the static files, without itself.

    Nearest first. A module that imports another needs more modules than the other does. Raises ValueError for a file
    that is not there.
    """
    found: list[str] = []
    asked = [name]
    for one in asked:
        path = finders.find(one)
        if not isinstance(path, str):
            raise ValueError(f"The module {one!r} is not among the static files.")
        for address in IMPORT.findall(Path(path).read_text(encoding="utf-8")):
            other = posixpath.normpath(posixpath.join(posixpath.dirname(one), address))
            if other not in asked:
                asked.append(other)
                found.append(other)
    return tuple(found)
