"""Asks for a recent proof of identity before a sensitive act, because somebody else may use an open session.

Somebody at an unlocked console, or with a stolen cookie, may see what the session may see. They may not add an account,
delete a place or disclose an identity. The sign-in counts as a proof for a few minutes: the last proof decides.

- `recently_proved` decorates a view; `Proved` comes before a class of the admin.
- Each proof gives the session a new key (`listen`), as the sign-in does, so that a stolen one is void.
- The page must be opened within `OPENS_SECONDS` of a proof. A form that was open then may be sent for longer
  (`SUBMITS_SECONDS`), because its text would be lost otherwise, save for the forms of `middleware.KEPT`.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.signals import authentication_step_completed
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from common import kept_forms
from pnav.accounts.models import User
from pnav.accounts.second_factor import FACTORS
from pnav.sessions import SessionStore

OPENS_SECONDS = 5 * 60
SUBMITS_SECONDS = 15 * 60
LONG_SUBMITS_SECONDS = 60 * 60  # the time for a form that takes long to write


def _new_key(*, request: Any, **kwargs: Any) -> None:
    """Give the session a new key after a proof in a page. An enrolment also counts as one, and has its own way
    (`views`).
    """
    if kwargs.get("reauthenticated") and isinstance(request, HttpRequest):
        cast(SessionStore, request.session).replace_key()
        kept_forms.allow_restore(request)


def listen() -> None:
    """Connect to allauth's signal of each proof. This is called once, when the models are read."""
    authentication_step_completed.connect(_new_key)


def last_proof(request: HttpRequest) -> float:
    """Return when this session last proved its identity, in seconds since 1970; 0.0 when it never did.

    A proof is a second factor or, where there is none, a password given again. A first password alone is no proof,
    because the second factor was still to come.
    """
    user = cast(User, request.user)
    records = get_authentication_records(request, user)
    has_factor = Authenticator.objects.filter(user=user, type__in=FACTORS).exists()
    proofs = [
        record["at"]
        for record in records
        if record["method"] == "mfa" or (record.get("reauthenticated") and not has_factor)
    ]
    return max(proofs, default=0.0)


def ask_again(
    request: HttpRequest, *, submits_seconds: int | None = None, back: str = "", is_kept: bool = False
) -> HttpResponse | None:
    """Return a redirect to the proof and back to this address; None when the last proof is recent enough.

    submits_seconds: replaces SUBMITS_SECONDS for what is sent. back: replaces this address. is_kept: the caller keeps
    what was typed (`common.kept_forms`). Raises PermissionDenied for somebody who has no means of proof.
    """
    is_sent = request.method not in ("GET", "HEAD")
    sent_within = SUBMITS_SECONDS if submits_seconds is None else submits_seconds
    if time.time() - last_proof(request) < (sent_within if is_sent else OPENS_SECONDS):
        return None
    if is_sent:
        messages.warning(
            request,
            _("Rien n'est encore fait : confirmez que c'est vous. Ce que vous avez écrit vous attend.")
            if is_kept
            else _("Rien n'est encore fait : confirmez que c'est vous, puis recommencez."),
        )
    query = urlencode({"next": back or request.path})  # the query is left out, because it may hold what was typed
    return redirect(f"{reverse(way_of(cast(User, request.user)))}?{query}")


def way_of(user: User) -> str:
    """Return the name of the page for a proof: the passkey first, then a code, then the password where there is
    neither.
    """
    ways = {flow["id"]: flow.get("types", []) for flow in get_reauthentication_flows(user)}
    if Authenticator.Type.WEBAUTHN in ways.get("mfa_reauthenticate", []):
        return "mfa_reauthenticate_webauthn"
    for name, url_name in (("mfa_reauthenticate", "mfa_reauthenticate"), ("reauthenticate", "account_reauthenticate")):
        if name in ways:
            return url_name
    raise PermissionDenied


def recently_proved[**P](view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """Decorate a view, or a method that takes a request, so that it asks for a recent proof. For people who are signed
    in.
    """

    @wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request = next(arg for arg in args if isinstance(arg, HttpRequest))
        return ask_again(request) or view(*args, **kwargs)

    return inner


class Proved(admin.ModelAdmin):
    """Comes before a `ModelAdmin`: deleting, and what else the class names, needs a recent proof.

    The class says the latter in `sensitive`, among "add", "change", "action"; deleting, one by one or many at once,
    always is.
    """

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._ask("add", request) or super().add_view(request, *args, **kwargs)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._ask("change", request) or super().change_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return ask_again(request) or super().delete_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            answer = ask_again(request) if "delete_selected" in request.POST.getlist("action") else None
            answer = answer or self._ask("action", request)
            if answer is not None:
                return answer
        return super().changelist_view(request, *args, **kwargs)

    def _ask(self, act: str, request: HttpRequest) -> HttpResponse | None:
        return ask_again(request) if act in getattr(self, "sensitive", ()) else None
