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

    Putting, removing and taking one costs the same however many there are. Nobody is put into the set that is being
    taken.
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

    def next_tick(self) -> int:
        """Go to the next set, and return how many connections it has. Called every TICK_SECONDS.

        All of the set before have to be taken by then.
        """
        self._tick = (self._tick + 1) % TICKS
        return len(self._due[self._tick])

    def take_due(self, at_most: int) -> list[AnyConnection]:
        """Return so many of those whose time has come, and forget them; none when all were taken."""
        due = self._due[self._tick]
        return [due.pop() for _connection in range(min(len(due), at_most))]
