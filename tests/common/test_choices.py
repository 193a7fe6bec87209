"""Reading a stored choice never raises an error, whichever version stored it (docs/adr/0071)."""

import ast
from collections.abc import Iterator
from enum import Enum, IntEnum, StrEnum
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Choices

from common.choices import label_of, read_choice
from reports.models import AgeBand, Since

PACKAGES = ("chat", "common", "locations", "reports", "triage", "pnav/accounts", "pnav/pages")
# Calls of a class with a value that was never stored, or was looked up before the call, and the reason.
TYPED, KNOWN, OURS = "a form has checked it", "it is asked for before", "the code names it"
ALLOWED = {
    ("chat/casework/emergencies.py", "Situation"): TYPED,
    ("chat/casework/forms.py", "PaperReason"): TYPED,
    ("chat/casework/proposals.py", "Said"): TYPED,
    ("chat/console/board.py", "Act"): TYPED,
    ("chat/console/board.py", "Force"): OURS,
    ("chat/console/forms.py", "PauseReason"): TYPED,
    ("chat/console/history.py", "Answer"): KNOWN,
    ("chat/console/history.py", "EventKind"): KNOWN,
    ("chat/console/history.py", "Outcome"): KNOWN,
    ("chat/console/history.py", "State"): KNOWN,
    ("chat/console/history.py", "Urgency"): KNOWN,
    ("chat/console/history.py", "UrgencyReason"): KNOWN,
    ("chat/console/intervention.py", "PauseOrder"): TYPED,
    ("chat/console/notes.py", "Urgency"): TYPED,
    ("chat/conversations/waiting_list.py", "Force"): KNOWN,
    ("chat/statistics/history.py", "Outcome"): KNOWN,
    ("chat/supervision/board_filter.py", "Force"): KNOWN,
    ("chat/supervision/board_filter.py", "State"): KNOWN,
    ("chat/transfer/actions.py", "Answer"): TYPED,
    ("chat/transfer/forms.py", "Force"): OURS,
    ("chat/visitor/follow_up.py", "Answer"): TYPED,
    ("chat/visitor/forms.py", "Answer"): OURS,
    ("locations/importing/loading.py", "Source"): OURS,
    ("locations/session.py", "Force"): KNOWN,
    ("pnav/accounts/middleware.py", "Role"): KNOWN,
    ("pnav/pages/information.py", "Page"): OURS,
    ("reports/audit/wording.py", "Act"): KNOWN,
    ("reports/audit/wording.py", "OpeningField"): KNOWN,
    ("reports/openings/actions.py", "Act"): KNOWN,
    ("reports/openings/actions.py", "OpeningField"): "an act on what is sealed: it stops at what it cannot name",
    ("reports/reporter_identity.py", "SealedField"): OURS,
    ("triage/editing/describing.py", "Outcome"): KNOWN,
    ("triage/questionnaire/document.py", "Outcome"): "the document was checked",
}


@pytest.mark.parametrize("unknown", ["of_2030", None, ""])
def test_choice_is_read(unknown: object) -> None:
    assert read_choice(AgeBand, "adult", AgeBand.UNKNOWN) is AgeBand.ADULT
    assert read_choice(AgeBand, unknown, AgeBand.UNKNOWN) is AgeBand.UNKNOWN


def test_choice_is_said() -> None:
    assert label_of(Since, "today") == "Aujourd'hui"
    assert (label_of(Since, ""), label_of(Since, None), label_of(Since, "decade")) == ("", "", "decade")


def called(path: Path) -> Iterator[str]:
    """Yield each class of choices that this module calls with one value that is no constant."""
    module = import_module(".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or len(node.args) != 1 or isinstance(node.args[0], ast.Constant):
            continue
        match node.func:
            case ast.Name(name):
                kind = getattr(module, name, None)
            case ast.Attribute(ast.Name(owner), name):
                kind = getattr(getattr(module, owner, None), name, None)
            case _:
                continue
        if isinstance(kind, type) and issubclass(kind, Enum) and issubclass(kind, Choices | StrEnum | IntEnum):
            yield kind.__name__


def test_no_stored_choice_is_read_in_a_way_that_raises() -> None:
    found = {
        (str(path.relative_to(settings.BASE_DIR)), name)
        for package in PACKAGES
        for path in sorted((settings.BASE_DIR / package).rglob("*.py"))
        if not {"migrations", "management", "__init__.py"} & set(path.parts)
        for name in called(path)
    }
    assert found == set(ALLOWED)
