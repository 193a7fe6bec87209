"""The one place where a message gets its number and is written.

Whoever batches the writing of a process one day does it here: nothing else inserts a message.
"""

from datetime import datetime
from uuid import UUID

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
