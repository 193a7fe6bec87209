"""What stands beside a thread has an end: each is drawn with every page of the agent, so each is bounded in number."""

import pytest

from chat import acts, asides, margin, stepping_in
from chat.models import ConversationEvent, EventKind, Note
from pnav.accounts.models import Role
from tests.chat.sockets import signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make.agent(unit_name="Ici")


@pytest.fixture
def conversation(agent):
    return make.assigned(agent)


@pytest.fixture
def console(client, settings, agent):
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(agent)
    return client


def note(conversation, agent, **more):
    return acts.write_note(conversation_id=conversation.pk, body="x", by=agent.user, **more)


def test_notes_have_an_end_corrections_included(conversation, agent, monkeypatch):
    monkeypatch.setattr(acts, "NOTES_AT_MOST", 3)
    note(conversation, agent)
    second = note(conversation, agent)
    note(conversation, agent, replaces=second.number)
    for more in ({}, {"replaces": 3}):
        with pytest.raises(acts.TooManyNotes):
            note(conversation, agent, **more)
    with pytest.raises(acts.TooManyNotes):
        acts.set_urgency(
            conversation_id=conversation.pk, by=agent.user, urgency=2, reason="danger", explanation="parce que"
        )
    conversation.refresh_from_db()
    assert conversation.notes.count() == 3 and conversation.urgency != 2, "what is refused changes nothing"


@pytest.mark.parametrize(
    ("act", "data"),
    [("note", {"body": "à garder"}), ("urgence", {"urgency": "2", "reason": "danger", "explanation": "à garder"})],
)
def test_console_says_that_there_are_too_many_notes_and_keeps_the_text(conversation, console, monkeypatch, act, data):
    monkeypatch.setattr(acts, "NOTES_AT_MOST", 0)
    answer = console.post(f"/console/echange/{conversation.public_id}/{act}/", data)
    assert answer.status_code == 200
    assert "Cet échange a déjà 0 notes" in answer.text and "à garder" in answer.text
    assert not Note.objects.exists()


def test_asides_have_an_end(conversation, agent, console, monkeypatch):
    colleague = make.agent()
    monkeypatch.setattr(asides, "ASIDES_AT_MOST", 1)
    monkeypatch.setattr(asides, "MESSAGES_AT_MOST", 2)
    aside = asides.ask(conversation_id=conversation.pk, body="x", of=[], by=agent.user)
    with pytest.raises(asides.TooMany):
        asides.ask(conversation_id=conversation.pk, body="x", of=[colleague.pk], by=agent.user)
    asides.answer(aside_id=aside.pk, body="x", agent=colleague)
    with pytest.raises(asides.TooMany):
        asides.answer(aside_id=aside.pk, body="x", agent=colleague)
    answer = console.post(f"/console/echange/{conversation.public_id}/question/", {"body": "à garder", "colleague": ""})
    assert "trop d&#x27;apartés" in answer.text and "à garder" in answer.text
    answer = console.post(f"/console/aparte/{aside.public_id}/", {"body": "à garder"})
    assert "trop de messages" in answer.text and "à garder" in answer.text
    assert aside.messages.count() == 2


def test_whispers_have_an_end(conversation, client, settings, monkeypatch):
    monkeypatch.setattr(stepping_in, "WHISPERS_AT_MOST", 1)
    supervisor = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    stepping_in.whisper(conversation_id=conversation.pk, by=supervisor, text="x")
    with pytest.raises(stepping_in.TooManyWhispers):
        stepping_in.whisper(conversation_id=conversation.pk, by=supervisor, text="x")
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(supervisor)
    answer = client.post(f"/console/tableau/echange/{conversation.public_id}/mot/", {"text": "à garder"})
    assert answer.status_code == 200 and "Trop de mots" in answer.text and "à garder" in answer.text


def test_history_shows_its_last_lines_in_order(conversation, agent):
    ConversationEvent.objects.bulk_create(
        ConversationEvent(
            conversation=conversation, kind=EventKind.HELD, at=conversation.opened_at, by=agent.user, detail=str(n)
        )
        for n in range(margin.HISTORY_SHOWN + 20)
    )
    shown = margin.history(conversation)
    assert len(shown) == margin.HISTORY_SHOWN
    assert [one.at for one in shown] == sorted(one.at for one in shown)


@pytest.mark.parametrize("part", ["x", "0", "-1", "9" * 4000, "é" * 4000])
def test_part_of_a_document_that_is_none_is_told(conversation, console, part):
    """Found by `make costs`: the page failed."""
    answer = console.post(f"/console/echange/{conversation.public_id}/document/", {"motive": "person", "part": part})
    assert answer.status_code == 200 and "Choisissez une partie du document dans la liste." in answer.text
