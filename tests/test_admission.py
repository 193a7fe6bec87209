"""Admission by network: who is served next, who waits, and who is refused. The clock and the threads are the test's
own.
"""

import asyncio
import json
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import pytest
from django.core import signing
from django.db import connection, transaction
from django.http import HttpResponse

from common.cached_reading import CachedReading, reading_for_others
from pnav.accounts import device
from pnav.addresses import DISCREET
from pnav.server.admission import (
    ACCOUNTS_AT_MOST,
    BEHIND_SECONDS,
    COMPANY_SECONDS,
    GIVES_WAY_ONCE_SECONDS,
    GIVES_WAY_SECONDS,
    REST_AT_MOST,
    REST_FOR_EACH_SECOND,
    WORKED_OFF_A_SECOND,
    WORKED_OFF_WITHIN,
    Lane,
    Refused,
    Ticket,
    buckets_of,
    give_way,
    may_give_way,
    network_of,
)
from pnav.server.page_handler import (
    CUT_SECONDS,
    PAGES,
    SLICES,
    SLICES_AT_ONCE,
    SLICES_WAITING,
    PageHandler,
    _giving_way,
)

HONEST, OTHER, FLOOD, FLOOD_TOO, CLASS = 1, 2, 3, 4, 5


class Later(Executor):
    """Threads that the test runs by hand: `step` lets the oldest one finish one request."""

    def __init__(self):
        self.begun = []

    def submit(self, function, *args):
        self.begun.append(partial(function, *args))
        return Future()


class Bench:
    """A lane of four threads, in which each request takes as long as the test says, on the test's own clock."""

    def __init__(self, threads=4, each=10, in_all=30, **more):
        self.now = 1000.0
        self.served = []
        self.threads = Later()
        self.rests = []
        self.lane = Lane(
            self.threads,
            threads,
            each=each,
            in_all=in_all,
            held=1.0,
            clock=lambda: self.now,
            sleep=self.rests.append,
            **more,
        )

    def come_from(self, address):
        """Send one request from this address."""
        network, wider = network_of(scope(address))
        return self.ask(network, wider=wider)

    def ask(self, network, seconds=0.01, *, is_preferred=False, wider=()):
        def work():
            self.served.append(network)
            self.now += seconds

        ticket = Ticket(network, work, is_preferred, wider)
        self.lane.enter(ticket)
        return ticket

    @property
    def begun(self):
        return len(self.threads.begun)

    def finish(self):
        """Finish all requests, one thread after the other."""
        while self.threads.begun:
            self.threads.begun.pop(0)()


def test_one_network_never_has_all_the_threads():
    bench = Bench()
    for _each in range(8):
        bench.ask(FLOOD)
    assert bench.begun == 3, "the fourth is for whoever comes next"
    bench.ask(HONEST)
    assert bench.begun == 4 and bench.lane.waiting == 5
    bench.finish()
    assert bench.served.count(FLOOD) == 8 and bench.lane.waiting == 0


def test_networks_take_turns_however_much_of_one_waits():
    bench = Bench(threads=1)
    bench.ask(OTHER)
    for _each in range(6):
        bench.ask(FLOOD)
    for _each in range(3):
        bench.ask(HONEST)
    bench.finish()
    assert bench.served[1:7] == [FLOOD, HONEST, FLOOD, HONEST, FLOOD, HONEST]


def test_who_has_used_much_comes_after_who_has_not():
    bench = Bench(threads=1)
    bench.ask(FLOOD, seconds=3)
    bench.finish()
    bench.ask(OTHER)
    for _each in range(5):
        bench.ask(FLOOD)
    for network in (HONEST, 50, 51):
        bench.ask(network)
    bench.finish()
    assert bench.served[2:5] == [HONEST, 50, 51], "the flood was there first, and goes last"


def test_who_is_charged_besides_comes_after_who_is_not():
    bench = Bench(threads=1)
    for _connection in range(5):
        bench.lane.charge(FLOOD, 0.25)
    bench.ask(OTHER)
    bench.ask(FLOOD)
    bench.ask(HONEST)
    bench.finish()
    assert bench.served == [OTHER, HONEST, FLOOD]
    bench.now += WORKED_OFF_WITHIN
    assert bench.ask(FLOOD).is_light


@pytest.mark.parametrize("was_cut", [True, False])
async def test_network_pays_for_a_page_nobody_waits_for(monkeypatch, was_cut):
    charged, told = [], []
    monkeypatch.setattr(PAGES, "charge", lambda *charge: charged.append(charge))
    monkeypatch.setattr(PageHandler, "answer", lambda *_request: HttpResponse(b"there"))
    request = {**scope("192.0.2.7"), "type": "http", "path": "/", "method": "GET"}
    line = SimpleNamespace(was_cut=was_cut)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        told.append(message["type"])

    await PageHandler()({**request, "transport": line}, receive, send)
    assert charged == ([(network_of(request)[0], CUT_SECONDS)] if was_cut else [])
    assert told == ["http.response.start", "http.response.body"]


def test_who_asks_for_many_things_at_once_comes_after_who_asks_for_few():
    """Nothing of the network was served before, so nothing is charged yet."""
    bench = Bench(threads=1, each=40, in_all=60, few=6)
    bench.ask(OTHER)
    flood = [bench.ask(FLOOD) for _each in range(9)]
    for network in (HONEST, 50, HONEST, 51):
        bench.ask(network)
    bench.finish()
    assert bench.served[1:5] == [HONEST, 50, 51, HONEST]
    assert bench.served[5:] == [FLOOD] * 9
    assert [ticket.is_light for ticket in flood] == [False] * 3 + [True] * 6, "six under way are few again"


def test_what_began_before_a_network_asked_for_much_is_not_light_any_more():
    """Its first requests came when nothing told it from a reader, and may take longest."""
    bench = Bench(threads=8, each=40, in_all=60, few=6)
    first = [bench.ask(FLOOD) for _each in range(6)]
    assert bench.begun == 6 and all(ticket.is_light for ticket in first)
    bench.ask(FLOOD)
    assert not any(ticket.is_light for ticket in first) and bench.lane._no_light.is_set()
    honest = bench.ask(HONEST)
    assert honest.is_light and not bench.lane._no_light.is_set()
    bench.finish()
    assert len(bench.served) == 8 and bench.lane._no_light.is_set()
    assert not bench.lane._running_much and not bench.lane._running_light
    assert not any(account.light for account in bench.lane._accounts.values())


def test_networks_that_ask_for_much_share_the_threads_of_one():
    """Whoever comes with many networks at once gets no more beside the others than with one."""
    bench = Bench(threads=8, each=40, in_all=90, few=6)
    bench.ask(HONEST)
    floods = [bench.ask(network) for network in (FLOOD, FLOOD_TOO, OTHER) for _each in range(20)]
    at_once = []
    while bench.threads.begun:
        bench.threads.begun.pop(0)()
        if len(at_once) < 40:
            bench.ask(HONEST)
        at_once.append(sum(one.asks_for_much and not one.result.done() and one.begun > 0 for one in floods))
    assert at_once[0] == 6, "they had begun when nothing was known of their networks"
    assert max(at_once[7:30]) == 2
    assert all(one.result.done() for one in floods), "and all of them are served"


def test_a_browser_that_asks_for_a_page_and_what_is_in_it_has_its_turn():
    bench = Bench(threads=1, each=40, in_all=60, few=6)
    bench.ask(OTHER)
    page = [bench.ask(HONEST) for _each in range(6)]
    for network in range(50, 56):
        bench.ask(network)
    bench.finish()
    assert all(ticket.is_light for ticket in page)
    assert bench.served[1:9] == [HONEST, 50, 51, 52, 53, 54, 55, HONEST], "in turn with the others"


def test_crowd_of_one_network_waits_for_no_more_than_the_others_ask_for():
    """A class opens one page at one moment. Once its requests are served, they do not count against it."""
    bench = Bench(threads=4, each=40, in_all=60, few=6)
    crowd = [bench.ask(FLOOD, seconds=0.001) for _pupil in range(30)]
    bench.ask(HONEST)
    bench.finish()
    assert all(ticket.result.done() for ticket in crowd) and not bench.rests
    bench.ask(OTHER)
    late = bench.ask(FLOOD, seconds=0.001)
    bench.finish()
    assert late.is_light


def test_crowd_of_one_network_is_not_kept_out_by_people_who_come_one_by_one():
    """A school has one address, on an evening when there is always somebody else who asks for one thing."""
    bench = Bench(threads=1, each=40, in_all=60, few=6)
    came = bench.now
    waited = {HONEST: [], CLASS: []}

    def ask(network, bucket, following=0):
        def work():
            waited[network].append(bench.now - came)
            bench.now += 0.2
            if following:
                ask(HONEST, bucket + 1, following - 1)

        bench.lane.enter(Ticket(bucket, work))

    ask(HONEST, 50, following=30)  # each is of another network, and the next one asks when one was served
    for _pupil in range(9):
        ask(CLASS, CLASS)
    bench.finish()
    assert len(waited[CLASS]) == 9 and len(waited[HONEST]) == 31
    assert BEHIND_SECONDS < waited[CLASS][0] < BEHIND_SECONDS + 1, "after those who ask for few, but not for ever"
    assert waited[CLASS][2] < waited[HONEST][-1]


def test_those_who_have_used_much_share_one_thread_while_others_come():
    bench = Bench(threads=8)
    for network in (FLOOD, FLOOD_TOO):
        bench.ask(network, seconds=4)
    bench.finish()
    bench.ask(HONEST)
    for network in (FLOOD, FLOOD_TOO, FLOOD, FLOOD_TOO):
        bench.ask(network)
    assert bench.begun == 2, "one of the honest, one of all the others together"
    bench.finish()
    bench.now += COMPANY_SECONDS + 0.1
    for _each in range(8):
        bench.ask(FLOOD)
    assert bench.begun == 6, "nobody else comes: there is room"
    bench.finish()
    assert bench.lane.waiting == 0


def test_those_who_have_used_much_rest_between_their_requests_while_others_come():
    bench = Bench(threads=8)
    bench.ask(FLOOD, seconds=4)
    bench.finish()
    bench.ask(FLOOD, seconds=0.1)
    bench.finish()
    assert not bench.rests, "nobody else comes"
    bench.ask(HONEST)
    for _each in range(3):
        bench.ask(FLOOD, seconds=0.1)
    bench.finish()
    assert bench.rests == pytest.approx(
        [0.1 * REST_FOR_EACH_SECOND] * 3, rel=0.2
    )  # the first one began before that of another network
    bench.ask(HONEST)
    bench.ask(FLOOD, seconds=0.9 * COMPANY_SECONDS)
    bench.finish()
    assert bench.rests[-1] <= REST_AT_MOST


def test_lane_serves_so_many_a_second_and_that_many_at_once_before(monkeypatch):
    bench = Bench(threads=1, each=30, a_second=10)

    def sleep(seconds):
        bench.rests.append(seconds)
        bench.now += seconds

    monkeypatch.setattr(bench.lane, "_sleep", sleep)

    def serve(count, network):
        """Return the seconds for this many requests, each of which takes a hundredth of a second by itself."""
        bench.rests.clear()
        begun = bench.now
        for _one in range(count):
            bench.ask(network)
        bench.finish()
        return bench.now - begun

    assert serve(10, HONEST) == pytest.approx(0.1) and not bench.rests, "a screenshot is there at once"
    assert serve(20, HONEST) == pytest.approx(1.9, abs=0.05) and len(bench.rests) >= 18
    assert serve(10, OTHER) == pytest.approx(1.0, abs=0.05), "it is the lane that is full, whoever they are"
    bench.now += 60
    assert serve(10, HONEST) == pytest.approx(0.1), "at once again"
    assert serve(10, HONEST) == pytest.approx(0.9, abs=0.05), "and no more is saved up in a minute than in a second"


def test_a_network_is_no_company_to_itself():
    bench = Bench(threads=8)
    for _each in range(4):
        bench.ask(FLOOD)
    bench.now += COMPANY_SECONDS - 0.1
    bench.ask(FLOOD)
    assert bench.begun == 5, "it has used much, and nobody else comes"
    bench.finish()


def test_what_runs_counts_before_it_ends():
    bench = Bench(threads=8)
    for _each in range(4):
        bench.ask(FLOOD)
    bench.ask(HONEST)
    bench.now += COMPANY_SECONDS - 0.1  # what the flood began is still running
    bench.ask(FLOOD)
    assert bench.begun == 5 and bench.lane.waiting == 1
    bench.ask(OTHER)
    assert bench.begun == 6, "nobody else waits for it"
    bench.finish()
    assert bench.lane._accounts[FLOOD].begun == pytest.approx(0, abs=1e-6) and bench.lane.waiting == 0


@pytest.mark.parametrize("rate", [WORKED_OFF_A_SECOND, 0.1])
def test_charge_is_worked_off_within_a_minute(rate):
    bench = Bench(worked_off=rate)
    bench.ask(FLOOD, seconds=500)
    bench.finish()
    account = bench.lane._accounts[FLOOD]
    assert account.worked_off(bench.now, rate) == pytest.approx(WORKED_OFF_WITHIN * rate)
    assert WORKED_OFF_WITHIN <= 60
    assert account.worked_off(bench.now + 60, rate) == pytest.approx(0)


@pytest.mark.parametrize(("share", "level"), [(0.09, 0), (0.26, 2)])
def test_what_a_network_uses_without_end_decides_its_level(share, level):
    """Within five seconds of requests of 10 ms, a tenth of a processor counts as little, and a quarter soon as much."""
    bench = Bench(light=PAGES._light, heavy=PAGES._heavy, worked_off=PAGES._rate)
    for _request in range(int(5 * share / 0.01)):
        bench.ask(FLOOD)
        bench.finish()
        bench.now += 0.01 / share - 0.01
    assert bench.lane._level(bench.lane._accounts[FLOOD], bench.now) == level


def test_too_many_of_one_network_are_refused_and_nobody_else_is():
    bench = Bench(threads=1, each=5, in_all=30)
    bench.ask(OTHER)
    for _each in range(5):
        bench.ask(FLOOD)
    with pytest.raises(Refused):
        bench.ask(FLOOD)
    bench.ask(HONEST)
    assert bench.lane.waiting == 6 and bench.lane.refused == 1


def test_when_the_whole_is_full_the_longest_queue_gives_way():
    bench = Bench(threads=1, each=10, in_all=10)
    bench.ask(OTHER)
    flood = [bench.ask(FLOOD) for _each in range(10)]
    bench.ask(HONEST)
    assert isinstance(flood[-1].result.exception(timeout=1), Refused), "whoever came last of them"
    with pytest.raises(Refused):
        bench.ask(FLOOD)
    bench.finish()
    assert HONEST in bench.served and bench.served.count(FLOOD) == 9


def test_when_all_queues_are_short_the_newcomer_is_refused():
    bench = Bench(threads=1, each=10, in_all=5)
    for network in range(6):
        bench.ask(network)
    with pytest.raises(Refused):
        bench.ask(HONEST + 100)


@pytest.fixture
def apart(monkeypatch):
    """Let no two networks share a bucket. Each process assigns buckets at random, and one network in a hundred would
    share one.
    """
    monkeypatch.setattr("pnav.server.admission.BUCKETS", 2**61 - 1)


CROWDS = {
    "one /32 of IPv6": [f"2001:db8:{number:x}::1" for number in range(512)],
    "one /40 of IPv6": [f"2001:db8:{(number % 256):x}::1" for number in range(256)] * 2,
    "one /16 of IPv4": [f"198.51.{number // 256}.{number % 256}" for number in range(512)],
    "a /29 of IPv6": [f"2001:db{number % 8:x}:{number // 8:x}::1" for number in range(512)],
}


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("crowd", CROWDS)
def test_full_lane_lets_somebody_of_another_provider_in(crowd):
    """512 networks have one request each, which is the most that may wait. The one that came last is dropped."""
    bench = Bench(threads=8, each=128, in_all=512)
    tickets = [bench.come_from(address) for address in ("192.0.2.1", *CROWDS[crowd] * 2)[: 512 + 2]]
    while bench.lane.waiting < 512:
        tickets.append(bench.come_from(CROWDS[crowd][len(tickets) % 512]))
    honest = [bench.come_from(address) for address in ("203.0.113.7", "2a01:e0a::1", "192.0.2.1")]
    refused = [ticket for ticket in tickets if ticket.result.done()]
    assert len(refused) == len(honest) == bench.lane.refused and bench.lane.waiting == 512
    assert tickets[-1] in refused, "whoever came last"
    assert tickets[0] not in refused, "nobody of another provider"
    bench.finish()
    assert all(ticket.result.exception() is None for ticket in honest)
    assert not bench.lane._waiting_of and not bench.lane._queues


@pytest.mark.usefixtures("apart")
def test_crowd_of_a_provider_gets_no_more_places_by_coming_again():
    bench = Bench(threads=1, each=10, in_all=8)
    bench.come_from("192.0.2.1")
    for number in range(8):
        bench.come_from(f"2001:db8:{number:x}::1")
    honest = [bench.come_from(f"203.{number}.113.1") for number in range(4)]
    for number in range(100, 130):
        with pytest.raises(Refused):
            bench.come_from(f"2001:db8:{number:x}::1")
    assert not any(ticket.result.done() for ticket in honest) and bench.lane.waiting == 8


@pytest.mark.usefixtures("apart")
def test_full_lane_shares_one_provider_out_by_subnet():
    bench = Bench(threads=1, each=10, in_all=8)
    bench.come_from("198.51.0.1")
    crowd = [bench.come_from(f"198.51.100.{number}") for number in range(8)]
    neighbour = bench.come_from("198.51.7.1")
    assert crowd[-1].result.done() and not neighbour.result.done()
    with pytest.raises(Refused):
        bench.come_from("198.51.100.200")
    bench = Bench(threads=1, each=10, in_all=8)
    bench.come_from("192.0.2.1")
    crowd = [bench.come_from(f"2001:db8:{number:x}::1") for number in range(8)]
    neighbour = bench.come_from("2001:db8:ff00::1")
    assert crowd[-1].result.done() and not neighbour.result.done()


def test_full_lane_of_as_many_providers_refuses_the_newcomer():
    """Somebody who has addresses of as many providers as may wait can keep everybody out: docs/adr/0052 says so."""
    bench = Bench(threads=1, each=10, in_all=8)
    for number in range(9):
        bench.come_from(f"10{number}.1.1.1")
    with pytest.raises(Refused):
        bench.come_from("203.0.113.7")
    assert bench.lane.waiting == 8


def test_known_device_is_no_part_of_the_crowd_of_its_office():
    bench = Bench(threads=1, in_all=8, prefers=True)
    bench.come_from("192.0.2.1")
    device_of_agent = bench.ask(99)
    crowd = [bench.come_from(f"198.51.100.{number}") for number in range(7)]
    bench.come_from("203.0.113.7")
    assert crowd[-1].result.done() and not device_of_agent.result.done()


def test_code_is_tried_in_its_turn_behind_a_hundred_networks_that_try_without_end():
    """This is how the slow lane is made: each network has one try under way and one that waits, and asks
    again at once.
    """
    bench = Bench(threads=2, each=20, in_all=100, light=2.0, heavy=6.0, prefers=True)
    guessers = [f"198.51.{number}.1" for number in range(95)]

    def ask_again():
        for address in guessers:
            if not (account := bench.lane._queues.get(network_of(scope(address))[0])) or not account.waiting:
                with suppress(Refused):
                    bench.come_from(address)

    ask_again()
    before = len(bench.served)
    person = bench.come_from("203.0.113.7")
    while not person.result.done():
        following = bench.lane._next
        bench.lane._next = lambda: None  # when this thread has served one request, everybody asks again
        bench.threads.begun.pop(0)()
        bench.lane._next = following
        ask_again()
        while found := bench.lane._next():
            bench.threads.submit(bench.lane._serve, *found)
    assert person.result.exception() is None
    assert len(bench.served) - before <= 100


def test_prefixes_of_who_left_are_forgotten():
    bench = Bench(threads=1)
    bench.ask(OTHER)
    ticket = bench.come_from("203.0.113.7")
    assert len(bench.lane._waiting_of) == 2 and bench.lane.leave(ticket) and not bench.lane._waiting_of


def test_known_device_goes_first():
    bench = Bench(threads=1, prefers=True)
    bench.ask(OTHER)
    for network in range(10, 15):
        bench.ask(network)
    bench.ask(HONEST, is_preferred=True)
    bench.finish()
    assert bench.served[1] == HONEST


def test_known_device_finds_a_place_among_strangers_of_many_networks():
    bench = Bench(threads=1, in_all=5, prefers=True)
    bench.ask(OTHER)
    strangers = [bench.ask(network) for network in range(10, 15)]
    with pytest.raises(Refused):
        bench.ask(FLOOD)
    known = bench.ask(HONEST, is_preferred=True)
    with pytest.raises(Refused):
        bench.ask(HONEST, is_preferred=True)
    assert sum(ticket.result.done() for ticket in strangers) == 1 and bench.lane.waiting == 5
    bench.finish()
    assert bench.served[1] == HONEST and known.result.done()


def test_known_devices_without_end_keep_nobody_else_out():
    """Somebody who had an account here, and signs in from three browsers again and again, is treated like
    anybody else.
    """
    bench = Bench(threads=2, prefers=True, light=2.0, heavy=6.0)
    devices = (FLOOD, FLOOD_TOO, OTHER)

    def ask_again():
        for each in devices:
            while each not in bench.lane._queues or len(bench.lane._queues[each].waiting) < 2:
                bench.ask(each, 0.5, is_preferred=True)

    ask_again()
    bench.ask(HONEST, 0.5)
    for _each in range(30):
        first = bench.lane._next
        bench.lane._next = lambda: None  # after one request of this thread, the test says what follows
        bench.threads.begun.pop(0)()
        bench.lane._next = first
        ask_again()
        while following := bench.lane._next():
            bench.threads.submit(bench.lane._serve, *following)
    assert HONEST in bench.served[:8]
    assert bench.lane._running_first <= 1


def test_who_left_is_not_served_and_frees_the_place():
    bench = Bench(threads=1, each=2)
    bench.ask(OTHER)
    first, second = bench.ask(FLOOD), bench.ask(FLOOD)
    assert bench.lane.leave(first) and not bench.lane.leave(first)
    bench.ask(FLOOD)
    bench.finish()
    assert bench.served.count(FLOOD) == 2 and not bench.lane.leave(second), "it has been served"
    assert not bench.lane._queues


def test_work_that_fails_frees_its_thread():
    bench = Bench(threads=1)

    def fails():
        raise ValueError

    ticket = Ticket(HONEST, fails)
    bench.lane.enter(ticket)
    bench.ask(OTHER)
    bench.finish()
    assert isinstance(ticket.result.exception(), ValueError) and bench.served == [OTHER]
    assert bench.lane._running == 0


def test_nothing_is_kept_of_who_has_gone():
    bench = Bench()
    for network in range(ACCOUNTS_AT_MOST):
        bench.ask(network, seconds=0)
        bench.finish()
    bench.ask(FLOOD + ACCOUNTS_AT_MOST, seconds=5)
    bench.finish()
    bench.now += 61
    bench.ask(HONEST + 2 * ACCOUNTS_AT_MOST)
    bench.finish()
    assert len(bench.lane._accounts) <= ACCOUNTS_AT_MOST


def test_turn_of_one_costs_no_more_when_many_wait():
    """The search ends at the first network that has used little, so it does not take longer when more networks wait."""

    def looks(networks):
        bench = Bench(threads=1, in_all=10_000)
        bench.ask(OTHER)
        for network in range(100, 100 + networks):
            bench.ask(network)
        levels = []
        level = bench.lane._level
        bench.lane._level = lambda account, now: levels.append(1) or level(account, now)
        bench.finish()
        return len(levels) / networks

    assert looks(2000) <= 1.5 * looks(100)


def test_real_threads_serve_everybody_once_and_never_too_many_of_one():
    lock, running, most, served = threading.Lock(), {}, {}, []

    def work(network):
        with lock:
            running[network] = running.get(network, 0) + 1
            most[network] = max(most.get(network, 0), running[network])
        time.sleep(0.001)
        with lock:
            running[network] -= 1
            served.append(network)

    with ThreadPoolExecutor(8) as threads:
        lane = Lane(threads, 8, each=400, in_all=2000)
        tickets = [Ticket(number % 5, partial(work, number % 5)) for number in range(1000)]

        def ask(part):
            for ticket in tickets[part::4]:
                lane.enter(ticket)

        askers = [threading.Thread(target=ask, args=(part,)) for part in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        for ticket in tickets:
            ticket.result.result(timeout=60)
    assert len(served) == 1000 and max(most.values()) <= 6
    assert lane._running == lane.waiting == lane._running_heavy == 0


# --- giving way -------------------------------------------------------------------------------------------------------


class Making:
    """A request that lasts until the test lets it end."""

    def __init__(self):
        self.began, self.may_end = threading.Event(), threading.Event()

    def __call__(self):
        self.began.set()
        assert self.may_end.wait(20)


@pytest.fixture
def lane():
    """Give eight real threads, and a network that has used some time already."""
    with ThreadPoolExecutor(8) as threads:
        lane = Lane(threads, 8, each=10, in_all=50)
        for network, charge in ((FLOOD, 0.5), (FLOOD_TOO, 5.0)):
            account = lane._account(network)
            account.charge, account.at = charge, time.monotonic()
        yield lane


@pytest.mark.parametrize("network", [FLOOD, FLOOD_TOO])
def test_who_has_used_more_stands_still_while_somebody_who_has_not_is_served(lane, network, monkeypatch):
    # A busy machine may stop this thread for longer than the usual tenth of a second, so it may take longer here.
    monkeypatch.setattr("pnav.server.admission.GIVES_WAY_ONCE_SECONDS", 20)
    monkeypatch.setattr("pnav.server.admission.GIVES_WAY_SECONDS", 20)
    page, went_on, flood = Making(), threading.Event(), Making()

    def work():
        flood()
        give_way()
        went_on.set()

    ticket = Ticket(network, work)
    lane.enter(ticket)
    assert flood.began.wait(20), "nobody else is being served"
    lane.enter(Ticket(HONEST, page))
    assert page.began.wait(20)
    flood.may_end.set()
    assert not went_on.wait(0.05)
    page.may_end.set()
    ticket.result.result(timeout=20)
    assert ticket.gave_way > 0
    assert went_on.is_set()


def test_what_began_before_its_network_asked_for_much_stands_still_too(monkeypatch):
    monkeypatch.setattr("pnav.server.admission.GIVES_WAY_ONCE_SECONDS", 20)
    monkeypatch.setattr("pnav.server.admission.GIVES_WAY_SECONDS", 20)
    page, went_on, first = Making(), threading.Event(), Making()

    def work():
        first()
        give_way()
        went_on.set()

    with ThreadPoolExecutor(8) as threads:
        lane = Lane(threads, 8, each=10, in_all=50, few=3)
        tickets = [Ticket(FLOOD, work)]
        lane.enter(tickets[0])
        assert first.began.wait(20) and tickets[0].is_light
        lane.enter(Ticket(HONEST, page))
        assert page.began.wait(20)
        for _each in range(3):
            tickets.append(Ticket(FLOOD, first))
            lane.enter(tickets[-1])
        first.may_end.set()
        assert not went_on.wait(0.05)
        page.may_end.set()
        for ticket in tickets:
            ticket.result.result(timeout=20)
    assert went_on.is_set() and tickets[0].gave_way > 0


def test_who_has_used_little_stands_still_for_nobody(lane):
    page, other = Making(), Ticket(OTHER, give_way)
    lane.enter(Ticket(HONEST, page))
    lane.enter(other)
    other.result.result(timeout=20)
    assert other.gave_way == 0 and other.is_light
    page.may_end.set()


def test_nobody_stands_still_for_ever_nor_is_charged_for_it(lane):
    page = Making()
    lane.enter(Ticket(HONEST, page))

    def work():
        for _statement in range(50):
            give_way()

    ticket = Ticket(FLOOD, work)
    lane.enter(ticket)
    ticket.result.result(timeout=20)
    page.may_end.set()
    each = GIVES_WAY_ONCE_SECONDS
    assert GIVES_WAY_SECONDS <= ticket.gave_way < GIVES_WAY_SECONDS + 10 * each, "as long as it may, and then on"
    assert lane._account(FLOOD).charge < 0.5 + 0.1, "standing still is no use of anything"


def test_half_of_the_threads_never_stand_still(lane):
    """Four of eight threads may give way. The others go on, however many networks there are."""
    page = Making()
    lane.enter(Ticket(HONEST, page))
    tickets = []
    for network in range(100, 107):
        account = lane._account(network)
        account.charge, account.at = 0.5, time.monotonic()
        tickets.append(Ticket(network, give_way))
        lane.enter(tickets[-1])
    for ticket in tickets:
        ticket.result.result(timeout=20)
    page.may_end.set()
    assert sum(ticket.gave_way == 0 for ticket in tickets) >= 3
    assert lane._gives_way == 0


def test_slice_of_a_file_lets_pages_be_made_first_once(lane):
    """In either thread, a page gives way, and no longer than one that has used more does at one time."""
    page = Making()
    lane.enter(Ticket(HONEST, page))
    assert page.began.wait(20)

    def work():
        for _statement in range(50):
            give_way()
        told.append(may_give_way())

    told = []
    with ThreadPoolExecutor(2) as threads:
        behind = Lane(threads, 2, each=8, in_all=8, behind=lane)
        tickets = [Ticket(OTHER, work), Ticket(FLOOD, work)]
        for ticket in tickets:
            behind.enter(ticket)
        for ticket in tickets:
            ticket.result.result(timeout=20)
    assert told == [True, True] and all(ticket.is_light for ticket in tickets)
    for ticket in tickets:
        assert 0.9 * GIVES_WAY_ONCE_SECONDS <= ticket.gave_way < 10 * GIVES_WAY_ONCE_SECONDS
    page.may_end.set()
    assert SLICES._ahead_of_it is PAGES and SLICES._is_behind


def test_page_gives_no_way_to_slices(lane):
    """Two lanes that waited for each other would both stop."""
    part = Making()
    with ThreadPoolExecutor(2) as threads:
        Lane(threads, 2, each=8, in_all=8, behind=lane).enter(Ticket(OTHER, part))
        assert part.began.wait(20)
        page = Ticket(FLOOD, give_way)
        lane.enter(page)
        page.result.result(timeout=20)
        assert page.gave_way < GIVES_WAY_ONCE_SECONDS / 2
        part.may_end.set()


def test_nobody_stands_still_outside_of_a_request():
    give_way()
    assert not may_give_way()


@pytest.mark.django_db(transaction=True)
def test_a_page_gives_way_before_its_statements_and_not_where_rows_may_be_locked(monkeypatch):
    asked = []
    monkeypatch.setattr("pnav.server.page_handler.give_way", lambda: asked.append(1))
    with connection.execute_wrapper(_giving_way), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert len(asked) == 1
        with transaction.atomic():
            cursor.execute("SELECT 1")
            assert len(asked) == 1
        cursor.execute("SELECT 1")
    assert len(asked) == 2


@pytest.mark.django_db(transaction=True)
def test_a_page_gives_no_way_while_it_reads_what_the_pages_of_others_wait_for(monkeypatch):
    """Somebody who asks for much would otherwise hold up the very page for which they stand aside."""
    asked = []
    monkeypatch.setattr("pnav.server.page_handler.give_way", lambda: asked.append(1))

    def read():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return 1

    shared = CachedReading(read, 10, name="test")
    with connection.execute_wrapper(_giving_way):
        assert shared.get() == 1 and asked == []
        assert shared.read_now() == 1 and asked == [1], "nobody waits for this one"
        with pytest.raises(ZeroDivisionError), reading_for_others():
            raise ZeroDivisionError
        read()
    assert asked == [1, 1]


# --- whose queue ------------------------------------------------------------------------------------------------------


def scope(address, forwarded=""):
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"headers": headers, "client": [address, 1234]}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),  # a /48
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("[2001:db8:1::1]:443", "2001:db8:1:5::", True),
        ("192.0.2.1:443", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("nonsense:", "other nonsense:", False),
        ("", "192.0.2.1", False),
    ],
)
def test_network_of_an_address(one, other, is_same):
    assert (network_of(scope(one)) == network_of(scope(other))) is is_same


def test_an_address_is_counted_at_every_width_and_the_widest_is_its_queue():
    one, neighbour, household, company, other = (
        buckets_of(scope(address))
        for address in (f"2001:db8:{rest}" for rest in ("1:ff01::1", "1:ff01::2", "1:ff02::1", "1:1::1", "2::"))
    )
    assert one == neighbour and len(one) == 3 and one[0] == network_of(scope("2001:db8:1:ff01::1"))[0]
    assert (one[:2], one[:1]) == (household[:2], company[:1])
    assert one[2] != household[2] and one[1] != company[1] and one[0] != other[0]
    assert len(buckets_of(scope("192.0.2.1"))) == len(buckets_of(scope("::ffff:192.0.2.1"))) == 1


def test_network_is_what_our_proxy_says(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert network_of(scope("10.0.0.1", "203.0.113.9, 192.0.2.1")) == network_of(scope("192.0.2.1"))
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert network_of(scope("10.0.0.1", "203.0.113.9, 192.0.2.1")) == network_of(scope("10.0.0.1"))


def test_each_device_that_signed_in_has_a_queue_of_its_own():
    def from_office(cookie):
        value = {**scope("192.0.2.7"), "method": "GET", "path": "/console/"}
        value["headers"] = [*value["headers"], (b"cookie", f"{device.COOKIE}={cookie}".encode())]
        return value

    def queue_of(cookie):
        lane, bucket, is_preferred, _wider = PageHandler().lane_of(from_office(cookie))
        assert lane is PAGES and not is_preferred
        return bucket

    cookies = [signing.dumps({"id": name, "accounts": []}, salt=device.SALT) for name in ("one", "two")]
    unknown = queue_of("forged")
    assert len({unknown, *map(queue_of, cookies)}) == 3
    assert queue_of("forged otherwise") == unknown == network_of(scope("192.0.2.7"))[0]


# --- slices of files --------------------------------------------------------------------------------------------------


def slice_from(number, path="/tchat/captures/envoi/"):
    return {**scope(f"192.0.2.{number}"), "path": path, "method": "POST"}


@pytest.mark.parametrize("path", ["/tchat/captures/envoi/", DISCREET.reverse("chat:captures_upload")])
def test_slices_have_threads_of_their_own_and_pages_keep_theirs(path):
    lane, *_queue = PageHandler().lane_of(slice_from(1, path))
    assert lane is SLICES and lane.threads == SLICES_AT_ONCE == 2
    for other in ("/tchat/captures/", "/tchat/"):
        assert PageHandler().lane_of(slice_from(1, other))[0] is PAGES
    assert PageHandler().lane_of(slice_from(1, path) | {"method": "GET"})[0] is PAGES


async def test_ten_send_at_once_and_the_eleventh_is_told_to_wait(monkeypatch):
    """Two slices are written and eight wait for the disk. A further one is told at once that nothing of it
    was begun.
    """
    is_free, written = threading.Event(), []

    def answer(_self, scope, body_file, *_more):
        body_file.close()
        assert is_free.wait(30)
        written.append(scope["client"][0])
        return HttpResponse(b"there")

    monkeypatch.setattr(PageHandler, "answer", answer)
    handler, told = PageHandler(), {}

    async def send_from(number):
        parts = []

        async def receive():
            if not parts:
                parts.append(b"")
                return {"type": "http.request", "body": b"x" * 100, "more_body": False}
            return await asyncio.Future()  # the client does not leave

        async def send(message):
            told.setdefault(number, []).append(message)

        await handler({**slice_from(number), "type": "http"}, receive, send)

    ten = [asyncio.ensure_future(send_from(number)) for number in range(1, 11)]
    async with asyncio.timeout(30):
        while SLICES.waiting < SLICES_WAITING:
            await asyncio.sleep(0.01)
        await send_from(11)
    head, body = told[11]
    assert (head["status"], json.loads(body["body"])) == (503, {"busy": True})
    assert dict(head["headers"])[b"retry-after"] == b"2"
    assert written == [] and SLICES.waiting == SLICES_WAITING
    is_free.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*ten)
    assert len(written) == 10 and {told[number][0]["status"] for number in range(1, 11)} == {200}
