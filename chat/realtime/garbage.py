"""Keeps the garbage collector of Python away from open connections, and says when everything is collected.

A socket has some eighty objects that the collector looks at. Left alone, it looks at all of a crowd's that has just
come: 268 short collections, 19 of 50 ms of processor and three longer ones while 9,000 sockets came and 4,500 of them
came again (29 November 2026, a busy machine). Everybody waits meanwhile. So the objects of connections are frozen
(`gc.freeze`), fifty connections at a time, as they come: that costs 10 µs, however many there are.

A connection that ends frees its objects by itself (`Channel` and `SocketProtocol` of pnav.server, `unsubscribe`). What
does not, because its objects refer to one another, waits for a full collection, which takes 0.6 s of processor with
9,000 sockets. So there is one after GONE_MOST connections have ended, and otherwise one when FULL_SECONDS have passed
since the last one and somebody has left; each time that this finds nothing, the next one waits twice as long, an hour
at most. Where a collection does find something (another server, TLS in this process), one is made each time as many
connections have ended as are open, so that unreachable objects never outnumber those in use. Where the process uses
more memory than it may, one is made a minute after the last one already, if somebody has left since (`hurry`).
"""

import gc

MANY = 500  # with fewer open connections nothing is frozen, because Python's own collections are short
TOGETHER = 50  # how many connections are frozen together; their objects are too few to start a collection (`pnav.asgi`)
# So many ended connections start a collection of everything: GONE_MOST, or as many as are open (GONE_TOGETHER at least)
# if the last one found objects that ended connections had left.
GONE_TOGETHER, GONE_MOST = 200, 10_000
FULL_SECONDS, FULL_SECONDS_MOST, NOT_AGAIN_SECONDS = 300.0, 3600.0, 5.0
HURRY_SECONDS = 60.0  # the least time between two collections where memory is short


class Garbage:
    """It is what one event loop notes of its connections, to freeze and to collect. now: monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._collected_at = now
        self._patience = FULL_SECONDS
        self._gone = 0
        self._settled = 0  # how many connections were open at the last freeze, or the fewest since
        self._has_frozen = False  # whether more is frozen than what was loaded at the start, which stays frozen
        self._leaves_circles = False  # whether the last full collection found objects that ended connections had left
        self._is_hurried = False  # whether the process was full since the last full collection

    def opened(self, count: int) -> None:
        """Freeze when enough connections have come since the last time. count: how many are open."""
        if count >= MANY and count >= self._settled + TOGETHER:
            gc.freeze()
            self._settled, self._has_frozen = count, True

    def ended(self, count: int) -> None:
        """Note that a connection has ended. count: how many are still open."""
        self._gone += 1
        self._settled = min(self._settled, count)

    def hurry(self) -> None:
        """Note that the process uses more memory than it may, and refuses somebody for it."""
        self._is_hurried = True

    def look(self, count: int, now: float) -> None:
        """Collect everything if it is time. count: how many connections are open."""
        since = now - self._collected_at
        is_generation = self._gone >= max(GONE_TOGETHER, count if self._leaves_circles else GONE_MOST)
        patience = HURRY_SECONDS if self._is_hurried else self._patience
        if not ((is_generation and since > NOT_AGAIN_SECONDS) or (self._gone and since > patience)):
            return
        if self._has_frozen:
            gc.unfreeze()
        self._leaves_circles = gc.collect() > self._gone
        if self._has_frozen or count >= MANY:  # otherwise only what was loaded at the start is frozen, and stays so
            gc.freeze()
            self._settled = count
        self._patience = FULL_SECONDS if self._leaves_circles else min(2 * self._patience, FULL_SECONDS_MOST)
        self._collected_at, self._gone = now, 0
        self._has_frozen = count >= MANY
        self._is_hurried = False
