"""This module counts how often a network does something, without storing anything from which an address can be found.

Each limit and window is one string of Redis, which holds BUCKETS counters of two bytes for each width of network. Which
counter is a network's follows from the first BITS bits of an HMAC with SECRET_KEY and a random key of the day. So
262,144 IPv4 addresses share each counter, and these bits are all that is ever derived from an address. They are the
same for every limit and every window of a day, so that two windows reveal no more than one. Each counter begins at a
random number up to the limit's `noise`, so that a counter that is not zero reveals nothing, nor does anybody's first
act. No counter has a time of its own: the string expires at the end of its window, and the worker makes and touches it
whether anybody does anything or not (`prepare_windows`). See docs/adr/0053.
"""

import hashlib
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from common import rate_limits
from common.client_address import IPV6_WIDER, Networks

logger = logging.getLogger(__name__)

BITS = 14
BUCKETS = 1 << BITS
WIDTHS = 1 + len(IPV6_WIDER)
# How many times the limit of the narrowest network each width may reach, because wider networks have more people: a
# subscriber line, a household, and the widest (a company, or a part of a provider). In the order of
# `client_address.networks_of`. Where the noise is large beside a limit, it is more (`NetworkLimit.allowed`).
TIMES = (1, 2, 6)
HEADER_FIELDS = 4  # fields of two bytes before the counters: the mark of the key of the day under which they count
STRING_BYTES = 2 * (HEADER_FIELDS + WIDTHS * BUCKETS)  # 98,312 bytes
DAY_SECONDS = 24 * 60 * 60
AHEAD_SECONDS = 10  # how long before its window begins a string is made


@dataclass(frozen=True, slots=True)
class NetworkLimit:
    """It is a limit that is counted by network.

    name: part of the key, « [a-z-]+ ». seconds: length of a window; it divides a day. noise: the greatest number with
    which a counter begins, 2**n - 1, at most 255. A network may exceed its limit by up to that many acts before it is
    over, and is never over before its limit. times: how many times the limit of the narrowest network each width may
    reach.
    """

    name: str
    seconds: int
    noise: int
    times: tuple[int, ...] = TIMES

    def allowed(self, place: int, most: int) -> int:
        """Return how many acts a network of this width may do at least in a window.

        place: the number of the width in `times`; most: the limit of the narrowest. A wider network may do more than a
        single line can whose counter began at zero, so that one line alone never uses up what its household or its
        provider may do.
        """
        return most if place == 0 else max(self.times[place] * most, most + self.noise + 1)

    def window(self, now: float) -> int:
        """Return the number of the window in which this moment lies. now: seconds since 1970."""
        return int(now) // self.seconds

    def key(self, window: int) -> str:
        """Return the key of the string of a window in Redis; it names no network."""
        return f"networks:{self.name}:{window}"

    def ends_at(self, window: int) -> int:
        """Return when this window ends and the next one begins, in seconds since 1970."""
        return (window + 1) * self.seconds


# All limits by network; the worker keeps a string for each. A noise as large as what is allowed hides most.
REPORTS = NetworkLimit("reports", 60 * 60, noise=63)
# Reports of people who say that they are in danger are counted here as well. The noise is as large, because they
# have most to lose by being found. Wider networks have fewer of them than of anything else, because each stands before
# somebody else's danger. With a limit of 20 a /56 and a /48 have 84 each, one more than a single line can do. A /48 may
# be a site, some hundred subscribers, or 65,536 phones of a carrier. Whoever shares an IPv4 address with thousands has
# no wider network.
DANGERS = NetworkLimit("dangers", 60 * 60, noise=63, times=(1, 2, 3))
OPINIONS = NetworkLimit("opinions", 60 * 60, noise=15)
COPIES = NetworkLimit("copies", 60 * 60, noise=15)
CODES = NetworkLimit("codes", 10 * 60, noise=15)
SIGN_INS = NetworkLimit("sign-ins", 60, noise=63)
FAILURES = NetworkLimit("failures", 60, noise=31)
# Failures of an account and a network together. Five are allowed in a window, so noise would drown them. A counter
# reveals which bucket failed on which account, and of the address nothing but the bucket.
ACCOUNT_FAILURES = NetworkLimit("account-failures", 5 * 60, noise=0)
OPENID = NetworkLimit("openid", 60, noise=15)
LIMITS = (REPORTS, DANGERS, OPINIONS, COPIES, CODES, SIGN_INS, FAILURES, ACCOUNT_FAILURES, OPENID)


def now() -> float:
    """Return seconds since 1970. It is a function so that tests can replace the clock."""
    return time.time()


@dataclass(slots=True)
class Tally:
    """It is the result of counting one act. is_over is false when it could not be counted: no address, or Redis is
    away."""

    is_over: bool = False
    _key: str = ""
    _ends_at: int = 0
    _fields: list[int] = field(default_factory=list)

    def undo(self) -> None:
        """Take the act out of the count again, in one round trip. Nothing happens when the window is over."""
        if self._fields and now() < self._ends_at:
            try:
                _add(self._key, self._ends_at, self._fields, -1)
            except (RedisError, OSError) as error:
                logger.warning("limit not counted: the cache does not answer (%s)", type(error).__name__)


def count(limit: NetworkLimit, networks: Networks, *, most: int, within: str = "") -> Tally:
    """Count one act of each of these networks, and return whether one of them exceeds its limit in this window.

    networks: the narrowest first, as `client_address.networks_of` returns them. most: limit of the narrowest; those of
    the wider ones follow from it (`NetworkLimit.allowed`). within: what else the counter is for, for example an
    account's key; never anything typed.

    A network that is over no longer counts in the wider ones, so that it cannot keep its neighbours out. Nor does it
    count in the narrower ones: whoever has a /48 can use as many /64 as there are counters, each of which is somebody
    else's counter as well. One round trip to Redis; two when a network is over. While Redis is away nobody is blocked.
    A caller who refuses something because of this logs it (`rate_limits.tell_reached`).
    """
    window = limit.window(now())
    key, ends_at = limit.key(window), limit.ends_at(window)
    try:
        day_key = _day_key(window * limit.seconds)
        fields = _fields(networks, day_key, within)
        if not fields:
            return Tally()
        header, *counted = _add(key, ends_at, fields, 1)
        if header != _mark(day_key):
            # Redis was emptied, or another process has drawn another key of the day: use the present one.
            day_key = _renew(limit, window)
            fields = _fields(networks, day_key, within)
            _header, *counted = _add(key, ends_at, fields, 1)
        tally = Tally(False, key, ends_at, fields)
        for place, number in enumerate(counted):
            if number > limit.noise + limit.allowed(place, most):
                tally.is_over = True
                if others := [one for one in fields if one != fields[place]]:
                    _add(key, ends_at, others, -1)
                    tally._fields = fields[place : place + 1]
                break
        return tally
    except (RedisError, OSError) as error:
        logger.warning("limit not counted: the cache does not answer (%s)", type(error).__name__)
        return Tally()


def prepare_windows() -> None:
    """Make the strings of the present window and of one about to begin, and touch them.

    So the times at which a key was made or used, and at which it expires, are the same whether anybody did anything or
    not. The worker calls this at each tick. It takes two or three round trips, and 100 KB for each string that is made.
    While Redis is away it only logs a warning.
    """
    moment = now()
    wanted = {(limit, limit.window(at)) for limit in LIMITS for at in (moment, moment + AHEAD_SECONDS)}
    names = sorted(wanted, key=lambda one: (one[0].name, one[1]))
    days = {int(at) // DAY_SECONDS for at in (moment, moment + AHEAD_SECONDS)}
    try:
        client = rate_limits.server()
        with client.pipeline(transaction=False) as pipe:
            for limit, window in names:
                pipe.execute_command("TOUCH", cache.make_key(limit.key(window)))
            for day in sorted(days):
                pipe.execute_command("TOUCH", cache.make_key(_day_name(day)))
            touched = pipe.execute()
        for (limit, window), is_there in zip(names, touched, strict=False):
            if not is_there:
                _renew(limit, window)
    except (RedisError, OSError) as error:
        logger.warning("networks not kept: the cache does not answer (%s)", type(error).__name__)


# --- the key of the day -----------------------------------------------------------------------------------------------

_known: dict[int, str] = {}  # the keys of the day, by day, as this process last read them


def _day_name(day: int) -> str:
    return f"networks:day:{day}"


def _day_key(at: int) -> str:
    """Return the random key of the day of this moment: from memory, or else from Redis."""
    day = at // DAY_SECONDS
    return _known.get(day) or _read_day_key(day)


def _read_day_key(day: int) -> str:
    """Read the key of a day from Redis. The first process that asks draws it; it expires at the end of the day."""
    name = cache.make_key(_day_name(day))
    with rate_limits.server().pipeline(transaction=False) as pipe:
        pipe.set(name, secrets.token_hex(32), nx=True, exat=(day + 1) * DAY_SECONDS)
        pipe.get(name)
        _made, key = pipe.execute()
    if key is None:
        raise ConnectionError("the key of the day did not stay")
    for old in [one for one in _known if one < day - 1]:
        del _known[old]
    _known[day] = key.decode()
    return _known[day]


def _mark(day_key: str) -> int:
    """Return the mark with which a string that counts under this key begins: 8 bytes as a signed number."""
    return int.from_bytes(hashlib.sha256(f"mark:{day_key}".encode()).digest()[:8], signed=True)


# --- the counters -----------------------------------------------------------------------------------------------------


def bucket_of(network: str, day_key: str) -> int:
    """Return the BITS bits that stand for a network. Nothing else is derived from an address, whatever is counted."""
    digest = salted_hmac("reports.networks", network, secret=f"{settings.SECRET_KEY}:{day_key}", algorithm="sha256")
    return int.from_bytes(digest.digest()[:2]) >> (16 - BITS)


def _fields(networks: Networks, day_key: str, within: str) -> list[int]:
    """Return the index of each network's counter in the string, one for each width."""
    buckets = [bucket_of(network, day_key) for network in networks]
    if within:  # hash the bucket and not the network, so that no other bits of the address are used
        buckets = [bucket_of(f"{within}:{bucket}", day_key) for bucket in buckets]
    return [HEADER_FIELDS + width * BUCKETS + bucket for width, bucket in enumerate(buckets)]


def _add(key: str, ends_at: int, fields: list[int], amount: int) -> list[int]:
    """Add to these counters. Return the mark of the string, then the counters' new values, which stay at 65,535."""
    changes: list[Any] = ["GET", "i64", "0", "OVERFLOW", "SAT"]
    for number in fields:
        changes += ["INCRBY", "u16", f"#{number}", amount]
    name = cache.make_key(key)
    with rate_limits.server().pipeline(transaction=False) as pipe:
        pipe.execute_command("BITFIELD", name, *changes)
        pipe.expireat(name, ends_at)  # a string that did not exist has no expiry yet
        found, _set = pipe.execute()
    return list(found)


def _renew(limit: NetworkLimit, window: int) -> str:
    """Make the string of this window, unless it exists and counts under the key of the day. Return that key.

    If two processes do this at once, the acts that were counted between them are lost, a handful at most.
    """
    day_key = _read_day_key(window * limit.seconds // DAY_SECONDS)
    name, mark = cache.make_key(limit.key(window)), _mark(day_key)
    client = rate_limits.server()
    if client.execute_command("BITFIELD", name, "GET", "i64", "0") != [mark]:
        client.set(name, _fresh(limit, mark), exat=limit.ends_at(window))
    return day_key


def _fresh(limit: NetworkLimit, mark: int) -> bytes:
    """Return a new string of counters, each with its noise."""
    counters = bytearray(STRING_BYTES)
    counters[: 2 * HEADER_FIELDS] = mark.to_bytes(8, signed=True)
    counters[2 * HEADER_FIELDS + 1 :: 2] = _noise(WIDTHS * BUCKETS, limit.noise)
    return bytes(counters)


def _noise(count: int, most: int) -> bytes:
    """Draw so many random numbers from 0 to `most`, all equally likely. most: 2**n - 1."""
    return secrets.token_bytes(count).translate(bytes(one & most for one in range(256)))
