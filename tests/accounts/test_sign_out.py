"""An agent who signs out is given nobody: « Vous ne recevrez plus de nouveaux échanges sur ce poste. »"""

import threading
from html import unescape

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from chat.conversations import dispatcher
from chat.models import Agent
from chat.rules.lifecycle import Availability, Status
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord, Motive
from tests.access.people import signed_in
from tests.accounts.cast import SECRET, make_user, totp_code
from tests.accounts.test_audited_admin import Fields
from tests.accounts.test_open_forms import until_somebody_waits
from tests.chat.conversations.test_actions import in_threads
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
    assert "Vous ne recevrez plus de nouveaux échanges" in page


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


# --- an account whose sessions an administrator ends ------------------------------------------------------------------


def deactivate(client: Client, agent: Agent) -> None:
    change(client, agent, is_active=[])


def give_another_role(client: Client, agent: Agent) -> None:
    change(client, agent, role=[Role.ANALYST])


def close_and_give_more_places(client: Client, agent: Agent) -> None:
    """Save, by the same form, the row of the agent, which holds whether they are available."""
    change(client, agent, **{"is_active": [], "agent-0-capacity": ["5"]})


def draw_a_password(client: Client, agent: Agent) -> None:
    assert client.post(reverse("admin:auth_user_password_change", args=[agent.user_id])).status_code == 200


def reset_the_factor(client: Client, agent: Agent) -> None:
    chosen = {"_selected_action": agent.user_id, "action": "reset_second_factor", "confirmed": "1"}
    assert client.post(reverse("admin:accounts_user_changelist"), chosen).status_code == 302


def link_an_identity(client: Client, agent: Agent) -> None:
    change(client, agent, **{"socialaccount_set-0-uid": ["sub-7"]})


def change(client: Client, agent: Agent, **values: list[str]) -> None:
    path = reverse("admin:accounts_user_change", args=[agent.user_id])
    answer = client.post(path, Fields(client.get(path).text).largest | values)
    assert answer.status_code == 302, answer.text


@pytest.mark.parametrize(
    "end",
    [deactivate, give_another_role, close_and_give_more_places, draw_a_password, reset_the_factor, link_an_identity],
)
def test_nobody_comes_to_whose_sessions_an_administrator_ended(end, settings):
    """Their lease runs on for more than a minute: somebody would be told meanwhile that this agent is there."""
    settings.OPENID_ISSUER = "https://fournisseur.example" if end is link_an_identity else ""
    agent, other, chief = make.agent(), make.agent(), Client()
    enrol_totp(agent.user, SECRET)
    chief.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user("chef", Role.ADMINISTRATOR))
    Agent.objects.filter(pk=other.pk).update(capacity=0)
    end(chief, agent)
    assert Agent.objects.get(pk=agent.pk).seen_at == agent.seen_at
    assert Agent.objects.get(pk=other.pk).availability == Availability.AVAILABLE
    person = make.waiting()
    assert dispatcher.dispatch() == 0
    person.refresh_from_db()
    assert person.status == Status.WAITING


def test_another_name_leaves_an_agent_available(settings):
    agent, chief = make.agent(), Client()
    chief.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user("chef", Role.ADMINISTRATOR))
    change(chief, agent, first_name=["Camille"])
    assert Agent.objects.get(pk=agent.pk).availability == Availability.AVAILABLE


def test_page_of_an_account_says_how_many_people_it_answers(settings):
    agent, chief = make.agent(), Client()
    chief.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user("chef", Role.ADMINISTRATOR))
    path = reverse("admin:accounts_user_change", args=[agent.user_id])
    make.closed(agent)
    assert "retour dans la file" not in chief.get(path).text
    for _each in range(2):
        make.assigned(agent)
    settings.LEASE_SECONDS = 240
    page = squeezed(unescape(chief.get(path).text))
    assert "2 : retour dans la file en 240 secondes environ si" in page
    assert "sauf si l'agent se reconnecte avant." in page


@pytest.mark.parametrize("wanted", ["the tail of the register", "the other row"])
def test_reset_of_several_accounts_takes_all_rows_in_order_and_then_the_register(settings, transactional_db, wanted):
    """Another act has the row of the agent whose name comes last, and then takes what a reset may have by then."""
    agents = [make.agent() for _each in range(2)]
    later, earlier = (agent.user for agent in agents)
    User.objects.filter(pk=later.pk).update(username="zoe")  # the order of the keys is not that of the names
    chief, held = Client(), threading.Event()
    chief.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user("chef", Role.ADMINISTRATOR))

    def act(place: int) -> None:
        if place:
            assert held.wait(30)
            users = [later.pk, earlier.pk]
            chosen = {"_selected_action": users, "action": "reset_second_factor", "confirmed": "1"}
            assert chief.post(reverse("admin:accounts_user_changelist"), chosen).status_code == 302
            return
        with transaction.atomic():
            Agent.objects.filter(pk=agents[0].pk).update(capacity=7)
            held.set()
            until_somebody_waits()
            if wanted == "the other row":
                Agent.objects.filter(pk=agents[1].pk).update(capacity=7)
            audit_log.record(kind=AccessKind.RETENTION, by=None, motive=Motive.TERM)

    in_threads(2, act)
    assert [Agent.objects.get(pk=one.pk).availability for one in agents] == [Availability.AWAY] * 2
    assert list(AccessRecord.objects.order_by("number").values_list("subject", flat=True)) == [
        "",
        f"accounts.User {earlier.pk}",
        f"accounts.User {later.pk}",
    ]
