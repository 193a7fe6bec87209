"""The log says who signed in, in which way, and who failed; and the owner is told."""

import re
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.utils import timezone

from pnav.accounts.models import Role, User
from tests.accounts.cast import PASSWORD, forget_codes, make_user, recovery_codes, sign_in, totp_code
from tests.accounts.test_reauthentication import age

pytestmark = pytest.mark.django_db
TYPED = "quelqu-un-MARQUE"
ADDRESS = "198.51.100.23"


def test_sign_in_and_out_say_account_and_way(client, told):
    user = make_user("camille", totp=True)
    sign_in(client, "camille")
    client.post("/compte/logout/")
    assert told() == [f"sign_in account={user.pk} way=password+totp", f"sign_out account={user.pk}"]


def test_sign_in_by_a_recovery_code(client, told):
    user = make_user("camille", totp=True)
    code = recovery_codes(user)[0]
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    client.post("/compte/2fa/authenticate/", {"code": code})
    assert told() == [f"sign_in account={user.pk} way=password+recovery"]


def test_password_alone_is_no_sign_in_where_there_is_a_factor(client, told):
    make_user("camille", totp=True)
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    assert told() == []


def test_failures_say_the_account_if_there_is_one_and_never_what_was_typed(client, told, caplog, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client.defaults.update(REMOTE_ADDR=ADDRESS, HTTP_X_FORWARDED_FOR=ADDRESS)
    user = make_user("camille", totp=True)
    for name in ("Camille", TYPED):
        client.post("/compte/login/", {"login": name, "password": "faux-MARQUE"})
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    client.post("/compte/2fa/authenticate/", {"code": "000000"})
    assert told() == [
        f"sign_in_failed account={user.pk} way=password",
        "sign_in_failed account=unknown way=password",
        f"sign_in_failed account={user.pk} way=code",
    ]
    assert "MARQUE" not in caplog.text and ADDRESS not in caplog.text and "camille" not in caplog.text.lower()


@pytest.mark.parametrize("answer", ['{"id": "MARQUE"}', '["MARQUE"]', '{"id": "YQ", "rawId": "YQ", "response": {}}'])
def test_passkey_that_proves_nothing(client, told, answer):
    """Malformed answers are tried too: none is a failure of ours, whose lines nobody counts."""
    page = client.post("/compte/2fa/webauthn/login/", {"credential": answer}, follow=True)
    assert page.redirect_chain == [("/compte/login/", 302)]
    assert "clé d'accès n'est pas reconnue" in unescape(page.text) and "Ce code" not in page.text
    assert told() == ["sign_in_failed account=unknown way=passkey"]


def test_locked_account_says_so(client, told):
    user = make_user("camille", totp=True)
    for _time in range(6):
        client.post("/compte/login/", {"login": "camille", "password": "faux"})
    assert told("locked_out") == [f"locked_out account={user.pk} way=password"]
    assert len(told("sign_in_failed")) == 5


def test_codes_that_are_not_looked_at_any_more(client, told):
    user = make_user("camille", totp=True)
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    for _time in range(6):
        client.post("/compte/2fa/authenticate/", {"code": "000000"})
    assert told("locked_out") == [f"locked_out account={user.pk} way=code"]


def test_network_with_too_many_sign_ins(client, told, monkeypatch):
    monkeypatch.setattr("pnav.accounts.attempts.SIGN_INS", 2)
    answers = [client.post("/compte/login/", {"login": TYPED, "password": "faux"}).status_code for _time in range(3)]
    assert answers == [200, 200, 429]
    assert told("limit_reached") == ["limit_reached limit=sign_in"]


def test_proof_given_again_and_proof_that_failed(client, told):
    user = make_user("camille", totp=True)
    sign_in(client, "camille")
    age(client, 60)
    forget_codes()  # the code of the sign-in was used
    page = client.get("/compte/2fa/webauthn/add/").url
    client.post(page, {"code": "000000"})
    client.post(page, {"code": totp_code()})
    assert told()[1:] == [f"proof_failed account={user.pk} way=code", f"proved_again account={user.pk} way=totp"]


def test_password_given_again(client, told):
    user = make_user("camille")
    sign_in(client, "camille", totp=False)
    for password in ("faux", PASSWORD):
        client.post("/compte/reauthenticate/", {"password": password})
    assert told()[1:] == [
        f"proof_failed account={user.pk} way=password",
        f"proved_again account={user.pk} way=password",
    ]


def test_factors_and_passwords_that_change(client, told, django_capture_on_commit_callbacks):
    user = make_user("camille")
    sign_in(client, "camille", totp=False)
    client.get("/compte/2fa/totp/activate/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/compte/2fa/totp/activate/", {"code": totp_code(client.session["mfa.totp.secret"])})
    connection.run_on_commit.clear()  # callbacks that have run stay in the list
    new = {"oldpassword": PASSWORD, "password1": "encore une autre phrase", "password2": "encore une autre phrase"}
    client.post("/compte/password/change/", new)
    client.post("/compte/sessions/fermer/")
    client.post("/compte/2fa/totp/deactivate/")
    assert sorted(told("factor_added")) == [f"factor_added account={user.pk} way={way}" for way in ("recovery", "totp")]
    assert told("password_changed") == [f"password_changed account={user.pk} by={user.pk}"]
    assert told("sessions_ended") == [f"sessions_ended account={user.pk}"]
    removed = [f"factor_removed account={user.pk} way={way} by={user.pk}" for way in ("recovery", "totp")]
    assert sorted(told("factor_removed")) == removed


def test_what_an_administrator_does_to_an_account_says_both(client, told):
    chief, user = make_user("chef", Role.ADMINISTRATOR, totp=True), make_user("camille", totp=True)
    sign_in(client, "chef")
    client.post(f"/admin/accounts/user/{user.pk}/password/")
    chosen = {"action": "reset_second_factor", "_selected_action": [user.pk], "confirmed": "1"}
    client.post("/admin/accounts/user/", chosen)
    assert told()[1:] == [
        f"password_changed account={user.pk} by={chief.pk}",
        f"factor_removed account={user.pk} way=totp by={chief.pk}",
    ]


# --- the last use -----------------------------------------------------------------------------------------------------

SAID = re.compile(r"Dernière connexion avant celle-ci : le (.+?) à (\d\d:\d\d), par ([^.]+)\.")


def test_first_sign_in_says_nothing_of_another(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    assert not SAID.search(client.get("/compte/2fa/").text)


def test_owner_sees_when_and_how_the_account_was_used_before(client):
    user = make_user("camille", totp=True)
    thief = Client()
    thief.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    thief.post("/compte/2fa/authenticate/", {"code": recovery_codes(user)[0]})
    at = timezone.localtime(User.objects.get().last_login)
    sign_in(client, "camille")
    first, later = client.get("/compte/2fa/").text, client.get("/compte/2fa/").text
    text = first.replace("&#x27;", "'")
    assert SAID.search(text).groups()[1:] == (f"{at:%H:%M}", "mot de passe et code de secours")
    assert len(SAID.findall(text)) == 2 and len(SAID.findall(later)) == 1, "a message once, and a line on the page"


def test_last_use_by_a_factor_alone_stays_what_it_was(client):
    """Half a sign-in is none: the line that the owner reads is of who really came in."""
    user = make_user("camille", totp=True)
    sign_in(client, "camille")
    before = User.objects.get().last_login
    Client().post("/compte/login/", {"login": "camille", "password": PASSWORD})
    user.refresh_from_db()
    assert (user.last_login, user.last_way) == (before, "password+totp")


def test_ways_all_have_a_name(client):
    from pnav.accounts.sign_in_log import FACTOR_WAYS, WAY_LABELS
    from pnav.accounts.sign_in_log import PASSWORD as BY_PASSWORD

    assert set(FACTOR_WAYS) >= {kind.value for kind in Authenticator.Type}
    assert set(WAY_LABELS) == {*FACTOR_WAYS.values(), BY_PASSWORD}
