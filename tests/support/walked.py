"""What the walk of a questionnaire found, kept by its document from one test to the next.

Each page of the admin that shows a version has all of its paths walked, in a child process that begins anew: half a
second. A site keeps what was found by the number of the version and its revision, which come back in each test. The
document and the languages are all that the walk reads. A test that replaces what runs the child has it run.
"""

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from common.offload import pool
from common.texts import languages
from triage.editing import walking
from triage.editing.walk import Walk

_found: dict[bytes, tuple[Walk, bool]] = {}


def watch() -> None:
    """Watch, from now on, in this process."""
    walk, run = walking.walk_in_child, pool.run
    walking.walk_in_child = lambda written: _walk_once(walk, written) if pool.run is run else walk(written)


def _walk_once(walk: Callable[[Any], tuple[Walk, bool]], written: Any) -> tuple[Walk, bool]:
    asked = json.dumps([written, languages.codes(), languages.source()], sort_keys=True, default=str)
    key = blake2b(asked.encode()).digest()
    if key not in _found:
        found = walk(written)
        if not found[0].paths:  # it could not be walked, perhaps now only
            return found
        _found[key] = found
    return _found[key]
