"""The queue as a frame of the protocol, for consoles."""

from datetime import datetime
from typing import Any

from chat.conversations.dispatcher import in_line
from chat.messages import protocol
from chat.models import Conversation
from chat.rules.assignment import turn
from common import clock
from triage.rules import Urgency

Json = dict[str, Any]


# --- the console ------------------------------------------------------------------------------------------------------


def _turn_of(one: Conversation) -> tuple[int, datetime, int]:
    return turn(urgency=one.urgency, queued_at=one.queued_at, key=one.pk)


def queue_frame() -> Json:
    """The next hundred who wait, in the order of the queue, for every console: since when, how urgent, of which zone.

    No message text, no answer of the triage.
    """
    people = Conversation.objects.waiting().select_related("report__municipality")
    rows = in_line(people, clock.now(), key=_turn_of, at_most=100)
    items = [
        {
            "conversation": str(row.public_id),
            "since": protocol.instant(row.queued_at),
            "urgency": Urgency(row.urgency).name.lower(),
            "urgency_label": str(Urgency(row.urgency).label),
            "force": row.force or None,
            "place": str(row.report.municipality) if row.report.municipality else row.report.postal_code,
            "minor": row.report.is_minor,
            "role": row.report.role,
            "crowded": row.is_crowded,
        }
        for row in rows
    ]
    waiting = len(items) if len(items) < 100 else Conversation.objects.waiting().count()
    return {"type": "queue", "waiting": waiting, "items": items}
