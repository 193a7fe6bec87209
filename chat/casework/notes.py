"""Keeps what the agent who answers does beside the messages: a promise, the urgency, a note.

Access is already proven by `chat.access`; that the conversation is still this agent's is asked again under its lock.
Each act leaves its line in the history, in its own transaction.
"""

import logging

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from chat.casework.lock import lock_assigned
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Note
from common import clock, encryption

logger = logging.getLogger(__name__)


# Notes of one conversation, corrections included: they are drawn beside its thread with every page of its agent.
NOTES_AT_MOST = 100


class TooManyNotes(Exception):
    """This conversation has NOTES_AT_MOST notes already."""


class NoteGone(Exception):
    """The note to replace is not there, is somebody else's, or was replaced already."""


# --- notes ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_note(*, conversation_id: int, body: str, by: AbstractBaseUser, replaces: int | None = None) -> Note:
    """Add a private note. replaces: the number of a note of one's own that this one corrects; its text stays.

    Raises NoteGone, TooManyNotes, NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation, agent = lock_assigned(conversation_id, by)
    before = None
    if replaces is not None:
        before = conversation.notes.filter(number=replaces, agent=agent, replaced_by__isnull=True).first()
        if before is None:
            raise NoteGone
    note = add_note(conversation, agent, body, replaces=before)
    conversation.record_event(EventKind.NOTED, at=note.written_at, by=by, detail=str(note.number))
    return note


def add_note(
    conversation: Conversation,
    agent: Agent,
    body: str,
    *,
    replaces: Note | None = None,
    event: ConversationEvent | None = None,
) -> Note:
    """Add a note for a caller who holds the lock of the conversation, which numbers its notes. Raises TooManyNotes."""
    number = conversation.notes.count() + 1
    if number > NOTES_AT_MOST:
        raise TooManyNotes
    context = Note.context_of(conversation.public_id, number)
    return conversation.notes.create(
        number=number,
        agent=agent,
        sealed_body=encryption.seal(body, context=context, data_key=conversation.data_key),
        written_at=clock.now(),
        replaces=replaces,
        event=event,
    )
