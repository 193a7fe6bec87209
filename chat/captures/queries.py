"""Reads the captures of a conversation that was just obtained by `chat.access`."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from chat.captures import receiving, store
from chat.models import Capture, CaptureDrawing, CaptureState, Conversation, ScanResult
from common import clock, plain_text
from common.choices import read_choice
from common.encryption import UnsealError
from common.sealed_files.chunks import Sealer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """One capture, with its words opened. name: as its sender's device says it. sha256, kind: "" until it was read.

    pages: how many drawings there are; more: that there are pages that were not drawn. is_readable: its words open.
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
    fact_number: int | None = None  # of the fact that it goes with, where there is one
    pages: Sequence[tuple[int, int, int]] = ()  # page, width, height
    name: str = field(default="", repr=False)
    title: str = field(default="", repr=False)  # what it is, in the words of the agent who handed it to the person
    sha256: str = ""
    kind: str = ""
    more: bool = False
    is_readable: bool = True

    @property
    def is_arriving(self) -> bool:
        """Return whether slices of it are still to come."""
        return self.state == CaptureState.ARRIVING

    @property
    def is_drawn(self) -> bool:
        """Return whether there is a drawing to show, and nobody set it aside."""
        return self.state == CaptureState.DRAWN and self.locked_at is None

    @property
    def is_unreadable(self) -> bool:
        """Return whether nothing could be drawn of it. That says nothing of its safety."""
        return self.state == CaptureState.UNREADABLE

    @property
    def kind_label(self) -> str:
        """The kind of file as people write it: « JPEG », « WebP »."""
        return {"webp": "WebP"}.get(self.kind, self.kind.upper())


def handed_in(conversation: Conversation) -> "QuerySet[Capture]":
    """What its person handed in; what an agent hands to the person is `chat.captures.handouts`'s."""
    return Capture.objects.filter(conversation=conversation, sent_by__isnull=True)


def open_rows(conversation: Conversation, rows: "QuerySet[Capture]") -> list[Seen]:
    """Two statements: the captures, and their drawings without a byte of them."""
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
                # A state of a later version: nothing is shown of it. A verdict of a later one is none.
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
                name=plain_text.plain(words.get("name", "")),  # nothing in it that cannot be seen
                title=plain_text.plain(words.get("title", "")),
                sha256=words.get("sha256", ""),
                kind=words.get("kind", ""),
                more=bool(words.get("more")),
                is_readable=is_readable,
            )
        )
    return found


def own_captures(conversation: Conversation, only: Collection[UUID] | None = None) -> list[Seen]:
    """The captures of a person, the last one first: `definitions.CAPTURES_MOST` at most. only: these; None: all."""
    rows = handed_in(conversation).order_by("-number")
    return open_rows(conversation, rows if only is None else rows.filter(public_id__in=only))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person has shown, without a word of it. total: seen by their agent or not. with_summary: seen and not
    locked: those that go with a summary to a unit. by_fact: numbers of captures, by that of the fact they go with."""

    total: int
    with_summary: int
    by_fact: Mapping[int, Sequence[int]]


def count_shown(conversation: Conversation) -> Shown:
    """One statement, `definitions.CAPTURES_MOST` rows at most; nothing is opened."""
    rows = handed_in(conversation).filter(shown_at__isnull=False).order_by("number")
    found = list(rows.values_list("number", "fact__number", "read_at", "locked_at"))
    by_fact: dict[int, list[int]] = {}
    for number, fact, _read_at, _locked_at in found:
        if fact is not None:
            by_fact.setdefault(fact, []).append(number)
    gone_along = sum(read_at is not None and locked_at is None for _number, _fact, read_at, locked_at in found)
    return Shown(len(found), gone_along, by_fact)


def count_seen(conversation: Conversation, until: datetime | None = None) -> int:
    """How many its agent has seen, and which are not locked: those that go with a summary to a unit.

    until: when that was sent; what was shown after it did not go along.
    """
    return _seen(conversation, until).filter(locked_at__isnull=True).count()


def _seen(conversation: Conversation, until: datetime | None) -> "QuerySet[Capture]":
    rows = handed_in(conversation).filter(read_at__isnull=False)
    return rows if until is None else rows.filter(read_at__lte=until)


def seen_captures(conversation: Conversation, until: datetime | None) -> list[Seen]:
    """What its agent has seen, in the order in which it was begun. until: when a summary was sent; nothing of later."""
    return open_rows(conversation, _seen(conversation, until).order_by("number"))


def mark_read(conversation: Conversation) -> int:
    """What is shown stands on its agent's page now: from here on it is taken back no more. One statement, before it is
    read, as of the facts of the journal."""
    new = handed_in(conversation).filter(shown_at__isnull=False, read_at__isnull=True)
    return new.update(read_at=clock.now())


def shown_one(conversation: Conversation, public_id: UUID, until: datetime | None = None) -> Capture | None:
    """One of them, that is read and not locked: whose drawing and whose original may be asked for. until: as above."""
    capture = _seen(conversation, until).filter(public_id=public_id, locked_at__isnull=True).first()
    if capture is not None:
        capture.conversation = conversation
    return capture


def drawing_row(capture: Capture, page: int) -> CaptureDrawing | None:
    """The row of one page, with its capture; None when there is none. One statement."""
    row = CaptureDrawing.objects.filter(capture=capture, page=page).first()
    if row is not None:
        row.capture = capture
    return row


def read_drawing(capture: Capture, page: int) -> bytes | None:
    """The WebP of one page, whole: some hundred kilobytes; None when there is none. Raises StoreAway, UnsealError."""
    row = drawing_row(capture, page)
    return None if row is None else b"".join(drawing_pieces(row))


def drawing_pieces(row: CaptureDrawing) -> Iterator[bytes]:
    """The same, chunk by chunk, without the database. row: with its capture. Raises StoreAway, UnsealError."""
    sealer = Sealer(receiving.key_of(row.capture), row.file_context, row.size)
    return store.read_file(sealer, row.capture.store_id, row.page, row.tokens)


def read_original(capture: Capture) -> Iterator[bytes]:
    """The original, chunk by chunk. Asks nothing of the database. Raises StoreAway, UnsealError."""
    return store.read_file(receiving.sealer_of(capture), capture.store_id, store.ORIGINAL, capture.tokens)


def has_own(conversation: Conversation) -> bool:
    """Whether its person handed something in that they may take along."""
    return handed_in(conversation).filter(received_at__isnull=False, locked_at__isnull=True).exists()


def has_shown(conversation: Conversation) -> bool:
    """Whether its person has shown something that was drawn or looked at, and that nobody set aside."""
    rows = handed_in(conversation).filter(shown_at__isnull=False, locked_at__isnull=True)
    return rows.filter(state__in=[CaptureState.DRAWN, CaptureState.UNREADABLE]).exists()


def own_originals(conversation: Conversation) -> dict[UUID, Iterator[bytes]]:
    """The originals of a person, as they handed them in: for their own copy (`chat.personal_copy`). None of one that is
    still arriving, was set aside, or opens no more.

    Keys and names of chunks are read now, the chunks themselves piece by piece, without the database.
    """
    rows = handed_in(conversation).filter(received_at__isnull=False, locked_at__isnull=True)
    found = {}
    for row in rows:
        row.conversation = conversation
        try:
            found[row.public_id] = read_original(row)
        except (UnsealError, KeyError):
            logger.error("captures: the key of one cannot be opened %s", conversation.public_id)
    return found
