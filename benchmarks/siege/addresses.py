"""Says from which address each person comes.

The harness is the site's only proxy and gives these addresses (X-Forwarded-For). All of them are reserved for
measurements and documents, so that they belong to nobody: 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849).
"""

import ipaddress

_HONEST_V4 = int(ipaddress.IPv4Address("198.18.0.1"))
_HONEST_V6 = int(ipaddress.IPv6Address("2001:db8:1000::1"))
_HONEST_MOST = 4096
IPV6_ONE_IN = 4  # one honest person in four: about as many as use it without knowing
ATTACKER_V4 = "198.19.0.7"
ATTACKER_48 = "2001:db8:bad::/48"


def honest(number: int) -> str:
    """Return the address of this honest person: an IPv4 of their own, or for one in four an IPv6 in a /48 of their own.

    number: from 0 to 4,095.
    """
    if not 0 <= number < _HONEST_MOST:
        raise ValueError("There are 4,096 honest addresses.")
    if number % IPV6_ONE_IN == IPV6_ONE_IN - 1:
        return str(ipaddress.IPv6Address(_HONEST_V6 + (number << 80)))
    return str(ipaddress.IPv4Address(_HONEST_V4 + number))


def fresh(number: int) -> str:
    """Return the address of one try of an attacker: each time another /64 of the same /48."""
    network = ipaddress.IPv6Network(ATTACKER_48)
    return str(ipaddress.IPv6Address(int(network.network_address) + ((number & 0xFFFF) << 64) + 1))
