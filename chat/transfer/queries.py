"""This module reads what the console shows of handovers: to whom a conversation may go, what is offered, what was
handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When

from chat import access
from chat.casework import danger
from chat.casework.handles import own_handles
from chat.models import Agent, Conversation, ConversationEvent, DangerMark, Emergency, EventKind
from chat.models.transfer import Handover, HandoverText, Watch, Whisper
from chat.rules.danger_words import Kind
from chat.rules.lifecycle import Status
from chat.rules.transfer import OPEN, SUMMARY_MAX, Answer, HandoverState, Part
from chat.transfer import actions as transfer_actions
from chat.transfer.forms import TransferForm
from common import plain_text

# How long the outcome of a handover is shown to the agent who proposed it.
NEWS_FOR = timedelta(minutes=30)

# The states of passages by which an exchange left its agent.
TOOK_PLACE = frozenset({HandoverState.ACCEPTED, HandoverState.QUEUED})
# Those of passages that the colleague did not take.
NOT_TAKEN = frozenset({HandoverState.DECLINED, HandoverState.EXPIRED})


# Of one exchange, the person's own versions of summaries that are shown: the last ones.
VERSIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Version:
    """It is what the person wrote in the place of a summary. dangers: what it tells of."""

    handover: Handover
    text: str
    dangers: list[Kind]


@dataclass(frozen=True, slots=True)
class Passing:
    """It is what is shown of handovers beside one conversation.

    form: passes it on. open: the handover that its agent has proposed. handed: the one by which it came to this agent,
    given by a colleague or from the queue to which a colleague passed it. handed_dangers: what the person's own version
    of its summary tells of. versions: those of other passages, the oldest first; VERSIONS_SHOWN in all at most.
    recused: the keys of those who passed it on because they know somebody concerned.
    whispers: words of supervisors to this agent about it. watches: supervisors who read it now.
    """

    form: TransferForm
    open: Handover | None
    handed: Handover | None
    handed_dangers: list[Kind]
    versions: list[Version]
    recused: frozenset[int]
    whispers: list[Whisper]
    watches: list[Watch]

    @property
    def is_danger_received(self) -> bool:
        """Return whether the last version that tells of danger is that of the passage `handed`."""
        others = [one.handover.asked_at for one in self.versions if one.dangers]
        handed = self.handed
        return handed is not None and bool(self.handed_dangers) and all(at <= handed.asked_at for at in others)


def transfer_form(agent: Agent, now: datetime, data: object = None, *, draft: str = "") -> TransferForm:
    """Make the form that passes an exchange on, with the colleagues and units who are there now. draft: with which its
    summary begins, as many of its lines as fit."""
    return form_among(transfer_actions.colleagues_there(agent, now), agent, data, draft=draft)


def form_among(there: Sequence[Agent], agent: Agent, data: object = None, *, draft: str = "") -> TransferForm:
    """Make the same form. there: `transfer.actions.colleagues_there`, which were read already."""
    units, others = transfer_actions.teams_among(there, agent)
    people = [one for one in there if transfer_actions.is_free(one)]
    busy = [one for one in there if not transfer_actions.is_free(one)]
    begun = draft if len(draft) <= SUMMARY_MAX else draft[:SUMMARY_MAX].rpartition("\n")[0]
    queue = transfer_actions.queue_of(agent)
    initial = {"summary": begun}
    return TransferForm(data, people=people, units=units, others=others, queue=queue, busy=busy, initial=initial)


def read_passing(
    agent: Agent,
    conversation: Conversation,
    now: datetime,
    form: TransferForm,
    *,
    has_handovers: bool = True,
    has_whispers: bool = True,
    has_watches: bool = True,
) -> Passing:
    """Read what is shown of handovers beside this conversation. The caller has proven access as its agent.

    form: that passes it on. has_handovers, has_whispers, has_watches: false where it is known that there are none.
    """
    passages = _passages(conversation, now) if has_handovers else []
    handed, versions = _handed(passages, agent), _versions(passages)
    whispers = Whisper.objects.filter(conversation=conversation, agent=agent).select_related("supervisor__unit")
    return Passing(
        form=form,
        open=next((one for one in passages if one.is_live), None),
        handed=handed,
        handed_dangers=next((one.dangers for one in versions if one.handover is handed), []),
        versions=[one for one in versions if one.handover is not handed],
        recused=frozenset(one.from_agent_id for one in passages if one.is_recusal),
        whispers=list(whispers) if has_whispers else [],
        watches=_watches(conversation, now) if has_watches else [],
    )


def _handed(passages: Sequence[Handover], agent: Agent) -> Handover | None:
    """Return the passage by which this agent has the exchange, which is the last one that took place; or None.

    passages: those of one exchange, the oldest first. One through the queue keeps no taker, so it counts for whoever
    answers now, but for its own author. Its time is not compared with that of the assignment, because the pass of the
    dispatcher that gave it may have begun before.
    """
    last = next((one for one in reversed(passages) if one.state in TOOK_PLACE), None)
    if last is None:
        return None
    is_theirs = last.from_agent_id != agent.pk if last.taken_by_id is None else last.taken_by_id == agent.pk
    return last if is_theirs else None


def _versions(passages: Sequence[Handover]) -> list[Version]:
    """Return what the person wrote themself in the place of summaries, whatever became of these passages."""
    corrected = [one for one in passages if one.answer == Answer.CORRECTED][-VERSIONS_SHOWN:]
    texts = [(one, one.summary) for one in corrected]
    return [Version(one, text, danger.kinds_in(text)) for one, text in texts if text]


def _passages(conversation: Conversation, now: datetime) -> list[Any]:
    rows = Handover.objects.filter(conversation=conversation).with_life(now).prefetch_related("texts__handover")
    return list(rows.select_related("from_agent__unit", "to_agent__unit", "to_unit"))


def _watches(conversation: Conversation, now: datetime) -> list[Watch]:
    return list(access.watches(now).filter(conversation=conversation).select_related("supervisor__unit"))


@dataclass(frozen=True, slots=True)
class Offers:
    """It is what is shown of handovers beside an agent's list.

    to_me: offers to this agent (`offers_to_me`). mine: open ones that they proposed, of exchanges that are still
    theirs. ended: those that ended lately, however they ended, those whose exchange has ended or left, and exchanges
    that they passed on at once, with who took them. whispers: words of supervisors.
    """

    to_me: list[Handover]
    mine: list[Handover]
    ended: list[Handover]
    whispers: list[Whisper]

    @property
    def is_empty(self) -> bool:
        """Return whether the page has nothing to show."""
        return not (self.to_me or self.mine or self.ended or self.whispers)

    @property
    def in_danger(self) -> int:
        """Return how many offers to this agent are of somebody in danger."""
        return sum(one.is_in_danger for one in self.to_me)

    @property
    def kept(self) -> int:
        """Return how many nobody took, so that the conversation stayed with its agent. One that they withdrew themself
        is no news, and the end of an exchange is told by itself."""
        return sum(one.state in NOT_TAKEN for one in self.ended)

    @property
    def has_open(self) -> bool:
        """Return whether something still waits: an answer, or words to be read."""
        return bool(self.to_me or self.mine or self.whispers)


def read_offers(
    agent: Agent, now: datetime, *, has_offers: bool = True, has_own: bool = True, has_whispers: bool = True
) -> Offers:
    """Read the handovers and whispers of an agent, of the last NEWS_FOR, with their texts and the agent's handles.

    has_offers, has_own, has_whispers: false where it is known that no offer of anybody is open, that the agent passed
    nothing on of late, and that no supervisor wrote to them.
    """
    mine = _passed_on(agent, now) if has_own else []
    return Offers(
        to_me=offers_to_me(agent, now) if has_offers else [],
        mine=[one for one in mine if one.ended_at is None and _is_theirs(one, agent)],
        ended=_ended(mine, agent),
        whispers=_whispered(agent, now) if has_whispers else [],
    )


def offers_to_me(agent: Agent, now: datetime) -> list[Handover]:
    """Return the open offers to this agent, those of somebody in danger first, with `is_marked` and `has_emergency`.

    Whoever declines, or lets an offer run out, has to know of the danger, and reads no message before. One query.
    """
    marks = DangerMark.objects.pending().filter(conversation=OuterRef("conversation"))
    procedures = Emergency.objects.filter(conversation=OuterRef("conversation"), ended_at__isnull=True)
    offered: Any = access.offers_to(agent, now)
    rows = offered.annotate(is_marked=Exists(marks), has_emergency=Exists(procedures))
    return sorted(rows, key=lambda one: not one.is_in_danger)


def _ended(passages: Sequence[Any], agent: Agent) -> list[Any]:
    """Return those that have ended, the last one first.

    One is over as soon as its exchange is: until the worker's next tick nothing writes so.
    One that its agent withdrew, or that lost its object, is told only while no other passage of that exchange followed.
    One that lost its object is not told either when its agent has the exchange again: there is nothing to know of it.
    """
    told, seen = [], set()
    for one in passages:
        is_last = one.conversation_id not in seen
        seen.add(one.conversation_id)
        is_theirs = _is_theirs(one, agent)
        if one.ended_at is None and is_theirs:
            continue
        is_back = one.state == HandoverState.LOST and is_theirs
        if one.state in TOOK_PLACE | NOT_TAKEN or (is_last and not is_back):
            told.append(one)
    return told


def _is_theirs(one: Any, agent: Agent) -> bool:
    """Return whether this agent answers in the exchange of this passage."""
    return one.conversation.status == Status.ACTIVE and one.conversation.assigned_to_id == agent.pk


def _passed_on(agent: Agent, now: datetime) -> list[Any]:
    news = Q(ended_at__gte=now - NEWS_FOR)
    # By their keys: a pass of the dispatcher may have begun before, and the time of what it gives is when it began.
    queued = ConversationEvent.objects.filter(
        conversation=OuterRef("conversation"),
        kind=EventKind.TRANSFERRED,
        by=agent.user_id,
        at=OuterRef(OuterRef("ended_at")),
    ).order_by("pk")
    given = ConversationEvent.objects.filter(
        conversation=OuterRef("conversation"), kind=EventKind.ASSIGNED, pk__gt=Subquery(queued.values("pk")[:1])
    ).order_by("pk")
    is_queued = When(state=HandoverState.QUEUED, then=Subquery(given.values("by")[:1]))
    rows = Handover.objects.filter(Q(state__in=OPEN) | news, from_agent=agent)
    passed: list[Any] = list(
        rows.annotate(given_by_event=Case(is_queued))
        .select_related(
            "from_agent__unit", "to_agent__unit", "to_unit", "taken_by__unit", "conversation__report__municipality"
        )
        .prefetch_related("texts__handover", own_handles(agent, of="conversation"))
        .order_by(F("ended_at").desc(nulls_first=True), "pk")
    )
    # An exchange that came back is not among those passed on.
    passed = [one for one in passed if one.given_by_event != agent.user_id]
    if users := {one.given_by_event for one in passed if one.given_by_event}:
        agents = {one.user_id: one for one in Agent.objects.filter(user__in=users).select_related("unit")}
        for one in passed:
            one.given_to = agents.get(one.given_by_event)
    return passed


def _whispered(agent: Agent, now: datetime) -> list[Whisper]:
    rows = Whisper.objects.filter(agent=agent, said_at__gte=now - NEWS_FOR, conversation__in=access.assigned_to(agent))
    rows = rows.select_related("supervisor__unit", "conversation__report__municipality")
    return list(rows.prefetch_related(own_handles(agent, of="conversation")))


def handed_to(agent: Agent) -> list[Handover]:
    """Return the passages by which this agent has exchanges that are still theirs, the last one first (`_handed`)."""
    rows = Handover.objects.filter(conversation__in=access.assigned_to(agent), state__in=TOOK_PLACE)
    rows = rows.select_related("from_agent__unit", "conversation__report__municipality")
    passages: dict[int, list[Handover]] = {}
    for one in rows.prefetch_related("texts__handover").order_by("asked_at", "pk"):
        passages.setdefault(one.conversation_id, []).append(one)
    handed = [one for one in (_handed(those, agent) for those in passages.values()) if one is not None]
    return sorted(handed, key=lambda one: one.ended_at or one.asked_at, reverse=True)


def is_taken(conversation: Conversation, summary: str, words: str) -> bool:
    """Return whether the person's version of this summary is these words, as when its form comes twice. One query.

    summary: the id that the form names; anything else is none of this conversation. The caller has proven access as its
    reporter.
    """
    try:
        of = UUID(summary)
    except ValueError:
        return False
    rows = HandoverText.objects.filter(handover__conversation=conversation, handover__public_id=of)
    version = rows.filter(part=Part.CORRECTION).select_related("handover").first()
    return version is not None and version.opened == plain_text.plain(words)
