"""A statement that is written once and used with different values."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from chat.console import inbox
from chat.models import Conversation
from common.postgresql.prepared import Prepared
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def of_agent(agent, since):
    rows = Conversation.objects.filter(assigned_to=agent, opened_at__gte=since)
    return rows.select_related("report__municipality", "assigned_to__unit").order_by("pk")


def test_reads_what_the_query_set_reads(django_assert_num_queries):
    first, other = make.assigned(), make.assigned()
    more = make.assigned(first.assigned_to)
    prepared = Prepared(of_agent)
    now = timezone.now()
    for agent in (first.assigned_to, other.assigned_to, first.assigned_to):
        for since in (now - timedelta(days=1), now + timedelta(days=1)):
            with django_assert_num_queries(1):
                rows = prepared.read(agent=agent.pk, since=since)
            assert rows == list(of_agent(agent.pk, since))
    with django_assert_num_queries(1):
        [row, last] = prepared.read(agent=first.assigned_to_id, since=now - timedelta(days=1))
        assert (row.report.pk, row.assigned_to.unit.pk) == (first.report_id, first.assigned_to.unit_id)
    assert last.pk == more.pk


def test_sql_is_written_once(monkeypatch):
    written = []
    agent = make.assigned().assigned_to
    prepared = Prepared(lambda agent: written.append(agent) or Conversation.objects.filter(assigned_to=agent))
    assert len(prepared.read(agent=agent.pk)) == len(prepared.read(agent=agent.pk)) == 1
    assert len(written) == 1 and written[0] != agent.pk


def test_value_that_is_not_in_the_statement_is_refused():
    """What is computed of a value would stay as it was at the first time."""
    prepared = Prepared(lambda agent, now: Conversation.objects.filter(assigned_to=agent, opened_at__lt=now + HOUR))
    with pytest.raises(LookupError, match="now"):
        prepared.read(agent=1, now=timezone.now())


HOUR = timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_threads_read_by_their_own_connections():
    agent = make.assigned().assigned_to
    prepared = Prepared(lambda agent: Conversation.objects.filter(assigned_to=agent))

    def read(_number):
        try:
            return [row.assigned_to_id for row in prepared.read(agent=agent.pk)], id(connection.connection)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read, range(8)))
    assert [rows for rows, _connection in found] == [[agent.pk]] * 8


def test_lists_of_agents_are_each_their_own():
    one, other = make.assigned(), make.assigned()
    closed = make.closed(one.assigned_to)
    now = timezone.now()
    for conversation in (one, other, one):
        assert [entry.conversation for entry in inbox.open_entries(conversation.assigned_to, now)] == [conversation]
    assert [entry.conversation for entry in inbox.ended_entries(one.assigned_to, now)[0]] == [closed]
    assert inbox.ended_entries(other.assigned_to, now) == ([], False)
    later = now + inbox.ENDED_FOR + HOUR
    assert inbox.ended_entries(one.assigned_to, later) == ([], False)
