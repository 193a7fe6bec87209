"""Closes a conversation as its agent. What must be done first is checked again under the lock."""

import logging
from collections.abc import Mapping

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from chat.casework import emergencies, proposals
from chat.casework.lock import lock_assigned
from chat.conversations import actions, pauses
from chat.models import Conversation, Message
from chat.models.casework import Closing
from chat.rules.closing import Missing, missing_points
from chat.rules.lifecycle import Author
from common import clock, plain_text
from common.encryption import UnsealError

logger = logging.getLogger(__name__)


class Unfinished(Exception):
    """Something that must be done before is not done. `missing` says what, and beside which field it is shown."""

    def __init__(self, found: list[Missing]) -> None:
        super().__init__("something obligatory is missing")
        self.missing = found


def still_missing(conversation: Conversation, points: Mapping[str, str], seen: int | None = None) -> list[Missing]:
    """Return what keeps its agent from closing this conversation.

    points: what the agent said of each point of a minor's path, by its value. seen: the number of the last message that
    the agent's page had; None for a page of the version before, which does not tell. A query is made for it only when
    something was written since.
    """
    return missing_points(
        is_minor=conversation.report.is_minor,
        points=points,
        is_emergency_open=emergencies.open_one(conversation) is not None,
        debts=proposals.unanswered_consent(conversation),
        is_unseen=seen is not None and _has_written_since(conversation, seen),
    )


def _has_written_since(conversation: Conversation, seen: int) -> bool:
    """Return whether the person wrote anything after this message."""
    if conversation.last_seq <= seen:
        return False
    return Message.objects.filter(conversation=conversation, author=Author.REPORTER, seq__gt=seen).exists()


@transaction.atomic
def close_conversation(
    *,
    conversation_id: int,
    outcome: str,
    by: AbstractBaseUser,
    points: Mapping[str, str],
    summary: str = "",
    told: str = "",
    seen: int | None = None,
) -> Conversation:
    """Close a conversation, with its summaries, in one transaction. Closing a closed one changes nothing.

    outcome: an `Outcome`. points, seen: see `still_missing`. summary: for the team. told: what the person reads on the
    page of the end. Both texts are stored encrypted, and may be empty. Locks the agent, then the conversation. Raises
    NotYours, Unfinished.
    """
    pauses.lock_agent(by.pk)
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    if not conversation.is_open:
        return conversation
    if found := still_missing(conversation, points, seen):
        raise Unfinished(found)
    if summary or told or points:
        closing = Closing(conversation=conversation, points=dict(points), at=clock.now())
        closing.seal({"summary": summary, "told": told})
        closing.save(force_insert=True)
    return actions.close_conversation(conversation_id=conversation_id, by_author=Author.AGENT, by=by, outcome=outcome)


def words_of(conversation: Conversation) -> dict[str, str]:
    """Return the texts `summary` and `told` of a closed conversation, as they are shown. Access is proven before.

    The result is empty when there are none, or when they cannot be decrypted.
    """
    closing = Closing.objects.filter(conversation=conversation).first()
    if closing is None:
        return {}
    closing.conversation = conversation
    try:
        return {name: plain_text.plain(text) for name, text in closing.words.items()}
    except UnsealError:
        logger.error("closing cannot be opened %s", conversation.public_id)
        return {}


def points_of(conversation: Conversation) -> dict[str, str]:
    """Return what the agent said of each point of a minor's path, by its value; empty when nothing was stored."""
    closing = Closing.objects.filter(conversation=conversation).first()
    return dict(closing.points) if closing else {}
