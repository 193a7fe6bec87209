"""The secret of a second factor opens only for its account."""

import base64
from importlib import import_module

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import transaction

from common import encryption
from common.encryption import UnsealError
from pnav.accounts.second_factor import named_account, of_account
from tests.accounts.cast import PASSWORD, make_user, recovery_codes, sign_in, totp_code

pytestmark = pytest.mark.django_db
migration = import_module("pnav.accounts.migrations.0007_bound_second_factors")


@transaction.atomic
def migrate(step) -> None:
    """Run a step as `manage.py migrate` does."""
    step(apps, None)


NEXT = "next:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


def factor(user, kind: str = "totp") -> Authenticator:
    return Authenticator.objects.get(user=user, type=kind)


@pytest.mark.parametrize(("kind", "field"), [("totp", "secret"), ("recovery_codes", "seed")])
def test_secret_in_the_row_of_another_does_not_open(client, told, kind, field):
    """It is what an intruder in the database would do: give an account their own encrypted code."""
    thief, owner = make_user("voleur", totp=True), make_user("camille", totp=True)
    for user in (thief, owner):
        recovery_codes(user)
    row = factor(owner, kind)
    row.data[field] = factor(thief, kind).data[field]
    row.save()
    with of_account(owner.pk), pytest.raises(UnsealError):
        get_adapter().decrypt(row.data[field])
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    code = totp_code() if kind == "totp" else recovery_codes(thief)[0]
    assert client.post("/compte/2fa/authenticate/", {"code": code}).status_code == 200
    assert client.get("/console/").url.startswith("/compte/login/")
    assert told() == [f"factor_unreadable account={owner.pk}"]


def test_moved_row_does_not_open_either(client, told):
    thief, owner = make_user("voleur", totp=True), make_user("camille")
    Authenticator.objects.filter(user=thief).update(user=owner)
    client.post("/compte/login/", {"login": "camille", "password": PASSWORD})
    assert client.post("/compte/2fa/authenticate/", {"code": totp_code()}).status_code == 200
    assert client.get("/console/").url.startswith("/compte/login/")
    assert told() == [f"factor_unreadable account={owner.pk}"]


def test_nobody_s_secret_is_neither_sealed_nor_opened():
    with pytest.raises(LookupError):
        get_adapter().encrypt("JBSWY3DP")


def test_account_that_is_named_is_so_for_a_moment():
    with of_account(1):
        with of_account(2):
            assert named_account() == 2
        assert named_account() == 1
    assert named_account() is None


def loosen(user, kind: str, field: str) -> str:
    """Put a secret back as it was sealed before, and return it."""
    row = factor(user, kind)
    with of_account(user.pk):
        secret = get_adapter().decrypt(row.data[field])
    row.data[field] = base64.b64encode(encryption.seal(secret, context="second-factor")).decode()
    row.save()
    return secret


def test_migration_binds_what_is_loose_and_can_be_run_again(client):
    user, other = make_user("camille", totp=True), make_user("autre", totp=True)
    codes = recovery_codes(user)
    loosen(user, "totp", "secret")
    loosen(user, "recovery_codes", "seed")
    untouched = factor(other).data
    migrate(migration.bind)
    once = factor(user).data
    assert recovery_codes(user) == codes
    migrate(migration.bind)
    assert factor(user).data == once and factor(other).data == untouched, "what is bound is left as it is"
    assert sign_in(client, "camille").status_code == 302
    assert client.get("/compte/2fa/").status_code == 200


def test_migration_goes_back():
    user = make_user("camille", totp=True)
    migrate(migration.loosen)
    sealed = base64.b64decode(factor(user).data["secret"])
    assert encryption.unseal(sealed, context="second-factor")
    with pytest.raises(UnsealError):
        encryption.unseal(sealed, context=f"second-factor:{user.pk}")


def test_migration_leaves_what_no_key_opens_and_says_how_many(settings, capsys):
    user = make_user("camille", totp=True)
    loosen(user, "totp", "secret")
    before = factor(user).data
    settings.CONTENT_KEYS = NEXT
    migrate(migration.bind)
    assert factor(user).data == before
    assert capsys.readouterr().out.startswith("1 second factor(s)")
