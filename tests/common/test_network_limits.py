"""Limits by network are reached at every width, reached by nobody too early, and correct again after Redis was lost."""

import re
import secrets

import pytest
from django.conf import settings as site_settings
from django.core.cache import cache
from django.test import RequestFactory

from common import network_limits, rate_limits
from common.client_address import Networks, networks_of
from common.network_limits import LIMITS, NetworkLimit, Tally
from common.service_settings import definitions

LIMIT = NetworkLimit("trial", 60, noise=15)
NOISE = network_limits._noise  # the real function, which the fixture of all tests replaces
HERE = "198.51.100.23"  # documentation range, RFC 5737


@pytest.fixture(autouse=True)
def _own_counters(settings) -> None:
    prefix = f"networks-{secrets.token_hex(8)}"
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": prefix}}
    network_limits._known.clear()


def count(address: str = HERE, *, most: int = 3, limit: NetworkLimit = LIMIT, within: str = "") -> Tally:
    came_from = networks_of(RequestFactory().get("/", REMOTE_ADDR=address))
    return network_limits.count(limit, came_from, most=most, within=within)


def held(limit: NetworkLimit = LIMIT) -> bytes:
    found = rate_limits.server().get(cache.make_key(limit.key(limit.window(network_limits.now()))))
    return bytes(found or b"")


def test_limit_is_met_exactly_by_who_begins_highest():
    assert [count().is_over for _each in range(5)] == [False] * 3 + [True] * 2
    assert not count("198.51.100.24").is_over


def test_nobody_is_over_before_the_limit_and_everybody_is_after_the_noise(monkeypatch, tried):
    monkeypatch.setattr(network_limits, "_noise", NOISE)
    early = 0
    for number in range(40):
        allowed = 0
        while not count(f"203.0.113.{number}").is_over:
            allowed += 1
        assert allowed <= 3 + LIMIT.noise
        early += allowed < 3
    # Each process assigns buckets at random: in one run of twenty, two of forty networks share one of 16,384.
    assert early <= 2
    tried("networks counted up to their limit", 40)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_noise_is_uniform_and_every_counter_has_it(limit):
    """Of 49,152 draws each number comes as often as another, to six deviations of a binomial law."""
    drawn = NOISE(network_limits.WIDTHS * network_limits.BUCKETS, limit.noise)
    values = limit.noise + 1
    expected = len(drawn) / values
    spread = 6 * (expected * (1 - 1 / values)) ** 0.5
    assert set(drawn) == set(range(values))
    assert all(abs(drawn.count(value) - expected) <= spread for value in range(values))


# Prefixes that one /48, one /56 and one /64 may choose freely, and what one of them may do.
@pytest.mark.parametrize(
    ("addresses", "most", "allowed"),
    [
        ("2001:db8:0:{:x}00::1", 20, 120),  # a /48 may do several times what a /64 may (TIMES)
        ("2001:db8:0:ff{:02x}::1", 20, 40),
        ("2001:db8:0:ff00::{:x}", 20, 20),
        ("2001:db8:0:ff{:02x}::1", 3, 19),  # one more than a line can do whose counter began at zero
        ("2001:db8:0:ff00::{:x}", 3, 3),
    ],
)
def test_ipv6_is_counted_at_every_width(addresses, most, allowed):
    answers = [count(addresses.format(number), most=most).is_over for number in range(1, allowed + 6)]
    assert answers == [False] * allowed + [True] * 5
    assert not count("2001:db8:1::1", most=most).is_over


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [("2001:db8:0:{:x}00::1", 84), ("2001:db8:0:ff{:02x}::1", 84), ("2001:db8:0:ff00::{:x}", 20)],
)
def test_danger_of_a_wide_network_is_believed_less_often(addresses, allowed):
    """A raid of a whole /48 would stand before a real danger 120 times with the multiples of the other limits."""
    dangers = network_limits.DANGERS
    answers = [count(addresses.format(one), most=20, limit=dangers).is_over for one in range(1, allowed + 6)]
    assert answers == [False] * allowed + [True] * 5


def test_network_that_is_over_takes_nothing_from_its_neighbours():
    """A line that tries on and on fills its own counter, not that of its household, nor of its provider."""
    for _each in range(100):
        count("2001:db8:0:ff00::1")
    assert not count("2001:db8:0:ff01::1").is_over and not count("2001:db8:0:100::1").is_over


def test_line_whose_counter_began_at_zero_puts_no_household_and_no_provider_over(monkeypatch):
    """With three times twenty dangers and a noise of 63, one or two lines kept out the 65,536 of a whole /48."""
    lines = network_limits.BUCKETS  # the counters of the narrowest networks come first
    monkeypatch.setattr(
        network_limits, "_noise", lambda counters, most: bytes(lines) + bytes([most]) * (counters - lines)
    )
    dangers = network_limits.DANGERS
    raid = [count("2001:db8:0:ff00::1", most=20, limit=dangers).is_over for _each in range(200)]
    assert raid == [False] * 83 + [True] * 117
    for neighbour in ("2001:db8:0:100::1", "2001:db8:0:ff01::1"):
        tally = count(neighbour, most=20, limit=dangers)
        assert not tally.is_over, neighbour
        tally.undo()


def test_wide_network_that_is_over_fills_no_counter_of_its_many_narrow_ones():
    """Each of its /64 shares a counter with strangers of the whole world, of IPv4 too."""
    for number in range(200):
        count(f"2001:db8:0:{number:x}00::1")
    counters = held()[2 * network_limits.HEADER_FIELDS :]
    width = 2 * network_limits.BUCKETS
    used = [sum(counters[place * width : (place + 1) * width]) for place in range(network_limits.WIDTHS)]
    noise = network_limits.BUCKETS * LIMIT.noise
    assert [one - noise for one in used[:2]] == [19, 19], "as many as the /48 may do"


def test_undo_takes_it_back_and_only_once_in_its_window():
    for _each in range(10):
        tally = count()
        assert not tally.is_over
        tally.undo()
    assert [count().is_over for _each in range(4)] == [False] * 3 + [True]


def test_within_counts_apart():
    assert [count(within="camille").is_over for _each in range(4)] == [False] * 3 + [True]
    assert not count(within="alex").is_over and not count().is_over


@pytest.mark.parametrize("address", ["", "unix:", "1.2.3"])
def test_without_an_address_nothing_is_known(address):
    assert count(address) == Tally() and held() == b""


def test_windows_begin_anew_on_the_border(monkeypatch):
    start = network_limits.now()
    for _each in range(5):
        count()
    monkeypatch.setattr(network_limits, "now", lambda: start + 60)
    assert not count().is_over


def test_redis_away_blocks_nobody_and_says_no_address(settings, tmp_path, caplog):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}
    assert count() == Tally()
    network_limits.prepare_windows()
    assert "the cache does not answer (ConnectionError)" in caplog.text and HERE not in caplog.text


def test_redis_that_lost_everything_counts_again_with_its_noise():
    assert [count().is_over for _each in range(3)] == [False] * 3
    rate_limits.server().delete(*rate_limits.server().keys(f"{cache.key_prefix}:*"))
    assert [count().is_over for _each in range(4)] == [False] * 3 + [True]
    assert len(held()) == network_limits.STRING_BYTES
    assert held()[8:].count(LIMIT.noise) >= network_limits.WIDTHS * network_limits.BUCKETS - 1


def test_process_that_knows_another_key_of_the_day_finds_the_common_one():
    count()
    (day,) = network_limits._known
    network_limits._known[day] = "0" * 64  # a process that read it before Redis was lost has it so
    for _each in range(2):
        count()
    assert count().is_over  # the fourth request of this network


def test_every_string_ends_on_the_border_of_its_window(monkeypatch):
    for seconds_in in (0.001, 17.4, 59.9):
        monkeypatch.setattr(network_limits, "now", lambda at=seconds_in: 3_000_000_000.0 + at)
        count()
        key = cache.make_key(LIMIT.key(LIMIT.window(network_limits.now())))
        assert rate_limits.server().pexpiretime(key) == 3_000_000_060_000
    (day,) = rate_limits.server().keys(f"{cache.key_prefix}:*:networks:day:*")
    assert rate_limits.server().pexpiretime(day) % 86_400_000 == 0


def test_keep_makes_and_touches_what_is_there_without_anybody(monkeypatch):
    monkeypatch.setattr(network_limits, "now", lambda: 3_000_000_000.0)
    network_limits.prepare_windows()
    names = {cache.make_key(limit.key(limit.window(3_000_000_000))) for limit in LIMITS}
    assert {
        key.decode() for key in rate_limits.server().keys(f"{cache.key_prefix}:*:networks:*") if b":day:" not in key
    } == names
    before = {name: rate_limits.server().get(name) for name in names}
    network_limits.prepare_windows()
    assert before == {name: rate_limits.server().get(name) for name in names}
    # The next minute's window is made before it begins.
    monkeypatch.setattr(network_limits, "now", lambda: 3_000_000_055.0)
    network_limits.prepare_windows()
    assert rate_limits.server().exists(cache.make_key(network_limits.SIGN_INS.key(50_000_001))) == 1


def test_what_keep_made_counts_as_well():
    network_limits.prepare_windows()
    made = held(network_limits.REPORTS)
    count(limit=network_limits.REPORTS)
    assert len(made) == network_limits.STRING_BYTES and _changed(made, held(network_limits.REPORTS)) == 1


def _changed(before: bytes, after: bytes) -> int:
    return sum(before[at : at + 2] != after[at : at + 2] for at in range(0, len(before), 2))


def test_most_that_the_house_may_set_fits_a_counter():
    for rule, limit in (
        (definitions.REPORTS_MOST, network_limits.REPORTS),
        (definitions.OPINIONS_OF_NETWORK, network_limits.OPINIONS),
        (definitions.TRIES_MOST, network_limits.CODES),
    ):
        assert max(network_limits.TIMES) * rule.most + limit.noise < 2**16 - 1


def test_limits_fit_the_day_and_their_noise_is_a_mask():
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)
    for limit in LIMITS:
        assert 86_400 % limit.seconds == 0 and limit.noise in (0, 1, 3, 7, 15, 31, 63, 127, 255)


def test_every_limit_of_the_code_is_prepared_by_the_worker():
    """The string of a limit that is not in LIMITS would exist only after somebody had come, and so tell of them."""
    rooms = ("chat", "common", "locations", "pnav", "reports", "triage")
    files = [path for room in rooms for path in (site_settings.BASE_DIR / room).rglob("*.py")]
    made = [named for path in files for named in re.findall(r"\bNetworkLimit\(([^,)]*)", path.read_text())]
    assert sorted(made) == sorted(f'"{limit.name}"' for limit in LIMITS)


def test_networks_are_counted_by_at_most_that_many_bits():
    assert {network_limits.bucket_of(f"203.0.{one}.{two}", "k") for one in range(64) for two in range(256)} <= set(
        range(2**14)
    )
    assert repr(Networks(["x"])) == "Networks(…)"
