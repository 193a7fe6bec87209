"""This module tells whether clients come with their own addresses; private ones on a public site mean that a proxy
hides them.

Where Docker's network has no IPv6, its proxy passes IPv6 clients on under the address of the bridge, the same for all.
Then the address that is sealed with an identity would be worthless, and all these clients would share one limit. The
same happens with a load balancer that TRUSTED_PROXY_COUNT does not count. Nobody is refused because of it, but the
operator is told.
"""

import ipaddress
import logging
import threading
import time

from django.conf import settings

logger = logging.getLogger(__name__)

# How private, shared (RFC 6598), loopback and link-local addresses begin. Only an address that begins so is parsed.
SUSPECT = ("10.", "172.", "192.168.", "127.", "169.254.", "100.", "f", "F", "::")
RECENT_SECONDS = 60 * 60  # how long `is_private` is true after a private address; also the time between two log lines

_lock = threading.Lock()
_counts = {"public": 0, "private": 0}
_last_private = float("-inf")
_told_at = float("-inf")


def note(address: str) -> None:
    """Count a client by the kind of its address, which is not stored. Never raises.

    Every request calls this, so it takes less than a microsecond for a public address. Nothing is counted without a
    proxy (as in the demonstration), nor for PRIVATE_CLIENTS, the operator's own networks.
    """
    global _last_private, _told_at
    if not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        return
    if not address.startswith(SUSPECT):
        _counts["public"] += 1  # threads at the same moment may lose a count, which does not matter for this figure
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
    """Return how many clients this process has seen, by the kind of their address: public or private."""
    with _lock:
        return dict(_counts)


def is_private() -> bool:
    """Return whether somebody came with a private address in the last RECENT_SECONDS."""
    return time.monotonic() - _last_private < RECENT_SECONDS


def forget() -> None:
    """Reset all counts, between tests."""
    global _last_private, _told_at
    with _lock:
        _counts.update(public=0, private=0)
        _last_private = _told_at = float("-inf")
