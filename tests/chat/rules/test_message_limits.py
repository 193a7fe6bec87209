"""An exchange has a largest size, and a person a pace. Both are exact, in whichever way and through however many
processes people post.
"""

import uuid
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.db.models import F

from chat import token_bucket
from chat.conversations import actions
from chat.database import in_db
from chat.messages.writing import Draft, Refusal, Written, say_line, write_messages
from chat.models import Conversation
from chat.rules import message_limits
from chat.rules.lifecycle import Author, Status
from chat.texts import thread as thread_texts
from common import clock
from tests.chat.sockets import Line, signed_in, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db
AT_ONCE = message_limits.UNANSWERED.at_once


def draft(conversation, body="x", agent=None, *, is_metered=True):
    author = Author.AGENT if agent else Author.REPORTER
    made = Draft(conversation.pk, str(conversation.public_id), author, agent and agent.pk, str(uuid.uuid4()), body)
    made.is_metered = is_metered
    return made


def expected(conversation):
    conversation.refresh_from_db()
    return {conversation.pk: conversation.last_seq}


def later(conversation, seconds):
    """Let so long pass since the last message."""
    Conversation.objects.filter(pk=conversation.pk).update(
        reporter_due_at=F("reporter_due_at") - timedelta(seconds=seconds)
    )


WAYS = ["guessed, alone", "guessed, together", "under the lock"]


def posted(conversation, count, way, **more):
    """Return the answers of so many messages, by one of the ways of writing."""
    drafts = [draft(conversation, **more) for _each in range(count)]
    if way == "guessed, alone":
        return [write_messages([one], expected(conversation))[0] for one in drafts]
    if way == "under the lock":
        return write_messages(drafts)
    return [answer for n in range(0, count, 2) for answer in write_messages(drafts[n : n + 2], expected(conversation))]


def written(answers):
    return sum(isinstance(answer, Written) for answer in answers)


@pytest.mark.parametrize("way", WAYS)
def test_person_who_waits_writes_so_many_at_once_then_one_an_interval(way):
    conversation = make.waiting()
    answers = posted(conversation, AT_ONCE + 4, way)
    assert written(answers) == AT_ONCE and set(answers[AT_ONCE:]) == {Refusal.TOO_FAST}
    later(conversation, 2 * message_limits.UNANSWERED.interval_seconds)
    assert written(posted(conversation, 4, way)) == 2
    conversation.refresh_from_db()
    assert conversation.last_seq == conversation.characters == AT_ONCE + 2


@pytest.mark.parametrize("way", WAYS)
def test_person_who_is_answered_writes_more(way):
    conversation = make.assigned()
    assert written(posted(conversation, message_limits.ANSWERED.at_once + 2, way)) == message_limits.ANSWERED.at_once


@pytest.mark.parametrize("way", WAYS)
def test_full_exchange_takes_nothing_from_the_person_and_a_goodbye_from_the_agent(way):
    agent = make.agent()
    conversation = make.assigned(agent)
    Conversation.objects.filter(pk=conversation.pk).update(characters=message_limits.REPORTER.characters - 3)
    assert posted(conversation, 2, way, body="abcd") == [Refusal.FULL] * 2
    assert written(posted(conversation, 1, way, body="abc")) == 1, "to the last character"
    assert posted(conversation, 1, way) == [Refusal.FULL]
    assert written(posted(conversation, 2, way, agent=agent, body="Au revoir")) == 2
    Conversation.objects.filter(pk=conversation.pk).update(characters=message_limits.AGENT.characters)
    assert posted(conversation, 1, way, agent=agent) == [Refusal.FULL]


@pytest.mark.parametrize("way", WAYS)
def test_exchange_has_a_number_of_messages(way):
    agent = make.agent()
    conversation = make.assigned(agent)
    Conversation.objects.filter(pk=conversation.pk).update(last_seq=message_limits.REPORTER.messages - 1)
    assert [type(answer) for answer in posted(conversation, 2, way)] == [Written, Refusal]
    assert written(posted(conversation, 1, way, agent=agent)) == 1
    Conversation.objects.filter(pk=conversation.pk).update(last_seq=message_limits.AGENT.messages)
    assert posted(conversation, 1, way, agent=agent) == [Refusal.FULL]


@pytest.mark.parametrize("way", WAYS)
def test_unmetered_session_has_no_bound(way):
    conversation = make.waiting()
    Conversation.objects.filter(pk=conversation.pk).update(characters=10 * message_limits.AGENT.characters)
    assert written(posted(conversation, AT_ONCE + 4, way, is_metered=False)) == AT_ONCE + 4


def test_repeat_is_acknowledged_whatever_the_bounds():
    conversation = make.waiting()
    first = draft(conversation)
    write_messages([first])
    Conversation.objects.filter(pk=conversation.pk).update(characters=message_limits.AGENT.characters)
    [again] = write_messages([first])
    assert isinstance(again, Written) and again.is_repeat
    conversation.refresh_from_db()
    assert conversation.characters == message_limits.AGENT.characters


def test_full_exchange_still_ends_and_says_so():
    agent = make.agent()
    conversation = make.assigned(agent)
    Conversation.objects.filter(pk=conversation.pk).update(
        characters=message_limits.AGENT.characters, last_seq=message_limits.AGENT.messages
    )
    with pytest.raises(actions.ExchangeFull):
        make_message(conversation)
    conversation.refresh_from_db()
    say_line(conversation, thread_texts.ENDED_BY_AGENT, now=clock.now())
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user)
    assert Conversation.objects.get().status == Status.CLOSED


def test_bounds_are_what_was_decided():
    """ADR 0050 decided them: of the person, of whoever answers; before somebody answers, and once they do."""
    sizes = {is_agent: message_limits.size_for(is_agent=is_agent) for is_agent in (False, True)}
    assert {who: (size.messages, size.characters) for who, size in sizes.items()} == {
        False: (3000, 600_000), True: (3300, 700_000),
    }  # fmt: skip
    paces = {status: message_limits.pace_of(status) for status in Status}
    assert {status: (pace.at_once, pace.interval_seconds) for status, pace in paces.items()} == {
        status: (60, 1) if status == Status.ACTIVE else (20, 3) for status in Status
    }


def make_message(conversation):
    return actions.post_message(
        conversation_id=conversation.pk, client_id=uuid.uuid4(), body="x", author=Author.REPORTER
    )


@pytest.mark.django_db(transaction=True)
def test_bounds_are_exact_when_many_write_at_once():
    """Many write as processes do, each with what it knows of the numbers, right or wrong."""
    conversation = make.assigned()
    room = 25
    Conversation.objects.filter(pk=conversation.pk).update(characters=message_limits.REPORTER.characters - 10 * room)
    answers = []

    def run(_number):
        try:
            known = {}
            for _each in range(10):
                [answer] = write_messages([draft(conversation, "0123456789")], known)
                answers.append(answer)
                if isinstance(answer, Written):
                    known[conversation.pk] = answer.seq
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40 and written(answers) == room
    conversation.refresh_from_db()
    assert conversation.characters == message_limits.REPORTER.characters


@pytest.mark.django_db(transaction=True)
async def test_socket_is_told_to_send_it_later_or_that_no_more_fits():
    conversation = await in_db(make.waiting)
    async with Line("/ws/conversation/", await in_db(visit, conversation)) as line:
        for _each in range(AT_ONCE):
            await line.post("x")
        client_id = str(uuid.uuid4())
        await line.send(type="post", client_id=client_id, body="encore")
        error = await line.until("error")
        assert (error["code"], error["client_id"]) == ("rate_limited", client_id) and "why" not in error
        await in_db(later, conversation, 60)
        await line.post("encore", client_id=client_id)  # the same message, later
        await in_db(
            lambda: Conversation.objects.filter(pk=conversation.pk).update(
                characters=message_limits.REPORTER.characters
            )
        )
        await line.send(type="post", client_id=str(uuid.uuid4()), body="trop")
        error = await line.until("error")
        assert (error["code"], error["why"]) == ("closed", "full")


@pytest.mark.django_db(transaction=True)
async def test_agent_has_one_measure_for_all_that_they_answer(monkeypatch):
    monkeypatch.setattr(token_bucket, "AGENT_POSTS_AT_ONCE", 6)
    monkeypatch.setattr(token_bucket, "AGENT_POSTS_A_SECOND", 0.01)
    agent = await in_db(make.agent)
    one, other = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    key = await in_db(signed_in, agent)
    async with Line("/ws/console/", key) as first, Line("/ws/console/", key) as second:
        for _each in range(3):
            await first.post("x", one.public_id)
            await second.post("y", other.public_id)
        await second.send(type="post", conversation=str(other.public_id), client_id=str(uuid.uuid4()), body="z")
        assert (await second.until("error"))["code"] == "rate_limited"
