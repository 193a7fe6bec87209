"""First passwords are random, and expire."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from common import slow_hashes
from pnav.accounts.models import FIRST_PASSWORD_DAYS, User
from pnav.accounts.passwords.validators import unforeseen_part
from pnav.accounts.second_factor import PASSWORD_SECONDS
from pnav.demo.cast import create_cast, new_secrets
from tests.accounts.cast import PASSWORD, give_session, make_user, sign_in

pytestmark = pytest.mark.django_db
ENDED = "Ce mot de passe provisoire n'est plus valable"
WRONG = "Identifiant ou mot de passe incorrect."


def late(user: User) -> None:
    User.objects.filter(pk=user.pk).update(first_password_until=timezone.now() - timedelta(seconds=1))


def text_of(answer) -> str:
    return answer.text.replace("&#x27;", "'")


def test_draw_first_password_is_another_each_time_and_a_good_one():
    drawn = set()
    for _time in range(50):
        user = User(username="camille")
        user.draw_first_password()
        drawn.add(user.drawn_password)
        assert check_password(user.drawn_password, user.password) and user.password_is_temporary
        assert len(user.drawn_password.replace("-", "")) == 16 and len(unforeseen_part(user.drawn_password)) >= 8
        left = user.first_password_until - timezone.now()
        assert timedelta(days=FIRST_PASSWORD_DAYS) - left < timedelta(minutes=1)
    assert len(drawn) == 50


def test_drawn_password_waits_for_no_thread_of_low_priority_and_any_other_does(settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["pnav.accounts.passwords.hashers.PBKDF2PasswordHasher"]
    waited = []
    monkeypatch.setattr(slow_hashes, "compute", lambda hash_of, *given: waited.append(given) or hash_of(*given))
    user = User(username="camille")
    user.draw_first_password()
    assert waited == [], "a sheet draws five hundred of them"
    assert check_password(user.drawn_password, user.password) and waited == []
    assert not check_password("une autre phrase", user.password)
    assert len(waited) == 1, "a wrong try takes as long as at any other account"
    make_password("une autre phrase")
    assert len(waited) == 2


def test_five_hundred_drawn_passwords_are_not_estimated(monkeypatch):
    monkeypatch.setattr("pnav.accounts.passwords.validators.guesses_log10", lambda *_given: pytest.fail("an estimate"))
    User(username="camille").draw_first_password()
    rows = iter("aaaabbbbccccdddd" + "k7mq2xw9tzr4hvb5")
    assert User(username="camille").first_password_of(rows) == "k7mq-2xw9-tzr4-hvb5", "a row is drawn again"


def test_draw_again_on_the_same_account_is_another():
    user = User(username="camille")
    user.draw_first_password()
    first = user.drawn_password
    user.draw_first_password()
    assert user.drawn_password != first and not user.check_password(first)


def test_first_password_in_time_lets_in_and_is_changed(client):
    user = make_user("camille", temporary=True)
    assert sign_in(client, "camille", totp=False).status_code == 302
    assert "oldpassword" not in client.get("/compte/password/change/").text
    new = {"password1": "encore une autre phrase", "password2": "encore une autre phrase"}
    client.post("/compte/password/change/", new)
    user.refresh_from_db()
    assert not user.password_is_temporary and user.first_password_until is None
    # The form asks for the password that the account has.
    assert "oldpassword" in client.get("/compte/password/change/").text


def test_first_password_is_not_kept_as_ones_own(client):
    user = make_user("camille", temporary=True)
    sign_in(client, "camille", totp=False)
    answer = client.post("/compte/password/change/", {"password1": PASSWORD, "password2": PASSWORD})
    assert "différent de l'actuel" in text_of(answer)
    user.refresh_from_db()
    assert user.password_is_temporary


def test_first_password_is_asked_for_again_after_a_while_or_by_another_way(client):
    """Whoever finds an open session does not give the account a password."""
    user = make_user("camille", temporary=True)
    sign_in(client, "camille", totp=False)
    session = client.session
    session["account_authentication_methods"][0]["at"] -= PASSWORD_SECONDS
    session.save()
    new = {"password1": "encore une autre phrase", "password2": "encore une autre phrase"}
    assert "oldpassword" in client.post("/compte/password/change/", new).context["form"].errors
    user.refresh_from_db()
    assert user.password_is_temporary
    client.post("/compte/password/change/", {"oldpassword": PASSWORD} | new)
    user.refresh_from_db()
    assert not user.password_is_temporary


def test_first_password_that_ended_opens_nothing_and_says_so(client, told):
    late(make_user("camille", temporary=True))
    answer = sign_in(client, "camille", totp=False)
    assert answer.status_code == 200 and ENDED in text_of(answer) and WRONG not in text_of(answer)
    assert client.get("/compte/2fa/").url.startswith("/compte/login/")
    assert told() == [f"first_password_ended account={User.objects.get().pk}"]


def test_whoever_does_not_know_it_learns_nothing(client):
    """Another page, or another time, would tell which accounts are not used yet: the hash is made before the date is
    looked at."""
    late(make_user("camille", temporary=True))
    wrong = client.post("/compte/login/", {"login": "camille", "password": "faux"})
    nobody = client.post("/compte/login/", {"login": "personne", "password": "faux"})
    assert ENDED not in text_of(wrong) and WRONG in text_of(wrong) and WRONG in text_of(nobody)
    assert wrong.status_code == nobody.status_code


def test_password_of_ones_own_has_no_end(client):
    user = make_user("camille", totp=True)
    assert not user.first_password_has_ended(timezone.now() + timedelta(days=4000))


def test_provisional_without_a_date_has_ended():
    assert User(password_is_temporary=True).first_password_has_ended(timezone.now())


def test_session_that_came_otherwise_makes_no_password_of_one_that_ended(client):
    user = make_user("camille", temporary=True)
    sign_in(client, "camille", totp=False)
    late(user)
    new = {"oldpassword": PASSWORD, "password1": "encore une autre phrase", "password2": "encore une autre phrase"}
    assert ENDED in text_of(client.post("/compte/password/change/", new))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_database_keeps_a_date_for_first_passwords_alone():
    user = make_user("camille")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(first_password_until=timezone.now())


def test_operator_and_demonstration_choose_theirs(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, username="chef", email="")
    create_cast(new_secrets())
    assert User.objects.count() > 5
    assert not User.objects.filter(password_is_temporary=True).exists()
    assert not any(user.first_password_has_ended(timezone.now()) for user in User.objects.all())


def test_weak_new_password_leaves_whoever_came_by_passkey_signed_in(client):
    """A drawn password is hashed anew when it is compared, and this session carries the hash from before."""
    user = make_user("camille", totp=True)
    user.draw_first_password()
    user.save()
    give_session(client, user)
    where = "/compte/password/change/"
    typed = {"oldpassword": user.drawn_password, "password1": "court", "password2": "court"}
    before = user.password
    assert client.post(where, typed).status_code == 200
    user.refresh_from_db()
    assert user.password != before and user.password_is_temporary
    assert client.get(where).status_code == 200
    new = "encore une autre phrase"
    assert client.post(where, typed | {"password1": new, "password2": new}).status_code == 302
    user.refresh_from_db()
    assert user.check_password(new) and client.get("/compte/2fa/").status_code == 200
