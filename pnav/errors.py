"""This module draws the error pages, and returns every database connection that they took.

In an asynchronous stack (that of the probes, or any under another server) Django renders these answers in a separate
thread, which `request_finished` does not reach. A connection that the session or the frame of the page took there would
never be returned to the pool, and a dozen missing pages would empty it.

When an account is refused a page of the staff, that is logged: it may be an agent who tries the addresses of other
people's conversations. On pages of the staff the error pages have the staff's frame.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import SuspiciousOperation
from django.db import InternalError, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, RawPostDataException
from django.middleware import csrf
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils import translation
from django.views import defaults
from django.views.csrf import csrf_failure
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from chat.access import SESSION_KEY as FOLLOW_UP_KEY
from chat.database import NO_ANSWER
from chat.messages import protocol
from chat.realtime import http_fallback
from chat.visitor.base import draw_database_away, json_answer, wants_json
from common import security_log
from common.database_errors import READ_ONLY, describe_error, failure_of
from common.security_log import Event
from pnav import addresses
from pnav.accounts.middleware import STAFF_AREAS
from pnav.accounts.models import User
from pnav.accounts.presence import is_known_to_keep_lease
from pnav.accounts.workspaces import workspaces_of
from pnav.middleware.addresses import is_discreet_visit
from pnav.pages.frame.language import chosen
from pnav.server.body_limits import is_capture_form
from reports.session import KEY as REPORT_KEY

logger = logging.getLogger(__name__)

AWAY_SECONDS = 8  # the Retry-After of a page, about what PostgreSQL takes to start
FRAMES = {"chat:frames", "console:frames"}  # these are always answered with a frame of the protocol

# By the beginning of Django's sentence about why it refused a form, a word for the log.
REASONS = {"Origin": "origin", "Referer": "referer", csrf.REASON_NO_CSRF_COOKIE: "no_cookie"}
# The words for a token that is missing, or of a visit that this browser does not have any more.
OF_AN_OLD_PAGE = {"no_cookie", "token"}
# The errors with which a working database ends one statement.
OF_A_STATEMENT = (DeadlockDetected, LockNotAvailable, QueryCanceled)


def _giving_back(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        finally:
            # A connection in an open transaction belongs to the caller, as in a test or in the view's own thread.
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close()

    return draw


def _noting(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Log each refusal of a page of the staff: the account's key and the pattern of the address, without its values.

    A page that belongs to somebody else and one that does not exist look the same there, as they do on the screen.
    """

    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        user = _known_user(request)
        if user is not None and request.path_info.startswith(STAFF_AREAS) and (route := _route(request.path_info)):
            security_log.log(Event.PAGE_REFUSED, account=user.pk, status=response.status_code, route=route)
        return response

    return draw


def _route(path: str) -> str:
    """Return the pattern of an address of this site; "" for any other."""
    try:
        return resolve(path).route
    except Resolver404:
        return ""


def _known_user(request: HttpRequest) -> User | None:
    """Return the account of this request if it was already read, as it is on pages of the staff; otherwise None.

    An error page does not query the database for it, because the database may be what failed.
    """
    known = getattr(request, "_cached_user", None)  # Django's middleware keeps the account there
    return known if isinstance(known, User) else None


def _in_place(view: Callable[..., HttpResponse], name: str) -> Callable[..., HttpResponse]:
    """Draw the error page of this name in the frame of the staff on their pages; elsewhere what `view` draws."""

    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.path_info.startswith(STAFF_AREAS):
            return view(request, *args, **kwargs)
        return _draw_for_staff(request, name, status=int(name[:3]), who=_known_user(request))

    return draw


def _draw_for_staff(request: HttpRequest, name: str, *, status: int, who: User | None) -> HttpResponse:
    context = {
        "who": who,
        "rooms": workspaces_of(who) if who is not None else [],
        "keeps_lease": is_known_to_keep_lease(request, who),
        "announcements": (),  # these would be read from the database
    }
    return render(request, f"staff/{name}.html", context, status=status)


def _in_table(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Draw the page with discreet addresses for a visit in discreet mode, whatever address was requested.

    A path that is no page of ours was not redirected to a discreet address before.
    """

    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not is_discreet_visit(request):
            return view(request, *args, **kwargs)
        with addresses.drawn_in(addresses.DISCREET):
            return view(request, *args, **kwargs)

    return draw


def _why(reason: str) -> str:
    """Return a word for the log in place of Django's sentence, which may contain what was sent."""
    return next((word for text, word in REASONS.items() if reason.startswith(text)), "token")


def _has_visit(request: HttpRequest) -> bool:
    """Return whether this session has an exchange, or the « Suites » of one. No query: the session was read before."""
    return REPORT_KEY in request.session or FOLLOW_UP_KEY in request.session


@_giving_back
def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without its CSRF token or from another site. `settings.CSRF_FAILURE_VIEW` names this.

    A script of a visitor's page whose visit is over is told so (401), as by the view that it asked. The quick exit in
    another tab deletes the cookie of the token too, so that view is not reached. Only scripts send it in a header.
    """
    why = _why(reason)
    request.refused_because = why  # type: ignore[attr-defined]
    security_log.log(Event.FORM_REFUSED, why=why)
    is_script = "X-CSRFToken" in request.headers and not request.path_info.startswith(STAFF_AREAS)
    if is_script and why in OF_AN_OLD_PAGE and not _has_visit(request):
        return json_answer({"error": "no_session"}, 401)
    return draw_refused(request, reason)


@_giving_back
def too_many(request: HttpRequest) -> HttpResponse:
    """Answer 429 when too many sign-ins were tried from one network (`pnav.accounts.attempts`), or by allauth's limits.

    A person who looked for help may have come to the sign-in by mistake, so the page is in the language they chose.
    """
    security_log.log(Event.LIMIT_REACHED, limit="sign_in")
    language = chosen(request)
    with translation.override(language):
        response = render(request, "429.html", status=429)
    response.headers["Content-Language"] = language
    return response


draw_refused = _in_place(_in_table(csrf_failure), "403_csrf")


@_giving_back
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 to a request that is too large or cannot be read, or whose session ended while it was answered.

    The page is rendered without the request, which may have no session and no user, because the middleware may not have
    run. It has when a session ended, so staff are told that in their frame.
    """
    if isinstance(exception, SessionInterrupted):
        if request.path_info.startswith(STAFF_AREAS):
            return _draw_for_staff(request, "session_over", status=400, who=None)
        return HttpResponseBadRequest(render_to_string("visit_over.html"))
    return HttpResponseBadRequest(render_to_string("bad_request.html", {"is_file": is_capture_form(request.path)}))


permission_denied = _giving_back(_noting(_in_place(_in_table(defaults.permission_denied), "403")))
page_not_found = _giving_back(_noting(_in_place(_in_table(defaults.page_not_found), "404")))


@_giving_back
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 to an error of the code, and 503 while the database does not answer."""
    error = sys.exception()
    return draw_away(request, error) if _is_away(error) else defaults.server_error(request)


def _is_away(error: BaseException | None) -> bool:
    """Return whether PostgreSQL did not answer, or accepts no writes, whatever the statement was.

    A statement that it cancelled, in a deadlock or after its time limit, is an error of ours and stays visible as one.
    """
    if isinstance(error, InternalError):
        failure = failure_of(error)
        return failure is not None and failure.category == READ_ONLY
    return isinstance(error, NO_ANSWER) and not isinstance(error.__cause__, OF_A_STATEMENT)


def draw_away(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """Answer 503 with a request to come back: to a script as JSON, to anybody else as the page of a failure.

    For a frame that could not be handled, the answer contains its id, so that its page keeps it and sends it again. A
    form of a visitor is given back with all that was typed: no page that comes back from a browser's history has it.
    """
    match = request.resolver_match
    name = match.view_name if match is not None else ""
    logger.warning("page %s: the database does not answer (%s)", name or "none", describe_error(error or Exception()))
    if name in FRAMES:
        return http_fallback.unavailable_over_http(_client_id(request))
    if wants_json(request):
        response: HttpResponse = json_answer({"error": "unavailable"}, 503)
    elif _may_be_given_back(request):
        response = draw_database_away(request, is_refused=bool(_refused_because(request)))
    else:
        response = HttpResponse(render_to_string("500.html"), status=503)
    response.headers["Retry-After"] = str(AWAY_SECONDS)
    return response


def _refused_because(request: HttpRequest) -> str:
    """Return the word for why this form was refused by its token (`form_refused`); "" if it was not."""
    why: str = getattr(request, "refused_because", "")
    return why


def _may_be_given_back(request: HttpRequest) -> bool:
    """Return whether this is a form of a visitor that a page of ours sent, and which can still be read.

    One whose token was refused is too, where the page was of an earlier visit of this browser: Django looks at the
    origin of a form before. Nothing that another site sent is given back.
    """
    if _refused_because(request) not in {"", *OF_AN_OLD_PAGE}:
        return False
    match = request.resolver_match
    if request.method != "POST" or match is None or match.namespace not in addresses.VISITORS:
        return False
    try:
        return "CSRF_COOKIE" in request.META and bool(request.POST)
    except (SuspiciousOperation, OSError):
        return False


def _client_id(request: HttpRequest) -> str | None:
    """Return the client id of the message in this frame; None if it has none, or cannot be read any more."""
    try:
        client_id: str | None = getattr(protocol.parse(request.body), "client_id", None)
    except protocol.ProtocolError as refused:
        return refused.client_id
    except (RawPostDataException, OSError):
        return None
    return client_id
