import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.core import mail, signing
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone

from chat.realtime.authentication import Pass
from common import network_limits
from pnav.accounts import device
from pnav.accounts.forms import TYPED_MAX
from pnav.accounts.models import Role, User
from pnav.errors import too_many
from pnav.server.identity import identify_passes
from pnav.sessions import ENDS_AT, SessionStore, stored_key
from tests.accounts.cast import PASSWORD, forget_codes, make_user, sign_in, totp_code
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def test_login_page_is_in_french_and_asks_for_no_email(client):
    page = client.get("/compte/login/").text
    assert "Identifiant" in page and "Mot de passe" in page
    assert 'name="login"' in page and 'name="password"' in page
    assert "placeholder" not in page and 'name="remember"' not in page


def test_empty_fields_are_said_to_be_needed_and_not_to_be_wrong(client):
    """Firefox tells a screen reader that an empty field with `required` is invalid, before anybody has typed."""
    page = client.get("/compte/login/").text
    assert page.count('aria-required="true"') == 2 and not re.search(r"<input[^>]*\srequired\b", page)
    assert "aria-invalid" not in page
    answer = client.post("/compte/login/", {"login": "", "password": ""})
    assert "Remplissez ce champ : Identifiant." in unescape(answer.text)
    assert answer.text.count('aria-invalid="true"') == 2


def test_login_asks_for_the_code_and_lets_in_after_it(client):
    make_user("camille", totp=True)
    answer = sign_in(client, "camille", totp=False)
    assert answer.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    assert 'name="code"' in client.get(answer.url).text
    answer = client.post(answer.url, {"code": totp_code()})
    assert answer.url == "/console/"
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


@pytest.mark.parametrize(("length", "is_refused"), [(TYPED_MAX, False), (TYPED_MAX + 1, True)])
def test_login_with_a_password_that_nobody_types_is_not_compared(client, caplog, length, is_refused):
    make_user("camille")
    page = client.post("/compte/login/", {"login": "camille", "password": "x" * length}).text
    assert ("event=sign_in_failed" in caplog.text) is not is_refused
    assert ("au plus 512" in page) is is_refused


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
        page = answer.text
        assert "Identifiant ou mot de passe incorrect." in page
        assert "<title>Erreur :" in page.replace("\n", "")
        pages.append(page.replace(username, "X").split("<main")[1].split('name="csrfmiddlewaretoken"')[0])
    assert pages[0] == pages[1]


def test_login_too_many_failures_locks_the_account_not_the_password_alone(client):
    make_user("camille", totp=True)
    for _ in range(5):
        client.post("/compte/login/", {"login": "camille", "password": "faux"})
    assert "tel:119" not in client.get("/compte/login/").text
    page = client.post("/compte/login/", {"login": "camille", "password": PASSWORD}).text
    assert "Trop d'essais" in page.replace("&#x27;", "'")
    # Somebody may be looking for help on this page.
    assert all(number in page for number in ("tel:17", "tel:112", "sms:114", "tel:119"))


def page_past_the_limit_of_the_network(client, monkeypatch) -> str:
    monkeypatch.setattr("pnav.accounts.attempts.SIGN_INS", 1)
    answers = [client.post("/compte/login/", {"login": "camille", "password": "faux"}) for _ in range(2)]
    assert answers[-1].status_code == 429
    return answers[-1].text.partition("<main")[2].partition("</main")[0]


def test_login_limit_of_the_network_leads_back_to_the_passkey_and_to_help(client, monkeypatch):
    page = page_past_the_limit_of_the_network(client, monkeypatch)
    assert 'href="/compte/login/"' in page and client.get("/compte/login/").status_code == 200
    assert f'href="{reverse("triage:start")}"' in page
    assert all(number in page for number in ("tel:17", "tel:112", "sms:114", "tel:119"))


def test_login_limit_of_the_network_in_english_leaves_no_french(client, settings, monkeypatch):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = page_past_the_limit_of_the_network(client, monkeypatch)
    assert "If you are in danger" in page and "Under 18" in page
    assert not any(word in page for word in ("appelez", "Attendez", "Revenir", "commencer"))


def test_login_page_past_the_limit_names_no_help_to_who_is_signed_in(client, rf):
    request = rf.post("/compte/password/change/")
    request.user, request.session = make_user("camille", totp=True), client.session
    page = too_many(request).text.partition("<main")[2].partition("</main")[0]
    assert 'href="/compte/2fa/"' in page and "tel:" not in page


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    """Let no two networks share a bucket.

    Buckets hang on a key of the day: of eleven networks, one day in 300 two do.
    """
    known: dict[str, int] = {}
    monkeypatch.setattr(network_limits, "bucket_of", lambda network, _day: known.setdefault(network, len(known)))


def is_locked(client, login="camille", *, typed="faux", **extra) -> bool:
    answer = client.post("/compte/login/", {"login": login, "password": typed}, **extra)
    return "Trop d'essais" in answer.text.replace("&#x27;", "'")


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


def test_login_failures_of_one_household_count_together_whatever_its_lines(client):
    """A fresh /64 for each try: the /56 of a household has twice as many as one line."""
    make_user("camille", totp=True)
    locked = [is_locked(client, REMOTE_ADDR=f"2001:db8:0:ff{number:02x}::1") for number in range(12)]
    assert locked == [False] * 10 + [True] * 2


def test_sign_ins_of_one_household_count_together_whatever_its_lines(monkeypatch):
    quiet = replace(network_limits.SIGN_INS, name="sign-ins-without-noise", noise=0)  # a large noise allows more
    monkeypatch.setattr(network_limits, "SIGN_INS", quiet)
    monkeypatch.setattr("pnav.accounts.attempts.SIGN_INS", 2)
    statuses = [
        Client(REMOTE_ADDR=f"2001:db8:0:ff{number:02x}::1").post("/compte/login/", {"login": "x", "password": "y"})
        for number in range(6)
    ]
    assert [answer.status_code for answer in statuses] == [200] * 4 + [429] * 2


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
    assert "Trop d'essais" in page.text.replace("&#x27;", "'")


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

    from tests.accounts.cast import SECRET

    make_user("camille", totp=True)
    assert SECRET not in str(Authenticator.objects.get().data)


def test_inactive_account_does_not_enter(client):
    make_user("camille", totp=True)
    User.objects.update(is_active=False)
    answer = sign_in(client, "camille", totp=False)
    assert "_auth_user_id" not in client.session
    assert answer.status_code == 302 and answer.url == "/compte/inactive/"
    assert "désactivé" in client.get(answer.url).text


def test_login_new_key_and_end_after_twelve_hours(client):
    make_user("camille", totp=True)
    client.get("/compte/login/")
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    before = client.cookies["sessionid"].value
    client.post("/compte/2fa/authenticate/", {"code": totp_code()})
    cookie = client.cookies["sessionid"]
    assert cookie.value != before and not SessionStore().exists(before)
    assert cookie["max-age"] == "" and cookie["httponly"]
    assert timedelta(minutes=29) < Session.objects.get().expire_date - timezone.now() <= timedelta(minutes=30)
    end = datetime.fromtimestamp(client.session[ENDS_AT], UTC)
    assert timedelta(hours=11, minutes=59) < end - timezone.now() <= timedelta(hours=12)


def test_session_of_an_account_lasts_while_it_is_used_and_never_longer_than_the_shift(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    rows = Session.objects.all()

    def leave(minutes: int) -> None:
        rows.update(expire_date=F("expire_date") - timedelta(minutes=minutes))

    leave(5)
    before = rows.get().expire_date
    client.get("/compte/2fa/")
    assert rows.get().expire_date == before  # the page does not write to the session each time
    leave(20)
    client.get("/compte/2fa/")
    assert rows.get().expire_date - timezone.now() > timedelta(minutes=29)
    # Near the end of the shift, neither a page nor a change of the session moves the end.
    session = client.session
    session[ENDS_AT] = (timezone.now() + timedelta(minutes=3)).timestamp()
    session.set_expiry(timedelta(days=3))
    session.save()
    client.get("/compte/2fa/")
    assert rows.get().expire_date - timezone.now() <= timedelta(minutes=3)


def test_session_of_an_account_that_nobody_uses_ends(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    Session.objects.update(expire_date=F("expire_date") - timedelta(minutes=30))
    assert client.get("/compte/2fa/").url.startswith("/compte/login/")


ENDED = "Votre session a pris fin"
NOT_KEPT = "n'est pas enregistré"


def after_its_end(client: Client) -> None:
    make_user("camille", Role.CUSTODIAN, totp=True)
    sign_in(client, "camille")
    client.get("/compte/2fa/")
    Session.objects.all().delete()


@pytest.mark.parametrize("path", ["/levees/", "/compte/2fa/"])
def test_sign_in_says_that_the_session_has_ended_once_and_to_whom_it_was(client, path):
    after_its_end(client)
    page = client.get(path, follow=True).text
    assert ENDED in page and NOT_KEPT not in page.replace("&#x27;", "'")
    assert ENDED not in client.get(path, follow=True).text  # the cookie is gone, and the reason with it
    assert ENDED not in Client().get(path, follow=True).text


def test_sign_in_says_that_what_was_sent_after_the_end_is_not_kept(client):
    after_its_end(client)
    page = client.post("/levees/", {"motive": "Menaces de mort"}, follow=True).text.replace("&#x27;", "'")
    assert ENDED in page and NOT_KEPT in page
    assert "Menaces" not in page + str(client.cookies)
    assert not Session.objects.exists()  # the session does not exist anywhere


def test_who_signed_out_is_told_of_no_end(client):
    make_user("camille", Role.CUSTODIAN, totp=True)
    sign_in(client, "camille")
    client.post("/compte/logout/")
    assert ENDED not in client.get("/levees/", follow=True).text


def test_reason_waits_for_somebody_who_looks(client):
    """A page's own script is led to the sign-in first, and shows nothing of it."""
    after_its_end(client)
    assert ENDED not in client.get("/levees/", follow=True, headers={"Sec-Fetch-Mode": "cors"}).text
    assert ENDED in client.get("/levees/", follow=True, headers={"Sec-Fetch-Mode": "navigate"}).text


def test_reason_waits_once_however_often_it_was_given():
    """Thousands of it make a small cookie, and a page that takes long to draw each time that cookie is sent."""
    client = Client()
    for _ in range(3):
        client.cookies["sessionid"] = "a" * 32  # a key that was made up
        client.get("/levees/")
    assert client.get("/").text.count(ENDED) == 1


def test_page_asks_whether_its_session_lives_and_gets_the_token_of_now():
    client = Client(enforce_csrf_checks=True)

    def asks() -> HttpResponse:
        return client.get("/compte/session/", headers={"Accept": "application/json"})

    assert (asks().status_code, asks().json()) == (401, {})
    user = make_user("camille", Role.CUSTODIAN, totp=True)
    client.force_login(user)
    assert asks().json()["is_complete"] is False  # the second factor is missing
    known = asks().json()
    assert known["account"] == user.pk
    assert client.post("/compte/logout/", {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert client.post("/compte/logout/", {"csrfmiddlewaretoken": known["token"]}).status_code == 302
    assert asks().status_code == 401


def test_sign_in_forgets_the_visit_of_this_browser(client):
    make_user("camille", totp=True)
    session = client.session
    visit = {"reports.report": str(make.report().public_id), "reports.generation": 0, "reports.effort": {}}
    session.update({**visit, "reports.submission": "x", "triage": {}, "locations": {}})
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client, "camille")
    assert client.session["_auth_user_id"]
    assert not {key for key in dict(client.session.items()) if key.startswith(("reports", "triage", "locations"))}


def test_visitor_pages_do_not_prolong_the_session_of_an_account(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    Session.objects.update(expire_date=F("expire_date") - timedelta(minutes=20))
    before = Session.objects.get().expire_date
    client.get("/accessibilite/")
    assert Session.objects.get().expire_date == before


def test_visit_keeps_its_day(client):
    session = client.session
    session["triage"] = {"answers": {}}
    session.save()
    assert Session.objects.get().expire_date - timezone.now() > timedelta(hours=23)


def test_first_login_without_a_factor_also_ends_with_the_shift(client):
    make_user("camille")
    sign_in(client, "camille", totp=False)
    assert Session.objects.get().expire_date - timezone.now() <= timedelta(minutes=30)
    assert client.session[ENDS_AT] - timezone.now().timestamp() <= 12 * 3600


@pytest.mark.parametrize("change", [{"role": Role.SUPERVISOR}, {"session_generation": 1}])
def test_another_role_or_generation_ends_the_sessions(client, change):
    user = make_user("camille", totp=True)
    sign_in(client, "camille")
    for name, value in change.items():
        setattr(user, name, value)
    [before] = identify_passes([Pass(stored_key(client.cookies["sessionid"].value))])
    assert before.user_id == user.pk
    user.save()
    [after] = identify_passes([before.pass_])  # the socket gets the same answer
    assert after.user_id is None
    assert client.get("/compte/2fa/").url.startswith("/compte/login/")


def test_one_ends_ones_other_sessions_and_stays(client):
    make_user("camille", totp=True)
    other = Client()
    sign_in(other, "camille")
    forget_codes()
    sign_in(client, "camille")
    key = client.cookies["sessionid"].value
    assert client.get("/compte/sessions/fermer/").status_code == 405
    answer = client.post("/compte/sessions/fermer/", follow=True)
    assert "Vos autres sessions sont fermées." in answer.text
    assert client.cookies["sessionid"].value != key
    assert client.get("/compte/2fa/").status_code == 200
    assert other.get("/compte/2fa/").url.startswith("/compte/login/")


# --- a device that is known ---------------------------------------------------------------------------------------


def fail_everywhere(login: str = "camille") -> None:
    """Lock an account for strangers, as an attacker does who knows a name and has many addresses."""
    stranger = Client()
    for number in range(51):
        is_locked(stranger, login, REMOTE_ADDR=f"198.51.100.{number // 5}")
    assert is_locked(stranger, login, typed=PASSWORD, REMOTE_ADDR="203.0.113.7")


def test_device_cookie_comes_with_the_whole_sign_in_only(client):
    user = make_user("camille", totp=True)
    sign_in(client, "camille", totp=False)
    assert device.COOKIE not in client.cookies
    client.post("/compte/2fa/authenticate/", {"code": totp_code()})
    cookie = client.cookies[device.COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["max-age"] == 90 * 86400
    value = signing.loads(cookie.value, salt=device.SALT)
    assert value["accounts"] == [device.account_key(user.username)] and "camille" not in cookie.value
    fresh = Client()
    make_user("nouvelle")
    sign_in(fresh, "nouvelle", totp=False)  # signed in, but without a factor yet
    assert device.COOKIE not in fresh.cookies


def test_attacker_with_many_addresses_does_not_shut_the_owner_out(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    client.post("/compte/logout/")
    fail_everywhere()
    # From whichever address the device comes now.
    assert not is_locked(client, typed=PASSWORD, REMOTE_ADDR="203.0.113.9")
    assert client.get("/compte/2fa/authenticate/").status_code == 200


def test_attacker_on_the_same_network_does_not_shut_the_owner_out(client, monkeypatch):
    monkeypatch.setattr("pnav.accounts.attempts.SIGN_INS", 8)
    monkeypatch.setattr("pnav.accounts.attempts.FAILURES", 6)
    make_user("camille", totp=True)
    sign_in(client, "camille")
    client.post("/compte/logout/")
    stranger = Client()
    answers = [stranger.post("/compte/login/", {"login": "camille", "password": "faux"}) for _ in range(10)]
    assert answers[-1].status_code == 429  # the address has used up its allowance for unknown devices
    assert client.post("/compte/login/", {"login": "camille", "password": PASSWORD}).url == "/compte/2fa/authenticate/"


def test_guessing_from_a_known_device_stays_bounded_and_locks_that_device_alone(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    client.post("/compte/logout/")
    assert [is_locked(client, REMOTE_ADDR=f"198.51.100.{number}") for number in range(6)] == [False] * 5 + [True]
    assert not is_locked(Client(), typed=PASSWORD)


def test_device_of_one_account_is_a_stranger_to_another(client):
    make_user("collegue", totp=True)
    make_user("camille", totp=True)
    sign_in(client, "collegue")
    client.post("/compte/logout/")
    fail_everywhere()
    assert is_locked(client, typed=PASSWORD)


@pytest.mark.parametrize("forged", ["", "x", "eyJpZCI6IngiLCJhY2NvdW50cyI6W119:x:y"])
def test_forged_device_cookie_is_none(client, forged):
    make_user("camille", totp=True)
    fail_everywhere()
    client.cookies[device.COOKIE] = forged
    assert is_locked(client, typed=PASSWORD)


def test_old_device_cookie_is_none(rf, monkeypatch):
    request = rf.get("/")
    answer = HttpResponse()
    device.remember(request, answer, "camille")
    request.COOKIES[device.COOKIE] = answer.cookies[device.COOKIE].value
    assert device.known(request).accounts == (device.account_key("camille"),)
    later = time.time() + 91 * 86400
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert device.known(request) == device.Device()


def test_shared_post_remembers_its_team_within_a_cookie(rf):
    request = rf.get("/")
    for number in range(25):
        answer = HttpResponse()
        device.remember(request, answer, f"agent{number}")
        request.COOKIES[device.COOKIE] = answer.cookies[device.COOKIE].value
    kept = device.known(request)
    assert len(kept.accounts) == 20 and device.account_key("agent24") in kept.accounts
    assert device.account_key("agent0") not in kept.accounts
    assert len(request.COOKIES[device.COOKIE]) < 2000


def test_sign_out_asks_then_ends_the_session(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    assert "Se déconnecter" in client.get("/compte/logout/").text
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
    assert "différent" in same.text
    assert "12 caractères" in short.text
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


def test_passkey_is_counted_by_no_network(client):
    """What others do behind the same address does not take the best way in from anybody."""
    answers = {client.post("/compte/2fa/webauthn/login/", {"credential": "{}"}).status_code for _time in range(130)}
    assert 429 not in answers
