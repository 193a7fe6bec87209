"""This module makes and checks the code that opens « Suites » when the exchange no longer opens (docs/adr/0045).

It is the resume code that the person had, or one that they asked for on the page « Suites ». `resume` and `actions`
call this module, so it imports neither of them.
"""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from chat.access import SESSION_KEY
from chat.models import Conversation, FollowUp, RemovalRequest, Transmission
from common.service_settings import definitions, values


class Replaced(Exception):
    """Another code was asked for after this one (a double click), or took the place of the one it was asked with."""


def _lasts(conversation: Conversation) -> bool:
    """Return whether there is something to follow, so that the code must last as long as the conversation is kept."""
    return (
        conversation.copy_by_code
        or Transmission.objects.filter(conversation=conversation).exists()
        or RemovalRequest.objects.filter(conversation=conversation).exists()
    )


def adopt_resume_code(conversation: Conversation, now: datetime) -> None:
    """Let the resume code, if it is still valid, open « Suites ». The caller holds the lock of the conversation."""
    issued_at = conversation.resume_issued_at
    if conversation.resume_digest is None or issued_at is None or not conversation.has_code(now):
        return
    # There may be nothing to follow any more, as when each removal was answered: the code keeps what it was promised.
    has_no_end = FollowUp.objects.filter(conversation=conversation, until__isnull=True).exists()
    FollowUp.objects.update_or_create(
        conversation=conversation,
        defaults={
            "code_digest": bytes(conversation.resume_digest).hex(),
            "issued_at": issued_at,
            "until": None if has_no_end or _lasts(conversation) else conversation.resume_until,
        },
    )


def lengthen(conversation: Conversation, now: datetime) -> None:
    """Keep a valid code valid for as long as the conversation is kept, because there is now something to follow."""
    adopt_resume_code(conversation, now)
    FollowUp.objects.filter(conversation=conversation, until__gt=now).update(until=None)


def shorten(conversation: Conversation, now: datetime) -> None:
    """Give the code an end where there is nothing to follow any more: it was made for the person's copy, which it no
    longer opens. Until that end it opens nothing, and the way to the copy may lengthen it again.
    """
    if not _lasts(conversation):
        until = now + values.get_duration(definitions.CODE_LIFE)
        FollowUp.objects.filter(conversation=conversation, until__isnull=True).update(until=until)


@transaction.atomic
def set_code(conversation_id: int, digest: bytes, asked_at: datetime, *, by_code: SessionBase | None = None) -> None:
    """Store the hash of a code that the person asked for on the page; the former code opens nothing any more.

    asked_at: when it was asked for. by_code: the session, if whoever asks came in by such a code rather than with the
    visit; it then goes on with the new code. Raises Replaced when another code was asked for later, or when the code of
    that session is no longer valid. Locks the conversation.
    """
    Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation_id)
    row = FollowUp.objects.filter(conversation_id=conversation_id).first() or FollowUp(conversation_id=conversation_id)
    if row.pk is not None and row.issued_at >= asked_at:
        raise Replaced
    # The session is read from its row again: at a double click the first click has just changed its code.
    if by_code is not None and (row.pk is None or type(by_code)(by_code.session_key).get(SESSION_KEY) != _mark_of(row)):
        raise Replaced
    row.code_digest, row.issued_at, row.until = digest.hex(), asked_at, None
    row.save()
    if by_code is not None:
        remember(by_code, row)
        by_code.save()  # before the lock is released, because a second click reads it after that


def replace(conversation_id: int, digest: bytes, now: datetime) -> None:
    """Replace the former resume code by the new one here too, if there was one here."""
    FollowUp.objects.filter(conversation_id=conversation_id).update(code_digest=digest.hex(), issued_at=now)


def void(conversation_id: int) -> None:
    """Delete a code that was cancelled, so that it opens nothing here either."""
    FollowUp.objects.filter(conversation_id=conversation_id).delete()


def forget_expired(now: datetime) -> int:
    """Delete the codes that have expired, and return how many. They had stopped working at that moment already."""
    return FollowUp.objects.filter(until__lte=now).delete()[0]


def remember(session: Any, row: FollowUp) -> None:
    """Let this session read « Suites », and nothing of the report, as long as this code is the valid one."""
    session[SESSION_KEY] = _mark_of(row)


def _mark_of(row: FollowUp) -> list[Any]:
    return [row.pk, row.issued_at.isoformat()]
