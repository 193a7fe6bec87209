"""Situations of the exchange. The people are always the same: the person who writes, the assigned agent, and an agent
of another unit.

A function is named for the situation that it makes: `waiting()`, `assigned()`, `closed()`.
"""

import itertools
import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, ConversationEvent, Message, OnCall, Unit
from chat.rules.lifecycle import HEAVY, Author, Availability, Outcome, weight_of
from common import encryption
from common.client_address import Connection
from locations.models import Force
from pnav.accounts.models import Role, User
from reports import reporter_identity
from reports.models import Report

_numbers = itertools.count(1)


def unit(force: str = Force.POLICE, name: str = "") -> Unit:
    return Unit.objects.get_or_create(name=name or f"Équipe {force}", defaults={"force": force})[0]


def agent(
    *,
    force: str = Force.POLICE,
    role: str = Role.AGENT,
    capacity: int = 3,
    availability: str = Availability.AVAILABLE,
    present: bool = True,
    public_name: str = "Camille",
    unit_name: str = "",
) -> Agent:
    """Return an agent, on duty unless said otherwise."""
    user = User.objects.create_user(f"agent{next(_numbers)}", password="a password for tests", role=role)
    return Agent.objects.create(
        user=user,
        unit=unit(force, unit_name),
        public_name=public_name,
        capacity=capacity,
        availability=availability,
        seen_at=timezone.now() if present else None,
    )


def on_call() -> OnCall:
    """Return a supervisor who is on call for another unit, until tomorrow."""
    chief, now = agent(role=Role.SUPERVISOR, unit_name="Garde"), timezone.now()
    return OnCall.objects.create(
        supervisor=chief,
        unit=unit(name="Gardée"),
        starts_at=now,
        ends_at=now + timedelta(days=1),
        motive="essai",
        named_by=chief.user,
        named_at=now,
    )


def report(**fields: Any) -> Report:
    """Return the report of a victim in a police zone unless said otherwise; `answers` are those of the orientation."""
    made = _report(**fields)
    made.save(force_insert=True)
    return made


def reports(count: int) -> list[Report]:
    """Create that many reports, in one statement."""
    return Report.objects.bulk_create(_report() for _each in range(count))


def _report(**fields: Any) -> Report:
    submission_id = uuid.uuid4()
    answers = fields.pop("answers", {})
    values: dict[str, Any] = {
        "submission_id": submission_id,
        "triage_version": "test",
        "triage_answers_sealed": encryption.seal(json.dumps(answers), context=f"report:{submission_id}"),
        "outcome": "chat",
        "postal_code": "93200",
        "force": Force.POLICE,
    }
    return Report(**values | fields)


def sealed(conversation: Conversation) -> Conversation:
    """Add the sealed values that every report has that came with the form, for somebody who left nothing."""
    reporter_identity.seal_identity(conversation.report, name="", contact="", connection=Connection("", ""))
    return conversation


def waiting(*, queued_at: datetime | None = None, filed: Report | None = None, **fields: Any) -> Conversation:
    """Return a person in the queue. Nobody is notified, and nothing is dispatched. filed: their report, if it exists.

    Like `actions.open_conversation`, this writes a column that the order of the queue uses, so both have to write it.
    """
    now = timezone.now()
    filed = filed or report(**fields)
    return Conversation.objects.create(
        report=filed,
        urgency=filed.urgency,
        is_crowded=filed.is_crowded,
        weight=weight_of(filed.urgency, critical=HEAVY),
        force=filed.force,
        opened_at=queued_at or now,
        queued_at=queued_at or now,
        reporter_seen_at=now,
    )


def assigned(to: Agent | None = None, **fields: Any) -> Conversation:
    """Return a conversation under way; message 1 is the system's « … est là »."""
    to = to or agent()
    conversation = waiting(**fields)
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=to.pk, now=timezone.now())
    conversation.refresh_from_db()
    return conversation


def closed(to: Agent | None = None, **fields: Any) -> Conversation:
    """Return a conversation that its agent ended."""
    conversation = assigned(to, **fields)
    assert conversation.assigned_to is not None
    return actions.close_conversation(
        conversation_id=conversation.pk,
        by_author=Author.AGENT,
        by=conversation.assigned_to.user,
        outcome=Outcome.ADVISED,
    )


def message(conversation: Conversation, body: str = "Bonjour", author: str = Author.REPORTER) -> Message:
    """Return a message posted by this side."""
    conversation.refresh_from_db()
    written = actions.post_message(
        conversation_id=conversation.pk,
        client_id=uuid.uuid4(),
        body=body,
        author=author,
        agent=conversation.assigned_to if author == Author.AGENT else None,
        is_metered=False,  # a test makes hundreds of messages
    )
    return conversation.messages.get(seq=written.seq)


def thread(conversation: Conversation, bodies: Sequence[str], author: str = Author.REPORTER) -> Conversation:
    """Post messages, in two statements, as if each had been posted by itself, for threads that are long."""
    conversation.refresh_from_db()
    now, first = timezone.now(), conversation.last_seq + 1
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            seq=seq,
            client_id=uuid.uuid4(),
            author=author,
            agent=conversation.assigned_to if author == Author.AGENT else None,
            sent_at=now,
            sealed_body=encryption.seal(body, context=Message.context_of(conversation.public_id, seq, author)),
        )
        for seq, body in enumerate(bodies, first)
    )
    conversation.last_seq = first + len(bodies) - 1
    conversation.save(update_fields=["last_seq"])
    return conversation


def long_ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def age(conversation: Conversation, *, days: float) -> Conversation:
    """Change everything in it as if it had happened that many days ago, all at once."""
    then = timezone.now() - timedelta(days=days)
    Report.objects.filter(pk=conversation.report_id).update(filed_at=then)
    Message.objects.filter(conversation=conversation).update(sent_at=then)
    ConversationEvent.objects.filter(conversation=conversation).update(at=then)
    rows = Conversation.objects.filter(pk=conversation.pk)
    rows.update(opened_at=then, queued_at=then, reporter_seen_at=then)
    rows.filter(assigned_at__isnull=False).update(assigned_at=then)
    rows.filter(closed_at__isnull=False).update(closed_at=then)
    conversation.refresh_from_db()
    return conversation
