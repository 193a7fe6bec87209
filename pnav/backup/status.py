"""Records in the site's database when backups were last taken, for /metrics: `reports.models.BackupStatus`.

The role that backs up may write this one table, and no other (deploy/roles.sql).
"""

from datetime import datetime

from pnav.backup import base
from pnav.backup.configuration import Configuration

# A report on base backups keeps what a report on the WAL wrote, and the other way round.
WRITE = """
INSERT INTO reports_backupstatus AS known (name, base_at, base_bytes, base_seconds, wal_at, since, failures)
VALUES (%(name)s, %(base_at)s, coalesce(%(base_bytes)s, 0), coalesce(%(base_seconds)s, 0),
        CASE WHEN %(wal)s THEN clock_timestamp() END, %(since)s, coalesce(%(failures)s, 0))
ON CONFLICT (name) DO UPDATE SET
    base_at = coalesce(excluded.base_at, known.base_at),
    base_bytes = coalesce(%(base_bytes)s, known.base_bytes),
    base_seconds = coalesce(%(base_seconds)s, known.base_seconds),
    wal_at = coalesce(excluded.wal_at, known.wal_at),
    since = coalesce(excluded.since, known.since),
    failures = coalesce(%(failures)s, known.failures)
"""


def write(
    configuration: Configuration,
    *,
    base_at: datetime | None = None,
    base_bytes: int | None = None,
    base_seconds: float | None = None,
    has_wal: bool = False,
    since: datetime | None = None,
    failures: int | None = None,
) -> None:
    """Update the status by one statement on a new connection. None and False leave a value unchanged.

    failures: how many attempts in a row failed of the duty that fails for longest.

    Raises the errors of psycopg.
    """
    values = {
        "name": configuration.name, "base_at": base_at, "base_bytes": base_bytes, "base_seconds": base_seconds,
        "wal": has_wal, "since": since, "failures": failures,
    }  # fmt: skip
    with base.open_connection(configuration.status) as connection:
        connection.execute(WRITE, values)
