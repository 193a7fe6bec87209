"""People of the account tests, and the codes of their second factor."""

import time
from datetime import timedelta

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.utils import timezone

from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp, of_account

PASSWORD = "une phrase de passe pour les tests"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def make_user(username: str, role: Role = Role.AGENT, *, totp: bool = False, temporary: bool = False) -> User:
    until = timezone.now() + timedelta(days=3) if temporary else None
    user = User.objects.create_user(
        username, password=PASSWORD, role=role, password_is_temporary=temporary, first_password_until=until
    )
    if totp:
        enrol_totp(user, SECRET)
    return user


def recovery_codes(user: User) -> list[str]:
    """Those that this account has left; the first ones if it had none."""
    with of_account(user.pk):
        return RecoveryCodes.activate(user).get_unused_codes()


def totp_code(secret: str = SECRET) -> str:
    """The code of now, with at least eight seconds before it: one that changes on its way is refused."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sign_in(client: Client, username: str, *, totp: bool = True):
    """Password, then code; the answer to the last step."""
    answer = client.post("/compte/login/", {"login": username, "password": PASSWORD})
    if totp:
        answer = client.post("/compte/2fa/authenticate/", {"code": totp_code()})
    return answer
