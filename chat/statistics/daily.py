"""Closes days: counts the people of a day once, and stores what `chat.rules.daily_figures` rounds of it.

A closed day is never counted again, so that later deletions change no figure. The hourly `build_figures` closes the
days that are due, the oldest first, each in a transaction of its own. Where nothing is closed yet, it begins with the
first day of the service. Open days are counted from their exchanges (`chat.statistics.history`).
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from chat.models import ClosedDay, DailyFigure, EventKind, RemovalCount
from chat.models.figures import add_day, add_removals
from chat.rules import daily_figures as rules
from chat.rules.lifecycle import Outcome, Status
from common.service_settings import definitions, values
from locations.models import Force
from reports.retention.deletion import rule_of
from reports.rules.retention import Kind
from triage.rules import Outcome as Orientation

DAY = timedelta(days=1)
DAYS_AT_ONCE = 60  # how many days the worker counts in an hour; each takes some statements over the people of a day

# Whom no figure counts: arrivals that look alike, said nothing and were closed together (ADR 0074). Nobody gave up.
NOT_A_RAID = "NOT (c.lookalike_group IS NOT NULL AND c.closed_by = 'agent' AND c.assigned_to_id IS NULL)"
# What ends the time with an agent, the one list: the exchange is in the queue again, or over. « Quitter rapidement »
# (PARKED) is not in it, because the exchange stays with its agent, and the return writes no ASSIGNED.
HOLD_ENDS = (EventKind.RELEASED, EventKind.ASLEEP, EventKind.TRANSFERRED, EventKind.ABANDONED, EventKind.CLOSED)
# One row a person who came in the period, with what the series ask of them (`chat.rules.daily_figures`); then sums. A
# wait and a length are in whole seconds, and their range is the first end that is not below them (`rules.range_of`).
# What is counted for each hour of the day is counted for all of its series together first, so that the many rows are
# read once for these, and sums of sums are made of the few that are left.
PEOPLE = f"""
WITH one AS MATERIALIZED (
    SELECT c.opened_at AT TIME ZONE %(zone)s AS local, c.status, c.outcome, c.force, r.outcome AS orientation,
           r.age_band, date_part('epoch', answers.first_at - c.opened_at) AS waited,
           date_part('epoch', c.closed_at - answers.first_at) AS lasted, answers.is_one
    FROM chat_conversation c
    JOIN reports_report r ON r.id = c.report_id
    LEFT JOIN LATERAL (
        SELECT min(e.at) AS first_at, min(e.by_id) IS NOT DISTINCT FROM max(e.by_id) AS is_one
        FROM chat_conversationevent e WHERE e.conversation_id = c.id AND e.kind = %(assigned)s
    ) answers ON true
    WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s AND {NOT_A_RAID}
), told AS MATERIALIZED (
    SELECT date_part('isodow', local)::int AS weekday, date_part('hour', local)::int AS hour,
           CASE WHEN force = ANY(%(forces)s) THEN force ELSE %(unknown)s END AS force,
           CASE WHEN orientation = ANY(%(orientations)s) THEN orientation ELSE %(other)s END AS orientation,
           CASE WHEN age_band IN ('under_15', '15_17', 'under_18') THEN %(minor)s ELSE %(not_minor)s END AS age,
           CASE WHEN waited IS NOT NULL
                THEN (%(wait_keys)s::text[])[1 + width_bucket(floor(waited) - 1, %(waits)s::float8[])]
                WHEN status IN (%(closed)s, %(abandoned)s) THEN %(gave_up)s ELSE %(waiting)s END AS wait,
           CASE WHEN waited < %(promised)s THEN %(in_time)s WHEN waited IS NOT NULL THEN %(late)s END AS promise,
           CASE WHEN lasted IS NULL THEN %(none)s WHEN outcome = ANY(%(outcomes)s) THEN outcome ELSE %(other)s END
               AS ending,
           (%(length_keys)s::text[])[1 + width_bucket(floor(lasted) - 1, %(lengths)s::float8[])] AS length,
           CASE WHEN lasted IS NULL THEN NULL WHEN is_one THEN %(one_voice)s ELSE %(several)s END AS voices
    FROM one
), hours AS MATERIALIZED (
    SELECT hour, wait, promise, length, voices, count(*) AS people FROM told GROUP BY 1, 2, 3, 4, 5
)
SELECT 'hour' AS series, weekday || ':' || hour AS key, count(*)::int FROM told GROUP BY weekday, hour
UNION ALL SELECT 'age', age, count(*)::int FROM told GROUP BY age
UNION ALL SELECT 'orientation', orientation, count(*)::int FROM told GROUP BY orientation
UNION ALL SELECT 'end', ending || ':' || force, count(*)::int FROM told GROUP BY ending, force
UNION ALL SELECT series, key, sum(people)::int FROM hours CROSS JOIN LATERAL (VALUES
    ('people', %(everybody)s), ('wait', wait), ('promise', coalesce(promise, %(none)s)),
    ('length', coalesce(length, %(none)s)), ('voices', coalesce(voices, %(none)s)), ('hour_wait', hour || ':' || wait),
    ('hour_promise', hour || ':' || promise), ('hour_length', hour || ':' || length),
    ('hour_voices', hour || ':' || voices)
) AS told_as (series, key) WHERE key IS NOT NULL GROUP BY 1, 2
"""  # noqa: S608  a part of this module
# How everybody's first wait ended. Somebody who left the page had given up at that moment, even if they came back later
# and still had their place. Nobody counts as abandoned before `kept` seconds without a sign of them. A code or a page
# that sleeps keeps a place for longer, so it is their last sign where they did not come back.
FIRST_WAITS = f"""
SELECT CASE WHEN gone_at < answered_at THEN %(gone)s ELSE %(answered)s END || ':' || coalesce(
           (%(waits)s::int[])[1 + width_bucket(
               floor(extract(epoch FROM least(answered_at, gone_at) - queued_at))::int - 1, %(waits)s::int[])]::text,
           %(more)s), count(*)::int
FROM (
    SELECT c.queued_at, coalesce(min(e.at) FILTER (WHERE e.kind = 'assigned'), 'infinity') AS answered_at,
           coalesce(min(CASE e.kind WHEN 'abandoned'
                        THEN greatest(least(e.at - %(kept)s * interval '1 s', c.reporter_seen_at), c.queued_at)
                        ELSE e.at END)
                    FILTER (WHERE e.kind IN ('abandoned', 'parked', 'closed')), 'infinity') AS gone_at
    FROM chat_conversation c JOIN chat_conversationevent e ON e.conversation_id = c.id
    WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s AND {NOT_A_RAID}
    GROUP BY c.id
) AS waits WHERE least(answered_at, gone_at) < 'infinity' GROUP BY 1
"""  # noqa: S608  a part of this module
# How long each ended exchange took a place, with all its agents, but without the time in which it was dormant, when it
# took none (ADR 0086).
HELD = """
SELECT coalesce((%(lengths)s::int[])[1 + width_bucket(floor(seconds)::int - 1, %(lengths)s::int[])]::text, %(more)s),
       count(*)::int
FROM (
    SELECT sum(extract(epoch FROM ended_at - begun_at)) AS seconds
    FROM (
        SELECT e.conversation_id, e.kind, e.at AS begun_at,
               lead(e.at) OVER (PARTITION BY e.conversation_id ORDER BY e.at, e.id) AS ended_at
        FROM chat_conversationevent e JOIN chat_conversation c ON c.id = e.conversation_id
        WHERE (e.kind IN ('assigned', 'dormant', 'awake') OR e.kind = ANY(%(hold_ends)s)) AND c.closed_at IS NOT NULL
          AND c.opened_at >= %(start)s AND c.opened_at < %(end)s
    ) AS steps WHERE kind IN ('assigned', 'awake') AND ended_at IS NOT NULL GROUP BY conversation_id
) AS exchanges WHERE seconds > 0 GROUP BY 1
"""
# The days that are not closed, from the first closed day or the first on which somebody came.
DUE = """
SELECT at::date FROM generate_series(
    least((SELECT min(day) FROM chat_closedday),
          (SELECT (min(opened_at) AT TIME ZONE %(zone)s)::date FROM chat_conversation)),
    %(last)s::date, interval '1 day') AS due (at)
WHERE NOT EXISTS (SELECT 1 FROM chat_closedday c WHERE c.day = at::date)
ORDER BY 1 LIMIT %(limit)s
"""
# The day after the last closed one, else the first day on which somebody came.
OPEN_FROM = """
SELECT coalesce((SELECT max(day) + 1 FROM chat_closedday),
                (SELECT (min(opened_at) AT TIME ZONE %(zone)s)::date FROM chat_conversation))
"""


def midnight(day: date) -> datetime:
    """Return the beginning of a day in the site's time zone."""
    return datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE))


def count_people(start: datetime, end: datetime, *, series: Iterable[str] = rules.OF_DAYS) -> dict[str, dict[str, int]]:
    """Return the exact counts of the people who came from `start` to before `end`, by series and key.

    Three statements at most; only sums leave the database. series: the wanted ones; the two of staffing take statements
    of their own.
    """
    asked = set(series)
    found: dict[str, dict[str, int]] = {name: {} for name in asked}
    asks = _asks(start, end)
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, asks)
        for name, key, count in cursor.fetchall():
            if name in asked:
                found[name][key] = count
        for name, statement in (("first_wait", FIRST_WAITS), ("held", HELD)):
            if name in asked:
                cursor.execute(statement, asks)
                found[name] = dict(cursor.fetchall())
    return found


def _asks(start: datetime, end: datetime) -> dict[str, Any]:
    kept = max(values.get_duration(definitions.ABANDONED), values.get_duration(definitions.PLACE_KEPT))
    return {
        "start": start,
        "end": end,
        "zone": settings.TIME_ZONE,
        "assigned": EventKind.ASSIGNED.value,
        "hold_ends": [kind.value for kind in HOLD_ENDS],
        "closed": Status.CLOSED.value,
        "abandoned": Status.ABANDONED.value,
        "promised": values.get_duration(definitions.PROMISED).total_seconds(),
        "kept": kept.total_seconds(),
        "forces": list(Force.values),
        "orientations": list(Orientation.values),
        "outcomes": list(Outcome.values),
        "waits": list(rules.WAITS),
        "lengths": list(rules.LENGTHS),
        "wait_keys": [*map(str, rules.WAITS), rules.MORE],
        "length_keys": [*map(str, rules.LENGTHS), rules.MORE],
        "unknown": rules.UNKNOWN,
        "other": rules.OTHER,
        "more": rules.MORE,
        "minor": rules.MINOR,
        "not_minor": rules.NOT_MINOR,
        "gave_up": rules.GAVE_UP,
        "waiting": rules.WAITING,
        "in_time": rules.IN_TIME,
        "late": rules.LATE,
        "one_voice": rules.ONE_VOICE,
        "several": rules.SEVERAL_VOICES,
        "everybody": rules.EVERYBODY,
        "none": rules.NONE,
        "gone": rules.GONE,
        "answered": rules.ANSWERED,
    }


def settled_days() -> int:
    """Return after how many days a day is closed: SETTLED_DAYS, or fewer if exchanges may be deleted sooner."""
    return max(1, min(rules.SETTLED_DAYS, rule_of(Kind.ERASURE).grace_days, rule_of(Kind.EXCHANGE).total_days))


def first_open_day() -> date | None:
    """Return the day after the last closed one; None while none is closed. One query."""
    last: date | None = ClosedDay.objects.aggregate(last=Max("day"))["last"]
    return None if last is None else last + DAY


def open_from() -> date:
    """Return the first day whose exchanges are counted exactly: the day after the last closed one.

    If none is closed, it is the first day on which somebody came, or today. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(OPEN_FROM, {"zone": settings.TIME_ZONE})
        (first,) = cursor.fetchone()
    return first or timezone.localdate()


def due_days(now: datetime, limit: int) -> list[date]:
    """Return at most `limit` days that may be closed and are not, the oldest first. Two queries."""
    last = timezone.localdate(now) - settled_days() * DAY
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"zone": settings.TIME_ZONE, "last": last, "limit": limit})
        return [day for (day,) in cursor.fetchall()]


@transaction.atomic
def close_day(day: date) -> bool:
    """Count a day and store the rounded figures. Return False when it is already closed, perhaps by another worker.

    Some ten statements, whose cost grows with the people of the day. Writes at most one row for each key of the series.
    """
    _row, is_new = ClosedDay.objects.get_or_create(day=day)
    if not is_new:
        return False
    stored = add_day(count_people(midnight(day), midnight(day + DAY)))
    DailyFigure.objects.bulk_create(
        DailyFigure(day=day, series=series, key=key, count=count)
        for series, counts in stored.items()
        for key, count in counts.items()
    )
    return True


def close_due(now: datetime, *, limit: int = DAYS_AT_ONCE) -> list[date]:
    """Close the days that are due, and round the removals that are not rounded yet. Return the days."""
    round_removals()
    return [day for day in due_days(now, limit) if close_day(day)]


@transaction.atomic
def round_removals() -> None:
    """Round and empty `RemovalCount`, in which versions before ADR 0083 counted answers one by one."""
    rows = list(RemovalCount.objects.order_by("week", "answer").select_for_update())
    for row in rows:
        add_removals(row.week, row.answer, row.count)
    RemovalCount.objects.filter(pk__in=[row.pk for row in rows]).delete()
