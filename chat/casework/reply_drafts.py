"""Stores what an agent is writing to a person until it is sent, so that nothing is lost when the page is loaded again.

A draft is stored encrypted beside the conversation, and never on the device (docs/adr/0112). Callers have proven access
by `chat.access`. Only the agent who wrote it can read it, while they have the conversation. When that has ended or left
them, nobody can read the draft, and the next tick of the worker deletes it.
"""

import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from chat.conversations.actions import NotYours
from chat.messages.transcript import Said
from chat.models import Agent, Conversation, ReplyDraft
from chat.rules.lifecycle import Author, Status
from common import clock, encryption

logger = logging.getLogger(__name__)

KEPT_MAX = 20_000  # most characters of a draft: several times what a message may have
SWEPT_AT_MOST = 500  # most drafts that are deleted in one tick


def keep_draft(conversation: Conversation, agent: Agent, body: str) -> None:
    """Store the draft of this agent in place of the former one; a blank text deletes it.

    It is deleted too if the conversation has ended. The draft of another agent is not touched by a deletion. KEPT_MAX
    characters are stored at most. If two saves overtake each other, the last one to arrive stays. Raises NotYours when
    the conversation went to another agent meanwhile. Locks the conversation while one row is written.
    """
    if not body.strip() or not conversation.is_open:
        _forget(conversation, agent)
        return
    with transaction.atomic():
        locked = Conversation.objects.select_for_update(of=("self",), no_key=True).filter(pk=conversation.pk).first()
        if locked is None or locked.assigned_to_id != agent.pk:
            raise NotYours
        if not locked.is_open:
            _forget(locked, agent)
            return
        draft = ReplyDraft(conversation=locked, agent=agent, kept_at=clock.now())
        draft.sealed_body = encryption.seal(body[:KEPT_MAX], context=draft.context, data_key=draft.data_key)
        ReplyDraft.objects.bulk_create(
            [draft],
            update_conflicts=True,
            unique_fields=["conversation"],
            update_fields=["agent", "sealed_body", "kept_at"],
        )


def _forget(conversation: Conversation, agent: Agent) -> None:
    ReplyDraft.objects.filter(conversation=conversation, agent=agent).delete()


def read_draft(conversation: Conversation, agent: Agent, thread: Iterable[Said] = ()) -> str:
    """Return what this agent was writing since they have the conversation; "" if there is nothing.

    thread: the last messages. If one of them is the agent's, says the same and is newer than the draft, the draft was
    sent, and its page was closed before it could delete it.
    """
    draft = ReplyDraft.objects.filter(conversation=conversation, agent=agent).first()
    if draft is None or not conversation.is_open:
        return ""
    if conversation.assigned_at is None or draft.kept_at < conversation.assigned_at:
        return ""
    draft.conversation = conversation
    try:
        body = encryption.unseal(draft.sealed_body, context=draft.context)
    except encryption.UnsealError:
        logger.error("the draft of an answer cannot be opened %s", conversation.public_id)
        return ""
    is_sent = any(
        one.author == Author.AGENT and one.sent_at >= draft.kept_at and one.body == body.strip() for one in thread
    )
    return "" if is_sent else body


def delete_ended_drafts() -> None:
    """Delete the drafts of conversations that have ended, or that left the agent who was writing.

    One statement, and one more for SWEPT_AT_MOST of them. It may run twice at once, and beside a save: a draft that was
    saved after it was looked for has another time, and stays.
    """
    ended = (
        ReplyDraft.objects.exclude(
            conversation__status=Status.ACTIVE,
            conversation__assigned_to=F("agent"),
            conversation__assigned_at__lte=F("kept_at"),
        )
        .order_by("pk")
        .values_list("pk", "kept_at")[:SWEPT_AT_MOST]
    )
    if found := dict(ended):
        ReplyDraft.objects.filter(pk__in=found.keys(), kept_at__in=found.values()).delete()
