"""When a worker was last there, and when each of its duties was last done. `chat.models` imports this module."""

from django.db import models


class WorkerHeartbeat(models.Model):
    """That one worker lives: one row for each name of a worker.

    name: of its host or container, or `WORKER_NAME`. seen_at: the last beat. busy_with: the duty that was under way
    then, if one of those may take long (a purge); "" otherwise.
    """

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()
    busy_with = models.CharField(max_length=40, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.name


class WorkerDuty(models.Model):
    """One duty of the workers, whichever of them did it: one row for each name that `run_worker` knows.

    succeeded_at: when it was last done without an error; None: never. errors: how often it failed, ever.
    """

    name = models.CharField(max_length=40, primary_key=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    errors = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.name
