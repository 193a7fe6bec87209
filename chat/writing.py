"""The one place where a message gets its number and is written.

Whoever batches the writing of a process one day does it here: nothing else inserts a message.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.functional import Promise

from chat.lifecycle import Author
from chat.models import Agent, Conversation, Message
from reports import keyring


def append(
    conversation: Conversation,
    *,
    author: str,
    body: str,
    now: datetime,
    client_id: UUID | None = None,
    agent: Agent | None = None,
) -> Message:
    """Add a message after the last one. The caller holds the lock of the conversation's row and proved access."""
    seq = conversation.last_seq + 1
    context = Message.context_of(conversation.public_id, seq, author)
    message = Message(
        conversation=conversation,
        seq=seq,
        author=author,
        agent=agent,
        client_id=client_id,
        sealed_body=keyring.seal(body, context=context),
        sent_at=now,
    )
    message.save(force_insert=True)
    conversation.last_seq = seq
    conversation.save(update_fields=["last_seq"])
    return message


def say(conversation: Conversation, text: Promise, *, now: datetime, **words: Any) -> Message:
    """Add a line of Pnav's own, in the language of the visit, whoever causes it and in whatever language they are.

    text: lazily translated; `words` fill its places, lazily translated or not.
    """
    with translation.override(conversation.report.language):
        body = str(text) % words if words else str(text)
    return append(conversation, author=Author.SYSTEM, body=body, now=now)
