"""Since when a person waits for an answer: the time is the person's own, and no transfer begins it anew."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from chat import access
from chat.console import inbox
from chat.conversations import dispatcher, resume, waits
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.rules.lifecycle import Author
from chat.rules.service_level import Level
from chat.supervision import intervention, live_board
from pnav.accounts.models import Role
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def ago(conversation: Conversation, minutes: float) -> None:
    """Move all of it so far into the past: given, and written."""
    then = make.long_ago(minutes)
    Conversation.objects.filter(pk=conversation.pk).update(assigned_at=then)
    Message.objects.filter(conversation=conversation).update(sent_at=then)
    ConversationEvent.objects.filter(conversation=conversation).update(at=then)


def lose(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1


def taken(conversation: Conversation, agent: Agent) -> None:
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=agent.pk, now=timezone.now())
    conversation.refresh_from_db()


def unanswered(minutes: float) -> tuple[Conversation, Agent]:
    """Create somebody who wrote so long ago, was not answered and lost their agent; somebody else has just been given
    it.
    """
    first, second = make.agent(public_name="Louise"), make.agent(public_name="Camille", unit_name="Ici")
    conversation = make.assigned(first)
    make.message(conversation, "vous êtes là ?")
    ago(conversation, minutes)
    lose(first)
    taken(conversation, second)
    return conversation, second


def test_silence_goes_on_when_the_conversation_changes_hands():
    _conversation, second = unanswered(9)
    (silence,) = live_board.read(timezone.now(), units={second.unit_id}).silences
    assert (silence.name, silence.since, silence.own, silence.level) == ("Camille", "9 min", "0 min", Level.BROKEN)
    assert any("sans mot de l'agent" in alert.text for alert in live_board.read(timezone.now(), units=()).alerts)


def test_silence_that_is_all_of_one_agent_says_one_figure():
    conversation = make.assigned()
    make.message(conversation, "vous êtes là ?")
    ago(conversation, 9)
    (silence,) = live_board.read(timezone.now(), units=()).silences
    assert (silence.since, silence.own) == ("9 min", "")


def test_silence_ends_with_the_answer_of_whoever_answers():
    conversation, _second = unanswered(9)
    make.message(conversation, "je suis là", author=Author.AGENT)
    assert live_board.read(timezone.now(), units=()).silences == []


def test_somebody_whom_nobody_has_greeted_waits_since_the_first_agent_came():
    first, second = make.agent(), make.agent()
    conversation = make.assigned(first)
    ago(conversation, 8)
    lose(first)
    taken(conversation, second)
    (silence,) = live_board.read(timezone.now(), units=()).silences
    assert (silence.since, silence.own) == ("8 min", "0 min")


def test_the_list_says_how_long_the_person_waits_and_not_only_the_hour():
    conversation, second = unanswered(7)
    (entry,) = inbox.open_entries(second, timezone.now())
    assert (entry.waited, entry.held) == ("7 min", "< 1 min")
    make.message(conversation, "je suis là", author=Author.AGENT)
    (entry,) = inbox.open_entries(second, timezone.now())
    assert (entry.waits_since, entry.waited) == (None, "")


def test_who_left_by_the_quick_exit_waits_for_nobody():
    conversation, second = unanswered(7)
    conversation.events.create(kind=EventKind.PARKED, at=timezone.now() + timedelta(seconds=1))
    (entry,) = inbox.open_entries(second, timezone.now())
    assert entry.has_left and entry.waits_since is None


def test_supervisor_s_table_says_both_figures_and_puts_who_waits_longest_first():
    conversation, second = unanswered(9)
    other = make.assigned(second)
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    lines = intervention.running_conversations(chief, timezone.now())
    assert [line.conversation.pk for line in lines] == [conversation.pk, other.pk]
    assert (lines[0].waits, lines[0].own) == ("9 min", "< 1 min")
    make.message(conversation, "je suis là", author=Author.AGENT)
    lines = {line.conversation.pk: line for line in intervention.running_conversations(chief, timezone.now())}
    assert (lines[conversation.pk].waits, lines[conversation.pk].own) == ("", "")


@pytest.mark.parametrize("author", [Author.REPORTER, Author.AGENT, Author.SYSTEM])
def test_cost_does_not_grow_with_the_thread(author):
    """PostgreSQL's blocks are counted, for threads of 100 and of 3,000 messages of one side after the other's last."""
    agent = make.agent()
    touched = []
    for count in (100, 3_000):
        conversation = make.assigned(agent)
        make.message(conversation, "mot", author=Author.AGENT)
        if author == Author.AGENT:
            make.thread(conversation, ["mot"] * count, author)
        make.message(conversation, "une question")
        if author != Author.AGENT:
            make.thread(conversation, ["mot"] * count, author)
        touched.append(blocks(conversation))
    assert touched[1] <= 1.5 * touched[0], touched


def blocks(conversation: Conversation) -> int:
    rows = waits.with_waits(access.answered_by(conversation.assigned_to).filter(pk=conversation.pk))
    query, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")
        cursor.execute("SET LOCAL enable_seqscan = off")  # with so few rows, PostgreSQL would read the whole table
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", values)
        plan = cursor.fetchone()[0]
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"]


def test_line_of_pnav_asks_for_no_answer():
    conversation = make.assigned()
    make.message(conversation)
    make.message(conversation, author=Author.AGENT)
    resume.park_conversation(report=conversation.report)
    row = waits.with_waits(Conversation.objects.filter(pk=conversation.pk)).get()
    assert conversation.messages.last().author == Author.SYSTEM
    assert waits.waits_since(row) is None
