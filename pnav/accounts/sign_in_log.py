"""Logs who signed in, who did not and by which way, and says when an account was last used.

allauth's signals say what happens in its views; the adapter and the forms log the rest. An account appears as its
primary key, and a name that was typed never appears.
"""

from datetime import datetime
from typing import Any, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import authentication_step_completed, password_changed
from allauth.account.utils import filter_users_by_username
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_reset
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import dates, security_log
from common.security_log import Event
from pnav.accounts.models import User
from pnav.accounts.second_factor import OPENID

PASSWORD, CODE, PASSKEY = "password", "code", "passkey"
# The log's names for the factors of allauth and ours.
FACTOR_WAYS = {
    Authenticator.Type.TOTP.value: "totp",
    Authenticator.Type.WEBAUTHN.value: PASSKEY,
    Authenticator.Type.RECOVERY_CODES.value: "recovery",
    OPENID: OPENID,
}
WAY_LABELS = {
    PASSWORD: gettext_lazy("mot de passe"),
    OPENID: gettext_lazy("fournisseur d'identité"),
    "totp": gettext_lazy("code de l'application"),
    PASSKEY: gettext_lazy("clé d'accès"),
    "recovery": gettext_lazy("code de secours"),
}
LAST_USE = "accounts.last_use"  # the session's key for when and how the account was used before this sign-in


def way_of(request: HttpRequest, user: User) -> str:
    """Return what proved this sign-in, in order: « password+totp », « openid+recovery »; "" for nothing."""
    ways: dict[str, None] = {}
    for record in get_authentication_records(request, user):
        ways[_way(record["method"], record.get("type", ""))] = None
    return "+".join(ways)


def _way(method: str, kind: str = "") -> str:
    if method == "mfa":
        return FACTOR_WAYS.get(kind, CODE)
    return PASSWORD if method == "password" else OPENID


def account_called(login: str) -> int | None:
    """Return the key of the account of this name; None when there is none. One query in both cases."""
    user = filter_users_by_username(login).only("pk").first()
    return user.pk if user is not None else None


# --- the last use -----------------------------------------------------------------------------------------------------


def note_use(request: HttpRequest, user: User, *, before: Any, way_before: str, way: str) -> None:
    """Store this sign-in as the last one, and keep in the session when and how the one before it was made.

    before: its time, None when there was none. way, way_before: as `way_of` says them.
    """
    request.session[LAST_USE] = [before.isoformat(), way_before] if before is not None else None
    user.last_way = way
    user.save(update_fields=["last_way"])


def last_use(request: HttpRequest) -> str:
    """Return « le 24 novembre 2026 à 03:12, par mot de passe et code de l'application »; "" when it is not known."""
    kept = request.session.get(LAST_USE)
    if not kept:
        return ""
    at = timezone.localtime(datetime.fromisoformat(kept[0]))
    when = _("le %(day)s à %(time)s") % {"day": dates.format_date(at, "j F Y"), "time": date_format(at, "H:i")}
    ways = [str(WAY_LABELS[way]) for way in kept[1].split("+") if way in WAY_LABELS]
    return _("%(when)s, par %(ways)s") % {"when": when, "ways": _(" et ").join(ways)} if ways else when


def say_last_use(request: HttpRequest) -> None:
    """Show the last use once, on the page that follows the sign-in, so that an owner notices a stolen password."""
    if said := last_use(request):
        text = _("Dernière connexion avant celle-ci : %(said)s. Si ce n'était pas vous, prévenez un administrateur.")
        messages.info(request, text % {"said": said})


# --- what allauth says ------------------------------------------------------------------------------------------------


def _step_completed(*, user: Any, method: str, **kwargs: Any) -> None:
    # A step of a sign-in is logged at its end. An enrolment also counts as a proof, and logs itself.
    if kwargs.get("reauthenticated") and isinstance(kwargs["request"], HttpRequest):
        security_log.log(Event.PROVED_AGAIN, account=user.pk, way=_way(method, kwargs.get("type", "")))


def _code_failed(*, user: Any, reauthentication: bool = False, **kwargs: Any) -> None:
    security_log.log(Event.PROOF_FAILED if reauthentication else Event.SIGN_IN_FAILED, account=user.pk, way=CODE)


def _factor_added(*, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    security_log.log(Event.FACTOR_ADDED, account=user.pk, way=FACTOR_WAYS[authenticator.type])


def _factor_removed(*, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    security_log.log(Event.FACTOR_REMOVED, account=user.pk, way=FACTOR_WAYS[authenticator.type], by=user.pk)


def _password_changed(*, user: Any, **kwargs: Any) -> None:
    security_log.log(Event.PASSWORD_CHANGED, account=user.pk, by=user.pk)


def passkey_failed(user: User | None, *, again: bool) -> None:
    """Log a passkey that proved nothing, because allauth has no signal for it.

    user: whose passkey it had to be; None while nobody is known. again: whether somebody who is signed in proves their
    identity again.
    """
    account = user.pk if user is not None else None
    security_log.log(Event.PROOF_FAILED if again else Event.SIGN_IN_FAILED, account=account, way=PASSKEY)


def password_failed(request: HttpRequest, login: str) -> None:
    """Log a wrong password, at the sign-in or of somebody who is signed in and proves their identity again."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        security_log.log(Event.PROOF_FAILED, account=cast(User, user).pk, way=PASSWORD)
    else:
        security_log.log(Event.SIGN_IN_FAILED, account=account_called(login), way=PASSWORD)


def listen() -> None:
    """Connect to allauth's signals. This is called once, when the models are read."""
    authentication_step_completed.connect(_step_completed)
    authentication_failed.connect(_code_failed)
    authenticator_added.connect(_factor_added)
    authenticator_reset.connect(_factor_added)  # this signal means that recovery codes were drawn anew
    authenticator_removed.connect(_factor_removed)
    password_changed.connect(_password_changed)
