"""No paper draws a character that reverses a line or cannot be seen, whoever wrote it and wherever it is kept.

This does for papers what tests/access/test_drawn_texts.py does for pages: each text that a key opens, and each column
of free text, is given such characters. Then every paper is asked for, made in its child process, and read as PDFium
reads it. Papers are read where they are made (`offload.pool`), which includes those in an archive. The modules that
make one are found in the code: a new one fails here until somebody asks for its paper.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pypdfium2
import pytest
from django.utils import timezone

from chat.casework import proposals
from chat.journal import actions as journal_actions
from chat.journal.facts import Told
from chat.referral import actions as referral_actions
from common import encryption
from common.offload import pool
from tests.access.people import ASSIGNED, CUSTODIAN, REPORTER, UNIT, Cast
from tests.access.test_drawn_texts import SEALED, TYPED, _opening_with_marks, mark_columns, told  # noqa: F401  a fixture
from tests.access.test_routes import ROUTES, ask, path_of, values_of
from tests.factories import transmissions as hand

ROOT = Path(__file__).resolve().parents[2]
MAKES = re.compile(r"transcript_pdf\.draw\(|pool\.run\(\s*\"common\.offload\.pdf\"")
# Papers about nobody: signed digests as codes; and the number and day of a receipt, with sentences of ours.
OF_NOBODY = {"reports/audit/digest_destinations.py", "chat/visitor/own_copy.py"}
# Who asks for which paper at its address, and the module that makes it.
ASKED = [
    ("console:paper", ASSIGNED, "POST", {"motive": "person"}, "chat/console/casework.py"),
    ("console:paper", ASSIGNED, "POST", {"motive": "person", "archive": "on"}, "chat/personal_copy/agent_archive.py"),
    ("unit:dossier", UNIT, "POST", {}, "chat/unit/dossier.py"),
    ("openings:register_pdf", CUSTODIAN, "GET", {}, "reports/openings/register_pdf.py"),
    ("chat:slip_paper", REPORTER, "GET", {}, "chat/visitor/proposals.py"),
    ("chat:copy", REPORTER, "POST", {"device": "mine"}, "chat/personal_copy/person_archive.py"),
]


@pytest.fixture
def papers() -> Iterator[list[bytes]]:
    """Give every PDF that is made from now on."""
    made: list[bytes] = []
    run = pool.run

    def kept(job: str, asked: dict[str, Any], **more: Any) -> Any:
        found, content = run(job, asked, **more)
        if content.startswith(b"%PDF"):
            made.append(content)
        return found, content

    with patch.object(pool, "run", kept):
        yield made


def words_of(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content, autoclose=True)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def makers() -> set[str]:
    found = {
        str(path.relative_to(ROOT))
        for app in ("chat", "reports", "pnav")
        for path in (ROOT / app).rglob("*.py")
        if MAKES.search(path.read_text())
    }
    return found - {"chat/documents/transcript_pdf.py"}


def test_every_module_that_makes_a_paper_is_asked_for_one():
    assert makers() == {module for *_asked, module in ASKED} | OF_NOBODY


def test_no_paper_draws_a_hidden_character(told: Cast, papers, tried):  # noqa: F811
    conversation, by = told.conversation, told.users[ASSIGNED]
    journal_actions.note_fact(
        conversation_id=conversation.pk, public_id=told.capture.public_id, told=Told("Insultes", account="@lea")
    )
    journal_actions.show_facts(conversation=conversation)
    conversation.report.reception_point = hand.station()
    conversation.report.save(update_fields=["reception_point"])
    proposals.propose_appointment(conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=3), by=by)
    referral_actions.mark_read(transmission=told.transmission, by=told.users[UNIT])
    where = values_of(told)
    assert mark_columns() > 20
    said: dict[str, str] = {}
    with patch.object(encryption, "unseal", _opening_with_marks(encryption.unseal)):
        for name, person, method, data, module in ASKED:
            before = len(papers)
            answer = ask(told, person, method, path_of(name, where, ROUTES[name]), data)
            b"".join(answer) if answer.streaming else answer.content
            made = papers[before:]
            assert made, f"{name} of {module} made no paper: {answer.status_code}"
            tried("papers with hidden characters in what people wrote", len(made))
            said[name] = said.get(name, "") + "\n".join(map(words_of, made))
    leaks = [
        f"{name}: U+{ord(sign):04X} after {text[max(0, text.index(sign) - 80) : text.index(sign)]!r}"
        for name, text in said.items()
        for sign in SEALED + TYPED
        if sign in text
    ]
    assert not leaks, "\n".join(leaks)
    shown = {name for name, text in said.items() if "U+202E" in text}
    assert {"console:paper", "unit:dossier", "chat:copy"} <= shown, shown
