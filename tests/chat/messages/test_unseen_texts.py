"""A text without a visible character is refused, with the reason, wherever somebody writes to somebody."""

import re
import uuid
from html import unescape

import pytest

from chat.messages import protocol
from chat.models import Message, Note
from chat.models.casework import Proposal
from tests.chat.casework.desk import visit
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import spaced

pytestmark = pytest.mark.django_db

UNSEEN = "\u200b \u2060\u202e"
WHY = "Rien ne se voit dans ce"


@pytest.fixture
def conversation():
    return make.assigned()


@pytest.fixture
def console(conversation):
    return signed_in(conversation.assigned_to.user)


def written() -> int:
    return Message.objects.exclude(author="system").count()


def said(answer) -> str:
    return spaced(unescape(answer.text))


@pytest.mark.parametrize(("age_band", "verb"), [("adult", "Écrivez quelques mots"), ("15_17", "Écris quelques mots")])
def test_person_is_told_beside_the_box_in_their_voice(age_band, verb):
    conversation = make.assigned(age_band=age_band)
    client = visit(conversation)
    html = said(client.post("/tchat/message/", {"client_id": uuid.uuid4(), "body": UNSEEN}, follow=True))
    error = re.search(r'<p[^>]*id="body-error"[^>]*>(.*?)</p>', html, re.DOTALL).group(1)
    assert WHY in error and verb in error and written() == 0


def test_agent_is_told_beside_the_box(conversation, console):
    html = said(console.post(page_of(conversation), {"client_id": uuid.uuid4(), "body": UNSEEN}))
    error = re.search(r'<p[^>]*id="erreur-[^>]*>(.*?)</p>', html, re.DOTALL).group(1)
    assert WHY in error and written() == 0


def test_note_is_refused_beside_its_box(conversation, console):
    html = said(console.post(page_of(conversation) + "note/", {"body": UNSEEN}))
    assert WHY in html and not Note.objects.exists()


@pytest.mark.parametrize("name", ["question", "answer_1", "answer_3"])
def test_question_and_its_answers_are_refused_beside_their_fields(conversation, console, name):
    sent = {"act": "question", "question": "Êtes-vous là ?", "answer_1": "Oui", "answer_2": "Non", name: UNSEEN}
    html = said(console.post(page_of(conversation) + "propositions/", sent))
    assert WHY in html and not Proposal.objects.exists() and written() == 0


@pytest.mark.parametrize("who", ["person", "agent"])
def test_frame_over_http_says_why(conversation, console, who):
    frame = {"type": "post", "client_id": str(uuid.uuid4()), "body": UNSEEN}
    client, address = (visit(conversation), "/tchat/trames/") if who == "person" else (console, "/console/trames/")
    if who == "agent":
        frame["conversation"] = str(conversation.public_id)
    (answer,) = client.post(address, frame, content_type="application/json").json()["frames"]
    assert answer == {
        "type": "error",
        "code": protocol.EMPTY,
        "why": protocol.UNSEEN,
        "detail": "Nothing of the message can be seen.",
        "client_id": frame["client_id"],
    }
    assert written() == 0
