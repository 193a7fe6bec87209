"""An agent chooses the order of their list. Danger and who has had no answer stand first in each of them."""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from chat.arranging.list_order import Order, read_order
from chat.casework import emergencies
from chat.console import inbox
from chat.models import Agent, Conversation, Message
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.factories import chat as make

CHOOSE, PART = "/console/liste/ordre/", "/console/?partie=liste"


@pytest.fixture
def agent(db):
    return make.agent(capacity=10)


@pytest.fixture
def held(agent):
    """Return three people who were answered and wrote again: 2 first, then 3, then 1; 3 was given first of all."""
    conversations = [make.assigned(agent) for _each in range(3)]
    inbox.open_entries(agent, timezone.now())  # it gives the numbers
    for conversation, waits, given in zip(conversations, (2, 9, 5), (20, 30, 40), strict=True):
        make.message(conversation, "Je vous lis.", Author.AGENT)
        make.message(conversation, "merci")
        Conversation.objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(given))
        Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(waits))
    return conversations


def chosen(agent, order):
    Agent.objects.filter(pk=agent.pk).update(list_order=order)
    return [entry.number for entry in inbox.open_entries(Agent.objects.get(pk=agent.pk), timezone.now())]


def drawn(client, address=CONSOLE):
    """Return the numbers of the list as the page has them, and the order that it says."""
    page = client.get(address).text
    said = re.search(r'data-order="(\w+)"', page)
    assert said is not None
    return [int(number) for number in re.findall(r'<li class="console-entry"[^>]*data-number="(\d+)"', page)], said[1]


def test_each_order(agent, held):
    assert chosen(agent, "") == chosen(agent, Order.URGENCY) == chosen(agent, Order.WAIT) == [2, 3, 1]
    assert chosen(agent, Order.NUMBER) == [1, 2, 3]
    assert chosen(agent, Order.NEWEST) == [1, 2, 3]
    Conversation.objects.filter(pk=held[2].pk).update(assigned_at=make.long_ago(10))
    assert chosen(agent, Order.NEWEST) == [3, 1, 2]
    Conversation.objects.filter(pk=held[0].pk).update(urgency=1)
    assert chosen(agent, Order.URGENCY) == [1, 2, 3]
    assert chosen(agent, Order.WAIT) == [2, 3, 1]
    make.message(held[1], "Je vous lis.", Author.AGENT)
    assert chosen(agent, Order.WAIT) == [3, 1, 2], "who has to write comes after who waits"


@pytest.mark.parametrize("order", [Order.WAIT, Order.NUMBER, Order.NEWEST])
def test_danger_and_who_has_had_no_answer_are_first_in_every_order(agent, held, order):
    fresh = make.assigned(agent)  # number 4
    Conversation.objects.filter(pk=fresh.pk).update(assigned_at=make.long_ago(60))
    assert chosen(agent, order)[0] == 4
    make.message(fresh, "Bonjour", Author.AGENT)
    assert chosen(agent, order)[0] != 4, "they were answered"
    last = chosen(agent, order)[-2]
    Conversation.objects.filter(pk=held[last - 1].pk).update(urgency=2)
    assert chosen(agent, order)[0] == last
    make.message(fresh, "je veux mourir")
    assert chosen(agent, order)[:2] == [4, last]
    emergencies.start(conversation_id=held[last - 2].pk, situation=Situation.SUICIDE, by=agent.user)
    assert chosen(agent, order)[:2] == [held.index(held[last - 2]) + 1, 4]


def test_somebody_who_was_answered_by_a_colleague_alone_has_had_no_answer(agent, held):
    Message.objects.filter(conversation=held[0]).update(sent_at=make.long_ago(30))
    assert [entry.number for entry in inbox.open_entries(agent, timezone.now()) if entry.is_unanswered] == [1]


def test_order_is_that_of_its_agent_alone_on_each_screen(agent, held):
    client, other = signed_in(agent.user), make.agent(unit_name="Ailleurs")
    make.assigned(other)
    assert drawn(client) == ([2, 3, 1], "urgence")
    answer = client.post(CHOOSE, {"ordre": "numero"})
    assert (answer.status_code, answer["Location"]) == (302, f"{CONSOLE}#mes-echanges")
    second = Client()
    second.cookies = client.cookies
    for screen in (client, second):
        for address in (CONSOLE, PART, page_of(held[2])):
            assert drawn(screen, address) == ([1, 2, 3], "numero")
    assert '<option value="numero" selected>' in client.get(CONSOLE).text
    assert drawn(signed_in(other.user))[1] == "urgence"


def test_it_leads_back_to_the_exchange_that_was_open_and_to_no_other(agent, held):
    client, of_another = signed_in(agent.user), make.assigned(make.agent(unit_name="Ailleurs"))
    for named, to in (
        (held[1].public_id, page_of(held[1])),
        (of_another.public_id, CONSOLE),
        ("autre", CONSOLE),
        ("", CONSOLE),
    ):
        answer = client.post(CHOOSE, {"ordre": "attente", "echange": named})
        assert answer["Location"] == f"{to}#mes-echanges"


def test_script_gets_no_page(agent):
    client = signed_in(agent.user)
    answer = client.post(CHOOSE, {"ordre": "arrivee", "partie": "ordre"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert Agent.objects.get(pk=agent.pk).list_order == Order.NEWEST


@pytest.mark.parametrize("sent", [{}, {"ordre": ""}, {"ordre": "autre"}, {"ordre": "autre", "partie": "ordre"}])
def test_what_nobody_offers_changes_nothing_and_says_so_beside_the_field(agent, held, sent):
    client = signed_in(agent.user)
    client.post(CHOOSE, {"ordre": "numero"})
    page = unescape(client.post(CHOOSE, sent | {"echange": held[0].public_id}).text)
    assert "Cet ordre n'existe pas : choisissez dans la liste." in re.sub(r"\s", " ", page)
    field = re.search(r'<select id="ordre-liste"[^>]*>', page)
    assert field is not None and 'aria-invalid="true"' in field[0]
    assert 'data-order="numero"' in page and f'data-conversation="{held[0].public_id}"' in page
    assert Agent.objects.get(pk=agent.pk).list_order == Order.NUMBER


def test_what_another_version_kept_is_the_given_order(agent, held):
    assert read_order("autrefois") is read_order("") is Order.URGENCY
    assert chosen(agent, "autrefois") == chosen(agent, "")
    assert all(len(order) <= 20 for order in Order)
