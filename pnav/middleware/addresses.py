"""This module reads the address under which a page is requested, and redirects to the one that fits the visit
(docs/adr/0068).

`read_address` is one of the outermost middlewares. After it, `request.path_info` is the ordinary path of the page, and
links in the page lead to addresses of the same table. `own_address` comes when the visit and its language are known,
and redirects a request for another address.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import get_language_from_request

import reports.session
import triage.session
from chat.database import DATABASE_AWAY
from common.database_errors import describe_error
from common.texts import languages
from pnav import addresses
from pnav.addresses import DISCREET, ORDINARY, Table
from pnav.pages import completeness, display, sitemap

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def _with_slash(request: HttpRequest, table: Table) -> HttpResponseBase | None:
    """Redirect to the address with a slash at its end, if it is missing and the table is not the ordinary one.

    For ordinary paths Django does so.
    """
    if table.is_ordinary or request.method not in {"GET", "HEAD"} or request.path.endswith("/"):
        return None
    if addresses.address_in_table(f"{request.path}/", table) is None:
        return None
    return HttpResponsePermanentRedirect(f"{request.path}/{_query(request)}")


def _query(request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return f"?{query}" if query else ""


@sync_and_async_middleware
def read_address(get_response: Handler) -> Callable[[HttpRequest], Any]:
    """Give a request the ordinary path of its page, and set the table for `reverse` and `{% url %}`."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponseBase:
            table = addresses.enter(request)
            with addresses.drawn_in(table):
                return _with_slash(request, table) or await get_response(request)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        table = addresses.enter(request)
        with addresses.drawn_in(table):
            return _with_slash(request, table) or get_response(request)  # type: ignore[return-value]

    return in_thread


def is_discreet_visit(request: HttpRequest) -> bool:
    """Return whether this visit is in discreet mode; False also while the database is away, and where no session was
    read."""
    if not hasattr(request, "session"):
        return False
    try:
        return triage.session.is_discreet(request) or reports.session.is_discreet(request)
    except DATABASE_AWAY as error:
        # The page needs the same database, and handles that it is away.
        logger.warning("addresses: the database does not answer (%s)", describe_error(error))
        return False


def _to(request: HttpRequest, table: Table) -> HttpResponseBase | None:
    """Redirect to this page in that table; None if it has no address there.

    To a discreet address with an empty fragment: a browser keeps the one that was asked for, such as that of a section
    of the law, if the redirect has none.
    """
    address = table.address(request.path_info)
    if address is None:
        return None
    return HttpResponseRedirect(f"{address}{_query(request)}{'#' if table.is_discreet else ''}")


def _first_visit(request: HttpRequest) -> HttpResponseBase | None:
    """Redirect a first visit to the home page in the language that its browser prefers; None for any other request.

    It is a first visit when there is no session cookie and the request does not come from our own pages.
    """
    if request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return None
    if not request.headers.get("Accept-Language"):
        return None
    language = get_language_from_request(request)
    if language == languages.source() or language not in completeness.offered_languages():
        return None
    return _to(request, addresses.in_language(language))


def _elsewhere(request: HttpRequest, table: Table) -> HttpResponseBase | None:
    """Return the redirect to the address that this page has for this visit; None when it is the requested one."""
    if request.method not in {"GET", "HEAD"}:
        return None
    if choice := addresses.chosen(request.path):
        language, address = choice
        response = HttpResponseRedirect(f"{address}{_query(request)}")
        display.remember_language(response, language)
        return response
    if table.is_discreet:
        return None
    if settings.SESSION_COOKIE_NAME in request.COOKIES and is_discreet_visit(request):
        return _remembering(_to(request, DISCREET), table)
    if not table.is_ordinary:
        return None
    chosen = display.chosen_language(request)
    if chosen and chosen != languages.source():
        return _to(request, addresses.in_language(chosen))
    return _first_visit(request) if addresses.is_home(request.path_info) and not chosen else None


def _remembering[Answer: HttpResponseBase | None](response: Answer, table: Table) -> Answer:
    """Add a cookie with the language of this table, because addresses of discreet mode do not contain it."""
    if response is not None and table.language:
        display.remember_language(response, table.language)
    return response


def _leading_on(request: HttpRequest, table: Table, response: HttpResponseBase) -> HttpResponseBase:
    """Change a redirect to one of our pages into one to its discreet address, once the visit is in discreet mode.

    Otherwise the ordinary address, on the way, would be in the history of the browser. Where the person has just said
    that nobody sees the screen, it leads to the ordinary address instead, unless their report is in discreet mode.
    """
    where = response.headers.get("Location", "")
    if not where.startswith("/") or (table.is_discreet and triage.session.has_discreet_address(request)):
        return response
    if is_discreet_visit(request) is table.is_discreet:
        return response
    language = display.chosen_language(request) or languages.source()
    there = addresses.address_in_table(where, addresses.in_language(language) if table.is_discreet else DISCREET)
    if there is None:
        return response
    response.headers["Location"] = there
    return _remembering(response, table)


def _is_kept_out(request: HttpRequest, table: Table) -> bool:
    """Return whether search engines are told not to list this page.

    That is so for a page of a visit, in discreet mode, and in a language that is not offered. The last is read only by
    its translators, and by people who chose the language when its translation was complete.
    """
    match = request.resolver_match
    if table.is_discreet or (table.language and table.language not in completeness.offered_languages()):
        return True
    return match is not None and match.namespace in addresses.VISITORS and not sitemap.is_listed(match.view_name)


@sync_and_async_middleware
def own_address(get_response: Handler) -> Callable[[HttpRequest], Any]:
    """Redirect a request to the address that the page has for this visit.

    A visit in discreet mode is redirected to discreet addresses. Another visit that chose a language in the display
    settings is redirected to addresses in this language. `/fr/…` and `/n/en/…` choose a language (`addresses.chosen`).
    This reads the session, which the page needs too.
    """
    if iscoroutinefunction(get_response):
        return get_response  # these are the probes, which are no pages

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        table = addresses.current()
        response = _elsewhere(request, table)
        if response is None:
            response = _leading_on(request, table, get_response(request))  # type: ignore[arg-type]
        if _is_kept_out(request, table):
            response.headers["X-Robots-Tag"] = "noindex"
        if table is ORDINARY and addresses.is_home(request.path_info):
            patch_vary_headers(response, ["Accept-Language"])
        return response

    return in_thread
