"""Django's own hash of passwords, computed where slow hashes are (`common.slow_hashes`)."""

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher as DjangoHasher

from common import slow_hashes


class PBKDF2PasswordHasher(DjangoHasher):
    """It is the same algorithm under the same name: what Django kept is read, and the other way round."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        """Hash as Django does, in a thread of low priority."""
        return slow_hashes.compute(super().encode, *args, **kwargs)
