"""Whoever has a password and a code signs in and proves it again while Redis is away; nobody guesses meanwhile."""

import pytest
from django.test import Client

from pnav.accounts.models import Role, User
from pnav.demo.services import Valkey
from tests.accounts.cast import PASSWORD, make_user, recovery_codes, sign_in, totp_code

pytestmark = pytest.mark.django_db
ADD = "/admin/accounts/user/add/"
LOGIN, CODE = "/compte/login/", "/compte/2fa/authenticate/"


@pytest.fixture
def valkey(tmp_path, settings):
    """Give the site a server of its own, which a test stops."""
    with Valkey(tmp_path) as server:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": server.url}}
        yield server


@pytest.fixture
def chief() -> User:
    return make_user("chef", Role.ADMINISTRATOR, totp=True)


def make_proofs_old(client: Client) -> None:
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()


def test_whoever_signs_in_then_proves_it_again_does_so_without_redis(client, chief, valkey):
    codes = recovery_codes(chief)
    valkey.kill()
    assert sign_in(client, "chef").url == "/admin/"
    make_proofs_old(client)
    asked = client.get(ADD)
    assert "reauthenticate" in asked.url
    assert client.post(asked.url, {"code": codes[0]}).url == ADD
    assert client.get(ADD).status_code == 200
    new = "encore une autre phrase"
    answer = client.post("/compte/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    chief.refresh_from_db()
    assert chief.check_password(new)


def test_session_that_was_open_when_redis_went_away_proves_it_again(client, chief, valkey):
    codes = recovery_codes(chief)
    sign_in(client, "chef")
    valkey.kill()
    make_proofs_old(client)
    asked = client.get(ADD)
    assert client.post(asked.url, {"code": codes[0]}).url == ADD


def test_code_that_has_served_is_refused_without_redis(client, chief, valkey):
    sign_in(client, "chef")
    code = totp_code()
    valkey.kill()
    other = Client()
    other.post(LOGIN, {"login": "chef", "password": PASSWORD})
    assert other.post(CODE, {"code": code}).status_code == 200
    assert "_auth_user_id" not in other.session


def test_six_digits_are_not_guessed_without_redis(client, chief, valkey):
    valkey.kill()
    client.post(LOGIN, {"login": "chef", "password": PASSWORD})
    wrong = "000000" if totp_code() != "000000" else "111111"
    for _each in range(5):
        assert "Trop d'essais" not in client.post(CODE, {"code": wrong}).text.replace("&#x27;", "'")
    page = client.post(CODE, {"code": totp_code()}).text.replace("&#x27;", "'")
    assert "Trop d'essais" in page and "_auth_user_id" not in client.session


def test_password_is_not_guessed_from_a_known_device_without_redis(client, chief, valkey):
    sign_in(client, "chef")
    client.post("/compte/logout/")
    valkey.kill()
    for _each in range(5):
        client.post(LOGIN, {"login": "chef", "password": "faux"})
    page = client.post(LOGIN, {"login": "chef", "password": PASSWORD}).text.replace("&#x27;", "'")
    assert "Trop d'essais" in page
