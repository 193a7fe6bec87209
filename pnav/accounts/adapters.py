"""This module has what we change in django-allauth: no sign-up, no address kept, secrets sealed, our words."""

import base64
from typing import cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common import encryption, security_log
from common.security_log import Event
from pnav.accounts import attempts, device, sign_in_log
from pnav.accounts.device import account_key
from pnav.accounts.models import User
from pnav.accounts.second_factor import (
    FACTORS,
    Standing,
    confirm_link,
    factor_context,
    gave_password_lately,
    named_account,
    standing_of,
)
from pnav.accounts.workspaces import workspaces_of
from pnav.sessions import begin_shift
from reports.session import forget_visit

# Whatever the addresses they come from: far above what a person mistypes, far below what guessing takes.
ACCOUNT_FAILURES = "50/300s/key"


class AccountAdapter(DefaultAccountAdapter):
    """It is what allauth asks us about sign-in: no sign-up, our limits, our register."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("Identifiant ou mot de passe incorrect."),
        "too_many_login_attempts": _("Trop d'essais. Attendez cinq minutes, puis recommencez."),
        "rate_limited": _("Trop d'essais. Attendez cinq minutes, puis recommencez."),
        "incorrect_password": _("Mot de passe incorrect."),
        "first_password_ended": _(
            "Ce mot de passe provisoire n'est plus valable : il n'a pas servi à temps. Demandez-en un autre à un "
            "administrateur."
        ),
        "enter_current_password": _("Ce n'est pas votre mot de passe actuel."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are created by an administrator."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return nobody's address: allauth counts nothing by address here, and keeps none. See `attempts`."""
        return "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """The limits of network or device (`attempts`), then the one of the account alone. See docs/adr/0053.

        The last not for a device from which this account signed in: it has had its own limit there, and what others
        fail elsewhere must not shut its owner out.
        """
        self._account_usage = None
        name = credentials.get("username", "")
        try:
            self._attempt = attempts.begin(request, account_key(name))
            if self._attempt.is_over:
                raise self.validation_error("too_many_login_attempts")
            self._count_for_the_account(request, account_key(name))
        except ValidationError:
            security_log.log(Event.LOCKED_OUT, account=sign_in_log.account_called(name), way=sign_in_log.PASSWORD)
            raise

    def _count_for_the_account(self, request: HttpRequest, account: str) -> None:
        if account in device.known(request).accounts:
            return
        self._account_usage = ratelimit.consume(
            request,
            app="pnav.accounts",
            action="login_failed",
            config={"login_failed": ACCOUNT_FAILURES},
            key=account,
        )
        if not self._account_usage:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        """The password was right: this attempt counts nowhere."""
        self._attempt.undo()
        if self._account_usage:
            self._account_usage.rollback()

    def authenticate(self, request: HttpRequest, **credentials: str) -> AbstractBaseUser | None:
        """Raises ValidationError for a first password that has ended: only whoever knows it learns so."""
        user = super().authenticate(request, **credentials)
        if user is not None and cast(User, user).first_password_has_ended(timezone.now()):
            security_log.log(Event.FIRST_PASSWORD_ENDED, account=user.pk)
            raise self.validation_error("first_password_ended")
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: str) -> None:
        sign_in_log.password_failed(request, credentials.get("username", ""))

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        account = cast(User, user)
        before, way_before, way = account.last_login, account.last_way, sign_in_log.way_of(request, account)
        super().login(request, user)
        forget_visit(request)  # a visit in this browser is not the agent's, and its end is not that of their session
        begin_shift(request.session)
        sign_in_log.note_use(request, account, before=before, way_before=way_before, way=way)
        security_log.log(Event.SIGN_IN, account=account.pk, way=way)

    def logout(self, request: HttpRequest) -> None:
        account = request.user.pk
        super().logout(request)
        security_log.log(Event.SIGN_OUT, account=account)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: object) -> HttpResponse:
        """Everything was proved: the next attempts from this device have their own counter."""
        response = super().post_login(request, user, **kwargs)
        confirm_link(cast(User, user), request.session)
        sign_in_log.say_last_use(request)
        if standing_of(cast(User, user), request.session) is Standing.COMPLETE:
            device.remember(request, response, cast(User, user).username)
        return response

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Reached by the owner of the account only: the admin sets passwords by its own form."""
        cast(User, user).password_is_temporary = False
        cast(User, user).first_password_until = None
        super().set_password(user, password)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Everyone to their own room."""
        rooms = workspaces_of(cast(User, request.user))
        return rooms[0].url if rooms else reverse("mfa_index")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Still on the way in: the next step decides. Otherwise, the page of the account."""
        if standing_of(cast(User, request.user), request.session) is Standing.COMPLETE:
            return reverse("mfa_index")
        return self.get_login_redirect_url(request)

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.mfa.stages.AuthenticateStage": "pnav.accounts.openid.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, str]]:
        """Return the passkey first: whoever has nothing else would be asked for a code, and use up one of their last
        ones.

        Not by the password alone where there is a factor: not for a page of ours, nor to add another factor.
        """
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        methods.sort(key=lambda method: method["id"] != "mfa_reauthenticate:webauthn")
        if user.is_authenticated and Authenticator.objects.filter(user=user, type__in=FACTORS).exists():
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """A first factor may be enrolled right after the password was given, without asking for it twice. Another is
        not, however lately one was proved at the sign-in: whoever takes an open session would plant one of their own.
        """
        request = context.request
        is_first = app == "allauth.mfa" and standing_of(request.user, request.session) is Standing.TO_ENROL
        if is_first and gave_password_lately(request, request.user):
            return False
        return super().is_reauthentication_required(app=app, **kwargs)


class MFAAdapter(DefaultMFAAdapter):
    """It is what allauth asks us about second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Ce code n'est pas le bon, ou il a déjà servi. Attendez le suivant."),
        "passkey_refused": _(
            "Cette clé d'accès n'est pas reconnue : elle n'est pas, ou plus, celle de ce compte, ou cette page est "
            "restée ouverte trop longtemps. Recommencez, ou choisissez un autre moyen."
        ),
        "passkey_not_added": _(
            "La clé n'est pas enregistrée : sa réponse n'est pas valable, ou cette page est restée ouverte trop "
            "longtemps. Recommencez."
        ),
    }

    def encrypt(self, text: str) -> str:
        """TOTP secrets and seeds of recovery codes lie sealed, like what people write, each for its account: put into
        the row of another, they do not open."""
        return base64.b64encode(encryption.seal(text, context=factor_context(self._whose()))).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.unseal(base64.b64decode(encrypted_text), context=factor_context(self._whose()))

    @staticmethod
    def _whose() -> int:
        """allauth does not say whose secret it is: the account named by `of_account`, else the one signed in."""
        named = named_account()
        if named is not None:
            return named
        request = context.request
        if request is None or not request.user.is_authenticated:
            raise LookupError("whose second factor is this? See of_account.")
        return int(request.user.pk)

    def _get_site_name(self) -> str:
        return "Pnav"

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        number = user.authenticator_set.filter(type=type).count() + 1  # type: ignore[attr-defined]
        return str(_("Clé d'accès n° %(number)d") % {"number": number})
