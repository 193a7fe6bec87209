import threading
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from chat import access
from chat.conversations import actions, presence
from chat.conversations.actions import Mark
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.rules.lifecycle import Author, Availability, Status
from common import encryption
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def in_threads(count, work):
    """Run `work(i)` in real threads at once and return what each returned; an exception is raised here."""
    results: list = [None] * count
    errors: list[BaseException] = []
    gate = threading.Barrier(count)

    def run(index: int) -> None:
        try:
            gate.wait()
            results[index] = work(index)
        except BaseException as error:  # noqa: BLE001  raised again in the test's thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]
    return results


def test_open_conversation_twice_is_one():
    report = make.report()
    assert actions.open_conversation(report=report) == actions.open_conversation(report=report)
    assert ConversationEvent.objects.filter(kind=EventKind.OPENED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_open_conversation_at_once_from_many_requests():
    report = make.report()
    opened = in_threads(8, lambda _index: actions.open_conversation(report=report).pk)
    assert len(set(opened)) == 1
    assert ConversationEvent.objects.filter(kind=EventKind.OPENED).count() == 1


def test_open_conversation_takes_urgency_and_zone_from_the_report():
    conversation = actions.open_conversation(report=make.report(urgency=2, force="gendarmerie"))
    assert (conversation.urgency, conversation.force) == (2, "gendarmerie")


def test_post_message_numbers_without_gaps():
    conversation = make.waiting()
    assert [make.message(conversation, str(i)).seq for i in range(5)] == [1, 2, 3, 4, 5]


def test_post_message_same_client_id_is_the_first_copy():
    conversation = make.waiting()
    client_id = uuid.uuid4()
    first, again = (
        actions.post_message(conversation_id=conversation.pk, client_id=client_id, body=body, author=Author.REPORTER)
        for body in ("first", "second")
    )
    assert (again.seq, again.body, again.is_repeat) == (first.seq, "first", True)
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_post_message_many_threads_number_densely():
    conversation = make.waiting()
    in_threads(8, lambda index: [make.message(conversation, f"{index} {i}") for i in range(10)])
    assert list(Message.objects.values_list("seq", flat=True)) == list(range(1, 81))
    conversation.refresh_from_db()
    assert conversation.last_seq == 80


@pytest.mark.django_db(transaction=True)
def test_post_message_resent_at_once_is_kept_once():
    conversation = make.waiting()
    client_id = uuid.uuid4()

    def send(_index):
        return actions.post_message(
            conversation_id=conversation.pk, client_id=client_id, body="une fois", author=Author.REPORTER
        ).seq

    assert in_threads(8, send) == [1] * 8


def test_post_message_the_same_client_id_from_the_other_side_is_another_message():
    agent = make.agent()
    conversation = make.assigned(agent)
    client_id = uuid.uuid4()
    common = {"conversation_id": conversation.pk, "client_id": client_id}
    mine = actions.post_message(**common, body="moi", author=Author.REPORTER)
    theirs = actions.post_message(**common, body="eux", author=Author.AGENT, agent=agent)
    assert theirs.seq == mine.seq + 1


def test_post_message_closed():
    conversation = make.closed()
    with pytest.raises(actions.ConversationClosed):
        make.message(conversation)


def test_post_message_repeat_after_close_is_acknowledged():
    conversation = make.assigned()
    message = make.message(conversation)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    again = actions.post_message(
        conversation_id=conversation.pk, client_id=message.client_id, body="x", author=Author.REPORTER
    )
    assert (again.seq, again.body) == (message.seq, message.body)


def test_post_message_agent_of_another_unit():
    conversation = make.assigned()
    other = make.agent(unit_name="Ailleurs")
    with pytest.raises(actions.NotYours):
        actions.post_message(
            conversation_id=conversation.pk, client_id=uuid.uuid4(), body="x", author=Author.AGENT, agent=other
        )


def test_message_is_sealed_in_the_database():
    conversation = make.waiting()
    make.message(conversation, "un secret très reconnaissable")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_body FROM chat_message")
        (sealed,) = cursor.fetchone()
    assert b"reconnaissable" not in bytes(sealed)
    assert Message.objects.get().body == "un secret très reconnaissable"


def test_message_moved_to_another_row_does_not_open():
    conversation = make.waiting()
    first, second = make.message(conversation, "un"), make.message(conversation, "deux")
    Message.objects.filter(pk=second.pk).update(sealed_body=bytes(first.sealed_body))
    with pytest.raises(encryption.UnsealError):
        _body = Message.objects.get(pk=second.pk).body


def test_close_conversation_by_agent_says_outcome():
    conversation = make.closed()
    assert conversation.status == Status.CLOSED and conversation.closed_by == Author.AGENT
    event = ConversationEvent.objects.get(kind=EventKind.CLOSED)
    assert event.detail == "advised" and event.by == conversation.assigned_to.user


def test_close_conversation_says_in_the_thread_who_ended_it():
    by_agent, by_person = make.closed(), make.assigned()
    actions.close_conversation(conversation_id=by_person.pk, by_author=Author.REPORTER)
    ends = [one.messages.get(seq=2) for one in (by_agent, by_person)]  # the line after « … est là »
    assert {line.author for line in ends} == {Author.SYSTEM}
    assert ends[0].body != ends[1].body


def test_close_conversation_by_an_agent_it_is_not_assigned_to():
    conversation = make.assigned()
    with pytest.raises(actions.NotYours):
        actions.close_conversation(
            conversation_id=conversation.pk, by_author=Author.AGENT, by=make.agent(unit_name="Ailleurs").user
        )


def test_close_conversation_twice_changes_nothing():
    conversation = make.closed()
    again = actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert again.closed_by == Author.AGENT
    assert ConversationEvent.objects.filter(kind=EventKind.CLOSED).count() == 1


def test_close_conversation_gives_the_room_to_the_next_person(django_capture_on_commit_callbacks):
    agent = make.agent(capacity=1)
    first, second = make.assigned(agent), make.waiting()
    with django_capture_on_commit_callbacks(execute=True):
        actions.close_conversation(conversation_id=first.pk, by_author=Author.REPORTER)
    second.refresh_from_db()
    assert second.assigned_to == agent


def test_mark_read_never_goes_back_nor_beyond():
    conversation = make.waiting()
    make.message(conversation)
    make.message(conversation)
    for seq, expected in ((1, 1), (99, 2), (1, 2)):
        actions.mark_read([Mark(conversation.pk, Author.AGENT, seq)])
        conversation.refresh_from_db()
        assert conversation.agent_read_seq == expected


def test_agent_seen_renews_and_dispatches_on_return(django_capture_on_commit_callbacks):
    agent = make.agent(present=False)
    conversation = make.waiting()
    with django_capture_on_commit_callbacks(execute=True):
        actions.agents_seen(agent_ids=[agent.pk], now=timezone.now())
    conversation.refresh_from_db()
    assert conversation.assigned_to == agent


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "custodian"}, {"password_is_temporary": True}])
def test_agent_seen_account_that_may_no_longer_answer(change):
    agent = make.agent()
    for field, value in change.items():
        setattr(agent.user, field, value)
    agent.user.save()
    assert not access.able_to_answer([agent.pk])


def test_set_availability_pause_keeps_reason_and_others_drop_it():
    agent = make.agent()
    assert actions.set_availability(
        agent_id=agent.pk, availability=Availability.PAUSE, pause_reason="café"
    ).pause_reason
    assert not actions.set_availability(
        agent_id=agent.pk, availability=Availability.AVAILABLE, pause_reason="café"
    ).pause_reason


def test_reporter_seen_is_written_when_old():
    conversation = make.waiting()
    Conversation.objects.update(reporter_seen_at=make.long_ago(5))
    now = timezone.now()
    actions.reporters_seen(conversation_ids=[conversation.pk], now=now)
    conversation.refresh_from_db()
    assert now - conversation.reporter_seen_at < timedelta(seconds=1)


AHEAD = timedelta(minutes=3)


def test_lease_of_a_reporter_is_written_again_after_the_clock_was_put_back():
    """PostgreSQL runs on another machine now, whose clock is slow: who leaves must not count as seen for longer."""
    conversation, now = make.waiting(), timezone.now()
    Conversation.objects.update(reporter_seen_at=now + AHEAD)
    actions.reporters_seen(conversation_ids=[conversation.pk])
    conversation.refresh_from_db()
    assert conversation.reporter_seen_at < now + timedelta(minutes=1)


@pytest.mark.parametrize(
    "beat",
    [
        lambda agent: actions.agents_seen(agent_ids=[agent.pk]),
        lambda agent: presence.renew_lease(user_id=agent.user_id),
        lambda agent: actions.agents_seen(agent_ids=[agent.pk], signs={agent.pk: 30}),
        lambda agent: presence.renew_lease(user_id=agent.user_id, sign=30),
    ],
)
@pytest.mark.parametrize("has_sign", [True, False])
def test_lease_of_an_agent_is_written_again_after_the_clock_was_put_back(beat, has_sign):
    agent, now = make.agent(), timezone.now()
    Agent.objects.update(seen_at=now + AHEAD, sign_at=now + AHEAD if has_sign else None)
    beat(agent)
    agent.refresh_from_db()
    assert now <= agent.seen_at < now + timedelta(minutes=1)
    assert agent.sign_at is None or agent.sign_at < now + timedelta(minutes=1)
    assert agent.sign_at is not None or not has_sign


def test_limits_agree():
    from chat.messages import protocol

    assert settings.MESSAGE_MAX_LENGTH == protocol.MAX_BODY
