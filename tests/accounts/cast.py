"""People of the account tests, and the codes of their second factor."""

import time
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp, of_account, record_enrolment
from pnav.accounts.totp import LAST_STEP
from pnav.sessions import SessionStore, begin_shift

PASSWORD = "une phrase de passe pour les tests"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
IN_A_BROWSER = 8  # seconds from reading a code until the server checks it


def make_user(username: str, role: Role = Role.AGENT, *, totp: bool = False, temporary: bool = False) -> User:
    until = timezone.now() + timedelta(days=3) if temporary else None
    user = User.objects.create_user(
        username, password=PASSWORD, role=role, password_is_temporary=temporary, first_password_until=until
    )
    if totp:
        enrol_totp(user, SECRET)
    return user


def recovery_codes(user: User) -> list[str]:
    """Return the recovery codes that this account has left; the first ones if it had none."""
    with of_account(user.pk):
        return RecoveryCodes.activate(user).get_unused_codes()


def totp_code(secret: str = SECRET, *, seconds: float = 2) -> str:
    """Return the code of now, good for so many seconds more: one that changes on its way is refused.

    Two are plenty where the way is a call in this process; a browser on a busy machine needs `IN_A_BROWSER`.
    """
    left = 30 - time.time() % 30
    if left < seconds:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def forget_codes() -> None:
    """Forget that codes have served, where the next one, half a minute away, is not waited for."""
    cache.clear()
    for factor in Authenticator.objects.filter(type=Authenticator.Type.TOTP):
        factor.data.pop(LAST_STEP, None)
        factor.last_used_at = None
        factor.save(update_fields=["data", "last_used_at"])


def session_key(user: User) -> str:
    """Return the key of a new session of this account, whole: its second factor is proved."""
    session = SessionStore()
    session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0]})
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    begin_shift(session)
    record_enrolment(user, session)
    session.save()
    assert session.session_key
    return session.session_key


def give_session(client: Client, user: User) -> None:
    """Sign this client in from now on: where signing in is not what is tried, which costs what a page costs."""
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key(user)


def sign_in(client: Client, username: str, *, totp: bool = True):
    """Send password, then code, and return the answer to the last step."""
    answer = client.post("/compte/login/", {"login": username, "password": PASSWORD})
    if totp:
        answer = client.post("/compte/2fa/authenticate/", {"code": totp_code()})
    return answer
