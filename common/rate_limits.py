"""Limits how often something is done, by somebody who is known (an exchange, a visit) or by all together.

What is counted by address is counted elsewhere, so that nobody finds the address back: see `networks`.
"""

import logging
import time
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from common import security_log
from common.security_log import Event

logger = logging.getLogger(__name__)


def is_over(name: str, *, limit: int, seconds: int) -> bool:
    """Count one more; whether that makes more than `limit` in this window of `seconds`.

    name: what is counted; it holds nothing that a person typed. Windows are fixed, so that a burst on the border of
    two of them may reach twice the limit: enough for what this protects.
    Redis away blocks nobody: a person must be able to write and to come back even then. It is logged.
    """
    is_reached = (count_one(name, seconds=seconds) or 0) > limit
    if is_reached:
        tell_reached(name)
    return is_reached


def tell_reached(name: str) -> None:
    """Leave a line: which limit, not whose. What stands before the first « : » of its name is ours."""
    security_log.log(Event.LIMIT_REACHED, limit=name.partition(":")[0])


def count_one(name: str, *, seconds: int) -> int | None:
    """Count one more, as `is_over` does; how many that makes in this window, None when it could not be counted."""
    window = int(time.time()) // seconds
    key = cache.make_key(_key(name, seconds, 0))
    try:
        with server().pipeline(transaction=False) as pipe:
            # It ends on a border, two windows on (see `recent`): nothing in the key says when the first act was.
            pipe.set(key, 0, nx=True, exat=(window + 2) * seconds)
            pipe.incr(key)
            _made, number = pipe.execute()
        return int(number)
    except (RedisError, OSError) as error:
        logger.warning("limit not counted: the cache does not answer (%s)", type(error).__name__)
        return None


def server() -> Any:
    """Redis itself, as the cache speaks to it, for what Django's cache has no word for. Keys go by `cache.make_key`."""
    return cache._cache.get_client(write=True)  # type: ignore[attr-defined]


def recent(name: str, *, seconds: int) -> int:
    """How many were counted in this window and in the one before it; 0 when Redis is away."""
    try:
        return sum(cache.get_many([_key(name, seconds, 0), _key(name, seconds, 1)]).values())
    except (RedisError, OSError) as error:
        logger.warning("limit not read: the cache does not answer (%s)", type(error).__name__)
        return 0


def _key(name: str, seconds: int, windows_ago: int) -> str:
    return f"limit:{name}:{int(time.time()) // seconds - windows_ago}"
