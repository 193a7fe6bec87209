"""What was recorded, as counts and sums: the database adds up, and no row of anybody leaves it. Or from a file."""

import csv
import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from chat.statistics.staffing.demand import HOURS, Counted
from common.service_settings import definitions, values
from common.sql import fetch_rows
from reports.retention.deletion import rule_of
from reports.rules.retention import Kind

WEEK = timedelta(weeks=1)
YEAR_WEEKS = 52
# Who came, by week and hour of the week of the site's time zone; the first Monday is week 0.
CAME = """
SELECT floor(extract(epoch FROM local - %(since)s::timestamp) / 604800)::int,
       (24 * (extract(isodow FROM local) - 1) + extract(hour FROM local))::int, count(*)::int
FROM (SELECT opened_at AT TIME ZONE %(zone)s::text AS local FROM chat_conversation) AS opened
WHERE local >= %(since)s::timestamp AND local < %(until)s::timestamp
GROUP BY 1, 2
"""
# How everybody's first wait ended. Whoever left the page is gone at that moment, though they came back later: the
# place is kept, not the patience. Nobody is declared abandoned before `kept` seconds without a sign of them.
WAITED = """
SELECT count(*) FILTER (WHERE gone_at < answered_at)::int,
       coalesce(sum(extract(epoch FROM least(answered_at, gone_at) - queued_at)), 0)::float8 / 3600
FROM (
    SELECT c.queued_at, coalesce(min(e.at) FILTER (WHERE e.kind = 'assigned'), 'infinity') AS answered_at,
           coalesce(min(CASE e.kind WHEN 'abandoned'
                        THEN greatest(e.at - %(kept)s::float8 * interval '1 s', c.queued_at) ELSE e.at END)
                    FILTER (WHERE e.kind IN ('abandoned', 'parked', 'closed')), 'infinity') AS gone_at
    FROM chat_conversation c JOIN chat_conversationevent e ON e.conversation_id = c.id
    WHERE c.opened_at >= %(since)s::timestamp AT TIME ZONE %(zone)s::text
      AND c.opened_at < %(until)s::timestamp AT TIME ZONE %(zone)s::text
    GROUP BY c.id
) AS waits WHERE least(answered_at, gone_at) < 'infinity'
"""
# How long each exchange held a place, the agents it lost included.
HELD = """
SELECT count(*)::int, coalesce(sum(hours), 0)::float8, coalesce(sum(hours * hours), 0)::float8
FROM (
    SELECT sum(extract(epoch FROM ended_at - begun_at)) / 3600 AS hours
    FROM (
        SELECT e.conversation_id, e.kind, e.at AS begun_at,
               lead(e.at) OVER (PARTITION BY e.conversation_id ORDER BY e.at, e.id) AS ended_at
        FROM chat_conversationevent e JOIN chat_conversation c ON c.id = e.conversation_id
        WHERE e.kind IN ('assigned', 'released', 'asleep', 'closed') AND c.closed_at IS NOT NULL
          AND c.opened_at >= %(since)s::timestamp AT TIME ZONE %(zone)s::text
          AND c.opened_at < %(until)s::timestamp AT TIME ZONE %(zone)s::text
    ) AS steps WHERE kind = 'assigned' AND ended_at IS NOT NULL GROUP BY conversation_id
) AS exchanges WHERE hours > 0
"""
# How many agents held an exchange in each hour of a day, of exchanges that were opened that day or the day before. An
# hour is one of the clock on the wall.
WORKED = """
WITH held AS (
    SELECT by_id, at AS begun_at, coalesce(ended_at, %(now)s) AS ended_at FROM (
        SELECT e.kind, e.by_id, e.at,
               lead(e.at) OVER (PARTITION BY e.conversation_id ORDER BY e.at, e.id) AS ended_at
        FROM chat_conversationevent e JOIN chat_conversation c ON c.id = e.conversation_id
        WHERE c.opened_at >= %(midnight)s::timestamptz - interval '1 day' AND c.opened_at <= %(now)s
          AND e.kind IN ('assigned', 'released', 'asleep', 'parked', 'abandoned', 'transferred', 'closed')
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
    """The last Monday, 0 h, in local time without a zone: weeks are compared as the clock on the wall shows them."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def count_recorded(now: datetime) -> Counted:
    """The last whole weeks, a year at most: from the first that is kept whole.

    What is older than the rule of exchanges allows is partly gone, and would make people look fewer.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    until = monday_before(now, zone)
    kept_weeks = rule_of(Kind.EXCHANGE).days // 7 - 1
    [(first,)] = fetch_rows("SELECT min(opened_at) FROM chat_conversation", [])
    if first is None:
        return Counted(weeks=0, came={})
    begun = until - monday_before(first, zone)
    weeks = max(0, min(YEAR_WEEKS, kept_weeks, begun // WEEK - (begun > timedelta(0))))
    span = {"since": until - weeks * WEEK, "until": until, "zone": settings.TIME_ZONE}
    if not weeks:
        return Counted(weeks=0, came={})
    kept = max(values.get_duration(definitions.ABANDONED), values.get_duration(definitions.PLACE_KEPT)).total_seconds()
    [(gone, waited)] = fetch_rows(WAITED, {**span, "kept": kept})
    [(ended, held, held_squared)] = fetch_rows(HELD, span)
    came = {(week, hour): count for week, hour, count in fetch_rows(CAME, span)}
    return Counted(weeks, came, gone, waited, ended, held, held_squared)


def count_agents_today(now: datetime) -> list[int | None]:
    """How many agents held an exchange in each hour of today, None of hours to come; one statement.

    Whoever was available and was given nobody is not counted: only conversations are recorded.
    """
    midnight = now.astimezone(ZoneInfo(settings.TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    span = {"now": now, "midnight": midnight, "day": midnight.date(), "zone": settings.TIME_ZONE}
    counted = dict(fetch_rows(WORKED, span))
    return [counted.get(hour) for hour in range(24)]


def count_file(lines: Iterable[str], zone: ZoneInfo) -> Counted:
    """A CSV with a heading: « arrivee » and, as far as known, « reponse », « depart » (gave up), « fin »; ISO 8601.

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
    """168 weights, one a line, from Monday 0 h. Raises BadFile."""
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
