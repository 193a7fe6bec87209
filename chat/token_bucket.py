"""Token buckets in the memory of one process: a burst of acts at once, then a steady rate."""

import threading
import time
from collections import deque
from weakref import WeakValueDictionary


class Bucket:
    """It is a token bucket: `at_once` tokens to begin with, and `a_second` new ones a second. For use in one thread
    only.

    refused: how many more tries were refused than were granted since; never below 0.
    """

    __slots__ = ("__weakref__", "at", "level", "rate", "refused", "size")  # fmt: skip

    def __init__(self, at_once: float, a_second: float) -> None:
        self.size = self.level = at_once
        self.rate = a_second
        self.refused = 0
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

    def pay(self, tokens: float) -> None:
        """Take so many tokens, or as many as there are."""
        now = time.monotonic()
        self.level = max(0.0, min(self.size, self.level + (now - self.at) * self.rate) - tokens)
        self.at = now

    @property
    def wait_seconds(self) -> float:
        """Return how many seconds remain until there is a token to take; 0 when there is one now."""
        return max(0.0, (1 - self.level) / self.rate)


class BucketsByKey[K]:
    """It is a bucket for each key, for use in one thread only.

    A bucket is kept while somebody holds it, and after that until it would be full again. Whoever lets go of one and
    comes back therefore finds it as it was. The buckets that nobody holds are those that were let go of in the last
    `at_once ÷ a_second` seconds; each takes some 200 bytes.
    """

    def __init__(self, at_once: float, a_second: float) -> None:
        self.at_once, self.a_second = at_once, a_second
        self._known: WeakValueDictionary[K, Bucket] = WeakValueDictionary()
        self._left: deque[tuple[float, Bucket]] = deque()

    def of(self, key: K) -> Bucket:
        """Return the bucket of this key, which is made if there is none. Give it back with `let_go`."""
        self._forget(time.monotonic())
        return self._known.setdefault(key, Bucket(self.at_once, self.a_second))

    def let_go(self, bucket: Bucket) -> None:
        """Say that a holder needs this bucket no more. It is kept until it would be full again."""
        now = time.monotonic()
        self._forget(now)
        self._left.append((now + self.at_once / self.a_second, bucket))

    def _forget(self, now: float) -> None:
        while self._left and self._left[0][0] <= now:
            self._left.popleft()


# What one agent may send in all of their conversations together, whichever way they use: sockets, `POST …/trames/`, or
# the form of the page without scripts.
AGENT_POSTS_AT_ONCE, AGENT_POSTS_A_SECOND = 120, 5


class SharedBucket(Bucket):
    """It is a token bucket for several threads: those that serve pages, and the event loop."""

    __slots__ = ("_lock",)

    def __init__(self, at_once: float, a_second: float) -> None:
        super().__init__(at_once, a_second)
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one token, as `Bucket.take`; safe from several threads."""
        with self._lock:
            return super().take()


# By agent, for those who have written through this process: some 300 bytes each, and accounts are few. The buckets are
# never dropped, because a page without scripts holds nothing between two of its forms.
AGENT_POSTS: dict[int, SharedBucket] = {}


def of_agent(agent_id: int) -> SharedBucket:
    """Return this agent's bucket in this process. Sockets and pages share it where one process serves both."""
    return AGENT_POSTS.setdefault(agent_id, SharedBucket(AGENT_POSTS_AT_ONCE, AGENT_POSTS_A_SECOND))
