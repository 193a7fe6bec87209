"""This is the table of the times of backups, which `deploy/backup` writes and /metrics reads."""

from django.db import models


class BackupStatus(models.Model):
    """It is the state of the backups of one server, one row for each `BACKUP_NAME`.

    name: « content », or « keys » for a separate key server. base_at: when the last complete base backup ended.
    base_bytes: how much it copied. base_seconds: how long it took. wal_at: when all WAL that had been written was last
    in the store. since: the oldest time that can be restored. failures: how many attempts in a row failed of one duty
    (WAL, base backup, deletion of old ones), of the one that fails for longest.
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
