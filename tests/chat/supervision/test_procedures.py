"""An emergency procedure stays on the board until somebody ends it, also when the person is gone."""

import uuid
from html import unescape

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from chat.casework import emergencies
from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, EventKind
from chat.models.casework import Emergency
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Status
from chat.supervision import live_board, procedures
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
BOARD = "/console/tableau/"


@pytest.fixture
def agent():
    return make.agent(unit_name="Ici", public_name="Louise")


@pytest.fixture
def conversation(agent):
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)
    return conversation


@pytest.fixture
def chief(agent):
    return make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique")


@pytest.fixture
def elsewhere():
    return make.agent(role=Role.SUPERVISOR, unit_name="Ailleurs", public_name="Sacha")


def is_lost(agent: Agent, conversation: Conversation) -> None:
    """Let the agent be lost and the person be away, until they are taken out of the queue."""
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 1
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(60 * 24))
    assert dispatcher.abandon_absent() == 1


def alerts_of(client: Client) -> str:
    html = squeezed(client.get(BOARD).text)
    return html[html.index("data-alerts") : html.index("console-figures")]


def lines(reader: Agent) -> list[live_board.EmergencyLine]:
    return live_board.read(timezone.now(), units={reader.unit_id}).emergencies


def test_procedure_of_somebody_who_is_gone_stays_until_a_supervisor_ends_it(agent, conversation, chief, elsewhere):
    is_lost(agent, conversation)
    client, address = signed_in(elsewhere.user), f"{BOARD}procedure/{conversation.public_id}/"
    for reader, browser in ((chief, signed_in(chief.user)), (elsewhere, client)):
        (line,) = lines(reader)
        assert (line.place, line.unit, line.conversation, line.to_end) == ("93200", "", None, conversation.public_id)
        alerts = alerts_of(browser)
        assert "la personne est partie de la file" in alerts and "93200" in alerts and address in alerts
    page = client.get(address).text
    assert "93200" in page and str(Situation.SUICIDE.label) in page
    assert Emergency.objects.get().ended_at is None
    assert "La procédure d'urgence est finie." in unescape(client.post(address, follow=True).text)
    row = Emergency.objects.get()
    assert row.ended_at and row.ended_by == elsewhere.user and lines(chief) == []
    event = conversation.events.filter(kind=EventKind.EMERGENCY_ENDED).get()
    assert (event.by, event.detail) == (elsewhere.user, Situation.SUICIDE)
    assert client.post(address).headers["Location"] == BOARD, "it has ended"


def test_procedure_of_an_exchange_that_the_person_ended_is_its_units(agent, conversation, chief, elsewhere):
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    (line,) = lines(chief)
    assert (line.name, line.conversation, line.to_end) == ("Louise", None, conversation.public_id)
    assert "échange terminé par la personne" in alerts_of(signed_in(chief.user))
    (line,) = lines(elsewhere)
    assert (line.place, line.name, line.unit, line.to_end) == ("", "", "Ici", None)
    with pytest.raises(procedures.NoProcedure):
        procedures.end_procedure(public_id=conversation.public_id, by=elsewhere)
    procedures.end_procedure(public_id=conversation.public_id, by=chief)
    assert lines(chief) == lines(elsewhere) == []


def test_agent_of_an_exchange_that_the_person_ended_ends_it_too(agent, conversation, chief):
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    emergencies.finish(conversation_id=conversation.pk, by=agent.user)
    assert lines(chief) == []


def test_nobody_ends_it_instead_of_the_agent_or_before_the_next_one(agent, conversation, chief):
    address = f"{BOARD}procedure/{conversation.public_id}/"
    (line,) = lines(chief)
    assert (line.conversation, line.to_end) == (conversation.public_id, None)
    with pytest.raises(procedures.NoProcedure):
        procedures.end_procedure(public_id=conversation.public_id, by=chief)
    assert signed_in(chief.user).post(address).headers["Location"] == BOARD
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(60))
    dispatcher.release_stale()
    (line,) = lines(chief)
    assert (line.place, line.state, line.to_end) == ("93200", "sans agent, dans la file", None)
    with pytest.raises(procedures.NoProcedure):
        procedures.end_procedure(public_id=conversation.public_id, by=chief)
    assert Emergency.objects.get().ended_at is None


def test_agents_end_no_procedure_of_others(agent, conversation):
    is_lost(agent, conversation)
    other = make.agent(unit_name="Ici")
    with pytest.raises(procedures.NoProcedure):
        procedures.end_procedure(public_id=conversation.public_id, by=other)
    with pytest.raises(procedures.NoProcedure):
        procedures.end_procedure(public_id=uuid.uuid4(), by=other)
    assert signed_in(other.user).get(f"{BOARD}procedure/{conversation.public_id}/").status_code == 403


def test_oldest_procedures_are_shown_and_their_number_is_bounded(agent, conversation, chief, monkeypatch):
    second = make.assigned(agent)
    emergencies.start(conversation_id=second.pk, situation=Situation.DANGER, by=agent.user)
    Emergency.objects.filter(conversation=second).update(
        started_at=F("started_at") - (make.long_ago(0) - make.long_ago(5))
    )
    monkeypatch.setattr(procedures, "SHOWN", 1)
    assert [line.conversation for line in lines(chief)] == [second.public_id]
    assert Conversation.objects.filter(status=Status.ACTIVE).count() == 2
