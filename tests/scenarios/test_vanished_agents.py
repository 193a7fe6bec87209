"""An agent has vanished: what the person reads, and whose turn it is."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from chat.conversations import actions, dispatcher
from chat.models import Agent
from chat.rules.lifecycle import Availability, Status
from tests.chat.conftest import _hub_of_this_loop, _no_hub_left_behind  # noqa: F401
from tests.chat.sockets import Line, in_db, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db(transaction=True)

REPORTER = "/ws/conversation/"


def tick():
    call_command("run_worker", "--ticks=1")


def vanish(agent):
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(2))


def page(key, settings):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client.get(reverse("chat:conversation")).text


async def test_agent_vanishes_the_person_reads_why_and_is_next():
    agent = await in_db(make.agent, capacity=1)
    conversation = await in_db(make.assigned, agent, queued_at=make.long_ago(30))
    await in_db(make.message, conversation, "déjà dit")
    other = await in_db(make.waiting, queued_at=make.long_ago(10))
    async with (
        Line(REPORTER, await in_db(visit, conversation)) as line,
        Line(REPORTER, await in_db(visit, other)) as behind,
    ):
        for each in (line, behind):
            await each.send(type="sync", after=0)
            await each.until("state")
        await in_db(vanish, agent)
        await in_db(tick)
        item = await line.hears(
            "La connexion avec l'agent est perdue\u00a0: ce n'est la faute de personne ici. "
            "La place est gardée et une autre personne va répondre\u00a0; elle pourra lire les messages."
        )
        assert item["author"] == "system"
        state = await line.until(lambda frame: frame["type"] == "state" and frame["status"] == "waiting")
        assert (state["position"], state["wait_minutes"], state["interlocutor"]) == (1, None, None)
        state = await behind.until(lambda frame: frame["type"] == "state" and frame["position"] == 2)
        assert state["wait_minutes"] is None

        newcomer = await in_db(make.agent, capacity=1, public_name="Dominique")
        await in_db(dispatcher.dispatch)
        state = await line.until(lambda frame: frame["type"] == "state" and frame["status"] == "active")
        assert "Dominique" in state["interlocutor"]
        await behind.until(lambda frame: frame["type"] == "state" and frame["position"] == 1)
    await in_db(conversation.refresh_from_db)
    assert await in_db(lambda: conversation.assigned_to) == newcomer
    texts = await in_db(lambda: [each.body for each in conversation.messages.all()])
    assert "déjà dit" in texts  # the next agent can read it


def pauses(agent):
    actions.set_availability(agent_id=agent.pk, availability=Availability.PAUSE)


def goes_away(agent):
    actions.set_availability(agent_id=agent.pk, availability=Availability.AWAY)


def takes_nobody(agent):
    actions.set_availability(agent_id=agent.pk, availability=Availability.AVAILABLE, capacity=0)


def closes_the_console(agent):
    """Close the console.

    Presence is a lease: nothing is said when the socket closes, the worker finds the lease over.
    """
    vanish(agent)
    tick()


@pytest.mark.parametrize("leaves", [pauses, goes_away, takes_nobody, closes_the_console])
async def test_last_agent_leaves_open_waiting_pages_are_told(leaves, settings):
    agent = await in_db(make.agent, capacity=1)
    await in_db(make.assigned, agent)
    conversation = await in_db(make.waiting)
    key = await in_db(visit, conversation)
    unknown = "Aucun agent n'est disponible en ce moment. Votre place est gardée. La durée n'est pas connue."
    assert f">{unknown}" not in (await in_db(page, key, settings)).replace("&#x27;", "'")
    async with Line(REPORTER, key) as line:
        await line.send(type="sync", after=0)
        state = await line.until(lambda frame: frame["type"] == "state" and frame["wait_minutes"])
        await in_db(leaves, agent)
        state = await line.until(lambda frame: frame["type"] == "state" and frame["wait_minutes"] is None)
        assert (state["status"], state["position"]) == (Status.WAITING, 2 if leaves is closes_the_console else 1)
    assert f">{unknown}" in (await in_db(page, key, settings)).replace("&#x27;", "'")
