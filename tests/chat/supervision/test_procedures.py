"""An emergency procedure stays on the board until somebody ends it, also when the person is gone."""

import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from chat.casework import emergencies
from chat.console import inbox
from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, EventKind
from chat.models.casework import Emergency
from chat.rules.emergency import CHECKLISTS, Situation
from chat.rules.lifecycle import Author
from chat.supervision import live_board, procedures
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.chat.supervision.test_intervention import recused
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
    assert lines(elsewhere) == [], "nobody of another unit can end it"
    assert "data-emergency" not in signed_in(elsewhere.user).get(BOARD).text
    with pytest.raises(procedures.NoProcedure):
        procedures.end_procedure(public_id=conversation.public_id, by=elsewhere)
    procedures.end_procedure(public_id=conversation.public_id, by=chief)
    assert lines(chief) == lines(elsewhere) == []


def test_supervisor_of_another_unit_is_told_of_it_for_a_day_without_place_or_name(agent, conversation, elsewhere):
    """Alone on duty, they saw it until the person pressed the end, and then nothing."""
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    text = "1 procédure d'une autre unité est encore ouverte, et l'échange terminé : Ici (1)."
    client = signed_in(elsewhere.user)
    alerts = unescape(alerts_of(client))
    assert text in alerts and 'id="ailleurs-procedure-durgence" href="/console/astreintes/"' in alerts
    assert "93200" not in alerts and "Louise" not in alerts and str(conversation.public_id) not in alerts
    past = timezone.now() - procedures.COUNTED_FOR
    Conversation.objects.filter(pk=conversation.pk).update(closed_at=past)
    assert text not in unescape(alerts_of(client)), "its own unit has had a day"


def test_page_names_the_agent_who_can_still_follow_it_and_the_steps_that_are_left(
    agent, conversation, chief, monkeypatch
):
    first, *others = (str(done.line.step.label) for done in emergencies.checklist(Emergency.objects.get()))
    emergencies.tick_step(conversation_id=conversation.pk, step=CHECKLISTS[Situation.SUICIDE][0].step, by=agent.user)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    client, address = signed_in(chief.user), f"{BOARD}procedure/{conversation.public_id}/"
    page = unescape(squeezed(client.get(address).text))
    assert "appelez Louise, même après sa garde" in page
    assert "Louise peut encore la suivre" in page and all(step in page for step in others) and first not in page
    assert "dans « Terminés »" in page
    with monkeypatch.context() as fewer:
        fewer.setattr(inbox, "ENDED_AT_MOST", 0)
        assert "par « Retrouver un échange »" in unescape(squeezed(client.get(address).text)), "twenty ended after it"
    Conversation.objects.filter(pk=conversation.pk).update(closed_at=timezone.now() - inbox.ENDED_FOR)
    page = unescape(squeezed(client.get(address).text))
    assert "par « Retrouver un échange »" in page and "Terminés" not in page
    agent.user.is_active = False
    agent.user.save()
    page = squeezed(client.get(address).text)
    assert "Interlocuteur : Louise" in page and "peut encore la suivre" not in page
    assert "Personne ne peut demander une levée" in page


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


def started(agent: Agent, *, days_ago: int, is_over: bool) -> uuid.UUID:
    """Open a procedure so many days ago, let the person end the exchange if it is over, and return its public id."""
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    began = make.long_ago(0) - timedelta(days=days_ago)
    Emergency.objects.filter(conversation=conversation).update(started_at=began)
    if is_over:
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    return conversation.public_id


def test_procedure_of_somebody_under_way_gives_way_to_none_of_an_exchange_that_is_over(
    agent, conversation, chief, elsewhere, monkeypatch
):
    monkeypatch.setattr(procedures, "SHOWN", 1)
    second = started(agent, days_ago=1, is_over=False)
    started(agent, days_ago=300, is_over=True)
    last = started(agent, days_ago=200, is_over=True)
    board = live_board.read(timezone.now(), units={chief.unit_id})
    assert [line.conversation for line in board.emergencies[:2]] == [second, conversation.public_id]
    assert [line.to_end for line in board.emergencies] == [None, None, last]
    assert board.emergencies_left_out == 1
    assert "1 autre procédure d'un échange fini n'est pas montrée" in unescape(
        squeezed(signed_in(chief.user).get(BOARD).text)
    )
    board = live_board.read(timezone.now(), units={elsewhere.unit_id})
    assert (len(board.emergencies), board.emergencies_left_out) == (2, 0)


def test_procedures_of_ones_units_stand_before_those_that_nobody_had(agent, conversation, chief):
    own = started(agent, days_ago=300, is_over=True)
    is_lost(agent, conversation)
    assert [line.to_end for line in lines(chief)] == [own, conversation.public_id]


def test_who_knows_somebody_concerned_leaves_a_procedure_to_another_supervisor(agent, conversation, chief):
    """The alert stays until somebody else has ended it; the page says who may."""
    recused(conversation, chief)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    client, address = signed_in(chief.user), f"{BOARD}procedure/{conversation.public_id}/"
    page = squeezed(unescape(client.get(address).text))
    assert "Aucun autre superviseur ne peut le faire" in page, "there is no other"
    other = make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Alex")
    assert "connaissez une personne concernée : qui peut y mettre fin" in unescape(alerts_of(client))
    for answer in (client.get(address), client.post(address)):
        page = squeezed(unescape(answer.text))
        assert "ce n'est pas à vous de le faire" in page and '<form method="post">' not in page
        assert "garde que vous y avez mis fin" not in page, "it is not for them"
    with pytest.raises(procedures.Recused):
        procedures.end_procedure(public_id=conversation.public_id, by=chief)
    assert Emergency.objects.get().ended_at is None
    procedures.end_procedure(public_id=conversation.public_id, by=other)
    assert Emergency.objects.get().ended_by == other.user
