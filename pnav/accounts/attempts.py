"""Limits the sign-ins, and the failed ones, of a network or of a device that signed in before.

allauth's own limits by address are off (settings.ACCOUNT_RATE_LIMITS), because it keeps the time of each attempt by
address. Networks are counted by `common.network_limits`, as everywhere, at every width of IPv6. A device is counted by
the random number of its cookie, so that others behind the same address do not lock it out, nor it them. See
docs/adr/0053.
"""

from dataclasses import dataclass, field
from typing import Protocol

from allauth.core.internal import ratelimit
from django.http import HttpRequest

from common import network_limits, rate_limits
from common.client_address import Networks, networks_of
from common.network_limits import NetworkLimit
from pnav.accounts import device

# Fifty agents may change shifts behind one gateway. Guessing is stopped by the limit of an account from one place, and
# by that of the account alone (`adapters.ACCOUNT_FAILURES`).
SIGN_INS = 120  # the most in a minute
FAILURES = 60  # the most in a minute
FAILURES_OF_ACCOUNT = 5  # the most in five minutes


class _Usage(Protocol):
    def undo(self) -> None: ...


@dataclass(slots=True)
class _DeviceUsage:
    usage: ratelimit.RateLimitUsage

    def undo(self) -> None:
        """Take the counted attempt back, because it was not a failure."""
        self.usage.rollback()


@dataclass(slots=True)
class Attempt:
    """It is a password that is about to be tried. It counts as a failure until it is known to be right."""

    is_over: bool = False
    _counted: list[_Usage] = field(default_factory=list)

    def undo(self) -> None:
        """Take this attempt back from every counter, because the password was right."""
        for usage in self._counted:
            usage.undo()


def is_over(request: HttpRequest) -> bool:
    """Count one more sign-in, whatever its result, and return whether there were too many in this minute."""
    return _one(request, network_limits.SIGN_INS, most=SIGN_INS) is None


def begin(request: HttpRequest, account: str) -> Attempt:
    """Count one more failure.

    account: its key, see `device.account_key`. This takes some round trips to Redis.
    """
    attempt = Attempt()
    for limit, most, within in (
        (network_limits.FAILURES, FAILURES, ""),
        (network_limits.ACCOUNT_FAILURES, FAILURES_OF_ACCOUNT, account),
    ):
        usage = _one(request, limit, most=most, within=within)
        if usage is None:
            attempt.is_over = True
            break
        attempt._counted.append(usage)
    return attempt


def is_over_at_provider(request: HttpRequest, *, most: int) -> bool:
    """Return whether this network or device began too many sign-ins at the identity provider in this minute."""
    is_reached = _one(request, network_limits.OPENID, most=most) is None
    if is_reached:
        rate_limits.tell_reached("openid")
    return is_reached


def _one(request: HttpRequest, limit: NetworkLimit, *, most: int, within: str = "") -> _Usage | None:
    """Count one more, for the device where it is known, else for the network. Returns None when that is too many."""
    counter = device.known(request).counter
    if counter:
        usage = ratelimit.consume(
            request,
            app="pnav.accounts",
            action=limit.name,
            config={limit.name: f"{most}/{limit.seconds}s/key"},
            key=f"{within}:{counter}",
        )
        return _DeviceUsage(usage) if usage else None
    # Requests without an address count as one network, so that the limits on guessing hold for them too.
    tally = network_limits.count(limit, networks_of(request) or Networks(["unknown"]), most=most, within=within)
    return None if tally.is_over else tally
