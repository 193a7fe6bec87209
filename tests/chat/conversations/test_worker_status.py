"""A worker reports that it runs and what it did, so that one that is dead, frozen or failing is noticed."""

import signal
import time
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from psycopg.errors import TooManyConnections

from chat.conversations import worker_status
from chat.conversations.worker_status import ALIVE, ALIVE_WHILE_PURGING, BEAT_SECONDS, DUTY_KEPT, KEPT, Report
from chat.management.commands import run_worker
from chat.models import WorkerDuty, WorkerHeartbeat
from common import clock, sql
from pnav.server.process_role import PAGES_NICENESS

SECOND = timedelta(seconds=1)


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def pass_time(length: timedelta) -> None:
    """Let every worker have been silent for so long more."""
    for row in WorkerHeartbeat.objects.all():
        row.seen_at -= length
        row.save()


@pytest.mark.django_db
def test_report_is_one_row_for_the_worker_and_one_for_each_duty(monkeypatch):
    ticks = Clock()
    report = Report("one", ticks)
    assert report.is_due  # due from the first tick on
    report.succeeded("dispatch")
    report.failed("openings")
    ticks.seconds += 2.0  # the duty ended this long before it is written
    report.write()
    beat, done = WorkerHeartbeat.objects.get().seen_at, WorkerDuty.objects.get(name="dispatch").succeeded_at
    assert timedelta(seconds=1.5) < beat - done < timedelta(seconds=10)
    assert not report.is_due
    ticks.seconds += BEAT_SECONDS
    assert report.is_due
    for _tick in range(50):
        report.succeeded("dispatch")
        report.succeeded("web")
        report.failed("openings")
    statements = []
    monkeypatch.setattr(
        worker_status, "fetch_rows", lambda *asked: statements.append(asked[0]) or sql.fetch_rows(*asked)
    )
    report.write()
    assert statements == [worker_status.BEAT, worker_status.DUTIES]  # the same statements whatever was done meanwhile
    assert set(WorkerHeartbeat.objects.values_list("name", flat=True)) == {"one"}
    rows = {row.name: row for row in worker_status.duties()}
    assert {name: row.errors for name, row in rows.items()} == {"dispatch": 0, "openings": 51, "web": 0}
    assert rows["openings"].succeeded_at is None


@pytest.mark.django_db
def test_duty_is_done_when_any_worker_did_it():
    for name in ("one", "two"):
        report = Report(name)
        report.succeeded("dispatch")
        report.write()
    late = Clock()
    behind = Report("three", late)
    behind.succeeded("dispatch")
    late.seconds += 60  # the worker did it before the others
    behind.failed("dispatch")
    before = WorkerDuty.objects.get(name="dispatch").succeeded_at
    behind.write()
    duty = WorkerDuty.objects.get()
    assert (duty.succeeded_at, duty.errors) == (before, 1)


@pytest.mark.django_db
def test_worker_that_is_silent_is_dead_and_one_at_a_purge_is_not():
    assert not worker_status.is_alive("one")
    Report("one").write()
    Report("two").write(busy_with="retention")
    assert worker_status.is_alive("one") and worker_status.is_alive("two")
    assert worker_status.status().workers == 2
    pass_time(ALIVE + SECOND)
    assert not worker_status.is_alive("one") and worker_status.is_alive("two")
    assert worker_status.status().workers == 1
    pass_time(ALIVE_WHILE_PURGING)
    assert not worker_status.is_alive("two")
    assert worker_status.status().workers == 0 and worker_status.status().seen_at is not None


@pytest.mark.django_db(transaction=True)
def test_each_duty_has_the_same_time_whoever_watches(monkeypatch, settings):
    """They watch by a watchdog, which the process tells itself, and by `--alive`, which reads what it wrote before the
    duty.
    """
    settings.WORKER_NAME = "worker-of-this-test"
    by_watchdog, by_heartbeat = {}, {}
    do = run_worker.Command._do

    def tried(command, name, work):
        def looked():
            by_watchdog[name] = command._steps._until - time.monotonic()
            row = WorkerHeartbeat.objects.filter(name=settings.WORKER_NAME).first()
            by_heartbeat[name] = worker_status.may_take(row.busy_with if row else "").total_seconds()
            return work()

        return do(command, name, looked)

    monkeypatch.setattr(run_worker.Command, "_do", tried)
    call_command("run_worker", ticks=1)
    assert {"dispatch", "figures", "languages", "proof_of_date", *settings.PURGE_COMMANDS} <= set(by_watchdog)
    for name, seconds in by_watchdog.items():
        if name != "heartbeat":
            assert by_heartbeat[name] == pytest.approx(seconds, abs=5), name
    assert by_heartbeat["figures"] == ALIVE_WHILE_PURGING.total_seconds()
    assert by_heartbeat["dispatch"] == ALIVE.total_seconds()


@pytest.mark.django_db
def test_rows_of_workers_that_are_gone_do_not_stay():
    Report("one").write()
    pass_time(KEPT + SECOND)
    WorkerDuty.objects.create(name="of_before", succeeded_at=clock.now() - DUTY_KEPT - SECOND)
    WorkerDuty.objects.create(name="late", succeeded_at=clock.now() - DUTY_KEPT + timedelta(minutes=1))
    Report("two").write()  # the first thing that a new container does
    assert [duty.name for duty in worker_status.duties()] == ["late"]
    assert list(WorkerHeartbeat.objects.values_list("name", flat=True)) == ["two"]


@pytest.mark.django_db(transaction=True)
def test_run_worker_reports_each_duty_and_counts_what_failed(monkeypatch, settings, capsys):
    settings.WORKER_NAME = "worker-of-this-test"
    monkeypatch.setattr(run_worker.language_guess, "guess_languages", lambda: 1 / 0)
    with pytest.raises(CommandError, match="worker-of-this-test"):
        call_command("run_worker", alive=True)
    call_command("run_worker", ticks=1)
    call_command("run_worker", alive=True)
    assert "travaille" in capsys.readouterr().out
    assert WorkerHeartbeat.objects.get().busy_with == ""  # the purge is over
    rows = {row.name: row for row in worker_status.duties()}
    assert rows["languages"].errors == 1 and rows["languages"].succeeded_at is None
    expected = {"dispatch", "release_stale", "abandon_absent", "openings", "departures", "clearsessions", "retention"}
    assert expected <= {name for name, row in rows.items() if row.succeeded_at and not row.errors}


@pytest.mark.django_db(transaction=True)
def test_worker_that_is_ended_in_order_is_not_counted_beside_its_successor(monkeypatch, settings):
    """A new container has a new name. With both counted, one worker would be missed for hours after each update."""
    handlers = {}

    def tick(command):
        command._report.succeeded("dispatch")
        assert worker_status.status().workers == 1
        handlers[signal.SIGTERM](signal.SIGTERM, None)

    monkeypatch.setattr(run_worker.signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(run_worker.process, "lower_priority", lambda _by: None)
    monkeypatch.setattr(run_worker, "RegularThread", Mock())
    monkeypatch.setattr(run_worker.drawing, "Turns", Mock())  # a real one would go on beside the tests that follow
    monkeypatch.setattr(run_worker.Command, "_tick", tick)
    settings.PURGE_COMMANDS = []
    for settings.WORKER_NAME in ("before", "after"):
        Report(settings.WORKER_NAME).write()
        call_command("run_worker")
        assert worker_status.status().workers == 0
    assert [duty.name for duty in worker_status.duties() if duty.name == "dispatch"], "what it did is stored"


@pytest.mark.django_db
def test_database_that_is_away_tells_nothing_of_the_worker(monkeypatch, capsys):
    def away(_name):
        error = OperationalError("MARQUE")
        error.__cause__ = TooManyConnections("MARQUE")
        raise error

    monkeypatch.setattr(worker_status, "is_alive", away)
    call_command("run_worker", alive=True)
    said = capsys.readouterr().out
    assert "category=too_many_connections" in said and "MARQUE" not in said


def test_what_could_not_be_written_is_kept(monkeypatch):
    report = Report("one")
    report.failed("dispatch")

    def away(*_args):
        raise OperationalError

    monkeypatch.setattr(worker_status, "fetch_rows", away)
    with pytest.raises(OperationalError):
        report.write()
    assert report.is_due and report._errors["dispatch"] == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("fails", "times"), [(False, 1), (True, 2)])
def test_tick_has_one_connection_and_another_after_a_duty_that_failed(fails, times, monkeypatch):
    """The pool asks PostgreSQL whether a connection works each time it lends it. One that broke is lent to nobody."""
    given_back = []
    monkeypatch.setattr(run_worker, "close_old_connections", lambda: given_back.append("back"))
    if fails:
        monkeypatch.setattr(run_worker.dispatcher, "dispatch", lambda: 1 / 0)
    command = run_worker.Command()
    command._tick()
    assert len(given_back) == times
    command._do("heartbeat", lambda: None)
    assert len(given_back) == times + 1, "what is done between two ticks may take an hour"


@pytest.mark.parametrize(("now", "steps"), [(0, 5), (3, 2), (10, 0)])
def test_worker_stands_beside_pages_and_behind_sockets(now, steps, monkeypatch):
    class Over(Exception):
        pass

    def lower(by):
        lowered.append(by)
        raise Over

    lowered = []
    monkeypatch.setattr(run_worker.os, "nice", lambda _by: now)
    monkeypatch.setattr(run_worker.process, "lower_priority", lower)
    with pytest.raises(Over):
        call_command("run_worker")
    assert lowered == [steps] and PAGES_NICENESS == run_worker.NICENESS
