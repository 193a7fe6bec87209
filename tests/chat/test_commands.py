import base64
import uuid
from io import StringIO

import pytest
from django.conf import settings as site_settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from chat.management.commands import run_worker
from chat.models import Conversation, Debrief, Message
from chat.retention import moving
from chat.rules.lifecycle import Status
from chat.wellbeing import debriefs
from common import encryption
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from pnav.pages.models import Feedback
from reports.audit import log as audit_log
from reports.models import AccessRecord, Erased, OpeningRequest, Report, Tombstone
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
    worker._spare_until = 0  # the time for which leases were extended has passed
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
    assert encryption.key_name(bytes(Message.objects.get().sealed_body)) == "test"
    assert "test : 2 rechiffré(s)" in run("rotate_keys")
    settings.CONTENT_KEYS = new  # the old key was removed
    assert Message.objects.select_related("conversation").get().body == "à garder"
    assert Report.objects.get().triage_answers() == {"who": "victim"}
    assert "new : 2 à jour" in run("rotate_keys")


def test_rotate_keys_wraps_data_keys_again_and_rewrites_no_content(settings):
    old = settings.CONTENT_KEYS
    conversation = make.waiting()
    moving.give_keys([conversation.report_id])
    message = make.message(conversation, "à garder")
    sealed, before = bytes(message.sealed_body), bytes(WrappedKey.objects.get().wrapped)
    assert encryption.data_key_of(sealed) is not None
    new = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.CONTENT_KEYS = f"{new},{old}"
    assert "test : 2 rechiffré(s)" in run("rotate_keys"), "the wrap, and the answers that the factory sealed"
    message.refresh_from_db()
    assert bytes(message.sealed_body) == sealed
    wrapped = bytes(WrappedKey.objects.get().wrapped)
    assert wrapped != before and encryption.key_name(wrapped) == "new"
    settings.CONTENT_KEYS = new  # the old key was removed
    data_keys.forget_all()
    assert Message.objects.select_related("conversation").get(pk=message.pk).body == "à garder"


def test_rotate_keys_goes_on_past_a_value_that_does_not_open(settings):
    """One altered value ended each run before the data keys, and its whole batch was undone."""
    conversation, other = make.waiting(answers={"who": "victim"}), make.waiting(answers={"who": "witness"})
    moving.give_keys([conversation.report_id])
    altered = bytearray(Report.objects.get(pk=other.report_id).triage_answers_sealed)
    altered[-1] ^= 1
    Report.objects.filter(pk=other.report_id).update(triage_answers_sealed=bytes(altered))
    new = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.CONTENT_KEYS = f"{new},{settings.CONTENT_KEYS}"
    with pytest.raises(CommandError, match=f"1 valeur.* reports.Report {other.report_id} "):
        run("rotate_keys")
    assert encryption.key_name(bytes(WrappedKey.objects.get().wrapped)) == "new"
    assert bytes(Report.objects.get(pk=other.report_id).triage_answers_sealed) == bytes(altered)


def test_rotate_keys_passes_over_grounds_that_went_with_their_report(settings):
    now = timezone.now()
    OpeningRequest.objects.create(
        report=None, report_public_id=uuid.uuid4(), field="name", version=1, asked_by=make.agent().user,
        asked_at=now, moved_at=now, sealed_grounds=b"",
    )  # fmt: skip
    new = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.CONTENT_KEYS = f"{new},{settings.CONTENT_KEYS}"
    assert "Clé courante : new." in run("rotate_keys")
    assert bytes(OpeningRequest.objects.get().sealed_grounds) == b""


def make_everything_expire() -> None:
    """Create one thing of each kind that a purge takes, past its end."""
    make.age(make.closed(), days=400)
    Report.objects.filter(pk=make.report().pk).update(filed_at=make.long_ago(400 * 24 * 60))
    coded = make.waiting()
    Conversation.objects.filter(pk=coded.pk).update(
        resume_digest=b"x", resume_issued_at=make.long_ago(2), resume_until=make.long_ago(1)
    )
    Session.objects.create(session_key="old", session_data="", expire_date=make.long_ago(1))
    Feedback.objects.create(rating="yes", page="other")
    Feedback.objects.update(created_at=make.long_ago(400 * 24 * 60))
    LogEntry.objects.create(user=make.agent().user, object_repr="x", action_flag=CHANGE)
    LogEntry.objects.update(action_time=make.long_ago(400 * 24 * 60))
    Tombstone.objects.create(kind="exchange", month="2001-01-01", rule="335+30", cause="term")
    Erased.objects.create(digest="0" * 64, on="2001-01-01")
    debriefs.ask_for_talk(agent=make.agent(), words="un mot")
    Debrief.objects.update(ends_at=make.long_ago(1))


REMOVALS = {
    "clearsessions": ["sessions: 1"],
    "purge_debriefs": ["debriefs: 1"],
    "retention": ["reports: 2", "resume_codes: 1", "opinions: 1", "admin_log: 1", "tombstones: 1", "erased: 1"],
}


@pytest.mark.parametrize("name", site_settings.PURGE_COMMANDS)
def test_purge_leaves_lines_of_the_register_with_counts(name):
    """Whatever the worker removes is recorded: a new purge that is not in REMOVALS fails here."""
    run(name)
    assert not AccessRecord.objects.exists(), "a run that removed nothing has nothing to say"
    make_everything_expire()
    run(name)
    lines = list(AccessRecord.objects.order_by("number"))
    for line in lines:
        assert (line.kind, line.account_id, line.role, line.subject) == ("retention", None, "service", "")
        assert line.motive == "term"
    assert [line.detail for line in lines] == REMOVALS[name]
    run(name)
    assert AccessRecord.objects.count() == len(lines)


def test_retention_plan_is_no_removal():
    make_everything_expire()
    run("retention", "--plan")
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize("name", site_settings.PURGE_COMMANDS)
def test_purge_that_cannot_be_recorded_removes_nothing(name, monkeypatch):
    def fail(**_values: object) -> None:
        raise ZeroDivisionError

    make_everything_expire()
    before = [model.objects.count() for model in (Report, Conversation, Session, Feedback)]
    monkeypatch.setattr(audit_log, "record", fail)
    with pytest.raises((ZeroDivisionError, CommandError)):
        run(name)
    assert [model.objects.count() for model in (Report, Conversation, Session, Feedback)] == before
    assert Conversation.objects.filter(resume_until__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_run_worker_purges_and_records():
    make_everything_expire()
    run("run_worker", "--ticks=1")
    details = AccessRecord.objects.order_by("number").values_list("detail", flat=True)
    assert list(details) == [detail for name in site_settings.PURGE_COMMANDS for detail in REMOVALS[name]]
    assert audit_log.verify(audit_log.read_lines()).is_whole


@pytest.mark.django_db(transaction=True)
def test_an_error_in_one_duty_stops_neither_the_others_nor_the_worker(monkeypatch, caplog):
    """Whichever duty it is: the queue moves on, and what went wrong is told, whole at first."""
    done = []
    duties = {
        "lookalikes": (run_worker.lookalikes, "mark_lookalikes"),
        "languages": (run_worker.language_guess, "guess_languages"),
        "release_stale": (run_worker.dispatcher, "release_stale"),
    }

    def fail():
        raise ValueError("MARQUE")

    for module, name in duties.values():
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setattr(run_worker.dispatcher, "dispatch", lambda: done.append("dispatched"))
    worker = run_worker.Command()
    worker._tick()
    worker._tick()
    assert done == ["dispatched"] * 2
    assert worker._ticked_at is not None  # a whole tick was done, and leases go on ending
    for name in duties:
        whole = [one for one in caplog.records if one.exc_info and name in one.getMessage()]
        again = [one for one in caplog.records if not one.exc_info and f"{name} failed again" in one.getMessage()]
        assert len(whole) == len(again) == 1, name
    assert "MARQUE" not in "".join(one.getMessage() for one in caplog.records)


def test_worker_goes_on_when_a_purge_fails(caplog):
    worker = run_worker.Command()

    def fail():
        raise CommandError("Conservation incomplète")

    assert not worker._do("retention", fail)
    assert "retention failed" in caplog.text
