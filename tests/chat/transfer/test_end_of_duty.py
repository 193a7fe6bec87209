"""The end of a duty, the return to an agent, and the target of a transfer in a form."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.conversations import pauses, resume
from chat.models import Agent, ConversationEvent, EventKind
from chat.models.transfer import Direction, Handover
from chat.rules.lifecycle import Availability
from chat.rules.transfer import Target
from chat.transfer import actions as transfer_actions
from locations.models import Force
from tests.chat.transfer.acts import cold, kinds
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- the end of a duty, and coming back -------------------------------------------------------------------------------


def test_end_duty_with_an_undecided_conversation_changes_nothing(conversation, camille):
    assert transfer_actions.end_duty(agent=camille, stays_for=[]) == [conversation]
    camille.refresh_from_db()
    assert camille.availability == Availability.AVAILABLE


def test_end_duty_promised_to_stay_keeps_the_conversation(conversation, camille):
    assert transfer_actions.end_duty(agent=camille, stays_for=[conversation.pk]) == []
    camille.refresh_from_db()
    conversation.refresh_from_db()
    assert camille.availability == Availability.AWAY
    assert conversation.assigned_to == camille
    assert kinds(conversation)[-1] == EventKind.STAYS


def test_end_duty_in_a_pause_that_would_end_by_itself(conversation, camille):
    """The pause does not bring them back on duty."""
    Agent.objects.filter(pk=camille.pk).update(
        availability=Availability.PAUSE, pause_reason="Souffler", pause_until=make.long_ago(-5)
    )
    assert transfer_actions.end_duty(agent=camille, stays_for=[conversation.pk]) == []
    assert pauses.end_pauses(timezone.now() + timedelta(minutes=10)) == 0
    camille.refresh_from_db()
    assert (camille.availability, camille.pause_reason, camille.pause_until) == (Availability.AWAY, "", None)


def test_return_with_the_code_is_not_left_to_an_agent_who_is_gone(
    conversation, camille, django_capture_on_commit_callbacks
):
    """The worker may be late: who returns is at their old place in the queue at once, and answered if there is room."""
    other = make.agent()
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(30))
    place = conversation.queued_at
    with django_capture_on_commit_callbacks(execute=True):
        resume.resume_conversation(conversation_id=conversation.pk)
    conversation.refresh_from_db()
    assert (conversation.assigned_to, conversation.queued_at) == (other, place)


def test_return_with_the_code_to_an_agent_who_is_there_or_just_late(
    conversation, camille, django_capture_on_commit_callbacks
):
    """After an interruption everybody's lease is over for a moment: that is not being gone (ADR 0014)."""
    for seen_at in (timezone.now(), timezone.now() - timedelta(seconds=90)):
        Agent.objects.filter(pk=camille.pk).update(seen_at=seen_at)
        with django_capture_on_commit_callbacks(execute=True):
            resume.resume_conversation(conversation_id=conversation.pk)
        conversation.refresh_from_db()
        assert conversation.assigned_to == camille


def test_directions_end_with_their_conversation(conversation, camille, alex):
    cold(conversation, camille, unit=alex.unit_id)
    assert Direction.objects.count() == 1
    assert ConversationEvent.objects.filter(kind=EventKind.TRANSFERRED, by=camille.user).count() == 1
    conversation.report.delete()
    assert not Direction.objects.exists()
    assert not Handover.objects.exists()


@pytest.mark.parametrize(
    "target",
    [Target(agent=12), Target(agent=999_999_999), Target(unit=3), *(Target(force=one) for one in Force)],
    ids=str,
)
def test_target_comes_back_from_a_form(target):
    assert Target.parse(str(target)) == target


@pytest.mark.parametrize(
    "text",
    ["", "agent", "agent-", "agent-0", "agent-00", "unit-0", "agent--3", "agent-+3", "agent- 3", "agent-3 ",
     "agent-3-4", "agent-1e3", "agent-٣", "agent-²", "agent-1234567890", "unit-1234567890", "agent-police",
     "unit-police", "agent-x", "force", "force-", "force-3", "force-armee", "force-Police", "Agent-3", "-3", "3",
     "person-3"],
)  # fmt: skip
def test_target_is_nothing_else(text):
    """The action refuses it by itself: the form before it offers only what may be chosen."""
    with pytest.raises(ValueError, match="not a target"):
        Target.parse(text)
