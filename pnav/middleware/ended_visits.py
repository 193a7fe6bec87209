"""Ends a visit that was continued elsewhere with its resume code, and tells each page whether an exchange is open.

The first is docs/adr/0010. Every page can read `request.open_exchange`, and `request.waits_for_turn` for an exchange
that is in the queue (docs/adr/0066).
"""

import logging
from collections.abc import Awaitable, Callable
from functools import cache

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

import reports.session
from chat import access
from chat.database import DATABASE_AWAY
from common.database_errors import describe_error
from pnav import addresses
from pnav.pages import quick_exit

logger = logging.getLogger(__name__)


@cache
def _of_the_exchange() -> frozenset[str]:
    """Return the paths whose view first reads the conversation (`chat.visitor.conversation.present_reporter`)."""
    names = ("chat:conversation", "chat:news", "chat:frames", "chat:message")
    return frozenset(addresses.ORDINARY.reverse(name) for name in names)


def _forget(request: HttpRequest) -> None:
    try:
        if request.path_info in _of_the_exchange():
            visit, request.exchange_read = access.read_exchange(request.session)  # type: ignore[attr-defined]
        else:
            visit = access.read_visit(request.session)
        request.open_exchange = visit.has_open_exchange  # type: ignore[attr-defined]
        request.waits_for_turn = visit.waits  # type: ignore[attr-defined]
        if visit.is_left_behind:
            reports.session.end(request)
        elif visit.report is not None:
            reports.session.keep_read(request, visit.report)
    except DATABASE_AWAY as error:
        # The page needs the same database, and handles that it is away.
        logger.warning("visit left behind: the database does not answer (%s)", describe_error(error))


@sync_and_async_middleware
def forget_left_behind(
    get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Forget a visit that was continued elsewhere, before any page shows its answers or its town.

    This costs one query if the visit has filed a report. Where the view first reads the conversation, that query reads
    it for the view too (`request.exchange_read`), which saves one query.
    """

    def has_visit(request: HttpRequest) -> bool:
        if request.path_info == quick_exit.PATH and request.method == "POST":
            return False  # the quick exit forgets the visit itself, and must not wait for a query
        return settings.SESSION_COOKIE_NAME in request.COOKIES

    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponseBase:
            if has_visit(request):
                await sync_to_async(_forget)(request)
            return await get_response(request)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        if has_visit(request):
            _forget(request)
        return get_response(request)  # type: ignore[return-value]

    return in_thread
