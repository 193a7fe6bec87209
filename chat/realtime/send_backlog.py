"""Adds up, for each visit, the bytes that wait in this process for clients that do not read. Runs in the event loop.

A client may claim to have read what it has not. So the sum is taken from what its connection still has to send
(`Line.waiting`), which the server hands over in the scope of a socket.
"""

from chat.realtime.interfaces import AnyConnection, Transport

# Most bytes that may wait for one visit or account, over all its sockets in this process. A long exchange is 0.2 MiB; a
# phone on a slow network that has so much to receive does better to come back for the rest.
VISIT_BYTES = 4 * 1024 * 1024
# The backlog of a socket is looked at after this many characters were sent, of four bytes each at most. With
# SOCKETS_A_SESSION sockets, 1.6 MiB may be sent before anybody looks.
WEIGHED_EVERY_CHARACTERS = 8 * 1024


class SendBacklog:
    """These are the bytes that wait for each visit. A socket counts from the first look that finds bytes waiting, to
    its end."""

    def __init__(self) -> None:
        self._visits: dict[str, dict[AnyConnection, int]] = {}

    def weigh(self, connection: AnyConnection, transport: Transport) -> list[AnyConnection]:
        """Note what waits for this socket now, and return the sockets of its visit to close, the fullest first.

        It looks at one socket, and at every socket of the visit only if that is over VISIT_BYTES.
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
        for each in visit:  # look again, because some may have read meanwhile
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
        """Forget a socket that has ended; the bytes that waited for it are gone as well."""
        visit = self._visits.get(connection.visit)
        if visit is not None:
            visit.pop(connection, None)
            if not visit:
                del self._visits[connection.visit]
