"""Sets the urgency that the agent who answers gives to a conversation. `chat.access` has proven access before."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from chat.casework.lock import lock_assigned
from chat.casework.notes import add_note
from chat.conversations.actions import weight_changed
from chat.models import Conversation, EventKind
from chat.rules.lifecycle import weight_of
from common import clock
from common.service_settings import definitions, values

# Changes of the urgency of one conversation. Beyond them it can still be raised, never lowered: nothing may keep an
# agent from saying that somebody is in danger, and each rise has one degree less above it, so that these end too.
URGENCY_CHANGES_AT_MOST = 50


class TooManyChanges(Exception):
    """The urgency of this conversation was changed URGENCY_CHANGES_AT_MOST times already: it cannot be lowered."""


# --- urgency ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_urgency(
    *, conversation_id: int, urgency: int, reason: str, by: AbstractBaseUser, explanation: str = ""
) -> Conversation:
    """Keep how urgent it is, and why, as the agent says: it decides the place, should the person wait again.

    reason: a value of `lifecycle.UrgencyReason`, kept in the history. explanation: kept as a note, sealed.
    The same degree again changes nothing. The person is told nothing.
    Raises TooManyChanges (when it would be lowered), TooManyNotes, NotYours, ConversationClosed.
    """
    conversation, agent = lock_assigned(conversation_id, by)
    if conversation.urgency != urgency:
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
        if is_by_rule:  # the weight follows, unless the agent has said another one than the rule's
            conversation.weight = weight
        conversation.is_crowded = False  # an agent has said it: no longer one of many that nobody has read
        conversation.lookalike_group = None
        conversation.save(update_fields=["urgency", "weight", "is_crowded", "lookalike_group"])
        weight_changed(was_heavier)
        detail = f"{before} → {urgency} {reason}"
        event = conversation.record_event(EventKind.URGENCY, at=clock.now(), by=by, detail=detail)
        if explanation:
            add_note(conversation, agent, explanation, event=event)
    return conversation
