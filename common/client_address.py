"""This module reads the address of a client, for the sealed identity and the limits by network. It is used for nothing
else."""

import ipaddress
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from common import private_addresses

# Our proxy sets this header when it is the only one. Behind an address that many share, the port tells who it was.
PORT_HEADER = "X-Forwarded-Client-Port"
ADDRESS_MAX, PORT_MAX = 60, 10  # characters that are kept, enough for any address; a header may hold anything
IPV6_PREFIX = 64  # bits of the smallest network that a subscriber gets (RFC 6177), who chooses the other bits freely
IPV6_WIDER = (56, 48)  # bits of the networks that providers give a household and a company, or a hosted machine


class Networks(tuple[str, ...]):
    """These are the networks of a client, in clear, for `common.network_limits` only. They go into no key, no log and
    no page."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Networks(…)"  # printing it by mistake reveals nothing


def networks_of(request: HttpRequest) -> Networks:
    """Return the networks of a request, the narrowest first: an IPv4 address, or an IPv6 /64 and then IPV6_WIDER.

    The result is empty when the address is not known; no limit can then be applied. An IPv4 address has no wider
    networks, because its neighbours are other people.
    """
    return Networks(_networks(connection_of(request).address))


class Connection(NamedTuple):
    """It is the origin of a request: address and port as text, "" when unknown."""

    address: str
    port: str

    def __repr__(self) -> str:
        return "Connection(…)"  # printing it by mistake reveals nothing


def connection_of(request: HttpRequest) -> Connection:
    """Return the address and port of a request, by the header of our proxies; without proxies, by its connection."""
    get = request.headers.get
    return _connection(lambda name: get(name, ""), request.META.get("REMOTE_ADDR"), request.META.get("REMOTE_PORT"))


def connection_of_scope(scope: dict[str, Any]) -> Connection:
    """Return the address and port of a socket's handshake. scope: its ASGI scope."""
    headers: dict[bytes, str] = {}
    for name, value in scope["headers"]:  # a header that comes twice is joined, as Django does for pages
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    address, port = scope.get("client") or ("", "")
    return _connection(lambda name: headers.get(name.lower().encode(), ""), address, port)


def _connection(header: Callable[[str], str], address: Any, port: Any) -> Connection:
    proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = header("X-Forwarded-For").split(",")
    if 0 < proxies <= len(hops) and hops[-proxies].strip():
        # Behind more than one proxy, the nearest one sees the port of another proxy, and not the client's.
        address, port = hops[-proxies].strip(), header(PORT_HEADER).strip() if proxies == 1 else ""
    found = Connection(str(address or "")[:ADDRESS_MAX], str(port or "")[:PORT_MAX])
    private_addresses.note(found.address)
    return found


def _networks(address: str) -> list[str]:
    """Return the networks of an address as text (see `networks_of`); [] for anything that is no address."""
    text = address.strip()
    if text.startswith("["):  # an IPv6 address with a port: [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # an IPv4 address with a port: 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return []
    if isinstance(parsed, ipaddress.IPv4Address):
        return [str(parsed)]
    if parsed.ipv4_mapped is not None:
        return [str(parsed.ipv4_mapped)]
    return [str(ipaddress.IPv6Network((int(parsed), prefix), strict=False)) for prefix in (IPV6_PREFIX, *IPV6_WIDER)]
