"""Leaving with the quick exit is recorded without waiting, takes effect when the conversation is not locked, and is
never lost.
"""

import os
import threading

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.conversations import departures, resume
from chat.management.commands import run_worker
from chat.models import Conversation, Departure, EventKind
from chat.rules.lifecycle import Status
from pnav.pages import quick_exit
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def leave(key: str) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.post("/quitter/").status_code == 303


def kinds(conversation: Conversation) -> list[str]:
    return list(conversation.events.order_by("pk").values_list("kind", flat=True))


def parked(conversation: Conversation) -> int:
    return kinds(conversation).count(EventKind.PARKED)


def test_leaving_parks_the_conversation_once():
    conversation = make.assigned()
    key = visit(conversation)
    leave(key)
    leave(key)  # pressed twice: the second press finds no visit
    assert parked(conversation) == 1
    assert not Departure.objects.exists()
    assert "Départ rapide" in conversation.messages.last().body


@pytest.mark.parametrize("status", [Status.CLOSED, Status.ABANDONED])
def test_leaving_an_exchange_that_is_over_tells_nobody(status):
    conversation = make.closed() if status == Status.CLOSED else make.waiting()
    Conversation.objects.filter(pk=conversation.pk).update(status=status)
    leave(visit(conversation))
    assert parked(conversation) == 0 and not Departure.objects.exists()


def test_device_that_a_code_left_behind_parks_nothing():
    conversation = make.assigned()
    key = visit(conversation)
    resume.resume_conversation(conversation_id=conversation.pk)
    leave(key)
    assert parked(conversation) == 0 and not Departure.objects.exists()


def test_departure_of_somebody_who_came_back_by_code_meanwhile_is_dropped():
    conversation = make.assigned()
    pk = departures.record_departure(report=str(conversation.report.public_id), generation=0)
    resume.resume_conversation(conversation_id=conversation.pk)
    assert departures.tell_departure(pk)
    assert parked(conversation) == 0 and not Departure.objects.exists()


def test_departure_of_a_report_that_was_removed_is_dropped():
    conversation = make.assigned()
    pk = departures.record_departure(report=str(conversation.report.public_id), generation=0)
    conversation.report.delete()
    assert departures.tell_departure(pk)
    assert not Departure.objects.exists()


def test_departure_is_locked_before_its_conversation():
    """Whoever read it before another worker told it would tell it again."""
    conversation = make.assigned()
    pk = departures.record_departure(report=str(conversation.report.public_id), generation=0)
    with CaptureQueriesContext(connection) as sent:
        assert departures.tell_departure(pk)
    locks = [query["sql"] for query in sent.captured_queries if " FOR UPDATE" in query["sql"]]
    assert 'FROM "chat_departure"' in locks[0] and 'FROM "chat_conversation"' in locks[1]
    assert locks[0].endswith("SKIP LOCKED") and locks[1].endswith("SKIP LOCKED"), "it waits for no lock"


def test_worker_asks_one_question_when_nobody_left(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert departures.tell_departures() == 0


def test_departure_takes_as_many_statements_as_it_says():
    report = make.assigned().report
    departure = departures.record_departure(report=str(report.public_id), generation=report.visit_generation)
    with CaptureQueriesContext(connection) as sent:
        assert departure is not None and departures.tell_departure(departure)
    told = [query["sql"] for query in sent.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert len(told) == 9, told


def test_cost_of_an_exit_does_not_grow_with_the_exchange():
    counts = []
    for messages in (1, 40):
        conversation = make.assigned()
        for number in range(messages):
            make.message(conversation, f"mot {number}")
        key = visit(conversation)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            leave(key)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 18


class Holder:
    """Another transaction, on a connection of its own, that locks the row of a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self.line = psycopg.connect(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])
        self.line.execute("SELECT FROM chat_conversation WHERE id = %s FOR UPDATE", [conversation.pk])

    def let_go(self) -> None:
        self.line.rollback()
        self.line.close()


@pytest.mark.django_db(transaction=True)
def test_exit_waits_for_nobody_who_holds_the_conversation_and_is_parked_after(monkeypatch):
    """It runs as in production: the thread of the exit, its own connection, a lock that is really held."""
    conversation = make.assigned()
    key = visit(conversation)
    threads = quick_exit.ThreadPoolExecutor(1, initializer=quick_exit.leave_the_pool)
    monkeypatch.setattr(quick_exit, "THREAD", threads)
    holder = Holder(conversation)
    try:
        leave(key)
        threads.submit(lambda: None).result(timeout=30)  # the thread has finished, and waits for no lock
        assert not Session.objects.exists(), "the visit is forgotten while the row is held"
        assert parked(conversation) == 0 and Departure.objects.count() == 1
        assert departures.tell_departures() == 0, "nor does the worker wait"
    finally:
        holder.let_go()
        threads.submit(connection_closed).result(timeout=30)
        threads.shutdown()
    run_worker.Command()._tick()
    assert parked(conversation) == 1 and not Departure.objects.exists()


def connection_closed() -> None:
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_workers_park_a_departure_once():
    conversation = make.assigned()
    pk = departures.record_departure(report=str(conversation.report.public_id), generation=0)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        departures.tell_departure(pk)
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    departures.tell_departures()
    assert parked(conversation) == 1
