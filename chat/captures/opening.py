"""Opens the original of a shown capture, locks a capture, and deletes or unlocks a locked one.

A unit opens originals; the agent or a unit locks a capture; a supervisor of the unit who never answered that exchange
deletes or unlocks it. Each act has a motive and a line in the register, in the same transaction, and the person can
read that it happened.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from chat import pubsub
from chat.captures import queries, store
from chat.decisions import deciders
from chat.models import Capture, ConversationEvent, EventKind, ScanResult
from common import clock
from common.choices import read_choice
from reports.audit import log as audit_log
from reports.models import AccessKind, Report

# Originals in which a scanner found something, or that wait for a scanner, are given to nobody. An original that the
# scanner cannot read, or that none has scanned, is given with a warning, because it is evidence.
WITHHELD = frozenset({ScanResult.FOUND, ScanResult.WAITING})


LISTED_MOST = 200


class Withheld(Exception):
    """The original is withheld, because a scanner found something in it or has not answered yet."""


class Locked(Exception):
    """The capture was locked meanwhile, so nothing of it is given."""


def open_original(capture: Capture, *, motive: str, by: Any) -> Iterator[bytes]:
    """Record the opening in the register, and return the decrypted original, piece by piece.

    The pieces are read without the database. The first one is read before anything is recorded, and before the row is
    locked, so that a store that is away leaves no line of an opening. capture: as `queries.shown_one` returns it.
    Raises Withheld, Locked, UnsealError, StoreAway.
    """
    _refuse_withheld(capture)
    pieces = queries.read_original(capture)
    first = next(pieces, b"")
    with transaction.atomic():
        row = Capture.objects.select_for_update(of=("self",)).get(pk=capture.pk)
        row.conversation = capture.conversation
        _refuse_withheld(row)
        audit_log.record(
            kind=AccessKind.CAPTURE_ORIGINAL,
            by=by,
            motive=motive,
            subject=str(capture.conversation.public_id),
            detail=f"capture {row.number}, sha256 {row.words['sha256']}",
        )
    return chain((first,), pieces)


def _refuse_withheld(capture: Capture) -> None:
    if capture.locked_at is not None:
        raise Locked
    if read_choice(ScanResult, capture.scan, ScanResult.WAITING) in WITHHELD:
        raise Withheld


@transaction.atomic
def lock_capture(capture: Capture, *, motive: str, by: Any) -> None:
    """Lock a capture that may be an offence to possess, so that nobody sees its drawings or its original any more.

    Its encrypted bytes are kept until a supervisor has decided (docs/guide-agent.md). A locked capture is unchanged.
    """
    row = Capture.objects.select_for_update(of=("self",)).get(pk=capture.pk)
    if row.locked_at is not None:
        return
    row.locked_at = clock.now()
    row.save(update_fields=["locked_at"])
    pubsub.state_changed(capture.conversation.public_id)
    _record(capture, by=by, motive=motive, act="locked")


def locked_captures(user: Any, now: datetime) -> list[tuple[Capture, bool]]:
    """Return the locked captures of the units for which this supervisor decides, and whether they may end each of them.

    The oldest first, at most LISTED_MOST. Only their exchange, number and day are read; nothing is decrypted.
    """
    rows: Any = _locked(user, now).annotate(is_party=_is_party(user)).select_related("conversation")
    return [(row, not row.is_party) for row in rows.order_by("locked_at")[:LISTED_MOST]]


def count_locked(user: Any, now: datetime) -> int:
    """Return how many locked captures `locked_captures` has. Three queries.

    Those that this supervisor may not end are counted too: they see to it that somebody else does.
    """
    return _locked(user, now).order_by()[:LISTED_MOST].count()


def _locked(user: Any, now: datetime) -> QuerySet[Capture]:
    theirs = deciders.reports_of(user, Report.objects.filter(conversation__captures__locked_at__isnull=False), now)
    return Capture.objects.filter(locked_at__isnull=False, conversation__report__in=theirs.values("pk"))


def _is_party(user: Any) -> Exists:
    """Return the condition, for rows of captures, that this account answers the exchange, or answered it once.

    Only its agent or a unit locks a capture. So whoever deletes or unlocks it is somebody else, whatever became of the
    exchange.
    """
    return Exists(
        ConversationEvent.objects.filter(conversation=OuterRef("conversation"), kind=EventKind.ASSIGNED, by=user)
    )


def locked_one(user: Any, public_id: UUID, capture_id: UUID, now: datetime) -> tuple[Capture, str] | None:
    """Return a locked capture, and what the register adds to an act on it; None for a user who may not decide."""
    rows = Capture.objects.select_related("conversation").filter(~_is_party(user), locked_at__isnull=False)
    capture = rows.filter(conversation__public_id=public_id, public_id=capture_id).first()
    if capture is None:
        return None
    title = deciders.title_for_report(user, capture.conversation.report_id, now)
    return None if title is None else (capture, title.told)


@transaction.atomic
def delete_locked(capture: Capture, *, motive: str, by: Any, told: str = "") -> None:
    """Delete a locked capture: its row with its key, and its chunks after the commit. Does nothing if it is gone.

    A freeze does not keep it, because to possess it may be the offence. The service's contact was told before
    (`forms.EndForm`), which the register records. told: as `locked_one` returns it.
    """
    row = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk, locked_at__isnull=False).first()
    if row is None:
        return
    row.delete()
    store.erase_after_commit([row.store_id])
    _record(capture, by=by, motive=motive, act=f"deleted, named person told{told}")


@transaction.atomic
def unlock_capture(capture: Capture, *, motive: str, by: Any, told: str = "") -> None:
    """Unlock a capture that was locked by mistake, so that its agent and its unit see it again."""
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
