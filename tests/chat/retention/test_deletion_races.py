"""A deletion while somebody acts at the same moment, with real threads."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from chat.conversations import actions
from chat.database import in_db
from chat.models import Conversation, Message
from chat.retention import deletion
from chat.rules.lifecycle import Author
from reports.actions import (
    Gone,
)
from reports.models import (
    OpeningRequest,
    Report,
    Tombstone,
)
from reports.openings import actions as opening_actions
from reports.retention import tombstones
from reports.retention.deletion import FORGETTING
from reports.rules.openings import State
from tests.chat.retention.acts import ask_opening, freeze, kept, run, told
from tests.chat.sockets import Closed, Line, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- races, with real threads -----------------------------------------------------------------------------------------


class Elsewhere(threading.Thread):
    """Work on another connection; `done` raises its error."""

    def __init__(self, work) -> None:
        super().__init__(daemon=True)
        self.work, self.error, self.result = work, None, None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.work()
        except Exception as error:  # noqa: BLE001  raised by `done`
            self.error = error
        finally:
            connections.close_all()

    def done(self):
        self.join(20)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.result


def post(conversation: Conversation):
    return actions.post_message(
        conversation_id=conversation.pk, client_id=uuid.uuid4(), body="encore là", author=Author.REPORTER
    )


def asked_long_ago(conversation: Conversation) -> OpeningRequest:
    """Return a request that nobody countersigned in time, so that the report may go, and that has not expired yet."""
    opening = ask_opening(conversation, conversation.assigned_to.user)
    OpeningRequest.objects.filter(pk=opening.pk).update(asked_at=timezone.now() - timedelta(days=3))
    return opening


def at_the_last_moment(what: str, conversation: Conversation, chief):
    return (lambda: post(conversation)) if what == "message" else (lambda: freeze(conversation, chief))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["message", "freeze"])
def test_race_committed_just_before_the_lock(what, chief, monkeypatch):
    """The run has begun, the rules are read; then somebody writes, or a freeze is set: it is seen."""
    conversation, other = make.age(make.assigned(), days=366), make.age(make.closed(), days=366)
    lock = deletion._lock_reports

    def after_somebody(*arguments):
        Elsewhere(at_the_last_moment(what, conversation, chief)).done()
        monkeypatch.setattr(deletion, "_lock_reports", lock)
        return lock(*arguments)

    monkeypatch.setattr(deletion, "_lock_reports", after_somebody)
    assert kept() == {conversation}
    assert not Conversation.objects.filter(pk=other.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["message", "freeze"])
def test_race_between_the_two_locks(what, chief, monkeypatch):
    """The report is locked and the conversation not yet: a message that comes in between is read after the lock; a
    freeze waits for the lock of the report, and finds that it is gone."""
    conversation = make.age(make.assigned(), days=366)
    lock, started = deletion._lock_conversations, []

    def after_somebody(*arguments):
        started.append(Elsewhere(at_the_last_moment(what, conversation, chief)))
        started[0].join(20 if what == "message" else 0.5)
        return lock(*arguments)

    monkeypatch.setattr(deletion, "_lock_conversations", after_somebody)
    if what == "message":
        assert kept() == {conversation}
        started[0].done()
    else:
        assert kept() == set()
        with pytest.raises(Gone):
            started[0].done()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["message", "freeze"])
def test_race_not_committed_yet(what, chief):
    """Somebody holds the row while the run passes: it is passed over, nobody waits, and what was written counts."""
    conversation = make.age(make.assigned(), days=366)
    written, passed = threading.Event(), threading.Event()

    def slowly():
        with transaction.atomic():
            at_the_last_moment(what, conversation, chief)()
            written.set()
            assert passed.wait(20)

    other = Elsewhere(slowly)
    assert written.wait(20)
    assert kept() == {conversation}
    passed.set()
    other.done()
    assert kept() == {conversation}


@pytest.mark.django_db(transaction=True)
def test_race_a_message_after_the_decision_is_refused(monkeypatch):
    """Decided under the lock: who writes then waits, and is told that there is nothing to write to."""
    conversation = make.age(make.assigned(), days=366)
    delete, late = deletion._delete, []

    def with_somebody_at_the_door(*arguments):
        late.append(Elsewhere(lambda: post(conversation)))
        late[0].join(0.5)
        assert late[0].is_alive(), "it waits for the lock"
        delete(*arguments)

    monkeypatch.setattr(deletion, "_delete", with_somebody_at_the_door)
    assert kept() == set()
    with pytest.raises(actions.NotYours):
        late[0].done()
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_race_countersigned_before_the_deletion_comes_by(chief):
    """It is not committed yet when the run passes: the run passes the report over, and then it counts."""
    conversation = make.age(make.closed(), days=366)
    opening = asked_long_ago(conversation)
    written, passed = threading.Event(), threading.Event()

    def slowly():
        with transaction.atomic():
            opening_actions.countersign_request(request_id=opening.pk, by=chief)
            written.set()
            assert passed.wait(20)

    other = Elsewhere(slowly)
    assert written.wait(20)
    try:
        assert Elsewhere(kept).done() == {conversation}
    finally:
        passed.set()
    other.done()
    assert kept() == {conversation}
    opening.refresh_from_db()
    assert opening.report_id == conversation.report_id and opening_actions.grounds_of(opening) is not None


@pytest.mark.django_db(transaction=True)
def test_race_countersigned_after_the_decision_is_refused(chief, monkeypatch):
    """Who countersigns then waits, and reads that there is nothing left to open; the request is as it was."""
    conversation = make.age(make.closed(), days=366)
    opening = asked_long_ago(conversation)
    delete, late = deletion._delete, []

    def with_somebody_at_the_door(*arguments):
        late.append(Elsewhere(lambda: opening_actions.countersign_request(request_id=opening.pk, by=chief)))
        late[0].join(0.5)
        assert late[0].is_alive(), "it waits for the lock"
        delete(*arguments)

    monkeypatch.setattr(deletion, "_delete", with_somebody_at_the_door)
    assert kept() == set()
    with pytest.raises(opening_actions.ReportGone):
        late[0].done()
    opening.refresh_from_db()
    assert (opening.report_id, opening.state, opening.steps.count()) == (None, State.ASKED, 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_delete_once():
    for _ in range(30):
        make.age(make.closed(), days=366)
    workers = [Elsewhere(run) for _ in range(4)]
    for worker in workers:
        worker.done()
    run()
    assert not Report.objects.exists()
    assert Tombstone.objects.count() == 30
    removed = [int(detail.removeprefix("reports: ")) for _role, _subject, detail in told("retention")]
    assert sum(removed) == 30


@pytest.mark.django_db(transaction=True)
def test_a_worker_leaves_the_work_to_the_one_that_is_at_it():
    conversation = make.age(make.closed(), days=366)
    ours, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FORGETTING])
            ours.set()
            assert over.wait(20)

    holder = Elsewhere(hold)
    assert ours.wait(20)
    assert kept() == {conversation}
    over.set()
    holder.done()
    assert kept() == set()


@pytest.mark.django_db(transaction=True)
async def test_open_page_of_what_goes_is_sent_away():
    """Erased on request while their page is open: the socket ends, and nothing fails for anybody else."""
    agent = await in_db(make.agent)
    conversation, other = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    keys = [await in_db(visit, one) for one in (conversation, other)]
    path, digest = "/ws/conversation/", tombstones.digest_of(conversation.report.public_id)
    async with Line(path, keys[0]) as line, Line(path, keys[1]) as next_to_it:
        await line.send(type="sync", after=0)
        await line.until("state")
        await next_to_it.send(type="sync", after=0)
        await next_to_it.until("state")
        assert await in_db(lambda: deletion.forget_again([digest], now=timezone.now())) == (1, 0)
        with pytest.raises(Closed):
            while True:
                await line.send(type="beat")
                await line.receive()
        await next_to_it.send(type="post", client_id=str(uuid.uuid4()), body="encore là")
        await next_to_it.until("messages")
