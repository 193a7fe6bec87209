"""A sign of an agent at one device counts at every other one: the beats tell it, and one time is kept of each agent."""

import json
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from chat.conversations import actions, idle, presence
from chat.messages import protocol
from chat.models import Agent
from chat.realtime.consumers import ConsoleConnection
from chat.rules.lifecycle import Availability
from common.sql import fetch_rows
from tests.chat.console.agents import signed_in
from tests.chat.sockets import Line, in_db
from tests.chat.sockets import signed_in as with_socket
from tests.factories import chat as make

pytestmark = pytest.mark.django_db
IN_JSON = {"Accept": "application/json"}


def seconds_since(agent: Agent) -> float | None:
    agent.refresh_from_db()
    return None if agent.sign_at is None else (timezone.now() - agent.sign_at).total_seconds()


def is_about(seconds: float | None, wanted: float) -> bool:
    return seconds is not None and wanted - 1 < seconds < wanted + 30


def test_last_sign_of_all_devices_is_kept():
    agent, other = make.agent(), make.agent()
    both = [other.pk, agent.pk]
    actions.agents_seen(agent_ids=both)
    assert seconds_since(agent) is None
    actions.agents_seen(agent_ids=both, signs={agent.pk: 100})
    assert is_about(seconds_since(agent), 100) and seconds_since(other) is None
    actions.agents_seen(agent_ids=both, signs={agent.pk: 40})
    assert is_about(seconds_since(agent), 40)
    actions.agents_seen(agent_ids=both, signs={agent.pk: 150, other.pk: 3})
    actions.agents_seen(agent_ids=both)
    assert is_about(seconds_since(agent), 40) and is_about(seconds_since(other), 3)


def test_sign_costs_no_statement_and_is_written_once_in_five_seconds(monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(actions, "fetch_rows", lambda *args: sent.append(args[0]) or fetch_rows(*args))
    agent, now = make.agent(), timezone.now()

    def told(seconds: int, later: float = 0) -> tuple[datetime | None, datetime | None]:
        at = now + timedelta(seconds=later)
        actions.agents_seen(agent_ids=[agent.pk], signs={agent.pk: seconds}, now=at)
        return Agent.objects.values_list("seen_at", "sign_at").get(pk=agent.pk)

    first = told(60)
    assert first == (now, now - timedelta(seconds=60))
    assert told(58) == first and told(57, 1) == first, "so soon, nothing is written"
    assert told(2, 1) == (now + timedelta(seconds=1), now - timedelta(seconds=1))
    assert len(sent) == 4


def test_page_that_was_not_touched_is_told_and_does_not_pause_who_works_elsewhere():
    agent = make.agent()
    make.assigned(agent)
    client = signed_in(agent.user)
    assert client.get("/console/presence/?signe=non", headers=IN_JSON).json()["sign"] is None
    assert "sign" not in client.get("/console/presence/?signe=20", headers=IN_JSON).json()
    told = client.get("/console/presence/?signe=non", headers=IN_JSON).json()
    assert told["needed"] is True and 20 <= told["sign"] < 50
    with pytest.raises(idle.NotIdle):
        idle.pause_idle(agent_id=agent.pk, unseen=timedelta(minutes=5))
    Agent.objects.update(sign_at=timezone.now() - timedelta(minutes=5, seconds=2))
    idle.pause_idle(agent_id=agent.pk, unseen=timedelta(minutes=5))
    agent.refresh_from_db()
    assert agent.is_paused_as_idle


@pytest.mark.parametrize("told", ["", "non", "-1", "86401", "1e3", "99999999", "٣"])
def test_what_is_no_sign_in_the_address_is_none(told):
    agent = make.agent()
    make.assigned(agent)
    assert protocol.read_sign(told) is None
    assert signed_in(agent.user).get("/console/presence/", {"signe": told}, headers=IN_JSON).status_code == 200
    assert seconds_since(agent) is None


def test_nothing_is_kept_of_who_is_absent_and_holds_nobody():
    agent = make.agent(availability=Availability.AWAY)
    presence.renew_lease(user_id=agent.user_id, sign=3)
    assert seconds_since(agent) is None


def test_frame_over_http_tells_it():
    agent = make.agent()
    client = signed_in(agent.user)
    client.post("/console/trames/", json.dumps({"type": "beat", "sign": 7}), content_type="application/json")
    assert is_about(seconds_since(agent), 7)


@pytest.mark.django_db(transaction=True)
async def test_sockets_of_two_devices_tell_it():
    agent = await in_db(make.agent)
    key = await in_db(with_socket, agent)
    async with Line("/ws/console/", key) as first, Line("/ws/console/", key) as second:
        for line, sign in ((first, 90), (second, 12)):
            await line.until("queue")
            await line.send(type="beat", sign=sign)
        for line in (first, second):
            await line.until("beat")
        await second.send(type="beat")  # its page was not touched for long
        await second.until("beat")
    assert is_about(await in_db(seconds_since, agent), 12)


@pytest.mark.django_db(transaction=True)
async def test_beat_of_a_console_that_is_reading_tells_it(monkeypatch):
    """Its lease is renewed with the reading, and not with the other beats."""
    agent = await in_db(make.agent)
    async with Line("/ws/console/", await in_db(with_socket, agent)) as line:
        await line.until("queue")
        monkeypatch.setattr(ConsoleConnection, "is_settled", False)
        await line.send(type="beat", sign=12)
        await line.until("beat")
    assert is_about(await in_db(seconds_since, agent), 12)
