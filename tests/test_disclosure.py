"""Somebody who finds a weakness finds where to write, and nothing that has expired."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from pnav.disclosure import PATH, security_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields(client, settings):
    """Return the fields of the file by their names, which occur once each."""

    def read() -> dict[str, str]:
        settings.CONTACT_EMAIL, settings.SITE_URL = "securite@pnav.example", "https://pnav.example"
        answer = client.get(PATH)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        lines = answer.content.decode().splitlines()
        assert len({line.partition(": ")[0] for line in lines}) == len(lines)
        return dict(line.split(": ", 1) for line in lines)

    return read


def test_security_txt_says_where_to_write(fields):
    """Contact and Expires are what RFC 9116 (2.5) requires; Canonical is where the file really is."""
    assert PATH == "/.well-known/security.txt"
    assert fields() == {
        "Contact": "mailto:securite@pnav.example",
        "Expires": fields()["Expires"],
        "Preferred-Languages": "fr, en",
        "Canonical": "https://pnav.example/.well-known/security.txt",
    }


def test_security_txt_ends_within_a_year_and_not_soon(fields):
    end = datetime.strptime(fields()["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=30) < end - timezone.now() < timedelta(days=365)


def test_security_txt_is_the_same_all_day_whatever_the_zone(settings):
    settings.CONTACT_EMAIL = "securite@pnav.example"
    late = datetime.fromisoformat("2026-11-25T23:30:00+00:00")
    assert security_text(late) == security_text(datetime.fromisoformat("2026-11-25T01:00:00+01:00"))
    assert security_text(late) == security_text(datetime.fromisoformat("2026-11-26T00:30:00+01:00"))
    assert security_text(late) != security_text(late + timedelta(hours=1))
    assert "Expires: 2027-02-23T00:00:00Z\n" in security_text(late)


def test_security_txt_adds_no_field_by_the_address(settings):
    settings.CONTACT_EMAIL = "a b@pnav.example\nContact: mailto:autre@evil.example"
    assert security_text(timezone.now()).count("\nContact") == 0


def test_security_txt_without_an_address_is_not_there(client, settings):
    settings.CONTACT_EMAIL = ""
    assert client.get(PATH).status_code == 404
