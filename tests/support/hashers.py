"""Password and code hashing for tests: the real algorithms, without the half second that slows an attacker."""

import hashlib
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.support import slow_hashes


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1

    def encode(self, *args: Any, **kwargs: Any) -> str:
        slow_hashes.note()
        return str(super().encode(*args, **kwargs))


true_scrypt = hashlib.scrypt


def quick_scrypt(secret: bytes, **parameters: Any) -> bytes:
    """Replace `hashlib.scrypt` by the least work, in every test that does not ask for the fixture `true_scrypt`.

    The tests of codes check the parameters that the service asks for.
    """
    return true_scrypt(secret, **{**parameters, "n": 2})
