"""Opens and closes conversations, posts to them, and keeps presence and availability.

Callers have proven access by `chat.access` before they call these functions.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from chat import pubsub
from chat.conversations import dispatcher, losses, pauses, resume
from chat.messages.writing import Draft, Refusal, Written, say_line, write_messages
from chat.models import Agent, Conversation, DangerMark, EventKind
from chat.rules.lifecycle import Author, Availability, Outcome, Status, can_move, is_lease_over, weight_of
from chat.rules.lookalikes import ANSWER_TIME
from chat.texts import thread as thread_texts
from common import clock, metrics
from common.data_keys.keys import KeysAway
from common.service_settings import definitions, values
from common.sql import array_text, fetch_rows
from reports.models import Report

logger = logging.getLogger(__name__)

# Pages send a beat every 20 s, but a lease is written at most this often: a twelfth of an agent's lease (5 s of 60). A
# beat that comes a little early and is not written must never leave a gap that is nearly as long as the lease itself.
SEEN_EVERY = timedelta(seconds=min(5.0, settings.LEASE_SECONDS / 12))


class ConversationClosed(Exception):
    """The conversation is closed or abandoned, so that nothing can be added."""


class ExchangeFull(ConversationClosed):
    """The conversation holds as much as one may hold (`chat.rules.message_limits`): this author can add nothing."""


class TooFast(Exception):
    """The person sends messages faster than anybody writes. Nothing was written; it may be sent again in seconds."""


class Arrived(Exception):
    """Somebody answers the person who wanted to leave the queue. Nothing was closed."""


class NotYours(Exception):
    """The conversation is no longer assigned to this agent."""


def _dispatch_after_commit() -> None:
    """Run the dispatcher after the commit.

    It is `robust`, here and in other modules: if the database does not answer at that moment, the act itself is done
    and must not end in an error. The worker runs the dispatcher at its next tick.
    """
    transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)


def _lock(conversation_id: int) -> Conversation:
    return Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)


@transaction.atomic
def open_conversation(*, report: Report) -> Conversation:
    """Open the conversation of a report and put it in the queue, once. Called again, it returns the first one."""
    now = clock.now()
    conversation, created = Conversation.objects.get_or_create(
        report=report,
        defaults={
            "data_key": report.data_key,
            "urgency": report.urgency,
            "is_crowded": report.is_crowded,
            "weight": weight_of(report.urgency, critical=values.get(definitions.CRITICAL_WEIGHT)),
            "force": report.force,
            "opened_at": now,
            "queued_at": now,
            "reporter_seen_at": now,
        },
    )
    if created:
        conversation.record_event(EventKind.OPENED, at=now)
        pubsub.state_changed(conversation.public_id)
        _dispatch_after_commit()
        logger.info("conversation opened %s", conversation.public_id)
    return conversation


def post_message(
    *,
    conversation_id: int,
    client_id: UUID | str,
    body: str,
    author: str,
    agent: Agent | None = None,
    is_metered: bool = True,
) -> Written:
    """Add one message to an open conversation, once, and notify after commit. See `writing.write_messages`.

    A person who waits may write already, so that they need not say things twice.
    client_id: chosen by the browser, a new one for each message; sending it again returns the first copy.
    author: Author.REPORTER or Author.AGENT; agent: who writes, for an agent.
    is_metered: False for code that makes long exchanges in order to test or measure.
    Raises ConversationClosed, ExchangeFull (a kind of ConversationClosed), NotYours, and for a person TooFast. Raises
    KeysAway when the exchange's data key cannot be used now, as the errors of django.db when the database is away:
    nothing was written, and the same may be sent again later.
    """
    public_id = Conversation.objects.values_list("public_id", flat=True).get(pk=conversation_id)
    draft = Draft(conversation_id, str(public_id), author, agent.pk if agent else None, str(client_id), body)
    draft.is_metered = is_metered
    metrics.MESSAGES_OFFERED.labels(metrics.PAGE).inc()
    outcome = "given_back"  # if no answer comes, or its key cannot be used now, the page keeps the text
    try:
        [answer] = write_messages([draft])
        if answer is not Refusal.HELD:
            outcome = "refused" if isinstance(answer, Refusal) else "repeated" if answer.is_repeat else "written"
    finally:
        metrics.MESSAGES.labels(metrics.PAGE, outcome).inc()
    if answer is Refusal.FORBIDDEN:
        raise NotYours
    if answer is Refusal.TOO_FAST:
        raise TooFast
    if answer is Refusal.FULL:
        raise ExchangeFull
    if answer is Refusal.HELD:
        raise KeysAway("The data key of this exchange cannot be used now.")
    if isinstance(answer, Refusal):
        raise ConversationClosed
    # A repeat is announced too, because its first notification may be lost.
    pubsub.message_posted(public_id, answer.seq)
    return answer


@transaction.atomic
def close_conversation(
    *,
    conversation_id: int,
    by_author: str,
    by: AbstractBaseUser | None = None,
    outcome: str = "",
    only_in_queue: bool = False,
) -> Conversation:
    """Close a conversation, for either side. Closing a closed one changes nothing.

    by_author: Author.REPORTER or Author.AGENT. by: the agent's account. outcome: the agent's choice of Outcome; for a
    person it is LEFT unless given. only_in_queue: the person wants to leave the queue, and not to end an exchange. Both
    sides can still read the thread. After a grave conversation its agent is offered a pause (`pauses.offer_after`).
    Raises NotYours when the conversation went to another agent meanwhile, and Arrived when somebody answers a person
    who wanted to leave the queue. Locks the agent who closes it, then the conversation.
    """
    now = clock.now()
    if by_author == Author.AGENT and by is not None:
        pauses.lock_agent(by.pk)
    conversation = _lock(conversation_id)
    if by_author == Author.AGENT:
        agent = conversation.assigned_to
        if agent is None or by is None or agent.user_id != by.pk:
            raise NotYours
    if only_in_queue and conversation.status == Status.ACTIVE:
        raise Arrived
    if not can_move(conversation.status, Status.CLOSED):
        return conversation
    if by_author == Author.REPORTER:
        ending = thread_texts.ENDED_BY_PERSON
        outcome = outcome or Outcome.LEFT
    else:
        ending = thread_texts.ENDED_BY_AGENT
    if conversation.is_open:
        say_line(conversation, ending, now=now)
    resume.end_code(conversation, now)  # before the status changes, because a closed row may hold no code
    conversation.status = Status.CLOSED
    conversation.closed_at = now
    conversation.closed_by = by_author
    conversation.outcome = outcome
    conversation.save(update_fields=["status", "closed_at", "closed_by", "outcome"])
    if by_author == Author.REPORTER and conversation.characters:  # something was written
        DangerMark.objects.leave({conversation.pk: now})
    conversation.record_event(EventKind.CLOSED, at=now, by=by, detail=outcome)
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    pubsub.state_changed(conversation.public_id)
    if conversation.assigned_to_id:
        pubsub.agent_changed(conversation.assigned_to_id)
        if by_author == Author.AGENT:
            # Offered before the freed place is given to the next person.
            pauses.offer_after(conversation, agent_id=conversation.assigned_to_id, now=now)
    _dispatch_after_commit()
    logger.info("conversation closed %s", conversation.public_id)
    return conversation


def weight_changed(is_lighter: bool) -> None:
    """Notify after commit that the weight of a conversation changed. If it is lighter, run the dispatcher as well."""
    pubsub.queue_changed()
    if is_lighter:
        _dispatch_after_commit()


@transaction.atomic
def set_weight(*, conversation_id: int, weight: int, by: AbstractBaseUser) -> Conversation:
    """Set how many places of its agent this conversation fills, as the agent decides: LIGHT or HEAVY.

    If the new weight exceeds the free places, no conversation is taken away; nobody new comes until there is room. The
    same weight again changes nothing. Raises NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation = _lock(conversation_id)
    agent = conversation.assigned_to
    if agent is None or agent.user_id != by.pk:
        raise NotYours
    if not conversation.is_open:
        raise ConversationClosed
    if conversation.weight != weight:
        before, conversation.weight = conversation.weight, weight
        conversation.save(update_fields=["weight"])
        conversation.record_event(EventKind.WEIGHT, at=clock.now(), by=by, detail=f"{before} → {weight}")
        weight_changed(weight < before)
    return conversation


MARK_READ = """
WITH locked AS (SELECT id FROM chat_conversation WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE)
UPDATE chat_conversation c
SET reporter_read_seq = greatest(c.reporter_read_seq, least(d.by_reporter, c.last_seq)),
    agent_read_seq = greatest(c.agent_read_seq, least(d.by_agent, c.last_seq))
FROM unnest(%(ids)s, %(by_reporter)s::int[], %(by_agent)s::int[]) AS d(id, by_reporter, by_agent), locked
WHERE c.id = d.id AND locked.id = d.id
  AND (c.reporter_read_seq < least(d.by_reporter, c.last_seq) OR c.agent_read_seq < least(d.by_agent, c.last_seq))
RETURNING c.public_id, c.reporter_read_seq, c.agent_read_seq, d.by_reporter, d.by_agent
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Says that one side (`author`) has had everything up to the number `seq` on screen."""

    conversation_id: int
    author: str
    seq: int


def mark_read(marks: Sequence[Mark]) -> None:
    """Store how far each side has read, and notify. One statement, which locks the rows in the order of their keys.

    A mark before the stored one changes nothing, and a mark beyond the last message counts as the last message.
    """
    seqs: dict[int, dict[str, int]] = {}
    for mark in marks:
        sides = seqs.setdefault(mark.conversation_id, {Author.REPORTER: 0, Author.AGENT: 0})
        sides[mark.author] = max(mark.seq, sides[mark.author])
    columns = {
        "ids": list(seqs),
        "by_reporter": [sides[Author.REPORTER] for sides in seqs.values()],
        "by_agent": [sides[Author.AGENT] for sides in seqs.values()],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MARK_READ, columns)
        for public_id, reporter_seq, agent_seq, by_reporter, by_agent in cursor.fetchall():
            if by_reporter:
                pubsub.publish_read(public_id, Author.REPORTER.value, reporter_seq)
            if by_agent:
                pubsub.publish_read(public_id, Author.AGENT.value, agent_seq)


# The rows are locked in the order of their keys, as the batches of messages do, so that no deadlock is possible. A time
# in the future is written again: PostgreSQL's clock was put back, and nobody may count as seen until it has caught up.
REPORTERS_SEEN = """
WITH moment AS MATERIALIZED (SELECT coalesce(%(now)s::timestamptz, clock_timestamp()) AS now), late AS (
    SELECT c.id, moment.now, c.id = ANY(%(hidden)s::bigint[]) AS is_hidden FROM chat_conversation c, moment
    WHERE c.id = ANY(%(ids)s::bigint[])
      AND (c.reporter_seen_at < moment.now - %(every)s * interval '1 s'
           OR c.reporter_seen_at > moment.now + %(every)s * interval '1 s'
           OR c.reporter_is_hidden <> (c.id = ANY(%(hidden)s::bigint[])))
    ORDER BY c.id FOR NO KEY UPDATE OF c
)
UPDATE chat_conversation c SET reporter_seen_at = late.now, reporter_is_hidden = late.is_hidden,
    lookalike_asked_at = CASE WHEN c.lookalike_asked_at IS NOT NULL
                                   AND (c.reporter_seen_at < late.now - %(away)s * interval '1 s'
                                        OR c.reporter_is_hidden AND NOT late.is_hidden)
                              THEN late.now ELSE c.lookalike_asked_at END
FROM late WHERE c.id = late.id RETURNING c.id
"""
AGENTS_SEEN = """
WITH moment AS MATERIALIZED (SELECT coalesce(%(now)s::timestamptz, clock_timestamp()) AS now), told AS (
    SELECT one.id, moment.now - one.sign * interval '1 s' AS sign_at
    FROM unnest(%(ids)s::bigint[], %(signs)s::int[]) AS one(id, sign), moment
), late AS (
    SELECT a.id, a.seen_at, told.sign_at, moment.now FROM chat_agent a JOIN told ON told.id = a.id, moment
    WHERE a.seen_at IS NULL OR a.seen_at < moment.now - %(every)s * interval '1 s'
       OR a.seen_at > moment.now + %(every)s * interval '1 s'
       OR told.sign_at > coalesce(a.sign_at + %(every)s * interval '1 s', '-infinity')
    ORDER BY a.id FOR NO KEY UPDATE OF a
)
UPDATE chat_agent a SET seen_at = late.now,
    sign_at = greatest(CASE WHEN a.sign_at > late.now THEN late.now ELSE a.sign_at END, late.sign_at)
FROM late WHERE a.id = late.id RETURNING a.id, late.seen_at, late.now
"""


def reporters_seen(
    *, conversation_ids: Collection[int], hidden: Collection[int] = (), now: datetime | None = None
) -> None:
    """Renew the leases of reporters. Each is written at most every SEEN_EVERY, or at once when visibility changed.

    hidden: those of these conversations whose page is out of sight. now: the database's time unless given. Whoever was
    asked for a word (`lookalikes`) has the whole time again to answer when their page comes back into sight, or when
    they were not seen for ABSENT_SECONDS or for half of that time. One statement.
    """
    values = {
        "ids": array_text(conversation_ids),
        "hidden": array_text(hidden),
        "now": now,
        "every": SEEN_EVERY.total_seconds(),
        "away": min(settings.ABSENT_SECONDS, ANSWER_TIME.total_seconds() / 2),
    }
    fetch_rows(REPORTERS_SEEN, values)


def agents_seen(
    *, agent_ids: Collection[int], signs: Mapping[int, int] | None = None, now: datetime | None = None
) -> bool:
    """Renew the leases of agents who may answer, each written at most every SEEN_EVERY.

    signs: for agents of whom a page says so, the seconds since it last saw a sign of them; a sign that is newer by
    SEEN_EVERY than the last one is written at once. now: the database's time unless given. Returns whether one of them
    had counted as gone and is back (`came_back`). One statement.
    """
    agents = list(agent_ids)
    values = {
        "ids": array_text(agents),
        "signs": array_text((signs or {}).get(agent) for agent in agents),
        "now": now,
        "every": SEEN_EVERY.total_seconds(),
    }
    return came_back(fetch_rows(AGENTS_SEEN, values))


def came_back(renewed: Sequence[tuple[int, datetime | None, datetime]]) -> bool:
    """Tell agents whose lease had ended what they lost, and return whether there are any.

    Whatever statement renews leases calls this with its rows. renewed: for each agent (key, last seen, now). What they
    lost is recorded, to be shown to them (`losses.record_losses`), and the dispatcher runs after the commit.
    """
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    returns = [line for line in renewed if is_lease_over(seen_at=line[1], now=line[2], lease=lease)]
    if returns:
        losses.record_losses(returns=returns)
        pubsub.queue_changed()
        _dispatch_after_commit()
    return bool(returns)


@transaction.atomic
def set_availability(*, agent_id: int, availability: str, pause_reason: str = "", capacity: int | None = None) -> Agent:
    """Set whether new people may be given to an agent. The conversations under way stay with them.

    availability: an Availability. pause_reason: kept for a pause only, 100 characters at most. capacity: how many
    places the agent offers; None leaves it as it is. Ends a pause that was offered. When a call or another pause ends
    that the agent's pages show by a sentence of its own, they are told. Locks the agent.
    """
    now = clock.now()
    agent = Agent.objects.select_for_update(of=("self",)).select_related("unit").get(pk=agent_id)
    was_told = agent.is_on_the_phone or agent.is_paused_as_idle or agent.is_paused_by_supervisor
    agent.availability = availability
    agent.pause_reason = pause_reason[:100] if availability == Availability.PAUSE else ""
    agent.pause_until = None
    agent.seen_at = now
    if capacity is not None:
        agent.capacity = capacity
    agent.save(update_fields=["availability", "pause_reason", "pause_until", "seen_at", "capacity"])
    pubsub.agent_changed(agent.pk)
    if was_told:
        pubsub.aside_changed(agent.pk)  # their other pages read their own state again
    pubsub.queue_changed()
    _dispatch_after_commit()
    return agent


@transaction.atomic
def set_capacity(*, agent_id: int, capacity: int) -> None:
    """Set how many places an agent offers. A pause that runs goes on, with its reason and its end. Locks the agent."""
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).get(pk=agent_id)
    agent.capacity = capacity
    agent.save(update_fields=["capacity"])
    pubsub.agent_changed(agent.pk)
    pubsub.queue_changed()
    _dispatch_after_commit()


@transaction.atomic
def signed_out(*, agent_id: int) -> None:
    """Make an agent who signs out absent, so that nobody new comes.

    The lease is not changed: the conversations under way go back to the queue when it ends, unless the agent returns
    before.
    """
    present = Agent.objects.filter(pk=agent_id).exclude(availability=Availability.AWAY)
    if present.update(availability=Availability.AWAY, pause_reason="", pause_until=None):
        pubsub.agent_changed(agent_id)
        pubsub.queue_changed()
