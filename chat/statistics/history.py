"""What the service did, by hour and by day: waits, durations, who gave up, how it ended. Numbers, of everybody's.

Computed from conversations and their events, in a fixed number of statements, each by the index on `opened_at`. A
conversation that was deleted at its term is no longer counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from chat.models import EventKind
from chat.rules.lifecycle import Outcome, Status
from common.choices import label_of
from common.service_settings import definitions
from common.service_settings import values as setting_values
from triage import rules

# One row a conversation of the period: when it was opened, when somebody first answered, how many answered it.
ONE = """
SELECT c.opened_at, c.status, c.closed_at, c.outcome, r.outcome AS orientation, r.age_band,
       answers.first_at, answers.people
FROM chat_conversation c
JOIN reports_report r ON r.id = c.report_id
LEFT JOIN LATERAL (
    SELECT min(e.at) AS first_at, count(DISTINCT e.by_id) AS people
    FROM chat_conversationevent e WHERE e.conversation_id = c.id AND e.kind = %(assigned)s
) answers ON true
WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s
"""
# « Un seul interlocuteur », the one definition (docs/glossary.md): of those that somebody answered and that have ended,
# whoever ended them, those that were only ever given to one person. Counted by the day of arrival, as all the rest.
ENDED = "count(*) FILTER (WHERE people >= 1 AND closed_at IS NOT NULL)"
ONE_PERSON = "count(*) FILTER (WHERE people = 1 AND closed_at IS NOT NULL)"
MEASURES = f"""
count(*) AS opened,
count(first_at) AS answered,
count(*) FILTER (WHERE first_at IS NULL AND status IN (%(closed)s, %(abandoned)s)) AS gave_up,
count(*) FILTER (WHERE first_at - opened_at < %(promised)s * interval '1 s') AS in_time,
percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_at - opened_at)) AS wait_median,
percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM first_at - opened_at)) AS wait_p95,
percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - first_at)) AS length_median,
{ENDED} AS ended,
{ONE_PERSON} AS one_person
"""
# The hour and the day in Paris. The whole, each day and each hour in one reading.
BY_TIME = f"""
WITH one AS MATERIALIZED ({ONE}), timed AS (
    SELECT *, (opened_at AT TIME ZONE 'Europe/Paris')::date AS day,
           extract(hour FROM opened_at AT TIME ZONE 'Europe/Paris')::int AS hour FROM one
)
SELECT grouping(day, hour), day, hour, {MEASURES}
FROM timed GROUP BY GROUPING SETS ((), (day), (hour)) ORDER BY 1, 2, 3
"""  # noqa: S608  parts of this module
BY_END = f"""
SELECT 'outcome' AS sort, outcome AS value, count(*) FROM ({ONE}) one
WHERE closed_at IS NOT NULL AND first_at IS NOT NULL GROUP BY outcome
UNION ALL SELECT 'orientation', orientation, count(*) FROM ({ONE}) one GROUP BY orientation
UNION ALL SELECT 'minor', CASE WHEN age_band IN ('under_15', '15_17', 'under_18') THEN 'yes' ELSE 'no' END, count(*)
FROM ({ONE}) one GROUP BY 2
"""  # noqa: S608  parts of this module
# The hours of the week in Paris at which people came.
ARRIVALS = """
SELECT extract(isodow FROM local)::int, extract(hour FROM local)::int, count(*)::int
FROM (
    SELECT opened_at AT TIME ZONE 'Europe/Paris' AS local FROM chat_conversation
    WHERE opened_at >= %(start)s AND opened_at < %(end)s
) AS opened GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of the people who came in a period.

    opened: conversations. answered: by somebody, at least once. gave_up: ended before anybody answered. in_time:
    answered in under `definitions.PROMISED`. wait_*: seconds until the first answer; None without any. length_median:
    seconds from it to the end. ended, one_person: those that ended after an answer, and those of them with one
    interlocutor.
    """

    opened: int = 0
    answered: int = 0
    gave_up: int = 0
    in_time: int = 0
    wait_median: float | None = None
    wait_p95: float | None = None
    length_median: float | None = None
    ended: int = 0
    one_person: int = 0

    @property
    def in_time_percent(self) -> float | None:
        return _percent(self.in_time, self.answered)

    @property
    def gave_up_percent(self) -> float | None:
        return _percent(self.gave_up, self.opened)

    @property
    def one_person_percent(self) -> float | None:
        return _percent(self.one_person, self.ended)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


@dataclass(frozen=True, slots=True)
class History:
    """A period. days, hours: those with somebody, in order. The ends: (value, how many), the most frequent first."""

    whole: Measures
    days: list[tuple[date, Measures]]
    hours: list[tuple[int, Measures]]
    outcomes: list[tuple[str, int]]
    orientations: list[tuple[str, int]]
    minors: int


def read(start: datetime, end: datetime) -> History:
    """Everybody who opened a conversation from `start` until before `end`, in two statements."""
    values: dict[str, datetime | str | int] = {
        "start": start,
        "end": end,
        "assigned": EventKind.ASSIGNED.value,
        "closed": Status.CLOSED.value,
        "abandoned": Status.ABANDONED.value,
        "promised": _promised_seconds(),
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_TIME, values)
        rows = cursor.fetchall()
        cursor.execute(BY_END, values)
        ends = cursor.fetchall()
    whole, days, hours = Measures(), [], []
    for grouping, day, hour, *measures in rows:
        measured = _measures(measures)
        if grouping == 3:
            whole = measured
        elif grouping == 1:
            days.append((day, measured))
        else:
            hours.append((hour, measured))
    return History(
        whole=whole,
        days=days,
        hours=hours,
        outcomes=_sort(ends, "outcome"),
        orientations=_sort(ends, "orientation"),
        minors=dict(_sort(ends, "minor")).get("yes", 0),
    )


def arrivals_by_hour_of_week(start: datetime, end: datetime) -> list[list[int]]:
    """How many of the same people came, for each day of the week (Monday first) and each of its hours; one statement,
    168 numbers whatever the period."""
    counts = [[0] * 24 for _day in range(7)]
    with connection.cursor() as cursor:
        cursor.execute(ARRIVALS, {"start": start, "end": end})
        for day, hour, count in cursor.fetchall():
            counts[day - 1][hour] = count
    return counts


def answered_in_time_by_day(start: datetime, end: datetime) -> list[tuple[date, Measures]]:
    """The days with somebody, in order: `opened`, `answered` and `in_time` alone, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT (opened_at AT TIME ZONE 'Europe/Paris')::date, count(*), count(first_at),
            count(*) FILTER (WHERE first_at - opened_at < %(promised)s * interval '1 s')
            FROM ({ONE}) one GROUP BY 1 ORDER BY 1""",  # noqa: S608  parts of this module
            {"start": start, "end": end, "assigned": EventKind.ASSIGNED.value, "promised": _promised_seconds()},
        )
        return [
            (day, Measures(opened=opened, answered=answered, in_time=in_time))
            for day, opened, answered, in_time in cursor.fetchall()
        ]


def _promised_seconds() -> int:
    return int(setting_values.get_duration(definitions.PROMISED).total_seconds())


def last_days(days: int) -> tuple[datetime, datetime]:
    """From which midnight in Paris to which: until tonight, today included."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    start, end = (
        timezone.make_aware(datetime.combine(day, time())) for day in (tomorrow - timedelta(days=days), tomorrow)
    )
    return start, end


def one_voice(start: datetime, end: datetime) -> Measures:
    """« Un seul interlocuteur » alone, of the same people as `read`, in one statement: `ended` and `one_person`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {ENDED}, {ONE_PERSON} FROM ({ONE}) one",  # noqa: S608  parts of this module
            {"start": start, "end": end, "assigned": EventKind.ASSIGNED.value},
        )
        ended, one_person = cursor.fetchone()
    return Measures(ended=ended, one_person=one_person)


def _measures(row: Sequence[Any]) -> Measures:
    """In the order of MEASURES; PostgreSQL's exact fractions as floats."""
    numbers: list[Any] = [value if value is None or isinstance(value, int) else float(value) for value in row]
    return Measures(*numbers)


def _sort(ends: Sequence[tuple[str, str, int]], sort: str) -> list[tuple[str, int]]:
    found = [(value, count) for kind, value, count in ends if kind == sort]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def outcome_label(value: str) -> str:
    return str(Outcome(value).label) if value in Outcome.values else str(Outcome.OTHER.label)


def orientation_label(value: str) -> str:
    """In words; a result that the orientation no longer has stays as it is."""
    return label_of(rules.Outcome, value)
