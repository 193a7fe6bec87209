"""Which address a page is asked for under, and the one that it belongs under (docs/adr/0068).

`read_address` is one of the outermost: from there on `request.path_info` is the ordinary path of the page, and what is
drawn leads to addresses of the same table. `own_address` comes when the visit and its language are known: it sends a
page that is asked for under another address to its own.
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
    """Django adds a slash that is missing at the end of an ordinary path; this does for the other tables."""
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
    """Give a request the ordinary path of its page, and the table from which its addresses are drawn."""
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
    """Whether this visit asked for discretion, as far as that can be known: not while the database is away, nor where
    no visit was read."""
    if not hasattr(request, "session"):
        return False
    try:
        return triage.session.is_discreet(request) or reports.session.is_discreet(request)
    except DATABASE_AWAY as error:
        # The page asks the same database, and has its own answer to that.
        logger.warning("addresses: the database does not answer (%s)", describe_error(error))
        return False


def _to(request: HttpRequest, table: Table) -> HttpResponseBase | None:
    address = table.address(request.path_info)
    return None if address is None else HttpResponseRedirect(f"{address}{_query(request)}")


def _first_visit(request: HttpRequest) -> HttpResponseBase | None:
    """The home page in a language that the browser asks for, to who was never here and did not come from our pages."""
    if request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return None
    if not request.headers.get("Accept-Language"):
        return None
    language = get_language_from_request(request)
    if language == languages.source() or language not in completeness.offered_languages():
        return None
    return _to(request, addresses.in_language(language))


def _elsewhere(request: HttpRequest, table: Table) -> HttpResponseBase | None:
    """The answer that leads to the address of this page, or None: it is there already."""
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
    """With the language of this table in the cookie: addresses of discreet mode do not say it."""
    if response is not None and table.language:
        display.remember_language(response, table.language)
    return response


def _leading_on(request: HttpRequest, table: Table, response: HttpResponseBase) -> HttpResponseBase:
    """An answer that leads to a page of ours leads to its discreet address as soon as the visit is discreet: an
    ordinary one would stand in the history of the browser, if only as a way through."""
    where = response.headers.get("Location", "")
    if table.is_discreet or not where.startswith("/") or not is_discreet_visit(request):
        return response
    there = addresses.address_in_table(where, DISCREET)
    if there is None:
        return response
    response.headers["Location"] = there
    return _remembering(response, table)


def _is_kept_out(request: HttpRequest, table: Table) -> bool:
    """Whether search engines do not show this page: a visit's own, one in discreet mode, or one in a language that is
    offered to nobody. The last is read by who translates it, and by who chose it while it was whole."""
    match = request.resolver_match
    if table.is_discreet or (table.language and table.language not in completeness.offered_languages()):
        return True
    return match is not None and match.namespace in addresses.VISITORS and not sitemap.is_listed(match.view_name)


@sync_and_async_middleware
def own_address(get_response: Handler) -> Callable[[HttpRequest], Any]:
    """Send a page to the address that it has for this visit. Costs a look at the visit, which the page asks for too.

    A visit in discreet mode: to its discreet address, whatever it was asked for. Another one that chose a language in
    the display settings: to the address in it. `/fr/…` and `/n/en/…` choose one (`addresses.chosen`).
    """
    if iscoroutinefunction(get_response):
        return get_response  # the probes: no pages

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
