import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.management import call_command

from reports.keyring import UnsealError

from .cast import make_user, totp_code

pytestmark = pytest.mark.django_db

NEXT = "next:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


@pytest.fixture
def codes():
    """An agent with both kinds of secrets; the recovery codes as they were given."""
    user = make_user("camille", totp=True)
    return RecoveryCodes.activate(user).generate_codes()


def test_rotate_account_keys_lets_the_old_key_go(codes, settings, capsys):
    settings.CONTENT_KEYS = f"{NEXT},{settings.CONTENT_KEYS}"
    call_command("rotate_account_keys")
    assert "2 second(s) facteur(s) rechiffré(s)" in capsys.readouterr().out
    settings.CONTENT_KEYS = NEXT
    totp, recovery = Authenticator.objects.get(type="totp"), Authenticator.objects.get(type="recovery_codes")
    assert totp.wrap().validate_code(totp_code())
    assert recovery.wrap().generate_codes() == codes
    call_command("rotate_account_keys")
    assert "0 second(s)" in capsys.readouterr().out


def test_rotate_account_keys_dry_run_changes_nothing(codes, settings, capsys):
    settings.CONTENT_KEYS = f"{NEXT},{settings.CONTENT_KEYS}"
    call_command("rotate_account_keys", "--dry-run")
    assert "2 second(s) facteur(s) à rechiffrer" in capsys.readouterr().out
    settings.CONTENT_KEYS = NEXT
    with pytest.raises(UnsealError):
        Authenticator.objects.get(type="totp").wrap().validate_code(totp_code())
