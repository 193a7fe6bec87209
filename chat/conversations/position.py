"""One person's position in the queue, and when somebody who leaves with a resume code should be back.

This is one short statement for a page of one person, while `dispatcher.read_board` reads the whole queue for a process.
Tests hold the two together (`tests/chat/conversations/test_position.py`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from chat.models import Conversation
from chat.rules.assignment import CROWD_PART, CROWD_SECONDS, SPARE_PART, estimate_wait
from chat.rules.lifecycle import HEAVY, Availability, Status
from chat.rules.transfer import STAYED, Reason
from common.service_settings import definitions
from common.service_settings import values as setting_values
from common.sql import fetch_rows
from triage.rules import Urgency

MOST_KEY = 2**63 - 1  # the greatest bigint: everybody who is in the queue comes before this key

# Whether a row comes before this person, or is this person: `assignment.IN_TURN` in SQL.
IS_BEFORE = "(-urgency, queued_at, id) <= (-%(urgency)s::int, %(queued_at)s, %(id)s)"

# Whether a handover is a recusal: `HandoverQuerySet.recusals` in SQL.
STAYED_THEIRS = ", ".join(f"'{state}'" for state in sorted(STAYED))
IS_RECUSAL = f"h.reason = '{Reason.IMPARTIALITY}' AND h.state NOT IN ({STAYED_THEIRS})"

# Whether the queue keeps this person from an agent `a`: what `dispatcher.read_board` reads of everybody.
IS_KEPT_AWAY = f"""
  EXISTS (SELECT FROM chat_handover h WHERE h.conversation_id = %(id)s AND h.from_agent_id = a.id AND {IS_RECUSAL})
  OR EXISTS (SELECT FROM chat_direction d WHERE d.conversation_id = %(id)s AND d.until > clock.now
             AND (d.avoided_id = a.id OR a.id = ANY(d.avoided_before)))
"""  # noqa: S608  of constants of this module

# An agent from whom the queue keeps this person has no places for them. Somebody of a group of look-alikes who comes
# beyond the share has none of the spare places either (`assignment.spare_of`).
PLACE = f"""
SELECT CASE
         WHEN line.crowded_before = 0 THEN line.free_before
         WHEN NOT %(is_crowded)s THEN line.free_before + LEAST(line.crowded_before, share.room)
         WHEN line.crowded_before <= share.room THEN line.free_before + line.crowded_before
         ELSE line.free + line.crowded_before
       END,
       on_duty.slots_for_them,
       CASE WHEN %(is_grouped)s AND line.crowded_before > share.room
            THEN GREATEST(0, on_duty.free_for_them
                 - LEAST(on_duty.free, GREATEST(%(least_spare)s::int, on_duty.slots / %(spare_part)s::int)))
            ELSE on_duty.free_for_them END
FROM (SELECT COALESCE(%(now)s::timestamptz, statement_timestamp()) AS now) clock
CROSS JOIN LATERAL (
  SELECT COALESCE(sum(capacity), 0) AS slots, COALESCE(sum(GREATEST(capacity - load, 0)), 0) AS free,
         COALESCE(sum(capacity) FILTER (WHERE NOT is_kept_away), 0) AS slots_for_them,
         COALESCE(sum(GREATEST(capacity - load, 0)) FILTER (WHERE NOT is_kept_away), 0) AS free_for_them
  FROM (SELECT a.capacity, ({IS_KEPT_AWAY}) AS is_kept_away,
               COALESCE(sum(CASE WHEN c.dormant_since >= c.reporter_seen_at THEN 0 ELSE c.weight END), 0) AS load
        FROM chat_agent a LEFT JOIN chat_conversation c ON c.assigned_to_id = a.id AND c.status = %(active)s
        WHERE a.availability = %(available)s AND a.seen_at >= clock.now - %(lease)s::int * interval '1 s'
        GROUP BY a.id) agents
) on_duty
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE NOT is_crowded) AS free,
         count(*) FILTER (WHERE NOT is_crowded AND is_before) AS free_before,
         count(*) FILTER (WHERE is_crowded AND is_before) AS crowded_before
  FROM (SELECT is_crowded, {IS_BEFORE} AS is_before
        FROM chat_conversation
        WHERE status = %(waiting)s AND reporter_seen_at >= clock.now
              - CASE WHEN reporter_is_hidden THEN GREATEST(%(asleep)s::int, %(absent)s::int) ELSE %(absent)s::int END
              * interval '1 s'
          AND (%(is_crowded)s OR {IS_BEFORE})) people
) line
CROSS JOIN LATERAL (
  SELECT CASE WHEN line.crowded_before > 0 THEN GREATEST(0, GREATEST(1, on_duty.slots / %(part)s::int) - (
    SELECT count(*) FROM chat_conversation
    WHERE is_crowded AND (status = %(active)s OR assigned_at > clock.now - %(lately)s::int * interval '1 s')
  )) END AS room
) share
"""  # noqa: S608  of constants of this module


# What the position needs to know of a person who waits and is present; no row for anybody else.
OWN = """
SELECT urgency, queued_at, is_crowded, lookalike_group IS NOT NULL FROM chat_conversation
WHERE id = %(id)s AND status = %(waiting)s AND reporter_seen_at >= statement_timestamp()
      - CASE WHEN reporter_is_hidden THEN GREATEST(%(asleep)s::int, %(absent)s::int) ELSE %(absent)s::int END
      * interval '1 s'
"""


# Whoever waits no longer than this is told to stay, because they would miss their turn if they left.
NEAR_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Return:
    """It is what a person is told who waits and leaves now with a resume code; see `plan_return`.

    kept_until: until when their place is kept. back_at: when they should be back; None when nothing can be said, or
    when it is nearly their turn (is_near).
    """

    kept_until: datetime
    back_at: datetime | None
    is_near: bool


def plan_return(*, now: datetime, kept: timedelta, wait_minutes: tuple[int, int] | None) -> Return:
    """Compute when somebody who leaves the queue now should be back. Pure.

    wait_minutes: the range of the wait (from, to). They should be back at its early end, because the queue does not
    wait for the absent, and never later than their place is kept. The time is rounded down to five minutes.
    """
    kept_until = (now + kept).replace(second=0, microsecond=0)
    if wait_minutes is None:
        return Return(kept_until, None, is_near=False)
    low, high = wait_minutes
    if high <= NEAR_MINUTES:
        return Return(kept_until, None, is_near=True)
    at = min(now + timedelta(minutes=max(low, 5)), kept_until)
    return Return(kept_until, at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0), is_near=False)


def wait_of_newcomer() -> tuple[int, int] | None:
    """Return the range of minutes (from, to) that a person with nothing urgent would wait who joined the queue now.

    None when nothing can be said. One short statement.
    """
    values = _values(now=None, urgency=Urgency.NORMAL, queued_at="infinity", key=MOST_KEY, is_crowded=False)
    ((before, slots, free),) = fetch_rows(PLACE, values)
    average = setting_values.get(definitions.AVERAGE_LENGTH)
    return estimate_wait(position=before + 1, slots=slots, free=free, average_minutes=average)


def queue_position(conversation: Conversation, now: datetime | None = None) -> tuple[int, tuple[int, int] | None]:
    """Return the position of a person who waits and is present, and the range of their wait in minutes, or None.

    The position is 1 for the next person. The caller knows that the person waits and is present. now: the time of
    PostgreSQL's clock unless given (`common.clock`). One short statement.
    """
    values = _values(
        now=now,
        urgency=conversation.urgency,
        queued_at=conversation.queued_at,
        key=conversation.pk,
        is_crowded=conversation.is_crowded,
        is_grouped=conversation.lookalike_group is not None,
    )
    ((position, slots, free),) = fetch_rows(PLACE, values)
    average = setting_values.get(definitions.AVERAGE_LENGTH)
    return position, estimate_wait(position=position, slots=slots, free=free, average_minutes=average)


def position_by_key(conversation_id: int) -> tuple[int | None, tuple[int, int] | None]:
    """Return what `queue_position` does, by the key of the conversation; (None, None) if nobody waits there.

    That includes a person who is absent. Two short statements of one row each: a page without a socket asks every few
    seconds, and ten thousand of them must not each read the whole queue.
    """
    own = _values(now=None, urgency=0, queued_at="infinity", key=conversation_id, is_crowded=False)
    rows = fetch_rows(OWN, {name: own[name] for name in ("id", "waiting", "asleep", "absent")})
    if not rows:
        return None, None
    ((urgency, queued_at, is_crowded, is_grouped),) = rows
    given = {"urgency": urgency, "queued_at": queued_at, "is_crowded": is_crowded}
    values = own | given | {"is_grouped": is_crowded and is_grouped}
    ((position, slots, free),) = fetch_rows(PLACE, values)
    average = setting_values.get(definitions.AVERAGE_LENGTH)
    return position, estimate_wait(position=position, slots=slots, free=free, average_minutes=average)


def _values(
    *,
    now: datetime | None,
    urgency: int,
    queued_at: datetime | str,
    key: int,
    is_crowded: bool,
    is_grouped: bool = False,
) -> dict[str, Any]:
    return {
        "waiting": Status.WAITING.value,
        "active": Status.ACTIVE.value,
        "available": Availability.AVAILABLE.value,
        "now": now,
        "absent": settings.ABSENT_SECONDS,
        "asleep": int(setting_values.get_duration(definitions.ASLEEP).total_seconds()),
        "lease": settings.LEASE_SECONDS,
        "urgency": int(urgency),
        "queued_at": queued_at,
        "id": key,
        "is_crowded": is_crowded,
        "is_grouped": is_crowded and is_grouped,
        "part": CROWD_PART,
        "spare_part": SPARE_PART,
        "least_spare": HEAVY,
        "lately": CROWD_SECONDS,
    }
