"""Lets a supervisor step into a conversation: join, write, whisper, reassign, leave.

It is of one of their units, or of one that they are on call for, which the register then says (docs/adr/0074).

Access is already proven by `chat.access.as_supervisor`, and asked again under the locks: the conversation may have
passed to another unit. Both sides read in the thread that a supervisor is there. Everything is in the history and in
the register, in the transaction of the act. See docs/adr/0038.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from chat import access, pubsub
from chat.conversations import waits as conversations_waits
from chat.conversations.actions import ConversationClosed, NotYours
from chat.conversations.whereabouts import whereabouts_of, with_departure
from chat.conversations.wording import clock_in_words, duration_in_words
from chat.messages.writing import append_message, say_line
from chat.models import Agent, Conversation, EventKind, Message
from chat.models.casework import Emergency
from chat.models.transfer import Handover, Watch, Whisper
from chat.rules.lifecycle import Author, Availability, Status
from chat.rules.transfer import OPEN, HandoverState, Manner, Reason, Target
from chat.rules.whereabouts import Whereabouts
from chat.texts import thread as thread_texts
from chat.transfer import actions as transfer_actions
from common import clock, encryption
from common.service_settings import definitions, values
from reports.audit import log as audit_log
from reports.models import AccessKind
from triage.rules import Urgency

AT_ONCE = 100  # watches that are over, of one tick


def _lock(conversation_id: int, supervisor: Agent) -> Conversation:
    """The conversation, locked, under way in one of their units. Raises ConversationClosed, NotYours."""
    conversation = transfer_actions.lock_conversation(conversation_id)
    if not conversation.is_open:
        raise ConversationClosed
    agent = conversation.assigned_to
    reach = access.reach_of(supervisor, clock.now())
    if agent is None or agent.pk == supervisor.pk or agent.unit_id not in reach:
        raise NotYours
    return conversation


def _told(act: str, conversation: Conversation, by: Agent, now: datetime) -> str:
    """The detail of the register's line: the act, and the on-call duty under which it was done."""
    agent = conversation.assigned_to
    on_call = access.reach_of(by, now).get(agent.unit_id) if agent is not None else None
    return act if on_call is None else f"{act}, on call {on_call}"


@transaction.atomic
def join(*, conversation_id: int, by: Agent, motive: str) -> Watch:
    """Read a conversation, for `definitions.WATCHED` at most; joining again while it lasts changes nothing.

    motive: why, as the register keeps it: not empty. Raises NotYours, ConversationClosed.
    """
    now = clock.now()
    conversation = _lock(conversation_id, by)
    own = Watch.objects.filter(conversation=conversation, supervisor=by, left_at__isnull=True)
    for watch in own.select_related("supervisor__unit", "supervisor__user"):
        if not _is_over(watch, conversation, now):
            return watch
        _leave(watch, conversation, now)
    until = now + values.get_duration(definitions.WATCHED)
    watch = Watch.objects.create(conversation=conversation, supervisor=by, joined_at=now, until=until)
    say_line(
        conversation,
        thread_texts.SUPERVISOR_JOINS,
        name=transfer_actions.name_for(conversation.report, by),
        now=now,
    )
    conversation.record_event(EventKind.JOINED, at=now, by=by.user)
    transfer_actions.notify_parties(conversation, [conversation.assigned_to_id] if conversation.assigned_to_id else [])
    audit_log.record(
        kind=AccessKind.READING,
        by=by.user,
        motive=motive,
        subject=str(conversation.public_id),
        detail=_told("join", conversation, by, now),
    )
    return watch


def _leave(watch: Watch, conversation: Conversation, now: datetime) -> None:
    watch.left_at = now
    watch.save(update_fields=["left_at"])
    if conversation.is_open:
        say_line(
            conversation,
            thread_texts.SUPERVISOR_LEAVES,
            name=transfer_actions.name_for(conversation.report, watch.supervisor),
            now=now,
        )
        transfer_actions.notify_parties(conversation)
    conversation.record_event(EventKind.LEFT, at=now, by=watch.supervisor.user)


@transaction.atomic
def leave(*, conversation_id: int, by: Agent) -> None:
    """Read no more of it. Having left already changes nothing."""
    now = clock.now()
    conversation = transfer_actions.lock_conversation(conversation_id)
    rows = Watch.objects.filter(conversation=conversation, supervisor=by, left_at__isnull=True)
    for watch in rows.select_related("supervisor__unit", "supervisor__user"):
        _leave(watch, conversation, now)


@transaction.atomic
def write(*, conversation_id: int, by: Agent, client_id: uuid.UUID, body: str) -> Message:
    """Add a message of a supervisor who has joined, once a `client_id`: it says who writes, wherever it is shown.

    Raises NotYours, ConversationClosed.
    """
    now = clock.now()
    conversation = _lock(conversation_id, by)
    if not access.has_joined(by, conversation, now):
        raise NotYours
    known = Message.objects.filter(conversation=conversation, author=Author.AGENT, client_id=client_id).first()
    if known is not None:
        return known
    with translation.override(conversation.report.language):
        name = _("%(name)s, superviseur") % {"name": transfer_actions.name_for(conversation.report, by)}
    message = append_message(
        conversation, author=Author.AGENT, agent=by, client_id=client_id, body=f"[{name}]\n{body}", now=now
    )
    transfer_actions.notify_parties(conversation)
    return message


# Of one conversation, by all supervisors: they are drawn with every page of the agent who answers it.
WHISPERS_AT_MOST = 50


class TooManyWhispers(Exception):
    """This conversation has WHISPERS_AT_MOST whispers already."""


@transaction.atomic
def whisper(*, conversation_id: int, by: Agent, text: str) -> Whisper:
    """Say something to the agent who answers now, and to nobody else.

    Raises TooManyWhispers, NotYours, ConversationClosed.
    """
    now = clock.now()
    conversation = _lock(conversation_id, by)
    agent = conversation.assigned_to
    if agent is None:
        raise NotYours
    if Whisper.objects.filter(conversation=conversation).count() >= WHISPERS_AT_MOST:
        raise TooManyWhispers
    key = uuid.uuid4()
    said = Whisper.objects.create(
        public_id=key,
        conversation=conversation,
        supervisor=by,
        agent=agent,
        said_at=now,
        sealed_text=encryption.seal(text, context=Whisper.context_of(key), data_key=conversation.data_key),
    )
    conversation.record_event(EventKind.WHISPERED, at=now, by=by.user)
    pubsub.agent_changed(agent.pk)
    audit_log.record(
        kind=AccessKind.WHISPER,
        by=by.user,
        motive="supervision",
        subject=str(conversation.public_id),
        detail=_told("whisper", conversation, by, now),
    )
    return said


@transaction.atomic
def reassign(*, conversation_id: int, by: Agent, agent_id: int, motive: str) -> Handover:
    """Give the conversation to another agent, full or not; an open passage ends. motive: both agents read it.

    Raises NotYours, ConversationClosed, transfer_actions.NoRoom when the agent is not there, Resting when they take
    nobody new now and the conversation cannot wait.
    """
    now = clock.now()
    receiver = transfer_actions.lock_receiver(agent_id, now, may_be_full=True)
    conversation = _lock(conversation_id, by)
    if receiver.availability != Availability.AVAILABLE and cannot_wait(conversation):
        raise Resting
    before = conversation.assigned_to
    if before is None or before.pk == receiver.pk:
        raise transfer_actions.NoRoom
    told = _told("reassign", conversation, by, now)  # before it is another unit's, perhaps
    transfer_actions.end_open(conversation, now)
    order = transfer_actions.create_handover(
        conversation,
        now,
        by=before,
        target=Target(agent=receiver.pk),
        manner=Manner.ORDERED,
        state=HandoverState.ACCEPTED,
        reason=Reason.OTHER,
        note=motive,
        taken_by=receiver,
    )
    conversation.record_event(EventKind.REASSIGNED, at=now, by=by.user)
    transfer_actions.assign_to(conversation, receiver, now)
    audit_log.record(
        kind=AccessKind.REASSIGNMENT, by=by.user, motive=motive, subject=str(conversation.public_id), detail=told
    )
    return order


def _is_over(watch: Watch, conversation: Conversation, now: datetime) -> bool:
    """Whether this supervisor reads no more: too long, no longer under way, or with another unit meanwhile."""
    agent = conversation.assigned_to
    if conversation.status != Status.ACTIVE or agent is None:
        return True
    if agent.unit_id not in access.reach_of(watch.supervisor, now):
        return True
    return not access.watches(now).filter(pk=watch.pk).exists()


def end_watches(now: datetime | None = None) -> int:
    """End those that are over, and say so in the thread; how many."""
    now = now or clock.now()
    rows = Watch.objects.filter(left_at__isnull=True).select_related("conversation__assigned_to", "supervisor__user")
    due = [(watch.pk, watch.conversation_id) for watch in rows if _is_over(watch, watch.conversation, now)]
    return sum(_end_one(watch_id, conversation_id, now) for watch_id, conversation_id in due[:AT_ONCE])


@transaction.atomic
def _end_one(watch_id: int, conversation_id: int, now: datetime) -> int:
    conversation = transfer_actions.lock_conversation(conversation_id)
    rows = Watch.objects.filter(pk=watch_id, left_at__isnull=True)
    watch = rows.select_related("supervisor__unit", "supervisor__user").first()
    if watch is None or not _is_over(watch, conversation, now):
        return 0
    _leave(watch, conversation, now)
    return 1


class Resting(Exception):
    """The agent is in a pause, or said that they are away: somebody in danger is not given to them."""


def cannot_wait(conversation: Conversation) -> bool:
    """Critical, or with an open emergency procedure: for who answers now, never for who rests. At most one query."""
    if conversation.urgency >= Urgency.CRITICAL:
        return True
    return Emergency.objects.filter(conversation=conversation, ended_at__isnull=True).exists()


def receivers(conversation: Conversation, now: datetime) -> list[Agent]:
    """Whose console is open, full or not, but for who answers there; with `load`. Who is available comes first; who is
    in a pause or away is not among them when the conversation cannot wait."""
    there = Agent.objects.present(now).filter(user__is_active=True)
    if conversation.assigned_to_id is not None:
        there = there.exclude(pk=conversation.assigned_to_id)
    if cannot_wait(conversation):
        there = there.filter(availability=Availability.AVAILABLE)
    people = there.with_load().select_related("unit").order_by("unit__name", "public_name")
    return sorted(people, key=lambda one: one.availability != Availability.AVAILABLE)


# --- what the board shows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A conversation under way as a supervisor sees it before joining: no text, no answer of the orientation.

    since: in words, how long it has been this agent's. waits: since when the person waits for an answer, whoever held
    the conversation; empty when the word is theirs. own: how much of that is this agent's. passing: a passage is open.
    joined: this supervisor reads it now. whereabouts: of the person. emergency_since: as a clock says it, empty when no
    procedure is open.
    """

    conversation: Conversation
    since: str
    waits: str
    own: str
    passing: bool
    joined: bool
    whereabouts: Whereabouts
    emergency_at: datetime | None
    emergency_since: str


def running_conversations(agent: Agent, now: datetime) -> list[Running]:
    """The conversations that this supervisor may step into: open emergencies first, then the most urgent, then who
    waits longest. Four queries."""
    mine = access.supervised_by(agent).select_related("assigned_to__unit", "report")
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    rows: Collection[Any] = with_departure(conversations_waits.with_waits(mine)).annotate(
        emergency_at=Subquery(emergency.values("started_at")[:1]),
        is_passing=Exists(Handover.objects.filter(conversation=OuterRef("pk"), state__in=OPEN)),
    )
    joined = set(access.watches(now).filter(supervisor=agent).values_list("conversation_id", flat=True))
    since = {row.pk: conversations_waits.waits_since(row) for row in rows}
    lines = []
    for row in sorted(rows, key=lambda row: (not row.emergency_at, -row.urgency, since[row.pk] or now, row.pk)):
        waited = since[row.pk]
        lines.append(
            Running(
                conversation=row,
                since=duration_in_words(now - row.assigned_at),
                waits=duration_in_words(now - waited) if waited else "",
                own=duration_in_words(now - conversations_waits.agent_owes_since(row, waited)) if waited else "",
                passing=row.is_passing,
                joined=row.pk in joined,
                whereabouts=whereabouts_of(row, now),
                emergency_at=row.emergency_at,
                emergency_since=clock_in_words(now - row.emergency_at) if row.emergency_at else "",
            )
        )
    return lines
