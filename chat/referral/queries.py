"""This module reads transmissions for the person, the agent and the unit. The caller has proven access."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Case, F, OuterRef, Prefetch, Q, QuerySet, Subquery, TextChoices, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.captures.queries import AgreedCaptures
from chat.casework import proposals
from chat.models import Conversation, Proposal, RemovalRequest, Transmission, TransmissionStep
from chat.models.casework import ProposalKind
from chat.rules import service_level
from chat.rules.referral import AGAINST_REFUSAL, STANDING, Basis, Part, State, can_move, is_past
from chat.rules.service_level import Level, Limit
from chat.texts import forms as form_texts
from chat.texts import pages as page_texts
from common import plain_text
from common.choices import label_of, read_choice
from common.encryption import UnsealError
from locations import hours
from reports.models import Fact
from triage.rules import Urgency

logger = logging.getLogger(__name__)

SHOWN = 20  # how many transmissions of a conversation are shown
A_PAGE = 20  # how many a page of a unit or of an agent has
SEARCH_MAX = 60  # characters
COUNTED = 500  # summaries that no unit has read: how many are looked at to say which are late, the oldest first


@dataclass(frozen=True, slots=True)
class Step:
    """It is one step. state: one of `State`, or of a later version. words: those of an appointment, a refusal or the
    end. meets_at: the hour of an appointment."""

    state: str
    at: datetime
    words: Mapping[str, Any]
    meets_at: datetime | None = None

    @property
    def label(self) -> str:
        """Return the label of the state."""
        return label_of(State, self.state)


@dataclass(frozen=True, slots=True)
class AgreedFacts:
    """These are the facts of the journal that a person agreed to send: how many, and by when they had been read."""

    count: int
    until: datetime

    def as_words(self) -> dict[str, Any]:
        """Return the values that are encrypted with the summary."""
        return {"facts_count": self.count, "facts_until": self.until.isoformat()}

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> "AgreedFacts | None":
        """Return the agreement from decrypted words; None if it names no facts, as in early rows."""
        if not words.get("facts_count") or not words.get("facts_until"):
            return None
        return cls(words["facts_count"], datetime.fromisoformat(words["facts_until"]))


@dataclass(frozen=True, slots=True)
class ShownReferral:
    """It is a transmission for display.

    level: how late a summary is that nobody has read. agreed: the facts that go with it; None for none. is_example:
    whether its unit is one of the demonstration. was_refused: whether it was sent without agreement although the
    person had said no.
    """

    transmission: Transmission
    unit: str
    telephone: str
    summary: str
    why: str
    steps: list[Step]
    level: Level = Level.KEPT
    is_example: bool = False
    agreed: AgreedFacts | None = None
    was_refused: bool = False

    @property
    def public_id(self) -> UUID:
        """Return the id that is used in addresses."""
        return self.transmission.public_id

    @property
    def state(self) -> State:
        """Return the state of the transmission."""
        # A state of a later version counts as READ, in which nothing waits for the person. An act reads the row again.
        return read_choice(State, self.transmission.state, State.READ)

    @property
    def is_asked(self) -> bool:
        """Return whether the person still has to answer."""
        return self.state is State.ASKED

    @property
    def may_withdraw(self) -> bool:
        """Return whether the agent may still withdraw it."""
        return can_move(self.state, State.WITHDRAWN, Part.AGENT)

    @property
    def may_answer(self) -> bool:
        """Return whether the unit may propose an appointment or close."""
        return can_move(self.state, State.CLOSED, Part.UNIT)

    @property
    def may_accept(self) -> bool:
        """Return whether an appointment waits for the person's answer, and its hour is yet to come."""
        return can_move(self.state, State.ACCEPTED, Part.PERSON) and not self.is_past

    @property
    def may_decline(self) -> bool:
        """Return whether the person may refuse the appointment, even after they have accepted it."""
        return can_move(self.state, State.DECLINED, Part.PERSON)

    @property
    def has_meeting(self) -> bool:
        """Return whether there is a valid appointment."""
        return self.state in STANDING

    @property
    def is_past(self) -> bool:
        """Return whether the hour of the valid appointment has passed."""
        meetings = [step.meets_at for step in self.steps if step.meets_at is not None]
        return self.has_meeting and bool(meetings) and is_past(meetings[-1], timezone.now())

    @property
    def seen(self) -> int:
        """Return how many steps this page shows, on which what is sent from it is based."""
        return len(self.steps)

    @property
    def facts(self) -> str:
        """Return the facts in words; "" where none were given, and in early rows."""
        return ", ".join(label_of(Fact, one) for one in self.transmission.facts.split(",") if one)

    @property
    def urgency(self) -> str:
        """Return the urgency of the exchange when the summary was written, in words."""
        return "" if self.transmission.urgency is None else label_of(Urgency, self.transmission.urgency)

    @property
    def listed(self) -> str:
        """Return what the unit's list shows besides number and urgency, which the person reads with the summary."""
        return ", ".join(filter(None, [self.transmission.town, self.facts]))

    @property
    def meets_at(self) -> datetime | None:
        """Return when the person is expected; None without a valid appointment."""
        return getattr(self.transmission, "meets_at", None) if self.has_meeting else None

    @property
    def time_zone(self) -> tzinfo:
        """Return the time zone of its unit, in which the hour of an appointment is said."""
        point = self.transmission.point
        return hours.time_zone_of(point.department_code if point is not None else "")

    @property
    def basis_label(self) -> str:
        """Return the basis on which it was sent (with agreement, or without it), as it is called on the screen."""
        return str(AGAINST_REFUSAL) if self.was_refused else label_of(Basis, self.transmission.basis)


def words_of(row: Transmission | TransmissionStep) -> dict[str, Any]:
    """Return the decrypted words; {} when they cannot be decrypted, which is logged."""
    try:
        return row.words
    except UnsealError:
        logger.error("transmission cannot be opened %s", getattr(row, "public_id", row.pk))
        return {}


def agreed_captures(row: Transmission) -> AgreedCaptures | None:
    """Return the captures that went with a summary; None where none went.

    None went without the person's agreement, nor where the page on which they agreed named none. Early rows do not say
    what that page named: with them went what had been seen by a time, or when they were sent.
    """
    words = words_of(row) if row.basis == Basis.AGREED else {}
    if not words:
        return None
    until = words.get("captures_until")
    if until is None:
        return AgreedCaptures(row.sent_at) if row.sent_at is not None else None
    return AgreedCaptures(datetime.fromisoformat(until), words.get("captures")) if until else None


def asked_at(conversation: Conversation, public_id: UUID) -> datetime | None:
    """Return when a summary of this conversation was written; None when there is no such one."""
    rows = Transmission.objects.filter(conversation=conversation, public_id=public_id)
    return rows.values_list("made_at", flat=True).first()


def _cleaned(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words as they are shown, with hidden characters made visible."""
    return {name: _plain(value) for name, value in words.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(line) for line in value]
    return plain_text.plain(value) if isinstance(value, str) else value


def show_referral(row: Transmission, *, now: datetime | None = None, limit: Limit | None = None) -> ShownReferral:
    """Return a transmission for display. row: with its conversation, its point d'accueil and its steps."""
    words = _cleaned(words_of(row))
    steps = []
    for step in row.steps.all():
        step.transmission = row
        steps.append(Step(step.state, step.at, _cleaned(words_of(step)), step.meets_at))
    level = Level.KEPT if now is None or limit is None else level_of(row, now=now, limit=limit)
    return ShownReferral(
        transmission=row,
        unit=words.get("unit", ""),
        telephone=words.get("telephone", ""),
        summary=words.get("summary", ""),
        why=words.get("why", ""),
        steps=steps,
        level=level,
        is_example=bool(words.get("is_example")),
        agreed=AgreedFacts.from_words(words),
        was_refused=bool(words.get("was_refused")),
    )


def was_refused(conversation: Conversation) -> bool:
    """Return whether the person said no to the last summary that they answered. One query."""
    answered = Transmission.objects.filter(Q(state=State.REFUSED) | Q(basis=Basis.AGREED), conversation=conversation)
    return answered.order_by("-made_at", "-pk").values_list("state", flat=True).first() == State.REFUSED


def _rows(conversation: Conversation) -> list[Transmission]:
    rows = list(
        Transmission.objects.filter(conversation=conversation)
        .select_related("point")
        .prefetch_related(Prefetch("steps", TransmissionStep.objects.order_by("number")))
        .order_by("-made_at", "-pk")[:SHOWN]
    )
    for row in rows:
        row.conversation = conversation
    return rows


def referrals_of(
    conversation: Conversation, *, now: datetime | None = None, limit: Limit | None = None
) -> list[ShownReferral]:
    """Return the transmissions of a conversation that the caller has just obtained, the last one first."""
    return [show_referral(row, now=now, limit=limit) for row in _rows(conversation)]


def has_any(conversation: Conversation) -> bool:
    """Return whether the person has something to follow: a summary, a request for removal, or in discreet mode a
    proposal that the thread does not say."""
    kinds = [ProposalKind.REMOVAL, *(proposals.ON_FOLLOW_UP if conversation.report.discreet else ())]
    return (
        Transmission.objects.filter(conversation=conversation).exists()
        or RemovalRequest.objects.filter(conversation=conversation).exists()
        or Proposal.objects.filter(conversation=conversation, kind__in=kinds).exists()
    )


def link_words(*, waits: bool, has_any: bool) -> str:
    """Return the text of the link to « Suites »; "" where that page has nothing to show.

    waits: whether a summary, or an appointment whose hour is yet to come, waits for the person's answer. has_any:
    whether there is a summary, the removal kit, or what was proposed in discreet mode.
    """
    if waits:
        return form_texts.FOLLOW_READ.say()
    return page_texts.FOLLOW_TITLE.say() if has_any else ""


def meeting_of(conversation: Conversation) -> tuple[datetime, Transmission, dict[str, Any]] | None:
    """Return the last valid appointment of a unit: when it was proposed, its transmission, and its words."""
    rows = TransmissionStep.objects.filter(
        transmission__conversation=conversation, transmission__state__in=STANDING, state=State.MEETING
    )
    step = rows.select_related("transmission").order_by("-at", "-pk").first()
    if step is None:
        return None
    step.transmission.conversation = conversation
    words = _cleaned(words_of(step))
    if not words:
        return None
    return step.at, step.transmission, words | {"is_past": is_past(step.meets_at, timezone.now())}


def slip_of(conversation: Conversation) -> tuple[Any, dict[str, Any]] | None:
    """Return the last appointment, whoever proposed it, for « Mon rendez-vous ». The first one has `file_number`.

    It stays once its hour has passed (`is_past` of its words): who comes late still shows it.
    """
    by_unit, by_agent = meeting_of(conversation), proposals.appointment_of(conversation)
    if by_unit is None or (by_agent is not None and by_agent[0].made_at > by_unit[0]):
        return by_agent
    return by_unit[1], by_unit[2]


def in_order(rows: QuerySet[Transmission], states: Sequence[Collection[State]]) -> QuerySet[Transmission]:
    """Order rows by groups of states; rows in other states come last.

    Within a group, rows that nobody has read come oldest first, others newest first.
    """
    rank = Case(*(When(state__in=group, then=place) for place, group in enumerate(states)), default=len(states))
    unread_at = Case(When(state=State.SENT, then="sent_at"))
    return rows.annotate(rank=rank, unread_at=unread_at).order_by("rank", "unread_at", "-sent_at", "-pk")


class Order(TextChoices):
    """These are the orders of a unit's list: by what waits for the unit, or by a column."""

    WAITING = "attente", _("Ce qui attend d'abord")
    URGENCY = "urgence", _("Urgence")
    SENT = "transmis", _("Date d'arrivée")
    MEETING = "rendez-vous", _("Date du rendez-vous")
    TOWN = "commune", _("Commune")


def ordered_referrals(
    rows: QuerySet[Transmission], order: Order, states: Sequence[Collection[State]]
) -> QuerySet[Transmission]:
    """Order rows, and annotate them with `meets_at` of the last appointment; rows without a value come last."""
    steps = TransmissionStep.objects.filter(transmission=OuterRef("pk"), state=State.MEETING).order_by("-number")
    standing = When(state__in=STANDING, then=Subquery(steps.values("meets_at")[:1]))
    rows = rows.annotate(meets_at=Case(standing))
    match order:
        case Order.URGENCY:
            return rows.order_by(F("urgency").desc(nulls_last=True), "-sent_at", "-pk")
        case Order.SENT:
            return rows.order_by("-sent_at", "-pk")
        case Order.MEETING:
            return rows.order_by(F("meets_at").asc(nulls_last=True), "-sent_at", "-pk")
        case Order.TOWN:
            return rows.annotate(unknown=Case(When(town="", then=1), default=0)).order_by("unknown", "town", "-sent_at")
        case _:
            return in_order(rows, states)


def found_by(rows: QuerySet[Transmission], term: str) -> QuerySet[Transmission]:
    """Select rows whose file number, town or theme contains this term, of which SEARCH_MAX characters are used."""
    words = term.strip()[:SEARCH_MAX]
    facts = [value for value, label in Fact.choices if words.casefold() in str(label).casefold()]
    about = Q(file_number__icontains=words) | Q(town__icontains=words)
    for value in facts:
        about |= Q(facts__contains=value)
    return rows.filter(about)


def page_of(rows: QuerySet[Transmission], number: str, *, now: datetime, limit: Limit) -> Page[ShownReferral]:
    """Return one page of rows that were obtained by `chat.access`, in their order, with their steps.

    number: the requested page, as text; the nearest existing one is returned.
    """
    rows = rows.select_related("conversation", "point").prefetch_related(
        Prefetch("steps", TransmissionStep.objects.order_by("number"))
    )
    page: Page[Any] = Paginator(rows, A_PAGE).get_page(number)
    page.object_list = [show_referral(row, now=now, limit=limit) for row in page.object_list]
    return page


def level_of(row: Transmission, *, now: datetime, limit: Limit) -> Level:
    """Return how late a summary is that its unit has not read; KEPT once it has. row: with its point d'accueil.

    With the person's agreement only the time counts in which the unit is open, if its hours are known: nobody reads on
    Sunday what was sent on Saturday evening. What was sent without it, in an emergency, counts day and night.
    """
    if row.state != State.SENT or row.sent_at is None:
        return Level.KEPT
    open_seconds = None
    if row.basis == Basis.AGREED and row.point is not None:
        open_seconds = row.point.open_seconds(row.sent_at, now, at_most=limit.limit * 60)
    seconds = (now - row.sent_at).total_seconds() if open_seconds is None else open_seconds
    return service_level.level_of_time(seconds, limit)


def select_unread(rows: QuerySet[Transmission]) -> QuerySet[Transmission]:
    """Select those that no unit has read, with their points d'accueil: the oldest first, COUNTED at most."""
    return rows.filter(state=State.SENT).select_related("point").order_by("sent_at", "pk")[:COUNTED]


def count_late(rows: QuerySet[Transmission], *, now: datetime, limit: Limit) -> int:
    """Return how many of these no unit has read in time."""
    return sum(level_of(row, now=now, limit=limit) is Level.BROKEN for row in select_unread(rows))


def unread_levels(now: datetime, limit: Limit) -> list[Level]:
    """Return how late the unread summaries are, for those that are nearly or already late."""
    levels = [level_of(row, now=now, limit=limit) for row in select_unread(Transmission.objects.all())]
    return [level for level in levels if level > Level.KEPT]
