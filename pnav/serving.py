"""How Daphne is to be started: the options that the exchange needs, for the demonstration and the benchmarks.

`docker-compose.yml` writes them out; a test holds the two together.

- A backlog for the moment when everybody is back at once; Twisted's own is 50.
- Hardly any pings: Daphne sends those of all sockets in one sweep, which holds up every message for 100 ms when 10,000
  sockets are open. Our pages beat every 20 seconds, and a socket that is silent for long is closed (chat.consumers).
- Patience with a handshake while thousands wait for theirs.
- Nothing on each request: an access log holds addresses.
"""

import autobahn.twisted.websocket
import autobahn.websocket.protocol

OPTIONS = (
    *("--verbosity", "0"),
    *("--ping-interval", "3600"),
    *("--ping-timeout", "3600"),
    *("--websocket_connect_timeout", "20"),
)


def arguments(application: str, *, port: int, interface: str = "127.0.0.1") -> list[str]:
    """What follows « daphne » on its command line."""
    return ["--endpoint", f"tcp:port={port}:interface={interface}:backlog=2048", *OPTIONS, application]


def quieten() -> None:
    """Keep autobahn, below Daphne, from writing texts for its debug log, which nobody reads.

    It writes them for every frame that comes or goes and for every connection, coloured and with all its options,
    before it asks whether anybody wants them: a sixth of what a message costs, a quarter of a handshake. The calls
    stay; what they would say is empty.
    """
    for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
        for name in ("hltype", "hlval", "pformat"):
            if hasattr(module, name):
                setattr(module, name, _say_nothing)


def _say_nothing(_value: object) -> str:
    return ""
