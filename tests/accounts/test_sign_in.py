from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone

from pnav.accounts.models import Role, User
from pnav.sessions import SessionStore

from .cast import PASSWORD, make_user, sign_in, totp_code

pytestmark = pytest.mark.django_db


def test_login_page_is_in_french_and_asks_for_no_email(client):
    page = client.get("/compte/login/").content.decode()
    assert "Identifiant" in page and "Mot de passe" in page
    assert 'name="login"' in page and 'name="password"' in page
    assert "placeholder" not in page and 'name="remember"' not in page


def test_login_asks_for_the_code_and_lets_in_after_it(client):
    make_user("camille", totp=True)
    answer = sign_in(client, "camille", totp=False)
    assert answer.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    assert 'name="code"' in client.get(answer.url).content.decode()
    answer = client.post(answer.url, {"code": totp_code()})
    assert answer.url == "/console/"
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


@pytest.mark.parametrize(
    ("role", "room"),
    [(Role.SUPERVISOR, "/console/"), (Role.ADMINISTRATOR, "/admin/"), (Role.CUSTODIAN, "/levees/")],
)
def test_login_leads_to_ones_own_room(client, role, room):
    make_user("u", role, totp=True)
    assert sign_in(client, "u").url == room


def test_login_comes_back_to_the_page_asked_for(client):
    make_user("admin", Role.ADMINISTRATOR, totp=True)
    login = client.get("/admin/accounts/user/")
    assert login.url == "/compte/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    answer = client.post("/compte/login/", {"login": "admin", "password": PASSWORD, "next": "/admin/accounts/user/"})
    answer = client.post(answer.url, {"code": totp_code()})
    assert answer.url == "/admin/accounts/user/"


def test_login_unknown_account_and_wrong_password_look_the_same(client):
    make_user("camille", totp=True)
    pages = []
    for username in ("camille", "inconnue"):
        answer = client.post("/compte/login/", {"login": username, "password": "pas le bon mot de passe"})
        page = answer.content.decode()
        assert "Identifiant ou mot de passe incorrect." in page
        assert "<title>Erreur :" in page.replace("\n", "")
        pages.append(page.replace(username, "X").split("<main")[1].split('name="csrfmiddlewaretoken"')[0])
    assert pages[0] == pages[1]


def test_login_too_many_failures_locks_the_account_not_the_password_alone(client):
    make_user("camille", totp=True)
    for _ in range(5):
        client.post("/compte/login/", {"login": "camille", "password": "faux"})
    page = client.post("/compte/login/", {"login": "camille", "password": PASSWORD}).content.decode()
    assert "Trop d'essais" in page.replace("&#x27;", "'")


def is_locked(client, login="camille", *, typed="faux", **extra) -> bool:
    answer = client.post("/compte/login/", {"login": login, "password": typed}, **extra)
    return "Trop d'essais" in answer.content.decode().replace("&#x27;", "'")


def test_login_failures_count_together_whatever_the_port_of_the_host(client):
    make_user("camille", totp=True)
    locked = [is_locked(client, HTTP_HOST=f"localhost:{20000 + number}") for number in range(6)]
    assert locked == [False] * 5 + [True]


@pytest.mark.parametrize("variant", ["CAMILLE", "CamılLe", " camille "])
def test_login_failures_count_together_however_the_name_is_written(client, variant):
    make_user("camille", totp=True)
    for _ in range(5):
        is_locked(client, variant)
    assert is_locked(client)


def test_login_failures_from_elsewhere_do_not_lock_the_owner_out(client):
    make_user("camille", totp=True)
    for _ in range(6):
        is_locked(client, REMOTE_ADDR="198.51.100.23")
    assert is_locked(client, REMOTE_ADDR="198.51.100.23", typed=PASSWORD)
    assert sign_in(client, "camille").url == "/console/"


def test_login_failures_from_many_addresses_lock_the_account(client):
    make_user("camille", totp=True)
    locked = [is_locked(client, REMOTE_ADDR=f"198.51.100.{number // 5}") for number in range(50)]
    assert not any(locked)
    assert is_locked(client, typed=PASSWORD, REMOTE_ADDR="203.0.113.7")


def test_login_successes_count_nowhere(client, monkeypatch):
    monkeypatch.setattr("pnav.accounts.adapters.ACCOUNT_FAILURES", "2/300s/key")
    make_user("camille", totp=True)
    for _ in range(3):
        assert sign_in(client, "camille", totp=False).status_code == 302
        client.logout()


def test_second_factor_failures_stay_few_whatever_the_addresses(client):
    """A code has six digits: its limit is the account's alone."""
    make_user("camille", totp=True)
    sign_in(client, "camille", totp=False)
    for number in range(6):
        page = client.post("/compte/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{number}")
    assert "Trop d'essais" in page.content.decode().replace("&#x27;", "'")


def test_totp_code_serves_once(client, django_user_model):
    make_user("camille", totp=True)
    code = totp_code()
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    assert client.post("/compte/2fa/authenticate/", {"code": code}).status_code == 302
    client.post("/compte/logout/")
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    answer = client.post("/compte/2fa/authenticate/", {"code": code})
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_totp_secret_lies_sealed():
    from allauth.mfa.models import Authenticator

    from .cast import SECRET

    make_user("camille", totp=True)
    assert SECRET not in str(Authenticator.objects.get().data)


def test_inactive_account_does_not_enter(client):
    make_user("camille", totp=True)
    User.objects.update(is_active=False)
    answer = sign_in(client, "camille", totp=False)
    assert "_auth_user_id" not in client.session
    assert answer.status_code == 302 and answer.url == "/compte/inactive/"
    assert "désactivé" in client.get(answer.url).content.decode()


def test_login_new_key_and_end_after_twelve_hours(client):
    make_user("camille", totp=True)
    client.get("/compte/login/")
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    before = client.cookies["sessionid"].value
    client.post("/compte/2fa/authenticate/", {"code": totp_code()})
    cookie = client.cookies["sessionid"]
    assert cookie.value != before and not SessionStore().exists(before)
    assert cookie["max-age"] == "" and cookie["httponly"]
    end = Session.objects.get().expire_date
    assert timedelta(hours=11, minutes=59) < end - timezone.now() <= timedelta(hours=12)
    # Using it does not make it last longer.
    session = client.session
    session["used"] = True
    session.save()
    assert Session.objects.get().expire_date == end


def test_first_login_without_a_factor_also_ends_after_twelve_hours(client):
    make_user("camille")
    sign_in(client, "camille", totp=False)
    assert Session.objects.get().expire_date - timezone.now() <= timedelta(hours=12)


def test_sign_out_asks_then_ends_the_session(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    assert "Se déconnecter" in client.get("/compte/logout/").content.decode()
    assert client.session["_auth_user_id"]
    assert client.post("/compte/logout/").url == "/compte/login/"
    assert "_auth_user_id" not in client.session
    assert client.get("/console/").url.startswith("/compte/login/")


def test_password_change_forgets_that_it_was_temporary_and_stays_in(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    new = {"oldpassword": PASSWORD, "password1": "encore une autre phrase", "password2": "encore une autre phrase"}
    assert client.post("/compte/password/change/", new).url == "/compte/2fa/"
    assert User.objects.get().check_password("encore une autre phrase")
    assert client.get("/compte/2fa/").status_code == 200


def test_password_change_refuses_the_same_and_a_short_one(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    same = client.post(
        "/compte/password/change/", {"oldpassword": PASSWORD, "password1": PASSWORD, "password2": PASSWORD}
    )
    short = client.post(
        "/compte/password/change/", {"oldpassword": PASSWORD, "password1": "court", "password2": "court"}
    )
    assert "différent" in same.content.decode()
    assert "12 caractères" in short.content.decode()
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    "name", ["account_signup", "account_reset_password", "account_email", "account_set_password", "usersessions_list"]
)
def test_no_sign_up_no_mail_no_list_of_sessions(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)
    assert mail.outbox == []


def test_signup_is_closed_in_the_adapter_too(rf):
    from allauth.account.adapter import get_adapter

    assert get_adapter().is_open_for_signup(rf.get("/")) is False


def test_account_home_leads_to_the_account(client):
    assert resolve("/compte/").url_name == "account_home"
    assert client.get("/compte/").url == "/compte/2fa/"
