"""How Daphne is to be started: the options that the exchange needs, for the demonstration and the benchmarks.

`docker-compose.yml` writes them out; a test holds the two together.

- A backlog for the moment when everybody is back at once; Twisted's own is 50.
- Hardly any pings: Daphne sends those of all sockets in one sweep, which holds up every message for 100 ms when 10,000
  sockets are open. Our pages beat every 20 seconds, and a socket that is silent for long is closed (chat.consumers).
- Patience with a handshake while thousands wait for theirs.
- Nothing on each request: an access log holds addresses.
"""

from collections.abc import Callable
from typing import Any

import autobahn.twisted.websocket
import autobahn.websocket.protocol
import daphne.server
from daphne.cli import CommandLineInterface
from twisted.internet import reactor

OPTIONS = (
    *("--verbosity", "0"),
    *("--ping-interval", "3600"),
    *("--ping-timeout", "3600"),
    *("--websocket_connect_timeout", "20"),
)


def arguments(application: str, *, port: int, interface: str = "127.0.0.1") -> list[str]:
    """What follows « daphne » on its command line."""
    return ["--endpoint", f"tcp:port={port}:interface={interface}:backlog=2048", *OPTIONS, application]


class Server(daphne.server.Server):
    """Daphne's own, whose two rounds over all its connections go a few connections at a time.

    Each of them holds up everybody: with 10,000 sockets open for 20 ms every two seconds, and 5 every second.
    """

    connections: dict[Any, dict[str, Any]]

    SLICES = 20
    TIMEOUTS_SECONDS = 2.0  # as Daphne has it: every connection once in so long

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._to_time: list[Any] = []
        self._to_reap: list[Any] = []
        self._is_reaping = False

    def _some_of(self, left: list[Any]) -> list[Any]:
        """The next connections of a round; `left` holds the others, and everybody again when it was empty."""
        if not left:
            left.extend(self.connections)
        count = min(len(left), len(self.connections) // self.SLICES + 1)
        return [left.pop() for _connection in range(count)]

    def timeout_checker(self) -> None:
        """End what took too long, and ping, as Daphne does."""
        for protocol in self._some_of(self._to_time):
            if protocol in self.connections:
                protocol.check_timeouts()
        _later(self.TIMEOUTS_SECONDS / self.SLICES, self.timeout_checker)

    def application_checker(self) -> None:
        """Reap what has ended, as Daphne does, who then calls this again in a second: hence several chains of calls."""
        if not self._is_reaping:
            self._is_reaping = True
            for number in range(1, self.SLICES):
                _later(number / self.SLICES, self.application_checker)
        everybody = self.connections
        some = {protocol: everybody[protocol] for protocol in self._some_of(self._to_reap) if protocol in everybody}
        self.connections = dict(some)
        try:
            super().application_checker()
        finally:
            kept, self.connections = self.connections, everybody
            for protocol in some.keys() - kept.keys():
                del everybody[protocol]
            everybody.update(kept)  # an answer that ends lets the next request of its line begin


def _later(seconds: float, call: Callable[[], None]) -> None:
    reactor.callLater(seconds, call)  # type: ignore[arg-type]


def install() -> None:
    """Have the `daphne` that loads this application run our server. Called before there is one."""
    CommandLineInterface.server_class = Server


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
