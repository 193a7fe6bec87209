"""These are the tables of the workers' heartbeats, and of when each of their duties was last done."""

from django.db import models


class WorkerHeartbeat(models.Model):
    """It is when a worker was last alive, one row for each worker's name.

    name: that of its host or container, or `WORKER_NAME`. seen_at: the last beat. busy_with: the duty that it was doing
    then, if it is one that may take long (a purge); "" otherwise.
    """

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()
    busy_with = models.CharField(max_length=40, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.name


class WorkerDuty(models.Model):
    """It is one duty of the workers, whichever of them did it; one row for each name in `run_worker`.

    succeeded_at: when it was last done without an error; None for never. errors: how often it has failed in all.
    """

    name = models.CharField(max_length=40, primary_key=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    errors = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.name
