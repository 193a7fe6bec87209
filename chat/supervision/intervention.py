"""Lets a supervisor step into a conversation: join, write, whisper, reassign, leave.

The conversation is of one of their units, or of one for which they are on call; the audit log then says so
(docs/adr/0074).

Callers have proven access by `chat.access.as_supervisor`. It is checked again under the locks, because the conversation
may have gone to another unit. Both sides can read in the thread that a supervisor is there. Every act is recorded in
the history and in the audit log, in the same transaction (docs/adr/0038).
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
from chat.conversations.wording import clock_in_words, duration_in_words, place_of
from chat.messages.writing import append_message, say_line
from chat.models import Agent, Conversation, DangerMark, EventKind, Message
from chat.models.casework import Emergency
from chat.models.transfer import Handover, Watch, Whisper
from chat.rules.lifecycle import Author, Availability, Status
from chat.rules.transfer import OPEN, HandoverState, Manner, Reason, Target
from chat.rules.whereabouts import Whereabouts
from chat.texts import thread as thread_texts
from chat.transfer import actions as transfer_actions
from common import clock, encryption
from common.choices import read_choice
from common.service_settings import definitions, values
from reports.audit import log as audit_log
from reports.models import AccessKind
from triage.rules import Urgency

AT_ONCE = 100  # the most watches that one tick ends


def _lock(conversation_id: int, supervisor: Agent) -> Conversation:
    """Lock a conversation under way in one of the supervisor's units. Raises ConversationClosed, NotYours.

    Nobody steps in who passed it on because they know somebody concerned (docs/adr/0038).
    """
    conversation = transfer_actions.lock_conversation(conversation_id)
    if not conversation.is_open:
        raise ConversationClosed
    agent = conversation.assigned_to
    reach = access.reach_of(supervisor, clock.now())
    if agent is None or agent.pk == supervisor.pk or agent.unit_id not in reach:
        raise NotYours
    if access.is_recused(supervisor, conversation):
        raise NotYours
    return conversation


class HeldByAnother(Exception):
    """Another agent has the conversation by now than the one whom the supervisor's page named."""


def _require_holder(conversation: Conversation, held_by: int | None) -> None:
    """Check that this agent, by their key, still has a locked conversation. Raises HeldByAnother.

    held_by: the agent whom the supervisor's page named; None where nobody was named.
    """
    if held_by is not None and conversation.assigned_to_id != held_by:
        raise HeldByAnother


def _told(act: str, conversation: Conversation, by: Agent, now: datetime) -> str:
    """Return the detail for the audit log: the act, and the on-call duty under which it was done, if any."""
    agent = conversation.assigned_to
    on_call = access.reach_of(by, now).get(agent.unit_id) if agent is not None else None
    return act if on_call is None else f"{act}, on call {on_call}"


@transaction.atomic
def join(*, conversation_id: int, by: Agent, motive: str) -> Watch:
    """Join a conversation as a supervisor, who may read it for `definitions.WATCHED` at most.

    Joining again meanwhile changes nothing. motive: the reason, for the audit log; not empty. Locks the conversation.
    Raises NotYours, ConversationClosed.
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
    conversation.record_event(EventKind.WATCH_LEFT, at=now, by=watch.supervisor.user)


@transaction.atomic
def leave(*, conversation_id: int, by: Agent) -> None:
    """Leave a conversation that the supervisor had joined; a second call changes nothing. Locks the conversation."""
    now = clock.now()
    conversation = transfer_actions.lock_conversation(conversation_id)
    rows = Watch.objects.filter(conversation=conversation, supervisor=by, left_at__isnull=True)
    for watch in rows.select_related("supervisor__unit", "supervisor__user"):
        _leave(watch, conversation, now)


@transaction.atomic
def write(*, conversation_id: int, by: Agent, client_id: uuid.UUID, body: str) -> Message:
    """Add a message of a supervisor who has joined, once for each `client_id`. Its text begins with who writes.

    Raises NotYours, ConversationClosed. Locks the conversation.
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


# Most whispers about one conversation, of all supervisors. All are drawn on every page of the agent who answers it.
WHISPERS_AT_MOST = 50


class TooManyWhispers(Exception):
    """This conversation has WHISPERS_AT_MOST whispers already."""


@transaction.atomic
def whisper(*, conversation_id: int, by: Agent, text: str, held_by: int | None = None) -> Whisper:
    """Say something to the agent who answers now, which nobody else reads.

    held_by: see `_require_holder`. Raises TooManyWhispers, HeldByAnother, NotYours, ConversationClosed. Locks the
    conversation.
    """
    now = clock.now()
    conversation = _lock(conversation_id, by)
    _require_holder(conversation, held_by)
    agent = conversation.assigned_to
    if agent is None:
        raise NotYours
    if Whisper.objects.filter(conversation=conversation).count() >= WHISPERS_AT_MOST:
        raise TooManyWhispers
    said = say_to(agent, conversation, by, text, now)
    audit_log.record(
        kind=AccessKind.WHISPER,
        by=by.user,
        motive="supervision",
        subject=str(conversation.public_id),
        detail=_told("whisper", conversation, by, now),
    )
    return said


def say_to(agent: Agent, conversation: Conversation, by: Agent, text: str, now: datetime) -> Whisper:
    """Keep a supervisor's word to this agent, and tell their pages. The caller holds the conversation's lock."""
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
    pubsub.aside_changed(agent.pk)
    return said


@transaction.atomic
def reassign(*, conversation_id: int, by: Agent, agent_id: int, motive: str, held_by: int | None = None) -> Handover:
    """Give the conversation to another agent, even if they are full. An open handover ends.

    motive: the reason, which both agents read. held_by: see `_require_holder`. Raises NotYours, ConversationClosed and
    HeldByAnother; transfer_actions.NoRoom when the agent is not present, has the conversation already, or passed it on
    because they know somebody concerned; Resting when they take nobody new now and the conversation cannot wait. Locks
    the agent, then the conversation.
    """
    now = clock.now()
    receiver = transfer_actions.lock_receiver(agent_id, now, may_be_full=True)
    conversation = _lock(conversation_id, by)
    _require_holder(conversation, held_by)
    if receiver.availability != Availability.AVAILABLE and cannot_wait(conversation):
        raise Resting
    before = conversation.assigned_to
    if before is None or before.pk == receiver.pk:
        raise transfer_actions.NoRoom
    if transfer_actions.recused_agents(conversation).filter(from_agent=receiver).exists():
        raise transfer_actions.NoRoom
    told = _told("reassign", conversation, by, now)  # worded now, because the unit may be another one afterwards
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
    """Return whether this watch is over: its time has passed, the conversation ended or went to another unit."""
    agent = conversation.assigned_to
    if conversation.status != Status.ACTIVE or agent is None:
        return True
    if agent.unit_id not in access.reach_of(watch.supervisor, now):
        return True
    return not access.watches(now).filter(pk=watch.pk).exists()


def end_watches(now: datetime | None = None) -> int:
    """End the watches that are over, say so in the thread, and return how many. The worker calls this on each tick."""
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
    """The agent is in a pause or away, so that somebody in danger must not be given to them."""


def cannot_wait(conversation: Conversation) -> bool:
    """Return whether a conversation may only go to an available agent.

    It is critical, has an open emergency procedure, or has words of danger that nobody has dealt with. At most two
    queries.
    """
    if conversation.urgency >= Urgency.CRITICAL:
        return True
    if Emergency.objects.filter(conversation=conversation, ended_at__isnull=True).exists():
        return True
    mark = DangerMark.objects.filter(conversation=conversation).first()
    return mark is not None and any(seq > mark.dealt_seq for seq in mark.seqs)


def receivers(conversation: Conversation, now: datetime) -> list[Agent]:
    """Return the agents to whom a supervisor may give this conversation, with their `load`, full or not.

    They are present, do not answer it now, and did not pass it on because they know somebody concerned. Available ones
    come first. When the conversation cannot wait, only these are returned.
    """
    there = Agent.objects.present(now).filter(user__is_active=True)
    there = there.exclude(pk__in=transfer_actions.recused_agents(conversation))
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

    place: the person's commune or postal code, as the queue showed it. since: in words, how long it has been this
    agent's. waits: since when the person waits for an answer, whoever held the conversation; empty when the word is
    theirs. own: how much of that is this agent's. passing: a passage is open. joined: this supervisor reads it now.
    is_recused: they may not step in, because they know somebody concerned (`access.is_recused`). whereabouts: where the
    person is. emergency_since: as a clock says it, empty when no procedure is open.
    """

    conversation: Conversation
    place: str
    since: str
    waits: str
    own: str
    passing: bool
    joined: bool
    is_recused: bool
    whereabouts: Whereabouts
    emergency_at: datetime | None
    emergency_since: str

    @property
    def urgency_name(self) -> str:
        """Return the name of the degree that frames and pages use: normal, high or critical."""
        return read_choice(Urgency, self.conversation.urgency, Urgency.NORMAL).name.lower()

    @property
    def urgency_label(self) -> str:
        """Return the degree in words."""
        return self.conversation.get_urgency_display()


def running_conversations(agent: Agent, now: datetime) -> list[Running]:
    """Return the conversations of this supervisor's units, into which they may step unless recused. Four queries.

    Open emergencies come first, then the most urgent, then those who have waited longest.
    """
    mine = access.supervised_by(agent).select_related("assigned_to__unit", "report__municipality")
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    rows: Collection[Any] = with_departure(conversations_waits.with_waits(mine)).annotate(
        emergency_at=Subquery(emergency.values("started_at")[:1]),
        is_passing=Exists(Handover.objects.filter(conversation=OuterRef("pk"), state__in=OPEN)),
        is_recused=Exists(Handover.objects.recusals().filter(conversation=OuterRef("pk"), from_agent=agent)),
    )
    joined = set(access.watches(now).filter(supervisor=agent).values_list("conversation_id", flat=True))
    since = {row.pk: conversations_waits.waits_since(row) for row in rows}
    lines = []
    for row in sorted(rows, key=lambda row: (not row.emergency_at, -row.urgency, since[row.pk] or now, row.pk)):
        waited = since[row.pk]
        lines.append(
            Running(
                conversation=row,
                place=place_of(row.report),
                since=duration_in_words(now - row.assigned_at),
                waits=duration_in_words(now - waited) if waited else "",
                own=duration_in_words(now - conversations_waits.agent_owes_since(row, waited)) if waited else "",
                passing=row.is_passing,
                joined=row.pk in joined,
                is_recused=row.is_recused,
                whereabouts=whereabouts_of(row, now),
                emergency_at=row.emergency_at,
                emergency_since=clock_in_words(now - row.emergency_at) if row.emergency_at else "",
            )
        )
    return lines
