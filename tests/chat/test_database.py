"""A thread of the exchange goes on when the server behind its connection is no longer the one that takes writings."""

import pytest
from django.db import InternalError, OperationalError, connection

from chat.database import THREADS, with_fresh_connection
from chat.models import WorkerDuty
from common.database_errors import describe_error


def in_a_thread(work):
    """As the exchange does: the thread has a connection of its own, which no pool lends to the next test."""

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
