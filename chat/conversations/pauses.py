"""Offers a pause to an agent after a grave exchange, lets them take or decline it, and ends it (docs/adr/0040).

While another exchange of theirs has an open emergency procedure the offer is put off: a pause would say that it begins,
and send nobody, in the middle of it. The end of their last procedure makes the offer then. Nothing is stored for this:
what was put off is read from the times of procedures, ends and handovers.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, Q, When
from django.utils.translation import gettext_lazy as _

from chat import pubsub
from chat.conversations import dispatcher
from chat.models import Agent, Conversation
from chat.models.casework import Emergency
from chat.models.transfer import Handover
from chat.rules.lifecycle import HEAVY, Author, Availability, Status
from chat.rules.transfer import HandoverState, Manner
from common import clock
from common.service_settings import definitions, values

logger = logging.getLogger(__name__)

# The reason that colleagues and supervisors read. It does not say why the agent rests, which is nobody else's business.
REASON = _("Souffler")

# What was put off is looked for among exchanges of this age at most, and among so many of the last. A guard is shorter,
# and no agent has as many in one. Whoever closes a raid one by one reads no more rows, and may be offered no pause.
_LOOKED_BACK = timedelta(days=1)
_ROWS_MOST = 200


class NoPause(Exception):
    """No pause is offered or running: it is over, or the agent has changed their availability meanwhile."""


def pause_minutes() -> tuple[int, ...]:
    """Return the lengths that an agent may take, in minutes, the shortest first."""
    return tuple(values.get(rule) for rule in definitions.PAUSE_CHOICES)


def is_grave(conversation: Conversation) -> bool:
    """Return whether a pause is offered to the agent who closes this conversation or passes it on."""
    return conversation.weight >= HEAVY


def lock_agent(user_id: int) -> None:
    """Lock the agent of this account until the end of the transaction. Call it before any conversation is locked."""
    list(Agent.objects.filter(user_id=user_id).select_for_update(of=("self",), no_key=True).values_list("pk"))


def lock_agents(*agent_ids: int) -> None:
    """Lock these agents in the order of their keys, so that two who pass people to each other cannot deadlock."""
    rows = Agent.objects.filter(pk__in=agent_ids).order_by("pk").select_for_update(of=("self",), no_key=True)
    list(rows.values_list("pk", flat=True))


def offer_pause(*, agent_id: int, now: datetime | None = None) -> bool:
    """Offer a pause: give nobody to this agent for `definitions.PAUSE_OFFERED`, while they choose.

    Returns False, and changes nothing, when they were not available. Call it in the transaction that closes the
    conversation or passes it on, with the agent locked (`lock_agent`, `lock_agents`), so that nobody is given to them
    in between.
    """
    now = now or clock.now()
    offered = Agent.objects.filter(pk=agent_id, availability=Availability.AVAILABLE).update(
        availability=Availability.PAUSE,
        pause_reason=str(REASON),
        pause_until=now + values.get_duration(definitions.PAUSE_OFFERED),
    )
    if offered:
        pubsub.agent_changed(agent_id)
        pubsub.queue_changed()
    return bool(offered)


def offer_after(conversation: Conversation, *, agent_id: int, now: datetime) -> bool:
    """Offer a pause to the agent who has just ended or passed on this conversation, if it is grave; return whether.

    While another exchange of theirs has an open procedure the offer is put off. A light one that was passed on may have
    had the last of these: what was put off is offered then (`offer_put_off`). Call it as `offer_pause`.
    """
    procedures = _open_procedures(agent_id, conversation.pk)
    if procedures - {conversation.pk}:
        return False
    if not is_grave(conversation) and not (procedures and _was_put_off(agent_id, conversation.pk, now)):
        return False
    return offer_pause(agent_id=agent_id, now=now)


def offer_put_off(*, agent_id: int, conversation_id: int, now: datetime) -> bool:
    """Make the offer that was put off until the procedure of this conversation ended; return whether there was one.

    Nothing is offered while another exchange of theirs has an open procedure, or if no other grave exchange of theirs
    ended or was passed on since the first of the procedures that were open without a gap. Call it as `offer_pause`,
    after the procedure has ended. Four short queries, of `_ROWS_MOST` rows each but the first.
    """
    if _open_procedures(agent_id, conversation_id) or not _was_put_off(agent_id, conversation_id, now):
        return False
    return offer_pause(agent_id=agent_id, now=now)


def _open_procedures(agent_id: int, conversation_id: int) -> set[int]:
    """Return the conversations under way of this agent that have an open procedure, and this one if it has one."""
    theirs = Q(conversation__assigned_to=agent_id, conversation__status=Status.ACTIVE)
    rows = Emergency.objects.filter(theirs | Q(conversation=conversation_id), ended_at__isnull=True)
    return set(rows.values_list("conversation_id", flat=True))


def _was_put_off(agent_id: int, conversation_id: int, now: datetime) -> bool:
    past = _read_past(agent_id, conversation_id, now)
    stretch = _stretch(past.procedures, conversation_id)
    return stretch is not None and any(stretch.begin <= at <= stretch.end for at in past.graves)


@dataclass(frozen=True, slots=True)
class _Span:
    """The time during which a procedure was open and its exchange was this agent's."""

    conversation_id: int
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Past:
    """What an agent did lately. graves: when other grave exchanges were ended or passed on by them."""

    procedures: list[_Span]
    graves: list[datetime]


def _read_past(agent_id: int, conversation_id: int, now: datetime) -> _Past:
    """Return what this agent did within `_LOOKED_BACK`. The given conversation is no grave one.

    Three queries of at most `_ROWS_MOST` rows, the newest ones.
    """
    since = now - _LOOKED_BACK
    own = Conversation.objects.filter(Q(opened_at__gte=since) | Q(pk=conversation_id), assigned_to=agent_id)
    newest = own.order_by(Case(When(pk=conversation_id, then=0), default=1), "-opened_at", "-pk")
    graves, held = [], []
    for key, taken, closed, closed_by, weight in newest.values_list(
        "pk", "assigned_at", "closed_at", "closed_by", "weight"
    )[:_ROWS_MOST]:
        held.append((key, taken or since, closed or now))
        if closed and closed_by == Author.AGENT and weight >= HEAVY:
            graves.append((key, closed))
    passed = Handover.objects.filter(
        from_agent=agent_id, ended_at__gte=since, state__in=(HandoverState.ACCEPTED, HandoverState.QUEUED)
    )
    for key, ended_at, manner, weight in passed.order_by("-ended_at", "-pk").values_list(
        "conversation_id", "ended_at", "manner", "conversation__weight"
    )[:_ROWS_MOST]:
        at = ended_at or now  # whatever ended has it
        held.append((key, since, at))
        if manner != Manner.ORDERED and weight >= HEAVY:  # no offer follows an order of a supervisor
            graves.append((key, at))
    procedures: dict[int, list[tuple[datetime, datetime]]] = {}
    rows = Emergency.objects.filter(conversation__in={key for key, _taken, _left in held}).values_list(
        "conversation_id", "started_at", "ended_at"
    )
    for key, started, ended in rows.order_by("-started_at", "-pk")[:_ROWS_MOST]:
        procedures.setdefault(key, []).append((started, ended or now))
    spans = [
        _Span(key, max(started, taken), min(ended, left))
        for key, taken, left in held
        for started, ended in procedures.get(key, ())
    ]
    return _Past([one for one in spans if one.begin <= one.end], [at for key, at in graves if key != conversation_id])


def _stretch(spans: Iterable[_Span], conversation_id: int) -> _Span | None:
    """Return the time during which procedures were open without a gap, up to the last end of this conversation's.

    None: another procedure was open beyond that end, so its own end has made the offer. That is so where the person
    left, and the agent ends the procedure afterwards.
    """
    others = sorted(spans, key=lambda one: one.end, reverse=True)
    last = next((one for one in others if one.conversation_id == conversation_id), None)
    if last is None:
        return None
    begin = last.begin
    for one in others:
        if one.begin <= last.end < one.end:
            return None
        if begin <= one.end <= last.end:
            begin = min(begin, one.begin)
    return _Span(conversation_id, begin, last.end)


@transaction.atomic
def take_pause(*, agent_id: int, minutes: int, now: datetime | None = None) -> Agent:
    """Begin a pause of this many minutes, from now. Taking one again prolongs it. Locks the agent.

    Raises ValueError when the number is not one of `pause_minutes`, and NoPause.
    """
    if minutes not in pause_minutes():
        raise ValueError("not a length of pause")
    agent = _locked(agent_id)
    agent.pause_until = (now or clock.now()) + timedelta(minutes=minutes)
    agent.save(update_fields=["pause_until"])
    pubsub.agent_changed(agent.pk)
    return agent


@transaction.atomic
def decline_pause(*, agent_id: int) -> Agent:
    """Decline or end the pause: the agent is available at once. Raises NoPause. Locks the agent."""
    agent = _locked(agent_id)
    agent.availability, agent.pause_reason, agent.pause_until = Availability.AVAILABLE, "", None
    agent.save(update_fields=["availability", "pause_reason", "pause_until"])
    pubsub.agent_changed(agent.pk)
    pubsub.queue_changed()
    transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    return agent


def _locked(agent_id: int) -> Agent:
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).filter(pk=agent_id).first()
    if agent is None or agent.pause_until is None:
        raise NoPause
    return agent


def end_pauses(now: datetime | None = None) -> int:
    """Make agents whose pause is over available again, if they are present; return how many. Called on each tick.

    An agent who is gone becomes absent instead, as any other (`dispatcher.release_stale`).
    """
    now = now or clock.now()
    with transaction.atomic():
        over = Agent.objects.present(now).filter(availability=Availability.PAUSE, pause_until__lte=now)
        keys = list(over.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        if keys:
            Agent.objects.filter(pk__in=keys).update(
                availability=Availability.AVAILABLE, pause_reason="", pause_until=None
            )
            for key in keys:
                pubsub.agent_changed(key)
            pubsub.queue_changed()
            transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    return len(keys)
