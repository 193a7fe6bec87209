"""Keeps the result of walking a questionnaire, by its document, from one test to the next.

Each page of the admin that shows a version has all of its paths walked in a new child process, which takes half a
second. A site keeps the result of a document, and each test begins with none. The walk reads only the document and the
languages. A test that replaces what runs the child process has it run.
"""

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from common.offload import pool
from common.texts import languages
from triage.editing import walking
from triage.editing.walk import Walk

_found: dict[bytes, Walk] = {}


def watch() -> None:
    """Watch this process from now on."""
    walk, run = walking.walk_in_child, pool.run
    walking.walk_in_child = lambda written: _walk_once(walk, written) if pool.run is run else walk(written)


def _walk_once(walk: Callable[[Any], Walk], written: Any) -> Walk:
    asked = json.dumps([written, languages.codes(), languages.source()], sort_keys=True, default=str)
    key = blake2b(asked.encode()).digest()
    if key not in _found:
        found = walk(written)
        if not found.paths:  # it could not be walked, and perhaps it can next time
            return found
        _found[key] = found
    return _found[key]
