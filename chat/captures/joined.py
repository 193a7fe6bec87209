"""Shows, takes back and erases facts of the journal together with the captures that belong to them.

The caller has proven that the conversation is this person's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from chat.captures import receiving
from chat.journal import actions
from chat.models import Conversation


@dataclass(frozen=True, slots=True)
class Moved:
    """It is how many facts, and how many of their captures, were shown or made private again.

    seen: how many captures stay shown because the agent has seen them.
    """

    facts: int
    captures: int = 0
    seen: int = 0


@transaction.atomic
def show_facts(*, conversation: Conversation, only: Collection[UUID]) -> Moved:
    """Show these facts and their captures, also one that was joined to a fact that is shown already."""
    facts = actions.show_facts(conversation=conversation, only=only)
    return Moved(facts, receiving.show_of_facts(conversation=conversation, only=only))


@transaction.atomic
def take_back_facts(*, conversation: Conversation, only: Collection[UUID]) -> Moved:
    """Make these facts private again, and their captures. What was read or seen stays shown."""
    facts = actions.take_back(conversation=conversation, only=only)
    return Moved(facts, *receiving.take_back_of_facts(conversation=conversation, only=only))


@transaction.atomic
def erase_fact(*, conversation: Conversation, public_id: UUID) -> Moved:
    """Erase a fact that nobody has read. Its captures are kept, and are private again. Raises FactRead."""
    moved = take_back_facts(conversation=conversation, only=[public_id])
    actions.erase_fact(conversation_id=conversation.pk, public_id=public_id)
    return moved
