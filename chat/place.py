"""One person's place in the queue, for a page: one short statement, where `queue.read_board` brings the whole queue.

Both say the same; the tests hold them together.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from chat.lifecycle import Availability, Status, estimate_wait
from chat.models import Conversation

PLACE = """
SELECT (SELECT count(*) FROM chat_conversation
        WHERE status = %(waiting)s AND reporter_seen_at >= %(here_since)s
          AND (-urgency, queued_at, id) <= (-%(urgency)s, %(queued_at)s, %(id)s)),
       COALESCE(sum(capacity), 0), COALESCE(sum(GREATEST(capacity - load, 0)), 0)
FROM (SELECT a.capacity, count(c.id) AS load
      FROM chat_agent a LEFT JOIN chat_conversation c ON c.assigned_to_id = a.id AND c.status = %(active)s
      WHERE a.availability = %(available)s AND a.seen_at >= %(present_since)s GROUP BY a.id) on_duty
"""


def place_of(conversation: Conversation, now: datetime) -> tuple[int, tuple[int, int] | None]:
    """The position of somebody who waits and is here (1: next), and the range of minutes if anybody can say."""
    with connection.cursor() as cursor:
        cursor.execute(
            PLACE,
            {
                "waiting": Status.WAITING.value,
                "active": Status.ACTIVE.value,
                "available": Availability.AVAILABLE.value,
                "here_since": now - timedelta(seconds=settings.ABSENT_SECONDS),
                "present_since": now - timedelta(seconds=settings.LEASE_SECONDS),
                "urgency": conversation.urgency,
                "queued_at": conversation.queued_at,
                "id": conversation.pk,
            },
        )
        position, slots, free = cursor.fetchone()
    average = settings.AVERAGE_CONVERSATION_MINUTES
    return position, estimate_wait(position=position, slots=slots, free=free, average_minutes=average)
