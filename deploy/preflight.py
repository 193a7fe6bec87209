"""This says whether people with IPv6 will be seen under their own addresses: `python deploy/preflight.py`.

docker-compose.yml runs it first, in the proxy's network, and the proxy waits for exit status 0. IPV6=on: the network
must have an IPv6 address and a way out by it; otherwise Docker's own proxy would carry IPv6 clients in, under the
address of the bridge: what is sealed of where somebody came from would be worthless, and all of them would share one
limit. IPV6=off (as in docker-compose.ipv4.yml): nothing is asked, for nothing is published by IPv6. It cannot see the
host: how packets are carried there is told by pnav_client_addresses_total{kind="private"}, once people come.
"""

import ipaddress
import os
import sys
from pathlib import Path

ADDRESSES = Path("/proc/net/if_inet6")
ROUTES = Path("/proc/net/ipv6_route")


def addresses(text: str) -> list[ipaddress.IPv6Address]:
    """Return the addresses of /proc/net/if_inet6 that others can reach: no loopback, no link-local."""
    found = [ipaddress.IPv6Address(int(line.split()[0], 16)) for line in text.splitlines() if line.strip()]
    return [one for one in found if not (one.is_loopback or one.is_link_local)]


def has_default_route(text: str) -> bool:
    """Return whether /proc/net/ipv6_route has a way to ::/0 by an interface other than the loopback."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return any(line[0] == "0" * 32 and line[1] == "00" and line[-1] != "lo" for line in lines)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # a kernel without IPv6
        return ""


def main() -> int:
    match os.environ.get("IPV6", ""):
        case "off":
            print("IPv6 is off: people come by IPv4 only, and the site's name has no AAAA record.")  # noqa: T201
            return 0
        case "on":
            pass
        case _:
            print("IPV6 must be on or off.", file=sys.stderr)  # noqa: T201
            return 1
    if addresses(_read(ADDRESSES)) and has_default_route(_read(ROUTES)):
        print("IPv6 reaches this network.")  # noqa: T201
        return 0
    print(  # noqa: T201
        "The public network has no IPv6: everybody who comes by it would have the address of Docker's bridge. Nothing "
        "is published. Either give Docker IPv6 (docs/operations.md, « IPv6 »), or say that there is none, in .env: "
        "COMPOSE_FILE=docker-compose.yml:docker-compose.ipv4.yml",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
