"""This module reads the captures of a conversation that the caller has just obtained by `chat.access`."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from chat.captures import receiving, store
from chat.models import Capture, CaptureDrawing, CaptureState, Conversation, ScanResult
from chat.rules import capture_kinds
from common import clock, plain_text
from common.choices import read_choice
from common.data_keys.keys import KeysAway
from common.encryption import UnsealError
from common.sealed_files.chunks import Sealer

logger = logging.getLogger(__name__)

# After so many tries that were « slow » (`chat.captures.drawing`), 15 minutes at least, pages no longer say that the
# drawing is under way.
LATE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """It is one capture with its decrypted words.

    name: that of the file on its sender's device. sha256, kind: "" until the file was read. pages: its drawings. more:
    whether there are pages that were not drawn. is_late: whether it waits because this machine was too slow to draw it,
    LATE_TRIES times or more. is_readable: whether its words could be decrypted.
    """

    public_id: UUID
    number: int
    state: CaptureState
    scan: ScanResult
    size: int
    received: int
    begun_at: datetime
    received_at: datetime | None
    shown_at: datetime | None
    read_at: datetime | None
    locked_at: datetime | None
    fact_number: int | None = None  # the number of the fact to which it belongs, if any
    pages: Sequence[tuple[int, int, int]] = ()  # page, width, height
    name: str = field(default="", repr=False)
    title: str = field(default="", repr=False)  # what it is, in the words of the agent who handed it to the person
    sha256: str = ""
    kind: str = ""
    more: bool = False
    is_late: bool = False
    is_readable: bool = True

    @property
    def is_arriving(self) -> bool:
        """Return whether slices of it are still missing."""
        return self.state == CaptureState.ARRIVING

    @property
    def is_drawn(self) -> bool:
        """Return whether there is a drawing to show, and the capture is not locked."""
        return self.state == CaptureState.DRAWN and self.locked_at is None

    @property
    def is_unreadable(self) -> bool:
        """Return whether nothing could be drawn of it, which does not mean that it is harmless."""
        return self.state == CaptureState.UNREADABLE and not self.is_late

    @property
    def kind_label(self) -> str:
        """Return the kind of file as people write it: « JPEG », « WebP »."""
        return capture_kinds.label_of_kind(self.kind)


def handed_in(conversation: Conversation) -> "QuerySet[Capture]":
    """Return the captures that the person uploaded, without those from an agent (`chat.captures.handouts`)."""
    return Capture.objects.filter(conversation=conversation, sent_by__isnull=True)


def open_rows(conversation: Conversation, rows: "QuerySet[Capture]") -> list[Seen]:
    """Read these captures, and the sizes of their drawings. Two statements; no file is read."""
    found = []
    for row in rows.select_related("fact").prefetch_related("drawings"):
        row.conversation = conversation
        try:
            words, is_readable = row.words, True
        except UnsealError:
            logger.error("captures: the words of one cannot be opened %s", conversation.public_id)
            words, is_readable = {}, False
        found.append(
            Seen(
                public_id=row.public_id,
                number=row.number,
                # An unknown state of a later version counts as RECEIVED, of which nothing is shown.
                state=read_choice(CaptureState, row.state, CaptureState.RECEIVED),
                scan=read_choice(ScanResult, row.scan, ScanResult.WAITING),
                size=row.size,
                received=row.received,
                begun_at=row.begun_at,
                received_at=row.received_at,
                shown_at=row.shown_at,
                read_at=row.read_at,
                locked_at=row.locked_at,
                fact_number=row.fact.number if row.fact is not None else None,
                pages=[(one.page, one.width, one.height) for one in row.drawings.all()],
                name=plain_text.plain(words.get("name", "")),  # hidden characters are made visible
                title=plain_text.plain(words.get("title", "")),
                sha256=words.get("sha256", ""),
                kind=words.get("kind", ""),
                more=bool(words.get("more")),
                is_late=_is_late(row.state, words),
                is_readable=is_readable,
            )
        )
    return found


def _is_late(state: str, words: Mapping[str, Any]) -> bool:
    """Return whether a capture waits because this machine was too slow to draw it so far.

    A version of November 2026 gave such a capture up, as UNREADABLE and « late ».
    """
    if state == CaptureState.RECEIVED:
        return int(words.get("slow", 0)) >= LATE_TRIES
    return state == CaptureState.UNREADABLE and bool(words.get("late"))


def own_captures(conversation: Conversation, only: Collection[UUID] | None = None) -> list[Seen]:
    """Return the person's captures, the last first, at most `definitions.CAPTURES_MOST`. only: these; None for all."""
    rows = handed_in(conversation).order_by("-number")
    return open_rows(conversation, rows if only is None else rows.filter(public_id__in=only))


@dataclass(frozen=True, slots=True)
class Shown:
    """It is how many captures a person has shown.

    total: all of them, seen by the agent or not. with_summary: those that were seen and are not locked, which go with a
    summary to a unit. by_fact: the numbers of the captures, by the number of their fact.
    """

    total: int
    with_summary: int
    by_fact: Mapping[int, Sequence[int]]


def count_shown(conversation: Conversation) -> Shown:
    """Count the shown captures with one statement, of at most `definitions.CAPTURES_MOST` rows."""
    rows = handed_in(conversation).filter(shown_at__isnull=False).order_by("number")
    found = list(rows.values_list("number", "fact__number", "read_at", "locked_at"))
    by_fact: dict[int, list[int]] = {}
    for number, fact, _read_at, _locked_at in found:
        if fact is not None:
            by_fact.setdefault(fact, []).append(number)
    gone_along = sum(read_at is not None and locked_at is None for _number, _fact, read_at, locked_at in found)
    return Shown(len(found), gone_along, by_fact)


@dataclass(frozen=True, slots=True)
class AgreedCaptures:
    """These are the captures that a person agrees to send with a summary.

    until: when the agent had seen the last of them. numbers: theirs; None in early rows, with which everything went
    that had been seen by then.
    """

    until: datetime
    numbers: Sequence[int] | None = None

    def as_words(self) -> dict[str, Any]:
        """Return the values that are encrypted with the summary."""
        return {"captures_until": self.until.isoformat(), "captures": self.numbers}


def agreed_now(
    conversation: Conversation, until: datetime | None = None, only: Collection[int] | None = None
) -> AgreedCaptures | None:
    """Return the captures that go with a summary that is sent now: those that the agent has seen and that are not
    locked. None for none. One statement, of at most `definitions.CAPTURES_MOST` rows.

    until: only those that were seen by then. only: the numbers from which they are taken; None for all.
    """
    rows = _seen(conversation).filter(locked_at__isnull=True)
    if until is not None:
        rows = rows.filter(read_at__lte=until)
    found = [(number, at) for number, at in rows.order_by("number").values_list("number", "read_at") if at is not None]
    seen = {number: at for number, at in found if only is None or number in only}
    return AgreedCaptures(max(seen.values()), list(seen)) if seen else None


def _seen(conversation: Conversation) -> "QuerySet[Capture]":
    return handed_in(conversation).filter(read_at__isnull=False)


def seen_captures(conversation: Conversation) -> list[Seen]:
    """Return the captures that the agent has seen, in order."""
    return open_rows(conversation, _seen(conversation).order_by("number"))


def mark_read(conversation: Conversation) -> int:
    """Mark the shown captures as seen, because they are about to be on the agent's page. Return how many were.

    They can then not be taken back. One statement, before they are read, as for the facts of the journal.
    """
    new = handed_in(conversation).filter(shown_at__isnull=False, read_at__isnull=True)
    return new.update(read_at=clock.now())


def erasable_files(conversation: Conversation) -> list[tuple[UUID, bool]]:
    """Return the files that the agent's document names, and whether each is set aside. One statement.

    They are the captures that were seen, which may be set aside and deleted, and the files that were sent to the
    person, which may be taken back.
    """
    sent = Q(sent_by__isnull=False, shown_at__isnull=False)
    rows = Capture.objects.filter(sent | Q(sent_by__isnull=True, read_at__isnull=False), conversation=conversation)
    found = rows.order_by("number", "pk").values_list("public_id", "locked_at")
    return [(public_id, locked_at is not None) for public_id, locked_at in found]


def shown_one(conversation: Conversation, public_id: UUID) -> Capture | None:
    """Return a capture that the agent has seen and that is not locked; None if there is none."""
    return _unlocked_one(conversation, _seen(conversation), public_id)


def _unlocked_one(conversation: Conversation, rows: "QuerySet[Capture]", public_id: UUID) -> Capture | None:
    capture = rows.filter(public_id=public_id, locked_at__isnull=True).first()
    if capture is not None:
        capture.conversation = conversation
    return capture


def drawing_row(capture: Capture, page: int) -> CaptureDrawing | None:
    """Return the row of one drawing, with its capture; None when there is none. One statement."""
    row = CaptureDrawing.objects.filter(capture=capture, page=page).first()
    if row is not None:
        row.capture = capture
    return row


def read_drawing(capture: Capture, page: int) -> bytes | None:
    """Return the WebP image of one page, some hundred kB; None if there is none. Raises StoreAway, UnsealError."""
    row = drawing_row(capture, page)
    return None if row is None else b"".join(drawing_pieces(row))


def drawing_pieces(row: CaptureDrawing) -> Iterator[bytes]:
    """Yield the image chunk by chunk, without the database. row: with its capture. Raises StoreAway, UnsealError."""
    sealer = Sealer(receiving.key_of(row.capture), row.file_context, row.size)
    return store.read_file(sealer, row.capture.store_id, row.page, row.tokens)


def read_original(capture: Capture) -> Iterator[bytes]:
    """Return the original chunk by chunk, read without the database. Raises StoreAway, UnsealError."""
    return store.read_file(receiving.sealer_of(capture), capture.store_id, store.ORIGINAL, capture.tokens)


def has_own(conversation: Conversation) -> bool:
    """Return whether the person uploaded something that can be part of their own copy."""
    return handed_in(conversation).filter(received_at__isnull=False, locked_at__isnull=True).exists()


def has_shown(conversation: Conversation) -> bool:
    """Return whether the person has shown a capture that was processed and is not locked."""
    rows = handed_in(conversation).filter(shown_at__isnull=False, locked_at__isnull=True)
    return rows.filter(state__in=[CaptureState.DRAWN, CaptureState.UNREADABLE]).exists()


def own_originals(conversation: Conversation) -> dict[UUID, Iterator[bytes]]:
    """Return a person's originals as they uploaded them, for their own copy (`chat.personal_copy`).

    Those that are still arriving, are locked, or cannot be decrypted are left out. Keys and names of chunks are read
    now; the chunks themselves are read piece by piece, without the database. Raises KeysAway.
    """
    rows = handed_in(conversation).filter(received_at__isnull=False, locked_at__isnull=True)
    found = {}
    for row in rows:
        row.conversation = conversation
        try:
            found[row.public_id] = read_original(row)
        except KeysAway:
            raise
        except (UnsealError, KeyError):
            logger.error("captures: the key of one cannot be opened %s", conversation.public_id)
    return found


# --- what went with a summary -----------------------------------------------------------------------------------------
# agreed: which ones (`referral.queries.agreed_captures`); None where none went along.


def _sent_along(conversation: Conversation, agreed: AgreedCaptures | None) -> "QuerySet[Capture]":
    rows = _seen(conversation)
    if agreed is None:
        return rows.none()
    rows = rows.filter(read_at__lte=agreed.until)
    return rows if agreed.numbers is None else rows.filter(number__in=agreed.numbers)


def count_sent_along(conversation: Conversation, agreed: AgreedCaptures | None) -> int:
    """Return how many captures went with a summary and are not locked."""
    return _sent_along(conversation, agreed).filter(locked_at__isnull=True).count()


def captures_sent_along(conversation: Conversation, agreed: AgreedCaptures | None) -> list[Seen]:
    """Return the captures that went with a summary, in order, and those that were locked since."""
    return open_rows(conversation, _sent_along(conversation, agreed).order_by("number"))


def one_sent_along(conversation: Conversation, public_id: UUID, agreed: AgreedCaptures | None) -> Capture | None:
    """Return a capture that went with a summary and is not locked; None if there is none."""
    return _unlocked_one(conversation, _sent_along(conversation, agreed), public_id)
