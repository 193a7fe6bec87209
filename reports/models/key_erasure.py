"""Data keys that are to be erased once the deletion of their reports is committed."""

from django.db import models
from django.db.models.functions import Now


class KeyErasure(models.Model):
    """A report was deleted, and its data key has not gone yet (`reports.retention.key_erasure`).

    Written in the transaction that deletes the report, for the key may lie in another database, which that transaction
    does not reach. A row lives for some seconds; after a worker was killed, until its next run.
    """

    data_key = models.UUIDField(unique=True)
    noted_at = models.DateTimeField(db_default=Now())
