"""This module draws each original in a child process and encrypts the drawings, in the worker.

A worker handles one capture at a time, in a separate thread, so that a large file never delays the queue of people.
Several workers share the captures (`claimed_at`).
"""

import hashlib
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, close_old_connections, transaction
from django.db.models import Case, OuterRef, Q, Subquery, When
from django.db.models.functions import Greatest
from psycopg_pool import PoolTimeout

from chat import pubsub
from chat.captures import queries, receiving, store
from chat.models import Capture, CaptureDrawing, CaptureState
from chat.rules.capture_kinds import HEAD_BYTES, kind_of
from common import clock
from common.data_keys.keys import KeysAway
from common.encryption import UnsealError
from common.offload import pool
from common.sealed_files.chunks import Sealer, in_chunks

logger = logging.getLogger(__name__)

JOB = "common.offload.drawing"
MIB = 1024 * 1024
# An image of 60 million pixels takes 240 MB decoded, and is in memory twice while it is made smaller.
MEMORY = 1024 * MIB
CLAIM = timedelta(minutes=5)  # after this time another worker may take a capture whose worker was killed
PAGES_MOST, WEBP_SIDE = 20, 16_383  # limits of what a child may return (`common.offload.drawing`, RFC 9649)
# After a child was killed or used up its processor time; not after it needed too much memory. « illisible » is final,
# and must say something of the file (docs/adr/0122). So a machine that is too slow costs no attempt, and those before
# count no more: a worker that is started again leaves one behind, and on such a machine these add up.
ATTEMPTS_MOST = 3
# Tries that were « slow » have a count of their own, in the sealed words, and follow each other after CLAIM, then twice
# as long each time up to SLOW_PAUSE_MOST. SLOW_OFTEN of them take 14 hours at least, and 6 minutes of the processor at
# most, because a child that has used 15 s of it ends with « time ». From then on there is one every RARE_PAUSE, until
# the capture is drawn or erased: a minute of the processor a day at most. From `queries.LATE_TRIES` on pages say that
# this machine had no time for it yet.
SLOW_OFTEN = 24
SLOW_PAUSE_MOST, RARE_PAUSE = timedelta(minutes=40), timedelta(hours=6)
# Captures that were tried before come after those that were not, but first in one turn of so many.
AGAIN_EVERY = 4
# From its second try on a capture gets a higher priority and more time; not for having waited, because then each file
# of a crowd would get it. At the lowest priority, beside one core that pages (5) fill, a child gets 1.3 s of processor
# within `pool.WALL_SECONDS`; at 10 within LATE_SECONDS 28 s.
LATE_NICENESS, LATE_SECONDS = 10, 120.0
PAUSE_SECONDS = 1.0
SWEEP_SECONDS = 60 * 60


def draw_next(*, again_first: bool = False) -> bool:
    """Draw the next capture, taking exchanges in turn. Return False when none waits. again_first: as in `_claim`.

    There are two transactions on its row. Between them, outside of any transaction, its chunks are read twice, a child
    runs within the limits of `common.offload`, and one object is stored for each chunk of the drawings.
    """
    capture = _claim(again_first=again_first)
    if capture is None:
        return False
    try:
        _draw(capture)
    except (store.StoreAway, KeysAway):  # it is tried again after CLAIM
        Capture.objects.filter(pk=capture.pk).update(attempts=capture.attempts - 1)
    return True


def _draw(capture: Capture) -> None:
    """Read the whole original, which verifies it and gives its digest, then have it drawn."""
    try:
        told = _read_through(capture)
    except KeysAway:
        raise
    except UnsealError:  # the capture was altered in the store, or its key is gone
        logger.error("captures: one does not open %s", capture.conversation.public_id)
        _finish(capture, {}, [])
        return
    drawings: list[CaptureDrawing] = []
    try:
        if capture.attempts > ATTEMPTS_MOST:  # each worker that took it was killed
            raise pool.Failed("killed")
        drawings, told["more"] = _ask_child(capture, told["kind"])
    except pool.NotDone as error:
        logger.warning("captures: one was not drawn (%s)", error.why)
        if error.why == "busy":  # no child was started; it is tried again after CLAIM
            Capture.objects.filter(pk=capture.pk).update(attempts=0)
            return
        if error.why == "slow":
            if _put_off(capture, told):
                return
        elif error.why != "memory" and capture.attempts < ATTEMPTS_MOST:
            return
    except NotADrawing:
        logger.error("captures: a child gave what is no drawing %s", capture.conversation.public_id)
    _finish(capture, told, drawings)


@transaction.atomic
def _put_off(capture: Capture, told: dict[str, Any]) -> bool:
    """Count one more try for which the machine was too slow, and put off the next one. Raises KeysAway.

    It is put off by moving `claimed_at` into the future, if it shall come later than after CLAIM. told: what was read
    of the original, stored meanwhile. Returns whether there will be a next one: not of a capture that was erased
    meanwhile, or whose words do not open.
    """
    row = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk, state=CaptureState.RECEIVED).first()
    if row is None:
        return False
    row.conversation = capture.conversation
    try:
        count = int(row.words.get("slow", 0)) + 1
        row.seal(row.words | told | {"slow": count})
    except KeysAway:
        raise
    except UnsealError:
        return False
    pause = RARE_PAUSE if count >= SLOW_OFTEN else min(CLAIM * 2 ** (count - 1), SLOW_PAUSE_MOST)
    row.attempts, row.claimed_at = 0, clock.now() + pause - CLAIM
    row.save(update_fields=["sealed_words", "attempts", "claimed_at"])
    return True


@transaction.atomic
def _claim(*, again_first: bool = False) -> Capture | None:
    """Claim the capture that has waited longest, and return it; None when none waits.

    The wait counts from its arrival, or from when the last one of the same exchange was claimed, if that is later. So
    somebody who sends twenty large files delays another person by one of them, and later arrivals cannot postpone a
    second file for ever. One that is put off (`_put_off`) puts off no other of its exchange.

    One that was tried before comes after those that were not, or first with again_first. Otherwise twenty that were
    put off and are due together, as after a pause of the worker, would all come before another person's new one. One
    statement, which reads the captures of each waiting exchange and changes one row.
    """
    now = clock.now()
    rows = Capture.objects.select_for_update(of=("self",), skip_locked=True).select_related("conversation")
    free = rows.filter(Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM), state=CaptureState.RECEIVED)
    taken = Capture.objects.filter(conversation=OuterRef("conversation"), claimed_at__lte=now)
    latest = Subquery(taken.order_by("-claimed_at").values("claimed_at")[:1])
    since = Greatest("received_at", latest)  # PostgreSQL's function ignores NULL
    rank = Case(When(claimed_at__isnull=again_first, then=1), default=0)
    capture = free.annotate(since=since, rank=rank).order_by("rank", "since", "received_at").first()
    if capture is None:
        return None
    capture.is_tried_again = capture.claimed_at is not None
    capture.claimed_at, capture.attempts = now, capture.attempts + 1
    capture.save(update_fields=["claimed_at", "attempts"])
    return capture


def _read_through(capture: Capture) -> dict[str, Any]:
    """Return the kind of file by its bytes, and their SHA-256. Raises StoreAway, UnsealError."""
    digest, kind = hashlib.sha256(), None
    for piece in queries.read_original(capture):
        kind = kind or kind_of(piece[:HEAD_BYTES])
        digest.update(piece)
    return {"sha256": digest.hexdigest(), "kind": str(kind or "")}


class NotADrawing(Exception):
    """The child's answer is not what was asked for. It has read an uploaded file, and is not trusted."""


def _ask_child(capture: Capture, kind: str) -> tuple[list[CaptureDrawing], bool]:
    """Have a capture drawn, and store the encrypted drawings.

    Returns their rows, [] for an unreadable file, and whether there are pages that were not drawn. Raises NotDone,
    NotADrawing, StoreAway.
    """
    original = queries.read_original(capture)
    first_try, later = (pool.LOWEST_NICENESS, pool.WALL_SECONDS), (LATE_NICENESS, LATE_SECONDS)
    niceness, seconds = later if capture.is_tried_again else first_try
    told, content = pool.run(JOB, {"kind": kind}, content=original, memory=MEMORY, niceness=niceness, seconds=seconds)
    try:
        is_readable, more = bool(told["is_readable"]), bool(told["more"])
        pages = [(int(one["size"]), int(one["width"]), int(one["height"])) for one in told["pages"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotADrawing from error
    if not is_readable:
        return [], False
    if len(pages) > PAGES_MOST or sum(size for size, _width, _height in pages) != len(content):
        raise NotADrawing
    start, clear, whole = 0, [], memoryview(content)  # all pages are in memory once, 24 MiB at most
    for size, width, height in pages:
        clear.append(whole[start : start + size])
        start += size
        if not _is_webp(clear[-1]) or not (0 < width <= WEBP_SIDE and 0 < height <= WEBP_SIDE):
            raise NotADrawing
    return seal_drawings(capture, [(one, *page[1:]) for one, page in zip(clear, pages, strict=True)]), more


def seal_drawings(capture: Capture, pages: Sequence[tuple[bytes | memoryview, int, int]]) -> list[CaptureDrawing]:
    """Store each of these pages (WebP, width, height) as a file, and return unsaved rows. Raises StoreAway."""
    key, drawings = receiving.key_of(capture), []
    for number, (clear, width, height) in enumerate(pages, 1):
        drawing = CaptureDrawing(capture=capture, page=number, size=len(clear), width=width, height=height)
        sealer = Sealer(key, drawing.file_context, drawing.size)
        drawing.tokens = store.write_file(sealer, capture.store_id, number, in_chunks([clear]))
        drawings.append(drawing)
    return drawings


def _is_webp(content: bytes | memoryview) -> bool:
    """Return whether these bytes are one WebP file with nothing after it, by the size that it states (RFC 9649)."""
    size = int.from_bytes(content[4:8], "little") + 8
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) in {size, size + size % 2}


@transaction.atomic
def _finish(capture: Capture, told: dict[str, Any], drawings: list[CaptureDrawing]) -> None:
    """Store the result in one transaction. Nothing is stored for a capture that was erased meanwhile.

    `store.sweep` then finds its drawings.
    """
    row = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk, state=CaptureState.RECEIVED).first()
    if row is None:
        store.erase_after_commit([] if Capture.objects.filter(pk=capture.pk).exists() else [capture.store_id])
        return
    row.conversation = capture.conversation
    row.state = CaptureState.DRAWN if drawings else CaptureState.UNREADABLE
    try:
        row.seal(row.words | told)
    except KeysAway:
        raise
    except UnsealError:
        logger.error("captures: the words of one do not open %s", capture.conversation.public_id)
    row.save(update_fields=["state", "sealed_words"])
    CaptureDrawing.objects.bulk_create(drawings)
    if row.shown_at is not None:
        pubsub.state_changed(row.conversation.public_id)


class Turns(threading.Thread):
    """It is the worker's thread that draws, erases and sweeps until it is stopped. No error ends it.

    It is separate from the ticks, so that neither a large file nor a slow store delays anybody's turn in the queue.
    told: called after each turn, with whether it had no error.
    """

    def __init__(self, stop: threading.Event, told: Callable[[bool], object]) -> None:
        super().__init__(name="captures", daemon=True)
        self._stop_event, self._told = stop, told
        self._sweep_at = time.monotonic()
        self._turns = itertools.count(1)

    def run(self) -> None:
        """Take one turn after another until the thread is stopped, with a pause when there is nothing to do."""
        # It stays when the thread ends: what a last tick deletes is left to `store.sweep`, and delays no end.
        store.later = queue.SimpleQueue()
        while not self._stop_event.is_set():
            if not self._turn():
                self._stop_event.wait(PAUSE_SECONDS)

    def _turn(self) -> bool:
        """Take a turn, and return whether the next one follows at once. An error ends one step, one of the database the
        turn; a pause follows both."""
        is_busy, is_well = False, True
        close_old_connections()
        try:
            for step in (self._sweep, self._draw, store.erase_some):
                try:
                    is_busy |= bool(step())
                except (DatabaseError, InterfaceError, PoolTimeout) as error:
                    logger.warning("captures: the database does not answer (%s)", type(error).__name__)
                    is_well = False
                    break
                except Exception as error:  # noqa: BLE001  after any error the next step is taken
                    logger.error("captures: an error in a turn; the next ones go on (%s)", type(error).__name__)
                    is_well = False
        finally:
            close_old_connections()
        self._told(is_well)
        return is_busy and is_well

    def _sweep(self) -> None:
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            store.sweep(clock.now())

    def _draw(self) -> bool:
        return draw_next(again_first=next(self._turns) % AGAIN_EVERY == 0)
