"""Enrols factors as allauth does, and counts an enrolment as a proof; signs out, and ends one's other sessions."""

from typing import Any, cast

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from allauth.core.internal.ratelimit import respond_429
from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.internal.auth import begin_registration
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from chat import access
from chat.conversations import actions
from common import security_log
from common.security_log import Event
from pnav.accounts import attempts, openid, totp
from pnav.accounts.forms import AddWebAuthnForm
from pnav.accounts.models import User
from pnav.accounts.presence import keeps_lease
from pnav.accounts.second_factor import (
    Standing,
    gave_password_lately,
    linked_identity,
    record_enrolment,
    standing_of,
)
from pnav.accounts.sign_in_log import last_use
from pnav.sessions import SessionStore


class SignIn(LoginView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and attempts.is_over(request):
            return respond_429(request)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(openid_name=settings.OPENID_NAME if settings.OPENID_ISSUER else "", **kwargs)
        # Somebody who is locked out here may have looked for help and come to the wrong page.
        context["is_locked"] = context["form"].has_error(NON_FIELD_ERRORS, "too_many_login_attempts")
        if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            # A script that was led here shows nothing of the page, so the message about the end of the session is kept.
            context["messages"] = []
        return context


class ChangePassword(PasswordChangeView):
    """Asks for the present password, except for a provisional one with which this session has just signed in."""

    def get_form_kwargs(self) -> dict[str, Any]:
        user = cast(User, self.request.user)
        asks_current = not (user.password_is_temporary and gave_password_lately(self.request, user))
        return {**super().get_form_kwargs(), "asks_current": asks_current}

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Show the form again, to the same session.

        A drawn password is hashed anew when it is compared (`models.DRAWN_ITERATIONS`). A session that began otherwise,
        by a passkey, carries the hash from before, and would be over at the next page.
        """
        user = cast(User, self.request.user)
        if not constant_time_compare(self.request.session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
            update_session_auth_hash(self.request, user)
        return super().form_invalid(form)


class Account(IndexView):
    """It is the page of one's account: its factors, how long a session lasts, and when it was last used before this
    session.
    """

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **self._first_passkey(),
            session_hours=settings.STAFF_SESSION_HOURS,
            idle_minutes=settings.STAFF_IDLE_MINUTES,
            last_use=last_use(self.request),
            linked_at=settings.OPENID_NAME if linked_identity(cast(User, self.request.user)) else "",
            **kwargs,
        )

    def _first_passkey(self) -> dict[str, Any]:
        """Return the form of a passkey for whoever has to enrol a factor before they enter, which saves a page on the
        first day.

        It is left out some time after the password was given, because allauth asks for it again then and would lose the
        key's answer.
        """
        user = cast(User, self.request.user)
        to_enrol = standing_of(user, self.request.session) is Standing.TO_ENROL
        if not to_enrol or is_reauthentication_required(self.request, app="allauth.mfa"):
            return {}
        options = begin_registration(user, passwordless=False)
        return {"passkey_form": AddWebAuthnForm(user=user), "js_data": {"creation_options": options}}


class SignOut(LogoutView):
    """Ends the session here and, if it began there, at the provider. The browser forgets the pages that it kept.

    The browser's storage stays: it holds the keys of the agents' openings (docs/adr/0032). What else it holds of a
    session opens for nobody once that has ended (docs/adr/0148). On a shared post, somebody else signs out.
    """

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say to an agent how many people would write to nobody, until the lease ends and they go back to the queue."""
        agent = access.as_agent(self.request.user) if keeps_lease(self.request) else None
        held = access.assigned_to(agent).count() if agent is not None else 0
        return super().get_context_data(held=held, **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        way_out = openid.way_out(self.request)
        agent = access.as_agent(self.request.user)
        answer = super().post(*args, **kwargs)
        if agent is not None:
            # The lease would run for another minute, and somebody would be told meanwhile that this agent is there.
            actions.signed_out(agent_id=agent.pk)
        if way_out:
            answer = redirect(way_out)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer


sign_out = SignOut.as_view()


def _enrolled(request: HttpRequest) -> None:
    """Count the new factor as proved by this session, and give the session a new key, as after any proof."""
    record_enrolment(cast(User, request.user), request.session)
    cast(SessionStore, request.session).replace_key()


class ActivateTOTP(ActivateTOTPView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Enrol the application. The code that proves it has served by this, and signs nobody in."""
        with transaction.atomic():
            response = super().form_valid(form)
            factor = Authenticator.objects.get(user=cast(User, self.request.user), type=Authenticator.Type.TOTP)
            totp.note_enrolment(factor, form.cleaned_data["code"])
        _enrolled(self.request)
        return response


class AddPasskey(AddWebAuthnView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        _enrolled(self.request)
        return response


class ProveByPasskey(ReauthenticateWebAuthnView):
    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Show the page again with its error. allauth would redirect to the sign-in, and the intended act would be
        lost.
        """
        return self.render_to_response({**self.get_context_data(), "form": form})


def session(request: HttpRequest) -> HttpResponse:
    """Say whose session this is, for a page that is about to send a form (static/pnav/staff/session.js); 401 for
    nobody's.

    The token is the one that forms need now, because a sign-in since the page was drawn made a new one. Somebody who
    opens this address in a tab gets the page that follows a sign-in there, and leads back.
    """
    is_looked_at = request.accepts("text/html")
    if not request.user.is_authenticated:
        return redirect("account_login") if is_looked_at else JsonResponse({}, status=401)
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    if is_looked_at:
        return render(request, "account/session.html")
    is_complete = standing_of(request.user, request.session) is Standing.COMPLETE
    return JsonResponse({"account": request.user.pk, "is_complete": is_complete, "token": get_token(request)})


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out every other device of this person. This session goes on under a new key.

    No proof is asked for, because this can only take access away.
    """
    user = cast(User, request.user)
    user.end_sessions()
    update_session_auth_hash(request, user)
    security_log.log(Event.SESSIONS_ENDED, account=user.pk)
    messages.success(request, _("Vos autres sessions sont fermées."))
    return redirect("mfa_index")
