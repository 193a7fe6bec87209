"""Computes Django's own password hash where slow hashes are computed (`common.slow_hashes`)."""

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher as DjangoHasher

from common import slow_hashes


class PBKDF2PasswordHasher(DjangoHasher):
    """The same algorithm under the same name, so that Django and this class read each other's hashes."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        """Hash as Django does, in a thread of low priority."""
        return slow_hashes.compute(super().encode, *args, **kwargs)
