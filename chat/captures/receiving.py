"""Does what a person does with captures: begin one, send it slice by slice, show it, take it back, erase it.

Files from an agent (`chat.captures.handouts`) are not captures of the person, but also come slice by slice.

The caller has proven that the conversation is this person's. A slice is a chunk of the file. It is encrypted here,
before it is written anywhere, and acknowledged once its row records it. Each slice is stored once, whatever the network
does: one that comes again gets the same answer as the first, and one that comes too early gets the place to go on.
"""

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum

from chat import pubsub
from chat.captures import store
from chat.models import Agent, Capture, CaptureState, Conversation, JournalFact, ScanResult
from chat.rules import capture_kinds
from common import clock
from common.encryption import UnsealError
from common.sealed_files.chunks import CHUNK_BYTES, Sealer, new_key, new_token
from common.service_settings import definitions, values

NAME_MAX = 120  # how many characters of a file's name are kept, from its end, where the extension is


class CaptureRefused(Exception):
    """The file is refused, for a reason that its sender can read: one of the classes below."""


class NotTaken(CaptureRefused):
    """The operator does not accept captures, or the service accepts none now."""


class TooMany(CaptureRefused):
    """This exchange already has as many captures as the service allows (`definitions.CAPTURES_MOST`)."""


class TooLarge(CaptureRefused):
    """The file is larger than one may be (`definitions.CAPTURE_SIZE`)."""


class NoRoomLeft(CaptureRefused):
    """The captures of this exchange together would be larger than allowed (`definitions.CAPTURES_SIZE`)."""


class Empty(CaptureRefused):
    """The file is empty."""


class UnknownKind(CaptureRefused):
    """The file begins like no kind that is accepted (`chat.rules.capture_kinds`)."""


class CaptureGone(Exception):
    """The capture does not exist any more; it may have been erased in another tab."""


class CaptureSeen(Exception):
    """The agent has seen the capture, so it can be neither taken back nor erased."""


class WrongSlice(Exception):
    """The slice is not the next one, or has a wrong length. received: how many bytes are stored."""

    def __init__(self, received: int) -> None:
        super().__init__()
        self.received = received


def are_taken() -> bool:
    """Return whether a person may send captures: the operator accepts them, and the service allows one or more."""
    return settings.CAPTURES and values.get(definitions.CAPTURES_MOST) > 0


@dataclass(frozen=True, slots=True)
class Limits:
    """These are the service's limits for captures: their number, and bytes."""

    most: int
    size: int
    in_all: int


def capture_limits() -> Limits:
    """Return the present limits: how many captures, and the bytes of one and of all."""
    megabyte = definitions.MEGABYTE
    return Limits(
        values.get(definitions.CAPTURES_MOST),
        values.get(definitions.CAPTURE_SIZE) * megabyte,
        values.get(definitions.CAPTURES_SIZE) * megabyte,
    )


@transaction.atomic
def begin_capture(
    *,
    conversation_id: int,
    public_id: UUID,
    size: int,
    name: str,
    fact_id: UUID | None = None,
    own: Collection[UUID] | None = None,
) -> Capture:
    """Create the row of a file before its first byte. The same `public_id` again returns it, with what was received.

    size: bytes of the whole file, which must then come. name: that of the file on the sender's device; it is encrypted.
    fact_id: the fact of the same journal to which it belongs; one that no longer exists is ignored. A file that is
    there already is joined to this fact if it belongs to none and the agent has not seen it; otherwise it stays as it
    is. own: the captures that this sender may go on with; None for all.
    Raises a CaptureRefused; CaptureGone when this id belongs to another file. Locks the conversation, whose captures
    are numbered. Four statements.
    """
    if not are_taken():
        raise NotTaken
    allowed = capture_limits()
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    before = Capture.objects.filter(conversation=conversation, public_id=public_id).first()
    if before is not None:
        if before.size != size or before.sent_by_id is not None or (own is not None and public_id not in own):
            raise CaptureGone
        before.conversation = conversation
        if fact_id is not None and before.fact_id is None:
            _join(before, fact_id)
        return before
    check_size(size, allowed)
    theirs = Q(sent_by__isnull=True)
    found = Capture.objects.filter(conversation=conversation).aggregate(
        last=Max("number"), many=Count("pk", filter=theirs), size=Sum("size", default=0, filter=theirs)
    )
    if found["many"] >= allowed.most:
        raise TooMany
    if found["size"] + size > allowed.in_all:
        raise NoRoomLeft
    fact = _fact_of(conversation, fact_id) if fact_id else None
    return new_capture(conversation, public_id, size=size, name=name, number=(found["last"] or 0) + 1, fact=fact)


def _fact_of(conversation: Conversation, fact_id: UUID) -> JournalFact | None:
    return JournalFact.objects.filter(conversation=conversation, public_id=fact_id).first()


def _join(capture: Capture, fact_id: UUID) -> None:
    """Join a capture that is there to this fact, unless the agent has seen it. capture: with its conversation."""
    fact = _fact_of(capture.conversation, fact_id)
    # One statement decides whether the agent's page came first.
    if fact is not None and Capture.objects.filter(pk=capture.pk, read_at__isnull=True).update(fact=fact):
        capture.fact = fact


def is_begun(*, conversation_id: int, public_id: UUID) -> bool:
    """Return whether such a file exists, complete or not. One statement."""
    return Capture.objects.filter(conversation=conversation_id, public_id=public_id).exists()


def check_size(size: int, allowed: Limits) -> None:
    """Check the size of a file. Raises Empty, TooLarge."""
    if size < 1:
        raise Empty
    if size > allowed.size:
        raise TooLarge


def new_capture(
    conversation: Conversation,
    public_id: UUID,
    *,
    size: int,
    name: str,
    number: int,
    fact: JournalFact | None = None,
    sent_by: Agent | None = None,
    **words: str,
) -> Capture:
    """Create the row of a file whose bytes are about to come. words: encrypted with its key and its name."""
    capture = Capture(
        conversation=conversation,
        public_id=public_id,
        number=number,
        size=size,
        begun_at=clock.now(),
        fact=fact,
        sent_by=sent_by,
        scan=ScanResult.WAITING if settings.CLAMD else ScanResult.NOT_ASKED,
    )
    capture.seal({"key": base64.b64encode(new_key()).decode(), "name": name[-NAME_MAX:], **words})
    capture.save(force_insert=True)
    return capture


def key_of(capture: Capture) -> bytes:
    """Return the key of the file. capture: with its conversation. Raises UnsealError."""
    words = capture.words
    try:
        return base64.b64decode(words["key"], validate=True)
    except (KeyError, ValueError) as error:
        raise UnsealError from error


def sealer_of(capture: Capture) -> Sealer:
    """Return the Sealer for the chunks of the original. Raises UnsealError."""
    return Sealer(key_of(capture), capture.file_context, capture.size)


def take_slice(*, conversation_id: int, public_id: UUID, offset: int, data: bytes, is_handout: bool = False) -> Capture:
    """Encrypt and store a slice, and return the capture as it is then. After the last slice it can be drawn.

    offset: where in the file the slice begins. data: CHUNK_BYTES, or the rest of the file. is_handout: whether it is a
    file from an agent; neither sender can go on with the other's file. A slice that is already stored changes nothing.
    Raises WrongSlice, CaptureGone, StoreAway, and UnknownKind (then the row is deleted).
    One statement and one object outside of any transaction, then one statement under the row's lock.
    """
    capture = _own(conversation_id, public_id, is_handout=is_handout)
    if offset < capture.received:
        return capture
    if offset > capture.received:
        raise WrongSlice(capture.received)
    index = offset // CHUNK_BYTES
    sealer = sealer_of(capture)
    if offset % CHUNK_BYTES or index >= sealer.count or len(data) != sealer.length_of(index):
        raise WrongSlice(capture.received)
    if index == 0 and capture_kinds.kind_of(data[: capture_kinds.HEAD_BYTES]) is None:
        erase_capture(conversation_id=conversation_id, public_id=public_id, is_handout=is_handout)
        raise UnknownKind
    token = new_token()
    store.write_chunk(capture.store_id, store.ORIGINAL, index, token, sealer.seal(index, token, data))
    is_kept = False
    try:
        capture, is_kept = _acknowledge(capture, offset, len(data), token)
    finally:
        if not is_kept:  # another request stored the same slice meanwhile, or the capture was erased
            store.forget_chunk(capture.store_id, store.ORIGINAL, index, token)
    return capture


@transaction.atomic
def _acknowledge(capture: Capture, offset: int, length: int, token: str) -> tuple[Capture, bool]:
    """Record that this chunk is stored, unless another one is by now."""
    row = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk).first()
    if row is None:
        raise CaptureGone
    row.conversation = capture.conversation
    if row.received != offset:
        return row, False
    row.received += length
    row.tokens = [*row.tokens, token]
    if row.received == row.size:
        row.state, row.received_at = CaptureState.RECEIVED, clock.now()
    row.save(update_fields=["received", "tokens", "state", "received_at"])
    return row, True


def _own(conversation_id: int, public_id: UUID, *, is_handout: bool) -> Capture:
    rows = Capture.objects.select_related("conversation").filter(sent_by__isnull=not is_handout)
    capture = rows.filter(conversation=conversation_id, public_id=public_id).first()
    if capture is None:
        raise CaptureGone
    return capture


# --- show, take back, erase -------------------------------------------------------------------------------------------


@transaction.atomic
def erase_capture(*, conversation_id: int, public_id: UUID, is_handout: bool = False) -> None:
    """Erase a capture that the agent has not seen, complete or not, and its chunks after the commit.

    Does nothing if it does not exist. is_handout: a file from an agent, which the person has not seen. Raises
    CaptureSeen.
    """
    rows = Capture.objects.select_for_update(of=("self",)).select_related("conversation")
    rows = rows.filter(sent_by__isnull=not is_handout)
    capture = rows.filter(conversation=conversation_id, public_id=public_id).first()
    if capture is None:
        return
    if capture.read_at is not None or capture.locked_at is not None:
        raise CaptureSeen
    was_shown = capture.shown_at is not None
    capture.delete()
    store.erase_after_commit([capture.store_id])
    if was_shown:
        pubsub.state_changed(capture.conversation.public_id)


@transaction.atomic
def show_captures(*, conversation: Conversation, only: Collection[UUID] | None = None) -> int:
    """Show the private, complete captures to the present or next agent; return how many. only: these; None for all."""
    rows = Capture.objects.filter(conversation=conversation, shown_at__isnull=True, sent_by__isnull=True)
    private = rows.exclude(state=CaptureState.ARRIVING)
    shown = _of(private, only).update(shown_at=clock.now())
    if shown:
        pubsub.state_changed(conversation.public_id)
    return shown


@transaction.atomic
def show_of_facts(*, conversation: Conversation, only: Collection[UUID]) -> int:
    """Show the complete captures of those of these facts that are shown; return how many were private."""
    facts = JournalFact.objects.filter(conversation=conversation, public_id__in=only, shown_at__isnull=False)
    rows = Capture.objects.filter(conversation=conversation, shown_at__isnull=True, fact__in=facts.values("pk"))
    shown = rows.exclude(state=CaptureState.ARRIVING).update(shown_at=clock.now())
    if shown:
        pubsub.state_changed(conversation.public_id)
    return shown


@transaction.atomic
def take_back_of_facts(*, conversation: Conversation, only: Collection[UUID]) -> tuple[int, int]:
    """Make the captures private again of those of these facts that are not shown; return how many, and how many were
    seen and stay."""
    facts = JournalFact.objects.filter(conversation=conversation, public_id__in=only, shown_at__isnull=True)
    rows = Capture.objects.filter(conversation=conversation, shown_at__isnull=False, fact__in=facts.values("pk"))
    # The condition on read_at is of this table alone, so PostgreSQL looks at it again if the agent's page came first.
    taken = rows.filter(read_at__isnull=True).update(shown_at=None)
    if taken:
        pubsub.state_changed(conversation.public_id)
    return taken, rows.filter(read_at__isnull=False).count()


@transaction.atomic
def take_back(*, conversation: Conversation, only: Collection[UUID] | None = None) -> int:
    """Make captures private again that were shown and not seen; return how many. Seen ones stay shown."""
    theirs = Capture.objects.filter(conversation=conversation, sent_by__isnull=True)
    unseen = theirs.filter(shown_at__isnull=False, read_at__isnull=True)
    taken = _of(unseen, only).update(shown_at=None)
    if taken:
        pubsub.state_changed(conversation.public_id)
    return taken


def count_seen(*, conversation: Conversation, only: Collection[UUID]) -> int:
    """Return how many of these captures the agent has seen. One statement."""
    theirs = Capture.objects.filter(conversation=conversation, sent_by__isnull=True, read_at__isnull=False)
    return _of(theirs, only).count()


def _of(rows: "QuerySet[Capture]", only: Collection[UUID] | None) -> "QuerySet[Capture]":
    return rows if only is None else rows.filter(public_id__in=only)


UNFINISHED_AFTER = timedelta(hours=24)  # no visit lasts longer


def forget_unfinished(now: datetime) -> int:
    """Erase at most a hundred captures that were begun UNFINISHED_AFTER ago and are not complete; return how many.

    Their chunks are deleted after the commit. `retention` calls this every hour.
    """
    with transaction.atomic():
        rows = Capture.objects.select_for_update(skip_locked=True, of=("self",))
        late = list(
            rows.filter(state=CaptureState.ARRIVING, begun_at__lt=now - UNFINISHED_AFTER).order_by("begun_at")[:100]
        )
        Capture.objects.filter(pk__in=[row.pk for row in late]).delete()
        store.erase_after_commit([row.store_id for row in late])
    return len(late)
