"""What we change in django-allauth: no sign-up, no address kept, secrets sealed, our words."""

import base64
import secrets
from datetime import timedelta
from typing import cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from pnav.accounts.models import User
from pnav.accounts.second_factor import Standing, standing_of
from reports import keyring

SHIFT = timedelta(hours=12)  # a session of an account ends then, used or not
DAY_KEY = "accounts:day-key"
DAY_SECONDS = 24 * 60 * 60
TOTP_CONTEXT = "second-factor"


def end_session_after_shift(session: SessionBase) -> None:
    session.set_expiry(timezone.now() + SHIFT)


def hashed_address(address: str) -> str:
    """A stand-in for a client's address in the keys of the rate limits, different every day.

    The hash needs SECRET_KEY, which the cache does not hold, and a random key of the day, which only the cache holds
    and forgets: from one of them, or after that day from both, no address comes back. See docs/adr/0021.
    """
    day_key = cache.get_or_set(DAY_KEY, lambda: secrets.token_hex(32), DAY_SECONDS)
    return salted_hmac(f"pnav.accounts.address:{day_key}", address, algorithm="sha256").hexdigest()[:32]


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("Identifiant ou mot de passe incorrect."),
        "too_many_login_attempts": _("Trop d'essais. Attendez cinq minutes, puis recommencez."),
        "rate_limited": _("Trop d'essais. Attendez cinq minutes, puis recommencez."),
        "incorrect_password": _("Mot de passe incorrect."),
        "enter_current_password": _("Ce n'est pas votre mot de passe actuel."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are created by an administrator."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Never the address: what stands for it in the keys of the rate limits."""
        return hashed_address(get_client_ip(request) or "unknown")

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        end_session_after_shift(request.session)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Reached by the owner of the account only: the admin sets passwords by its own form."""
        cast(User, user).password_is_temporary = False
        super().set_password(user, password)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Everyone to their own room."""
        user = cast(User, request.user)
        if user.is_administrator:
            return reverse("admin:index")
        return "/console/" if user.is_agent else reverse("mfa_index")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Still on the way in: the next step decides. Otherwise, the page of the account."""
        if standing_of(cast(User, request.user), request.session) is Standing.COMPLETE:
            return reverse("mfa_index")
        return self.get_login_redirect_url(request)

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """A first factor may be enrolled right after the password was given, without asking for it twice."""
        request = context.request
        if app == "allauth.mfa" and standing_of(request.user, request.session) is Standing.TO_ENROL:
            now = timezone.now().timestamp()
            records = get_authentication_records(request, request.user)
            if any(record["method"] == "password" and now - record["at"] < 600 for record in records):
                return False
        return super().is_reauthentication_required(app=app, **kwargs)


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Ce code n'est pas le bon, ou il a déjà servi. Attendez le suivant."),
    }

    def encrypt(self, text: str) -> str:
        """TOTP secrets and seeds of recovery codes lie sealed, like what people write."""
        return base64.b64encode(keyring.seal(text, context=TOTP_CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keyring.unseal(base64.b64decode(encrypted_text), context=TOTP_CONTEXT)

    def _get_site_name(self) -> str:
        return "Pnav"

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        number = user.authenticator_set.filter(type=type).count() + 1  # type: ignore[attr-defined]
        return str(_("Clé d'accès n° %(number)d") % {"number": number})
