"""One statement says what a page of the console has to read, and everything that exists is read."""

import re
import uuid

import pytest
from django.utils import timezone

from chat.casework import (
    at_hand,
    colleague_questions,
    emergencies,
    fact_sheet,
    notes,
    proposals,
    replies,
    reply_drafts,
)
from chat.casework.fact_sheet import Facts
from chat.console import base
from chat.conversations import actions
from chat.journal import actions as journal_actions
from chat.journal.facts import Told
from chat.models import Conversation, Macro
from chat.models.transfer import Watch, Whisper
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from chat.rules.transfer import OPEN
from common import clock
from reports.rules.offence_elements import Element
from tests.chat.console.agents import page_of, signed_in
from tests.chat.transfer import acts
from tests.factories import captures
from tests.factories import chat as make
from tests.factories import transmissions as units

pytestmark = pytest.mark.django_db


def said(page: str) -> str:
    """Return a page without what differs at each reading."""
    page = re.sub(r'name="(csrfmiddlewaretoken|client_id)" value="[^"]*"', "", page)
    return re.sub(r'nonce="[^"]*"|datetime="[^"]*"|\d\d:\d\d', "", page)


def whole_page(conversation, monkeypatch) -> tuple[str, str]:
    """Return the page as it asks for what is at hand, and as it asks for everything."""
    client = signed_in(conversation.assigned_to.user)
    client.get(page_of(conversation))  # this marks what is shown as read
    short = client.get(page_of(conversation)).text
    monkeypatch.setattr(base, "read_at_hand", lambda *_given, **_named: at_hand.EVERYTHING)
    return said(short), said(client.get(page_of(conversation)).text)


def everything(monkeypatch) -> Conversation:
    """Return an exchange of which there is something of every kind."""
    agent, colleague = make.agent(), make.agent(public_name="Alex")
    chief, by = make.agent(role="supervisor"), agent.user
    actions.close_conversation(conversation_id=make.assigned(agent).pk, by_author=Author.AGENT, by=by)
    one, other = make.assigned(agent), make.assigned(agent)
    pk = one.pk
    emergencies.start(conversation_id=pk, situation=Situation.SUICIDE, by=by)
    fact = uuid.uuid4()
    journal_actions.note_fact(conversation_id=pk, public_id=fact, told=Told("Un appel la nuit."))
    journal_actions.show_facts(conversation=one)
    captures.shown(one)
    reply_drafts.keep_draft(one, agent, "Je reviens vers vous")
    fact_sheet.save_sheet(conversation_id=pk, version=0, facts=Facts(present=[Element.ONLINE.value]), by=by)
    proposals.propose_removal(conversation_id=pk, by=by)
    units.asked(one, units.account())
    acts.propose(one, agent, agent=colleague.pk)
    Whisper.objects.create(conversation=one, supervisor=chief, agent=agent, said_at=clock.now(), sealed_text=b"x")
    Watch.objects.create(conversation=one, supervisor=chief, joined_at=clock.now(), until=clock.now())
    notes.write_note(conversation_id=pk, body="Une note.", by=by)
    replies.save_own(agent=agent, title="Bonjour", vous="Bonjour", tu="")
    colleague_questions.ask_colleagues(conversation_id=pk, body="Une question ?", of=[], by=by)
    acts.propose(other, agent, agent=colleague.pk)
    Macro.objects.create(title="Danger", situation=Situation.DANGER)
    Conversation.objects.filter(pk=make.waiting().pk).update(lookalike_group=uuid.uuid4())
    make.waiting(is_crowded=True)
    one.refresh_from_db()
    return one


def test_everything_is_found(monkeypatch):
    one = everything(monkeypatch)
    found = base._at_hand(one.assigned_to, one, timezone.now())
    assert [name for name, is_there in found._asdict().items() if not is_there] == []


def test_nothing_of_another_exchange_or_of_another_agent_is_found(monkeypatch):
    everything(monkeypatch)
    bare = make.assigned(make.agent(unit_name="Ailleurs"))
    found = base._at_hand(bare.assigned_to, bare, timezone.now())._asdict()
    everybodys = {"offers", "macros", "groups", "crowded"}
    assert {name for name, is_there in found.items() if is_there} <= everybodys | {"asides"}
    nobody = base._at_hand(bare.assigned_to, None, timezone.now())._asdict()
    assert {name for name, is_there in nobody.items() if is_there} <= everybodys | {"asides"}


def test_bare_page_is_the_one_that_asks_for_everything(monkeypatch):
    short, whole = whole_page(make.assigned(), monkeypatch)
    assert short == whole


def test_full_page_is_the_one_that_asks_for_everything(monkeypatch):
    short, whole = whole_page(everything(monkeypatch), monkeypatch)
    assert short == whole


def test_states_of_the_statement_are_those_of_the_code():
    assert at_hand._ANY.count("state IN ('offered', 'reading')") == 2 and set(OPEN) == {"offered", "reading"}
