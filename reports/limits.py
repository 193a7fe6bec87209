"""How often something may be done, counted in the cache. An address is never used as it is, see `visitor`."""

import logging
import time

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def is_over(name: str, *, limit: int, seconds: int) -> bool:
    """Count one more; whether that makes more than `limit` in this window of `seconds`.

    name: what is counted; it holds nothing that a person typed. Windows are fixed, so that a burst on the border of
    two of them may reach twice the limit: enough for what this protects.
    Redis away blocks nobody: a person must be able to write and to come back even then. It is logged.
    """
    key = f"limit:{name}:{int(time.time()) // seconds}"
    try:
        cache.add(key, 0, timeout=seconds * 2)
        return bool(cache.incr(key) > limit)
    except ValueError:
        return False  # the key ended between the two commands: a new window begins
    except (RedisError, OSError) as error:
        logger.warning("limit not counted: the cache does not answer (%s)", type(error).__name__)
        return False
