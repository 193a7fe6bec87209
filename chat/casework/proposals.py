"""Proposals of an agent to the person, with ready answers: question, partner, complaint, appointment, removal kit.

A proposal is one message, and so is its answer: an ordinary message that the person sends by a button, or in their own
words (docs/adr/0042). Pages need nothing else, so that an old page, or one without scripts, loses nothing.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat import pubsub
from chat.casework.lock import lock_assigned
from chat.messages import writing
from chat.models import Agent, Conversation, EventKind
from chat.models.casework import Proposal, ProposalKind, Said, draw_file_number
from chat.rules.lifecycle import Author, Status
from chat.rules.referral import is_past
from chat.texts import forms as form_texts
from chat.texts import pages as page_texts
from chat.texts import thread as thread_texts
from common import clock, dates, plain_text
from common.choices import label_of
from common.encryption import UnsealError
from common.texts.catalogue import Sentence
from locations import hours
from locations.models import Partner, ReceptionPoint
from locations.partners import partners_near
from reports import form_of_address
from reports.models import ReporterRole
from triage.questionnaire.questions import Text

logger = logging.getLogger(__name__)

YES, NO, LATER = form_texts.YES.later(), form_texts.NO.later(), form_texts.LATER.later()
AT_MOST = 3  # the most ready answers that a question has


@dataclass(frozen=True, slots=True)
class RoleWords:
    """These are the words of « propose a complaint » for one role of the person, who may not be the one to file it.

    at, anywhere: what is said when the unit is known, and when it is not. does: the act, as the agent reads it.
    title, asks: what was proposed instead of a complaint, in words and as a code; both empty for a complaint.
    """

    at: Sentence
    anywhere: Sentence
    does: Promise
    title: Promise | str = ""
    asks: str = ""


_ACCOMPANIES = gettext_lazy("propose d'accompagner une plainte"), gettext_lazy("Accompagner une plainte"), "support"
COMPLAINT_BY_ROLE: Mapping[str, RoleWords] = {
    ReporterRole.VICTIM: RoleWords(
        thread_texts.COMPLAINT_AT, thread_texts.COMPLAINT_ANYWHERE, gettext_lazy("propose de porter plainte")
    ),
    ReporterRole.WITNESS: RoleWords(
        thread_texts.TESTIMONY_AT,
        thread_texts.TESTIMONY_ANYWHERE,
        gettext_lazy("propose de témoigner"),
        gettext_lazy("Témoignage"),
        "testimony",
    ),
    ReporterRole.RELATIVE: RoleWords(thread_texts.ACCOMPANY_AT, thread_texts.ACCOMPANY_ANYWHERE, *_ACCOMPANIES),
    ReporterRole.PROFESSIONAL: RoleWords(thread_texts.DUTIES_AT, thread_texts.DUTIES_ANYWHERE, *_ACCOMPANIES),
}
SHOWN = 30
# Where somebody may see the screen, the thread says one of these in place of what is proposed. The whole is read on a
# page that is folded: an appointment on « Mon rendez-vous », the others on « Suites » (`read_on_follow_up`).
IN_DISCREET_MODE: Mapping[str, Sentence] = {
    ProposalKind.PARTNER: thread_texts.PROPOSED_DISCREET,
    ProposalKind.COMPLAINT: thread_texts.PROPOSED_DISCREET,
    ProposalKind.REMOVAL: thread_texts.PROPOSED_DISCREET,
    ProposalKind.APPOINTMENT: thread_texts.MEETING_PROPOSED_DISCREET,
}
ON_FOLLOW_UP = (ProposalKind.PARTNER, ProposalKind.COMPLAINT, ProposalKind.REMOVAL)


class NoUnit(Exception):
    """No point d'accueil is known for this person."""


class UnitChanged(Exception):
    """The person has another point d'accueil than the one with which the hour was agreed."""


class NoSuchPartner(Exception):
    """This is neither a partner of the person's place nor a national one."""


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """It is a proposal as its agent reads it.

    answer: in words; empty while there is none. by_button: whether the person gave it themselves, rather than its agent
    noting it. asks: the kind of the proposal, or what was proposed instead of a complaint (`RoleWords.asks`). is_late:
    the button's answer to an appointment came once its hour had passed, so that it agrees to nothing.
    """

    proposal: Proposal
    title: str
    text: str
    answer: str
    by_button: bool
    asks: str
    is_late: bool

    @property
    def is_answered(self) -> bool:
        """Return whether the person answered, by a button or in the exchange."""
        return bool(self.answer)

    @property
    def is_agreed(self) -> bool:
        """Return whether the person said yes, by the first button or in the exchange, and in time (`is_late`).

        What they answered themselves counts, also when its agent had noted something else before.
        """
        return self._says_yes and not self.is_late

    @property
    def is_refused(self) -> bool:
        """Return whether there is an answer, and it is no yes."""
        return self.is_answered and not self._says_yes

    @property
    def _says_yes(self) -> bool:
        if self.by_button:
            return self.answer == self.proposal_answers[0]
        return self.proposal.said == Said.YES

    @property
    def proposal_answers(self) -> list[str]:
        """Return the ready answers of the proposal; one empty text when it has none."""
        return _answers_of(_words(self.proposal)) or [""]


@dataclass(frozen=True, slots=True)
class Question:
    """It is a question with ready answers that the person's page shows below the thread.

    seq: the number of the message that asks. answer_id: the client_id of the message that answers. ends_in: in seconds,
    how long an appointment can still be answered; None for any other question. is_past: its hour has passed, so that it
    has no ready answers any more, and the page says why.
    """

    seq: int
    answer_id: str
    answers: list[str]
    ends_in: int | None = None
    is_past: bool = False


# --- what can be proposed -------------------------------------------------------------------------------------------


def partners_of(conversation: Conversation) -> list[Partner]:
    """Return the partners of the person's place, then the national ones."""
    municipality = conversation.report.municipality
    if municipality is None:
        return list(Partner.objects.filter(kind=Partner.Kind.NATIONAL).order_by("key").defer("hours_note"))
    near = partners_near(municipality)
    return [partner for group in near.groups for partner, _kilometres in group.partners] + near.national


def complaint_words(role: str) -> RoleWords:
    """Return the words of « propose a complaint » for this role; for an unknown role those for a victim."""
    return COMPLAINT_BY_ROLE.get(role, COMPLAINT_BY_ROLE[ReporterRole.VICTIM])


# --- reading --------------------------------------------------------------------------------------------------------


def _words(proposal: Proposal) -> dict[str, Any]:
    try:
        return proposal.words
    except UnsealError:
        logger.error("proposal cannot be opened %s", proposal.conversation.public_id)
        return {}


def _answers_of(words: dict[str, Any]) -> list[str]:
    """Return the ready answers as they are shown, so that whoever presses one says exactly what they read."""
    return [plain_text.plain(answer) for answer in words.get("answers") or ()]


def _answers(conversation: Conversation, rows: Sequence[Proposal]) -> dict[Any, tuple[str, datetime]]:
    """Return the text that the person wrote as the answer to each, and when, by its answer_id."""
    messages = conversation.messages.filter(author=Author.REPORTER, client_id__in=[row.answer_id for row in rows])
    found = {}
    for message in messages:
        message.conversation = conversation
        found[message.client_id] = (message.shown, message.sent_at)
    return found


def proposals_of(conversation: Conversation) -> list[ShownProposal]:
    """Return the last SHOWN proposals of a conversation, the newest first. The caller has proven access."""
    rows = list(Proposal.objects.filter(conversation=conversation).order_by("-made_at", "-pk")[:SHOWN])
    for row in rows:
        row.conversation = conversation
    answers = _answers(conversation, rows) if rows else {}
    shown = []
    for row in rows:
        words = _words(row)
        heard = label_of(Said, row.said)
        written, written_at = answers.get(row.answer_id, ("", row.made_at))
        shown.append(
            ShownProposal(
                proposal=row,
                title=plain_text.plain(words.get("title") or label_of(ProposalKind, row.kind)),
                text=plain_text.plain(words.get("text", "")),
                answer=written or heard,
                by_button=bool(written),
                asks=words.get("asks") or row.kind,
                is_late=bool(written) and is_past(row.meets_at, written_at),
            )
        )
    return shown


def read_on_follow_up(conversation: Conversation) -> list[tuple[str, str, bool]]:
    """Return the proposals that the person reads on « Suites », the newest first; none outside of discreet mode, where
    the thread says them.

    Each is its text, its answer, and whether it is the one that the buttons under the messages answer.
    """
    if not conversation.report.discreet:
        return []
    asked = open_question(conversation)
    return [
        (one.text, one.answer, asked is not None and asked.answer_id == str(one.proposal.answer_id))
        for one in proposals_of(conversation)
        if one.proposal.kind in ON_FOLLOW_UP
    ]


def open_question(conversation: Conversation) -> Question | None:
    """Return the last proposal as a question, if it waits for its answer and the conversation is under way.

    An appointment has no ready answers any more once its hour has passed (`Question.is_past`): the person writes.
    """
    if conversation.status != Status.ACTIVE:
        return None
    row = Proposal.objects.filter(conversation=conversation).order_by("-made_at", "-pk").first()
    if row is None or row.said:
        return None
    row.conversation = conversation
    if _answers(conversation, [row]):
        return None
    now = timezone.now()
    if is_past(row.meets_at, now):
        return Question(0, "", [], is_past=True)
    answers = _answers_of(_words(row))
    seq = conversation.messages.filter(client_id=row.asked_id).values_list("seq", flat=True).first()
    ends_in = None if row.meets_at is None else math.ceil((row.meets_at - now).total_seconds())
    return Question(seq or 0, str(row.answer_id), answers, ends_in) if answers else None


def is_too_late(conversation: Conversation, client_id: Any) -> bool:
    """Return whether a message of this name would answer an appointment whose hour has passed.

    False for an answer that was given in time and comes again. One query, by a unique key, and two for a late answer.
    """
    rows = Proposal.objects.filter(conversation=conversation, answer_id=client_id, meets_at__lte=timezone.now())
    row = rows.first()
    return row is not None and not _answers(conversation, [row])


def appointment_of(conversation: Conversation) -> tuple[Proposal, dict[str, Any]] | None:
    """Return the last appointment, with its words, for the slip; or None.

    If the person refused it, an earlier one still stands only if they agreed to that one: one without an answer was
    replaced by the later proposal.
    """
    meetings = [one for one in proposals_of(conversation) if one.proposal.kind == ProposalKind.APPOINTMENT]
    standing = [one for one in meetings[:1] if not one.is_refused] or [one for one in meetings[1:] if one.is_agreed]
    if not standing:
        return None
    row = standing[0].proposal
    words = _words(row)
    return (row, words | {"is_past": is_past(row.meets_at, timezone.now())}) if words else None


def unanswered_consent(conversation: Conversation) -> tuple[Text, ...]:
    """Return, in words, the partners that were proposed and for which no answer is recorded yet."""
    waiting = [
        one for one in proposals_of(conversation) if one.proposal.kind == ProposalKind.PARTNER and not one.is_answered
    ]
    return tuple(_("Partenaire proposé, sans réponse notée : %(name)s.") % {"name": one.title} for one in waiting)


# --- proposing ------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_question(*, conversation_id: int, text: str, answers: Sequence[str], by: AbstractBaseUser) -> Proposal:
    """Ask a question in the agent's words, with ready answers (AT_MOST). Raises NotYours, ConversationClosed."""
    conversation, agent = lock_assigned(conversation_id, by)
    words = {"answers": list(answers)[:AT_MOST], "text": text, "title": text}
    return _put(conversation, ProposalKind.QUESTION, words, by, body=text, agent=agent)


@transaction.atomic
def propose_partner(*, conversation_id: int, partner_id: int, by: AbstractBaseUser) -> Proposal:
    """Propose a partner, with yes and no as answers. Raises NoSuchPartner, NotYours, ConversationClosed."""
    conversation, _agent = lock_assigned(conversation_id, by)
    partner = next((one for one in partners_of(conversation) if one.pk == partner_id), None)
    if partner is None:
        raise NoSuchPartner
    contact = ", ".join(filter(None, [partner.name, *partner.address_lines, partner.telephone]))
    words = {"title": partner.name}
    return _put(
        conversation, ProposalKind.PARTNER, words, by, told=thread_texts.PARTNER_PROPOSED, places={"contact": contact},
        answers=(YES, NO), partner=partner,
    )  # fmt: skip


@transaction.atomic
def propose_complaint(*, conversation_id: int, by: AbstractBaseUser) -> Proposal:
    """Say where and when to file a complaint and what to bring, from the unit's data.

    Only the person who suffers the facts can file it. A witness is asked to testify instead, a relative or a
    professional to accompany that person; a professional is also told where their own duties are explained. Raises
    NotYours, ConversationClosed.
    """
    conversation, _agent = lock_assigned(conversation_id, by)
    said = complaint_words(conversation.report.role)
    words = {"title": str(said.title), "asks": said.asks} if said.asks else {}
    unit = conversation.report.reception_point
    with translation.override(conversation.report.language):
        places = {"bring": thread_texts.TO_BRING.say(), **(_unit_in_words(unit) if unit else {})}
    return _put(
        conversation, ProposalKind.COMPLAINT, words, by, places=places, answers=(YES, NO, LATER),
        told=said.at if unit else said.anywhere,
    )  # fmt: skip


@transaction.atomic
def propose_removal(*, conversation_id: int, by: AbstractBaseUser) -> Proposal:
    """Propose the removal kit. Raises NotYours, ConversationClosed."""
    conversation, _agent = lock_assigned(conversation_id, by)
    return _put(
        conversation, ProposalKind.REMOVAL, {}, by, answers=(YES, NO, LATER), told=thread_texts.REMOVAL_PROPOSED
    )


@transaction.atomic
def propose_appointment(
    *, conversation_id: int, meets_at: datetime, by: AbstractBaseUser, agreed_with: ReceptionPoint | None = None
) -> Proposal:
    """Propose an hour at the person's point d'accueil, with a file number that names nobody.

    meets_at: an aware datetime; the form has checked that the place is open then. agreed_with: the unit for which it
    was checked; None for whichever it is. Raises NoUnit, UnitChanged, NotYours, ConversationClosed.
    """
    conversation, _agent = lock_assigned(conversation_id, by)
    unit = conversation.report.reception_point
    if unit is None:
        raise NoUnit
    if agreed_with is not None and agreed_with != unit:
        raise UnitChanged
    number = draw_file_number()
    with translation.override(conversation.report.language):
        moment = moment_in_words(meets_at, unit)
        told = _unit_in_words(unit)
        page = form_texts.PAGE_NAMED.say(name=page_texts.MY_APPOINTMENT.say())
        words = {
            "moment": moment,
            "unit": unit.name,
            "address": unit.address_lines,
            "telephone": unit.telephone,
            "hours": hours_told(unit, " : "),
            "is_example": unit.is_example,
        }
    places = {"moment": moment, "where": told["where"], "number": number, "page": page}
    return _put(
        conversation, ProposalKind.APPOINTMENT, words, by, told=thread_texts.MEETING_PROPOSED, places=places,
        answers=(YES, NO), file_number=number, meets_at=meets_at,
    )  # fmt: skip


def moment_in_words(moment: datetime, unit: ReceptionPoint) -> str:
    """Say a moment in the unit's time zone and the active language: « jeudi 26 novembre 2026, 14 h 30 »."""
    local = timezone.localtime(moment, hours.time_zone_of(unit.department_code))
    return f"{dates.format_date(local, 'l j F Y')}, {hours.tell_time(f'{local:%H:%M}')}"


def _unit_in_words(unit: ReceptionPoint) -> dict[str, str]:
    unknown = (form_texts.HOURS_CALL if unit.telephone else form_texts.HOURS_UNKNOWN).say()
    return {
        "where": ", ".join(filter(None, [unit.name, *unit.address_lines, unit.telephone])),
        "when": " ; ".join(hours_told(unit, " ")) or unknown,
    }


def hours_told(unit: ReceptionPoint, between: str) -> list[str]:
    """Return the hours of a unit in words; none when they are not known. between: what follows the days of a line.

    Where the source says nothing of public holidays, the last line says that they may differ, because what is proposed
    may be read on one.
    """
    lines = [f"{line.days}{between}{line.hours}" for line in unit.hours_in_words]
    if lines and hours.HOLIDAYS not in (unit.opening_hours or {}):
        lines.append(form_texts.HOURS_HOLIDAYS.say())
    return lines


def _put(
    conversation: Conversation,
    kind: str,
    words: dict[str, Any],
    by: AbstractBaseUser,
    *,
    body: str = "",
    told: Sentence | None = None,
    places: dict[str, str] | None = None,
    answers: Sequence[Promise] = (),
    agent: Agent | None = None,
    **columns: Any,
) -> Proposal:
    """Write the message of a proposal and its row, and notify after commit.

    body, agent: for a message in the agent's own words. told, places: for a line of Pnav's own, with the values of its
    placeholders; answers: its ready answers. In discreet mode the line is that of `IN_DISCREET_MODE`, and only the row
    has the whole text. columns: further columns of the row.
    """
    now = clock.now()
    row = Proposal(conversation=conversation, kind=kind, made_at=now, made_by_id=by.pk, **columns)
    if told is None:
        message = writing.append_message(
            conversation, author=Author.AGENT, body=body, now=now, client_id=row.asked_id, agent=agent
        )
        text = message.body
    else:
        familiar, is_watched = form_of_address.speaks_tu(conversation.report), conversation.report.discreet
        with translation.override(conversation.report.language):
            text = told.say(familiar=familiar, **(places or {}))
            words = {**words, "answers": [str(answer) for answer in answers]}
        writing.say_line(
            conversation,
            IN_DISCREET_MODE[kind] if is_watched else told,
            now=now,
            client_id=row.asked_id,
            familiar=familiar,
            **({} if is_watched else places or {}),
        )
    row.seal({"text": text, **words})
    row.save(force_insert=True)
    conversation.record_event(EventKind.PROPOSED, at=now, by=by, detail=kind)
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    return row


@transaction.atomic
def record_said(*, conversation_id: int, asked_id: Any, said: str, by: AbstractBaseUser) -> None:
    """Store what the person answered in the exchange, as its agent notes it, and notify after commit.

    The person's page then takes its buttons away; an answer that is pressed all the same counts instead. Nothing
    changes for an unknown proposal, or for one that is answered already. Raises NotYours.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    row = next((one for one in proposals_of(conversation) if str(one.proposal.asked_id) == str(asked_id)), None)
    if row is None or row.is_answered:
        return
    now = clock.now()
    row.proposal.said, row.proposal.said_at = Said(said), now
    row.proposal.save(update_fields=["said", "said_at"])
    conversation.record_event(EventKind.PROPOSAL_SAID, at=now, by=by, detail=said)
    pubsub.answer_noted(conversation.public_id)
