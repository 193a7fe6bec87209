"""A crowd of callers: passes of the dispatcher take turns, and nobody is forgotten (docs/adr/0012)."""

import threading
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection

from chat.conversations import actions, dispatcher
from chat.models import Conversation, ConversationEvent, EventKind
from chat.rules.assignment import share_out
from chat.rules.lifecycle import Availability, Status
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


# Nobody listens, and notifications cost nothing.
IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


class HeldPass:
    """A pass that has read who has room, and stops there until it is released."""

    def __init__(self) -> None:
        self.has_read, self.may_go = threading.Event(), threading.Event()
        self.passes = 0

    def share_out(self, people, agents, **options):
        self.passes += 1
        if not self.has_read.is_set():
            self.has_read.set()
            assert self.may_go.wait(20)
        return share_out(people, agents, **options)


def _in_thread(work):
    """Start `work` in a thread; calling what is returned waits for it and gives its result."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001  looked at by the test
            results.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()

    def join() -> Any:
        thread.join(20)
        return results[0]

    return join


def _somebody_waits_for_a_turn() -> None:
    with connection.cursor() as cursor:
        for _try in range(400):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone()[0]:
                return
            threading.Event().wait(0.02)
    raise AssertionError("nobody waits")


def test_dispatch_crowd_of_callers_one_waits_the_others_go_and_nobody_is_forgotten(monkeypatch):
    monkeypatch.setattr(dispatcher, "PATIENCE", "20s")
    held = HeldPass()
    monkeypatch.setattr(dispatcher, "share_out", held.share_out)
    make.agent(capacity=1)
    for _each in range(3):
        make.waiting()
    first = _in_thread(dispatcher.dispatch)
    assert held.has_read.wait(20)
    make.agent(capacity=1)  # this agent comes too late for the pass under way
    second = _in_thread(dispatcher.dispatch)
    _somebody_waits_for_a_turn()
    make.agent(capacity=1)  # committed before the next callers find the lock taken
    assert in_threads(8, lambda _index: dispatcher.dispatch()) == [0] * 8
    assert Conversation.objects.waiting().count() == 3  # the callers did not wait for anything
    held.may_go.set()
    assert first() + second() == 3
    assert held.passes <= 4  # two passes, each of which looks once more when it assigned somebody


def test_dispatch_crowd_of_agents_on_duty_at_once_nobody_waits_for_the_tick(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY
    agents = [make.agent(capacity=0, availability=Availability.AWAY) for _each in range(8)]
    for capacity in range(1, 4):
        for _each in range(8):
            make.waiting()

        def come(index, capacity=capacity):
            actions.set_availability(agent_id=agents[index].pk, availability=Availability.AVAILABLE, capacity=capacity)

        in_threads(8, come)
        assert not Conversation.objects.waiting().exists()


def test_dispatch_frozen_pass_is_cut_off_and_the_next_one_gives(monkeypatch):
    monkeypatch.setattr(dispatcher, "PATIENCE", "2s")  # ours may be delayed for a moment on a busy machine
    held = HeldPass()
    monkeypatch.setattr(dispatcher, "share_out", held.share_out)
    make.agent(capacity=1)
    conversation = make.waiting()
    frozen = _in_thread(dispatcher.dispatch)
    assert held.has_read.wait(20)
    for _tick in range(20):
        if dispatcher.dispatch():
            break
    held.may_go.set()
    assert isinstance(frozen(), DatabaseError)
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    assert ConversationEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 1


def test_dispatch_caller_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(dispatcher, "PATIENCE", "300ms")
    make.agent()
    make.waiting()
    with psycopg.connect(**_address()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [dispatcher.PASS])
        assert dispatcher.dispatch() == 0
    assert dispatcher.dispatch() == 1


def _address() -> dict[str, Any]:
    return {key: value for key, value in connection.get_connection_params().items() if key in _CONNECT}


_CONNECT = {"dbname", "user", "password", "host", "port"}
