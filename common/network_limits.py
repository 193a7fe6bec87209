"""Counts how often a network does something, so that nobody finds an address back from what is kept.

One limit and window is one string of Redis: for each width of network, BUCKETS counters of two bytes. A network's
counter is told by the first BITS bits of an HMAC under SECRET_KEY and a random key of the day, so 262,144 addresses of
IPv4 share each, and those bits are all that is ever derived from an address: the same for every limit and every window
of a day, so that two of them tell no more than one. Each counter begins at a random number of the limit's `noise`: a
counter that is not zero says nothing, and neither does the first act of anybody. No counter has a time of its own: the
string ends on the border of its window, whoever did what and when, and the worker makes and touches it
(`prepare_windows`) whether anybody does anything or not. See docs/adr/0053.
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
# A household's network may do so many times as much as one subscriber line's, and the widest (a company, a part of a
# provider) so many: its neighbours are more people. In the order of `client_address.networks_of`.
TIMES = (1, 2, 6)
HEADER_FIELDS = 4  # of two bytes, before the counters: which key of the day they were counted under; zero: none
STRING_BYTES = 2 * (HEADER_FIELDS + WIDTHS * BUCKETS)  # 98,312
DAY_SECONDS = 24 * 60 * 60
AHEAD_SECONDS = 10  # before its window begins, a string is made


@dataclass(frozen=True, slots=True)
class NetworkLimit:
    """A limit that is counted by network.

    name: in the key, « [a-z-]+ ». seconds: of a window; it divides a day. noise: the most that a counter begins with,
    2**n - 1, at most 255; so many more than its limit a network may do before it is over. Nobody is over before.
    """

    name: str
    seconds: int
    noise: int

    def window(self, now: float) -> int:
        """The number of the window in which this moment lies. now: seconds since 1970."""
        return int(now) // self.seconds

    def key(self, window: int) -> str:
        """The key under which Redis keeps the buckets of a window; it names no network."""
        return f"networks:{self.name}:{window}"

    def ends_at(self, window: int) -> int:
        """Seconds since 1970. The window after it begins then."""
        return (window + 1) * self.seconds


# Every limit by network there is; the worker keeps a string for each. A noise as large as what is allowed hides most.
REPORTS = NetworkLimit("reports", 60 * 60, noise=63)
# Of those that say danger, counted besides; as much noise, for they have most to lose by being found.
DANGERS = NetworkLimit("dangers", 60 * 60, noise=63)
OPINIONS = NetworkLimit("opinions", 60 * 60, noise=15)
COPIES = NetworkLimit("copies", 60 * 60, noise=15)
CODES = NetworkLimit("codes", 10 * 60, noise=15)
SIGN_INS = NetworkLimit("sign-ins", 60, noise=63)
FAILURES = NetworkLimit("failures", 60, noise=31)
# Of an account and a network together: five a window, which a noise would drown. A counter says which bucket failed on
# which account, and no more of an address than the bucket.
ACCOUNT_FAILURES = NetworkLimit("account-failures", 5 * 60, noise=0)
OPENID = NetworkLimit("openid", 60, noise=15)
LIMITS = (REPORTS, DANGERS, OPINIONS, COPIES, CODES, SIGN_INS, FAILURES, ACCOUNT_FAILURES, OPENID)


def now() -> float:
    """Seconds since 1970."""
    return time.time()


@dataclass(slots=True)
class Tally:
    """The result of counting one act. Nobody is over when it could not be counted: no address, or Redis away."""

    is_over: bool = False
    _key: str = ""
    _ends_at: int = 0
    _fields: list[int] = field(default_factory=list)

    def undo(self) -> None:
        """Take the act out of the count again, in one round trip. It does nothing when the window is over."""
        if self._fields and now() < self._ends_at:
            try:
                _add(self._key, self._ends_at, self._fields, -1)
            except (RedisError, OSError) as error:
                logger.warning("limit not counted: the cache does not answer (%s)", type(error).__name__)


def count(limit: NetworkLimit, networks: Networks, *, most: int, within: str = "") -> Tally:
    """Count one act of each of these networks; whether one of them did more than its share of `most` in this window.

    networks: the narrowest first, as `client_address.networks_of` has them. most: of the narrowest; TIMES of it of the
    wider. within: what the counter is for besides, an account's key for example; never anything typed.
    A network that is over counts no more in the wider ones: it cannot keep its neighbours out. Nor in the narrower
    ones: whoever has one /48 draws as many /64 as there are counters, and each is a stranger's as well. One round trip
    to Redis; two for who is over. Redis away blocks nobody. Whoever refuses something for it says so in the log
    (`rate_limits.tell_reached`).
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
            # Redis was lost, or another process has the key of the day that holds: begin as they did.
            day_key = _renew(limit, window)
            fields = _fields(networks, day_key, within)
            _header, *counted = _add(key, ends_at, fields, 1)
        tally = Tally(False, key, ends_at, fields)
        for place, (number, times) in enumerate(zip(counted, TIMES, strict=False)):
            if number > limit.noise + times * most:
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
    """Make the strings of this window and of one about to begin, and touch them: what a key tells of the moment when it
    was made, used or ends is the same with and without anybody. The worker calls it at each tick. Two or three round
    trips, and 100 KB for each string that is made. Redis away: a line of the log."""
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

_known: dict[int, str] = {}  # by day; as this process read it last


def _day_name(day: int) -> str:
    return f"networks:day:{day}"


def _day_key(at: int) -> str:
    """The random key of the day of this moment, as this process knows it; read, or drawn, when it does not."""
    day = at // DAY_SECONDS
    return _known.get(day) or _read_day_key(day)


def _read_day_key(day: int) -> str:
    """Whoever comes first draws it; all get the same. It ends with its day, on the border."""
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
    """What a string of counters begins with when they were counted under this key: 8 bytes as a signed number."""
    return int.from_bytes(hashlib.sha256(f"mark:{day_key}".encode()).digest()[:8], signed=True)


# --- the counters -----------------------------------------------------------------------------------------------------


def bucket_of(network: str, day_key: str) -> int:
    """The BITS bits that stand for a network: all that is derived from an address, whatever is counted."""
    digest = salted_hmac("reports.networks", network, secret=f"{settings.SECRET_KEY}:{day_key}", algorithm="sha256")
    return int.from_bytes(digest.digest()[:2]) >> (16 - BITS)


def _fields(networks: Networks, day_key: str, within: str) -> list[int]:
    """Which counter of the string is whose, for each width."""
    buckets = [bucket_of(network, day_key) for network in networks]
    if within:  # of the bucket, not of the network: no other bits of the address
        buckets = [bucket_of(f"{within}:{bucket}", day_key) for bucket in buckets]
    return [HEADER_FIELDS + width * BUCKETS + bucket for width, bucket in enumerate(buckets)]


def _add(key: str, ends_at: int, fields: list[int], amount: int) -> list[int]:
    """The mark of the string, then what these counters hold afterwards: 0 to 65,535, where they stay."""
    changes: list[Any] = ["GET", "i64", "0", "OVERFLOW", "SAT"]
    for number in fields:
        changes += ["INCRBY", "u16", f"#{number}", amount]
    name = cache.make_key(key)
    with rate_limits.server().pipeline(transaction=False) as pipe:
        pipe.execute_command("BITFIELD", name, *changes)
        pipe.expireat(name, ends_at)  # a string that was not there has no end yet
        found, _set = pipe.execute()
    return list(found)


def _renew(limit: NetworkLimit, window: int) -> str:
    """Make the string of this window, unless it is there and counted under the day's key; that key.

    Two processes may do it at once: what was counted between them is lost, a handful at most.
    """
    day_key = _read_day_key(window * limit.seconds // DAY_SECONDS)
    name, mark = cache.make_key(limit.key(window)), _mark(day_key)
    client = rate_limits.server()
    if client.execute_command("BITFIELD", name, "GET", "i64", "0") != [mark]:
        client.set(name, _fresh(limit, mark), exat=limit.ends_at(window))
    return day_key


def _fresh(limit: NetworkLimit, mark: int) -> bytes:
    """Counters that nobody has used, each with its noise."""
    counters = bytearray(STRING_BYTES)
    counters[: 2 * HEADER_FIELDS] = mark.to_bytes(8, signed=True)
    counters[2 * HEADER_FIELDS + 1 :: 2] = _noise(WIDTHS * BUCKETS, limit.noise)
    return bytes(counters)


def _noise(count: int, most: int) -> bytes:
    """Draw so many random numbers from 0 to `most`, which is 2**n - 1, each as likely."""
    return secrets.token_bytes(count).translate(bytes(one & most for one in range(256)))
