"""Sets the urgency of a conversation, as the agent who answers judges it. Callers have proven access."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from chat.casework.lock import lock_assigned
from chat.casework.notes import add_note, write_note
from chat.conversations.actions import weight_changed
from chat.models import Agent, Conversation, EventKind
from chat.rules.lifecycle import weight_of
from common import clock, plain_text
from common.service_settings import definitions, values

# Most changes of the urgency of one conversation. After that it can still be raised, but not lowered: nothing may keep
# an agent from saying that somebody is in danger, and the number of degrees bounds the rises.
URGENCY_CHANGES_AT_MOST = 50


class TooManyChanges(Exception):
    """The urgency of this conversation was changed URGENCY_CHANGES_AT_MOST times already: it cannot be lowered."""


# --- urgency ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_urgency(
    *, conversation_id: int, urgency: int, reason: str, by: AbstractBaseUser, explanation: str = ""
) -> bool:
    """Set how urgent a conversation is, and why. It decides the person's place if they wait again.

    reason: an `UrgencyReason`, stored in the history. explanation: stored as an encrypted note. The weight follows the
    urgency, unless the agent has set another one. Returns whether the degree changed. The same degree again changes
    nothing and only keeps the explanation, unless it is the last note already. The person is not told.
    Raises TooManyChanges (only when it would be lowered), TooManyNotes, NotYours, ConversationClosed. Locks the
    conversation row only.
    """
    conversation, agent = lock_assigned(conversation_id, by)
    if conversation.urgency == urgency:
        if explanation and not _is_last_note(conversation, agent, explanation):  # a form may be sent twice
            write_note(conversation_id=conversation.pk, body=explanation, by=by)
        return False
    if (
        urgency < conversation.urgency
        and conversation.events.filter(kind=EventKind.URGENCY).count() >= URGENCY_CHANGES_AT_MOST
    ):
        raise TooManyChanges
    before, conversation.urgency = conversation.urgency, urgency
    critical = values.get(definitions.CRITICAL_WEIGHT)
    is_by_rule = conversation.weight == weight_of(before, critical=critical)
    weight = weight_of(urgency, critical=critical)
    was_heavier = is_by_rule and weight < conversation.weight
    if is_by_rule:  # the weight follows, unless the agent has set another one
        conversation.weight = weight
    conversation.is_crowded = False  # an agent has judged it, so it is no longer one of many that nobody has read
    conversation.lookalike_group = None
    conversation.save(update_fields=["urgency", "weight", "is_crowded", "lookalike_group"])
    weight_changed(was_heavier)
    detail = f"{before} → {urgency} {reason}"
    event = conversation.record_event(EventKind.URGENCY, at=clock.now(), by=by, detail=detail)
    if explanation:
        add_note(conversation, agent, explanation, event=event)
    return True


def _is_last_note(conversation: Conversation, agent: Agent, text: str) -> bool:
    last = conversation.notes.order_by("-number").first()
    return last is not None and last.agent_id == agent.pk and last.shown == plain_text.plain(text)
