"""This is the table of wrapped data keys, in a separate database where there is one (`common.data_keys.router`)."""

import uuid

from django.db import models


class WrappedKey(models.Model):
    """It is the data key of one exchange, encrypted with the key ring. Once this row is gone, no copy can be decrypted.

    id: drawn at random; it is in each value that the key encrypts, and in the report and the conversation. It is no
    foreign key, because the content may be in another database.
    wrapped: the 32 bytes of the key in base64, encrypted as any text of the ring; `rotate_keys` encrypts it again.
    made_on: the day, for comparing keys and exchanges (`data_keys --check`). It has no time of day, so that a copy of
    this table tells less of when somebody came.
    """

    SEALED = ("wrapped",)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField()
    made_on = models.DateField()

    @staticmethod
    def context_of(key: uuid.UUID) -> str:
        """Return the encryption context that binds a wrapped key to this id."""
        return f"data-key:{key}"

    @property
    def context(self) -> str:
        """Return the encryption context that binds the wrapped key to its id; with another one it cannot be
        unwrapped."""
        return self.context_of(self.id)
