import uuid
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from chat.messages.writing import Draft, Refusal, Written, write_messages
from chat.models import Conversation, Message
from chat.rules.lifecycle import Author
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def draft(conversation, body="Bonjour", agent=None, client_id=None):
    author = Author.AGENT if agent else Author.REPORTER
    return Draft(
        conversation.pk, str(conversation.public_id), author, agent and agent.pk, client_id or str(uuid.uuid4()), body
    )


def bodies(conversation):
    return [message.body for message in conversation.messages.select_related("conversation")]


def test_write_many_conversations_each_numbered_by_itself():
    agent = make.agent()
    first, second = make.assigned(agent), make.waiting()
    start = Conversation.objects.get(pk=first.pk).last_seq
    answers = write_messages([draft(first, "a"), draft(second, "b"), draft(first, "c", agent), draft(second, "d")])
    assert [answer.seq for answer in answers] == [start + 1, 1, start + 2, 2]
    assert bodies(second) == ["b", "d"] and bodies(first)[-2:] == ["a", "c"]
    assert Conversation.objects.get(pk=second.pk).last_seq == 2
    assert answers[0].assigned_to == agent.pk and answers[1].assigned_to is None


def test_write_message_and_its_repeat_in_one_batch_are_both_answered():
    one = draft(make.waiting(), "une fois")
    first, again = write_messages([one, replace(one, body="autrement")])
    assert (first.seq, again.seq, again.body) == (1, 1, "une fois")
    assert not first.is_repeat and again.is_repeat
    assert Message.objects.count() == 1


def test_write_repeat_of_an_earlier_batch_is_the_first_copy_and_leaves_no_hole():
    conversation = make.waiting()
    one = draft(conversation, "une fois")
    write_messages([one])
    again, other = write_messages([replace(one, body="autrement"), draft(conversation, "après")])
    assert (again.seq, again.body, again.is_repeat) == (1, "une fois", True)
    assert other.seq == 2


def test_write_refuses_some_and_writes_the_others():
    agent, stranger = make.agent(), make.agent(unit_name="Ailleurs")
    mine, closed, gone = make.assigned(agent), make.closed(), make.waiting()
    drafts = [draft(mine, agent=stranger), draft(closed), draft(gone), draft(mine, agent=agent)]
    Conversation.objects.filter(pk=gone.pk).delete()
    answers = write_messages(drafts)
    assert answers[:3] == [Refusal.FORBIDDEN, Refusal.CLOSED, Refusal.FORBIDDEN]
    assert isinstance(answers[3], Written)


def test_write_within_a_transaction_goes_back_with_it():
    conversation = make.waiting()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write_messages([draft(conversation)])
        raise ZeroDivisionError
    assert not bodies(conversation)


# --- with the last number known: one statement ------------------------------------------------------------------------


def under_lock_is_not_needed(monkeypatch):
    monkeypatch.setattr("chat.messages.writing._write_under_lock", None)


def test_write_as_expected_is_one_statement(monkeypatch):
    agent = make.agent()
    first, second = make.assigned(agent), make.waiting()
    before = Conversation.objects.get(pk=first.pk).last_seq
    under_lock_is_not_needed(monkeypatch)
    drafts = [draft(first, "a"), draft(second, "b"), draft(first, "c", agent)]
    answers = write_messages(drafts, {first.pk: before, second.pk: 0})
    assert [answer.seq for answer in answers] == [before + 1, 1, before + 2]
    assert bodies(first)[-2:] == ["a", "c"] and bodies(second) == ["b"]
    assert [answer.assigned_to for answer in answers] == [agent.pk, None, agent.pk]
    message = second.messages.get()
    assert answers[1].sent_at == message.sent_at and str(message.client_id) == drafts[1].client_id
    assert Conversation.objects.get(pk=first.pk).last_seq == before + 2


def test_write_as_expected_message_and_its_repeat_in_one_batch_are_both_answered(monkeypatch):
    conversation = make.waiting()
    under_lock_is_not_needed(monkeypatch)
    one = draft(conversation, "une fois")
    first, again = write_messages([one, replace(one, body="autrement")], {conversation.pk: 0})
    assert (first.seq, again.seq, again.body, again.is_repeat) == (1, 1, "une fois", True)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("expected", [0, 7])
def test_write_with_a_wrong_expectation_is_written_all_the_same(expected):
    conversation, other = make.waiting(), make.waiting()
    make.message(conversation, "déjà là")
    answers = write_messages(
        [draft(conversation, "a"), draft(other, "b"), draft(conversation, "c")],
        {conversation.pk: expected, other.pk: 0},
    )
    assert [answer.seq for answer in answers] == [2, 1, 3]
    assert bodies(conversation) == ["déjà là", "a", "c"]


def test_write_as_expected_repeat_of_an_earlier_batch_is_the_first_copy_and_leaves_no_hole():
    conversation = make.waiting()
    one = draft(conversation, "une fois")
    write_messages([one])
    again, other = write_messages([replace(one, body="autrement"), draft(conversation, "après")], {conversation.pk: 1})
    assert (again.seq, again.body, again.is_repeat) == (1, "une fois", True)
    assert other.seq == 2 and bodies(conversation) == ["une fois", "après"]


def test_write_as_expected_refuses_some_and_writes_the_others():
    agent, stranger = make.agent(), make.agent(unit_name="Ailleurs")
    mine, closed = make.assigned(agent), make.closed()
    last = dict(Conversation.objects.values_list("pk", "last_seq"))
    drafts = [draft(mine, agent=stranger), draft(closed), draft(mine, agent=agent), draft(mine)]
    answers = write_messages(drafts, last)
    assert answers[:2] == [Refusal.FORBIDDEN, Refusal.CLOSED]
    assert [answer.seq for answer in answers[2:]] == [last[mine.pk] + 1, last[mine.pk] + 2]


def test_write_as_expected_refuses_the_agent_before_among_drafts_that_are_as_expected():
    """There is one draft for each conversation, and every number is as guessed: the statement tells whose it is."""
    agent, before = make.agent(), make.agent()
    mine, taken, waiting = make.assigned(agent), make.assigned(agent), make.waiting()
    last = dict(Conversation.objects.values_list("pk", "last_seq"))
    told = bodies(taken)
    first, refused, third = write_messages(
        [draft(mine, "a", agent), draft(taken, "b", before), draft(waiting, "c")], last
    )
    assert (first.seq, third.seq) == (last[mine.pk] + 1, 1)
    assert refused is Refusal.FORBIDDEN and bodies(taken) == told
    assert Conversation.objects.get(pk=taken.pk).last_seq == last[taken.pk]


@pytest.mark.django_db(transaction=True)
def test_write_crossing_batches_of_many_threads_never_deadlock_and_number_densely():
    conversations = [make.waiting() for _conversation in range(6)]
    barrier, errors = Barrier(4), []

    def run(order):
        barrier.wait()
        try:
            last = {}
            for _batch in range(15):
                # Each thread knows what it wrote itself, which is nearly always out of date, so every path is taken.
                drafts = [replace(draft(conversation), is_metered=False) for conversation in conversations[::order]]
                answers = write_messages(drafts, last)
                for conversation, answer in zip(conversations[::order], answers, strict=True):
                    last[conversation.pk] = answer.seq
        except Exception as error:  # noqa: BLE001  told below
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(order,)) for order in (1, -1, 2, -2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for conversation in conversations:
        conversation.refresh_from_db()
        assert list(conversation.messages.values_list("seq", flat=True)) == list(range(1, conversation.last_seq + 1))


@pytest.mark.parametrize("by_agent", [False, True])
def test_write_one_as_expected(monkeypatch, by_agent):
    agent = make.agent()
    conversation = make.assigned(agent)
    before = Conversation.objects.get(pk=conversation.pk).last_seq
    under_lock_is_not_needed(monkeypatch)
    [answer] = write_messages([draft(conversation, "seul", agent if by_agent else None)], {conversation.pk: before})
    message = conversation.messages.get(seq=before + 1)
    assert (answer.seq, answer.assigned_to, answer.sent_at) == (before + 1, agent.pk, message.sent_at)
    assert message.body == "seul" and message.agent == (agent if by_agent else None)
    assert Conversation.objects.get(pk=conversation.pk).last_seq == before + 1


def test_write_one_that_is_not_as_expected():
    agent, stranger = make.agent(), make.agent(unit_name="Ailleurs")
    mine, closed = make.assigned(agent), make.closed()
    last = dict(Conversation.objects.values_list("pk", "last_seq"))
    assert write_messages([draft(mine, agent=stranger)], last) == [Refusal.FORBIDDEN]
    assert write_messages([draft(closed)], last) == [Refusal.CLOSED]
    one = draft(mine)
    first = write_messages([one], last)[0]
    again = write_messages([one], {mine.pk: first.seq})[0]
    assert again.seq == first.seq and again.is_repeat
    assert write_messages([draft(mine)], last)[0].seq == first.seq + 1  # it is written all the same


def test_write_what_was_guessed_wrong_is_put_off_once_and_keeps_its_order(monkeypatch):
    right, wrong, unknown = make.waiting(), make.waiting(), make.waiting()
    make.message(wrong, body="d'un autre processus")
    drafts = [draft(wrong, "a"), draft(right, "b"), draft(wrong, "c"), draft(unknown, "d")]
    expected = {right.pk: 0, wrong.pk: 0}
    with monkeypatch.context() as patch:
        under_lock_is_not_needed(patch)
        first = write_messages(drafts, expected, may_put_off=True)
    assert [first[0], first[2], first[3]] == [Refusal.PUT_OFF] * 3
    assert first[1].seq == 1
    later = draft(wrong, "e")  # it came since and has not waited, and goes together with those before it
    again = write_messages([drafts[0], drafts[2], drafts[3], later], {wrong.pk: 0}, may_put_off=True)
    assert [answer.seq for answer in again] == [2, 3, 1, 4]
    assert bodies(wrong) == ["d'un autre processus", "a", "c", "e"]


def test_write_what_was_put_off_is_guessed_again(monkeypatch):
    conversation = make.waiting()
    make.message(conversation)
    under_lock_is_not_needed(monkeypatch)
    one = draft(conversation)
    assert write_messages([one], {conversation.pk: 0}, may_put_off=True) == [Refusal.PUT_OFF]
    (written,) = write_messages([one], {conversation.pk: 1}, may_put_off=True)
    assert written.seq == 2


def test_write_repeat_that_is_put_off_is_the_first_copy_in_the_end():
    conversation = make.waiting()
    one = draft(conversation, "une fois")
    write_messages([one])
    assert write_messages([one], {conversation.pk: 1}, may_put_off=True) == [Refusal.PUT_OFF]
    (again,) = write_messages([one], {conversation.pk: 1}, may_put_off=True)
    assert (again.seq, again.is_repeat) == (1, True)
    assert Message.objects.count() == 1
