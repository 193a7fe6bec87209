"""Passwords of tests: the real algorithm, which live servers verify, without the half second that slows a thief."""

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.support import slow_hashes


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1

    def encode(self, *args: Any, **kwargs: Any) -> str:
        slow_hashes.note()
        return str(super().encode(*args, **kwargs))
