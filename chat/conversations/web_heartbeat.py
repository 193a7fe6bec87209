"""This module knows whether web processes were running. Only then does the end of a lease mean that somebody is gone.

Each web process stores that it is alive (`write_heartbeat`, from the rounds of its broadcaster). The worker asks before
it counts anybody as gone (`was_web_away`). While no process of a role runs, and for one lease after one is back, nobody
counts as gone (docs/adr/0074).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from chat.models import WebHeartbeat
from common.sql import fetch_rows

SOCKETS, PAGES = "sockets", "pages"
# With a lease of 60 s a process beats every 5 s, and counts as away after 15 s; with a shorter lease both are shorter.
BEAT_SECONDS = min(5.0, settings.LEASE_SECONDS / 12)
AWAY_SECONDS = min(15.0, 0.75 * settings.LEASE_SECONDS)
# An outage that lasts longer than this protects nobody any more. After an hour a person is better served by an agent
# who is present, and a role that is no longer installed must not block everybody's turn for ever.
LONGEST_OUTAGE = timedelta(hours=1)

# A row is written by some process about every BEAT_SECONDS, however many processes there are. If the clock was put
# back, the row holds a time in the future, and is written again.
BEAT = """
INSERT INTO chat_webheartbeat AS known (role, seen_at)
SELECT role, clock_timestamp() FROM unnest(%(roles)s::text[]) AS role ORDER BY role
ON CONFLICT (role) DO UPDATE SET seen_at = excluded.seen_at, back_at = CASE
    WHEN known.seen_at < excluded.seen_at - %(away)s * interval '1 s' THEN excluded.seen_at ELSE known.back_at END
WHERE known.seen_at < excluded.seen_at - %(every)s * interval '1 s' OR known.seen_at > excluded.seen_at
RETURNING role
"""


def roles_of(process_role: str) -> tuple[str, ...]:
    """Return the roles that a web process of this PROCESS_ROLE has."""
    return (process_role,) if process_role in (SOCKETS, PAGES) else (PAGES, SOCKETS)


def write_heartbeat(roles: Iterable[str]) -> None:
    """Store that a process of these roles is alive. One statement; about one write a role every BEAT_SECONDS."""
    values = {"roles": "{" + ",".join(roles) + "}", "away": AWAY_SECONDS, "every": 0.8 * BEAT_SECONDS}
    fetch_rows(BEAT, values)


def was_web_away(now: datetime) -> bool:
    """Return whether beats may have been lost lately because no process was there to take them. One query.

    A role that never had a process counts as running: such an installation does without it, or is of an earlier
    version.
    """
    is_away = Q(seen_at__lt=now - timedelta(seconds=AWAY_SECONDS), seen_at__gt=now - LONGEST_OUTAGE)
    is_back = Q(back_at__gt=now - timedelta(seconds=settings.LEASE_SECONDS))
    return WebHeartbeat.objects.filter(is_away | is_back).exists()
