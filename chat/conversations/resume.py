"""Lets a person leave in a hurry and come back by a code de reprise. See docs/adr/0010 and 0011."""

import hashlib
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from chat import pubsub
from chat.conversations import dispatcher, follow_up_code
from chat.conversations.follow_up_code import Replaced
from chat.messages.writing import say_line
from chat.models import Conversation, EventKind
from chat.rules import resume_words
from chat.rules.lifecycle import Status
from chat.texts import thread as thread_texts
from common import clock, slow_hashes
from common.service_settings import definitions, values
from reports.models import Report

RESUME_GRACE = timedelta(seconds=10)
BY_CODE = "code"  # how the history tells this way back from the others
MARK_BYTES = 16

HASHES_AT_ONCE = 2  # 32 MiB and a processor each
HASHES_IN_ALL = 4  # with those that wait for their turn: each holds a thread that serves pages
_places = threading.BoundedSemaphore(HASHES_IN_ALL)
_running = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Busy(Exception):
    """Too many codes are being made or tried in this process: come back in a few seconds."""


class ExchangeOver(Exception):
    """The exchange has ended: there is nothing to come back to."""


@dataclass(frozen=True)
class Code:
    """A code de reprise as it is shown, once: its words with a space between them, and its end.

    The words stay out of its repr: it may stand in an exception.
    """

    text: str = field(repr=False)
    until: datetime


# --- leaving and coming back ------------------------------------------------------------------------------------------


@transaction.atomic
def park_conversation(*, report: Report) -> None:
    """Tell the agent in plain words that the person left in a hurry; the place and the messages are kept."""
    now = clock.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).filter(report=report).first()
    if conversation is None or not conversation.is_open:
        return
    say_line(conversation, thread_texts.PARKED, now=now)
    conversation.record_event(EventKind.PARKED, at=now)
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    pubsub.state_changed(conversation.public_id)


@transaction.atomic
def revive_conversation(*, conversation_id: int) -> Conversation:
    """Put an abandoned conversation, whose person is here again, in its place in the queue; leave others unchanged."""
    now = clock.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    conversation.reporter_seen_at = now
    conversation.reporter_is_hidden = False
    conversation.save(update_fields=["reporter_seen_at", "reporter_is_hidden"])
    if conversation.status == Status.ABANDONED:
        conversation.status = Status.WAITING
        conversation.save(update_fields=["status"])
        conversation.record_event(EventKind.RESUMED, at=now)
        pubsub.state_changed(conversation.public_id)
        transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    return conversation


@transaction.atomic
def resume_conversation(*, conversation_id: int, mark: str = "") -> Conversation:
    """Come back with the code: the visit that was there before ends, on whatever device it is.

    mark: of the page that sent the code (`new_mark`), "" when it has none. The last use again, from the same page and
    within RESUME_GRACE, is the same one: a double click. Any other is somebody else's, however soon. What happened is
    written in the history, and in the thread while it is open, for both sides.
    """
    now = clock.now()
    conversation = revive_conversation(conversation_id=conversation_id)
    uses = conversation.events.filter(kind=EventKind.RESUMED, detail__startswith=BY_CODE)
    last = uses.order_by("-pk").first()
    detail = BY_CODE + (f" {_print_of(mark)}" if mark else "")
    again = bool(mark) and last is not None and last.detail == detail and last.at > now - RESUME_GRACE
    if not again:
        Report.objects.filter(pk=conversation.report_id).update(visit_generation=F("visit_generation") + 1)
        conversation.record_event(EventKind.RESUMED, at=now, detail=detail)
        # First: whoever sits at the device left behind is sent away before the line below, or an answer, reaches them.
        pubsub.state_changed(conversation.public_id)
        if conversation.is_open:
            say_line(conversation, thread_texts.CAME_BACK, now=now)
            pubsub.message_posted(conversation.public_id, conversation.last_seq)
    if conversation.status == Status.ACTIVE and conversation.assigned_to_id is not None:
        # Who comes back is not left to an agent who is gone: at their old place in the queue, without the worker.
        agent_id = conversation.assigned_to_id
        transaction.on_commit(lambda: _release_if_gone(agent_id))
    conversation.report.refresh_from_db(fields=["visit_generation"])
    return conversation


def _release_if_gone(agent_id: int) -> None:
    if dispatcher.release_long_gone(agent_id=agent_id):
        dispatcher.dispatch()


def new_mark() -> str:
    """Draw a mark that tells one page which asks for the code from all others. It is sent with its form only.

    Not the visit: its key changes with the first click, and a new device has no visit before it.
    """
    return secrets.token_urlsafe(MARK_BYTES)


def _print_of(mark: str) -> str:
    """Return what the history keeps of a mark."""
    return salted_hmac("pnav.chat.resume.mark", mark, algorithm="sha256").hexdigest()[:32]


# --- the code ---------------------------------------------------------------------------------------------------------


def issue_code(*, conversation_id: int) -> Code:
    """Make a new code de reprise; the one before no longer works. Only its slow hash is kept.

    Asked for twice at once, the later request wins, whichever is hashed first: it is the one whose page is shown.
    The code is good for `definitions.CODE_LIFE`, to the minute. Raises ExchangeOver, Replaced, Busy.
    """
    now = clock.now()
    until = (now + values.get_duration(definitions.CODE_LIFE)).replace(second=0, microsecond=0)
    words = draw_words()
    digest = slow_hash(words)  # outside any transaction: nobody waits for it
    mine = Conversation.objects.filter(pk=conversation_id)
    older = Q(resume_issued_at__isnull=True) | Q(resume_issued_at__lt=now)
    with transaction.atomic():
        is_mine = (
            mine.filter(older)
            .exclude(status=Status.CLOSED)
            .update(resume_digest=digest, resume_issued_at=now, resume_until=until)
        )
        if is_mine:
            follow_up_code.replace(conversation_id, digest, now)  # under the lock that the update took
    if is_mine:
        return Code(" ".join(words), until)
    raise ExchangeOver if mine.filter(status=Status.CLOSED).exists() else Replaced


def draw_words() -> list[str]:
    """Draw the words of a new code at random."""
    return secrets.SystemRandom().sample(resume_words.WORDS, resume_words.LENGTH)


def void_code(*, conversation_id: int) -> None:
    """Make the code given for this conversation, if there is one, work no longer; nothing of it is kept."""
    Conversation.objects.filter(pk=conversation_id).update(resume_digest=None, resume_issued_at=None, resume_until=None)
    follow_up_code.void(conversation_id)


def end_code(conversation: Conversation, now: datetime) -> None:
    """The exchange ends, and with it the code: what it opens from now on are the suites, if there are any."""
    follow_up_code.adopt_resume_code(conversation, now)
    Conversation.objects.filter(pk=conversation.pk).update(resume_digest=None, resume_issued_at=None, resume_until=None)


def forget_expired_codes(*, now: datetime) -> int:
    """Erase the hashes of the codes whose time is over; how many there were. They stopped working by themselves."""
    follow_up_code.forget_expired(now)
    return Conversation.objects.filter(resume_until__lte=now).update(
        resume_digest=None, resume_issued_at=None, resume_until=None
    )


def resume_by_code(*, words: Sequence[str], mark: str = "") -> Conversation | None:
    """Come back to the conversation of these words, or None: no such code, or it ended, in whatever way.

    mark: as of `resume_conversation`. The time it takes is that of the hash, whether there is such a code or not.
    Raises Busy.
    """
    return resume_by_digest(slow_hash(words), mark=mark)


def resume_by_digest(digest: bytes, *, mark: str = "") -> Conversation | None:
    """Resume a conversation by the hash of its words."""
    with transaction.atomic():
        # Under the lock: a code that is annulled, replaced or ended meanwhile opens nothing.
        found = (
            Conversation.objects.select_for_update(of=("self",))
            .filter(resume_digest=digest, resume_until__gt=clock.now())
            .first()
        )
        return None if found is None else resume_conversation(conversation_id=found.pk, mark=mark)


def slow_hash(words: Sequence[str]) -> bytes:
    """Hash a code as it is kept: 32 bytes of scrypt of its letters.

    scrypt (RFC 7914) with N = 2^15, r = 8, p = 3: 32 MiB of memory, about a third of a second of one processor, one of
    the settings that OWASP's Password Storage Cheat Sheet holds equivalent. More memory would let fewer people come
    back at once; less work is not needed by anybody, for a code is used a few times in its life.

    The salt is the same for every code, so that a unique index finds the row, and it is secret: derived from
    SECRET_KEY, which the database does not hold. A copy of the database alone can therefore not be guessed at, at any
    speed. With SECRET_KEY too, every guess costs a scrypt, and 2^50 of them are millions of years of a processor.
    Changing SECRET_KEY ends every code, as it ends every visit.

    The hash frees the interpreter's lock, but it fills memory: at most HASHES_AT_ONCE run in a process and at most
    HASHES_IN_ALL are there; one more raises Busy at once, and holds neither memory nor a thread.
    """
    secret = resume_words.letters("".join(words)).encode()
    salt = salted_hmac("pnav.chat.resume", "scrypt", algorithm="sha256").digest()
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        with _running:
            return slow_hashes.compute(
                hashlib.scrypt, secret, salt=salt, n=2**15, r=8, p=3, maxmem=64 * 2**20, dklen=32
            )
    finally:
        _places.release()
