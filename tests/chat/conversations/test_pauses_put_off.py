"""A pause is put off while another exchange of the agent has an open emergency procedure (docs/adr/0040)."""

import threading
from collections.abc import Callable, Iterable

import pytest
from django.db import connections, transaction

from chat.casework import emergencies
from chat.conversations import actions, pauses
from chat.models import Agent, Conversation
from chat.models.casework import Emergency
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability
from chat.supervision import procedures
from pnav.accounts.models import Role
from tests.chat.casework.test_closing import until_somebody_waits_for_a_lock
from tests.chat.conversations.test_actions import in_threads
from tests.chat.conversations.test_pauses import close
from tests.chat.transfer.acts import cold
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    return make.agent(capacity=9)


def grave(agent: Agent) -> Conversation:
    return make.assigned(agent, urgency=Urgency.CRITICAL)


def begin(conversation: Conversation) -> Conversation:
    emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=conversation.assigned_to.user)
    return conversation


def end(conversation: Conversation, by: Agent | None = None) -> None:
    emergencies.finish(conversation_id=conversation.pk, by=(by or conversation.assigned_to).user)


def is_paused(agent: Agent) -> bool:
    agent.refresh_from_db()
    return agent.availability == Availability.PAUSE and agent.pause_until is not None


def test_close_under_a_procedure_puts_the_offer_off_until_it_ends(agent):
    ended, held = grave(agent), begin(make.assigned(agent))
    close(ended)
    assert not is_paused(agent)
    end(held)
    assert is_paused(agent)


def test_pass_on_under_a_procedure_puts_the_offer_off_until_it_ends(agent):
    passed, held, colleague = grave(agent), begin(make.assigned(agent)), make.agent(capacity=9)
    cold(passed, agent, agent=colleague.pk)
    assert not is_paused(agent)
    end(held)
    assert is_paused(agent)
    assert not is_paused(colleague)


def test_end_offers_nothing_where_nothing_grave_ended(agent):
    """A light end, an end by the person, and the person's own grave exchange are none of these."""
    light, left, held = make.assigned(agent), grave(agent), begin(grave(agent))
    close(light)
    actions.close_conversation(conversation_id=left.pk, by_author=Author.REPORTER)
    end(held)
    assert not is_paused(agent)


def test_end_offers_nothing_for_what_ended_before_the_procedure(agent):
    """Its own offer was made, and declined."""
    ended, held = grave(agent), make.assigned(agent)
    close(ended)
    assert is_paused(agent)
    pauses.decline_pause(agent_id=agent.pk)
    begin(held)
    end(held)
    assert not is_paused(agent)


@pytest.mark.parametrize(("most", "is_offered"), [(2, False), (3, False), (4, True)])
def test_only_the_newest_rows_are_read_and_always_the_one_whose_procedure_ends(agent, monkeypatch, most, is_offered):
    held, heavy = begin(make.assigned(agent)), grave(agent)
    close(heavy)
    for _each in range(2):
        close(make.assigned(agent))
    monkeypatch.setattr(pauses, "_ROWS_MOST", most)
    end(held)
    assert is_paused(agent) == is_offered


def test_end_offers_nothing_for_what_another_agent_ended(agent):
    other, held = make.agent(capacity=9), begin(make.assigned(agent))
    close(grave(other))
    assert is_paused(other)
    end(held)
    assert not is_paused(agent)


def test_end_offers_nothing_to_who_is_not_available(agent):
    ended, held = grave(agent), begin(make.assigned(agent))
    close(ended)
    actions.set_availability(agent_id=agent.pk, availability=Availability.PAUSE, pause_reason="Repas")
    end(held)
    agent.refresh_from_db()
    assert (agent.pause_reason, agent.pause_until) == ("Repas", None)


def test_two_procedures_without_a_gap_the_last_end_offers(agent):
    """What ended under the first is offered with the second, which began later."""
    ended, first, second = grave(agent), begin(make.assigned(agent)), make.assigned(agent)
    close(ended)
    begin(second)
    end(first)
    assert not is_paused(agent)
    end(second)
    assert is_paused(agent)


def test_two_procedures_with_a_gap_offer_once(agent):
    ended, first, second = grave(agent), begin(make.assigned(agent)), make.assigned(agent)
    close(ended)
    end(first)
    assert is_paused(agent)
    pauses.decline_pause(agent_id=agent.pk)
    begin(second)
    end(second)
    assert not is_paused(agent)


def test_last_procedure_is_passed_on_with_its_light_exchange(agent):
    ended, held, colleague = grave(agent), begin(make.assigned(agent)), make.agent(capacity=9)
    close(ended)
    cold(held, agent, agent=colleague.pk)
    assert is_paused(agent)
    held.refresh_from_db()
    end(held)
    assert not is_paused(colleague), "they ended nothing grave"


def test_procedure_that_came_with_its_exchange_counts_from_then_on(agent):
    """Its new agent ended a grave exchange before, and has had that offer."""
    colleague = make.agent(capacity=9)
    held = begin(make.assigned(colleague))
    close(grave(agent))
    pauses.decline_pause(agent_id=agent.pk)
    cold(held, colleague, agent=agent.pk)
    end(held, agent)
    assert not is_paused(agent)


def test_procedure_whose_person_left_puts_nothing_off_and_its_end_makes_the_offer(agent):
    ended, later, held = grave(agent), grave(agent), begin(make.assigned(agent))
    close(ended)
    actions.close_conversation(conversation_id=held.pk, by_author=Author.REPORTER)
    end(held)
    assert is_paused(agent)
    pauses.decline_pause(agent_id=agent.pk)
    left = begin(make.assigned(agent))
    actions.close_conversation(conversation_id=left.pk, by_author=Author.REPORTER)
    close(later)
    assert is_paused(agent)


def test_procedure_whose_person_left_offers_nothing_again_after_another_did(agent):
    ended, left, held = grave(agent), begin(make.assigned(agent)), begin(make.assigned(agent))
    close(ended)
    actions.close_conversation(conversation_id=left.pk, by_author=Author.REPORTER)
    end(held)
    assert is_paused(agent)
    pauses.decline_pause(agent_id=agent.pk)
    end(left)
    assert not is_paused(agent)


def test_supervisor_who_ends_a_procedure_that_was_left_offers_nobody_a_pause(agent):
    chief = make.agent(role=Role.SUPERVISOR)
    ended, held = grave(agent), begin(make.assigned(agent))
    close(ended)
    actions.close_conversation(conversation_id=held.pk, by_author=Author.REPORTER)
    procedures.end_procedure(public_id=held.public_id, by=chief)
    assert not is_paused(agent) and not is_paused(chief)


def test_queries_do_not_grow_with_the_exchanges(agent, django_assert_max_num_queries):
    def one_more() -> Callable[[], None]:
        held = begin(make.assigned(agent))
        return lambda: end(held)

    with django_assert_max_num_queries(40) as few:
        one_more()()
    for _each in range(4):
        close(make.assigned(agent))
    ending = one_more()
    with django_assert_max_num_queries(len(few)):
        ending()


# --- the order of the locks -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_finish_waits_for_its_agent_before_it_holds_the_conversation(agent):
    """Whoever takes both takes the agent first; otherwise the end of a procedure and of a duty wait in a circle."""
    held = begin(make.assigned(agent))
    failed: list[BaseException] = []

    def finish() -> None:
        try:
            end(held)
        except BaseException as error:  # noqa: BLE001  looked at in the test's thread
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=finish)
    try:
        with transaction.atomic():
            pauses.lock_agent(agent.user_id)
            thread.start()
            until_somebody_waits_for_a_lock()
            Conversation.objects.select_for_update(no_key=True, nowait=True).get(pk=held.pk)
    finally:
        thread.join(30)
    assert not failed
    assert Emergency.objects.get(conversation=held).ended_at is not None


def _ends(agent: Agent) -> Iterable[Callable[[], None]]:
    ended, one, other = grave(agent), begin(make.assigned(agent)), begin(make.assigned(agent))
    return (lambda: close(ended)), (lambda: end(one)), (lambda: end(other))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_close_and_last_ends_at_once_the_offer_is_made_in_every_order(settings):
    """Threads end a grave exchange and two procedures together: no deadlock, and the last of them makes the offer."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    for _round in range(8):
        agent = make.agent(capacity=9)
        acts = list(_ends(agent))
        in_threads(len(acts), lambda index, acts=acts: acts[index]())
        assert is_paused(agent)
