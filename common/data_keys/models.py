"""The table of wrapped data keys. It lies in a database of its own where there is one (`common.data_keys.router`)."""

import uuid

from django.db import models


class WrappedKey(models.Model):
    """The data key of one exchange, sealed with the key ring. When this row goes, no copy of the exchange opens again.

    id: stands in each value that the key sealed, and in the report and the conversation that it belongs to; drawn at
    random, and no foreign key, for the content may lie in another database.
    wrapped: the 32 bytes of the key, as base64, sealed like any text of the ring: `rotate_keys` seals it again.
    made_on: the day, for whoever compares the keys with the exchanges (`data_keys --check`); no time, so that a copy of
    this table says less of when somebody came.
    """

    SEALED = ("wrapped",)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField()
    made_on = models.DateField()

    @staticmethod
    def context_of(key: uuid.UUID) -> str:
        """The context that binds a wrapped key to this id."""
        return f"data-key:{key}"

    @property
    def context(self) -> str:
        """The context that binds the wrapped key to its id: under another one it does not open."""
        return self.context_of(self.id)
