"""Says whether web processes could have seen anybody: only then does the end of a lease mean that somebody is gone.

Each web process writes that it lives (`write_heartbeat`, from the rounds of its broadcaster). The worker asks before it
takes somebody for gone (`was_web_away`): while no process of a role is there, and for one lease after one is back,
nobody is. See docs/adr/0074.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from chat.models import WebHeartbeat
from common.sql import fetch_rows

SOCKETS, PAGES = "sockets", "pages"
# Of a lease of 60 s: a beat each 5 s, and three missed in a row are a gap; less than a lease in any case.
BEAT_SECONDS = min(5.0, settings.LEASE_SECONDS / 12)
AWAY_SECONDS = min(15.0, 0.75 * settings.LEASE_SECONDS)
# An outage that lasts longer spares nobody: whoever still waits after an hour is better off with whoever is there, and
# a role that no installation runs any more must not hold up everybody's turn.
LONGEST_OUTAGE = timedelta(hours=1)

# A row is written by one process every BEAT_SECONDS or so, however many there are. A clock that was put back leaves a
# time that is to come: it is written anew.
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
    """Say that a process of these roles lives: one statement, at most one write of each role every BEAT_SECONDS."""
    values = {"roles": "{" + ",".join(roles) + "}", "away": AWAY_SECONDS, "every": 0.8 * BEAT_SECONDS}
    fetch_rows(BEAT, values)


def was_web_away(now: datetime) -> bool:
    """Return whether nobody could be seen lately, for want of a process that takes their beats. One query.

    A role that never beat is not waited for: an installation that never had one, or a version before this.
    """
    is_away = Q(seen_at__lt=now - timedelta(seconds=AWAY_SECONDS), seen_at__gt=now - LONGEST_OUTAGE)
    is_back = Q(back_at__gt=now - timedelta(seconds=settings.LEASE_SECONDS))
    return WebHeartbeat.objects.filter(is_away | is_back).exists()
