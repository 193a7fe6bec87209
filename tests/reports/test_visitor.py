from io import BytesIO

import pytest
import redis
from django.conf import settings as project
from django.core.cache import cache
from django.core.handlers.asgi import ASGIRequest
from django.test import RequestFactory

from reports.visitor import DAY_KEY, connection_of, connection_of_scope, hashed_address, hashed_networks

ADDRESS = "198.51.100.23"  # documentation range, RFC 5737


def hashed(address: str, **headers: str) -> str:
    return hashed_address(RequestFactory().get("/", REMOTE_ADDR=address, headers=headers))


def test_hashed_address_is_stable_within_a_day_and_new_the_next():
    today = hashed(ADDRESS)
    assert hashed(ADDRESS) == today
    assert hashed("198.51.100.24") != today
    assert ADDRESS not in today
    cache.delete(DAY_KEY)  # midnight
    assert hashed(ADDRESS) != today


def test_hashed_address_needs_the_secret_key(settings):
    today = hashed(ADDRESS)
    settings.SECRET_KEY = "another secret key, as long as it has to be, for this test"
    assert hashed(ADDRESS) != today


def test_hashed_address_key_of_the_day_ends():
    hashed(ADDRESS)
    with redis.Redis.from_url(project.REDIS_URL) as server:
        assert 0 < server.ttl(cache.make_key(DAY_KEY)) <= 24 * 60 * 60


def test_hashed_address_is_one_for_a_whole_ipv6_subscriber():
    assert hashed("2001:db8:1:2::1") == hashed("2001:db8:1:2:ffff:ffff:ffff:ffff")
    assert hashed("2001:db8:1:2::1") != hashed("2001:db8:1:3::1")


def test_hashed_networks_are_the_one_that_counts_then_wider_ones():
    def networks(address):
        return hashed_networks(RequestFactory().get("/", REMOTE_ADDR=address))

    one = networks("2001:db8:1:200::1")
    assert len(set(one)) == 3 and one[0] == hashed("2001:db8:1:200::1")
    assert [same == other for same, other in zip(one, networks("2001:db8:1:2ff::1"), strict=True)] == [
        False,
        True,
        True,
    ]
    assert [same == other for same, other in zip(one, networks("2001:db8:1:300::1"), strict=True)] == [
        False,
        False,
        True,
    ]
    assert networks(ADDRESS) == [hashed(ADDRESS)] and networks("") == []


@pytest.mark.parametrize(
    "written", [f"::ffff:{ADDRESS}", f"{ADDRESS}:5678", f"[::ffff:{ADDRESS}]:5678", f" {ADDRESS} "]
)
def test_hashed_address_is_one_for_an_ipv4_address_however_written(written):
    assert hashed(written) == hashed(ADDRESS)


def test_hashed_address_of_two_mapped_ipv4_addresses_differ():
    assert hashed("::ffff:198.51.100.23") != hashed("::ffff:198.51.100.24")


@pytest.mark.parametrize("address", ["", "unix:", "testclient", "1.2.3", "[", ":"])
def test_hashed_address_without_an_address_is_empty(address):
    assert hashed(address) == ""


def test_hashed_address_behind_a_proxy_is_the_one_it_saw(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    claimed = {"X-Forwarded-For": f"192.0.2.1, {ADDRESS}"}
    assert hashed("10.0.0.2", **claimed) == hashed(ADDRESS)


def test_hashed_address_without_a_proxy_believes_no_header(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert hashed(ADDRESS, **{"X-Forwarded-For": "192.0.2.1"}) == hashed(ADDRESS)


@pytest.mark.parametrize("claimed", ["", " ", "192.0.2.1"])
def test_hashed_address_with_fewer_hops_than_proxies_is_the_one_of_the_connection(settings, claimed):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    assert hashed(ADDRESS, **{"X-Forwarded-For": claimed}) == hashed(ADDRESS)


def test_hashed_address_with_redis_away_is_empty_and_logged_without_it(settings, tmp_path, caplog):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}
    assert hashed(ADDRESS) == ""
    assert "client_unknown error=ConnectionError" in caplog.text and ADDRESS not in caplog.text


def test_connection_of_a_request_and_of_a_socket_are_the_same(rf, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    request = rf.get("/", headers={"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Client-Port": "51234"})
    scope = {
        "headers": [(b"x-forwarded-for", b"198.51.100.9, 203.0.113.7"), (b"x-forwarded-client-port", b"51234")],
        "client": ("10.0.0.2", 40000),
    }
    assert connection_of(request) == connection_of_scope(scope) == ("203.0.113.7", "51234")


def test_connection_without_a_proxy_is_the_one_of_the_socket(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    scope = {
        "headers": [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-client-port", b"1")],
        "client": ("192.0.2.5", 40000),
    }
    assert connection_of_scope(scope) == ("192.0.2.5", "40000")
    assert connection_of_scope({"headers": [], "client": None}) == ("", "")


@pytest.mark.parametrize("proxies", [1, 2, 3])
def test_connection_of_headers_that_came_twice_is_the_same_for_pages_and_sockets(settings, proxies):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "client": ("10.0.0.2", 5),
        "headers": [
            (b"x-forwarded-for", b"192.0.2.1, 203.0.113.9"), (b"x-forwarded-client-port", b"51234"),
            (b"x-forwarded-for", b"10.0.0.1"),
        ],
    }  # fmt: skip
    expected = [("10.0.0.1", "51234"), ("203.0.113.9", ""), ("192.0.2.1", "")][proxies - 1]
    assert connection_of(ASGIRequest(scope, BytesIO())) == connection_of_scope(scope) == expected
