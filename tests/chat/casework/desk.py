"""Steps that many tests of the work beside the thread share."""

import re
import uuid

from django.test import Client

from chat.casework import fact_sheet
from chat.casework.fact_sheet import Facts
from chat.conversations import actions
from chat.rules.lifecycle import Author
from locations.models import Partner
from reports.session import GENERATION, KEY

SECRET = "pseudo-que-personne-ne-lit"


def visit(conversation) -> Client:
    """Return the browser of the person."""
    client = Client()
    session = client.session
    session[KEY], session[GENERATION] = str(conversation.report.public_id), conversation.report.visit_generation
    session.save()
    return client


def national(name="France Victimes") -> Partner:
    return Partner.objects.create(name=name, kind="national", key=str(uuid.uuid4()), telephone="116 006")


def save(conversation, version=0, **facts):
    conversation.refresh_from_db()
    return fact_sheet.save_sheet(
        conversation_id=conversation.pk, version=version, facts=Facts(**facts), by=conversation.assigned_to.user
    )


def answer(conversation, proposal, body):
    actions.post_message(
        conversation_id=conversation.pk, client_id=proposal.answer_id, body=body, author=Author.REPORTER
    )


# --- a document -----------------------------------------------------------------------------------------------------


def assert_is_tagged(pages: bytes, title: str) -> None:
    """Check that it is a PDF/UA file: tagged, with its language, and its title where a screen reader says it."""
    assert pages.startswith(b"%PDF-1.7") and b"/StructTreeRoot" in pages
    assert re.search(rb"/Marked\s+true", pages) and re.search(rb"/DisplayDocTitle\s+true", pages)
    assert re.search(rb"/Lang\s*\(fr", pages)
    metadata = pages.decode("utf-8", errors="replace")
    assert "pdfuaid" in metadata
    assert title in re.search(r"<dc:title>.*?</dc:title>", metadata, re.DOTALL).group()
