"""Sensitive acts ask for a new proof of identity when the last one is old."""

import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from chat.models import Unit
from locations.models import Force
from pnav.accounts.models import Role, User
from pnav.accounts.reauthentication import Proved, ask_again, last_proof, recently_proved
from pnav.sessions import SessionStore
from tests.accounts.cast import PASSWORD, forget_codes, make_user, recovery_codes, sign_in, totp_code
from tests.factories import chat as make

pytestmark = pytest.mark.django_db
ADD = "/admin/accounts/user/add/"


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    sign_in(client, "chef")
    return user


def age(client, minutes: float) -> None:
    """Make the proofs of this session so much older."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= minutes * 60
    session.save()


def is_asked(answer) -> bool:
    return answer.status_code == 302 and "reauthenticate" in answer.url


def new_account() -> dict[str, str]:
    forms = ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS")
    inline = {f"{of}-{name}": "0" for of in ("agent", "unit_account") for name in forms}
    return {
        **inline, "agent-MAX_NUM_FORMS": "1", "username": "nouvelle", "role": "custodian",
    }  # fmt: skip


def test_right_after_signing_in_nothing_more_is_asked(client, chief):
    assert client.get(ADD).status_code == 200
    assert client.post(ADD, new_account()).status_code == 200
    assert User.objects.filter(username="nouvelle").exists()


@pytest.mark.parametrize("page", ["webauthn/add/", "totp/activate/", "recovery-codes/", "recovery-codes/generate/"])
def test_sign_in_is_no_proof_to_add_a_factor_or_to_see_codes(client, page):
    """Whoever took a session right after its sign-in would enter by a factor of their own, and take the others away."""
    user = make_user("camille", Role.CUSTODIAN)
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    client.post("/compte/2fa/authenticate/", {"code": recovery_codes(user)[0]})
    assert client.get("/compte/2fa/").status_code == 200, "signed in"
    assert is_asked(client.get(f"/compte/2fa/{page}"))


def test_old_proof_asks_again_then_leads_back(client, chief):
    age(client, 6)
    asked = client.get(ADD)
    assert asked.url == "/compte/2fa/reauthenticate/?next=%2Fadmin%2Faccounts%2Fuser%2Fadd%2F"
    forget_codes()
    back = client.post(asked.url, {"code": totp_code()})
    assert back.url == ADD
    assert client.get(ADD).status_code == 200


def test_each_proof_gives_the_session_another_key(client, chief):
    """Whoever took the key before is out; the browser that proved it goes on where it was."""
    thief = Client()
    thief.cookies["sessionid"] = before = client.cookies["sessionid"].value
    assert thief.get("/admin/").status_code == 200
    age(client, 6)
    forget_codes()
    client.post(client.get(ADD).url, {"code": totp_code()})
    assert client.cookies["sessionid"].value != before
    assert client.get(ADD).status_code == 200
    late = thief.get("/admin/")
    assert late.url.startswith("/compte/login/")
    assert "sessionid" not in late.cookies, "a page on its way does not take the new cookie out of the browser"


def test_page_on_its_way_does_not_bring_the_old_key_back(client, chief):
    """Whoever took the key asks again and again for a page that writes to the session: one of them is on its way while
    the owner proves who they are, and all that the session held would lie under the old key again."""
    old = client.cookies["sessionid"].value
    age(client, 6)
    forget_codes()
    late = SessionStore(old)
    late["challenge"] = "of the thief's page, which has read the session by now"
    client.post(client.get(ADD).url, {"code": totp_code()})
    assert client.cookies["sessionid"].value != old
    with pytest.raises(UpdateError):
        late.save()
    thief = Client()
    thief.cookies["sessionid"] = old
    assert client.get(ADD).status_code == 200
    assert thief.get("/admin/").url.startswith("/compte/login/")


def test_password_given_again_and_new_factor_give_another_key(client, django_capture_on_commit_callbacks):
    make_user("camille")
    sign_in(client, "camille", totp=False)
    keys = [client.cookies["sessionid"].value]
    age(client, 60)
    client.post("/compte/reauthenticate/", {"password": PASSWORD})
    keys.append(client.cookies["sessionid"].value)
    client.get("/compte/2fa/totp/activate/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/compte/2fa/totp/activate/", {"code": totp_code(client.session["mfa.totp.secret"])})
    keys.append(client.cookies["sessionid"].value)
    assert len(set(keys)) == 3
    assert client.get("/compte/2fa/recovery-codes/").status_code == 200


def test_wrong_proof_keeps_the_key(client, chief):
    age(client, 6)
    before = client.cookies["sessionid"].value
    assert client.post(client.get(ADD).url, {"code": "000000"}).status_code == 200
    assert client.cookies["sessionid"].value == before
    assert is_asked(client.get(ADD))


def test_form_that_was_open_may_be_sent_a_little_longer(client, chief):
    client.get(ADD)
    age(client, 10)
    assert client.post(ADD, new_account()).status_code == 200
    assert User.objects.filter(username="nouvelle").exists()


def test_form_sent_too_late_does_nothing(client, chief):
    age(client, 16)
    answer = client.post(ADD, new_account(), follow=True)
    assert "Rien n'est encore fait" in answer.content.decode().replace("&#x27;", "'")
    assert not User.objects.filter(username="nouvelle").exists()


@pytest.mark.parametrize("act", ["change", "agent", "on_call", "password", "reset", "delete_unit", "delete_units"])
def test_each_sensitive_act_asks(client, chief, act):
    other = make_user("autre", totp=True)
    unit = Unit.objects.create(name="Brigade de Rennes", force=Force.GENDARMERIE)
    agent = make.agent()
    age(client, 60)
    users, units = reverse("admin:accounts_user_changelist"), reverse("admin:chat_unit_changelist")
    chosen = {"_selected_action": other.pk, "action": "reset_second_factor", "confirmed": "1"}
    answer = {
        "change": lambda: client.get(reverse("admin:accounts_user_change", args=[other.pk])),
        "agent": lambda: client.get(reverse("admin:chat_agent_change", args=[agent.pk])),
        "on_call": lambda: client.get(reverse("admin:chat_oncall_add")),
        "password": lambda: client.get(reverse("admin:auth_user_password_change", args=[other.pk])),
        "reset": lambda: client.post(users, chosen),
        "delete_unit": lambda: client.post(reverse("admin:chat_unit_delete", args=[unit.pk]), {"post": "yes"}),
        "delete_units": lambda: client.post(
            units, {"_selected_action": unit.pk, "action": "delete_selected", "post": "yes"}
        ),
    }[act]()
    assert is_asked(answer)
    assert Unit.objects.filter(pk=unit.pk).exists() and other.authenticator_set.exists()


def test_looking_asks_nothing(client, chief):
    age(client, 600)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 200
    assert client.get("/admin/chat/unit/add/").status_code == 200


def test_every_class_of_the_admin_asks_before_it_deletes():
    assert all(isinstance(model_admin, Proved) for model_admin in admin.site._registry.values())


def test_a_first_password_alone_is_no_proof(client):
    make_user("camille", totp=True)
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    request = client.get("/compte/2fa/authenticate/").wsgi_request
    request.user = User.objects.get()
    assert last_proof(request) == 0.0


def test_a_password_alone_is_no_proof_of_who_has_a_factor(client, chief):
    age(client, 60)
    answer = client.post("/compte/reauthenticate/", {"password": PASSWORD, "next": ADD})
    assert answer.url == "/compte/2fa/reauthenticate/?next=%2Fadmin%2Faccounts%2Fuser%2Fadd%2F"
    assert is_asked(client.get(ADD))
    assert client.get("/compte/2fa/webauthn/add/").url.startswith("/compte/2fa/reauthenticate/"), "nor to add a factor"
    assert "/compte/reauthenticate/" not in client.get("/compte/2fa/reauthenticate/").text, "it is not offered"


def test_a_password_given_again_with_a_factor_counts_for_nothing(client, chief):
    request = client.get("/admin/").wsgi_request
    record = {"method": "password", "at": time.time(), "reauthenticated": True}
    request.session["account_authentication_methods"] = [record]
    assert last_proof(request) == 0.0
    chief.authenticator_set.all().delete()
    assert last_proof(request) == record["at"]


def test_passkey_is_asked_for_before_a_code(client, chief):
    from allauth.mfa.models import Authenticator

    Authenticator.objects.create(user=chief, type=Authenticator.Type.WEBAUTHN, data={"name": "clé", "credential": {}})
    age(client, 60)
    assert client.get(ADD).url.startswith("/compte/2fa/webauthn/reauthenticate/")
    assert client.get("/compte/2fa/totp/activate/").url.startswith("/compte/2fa/webauthn/reauthenticate/"), "allauth's"


def test_session_that_proved_a_key_that_is_gone_is_asked_for_another_key_before_a_code(client, chief):
    from allauth.mfa.models import Authenticator

    chief.authenticator_set.all().delete()
    Authenticator.objects.create(user=chief, type=Authenticator.Type.WEBAUTHN, data={"name": "clé", "credential": {}})
    for page in (ADD, "/compte/2fa/"):
        assert client.get(page).url.startswith("/compte/2fa/webauthn/reauthenticate/"), page


def test_nobody_passes_who_has_nothing_to_prove_it_with(client, chief):
    request = client.get("/admin/").wsgi_request
    chief.set_unusable_password()
    chief.authenticator_set.all().delete()
    request.user = chief
    request.session["account_authentication_methods"] = []
    with pytest.raises(PermissionDenied):
        ask_again(request)


def test_recently_proved_stands_before_any_view(client, chief):
    @recently_proved
    def view(request, number):
        return HttpResponse(str(number))

    request = client.get("/admin/").wsgi_request
    assert view(request, 3).content == b"3"
    request.session["account_authentication_methods"][-1]["at"] = time.time() - 301
    assert is_asked(view(request, 3))
