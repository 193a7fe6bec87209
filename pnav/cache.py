"""The cache: values in Redis as JSON and, while Redis does not answer, a bounded store of this process.

Django's own serializer is pickle, with which anybody who can write to Redis could run code in every web process, beside
the keys of the content. The cache holds numbers, lists of times, and one text.

allauth counts through the cache of Django what it limits: failures of a second factor, of an account, and of a known
device. Nobody may be shut out because Redis is away, and nobody may guess six digits without a limit meanwhile. So each
process counts alone for that time.
"""

import json
import logging
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# How long Redis is not asked again after it did not answer. A sign-in uses the cache a dozen times, and a Redis that
# hangs holds each use for a second (`settings.CACHES`).
AWAY_SECONDS = 2.0
# The most keys that a process holds while Redis is away: a few megabytes. A third of them goes when there are more, the
# least used first. To push a counter out takes thousands of sign-ins, whose hashes last as long as the counter itself.
KEYS_HERE = 10_000
_away_until: dict[str, float] = {}  # by address of Redis, because each thread has a cache of its own


class Serializer:
    """It is the serializer that `settings.CACHES` names. Raises TypeError for a value, and ValueError for bytes, not
    JSON."""

    def dumps(self, value: Any) -> int | bytes:
        """Return the value as JSON, or unchanged if it is an integer, because Redis increments those."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class Cache(RedisCache):
    """It is the cache that `settings.CACHES` names. `add`, `get`, `set` and `delete` work without Redis too.

    Other functions raise RedisError then, and so does the client of Redis that `common.rate_limits.server` gives.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._name = str(server)
        self._here = LocMemCache(f"while {server} is away", {"max_entries": KEYS_HERE})

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        return bool(self._ask("add", key, value, timeout=timeout, version=version))

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._ask("get", key, default, version=version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        self._ask("set", key, value, timeout=timeout, version=version)

    def delete(self, key: Any, version: Any = None) -> bool:
        """Delete the key in both places: a lock that was taken while Redis was away may be released when it is back."""
        was_here = self._here.delete(self.make_key(key, version=version))
        return bool(self._ask("delete", key, version=version)) or was_here

    def _ask(self, name: str, key: Any, *arguments: Any, version: Any, **options: Any) -> Any:
        """Call this function of Redis's cache; that of this process if Redis does not answer or did not a moment ago.

        One line of the log for each time that Redis was asked in vain.
        """
        if time.monotonic() >= _away_until.get(self._name, 0.0):
            try:
                return getattr(super(), name)(key, *arguments, version=version, **options)
            except (RedisError, OSError) as error:
                _away_until[self._name] = time.monotonic() + AWAY_SECONDS
                logger.warning("cache: Redis does not answer, this process counts alone (%s)", type(error).__name__)
        return getattr(self._here, name)(self.make_key(key, version=version), *arguments, **options)
