"""An owner of the server who has Redis, the database, every secret and the logs cannot name a reporter by what is
stored.

The tests play the owner on the cache and the database themselves: what keys contain, when they expire, how long nobody
has used them, how they are encoded. What the owner sees while it happens cannot be hidden: see docs/adr/0053.
"""

import hashlib
import hmac
import logging
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as project
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from chat.models import Conversation
from common import network_limits, rate_limits
from common.client_address import Networks
from reports.models import Report
from tests.accounts.cast import make_user, sign_in
from tests.chat.conversations.resume.acts import code_on_page
from tests.reports.test_views import CHAT, URL, form_of, set_visit
from tests.reports.test_views import unit as unit

pytestmark = pytest.mark.django_db

# Ranges for documentation, RFC 5737, far from one another as reporters are.
ADDRESSES = ["192.0.2.17", "198.51.100.23", "203.0.113.9", "192.0.2.201", "198.51.100.140", "203.0.113.77"]
NOISE, NOW = network_limits._noise, network_limits.now  # the real functions, which the fixture of all tests replaces


@dataclass(frozen=True)
class Kept:
    """One key of Redis as its owner reads it. ends_at: in milliseconds since 1970, -1 for never. idle: in seconds."""

    value: bytes
    ends_at: int
    idle: int
    encoding: bytes


@pytest.fixture(autouse=True)
def prefix(settings) -> str:
    return _own_redis(settings)


def _own_redis(settings: Any) -> str:
    prefix = f"owner-{secrets.token_hex(8)}"
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": prefix}}
    network_limits._known.clear()
    return prefix


def read_redis(prefix: str) -> dict[str, Kept]:
    """Return all keys of this prefix, which is taken from their names. The idle time first: reading them uses them."""
    server = rate_limits.server()
    keys = server.keys(f"{prefix}:*")
    idle = {key: server.object("IDLETIME", key) for key in keys}
    return {
        key.decode().removeprefix(f"{prefix}:2:"): Kept(
            server.dump(key), server.pexpiretime(key), idle[key], server.object("ENCODING", key)
        )
        for key in keys
    }


def file_report(unit: Any, address: str) -> Report:
    client = Client(REMOTE_ADDR=address)
    set_visit(client, answers=CHAT, unit=unit)
    assert client.post(URL, form_of(client, facts=["insults"])).url == reverse("chat:conversation")
    return Report.objects.latest("pk")


def derived_from_an_address(name: str) -> bool:
    return name.startswith("networks:")


# --- when -------------------------------------------------------------------------------------------------------------

# The possible lifetimes of a key: each of them before its end is a moment that the key may reveal.
LIVES = [0, *(times * unit for unit in (60, 300, 600, 900, 3600, 86400) for times in (1, 2))]


def instants_told(name: str, kept: Kept) -> set[float]:
    """Return what this key tells of when somebody did something: its end less a life, and numbers in it that are times.

    What lies on a whole minute tells of a border.
    """
    told = {kept.ends_at / 1000 - life for life in LIVES} if kept.ends_at > 0 else set()
    text = f"{name} {kept.value!r}"
    told |= {float(number) for number in re.findall(r"\b1[789]\d{8}(?:\.\d+)?\b", text)}
    return {at for at in told if round(at * 1000) % 60_000}


def test_no_key_tells_when_a_report_was_filed(unit, prefix, monkeypatch):
    """Old counters ended two hours after the filing, to the millisecond: five addresses of five were found."""
    monkeypatch.setattr(network_limits, "now", NOW)
    monkeypatch.setattr(network_limits, "_noise", NOISE)
    reports = []
    for address in ADDRESSES:
        reports.append(file_report(unit, address))
        time.sleep(0.05)
    network_limits.prepare_windows()  # as a tick of the worker does
    kept = read_redis(prefix)
    assert any(derived_from_an_address(name) for name in kept)
    for name, one in kept.items():
        for told in instants_told(name, one):
            near = [report.pk for report in reports if abs(told - report.filed_at.timestamp()) < 2]
            assert not near, f"{name} tells {told}: a report was filed then"


def test_worker_uses_every_counter_so_that_none_tells_when_it_was_used(unit, prefix, monkeypatch):
    monkeypatch.setattr(network_limits, "now", NOW)
    network_limits.prepare_windows()
    file_report(unit, ADDRESSES[0])
    time.sleep(3.2)
    before = {name: one.idle for name, one in read_redis(prefix).items() if derived_from_an_address(name)}
    assert max(before.values()) >= 3
    began = time.monotonic()
    network_limits.prepare_windows()
    after = {name: one.idle for name, one in read_redis(prefix).items() if derived_from_an_address(name)}
    since = time.monotonic() - began  # Redis counts whole seconds, so what was not used may have three more
    assert set(after) >= set(before) and max(after.values()) <= since + 2


def test_redis_keeps_no_log_of_commands():
    """The slow log would hold what was counted, and when."""
    assert rate_limits.server().config_get("slowlog-log-slower-than") == {"slowlog-log-slower-than": "-1"}


# --- who --------------------------------------------------------------------------------------------------------------

KEY_OF_THE_DAY = "5e" * 32
START = 833_334 * 3600  # an hour of the year 2065, long after anything that is made now


def states_after(settings: Any, monkeypatch: Any, unit: Any, *hours: list[tuple[float, str]]) -> list[dict[str, Kept]]:
    """Return for each of these hours what is kept in the place of addresses when these reports were filed, each so many
    seconds into the hour.

    The key of the day and the noise are the same each time, and random otherwise. Each hour has a Redis of its own.
    Three seconds pass once, between the reports of all hours and the ticks of the worker.
    """
    filed = [_hour_of(settings, monkeypatch, unit, acts) for acts in hours]
    time.sleep(3.1)
    return [tick() for tick in filed]


def _hour_of(
    settings: Any, monkeypatch: Any, unit: Any, acts: list[tuple[float, str]]
) -> Callable[[], dict[str, Kept]]:
    """File these reports. Return a function that lets the worker tick at the end of that hour, and returns its keys."""
    prefix = _own_redis(settings)
    caches = settings.CACHES
    day = START // network_limits.DAY_SECONDS
    rate_limits.server().set(
        cache.make_key(network_limits._day_name(day)), KEY_OF_THE_DAY, exat=(day + 1) * network_limits.DAY_SECONDS
    )
    drawn = random.Random(13)
    masked = {most: bytes(one & most for one in range(256)) for most in (0, 15, 31, 63)}

    def noise(count: int, most: int) -> bytes:
        return drawn.randbytes(count).translate(masked[most])

    monkeypatch.setattr(network_limits, "_noise", noise)
    for after, address in acts:
        monkeypatch.setattr(network_limits, "now", lambda at=START + after: at)
        file_report(unit, address)
    known = dict(network_limits._known)

    def tick() -> dict[str, Kept]:
        settings.CACHES = caches
        network_limits._known.clear()
        network_limits._known.update(known)  # what a process knows spares it from reading, and so from using, a key
        monkeypatch.setattr(network_limits, "_noise", noise)
        monkeypatch.setattr(network_limits, "now", lambda: START + 3_000.0)
        began = time.monotonic()
        network_limits.prepare_windows()
        found = {name: one for name, one in read_redis(prefix).items() if derived_from_an_address(name)}
        # The tick, and not the act, which came three seconds before it. Redis counts whole seconds.
        since = time.monotonic() - began
        assert all(one.idle <= since + 2 for one in found.values())
        return {name: replace(one, idle=0) for name, one in found.items()}

    return tick


def test_state_is_the_same_whatever_the_order_and_the_instants(unit, settings, monkeypatch):
    """Of the reports of a window none is likelier than another to be of an address: nothing is kept that differs."""
    instants = [3.0, 700.5, 701.25, 1800.0, 2400.125, 2999.9]
    one, other, late, fewer = states_after(
        settings, monkeypatch, unit,
        list(zip(instants, ADDRESSES, strict=True)),
        list(zip(instants, reversed(ADDRESSES), strict=True)),
        [(2990.0 + number, each) for number, each in enumerate(ADDRESSES)],
        [(1.0, each) for each in ADDRESSES[:3]],
    )  # fmt: skip
    assert one == other == late
    assert fewer != one and set(fewer) == set(one)  # the comparison would notice a difference


SAMPLE = 1 << 19  # how many of the 2^32 addresses of IPv4 are tried


def test_search_of_all_ipv4_leaves_thousands_for_each_counter(tried):
    """The sample is uniform: each counter has its share of it, so of all of IPv4 8,192 times as many."""
    salt = hashlib.sha256(f"reports.networks{project.SECRET_KEY}:{KEY_OF_THE_DAY}".encode()).digest()
    draw = random.Random(4)
    shares: Counter[int] = Counter()
    for number in range(SAMPLE):
        value = draw.getrandbits(32)
        text = f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
        bucket = int.from_bytes(hmac.digest(salt, text.encode(), "sha256")[:2]) >> 2
        shares[bucket] += 1
        if number % 4096 == 0:
            assert bucket == network_limits.bucket_of(text, KEY_OF_THE_DAY)  # this is how the owner would search
    assert len(shares) == network_limits.BUCKETS
    assert min(shares.values()) * (2**32 // SAMPLE) > 50_000
    tried("addresses of IPv4 searched", SAMPLE)


@pytest.mark.parametrize("limit", [network_limits.REPORTS, network_limits.DANGERS], ids=lambda one: one.name)
def test_suspect_is_not_confirmed_by_one_report(monkeypatch, tried, limit):
    """The owner who suspects an address reads its counter: that is more than noise for one report in 64, and whatever
    else it holds is as likely of who wrote as of who did not."""
    monkeypatch.setattr(network_limits, "_noise", NOISE)
    suspects = [f"203.{one}.{two}.9" for one in range(16) for two in range(64)]
    day_key = network_limits._day_key(int(network_limits.now()))
    window = limit.window(network_limits.now())
    network_limits._renew(limit, window)
    read = _counters(limit, window)
    buckets = list({network_limits.bucket_of(each, day_key) for each in suspects})
    before = [read[bucket] for bucket in buckets]
    fields = [network_limits.HEADER_FIELDS + bucket for bucket in buckets]
    network_limits._add(limit.key(window), limit.ends_at(window), fields, 1)
    read = _counters(limit, window)
    after = [read[bucket] for bucket in buckets]
    assert [two - one for one, two in zip(before, after, strict=True)] == [1] * len(buckets)
    revealed = sum(number > limit.noise for number in after)
    expected = len(buckets) / (limit.noise + 1)
    assert revealed < expected + 6 * expected**0.5  # six standard deviations
    tried("suspects looked up", len(buckets))


def _counters(limit: network_limits.NetworkLimit, window: int) -> list[int]:
    text = rate_limits.server().get(cache.make_key(limit.key(window)))
    start = 2 * network_limits.HEADER_FIELDS
    return [int.from_bytes(text[at : at + 2]) for at in range(start, start + 2 * network_limits.BUCKETS, 2)]


def test_every_limit_and_window_of_a_day_tells_the_same_bits(monkeypatch):
    """They are not rows whose candidates could be intersected: one network has one bucket, wherever it is counted."""
    monkeypatch.setattr(network_limits, "_noise", lambda count, _most: bytes(count))
    found = set()
    for limit in network_limits.LIMITS:
        for hours in (0, 5):
            at = START // network_limits.DAY_SECONDS * network_limits.DAY_SECONDS + hours * 3600.0
            monkeypatch.setattr(network_limits, "now", lambda at=at: at)
            network_limits.count(limit, Networks([ADDRESSES[0]]), most=3)
            text = rate_limits.server().get(cache.make_key(limit.key(limit.window(at))))[
                2 * network_limits.HEADER_FIELDS :
            ]
            found.add(tuple(place // 2 for place, byte in enumerate(text) if byte))
    assert len(found) == 1 and len(found.pop()) == 1


def test_counter_of_an_account_and_a_network_tells_no_other_bits():
    """Two networks of one bucket are one, whatever the account."""
    by_bucket: dict[int, set[tuple[int, ...]]] = {}
    for number in range(1 << 16):
        address = f"198.51.{number >> 8}.{number & 255}"
        pair = tuple(network_limits._fields(Networks([address]), KEY_OF_THE_DAY, "camille"))
        by_bucket.setdefault(network_limits.bucket_of(address, KEY_OF_THE_DAY), set()).add(pair)
    assert len(by_bucket) > 16_000 and all(len(pairs) == 1 for pairs in by_bucket.values())


# --- every key there is -----------------------------------------------------------------------------------------------

UUID = r"[0-9a-f-]{36}"
# What Redis may contain, and why it names no address. A key that matches none fails: say here from what it is derived.
KEYS = {
    r"networks:day:\d+": "random; it ends with its day, and what was counted under it is then of nobody",
    r"networks:[a-z-]+:\d+": "counters that 262,144 addresses of IPv4 share, with noise, to the border of the window",
    rf"limit:(frames|code|draft|facts|journal|captures|captures_begun|slices|slip|erasure|whole_thread):{UUID}:\d+": (
        "of an exchange, by its id, to a border"
    ),
    rf"limit:(copy|place|proof|receipts):{UUID}:\d+": "of an exchange, by its id, to a border",
    r"limit:(paper|handouts|reply_draft|word_search):\d+:\d+": "of an agent, by their key, to a border",
    r"limit:(originals|dossier):\d+:\d+": "of a unit's account, by its key, to a border",
    r"limit:(receipt|recorded_pages):\d+:\d+": "of an account of the staff, by its key, to a border",
    r"limit:feedback:[0-9a-f]{32}:\d+": "of a visit, by a hash of its key, which is random",
    r"limit:(resume_all|reports\.filed|reports\.lane):\d+": "of everybody together",
    r"allauth:rl:[\w.-]+:[\w-]+:[\d.]+/[\d.]+/key:[0-9a-f]{64}": (
        "times of attempts, of an account or of the random number of a device"
    ),
    r"allauth:rl:[\w.-]+:[\w-]+:[\d.]+/[\d.]+/user:user:\d+": "times of attempts, of an account",
    r"allauth\.mfa\.totp\.used\?user=\d+&code=\d+": "a code of an account that has served",
    r"figures:3:[\d-]+": "what is published",
}


def journey(unit: Any) -> None:
    """Live a whole journey, with an agent's beside it.

    It has a report, the exchange by forms, a code and the way back with it, an opinion, the figures; and an agent's
    sign-ins, right and wrong, from a device that is new and from one that is known. Then they leave.
    """
    me = Client(REMOTE_ADDR=ADDRESSES[0])
    set_visit(me, answers=CHAT, unit=unit)
    me.post(URL, form_of(me, facts=["insults"]))
    me.get(reverse("chat:conversation"))
    me.post(reverse("chat:message"), {"body": "bonjour", "client_id": "2f0f8a1e-1111-4222-8333-444455556666"})
    code = code_on_page(me.post(reverse("chat:code")))
    elsewhere = Client(REMOTE_ADDR=ADDRESSES[1])
    assert elsewhere.post(reverse("chat:resume"), {"code": code}).status_code == 302
    assert elsewhere.post("/avis/", {"rating": "yes", "page": "other"}).status_code == 302
    elsewhere.get("/chiffres/")
    make_user("camille", totp=True)
    agent = Client(REMOTE_ADDR=ADDRESSES[2])
    for _each in range(2):
        agent.post("/compte/login/", {"login": "camille", "password": "faux"})
        sign_in(agent, "camille")
        agent.post("/compte/logout/")
    elsewhere.post(reverse("pages:quit"))


def test_every_key_after_a_whole_journey_is_known(unit, prefix):
    journey(unit)
    network_limits.prepare_windows()
    names = set(read_redis(prefix))
    unknown = sorted(name for name in names if not any(re.fullmatch(pattern, name) for pattern in KEYS))
    assert unknown == []
    expected = ("account-failures", "codes", "dangers", "opinions", "reports")
    assert all(any(name.startswith(f"networks:{each}:") for name in names) for each in expected), names
    assert any(name.startswith("limit:code:") for name in names)
    assert any("/key:" in name for name in names) and Conversation.objects.count() == 1


# Where something is counted, by the code of the key, with an example in place of each variable part.
COUNTED = re.compile(r"limits\.(?:is_over|count_one)\(\s*f?\"([^\"]+)\"")
VALUES = {"public_id": "2f0f8a1e-1111-4222-8333-444455556666", "pk": "12", "name": "0123456789abcdef" * 2}


def test_every_limit_of_the_code_is_in_the_table():
    """Those that the journey does not come to are in it too."""
    names = set()
    for room in ("chat", "locations", "pnav", "reports", "triage"):
        for file in (project.BASE_DIR / room).rglob("*.py"):
            names |= set(COUNTED.findall(file.read_text(encoding="utf-8")))
    assert len(names) >= 8
    for name in names:
        key = "limit:" + re.sub(r"\{(?:\w+\.)?(\w+)\}", lambda found: VALUES[found[1]], name) + ":1"
        assert any(re.fullmatch(pattern, key) for pattern in KEYS), key


def test_neither_the_database_nor_redis_nor_a_log_holds_an_address(unit, prefix, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="django.db.backends")  # statements, which nobody logs
    journey(unit)
    words = [each for address in ADDRESSES[:3] for each in forms_of(address)]
    for name, one in read_redis(prefix).items():
        assert not any(word in name.encode() or word in one.value for word in words), name
    assert not any(word.decode(errors="ignore") in caplog.text for word in words if word.isascii())
    for model in apps.get_models():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT line::text FROM "{model._meta.db_table}" AS line')  # noqa: S608  our own tables
            for (line,) in cursor.fetchall():
                assert not any(word.decode(errors="ignore") in line for word in words if word.isascii()), model


def forms_of(address: str) -> list[bytes]:
    """Return the forms of an address: its text, its four bytes, and what the counters had in its place before.

    Whoever finds one of them has it.
    """
    packed = bytes(int(part) for part in address.split("."))
    return [address.encode(), packed, packed.hex().encode(), hashlib.sha256(address.encode()).hexdigest()[:32].encode()]
