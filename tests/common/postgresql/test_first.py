"""The first statement of a page shows whether its connection works, without a question to the server before it."""

from collections.abc import Callable
from unittest.mock import patch

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test import Client
from psycopg_pool import ConnectionPool

from common.postgresql.first import check_connection, read_first
from common.sql import fetch_first_rows, fetch_rows
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch) -> list[object]:
    """Note each question to the server whether a connection works."""
    seen: list[object] = []
    ask = ConnectionPool.check_connection
    monkeypatch.setattr(ConnectionPool, "check_connection", lambda lent: (seen.append(lent), ask(lent))[1])
    return seen


def end_all() -> None:
    """End every connection to the database of this test."""
    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with psycopg.connect(**known, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def in_the_pool() -> None:
    """Leave a connection in the pool, and none in this thread."""
    connection.ensure_connection()
    connection.close()


class Reading:
    """A statement that counts how often it is sent."""

    def __init__(self, statement: str = "SELECT 7") -> None:
        self.statement, self.times = statement, 0

    def __call__(self) -> int:
        self.times += 1
        return fetch_rows(self.statement, [])[0][0]


def test_settings_name_the_check():
    assert settings.DATABASES["default"]["OPTIONS"]["pool"]["check"] is check_connection


def test_first_statement_is_sent_without_a_question_and_any_other_after_one(asked):
    in_the_pool()
    asked.clear()
    assert read_first(reading := Reading()) == 7
    assert (reading.times, asked) == (1, [])
    connection.close()
    assert Reading()() == 7 and len(asked) == 1


@pytest.mark.parametrize("ended", [1, 3])
def test_connection_that_had_ended_is_replaced_and_the_statement_sent_again(asked, ended):
    lent = [connection.copy() for _each in range(ended)]
    for one in lent:
        one.ensure_connection()
    for one in lent:
        one.close()
    end_all()
    asked.clear()
    assert read_first(reading := Reading()) == 7
    assert reading.times == 2 and len(asked) >= 2, "what failed, and what was lent next"


def test_statement_that_the_server_refuses_is_sent_once(asked):
    in_the_pool()
    asked.clear()
    reading = Reading("SELECT pg_cancel_backend(pg_backend_pid())::int FROM pg_sleep(0.1)")
    with pytest.raises(OperationalError):
        read_first(reading)
    assert reading.times == 1 and len(asked) == 1


def test_nothing_is_sent_again_where_the_connection_was_there_before():
    reading = Reading()
    connection.ensure_connection()
    end_all()
    with pytest.raises(OperationalError):
        read_first(reading)
    assert reading.times == 1
    connection.close()


def test_nothing_is_sent_again_in_a_transaction():
    in_the_pool()
    with pytest.raises(OperationalError), transaction.atomic():
        end_all()
        read_first(reading := Reading())
    assert reading.times == 1
    connection.close()


def test_what_comes_before_each_statement_comes_before_the_first():
    seen = []

    def before(execute: Callable, sql: str, params: object, many: bool, context: dict) -> object:
        seen.append((sql, context["connection"].in_atomic_block))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(before):
        assert fetch_first_rows("SELECT %s::int", [7]) == [(7,)]
    assert seen == [("SELECT %s::int", False)]


def test_page_of_a_visit_does_not_notice_that_the_connection_had_ended():
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    assert client.get("/").status_code == 200
    in_the_pool()
    end_all()
    page = client.get("/")
    assert page.status_code == 200 and "pnav-open" in page.text, "the way back to the exchange"


def test_home_page_of_a_visit_that_filed_a_report_makes_two_statements():
    """The session, and where the visit stands; the second tells how to speak to the person too."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    client.get("/")
    execute, sent = psycopg.Cursor.execute, []

    def noted(self, query, *args, **kwargs):
        sent.append(str(query))
        return execute(self, query, *args, **kwargs)

    with patch.object(psycopg.Cursor, "execute", noted):
        client.get("/")
    session, standing = sent
    assert "FROM django_session" in session and "FROM reports_report" in standing
