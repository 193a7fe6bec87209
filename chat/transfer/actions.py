"""This module passes a conversation from one agent to another (docs/adr/0038). Callers have proven access by
`chat.access`.

Locks are taken in the usual order: the agents by their keys, then the conversation, `FOR NO KEY UPDATE`, then rows of
the handover. The conditions of an act are checked again under them. The agent who passes a person on goes on answering
until another agent has accepted.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import translation
from django.utils.functional import Promise

from chat import pubsub
from chat.casework import danger
from chat.conversations import dispatcher, pauses
from chat.conversations.actions import ConversationClosed, NotYours
from chat.messages.writing import say_line
from chat.models import Agent, Conversation, EventKind, Unit
from chat.models.agent import places_filled
from chat.models.casework import Emergency
from chat.models.transfer import Direction, Handover, HandoverText, Watch
from chat.rules.lifecycle import Availability, Status
from chat.rules.transfer import OPEN, Answer, HandoverState, Manner, Part, Reason, Target
from chat.texts import forms as form_texts
from chat.texts import thread as thread_texts
from common import clock, encryption, plain_text
from common.choices import label_of
from common.service_settings import definitions, values
from locations.models import Force
from reports.models import Report

logger = logging.getLogger(__name__)

AT_ONCE = 100  # the most handovers with an expired delay that one tick of the worker ends


class NoRoom(Exception):
    """The receiver has left, is in a pause, or has no free place."""


class NobodyThere(Exception):
    """Nobody of this unit or force is on duty, so the person would wait in vain."""


class NoPlaceThere(Exception):
    """An emergency procedure is open, and nobody of this unit or force who may take the person has a free place."""


class UnderWay(Exception):
    """A handover of this conversation is open already."""


class GivenBack(Exception):
    """The receiver has passed this person on, and must not get them back (`_avoided`)."""


class OnlyGivenBack(GivenBack):
    """All who are on duty in this unit or force have passed this person on, so the person would wait in vain."""


class Over(Exception):
    """The offer or the summary is no longer open: it was answered, it is too late, or another agent has the person."""


# --- what all of them need --------------------------------------------------------------------------------------------


def lock_conversation(conversation_id: int) -> Conversation:
    """Lock a conversation, `FOR NO KEY UPDATE`, and read it with its report. Lock agents, if any, before this."""
    rows = Conversation.objects.select_related("report").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=conversation_id)


def require_held(conversation: Conversation, agent: Agent) -> None:
    """Check that this agent answers there now. Raises ConversationClosed, NotYours."""
    if not conversation.is_open:
        raise ConversationClosed
    if conversation.status != Status.ACTIVE or conversation.assigned_to_id != agent.pk:
        raise NotYours


def lock_receiver(agent_id: int, now: datetime, *, may_be_full: bool = False) -> Agent:
    """Lock the receiver, who must be present and have room, so that nobody else adds to their load. Raises NoRoom.

    may_be_full: accept a receiver without a free place.
    """
    agent = (
        Agent.objects.present(now)
        .filter(pk=agent_id, user__is_active=True)
        .select_related("unit", "user")
        .select_for_update(of=("self",), no_key=True)
        .first()
    )
    if agent is None:
        raise NoRoom
    held = Conversation.objects.active().filter(assigned_to=agent)
    load = held.aggregate(load=Sum(places_filled(), default=0))["load"]
    if load >= agent.capacity and not may_be_full:  # as in the queue, one free place is enough for a heavy one
        raise NoRoom
    return agent


def name_for(report: Report, agent: Agent) -> str:
    """Return the name of an agent as the person reads it. On a discreet visit it does not name the force."""
    with translation.override(report.language):
        return plain_text.plain(agent.public_name) if report.discreet else agent.interlocutor


def _target_for(report: Report, target: Target) -> str | Promise:
    if target.agent:
        return name_for(report, Agent.objects.select_related("unit").get(pk=target.agent))
    if report.discreet:
        return form_texts.OTHER_SERVICE_NAME.say()
    return plain_text.plain(Unit.objects.get(pk=target.unit).name) if target.unit else label_of(Force, target.force)


def notify_parties(conversation: Conversation, agents: Iterable[int] = ()) -> None:
    """Notify after commit of a new line in the thread, of the new state, and of these agents' changed conversations."""
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    pubsub.state_changed(conversation.public_id)
    for agent_id in agents:
        pubsub.agent_changed(agent_id)


def _write(handover: Handover, part: str, text: str) -> None:
    if text:
        context = HandoverText.context_of(handover.public_id, part)
        sealed = encryption.seal(text, context=context, data_key=handover.conversation.data_key)
        HandoverText.objects.create(handover=handover, part=part, sealed_text=sealed)


def _end(handover: Handover, state: str, now: datetime, *, taken_by: Agent | None = None) -> None:
    """End a handover. Unless it was accepted, the agent's summary is deleted; the person's own version stays."""
    handover.state, handover.until, handover.ended_at, handover.taken_by = state, None, now, taken_by
    handover.save(update_fields=["state", "until", "ended_at", "taken_by"])
    if state != HandoverState.ACCEPTED:
        handover.texts.filter(part=Part.SUMMARY).delete()


def end_open(conversation: Conversation, now: datetime) -> None:
    """End the open handovers of a conversation that is about to be given to somebody by another decision.

    The caller holds the lock of the conversation.
    """
    for handover in Handover.objects.filter(conversation=conversation, state__in=OPEN).select_for_update():
        _end(handover, HandoverState.LOST, now)


def _end_dead(conversation: Conversation, now: datetime) -> None:
    """End open handovers that have expired, or whose agent no longer has the conversation.

    The caller holds the lock of the conversation. Raises UnderWay if one is still alive.
    """
    for handover in Handover.objects.filter(conversation=conversation, state__in=OPEN).select_for_update():
        if handover.from_agent_id == conversation.assigned_to_id and handover.until and handover.until > now:
            raise UnderWay
        _end(handover, HandoverState.LOST, now)


def create_handover(
    conversation: Conversation,
    now: datetime,
    *,
    by: Agent,
    target: Target,
    manner: str,
    state: str,
    reason: str,
    note: str = "",
    taken_by: Agent | None = None,
) -> Handover:
    """Store a handover of a conversation that the caller has locked. note: stored encrypted, if it is not empty."""
    is_open = state in OPEN
    handover = Handover.objects.create(
        conversation=conversation,
        from_agent=by,
        to_agent_id=target.agent or None,
        to_unit_id=target.unit or None,
        to_force=target.force,
        taken_by=taken_by,
        manner=manner,
        reason=reason,
        state=state,
        asked_at=now,
        until=now + values.get_duration(definitions.SUMMARY_READ) if is_open else None,
        ended_at=None if is_open else now,
    )
    _write(handover, Part.NOTE, note)
    return handover


def assign_to(conversation: Conversation, agent: Agent, now: datetime) -> None:
    """Assign a conversation under way to this agent, tell the person, and run the dispatcher after commit.

    The caller holds the locks of the agent and of the conversation. `queued_at` does not change, so that the person
    gets their old place if this agent is lost.
    """
    before = conversation.assigned_to_id
    conversation.assigned_to, conversation.assigned_at = agent, now
    conversation.agent_read_seq = 0  # the new agent has read nothing yet
    conversation.dormant_since = None  # with another agent the exchange is not at rest
    conversation.save(update_fields=["assigned_to", "assigned_at", "agent_read_seq", "dormant_since"])
    Agent.objects.filter(pk=agent.pk).update(last_assigned_at=now)
    # If the new agent is a supervisor who had joined, they no longer watch, but answer.
    Watch.objects.filter(conversation=conversation, supervisor=agent, left_at__isnull=True).update(left_at=now)
    say_line(
        conversation,
        thread_texts.TAKES_OVER,
        name=name_for(conversation.report, agent),
        now=now,
    )
    conversation.record_event(EventKind.ASSIGNED, at=now, by=agent.user)
    notify_parties(conversation, [agent.pk, *([before] if before else [])])
    transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)  # the former agent has room again
    logger.info("conversation handed over %s", conversation.public_id)


# --- who may be asked -------------------------------------------------------------------------------------------------


def free_colleagues(agent: Agent, now: datetime) -> list[Agent]:
    """Return the colleagues to whom a conversation may be passed now (`is_free`), with their `load`. One query."""
    return [one for one in colleagues_there(agent, now) if is_free(one)]


def colleagues_there(agent: Agent, now: datetime) -> list[Agent]:
    """Return the colleagues who are present, with their `load`, whether they can be chosen (`is_free`) or not."""
    there = Agent.objects.present(now).exclude(pk=agent.pk).filter(user__is_active=True)
    return list(there.with_load().select_related("unit", "user").order_by("unit__name", "public_name", "pk"))


def is_free(colleague: Any) -> bool:
    """Return whether a conversation may be passed to this one of `colleagues_there`: not in a pause, and with room."""
    return colleague.availability != Availability.PAUSE and colleague.load < colleague.capacity


def teams_among(there: Sequence[Agent], agent: Agent) -> tuple[list[Unit], list[str]]:
    """Return the units with somebody of `colleagues_there` on duty, by name, and the forces among them that are not
    this agent's."""
    units = list({one.unit_id: one.unit for one in there if one.availability == Availability.AVAILABLE}.values())
    forces = {unit.force for unit in units} - {agent.force}
    return units, [force for force in Force.values if force in forces]


def queue_of(agent: Agent) -> Target:
    """Return the target by which an agent who knows somebody concerned gives a person back to the queue: their own
    force, which stands for no team (`Handover.is_to_queue`)."""
    return Target(force=agent.force)


def is_anybody_there(agent: Agent, conversation: Conversation) -> bool:
    """Return whether a colleague of any team is on duty now who may be given this person by the queue: neither recused,
    nor among those who have just passed them on. Three queries.
    """
    now = clock.now()
    return Agent.objects.on_duty(now).exclude(pk__in={agent.pk, *_avoided(conversation, now)}).exists()


def _just_passed(conversation: Conversation, now: datetime) -> set[int]:
    """Return the keys of the agents who have just passed this person on through the queue."""
    direction = Direction.objects.filter(conversation=conversation, until__gt=now).first()
    return {direction.avoided_id, *direction.avoided_before} if direction else set()


def recused_agents(conversation: Conversation) -> QuerySet[Handover, int]:
    """Return the keys of the agents who passed this exchange on because they know somebody concerned."""
    recusals = Handover.objects.recusals().filter(conversation=conversation)
    return recusals.order_by().values_list("from_agent", flat=True)


def _avoided(conversation: Conversation, now: datetime) -> set[int]:
    """Return the keys of the agents who must not get this person back: who just passed them on, or who is recused."""
    return _just_passed(conversation, now).union(recused_agents(conversation))


def _require_team(conversation: Conversation, target: Target, by: Agent, now: datetime) -> set[int]:
    """Check that somebody of this team is on duty who may be given the person, and return the keys of all of them.

    Raises NobodyThere, OnlyGivenBack.
    """
    there = Agent.objects.on_duty(now).exclude(pk=by.pk)
    there = there.filter(unit=target.unit) if target.unit else there.filter(unit__force=target.force)
    on_duty = set(there.values_list("pk", flat=True))
    if not on_duty:
        raise NobodyThere
    if not (takers := on_duty - _avoided(conversation, now)):
        raise OnlyGivenBack
    return takers


def _require_place_in_danger(conversation: Conversation, takers: Collection[int], now: datetime) -> None:
    """Check that one of these agents has a free place, if an emergency procedure is open. Raises NoPlaceThere.

    In the queue nobody would carry the procedure on. The place is not kept: if it is filled meanwhile, the person goes
    to whoever has one next, of whatever unit and force (`dispatcher._people`). Two queries at most.
    """
    if not Emergency.objects.filter(conversation=conversation, ended_at__isnull=True).exists():
        return
    if not Agent.objects.on_duty(now).filter(pk__in=takers).with_load().filter(load__lt=F("capacity")).exists():
        raise NoPlaceThere


def _require_not_back(conversation: Conversation, agent_id: int, now: datetime) -> None:
    if agent_id in _avoided(conversation, now):
        raise GivenBack


def _direct(conversation: Conversation, target: Target, by: Agent, now: datetime, *, since: datetime) -> None:
    """Direct a conversation in the queue to that team for `definitions.NOT_BACK`, and not back to `by`.

    Nor does it go back to agents who passed it on shortly before. since: from when the wait is counted after which the
    other force may take the person (`chat.rules.assignment.may_overflow`).
    """
    avoided = _just_passed(conversation, now) - {by.pk}
    Direction.objects.update_or_create(
        conversation=conversation,
        defaults={
            "unit_id": target.unit or None,
            "avoided": by,
            "avoided_before": sorted(avoided),
            "at": since,
            "until": now + values.get_duration(definitions.NOT_BACK),
        },
    )


# --- cold -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def transfer_cold(*, conversation_id: int, by: Agent, target: Target, reason: str, note: str = "") -> Handover:
    """Pass a conversation on at once: to a colleague, or through the queue, at its old place, to a unit or a force.

    Who knows somebody concerned must not keep the person, so that their passage through the queue is refused for want
    of nobody: the person waits, and the board and the page of the exchange say so (docs/adr/0038). With their own force
    as the target (`queue_of`) it goes to whoever is free next, and never to them: the exchange keeps the force of its
    zone, and the time from which its wait is counted.
    After a grave one, the agent who passes it on is offered a pause. note: for the receiver, stored encrypted. Locks
    the agents, then the conversation. Raises NotYours, ConversationClosed, NoRoom, NobodyThere, NoPlaceThere,
    GivenBack, UnderWay.
    """
    now = clock.now()
    pauses.lock_agents(by.pk, target.agent or by.pk)
    receiver = None
    if target.agent:
        receiver = lock_receiver(target.agent, now)
        if receiver.availability != Availability.AVAILABLE or receiver.pk == by.pk:
            raise NoRoom  # only an agent who is available gets somebody without having been asked
    conversation = lock_conversation(conversation_id)
    require_held(conversation, by)
    _end_dead(conversation, now)
    cold = partial(
        create_handover, conversation, now, by=by, target=target, manner=Manner.COLD, reason=reason, note=note
    )
    if receiver is not None:
        _require_not_back(conversation, receiver.pk, now)
        handover = cold(state=HandoverState.ACCEPTED, taken_by=receiver)
        conversation.record_event(EventKind.HANDED_OVER, at=now, by=by.user, detail=f"{Manner.COLD} {reason}")
        assign_to(conversation, receiver, now)
        pauses.offer_after(conversation, agent_id=by.pk, now=now)
        return handover
    if reason != Reason.IMPARTIALITY:  # who knows somebody concerned keeps nobody: the queue gives them to any unit
        takers = _require_team(conversation, target, by, now)
        _require_place_in_danger(conversation, takers, now)
    handover = cold(state=HandoverState.QUEUED)
    is_to_queue = target == queue_of(by)
    detail = str(reason)
    if not is_to_queue:
        conversation.force = target.force or Unit.objects.get(pk=target.unit).force
        detail = f"{conversation.force} {reason}"
    conversation.status, conversation.assigned_to, conversation.assigned_at = Status.WAITING, None, None
    conversation.is_crowded = False  # an agent has spoken with this person, so they are not one of a raid
    conversation.lookalike_group = None
    conversation.save(update_fields=["status", "assigned_to", "assigned_at", "force", "is_crowded", "lookalike_group"])
    _direct(conversation, target, by, now, since=conversation.queued_at if is_to_queue else now)
    if is_to_queue:
        say_line(conversation, thread_texts.BACK_IN_QUEUE, now=now)
    else:
        name = _target_for(conversation.report, target)
        say_line(conversation, thread_texts.OTHER_SERVICE, name=name, now=now)
    conversation.record_event(EventKind.TRANSFERRED, at=now, by=by.user, detail=detail)
    pauses.offer_after(conversation, agent_id=by.pk, now=now)
    notify_parties(conversation, [by.pk])
    transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    logger.info("conversation transferred %s", conversation.public_id)
    return handover


# --- warm -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def propose_handover(
    *, conversation_id: int, by: Agent, target: Target, reason: str, summary: str, note: str = ""
) -> Handover:
    """Propose to pass a conversation on with a summary, which the person reads before anybody else does.

    The agent `by` goes on answering meanwhile. Locks the conversation. Raises NotYours, ConversationClosed, NoRoom,
    NobodyThere, GivenBack, UnderWay.
    """
    now = clock.now()
    conversation = lock_conversation(conversation_id)
    require_held(conversation, by)
    _end_dead(conversation, now)
    if target.agent:
        if target.agent not in {one.pk for one in free_colleagues(by, now)}:
            raise NoRoom
        _require_not_back(conversation, target.agent, now)
    else:
        _require_team(conversation, target, by, now)
    handover = create_handover(
        conversation,
        now,
        by=by,
        target=target,
        manner=Manner.WARM,
        state=HandoverState.READING,
        reason=reason,
        note=note,
    )
    _write(handover, Part.SUMMARY, summary)
    say_line(
        conversation,
        thread_texts.SUMMARY_PROPOSED,
        name=name_for(conversation.report, by),
        to=_target_for(conversation.report, target),
        now=now,
    )
    conversation.record_event(EventKind.PASSAGE, at=now, by=by.user, detail=reason)
    notify_parties(conversation)
    return handover


def _lock_open(handover_id: int, conversation: Conversation, now: datetime) -> Handover:
    """Lock an open handover of a conversation that is locked. Raises Over when it is no longer alive."""
    rows = Handover.objects.live(now).filter(pk=handover_id, conversation=conversation)
    handover = rows.select_related("from_agent__user").select_for_update(of=("self",)).first()
    if handover is None:
        raise Over
    return handover


def _asked(handover: Handover) -> list[int]:
    """Return the keys of the agents whose consoles have a new offer to show."""
    if handover.to_agent_id:
        return [handover.to_agent_id]
    agents = Agent.objects.exclude(pk=handover.from_agent_id)
    there = (
        agents.filter(unit=handover.to_unit) if handover.to_unit_id else agents.filter(unit__force=handover.to_force)
    )
    return list(there.exclude(availability=Availability.AWAY).values_list("pk", flat=True))


def _offer(handover: Handover, conversation: Conversation, answer: str, now: datetime) -> None:
    handover.answer, handover.state = answer, HandoverState.OFFERED
    handover.until = now + values.get_duration(definitions.OFFER_OPEN)
    handover.save(update_fields=["answer", "state", "until"])
    if answer != Answer.AGREED:  # a summary to which the person did not agree is not kept
        handover.texts.filter(part=Part.SUMMARY).delete()
    notify_parties(conversation, [handover.from_agent_id, *_asked(handover)])


SAID = {
    Answer.AGREED: thread_texts.SUMMARY_AGREED,
    Answer.CORRECTED: thread_texts.SUMMARY_CORRECTED,
    Answer.REFUSED: thread_texts.SUMMARY_REFUSED,
    Answer.SILENT: thread_texts.SUMMARY_SILENT,
}


@transaction.atomic
def answer_summary(*, handover_id: int, conversation_id: int, answer: str, correction: str = "") -> None:
    """Record the person's answer to the summary, and make the offer to the colleague. Raises Over.

    The summary is shared as it is, in the person's own words (correction), or not at all. The agent who answers reads
    these words too, and whoever has the exchange after them; the line that tells of them is marked when they tell of
    suicide or danger. Locks the conversation.
    """
    now = clock.now()
    conversation = lock_conversation(conversation_id)
    handover = _lock_open(handover_id, conversation, now)
    if handover.state != HandoverState.READING:
        raise Over
    if answer == Answer.CORRECTED:
        _write(handover, Part.CORRECTION, correction)
    line = say_line(conversation, SAID[Answer(answer)], now=now)
    if answer == Answer.CORRECTED:
        danger.mark_line(conversation, line.seq, plain_text.plain(correction))
    conversation.record_event(EventKind.SUMMARY, at=now, detail=answer)
    _offer(handover, conversation, answer, now)


@transaction.atomic
def accept_handover(*, handover_id: int, conversation_id: int, by: Agent) -> None:
    """Take a conversation over that was offered. After a grave one, its former agent is offered a pause.

    Locks both agents, then the conversation. Raises Over, NoRoom.
    """
    now = clock.now()
    # Who passes the exchange on never changes.
    passer = Handover.objects.filter(pk=handover_id).values_list("from_agent", flat=True).first()
    pauses.lock_agents(by.pk, passer or by.pk)
    receiver = lock_receiver(by.pk, now)
    conversation = lock_conversation(conversation_id)
    handover = _lock_open(handover_id, conversation, now)
    if handover.state != HandoverState.OFFERED:
        raise Over
    _end(handover, HandoverState.ACCEPTED, now, taken_by=receiver)
    conversation.record_event(
        EventKind.HANDED_OVER,
        at=now,
        by=handover.from_agent.user,
        detail=f"{Manner.WARM} {handover.reason} {handover.answer}",
    )
    assign_to(conversation, receiver, now)
    pauses.offer_after(conversation, agent_id=handover.from_agent_id, now=now)


def _stays(
    handover: Handover, conversation: Conversation, state: str, now: datetime, by: AbstractBaseUser | None
) -> None:
    """End a handover with the conversation at its agent, and tell the person so. by: the account that ended it."""
    _end(handover, state, now)
    say_line(conversation, thread_texts.STAYS, name=name_for(conversation.report, handover.from_agent), now=now)
    conversation.record_event(EventKind.KEPT, at=now, by=by, detail=state)
    notify_parties(conversation, [handover.from_agent_id, *_asked(handover)])


@transaction.atomic
def decline_handover(*, handover_id: int, conversation_id: int, by: Agent, reason: str) -> None:
    """Decline an offer that was made to this agent by name, with a reason for the colleague. Raises Over."""
    now = clock.now()
    conversation = lock_conversation(conversation_id)
    handover = _lock_open(handover_id, conversation, now)
    if handover.state != HandoverState.OFFERED or handover.to_agent_id != by.pk:
        raise Over
    _write(handover, Part.REFUSAL, reason)
    _stays(handover, conversation, HandoverState.DECLINED, now, by.user)


@transaction.atomic
def withdraw_handover(*, conversation_id: int, by: Agent) -> None:
    """Withdraw an offer: its agent keeps the conversation. Raises Over, NotYours, ConversationClosed."""
    now = clock.now()
    conversation = lock_conversation(conversation_id)
    require_held(conversation, by)
    found = Handover.objects.live(now).filter(conversation=conversation).first()
    if found is None:
        raise Over
    _stays(_lock_open(found.pk, conversation, now), conversation, HandoverState.WITHDRAWN, now, by.user)


# --- the tick ---------------------------------------------------------------------------------------------------------


def advance_handovers(now: datetime | None = None) -> int:
    """Handle open handovers whose delay has expired, or whose agent no longer has the conversation; return how many.

    A summary that was not answered becomes an offer without it; an offer that was not answered expires. The worker
    calls this on each tick; at most AT_ONCE are handled.
    """
    now = now or clock.now()
    live = Handover.objects.live(now).values("pk")
    due = Handover.objects.filter(state__in=OPEN).exclude(pk__in=live).values_list("pk", "conversation_id")[:AT_ONCE]
    return sum(_advance_one(handover_id, conversation_id, now) for handover_id, conversation_id in list(due))


@transaction.atomic
def _advance_one(handover_id: int, conversation_id: int, now: datetime) -> int:
    conversation = lock_conversation(conversation_id)
    rows = Handover.objects.filter(pk=handover_id, state__in=OPEN).select_related("from_agent__unit")
    handover = rows.select_for_update(of=("self",)).first()
    if handover is None or Handover.objects.live(now).filter(pk=handover_id).exists():
        return 0  # it was answered meanwhile
    if conversation.status != Status.ACTIVE or conversation.assigned_to_id != handover.from_agent_id:
        _end(handover, HandoverState.LOST, now)
        conversation.record_event(EventKind.KEPT, at=now, detail=HandoverState.LOST)
    elif handover.state == HandoverState.READING:
        say_line(conversation, SAID[Answer.SILENT], now=now)
        conversation.record_event(EventKind.SUMMARY, at=now, detail=Answer.SILENT)
        _offer(handover, conversation, Answer.SILENT, now)
    else:
        _stays(handover, conversation, HandoverState.EXPIRED, now, None)
    return 1


# --- the end of a duty ------------------------------------------------------------------------------------------------


@transaction.atomic
def end_duty(*, agent: Agent, stays_for: Iterable[int]) -> list[Conversation]:
    """End an agent's duty: they become absent, so that nobody new comes.

    stays_for: keys of the conversations that the agent will answer until they end. If the agent has others under way,
    nothing changes, and these are returned, so that the agent passes them on or closes them first. Locks the agent,
    then the conversations.
    """
    now = clock.now()
    locked = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    running = list(
        Conversation.objects.active()
        .filter(assigned_to=locked)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    kept = set(stays_for)
    undecided = [conversation for conversation in running if conversation.pk not in kept]
    if undecided:
        return undecided
    locked.availability, locked.pause_reason, locked.pause_until = Availability.AWAY, "", None
    locked.save(update_fields=["availability", "pause_reason", "pause_until"])
    for conversation in running:
        conversation.record_event(EventKind.STAYS, at=now, by=agent.user)
    pubsub.agent_changed(agent.pk)
    pubsub.queue_changed()
    return []
