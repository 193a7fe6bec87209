"""Words of suicide and of danger of people whom no agent answers: found by the worker, shown in every queue."""

import re
import threading
import time
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import pubsub
from chat.casework import danger, waiting_danger
from chat.console import inbox
from chat.conversations import actions, dispatcher, waiting_list
from chat.management.commands import run_worker
from chat.models import UNREADABLE, Conversation, DangerMark, DangerPhrase, Message
from chat.models.casework import Emergency
from chat.rules.danger_words import Kind
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Status
from chat.supervision import live_board
from pnav.accounts.models import Role
from tests.chat.console.agents import CONSOLE, signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

WHOLE = '<span class="console-waiting__whole">'  # words that a console shortens in sight


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch):
    """Read phrases and messages again in each test. What follows a commit follows at once: a test commits nothing."""
    monkeypatch.setattr(transaction, "on_commit", lambda act, *_, **__: act())

    def forget():
        danger.forget_phrases()
        danger.looked.note({}, str(uuid.uuid4()))  # other phrases: everything is looked at again

    forget()
    yield
    forget()


def write(conversation: Conversation, body: str) -> int:
    """Write as the person does, and return the number of the message."""
    return actions.post_message(
        conversation_id=conversation.pk, client_id=uuid.uuid4(), body=body, author=Author.REPORTER
    ).seq


def marks(conversation: Conversation) -> list[int]:
    row = DangerMark.objects.filter(conversation=conversation).first()
    return row.seqs if row else []


def shown() -> list[bool]:
    return [person.is_marked for person in waiting_list.read_waiting().people]


def test_who_writes_of_suicide_in_the_queue_is_marked_there_and_for_the_supervisor(monkeypatch):
    told = []
    monkeypatch.setattr(pubsub, "queue_changed", lambda: told.append("queue"))
    calm, lost = make.waiting(), make.waiting()
    write(calm, "Bonsoir, il publie mes photos.")
    seq = write(lost, "Je veux mourir.")
    assert shown() == [False, False]
    told.clear()
    assert waiting_danger.mark_who_waits() == 1
    assert told == ["queue"] and marks(lost) == [seq] and marks(calm) == []
    assert shown() == [False, True]
    frame = waiting_list.read_queue().frame(is_closed=False)
    assert [item["marked"] for item in frame["items"]] == [True, False], "whoever is marked is drawn first"
    board = live_board.read(timezone.now(), units=[])
    assert board.in_danger == board.marked == {lost.public_id}
    assert "1 personne a écrit des mots de suicide ou de danger, et n'a pas d'agent." in [a.text for a in board.alerts]
    page = signed_in(make.agent(role=Role.SUPERVISOR).user).get(CONSOLE).text
    assert len(re.findall(rf'data-slot="marked">{WHOLE}Mots de suicide ou de danger', page)) == 1
    assert f'data-in-danger="{lost.public_id} "' in page
    assert 'data-slot="whole">1 avec des mots de suicide ou de danger</span>' in page
    assert 'aria-hidden="true" data-slot="short">Suicide ou danger 1</span>' in page, "what is seen"
    queue = page[page.index('id="attente"') :]
    assert queue.index('data-slot="marked">') < queue.index('data-slot="marked" hidden>'), "first of the list"


def test_who_waits_in_an_open_procedure_is_said_so_and_drawn_first():
    """Their agent opened it, and is not there any more."""
    first, lost = make.waiting(queued_at=make.long_ago(2)), make.waiting(queued_at=make.long_ago(1))
    Emergency.objects.create(conversation=lost, situation=Situation.DANGER, started_at=make.long_ago(20))
    items = waiting_list.read_queue().frame(is_closed=False)["items"]
    assert [(item["conversation"], item["emergency"]) for item in items] == [
        (str(lost.public_id), True),
        (str(first.public_id), False),
    ]
    page = signed_in(make.agent(role=Role.SUPERVISOR).user).get(CONSOLE).text
    queue = page[page.index('id="attente"') :]
    assert queue.count(f'data-slot="in-emergency">{WHOLE}Procédure d\'urgence ouverte') == 1
    shown, hidden = queue.index('data-slot="in-emergency">'), queue.index('data-slot="in-emergency" hidden>')
    assert shown < hidden, "first of the list"


def test_place_and_urgency_stay_and_the_agent_who_takes_the_exchange_finds_the_mark():
    first, lost = make.waiting(queued_at=make.long_ago(2)), make.waiting(queued_at=make.long_ago(1))
    write(lost, "Je veux mourir.")
    before = list(Conversation.objects.values_list("urgency", "queued_at").order_by("pk"))
    assert waiting_danger.mark_who_waits() == 1
    assert list(Conversation.objects.values_list("urgency", "queued_at").order_by("pk")) == before
    agent = make.agent(capacity=2)
    dispatcher.dispatch()
    entries = {entry.conversation.pk: entry for entry in inbox.open_entries(agent, timezone.now())}
    assert entries[lost.pk].dangers == [Kind.SUICIDE] and entries[first.pk].dangers == []
    assert shown() == []


def test_message_is_looked_at_once_and_the_next_ones_as_they_come():
    conversation = make.waiting()
    write(conversation, "Bonsoir")
    assert waiting_danger.mark_who_waits() == 0
    with CaptureQueriesContext(connection) as asked:
        assert waiting_danger.mark_who_waits() == 0
    assert len(asked) == 2, "whoever waits, whoever left, and no message"
    write(conversation, "Il est devant chez moi.")
    seq = write(conversation, "Je veux mourir.")
    assert waiting_danger.mark_who_waits() == 2 and marks(conversation) == [seq - 1, seq]
    for _more in range(danger.MARKS_AT_MOST + 2):
        last = write(conversation, "Il est devant chez moi.")
        Conversation.objects.filter(pk=conversation.pk).update(reporter_due_at=make.long_ago(1))
        waiting_danger.mark_who_waits()
    kept = marks(conversation)
    assert seq in kept and last in kept and len(kept) == danger.MARKS_AT_MOST, "the last one of each kind stays"
    DangerMark.objects.update(dealt_seq=last)
    danger.looked.note({}, "again")
    assert waiting_danger.mark_who_waits() == 0, "it was dealt with"


def test_one_tick_reads_so_many_exchanges_the_longest_wait_first(monkeypatch):
    monkeypatch.setattr(waiting_danger, "CONVERSATIONS_AT_ONCE", 2)
    late, *early = [make.waiting(queued_at=make.long_ago(minutes)) for minutes in (1, 3, 2)]
    for conversation in (late, *early):
        write(conversation, "Je veux mourir.")
    danger.phrases_as_json()  # read once in half a minute
    with CaptureQueriesContext(connection) as asked:
        assert waiting_danger.mark_who_waits() == 2
    assert marks(late) == [] and all(marks(conversation) for conversation in early)
    statements = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(statements) == 6, statements
    assert waiting_danger.mark_who_waits() == 1 and marks(late)


def test_message_that_does_not_open_now_is_looked_at_later(monkeypatch):
    conversation = make.waiting()
    write(conversation, "Je veux mourir.")
    with monkeypatch.context() as patch:
        patch.setattr(Message, "opened", lambda *_args, **_options: str(UNREADABLE))
        assert waiting_danger.mark_who_waits() == 0
    assert waiting_danger.mark_who_waits() == 1


def test_messages_that_do_not_open_keep_nobody_else_from_being_looked_at(monkeypatch):
    monkeypatch.setattr(waiting_danger, "CONVERSATIONS_AT_ONCE", 1)
    mute, lost = make.waiting(queued_at=make.long_ago(2)), make.waiting(queued_at=make.long_ago(1))
    write(mute, "Bonsoir")
    write(lost, "Je veux mourir.")
    whole = Message.opened

    def opened(sealed, *, conversation, **values):
        is_mute = conversation == mute.public_id
        return str(UNREADABLE) if is_mute else whole(sealed, conversation=conversation, **values)

    monkeypatch.setattr(Message, "opened", opened)
    assert [waiting_danger.mark_who_waits() for _tick in range(2)] == [0, 1]


def test_who_is_marked_is_shown_however_many_wait_before_them(monkeypatch):
    monkeypatch.setattr(waiting_list, "MOST_SHOWN", 1)
    first, lost, _other = [make.waiting(queued_at=make.long_ago(minutes)) for minutes in (3, 2, 1)]
    write(lost, "Je veux mourir.")
    assert waiting_danger.mark_who_waits() == 1
    queue = waiting_list.read_waiting()
    assert [person.conversation for person in queue.people] == [first.public_id, lost.public_id]
    assert (queue.total, queue.present) == (3, 3)
    DangerMark.objects.update(dealt_seq=99)
    assert [person.conversation for person in waiting_list.read_waiting().people] == [first.public_id]


def test_phrases_that_are_withdrawn_mark_nothing():
    DangerPhrase.objects.update(is_active=False)
    danger.forget_phrases()
    conversation = make.waiting()
    write(conversation, "Je veux mourir.")
    assert waiting_danger.mark_who_waits() == 0


# --- who left just after writing --------------------------------------------------------------------------------------


def leave(conversation: Conversation) -> None:
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER, only_in_queue=True)


def left() -> list[uuid.UUID]:
    """Return who left in danger, as the board of a supervisor without any unit shows them."""
    return [line.conversation for line in live_board.read(timezone.now(), units=[]).left_marks]


def test_words_written_just_before_the_end_in_the_queue_are_marked_and_told():
    """The worker had not looked yet, and nobody was told."""
    lost, calm, mute = make.waiting(), make.waiting(), make.waiting()
    seq = write(lost, "Je vais me tuer ce soir.")
    write(calm, "Bonsoir")
    for conversation in (lost, calm, mute):
        leave(conversation)
    assert left() == []
    assert waiting_danger.mark_who_waits() == 1
    assert marks(lost) == [seq] and left() == [lost.public_id]
    mark = DangerMark.objects.get()
    lost.refresh_from_db()
    assert (mark.pk, mark.left_at) == (lost.pk, lost.closed_at), "nothing is kept of who told nothing"
    with CaptureQueriesContext(connection) as asked:
        assert waiting_danger.mark_who_waits() == 0
    assert len(asked) == 2, "whoever waits, whoever left, and no message"


def test_words_of_somebody_who_was_taken_out_of_the_queue_are_marked_too():
    lost = make.waiting()
    write(lost, "Je veux mourir.")
    Conversation.objects.filter(pk=lost.pk).update(reporter_seen_at=make.long_ago(60 * 24))
    assert dispatcher.abandon_absent() == 1
    assert waiting_danger.mark_who_waits() == 1 and left() == [lost.public_id]


def test_end_between_the_reading_and_the_mark_is_told(monkeypatch):
    lost = make.waiting()
    write(lost, "Je veux mourir.")
    find_in = danger.find_in

    def end_after(*asked):
        found = find_in(*asked)
        leave(lost)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(danger, "find_in", end_after)
        assert waiting_danger.mark_who_waits() == 1
    assert left() == [lost.public_id]


@pytest.mark.django_db(transaction=True)
def test_end_waits_for_the_mark_that_is_being_kept():
    """Both lock the conversation first: no deadlock, and no mark that the end does not see."""
    lost = make.waiting()
    seq = write(lost, "Je veux mourir.")
    is_kept = threading.Event()

    def work(index):
        if index:
            assert is_kept.wait(30)
            leave(lost)
            return
        with transaction.atomic():
            danger.keep_marks({lost.pk: {seq: [Kind.SUICIDE]}})
            is_kept.set()
            time.sleep(0.5)

    in_threads(2, work)
    lost.refresh_from_db()
    mark = DangerMark.objects.get()
    assert (mark.seqs, mark.left_at, lost.status) == ([seq], lost.closed_at, Status.CLOSED)


def test_words_of_who_left_are_looked_at_until_they_open_and_keep_nobody_else_waiting(monkeypatch):
    monkeypatch.setattr(waiting_danger, "LEFT_AT_ONCE", 1)
    mute, lost = make.waiting(), make.waiting()
    for conversation in (mute, lost):
        write(conversation, "Je veux mourir.")
        leave(conversation)
    whole = Message.opened

    def opened(sealed, *, conversation, **values):
        return str(UNREADABLE) if conversation == mute.public_id else whole(sealed, conversation=conversation, **values)

    with monkeypatch.context() as patch:
        patch.setattr(Message, "opened", opened)
        assert [waiting_danger.mark_who_waits() for _tick in range(2)] == [0, 1]
    assert waiting_danger.mark_who_waits() == 1 and set(left()) == {mute.public_id, lost.public_id}


def test_words_of_who_left_alone_while_the_keys_were_away_are_looked_at_again(monkeypatch):
    """Nobody else wrote meanwhile, so the tick after has nothing to look at."""
    lost = make.waiting()
    write(lost, "Je vais me tuer.")
    leave(lost)
    with monkeypatch.context() as patch:
        patch.setattr(Message, "opened", lambda *_, **__: str(UNREADABLE))
        assert waiting_danger.mark_who_waits() == 0
    assert [waiting_danger.mark_who_waits() for _tick in range(2)] == [0, 1] and left() == [lost.public_id]


def test_words_after_what_was_dealt_with_are_looked_at_when_the_person_leaves():
    lost = make.waiting()
    first = write(lost, "Je veux mourir.")
    assert waiting_danger.mark_who_waits() == 1
    DangerMark.objects.update(dealt_seq=first)
    last = write(lost, "Il est devant chez moi.")
    leave(lost)
    assert left() == [] and waiting_danger.mark_who_waits() == 1
    assert marks(lost) == [first, last] and left() == [lost.public_id]
    DangerMark.objects.update(dealt_seq=last)
    assert waiting_danger.mark_who_waits() == 0 and DangerMark.objects.get().left_at is None


def test_words_before_the_end_are_told_while_no_page_of_their_agent_is_open():
    """No list is read: neither its agent nor the board knew of them."""
    agent = make.agent()
    lost = make.assigned(agent)
    write(lost, "Je veux mourir.")
    actions.close_conversation(conversation_id=lost.pk, by_author=Author.REPORTER)
    assert waiting_danger.mark_who_waits() == 1
    (line,) = live_board.read(timezone.now(), units=[agent.unit_id]).left_marks
    assert line.conversation == lost.public_id


def test_worker_does_it_after_everybody_s_turn(monkeypatch):
    done = []
    monkeypatch.setattr(run_worker.dispatcher, "dispatch", lambda: done.append("turns"))
    monkeypatch.setattr(run_worker.waiting_danger, "mark_who_waits", lambda: done.append("words"))
    run_worker.Command()._do_duties()
    assert done == ["turns", "words"]
