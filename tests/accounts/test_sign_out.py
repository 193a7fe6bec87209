"""An agent who signs out is given nobody: « Vous ne recevrez plus de nouvelles conversations sur ce poste. »"""

from html import unescape

import pytest

from chat.conversations import dispatcher
from chat.models import Agent
from chat.rules.lifecycle import Availability, Status
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET, totp_code
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


def come_in(client, agent: Agent) -> None:
    enrol_totp(agent.user, SECRET)
    client.post("/compte/login/", {"login": agent.user.username, "password": "a password for tests"})
    client.post("/compte/2fa/authenticate/", {"code": totp_code()})
    assert client.get("/console/").status_code == 200


@pytest.mark.parametrize("availability", [Availability.AVAILABLE, Availability.PAUSE])
def test_nobody_comes_to_who_signed_out(client, availability):
    agent = make.agent(availability=availability)
    come_in(client, agent)
    before = Agent.objects.get(pk=agent.pk).seen_at
    client.post("/compte/logout/")
    after = Agent.objects.get(pk=agent.pk)
    assert after.availability == Availability.AWAY and after.pause_until is None
    assert after.seen_at == before  # the exchanges of the agent are given back as early as without signing out
    person = make.waiting()
    assert dispatcher.dispatch() == 0
    person.refresh_from_db()
    assert person.status == Status.WAITING


def test_conversation_under_way_stays_for_who_returns(client):
    agent = make.agent()
    conversation = make.assigned(agent)
    come_in(client, agent)
    client.post("/compte/logout/")
    dispatcher.release_stale()
    conversation.refresh_from_db()
    assert conversation.assigned_to == agent


@pytest.mark.parametrize("count", [0, 1, 2])
def test_page_says_who_would_write_to_nobody(client, count):
    agent = make.agent()
    for _each in range(count):
        make.assigned(agent)
    make.closed(agent)
    come_in(client, agent)
    page = squeezed(unescape(client.get("/compte/logout/").text))
    assert (f"Vous avez {count} échange" in page) is bool(count)
    assert ("pendant 60 secondes au plus" in page) is bool(count)
    assert ('href="/console/fin-de-service/">Je termine mon service' in page) is bool(count)
    assert "cette personne" in page if count == 1 else "cette personne" not in page
    assert "Vous ne recevrez plus de nouvelles conversations" in page


def test_page_says_nothing_of_exchanges_to_who_gave_a_password_alone(client):
    agent = make.agent()
    make.assigned(agent)
    enrol_totp(agent.user, SECRET)
    client.post("/compte/login/", {"login": agent.user.username, "password": "a password for tests"})
    assert "échange en cours" not in client.get("/compte/logout/").text


def test_signing_out_of_another_account_leaves_agents_alone(client):
    agent, other = make.agent(), make.agent()
    come_in(client, other)
    client.post("/compte/logout/")
    assert Agent.objects.get(pk=agent.pk).availability == Availability.AVAILABLE
