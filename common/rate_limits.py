"""Limits how often something is done, by something known (an exchange, a visit) or by everybody together.

Limits by address are in `common.network_limits`, which counts so that no address can be found out.
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
    """Count one more act, and return whether there are now more than `limit` in this window of `seconds`.

    name: what is counted; it holds nothing that a person typed. Windows are fixed, so that a burst across the border of
    two may reach twice the limit, which is good enough here. While Redis is away nobody is blocked, because people must
    be able to write and to come back even then; this is logged.
    """
    is_reached = (count_one(name, seconds=seconds) or 0) > limit
    if is_reached:
        tell_reached(name)
    return is_reached


def tell_reached(name: str) -> None:
    """Log that a limit was reached: which one, but not whose. The part of its name before the first « : » is logged."""
    security_log.log(Event.LIMIT_REACHED, limit=name.partition(":")[0])


def count_one(name: str, *, seconds: int) -> int | None:
    """Count one more act, and return how many there are in this window; None when Redis is away."""
    return _add(1, name, seconds)


def take_back(name: str, *, seconds: int) -> None:
    """Take one act out of the count again, because it failed for a reason of ours."""
    _add(-1, name, seconds)


def _add(step: int, name: str, seconds: int) -> int | None:
    now = time.time()
    key = cache.make_key(_key(name, seconds, now))
    try:
        with server().pipeline(transaction=False) as pipe:
            # The key expires at the border of a window, two windows later (`recent` reads the one before). So its
            # expiry does not reveal when the first act was. Redis is told for how long to keep it and not until when:
            # if its clock were that far ahead, it would drop the key at once, and INCR would make one without an end.
            pipe.set(key, 0, nx=True, px=int(((now // seconds + 2) * seconds - now) * 1000))
            pipe.incrby(key, step)
            _made, number = pipe.execute()
        return int(number)
    except (RedisError, OSError) as error:
        logger.warning("limit not counted: the cache does not answer (%s)", type(error).__name__)
        return None


def server() -> Any:
    """Return the cache's Redis client, for commands that Django's cache lacks. Make keys by `cache.make_key`."""
    return cache._cache.get_client(write=True)  # type: ignore[attr-defined]


def recent(name: str, *, seconds: int) -> int:
    """Return how many acts were counted in this window and in the one before; 0 when Redis is away."""
    try:
        now = time.time()
        return sum(cache.get_many([_key(name, seconds, now), _key(name, seconds, now - seconds)]).values())
    except (RedisError, OSError) as error:
        logger.warning("limit not read: the cache does not answer (%s)", type(error).__name__)
        return 0


def _key(name: str, seconds: int, at: float) -> str:
    return f"limit:{name}:{int(at) // seconds}"
