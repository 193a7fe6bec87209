"""Drafts of an agent's answers are kept for that agent alone, until the answer is sent, or the exchange ends or is
handed over.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone

from chat.casework import reply_drafts
from chat.console import notes as pages
from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, ReplyDraft
from chat.rules.lifecycle import Author, Status
from common import encryption
from tests.chat.casework.test_closing import until_somebody_waits_for_a_lock
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

WORDS = "Êtes-vous en sécurité, en ce moment ?"


@pytest.fixture
def client(agent):
    return signed_in(agent.user)


def save(client, conversation, body):
    return client.post(page_of(conversation) + "brouillon/", {"body": body}).status_code


def field(client, conversation) -> str:
    """Return what stands in the answer when the page comes."""
    html = unescape(client.get(page_of(conversation)).text)
    start = html.index(f'id="corps-{conversation.public_id}"')
    return html[html.index(">", start) + 1 : html.index("</textarea>", start)].strip()


def test_page_that_is_loaded_again_has_what_was_being_written(client, conversation):
    assert save(client, conversation, WORDS) == 204
    assert field(client, conversation) == WORDS
    assert save(client, conversation, "Autre chose") == 204
    assert field(client, conversation) == "Autre chose" and ReplyDraft.objects.count() == 1
    assert save(client, conversation, "  ") == 204
    assert field(client, conversation) == "" and not ReplyDraft.objects.exists()


def test_another_agent_and_another_conversation_have_none_of_it(client, agent, conversation):
    other = make.assigned(agent)
    save(client, conversation, WORDS)
    assert field(client, other) == ""
    stranger = signed_in(make.agent().user)
    assert save(stranger, conversation, "à la place") == 404
    assert field(client, conversation) == WORDS


def test_it_lies_sealed_for_its_row_and_its_agent(client, agent, conversation):
    save(client, conversation, WORDS)
    (row,) = ReplyDraft.objects.all()
    assert WORDS.encode() not in bytes(row.sealed_body)
    assert encryption.unseal(row.sealed_body, context=row.context) == WORDS
    ReplyDraft.objects.update(conversation=make.assigned(agent))
    assert reply_drafts.read_draft(ReplyDraft.objects.get().conversation, agent) == ""


def test_sending_ends_it_without_a_script(client, conversation):
    save(client, conversation, WORDS)
    data = {"body": WORDS, "client_id": "00000000-0000-4000-8000-000000000001"}
    assert client.post(page_of(conversation), data).status_code == 302
    assert not ReplyDraft.objects.exists() and field(client, conversation) == ""


def test_what_was_sent_by_a_page_that_went_at_once_is_not_offered_again(client, agent, conversation):
    save(client, conversation, WORDS)
    message = make.message(conversation, WORDS, Author.AGENT)
    assert ReplyDraft.objects.exists() and field(client, conversation) == ""
    type(message).objects.filter(pk=message.pk).update(sent_at=timezone.now() - timedelta(hours=1))
    assert field(client, conversation) == WORDS, "said an hour ago, and being written once more"


@pytest.mark.parametrize("way", ["queue", "colleague", "ended", "back again"])
def test_nobody_reads_it_once_the_exchange_has_left_and_the_worker_deletes_it(client, agent, conversation, way):
    kept = make.assigned(agent)
    save(client, kept, "reste")
    save(client, conversation, WORDS)
    row = Conversation.objects.filter(pk=conversation.pk)
    if way == "queue":
        row.update(assigned_to=None, assigned_at=None, status=Status.WAITING)
    elif way == "colleague":
        row.update(assigned_to=make.agent(), assigned_at=timezone.now())
    elif way == "ended":
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    else:  # the exchange went to a colleague and back between two ticks
        row.update(assigned_at=timezone.now() + timedelta(seconds=1))
    conversation.refresh_from_db()
    holder = conversation.assigned_to or agent
    assert reply_drafts.read_draft(conversation, holder) == "" and reply_drafts.read_draft(conversation, agent) == ""
    reply_drafts.delete_ended_drafts()
    assert [one.conversation for one in ReplyDraft.objects.all()] == [kept]
    assert reply_drafts.read_draft(kept, agent) == "reste"


def test_a_save_that_comes_after_the_end_keeps_nothing(client, conversation):
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert save(client, conversation, WORDS) in {204, 302}
    assert not ReplyDraft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_worker_deletes_at_each_tick(client, conversation):
    save(client, conversation, WORDS)
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=make.agent(), assigned_at=timezone.now())
    call_command("run_worker", "--ticks=1")
    assert not ReplyDraft.objects.exists()


def test_saving_is_bounded(client, conversation, monkeypatch, one_window):
    assert save(client, conversation, "x" * 30_000) == 204
    assert len(field(client, conversation)) == reply_drafts.KEPT_MAX
    monkeypatch.setattr(pages, "SAVES", 2)
    assert [save(client, conversation, str(one)) for one in range(4)][-1] == 429


# --- beside one another -----------------------------------------------------------------------------------------------


def to_colleague(conversation, colleague: Agent | None = None) -> Conversation:
    """Return the conversation, read anew, of a colleague to whom it has just gone."""
    there = colleague or make.agent()
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=there, assigned_at=timezone.now())
    return Conversation.objects.get(pk=conversation.pk)


def test_page_of_an_exchange_that_left_is_told_so_and_a_strangers_is_not(client, agent, conversation):
    other = make.assigned(make.agent())
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(10))
    dispatcher.release_stale()
    assert save(client, conversation, WORDS) == 410
    assert save(client, other, WORDS) == 404
    assert not ReplyDraft.objects.exists()


def test_a_late_request_of_the_former_agent_leaves_what_the_colleague_writes(agent, conversation):
    theirs = to_colleague(conversation)
    reply_drafts.keep_draft(theirs, theirs.assigned_to, "du collègue")
    reply_drafts.keep_draft(conversation, agent, " ")  # it was obtained before the transfer
    assert reply_drafts.read_draft(theirs, theirs.assigned_to) == "du collègue"
    with pytest.raises(actions.NotYours):
        reply_drafts.keep_draft(conversation, agent, WORDS)
    assert reply_drafts.read_draft(theirs, theirs.assigned_to) == "du collègue"


def test_page_whose_exchange_leaves_while_it_saves_is_told_so(client, conversation, monkeypatch):
    kept, other = reply_drafts.keep_draft, make.agent()
    monkeypatch.setattr(reply_drafts, "keep_draft", lambda *given: (to_colleague(conversation, other), kept(*given)))
    assert save(client, conversation, WORDS) == 410
    assert not ReplyDraft.objects.exists()


def beside(work: Callable[[], object], meanwhile: Callable[[], object]) -> BaseException | None:
    """Run `meanwhile` in another thread while the transaction of `work` is about to end; what it raised, or None."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            meanwhile()
        except BaseException as error:  # noqa: BLE001  looked at in the test's thread
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        work()
        thread.start()
        until_somebody_waits_for_a_lock()
    thread.join(30)
    assert not thread.is_alive()
    return raised[0] if raised else None


@pytest.mark.django_db(transaction=True)
def test_a_save_that_waits_while_the_exchange_is_handed_over_keeps_nothing(agent, conversation):
    error = beside(lambda: to_colleague(conversation), lambda: reply_drafts.keep_draft(conversation, agent, WORDS))
    assert isinstance(error, actions.NotYours)
    assert not ReplyDraft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_worker_leaves_what_a_colleague_keeps_at_that_moment(agent, conversation):
    also = make.assigned(agent)
    for one in (conversation, also):
        reply_drafts.keep_draft(one, agent, WORDS)
    to_colleague(also)  # somebody who writes nothing there
    theirs = to_colleague(conversation)
    error = beside(
        lambda: reply_drafts.keep_draft(theirs, theirs.assigned_to, "du collègue"), reply_drafts.delete_ended_drafts
    )
    assert error is None
    (row,) = ReplyDraft.objects.all()
    assert row.conversation == theirs
    assert reply_drafts.read_draft(theirs, theirs.assigned_to) == "du collègue"
