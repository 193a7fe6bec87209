import base64
from io import StringIO

import pytest
from django.core.management import call_command

from chat.lifecycle import Status
from chat.management.commands import run_worker
from chat.models import Conversation, Message
from reports import keyring
from reports.models import Report
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_run_worker_ticks_dispatch():
    agent = make.agent()
    conversation = make.waiting()
    run("run_worker", "--ticks=1")
    conversation.refresh_from_db()
    assert conversation.assigned_to == agent


@pytest.mark.django_db(transaction=True)
def test_run_worker_ends_leases_and_takes_out_who_left():
    lost = make.assigned(make.agent())
    type(lost.assigned_to).objects.update(seen_at=make.long_ago(2))
    left = make.waiting()
    Conversation.objects.filter(pk=left.pk).update(reporter_seen_at=make.long_ago(60))
    run("run_worker", "--ticks=1")
    lost.refresh_from_db()
    left.refresh_from_db()
    assert (lost.status, left.status) == (Status.WAITING, Status.ABANDONED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("late", [True, False])
def test_run_worker_late_tick_gives_everybody_a_lease_to_be_seen_again(late):
    """The database was away for longer than a lease: that nobody was seen says nothing about the agents."""
    lost = make.assigned(make.agent())
    worker = run_worker.Command()
    worker._tick()
    if late:
        worker._ticked_at = make.long_ago(2)
    type(lost.assigned_to).objects.update(seen_at=make.long_ago(2))
    worker._tick()
    lost.refresh_from_db()
    assert lost.status == (Status.ACTIVE if late else Status.WAITING)
    worker._spare_until = 0  # the lease that was given has passed
    worker._tick()
    lost.refresh_from_db()
    assert lost.status == Status.WAITING


def test_rotate_keys_reseals_everything(settings):
    old = settings.CONTENT_KEYS
    conversation = make.waiting(answers={"who": "victim"})
    make.message(conversation, "à garder")
    new = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.CONTENT_KEYS = f"{new},{old}"
    assert "à rechiffrer" in run("rotate_keys", "--dry-run")
    assert keyring.key_name(bytes(Message.objects.get().sealed_body)) == "test"
    assert "test : 2 rechiffré(s)" in run("rotate_keys")
    settings.CONTENT_KEYS = new  # the old key is gone
    assert Message.objects.select_related("conversation").get().body == "à garder"
    assert Report.objects.get().triage_answers() == {"who": "victim"}
    assert "new : 2 à jour" in run("rotate_keys")


def test_purge_expired_deletes_what_has_served_and_nothing_else(settings):
    settings.RETENTION_DAYS = 365
    old, recent, open_ = make.closed(), make.closed(), make.waiting()
    make.message(open_)
    Conversation.objects.filter(pk=old.pk).update(closed_at=make.long_ago(366 * 24 * 60))
    assert "1 signalement(s) à supprimer" in run("purge_expired", "--dry-run")
    assert Report.objects.count() == 3
    run("purge_expired")
    assert set(Conversation.objects.all()) == {recent, open_}
    assert not Message.objects.filter(conversation_id=old.pk).exists()
    assert Report.objects.count() == 2
