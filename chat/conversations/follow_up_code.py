"""Makes and checks the code that opens « Suites » when the exchange no longer opens (docs/adr/0045).

It is the code de reprise that the person had, or one that they asked for on the page. (Imports no other act: `resume`
and `actions` call it.)
"""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from chat.access import SESSION_KEY
from chat.models import Conversation, FollowUp, RemovalRequest, Transmission


class Replaced(Exception):
    """Another code was asked for after this one (a double click), or took the place of the one it was asked with."""


def _lasts(conversation: Conversation) -> bool:
    """Return whether there is something to follow, so that a code is to last as long as the conversation is kept."""
    return (
        conversation.copy_by_code
        or Transmission.objects.filter(conversation=conversation).exists()
        or RemovalRequest.objects.filter(conversation=conversation).exists()
    )


def adopt_resume_code(conversation: Conversation, now: datetime) -> None:
    """Let the code de reprise that still works open the suites. The caller holds the lock of the conversation."""
    issued_at = conversation.resume_issued_at
    if conversation.resume_digest is None or issued_at is None or not conversation.has_code(now):
        return
    FollowUp.objects.update_or_create(
        conversation=conversation,
        defaults={
            "code_digest": bytes(conversation.resume_digest).hex(),
            "issued_at": issued_at,
            "until": None if _lasts(conversation) else conversation.resume_until,
        },
    )


def lengthen(conversation: Conversation, now: datetime) -> None:
    """Let a code that works do so as long as the conversation is kept: something was put to the person or sent."""
    adopt_resume_code(conversation, now)
    FollowUp.objects.filter(conversation=conversation, until__gt=now).update(until=None)


@transaction.atomic
def set_code(conversation_id: int, digest: bytes, asked_at: datetime, *, by_code: SessionBase | None = None) -> None:
    """Keep the hash of a code that the person asked for on the page; the one before opens nothing more.

    by_code: the session of whoever asked with a code of suites, and not with the visit; it follows the new one. Raises
    Replaced when another code was asked for later, or when theirs no longer counts. Locks the conversation.
    """
    Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation_id)
    row = FollowUp.objects.filter(conversation_id=conversation_id).first() or FollowUp(conversation_id=conversation_id)
    if row.pk is not None and row.issued_at >= asked_at:
        raise Replaced
    # As its row says now: a double click is one visit, whose first click has changed the code meanwhile.
    if by_code is not None and (row.pk is None or type(by_code)(by_code.session_key).get(SESSION_KEY) != _mark_of(row)):
        raise Replaced
    row.code_digest, row.issued_at, row.until = digest.hex(), asked_at, None
    row.save()
    if by_code is not None:
        remember(by_code, row)
        by_code.save()  # before the lock goes: the second click reads it


def replace(conversation_id: int, digest: bytes, now: datetime) -> None:
    """Put a new code de reprise in the place of the one before here too, if that one was here."""
    FollowUp.objects.filter(conversation_id=conversation_id).update(code_digest=digest.hex(), issued_at=now)


def void(conversation_id: int) -> None:
    """Make a code that was annulled open nothing here either."""
    FollowUp.objects.filter(conversation_id=conversation_id).delete()


def forget_expired(now: datetime) -> int:
    """Delete the codes whose time is over, which stopped working by themselves; return how many there were."""
    return FollowUp.objects.filter(until__lte=now).delete()[0]


def remember(session: Any, row: FollowUp) -> None:
    """Let this visit read the suites, and nothing of the report, as long as this code is the one that counts."""
    session[SESSION_KEY] = _mark_of(row)


def _mark_of(row: FollowUp) -> list[Any]:
    return [row.pk, row.issued_at.isoformat()]
