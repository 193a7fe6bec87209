"""It says which connections have to be checked when, without touching those whose time has not come.

A round that asks each of ten thousand connections whether its time has come reads memory that no cache holds, several
thousand times a second (docs/adr/0146). Here each connection lies in the one of many sets whose moment is the next at
which it is checked.
"""

import math

from chat.realtime.interfaces import AnyConnection

TICK_SECONDS = 0.25  # the sets follow one another at this distance
TICKS = 256  # how many sets there are: a check is at most 64 seconds ahead


class CheckRounds:
    """These are the connections of one process, by the moment of their next check. Belongs to the event loop.

    Putting, removing and taking one costs the same however many there are.
    """

    def __init__(self) -> None:
        self._due: list[set[AnyConnection]] = [set() for _tick in range(TICKS)]
        self._tick = 0

    def put(self, connection: AnyConnection, seconds: float) -> None:
        """Have this connection checked after so many seconds, at most a tick later, and not before."""
        self.remove(connection)
        ahead = min(max(math.ceil(seconds / TICK_SECONDS), 1), TICKS - 1)
        connection.check_tick = (self._tick + ahead) % TICKS
        self._due[connection.check_tick].add(connection)

    def remove(self, connection: AnyConnection) -> None:
        """Have this connection not checked any more. One that was never put is no error."""
        self._due[connection.check_tick].discard(connection)

    def take_due(self) -> set[AnyConnection]:
        """Return those whose time has come, and forget them. Called every TICK_SECONDS."""
        self._tick = (self._tick + 1) % TICKS
        due, self._due[self._tick] = self._due[self._tick], set()
        return due
