"""This module has what was recorded, as counts and sums: of closed days, from what is stored of them
(`chat.statistics.daily`); the agents of today from the conversations. No row of anybody leaves the database. Or from a
file.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max, Min

from chat.models import ClosedDay, DailyFigure
from chat.rules import daily_figures as rules
from chat.statistics.daily import HOLD_ENDS
from chat.statistics.staffing.demand import HOURS, Counted
from common.sql import fetch_rows

WEEK = timedelta(weeks=1)
YEAR_WEEKS = 52
# How many agents held an exchange in each hour of a day, of exchanges that were opened that day or the day before. An
# hour is one of the clock on the wall.
WORKED = """
WITH held AS (
    SELECT by_id, at AS begun_at, coalesce(ended_at, %(now)s) AS ended_at FROM (
        SELECT e.kind, e.by_id, e.at,
               lead(e.at) OVER (PARTITION BY e.conversation_id ORDER BY e.at, e.id) AS ended_at
        FROM chat_conversationevent e JOIN chat_conversation c ON c.id = e.conversation_id
        WHERE c.opened_at >= %(midnight)s::timestamptz - interval '1 day' AND c.opened_at <= %(now)s
          AND (e.kind = 'assigned' OR e.kind = ANY(%(hold_ends)s))
    ) AS steps WHERE kind = 'assigned' AND by_id IS NOT NULL
), hours AS (
    SELECT of_day, (%(day)s::date + of_day * interval '1 h') AT TIME ZONE %(zone)s::text AS starts_at,
           (%(day)s::date + (of_day + 1) * interval '1 h') AT TIME ZONE %(zone)s::text AS ends_at
    FROM generate_series(0, 23) AS of_day
)
SELECT of_day, count(DISTINCT by_id)::int FROM hours LEFT JOIN held ON begun_at < ends_at AND held.ended_at > starts_at
WHERE starts_at <= %(now)s GROUP BY of_day
"""
COLUMNS = ("arrivee", "reponse", "depart", "fin")


class BadFile(Exception):
    """A file that is not one of arrivals; says which line, and nothing that stands there."""


def monday_before(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the last Monday, 0 h, in local time without a zone: weeks are compared as the clock on the wall shows
    them."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def count_recorded(now: datetime) -> Counted:
    """Return the last whole weeks whose days are all closed before `now`, a year at most: from the first that was
    whole.

    Tens of people; waits and lengths are the middles of their ranges. Three statements, of some rows a day.
    """
    days = ClosedDay.objects.filter(day__lt=now.astimezone(ZoneInfo(settings.TIME_ZONE)).date())
    span = days.aggregate(first=Min("day"), last=Max("day"))
    if span["first"] is None:
        return Counted(weeks=0, came={})
    until = _monday_of(span["last"] + timedelta(days=1))
    weeks = max(0, min(YEAR_WEEKS, (until - _monday_of(span["first"] + timedelta(days=6))) // WEEK))
    since = until - weeks * WEEK
    if not weeks:
        return Counted(weeks=0, came={})
    came: Counter[tuple[int, int]] = Counter()
    rows = DailyFigure.objects.between(since, until, ["hour"]).values_list("day", "key", "count")
    for day, key, count in rows:
        of_week, _colon, hour = key.partition(":")
        came[(day - since) // WEEK, 24 * (int(of_week) - 1) + int(hour)] += count
    totals = DailyFigure.objects.between(since, until, ["first_wait", "held"]).totals()
    waits, held = totals.get("first_wait", {}), rules.middles(totals.get("held", {}), rules.LENGTHS)
    gone = rules.part_of(waits, rules.GONE)
    waited = rules.middles(rules.second_parts(waits), rules.WAITS)
    return Counted(
        weeks,
        dict(came),
        sum(gone.values()),
        sum(seconds * count for seconds, count in waited) / 3600,
        sum(count for _seconds, count in held),
        sum(seconds * count for seconds, count in held) / 3600,
        sum(seconds**2 * count for seconds, count in held) / 3600**2,
        rounding=rules.ROUNDING,
    )


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def count_agents_today(now: datetime) -> list[int | None]:
    """Return how many agents held an exchange in each hour of today, None of hours to come; one statement.

    Whoever was available and was given nobody is not counted: only conversations are recorded.
    """
    midnight = now.astimezone(ZoneInfo(settings.TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    span = {
        "now": now,
        "midnight": midnight,
        "day": midnight.date(),
        "zone": settings.TIME_ZONE,
        "hold_ends": [kind.value for kind in HOLD_ENDS],
    }
    counted = dict(fetch_rows(WORKED, span))
    return [counted.get(hour) for hour in range(24)]


def count_file(lines: Iterable[str], zone: ZoneInfo) -> Counted:
    """Return a CSV with a heading: « arrivee » and, as far as known, « reponse », « depart » (gave up), « fin »; ISO
    8601.

    Times without a zone are the site's. Separated by semicolons or commas. The first and the last week are left out
    when they are not whole. Raises BadFile.
    """
    rows = list(lines)
    separator = ";" if rows and ";" in rows[0] else ","
    reader = csv.DictReader(rows, delimiter=separator)
    if reader.fieldnames is None or COLUMNS[0] not in reader.fieldnames:
        raise BadFile("La première ligne nomme les colonnes, dont « arrivee ».")
    stays = []
    for number, row in enumerate(reader, 2):
        try:
            came, answered, left, ended = (_moment(row.get(column) or "", zone) for column in COLUMNS)
        except ValueError as error:
            raise BadFile(f"Ligne {number} : une date ne se lit pas (AAAA-MM-JJTHH:MM:SS).") from error
        if came is None:
            raise BadFile(f"Ligne {number} : il manque l'arrivée.")
        if (answered and answered < came) or (left and left < came) or (ended and ended < (answered or came)):
            raise BadFile(f"Ligne {number} : une date vient avant celle qu'elle suit.")
        stays.append((came, answered, left, ended))
    if not stays:
        return Counted(weeks=0, came={})
    first, last = min(stay[0] for stay in stays), max(stay[0] for stay in stays)
    since, until = monday_before(first, zone), monday_before(last, zone)
    if first.astimezone(zone).replace(tzinfo=None) - since > timedelta(days=1):
        since += WEEK
    weeks = max(0, (until - since) // WEEK)
    by_hour: Counter[tuple[int, int]] = Counter()
    gone, waits, lengths = 0, [], []
    for came, answered, left, ended in stays:
        local = came.astimezone(zone).replace(tzinfo=None)
        if not since <= local < until:
            continue
        by_hour[(local - since) // WEEK, 24 * local.weekday() + local.hour] += 1
        end = answered or left
        if end is not None:
            gone += answered is None
            waits.append(_hours(end - came))
        if answered is not None and ended is not None and ended > answered:
            lengths.append(_hours(ended - answered))
    return Counted(
        weeks,
        dict(by_hour),
        gone,
        math.fsum(waits),
        len(lengths),
        math.fsum(lengths),
        math.fsum(hours**2 for hours in lengths),
    )


def read_profile(lines: Iterable[str]) -> list[float]:
    """Return 168 weights, one a line, from Monday 0 h. Raises BadFile."""
    try:
        weights = [float(line.replace(",", ".")) for line in lines if line.strip()]
    except ValueError as error:
        raise BadFile("Un profil a un nombre par ligne.") from error
    if len(weights) != HOURS or not all(0 <= weight < math.inf for weight in weights) or not sum(weights):
        raise BadFile(f"Un profil a {HOURS} nombres, de lundi 0 h à dimanche 23 h, aucun négatif.")
    return weights


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    if not text.strip():
        return None
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _hours(elapsed: timedelta) -> float:
    return elapsed.total_seconds() / 3600
