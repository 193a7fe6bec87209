"""Lets a person leave in a hurry, and come back by a resume code (docs/adr/0010, 0011)."""

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

RESUME_GRACE = timedelta(seconds=10)  # within which a second use of a code by the same page is a double click
BY_CODE = "code"  # the detail by which the history tells this way of coming back from the others
MARK_BYTES = 16

HASHES_AT_ONCE = 2  # hashes that run at once in a process; each takes 32 MiB and a processor
HASHES_IN_ALL = 4  # those, and the ones that wait for their turn; each holds a thread that serves pages
_places = threading.BoundedSemaphore(HASHES_IN_ALL)
_running = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Busy(Exception):
    """Too many codes are being made or tried in this process. The person may try again in a few seconds."""


class ExchangeOver(Exception):
    """The exchange has ended, so that there is nothing to come back to."""


@dataclass(frozen=True)
class Code:
    """It is a resume code as it is shown, once.

    text: its words, with a space between them. until: when it expires. The words are left out of its repr, which may
    get into an exception.
    """

    text: str = field(repr=False)
    until: datetime


# --- leaving and coming back ------------------------------------------------------------------------------------------


@transaction.atomic
def park_conversation(*, report: Report) -> None:
    """Say in the thread that the person left in a hurry. The place and the messages are kept.

    Does nothing when the report has no open conversation. Locks the conversation.
    """
    now = clock.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).filter(report=report).first()
    if conversation is None or not conversation.is_open:
        return
    conversation.report = report  # of which the line needs the language
    say_line(conversation, thread_texts.PARKED, now=now)
    conversation.record_event(EventKind.PARKED, at=now)
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    pubsub.state_changed(conversation.public_id)


@transaction.atomic
def revive_conversation(*, conversation_id: int) -> Conversation:
    """Note that the person is present, and put an abandoned conversation back at its place in the queue.

    Locks the conversation.
    """
    now = clock.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    conversation.reporter_seen_at = now
    conversation.reporter_is_hidden = False
    if conversation.lookalike_asked_at is not None:
        conversation.lookalike_asked_at = now  # they have the whole time to answer, as in `actions.reporters_seen`
    conversation.save(update_fields=["reporter_seen_at", "reporter_is_hidden", "lookalike_asked_at"])
    if conversation.status == Status.ABANDONED:
        conversation.status = Status.WAITING
        conversation.save(update_fields=["status"])
        conversation.record_event(EventKind.RESUMED, at=now)
        pubsub.state_changed(conversation.public_id)
        transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    return conversation


@transaction.atomic
def resume_conversation(*, conversation_id: int, mark: str = "", is_watched: bool = False) -> Conversation:
    """Come back to a conversation by its code. The former visit ends, on whatever device it is.

    mark: that of the page that sent the code (`new_mark`); "" when it has none. A use that repeats the last one, from
    the same page and within RESUME_GRACE, is a double click and ends no visit. Any other use counts as somebody
    else's, however soon it comes. is_watched: whether the code was typed where somebody may see the screen. The return
    is recorded in the history, and said in the thread while that is open. Locks the conversation.
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
        # This comes first, so that the device that was left is sent away before it could get the line below or an
        # answer.
        pubsub.state_changed(conversation.public_id)
        if conversation.is_open:
            say_line(conversation, thread_texts.CAME_BACK, now=now)
            pubsub.message_posted(conversation.public_id, conversation.last_seq)
    if conversation.status == Status.ACTIVE and conversation.assigned_to_id is not None:
        # If the agent is gone, the person goes back to their old place in the queue without waiting for the worker.
        agent_id = conversation.assigned_to_id
        transaction.on_commit(lambda: _release_if_gone(agent_id))
    if is_watched:
        _note_watched(conversation)
    conversation.report.refresh_from_db(fields=["visit_generation", "discreet"])
    return conversation


def _note_watched(conversation: Conversation) -> None:
    """Put the report into discreet mode, so that whoever answers reads that the screen is watched. It is told once.

    The mode stays: nobody but the person could say that the screen is theirs alone again. One statement, and one more
    notification where it changes. The caller holds the lock of the conversation.
    """
    if Report.objects.filter(pk=conversation.report_id, discreet=False).update(discreet=True):
        pubsub.state_changed(conversation.public_id)  # the agent's page reads again what is known of the person


def _release_if_gone(agent_id: int) -> None:
    if dispatcher.release_long_gone(agent_id=agent_id):
        dispatcher.dispatch()


def new_mark() -> str:
    """Draw a random mark for one page that asks for a code, by which a double click is recognised.

    It is sent with the form of that page only. The key of the session could not serve for this: it changes with the
    first click, and a new device has no session before that.
    """
    return secrets.token_urlsafe(MARK_BYTES)


def _print_of(mark: str) -> str:
    """Return the hash of a mark that the history keeps."""
    return salted_hmac("pnav.chat.resume.mark", mark, algorithm="sha256").hexdigest()[:32]


# --- the code ---------------------------------------------------------------------------------------------------------


def issue_code(*, conversation_id: int) -> Code:
    """Make a new resume code; the former one stops working. Only a slow hash of it is stored.

    When it is asked for twice at once, the later request wins, whichever hash is ready first, because the browser shows
    the page of the later one. The code is valid for `definitions.CODE_LIFE`, rounded down to the minute. Raises
    ExchangeOver, Replaced (a later request won), Busy.
    """
    now = clock.now()
    until = (now + values.get_duration(definitions.CODE_LIFE)).replace(second=0, microsecond=0)
    words = draw_words()
    digest = slow_hash(words)  # outside any transaction, so that no lock is held meanwhile
    mine = Conversation.objects.filter(pk=conversation_id)
    older = Q(resume_issued_at__isnull=True) | Q(resume_issued_at__lt=now)
    with transaction.atomic():
        is_mine = (
            mine.filter(older)
            .exclude(status=Status.CLOSED)
            .update(resume_digest=digest, resume_issued_at=now, resume_until=until)
        )
        if is_mine:
            follow_up_code.replace(conversation_id, digest, now)  # under the row lock that the update took
    if is_mine:
        return Code(" ".join(words), until)
    raise ExchangeOver if mine.filter(status=Status.CLOSED).exists() else Replaced


def draw_words() -> list[str]:
    """Draw the words of a new code at random."""
    return secrets.SystemRandom().sample(resume_words.WORDS, resume_words.LENGTH)


def void_code(*, conversation_id: int) -> None:
    """Cancel the code of this conversation, if there is one, and erase what was stored of it."""
    Conversation.objects.filter(pk=conversation_id).update(resume_digest=None, resume_issued_at=None, resume_until=None)
    follow_up_code.void(conversation_id)


def end_code(conversation: Conversation, now: datetime) -> None:
    """End the resume code because the conversation ends. From now on it opens « Suites », for as long as it is valid.

    The caller holds the lock of the conversation.
    """
    follow_up_code.adopt_resume_code(conversation, now)
    Conversation.objects.filter(pk=conversation.pk).update(resume_digest=None, resume_issued_at=None, resume_until=None)


@transaction.atomic
def forget_expired_codes(*, now: datetime) -> int:
    """Erase the hashes of expired codes, and return how many. The codes had stopped working at that moment already.

    Locks the conversations, in the order of their keys, as batches of messages do, then the codes of « Suites ».
    """
    expired = Conversation.objects.filter(resume_until__lte=now).order_by("pk")
    keys = list(expired.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    erased = Conversation.objects.filter(pk__in=keys).update(
        resume_digest=None, resume_issued_at=None, resume_until=None
    )
    follow_up_code.forget_expired(now)
    return erased


def resume_by_code(*, words: Sequence[str], mark: str = "", is_watched: bool = False) -> Conversation | None:
    """Come back to the conversation of these words; None when there is no such code, or no longer.

    mark, is_watched: see `resume_conversation`. It takes the time of the slow hash whether such a code exists or not.
    Raises Busy.
    """
    return resume_by_digest(slow_hash(words), mark=mark, is_watched=is_watched)


def resume_by_digest(digest: bytes, *, mark: str = "", is_watched: bool = False) -> Conversation | None:
    """Do what `resume_by_code` does, by the hash of the words (`slow_hash`)."""
    with transaction.atomic():
        # The code is looked up under the lock: one that is cancelled, replaced or ended meanwhile opens nothing.
        found = (
            Conversation.objects.select_for_update(of=("self",))
            .filter(resume_digest=digest, resume_until__gt=clock.now())
            .first()
        )
        if found is None:
            return None
        return resume_conversation(conversation_id=found.pk, mark=mark, is_watched=is_watched)


def slow_hash(words: Sequence[str]) -> bytes:
    """Hash a code as it is stored: 32 bytes of scrypt of its letters. Raises Busy.

    scrypt (RFC 7914) runs with N = 2^15, r = 8, p = 3. That takes 32 MiB of memory and about a third of a second of one
    processor, and is one of the settings that OWASP's Password Storage Cheat Sheet holds equivalent. With more memory
    fewer people could come back at once. Less work is not needed, because a code is used only a few times.

    The salt is the same for every code, so that a unique index finds the row. It is secret: it is derived from
    SECRET_KEY, which the database does not hold. With a copy of the database alone, codes can therefore not be guessed
    at any speed. With SECRET_KEY as well, every guess costs one scrypt, and 2^50 of them are millions of years of a
    processor. Changing SECRET_KEY ends every code, as it ends every visit.

    The hash releases the interpreter's lock, but it fills memory. So at most HASHES_AT_ONCE run in a process, and at
    most HASHES_IN_ALL run or wait; one more raises Busy at once, and holds neither memory nor a thread.
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
