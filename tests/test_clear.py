"""Without TLS, pages lead to HTTPS, health probes answer, and everything else is refused without a redirect."""

import pytest
from django.urls import reverse

from pnav.middleware.require_https import PROGRAMS

TOKEN = "a token of the operator"


@pytest.fixture(autouse=True)
def _as_in_production(settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.METRICS_TOKEN = TOKEN


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/metrics"),
        ("head", "/metrics"),
        ("get", "/tchat/trames/"),
        ("post", "/tchat/trames/"),
        ("post", "/console/trames/"),
        ("post", "/tchat/message/"),
        ("post", "/compte/login/"),
        ("post", "/nothing/"),
        ("put", "/"),
    ],
)
def test_what_is_no_page_is_refused_in_clear(client, method, path):
    """There is no database fixture: the request is refused before anything is asked. A valid token changes nothing."""
    answer = getattr(client, method)(path, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 403 and "Location" not in answer
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/compte/login/", "/tchat/", "/console/", "/nothing/"])
def test_pages_lead_to_https(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.url) == (301, f"https://testserver{path}")


@pytest.mark.django_db
def test_over_https_they_answer(client):
    secure = {"X-Forwarded-Proto": "https"}
    assert client.get("/metrics", headers={**secure, "authorization": f"Bearer {TOKEN}"}).status_code == 200
    answer = client.post("/tchat/trames/", "{}", content_type="application/json", headers=secure)
    assert b"HTTPS only" not in answer.content


def test_probes_answer_in_clear(client):
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_demonstration_is_in_clear(client, settings):
    settings.SECURE_SSL_REDIRECT, settings.METRICS_TOKEN = False, ""
    assert client.get("/metrics").status_code == 404


def test_programs_are_addresses_that_exist():
    assert set(PROGRAMS) == {reverse("metrics"), reverse("chat:frames"), reverse("console:frames")}
