"""What is written beside a thread is drawn with every page of the agent, so each kind has a largest number."""

import pytest

from chat.casework import colleague_questions, holds, notes
from chat.casework import urgency as casework_urgency
from chat.console import history
from chat.models import ConversationEvent, EventKind, Hold, Message, Note
from chat.supervision import intervention
from pnav.accounts.models import Role
from reports.models import OpeningRequest
from reports.openings import actions as opening_actions
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
    return notes.write_note(conversation_id=conversation.pk, body="x", by=agent.user, **more)


def test_notes_have_an_end_corrections_included(conversation, agent, monkeypatch):
    monkeypatch.setattr(notes, "NOTES_AT_MOST", 3)
    note(conversation, agent)
    second = note(conversation, agent)
    note(conversation, agent, replaces=second.number)
    for more in ({}, {"replaces": 3}):
        with pytest.raises(notes.TooManyNotes):
            note(conversation, agent, **more)
    with pytest.raises(notes.TooManyNotes):
        casework_urgency.set_urgency(
            conversation_id=conversation.pk, by=agent.user, urgency=2, reason="danger", explanation="parce que"
        )
    conversation.refresh_from_db()
    assert conversation.notes.count() == 3 and conversation.urgency != 2, "what is refused changes nothing"


@pytest.mark.parametrize(
    ("act", "data"),
    [("note", {"body": "à garder"}), ("urgence", {"urgency": "2", "reason": "danger", "explanation": "à garder"})],
)
def test_console_says_that_there_are_too_many_notes_and_keeps_the_text(conversation, console, monkeypatch, act, data):
    monkeypatch.setattr(notes, "NOTES_AT_MOST", 0)
    answer = console.post(f"/console/echange/{conversation.public_id}/{act}/", data)
    assert answer.status_code == 200
    assert "Cet échange a déjà 0 notes" in answer.text and "à garder" in answer.text
    assert not Note.objects.exists()


def test_promises_have_an_end_and_the_last_one_can_be_lifted(conversation, agent, console, monkeypatch):
    monkeypatch.setattr(holds, "HOLDS_AT_MOST", 2)
    for _time in range(2):
        holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    said = Message.objects.count()
    with pytest.raises(holds.TooManyHolds):
        holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    answer = console.post(f"/console/echange/{conversation.public_id}/retour/", {"minutes": "5"})
    assert answer.status_code == 200
    assert "Cet échange a déjà 2 promesses" in answer.text
    assert f'aria-describedby="retour-{conversation.public_id}-error"' in answer.text, "beside the form"
    assert (Hold.objects.count(), Message.objects.count()) == (2, said), "what is refused changes nothing"
    console.post(f"/console/echange/{conversation.public_id}/retour/", {"lever": "1"})
    assert not Hold.objects.filter(ended_at__isnull=True).exists()


def degree(conversation, agent, urgency):
    casework_urgency.set_urgency(conversation_id=conversation.pk, by=agent.user, urgency=urgency, reason="danger")


def test_urgency_has_an_end_downwards_and_can_always_be_raised(conversation, agent, console, monkeypatch):
    monkeypatch.setattr(casework_urgency, "URGENCY_CHANGES_AT_MOST", 3)
    for urgency in (1, 0, 1):
        degree(conversation, agent, urgency)
    with pytest.raises(casework_urgency.TooManyChanges):
        degree(conversation, agent, 0)
    degree(conversation, agent, 1)  # setting the same urgency again is no change
    degree(conversation, agent, 2)
    answer = console.post(
        f"/console/echange/{conversation.public_id}/urgence/",
        {"urgency": "0", "reason": "other", "explanation": "à garder"},
    )
    assert answer.status_code == 200
    assert "a déjà été changée 3 fois" in answer.text and "à garder" in answer.text
    assert f'aria-describedby="urgence-{conversation.public_id}-error"' in answer.text, "beside the field"
    conversation.refresh_from_db()
    assert conversation.urgency == 2
    assert conversation.events.filter(kind=EventKind.URGENCY).count() == 4
    assert not Note.objects.exists()


OPENING = {"field": "name", "motive": "à garder", "legal_ground": "Texte", "prosecutor_reference": "P-1",
           "prosecutor_on": "2026-11-20"}  # fmt: skip


def test_openings_of_one_exchange_have_an_end_and_urgent_ones_their_own(conversation, agent, console, monkeypatch):
    make.sealed(conversation)
    monkeypatch.setattr(opening_actions, "AT_MOST", 2)
    monkeypatch.setattr(opening_actions, "URGENT_AT_MOST", 3)
    address = f"/console/echange/{conversation.public_id}/levee/"
    for _time in range(2):
        assert console.post(address, OPENING).status_code == 302
        opening_actions.withdraw_request(request_id=OpeningRequest.objects.latest("pk").pk, by=agent.user)
    answer = console.post(address, OPENING)
    assert answer.status_code == 200 and OpeningRequest.objects.count() == 2
    assert "Cet échange a déjà 2 demandes" in answer.text and "à garder" in answer.text
    assert 'aria-labelledby="id_field-legend id_field-error"' in answer.text, "beside the field"
    urgent = {**OPENING, "is_urgent": "on"}
    assert console.post(address, urgent).status_code == 302, "an imminent danger is not held up by ordinary requests"
    assert console.post(address, urgent).status_code == 302, "the same one, sent again, is that one"
    opening_actions.withdraw_request(request_id=OpeningRequest.objects.latest("pk").pk, by=agent.user)
    answer = console.post(address, urgent)
    assert "Cet échange a déjà 3 demandes" in answer.text and OpeningRequest.objects.count() == 3


def test_asides_have_an_end(conversation, agent, console, monkeypatch):
    colleague = make.agent()
    monkeypatch.setattr(colleague_questions, "ASIDES_AT_MOST", 1)
    monkeypatch.setattr(colleague_questions, "MESSAGES_AT_MOST", 2)
    aside = colleague_questions.ask_colleagues(conversation_id=conversation.pk, body="x", of=[], by=agent.user)
    with pytest.raises(colleague_questions.TooMany):
        colleague_questions.ask_colleagues(conversation_id=conversation.pk, body="x", of=[colleague.pk], by=agent.user)
    colleague_questions.answer_colleague(aside_id=aside.pk, body="x", agent=colleague)
    with pytest.raises(colleague_questions.TooMany):
        colleague_questions.answer_colleague(aside_id=aside.pk, body="x", agent=colleague)
    answer = console.post(f"/console/echange/{conversation.public_id}/question/", {"body": "à garder", "colleague": ""})
    assert "trop d&#x27;apartés" in answer.text and "à garder" in answer.text
    answer = console.post(f"/console/aparte/{aside.public_id}/", {"body": "à garder"})
    assert "trop de messages" in answer.text and "à garder" in answer.text
    assert aside.messages.count() == 2


def test_whispers_have_an_end(conversation, client, settings, monkeypatch):
    monkeypatch.setattr(intervention, "WHISPERS_AT_MOST", 1)
    supervisor = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    intervention.whisper(conversation_id=conversation.pk, by=supervisor, text="x")
    with pytest.raises(intervention.TooManyWhispers):
        intervention.whisper(conversation_id=conversation.pk, by=supervisor, text="x")
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(supervisor)
    sent = {"text": "à garder", "held_by": conversation.assigned_to_id}
    answer = client.post(f"/console/tableau/echange/{conversation.public_id}/mot/", sent)
    assert answer.status_code == 200 and "Trop de mots" in answer.text and "à garder" in answer.text


def test_history_shows_its_last_lines_in_order(conversation, agent):
    ConversationEvent.objects.bulk_create(
        ConversationEvent(
            conversation=conversation, kind=EventKind.HELD, at=conversation.opened_at, by=agent.user, detail=str(n)
        )
        for n in range(history.HISTORY_SHOWN + 20)
    )
    shown = history.history_of(conversation)
    assert len(shown) == history.HISTORY_SHOWN
    assert [one.at for one in shown] == sorted(one.at for one in shown)


@pytest.mark.parametrize("part", ["x", "0", "-1", "9" * 4000, "é" * 4000])
def test_part_of_a_document_that_is_none_is_told(conversation, console, part):
    """Found by `make costs`: the page failed."""
    answer = console.post(f"/console/echange/{conversation.public_id}/document/", {"motive": "person", "part": part})
    assert answer.status_code == 200 and "Choisissez une partie du document dans la liste." in answer.text
