"""The error pages. They hold no database connection.

Where the stack is asynchronous (that of the probes; whatever server but ours) Django draws these answers in a thread
of its own, which `request_finished` does not reach: a connection taken there, by the session or the frame of the page,
would never go back to the pool, and a dozen missing pages would empty it.

Somebody who is signed in and is not let in leaves a line in the log: an agent who tries the addresses of others'
conversations, an account that tries the admin. In the rooms of staff these pages have the frame of staff.
"""

import logging
import sys
from collections.abc import Callable
from functools import wraps

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

from chat.database import NO_ANSWER
from chat.messages import protocol
from chat.realtime import http_fallback
from chat.visitor.base import json_answer, wants_json
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

logger = logging.getLogger(__name__)

AWAY_SECONDS = 8  # after which a page is asked for again: about what PostgreSQL takes to start
FRAMES = {"chat:frames", "console:frames"}  # which are answered by a frame, whatever happens

# How Django's sentences begin that tell why it refused a form.
REASONS = {"Origin": "origin", "Referer": "referer", csrf.REASON_NO_CSRF_COOKIE: "no_cookie"}
# How a database that answers ends a statement of ours.
OF_A_STATEMENT = (DeadlockDetected, LockNotAvailable, QueryCanceled)


def _giving_back(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        finally:
            # Inside a test or a view's own thread a transaction may be open: that connection is somebody else's.
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close()

    return draw


def _noting(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """One line for each refusal in a room behind the sign-in: the account's key and the pattern of the address, without
    its values. What is somebody else's and what does not exist look the same there, as they do on the page.
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
    """The pattern of an address of ours, "" for any other."""
    try:
        return resolve(path).route
    except Resolver404:
        return ""


def _known_user(request: HttpRequest) -> User | None:
    """The account of this request, as far as it was read already: the guard of the rooms did. What goes wrong asks the
    database for nobody's identity: it may be the database."""
    known = getattr(request, "_cached_user", None)  # where Django's middleware keeps it
    return known if isinstance(known, User) else None


def _in_place(view: Callable[..., HttpResponse], name: str) -> Callable[..., HttpResponse]:
    """Draw the error page of this name in the frame of the staff on their pages; elsewhere what `view` draws."""

    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.path_info.startswith(STAFF_AREAS):
            return view(request, *args, **kwargs)
        who = _known_user(request)
        context = {
            "who": who,
            "rooms": workspaces_of(who) if who is not None else [],
            "keeps_lease": is_known_to_keep_lease(request, who),
            "announcements": (),  # which are in the database
        }
        return render(request, f"staff/{name}.html", context, status=int(name[:3]))

    return draw


def _in_table(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Draw the page with discreet addresses for a visit in discreet mode, whatever it was asked for: what is no page of
    ours was not led to a discreet address before."""

    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not is_discreet_visit(request):
            return view(request, *args, **kwargs)
        with addresses.drawn_in(addresses.DISCREET):
            return view(request, *args, **kwargs)

    return draw


def _why(reason: str) -> str:
    """A word of ours for Django's sentence, which may hold what was sent."""
    return next((word for text, word in REASONS.items() if reason.startswith(text)), "token")


@_giving_back
def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without our token, or from elsewhere. Named by `settings.CSRF_FAILURE_VIEW`."""
    security_log.log(Event.FORM_REFUSED, why=_why(reason))
    return draw_refused(request, reason)


@_giving_back
def too_many(request: HttpRequest) -> HttpResponse:
    """The limit of sign-ins of one network, which allauth counts by itself.

    Whoever looked for help and went astray may be the one who meets it: it is said in the language that they chose.
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
    """What was sent is too large or cannot be read. Drawn without the request, whose stack may not have run: as for a
    failure, it has no session and no user."""
    return HttpResponseBadRequest(render_to_string("bad_request.html"))


permission_denied = _giving_back(_noting(_in_place(_in_table(defaults.permission_denied), "403")))
page_not_found = _giving_back(_noting(_in_place(_in_table(defaults.page_not_found), "404")))


@_giving_back
def server_error(request: HttpRequest) -> HttpResponse:
    """What went wrong: an error of ours, 500; or a database that does not answer, which has an end, 503."""
    error = sys.exception()
    return draw_away(request, error) if _is_away(error) else defaults.server_error(request)


def _is_away(error: BaseException | None) -> bool:
    """Whether PostgreSQL did not answer, or takes no writing, whatever it was asked.

    A statement that it ended, in a deadlock or after too long, is a failure of ours: whoever looks at those sees it.
    """
    if isinstance(error, InternalError):
        failure = failure_of(error)
        return failure is not None and failure.category == READ_ONLY
    return isinstance(error, NO_ANSWER) and not isinstance(error.__cause__, OF_A_STATEMENT)


def draw_away(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """« Revenez »: to a script in a word of its own, to anybody else the page of a failure, which says to come back.

    A frame that could not be taken is named, so that its page keeps it and sends it again.
    """
    match = request.resolver_match
    name = match.view_name if match is not None else ""
    logger.warning("page %s: the database does not answer (%s)", name or "none", describe_error(error or Exception()))
    if name in FRAMES:
        return http_fallback.unavailable_over_http(_client_id(request))
    if wants_json(request):
        response: HttpResponse = json_answer({"error": "unavailable"}, 503)
    else:
        response = HttpResponse(render_to_string("500.html"), status=503)
    response.headers["Retry-After"] = str(AWAY_SECONDS)
    return response


def _client_id(request: HttpRequest) -> str | None:
    """Of the message that this frame holds; None where it holds none, or cannot be read any more."""
    try:
        client_id: str | None = getattr(protocol.parse(request.body), "client_id", None)
    except protocol.ProtocolError as refused:
        return refused.client_id
    except (RawPostDataException, OSError):
        return None
    return client_id
