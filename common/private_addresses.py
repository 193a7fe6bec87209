"""Tell whether clients are seen under their own addresses: private ones on a public site mean that a bridge hides them.

Where Docker's network has no IPv6, its proxy carries IPv6 clients in under the address of the bridge: each of them then
has the same one. What is sealed of where somebody came from would be worthless, and all of them share one limit. The
same is true of a load balancer that is not counted in TRUSTED_PROXY_COUNT. Nobody is refused for it; the operator is
told.
"""

import ipaddress
import logging
import threading
import time

from django.conf import settings

logger = logging.getLogger(__name__)

# How private, shared (RFC 6598), loopback and link-local addresses begin: only what begins so is parsed.
SUSPECT = ("10.", "172.", "192.168.", "127.", "169.254.", "100.", "f", "F", "::")
RECENT_SECONDS = 60 * 60  # after the last private address, `is_private` says so for so long; a line of the log each

_lock = threading.Lock()
_counts = {"public": 0, "private": 0}
_last_private = float("-inf")
_told_at = float("-inf")


def note(address: str) -> None:
    """Count a client by the kind of its address, which is kept nowhere. Less than a microsecond for a public one, for
    every request comes by here; never raises.

    Nothing is counted without a proxy (the demonstration), nor of networks of PRIVATE_CLIENTS: those of the operator's
    own people.
    """
    global _last_private, _told_at
    if not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        return
    if not address.startswith(SUSPECT):
        _counts["public"] += 1  # of threads side by side one may be lost: what matters is the other figure
        return
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    is_strange = not parsed.is_global and not any(parsed in network for network in settings.PRIVATE_CLIENTS)
    with _lock:
        _counts["private" if is_strange else "public"] += 1
        if not is_strange:
            return
        now = _last_private = time.monotonic()
        if now - _told_at < RECENT_SECONDS:
            return
        _told_at = now
    logger.warning("client_addresses: private; IPv6 behind Docker, or TRUSTED_PROXY_COUNT: see docs/operations.md")


def counts() -> dict[str, int]:
    """How many clients this process saw, by the kind of their address: public or private."""
    with _lock:
        return dict(_counts)


def is_private() -> bool:
    """Whether somebody came with a private address in the last RECENT_SECONDS."""
    return time.monotonic() - _last_private < RECENT_SECONDS


def forget() -> None:
    """Forget what was seen, between tests."""
    global _last_private, _told_at
    with _lock:
        _counts.update(public=0, private=0)
        _last_private = _told_at = float("-inf")
