"""These are private notes of agents beside a conversation, which the person never reads.

Callers have proven access by `chat.access`. That the conversation is still this agent's is checked again under its
lock. Each note leaves a line in the history, in the same transaction.
"""

import logging

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from chat.casework.lock import lock_assigned
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Note
from common import clock, encryption

logger = logging.getLogger(__name__)


# Most notes of one conversation, corrections included. All are drawn beside its thread on every page of its agent.
NOTES_AT_MOST = 100


class TooManyNotes(Exception):
    """This conversation has NOTES_AT_MOST notes already."""


class NoteGone(Exception):
    """The note to correct does not exist, is another agent's, or was corrected already."""


# --- notes ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_note(*, conversation_id: int, body: str, by: AbstractBaseUser, replaces: int | None = None) -> Note:
    """Add a private note. replaces: the number of the agent's own note that this one corrects; its text is kept.

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
    """Add a note, encrypted. The caller holds the lock of the conversation, which keeps the numbers of notes unique.

    event: the event of the history that the note explains. Raises TooManyNotes.
    """
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
