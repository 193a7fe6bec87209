"""A supervisor sets an agent of their units in pause: who may, what it changes, who is told, what is recorded."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from chat import pubsub
from chat.conversations import dispatcher
from chat.decisions import on_call as on_call_duties
from chat.models import Agent, OnCall
from chat.rules.lifecycle import Availability, PauseOrder, Status, is_ordered
from chat.supervision import pausing
from pnav.accounts.models import Role
from reports.audit import wording as audit_wording
from reports.models import AccessKind, AccessRecord
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
ADDRESS = "/console/tableau/pause/"


@pytest.fixture
def camille():
    return make.agent(public_name="Camille", unit_name="Ici")


@pytest.fixture
def dominique():
    return make.agent(public_name="Dominique", role=Role.SUPERVISOR, unit_name="Ici")


@pytest.fixture
def stranger():
    """Return a supervisor of another unit."""
    return make.agent(public_name="Sacha", role=Role.SUPERVISOR, unit_name="Ailleurs")


def pause(agent, by, reason=PauseOrder.SILENT):
    return pausing.pause_agent(agent_id=agent.pk, by=by, reason=reason)


def read(client) -> str:
    """Return the console as this agent reads it."""
    return squeezed(unescape(client.get("/console/").text))


def test_nobody_new_is_given_and_who_was_given_stays(camille, dominique):
    mine = make.assigned(camille)
    Agent.objects.filter(pk=dominique.pk).update(availability=Availability.AWAY)
    before = Agent.objects.get(pk=camille.pk).seen_at
    pause(camille, dominique)
    camille.refresh_from_db()
    mine.refresh_from_db()
    assert (camille.availability, mine.assigned_to, mine.status) == (Availability.PAUSE, camille, Status.ACTIVE)
    assert camille.pause_until is None, "it does not end by itself"
    assert camille.seen_at == before, "whose page nobody sees is not kept present by somebody else"
    other = make.waiting()
    dispatcher.dispatch()
    other.refresh_from_db()
    assert other.status == Status.WAITING


def test_agent_reads_it_and_ends_it(camille, dominique):
    pause(camille, dominique, PauseOrder.END)
    client = signed_in(camille.user)
    page = read(client)
    assert re.search(r"En pause</strong>\s*<span>\(par un superviseur\s–\sfin de service\)</span>", page)
    assert re.search(r"Pause décidée par un superviseur\s–\sfin de service\.", page)
    assert page.count("data-ordered") == 2
    client.post("/console/disponibilite/", {"availability": "available", "capacity": "3"})
    camille.refresh_from_db()
    assert (camille.availability, camille.pause_reason) == (Availability.AVAILABLE, "")
    assert "data-ordered" not in read(client)


def test_own_pause_is_no_order(camille):
    client = signed_in(camille.user)
    client.post("/console/disponibilite/", {"availability": "pause", "pause_reason": "rest", "capacity": "3"})
    camille.refresh_from_db()
    assert camille.pause_reason and not camille.is_paused_by_supervisor
    assert "data-ordered" not in read(client)
    assert not is_ordered("") and all(is_ordered(str(one.label)) for one in PauseOrder)


def test_open_pages_are_told_at_once(camille, dominique, monkeypatch):
    told = []
    for name in ("agent_changed", "aside_changed"):
        monkeypatch.setattr(pubsub, name, lambda key, name=name: told.append((name, key)))
    pause(camille, dominique)
    assert told == [("agent_changed", camille.pk), ("aside_changed", camille.pk)]


def test_register_says_who_and_why(camille, dominique):
    pause(camille, dominique, PauseOrder.SILENT)
    line = AccessRecord.objects.get(kind=AccessKind.AGENT_PAUSED)
    assert (line.account_id, line.subject) == (dominique.user_id, f"chat.Agent {camille.pk}")
    assert line.motive == "Des personnes attendent une réponse"
    assert audit_wording.in_words(line.kind, line.detail) == "mis en pause"


# --- who may ------------------------------------------------------------------------------------------------------


def test_only_supervisors_of_the_unit_may_and_not_for_themselves(camille, dominique, stranger):
    colleague = make.agent(unit_name="Ici")
    for by in (stranger, colleague, camille):
        with pytest.raises(pausing.AgentOutOfReach):
            pause(camille, by)
    with pytest.raises(pausing.AgentOutOfReach):
        pause(dominique, dominique)
    assert set(pausing.may_be_paused(dominique, timezone.now())) == {camille, colleague}
    assert set(pausing.may_be_paused(stranger, timezone.now())) == set()
    assert set(pausing.may_be_paused(colleague, timezone.now())) == set()
    assert not Agent.objects.filter(availability=Availability.PAUSE).exists()
    assert not AccessRecord.objects.filter(kind=AccessKind.AGENT_PAUSED).exists()


def test_supervisor_on_call_may_and_the_register_says_so(camille, dominique, stranger):
    now = timezone.now()
    duty = OnCall.objects.create(
        supervisor=stranger, unit=camille.unit, named_by=dominique.user, named_at=now, motive="seul cette nuit",
        starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1),
    )  # fmt: skip
    pause(camille, stranger)
    line = AccessRecord.objects.get(kind=AccessKind.AGENT_PAUSED)
    assert line.detail == f"pause, on call {duty.pk}"
    assert audit_wording.in_words(line.kind, line.detail) == "mis en pause ; au titre de l'astreinte"
    [decision] = on_call_duties.decisions(duty)
    assert (decision.kind, decision.act) == ("Agent mis en pause par un superviseur", ""), "said once"
    assert not decision.subject
    assert (
        "échange" not in signed_in(dominique.user).get("/console/astreintes/").text.partition("mis en pause")[2][:200]
    )


def test_who_is_gone_or_rests_already_is_not_changed(camille, dominique):
    Agent.objects.filter(pk=camille.pk).update(availability=Availability.PAUSE, pause_reason="Repas")
    with pytest.raises(pausing.NotAvailable):
        pause(camille, dominique)
    Agent.objects.filter(pk=camille.pk).update(
        availability=Availability.AVAILABLE, pause_reason="", seen_at=timezone.now() - timedelta(hours=1)
    )
    with pytest.raises(pausing.AgentOutOfReach):
        pause(camille, dominique)


# --- the page -----------------------------------------------------------------------------------------------------


def test_board_leads_to_the_page_where_the_agent_is_chosen(camille, dominique):
    client = signed_in(dominique.user)
    board = unescape(client.get("/console/tableau/").text)
    assert f'id="pause-{camille.pk}"' in board and f'id="pause-{dominique.pk}"' not in board
    page = squeezed(unescape(client.get(f"{ADDRESS}?agent={camille.pk}").text))
    assert f'<option value="{camille.pk}" selected>' in page and f'value="{dominique.pk}"' not in page
    answer = client.post(ADDRESS, {"agent": camille.pk, "reason": "asked"}, follow=True)
    assert answer.redirect_chain == [("/console/tableau/", 302)]
    assert "Camille est en pause, et le lit." in answer.text
    camille.refresh_from_db()
    assert camille.pause_reason == str(PauseOrder.ASKED.label)
    board = squeezed(unescape(client.get("/console/tableau/").text))
    assert f'id="pause-{camille.pk}"' not in board and "par un superviseur – l'agent l'a demandé" in board


def test_silence_leads_there_too(camille, dominique):
    conversation = make.assigned(camille)
    make.message(conversation, "Vous êtes là ?")
    long_ago = timezone.now() - timedelta(minutes=30)
    conversation.messages.update(sent_at=long_ago)
    type(conversation).objects.filter(pk=conversation.pk).update(assigned_at=long_ago, reporter_seen_at=timezone.now())
    board = unescape(signed_in(dominique.user).get("/console/tableau/").text)
    assert f'id="pause-silence-{conversation.public_id}"' in board


def test_errors_are_beside_the_field_and_change_nothing(camille, dominique, stranger):
    client = signed_in(dominique.user)
    page = unescape(client.post(ADDRESS, {}).text)
    assert "Choisissez un agent." in page and "Choisissez une raison." in page
    for other in (stranger.pk, dominique.pk, 0, "x"):
        page = unescape(client.post(ADDRESS, {"agent": other, "reason": "silent"}).text)
        assert "Cet agent n'est plus disponible, ou plus là : rien n'a changé." in page
    page = unescape(client.post(ADDRESS, {"agent": camille.pk, "reason": "vacances"}).text)
    assert 'id="raison-error"' in page
    assert not Agent.objects.filter(availability=Availability.PAUSE).exists()


def test_agent_who_went_while_the_page_was_open_is_said(camille, dominique, monkeypatch):
    client = signed_in(dominique.user)

    def gone(**_asked):
        raise pausing.NotAvailable

    monkeypatch.setattr(pausing, "pause_agent", gone)
    page = unescape(client.post(ADDRESS, {"agent": camille.pk, "reason": "silent"}).text)
    assert "rien n'a changé" in page


def test_agents_may_not_open_the_page_and_another_site_may_not_send_it(camille, dominique):
    client = signed_in(camille.user)
    for act in (client.get, client.post):
        answer = act(ADDRESS, {"agent": dominique.pk, "reason": "silent"})
        assert answer.status_code == 403
    strict = signed_in(dominique.user)
    strict.handler.enforce_csrf_checks = True
    assert strict.post(ADDRESS, {"agent": camille.pk, "reason": "silent"}).status_code == 403
    assert not Agent.objects.filter(availability=Availability.PAUSE).exists()


def test_nobody_to_choose_is_said(dominique):
    assert "Aucun agent de vos unités n'est disponible" in unescape(signed_in(dominique.user).get(ADDRESS).text)
