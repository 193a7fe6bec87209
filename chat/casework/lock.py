"""Locks a conversation for an act of the agent who answers it. Callers have proven access by `chat.access`."""

from django.contrib.auth.models import AbstractBaseUser

from chat.conversations.actions import ConversationClosed, NotYours
from chat.models import Agent, Conversation


def lock_assigned(
    conversation_id: int, by: AbstractBaseUser, *, must_be_open: bool = True
) -> tuple[Conversation, Agent]:
    """Lock the conversation until the transaction ends, and return it with its agent, whose account is `by`.

    Raises NotYours when it went to another agent meanwhile. Raises ConversationClosed when it has ended, unless
    must_be_open is false.
    """
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    agent = conversation.assigned_to
    if agent is None or agent.user_id != by.pk:
        raise NotYours
    if must_be_open and not conversation.is_open:
        raise ConversationClosed
    return conversation, agent
