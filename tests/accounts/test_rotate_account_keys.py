import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command

from common.encryption import UnsealError
from pnav.accounts.models import User
from pnav.accounts.second_factor import of_account
from tests.accounts.cast import make_user, recovery_codes, totp_code

pytestmark = pytest.mark.django_db

NEXT = "next:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


def is_code_of(user: User) -> bool:
    with of_account(user.pk):
        return Authenticator.objects.get(user=user, type="totp").wrap().validate_code(totp_code())


@pytest.fixture
def codes():
    """Return an agent with both kinds of secrets; the recovery codes as they were given."""
    user = make_user("camille", totp=True)
    return recovery_codes(user)


def test_rotate_account_keys_lets_the_old_key_go(codes, settings, capsys):
    settings.CONTENT_KEYS = f"{NEXT},{settings.CONTENT_KEYS}"
    call_command("rotate_account_keys")
    assert "2 second(s) facteur(s) rechiffré(s)" in capsys.readouterr().out
    settings.CONTENT_KEYS = NEXT
    assert is_code_of(User.objects.get())
    assert recovery_codes(User.objects.get()) == codes
    call_command("rotate_account_keys")
    assert "0 second(s)" in capsys.readouterr().out


def test_rotate_account_keys_dry_run_changes_nothing(codes, settings, capsys):
    settings.CONTENT_KEYS = f"{NEXT},{settings.CONTENT_KEYS}"
    call_command("rotate_account_keys", "--dry-run")
    assert "2 second(s) facteur(s) à rechiffrer" in capsys.readouterr().out
    settings.CONTENT_KEYS = NEXT
    with pytest.raises(UnsealError):
        is_code_of(User.objects.get())
