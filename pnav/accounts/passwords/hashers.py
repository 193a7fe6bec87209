"""Computes Django's own password hash where slow hashes are computed (`common.slow_hashes`)."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher as DjangoHasher

from common import slow_hashes

# A hash of so many iterations takes 7 ms, less than a page, and is computed where it is asked for. Those of the 500
# drawn passwords of a sheet would each wait for a turn of a thread of low priority, minutes in all on a busy machine.
QUICK_ITERATIONS = 10_000


class PBKDF2PasswordHasher(DjangoHasher):
    """The same algorithm under the same name, so that Django and this class read each other's hashes."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Hash as Django does, in a thread of low priority unless QUICK_ITERATIONS are enough."""
        if iterations is not None and iterations <= QUICK_ITERATIONS:
            return super().encode(password, salt, iterations)
        return slow_hashes.compute(super().encode, password, salt, iterations)
