"""A lock that only the transaction around a test would hold is refused, and one that the code's own holds is not."""

import pytest
from django.db import connection, transaction

from chat.messages.writing import write_what_is_free
from chat.models import Conversation
from common.sql import fetch_rows, raw_connection
from tests.factories import chat as make
from tests.support.own_transactions import LockOutsideTransaction


def by_the_orm() -> None:
    Conversation.objects.select_for_update().first()


def by_hand() -> None:
    fetch_rows("SELECT id FROM chat_conversation ORDER BY id FOR NO KEY UPDATE", [])


def shared() -> None:
    fetch_rows("\n  SELECT id FROM chat_conversation FOR KEY SHARE", [])


def of_the_transaction() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [4711])


def of_a_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE chat_conversation IN SHARE MODE")


LOCKS = [by_the_orm, by_hand, shared, of_the_transaction, of_a_table]


@pytest.mark.django_db
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_that_only_the_test_would_hold_is_refused(lock):
    with pytest.raises(LockOutsideTransaction):
        lock()
    with transaction.atomic():
        lock()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lock", [by_hand, shared, of_the_transaction])
def test_lock_that_nothing_holds_is_refused(lock):
    """The lock is written in plain SQL: PostgreSQL releases it at once, and Django reports nothing."""
    with pytest.raises(LockOutsideTransaction):
        lock()


@pytest.mark.django_db
def test_lock_held_below_django_is_the_code_s_own():
    raw = raw_connection()
    with raw.transaction():
        by_hand()


@pytest.mark.django_db
def test_statement_that_writes_and_a_look_hold_nothing():
    conversation = make.waiting()
    assert write_what_is_free([]) == []
    fetch_rows(
        "WITH own AS (SELECT id FROM chat_conversation FOR UPDATE)"
        " UPDATE chat_conversation c SET urgency = c.urgency FROM own WHERE own.id = c.id RETURNING c.id",
        [],
    )
    assert Conversation.objects.get() == conversation
