"""A public site that sees private addresses sees its own bridge, and logs it."""

import pytest
from django.test import RequestFactory

from common import private_addresses
from common.client_address import connection_of
from tests.test_settings import refusal


@pytest.fixture(autouse=True)
def behind_a_proxy(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    private_addresses.forget()
    yield
    private_addresses.forget()


def come(address):
    connection_of(RequestFactory().get("/", headers={"X-Forwarded-For": address}))


@pytest.mark.parametrize(
    "address",
    ["172.18.0.1", "10.1.2.3", "192.168.0.9", "127.0.0.1", "169.254.1.1", "100.64.0.1", "::1", "fe80::1%eth0",
     "fd4b:8e1c:61d7:50a2::1", "::ffff:172.18.0.1"],
)  # fmt: skip
def test_private_address_is_counted_and_told_once(address, caplog):
    come(address)
    come(address)
    assert private_addresses.counts() == {"public": 0, "private": 2}
    assert private_addresses.is_private()
    (line,) = [record.getMessage() for record in caplog.records if record.name == "common.private_addresses"]
    assert line.startswith("client_addresses: private") and address.partition("%")[0] not in line


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2a01:cb00::1", "172.217.0.1", "100.20.0.1", "nobody", "f", "10.0.0.1, 8.8.8.8"]
)
def test_public_address_or_none_is_nothing(address):
    come(address)
    assert private_addresses.counts()["private"] == 0 and not private_addresses.is_private()


def test_networks_of_the_operator_are_expected(settings):
    settings.PRIVATE_CLIENTS = [private_addresses.ipaddress.ip_network("10.0.0.0/8")]
    come("10.1.2.3")
    assert private_addresses.counts() == {"public": 1, "private": 0}
    come("172.18.0.1")
    assert private_addresses.is_private()


def test_without_a_proxy_nothing_is_judged(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    come("127.0.0.1")
    assert private_addresses.counts() == {"public": 0, "private": 0}


def test_it_is_over_an_hour_after_the_last_one(monkeypatch):
    come("172.18.0.1")
    monkeypatch.setattr(private_addresses, "RECENT_SECONDS", 0)
    assert not private_addresses.is_private()


@pytest.mark.django_db
def test_health_and_metrics_say_so(client, settings):
    settings.METRICS_TOKEN = "jeton"
    come("172.18.0.1")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "client_addresses": "private"})
    metrics = client.get("/metrics", headers={"Authorization": "Bearer jeton"}).content.decode()
    assert 'pnav_client_addresses_total{kind="private"} 1.0' in metrics
    assert 'pnav_child_processes_total{end="killed"}' in metrics
    private_addresses.forget()
    assert client.get("/health/ready").json() == {"status": "ok"}


def test_networks_that_are_none_are_refused_at_the_start():
    assert "PRIVATE_CLIENTS" in refusal(PRIVATE_CLIENTS="10.0.0.0/8,nowhere")
