"""Duties that write many rows lock them in the order of their keys, as whoever writes some of them at that moment does.

Otherwise the two wait for each other, and PostgreSQL ends one of them with an error.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from chat.conversations import dispatcher, resume
from chat.models import Agent, Conversation
from tests.chat.conversations.resume.acts import issue
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make

pytestmark = pytest.mark.django_db(transaction=True)

type Case = tuple[Any, Any, Callable[[], object]]


def _agents_whose_lease_is_over() -> Case:
    """Create two agents who are gone. All who come back at once are locked by one statement (`actions.AGENTS_SEEN`)."""
    first, second = make.agent(), make.agent()
    Agent.objects.update(seen_at=make.long_ago(5))
    Agent.objects.filter(pk=first.pk).update(capacity=4)
    return first, second, dispatcher.release_stale


def _exchanges_whose_code_is_over() -> Case:
    """Create two exchanges with a code that is over. Messages are written in batches, which lock their exchanges."""
    first, second = make.waiting(), make.waiting()
    for one in (first, second):
        issue(one)
    Conversation.objects.update(resume_until=make.long_ago(5))
    Conversation.objects.filter(pk=first.pk).update(last_seq=0)
    return first, second, lambda: resume.forget_expired_codes(now=timezone.now())


@pytest.mark.parametrize("case", [_agents_whose_lease_is_over, _exchanges_whose_code_is_over])
def test_rows_are_locked_in_the_order_of_their_keys(case):
    """The row of the first one was written last, so that it lies behind that of the second one."""
    first, second, duty = case()
    rows = type(first).objects
    is_held, may_go = threading.Event(), threading.Event()

    def work(index: int) -> None:
        if index:
            is_held.wait(10)
            duty()
            return
        with transaction.atomic():
            list(rows.filter(pk=first.pk).select_for_update(no_key=True))
            is_held.set()
            may_go.wait(10)

    both = threading.Thread(target=in_threads, args=(2, work))
    both.start()
    try:
        wait_for_a_lock()
        with transaction.atomic():
            free = list(rows.filter(pk=second.pk).select_for_update(no_key=True, skip_locked=True))
    finally:
        may_go.set()
        both.join(10)
    assert free == [second]


def wait_for_a_lock() -> None:
    """Return when a connection to this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits for a lock")
