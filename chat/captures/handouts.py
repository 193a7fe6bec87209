"""This module sends files from an agent to the person, such as a slip or a form, if the service allows it
(docs/adr/0100).

Such a file is a `Capture` with a sender: it is encrypted on arrival, drawn by the same kind of child process, and
erased with the exchange. The person sees the drawings and never the original, which could contain something harmful.
The title says in words what it is, because screen readers cannot read a picture.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Max, Q

from chat import pubsub
from chat.captures import queries, receiving
from chat.captures.receiving import NotTaken, TooMany
from chat.casework.lock import lock_assigned
from chat.messages.writing import say_line
from chat.models import Capture, CaptureState, Conversation
from chat.texts import captures as texts
from common import clock
from common.data_keys.keys import KeysAway
from common.encryption import UnsealError
from common.service_settings import definitions, values
from reports import form_of_address

logger = logging.getLogger(__name__)

TITLE_MAX = 200  # characters


def are_allowed() -> bool:
    """Return whether agents may send files: the operator must accept files (CAPTURES), and the service must allow
    it."""
    return settings.CAPTURES and values.get(definitions.HANDOUTS_MOST) > 0


def hand_over(
    *,
    conversation_id: int,
    by: AbstractBaseUser,
    public_id: UUID,
    title: str,
    name: str,
    size: int,
    chunks: Iterable[bytes],
) -> None:
    """Store this file for the person, and add a line to the thread; only once if the form comes again.

    title: what it is, at most TITLE_MAX characters. chunks: as `common.sealed_files.chunks.in_chunks` yields them, one
    in memory at a time. Takes as long as a capture, and two transactions under the lock of the conversation.
    Raises a CaptureRefused, CaptureGone, WrongSlice, StoreAway, UnsealError, NotYours or ConversationClosed; then
    nothing is stored.
    """
    capture = _begin(conversation_id, by, public_id, title=title, name=name, size=size)
    try:
        offset = 0
        for chunk in chunks:
            if offset >= capture.received:
                capture = receiving.take_slice(
                    conversation_id=conversation_id, public_id=public_id, offset=offset, data=chunk, is_handout=True
                )
            offset += len(chunk)
        _announce(conversation_id, by, public_id)
    except BaseException:
        forget(conversation_id, public_id)
        raise


@transaction.atomic
def _begin(conversation_id: int, by: AbstractBaseUser, public_id: UUID, *, title: str, name: str, size: int) -> Capture:
    conversation, agent = lock_assigned(conversation_id, by)
    before = Capture.objects.filter(conversation=conversation, public_id=public_id).first()
    if before is not None:
        if before.size != size or before.sent_by_id is None:
            raise receiving.CaptureGone
        before.conversation = conversation
        return before
    if not are_allowed():
        raise NotTaken
    receiving.check_size(size, receiving.capture_limits())
    found = Capture.objects.filter(conversation=conversation).aggregate(
        last=Max("number"), many=Count("pk", filter=Q(sent_by__isnull=False))
    )
    if found["many"] >= values.get(definitions.HANDOUTS_MOST):
        raise TooMany
    return receiving.new_capture(
        conversation, public_id, size=size, name=name, number=(found["last"] or 0) + 1, sent_by=agent, title=title
    )


@transaction.atomic
def _announce(conversation_id: int, by: AbstractBaseUser, public_id: UUID) -> None:
    """Show the file to the person, and add a line to the thread."""
    conversation, _agent = lock_assigned(conversation_id, by)
    now = clock.now()
    rows = Capture.objects.filter(conversation=conversation, public_id=public_id, sent_by__isnull=False)
    whole = rows.filter(shown_at__isnull=True).exclude(state=CaptureState.ARRIVING)
    if whole.update(shown_at=now):
        familiar = form_of_address.speaks_tu(conversation.report)
        say_line(conversation, texts.HANDED_OVER, now=now, familiar=familiar)
        pubsub.message_posted(conversation.public_id, conversation.last_seq)


@transaction.atomic
def forget(conversation_id: int, public_id: UUID) -> None:
    """Erase a file that was begun and not sent."""
    rows = Capture.objects.filter(conversation=conversation_id, sent_by__isnull=False, shown_at__isnull=True)
    if rows.filter(public_id=public_id).exists():
        receiving.erase_capture(conversation_id=conversation_id, public_id=public_id, is_handout=True)


def take_back(*, conversation: Conversation, public_id: UUID) -> None:
    """Erase a file that the person has not seen; the line of the thread is kept. Raises CaptureSeen."""
    receiving.erase_capture(conversation_id=conversation.pk, public_id=public_id, is_handout=True)


# --- readings ---------------------------------------------------------------------------------------------------------


def of_agent(conversation: Conversation) -> list[queries.Seen]:
    """Return the files that were sent to the person, in order; at most `definitions.HANDOUTS_MOST`."""
    rows = Capture.objects.filter(conversation=conversation, sent_by__isnull=False, shown_at__isnull=False)
    return queries.open_rows(conversation, rows.order_by("number"))


def has_any(conversation: Conversation) -> bool:
    """Return whether a file was sent to the person, so that it can be part of their own copy."""
    return Capture.objects.filter(conversation=conversation, sent_by__isnull=False, shown_at__isnull=False).exists()


def of_person(conversation: Conversation) -> list[queries.Seen]:
    """Return the files for the person's page. Those that are drawn now count as seen, and cannot be taken back."""
    rows = Capture.objects.filter(conversation=conversation, sent_by__isnull=False, shown_at__isnull=False)
    rows.filter(read_at__isnull=True, state=CaptureState.DRAWN).update(read_at=clock.now())
    return of_agent(conversation)


@dataclass(frozen=True, slots=True)
class Page:
    """It is one drawing for the person's own copy: its size and digest, and its bytes, which are read piece by
    piece."""

    number: int  # the number of the page
    size: int
    sha256: str
    pieces: Iterator[bytes]


def drawn_pages(conversation: Conversation) -> dict[UUID, list[Page]]:
    """Return the drawings of each file, which are read once for their digests.

    Files that cannot be decrypted are left out. Raises StoreAway and KeysAway, so that nothing is left out that can be
    read later.
    """
    rows = Capture.objects.filter(conversation=conversation, sent_by__isnull=False, shown_at__isnull=False)
    found: dict[UUID, list[Page]] = {}
    for capture in rows.order_by("number").prefetch_related("drawings"):
        capture.conversation = conversation
        pages = []
        try:
            for drawing in capture.drawings.all():
                drawing.capture = capture
                digest = hashlib.sha256()
                for piece in queries.drawing_pieces(drawing):
                    digest.update(piece)
                pieces = queries.drawing_pieces(drawing)
                pages.append(Page(drawing.page, drawing.size, digest.hexdigest(), pieces))
        except KeysAway:
            raise
        except UnsealError:
            logger.error("captures: a document cannot be opened %s", conversation.public_id)
            continue
        found[capture.public_id] = pages
    return found


def one_of(conversation: Conversation, public_id: UUID, *, must_be_read: bool) -> Capture | None:
    """Return one of these files, for its drawing; None if there is none. must_be_read: only one the person has seen."""
    rows = Capture.objects.filter(conversation=conversation, sent_by__isnull=False, shown_at__isnull=False)
    capture = rows.filter(public_id=public_id).first()
    if capture is None or (must_be_read and capture.read_at is None):
        return None
    capture.conversation = conversation
    return capture
