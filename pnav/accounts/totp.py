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


def accept_code(self: auth.TOTP, code: str) -> bool:
    """Return whether this code is good now and newer than every code that served; it has served from then on.

    Locks the row of the authenticator: of two requests with one code, one alone comes in.
    """
    with transaction.atomic():
        self.instance = Authenticator.objects.select_for_update().get(pk=self.instance.pk)
        data = self.instance.data
        secret = decrypt(data["secret"])
        for step in steps():
            if compare_user_code(actual=code, expected=auth.format_hotp_value(auth.hotp_value(secret, step))):
                break
        else:
            return False
        if step <= data.get(LAST_STEP, 0):
            return False
        data[LAST_STEP] = step
        self.instance.save(update_fields=["data"])
    return self._mark_code_used(code)  # processes of the version before look there


def install() -> None:
    """Let allauth's forms ask here, at the sign-in, at a renewed proof and at the enrolment."""
    auth.yield_hotp_counters_from_time = steps
    auth.TOTP.validate_code = accept_code
