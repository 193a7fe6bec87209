"""Adds up, for each visit, what waits in this process for clients that do not read. Runs in the event loop.

A client cannot be believed about what it has read: it may say so without reading. What counts is what its connection
still has to send (`Line.waiting`), which the server hands over in the scope of a socket.
"""

from chat.realtime.interfaces import AnyConnection, Transport

# Of one visit or account, all its sockets in this process together. A long exchange is 0.2 MiB; a phone on a slow
# network that has so much before it is better off coming back for the rest.
VISIT_BYTES = 4 * 1024 * 1024
# A socket is weighed after so many characters sent, of four bytes each at most: with SOCKETS_A_SESSION of them, 1.6 MiB
# may be sent unweighed.
WEIGHED_EVERY_CHARACTERS = 8 * 1024


class SendBacklog:
    """What waits for each visit. A socket counts from the first time that something waited for it until it is gone."""

    def __init__(self) -> None:
        self._visits: dict[str, dict[AnyConnection, int]] = {}

    def weigh(self, connection: AnyConnection, transport: Transport) -> list[AnyConnection]:
        """Note what waits for this socket now; those of its visit to be cut, the one with most first.

        Costs one look, and where the visit is over its bound one at each of its sockets.
        """
        visit = self._visits.get(connection.visit)
        waiting = transport.waiting
        if visit is None:
            if not waiting:
                return []
            visit = self._visits[connection.visit] = {}
        visit[connection] = waiting
        if sum(visit.values()) <= VISIT_BYTES:
            return []
        for each in visit:  # some may have read meanwhile
            visit[each] = each.transport.waiting if each.transport is not None else 0
        over = sum(visit.values()) - VISIT_BYTES
        cut = []
        for each in sorted(visit, key=visit.__getitem__, reverse=True):
            if over <= 0:
                break
            over -= visit[each]
            cut.append(each)
        return cut

    def forget(self, connection: AnyConnection) -> None:
        """It has hung up, and what waited went with it."""
        visit = self._visits.get(connection.visit)
        if visit is not None:
            visit.pop(connection, None)
            if not visit:
                del self._visits[connection.visit]
