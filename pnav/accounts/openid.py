"""Signs people in at an OpenID Connect provider (ProConnect, or any other), when the operator configures one.

allauth leads the exchange, and this module adds what it leaves out: a nonce, a signature that is always verified, only
the configured issuer, and no parameter that a page could add to the address. A provider says who somebody is, by its
subject. An administrator has linked that subject to an account beforehand, and the role stays ours. The second factor
is asked for here, unless the operator trusts the provider's. See docs/adr/0034.
"""

import json
import re
import secrets
import time
from typing import Any, cast
from urllib.parse import urlsplit

import jwt
import requests
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from common import security_log
from common.security_log import Event
from pnav.accounts import attempts
from pnav.accounts.models import User
from pnav.accounts.reauthentication import OPENS_SECONDS
from pnav.accounts.second_factor import OPENID, is_confirmed, is_proved, link_id

SESSION_KEY = "accounts.openid"  # what is needed to sign out at the provider: its token and its address
BEGAN_AS = "began_as"  # of a sign-in that waits for its second step: the hash that its sessions would carry
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
LEEWAY_SECONDS = 30
RSA_BITS = 2048  # the fewest bits of a key that the provider publishes
BEGUN_A_MINUTE = 60  # sign-ins from one network or known device: a whole team may change shifts


class Refused(OAuth2Error):
    """The answer of the provider is not what was asked for. The text of the error is ours, never the provider's."""


# --- what is asked --------------------------------------------------------------------------------------------------


class Provider(OpenIDConnectProvider):
    """The provider that `settings.SOCIALACCOUNT_PROVIDERS` names."""

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("openid_login")

    def get_callback_url(self) -> str:
        return reverse("openid_callback")

    def get_oauth2_adapter(self, request: HttpRequest) -> "Exchange":
        return Exchange(request, settings.OPENID_PROVIDER)

    def begin(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the provider. Of the request, only the page that follows the sign-in is used."""
        nonce = secrets.token_urlsafe(32)
        return self.redirect(
            request,
            process="login",
            next_url=get_next_redirect_url(request),
            auth_params={"nonce": nonce, **_wanted_proof()},
            nonce=nonce,
        )

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the subject at the provider, which is all that is kept of an identity."""
        return str(data["sub"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return nothing, so that nothing is kept of what a provider knows about a person."""
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        return []


def _wanted_proof() -> dict[str, str]:
    """Return the parameters that ask for a second factor, where the operator trusts the provider's.

    They mark it as essential, but only what comes back counts.
    """
    if not settings.OPENID_SECOND_FACTOR:
        return {}
    acr, amr = settings.OPENID_SECOND_FACTOR_ACR, settings.OPENID_SECOND_FACTOR_AMR
    claims: dict[str, Any] = {}
    if acr:
        claims["acr"] = {"essential": True, "values": acr}
    if amr:
        claims["amr"] = {"essential": True}
    # A session at the provider may be hours old, so a proof as recent as our own acts need is asked for, with its time.
    wanted = {"claims": json.dumps({"id_token": claims}), "max_age": str(OPENS_SECONDS)}
    return wanted | ({"acr_values": " ".join(acr)} if acr else {})


# --- what comes back ------------------------------------------------------------------------------------------------


class Exchange(OpenIDConnectOAuth2Adapter):
    """allauth's exchange, with a full check of the ID token. allauth trusts it because of the connection that it came
    by.
    """

    nonce: str = ""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return request.build_absolute_uri(reverse("openid_callback"))

    def get_client(self, request: HttpRequest, app: SocialApp) -> OAuth2Client:
        """Return the client, or show an error page when the provider is not available.

        The provider's description is read here, on the way there and on the way back, and allauth catches none of its
        errors.
        """
        try:
            return super().get_client(request, app)
        except (OAuth2Error, OSError, KeyError, ValueError) as error:  # OSError covers those of requests
            get_adapter().on_authentication_error(request, self.get_provider(), exception=error)
            raise

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the provider's own description.

        Raises Refused when it is that of another provider or leads off HTTPS.
        """
        if not hasattr(self, "_openid_config"):
            config = super().openid_config
            if config.get("issuer") != settings.OPENID_ISSUER:
                del self._openid_config
                raise Refused("the description is of another issuer")
            addresses = [config[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
            if not settings.DEMO and any(urlsplit(address).scheme != "https" for address in addresses):
                del self._openid_config
                raise Refused("an address of the provider is not https")
        return self._openid_config

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Return the subject of a token that passed every check. The provider's user information is not asked for."""
        response = kwargs["response"]
        issuer = request.GET.get("iss")
        if issuer is not None and issuer != settings.OPENID_ISSUER:  # the answer names another issuer (RFC 9207)
            raise Refused("another issuer answers")
        claims = self.verified(str(response.get("id_token", "")), client_id=app.client_id)
        login = self.get_provider().sociallogin_from_response(request, claims)
        login.claims = claims
        login.way_out = {
            "id_token": response["id_token"],
            "end_session": self.openid_config.get("end_session_endpoint", ""),
        }
        return login

    def verified(self, id_token: str, *, client_id: str) -> dict[str, Any]:
        """Return the claims of an ID token that is signed by the provider, for us, for this sign-in, now. Raises
        Refused.
        """
        try:
            kid = jwt.get_unverified_header(id_token).get("kid")
            keys = [key for key in self._keys().keys if kid is None or key.key_id == kid]
            if len(keys) != 1:
                raise Refused("no one key for this token")
            if isinstance(keys[0].key, RSAPublicKey) and keys[0].key.key_size < RSA_BITS:
                raise Refused("the provider's key is too short")
            claims = jwt.decode(
                id_token,
                keys[0],
                algorithms=settings.OPENID_ALGORITHMS,
                audience=client_id,
                issuer=settings.OPENID_ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED},
            )
        except jwt.PyJWTError as error:
            raise Refused(type(error).__name__) from error
        if claims["aud"] not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
            raise Refused("the token is for somebody else too")
        if not self.nonce or not constant_time_compare(str(claims["nonce"]), self.nonce):
            raise Refused("the token is of another sign-in")
        return claims

    def _keys(self) -> jwt.PyJWKSet:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            return jwt.PyJWKSet.from_dict(answer.json())


class Callback(OAuth2CallbackView):
    adapter: Exchange

    def _get_state(self, request: HttpRequest, provider: Provider) -> tuple[dict[str, Any] | None, Any]:
        """Return the state that this browser left with, once, and keep the nonce that must come back."""
        state, response = super()._get_state(request, provider)
        self.adapter.nonce = str((state or {}).get("nonce", ""))
        return state, response


def proves_second_factor(claims: dict[str, Any]) -> bool:
    """Return whether the provider asked for a second factor, and says when, in values that the operator trusts."""
    methods, at = claims.get("amr"), claims.get("auth_time")
    if type(at) is not int or not 0 < at <= time.time() + LEEWAY_SECONDS:
        return False
    return claims.get("acr") in settings.OPENID_SECOND_FACTOR_ACR or (
        isinstance(methods, list) and bool(set(settings.OPENID_SECOND_FACTOR_AMR) & {str(one) for one in methods})
    )


def _why(error: Any, exception: Exception | None) -> str:
    """Return a word for the log: our text for a refusal, else the class of the error, else allauth's word (« cancelled
    »).
    """
    if isinstance(exception, Refused):
        return re.sub(r"\W+", "_", str(exception))
    return type(exception).__name__ if exception is not None else str(error or "unknown")


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """It is one provider, from the settings, for accounts that exist. `settings.SOCIALACCOUNT_ADAPTER` names this
    class.
    """

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        if not settings.OPENID_ISSUER:
            return []
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=settings.OPENID_PROVIDER,
                name=settings.OPENID_NAME,
                client_id=settings.OPENID_CLIENT_ID,
                secret=settings.OPENID_CLIENT_SECRET,
                settings={
                    "server_url": settings.OPENID_ISSUER.rstrip("/"),
                    "oauth_pkce_enabled": True,
                    "scope": ["openid"],
                    **settings.OPENID_EXTRA,
                },
            )
        ]

    def get_requests_session(self) -> requests.Session:
        """Return a session that follows no redirect, so that a request and its secret go only where they should."""
        session: requests.Session = super().get_requests_session()
        session.max_redirects = 0
        return session

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse a subject that no administrator linked, and count the provider's second factor if it may be counted.

        It counts once the owner of the account has confirmed that link.
        """
        if not sociallogin.is_existing:
            security_log.log(Event.OPENID_REFUSED, why="nobody_is_linked")
            messages.error(request, _("Aucun compte n'est relié à cette identité. Un administrateur peut le faire."))
            raise ImmediateHttpResponse(redirect("account_login"))
        # This comes after the refusals: an open session, which has its own way to sign out, must stay as it is.
        request.session[SESSION_KEY] = sociallogin.way_out
        if proves_second_factor(sociallogin.claims) and is_confirmed(sociallogin.user, sociallogin.account):
            link = link_id(sociallogin.account.pk)
            at = min(float(sociallogin.claims["auth_time"]), time.time())  # when it was proved, which is not now
            record_authentication(request, sociallogin.user, "mfa", id=link, type=OPENID, at=at)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        security_log.log(Event.OPENID_REFUSED, why=_why(error, exception))
        if isinstance(exception, requests.RequestException):
            text = _("La connexion n'a pas abouti : %(name)s ne répond pas. Vous pouvez vous connecter autrement.")
            messages.error(request, text % {"name": settings.OPENID_NAME})
        else:
            messages.error(request, _("La connexion n'a pas abouti. Vous pouvez recommencer."))
        raise ImmediateHttpResponse(redirect("account_login"))


class SecondFactorStage(AuthenticateStage):
    """It is allauth's second step, which is skipped when the provider proved the second factor.

    A sign-in waits here for a quarter of an hour at most, and allauth keeps nothing of the account but its key. What
    ends an account's sessions (another password or role, a reset factor) ends a sign-in that waits too.
    """

    def handle(self) -> tuple[HttpResponse | None, bool]:
        response, goes_on = super().handle()
        if response is not None:
            self.state[BEGAN_AS] = cast(User, self.login.user).get_session_auth_hash()
        return response, goes_on

    def exit(self) -> HttpResponse:
        began_as = self.state.get(BEGAN_AS)  # a process of the version before kept none
        if began_as is not None and not constant_time_compare(
            began_as, cast(User, self.login.user).get_session_auth_hash()
        ):
            messages.warning(self.request, _("Votre compte a changé entre-temps : connectez-vous de nouveau."))
            return cast(HttpResponse, self.abort())
        return cast(HttpResponse, super().exit())

    def _should_handle(self, request: HttpRequest) -> bool:
        user = cast(User, self.login.user)
        return super()._should_handle(request) and not is_proved(user, request.session, by=OPENID)


# --- views ----------------------------------------------------------------------------------------------------------


def _exchange(request: HttpRequest) -> Exchange:
    if not settings.OPENID_ISSUER:
        raise Http404
    return Exchange(request, settings.OPENID_PROVIDER)


@require_POST
def login(request: HttpRequest) -> HttpResponse:
    """Redirect to the provider. A POST with a token is needed, so that no other site can start a sign-in here."""
    provider = _exchange(request).get_provider()
    # Each sign-in asks the provider for its description, and holds a page thread meanwhile.
    if attempts.is_over_at_provider(request, most=BEGUN_A_MINUTE):
        messages.error(request, _("Trop d'essais. Attendez cinq minutes, puis recommencez."))
        return redirect("account_login")
    try:
        return provider.begin(request)
    except ImmediateHttpResponse as answer:
        return answer.response


@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Receive the browser that the provider sends back. allauth goes on from here."""
    return Callback.adapter_view(_exchange(request))(request)


def way_out(request: HttpRequest) -> str:
    """Return the address where signing out goes on at the provider, or "". It must be asked before the session ends."""
    kept = request.session.get(SESSION_KEY)
    if not settings.OPENID_ISSUER or not kept or not kept["end_session"]:
        return ""
    query = {
        "id_token_hint": kept["id_token"],
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("account_login")),
        "state": secrets.token_urlsafe(16),
    }
    return f"{kept['end_session']}?{urlencode(query)}"
