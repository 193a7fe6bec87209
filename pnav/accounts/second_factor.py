"""Says which step a session still has to take between the password and the right to enter.

The console, the admin and the agents' socket ask nothing else. The answer is about a *session*: a factor that somebody
else enrolled, or that an administrator reset, does not open a session that never proved it.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import F, Value
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from pnav.accounts.models import User

# Recovery codes replace a lost factor for one sign-in. They alone are not a factor.
FACTORS = {Authenticator.Type.TOTP.value, Authenticator.Type.WEBAUTHN.value}
# The link of an account to its identity at a provider whose second factor the operator trusts. It proves a session that
# came by it, and cannot be enrolled.
OPENID = "openid"
# The time from a password to the first factor, or to the password that replaces a provisional one.
PASSWORD_SECONDS = 600


def link_id(pk: int) -> int:
    """Return the key of a link among the keys of authenticators: a negative number."""
    return -pk


class Standing(Enum):
    """It is the step that is still asked of a session. The steps are in their order."""

    SIGNED_OUT = "signed out"
    PASSWORD_TO_CHANGE = "password to change"  # noqa: S105  a state, not a password
    TO_ENROL = "to enrol"
    TO_CONFIRM = "to confirm"
    COMPLETE = "complete"


class _SessionHolder:
    """It is what allauth's records need of a request: its session. A socket has no request."""

    def __init__(self, session: SessionBase | dict[str, Any]) -> None:
        self.session = session


def standing_of(user: User | AnonymousUser, session: SessionBase) -> Standing:
    """Return the step at which this session is. One query; none for a signed-out visitor."""
    if not isinstance(user, User) or not user.is_active:
        return Standing.SIGNED_OUT
    if user.password_is_temporary:
        return Standing.PASSWORD_TO_CHANGE
    return standing_with(user, session, _enrolled(user))


def _enrolled(user: User) -> dict[int, str]:
    """Return the factors of an account, key to type, with its link to a provider whose second factor counts.

    One query.
    """
    factors = Authenticator.objects.filter(user=user).values_list("pk", "type")
    if not settings.OPENID_SECOND_FACTOR:
        return dict(factors)
    links = SocialAccount.objects.filter(user=user, provider=settings.OPENID_PROVIDER)
    return dict(factors.union(links.values_list(-F("pk"), Value(OPENID))))


def is_proved(user: User, session: SessionBase | dict[str, Any], *, by: str) -> bool:
    """Return whether this session proved a factor of this type."""
    records = get_authentication_records(_SessionHolder(session), user)
    return any(record.get("method") == "mfa" and record.get("type") == by for record in records)


def gave_password_lately(request: HttpRequest, user: User) -> bool:
    """Return whether this session gave the account's password within PASSWORD_SECONDS, so that it is not asked for
    twice.
    """
    now = time.time()
    records = get_authentication_records(request, user)
    return any(record["method"] == "password" and now - record["at"] < PASSWORD_SECONDS for record in records)


def standing_with(user: User, session: SessionBase | dict[str, Any], enrolled: dict[int, str]) -> Standing:
    """Return the step at which this session is. enrolled: the factors of the user, key to type."""
    if not user.is_active:
        return Standing.SIGNED_OUT
    if user.password_is_temporary:
        return Standing.PASSWORD_TO_CHANGE
    records = get_authentication_records(_SessionHolder(session), user)
    proved = {record.get("id") for record in records if record.get("method") == "mfa"} & set(enrolled)
    if not FACTORS & set(enrolled.values()):
        return Standing.COMPLETE if OPENID in {enrolled[one] for one in proved} else Standing.TO_ENROL
    return Standing.COMPLETE if proved else Standing.TO_CONFIRM


def record_enrolment(user: User, session: SessionBase) -> None:
    """Count the newest factor of `user` as proved by this session: enrolling took a recent password and a code or a
    touch.

    « reauthenticated » is allauth's word for it: the recovery codes may be shown without asking again.
    """
    newest = Authenticator.objects.filter(user=user, type__in=FACTORS).latest("pk")
    holder = _SessionHolder(session)
    record_authentication(holder, user, "mfa", id=newest.pk, type=newest.type, reauthenticated=True)
    confirm_link(user, session)


# --- whose secrets ----------------------------------------------------------------------------------------------------

_named: ContextVar[int | None] = ContextVar("the account whose secrets are sealed or opened", default=None)


@contextmanager
def of_account(pk: int) -> Iterator[None]:
    """Seal and open secrets of second factors as those of this account, within the block.

    It is needed where nobody is signed in, or somebody else.
    """
    token = _named.set(pk)
    try:
        yield
    finally:
        _named.reset(token)


def named_account() -> int | None:
    """Return the key of the account that `of_account` names around this call; None without it."""
    return _named.get()


def factor_context(pk: int) -> str:
    """Return the context that binds a sealed secret. The migration that bound the older ones holds it too."""
    return f"second-factor:{pk}"


def enrol_totp(user: User, secret: str) -> None:
    """Give an account this TOTP secret without asking for a code, for a demonstration and for tests."""
    with of_account(user.pk):
        TOTP.activate(user, secret)


# --- the identity at a provider ---------------------------------------------------------------------------------------


def linked_identity(user: User) -> SocialAccount | None:
    """Return the identity at the provider with which this account signs in too; None without a provider."""
    if not settings.OPENID_ISSUER:
        return None
    return SocialAccount.objects.filter(user=user, provider=settings.OPENID_PROVIDER).first()


def link_mark(link: SocialAccount) -> str:
    """Return the mark of an identity at a provider, which is different for another subject or another provider."""
    return hashlib.sha256(f"{link.provider} {link.uid}".encode()).hexdigest()


def is_confirmed(user: User, link: SocialAccount) -> bool:
    """Return whether the owner of the account once proved a factor of theirs after coming by this identity.

    Until then only an administrator has said whose identity it is, and might have linked their own.
    """
    return constant_time_compare(user.confirmed_link, link_mark(link))


def confirm_link(user: User, session: SessionBase) -> None:
    """Note it on the account when this session came by an identity at the provider and proved a factor of ours."""
    records = get_authentication_records(_SessionHolder(session), user)
    came_by = {record.get("uid") for record in records if record.get("provider") == settings.OPENID_PROVIDER}
    if came_by and any(is_proved(user, session, by=factor) for factor in FACTORS):
        link = SocialAccount.objects.filter(user=user, provider=settings.OPENID_PROVIDER, uid__in=came_by).first()
        if link is not None and not is_confirmed(user, link):
            user.confirmed_link = link_mark(link)
            user.save(update_fields=["confirmed_link"])
