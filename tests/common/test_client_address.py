from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import RequestFactory

from common.client_address import connection_of, connection_of_scope, networks_of

ADDRESS = "198.51.100.23"  # documentation range, RFC 5737


def networks(address: str, **headers: str) -> tuple[str, ...]:
    return networks_of(RequestFactory().get("/", REMOTE_ADDR=address, headers=headers))


def test_networks_are_the_one_that_counts_then_wider_ones():
    assert networks("2001:db8:1:2aa::1") == ("2001:db8:1:2aa::/64", "2001:db8:1:200::/56", "2001:db8:1::/48")
    assert networks(ADDRESS) == (ADDRESS,)
    assert repr(networks(ADDRESS)) == "Networks(…)"


@pytest.mark.parametrize(
    "written", [f"::ffff:{ADDRESS}", f"{ADDRESS}:5678", f"[::ffff:{ADDRESS}]:5678", f" {ADDRESS} "]
)
def test_networks_of_an_ipv4_address_are_one_however_written(written):
    assert networks(written) == (ADDRESS,)


@pytest.mark.parametrize("address", ["", "unix:", "testclient", "1.2.3", "[", ":"])
def test_networks_without_an_address_are_none(address):
    assert networks(address) == ()


def test_networks_behind_a_proxy_is_the_one_it_saw(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    claimed = {"X-Forwarded-For": f"192.0.2.1, {ADDRESS}"}
    assert networks("10.0.0.2", **claimed) == (ADDRESS,)


def test_networks_without_a_proxy_believes_no_header(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert networks(ADDRESS, **{"X-Forwarded-For": "192.0.2.1"}) == (ADDRESS,)


@pytest.mark.parametrize("claimed", ["", " ", "192.0.2.1"])
def test_networks_with_fewer_hops_than_proxies_is_the_one_of_the_connection(settings, claimed):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    assert networks(ADDRESS, **{"X-Forwarded-For": claimed}) == (ADDRESS,)


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
