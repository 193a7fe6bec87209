"""Decides whose request is served next when more come than threads can serve: each client network has its turn.

With a single queue, one client that sends many requests, or a few expensive ones, would be in front of everybody. Here
each network has a queue of its own, and the work that it causes is charged to it:

- networks that have used little lately are served before those that have used much (a multilevel feedback queue), and
  networks of one level in turn (round robin). Who asks for many things at once comes after those who ask for few,
  before anything of it was served, and therefore before anything could be charged. All networks that do so share a
  quarter of the threads. That lasts until its oldest request has waited for two seconds, so that a crowd behind one
  address is not kept out by others who come one by one (docs/adr/0125, docs/adr/0144);
- a network never gets all the threads, and gets fewer while others come. Those that have used much then share one
  thread, which rests between their requests;
- a request of a network that has used more than a little waits before each database statement, outside of
  transactions, while a page of a network that has used little is being made (`give_way`), because Python cannot
  interrupt work that has begun;
- a limited number of requests of each network may wait, and of all together; a further one is refused at once
  (`Refused`). When all places are taken, the last request of the longest queue is refused in place of the newcomer.
  When no queue is longer than the newcomer's will be, places are shared out by provider: the last request of the
  provider with the most waiting requests is refused, if that provider has more than the newcomer's will have; within
  one provider the same is done by subnet.

Networks are told apart by 16 bits of a hash that is different at each start of the process (stochastic fairness
queueing). So no address is kept, about one network in 65,536 shares the queue of another one, and nothing remains of a
network once its charge is worked off, at most a minute after its last request (docs/adr/0052).
"""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from socket import AF_INET6, inet_pton
from typing import Any

from common.client_address import connection_of_scope

BUCKETS = 1 << 16
MAPPED_IPV4 = bytes(10) + b"\xff\xff"
IPV6_BYTES = 6  # the bytes of a /48, because whoever has one can use as many /64 as they like
IPV6_NARROWER = (7, 8)  # the bytes of a /56, a household, and of a /64, the smallest network (`common.client_address`)
# The wider prefixes of a network, the widest first: those that registries give to a provider (IPv4 /16, IPv6 /32), and
# parts of those, as a provider gives them to one customer or one town (IPv4 /24, IPv6 /40).
IPV4_WIDER, IPV6_WIDER = (2, 3), (4, 5)

# A charge decreases at this rate, or at the lane's own rate. So a network that uses less than a fifth of a processor
# never has a charge for long.
WORKED_OFF_A_SECOND = 0.2
WORKED_OFF_WITHIN = 60.0  # seconds after which any charge is gone; it is therefore at most this times the rate
BEHIND_SECONDS = 2.0  # how long a request may wait because its network asks for many things at once
COMPANY_SECONDS = 1.0  # for this long after a request of a light network, heavy networks leave room for another one
# While there are others, heavy networks are served at most two fifths of the time: after each of their requests their
# thread rests for one and a half times as long as the request took. Without the rest they would share the interpreter
# and the database with every other page. With a longer one, a school behind one address (25 pages of 15 ms a second)
# would no longer be served beside a single stranger (by arithmetic: 0.375 of a thread, where 0.4 are left).
REST_FOR_EACH_SECOND = 1.5
# The longest pause, because a page that took longer has waited for something, and its thread is needed.
REST_AT_MOST = 2.0
# How long a request waits in all for those of light networks. Meanwhile it holds its thread and a connection of the
# pool, but no lock in the database. It may hold a lock of this process, if the statement reads something that changed
# (settings of the service, texts, the questionnaire), for one such wait at most.
GIVES_WAY_SECONDS = 0.5
GIVES_WAY_ONCE_SECONDS = 0.1
ACCOUNTS_AT_MOST = 4096  # beyond this, accounts without a charge are forgotten


class Refused(Exception):
    """Too many requests wait. Nothing of this one was begun; the client may come back in a moment."""


# The prefixes of a network, the widest first: for each, 16 bits of its hash after those of the wider ones.
type Wider = tuple[tuple[int, ...], ...]


def network_of(scope: dict[str, Any]) -> tuple[int, Wider]:
    """Return the bucket of the network of a request, an IPv4 address or an IPv6 /48, and its wider prefixes."""
    origin = _origin(scope)
    if isinstance(origin, str):  # a value that is no address, as for a Unix socket, is a network by itself
        return hash(origin) % BUCKETS, _wider(origin.split("."), IPV4_WIDER)
    return hash(origin[:IPV6_BYTES]) % BUCKETS, _wider(origin, IPV6_WIDER)


def buckets_of(scope: dict[str, Any]) -> tuple[int, ...]:
    """Return the buckets of the same network and, for IPv6, of its /56 and /64: 16 bits each, the widest first."""
    origin = _origin(scope)
    if isinstance(origin, str):
        return (hash(origin) % BUCKETS,)
    return tuple(hash(origin[:length]) % BUCKETS for length in (IPV6_BYTES, *IPV6_NARROWER))


def _origin(scope: dict[str, Any]) -> bytes | str:
    """Return the 16 bytes of an IPv6 address; an IPv4 address, or any other value, as text."""
    address: str = connection_of_scope(scope).address
    if ":" not in address:
        return address
    if address.startswith("["):  # an IPv6 address with a port: [2001:db8::1]:443
        address = address[1:].partition("]")[0]
    try:
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):  # it is an IPv4 address with a port, or no address
        return address.partition(":")[0]
    return ".".join(map(str, packed[12:])) if packed[:12] == MAPPED_IPV4 else packed


def _wider(parts: bytes | list[str], lengths: tuple[int, int]) -> Wider:
    provider, subnet = (
        hash(bytes(parts[:n]) if isinstance(parts, bytes) else tuple(parts[:n])) % BUCKETS for n in lengths
    )
    return (provider,), (provider, subnet)


@dataclass(eq=False, slots=True)
class Ticket:
    """It is one request, from its arrival to its end.

    bucket: whose queue it is in. work: what a thread does for it. result: the result of that; cancelled, or with
    Refused, when it never ran. wider: the prefixes of its network (`network_of`); () for a client that is told apart by
    something else, and counts by itself.
    """

    bucket: int
    work: Callable[[], Any]
    is_preferred: bool = False
    wider: Wider = ()
    number: int = 0  # the number of this request among those that had to wait, in the order of their arrival
    came: float = 0.0  # when the request came, if it had to wait
    went_first: bool = False  # whether the request began before others because it is preferred
    begun: float = 0.0
    is_light: bool = False  # whether its network has used little and asks for little, since the request began
    asks_for_much: bool = False  # whether its network asked for many things at once when it began, or has since
    is_heavy: bool = False
    gave_way: float = 0.0  # how many seconds it waited for others, which are charged to nobody
    result: "Future[Any]" = field(default_factory=Future)


def _prefixes(ticket: Ticket) -> Wider:
    """Return the prefixes for which a request counts. A client without wider prefixes is a provider by itself."""
    return ticket.wider or ((BUCKETS + ticket.bucket,),)


@dataclass(slots=True)
class Account:
    """These are the running and waiting requests of one network, and what it has used. charge: seconds, at the moment
    `at`."""

    running: int = 0
    waiting: deque[Ticket] = field(default_factory=deque)
    charge: float = 0.0
    at: float = 0.0
    begun: float = 0.0  # the sum of the times at which what runs began
    light: list[Ticket] = field(default_factory=list)  # what runs and is light; a lane has few threads

    def running_for(self, now: float) -> float:
        """Return how long its running requests have run, in all. They are charged at their end, but count before."""
        return self.running * now - self.begun

    def worked_off(self, now: float, rate: float) -> float:
        """Return the charge at this moment. rate: how much of it is worked off in a second."""
        return max(0.0, self.charge - rate * (now - self.at))


class Lane:
    """It has some threads, and decides whose request they serve next. Any thread may call it.

    executor: a pool of at least `threads` threads that only this lane uses.
    each, in_all: how many requests of one network, and of all together, may wait.
    light, heavy: charges in seconds; below the first a network has used little, and from the second on much.
    held: the share of the time that a request held its thread which is charged, if that is more than the processor time
    it used, because a query that waits costs other people something too.
    worked_off: the share of a processor that a network may use all the time and still be light.
    few: how many requests of a network may be under way, running or waiting, for it to count as one that has used
    little; None for any number. It is not asked when the oldest of them has waited for BEHIND_SECONDS.
    prefers: whether requests may be preferred (`Ticket.is_preferred`). These go before all levels, in at most half of
    the threads, and only while their own queue has used little, so that they keep nobody else out. They get a place
    even when all are taken.
    behind: the lane before whose light networks each request here gives way, once; None for this lane, and then only
    those do that are not light themselves.
    a_second: how many requests the whole lane serves in a second, after a burst of as many; None for as many as its
    threads can. A thread that would serve more waits before it takes the next one.

    A request that finds a free thread costs taking a lock twice for a short time.
    """

    def __init__(
        self,
        executor: Executor,
        threads: int,
        *,
        each: int,
        in_all: int,
        light: float = 0.25,
        heavy: float = 1.0,
        held: float = 0.25,
        worked_off: float = WORKED_OFF_A_SECOND,
        few: int | None = None,
        behind: "Lane | None" = None,
        prefers: bool = False,
        a_second: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._executor = executor
        self.threads = threads
        self._each, self._in_all = each, in_all
        self._light, self._heavy, self._held, self._rate = light, heavy, held, worked_off
        self._few = math.inf if few is None else few
        self._is_behind, self._ahead_of_it = behind is not None, behind or self
        self._lowest = -1 if prefers else 0  # the level at which the search for the next one ends
        self._spacing = 1 / a_second if a_second else 0.0
        self._paid_until = -math.inf  # when what was served so far would have been served one after the other
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._accounts: dict[int, Account] = {}
        # The accounts with waiting requests; first comes the one whose turn it is.
        self._queues: dict[int, Account] = {}
        self._running = self._waiting = self._running_heavy = self._running_first = self._running_light = 0
        self._running_much = 0  # how many requests run whose networks ask for many things at once
        self._arrived = 0
        # How many requests wait, by prefix; each adds two entries at most.
        self._waiting_of: Counter[tuple[int, ...]] = Counter()
        self._gives_way = 0  # how many threads wait for light networks
        self._no_light = threading.Event()
        self._no_light.set()
        # The light network whose request began last, when that was, and when one of another network last began before.
        self._light_network: Account | None = None
        self._light_at = self._light_before_at = -math.inf
        self.refused = 0
        self.ended_at = clock()  # when a request last left its thread
        # One network never gets all threads, so that the next client finds one even if running requests take long.
        self._alone = max(1, threads - max(1, threads // 4))
        self._beside_others = max(1, threads // 4)
        self._first_at_once = max(1, threads // 2)
        self._give_way_at_once = threads if behind else max(1, threads // 2)

    @property
    def waiting(self) -> int:
        """Return how many requests wait for a thread."""
        return self._waiting

    @property
    def is_idle(self) -> bool:
        """Return whether no request runs or waits. Without the lock: one may come at this moment."""
        return not (self._running or self._waiting)

    def enter(self, ticket: Ticket) -> bool:
        """Begin this request and return True, or queue it and return False. Raises Refused when too many wait."""
        with self._lock:
            account = self._account(ticket.bucket)
            goes_first = ticket.is_preferred and self._goes_first(account, self._clock())
            if self._running < self.threads and not account.waiting and self._may_run(account, goes_first):
                self._begin(account, ticket, goes_first)
            else:
                self._queue(account, ticket)
                return False
        self._executor.submit(self._serve, ticket, account)
        return True

    def leave(self, ticket: Ticket) -> bool:
        """Take a request back that has not begun, and return whether it was still waiting."""
        with self._lock:
            account = self._queues.get(ticket.bucket)
            if account is None or ticket not in account.waiting:
                return False
            account.waiting.remove(ticket)
            self._gone(ticket)
            if not account.waiting:
                del self._queues[ticket.bucket]
        return True

    def charge(self, bucket: int, seconds: float) -> None:
        """Charge so many seconds to a network, besides what its requests use."""
        with self._lock:
            self._add_charge(self._account(bucket), self._clock(), seconds)

    # -- under the lock ------------------------------------------------------------------------------------------------

    def _account(self, bucket: int) -> Account:
        account = self._accounts.get(bucket)
        if account is None:
            if len(self._accounts) >= ACCOUNTS_AT_MOST:
                self._forget()
            account = self._accounts[bucket] = Account()
        return account

    def _forget(self) -> None:
        """Forget the accounts without running or waiting requests and without a charge."""
        now = self._clock()
        self._accounts = {
            bucket: account
            for bucket, account in self._accounts.items()
            if account.running or account.waiting or account.worked_off(now, self._rate)
        }

    def _level(self, account: Account, now: float) -> int:
        """Return 0 for a network that has used little and asks for little, or has waited long; 2 for one that has used
        much; 1 for the others."""
        charge = account.worked_off(now, self._rate) + self._held * account.running_for(now)
        if charge >= self._light:
            return 1 if charge < self._heavy else 2
        return int(self._asks_for_much(account, now))

    def _asks_for_much(self, account: Account, now: float) -> bool:
        """Return whether more than a few requests of this network are under way, none of which has waited long."""
        if account.running + len(account.waiting) <= self._few:
            return False
        return not (account.waiting and now - account.waiting[0].came > BEHIND_SECONDS)

    def _count_as_asking_for_much(self, account: Account) -> None:
        """Count what runs of this network as requests of one that asks for much, because it does so by now.

        They began when nothing told this network from a reader. From now on they give way too, and nobody to them.
        There are at most `threads` of them.
        """
        for ticket in account.light:
            ticket.is_light, ticket.asks_for_much = False, True
        self._running_much += len(account.light)
        self._running_light -= len(account.light)
        account.light.clear()
        if not self._running_light:
            self._no_light.set()

    def _goes_first(self, account: Account, now: float) -> bool:
        """Return whether a preferred request of this account may go before all levels now."""
        return self._running_first < self._first_at_once and not self._level(account, now)

    def _may_run(self, account: Account, is_preferred: bool = False) -> bool:
        """Return whether one more request of this network may run now, beside those of it and of others that run."""
        if not self._running:
            return True  # when nothing runs, anybody may
        now = self._clock()
        level = 0 if is_preferred else self._level(account, now)
        if level == 0:
            has_others = self._running > account.running or len(self._queues) > bool(account.waiting)
            return account.running < (self._beside_others if has_others else self._alone)
        if not self._has_company(account, now):
            return account.running < self._alone
        # Heavy networks share one thread, however many they are. With more, they would take the interpreter away from
        # light ones.
        # Networks that ask for much at once share as many as one network has, because nothing is charged to them yet.
        if level == 2:
            return account.running < self._beside_others and not self._running_heavy
        is_bounded = self._asks_for_much(account, now) and self._running_much >= self._beside_others
        return account.running < self._beside_others and not is_bounded

    def _has_company(self, account: Account, now: float) -> bool:
        """Return whether a request of another, light network came within COMPANY_SECONDS."""
        is_latest = account is self._light_network
        return now - (self._light_before_at if is_latest else self._light_at) <= COMPANY_SECONDS

    def _begin(self, account: Account, ticket: Ticket, goes_first: bool = False) -> None:
        now = self._clock()
        ticket.begun = now
        account.begun += now
        account.running += 1
        self._running += 1
        level = self._level(account, now)
        ticket.went_first = goes_first
        self._running_first += goes_first
        if level == 0:
            ticket.is_light = True
            account.light.append(ticket)
            self._running_light += 1
            self._no_light.clear()
            if account is not self._light_network:
                self._light_network, self._light_before_at = account, self._light_at
            self._light_at = now
        elif level == 2:
            ticket.is_heavy = True
            self._running_heavy += 1
        elif self._asks_for_much(account, now):
            ticket.asks_for_much = True
            self._running_much += 1

    def _add_charge(self, account: Account, now: float, seconds: float) -> None:
        account.charge = min(WORKED_OFF_WITHIN * self._rate, account.worked_off(now, self._rate) + seconds)
        account.at = now

    def _end(self, account: Account, ticket: Ticket, used: float) -> None:
        self.ended_at = now = self._clock()
        self._add_charge(account, now, used)
        account.begun -= ticket.begun
        account.running -= 1
        self._running -= 1
        self._running_heavy -= ticket.is_heavy
        self._running_much -= ticket.asks_for_much
        if ticket.is_light:
            account.light.remove(ticket)
            self._running_light -= 1
            if not self._running_light:
                self._no_light.set()
        self._running_first -= ticket.went_first

    def _queue(self, account: Account, ticket: Ticket) -> None:
        is_full = self._waiting >= self._in_all
        if len(account.waiting) >= self._each or (is_full and not self._make_room(account, ticket)):
            self.refused += 1
            raise Refused
        account.waiting.append(ticket)
        self._queues.setdefault(ticket.bucket, account)
        self._waiting += 1
        self._arrived += 1
        ticket.number = self._arrived
        ticket.came = self._clock()
        self._waiting_of.update(_prefixes(ticket))
        if account.light and self._asks_for_much(account, ticket.came):
            self._count_as_asking_for_much(account)

    def _gone(self, ticket: Ticket) -> None:
        """Count this request as one that waits no more."""
        self._waiting -= 1
        for prefix in _prefixes(ticket):
            self._waiting_of[prefix] -= 1
            if not self._waiting_of[prefix]:
                del self._waiting_of[prefix]

    def _make_room(self, newcomer: Account, ticket: Ticket) -> bool:
        """Refuse one waiting request to make room for the newcomer, and return whether there is room now.

        If the longest queue is longer than the newcomer's will be, its last request is refused. Otherwise the last
        request of the heaviest provider or subnet is (`_last_of_the_heaviest`). A preferred newcomer whose queue is
        empty takes the place of a request that is not preferred, however short the queues are.
        """
        bucket, longest = max(self._queues.items(), key=lambda entry: len(entry[1].waiting))
        if len(longest.waiting) <= len(newcomer.waiting) + 1:
            found = self._last_of_the_heaviest(ticket)
            if found is None and ticket.is_preferred and not newcomer.waiting:
                strangers = (entry for entry in self._queues.items() if not entry[1].waiting[-1].is_preferred)
                found = next(strangers, None)
            if found is None:
                return False
            bucket, longest = found
        last = longest.waiting.pop()
        self._gone(last)
        self.refused += 1
        last.result.set_exception(Refused())
        if not longest.waiting:
            del self._queues[bucket]
        return True

    def _last_of_the_heaviest(self, newcomer: Ticket) -> tuple[int, Account] | None:
        """Return the queue whose last request is refused for the newcomer, and its bucket.

        It is the queue with the youngest request of the provider that has the most waiting requests, if this provider
        will still have no fewer than the newcomer's. If it is the newcomer's own provider, the same is asked among its
        subnets. None means that the places are already shared out, so that the newcomer is refused.

        This looks at each waiting prefix once, then at each queue; a lane holds a few hundred.
        """
        within: tuple[int, ...] = ()
        for prefix in _prefixes(newcomer):
            others = (one for one in self._waiting_of if len(one) == len(prefix) and one[:-1] == within)
            heaviest = max(others, key=self._waiting_of.__getitem__, default=None)
            if heaviest is None:
                return None
            if self._waiting_of[heaviest] > self._waiting_of[prefix] + 1:
                queues = (entry for entry in self._queues.items() if heaviest in _prefixes(entry[1].waiting[-1]))
                return max(queues, key=lambda entry: entry[1].waiting[-1].number, default=None)
            within = prefix
        return None

    def _next(self) -> tuple[Ticket, Account] | None:
        """Choose the next network: the first one of the lowest level, which is then put behind the other networks."""
        if not self._queues or self._running >= self.threads:
            return None
        now = self._clock()
        best, found, goes_first = 3, -1, False
        for bucket, account in self._queues.items():
            is_preferred = account.waiting[0].is_preferred and self._goes_first(account, now)
            level = -1 if is_preferred else self._level(account, now)
            if level < best and self._may_run(account, is_preferred):
                best, found, goes_first = level, bucket, is_preferred
                if level == self._lowest:
                    break
        if found < 0:
            return None
        account = self._queues.pop(found)
        ticket = account.waiting.popleft()
        self._gone(ticket)
        if account.waiting:
            self._queues[found] = account
        self._begin(account, ticket, goes_first)
        return ticket, account

    # -- in the threads ------------------------------------------------------------------------------------------------

    def _serve(self, ticket: Ticket, account: Account) -> None:
        """Serve this request, then whoever's turn it is, until nobody may run."""
        while True:
            used = self._run(ticket)
            rest = self._rest(account, self._clock() - ticket.begun - ticket.gave_way) if ticket.is_heavy else 0.0
            if (rest := max(rest, self._ahead())) > 0:
                self._sleep(rest)
            with self._lock:
                self._end(account, ticket, used)
                following = self._next()
                # The request that just ended may have been the only reason why a second one had to wait.
                beside = self._next() if following else None
            if beside:
                self._executor.submit(self._serve, *beside)
            if following is None:
                return
            ticket, account = following

    def _rest(self, account: Account, held: float) -> float:
        """Return for how many seconds a heavy network leaves its thread to others after a request of `held` seconds.

        0 when no request of another light network came lately.
        """
        with self._lock:
            has_company = self._has_company(account, self._clock())
        return min(REST_AT_MOST, REST_FOR_EACH_SECOND * held) if has_company else 0.0

    def _ahead(self) -> float:
        """Count one request as served, and return the seconds by which the lane is ahead of `a_second`, 0 or less."""
        if not self._spacing:
            return 0.0
        with self._lock:
            now = self._clock()
            self._paid_until = max(self._paid_until, now - 1.0) + self._spacing
            return self._paid_until - now

    def _run(self, ticket: Ticket) -> float:
        """Do the work of a request, and return the seconds that are charged for it."""
        if not ticket.result.set_running_or_notify_cancel():
            return 0.0
        begun, used = self._clock(), time.thread_time()
        _serving.lane, _serving.ticket = self, ticket
        try:
            self.give_way(ticket)
            result = ticket.work()
        except BaseException as error:  # noqa: BLE001  as an executor does: it is raised where the result is awaited
            ticket.result.set_exception(error)
        else:
            ticket.result.set_result(result)
        finally:
            _serving.lane = _serving.ticket = None
        return max(time.thread_time() - used, self._held * (self._clock() - begun - ticket.gave_way))

    def may_give_way(self, ticket: Ticket) -> bool:
        """Return whether this request lets pages of light networks be made first."""
        return self._is_behind or not ticket.is_light

    def give_way(self, ticket: Ticket) -> None:
        """Wait while a page of a light network is being made, if this request gives way (`may_give_way`).

        A request waits for GIVES_WAY_SECONDS at most in all, and at most half of the threads wait at once, because the
        others are needed. In a lane behind another one all threads may, each request for GIVES_WAY_ONCE_SECONDS in
        all.
        """
        most = GIVES_WAY_ONCE_SECONDS if self._is_behind else GIVES_WAY_SECONDS
        left = min(GIVES_WAY_ONCE_SECONDS, most - ticket.gave_way)
        no_light = self._ahead_of_it._no_light
        if not self.may_give_way(ticket) or left <= 0 or no_light.is_set():
            return
        with self._lock:
            if self._gives_way >= self._give_way_at_once:
                return
            self._gives_way += 1
        stood_since = self._clock()
        no_light.wait(left)
        with self._lock:
            self._gives_way -= 1
        ticket.gave_way += self._clock() - stood_since


class _Serving(threading.local):
    """It is the request that this thread serves, and its lane."""

    lane: Lane | None = None
    ticket: Ticket | None = None


_serving = _Serving()


def may_give_way() -> bool:
    """Return whether this thread serves a request that gives way to light networks (`Lane.may_give_way`)."""
    lane, ticket = _serving.lane, _serving.ticket
    return lane is not None and ticket is not None and lane.may_give_way(ticket)


def give_way() -> None:
    """Wait for light networks, if this thread serves a request that does (`Lane.give_way`).

    It is called only where nothing is held that others wait for.
    """
    if _serving.lane is not None and _serving.ticket is not None:
        _serving.lane.give_way(_serving.ticket)
