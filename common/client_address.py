"""Read the address of a client, for the sealed identity and the limits by network. It is passed to nothing else."""

import ipaddress
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from common import private_addresses

# Set by our proxy, when it is the only one: behind a shared address, the port tells who it was.
PORT_HEADER = "X-Forwarded-Client-Port"
ADDRESS_MAX, PORT_MAX = 60, 10  # characters: enough for any; a header may hold anything
IPV6_PREFIX = 64  # bits: the smallest network that a subscriber gets (RFC 6177), who picks the rest at will
IPV6_WIDER = (56, 48)  # what providers give a household, and a company; a hosted machine may have the latter too


class Networks(tuple[str, ...]):
    """The networks of a client in clear, for `common.network_limits`, which counts them: for no key, no log and no
    page."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Networks(…)"  # whatever prints it by mistake prints nothing


def networks_of(request: HttpRequest) -> Networks:
    """Return the networks of a request: an IPv4 address as it is; an IPv6 one by its /64, then by IPV6_WIDER.

    Empty when the address is not known: then no limit can be kept. An IPv4 address has no wider networks: each of its
    neighbours is somebody else.
    """
    return Networks(_networks(connection_of(request).address))


class Connection(NamedTuple):
    """The technical origin of a request: address and port as text, "" when unknown. For `reports.reporter_identity`
    only."""

    address: str
    port: str

    def __repr__(self) -> str:
        return "Connection(…)"  # whatever prints it by mistake prints nothing


def connection_of(request: HttpRequest) -> Connection:
    """The address and port of a request, as the nearest of our proxies says; without proxies, by its connection."""
    get = request.headers.get
    return _connection(lambda name: get(name, ""), request.META.get("REMOTE_ADDR"), request.META.get("REMOTE_PORT"))


def connection_of_scope(scope: dict[str, Any]) -> Connection:
    """The address and port of a socket's handshake."""
    headers: dict[bytes, str] = {}
    for name, value in scope["headers"]:  # a header that came twice is one, as pages read it
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    address, port = scope.get("client") or ("", "")
    return _connection(lambda name: headers.get(name.lower().encode(), ""), address, port)


def _connection(header: Callable[[str], str], address: Any, port: Any) -> Connection:
    proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = header("X-Forwarded-For").split(",")
    if 0 < proxies <= len(hops) and hops[-proxies].strip():
        # Behind more than one, the nearest proxy sees the port of another proxy, not the client's.
        address, port = hops[-proxies].strip(), header(PORT_HEADER).strip() if proxies == 1 else ""
    found = Connection(str(address or "")[:ADDRESS_MAX], str(port or "")[:PORT_MAX])
    private_addresses.note(found.address)
    return found


def _networks(address: str) -> list[str]:
    """An IPv4 address as it is; an IPv6 one by its /64, then its wider networks; [] for anything else."""
    text = address.strip()
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:443
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
