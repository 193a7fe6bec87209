"""The code that opens « Suites » when the exchange itself no longer opens: kept by its slow hash. See docs/adr/0045.

It is the code de reprise that the person had, or one that they asked for on the page. (Imports no other act: `resume`
and `actions` call it.)
"""

from datetime import datetime
from typing import Any

from chat.models import Conversation, FollowUp, Transmission

SESSION_KEY = "reports.suites"  # of what a visit forgets with its report


def _lasts(conversation: Conversation) -> bool:
    """Whether there is something to follow, so that a code is to last as long as the conversation is kept."""
    return Transmission.objects.filter(conversation=conversation).exists()


def carry(conversation: Conversation, now: datetime) -> None:
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
    """Something was put to the person or sent: a code that works, works as long as the conversation is kept."""
    carry(conversation, now)
    FollowUp.objects.filter(conversation=conversation, until__gt=now).update(until=None)


def set_code(conversation_id: int, digest: bytes, now: datetime) -> FollowUp:
    """Keep the hash of a code that the person just asked for on the page; the one before opens nothing more."""
    row, _is_new = FollowUp.objects.update_or_create(
        conversation_id=conversation_id, defaults={"code_digest": digest.hex(), "issued_at": now, "until": None}
    )
    return row


def replace(conversation_id: int, digest: bytes, now: datetime) -> None:
    """Another code de reprise was made: it takes the place of the one before here too, if that one was here."""
    FollowUp.objects.filter(conversation_id=conversation_id).update(code_digest=digest.hex(), issued_at=now)


def void(conversation_id: int) -> None:
    """The code was annulled: it opens nothing, here neither."""
    FollowUp.objects.filter(conversation_id=conversation_id).delete()


def forget_expired(now: datetime) -> int:
    """Delete those whose time is over; how many there were. They stopped working by themselves."""
    return FollowUp.objects.filter(until__lte=now).delete()[0]


def remember(session: Any, row: FollowUp) -> None:
    """This visit may read the suites, as long as this code is the one that counts; and nothing of the report."""
    session[SESSION_KEY] = [row.pk, row.issued_at.isoformat()]
