"""This module counts what the service did, by hour and by day: waits, durations, who gave up, how it ended. Sums of
everybody.

Days that are open are computed from conversations and their events, in a fixed number of statements, each by the index
on `opened_at`. Closed days are read from what is stored of them, tens of people (`chat.statistics.daily`), so that a
conversation that is deleted changes nothing. A period of both has the sums of both; its waits and lengths are then ends
of ranges.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from chat.models import ClosedDay, DailyFigure, EventKind
from chat.models.figures import DailyFigureQuerySet
from chat.rules import daily_figures as rules_of_days
from chat.rules.lifecycle import Outcome, Status
from chat.statistics import daily
from common.choices import label_of
from common.service_settings import definitions
from common.service_settings import values as setting_values
from triage import rules

# One row a conversation of the period: when it was opened, when somebody first answered, and two of those who answered,
# who are the same one where it is only one.
ONE = f"""
SELECT c.opened_at, c.status, c.closed_at, answers.first_at, answers.agent, answers.another
FROM chat_conversation c
LEFT JOIN LATERAL (
    SELECT min(e.at) AS first_at, min(e.by_id) AS agent, max(e.by_id) AS another
    FROM chat_conversationevent e WHERE e.conversation_id = c.id AND e.kind = %(assigned)s
) answers ON true
WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s AND {daily.NOT_A_RAID}
"""  # noqa: S608  a part of a module of this package
# « Un seul interlocuteur », the one definition (docs/glossary.md): of those that somebody answered and that have ended,
# whoever ended them, those that were only ever given to one person. Counted by the day of arrival, as all the rest.
ENDED = "count(*) FILTER (WHERE agent IS NOT NULL AND closed_at IS NOT NULL)"
ONE_PERSON = "count(*) FILTER (WHERE agent = another AND closed_at IS NOT NULL)"
MEASURES = f"""
count(*) AS opened,
count(first_at) AS answered,
count(*) FILTER (WHERE first_at IS NULL AND status IN (%(closed)s, %(abandoned)s)) AS gave_up,
count(*) FILTER (WHERE first_at - opened_at < %(promised)s * interval '1 s') AS in_time,
percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', first_at - opened_at)) AS wait_median,
percentile_cont(0.95) WITHIN GROUP (ORDER BY date_part('epoch', first_at - opened_at)) AS wait_p95,
percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', closed_at - first_at)) AS length_median,
{ENDED} AS ended,
{ONE_PERSON} AS one_person
"""
# The hour and the day are those of Paris. The whole, each day and each hour are read at once.
BY_TIME = f"""
WITH one AS MATERIALIZED ({ONE}), timed AS (
    SELECT *, (opened_at AT TIME ZONE 'Europe/Paris')::date AS day,
           date_part('hour', opened_at AT TIME ZONE 'Europe/Paris')::int AS hour FROM one
)
SELECT grouping(day, hour), day, hour, {MEASURES}
FROM timed GROUP BY GROUPING SETS ((), (day), (hour)) ORDER BY 1, 2, 3
"""  # noqa: S608  parts of this module
# The hours of the week in Paris at which people came.
ARRIVALS = f"""
SELECT extract(isodow FROM local)::int, extract(hour FROM local)::int, count(*)::int
FROM (
    SELECT opened_at AT TIME ZONE 'Europe/Paris' AS local FROM chat_conversation c
    WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s AND {daily.NOT_A_RAID}
) AS opened GROUP BY 1, 2
"""  # noqa: S608  a part of a module of this package


# Exchanges that rested (ADR 0086), of those who came in the period: a rest ends with the return, with the time with the
# agent (`daily.HOLD_ENDS`), or with whoever is given the exchange next; one that goes on is as long as it is now.
RESTS = """
SELECT count(DISTINCT conversation_id)::int, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
       coalesce(sum(seconds), 0), count(DISTINCT conversation_id) FILTER (WHERE ending = 'awake')::int
FROM (
    SELECT conversation_id, kind, ending, extract(epoch FROM coalesce(ended_at, %(now)s) - at) AS seconds
    FROM (
        SELECT e.conversation_id, e.kind, e.at, lead(e.at) OVER following AS ended_at,
               lead(e.kind) OVER following AS ending
        FROM chat_conversationevent e JOIN chat_conversation c ON c.id = e.conversation_id
        WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s
          AND (e.kind IN ('dormant', 'awake', 'assigned') OR e.kind = ANY(%(hold_ends)s))
        WINDOW following AS (PARTITION BY e.conversation_id ORDER BY e.at, e.id)
    ) AS steps WHERE kind = 'dormant'
) AS rests
"""


@dataclass(frozen=True, slots=True)
class Rests:
    """These are the exchanges that rested. median: the median length of one rest, in seconds, None without any.
    seconds: that of all of them together, in which no place was held. came_back: exchanges whose person was seen again.
    """

    exchanges: int
    median: float | None
    seconds: float
    came_back: int

    @property
    def hours(self) -> float:
        """Return the length in hours."""
        return self.seconds / 3600


@dataclass(frozen=True, slots=True)
class Measures:
    """These are the measures of the people who came in a period.

    opened: conversations. answered: by somebody, at least once. gave_up: ended before anybody answered. in_time:
    answered in under `definitions.PROMISED`; None where only ranges are known and none ends there. wait_*: seconds
    until the first answer; None without any. length_median: seconds from it to the end. ended,
    one_person: those that ended after an answer, and those of them with one interlocutor.
    """

    opened: int = 0
    answered: int = 0
    gave_up: int = 0
    in_time: int | None = 0
    wait_median: float | None = None
    wait_p95: float | None = None
    length_median: float | None = None
    ended: int = 0
    one_person: int = 0

    @property
    def in_time_percent(self) -> float | None:
        """Return the percentage of those who were answered that were within the promise; None when nobody was, or
        when that is not known."""
        return _percent(self.in_time, self.answered)

    @property
    def in_time_percent_floored(self) -> int | None:
        """Return the same, rounded down, so that 100 is said of all of them alone; None as there."""
        return None if self.in_time is None or not self.answered else 100 * self.in_time // self.answered

    @property
    def unanswered(self) -> int:
        """Return how many came and were not answered, because they still wait or are gone."""
        return self.opened - self.answered

    @property
    def gave_up_percent(self) -> float | None:
        """Return the percentage of all who came that gave up; None when nobody came."""
        return _percent(self.gave_up, self.opened)

    @property
    def one_person_percent(self) -> float | None:
        """Return the percentage of the exchanges that ended that had one interlocutor; None when none ended."""
        return _percent(self.one_person, self.ended)


def _percent(part: int | None, whole: int) -> float | None:
    return 100 * part / whole if part is not None and whole else None


@dataclass(frozen=True, slots=True)
class History:
    """It is a period. days, hours: those with somebody, in order. The ends: (value, how many), the most frequent first.

    exact_from: the first day that is counted exactly; None when all of the period is.
    """

    whole: Measures
    days: list[tuple[date, Measures]]
    hours: list[tuple[int, Measures]]
    outcomes: list[tuple[str, int]]
    orientations: list[tuple[str, int]]
    minors: int
    exact_from: date | None = None


# What is read of closed days: of the period, of each of its days, and of each hour of the day.
OF_A_DAY = ("people", "wait", "length", "voices")
OF_AN_HOUR = {"wait": "hour_wait", "length": "hour_length", "voices": "hour_voices"}
OF_A_PERIOD = (*OF_A_DAY, *OF_AN_HOUR.values(), "end", "orientation", "age")

type Totals = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class OpenDays:
    """It is what was counted of open days, for several periods that end with the same ones. It is for one moment: use a
    new one later.
    """

    _counted: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def once[**P, T](self, count: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `count` returns, and call it only the first time that it comes with these arguments."""
        asked = (count, *args, *sorted(kwargs.items()))
        if asked not in self._counted:
            self._counted[asked] = count(*args, **kwargs)
        found: T = self._counted[asked]
        return found


def read(start: datetime, end: datetime, open_days: OpenDays | None = None) -> History:
    """Return the figures of everybody who opened a conversation from `start` until before `end`.

    With open days only, all of it is exact; else the days before `exact_from`, and what includes them, are rounded. At
    most five statements, of which two read the exchanges of open days; these are not sent again for the same
    `open_days`.
    """
    open_days = open_days or OpenDays()
    first_open = _first_open_day(start)
    if first_open is None:
        return _read_open(start, end, open_days)
    since = min(daily.midnight(first_open), end)
    rows = DailyFigure.objects.between(_day_of(start), min(first_open, _day_of(end)), OF_A_PERIOD)
    totals = _add(rows.totals(), open_days.once(daily.count_people, since, end, series=OF_A_PERIOD))
    hours = [(hour, _measures_of_hour(totals, hour)) for hour in range(24)]
    return History(
        whole=_measures_of(totals),
        days=_closed_days(rows) + open_days.once(_read_times, since, end)[1],
        hours=[(hour, measures) for hour, measures in hours if measures.opened],
        outcomes=_outcomes_of(totals),
        orientations=_most_first(totals["orientation"]),
        minors=totals["age"].get(rules_of_days.MINOR, 0),
        exact_from=first_open,
    )


def _first_open_day(start: datetime) -> date | None:
    """Return the first day that is open, where there are closed ones from `start` on; else None. One statement."""
    first = daily.first_open_day()
    return first if first is not None and daily.midnight(first) > start else None


def _day_of(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _add(stored: Totals, counted: Totals) -> dict[str, dict[str, int]]:
    found = {series: dict(stored.get(series, {})) for series in OF_A_PERIOD}
    for series, counts in counted.items():
        for key, count in counts.items():
            found[series][key] = found[series].get(key, 0) + count
    return found


def _closed_days(rows: DailyFigureQuerySet) -> list[tuple[date, Measures]]:
    """Return the closed days with somebody, in order; one statement of some rows a day."""
    days: dict[date, dict[str, dict[str, int]]] = {}
    for day, series, key, count in (
        rows.filter(series__in=OF_A_DAY).order_by("day").values_list("day", "series", "key", "count")
    ):
        days.setdefault(day, {}).setdefault(series, {})[key] = count
    return [(day, _measures_of(totals)) for day, totals in days.items()]


def _measures_of_hour(totals: Totals, hour: int) -> Measures:
    return _measures_of({name: rules_of_days.part_of(totals[of], str(hour)) for name, of in OF_AN_HOUR.items()})


def _measures_of(totals: Totals) -> Measures:
    """Return the measures of these counts. Waits and lengths are ends of ranges; None where the range has none.

    Who was answered in time is read from the ranges of waits, for the promise of now: `promise` was counted with the
    one of then (docs/adr/0083).
    """
    waits = totals.get("wait", {})
    lengths, voices = totals.get("length", {}), totals.get("voices", {})
    gave_up = waits.get(rules_of_days.GAVE_UP, 0)
    one, several = (voices.get(key, 0) for key in (rules_of_days.ONE_VOICE, rules_of_days.SEVERAL_VOICES))
    return Measures(
        opened=sum(waits.values()),
        answered=rules_of_days.answered(waits),
        gave_up=gave_up,
        in_time=rules_of_days.answered_within(waits, _promised_seconds()),
        wait_median=rules_of_days.quantile(waits, rules_of_days.WAITS, 0.5),
        wait_p95=rules_of_days.quantile(waits, rules_of_days.WAITS, 0.95),
        length_median=rules_of_days.quantile(lengths, rules_of_days.LENGTHS, 0.5),
        ended=one + several,
        one_person=one,
    )


def _outcomes_of(totals: Totals) -> list[tuple[str, int]]:
    """Return how the exchanges that somebody answered ended."""
    ends = rules_of_days.first_parts(totals["end"])
    ends.pop(rules_of_days.NONE, None)
    return _most_first(ends)


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((value, count) for value, count in counts.items() if count), key=lambda pair: (-pair[1], pair[0]))


def _asks(start: datetime, end: datetime) -> dict[str, datetime | str | int]:
    return {
        "start": start,
        "end": end,
        "assigned": EventKind.ASSIGNED.value,
        "closed": Status.CLOSED.value,
        "abandoned": Status.ABANDONED.value,
        "promised": _promised_seconds(),
    }


def _read_times(
    start: datetime, end: datetime
) -> tuple[Measures, list[tuple[date, Measures]], list[tuple[int, Measures]]]:
    """Return the whole of some open days, each of them, and each hour, exactly; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(BY_TIME, _asks(start, end))
        rows = cursor.fetchall()
    whole, days, hours = Measures(), [], []
    for grouping, day, hour, *measures in rows:
        measured = _measures(measures)
        if grouping == 3:
            whole = measured
        elif grouping == 1:
            days.append((day, measured))
        else:
            hours.append((hour, measured))
    return whole, days, hours


def _read_open(start: datetime, end: datetime, open_days: OpenDays) -> History:
    """Count open days exactly, from their conversations, in two statements. Ends and orientations of another version
    are counted as « other », as on closed days.
    """
    whole, days, hours = open_days.once(_read_times, start, end)
    totals = open_days.once(daily.count_people, start, end, series=OF_A_PERIOD)
    return History(
        whole=whole,
        days=days,
        hours=hours,
        outcomes=_outcomes_of(totals),
        orientations=_most_first(totals["orientation"]),
        minors=totals["age"].get(rules_of_days.MINOR, 0),
    )


def arrivals_by_hour_of_week(start: datetime, end: datetime, open_days: OpenDays | None = None) -> list[list[int]]:
    """Return how many of the same people came, for each day of the week (Monday first) and each of its hours; three
    statements at most, 168 numbers whatever the period. open_days: as in `read`."""
    counts = [[0] * 24 for _day in range(7)]
    stored, since = _stored(start, end, "hour")
    for key, count in stored.items():
        day, _colon, hour = key.partition(":")
        counts[int(day) - 1][int(hour)] = count
    for weekday, of_day, came in (open_days or OpenDays()).once(_arrivals, since, end):
        counts[weekday - 1][of_day] += came
    return counts


def _arrivals(start: datetime, end: datetime) -> list[tuple[int, int, int]]:
    """Return how many people came on open days, by day of the week and hour; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(ARRIVALS, {"start": start, "end": end})
        found: list[tuple[int, int, int]] = cursor.fetchall()
    return found


def _stored(start: datetime, end: datetime, series: str) -> tuple[Mapping[str, int], datetime]:
    """Return the sums of a series over the closed days of a period, and from when on its days are open; two
    statements."""
    first_open = _first_open_day(start)
    if first_open is None:
        return {}, start
    rows = DailyFigure.objects.between(_day_of(start), min(first_open, _day_of(end)), [series])
    return rows.totals().get(series, {}), min(daily.midnight(first_open), end)


def answered_in_time_by_day(
    start: datetime, end: datetime, open_days: OpenDays | None = None
) -> list[tuple[date, Measures]]:
    """Return the days with somebody, in order: `opened`, `answered` and `in_time` alone, in three statements at
    most. open_days: as in `read`."""
    closed: list[tuple[date, Measures]] = []
    first_open = _first_open_day(start)
    if first_open is not None:
        closed = _closed_days(DailyFigure.objects.between(_day_of(start), min(first_open, _day_of(end)), OF_A_DAY))
        start = min(daily.midnight(first_open), end)
    return closed + [
        (day, Measures(opened=one.opened, answered=one.answered, in_time=one.in_time))
        for day, one in (open_days or OpenDays()).once(_read_times, start, end)[1]
    ]


def _promised_seconds() -> int:
    return int(setting_values.get_duration(definitions.PROMISED).total_seconds())


def promise_between_ranges() -> int | None:
    """Return the promise in minutes if no range of waits ends there, so that closed days say nothing of it."""
    return None if _promised_seconds() in rules_of_days.WAITS else _promised_seconds() // 60


def last_days(days: int) -> tuple[datetime, datetime]:
    """Return from which midnight in Paris to which: until tonight, today included."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    start, end = (
        timezone.make_aware(datetime.combine(day, time())) for day in (tomorrow - timedelta(days=days), tomorrow)
    )
    return start, end


def one_voice(start: datetime, end: datetime, open_days: OpenDays | None = None) -> Measures:
    """Return only « Un seul interlocuteur », of the same people as `read`: `ended` and `one_person`. open_days: as
    there."""
    stored, since = _stored(start, end, "voices")
    one, several = (stored.get(key, 0) for key in (rules_of_days.ONE_VOICE, rules_of_days.SEVERAL_VOICES))
    counted = (open_days or OpenDays()).once(_read_times, since, end)[0]
    return Measures(ended=counted.ended + one + several, one_person=counted.one_person + one)


def read_before(start: datetime, end: datetime) -> Measures | None:
    """Return the measures of the days before a period, as many as it has; None unless all of them are closed.

    Only closed days are read, whose numbers are rounded one by one, so the difference to another period tells nothing
    of an open day (docs/adr/0136). Two statements, whatever the period.
    """
    first = _day_of(start)
    length = _day_of(end) - first
    if ClosedDay.objects.filter(day__gte=first - length, day__lt=first).count() < length.days:
        return None
    return _measures_of(DailyFigure.objects.between(first - length, first, OF_A_DAY).totals())


def rests(start: datetime, end: datetime, now: datetime) -> Rests:
    """Return what rested of the exchanges of open days: of closed ones, only what was rounded is known. One
    statement."""
    with connection.cursor() as cursor:
        hold_ends = [kind.value for kind in daily.HOLD_ENDS]
        cursor.execute(RESTS, {"start": start, "end": end, "now": now, "hold_ends": hold_ends})
        exchanges, median, seconds, came_back = cursor.fetchone()
    return Rests(exchanges, None if median is None else float(median), float(seconds), came_back)


def _measures(row: Sequence[Any]) -> Measures:
    """Read a row in the order of MEASURES; PostgreSQL's exact fractions become floats."""
    numbers: list[Any] = [value if value is None or isinstance(value, int) else float(value) for value in row]
    return Measures(*numbers)


def outcome_label(value: str) -> str:
    """Return an outcome in words; one of another version is called « other »."""
    return str(Outcome(value).label) if value in Outcome.values else str(Outcome.OTHER.label)


def orientation_label(value: str) -> str:
    """Return a result of the orientation in words; one of another version was counted as « other »."""
    return str(Outcome.OTHER.label) if value == rules_of_days.OTHER else label_of(rules.Outcome, value)
