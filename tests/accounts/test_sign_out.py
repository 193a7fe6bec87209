"""An agent who signs out is given nobody: « Vous ne recevrez plus de nouvelles conversations sur ce poste. »"""

import pytest

from chat.conversations import dispatcher
from chat.models import Agent
from chat.rules.lifecycle import Availability, Status
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET, totp_code
from tests.factories import chat as make

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


def test_signing_out_of_another_account_leaves_agents_alone(client):
    agent, other = make.agent(), make.agent()
    come_in(client, other)
    client.post("/compte/logout/")
    assert Agent.objects.get(pk=agent.pk).availability == Availability.AVAILABLE
