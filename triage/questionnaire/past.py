"""This module reads the questionnaires that the code brought before, for visits and reports answered under them.

Each is the document of its version (`document.dump` of that day), in a file of its own name. Nobody is asked one of
them anew: a visit that began under one ends under it, and an agent reads a report in the words that the person read.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final

from triage.questionnaire import document
from triage.questionnaire.definition import Questionnaire

_FOLDER: Final = Path(__file__).with_name("past_versions")
VERSIONS: Final = frozenset({"2026-08-1"})


@cache
def find(version: str) -> Questionnaire | None:
    """Return the questionnaire of that version of the code, or None when there was none."""
    if version not in VERSIONS:
        return None
    written = json.loads((_FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    return document.load(written, version=version)
