"""What is done with a capture that somebody showed: its original is opened by the unit; it is locked by who answers,
and what is locked is deleted by law or given back, by a supervisor of the unit.

Each has a motive and a line in the register, in one transaction with what it does; the person reads that it happened.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chat import pubsub
from chat.captures import queries, store
from chat.decisions import deciders
from chat.models import Capture, ScanResult
from common import clock
from common.choices import read_choice
from reports.audit import log as audit_log
from reports.models import AccessKind, Report

# What was found in it, or not looked for yet: its original is given to nobody. What a scanner cannot read, and what
# none has read, is given with a warning: it is evidence, and nobody has said that it is harmless.
WITHHELD = frozenset({ScanResult.FOUND, ScanResult.WAITING})


LISTED_MOST = 200


class Withheld(Exception):
    """The original is not given: a scanner found something in it, or has not answered yet."""


class Locked(Exception):
    """The capture was locked meanwhile: nothing of it is given."""


def open_original(capture: Capture, *, motive: str, by: Any) -> Iterator[bytes]:
    """The original in clear, piece by piece, once its line is in the register. Asks nothing of the database then.

    capture: as `queries.shown_one` gives it. Raises Withheld, Locked, UnsealError.
    """
    with transaction.atomic():
        row = Capture.objects.select_for_update(of=("self",)).get(pk=capture.pk)
        row.conversation = capture.conversation
        if row.locked_at is not None:
            raise Locked
        if read_choice(ScanResult, row.scan, ScanResult.WAITING) in WITHHELD:
            raise Withheld
        pieces = queries.read_original(row)
        audit_log.record(
            kind=AccessKind.CAPTURE_ORIGINAL,
            by=by,
            motive=motive,
            subject=str(capture.conversation.public_id),
            detail=f"capture {row.number}, sha256 {row.words['sha256']}",
        )
    return pieces


@transaction.atomic
def lock_capture(capture: Capture, *, motive: str, by: Any) -> None:
    """Nobody sees it any more, drawing or original: it may be an offence to hold. Its bytes stay, sealed, until who
    decides has decided (docs/guide-agent.md). Locked already, nothing changes."""
    row = Capture.objects.select_for_update(of=("self",)).get(pk=capture.pk)
    if row.locked_at is not None:
        return
    row.locked_at = clock.now()
    row.save(update_fields=["locked_at"])
    pubsub.state_changed(capture.conversation.public_id)
    _record(capture, by=by, motive=motive, act="locked")


def locked_captures(user: Any, now: datetime) -> list[Capture]:
    """What is locked in the exchanges that this supervisor decides about, the oldest first, LISTED_MOST at most.

    None of its words is opened: it is an exchange, a number and a day.
    """
    return list(_locked(user, now).select_related("conversation").order_by("locked_at")[:LISTED_MOST])


def count_locked(user: Any, now: datetime) -> int:
    """How many of them wait for this supervisor, LISTED_MOST at most. Three queries."""
    return _locked(user, now).order_by()[:LISTED_MOST].count()


def _locked(user: Any, now: datetime) -> QuerySet[Capture]:
    theirs = deciders.reports_of(user, Report.objects.filter(conversation__captures__locked_at__isnull=False), now)
    return Capture.objects.filter(locked_at__isnull=False, conversation__report__in=theirs.values("pk"))


def locked_one(user: Any, public_id: UUID, capture_id: UUID, now: datetime) -> tuple[Capture, str] | None:
    """One of them, and what the register adds to an act on it; None for whoever does not decide about it."""
    rows = Capture.objects.select_related("conversation").filter(locked_at__isnull=False)
    capture = rows.filter(conversation__public_id=public_id, public_id=capture_id).first()
    if capture is None:
        return None
    title = deciders.title_for_report(user, capture.conversation.report_id, now)
    return None if title is None else (capture, title.told)


@transaction.atomic
def delete_locked(capture: Capture, *, motive: str, by: Any, told: str = "") -> None:
    """Delete a capture that is locked: its row, its key with it, its chunks after COMMIT. A freeze keeps nothing of it:
    to hold it may be the offence. Whom the service names was told before (`forms.EndForm`), and the register says so.
    Deleted already, nothing changes. told: as `locked_one` says."""
    row = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk, locked_at__isnull=False).first()
    if row is None:
        return
    row.delete()
    store.erase_after_commit([row.store_id])
    _record(capture, by=by, motive=motive, act=f"deleted, named person told{told}")


@transaction.atomic
def unlock_capture(capture: Capture, *, motive: str, by: Any, told: str = "") -> None:
    """Give back what was locked by mistake: its agent and its unit see it again."""
    row = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk, locked_at__isnull=False).first()
    if row is None:
        return
    row.locked_at = None
    row.save(update_fields=["locked_at"])
    pubsub.state_changed(capture.conversation.public_id)
    _record(capture, by=by, motive=motive, act=f"unlocked{told}")


def _record(capture: Capture, *, by: Any, motive: str, act: str) -> None:
    audit_log.record(
        kind=AccessKind.CAPTURE_LOCKED,
        by=by,
        motive=motive,
        subject=str(capture.conversation.public_id),
        detail=f"capture {capture.number}, {act}",
    )
