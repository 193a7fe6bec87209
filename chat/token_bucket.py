"""Token buckets in the memory of one process: a burst of acts at once, then a steady rate."""

import threading
import time
from collections import deque
from weakref import WeakValueDictionary


class Bucket:
    """So many at once, then so many a second. Of one thread: the sockets' loop."""

    __slots__ = ("__weakref__", "at", "level", "rate", "refused", "size")  # fmt: skip

    def __init__(self, at_once: float, a_second: float) -> None:
        self.size = self.level = at_once
        self.rate = a_second
        self.refused = 0  # more than were taken since
        self.at = time.monotonic()

    def take(self) -> bool:
        """Take one token, without waiting; return whether there was one. A refusal is counted in `refused`."""
        now = time.monotonic()
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1:
            self.refused += 1
            return False
        self.level -= 1
        self.refused = max(0, self.refused - 1)
        return True

    @property
    def wait_seconds(self) -> float:
        """Until there is one to take."""
        return max(0.0, (1 - self.level) / self.rate)


class BucketsByKey[K]:
    """A bucket for each key, of one thread: there as long as somebody holds it, and then until it would be full again.

    Whoever lets go and comes back finds what they left, and not a full one. Of those that nobody holds it keeps as many
    as were let go of in `at_once ÷ a_second` seconds, some 200 bytes each.
    """

    def __init__(self, at_once: float, a_second: float) -> None:
        self.at_once, self.a_second = at_once, a_second
        self._known: WeakValueDictionary[K, Bucket] = WeakValueDictionary()
        self._left: deque[tuple[float, Bucket]] = deque()

    def of(self, key: K) -> Bucket:
        """Return the one of this key."""
        self._forget(time.monotonic())
        return self._known.setdefault(key, Bucket(self.at_once, self.a_second))

    def let_go(self, bucket: Bucket) -> None:
        """Keep this one until it is full again: its holder goes."""
        now = time.monotonic()
        self._forget(now)
        self._left.append((now + self.at_once / self.a_second, bucket))

    def _forget(self, now: float) -> None:
        while self._left and self._left[0][0] <= now:
            self._left.popleft()


# What one agent may send, in all that they answer and by whichever way: their sockets, `POST …/trames/` and the form of
# the page without a script.
AGENT_POSTS_AT_ONCE, AGENT_POSTS_A_SECOND = 120, 5


class SharedBucket(Bucket):
    """A bucket that the threads of pages take from as well as the loop."""

    __slots__ = ("_lock",)

    def __init__(self, at_once: float, a_second: float) -> None:
        super().__init__(at_once, a_second)
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one token, as `Bucket.take`; safe from several threads."""
        with self._lock:
            return super().take()


# By agent, of those who wrote through this process since it began: some 300 bytes each, and accounts are few. They
# stay, for a page without a script holds nothing between two of its forms.
AGENT_POSTS: dict[int, SharedBucket] = {}


def of_agent(agent_id: int) -> SharedBucket:
    """This agent's bucket in this process: the same one for sockets and pages where a process serves both."""
    return AGENT_POSTS.setdefault(agent_id, SharedBucket(AGENT_POSTS_AT_ONCE, AGENT_POSTS_A_SECOND))
