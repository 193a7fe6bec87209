"""Lets nobody into the console or the admin without the right role and a second factor."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.decorators import sync_and_async_middleware
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from chat import access
from chat.conversations import presence
from common import kept_forms
from pnav.accounts import presence as staff_presence
from pnav.accounts import reauthentication
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import Standing, standing_of
from pnav.sessions import SessionStore

# Which roles may enter which area. Administrators never see a conversation, and of openings only the register.
AREAS: dict[str, set[Role]] = {
    "/console/": {Role.AGENT, Role.SUPERVISOR},
    "/ecoute/": {Role.PSYCHOLOGIST},
    "/unite/": {Role.UNIT},
    "/levees/": {Role.AGENT, Role.SUPERVISOR, Role.CUSTODIAN, Role.ADMINISTRATOR},
    "/admin/": {Role.ADMINISTRATOR},
}
# Pages of an area that other roles may enter too. An analyst reads totals, and nothing else of the console.
BESIDES = {
    Role.ANALYST: {
        "console:history",
        "console:history_layout",
        "console:history_csv",
        "console:staffing",
        "console:staffing_csv",
    },
}
# The pages that also need a recent proof of identity (`reauthentication`), by method. The proof is given before a form
# is filled in; a form that was open then may be sent for `reauthentication.SUBMITS_SECONDS`.
SENSITIVE = {
    "console:ask_opening": {"GET", "POST"},
    "console:freeze": {"GET", "POST"},
    "console:freeze_decision": {"POST"},
    "console:erasure": {"GET", "POST"},
    "openings:countersign": {"POST"},
    "openings:agree": {"POST"},
    "openings:refuse": {"POST"},
    "openings:withdraw": {"POST"},
    "openings:envelope": {"POST"},
    "openings:answer": {"POST"},
    "openings:shown_here": {"POST"},
    "openings:confirm": {"POST"},
    "openings:register": {"GET"},
    "openings:show": {"POST"},
    "openings:review": {"POST"},
    "openings:register_csv": {"GET"},
    "openings:register_pdf": {"GET"},
    "admin:triage_questionnaireversion_publish": {"GET", "POST"},
    "admin:accounts_pendingchange_decide": {"POST"},
}
# The fields whose text is kept while a proof is asked for (`common.kept_forms`).
KEPT = {
    "console:ask_opening": (
        "field", "is_urgent", "motive", "legal_ground", "prosecutor_reference", "prosecutor_on",
    ),
    "console:freeze": ("motive", "reference", "authority", "until"),
    "console:erasure": ("answer", "motive"),
    "openings:refuse": ("reason",),
    "openings:answer": ("reply",),
    "openings:review": ("conclusion", "prosecutor_reference", "prosecutor_on"),
}  # fmt: skip
# The grounds of an opening take longer to write than other forms, so this form may be sent for an hour.
LONG_FORMS = {"console:ask_opening"}
ACCOUNT_AREA = "/compte/"
STAFF_AREAS = (*AREAS, ACCOUNT_AREA)
CONSOLE = "/console/"
# Pages ask this address by themselves, so the view itself decides whether that counts as use of the session.
PRESENCE = f"{CONSOLE}presence/"
# What a session may open below /compte/ before it is complete, by the step that is still asked of it.
SIGN_OUT = {"account_logout", "account_session"}
ENROLMENT = SIGN_OUT | {
    "mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate", "account_change_password",
}  # fmt: skip
OPEN_BEFORE: dict[Standing, set[str]] = {
    Standing.PASSWORD_TO_CHANGE: SIGN_OUT | {"account_change_password"},
    Standing.TO_ENROL: ENROLMENT,
    Standing.TO_CONFIRM: SIGN_OUT | {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"},
}
# Pages for those who are not signed in. Who comes here with a session that has ended gets no message about it.
WAY_IN = {
    "account_login", "account_logout", "account_inactive", "mfa_authenticate", "mfa_login_webauthn", "openid_login",
    "openid_callback",
}  # fmt: skip
NEXT_STEP: dict[Standing, str] = {
    Standing.PASSWORD_TO_CHANGE: "account_change_password",
    Standing.TO_ENROL: "mfa_index",
}


def _next_step(standing: Standing, request: HttpRequest) -> str:
    """Return the page that completes this session: of the factors that the account has, the passkey first."""
    return NEXT_STEP[standing] if standing in NEXT_STEP else reauthentication.way_of(cast(User, request.user))


def _with_return(url_name: str, request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to a page of the account, with the way back when this page was asked for by GET.

    The query is left behind: a search may be in it.
    """
    query = f"?{urlencode({'next': request.path})}" if request.method == "GET" else ""
    return HttpResponseRedirect(reverse(url_name) + query)


def refuse(request: HttpRequest) -> HttpResponseBase | None:
    """Return the answer to a request that may not pass; None for one that may. Raises PermissionDenied for the wrong
    role.
    """
    path = request.path_info
    area = next((prefix for prefix in AREAS if path.startswith(prefix)), None)
    if area is None and not path.startswith(ACCOUNT_AREA):
        return None
    standing = standing_of(request.user, request.session)
    request.staff_standing = standing  # type: ignore[attr-defined]  # read by `presence.keeps_lease`
    if standing is not Standing.SIGNED_OUT and path != PRESENCE:
        cast(SessionStore, request.session).put_off()
    if standing is Standing.COMPLETE and not path.startswith(CONSOLE) and access.may_answer(request.user):
        # Other pages renew it here; the console's own views renew the lease themselves.
        presence.renew_lease(user_id=cast(User, request.user).pk)
    if area is None:
        return _refuse_account_page(request, standing)
    if standing is Standing.SIGNED_OUT:
        if path == PRESENCE and staff_presence.asks_for_a_frame(request):
            return staff_presence.signed_out_frame(request)
        _say_it_ended(request)
        return _with_return("account_login", request)
    if not _may_enter(cast(User, request.user), area, path):
        raise PermissionDenied
    if standing is Standing.COMPLETE:
        return _ask_again(request)
    return _with_return(_next_step(standing, request), request)


def _may_enter(user: User, area: str, path: str) -> bool:
    if user.role in AREAS[area]:
        return True
    try:
        return user.role in BESIDES and resolve(path).view_name in BESIDES[Role(user.role)]
    except Resolver404:
        return False


def _ask_again(request: HttpRequest) -> HttpResponseBase | None:
    """Ask for a recent proof of identity before an act that cannot be undone; None when none is needed."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    method = "GET" if request.method == "HEAD" else request.method
    methods = SENSITIVE.get(match.view_name, set())
    if method not in methods:
        return None
    submits_seconds = (
        reauthentication.LONG_SUBMITS_SECONDS if match.view_name in LONG_FORMS else reauthentication.SUBMITS_SECONDS
    )
    fields = KEPT.get(match.view_name, ()) if method == "POST" else ()
    back = "" if "GET" in methods else _page_of(match)
    answer = reauthentication.ask_again(request, submits_seconds=submits_seconds, back=back, is_kept=bool(fields))
    if not fields:
        return answer
    this = {"form": match.view_name, "of": str(match.kwargs["public_id"])}
    if answer is None:
        kept_forms.forget_form(request, **this)
        return None
    if (forged := _forged(request, match)) is not None:
        return forged
    kept_forms.keep_form(request, **this, fields=fields)
    return answer


def _forged(request: HttpRequest, match: ResolverMatch) -> HttpResponseBase | None:
    """Return the refusal of a form that does not come from a page of ours; None for a good one.

    Django only checks this right before the view, and until then what the form says would be kept among our own
    (`KEPT`).
    """
    return CsrfViewMiddleware(lambda _request: HttpResponse()).process_view(request, match.func, (), {})


def _page_of(match: ResolverMatch) -> str:
    """Return the page that has the button of an act, because nobody can come back to the address of the act itself."""
    if match.namespace == "openings":
        return reverse("openings:detail", kwargs=match.kwargs)
    if match.namespace == "admin":
        return reverse("admin:accounts_pendingchange_change", args=[match.kwargs["number"]])
    return reverse("console:endings")


def _say_it_ended(request: HttpRequest) -> None:
    """Tell the sign-in page why it is shown, when this browser sent the cookie of a session that no longer exists.

    Whoever never had a session, or signed out, sends none. A made-up cookie gets the same message, so that nothing is
    said about what it opened, if it ever did. Nothing of what was sent is kept, because there is no session left to
    keep it in (docs/adr/0034).
    """
    if not request.COOKIES.get(settings.SESSION_COOKIE_NAME) or not request.session.is_empty():
        return
    ended = _(
        "Votre session a pris fin. C'est ainsi après %(minutes)s minutes sans rien faire, après %(hours)s heures, ou "
        "quand elle est fermée d'ailleurs. Connectez-vous de nouveau."
    ) % {"minutes": settings.STAFF_IDLE_MINUTES, "hours": settings.STAFF_SESSION_HOURS}
    if request.method == "POST" and request.content_type != "application/json":
        ended += " " + _("Ce que vous veniez d'envoyer n'est pas enregistré.")
    messages.warning(request, ended)


def _refuse_account_page(request: HttpRequest, standing: Standing) -> HttpResponse | None:
    if standing is Standing.COMPLETE:
        return None
    try:
        name = resolve(request.path_info).url_name
    except Resolver404:
        return None
    if standing is Standing.SIGNED_OUT:
        if name not in WAY_IN:
            _say_it_ended(request)
        return None
    return None if name in OPEN_BEFORE[standing] else redirect(_next_step(standing, request))


@sync_and_async_middleware
def require_second_factor(
    get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Guard the areas. A visitor's pages cost nothing here, not even a thread."""
    guarded = (*AREAS, ACCOUNT_AREA)

    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            if request.path_info.startswith(guarded):
                response = await sync_to_async(refuse)(request)
                if response is not None:
                    return response
            return await get_response(request)

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return refuse(request) or get_response(request)  # type: ignore[return-value]

    return middleware
