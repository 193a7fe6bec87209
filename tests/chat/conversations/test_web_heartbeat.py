"""Whether anybody could be seen: an outage of the web processes takes nobody's conversations away (ADR 0074)."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from chat.conversations import dispatcher, resume, web_heartbeat
from chat.management.commands import run_worker
from chat.models import Agent, Conversation, ConversationEvent, EventKind, WebHeartbeat
from chat.rules.lifecycle import Availability, Status
from common import clock
from tests.factories import chat as make

LEASE = timedelta(seconds=60)
BOTH = ("pages", "sockets")


def pass_time(length: timedelta) -> None:
    """Let so long pass: every time that is kept is that much older."""
    for model, names in ((WebHeartbeat, ("seen_at", "back_at")), (Agent, ("seen_at",))):
        for row in model.objects.all():
            for name in names:
                if getattr(row, name) is not None:
                    setattr(row, name, getattr(row, name) - length)
            row.save(update_fields=names)


@pytest.mark.django_db
def test_heartbeat_is_one_row_for_each_role_and_written_once_in_a_while():
    web_heartbeat.write_heartbeat(BOTH)
    first = {row.role: row.seen_at for row in WebHeartbeat.objects.all()}
    assert set(first) == set(BOTH)
    web_heartbeat.write_heartbeat(["sockets"])  # a second process at the same moment writes nothing
    assert {row.role: row.seen_at for row in WebHeartbeat.objects.all()} == first
    pass_time(timedelta(seconds=6))
    web_heartbeat.write_heartbeat(["sockets"])
    sockets, pages = WebHeartbeat.objects.get(role="sockets"), WebHeartbeat.objects.get(role="pages")
    assert sockets.seen_at > pages.seen_at
    assert (sockets.back_at, pages.back_at) == (None, None)  # there was no gap yet


@pytest.mark.django_db
@pytest.mark.parametrize("process_role", ["all", "sockets", "pages"])
def test_each_process_beats_for_what_it_serves(process_role):
    roles = web_heartbeat.roles_of(process_role)
    assert roles == (BOTH if process_role == "all" else (process_role,))
    web_heartbeat.write_heartbeat(roles)
    assert WebHeartbeat.objects.count() == len(roles)


@pytest.mark.django_db
def test_web_was_away_while_a_role_is_missing_and_for_one_lease_after():
    assert not web_heartbeat.was_web_away(clock.now())  # a version that sends no heartbeat is not waited for
    web_heartbeat.write_heartbeat(BOTH)
    assert not web_heartbeat.was_web_away(clock.now())
    pass_time(timedelta(seconds=16))
    assert web_heartbeat.was_web_away(clock.now())
    web_heartbeat.write_heartbeat(["pages"])
    assert web_heartbeat.was_web_away(clock.now())  # no process serves sockets yet
    web_heartbeat.write_heartbeat(["sockets"])
    pass_time(timedelta(seconds=10))
    web_heartbeat.write_heartbeat(BOTH)
    assert web_heartbeat.was_web_away(clock.now())  # back for ten seconds, where a lease is needed to be seen
    for _beat in range(6):
        pass_time(timedelta(seconds=10))
        web_heartbeat.write_heartbeat(BOTH)
    assert not web_heartbeat.was_web_away(clock.now())


@pytest.mark.django_db
def test_role_that_nobody_runs_any_more_holds_up_nobody_for_long():
    web_heartbeat.write_heartbeat(BOTH)
    pass_time(timedelta(hours=1, seconds=1))
    assert not web_heartbeat.was_web_away(clock.now())


@pytest.mark.django_db
def test_clock_that_was_put_back_is_taken_over():
    web_heartbeat.write_heartbeat(BOTH)
    pass_time(timedelta(hours=-1))
    web_heartbeat.write_heartbeat(BOTH)
    assert all(row.seen_at <= clock.now() for row in WebHeartbeat.objects.all())


@pytest.mark.django_db(transaction=True)
def test_processes_that_beat_together_wait_for_one_another_and_lose_nothing(monkeypatch):
    monkeypatch.setattr(web_heartbeat, "BEAT_SECONDS", 0.0)  # every heartbeat is written
    together, failures = Barrier(4), []

    def beat() -> None:
        try:
            together.wait(timeout=30)
            for _beat in range(20):
                web_heartbeat.write_heartbeat(("sockets", "pages"))
        except Exception as error:  # noqa: BLE001  said below
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=beat) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert WebHeartbeat.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_worker_spares_agents_who_come_back_within_a_lease_of_an_outage():
    back, gone = make.agent(), make.agent()
    theirs, lost = make.assigned(back), make.assigned(gone)
    web_heartbeat.write_heartbeat(BOTH)
    pass_time(2 * LEASE)  # all leases are over, and no process could receive a beat
    run_worker.Command()._tick()  # a worker that has just started knows of no late tick
    web_heartbeat.write_heartbeat(BOTH)
    run_worker.Command()._tick()
    assert set(Conversation.objects.values_list("status", flat=True)) == {Status.ACTIVE}
    assert set(Agent.objects.values_list("availability", flat=True)) == {Availability.AVAILABLE}
    for _beat in range(7):
        pass_time(timedelta(seconds=10))
        web_heartbeat.write_heartbeat(BOTH)
    Agent.objects.filter(pk=back.pk).update(seen_at=clock.now())  # their console is back
    Agent.objects.filter(pk=back.pk).update(capacity=1)
    run_worker.Command()._tick()
    theirs.refresh_from_db()
    lost.refresh_from_db()
    assert (theirs.status, theirs.assigned_to_id) == (Status.ACTIVE, back.pk)
    assert lost.status == Status.WAITING
    kinds = ConversationEvent.objects.filter(conversation=theirs).values_list("kind", flat=True)
    assert EventKind.RELEASED not in kinds


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_outage", [True, False])
def test_code_used_after_an_outage_takes_nobody_from_an_agent(is_outage):
    agent = make.agent()
    conversation = make.assigned(agent)
    web_heartbeat.write_heartbeat(BOTH)
    pass_time(3 * LEASE)
    if not is_outage:
        WebHeartbeat.objects.update(seen_at=clock.now(), back_at=None)
    assert dispatcher.release_long_gone(agent_id=agent.pk) == (0 if is_outage else 1)
    resume.resume_conversation(conversation_id=conversation.pk)
    conversation.refresh_from_db()
    assert conversation.status == (Status.ACTIVE if is_outage else Status.WAITING)
