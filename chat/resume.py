"""Leaving in a hurry and coming back: the code de reprise."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from chat import doorbell, queue
from chat.lifecycle import Status
from chat.models import Conversation, EventKind
from chat.writing import say
from reports.models import Report

# Without letters and digits that are taken for one another (Crockford's base 32): 12 of them hold 60 bits.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12
RESUME_GRACE = timedelta(seconds=10)


@transaction.atomic
def park_conversation(*, report: Report) -> None:
    """The person left in a hurry: tell the agent in plain words; the place and the messages are kept."""
    now = timezone.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).filter(report=report).first()
    if conversation is None or not conversation.is_open:
        return
    say(conversation, _("Départ rapide du site. Un retour est possible avec le code de reprise."), now=now)
    conversation.events.create(kind=EventKind.PARKED, at=now)
    doorbell.message_posted(conversation.public_id, conversation.last_seq)
    doorbell.state_changed(conversation.public_id)


@transaction.atomic
def revive_conversation(*, conversation_id: int) -> Conversation:
    """The person is here again: an abandoned conversation takes its place in the queue again, others are unchanged."""
    now = timezone.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    conversation.reporter_seen_at = now
    conversation.save(update_fields=["reporter_seen_at"])
    if conversation.status == Status.ABANDONED:
        conversation.status = Status.WAITING
        conversation.save(update_fields=["status"])
        conversation.events.create(kind=EventKind.RESUMED, at=now)
        doorbell.state_changed(conversation.public_id)
        transaction.on_commit(lambda: queue.dispatch())
    return conversation


@transaction.atomic
def resume_conversation(*, conversation_id: int) -> Conversation:
    """Come back with the code: the visit that was there before ends, on whatever device it is.

    A second use within RESUME_GRACE is the same one (a double click). What happened is written in the history, and in
    the thread while it is open, for both sides.
    """
    now = timezone.now()
    conversation = revive_conversation(conversation_id=conversation_id)
    again = conversation.events.filter(kind=EventKind.RESUMED, detail="code", at__gt=now - RESUME_GRACE).exists()
    if not again:
        Report.objects.filter(pk=conversation.report_id).update(visit_generation=F("visit_generation") + 1)
        conversation.events.create(kind=EventKind.RESUMED, at=now, detail="code")
        if conversation.is_open:
            say(conversation, _("Retour avec le code de reprise. La visite d'avant est fermée."), now=now)
            doorbell.message_posted(conversation.public_id, conversation.last_seq)
    conversation.report.refresh_from_db(fields=["visit_generation"])
    return conversation


def normalise_code(text: str) -> str:
    """A code as typed, to its letters: spaces and hyphens go, O is 0, I and L are 1."""
    letters = "".join(text.upper().split()).replace("-", "")
    return letters.translate(str.maketrans("OIL", "011"))


def _code_digest(code: str) -> bytes:
    return salted_hmac("pnav.chat.resume", code, secret=settings.SECRET_KEY, algorithm="sha256").digest()


@transaction.atomic
def issue_code(*, conversation_id: int) -> str:
    """Make a new code de reprise and return it; the one before no longer works. Only its keyed hash is kept."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _letter in range(CODE_LENGTH))
    Conversation.objects.filter(pk=conversation_id).update(resume_digest=_code_digest(code))
    return "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def void_code(*, conversation_id: int) -> None:
    """The code given for this conversation, if there is one, no longer works; nothing of it is kept."""
    Conversation.objects.filter(pk=conversation_id).update(resume_digest=None)


def is_code(text: str) -> bool:
    """Whether a text as typed can be a code at all."""
    code = normalise_code(text)
    return len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET)


def find_by_code(text: str) -> Conversation | None:
    """The conversation of a code as typed, or None. Guessing is hopeless: 2^60 codes for a few thousand rows."""
    code = normalise_code(text)
    if not is_code(text):
        return None
    return Conversation.objects.select_related("report").filter(resume_digest=_code_digest(code)).first()
