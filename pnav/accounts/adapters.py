"""Adapts django-allauth: there is no sign-up, no e-mail address is kept, secrets are encrypted, and texts are ours."""

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

# This limit holds for all addresses together. It is far above what a person mistypes and far below what guessing takes.
ACCOUNT_FAILURES = "50/300s/key"


class AccountAdapter(DefaultAccountAdapter):
    """Tells allauth how we sign people in: without sign-up, with our own limits and our own log."""

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
        """Refuse everybody, because accounts are created by an administrator."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return a constant, because allauth counts nothing by address here and keeps none. See `attempts`."""
        return "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """Count the attempt for the network or device (`attempts`), then for the account alone. See docs/adr/0053.

        The limit of the account alone does not hold for a device from which this account signed in before. Such a
        device has its own limit, and failures elsewhere must not lock the owner out.
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
        """Take the attempt back from every counter, because the password was right."""
        self._attempt.undo()
        if self._account_usage:
            self._account_usage.rollback()

    def authenticate(self, request: HttpRequest, **credentials: str) -> AbstractBaseUser | None:
        """Refuse a first password that has ended with a ValidationError, which only somebody who knows that password
        can get.
        """
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
        forget_visit(request)  # a visit in this browser is not the agent's, and must not end with the agent's session
        begin_shift(request.session)
        sign_in_log.note_use(request, account, before=before, way_before=way_before, way=way)
        security_log.log(Event.SIGN_IN, account=account.pk, way=way)

    def logout(self, request: HttpRequest) -> None:
        account = request.user.pk
        super().logout(request)
        security_log.log(Event.SIGN_OUT, account=account)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: object) -> HttpResponse:
        """Remember this device once everything is proved, so that its next attempts have their own counter."""
        response = super().post_login(request, user, **kwargs)
        confirm_link(cast(User, user), request.session)
        sign_in_log.say_last_use(request)
        if standing_of(cast(User, user), request.session) is Standing.COMPLETE:
            device.remember(request, response, cast(User, user).username)
        return response

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Set a password that the owner of the account chose. The admin has a form of its own, which does not call
        this.
        """
        cast(User, user).password_is_temporary = False
        cast(User, user).first_password_until = None
        super().set_password(user, password)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return the first workspace of this account, or the page of its second factor when it has none."""
        rooms = workspaces_of(cast(User, request.user))
        return rooms[0].url if rooms else reverse("mfa_index")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return the page of the account, or the next step of the sign-in while that is not complete."""
        if standing_of(cast(User, request.user), request.session) is Standing.COMPLETE:
            return reverse("mfa_index")
        return self.get_login_redirect_url(request)

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.mfa.stages.AuthenticateStage": "pnav.accounts.openid.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, str]]:
        """Return the ways to prove one's identity again, the passkey first.

        Somebody who has only a passkey would otherwise be asked for a code, and would use up a recovery code. Where
        there is a second factor the password alone is not enough, neither for a page of ours nor to add another factor.
        """
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        methods.sort(key=lambda method: method["id"] != "mfa_reauthenticate:webauthn")
        if user.is_authenticated and Authenticator.objects.filter(user=user, type__in=FACTORS).exists():
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """Return whether the identity must be proved again; not for a first factor right after the password was given.

        Another factor always needs it, however lately one was proved at the sign-in. Otherwise somebody who takes over
        an open session could add a factor of their own.
        """
        request = context.request
        is_first = app == "allauth.mfa" and standing_of(request.user, request.session) is Standing.TO_ENROL
        if is_first and gave_password_lately(request, request.user):
            return False
        return super().is_reauthentication_required(app=app, **kwargs)


class MFAAdapter(DefaultMFAAdapter):
    """Tells allauth how second factors are stored and named here."""

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
        """Encrypt a TOTP secret or a seed of recovery codes for its account alone, so that it opens in no other
        account's row.
        """
        return base64.b64encode(encryption.seal(text, context=factor_context(self._whose()))).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.unseal(base64.b64decode(encrypted_text), context=factor_context(self._whose()))

    @staticmethod
    def _whose() -> int:
        """Return the key of the account whose secret it is: the one named by `of_account`, else the one signed in.

        allauth does not say it. Raises LookupError when neither is known.
        """
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
