"""Keeps what an agent is writing to a person until it is sent, so that a page that is loaded again loses nothing.

It lies sealed beside the conversation, never on the device (docs/adr/0112). Access is proven by `chat.access`. Who
reads it is the agent who wrote it, while the conversation is theirs; once it has ended, or left them, nobody reads it,
and the worker's next tick deletes it, in whichever way the conversation left.
"""

import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from chat.conversations.actions import NotYours
from chat.models import Agent, Conversation, Message, ReplyDraft
from chat.rules.lifecycle import Author, Status
from common import clock, encryption

logger = logging.getLogger(__name__)

KEPT_MAX = 20_000  # characters: several times what a message may have
SWEPT_AT_MOST = 500  # of one tick


def keep_draft(conversation: Conversation, agent: Agent, body: str) -> None:
    """Keep this text in place of the one before; a blank one deletes it, and so does an exchange that has ended. What
    somebody else is writing there by now stays.

    KEPT_MAX characters at most. Of two saves that overtake each other the last to arrive is kept. Raises NotYours when
    the conversation went to somebody else meanwhile. Locks the conversation while one row is written.
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


def read_draft(conversation: Conversation, agent: Agent, thread: Iterable[Message] = ()) -> str:
    """What this agent was writing since the conversation is theirs; empty for nothing.

    thread: the last messages. One of the agent's that says the same and is younger is what became of it: its page went
    before it could say so.
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
    """Delete the drafts of conversations that have ended, or that left the agent who was writing. One statement, and
    one more for SWEPT_AT_MOST of them; safe to run twice at once, and beside a save: what took the place of one since
    it was looked for was kept at another time, and stays."""
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
