"""Sets whether a code also opens the person's copy, and records each copy that is given (docs/adr/0120)."""

from django.db import transaction
from django.db.models import QuerySet

from chat.conversations import follow_up_code
from chat.models import Conversation
from common import clock
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord, Motive


@transaction.atomic
def set_by_code(conversation_id: int, *, is_on: bool) -> None:
    """Set whether the code of « Suites » (or the resume code that it was) opens « Ma copie » after the end.

    If on, a valid code remains valid as long as the conversation is kept. If off, a code that has nothing else to
    open gets an end (`follow_up_code.shorten`). Locks the conversation; writes one or two rows.
    """
    row = Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation_id)
    row.copy_by_code = is_on
    row.save(update_fields=["copy_by_code"])
    if not row.is_open:
        change = follow_up_code.lengthen if is_on else follow_up_code.shorten
        change(row, clock.now())


def count_copies(conversation: Conversation) -> int:
    """Return how many copies of this exchange were given. One query, by the index on the subject."""
    return _copies(conversation).count()


def line_of_copy(conversation: Conversation, number: int) -> AccessRecord | None:
    """Return the line of the register of the copy with this number, from 1; None when there was no such copy."""
    return _copies(conversation).order_by("number")[number - 1 : number].first()


def _copies(conversation: Conversation) -> QuerySet[AccessRecord]:
    return AccessRecord.objects.filter(subject=str(conversation.public_id), kind=AccessKind.COPY)


class NumberTaken(Exception):
    """Another copy of this exchange was given meanwhile under this number. Nothing was written."""


@transaction.atomic
def record_copy(conversation: Conversation, list_digest: str, *, number: int) -> None:
    """Write the line of a copy that is about to be given, with the digest of the list of its files.

    number: which copy of this exchange it is, as the copy itself says (`line_of_copy`). Nobody is named: whoever has
    the visit, or the code, took it. One line and one query; it holds the tail of the register, so that no other copy
    is counted in between. Raises NumberTaken.
    """
    audit_log.record(
        kind=AccessKind.COPY,
        by=None,
        motive=Motive.RIGHT,
        subject=str(conversation.public_id),
        detail=f"copy, sha256 {list_digest}",
    )
    if count_copies(conversation) != number:
        raise NumberTaken
