"""An agent who telephones: nobody asks, nobody new comes, whoever is held stays. It ends by itself or by a press."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from chat.conversations import dispatcher, idle, pauses, phone_calls
from chat.conversations.presence import renew_lease
from chat.models import Agent, Conversation
from chat.rules.lifecycle import Availability, PauseOrder, Status, idle_reason, is_idle, is_on_the_phone, phone_reason
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
ADDRESS = "/console/disponibilite/telephone/"
IN_JSON = {"Accept": "application/json"}


def fresh(agent: Agent) -> Agent:
    return Agent.objects.get(pk=agent.pk)


def test_nobody_asks_nobody_new_comes_and_whoever_is_held_stays():
    agent = make.agent(capacity=3)
    held = make.assigned(agent)
    assert idle.is_needed(agent)
    phone_calls.begin_phone_call(agent_id=agent.pk)
    assert not idle.is_needed(fresh(agent))
    with pytest.raises(idle.NotIdle):
        idle.pause_idle(agent_id=agent.pk, unseen=timedelta(minutes=5))
    waiting = make.waiting()
    assert dispatcher.dispatch() == 0
    rows = dict(Conversation.objects.values_list("pk", "status"))
    assert rows == {held.pk: Status.ACTIVE, waiting.pk: Status.WAITING}
    held.refresh_from_db()
    assert held.assigned_to == agent


def test_it_lasts_a_quarter_of_an_hour_from_the_last_press_and_says_its_end():
    agent = make.agent()
    now = timezone.now()
    for minutes in (0, 10):
        at = now + timedelta(minutes=minutes)
        told = phone_calls.begin_phone_call(agent_id=agent.pk, now=at)
        end = at + timedelta(minutes=15)
        assert (told.availability, told.pause_until) == (Availability.PAUSE, end)
        assert told.pause_reason == f"au téléphone jusqu'à {timezone.localtime(end):%H:%M}"
    assert pauses.end_pauses(now + timedelta(minutes=24)) == 0
    Agent.objects.update(seen_at=now + timedelta(minutes=25))
    assert pauses.end_pauses(now + timedelta(minutes=25)) == 1
    agent = fresh(agent)
    assert (agent.availability, agent.pause_reason, agent.pause_until) == (Availability.AVAILABLE, "", None)


def test_only_who_is_available_or_was_just_taken_for_absent_may_say_it():
    agent = make.agent()
    for availability, reason in ((Availability.AWAY, ""), (Availability.PAUSE, str(PauseOrder.REST.label))):
        Agent.objects.filter(pk=agent.pk).update(availability=availability, pause_reason=reason)
        with pytest.raises(phone_calls.NotOnDuty):
            phone_calls.begin_phone_call(agent_id=agent.pk)
        assert (fresh(agent).availability, fresh(agent).pause_reason) == (availability, reason)
    Agent.objects.filter(pk=agent.pk).update(availability=Availability.PAUSE, pause_reason=idle_reason("04:09"))
    assert phone_calls.begin_phone_call(agent_id=agent.pk).is_on_the_phone


def test_its_reason_is_told_from_others():
    assert is_on_the_phone(phone_reason("04:24"))
    assert not is_idle(phone_reason("04:24"))
    for other in (idle_reason("04:09"), str(PauseOrder.REST.label), "Souffler", ""):
        assert not is_on_the_phone(other)


def test_a_grave_end_meanwhile_offers_no_other_pause():
    agent = make.agent()
    told = phone_calls.begin_phone_call(agent_id=agent.pk)
    assert not pauses.offer_pause(agent_id=agent.pk)
    assert fresh(agent).pause_until == told.pause_until


def test_agent_says_it_prolongs_it_and_ends_it_without_a_script_and_the_board_shows_it():
    agent = make.agent(public_name="Camille")
    conversation = make.assigned(agent)
    client = signed_in(agent.user)

    def read() -> str:
        return squeezed(unescape(client.get("/console/").text)).replace("\u00a0", " ")

    button = r'formaction="/console/disponibilite/telephone/" name="phone" value="phone"[^>]*aria-pressed="{}"'
    assert re.search(button.format("false"), read())
    answer = client.post(ADDRESS, {"echange": conversation.public_id, "phone": "phone"}, follow=True)
    assert answer.redirect_chain[0][0].endswith(f"/echange/{conversation.public_id}/")
    page = read()
    time = f"{timezone.localtime(fresh(agent).pause_until):%H:%M}"
    assert f"Au téléphone jusqu'à {time}." in page and re.search(button.format("true"), page)
    assert 'aria-pressed="true" data-key="P"' not in page
    assert "Prenez quelques minutes." not in page
    chief = make.agent(role=Role.SUPERVISOR)
    board = squeezed(unescape(signed_in(chief.user).get("/console/tableau/").text)).replace("\u00a0", " ")
    assert f"En pause (au téléphone jusqu'à {time})" in board
    Agent.objects.filter(pk=agent.pk).update(pause_until=timezone.now() + timedelta(minutes=2))
    client.post(ADDRESS, {"phone": "again"})
    assert fresh(agent).pause_until > timezone.now() + timedelta(minutes=14)
    client.post("/console/disponibilite/", {"availability": "available", "capacity": "3"})
    assert (fresh(agent).availability, fresh(agent).pause_until) == (Availability.AVAILABLE, None)
    assert 'id="au-telephone"' not in read()


def test_question_says_it_by_a_script_and_other_pages_show_it():
    agent = make.agent()
    make.assigned(agent)
    client = signed_in(agent.user)
    said = client.post(ADDRESS, headers=IN_JSON).json()
    assert is_on_the_phone(said["phone"])
    assert client.get("/console/presence/?signe=non", headers=IN_JSON).json()["needed"] is False
    standing = renew_lease(user_id=agent.user_id)
    assert (standing.phone_reason, standing.idle_reason) == (said["phone"], "")
    Agent.objects.update(availability=Availability.AWAY, pause_reason="", pause_until=None)
    assert client.post(ADDRESS, headers=IN_JSON).json() == {"phone": ""}
    assert "rien n'a changé" in unescape(client.post(ADDRESS, follow=True).text)


def test_another_site_may_not_say_it():
    agent = make.agent()
    strict = signed_in(agent.user)
    strict.handler.enforce_csrf_checks = True
    assert strict.post(ADDRESS).status_code == 403
    assert fresh(agent).availability == Availability.AVAILABLE
