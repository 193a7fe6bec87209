"""No page draws a character that reverses a line or cannot be seen, whoever wrote it and wherever it is kept.

Nothing here lists the places where a person's text is drawn. Each text that a key opens, and each column of free text,
is given such characters; then every address of the access table is read as everybody who may. A text stays unchanged
where it is edited (fields, and what a press puts into them), and in frames, whose page draws it
(`static/pnav/lib/plain.js`, tests/js/test_twins.py).
"""

import json
import re
from typing import Any
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from chat.casework import closing, fact_sheet, proposals
from chat.casework.fact_sheet import Facts
from common import encryption
from reports.audit import log
from reports.models.audit import AccessKind
from tests.access.people import (
    ADMINISTRATOR,
    ASSIGNED,
    CUSTODIAN,
    OTHER_AGENT,
    OTHER_REPORTER,
    PSYCHOLOGIST,
    REPORTER,
    SUPERVISOR,
    UNIT,
    Cast,
)
from tests.access.table import IN, anybody
from tests.access.test_routes import ADDRESSES, DECISIONS, ask, path_of, values_of
from tests.factories import captures as make_captures

SEALED = "\u202e\u200b"  # put into texts that a key opens,
TYPED = "\u2066\u2060"  # typed into columns in clear too
# Sealed values that are no text of a person: the visit, and the secrets of second factors.
NO_TEXT = ("session:", "factor")
# Beside a capture's key and what the worker read in it, these are what an agent says that a document is.
CAPTURE, CAPTURE_TYPED = "capture:", ("name", "title")
# Columns that only programs write.
OUR_APPS = {"chat", "reports", "accounts"}
# Programs choose the town and the facts of a transmission, and the outcome of a report, from lists. Keys of what a
# change is about lead nowhere once they are marked. Lines of the audit log are never changed (`told` writes one).
NOT_TYPED = {
    "accounts.User.password", "accounts.User.username", "accounts.PendingChange.model",
    "accounts.PendingChange.object_id", "chat.Transmission.town", "chat.Transmission.facts", "reports.AccessRecord",
    "reports.Report.outcome",
}  # fmt: skip
# Texts in columns in clear were typed in the admin, whose forms refuse such characters
# (tests/accounts/test_plain_texts.py), or were read from a spreadsheet that refuses them (tests/accounts/test_bulk.py).
ADMIN = "admin:"
# One of each kind of reader. For a page that everybody may read, the one who has an exchange.
READERS = (
    REPORTER, OTHER_REPORTER, ASSIGNED, OTHER_AGENT, SUPERVISOR, CUSTODIAN, PSYCHOLOGIST, UNIT, ADMINISTRATOR,
)  # fmt: skip
# Frames contain what was sent, and the page that reads them draws it.
FRAMES = {"chat:frames", "console:frames"}

_BOXES = re.compile(r"<textarea\b.*?</textarea>|\s(?:value|data-insert|data-canned)=(?:\"[^\"]*\"|'[^']*')", re.DOTALL)
_NO_WORDS = re.compile(r"[0-9T:.+\-]*|[0-9a-f-]{32,36}")


def marked(text: str) -> str:
    return text if _NO_WORDS.fullmatch(text) else f"{text}{SEALED}fin"


def marked_in(value: Any) -> Any:
    if isinstance(value, str):
        return marked(value)
    if isinstance(value, dict):
        return {key: marked_in(one) for key, one in value.items()}
    return [marked_in(one) for one in value] if isinstance(value, list) else value


def _opening_with_marks(unseal: Any) -> Any:
    def opened(sealed: Any, *, context: str, **more: Any) -> str:
        text: str = unseal(sealed, context=context, **more)
        if context.startswith(NO_TEXT):
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return marked(text)
        if context.startswith(CAPTURE):
            return json.dumps(value | {key: marked(value[key]) for key in CAPTURE_TYPED if key in value})
        return json.dumps(marked_in(value)) if isinstance(value, dict | list) else marked(text)

    return opened


def mark_columns() -> int:
    """Return every column of free text that a person of the service, or a visitor, fills."""
    count = 0
    for model in apps.get_models():
        if model._meta.app_label not in OUR_APPS or model._meta.label in NOT_TYPED:
            continue
        for column in model._meta.local_concrete_fields:
            is_text = isinstance(column, models.TextField) or (
                isinstance(column, models.CharField) and (column.max_length or 0) >= 40
            )
            name = f"{model._meta.label}.{column.name}"
            if not is_text or column.choices or column.unique or column.primary_key or name in NOT_TYPED:
                continue
            rows = model._base_manager.exclude(**{column.name: ""})
            try:
                with transaction.atomic():
                    count += rows.update(**{column.name: Concat(F(column.name), Value(TYPED))})
            except DatabaseError:
                continue  # a constraint says which values may stand there, so it is no free text
    return count


@pytest.fixture
def told(cast: Cast) -> Cast:
    """Write something of everything that is written beside a thread."""
    conversation, by = cast.conversation, cast.users[ASSIGNED]
    notes = {"dates": "Mardi", "accounts": "Lui", "links": "https://a.example/Lui", "notes": "Autre"}
    fact_sheet.save_sheet(
        conversation_id=conversation.pk, version=0, facts=Facts(present=["online"], notes=notes), by=by
    )
    with transaction.atomic():
        log.record(
            kind=AccessKind.READING,
            by=cast.users[SUPERVISOR],
            motive=f"motif{SEALED}fin",
            subject=str(conversation.public_id),
            detail=f"détail{SEALED}fin",
        )
    make_captures.handed(conversation)
    proposals.ask_question(conversation_id=conversation.pk, text="Ça va ?", answers=["Oui", "Non"], by=by)
    return cast


def drawn(answer: Any) -> str:
    """Return what is shown of an answer; nothing of a file that is no text."""
    if not answer.headers.get("Content-Type", "").startswith(("text/", "application/json")):
        return ""
    text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
    text = _BOXES.sub("", text)
    return json.dumps(json.loads(text), ensure_ascii=False) if "json" in answer.headers["Content-Type"] else text


def test_no_page_draws_a_hidden_character(told, subtests, tried):
    where = values_of(told)
    closing.close_conversation(
        conversation_id=told.other.pk, outcome="advised", by=told.other.assigned_to.user, points={},
        summary="Pour le service", told="Pour vous",
    )  # fmt: skip
    assert mark_columns() > 20
    shown: set[str] = set()
    leaks = []
    with patch.object(encryption, "unseal", _opening_with_marks(encryption.unseal)):
        for name in sorted(set(ADDRESSES) - FRAMES):
            route = DECISIONS[name]
            if "GET" not in route.methods:
                continue
            path = path_of(name, where, route)
            for person in (REPORTER,) if route.who is anybody else READERS:
                if route.who(person) != IN:
                    continue
                answer = ask(told, person, "GET", path)
                assert answer.status_code < 500, path
                text = drawn(answer)
                tried("pages with hidden characters in what people wrote", 1)
                if "⟦U+202E⟧" in text:
                    shown.add(name)
                for sign in SEALED if name.startswith(ADMIN) else SEALED + TYPED:
                    if sign in text:
                        at = text.index(sign)
                        around = text[max(0, at - 120) : at].replace("\n", " ")
                        leaks.append(f"{path} as {person}: U+{ord(sign):04X} after {around!r}")
                        break
    assert not leaks, "\n".join(leaks)
    assert {"console:conversation", "chat:conversation", "console:home"} <= shown, shown
