"""Handles agents' requests for a talk (« Je souhaite débriefer »), which only the psychologist reads and answers.

On purpose no reading is recorded in the register, because it is read by the superiors, who must not know who has asked
(docs/adr/0040).
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from chat.models import Agent, Debrief, Meeting
from common import clock, encryption, plain_text
from common.choices import label_of
from common.encryption import UnsealError
from common.service_settings import definitions, values
from reports.audit import log as audit_log

logger = logging.getLogger(__name__)

MAX_WORDS = 1000
# The requests that their agents have not taken back (`Debrief.is_standing`).
STANDING = Q(withdrawn_at=None) | Q(asked_at__gt=F("withdrawn_at"))
# An answer is kept until the day after the meeting; a request that nobody answers does not stay.
KEPT_AFTER = timedelta(days=1)


class NotForYou(Exception):
    """This is not the account of a psychologist."""


class Gone(Exception):
    """The request was withdrawn, or its time is over."""


@dataclass(frozen=True, slots=True)
class Request:
    """It is a request as the psychologist reads it. words: None when they cannot be decrypted.

    is_withdrawn: the agent took it back after it was answered, so that the talk does not take place. is_asked_again:
    the agent did so and has asked again since, so that the talk of meet_at does not take place.
    """

    public_id: uuid.UUID
    name: str
    unit: str
    asked_at: datetime
    words: str | None
    meet_at: datetime | None
    meet_how: str
    is_withdrawn: bool
    is_asked_again: bool


def request_of(agent: Agent) -> Debrief | None:
    """Return this agent's own request, if there is one; its words are not decrypted."""
    return Debrief.objects.filter(STANDING, agent=agent, ends_at__gt=clock.now()).first()


def has_unread_answer(agent: Agent) -> bool:
    """Return whether the psychologist has answered this agent, who has not read it yet. One query, by the agent's
    key."""
    rows = Debrief.objects.filter(agent=agent, ends_at__gt=clock.now(), withdrawn_at=None)
    return rows.filter(meet_at__isnull=False, answer_seen_at=None).exists()


def note_answer_seen(shown: Debrief) -> None:
    """Note that the agent of this request has read its answer, if there is one that they had not read.

    shown: the request as it was drawn; an answer that came since is not noted, because they have not read it.
    """
    if shown.is_answered:
        rows = Debrief.objects.filter(pk=shown.pk, meet_at=shown.meet_at, meet_how=shown.meet_how, answer_seen_at=None)
        rows.update(answer_seen_at=clock.now())


@transaction.atomic
def ask_for_talk(*, agent: Agent, words: str) -> Debrief:
    """Ask for a talk; a second request replaces the first. words: at most MAX_WORDS, or none.

    An hour that was proposed for the first and is yet to come stays noted as one that does not take place, because the
    psychologist would wait. Locks the agent, so that two requests that are sent at once are one, then the former one.
    """
    now = clock.now()
    list(Agent.objects.filter(pk=agent.pk).select_for_update(no_key=True).values_list("pk"))
    former = Debrief.objects.select_for_update().filter(agent=agent).first()
    request = Debrief(agent=agent, asked_at=now, ends_at=now + values.get_duration(definitions.DEBRIEF_KEPT))
    if former is not None:
        if former.meet_at is not None and former.meet_at > now:
            request.meet_at, request.meet_how = former.meet_at, former.meet_how
            # Before asked_at in any case, as a request stands only then.
            request.withdrawn_at = min(former.withdrawn_at or now, now) - timedelta(microseconds=1)
        former.delete()
    request.sealed_words = encryption.seal(words[:MAX_WORDS], context=request.context)
    request.save()
    return request


@transaction.atomic
def withdraw_request(*, agent: Agent) -> bool:
    """Take this agent's request back, and return whether the psychologist reads that the talk does not take place.

    They do when they had proposed an hour that is yet to come. The request then stays without its words until the day
    after that hour. Any other is deleted completely; without a request this does nothing. Locks the request.
    """
    now = clock.now()
    row = Debrief.objects.select_for_update().filter(agent=agent).first()
    if row is None:
        return False
    if row.meet_at is None or row.meet_at <= now:
        row.delete()
        return False
    if row.is_standing:
        row.sealed_words, row.withdrawn_at = encryption.seal("", context=row.context), max(now, row.asked_at)
        row.ends_at = row.meet_at + KEPT_AFTER
        row.save(update_fields=["sealed_words", "withdrawn_at", "ends_at"])
    return True


def _require(user: Any) -> None:
    if not (user.is_authenticated and user.is_active and user.is_psychologist):
        raise NotForYou


def for_psychologist(user: Any) -> list[Request]:
    """Return all requests, unanswered ones first, the oldest first. Raises NotForYou."""
    _require(user)
    rows = Debrief.objects.filter(ends_at__gt=clock.now()).select_related("agent__unit", "agent__user")
    in_order = sorted(rows, key=lambda row: (row.is_answered or not row.is_standing, row.asked_at))
    return [_request(row) for row in in_order]


def _request(row: Debrief) -> Request:
    try:
        words: str | None = plain_text.plain(encryption.unseal(row.sealed_words, context=row.context))
    except UnsealError:
        logger.error("debrief cannot be opened %s", row.public_id)
        words = None
    return Request(
        public_id=row.public_id,
        name=plain_text.plain(row.agent.user.get_full_name()) or row.agent.shown_name,
        unit=row.agent.unit.name,
        asked_at=row.asked_at,
        words=words,
        meet_at=row.meet_at,
        meet_how=label_of(Meeting, row.meet_how),
        is_withdrawn=not row.is_standing,
        is_asked_again=row.withdrawn_at is not None and row.is_standing,
    )


@transaction.atomic
def answer_request(*, public_id: uuid.UUID, meet_at: datetime, meet_how: str, by: Any) -> None:
    """Answer with a time, which the agent reads in the console; it is deleted a day later. Raises NotForYou, Gone."""
    _require(by)
    row = _lock(public_id)
    if not row.is_standing:
        raise Gone
    row.meet_at, row.meet_how, row.ends_at = meet_at, meet_how, meet_at + KEPT_AFTER
    row.answer_seen_at = row.withdrawn_at = None
    row.save(update_fields=["meet_at", "meet_how", "ends_at", "answer_seen_at", "withdrawn_at"])


@transaction.atomic
def finish_request(*, public_id: uuid.UUID, by: Any) -> None:
    """Delete a request now, because they have talked, or for another reason. Raises NotForYou, Gone."""
    _require(by)
    _lock(public_id).delete()


def _lock(public_id: uuid.UUID) -> Debrief:
    row = Debrief.objects.select_for_update().filter(public_id=public_id, ends_at__gt=clock.now()).first()
    if row is None:
        raise Gone
    return row


@transaction.atomic
def forget_ended(now: datetime | None = None) -> int:
    """Delete the requests whose end has come; the register records how many, not whose."""
    count = Debrief.objects.filter(ends_at__lte=now or clock.now()).delete()[0]
    audit_log.record_removal(debriefs=count)
    return count
