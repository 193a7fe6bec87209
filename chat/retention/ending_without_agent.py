"""Remembers for a minute which exchanges without an agent end soon, for each supervisor who decides about them.

No agent has them now: nobody ever answered them, or their last agent was lost and nobody came after that one. For
those that nobody ever answered a unit is drawn (docs/adr/0118), so that no index finds those of one unit: those of all
units are looked at. Which ones end soon changes only as time passes, so each process reads their keys once in
KEPT_SECONDS for each supervisor, as of a minute later. A statement that uses the keys (`fetch_with_keys`) checks
everything else each time: who answers, who decides, freezes, erasures, and what was added (docs/adr/0133).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, LiteralString

from django.utils import timezone

from chat.decisions import deciders
from chat.models import Agent, EventKind
from common.cached_reading import CachedReading
from common.sql import array_text, fetch_rows
from reports.rules.retention import DEFAULTS, Kind

KEPT_SECONDS = 60
AT_MOST = 200  # how many exchanges are remembered, and how many frozen ones
SUPERVISORS = 1_000  # the supervisors whose keys one process remembers

# Whether the supervisor decides about a conversation c, as `deciders.reports_of` says.
DECIDED = deciders.decided("c.report_id")

# By what the exchanges of a supervisor are found: their units, and what is drawn for these. It changes when somebody
# goes on call, and when a unit gets its first supervisor or loses its last one. In a statement with `reach` and `LOTS`.
SHARE = """
ARRAY(SELECT 'unit ' || unit_id FROM reach ORDER BY unit_id)
|| ARRAY(SELECT concat_ws(' ', force, place, total) FROM lots ORDER BY force, place)
"""
# A freeze h of the report of c that runs, or is asked for.
IS_HELD = "h.report_id = c.report_id AND h.lifted_at IS NULL AND h.until > %(now)s"

# One row: the share, and the keys of the conversations. Those that are frozen are among them, because a freeze may be
# lifted at any moment; they have a limit of their own, because some stay for years.
WITHOUT_AGENT = f"""
WITH reach AS ({deciders.UNITS}), {deciders.LOTS}, bound AS (
  SELECT %(then)s - make_interval(
    days => GREATEST(COALESCE(x.days, %(days)s::int) - COALESCE(x.digest_days, %(digest)s::int), 0)
  ) AS at
  FROM (SELECT) AS one LEFT JOIN reports_retentionrule x ON x.kind = %(exchange)s
)
SELECT {SHARE}, ARRAY(
  SELECT found.id FROM bound CROSS JOIN LATERAL (
    (SELECT c.id FROM chat_conversation c
     WHERE c.assigned_to_id IS NULL AND c.opened_at < bound.at AND c.reporter_seen_at < bound.at
       AND NOT EXISTS (SELECT FROM reports_freeze h WHERE {IS_HELD}) AND {DECIDED}
     ORDER BY c.assigned_to_id, c.opened_at LIMIT %(at_most)s)
    UNION ALL
    (SELECT c.id FROM reports_freeze h JOIN chat_conversation c ON {IS_HELD}
     WHERE c.assigned_to_id IS NULL AND c.opened_at < bound.at AND c.reporter_seen_at < bound.at AND {DECIDED}
     ORDER BY c.opened_at LIMIT %(at_most)s)
  ) AS found
)
"""  # noqa: S608  of our own texts


@dataclass(frozen=True, slots=True)
class Remembered:
    """It is what is remembered: the keys of conversations, and the share by which they were found."""

    share: list[str]
    keys: list[int]


def _read(agent_id: int) -> Remembered:
    """Read the keys, of what will end soon when they are read again. One statement."""
    rule, now = DEFAULTS[Kind.EXCHANGE], timezone.now()
    values = {
        "agent": agent_id,
        "now": now,
        "then": now + timedelta(seconds=KEPT_SECONDS),
        "assigned": EventKind.ASSIGNED.value,
        "exchange": Kind.EXCHANGE.value,
        "days": rule.days,
        "digest": rule.digest_days,
        "at_most": AT_MOST,
    }
    [(share, keys)] = fetch_rows(WITHOUT_AGENT, values)
    return Remembered(share, keys)


@lru_cache(SUPERVISORS)
def _known(agent_id: int) -> CachedReading[Remembered]:
    return CachedReading(partial(_read, agent_id), KEPT_SECONDS, name="exchanges without an agent")


def forget() -> None:
    """Drop what is remembered, for tests."""
    _known.cache_clear()


def fetch_with_keys(statement: LiteralString, agent: Agent, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement that takes the keys as `without_agent`, and return its rows without their first column.

    That column is SHARE for a supervisor. When it is not the share for which the keys were read, they are read again,
    and the statement is sent again. One statement as a rule.
    """
    if not agent.user.is_supervisor:
        return [row[1:] for row in fetch_rows(statement, {**values, "without_agent": "{}"})]
    known = _known(agent.pk)
    found = known.get()
    rows = fetch_rows(statement, {**values, "without_agent": array_text(found.keys)})
    if rows[0][0] != found.share:
        known.forget()
        rows = fetch_rows(statement, {**values, "without_agent": array_text(known.get().keys)})
    return [row[1:] for row in rows]
