"""A thread of the exchange goes on when the server behind its connection no longer accepts writing."""

import threading
import uuid

import pytest
from django.db import InternalError, OperationalError, connection, transaction

from chat import database
from chat.database import THREADS, with_fresh_connection
from chat.messages.writing import Draft, write_messages
from chat.models import Conversation, WorkerDuty
from chat.rules.lifecycle import Author
from common.database_errors import describe_error
from common.sql import array_text, fetch_rows, raw_connection
from tests.factories import chat as make


def in_a_thread(work):
    """Work as the exchange does: the thread has a connection of its own, which no pool lends to the next test."""

    def done():
        try:
            connection.ensure_connection()
            return with_fresh_connection(work)
        finally:
            connection.close()

    return THREADS.submit(done).result()


def become_read_only() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")  # as after a demotion


@pytest.mark.django_db(transaction=True)
def test_connection_to_a_demoted_primary_is_replaced_by_a_new_one():
    tries = []

    def write():
        tries.append(connection.connection)
        if len(tries) == 1:
            become_read_only()
        return WorkerDuty.objects.create(name="tried")

    assert in_a_thread(write).name == "tried"
    assert len(tries) == 2 and WorkerDuty.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_of_the_exchange_plan_a_prepared_statement_once():
    """Left alone, PostgreSQL would plan this one anew each time: the array seems short to it."""
    statement = "SELECT id FROM chat_conversation WHERE id = ANY(%s::bigint[])"

    def ask():
        for number in range(8):
            fetch_rows(statement, [array_text([number])])
        with connection.cursor() as cursor:
            # Other tests have used this connection too.
            cursor.execute(
                "SELECT custom_plans FROM pg_prepared_statements WHERE statement = %s", [statement.replace("%s", "$1")]
            )
            return cursor.fetchall()

    assert in_a_thread(ask) == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_server_that_takes_no_writing_is_one_that_is_away():
    """Messages wait for it as for a restart, and are given back to whoever wrote them."""

    def write():
        become_read_only()
        WorkerDuty.objects.create(name="tried")

    with pytest.raises(OperationalError) as failed:
        in_a_thread(write)
    assert "category=read_only" in describe_error(failed.value)


@pytest.mark.django_db(transaction=True)
def test_other_internal_errors_are_not_tried_again():
    tries = []

    def fail():
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$BEGIN RAISE 'broken' USING ERRCODE = 'XX000'; END$$")

    with pytest.raises(InternalError):
        in_a_thread(fail)
    assert len(tries) == 1


@pytest.fixture
def behind_a_pooler(settings, monkeypatch):
    """Give this thread the patience of the writer's, and a connection that could not say so."""
    settings.DATABASE_POOLER = "transaction"
    monkeypatch.setattr(database._limits, "lock_seconds", 1)


@pytest.mark.django_db
def test_limit_of_locks_lasts_as_long_as_its_transaction(behind_a_pooler):
    raw = raw_connection()
    before = raw.execute("SHOW lock_timeout").fetchone()
    with transaction.atomic():
        database.limit_locks(raw)
        assert raw.execute("SHOW lock_timeout").fetchone() == ("1s",) != before
        transaction.set_rollback(True)
    assert raw.execute("SHOW lock_timeout").fetchone() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guessed", [True, False], ids=["one-statement", "under-lock"])
def test_message_behind_a_pooler_waits_for_a_lock_as_long_as_the_writer_does(behind_a_pooler, is_guessed):
    """The connection itself waits without end: it is the transaction that gives up, and says why."""
    conversation = make.waiting()
    draft = Draft(conversation.pk, str(conversation.public_id), Author.REPORTER, None, str(uuid.uuid4()), "Bonjour")
    expected = {conversation.pk: conversation.last_seq} if is_guessed else None
    holding, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
            holding.set()
            let_go.wait(30)

    held = THREADS.submit(hold)
    try:
        assert holding.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
        with pytest.raises(OperationalError) as failed:
            write_messages([draft], expected)
        assert database.is_lock_held(failed.value)
    finally:
        let_go.set()
        held.result()
        connection.close()
    (written,) = write_messages([draft], expected)
    assert written.seq == 1
