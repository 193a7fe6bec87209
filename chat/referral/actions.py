"""Transmits a summary to a unit: asks the person, sends it, marks it read, proposes appointments, closes it.

Each act locks the conversation, moves one transmission by the rules of `chat.rules.referral`, stores the step, and
tells the person: by a line of Pnav's own while the exchange is open, and on « Suites » as long as it is kept. Nothing
is sent by e-mail (docs/adr/0045).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import translation

from chat import pubsub
from chat.captures.queries import AgreedCaptures
from chat.casework import proposals
from chat.casework.emergencies import open_one as open_emergency
from chat.casework.emergencies import past_emergencies
from chat.casework.lock import lock_assigned
from chat.conversations import follow_up_code
from chat.messages.writing import say_line
from chat.models import (
    Conversation,
    EventKind,
    Transmission,
    TransmissionStep,
    UnitAccount,
)
from chat.models.casework import draw_file_number, question_id
from chat.models.referral import TOWN_MAX
from chat.referral.queries import AgreedFacts, ShownReferral, show_referral, was_refused, words_of
from chat.rules.referral import RUNNING, Basis, Part, State, can_move, is_past, may_go_without
from chat.texts import thread as thread_texts
from common import clock
from common.texts.catalogue import Sentence
from locations.models import ReceptionPoint
from reports import form_of_address
from reports.audit import log as audit_log
from reports.models import AccessKind, Motive

# What of the words of a summary the person agreed to on their page: the facts and captures that it named beside it.
AGREED_WORDS = ("facts_count", "facts_until", "captures_until", "captures")


class NoAccount(Exception):
    """This unit has no open account, so nobody would read the summary."""


class NoSuchUnit(Exception):
    """There is no such point d'accueil."""


class AlreadyAsked(Exception):
    """Another summary of this conversation waits for the person's answer."""


class AlreadyRunning(Exception):
    """This unit already has a transmission of the same conversation that is not closed."""


class NotUrgent(Exception):
    """The exchange is not urgent enough to send a summary without the person's agreement."""


class Settled(Exception):
    """The transmission is in another state by now: answered, withdrawn, read or closed. Nothing was changed."""


class Unreadable(Exception):
    """The summary cannot be decrypted now, so nobody could have read what they agree to. Nothing was changed."""


class Older(Exception):
    """The page is out of date, because a step was made since it was shown. Nothing was changed."""


class Past(Exception):
    """The hour of the appointment has passed, so that nobody can say yes to it any more. Nothing was changed."""


# --- who can receive --------------------------------------------------------------------------------------------------


def has_account(point: ReceptionPoint | None) -> bool:
    """Return whether somebody of this unit can read a transmission: it has an active account without a temporary
    password."""
    return point is not None and point.pk in points_with_account([point.pk])


def points_with_account(point_ids: Sequence[int]) -> set[int]:
    """Return those of these points d'accueil for which `has_account` is true. One query."""
    rows = UnitAccount.objects.filter(point__in=point_ids, user__is_active=True, user__password_is_temporary=False)
    rows = rows.filter(user__role="unit")  # an account that got another role keeps its row, but reads nothing
    return {pk for pk in rows.values_list("point", flat=True) if pk is not None}


def may_be_sent_without(conversation: Conversation, *, is_any: bool = True) -> bool:
    """Return whether `send_without` is open to this conversation's agent. is_any: false where it is known that there
    was no emergency."""
    had_emergency = is_any and (open_emergency(conversation) is not None or bool(past_emergencies(conversation)))
    return may_go_without(urgency=conversation.urgency, had_emergency=had_emergency)


# --- the agent's part -----------------------------------------------------------------------------------------------


@transaction.atomic
def ask_consent(*, conversation_id: int, point_id: int, summary: str, by: AbstractBaseUser) -> Transmission:
    """Show the person the summary as it will be sent, on « Suites », and ask whether they agree.

    It is possible after the end of the exchange too, because the person can come back with a code, or still has the
    page. Raises NotYours, NoSuchUnit, NoAccount, AlreadyAsked, AlreadyRunning. Locks the conversation.
    """
    conversation, row, words = _new(conversation_id, point_id, by)
    row.state = State.ASKED
    row.seal({**words, "summary": summary})
    row.save(force_insert=True)
    familiar = form_of_address.speaks_tu(conversation.report)
    _step(row, State.ASKED, by, thread_texts.TRANSMISSION_ASKED, familiar=familiar, unit=words["unit"])
    return row


@transaction.atomic
def send_without(*, conversation_id: int, point_id: int, summary: str, why: str, by: AbstractBaseUser) -> Transmission:
    """Send a summary at once, in an emergency, without the person's agreement. The person is told.

    why: the reason, stored with the summary; ValueError when it is empty. A summary that waited for the person's answer
    is withdrawn. Where they had said no before, the summary keeps that, and person and unit read it. Raises NotUrgent,
    NotYours, NoSuchUnit, NoAccount, AlreadyRunning. Locks the conversation.
    """
    if not why:
        raise ValueError("Sending without agreement says why.")
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    if not may_be_sent_without(conversation):
        raise NotUrgent
    waiting = Transmission.objects.filter(conversation=conversation, state=State.ASKED).first()
    if waiting is not None:
        waiting.conversation = conversation
        _move(waiting, State.WITHDRAWN, Part.AGENT)
        _step(waiting, State.WITHDRAWN, by)
    conversation, row, words = _new(conversation_id, point_id, by)
    row.state, row.basis = State.SENT, Basis.URGENT
    row.sent_at, row.file_number = row.made_at, draw_file_number()
    is_against = was_refused(conversation)
    row.seal({**words, "summary": summary, "why": why, **({"was_refused": True} if is_against else {})})
    row.save(force_insert=True)
    text = thread_texts.TRANSMITTED_AGAINST_REFUSAL if is_against else thread_texts.TRANSMITTED_URGENT
    familiar = form_of_address.speaks_tu(conversation.report)
    _step(row, State.SENT, by, text, familiar=familiar, unit=words["unit"], number=row.file_number)
    _record_sending(row, by)
    return row


@transaction.atomic
def withdraw_transmission(*, conversation_id: int, public_id: UUID, by: AbstractBaseUser) -> None:
    """Withdraw a transmission that the person has not answered, or that the unit has not read.

    Raises NotYours, Settled. Locks the conversation.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    _withdraw(conversation, public_id, by)


@transaction.atomic
def withdraw_unread(*, transmission: Transmission, by: AbstractBaseUser) -> None:
    """Withdraw, as a supervisor, a transmission that the unit has not read, in place of its agent.

    transmission: obtained by `chat.supervision.unread_referrals`. Raises Settled. Locks the conversation.
    """
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=transmission.conversation_id)
    _withdraw(conversation, transmission.public_id, by)


def _withdraw(conversation: Conversation, public_id: UUID, by: AbstractBaseUser) -> None:
    row = _of_conversation(conversation, public_id)
    text = thread_texts.TRANSMISSION_TAKEN_BACK if row.state == State.ASKED else thread_texts.TRANSMISSION_WITHDRAWN
    _move(row, State.WITHDRAWN, Part.AGENT)
    _step(row, State.WITHDRAWN, by, text, unit=words_of(row).get("unit", ""))


def _new(
    conversation_id: int, point_id: int, by: AbstractBaseUser
) -> tuple[Conversation, Transmission, dict[str, Any]]:
    """Make a transmission without saving it. Return the locked conversation, the row, and the words about its unit.

    Raises NotYours, NoSuchUnit, NoAccount, AlreadyAsked, AlreadyRunning.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    point = ReceptionPoint.objects.filter(pk=point_id).first()
    if point is None:
        raise NoSuchUnit
    if not has_account(point):
        raise NoAccount
    rows = Transmission.objects.filter(conversation=conversation)
    if rows.filter(state=State.ASKED).exists():
        raise AlreadyAsked
    if rows.filter(point=point, state__in=RUNNING).exists():
        raise AlreadyRunning
    row = Transmission(conversation=conversation, point=point, made_at=clock.now(), made_by_id=by.pk)
    report = conversation.report
    row.town = (report.municipality.name if report.municipality is not None else report.postal_code)[:TOWN_MAX]
    row.facts, row.urgency = ",".join(report.facts), conversation.urgency
    words = {
        "unit": point.name,
        "address": point.address_lines,
        "telephone": point.telephone,
        "is_example": point.is_example,
    }
    return conversation, row, words


# --- the person's part ----------------------------------------------------------------------------------------------


@transaction.atomic
def answer_consent(
    *,
    conversation: Conversation,
    public_id: UUID,
    agrees: bool,
    facts: AgreedFacts | None = None,
    captures: AgreedCaptures | None = None,
) -> None:
    """Record the person's answer to the summary that they have read: yes sends it, no ends it.

    The caller has proven access. facts: facts that the page named beside the summary, which are sent with it; None when
    it named none. captures: those that the page named, which are sent with it too; None when it named none.
    The same answer sent twice counts once. Raises Settled when that summary no longer waits, so that an old page agrees
    to nothing else; and NoAccount when the unit can no longer receive it, or Unreadable, which leave it waiting. Locks
    the conversation.
    """
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    row = _of_conversation(conversation, public_id)
    agreed = _as_words(facts, captures) if agrees else {}
    if _is_answered_so(row, agreed if agrees else None):
        return
    if not agrees:
        _move(row, State.REFUSED, Part.PERSON)
        _step(row, State.REFUSED, None, thread_texts.TRANSMISSION_REFUSED)
        return
    if row.state == State.ASKED:
        if not has_account(row.point):
            raise NoAccount
        if row.point_id in _running_points(conversation):
            raise Settled
        words = words_of(row)
        if not words:
            raise Unreadable
        row.seal(words | agreed)
        row.save(update_fields=["sealed_words"])
    row.basis, row.sent_at, row.file_number = Basis.AGREED, clock.now(), draw_file_number()
    _move(row, State.SENT, Part.PERSON)
    _step(row, State.SENT, None, thread_texts.TRANSMITTED, unit=words_of(row).get("unit", ""), number=row.file_number)
    _record_sending(row, row.made_by)


def _as_words(facts: AgreedFacts | None, captures: AgreedCaptures | None) -> dict[str, Any]:
    """Return what goes along with a summary, as it is encrypted with it."""
    words = captures.as_words() if captures is not None else {"captures_until": ""}
    return words | (facts.as_words() if facts is not None else {})


def _is_answered_so(row: Transmission, agreed: dict[str, Any] | None) -> bool:
    """Return whether the person has given this answer already, as by a button that was pressed twice.

    agreed: what goes along with a summary to which they say yes; None for a no. A yes with which other facts or
    captures would go along is another answer.
    """
    if agreed is None:
        return row.state == State.REFUSED
    if row.state not in RUNNING or row.basis != Basis.AGREED:
        return False
    words = words_of(row)
    return bool(words) and all(words.get(name) == agreed.get(name) for name in AGREED_WORDS)


@transaction.atomic
def answer_meeting(*, conversation: Conversation, public_id: UUID, seen: int, agrees: bool, other: str = "") -> None:
    """Record the person's answer to the appointment that the unit proposed. The caller has proven access.

    seen: how many steps the page showed, so that an old page cannot answer a later appointment. other: with a refusal,
    another moment in the person's words. The same answer sent twice counts once. Raises Older, Settled; Past for a yes
    once the hour has passed, while a no is still taken; ValueError for another moment with a yes. Locks the
    conversation.
    """
    if agrees and other:
        raise ValueError("Another moment goes with a refusal.")
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    row = _of_conversation(conversation, public_id)
    after, count = State.ACCEPTED if agrees else State.DECLINED, row.steps.count()
    if count == seen + 1 and row.state == after and words_of(_last(row, after)).get("other", "") == other:
        return
    if count != seen:
        raise Settled if row.state == State.CLOSED else Older
    if agrees and row.state == State.MEETING and is_past(_last(row, State.MEETING).meets_at, clock.now()):
        raise Past
    _move(row, after, Part.PERSON)
    meeting = words_of(_last(row, State.MEETING))
    refused = thread_texts.MEETING_DECLINED_OTHER if other else thread_texts.MEETING_DECLINED
    text = thread_texts.MEETING_ACCEPTED if agrees else refused
    told = {"moment": meeting.get("moment", ""), "unit": words_of(row).get("unit", ""), "other": other}
    _step(row, after, None, text, words={"other": other} if other else {}, **told)


def _last(row: Transmission, state: State) -> TransmissionStep:
    """Return the last step of this state. The transmission must have been in it."""
    step = row.steps.filter(state=state).order_by("-number")[:1].get()
    step.transmission = row
    return step


def _running_points(conversation: Conversation) -> set[int | None]:
    return set(
        Transmission.objects.filter(conversation=conversation, state__in=RUNNING).values_list("point", flat=True)
    )


def _record_sending(row: Transmission, by: Any) -> None:
    audit_log.record(
        kind=AccessKind.TRANSMITTED,
        by=by,
        motive=Motive.FOLLOW_UP,
        subject=str(row.conversation.public_id),
        detail=f"to a unit, {row.basis}",
    )


# --- the unit's part ------------------------------------------------------------------------------------------------


@transaction.atomic
def mark_read(*, transmission: Transmission, by: AbstractBaseUser) -> None:
    """Mark a transmission as read (« Lu ») by the first member of the unit who opens it; later calls change nothing.

    transmission: obtained by `access.as_receiving_unit`. Raises Settled when it was withdrawn. Locks the conversation.
    """
    row = _lock_received(transmission)
    if row.state == State.SENT:
        _move(row, State.READ, Part.UNIT)
        _step(row, State.READ, by, thread_texts.TRANSMISSION_READ, unit=words_of(row).get("unit", ""))


@transaction.atomic
def read_summary(*, transmission: Transmission, by: AbstractBaseUser, detail: str = "") -> ShownReferral:
    """Return the summary for a member of its unit. Each reading leaves a line in the audit log.

    transmission: obtained by `access.as_receiving_unit`. detail: `for_the_person.CAPTURES` for the page of its
    captures. Raises Settled when it was withdrawn, or not marked as read.
    """
    row = _lock_received(transmission)
    if row.state == State.SENT:
        raise Settled
    summary = show_referral(row)
    audit_log.record(
        kind=AccessKind.TRANSMISSION,
        by=by,
        motive=Motive.FOLLOW_UP,
        subject=str(row.conversation.public_id),
        detail=detail,
    )
    return summary


@transaction.atomic
def record_dossier(*, transmission: Transmission, list_digest: str, by: AbstractBaseUser) -> None:
    """Write the line of a dossier that is about to be given as an archive, with the digest of the list of its files.

    transmission: obtained by `access.as_receiving_unit`. One line; it holds the tail of the register.
    """
    audit_log.record(
        kind=AccessKind.TRANSMISSION,
        by=by,
        motive=Motive.FOLLOW_UP,
        subject=str(transmission.conversation.public_id),
        detail=f"archive: dossier, sha256 {list_digest}",
    )


@transaction.atomic
def propose_meeting(
    *, transmission: Transmission, seen: int, meets_at: datetime, place: str, by: AbstractBaseUser
) -> None:
    """Propose an appointment at the unit to the person, with the data of its slip.

    meets_at: an aware datetime. place: where exactly; empty for the unit's address. seen: how many steps the page
    showed. Raises Older, Settled. Locks the conversation.
    """
    row = _lock_received(transmission, seen=seen)
    _move(row, State.MEETING, Part.UNIT)
    point = row.point
    with translation.override(row.conversation.report.language):
        unit = words_of(row)
        words = {
            "moment": proposals.moment_in_words(meets_at, point) if point is not None else "",
            "unit": unit.get("unit", ""),
            "place": place,
            "address": [place] if place else unit.get("address", []),
            "telephone": unit.get("telephone", ""),
            "hours": proposals.hours_told(point, " : ") if point is not None else [],
            "is_example": unit.get("is_example", False),
        }
    where = place or ", ".join(words["address"]) or words["unit"]
    told = {"unit": words["unit"], "moment": words["moment"], "place": where, "number": row.file_number}
    _step(row, State.MEETING, by, thread_texts.UNIT_MEETING, words=words, meets_at=meets_at, **told)


@transaction.atomic
def close_transmission(*, transmission: Transmission, seen: int, reason: str, by: AbstractBaseUser) -> None:
    """Close a transmission, with a reason that is written for the person. seen: see `propose_meeting`.

    Raises Older, Settled. Locks the conversation.
    """
    row = _lock_received(transmission, seen=seen)
    _move(row, State.CLOSED, Part.UNIT)
    unit = words_of(row).get("unit", "")
    _step(row, State.CLOSED, by, thread_texts.TRANSMISSION_CLOSED, words={"reason": reason}, reason=reason, unit=unit)


def _lock_received(transmission: Transmission, *, seen: int | None = None) -> Transmission:
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=transmission.conversation_id)
    row = _of_conversation(conversation, transmission.public_id)
    if row.state == State.WITHDRAWN or row.point_id != transmission.point_id:
        raise Settled
    if seen is not None and row.steps.count() != seen:
        raise Settled if row.state == State.CLOSED else Older
    return row


# --- all parts ------------------------------------------------------------------------------------------------------


def _of_conversation(conversation: Conversation, public_id: UUID) -> Transmission:
    """Return a transmission of a conversation that is locked. Raises Settled when there is no such one."""
    row = Transmission.objects.select_related("point").filter(conversation=conversation, public_id=public_id).first()
    if row is None:
        raise Settled
    row.conversation = conversation
    return row


def _move(row: Transmission, after: State, by: Part) -> None:
    """Move a transmission to another state, and save it. Raises Settled when this party may not make that move.

    The caller holds the lock of the conversation.
    """
    if not can_move(row.state, after, by):
        raise Settled
    row.state = after
    row.save(update_fields=["state", "basis", "sent_at", "file_number"])


# What these say names neither the unit nor anything else, so they are said in discreet mode too.
_NEUTRAL = (thread_texts.TRANSMISSION_REFUSED, thread_texts.TRANSMISSION_TAKEN_BACK)


def _in_discreet_mode(text: Sentence, state: State, told: dict[str, Any]) -> tuple[Sentence, dict[str, Any]]:
    """Return the line of a step, with its values, that names no unit, place, hour or reason: « Suites », which is
    folded, says these (docs/adr/0111)."""
    if text in _NEUTRAL:
        return text, {}
    if state == State.ASKED:
        return thread_texts.TRANSMISSION_ASKED_DISCREET, {"familiar": told.get("familiar", False)}
    return thread_texts.TRANSMISSION_STEP_DISCREET, {"step": state.label}


def _step(
    row: Transmission,
    state: State,
    by: AbstractBaseUser | None,
    text: Sentence | None = None,
    *,
    words: Mapping[str, Any] | None = None,
    meets_at: datetime | None = None,
    **told: Any,
) -> None:
    """Store a step with its words, and say it in the thread while the exchange is open.

    A valid code of the person lasts from now on as long as the conversation is kept. text, told: the line in the
    thread, and the values of its placeholders; None says nothing. Where somebody may see the person's screen, the line
    is that of `_in_discreet_mode`.
    """
    conversation, now = row.conversation, clock.now()
    step = TransmissionStep(
        transmission=row,
        number=row.steps.count() + 1,
        state=state,
        at=now,
        by_id=by.pk if by is not None else None,
        meets_at=meets_at,
    )
    step.seal(dict(words or {}))
    step.save(force_insert=True)
    conversation.record_event(EventKind.TRANSMISSION, at=now, by=by, detail=state)
    follow_up_code.lengthen(conversation, now)
    if text is not None and conversation.is_open:
        if conversation.report.discreet:
            text, told = _in_discreet_mode(text, state, told)
        # The UUID version of its client_id tells pages that more is to be shown beside this line (docs/adr/0042).
        say_line(conversation, text, now=now, client_id=question_id(), **told)
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
