import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from chat.models import Agent
from chat.realtime.authentication import Pass
from pnav.accounts.middleware import refuse
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import Standing, enrol_totp, standing_of
from pnav.server.identity import identify_passes
from pnav.sessions import stored_key
from tests.accounts.cast import PASSWORD, SECRET, forget_codes, make_user, recovery_codes, sign_in, totp_code
from tests.factories.chat import unit

pytestmark = pytest.mark.django_db


def enrol(client: Client, capture) -> None:
    client.get("/compte/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    with capture(execute=True):
        answer = client.post("/compte/2fa/totp/activate/", {"code": totp_code(secret)})
    assert answer.url == "/compte/2fa/recovery-codes/", answer.content.decode()


@pytest.mark.parametrize("area", ["/console/", "/admin/", "/admin/accounts/user/", "/admin/nothing-here/"])
def test_signed_out_is_sent_to_sign_in(client, area):
    answer = client.get(area)
    assert answer.status_code == 302
    assert answer.url.startswith("/compte/login/?next=")


def test_signed_out_search_stays_out_of_the_address(client):
    assert client.get("/admin/accounts/user/?q=camille").url == "/compte/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"


def test_signed_out_post_is_not_come_back_to(client):
    assert client.post("/console/").url == "/compte/login/"


@pytest.mark.parametrize(
    ("role", "area", "enters"),
    [
        (Role.AGENT, "/console/", True),
        (Role.SUPERVISOR, "/console/", True),
        (Role.CUSTODIAN, "/console/", False),
        (Role.ADMINISTRATOR, "/console/", False),
        (Role.AGENT, "/admin/", False),
        (Role.SUPERVISOR, "/admin/", False),
        (Role.CUSTODIAN, "/admin/", False),
        (Role.ADMINISTRATOR, "/admin/", True),
    ],
)
def test_role_decides_who_enters_where(client, role, area, enters):
    user = make_user("u", role, totp=True)
    if user.is_agent:
        Agent.objects.create(user=user, unit=unit(), public_name="U")
    sign_in(client, "u")
    assert (client.get(area).status_code != 403) == enters


def test_without_a_factor_nothing_but_enrolment(client, django_capture_on_commit_callbacks):
    make_user("camille")
    assert sign_in(client, "camille", totp=False).url == "/console/"
    assert client.get("/console/").url == "/compte/2fa/?next=%2Fconsole%2F"
    page = client.get("/compte/2fa/").content.decode()
    assert "Enregistrez un second facteur" in page
    assert client.get("/compte/2fa/recovery-codes/generate/").url == "/compte/2fa/"
    assert client.get("/compte/2fa/webauthn/").url == "/compte/2fa/"
    assert client.get("/compte/2fa/webauthn/add/").status_code == 200

    enrol(client, django_capture_on_commit_callbacks)
    assert client.get("/console/").status_code != 302
    codes = client.get("/compte/2fa/recovery-codes/").content.decode()
    assert "Notez ces codes maintenant" in codes
    again = client.get("/compte/2fa/recovery-codes/").content.decode()
    assert "Notez ces codes maintenant" not in again
    assert recovery_codes(User.objects.get())[0] not in again


def test_temporary_password_is_changed_first(client):
    make_user("camille", totp=True, temporary=True)
    sign_in(client, "camille")
    assert client.get("/console/").url.startswith("/compte/password/change/")
    assert client.get("/compte/2fa/").url == "/compte/password/change/"
    new = {"oldpassword": PASSWORD, "password1": "encore une autre phrase", "password2": "encore une autre phrase"}
    client.post("/compte/password/change/", new)
    assert not User.objects.get().password_is_temporary
    assert client.get("/compte/2fa/").status_code == 200


def test_session_that_never_proved_the_factor_must_prove_it(client, django_capture_on_commit_callbacks):
    """Somebody who signed in with a stolen password before the owner enrolled does not profit from it."""
    make_user("camille")
    thief = Client()
    sign_in(thief, "camille", totp=False)
    sign_in(client, "camille", totp=False)
    enrol(client, django_capture_on_commit_callbacks)
    assert thief.get("/console/").url == "/compte/2fa/reauthenticate/?next=%2Fconsole%2F"
    assert thief.get("/compte/2fa/totp/deactivate/").url == "/compte/2fa/reauthenticate/"
    assert thief.get("/compte/2fa/webauthn/add/").url == "/compte/2fa/reauthenticate/"


def test_reset_factor_stops_open_sessions(client, rf):
    user = make_user("camille", totp=True)
    sign_in(client, "camille")
    assert standing_of(user, client.session) is Standing.COMPLETE
    Authenticator.objects.all().delete()
    assert standing_of(user, client.session) is Standing.TO_ENROL
    assert client.get("/console/").url == "/compte/2fa/?next=%2Fconsole%2F"


def test_deactivated_account_stops_at_once(client):
    user = make_user("camille", totp=True)
    sign_in(client, "camille")
    User.objects.update(is_active=False)
    user.refresh_from_db()
    assert standing_of(user, client.session) is Standing.SIGNED_OUT
    assert client.get("/console/").url.startswith("/compte/login/")


def test_recovery_code_lets_in_once(client, django_capture_on_commit_callbacks):
    make_user("camille")
    sign_in(client, "camille", totp=False)
    enrol(client, django_capture_on_commit_callbacks)
    code = recovery_codes(User.objects.get())[0]
    client.post("/compte/logout/")
    for expected in (302, 200):
        client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
        answer = client.post("/compte/2fa/authenticate/", {"code": code})
        assert answer.status_code == expected
        if expected == 302:
            assert client.get("/console/").status_code != 302
            client.post("/compte/logout/")


def test_enrolment_long_after_the_password_asks_for_it_again(client):
    make_user("camille")
    sign_in(client, "camille", totp=False)
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()
    answer = client.get("/compte/2fa/totp/activate/")
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert client.get(answer.url).status_code == 200
    answer = client.post(answer.url, {"password": PASSWORD})
    assert answer.url == "/compte/2fa/totp/activate/"


def test_removing_the_last_factor_asks_for_another(client, django_capture_on_commit_callbacks):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    answer = client.get("/compte/2fa/totp/deactivate/")
    assert answer.url.startswith(reverse("mfa_reauthenticate"))
    forget_codes()
    client.post(answer.url, {"code": totp_code()})
    assert client.get("/compte/2fa/totp/deactivate/").status_code == 200
    client.post("/compte/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert client.get("/console/").url.startswith("/compte/2fa/")


def test_visitor_pages_cost_no_query(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert refuse(rf.get("/orientation/")) is None


def test_socket_knows_only_who_proved_a_factor(client):
    """The handshake of a socket asks the same question as the pages."""

    def user_of(browser: Client):
        [answer] = identify_passes([Pass(stored_key(browser.cookies["sessionid"].value))])
        return answer and answer.user_id

    user = make_user("camille")
    thief = Client()
    sign_in(thief, "camille", totp=False)
    assert user_of(thief) is None
    enrol_totp(user, SECRET)
    assert user_of(thief) is None
    sign_in(client, "camille")
    assert user_of(client) == user.pk
    User.objects.update(password_is_temporary=True)
    assert user_of(client) is None


def test_code_that_was_refused_is_not_left_in_its_field(client):
    """A code is typed as its thirty seconds end: the next one went behind it, and was refused as well."""
    make_user("camille", totp=True)
    sign_in(client, "camille", totp=False)
    page = client.post("/compte/2fa/authenticate/", {"code": "123456"}).text
    field = re.search(r'<input[^>]*name="code"[^>]*>', page).group(0)
    assert 'aria-invalid="true"' in field and "value=" not in field and 'inputmode="numeric"' in field


@pytest.mark.parametrize("remedy", ["password", "sessions", "role"])
def test_sign_in_that_waits_for_its_code_ends_with_the_sessions(client, remedy):
    """Whoever holds a stolen password and telephone waited there until an administrator had drawn another password, and
    then replaced that one without knowing it.
    """
    user = make_user("camille", totp=True)
    assert sign_in(client, "camille", totp=False).url == "/compte/2fa/authenticate/"
    if remedy == "password":
        user.draw_first_password()
        user.save()
    elif remedy == "sessions":
        user.end_sessions()
    else:
        user.role = Role.SUPERVISOR
        user.save()
    answer = client.post("/compte/2fa/authenticate/", {"code": totp_code()}, follow=True)
    assert answer.redirect_chain == [("/compte/login/", 302)]
    assert "Votre compte a changé entre-temps" in answer.text
    assert "_auth_user_id" not in client.session
    assert client.get("/compte/password/change/").url.startswith("/compte/login/")
    forget_codes()
    if remedy != "password":
        assert sign_in(client, "camille").url == "/console/"


def test_sign_in_that_the_version_before_began_goes_on(client):
    make_user("camille", totp=True)
    sign_in(client, "camille", totp=False)
    session = client.session
    [stage] = [one for one in session["account_login"]["state"]["stages"].values() if "began_as" in str(one)]
    del stage["data"]["began_as"]
    session.save()
    assert client.post("/compte/2fa/authenticate/", {"code": totp_code()}).url == "/console/"
