"""When backups were last taken: written by `deploy/backup`, read by /metrics. `reports.models` imports this module."""

from django.db import models


class BackupStatus(models.Model):
    """The backups of one server: one row for each `BACKUP_NAME`.

    name: « content », or « keys » (the wrapped keys' own server). base_at: when the last whole base backup ended;
    base_bytes: how much was copied; base_seconds: how long it took. wal_at: when the WAL was last in the store as
    far as it was written. since: the oldest point in time that can be restored. failures: in a row.
    """

    name = models.CharField(max_length=20, primary_key=True)
    base_at = models.DateTimeField(null=True)
    base_bytes = models.BigIntegerField(default=0, db_default=0)
    base_seconds = models.FloatField(default=0, db_default=0)
    wal_at = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.name
