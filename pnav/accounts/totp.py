"""Codes of an application (TOTP): the present one and the one before it, each once.

A code that is typed in its last second arrives after its end, and RFC 6238 (5.2) allows one step for the way. allauth
can allow a step too, but also one that is still to come, and it remembers a code that served for one step only. So both
questions are answered here: which codes are good now, and which one has served. See docs/adr/0123.
"""

import time
from collections.abc import Iterator

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.db import transaction

# Of an authenticator's data: the number of the step whose code served last.
LAST_STEP = "last_step"


def steps() -> Iterator[int]:
    """Give the numbers of the steps whose codes are good now: the present one, and the one before it."""
    present = int(time.time()) // app_settings.TOTP_PERIOD
    yield from (present, present - 1)


def _step_of(factor: Authenticator, code: str) -> int | None:
    """Return the number of the step whose code this is; None if it is no code that is good now."""
    secret = decrypt(factor.data["secret"])
    for step in steps():
        if compare_user_code(actual=code, expected=auth.format_hotp_value(auth.hotp_value(secret, step))):
            return step
    return None


def _last_step(factor: Authenticator) -> int:
    """Return the number of the step whose code served last; 0 if none did.

    The version before noted no step. It took codes in their own step alone, so the moment at which one served, which
    it noted, lies in the step of that code.
    """
    if LAST_STEP in factor.data:
        return int(factor.data[LAST_STEP])
    return int(factor.last_used_at.timestamp()) // app_settings.TOTP_PERIOD if factor.last_used_at else 0


def _note_step(factor: Authenticator, step: int) -> None:
    factor.data[LAST_STEP] = step
    factor.save(update_fields=["data"])


def accept_code(self: auth.TOTP, code: str) -> bool:
    """Return whether this code is good now and newer than every code that served; it has served from then on.

    Locks the row of the authenticator: of two requests with one code, one alone comes in. No code is good for a factor
    that was taken away meanwhile.
    """
    with transaction.atomic():
        factor = Authenticator.objects.select_for_update().filter(pk=self.instance.pk).first()
        if factor is None:
            return False
        step = _step_of(factor, code)
        if step is None or step <= _last_step(factor):
            return False
        _note_step(factor, step)
        self.instance = factor
    return self._mark_code_used(code)  # processes of the version before look there


def note_enrolment(factor: Authenticator, code: str) -> None:
    """Note that the code with which this factor was enrolled has served.

    It belongs in the transaction that creates the row: until its end nobody can sign in with the factor. A code that
    is not good any more at this moment needs no note.
    """
    step = _step_of(factor, code)
    if step is not None:
        _note_step(factor, step)


def install() -> None:
    """Let allauth's forms ask here, at the sign-in, at a renewed proof and at the enrolment."""
    auth.yield_hotp_counters_from_time = steps
    auth.TOTP.validate_code = accept_code
