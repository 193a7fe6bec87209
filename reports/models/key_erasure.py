"""This is the table of data keys that have to be erased once the deletion of their reports is committed."""

from django.db import models
from django.db.models.functions import Now


class KeyErasure(models.Model):
    """It is a data key that has not been erased yet, although its report was deleted (`reports.retention.key_erasure`).

    The row is written in the transaction that deletes the report, because the key may be in another database, which the
    transaction does not reach. It exists for some seconds or, if the worker was killed, until its next run.
    """

    data_key = models.UUIDField(unique=True)
    noted_at = models.DateTimeField(db_default=Now())
